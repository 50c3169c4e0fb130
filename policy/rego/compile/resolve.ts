// Names made whole: rules of the package and imports become refs from `data`; what a body declares hides them.
import {
  Expr, groundPrefix, type Import, isAssignment, isVar, type Module, plainRef, reference, type Rule, scalar, Term, type TermValue,
} from '../ast.ts';
import type { PolicyError } from '../errors.ts';
import { keyOf } from '../value.ts';
import { branches, walk } from './visit.ts';

interface Global {
  readonly ref: readonly Term[];
  used: boolean;
}

export type Globals = Map<string, Global>;

/** Resolves every ref of the modules in place. @returns errors, and the imports nothing used */
export function resolveModules(modules: readonly Module[]): { errors: PolicyError[]; unused: Import[] } {
  const errors: PolicyError[] = [];
  const unused: Import[] = [];
  for (const module of modules) {
    const pkg = plainRef(reference(module.pkg.path));
    const siblings = modules.filter((other) => plainRef(reference(other.pkg.path)) === pkg);
    const globals = globalsOf(module, siblings.flatMap((other) => other.rules));
    for (const rule of module.rules) for (const branch of branches(rule)) errors.push(...resolveRule(globals, branch));
    unused.push(...module.imports.filter((imported) => globals.get(importName(imported))?.used === false));
  }
  return { errors, unused };
}

export function importName({ alias, path }: Import): string {
  if (alias !== '') return alias;
  const last = path.at(-1) as Term;
  return isVar(last) ? last.v.name : String((last.v as { value: unknown }).value);
}

function globalsOf(module: Module, rules: readonly Rule[]): Globals {
  const globals: Globals = new Map();
  for (const rule of rules) {
    const [first] = groundPrefix(rule.head.ref) as [Term];
    if (isVar(first)) globals.set(first.v.name, { ref: [...module.pkg.path, scalar(first.v.name)], used: false });
  }
  for (const imported of module.imports) {
    const root = plainRef(imported.path[0]);
    if (root !== 'future' && root !== 'rego') globals.set(importName(imported), { ref: imported.path, used: false });
  }
  return globals;
}

function resolveRule(globals: Globals, rule: Rule): PolicyError[] {
  const { head } = rule;
  const args = new Set<string>();
  let error: PolicyError | null = null;
  walk(head.args, {
    term: (term) => {
      if (isVar(term)) args.add(term.v.name);
      const root = plainRef(term);
      if (term.v.t === 'ref' && (root === 'input' || root === 'data')) {
        error ??= { code: 'rego_compile_error', message: `args must not shadow ${root} (use a different variable name)`, location: rule.loc };
      }
      if (term.v.t === 'object') {
        for (const [, value] of term.v.pairs) walk(value, { term: (part) => void (isVar(part) && args.add(part.v.name)) });
        return true;
      }
      return ['set', 'arraycomp', 'setcomp', 'objectcomp', 'call'].includes(term.v.t);
    },
  });
  if (error !== null) return [error];
  const resolver = new Resolver(globals, [args, declaredIn(rule.body)]);
  head.ref = [head.ref[0] as Term, ...head.ref.slice(1).map((term) => resolver.term(term))];
  head.key = head.key && resolver.term(head.key);
  head.value = head.value && resolver.term(head.value);
  rule.body = resolver.body(rule.body);
  return [];
}

/** Names that `:=` and `some` declare in a body, those of nested comprehensions left out. */
export function declaredIn(body: readonly Expr[]): Set<string> {
  const names = new Set<string>();
  const add = (term: Term) => walk(term, { term: (part) => void (isVar(part) && names.add(part.v.name)) });
  walk(body, {
    expr: (expr) => {
      const s = expr.s;
      if (isAssignment(expr) && s.k === 'call' && s.terms.length === 3) add(s.terms[1] as Term);
      else if (s.k === 'some') {
        for (const symbol of s.symbols) {
          if (symbol.v.t !== 'call') add(symbol);
          else symbol.v.terms.slice(1, -1).forEach(add);
        }
      }
    },
    term: ({ v }) => v.t === 'arraycomp' || v.t === 'setcomp' || v.t === 'objectcomp',
  });
  return names;
}

export class Resolver {
  readonly #globals: Globals;
  readonly #hidden: ReadonlySet<string>[];

  constructor(globals: Globals, hidden: readonly ReadonlySet<string>[]) {
    this.#globals = globals;
    this.#hidden = [...hidden];
  }

  #global(name: string): Global | undefined {
    const found = this.#globals.get(name);
    return found === undefined || this.#hidden.some((names) => names.has(name)) ? undefined : found;
  }

  #hiding<T>(names: ReadonlySet<string>, resolve: () => T): T {
    this.#hidden.push(names);
    const result = resolve();
    this.#hidden.pop();
    return result;
  }

  body(body: readonly Expr[]): Expr[] {
    return body.map((expr) => this.expr(expr));
  }

  expr(expr: Expr): Expr {
    const s = expr.s;
    switch (s.k) {
      case 'term': s.term = this.term(s.term); break;
      case 'call': s.terms = s.terms.map((term) => this.term(term)); break;
      case 'some':
        if (s.symbols[0]?.v.t === 'call') s.symbols = s.symbols.map((symbol) => this.term(symbol));
        break;
      case 'every': {
        const names = new Set([s.key, s.value].flatMap((term) => (isVar(term) ? [term.v.name] : [])));
        this.#hiding(names, () => {
          s.domain = this.term(s.domain);
          s.body = this.body(s.body);
        });
        break;
      }
      case 'not': s.body = this.body(s.body); break;
      default:
        s.lhs = this.body(s.lhs);
        s.rhs = this.body(s.rhs);
    }
    for (const w of expr.with) {
      w.target = this.term(w.target);
      w.value = this.term(w.value);
    }
    return expr;
  }

  term(term: Term): Term {
    const v = term.v;
    switch (v.t) {
      case 'scalar': return term;
      case 'var': {
        const global = this.#global(v.name);
        if (global === undefined) return term;
        global.used = true;
        return reference(copyAt(global.ref, term), term.loc);
      }
      case 'ref': return new Term({ t: 'ref', terms: this.#ref(v.terms) }, term.loc);
      case 'call': case 'array': case 'set': return new Term({ t: v.t, terms: v.terms.map((part) => this.term(part)) }, term.loc);
      case 'object': return new Term({ t: 'object', pairs: lastOfEachKey(v.pairs).map(([key, value]) => [this.term(key), this.term(value)]) }, term.loc);
      case 'arraycomp': case 'setcomp': case 'objectcomp': return new Term(this.#comprehension(v), term.loc);
      case 'template': {
        const parts = v.parts.map((part) => (part instanceof Expr ? this.expr(part) : part));
        return new Term({ t: 'template', parts, raw: v.raw }, term.loc);
      }
    }
  }

  #comprehension(v: TermValue & { t: 'arraycomp' | 'setcomp' | 'objectcomp' }): TermValue {
    return this.#hiding(declaredIn(v.body), (): TermValue => {
      const head = this.term(v.head);
      if (v.t === 'objectcomp') return { t: v.t, key: this.term(v.key), head, body: this.body(v.body) };
      return { t: v.t, head, body: this.body(v.body) };
    });
  }

  #ref(terms: readonly Term[]): Term[] {
    return terms.flatMap((part, i) => {
      if (!isVar(part)) return [this.term(part)];
      const global = this.#global(part.v.name);
      if (global === undefined) return [part];
      global.used = true;
      return i === 0 ? copyAt(global.ref, part) : [reference(copyAt(global.ref, part), part.loc)];
    });
  }
}

function copyAt(ref: readonly Term[], at: Term): Term[] {
  return ref.map((term) => new Term(term.v, at.loc));
}

/** Of pairs under one constant key the last value counts, in the first one's place: OPA never sees the others. */
function lastOfEachKey(pairs: readonly [Term, Term][]): readonly [Term, Term][] {
  const byKey = new Map<unknown, [Term, Term]>();
  for (const [key, value] of pairs) {
    const name = key.v.t === 'scalar' ? keyOf(key.v.value) : key;
    const found = byKey.get(name);
    if (found === undefined) byKey.set(name, [key, value]);
    else found[1] = value;
  }
  return byKey.size === pairs.length ? pairs : [...byKey.values()];
}
