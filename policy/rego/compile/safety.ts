// Safety: every variable is bound by the time it is read, expressions reordered where that helps.
import {
  compareLocations, type Expr, formatRef, groundPrefix, isEquality, isGenerated, isRef, isVar, type Location, type Module, operandsOf, type Rule,
  type Term,
} from '../ast.ts';
import type { PolicyError } from '../errors.ts';
import { FUTURE_V0, FUTURE_V1 } from '../parser-state.ts';
import {
  bodiesOf, branches, type Closure, closuresIn, difference, headTerms, isComprehension, type Names, SAFETY, type VarParams, varsOf, walk,
} from './visit.ts';

/** How many operands the function of that name takes, or -1 where there is none. */
export type Arity = (operator: Term) => number;

export const RESERVED: ReadonlySet<string> = new Set(['data', 'input']);

const OUTPUT: VarParams = { skipClosures: true, skipSets: true, skipObjectKeys: true, skipRefHead: true };
const KEYS: VarParams = { skipRefHead: true };
const PATTERN: VarParams = { skipRefHead: true, skipObjectKeys: true, skipClosures: true };

function refIsSafe(terms: readonly Term[], safe: Names): boolean {
  const head = terms[0] as Term;
  return isVar(head) ? safe.has(head.v.name) : difference(varsOf(head, SAFETY), safe).size === 0;
}

/** What `a = b` binds, given what is safe. */
class Unifier {
  readonly unified = new Set<string>();
  readonly #safe: Names;
  readonly #unknown = new Map<string, Set<string>>();

  constructor(safe: Names) {
    this.#safe = safe;
  }

  #isSafe(name: string): boolean {
    return this.#safe.has(name) || this.unified.has(name);
  }

  unify(a: Term, b: Term): void {
    const [x, y] = [a.v, b.v];
    if (x.t === 'var') this.#variable(x.name, b);
    else if (y.t === 'var') this.#variable(y.name, a);
    else if (x.t === 'array' && y.t === 'array') {
      if (x.terms.length === y.terms.length) x.terms.forEach((term, i) => this.unify(term, y.terms[i] as Term));
    } else if (x.t === 'object' && y.t === 'object') {
      if (x.pairs.length !== y.pairs.length) return;
      for (const [key, value] of x.pairs) {
        const other = y.pairs.find(([k]) => k.v.t === 'scalar' && key.v.t === 'scalar' && k.v.value === key.v.value);
        if (other !== undefined) this.unify(value, other[1]);
      }
    } else if (x.t === 'array' || x.t === 'object') this.#source(b, a);
    else if (y.t === 'array' || y.t === 'object') this.#source(a, b);
  }

  /** A ref, call or comprehension against a pattern. */
  #source(source: Term, pattern: Term): void {
    const v = source.v;
    if (v.t === 'ref' && refIsSafe(v.terms, this.#safe)) this.#markAll(pattern);
    else if (v.t === 'call' && difference(varsOf(source, SAFETY), this.#safe).size === 0) this.#markAll(pattern);
    else if (isComprehension(source)) this.#markAll(pattern);
  }

  #variable(name: string, other: Term): void {
    const v = other.v;
    if (v.t === 'var') {
      if (this.#isSafe(v.name)) this.#mark(name);
      else if (this.#isSafe(name)) this.#mark(v.name);
      else {
        this.#wait(name, v.name);
        this.#wait(v.name, name);
      }
    } else if (v.t === 'array' || v.t === 'object') this.#composite(name, other);
    else if (v.t === 'ref') {
      if (refIsSafe(v.terms, this.#safe)) this.#mark(name);
    } else if (v.t === 'call') {
      if (difference(varsOf(other, SAFETY), this.#safe).size === 0) this.#mark(name);
    } else this.#mark(name);
  }

  #composite(name: string, pattern: Term): void {
    if (this.#isSafe(name)) return this.#markAll(pattern);
    const missing = [...varsOf(pattern, PATTERN)].filter((inner) => !this.#isSafe(inner));
    if (missing.length === 0) this.#mark(name);
    for (const inner of missing) this.#wait(name, inner);
  }

  #markAll(pattern: Term): void {
    for (const name of varsOf(pattern, PATTERN)) this.#mark(name);
  }

  #wait(name: string, on: string): void {
    const waiting = this.#unknown.get(name);
    if (waiting === undefined) this.#unknown.set(name, new Set([on]));
    else waiting.add(on);
  }

  #mark(name: string): void {
    this.unified.add(name);
    const waiting = this.#unknown.get(name) ?? [];
    this.#unknown.delete(name);
    for (const other of waiting) this.#mark(other);
    for (const [other, on] of Array.from(this.#unknown)) {
      if (!on.delete(name) || on.size > 0) continue;
      this.#unknown.delete(other);
      this.#mark(other);
    }
  }
}

/** Variables in the keys of refs whose head is safe. */
function refOutputs(node: Expr | Term, safe: Names, into = new Set<string>()): Set<string> {
  walk(node, {
    term: (term) => {
      if (isComprehension(term) || term.v.t === 'template') return true;
      if (term.v.t !== 'ref') return false;
      if (!refIsSafe(term.v.terms, safe)) return true;
      varsOf(term, KEYS, into);
      return false;
    },
  });
  return into;
}

export function equalityOutputs(expr: Expr, safe: ReadonlySet<string>): Set<string> {
  const [lhs, rhs, more] = operandsOf(expr);
  if (lhs === undefined || rhs === undefined || more !== undefined) return new Set(safe);
  const inKeys = refOutputs(expr, safe);
  const assigned = expr.fromAssignment ? varsOf(lhs) : null;
  const unifier = new Unifier({ has: (name) => (safe.has(name) || inKeys.has(name)) && assigned?.has(name) !== true });
  unifier.unify(lhs, rhs);
  const outputs = new Set<string>();
  for (const name of inKeys) if (assigned?.has(name) !== true && !safe.has(name)) outputs.add(name);
  for (const name of unifier.unified) if (!safe.has(name)) outputs.add(name);
  return outputs;
}

/** What an expression binds, given what is safe before it. */
export function outputsOf(expr: Expr, arity: Arity, safe: ReadonlySet<string>): Set<string> {
  const none = new Set<string>();
  const s = expr.s;
  if (expr.negated || s.k === 'not' || s.k === 'and' || s.k === 'or') return none;
  for (const w of expr.with) if (difference(varsOf(w, SAFETY), safe).size > 0) return none;
  if (s.k === 'term') return s.term.v.t === 'template' ? none : refOutputs(expr, safe);
  if (s.k === 'every') return refOutputs(s.domain, safe);
  if (s.k !== 'call') return none;
  if (isEquality(expr)) return equalityOutputs(expr, safe);
  const n = arity(s.terms[0] as Term);
  if (n < 0) return none;
  const output = refOutputs(expr, safe);
  if (n + 1 >= s.terms.length) return output;
  for (const name of varsOf(s.terms.slice(1, n + 1), OUTPUT)) if (!output.has(name) && !safe.has(name)) return none;
  return varsOf(s.terms.slice(n + 1), OUTPUT, output);
}

export function outputsOfBody(body: readonly Expr[], arity: Arity, safe: ReadonlySet<string>): Set<string> {
  const known = new Set(safe);
  for (const expr of body) for (const name of outputsOf(expr, arity, known)) known.add(name);
  return difference(known, safe);
}

const paramsOf = new WeakMap<Arity, VarParams>();

/** Parameters that see what implicit operand bodies of `not`, `and`, `or` need from outside. */
export function safetyParams(arity: Arity): VarParams {
  let params = paramsOf.get(arity);
  if (params === undefined) paramsOf.set(arity, (params = { ...SAFETY, implicit: (body) => neededFromOutside(body, arity) }));
  return params;
}

/** Variables of an implicit body that it does not bind and use by itself. */
function neededFromOutside(body: readonly Expr[], arity: Arity): Set<string> {
  const uses = new Map<string, number>();
  for (const expr of body) for (const name of varsOf(expr, SAFETY)) uses.set(name, (uses.get(name) ?? 0) + 1);
  if (body.length === 1) return new Set(uses.keys());
  const safe = new Set([...RESERVED, ...uses.keys()]);
  for (const expr of body) if (isEquality(expr)) for (const side of operandsOf(expr)) if (isVar(side)) safe.delete(side.v.name);
  const bound = new Set<string>();
  for (let changed = true; changed;) {
    changed = false;
    for (const expr of body) {
      if (!isEquality(expr)) continue;
      for (const name of equalityOutputs(expr, safe)) {
        if (bound.has(name)) continue;
        bound.add(name);
        safe.add(name);
        changed = true;
      }
    }
  }
  for (const expr of body) {
    if (expr.s.k !== 'call' || isEquality(expr) || !isRef(expr.s.terms[0])) continue;
    const n = arity(expr.s.terms[0]);
    if (n >= 0 && n + 1 < expr.s.terms.length) varsOf(expr.s.terms.slice(n + 1), OUTPUT, bound);
  }
  return new Set([...uses].filter(([name, n]) => !bound.has(name) || n === 1).map(([name]) => name));
}

export type Unsafe = Map<Expr, Set<string>>;

/** Orders a body so that nothing is read before it is bound. @returns the order, and what stayed unsafe */
export function reorder(arity: Arity, globals: ReadonlySet<string>, body: readonly Expr[]): { body: Expr[]; unsafe: Unsafe } {
  const params = safetyParams(arity);
  const own = body.map((expr) => varsOf(expr, params));
  const bodyVars = new Set<string>();
  const safe = new Set<string>();
  for (const names of own) {
    for (const name of names) {
      bodyVars.add(name);
      if (globals.has(name)) safe.add(name);
    }
  }
  const unsafe: Unsafe = new Map();
  const closures = new Map<Expr, readonly Closure[]>();
  const closureVars = new Map<Expr, Set<string>>();
  for (const [i, expr] of body.entries()) {
    const missing = difference(own[i] as Set<string>, safe);
    if (missing.size > 0) unsafe.set(expr, missing);
    const inside = closuresIn(expr);
    if (inside.length === 0) continue;
    closures.set(expr, inside);
    const inClosures = new Set<string>();
    for (const closure of inside) closureNames(closure, inClosures);
    for (const name of inClosures) if (!bodyVars.has(name) || globals.has(name)) inClosures.delete(name);
    if (inClosures.size > 0) closureVars.set(expr, inClosures);
  }
  const ordered: Expr[] = [];
  const done = new Set<Expr>();
  for (let before = -1; before !== ordered.length;) {
    before = ordered.length;
    for (const expr of body) {
      if (done.has(expr)) continue;
      const outputs = outputsOf(expr, arity, safe);
      const closed = closureVars.get(expr);
      if (closed !== undefined) {
        // An expression that would bind exactly what its own closure reads can never go first.
        if (closed.size === outputs.size && [...closed].every((name) => outputs.has(name))) continue;
        unsafe.set(expr, new Set(closed));
      }
      const left = unsafe.get(expr);
      if (left !== undefined) for (const name of left) if (outputs.has(name) || safe.has(name)) left.delete(name);
      if (left !== undefined && left.size > 0) continue;
      unsafe.delete(expr);
      ordered.push(expr);
      done.add(expr);
      for (const name of outputs) safe.add(name);
    }
  }
  const known = new Set(globals);
  for (const [i, expr] of ordered.entries()) {
    if (i > 0) varsOf(ordered[i - 1] as Expr, params, known);
    reorderClosures(expr, closures.get(expr) ?? [], arity, known, unsafe);
  }
  return { body: ordered, unsafe };
}

function closureNames(closure: Closure, into: Set<string>): void {
  if ('term' in closure) varsOf(closure.term, {}, into);
  else for (const body of bodiesOf(closure)) varsOf(body, {}, into);
}

function reorderClosures(expr: Expr, closures: readonly Closure[], arity: Arity, known: Set<string>, unsafe: Unsafe): void {
  const nested = (heads: readonly Term[], body: Expr[]): Expr[] => {
    const bound = varsOf(body, safetyParams(arity));
    for (const name of varsOf(heads)) if (!bound.has(name) && !known.has(name)) addUnsafe(unsafe, expr, name);
    const result = reorder(arity, known, body);
    if (result.unsafe.size === 0) return result.body;
    for (const [inner, names] of result.unsafe) for (const name of names) addUnsafe(unsafe, inner, name);
    return body;
  };
  for (const closure of closures) {
    if ('term' in closure) {
      const v = closure.term.v;
      if (v.t === 'objectcomp') v.body = nested([v.key, v.head], v.body);
      else if (v.t === 'arraycomp' || v.t === 'setcomp') v.body = nested([v.head], v.body);
      continue;
    }
    const s = closure.expr.s;
    if (s.k === 'every') {
      for (const term of [s.key, s.value]) if (term !== null) varsOf(term, {}, known);
      s.body = nested([], s.body);
    } else if (s.k === 'not') s.body = nested([], s.body);
    else if (s.k === 'and' || s.k === 'or') {
      s.lhs = nested([], s.lhs);
      s.rhs = nested([], s.rhs);
    }
  }
}

function addUnsafe(unsafe: Unsafe, expr: Expr, name: string): void {
  const names = unsafe.get(expr);
  if (names === undefined) unsafe.set(expr, new Set([name]));
  else names.add(name);
}

/** The errors for what stayed unsafe, by the written names. */
export function unsafeErrors(unsafe: Unsafe, rewritten: ReadonlyMap<string, string>, scope: string): PolicyError[] {
  const assigned = new Set<string>();
  for (const expr of unsafe.keys()) {
    if (!expr.fromAssignment) continue;
    for (const name of varsOf(operandsOf(expr)[0] as Term)) assigned.add(name).add(rewritten.get(name) ?? name);
  }
  const places = new Map<string, Location | null>();
  for (const [expr, names] of unsafe) {
    for (const name of names) {
      const place = places.get(name);
      if (place === undefined || compareLocations(place, expr.loc) > 0) places.set(name, expr.loc);
    }
  }
  const written = [...places].map(([name, loc]) => ({ name: rewritten.get(name) ?? name, raw: name, loc }));
  const isTarget = ({ name, raw }: { name: string; raw: string }) => assigned.has(name) || assigned.has(raw);
  const other = written.some((place) => !isGenerated(place.name) && !isTarget(place));
  const errors = written.filter((place) => !isGenerated(place.name) && !(other && isTarget(place))).map(({ name, loc }): PolicyError => {
    const shown = name.startsWith('$') ? '_' : name;
    const future = ([...FUTURE_V0, ...FUTURE_V1] as string[]).includes(name);
    const hint = future ? ` (hint: \`import future.keywords.${name}\` to import a future keyword)` : '';
    return { code: 'rego_unsafe_var_error', message: `var ${shown} is unsafe${scope}${hint}`, location: loc };
  });
  if (errors.length > 0) return errors;
  const seen = new Set<string>();
  for (const [expr, names] of [...unsafe].sort(([a], [b]) => compareLocations(a.loc, b.loc))) {
    const fresh = [...names].filter((name) => isGenerated(name) && !seen.has(name));
    for (const name of fresh) seen.add(name);
    if (fresh.length > 0) errors.push({ code: 'rego_unsafe_var_error', message: `expression is unsafe${scope}`, location: expr.loc });
  }
  return errors;
}

/** " in rule data.p" where a line holds rules of several names, else nothing. */
export function scopeNamer(module: Module): (rule: Rule) => string {
  const name = (rule: Rule) => formatRef(groundPrefix(rule.head.ref));
  const first = new Map<number, string>();
  const shared = new Set<number>();
  for (const rule of module.rules) {
    for (const branch of branches(rule)) {
      const seen = first.get(branch.loc.row);
      if (seen === undefined) first.set(branch.loc.row, name(branch));
      else if (seen !== name(branch)) shared.add(branch.loc.row);
    }
  }
  return (rule) => (shared.has(rule.loc.row) ? ` in rule ${name(rule)}` : '');
}

/** Variables of a rule's head that its body never binds. */
export function checkHeads(module: Module, rewritten: ReadonlyMap<string, string>): PolicyError[] {
  const scope = scopeNamer(module);
  const errors: PolicyError[] = [];
  for (const rule of module.rules) {
    for (const branch of branches(rule)) {
      const places = new Map<string, Location | null>();
      for (const term of headTerms(branch)) walk(term, { term: (t) => void (isVar(t) && !places.has(t.v.name) && places.set(t.v.name, t.loc)) });
      if (places.size === 0) continue;
      const bound = varsOf(branch.body, SAFETY);
      varsOf(branch.head.args, {}, bound);
      for (const [name, location] of places) {
        const written = rewritten.get(name) ?? name;
        if (bound.has(name) || isGenerated(written)) continue;
        const shown = written.startsWith('$') ? '_' : written;
        errors.push({ code: 'rego_unsafe_var_error', message: `var ${shown} is unsafe${scope(branch)}`, location });
      }
    }
  }
  return errors;
}
