// Statements that are written like expressions and mean rules: `p`, `p = 1`, `p.q := 1`, `f(x) = y`.
import {
  Expr, formatRef, type Head, isAssignment, isEquality, isGround, isRef, isVar, type Location, type Module, operatorOf, plainRef, type Rule, scalar,
  type Term, valueName,
} from './ast.ts';
import { BUILTINS } from '../builtins/registry.ts';

/** The rule that a lone expression stands for, or why it is none. */
export function expressionAsRule(module: Module, body: readonly Expr[]): Rule | string {
  const [expr] = body as [Expr];
  if (body.length !== 1) return 'multiple expressions cannot be used for rule head';
  if (expr.with.length > 0) return 'expressions using with keyword cannot be used for rule head';
  if (expr.negated) return 'negated expressions cannot be used for rule head';
  if (expr.s.k === 'some') return "'some' declarations cannot be used for rule head";
  if (expr.s.k === 'term') return fromTerm(module, expr.s.term);
  if (expr.s.k !== 'call') return 'expression cannot be used for rule head';
  const loc = expr.loc as Location;
  if (isEquality(expr) || isAssignment(expr)) {
    const [, lhs, rhs] = expr.s.terms;
    if (lhs === undefined || rhs === undefined) return 'assignment requires two operands';
    const rule = fromEquality(module, lhs, rhs);
    if (typeof rule === 'string') return rule;
    rule.loc = loc;
    rule.head.loc = loc;
    rule.head.assign = isAssignment(expr);
    return rule;
  }
  if (BUILTINS.has(operatorOf(expr) ?? '')) return 'rule name conflicts with built-in function';
  return fromCall(module, expr.s.terms);
}

/** Names of the keywords that `if` and `contains` are before they are imported, as a hint. */
export function headKeywordHint(body: readonly Expr[], next: string | null): string {
  const [only] = body;
  const own = body.length === 1 && only?.s.k === 'term' && isVar(only.s.term) ? only.s.term.v.name : '';
  const examples: Readonly<Record<string, string>> = { if: 'p if { ... }', contains: 'p contains x' };
  const word = examples[own] === undefined ? next ?? '' : own;
  return examples[word] === undefined ? '' : ` (hint: \`import future.keywords.${word}\` for \`${examples[word]}\` rules)`;
}

function makeRule(module: Module, ref: Term[], loc: Location, more: Partial<Head>, body: Location | null): Rule {
  const [first] = ref as [Term];
  const name = ref.length < 2 && isVar(first) ? first.v.name : '';
  const head: Head = { name, ref, args: [], key: null, value: null, assign: false, generatedValue: false, keywords: new Set(), loc, ...more };
  const expr = new Expr({ k: 'term', term: scalar(true, body) }, body);
  expr.generated = true;
  return { head, body: [expr], isDefault: false, generatedBody: true, otherwise: null, loc, module, annotations: [] };
}

function fromTerm(module: Module, term: Term): Rule | string {
  if (!isRef(term)) return `${valueName(term)} cannot be used for rule name`;
  const ref = term.v.terms;
  const [first, second] = ref as [Term, Term?];
  if (ref.length === 1) return `${valueName(term)}s cannot be used for rule head`;
  if (!isVar(first)) return `invalid rule head: ${formatRef(ref)}`;
  const loc = term.loc as Location;
  if (ref.length > 2) return makeRule(module, ref, loc, { value: scalar(true, loc), generatedValue: true }, loc);
  return makeRule(module, [first], loc, { key: second as Term }, loc);
}

function fromEquality(module: Module, lhs: Term, rhs: Term): Rule | string {
  const [loc, body] = [lhs.loc as Location, rhs.loc];
  if (lhs.v.t === 'call') {
    const [operator, ...args] = lhs.v.terms as [Term, ...Term[]];
    const ref = isRef(operator) ? operator.v.terms : [operator];
    if (isVar(ref[0])) return makeRule(module, ref, loc, { args, value: rhs }, body);
  }
  if (isRef(lhs)) {
    const ref = lhs.v.terms;
    const [first, second] = ref as [Term, Term?];
    if (!isVar(first)) return `invalid rule head: ${formatRef(ref)}`;
    if (ref.length === 2) return makeRule(module, ref, loc, { name: first.v.name, key: second as Term, value: rhs }, body);
    if (ref.length > 2 || isGround(lhs)) return makeRule(module, ref, loc, { value: rhs }, body);
  }
  if (isVar(lhs)) return makeRule(module, [lhs], loc, { value: rhs }, body);
  return `${valueName(lhs)} cannot be used for rule name`;
}

function fromCall(module: Module, terms: readonly Term[]): Rule | string {
  const [operator, ...args] = terms as [Term, ...Term[]];
  if (args.length === 0) return 'rule argument list must take at least one argument';
  const ref = isRef(operator) ? operator.v.terms : [operator];
  if (!isVar(ref[0])) return `invalid rule head: ${plainRef(operator) ?? formatRef(ref)}`;
  const loc = operator.loc as Location;
  return makeRule(module, ref, loc, { args, value: scalar(true, loc) }, loc);
}
