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
  if (node instanceof Term) walkTerm(node, visitor);
  else if (node instanceof Expr) walkExpr(node, visitor);
  else if (Array.isArray(node)) walkAll(node as readonly (Term | Expr)[], visitor);
  else if (visitor.with?.(node as With) !== true) {
    walkTerm((node as With).target, visitor);
    walkTerm((node as With).value, visitor);
  }
}

function walkAll(nodes: readonly (Term | Expr)[], visitor: Visitor): void {
  for (const node of nodes) {
    if (node instanceof Term) walkTerm(node, visitor);
    else walkExpr(node, visitor);
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
      for (const pair of v.pairs) {
        walkTerm(pair[0], visitor);
        walkTerm(pair[1], visitor);
      }
      return;
    case 'arraycomp': case 'setcomp': case 'objectcomp':
      if (v.t === 'objectcomp') walkTerm(v.key, visitor);
      walkTerm(v.head, visitor);
      for (const expr of v.body) walkExpr(expr, visitor);
      return;
    case 'template': walkAll(v.parts, visitor);
  }
}

function walkExpr(expr: Expr, visitor: Visitor): void {
  if (visitor.expr?.(expr) === true) return;
  const s = expr.s;
  switch (s.k) {
    case 'term': walkTerm(s.term, visitor); break;
    case 'call': for (const term of s.terms) walkTerm(term, visitor); break;
    case 'some': for (const term of s.symbols) walkTerm(term, visitor); break;
    case 'every':
      if (s.key !== null) walkTerm(s.key, visitor);
      walkTerm(s.value, visitor);
      walkTerm(s.domain, visitor);
      walkAll(s.body, visitor);
      break;
    case 'not': walkAll(s.body, visitor); break;
    default:
      walkAll(s.lhs, visitor);
      walkAll(s.rhs, visitor);
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
      const { k } = expr.s;
      const closure = k === 'every' || k === 'not' || k === 'and' || k === 'or';
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
    if (node instanceof Term) this.#term(node);
    else if (node instanceof Expr) this.#expr(node);
    else if (Array.isArray(node)) this.#all(node as readonly (Term | Expr)[]);
    else this.#with(node as With);
  }

  #all(nodes: readonly (Term | Expr)[]): void {
    for (const node of nodes) {
      if (node instanceof Term) this.#term(node);
      else this.#expr(node);
    }
  }

  #terms(terms: readonly Term[], from = 0): void {
    for (let i = from; i < terms.length; i++) this.#term(terms[i] as Term);
  }

  /** An operator and its operands, the name of the operator left out where calls' heads are. */
  #operation(terms: readonly Term[]): void {
    const operator = terms[0] as Term;
    if (operator.v.t === 'ref') this.#terms(operator.v.terms, 1);
    this.#terms(terms, 1);
  }

  #with({ target, value }: With): void {
    if (this.#p.skipCallHead !== true) {
      this.#term(target);
      return this.#term(value);
    }
    if (target.v.t === 'ref') this.#terms(target.v.terms, 1);
    if (value.v.t === 'ref') this.#terms(value.v.terms, 1);
    else this.#term(value);
  }

  #expr(expr: Expr): void {
    const s = expr.s;
    const p = this.#p;
    if (s.k === 'call') {
      if (p.skipCallHead === true) this.#operation(s.terms);
      else this.#terms(s.terms);
    } else if (s.k === 'term') this.#term(s.term);
    else if (s.k === 'some') this.#terms(s.symbols);
    else if (s.k === 'every') {
      if (p.skipClosures === true) return this.#term(s.domain);
      for (const term of [s.key, s.value, s.domain]) if (term !== null) this.#term(term);
      this.#all(s.body);
    } else if (p.implicit !== undefined) {
      const bodies: [boolean, Expr[]][] = s.k === 'not' ? [[s.explicit, s.body]] : [[s.explicitLhs, s.lhs], [s.explicitRhs, s.rhs]];
      for (const [explicit, body] of bodies) if (!explicit) for (const name of p.implicit(body)) this.#into.add(name);
    } else if (p.skipClosures !== true) for (const body of bodiesOf({ expr })) this.#all(body);
    for (const w of expr.with) this.#with(w);
  }

  #term(term: Term): void {
    const v = term.v;
    const p = this.#p;
    switch (v.t) {
      case 'scalar': return;
      case 'var': this.#into.add(v.name); return;
      case 'ref': this.#terms(v.terms, p.skipRefHead === true ? 1 : 0); return;
      case 'call':
        if (p.skipCallHead === true && (v.terms[0] as Term).v.t === 'ref') this.#operation(v.terms);
        else this.#terms(v.terms);
        return;
      case 'set': case 'array':
        if (v.t === 'array' || p.skipSets !== true) this.#terms(v.terms);
        return;
      case 'object':
        for (const pair of v.pairs) {
          if (p.skipObjectKeys !== true) this.#term(pair[0]);
          this.#term(pair[1]);
        }
        return;
      default:
        if (p.skipClosures === true) return;
        if (v.t === 'template') return this.#all(v.parts);
        if (v.t === 'objectcomp') this.#term(v.key);
        this.#term(v.head);
        this.#all(v.body);
    }
  }
}

/** Every rule and its `else` branches. */
export function* branches(rule: Rule): Iterable<Rule> {
  for (let r: Rule | null = rule; r !== null; r = r.otherwise) yield r;
}

export type Names = Pick<ReadonlySet<string>, 'has'>;

export function difference(a: Iterable<string>, b: Names): Set<string> {
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
