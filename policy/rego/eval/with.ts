// `with`: documents and functions replaced while one expression is searched, and put back for what follows it.
import { BUILTINS } from '../../builtins/registry.ts';
import { Expr, isRef, isVar, plainRef, type Term } from '../ast.ts';
import type { Value } from '../value.ts';
import type { BodyCompiler } from './bodies.ts';
import { callBuiltin } from './calls.ts';
import type { DocumentNode } from './documents.ts';
import { type Get, type Machine, type Mock, patched, type Slots, type Step } from './machine.ts';
import type { Scope } from './scope.ts';
import { compileGet } from './terms.ts';

/** One replacement, its value computed before any of the expression's replacements is in force. */
type Replacement = (m: Machine, r: Slots) => ((m: Machine) => void) | null;

export function withStep(expr: Expr, scope: Scope, bodies: BodyCompiler, next: () => Step): Step {
  const replacements = expr.with.map(({ target, value }) => replacement(target, value, scope, bodies));
  const inner = new Expr(expr.s, expr.loc);
  inner.negated = expr.negated;
  let then: Step = () => false;
  let outer: ReturnType<Machine['scope']> | null = null;
  const step = bodies.plain(inner, scope, () => (m, r) => {
    // What follows runs as if there were no `with`; looking for further answers goes on inside.
    const inside = m.scope();
    const mine = outer as ReturnType<Machine['scope']>;
    m.restore(mine);
    const stop = then(m, r);
    m.restore(inside);
    outer = mine;
    return stop;
  });
  then = next();
  return (m, r) => {
    const ready: ((m: Machine) => void)[] = [];
    for (const make of replacements) {
      const apply = make(m, r);
      if (apply === null) return false;
      ready.push(apply);
    }
    const before = m.scope();
    const previous = outer;
    outer = before;
    m.values = new Map();
    m.epoch = m.newEpoch();
    for (const apply of ready) apply(m);
    const stop = step(m, r);
    m.restore(before);
    outer = previous;
    return stop;
  };
}

function replacement(target: Term, value: Term, scope: Scope, bodies: BodyCompiler): Replacement {
  const name = plainRef(target) ?? '';
  const isFunction = BUILTINS.has(name) || (isRef(target) && bodies.program.functionAt(target.v.terms)?.kind === 'function');
  if (isFunction) {
    const other = mockFunction(value, bodies);
    const get: Get | null = other === null ? compileGet(value, scope, bodies) : null;
    return (m, r) => {
      const fixed = get?.(m, r);
      if (get !== null && fixed === undefined) return null;
      const mock: Mock = other ?? { value: fixed as Value };
      return (machine) => void (machine.mocks = new Map([...(machine.mocks ?? []), [name, mock]]));
    };
  }
  const { terms } = target.v as { terms: Term[] };
  const get = compileGet(value, scope, bodies);
  const keys = terms.slice(1).map((term) => compileGet(term, scope, bodies));
  const toInput = isVar(terms[0]) && terms[0].v.name === 'input';
  return (m, r) => {
    const given = get(m, r);
    const path = keys.map((key) => key(m, r));
    if (given === undefined || path.includes(undefined)) return null;
    const at = path as Value[];
    if (toInput) return (machine) => void (machine.input = patched(machine.input, at, given));
    return (machine) => {
      machine.data = patched(machine.data, at, given);
      let node: DocumentNode | undefined = bodies.program.root;
      for (const key of at) node = node?.child(key);
      machine.hidden = new Set([...(machine.hidden ?? []), ...(node === undefined ? [] : [node])]);
    };
  };
}

/** The function that a value names, or null where it is a value. */
function mockFunction(value: Term, bodies: BodyCompiler): Mock | null {
  const name = plainRef(value) ?? '';
  const builtin = isRef(value) ? BUILTINS.get(name) : undefined;
  if (builtin !== undefined) return { call: (m, args, at) => callBuiltin(builtin, m, args, at) };
  const group = isRef(value) ? bodies.program.functionAt(value.v.terms) : undefined;
  // A mock runs as itself: it may call what it replaces.
  return group?.kind === 'function' ? { call: (m, args, at) => group.call(m, args, at) } : null;
}
