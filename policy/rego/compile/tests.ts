// What a runner of tests needs of the compiler: tests of one name told apart, and a note of every case that begins.
import {
  Expr, formatRef, groundPrefix, type Head, isEquality, isVar, type Module, operandsOf, operatorOf, reference, type Rule, scalar, Term, variable,
} from '../ast.ts';
import { branches, varsOf, walkExprs } from './visit.ts';

const CALL = 'internal.test_case';

function nameOf(term: Term): string {
  if (isVar(term)) return term.v.name;
  return term.v.t === 'scalar' && typeof term.v.value === 'string' ? term.v.value : '';
}

/** How many terms of a head's ref name a test, such as `a.test_b` in `a.test_b[case]`; 0 where it is none. */
export function testLength({ ref }: Head): number {
  return groundPrefix(ref).findIndex((term) => /^(?:todo_)?test_/.test(nameOf(term))) + 1;
}

/** Of several rules of one name each is a test by itself: the second is `test_a#01`. */
export function nameRepeatedTests(modules: readonly Module[]): void {
  const seen = new Map<string, number>();
  for (const rule of modules.flatMap(({ rules }) => rules)) {
    const { ref } = rule.head;
    const n = testLength(rule.head);
    const last = ref[n - 1];
    if (last === undefined || !nameOf(last).startsWith('test_')) continue;
    const key = formatRef([...rule.module.pkg.path, ...ref.slice(0, n)]);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    if (before === 0) continue;
    const name = `${nameOf(last)}#${String(before).padStart(2, '0')}`;
    for (const { head } of branches(rule)) {
      head.ref = [...head.ref.slice(0, n - 1), isVar(last) ? variable(name, last.loc) : scalar(name, last.loc), ...head.ref.slice(n)];
      if (n === 1 && head.name !== '') head.name = name;
    }
  }
}

/**
 * Puts a call that notes the case as early into a test with cases as the case is known, so that one whose body fails afterwards is known too.
 *
 * What the compiler made to bind the case's name moves up; what the author wrote stays where it is.
 *
 * @see OPA, v1/tester/runner.go, injectTestCaseFunc
 */
export function noteCases(rule: Rule): void {
  const n = testLength(rule.head);
  const names = n === 0 ? [] : rule.head.ref.slice(n);
  let noted = false;
  walkExprs(rule.body, (expr) => void (noted ||= operatorOf(expr) === CALL));
  if (names.length === 0 || noted) return;
  const { body } = rule;
  for (const name of names) {
    for (let i = body.length - 1; i >= 0;) {
      const expr = body[i] as Expr;
      const to = expr.generated && isEquality(expr) && isSame(operandsOf(expr)[0], name) ? placeFor(body, i) : i;
      if (to >= i) i--;
      else body.splice(to, 0, ...body.splice(i, 1));
    }
  }
  const firsts = names.map((name) => (isVar(name) ? body.findIndex((expr) => varsOf(expr).has(name.v.name)) : -1));
  const list = new Term({ t: 'array', terms: names.map((name) => new Term(name.v, name.loc)) });
  body.splice(Math.max(-1, ...firsts) + 1, 0, new Expr({ k: 'call', terms: [reference([variable('internal'), scalar('test_case')]), list] }));
}

const isSame = (a: Term | undefined, b: Term) => isVar(a) && isVar(b) && a.v.name === b.v.name;

/** Right behind the first expression by which everything is there that the one at `i` reads. */
function placeFor(body: readonly Expr[], i: number): number {
  const local = [...varsOf(operandsOf(body[i] as Expr)[1] as Term)].filter((name) => name.startsWith('__local'));
  if (local.length === 0) return 0;
  return Math.max(0, ...local.map((name) => body.slice(0, i).findIndex((expr) => varsOf(expr).has(name)))) + 1;
}
