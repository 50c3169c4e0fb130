// What a policy's author did wrong: OPA's code, text and place; and how an evaluation ends early.
import { compareLocations, type Location } from './ast.ts';

export type PolicyErrorCode = 'rego_parse_error' | 'rego_compile_error' | 'rego_type_error' | 'rego_unsafe_var_error' | 'rego_recursion_error';

export interface PolicyError {
  readonly code: PolicyErrorCode;
  readonly message: string;
  readonly location: Location | null;
}

/** Every error of one compilation, sorted by place. */
export class PolicyErrors extends Error {
  override readonly name = 'PolicyErrors';
  readonly errors: readonly PolicyError[];

  constructor(errors: readonly PolicyError[]) {
    super(errors.map(formatPolicyError).join('\n'));
    this.errors = errors;
  }
}

export function formatPolicyError({ code, message, location }: PolicyError): string {
  return `${location === null ? '' : `${location.source.file}:${location.row}:${location.col}: `}${code}: ${message}`;
}

export function sortErrors(errors: readonly PolicyError[]): PolicyError[] {
  return errors.toSorted((a, b) => compareLocations(a.location, b.location) || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0));
}

export type EvaluationCode = 'eval_conflict_error' | 'eval_type_error' | 'eval_builtin_error' | 'eval_with_merge_error' | 'eval_internal_error'
  | 'eval_limit_error' | 'eval_memory_error';

/** An evaluation that ends without a result: a conflict, a limit, or a built-in that failed under strict errors. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
  readonly code: EvaluationCode;
  readonly location: Location | null;

  constructor(code: EvaluationCode, message: string, location: Location | null) {
    super(message);
    this.code = code;
    this.location = location;
  }
}

/** Whether an evaluation is over, wherever it was: it came to a bound, and must not go on elsewhere. */
export function endsAll({ code }: EvaluationError): boolean {
  return code === 'eval_limit_error' || code === 'eval_memory_error';
}
