// Queries: every answer of a body, as the values of its variables.
import { type Expr, isWildcard } from '../ast.ts';
import { varsOf } from '../compile/visit.ts';
import type { Value } from '../value.ts';
import { BodyCompiler } from './bodies.ts';
import type { Machine } from './machine.ts';
import type { Program } from './program.ts';
import { Layout, Scope } from './scope.ts';

export interface Query {
  readonly variables: readonly string[];
  answers(m: Machine): ReadonlyMap<string, Value>[];
}

export function planQuery(body: readonly Expr[], program: Program): Query {
  const layout = new Layout();
  const scope = new Scope(layout);
  const names = [...varsOf(body, { skipCallHead: true, skipClosures: true })]
    .filter((name) => !isWildcard(name) && !name.startsWith('__local') && name !== 'input' && name !== 'data');
  let found: ReadonlyMap<string, Value>[] = [];
  const step = new BodyCompiler(program).body(body, scope, () => {
    const slots = names.map((name) => [name, layout.slot(name)] as const);
    return (_, r) => {
      found.push(new Map(slots.flatMap(([name, slot]) => (r[slot] === undefined ? [] : [[name, r[slot]]]))));
      return false;
    };
  });
  return {
    variables: names,
    answers: (m) => {
      found = [];
      step(m, layout.slots());
      return found;
    },
  };
}
