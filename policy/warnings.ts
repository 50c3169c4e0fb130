// What a policy's author should know although it compiles: a decision that depends on the clock, and not on its input alone.
import { BUILTINS } from './builtins/registry.ts';
import { compareLocations, type Location, type Module, operatorOf, plainRef } from './rego/ast.ts';
import { nodesOf } from './rego/compile/calls.ts';
import { walkExprs } from './rego/compile/visit.ts';

export interface PolicyWarning {
  readonly code: 'CLOCK_NOT_IN_INPUT';
  readonly message: string;
  readonly location: Location | null;
}

/** Calls that read the recorded clock, where no `with` replaces them. */
export function warningsOf(modules: readonly Module[]): PolicyWarning[] {
  const found: PolicyWarning[] = [];
  for (const rule of modules.flatMap(({ rules }) => rules)) {
    walkExprs(nodesOf(rule), (expr) => {
      const name = operatorOf(expr) ?? '';
      if (BUILTINS.get(name)?.mark !== 'clock' || expr.with.some(({ target }) => plainRef(target) === name)) return;
      const message = `${name} reads the clock: a time that the input states, such as input.effective_time, is shown and compared with the input`;
      found.push({ code: 'CLOCK_NOT_IN_INPUT', message, location: expr.loc });
    });
  }
  return found.sort((a, b) => compareLocations(a.location, b.location));
}
