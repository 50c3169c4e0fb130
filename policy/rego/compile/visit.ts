// Walking the syntax tree: terms, expressions, closures, and the variables in them.
import { Expr, isVar, type Rule, Term, type With } from '../ast.ts';

export type Node = Term | Expr | With | readonly (Term | Expr)[];

export type Closure = { readonly term: Term } | { readonly expr: Expr };

export interface Visitor {
  /** True: do not go below. */
  readonly term?: (term: Term) => boolean | void;
  readonly expr?: (expr: Expr) => boolean | void;
  readonly with?: (w: With) => boolean | void;
}

/** Depth first, in the order of the source. */
export function walk(node: Node, visitor: Visitor): void {
  if (Array.isArray(node)) for (const item of node) walk(item, visitor);
  else if (node instanceof Term) walkTerm(node, visitor);
  else if (node instanceof Expr) walkExpr(node, visitor);
  else if (visitor.with?.(node as With) !== true) {
    walkTerm((node as With).target, visitor);
    walkTerm((node as With).value, visitor);
  }
}

function walkTerm(term: Term, visitor: Visitor): void {
  if (visitor.term?.(term) === true) return;
  const v = term.v;
  switch (v.t) {
    case 'scalar': case 'var': return;
    case 'ref': case 'call': case 'array': case 'set':
      for (const part of v.terms) walkTerm(part, visitor);
      return;
    case 'object':
      for (const [key, value] of v.pairs) {
        walkTerm(key, visitor);
        walkTerm(value, visitor);
      }
      return;
    case 'arraycomp': case 'setcomp': case 'objectcomp':
      if (v.t === 'objectcomp') walkTerm(v.key, visitor);
      walkTerm(v.head, visitor);
      walk(v.body, visitor);
      return;
    case 'template': walk(v.parts, visitor);
  }
}

function walkExpr(expr: Expr, visitor: Visitor): void {
  if (visitor.expr?.(expr) === true) return;
  const s = expr.s;
  switch (s.k) {
    case 'term': walkTerm(s.term, visitor); break;
    case 'call': walk(s.terms, visitor); break;
    case 'some': walk(s.symbols, visitor); break;
    case 'every':
      if (s.key !== null) walkTerm(s.key, visitor);
      walkTerm(s.value, visitor);
      walkTerm(s.domain, visitor);
      walk(s.body, visitor);
      break;
    case 'not': walk(s.body, visitor); break;
    default:
      walk(s.lhs, visitor);
      walk(s.rhs, visitor);
  }
  for (const w of expr.with) walk(w, visitor);
}

export function walkExprs(node: Node, visit: (expr: Expr) => boolean | void): void {
  walk(node, { expr: visit });
}

/** The bodies nested in a node: comprehensions, `every`, `not`, `and`, `or`; not those inside them. */
export function closuresIn(node: Node): Closure[] {
  const found: Closure[] = [];
  walk(node, {
    term: (term) => {
      const closure = isComprehension(term);
      if (closure) found.push({ term });
      return closure;
    },
    expr: (expr) => {
      const closure = ['every', 'not', 'and', 'or'].includes(expr.s.k);
      if (closure) found.push({ expr });
      return closure;
    },
  });
  return found;
}

/** The bodies of a closure. */
export function bodiesOf(closure: Closure): Expr[][] {
  if ('term' in closure) {
    const v = closure.term.v;
    return v.t === 'arraycomp' || v.t === 'setcomp' || v.t === 'objectcomp' ? [v.body] : [];
  }
  const s = closure.expr.s;
  if (s.k === 'every' || s.k === 'not') return [s.body];
  return s.k === 'and' || s.k === 'or' ? [s.lhs, s.rhs] : [];
}

export function isComprehension(term: Term): boolean {
  return term.v.t === 'arraycomp' || term.v.t === 'setcomp' || term.v.t === 'objectcomp';
}

export function contains(node: Node, test: (term: Term) => boolean): boolean {
  let found = false;
  walk(node, { term: (term) => (found ||= test(term)), expr: () => found });
  return found;
}

/** Whether a term must be evaluated before it can stand in a head: it holds a ref or a comprehension. */
export function needsEvaluation(term: Term | null): boolean {
  return term !== null && contains(term, (part) => part.v.t === 'ref' || isComprehension(part));
}

export interface VarParams {
  readonly skipRefHead?: boolean;
  readonly skipCallHead?: boolean;
  readonly skipObjectKeys?: boolean;
  readonly skipClosures?: boolean;
  readonly skipSets?: boolean;
  /** Instead of nothing: what an implicit operand body needs from outside. */
  readonly implicit?: (body: readonly Expr[]) => Iterable<string>;
}

export const SAFETY: VarParams = { skipCallHead: true, skipClosures: true };

/** The variables in a node, wildcards included, each with the first place it stands at. */
export function varsOf(node: Node, params: VarParams = {}, into = new Set<string>()): Set<string> {
  new VarCollector(params, into).node(node);
  return into;
}

class VarCollector {
  readonly #p: VarParams;
  readonly #into: Set<string>;

  constructor(params: VarParams, into: Set<string>) {
    this.#p = params;
    this.#into = into;
  }

  node(node: Node): void {
    if (Array.isArray(node)) for (const item of node) this.node(item);
    else if (node instanceof Term) this.#term(node);
    else if (node instanceof Expr) this.#expr(node);
    else this.#with(node as With);
  }

  #with({ target, value }: With): void {
    if (this.#p.skipCallHead !== true) return void [target, value].forEach((term) => this.#term(term));
    if (target.v.t === 'ref') this.node(target.v.terms.slice(1));
    if (value.v.t === 'ref') this.node(value.v.terms.slice(1));
    else this.#term(value);
  }

  #expr(expr: Expr): void {
    const s = expr.s;
    const p = this.#p;
    if (s.k === 'call') {
      if (p.skipCallHead === true) {
        const operator = s.terms[0] as Term;
        if (operator.v.t === 'ref') this.node(operator.v.terms.slice(1));
        this.node(s.terms.slice(1));
      } else this.node(s.terms);
    } else if (s.k === 'term') this.#term(s.term);
    else if (s.k === 'some') this.node(s.symbols);
    else if (s.k === 'every') {
      if (p.skipClosures === true) return this.#term(s.domain);
      for (const term of [s.key, s.value, s.domain]) if (term !== null) this.#term(term);
      this.node(s.body);
    } else if (p.implicit !== undefined) {
      const bodies: [boolean, Expr[]][] = s.k === 'not' ? [[s.explicit, s.body]] : [[s.explicitLhs, s.lhs], [s.explicitRhs, s.rhs]];
      for (const [explicit, body] of bodies) if (!explicit) for (const name of p.implicit(body)) this.#into.add(name);
    } else if (p.skipClosures !== true) for (const body of bodiesOf({ expr })) this.node(body);
    for (const w of expr.with) this.#with(w);
  }

  #term(term: Term): void {
    const v = term.v;
    const p = this.#p;
    switch (v.t) {
      case 'scalar': return;
      case 'var': this.#into.add(v.name); return;
      case 'ref': this.node(p.skipRefHead === true ? v.terms.slice(1) : v.terms); return;
      case 'call': {
        const operator = v.terms[0] as Term;
        if (p.skipCallHead === true && operator.v.t === 'ref') {
          this.node(operator.v.terms.slice(1));
          this.node(v.terms.slice(1));
        } else this.node(v.terms);
        return;
      }
      case 'set': case 'array':
        if (v.t === 'array' || p.skipSets !== true) this.node(v.terms);
        return;
      case 'object':
        for (const [key, value] of v.pairs) {
          if (p.skipObjectKeys !== true) this.#term(key);
          this.#term(value);
        }
        return;
      default:
        if (p.skipClosures === true) return;
        if (v.t === 'template') return this.node(v.parts);
        if (v.t === 'objectcomp') this.#term(v.key);
        this.#term(v.head);
        this.node(v.body);
    }
  }
}

/** Every rule and its `else` branches. */
export function* branches(rule: Rule): Iterable<Rule> {
  for (let r: Rule | null = rule; r !== null; r = r.otherwise) yield r;
}

export function difference(a: Iterable<string>, b: ReadonlySet<string>): Set<string> {
  const rest = new Set<string>();
  for (const name of a) if (!b.has(name)) rest.add(name);
  return rest;
}

/** Replaces every variable's name in place by what `rename` says. */
export function renameVars(node: Node, rename: (name: string) => string | undefined): void {
  walk(node, {
    term: (term) => {
      if (!isVar(term)) return;
      const name = rename(term.v.name);
      if (name !== undefined && name !== term.v.name) term.v = { t: 'var', name };
    },
  });
}

/** The terms of a rule's head that may hold variables: arguments, key, value, and the ref past its name. */
export function headTerms(rule: Rule): Term[] {
  const { args, key, value, ref } = rule.head;
  return [...args, ...(key === null ? [] : [key]), ...(value === null ? [] : [value]), ...ref.slice(1)];
}
