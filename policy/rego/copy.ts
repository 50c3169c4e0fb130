// Deep copies of terms and expressions.
import { Expr, Term } from './ast.ts';

/** A deep copy: rewriting one must not touch the other. */
export function copyTerm(term: Term): Term {
  const v = term.v;
  const at = term.loc;
  switch (v.t) {
    case 'scalar': case 'var': return new Term(v, at);
    case 'ref': case 'call': case 'array': case 'set': return new Term({ t: v.t, terms: v.terms.map(copyTerm) }, at);
    case 'object': return new Term({ t: 'object', pairs: v.pairs.map(([key, value]) => [copyTerm(key), copyTerm(value)]) }, at);
    case 'arraycomp': case 'setcomp': return new Term({ t: v.t, head: copyTerm(v.head), body: v.body.map(copyExpr) }, at);
    case 'objectcomp': return new Term({ t: v.t, key: copyTerm(v.key), head: copyTerm(v.head), body: v.body.map(copyExpr) }, at);
    case 'template': {
      const parts = v.parts.map((part) => (part instanceof Term ? copyTerm(part) : copyExpr(part)));
      return new Term({ t: 'template', parts, raw: v.raw }, at);
    }
  }
}

export function copyExpr(expr: Expr): Expr {
  const copy = new Expr(copyStatement(expr.s), expr.loc);
  copy.with = expr.with.map(({ target, value, loc }) => ({ target: copyTerm(target), value: copyTerm(value), loc }));
  copy.negated = expr.negated;
  copy.generated = expr.generated;
  copy.fromAssignment = expr.fromAssignment;
  return copy;
}

function copyStatement(s: Expr['s']): Expr['s'] {
  switch (s.k) {
    case 'term': return { k: 'term', term: copyTerm(s.term) };
    case 'call': return { k: 'call', terms: s.terms.map(copyTerm) };
    case 'some': return { ...s, symbols: s.symbols.map(copyTerm) };
    case 'every': {
      const [key, value, domain] = [s.key && copyTerm(s.key), copyTerm(s.value), copyTerm(s.domain)];
      return { ...s, key, value, domain, body: s.body.map(copyExpr) };
    }
    case 'not': return { ...s, body: s.body.map(copyExpr) };
    default: return { ...s, lhs: s.lhs.map(copyExpr), rhs: s.rhs.map(copyExpr) };
  }
}
