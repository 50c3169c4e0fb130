// Rewriting to flat bodies: nested calls, refs and comprehensions are bound to generated variables one by one, so that
// what is undefined fails where it stands and arguments are evaluated eagerly.
import { Expr, isEquality, isRef, isScalar, isVar, plainRef, reference, type Rule, Term, variable } from '../ast.ts';
import { append, equality, type NameMaker } from './names.ts';
import { isComprehension, needsEvaluation, walk } from './visit.ts';

/** `p[a.b]` becomes `p[__local0__]` with `__local0__ = a.b` in the body. */
export function rewriteHeadRef(rule: Rule, maker: NameMaker): void {
  const { head } = rule;
  for (let i = 1; i < head.ref.length; i++) {
    const part = head.ref[i] as Term;
    if (isVar(part) || isScalar(part)) continue;
    const { expr, local } = maker.equal(part);
    if (i === head.ref.length - 1 && head.key === part) head.key = local;
    head.ref[i] = local;
    rule.body = append(rule.body, [expr]);
  }
}

/** Calls nested in terms become expressions before them. */
export function expandRule(rule: Rule, maker: NameMaker): void {
  const { head } = rule;
  const expanded = (term: Term): Term => {
    const [support, output] = expandTerm(term, maker);
    rule.body = append(rule.body, support);
    return output;
  };
  head.args = head.args.map(expanded);
  if (head.key !== null) head.key = expanded(head.key);
  if (head.value !== null) head.value = expanded(head.value);
  rule.body = expandBody(rule.body, maker);
}

export function expandBody(body: readonly Expr[], maker: NameMaker): Expr[] {
  return body.flatMap((expr) => expandExpr(expr, maker));
}

function expandExpr(expr: Expr, maker: NameMaker): Expr[] {
  const result: Expr[] = [];
  for (const w of expr.with) {
    const [support, value] = expandTerm(w.value, maker);
    w.value = value;
    result.push(...support);
  }
  const s = expr.s;
  const inherit = (support: Expr[]) => {
    if (expr.with.length > 0) for (const extra of support) extra.with = expr.with;
    result.push(...support);
  };
  if (s.k === 'term') {
    const [support, term] = expandTerm(s.term, maker);
    s.term = term;
    inherit(support);
  } else if (s.k === 'call') {
    for (let i = 1; i < s.terms.length; i++) {
      const [support, term] = expandTerm(s.terms[i] as Term, maker);
      s.terms[i] = term;
      inherit(support);
    }
  } else if (s.k === 'every') {
    const { expr: eq, local } = maker.equal(s.domain);
    eq.with = expr.with;
    result.push(...expandExpr(eq, maker));
    s.domain = local;
    s.body = expandBody(s.body, maker);
  } else if (s.k === 'not') s.body = expandBody(s.body, maker);
  else if (s.k === 'and' || s.k === 'or') {
    s.lhs = expandBody(s.lhs, maker);
    s.rhs = expandBody(s.rhs, maker);
  }
  return [...result, expr];
}

function expandTerm(term: Term, maker: NameMaker): [Expr[], Term] {
  const v = term.v;
  const support: Expr[] = [];
  const expanded = (part: Term): Term => {
    const [extra, output] = expandTerm(part, maker);
    support.push(...extra);
    return output;
  };
  switch (v.t) {
    case 'call': {
      const terms = [v.terms[0] as Term, ...v.terms.slice(1).map(expanded)];
      const output = variable(maker.make(), term.loc);
      const call = new Expr({ k: 'call', terms: [...terms, output] }, term.loc);
      call.generated = true;
      return [[...support, call], output];
    }
    case 'ref': {
      for (let i = 0; i < v.terms.length; i++) {
        const part = v.terms[i] as Term;
        const output = expanded(part);
        v.terms[i] = output;
        if (part.v.t === 'call') maker.subjects.set((output.v as { name: string }).name, part);
      }
      const [subject] = v.terms as [Term];
      if (['array', 'object', 'set', 'arraycomp', 'setcomp', 'objectcomp', 'call'].includes(subject.v.t)) {
        const { expr, local } = maker.equal(subject);
        support.push(expr);
        v.terms[0] = local;
        maker.subjects.set((local.v as { name: string }).name, subject);
      }
      return [support, term];
    }
    case 'array': case 'set': v.terms = v.terms.map(expanded); return [support, term];
    case 'object': v.pairs = v.pairs.map(([key, value]) => [expanded(key), expanded(value)]); return [support, term];
    case 'arraycomp': case 'setcomp': case 'objectcomp':
      if (v.t === 'objectcomp') v.key = expanded(v.key);
      v.head = expanded(v.head);
      v.body = expandBody(append(v.body, support), maker);
      return [[], term];
    default: return [[], term];
  }
}

/** A comprehension's head that must be evaluated moves into its body. */
export function rewriteComprehensionHeads(node: Term | readonly (Term | Expr)[], maker: NameMaker): void {
  walk(node, {
    term: (term) => {
      const v = term.v;
      if (v.t !== 'arraycomp' && v.t !== 'setcomp' && v.t !== 'objectcomp') return;
      const moved = (part: Term): Term => {
        if (!needsEvaluation(part)) return part;
        const { expr, local } = maker.equal(part);
        v.body = append(v.body, [expr]);
        return local;
      };
      if (v.t === 'objectcomp') v.key = moved(v.key);
      v.head = moved(v.head);
    },
  });
}

/** Keys, values and arguments of a head that must be evaluated move into the body. */
export function rewriteHeadValues(rule: Rule, maker: NameMaker): void {
  const { head } = rule;
  const moved = (part: Term): Term => {
    if (!needsEvaluation(part)) return part;
    const { expr, local } = maker.equal(part);
    rule.body = append(rule.body, [expr]);
    return local;
  };
  if (head.key !== null) head.key = moved(head.key);
  if (head.value !== null) head.value = moved(head.value);
  head.args = head.args.map(moved);
}

/** `==` becomes `=`: only after the safety check, which must not take it to bind anything. */
export function rewriteEquals(node: readonly (Term | Expr)[]): void {
  walk(node, {
    expr: (expr) => {
      const s = expr.s;
      if (s.k !== 'call' || s.terms.length !== 3 || plainRef(s.terms[0]) !== 'equal') return;
      const loc = s.terms[0]?.loc ?? null;
      s.terms[0] = reference([variable('eq', loc)], loc);
    },
  });
}

/** Refs and comprehensions inside terms are bound to variables before the expression. */
export function flattenBody(body: readonly Expr[], maker: NameMaker): Expr[] {
  return body.flatMap((expr) => flattenExpr(expr, maker));
}

function flattenExpr(expr: Expr, maker: NameMaker): Expr[] {
  const s = expr.s;
  const result: Expr[] = [];
  const flat = new Flattener(expr, maker, result);
  if (s.k === 'term') s.term = flat.top(s.term);
  else if (s.k === 'call') {
    if (isEquality(expr)) {
      if (s.terms.length === 3) for (const i of [1, 2]) s.terms[i] = flat.top(s.terms[i] as Term);
    } else for (let i = 1; i < s.terms.length; i++) s.terms[i] = flat.one(s.terms[i] as Term);
  } else if (s.k === 'every') {
    s.domain = flat.one(s.domain);
    s.body = flattenBody(s.body, maker);
  } else if (s.k === 'not') s.body = flattenBody(s.body, maker);
  else if (s.k === 'and' || s.k === 'or') {
    s.lhs = flattenBody(s.lhs, maker);
    s.rhs = flattenBody(s.rhs, maker);
  }
  return [...result, expr];
}

class Flattener {
  readonly #original: Expr;
  readonly #maker: NameMaker;
  readonly #result: Expr[];

  constructor(original: Expr, maker: NameMaker, result: Expr[]) {
    this.#original = original;
    this.#maker = maker;
    this.#result = result;
  }

  /** A side of an equality or a term by itself: a ref or comprehension there stays. */
  top(term: Term): Term {
    if (isRef(term)) {
      this.#keys(term.v.terms);
      return term;
    }
    if (!isComprehension(term)) return this.one(term);
    this.#comprehension(term);
    return term;
  }

  #keys(terms: Term[]): void {
    for (let i = 1; i < terms.length; i++) terms[i] = this.one(terms[i] as Term);
  }

  #comprehension(term: Term): void {
    const v = term.v as { body: Expr[] };
    v.body = flattenBody(v.body, this.#maker);
  }

  one(term: Term): Term {
    const v = term.v;
    if (v.t === 'ref') {
      this.#keys(v.terms);
      return this.#bind(term);
    }
    if (v.t === 'array' || v.t === 'set') v.terms = v.terms.map((part) => this.one(part));
    else if (v.t === 'object') v.pairs = v.pairs.map(([key, value]) => [this.one(key), this.one(value)]);
    else if (isComprehension(term)) {
      this.#comprehension(term);
      return this.#bind(term);
    }
    return term;
  }

  #bind(term: Term): Term {
    const { expr, local } = this.#maker.equal(term);
    expr.with = this.#original.with;
    this.#result.push(expr);
    this.#maker.subjects.set((local.v as { name: string }).name, term);
    return local;
  }
}

/** Each argument of a print is wrapped in a comprehension, so that an undefined one does not end the rule. */
export function captured(term: Term, maker: NameMaker, withs: Expr['with'] = []): Term {
  const local = variable(maker.make(), term.loc);
  const expr = equality(local, term);
  expr.loc = term.loc;
  expr.with = withs;
  return new Term({ t: 'setcomp', head: local, body: [expr] }, term.loc);
}
