// Functions that answer in less time than a look at what they answered before takes: a constant, under a few tests of their operand alone.
import { type Expr, isVar, operandsOf, operatorOf, type Rule, type Term } from '../ast.ts';
import { constantOf } from './terms.ts';

/** Of a text and a constant, each takes one step, and no longer than the constant is. */
const TESTS: ReadonlySet<string> = new Set([
  'eq', 'equal', 'neq', 'lt', 'lte', 'gt', 'gte', 'startswith', 'endswith',
  'is_array', 'is_boolean', 'is_null', 'is_number', 'is_object', 'is_set', 'is_string',
]);
const testsMax = 4;

/** Whether all branches of a function's rule are such. What it answers is the same in either way; only its steps and cells are others. */
export function isShort({ head, body, otherwise }: Rule): boolean {
  const [operand, ...others] = head.args;
  if (operand === undefined || others.length > 0 || !isVar(operand) || head.value === null || constantOf(head.value) === undefined) return false;
  const { name } = operand.v;
  return body.length <= testsMax && body.every((expr) => isTest(expr, name)) && (otherwise === null || isShort(otherwise));
}

function isTest(expr: Expr, operand: string): boolean {
  const isOperand = (term: Term) => (isVar(term) ? term.v.name === operand : constantOf(term) !== undefined);
  if (expr.with.length > 0 || expr.negated) return false;
  if (expr.s.k === 'term') return constantOf(expr.s.term) === true;
  return TESTS.has(operatorOf(expr) ?? '') && operandsOf(expr).every(isOperand);
}
