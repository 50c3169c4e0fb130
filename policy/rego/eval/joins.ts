// Joins: a loop over a collection whose elements a later test picks by equality asks an index instead of looking at all.
import type { Expr } from '../ast.ts';
import type { BodyCompiler } from './bodies.ts';
import type { Step } from './machine.ts';
import type { Scope } from './scope.ts';

/** @returns how to compile the loop at `i` with an index, or null where no test after it allows one */
export function joinStep(_body: readonly Expr[], _i: number, _scope: Scope, _bodies: BodyCompiler): ((next: () => Step) => Step) | null {
  return null;
}
