// The type checker: operands of functions, sides of equalities, and refs into what rules are known to define.
import {
  type Expr, formatNode, formatRef, groundPrefix, isEquality, isGroundRef, isMultiValue, isRef, isVar, type Location, operandsOf, operatorOf, plainRef,
  type Rule, Term, variable,
} from '../ast.ts';
import { ruleRef } from '../annotations.ts';
import type { PolicyError } from '../errors.ts';
import { constantOf } from '../eval/terms.ts';
import type { Graph } from './graph.ts';
import { sortedRules } from './graph.ts';
import { type RuleNode, rulesFor } from './tree.ts';
import { insertType, TypeEnv, type TypeNode, type TypeRun } from './type-env.ts';
import { ANY, type FunctionType, isAny, isUnknown, keysOf, or, selectKey, type Type, unifies, valuesOf } from './types.ts';
import { bodiesOf, closuresIn, isComprehension, walk } from './visit.ts';

/** An error, and whether a type that is not known caused it. */
type Found = { readonly error: PolicyError; readonly unknown: boolean } | null;
type Fail = (message: string, types: readonly (Type | null)[]) => Found;

interface Checked {
  readonly env: TypeEnv;
  readonly errors: readonly PolicyError[];
}

interface Names {
  readonly rewritten: ReadonlyMap<string, string>;
  readonly subjects: ReadonlyMap<string, Term>;
}

/** Checks every rule, those it reads first. */
export function checkTypes(graph: Graph, root: RuleNode, names: Names): PolicyError[] {
  const checker = new TypeChecker(root, graph, names);
  for (const rule of sortedRules(graph)) checker.rule(rule);
  return checker.errors;
}

export class TypeChecker {
  readonly errors: PolicyError[] = [];
  readonly #env: TypeEnv;
  readonly #root: RuleNode;
  readonly #graph: Graph;
  readonly #names: Names;
  readonly #run: TypeRun;
  /** Bodies checked, and in which state: a comprehension is looked into for errors, then for its type, and so is each within. */
  readonly #checked = new WeakMap<readonly Expr[], { readonly outer: TypeEnv; readonly notes: number; readonly found: Checked }>();

  constructor(root: RuleNode, graph: Graph, names: Names) {
    this.#root = root;
    this.#graph = graph;
    this.#names = names;
    this.#run = {
      notes: 0,
      check: (env, body) => {
        const found = this.body(env, body);
        return { env: found.env, ok: found.errors.length === 0 };
      },
    };
    this.#env = new TypeEnv(this.#run);
  }

  rule(rule: Rule): void {
    const { env, errors } = this.body(this.#env, rule.body);
    let path = ruleRef(rule);
    if (errors.length > 0) {
      this.errors.push(...errors);
      // What reads this rule should not fail because of it.
      this.#env.tree.put(path, ANY);
      return;
    }
    const { head } = rule;
    let type: Type | null;
    if (head.args.length > 0) {
      walk(head.args, { term: (term) => void (isVar(term) && env.type(term) === null && env.note(term, ANY)) });
      type = { k: 'function', args: head.args.map((arg) => env.type(arg)), variadic: null, result: head.value && env.type(head.value) };
    } else {
      type = isMultiValue(head) ? setOf(env.type(head.key as Term)) : env.type(head.value as Term);
      if (!isGroundRef(path)) {
        const prefix = groundPrefix(path);
        type = nested(env, path.slice(prefix.length), type);
        path = prefix;
      }
    }
    if (type !== null) insertType(this.#env.tree, path, type, env);
  }

  body(outer: TypeEnv, body: readonly Expr[]): Checked {
    const before = this.#checked.get(body);
    if (before !== undefined && before.outer === outer && before.notes === this.#run.notes) return before.found;
    const env = outer.wrap();
    const errors: PolicyError[] = [];
    for (const expr of body) errors.push(...this.#expr(env, expr));
    const found = { env, errors };
    this.#checked.set(body, { outer, notes: this.#run.notes, found });
    return found;
  }

  #expr(env: TypeEnv, expr: Expr): PolicyError[] {
    const inner = expr.with.length === 0 ? env : this.#withEnv(env, expr);
    const errors = this.#closures(inner, expr);
    const inClosures = errors.length > 0;
    const refs = new RefChecker(inner, this.#names);
    refs.expr(expr);
    errors.push(...refs.errors);
    const own = this.#call(inner, expr);
    if (own !== null && !((inClosures || refs.errors.length > 0) && own.unknown)) errors.push(own.error);
    return errors;
  }

  #closures(env: TypeEnv, expr: Expr): PolicyError[] {
    const errors: PolicyError[] = [];
    // Bodies of `every`, `not` and the like are looked at for refs alone, as OPA does.
    const visit = (node: Expr | Expr[]): void => {
      for (const closure of closuresIn(node)) {
        for (const body of bodiesOf(closure)) {
          if ('term' in closure) errors.push(...this.body(env, body).errors);
          else visit(body);
        }
      }
    };
    const s = expr.s;
    if (s.k === 'every' || s.k === 'not') visit(s.body);
    else if (s.k === 'and' || s.k === 'or') visit([...s.lhs, ...s.rhs]);
    else visit(expr);
    return errors;
  }

  #call(env: TypeEnv, expr: Expr): Found {
    const fail = (message: string, types: readonly (Type | null)[], location = expr.loc) => ({
      error: { code: 'rego_type_error' as const, message, location }, unknown: types.some(isUnknown),
    });
    for (const { target, value, loc } of expr.with) {
      const [a, b] = [env.type(target), env.type(value)];
      if (a?.k === 'function' && b?.k === 'function' && !unifies(a, b)) return fail(`${formatNode(target)}: arity mismatch`, [], loc);
    }
    if (expr.s.k !== 'call') return null;
    const operands = operandsOf(expr);
    const name = operatorOf(expr);
    if (isEquality(expr)) return this.#equality(env, operands, fail);
    if (name === 'internal.member_2' || name === 'internal.member_3') {
      const wrong = this.#membership(env, operands, name === 'internal.member_3' ? 3 : 2);
      if (wrong !== null) return fail('match error', wrong);
    }
    const operator = expr.s.terms[0] as Term;
    const type = isRef(operator) ? env.ref(operator.v.terms) : env.type(operator);
    if (type === null || (type.k !== 'function' && !isAny(type))) return fail(`undefined function ${formatNode(operator)}`, []);
    return type.k === 'function' ? this.#operands(env, type, operator, operands, fail) : null;
  }

  #operands(env: TypeEnv, type: FunctionType, operator: Term, operands: readonly Term[], fail: Fail): Found {
    const wanted = [...type.args, ...(type.result === null ? [] : [type.result])];
    const before = operands.map((operand) => env.type(operand));
    if (operands.length > wanted.length && type.variadic === null) return fail(`${formatNode(operator)}: too many arguments`, before);
    if (operands.length < type.args.length) return fail(`${formatNode(operator)}: too few arguments`, before);
    for (const [i, operand] of operands.entries()) {
      const want = wanted[i] ?? type.variadic;
      const have = before[i] ?? null;
      if (have !== null && !isUnknown(have) && !unifies(have, want)) return fail(`${formatNode(operator)}: invalid argument(s)`, before);
      if (!unifyTerm(env, operand, want, false)) return fail(`${formatNode(operator)}: invalid argument(s)`, operands.map((other) => env.type(other)));
    }
    return null;
  }

  #equality(env: TypeEnv, operands: readonly Term[], fail: Fail) {
    const [a, b] = operands as [Term, Term];
    if (operands.length !== 2) return fail(`eq: too ${operands.length < 2 ? 'few' : 'many'} arguments`, []);
    const [x, y] = [env.type(a), env.type(b)];
    return unifyTerms(env, a, x, b, y) ? null : fail('match error', [x, y]);
  }

  /** The types that cannot be in the collection, or null. */
  #membership(env: TypeEnv, operands: readonly Term[], arity: number): (Type | null)[] | null {
    const collection = operands[arity - 1] === undefined ? null : env.type(operands[arity - 1] as Term);
    const values = valuesOf(collection);
    if (values === null) return null;
    const fits = (term: Term, type: Type | null): (Type | null)[] | null => {
      if (type === null || isUnknown(type)) return null;
      const have = env.type(term);
      return (!isUnknown(have) && !unifies(have, type)) || !unifyTerm(env, term, type, false) ? [have, type] : null;
    };
    return (arity === 3 ? fits(operands[0] as Term, keysOf(collection)) : null) ?? fits(operands[arity - 2] as Term, values);
  }

  /** Documents that a `with` replaces may also have the type of the value, and what reads them may be anything. */
  #withEnv(env: TypeEnv, expr: Expr): TypeEnv {
    const layer = env.wrapWith();
    const replaced: [Term[], Type][] = [];
    for (const { target, value } of expr.with) {
      if (!isRef(target)) continue;
      const { terms } = target.v;
      const type = env.ref(terms);
      const isFunction = type?.k === 'function';
      for (const rule of this.#dependents(terms)) {
        const path = groundPrefix(ruleRef(rule));
        if (!(isFunction && formatRef(path) === formatRef(terms))) layer.tree.put(path, ANY);
      }
      if (isFunction) continue;
      const given = env.type(value);
      const joined = isGroundRef(terms) && type !== null && given !== null ? or(type, given) ?? ANY : ANY;
      replaced.push([groundPrefix(terms), joined]);
    }
    if (replaced.length === 0) return layer;
    const last = layer.wrapWith();
    for (const [path, type] of replaced) last.tree.put(path, type);
    return last;
  }

  #dependents(ref: readonly Term[]): Set<Rule> {
    const found = new Set<Rule>();
    const readers = new Map<Rule, Rule[]>();
    for (const [rule, reads] of this.#graph) for (const read of reads) readers.set(read, [...(readers.get(read) ?? []), rule]);
    const visit = (rule: Rule): void => {
      if (found.has(rule)) return;
      found.add(rule);
      for (const reader of readers.get(rule) ?? []) visit(reader);
    };
    for (const rule of rulesFor(this.#root, ref)) visit(rule);
    return found;
  }
}

const setOf = (type: Type | null): Type | null => (type === null ? null : { k: 'set', of: type });

function nested(env: TypeEnv, path: readonly Term[], type: Type | null): Type | null {
  const [key, ...rest] = path;
  if (key === undefined) return type;
  const value = nested(env, rest, type);
  const own = env.type(key);
  return value === null || own === null ? null : { k: 'object', members: new Map(), open: { key: own, value } };
}

/** Gives a term's variables the types that `type` asks of them; false where the term cannot have it. */
function unifyTerm(env: TypeEnv, term: Term, type: Type | null, union: boolean): boolean {
  const v = term.v;
  const each = (parts: readonly Term[]) => void parts.forEach((part) => unifyTerm(env, part, ANY, true));
  switch (v.t) {
    case 'array': case 'set': case 'object': {
      if (type === null) return false;
      if (isAny(type)) {
        each(v.t === 'object' ? v.pairs.flat() : v.terms);
        return true;
      }
      // Every alternative is tried: each may tell something about a variable.
      if (type.k === 'any') return type.of.filter((part) => unifyTerm(env, term, part, true)).length > 0;
      if (v.t === 'array') return type.k === 'array' && unifyArray(env, v.terms, type, union);
      if (v.t === 'set') return type.k === 'set' && v.terms.every((part) => unifyTerm(env, part, type.of, union));
      return type.k === 'object' && unifyObject(env, v.pairs, type, union);
    }
    case 'var': {
      const known = env.type(term);
      if (!union && known !== null) return unifies(known, type);
      env.note(term, union ? or(known, type) : type);
      return true;
    }
    default: return unifies(env.type(term), type);
  }
}

function unifyArray(env: TypeEnv, terms: readonly Term[], type: Type & { k: 'array' }, union: boolean): boolean {
  if (terms.length !== type.items.length && type.open === null) return false;
  return terms.every((part, i) => unifyTerm(env, part, i < type.items.length ? type.items[i] ?? null : type.open, union));
}

function unifyObject(env: TypeEnv, pairs: readonly [Term, Term][], type: Type & { k: 'object' }, union: boolean): boolean {
  if (pairs.length !== type.members.size && (type.open?.value ?? null) === null) return false;
  return pairs.every(([key, value]) => {
    const constant = constantOf(key);
    if (constant === undefined) {
      unifyTerm(env, value, ANY, union);
      return true;
    }
    const member = selectKey(type, constant);
    return member !== null && unifyTerm(env, value, member, union);
  });
}

function unifyTerms(env: TypeEnv, a: Term, x: Type | null, b: Term, y: Type | null): boolean {
  const [ux, uy] = [isUnknown(x), isUnknown(y)];
  if (ux && !uy) return unifyTerm(env, a, y, false);
  if (uy && !ux) return unifyTerm(env, b, x, false);
  if (!ux && !uy) return unifies(x, y);
  const both = (part: Term, whole: Term) => unifyTerm(env, part, ANY, false) && unifyTerm(env, whole, env.type(part), false);
  const [v, w] = [a.v, b.v];
  if (v.t === 'array' && w.t === 'array') {
    return v.terms.length === w.terms.length && v.terms.every((part, i) => {
      const other = w.terms[i] as Term;
      return unifyTerms(env, part, env.type(part), other, env.type(other));
    });
  }
  if (v.t === 'object' && w.t === 'object') {
    return v.pairs.length === w.pairs.length && v.pairs.every(([key, value]) => {
      const other = w.pairs.find(([k]) => formatNode(k) === formatNode(key));
      return other !== undefined && unifyTerms(env, value, env.type(value), other[1], env.type(other[1]));
    });
  }
  if ((v.t === 'array' || v.t === 'object') && w.t === 'var') return both(a, b);
  if (v.t === 'var' && (w.t === 'array' || w.t === 'object')) return both(b, a);
  if (v.t === 'var' && w.t === 'var') return unifyTerm(env, a, ANY, false) && unifyTerm(env, b, env.type(a), false);
  if (v.t === 'var' && x === null && y !== null) return unifyTerm(env, a, y, false);
  return w.t === 'var' && y === null && x !== null && unifyTerm(env, b, x, false);
}

/** Refs that can never be defined. */
class RefChecker {
  readonly errors: PolicyError[] = [];
  readonly #env: TypeEnv;
  readonly #names: Names;

  constructor(env: TypeEnv, names: Names) {
    this.#env = env;
    this.#names = names;
  }

  expr(expr: Expr): void {
    const s = expr.s;
    const nodes = s.k === 'call' ? s.terms.slice(1) : s.k === 'term' ? [s.term] : s.k === 'every' ? [s.domain, ...s.body] : s.k === 'not' ? s.body
      : s.k === 'and' || s.k === 'or' ? [...s.lhs, ...s.rhs] : [];
    walk(nodes, {
      expr: (inner) => {
        this.expr(inner);
        return true;
      },
      term: (term) => {
        if (isComprehension(term)) return true;
        return isRef(term) && !this.#ref(term.v.terms);
      },
    });
  }

  #ref(ref: readonly Term[]): boolean {
    const type = this.#env.ref(ref);
    if (type?.k === 'function') {
      const last = ref.at(-1) as Term;
      const used = /^__local\d+__$/.test(formatNode(last)) ? ref.slice(0, -1) : ref;
      return this.#fail(`function ${this.#shown(used)} used as reference, not called`, ref);
    }
    return this.#inTree(this.#env, this.#env.tree, ref, 0);
  }

  #fail(message: string, ref: readonly Term[]): false {
    const location: Location | null = ref[0]?.loc ?? null;
    this.errors.push({ code: 'rego_type_error', message, location });
    return false;
  }

  #undefined(ref: readonly Term[]): false {
    return this.#fail(`undefined ref: ${this.#shown(ref)}`, ref);
  }

  #shown(ref: readonly Term[]): string {
    const { rewritten, subjects } = this.#names;
    const shown = (term: Term): Term => {
      if (!isVar(term)) return term.v.t === 'ref' ? new Term({ t: 'ref', terms: term.v.terms.map(shown) }) : term;
      const subject = subjects.get(term.v.name);
      return subject === undefined ? variable(rewritten.get(term.v.name) ?? term.v.name) : shown(subject);
    };
    return formatRef(ref.map(shown));
  }

  #inTree(env: TypeEnv, node: TypeNode, ref: readonly Term[], i: number): boolean {
    const key = ref[i];
    if (key === undefined) return true;
    if ((i === 1 || i === 2) && !isVar(key) && !(key.v.t === 'scalar' && typeof key.v.value === 'string')) return this.#undefined(ref);
    if (isVar(key) && i > 0) {
      const keys = keysOf(node.extent);
      const known = this.#env.type(key);
      if (known === null) this.#env.note(key, keys);
      else if (!unifies(keys, known)) return this.#undefined(ref);
    }
    const child = node.child(key);
    if (child === undefined) {
      if (env.next !== null) return this.#inTree(env.next, env.next.tree, ref, 0);
      const root = plainRef(ref[0]);
      if (root !== 'data' && root !== 'input') return this.#leaf(ANY, ref, 0);
      return i !== 0 || this.#leaf(ANY, ref, 1);
    }
    return child.type === null ? this.#inTree(env, child, ref, i + 1) : this.#leaf(child.type, ref, i + 1);
  }

  #leaf(type: Type | null, ref: readonly Term[], i: number): boolean {
    const key = ref[i];
    if (key === undefined) return true;
    const keys = keysOf(type);
    if (keys === null) return this.#undefined(ref);
    if (isVar(key)) {
      const known = this.#env.type(key);
      if (known === null) this.#env.note(key, keys);
      else if (!unifies(known, keys)) return this.#undefined(ref);
    } else if (isRef(key)) {
      const known = this.#env.ref(key.v.terms);
      if (known !== null && !unifies(known, keys)) return this.#undefined(ref);
    } else if (key.v.t === 'scalar') {
      const member = selectKey(type, key.v.value);
      return member === null ? this.#undefined(ref) : this.#leaf(member, ref, i + 1);
    } else if (!unifyTerm(this.#env, key, keys, false)) return this.#undefined(ref);
    return this.#leaf(valuesOf(type), ref, i + 1);
  }
}
