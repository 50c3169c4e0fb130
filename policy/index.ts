// The door ./policy: Rego compiled and evaluated, deterministically, with every decision explained.
import { LedgerError } from '../ledger/errors.ts';
import { formatRef, isGroundRef, type Location, operatorOf, plainRef, type Rule, type Term } from './rego/ast.ts';
import { nodesOf } from './rego/compile/calls.ts';
import { compileModules, compileQuery } from './rego/compile/compile.ts';
import { testLength } from './rego/compile/tests.ts';
import { walkExprs } from './rego/compile/visit.ts';
import { EvaluationError, type EvaluationCode, type PolicyError, PolicyErrors } from './rego/errors.ts';
import { type Cache, type Limits, Machine } from './rego/eval/machine.ts';
import { Program } from './rego/eval/program.ts';
import { planQuery, type Query } from './rego/eval/query.ts';
import { isMetered, metered, unmetered } from './rego/meter.ts';
import { rulePath, ruleRef } from './rego/annotations.ts';
import { parseModule, parseQuery } from './rego/parser.ts';
import { compareStrings, EMPTY_OBJECT, type Value } from './rego/value.ts';
import { chargeTree } from './builtins/room.ts';
import { type EngineRules, rulesOf, SEMANTICS } from './semantics.ts';
import { type PolicyWarning, warningsOf } from './warnings.ts';

export { type Bundle, digestsOf, joinBundles, type PolicyDigests, readBundle, readDocument } from './bundle.ts';
export { capabilitiesDigest } from './capabilities.ts';
export { EvaluationError, formatPolicyError, PolicyErrors, type EvaluationCode, type PolicyError, type PolicyErrorCode } from './rego/errors.ts';
export { formatModule } from './rego/format.ts';
export { formatJson, fromPlain, parseJson, toPlain } from './rego/json.ts';
export { Layouts } from './rego/layout.ts';
export { formatTerm } from './rego/term.ts';
export { isArray, RegoObject, RegoSet, type Value } from './rego/value.ts';
export { encodePolicy, policyDataOf, type PublishedPolicy, readPolicy } from './published.ts';
export { knowsRegoSemantics, SEMANTICS } from './semantics.ts';
export { ARCHIVE_LIMITS, type ArchiveLimits, unpackArchive } from './tar.ts';
export { type Coverage, rowsOf } from './coverage.ts';
export { formatJunit, type TestCase, type TestReport, testPolicy } from './test-runner.ts';
export type { PolicyWarning } from './warnings.ts';
export type { Limits } from './rego/eval/machine.ts';

export interface ModuleSource {
  readonly file: string;
  readonly text: string;
}

export interface CompileOptions {
  /** The data it will be evaluated over: a rule at a place where the data has a value is an error, as in `opa eval` and bundles. */
  readonly data?: Value;
  /** 1: the language of OPA 1.x; 0: the one before, as OPA's `--v0-compatible`. */
  readonly regoVersion?: 0 | 1;
  /** Under which semantics its decisions are made; the current one when left out. */
  readonly semantics?: number;
  /** Also refuse unused imports, variables and arguments. */
  readonly strict?: boolean;
  /** For `evaluateTest`: tests of one name are told apart, cases that begin and expressions that are evaluated are noted. */
  readonly tests?: boolean;
}

export interface EvaluateOptions {
  /** Left out: `input` is undefined. */
  readonly input?: Value;
  readonly data?: Value;
  /** Nanoseconds since 1970: the only ambient value a policy can see. */
  readonly clock: bigint;
  /** A failing built-in ends the evaluation instead of being undefined. */
  readonly strictBuiltinErrors?: boolean;
  readonly limits?: Partial<Limits>;
}

export interface RuleName {
  readonly path: string;
  readonly file: string;
  readonly row: number;
}

/** A rule that had an answer, with the values of its variables at the first. */
export interface FiredRule extends RuleName {
  readonly bindings: ReadonlyMap<string, Value>;
}

/** A rule that is a test, of a policy compiled for them. */
export interface TestRule extends RuleName {
  readonly entrypoint: string;
  readonly name: string;
  /** Its value is an object of cases. */
  readonly hasCases: boolean;
  readonly isFunction: boolean;
}

/** What evaluating a test told beside its value. */
export interface TestEvaluation extends Evaluation {
  /** Cases that began, by the keys after the test's name. */
  readonly cases: readonly (readonly Value[])[];
  /** Expressions that were evaluated, and heads of rules that had an answer. */
  readonly visited: ReadonlySet<Location>;
}

export interface Printed {
  readonly text: string;
  readonly file: string;
  readonly row: number;
}

export interface Evaluation {
  readonly defined: boolean;
  readonly value: Value | null;
  /** In the order of files and rows. */
  readonly fired: readonly FiredRule[];
  readonly printed: readonly Printed[];
  /** `cells` is what was made (spec/policy.md, "Memory"). */
  readonly stats: { readonly steps: number; readonly cells: number };
  /** Why there is no value, where the evaluation ended early. */
  readonly error: { readonly code: EvaluationCode; readonly message: string; readonly location: Location | null } | null;
}

/** What several documents came to, in one evaluation. */
export interface EvaluationOfMany extends Pick<Evaluation, 'fired' | 'printed' | 'stats' | 'error'> {
  readonly values: ReadonlyMap<string, Value>;
}

export interface Place {
  readonly file: string;
  readonly row: number;
}

export const LIMITS: Limits = { steps: 200_000_000, outputBytes: 256 * 1024 * 1024, depth: 500 };

/** What a caller may raise them to. A decision on record may name any: whoever replays one of a stranger's grants no more than this. */
export const LIMITS_MOST: Limits = { ...LIMITS, steps: 10 * LIMITS.steps };

/**
 * Compiles a policy.
 *
 * @throws {PolicyErrors} with every error, each with OPA's code, its text, file, row and column
 * @throws {LedgerError} INPUT_MALFORMED when the semantics is none this release knows
 */
export function compile(modules: readonly ModuleSource[], options: CompileOptions = {}): Policy {
  const errors: PolicyError[] = [];
  const parsed = modules.flatMap(({ file, text }) => {
    try {
      return [parseModule(file, text, options.regoVersion ?? 1)];
    } catch (cause) {
      if (!(cause instanceof PolicyErrors)) throw cause;
      errors.push(...cause.errors);
      return [];
    }
  });
  if (errors.length > 0) throw new PolicyErrors(errors);
  const compiled = compileModules(parsed, options.strict ?? false, options.data ?? null, options.tests ?? false);
  return new Policy(new Program(compiled, options.tests), options.semantics ?? SEMANTICS);
}

export class Policy {
  readonly semantics: number;
  readonly #rules: EngineRules;
  readonly #program: Program;
  readonly #queries = new Map<string, Query>();
  readonly #cache: Cache = new Map();

  constructor(program: Program, semantics: number) {
    this.#rules = rulesOf(semantics);
    this.semantics = semantics;
    this.#program = program;
  }

  /** Every rule with its package and the document it is part of, `else` branches left out, in the order of files and rows. */
  get rules(): readonly (RuleName & { readonly package: string; readonly document: string })[] {
    const all = this.#program.compiled.modules.flatMap(({ rules }) => rules);
    return all.map((rule) => ({
      path: pathOf(rule), package: formatRef(rule.module.pkg.path), document: formatRef(rulePath(rule)), file: rule.loc.source.file, row: rule.loc.row,
    })).sort(byPlace);
  }

  /** Rules named `test_…` or `todo_test_…`, in the order of files and rows. */
  get tests(): readonly TestRule[] {
    const all = this.#program.compiled.modules.flatMap(({ rules }) => rules).flatMap((rule): TestRule[] => {
      const n = testLength(rule.head);
      if (n === 0) return [];
      const ref = ruleRef(rule).slice(0, rule.module.pkg.path.length + n);
      const names = ref.slice(rule.module.pkg.path.length).map(({ v }) => String((v as { value: unknown }).value));
      const { args, key, value } = rule.head;
      return [{
        path: [formatRef(rule.module.pkg.path), ...names].join('.'), file: rule.loc.source.file, row: rule.loc.row, entrypoint: formatRef(ref),
        name: names.at(-1) as string, hasCases: key === null ? !isGroundRef(rule.head.ref) : value !== null, isFunction: args.length > 0,
      }];
    });
    return all.sort(byPlace);
  }

  /** What compiles and may still be another's answer tomorrow, in the order of files and rows. */
  get warnings(): readonly PolicyWarning[] {
    return warningsOf(this.#program.compiled.modules);
  }

  /** What METADATA blocks mark with `entrypoint: true`, rules and packages, sorted. */
  get entrypoints(): readonly string[] {
    const marked = this.#program.compiled.modules.flatMap(({ annotations }) => annotations.filter(({ fields }) => fields['entrypoint'] === true));
    const paths = marked.flatMap(({ target }) => (target === null ? [] : 'rule' in target ? [pathOf(target.rule)] : [formatRef(target.pkg.path)]));
    return [...new Set(paths)].sort(compareStrings);
  }

  /** Whether a rule gives an entrypoint, stands under it, or holds it in its value; data alone decides nothing. */
  has(entrypoint: string): boolean {
    if (!isEntrypoint(entrypoint)) return false;
    const asked = partsOf(entrypoint);
    const paths = this.#program.compiled.modules.flatMap(({ rules }) => rules.map(rulePath));
    return paths.some(([, ...path]) => path.every(({ v }, i) => i >= asked.length || (v.t === 'scalar' && v.value === asked[i])));
  }

  /** An entrypoint as `rules` name documents: `data["gate"].allow` is `data.gate.allow`. @param entrypoint - that `has` knows */
  canonical(entrypoint: string): string {
    return formatRef([dataTerm, ...partsOf(entrypoint).map((value): Term => ({ v: { t: 'scalar', value }, loc: null }))]);
  }

  /**
   * Evaluates one document, such as `data.gate.deny`.
   *
   * @returns `defined: false` where no rule gives it a value, and where an error ended the evaluation: both mean "deny"
   * @throws {LedgerError} INPUT_MALFORMED when the entrypoint is no reference into `data`
   */
  evaluate(entrypoint: string, options: EvaluateOptions): Evaluation {
    if (!isEntrypoint(entrypoint)) {
      throw new LedgerError('INPUT_MALFORMED', `Cannot evaluate "${entrypoint}": expected a reference such as data.gate.allow`);
    }
    return this.#evaluateOne(entrypoint, this.#machine(options));
  }

  /** Evaluates one of `tests`. */
  evaluateTest({ entrypoint }: TestRule, options: EvaluateOptions): TestEvaluation {
    const m = this.#machine(options);
    const evaluation = this.#evaluateOne(entrypoint, m);
    for (const id of m.fired.keys()) m.visited.add((this.#program.rules[id] as Program['rules'][number]).rule.head.loc);
    return { ...evaluation, cases: m.cases, visited: m.visited };
  }

  #evaluateOne(entrypoint: string, m: Machine): Evaluation {
    try {
      const value = this.#counted(m, () => this.#document(entrypoint, m));
      return this.#evaluation(m, value, null);
    } catch (cause) {
      const error = asEvaluationError(cause);
      return this.#evaluation(m, undefined, { code: error.code, message: error.message, location: error.location });
    } finally {
      m.end();
    }
  }

  /** One document. It will be written out, and may be far larger then than what was made. */
  #document(entrypoint: string, m: Machine): Value | undefined {
    const value = this.#answers(`${entrypoint} = result`, m)[0]?.get('result');
    if (isMetered() && value !== undefined) chargeTree(value);
    return value;
  }

  /** Runs what an evaluation does under its count. */
  #counted<T>(m: Machine, run: () => T): T {
    return metered(this.#rules, run, (cells) => void (m.cells = cells));
  }

  /**
   * Evaluates several documents in one go: what they have in common is derived once, and the limits hold for all together.
   *
   * @param entrypoints - those of `rules` too, in which there may stand more than texts (`data.gate.deny[1]`)
   * @returns the values of those that are defined; none where an error ended the evaluation
   * @throws {LedgerError} as `evaluate`
   */
  evaluateAll(entrypoints: readonly string[], options: EvaluateOptions): EvaluationOfMany {
    const wrong = entrypoints.find((entrypoint) => !isEntrypoint(entrypoint) && !this.rules.some(({ document }) => document === entrypoint));
    if (wrong !== undefined) throw new LedgerError('INPUT_MALFORMED', `Cannot evaluate "${wrong}": expected a reference such as data.gate.allow`);
    const m = this.#machine(options);
    const values = new Map<string, Value>();
    let error: Evaluation['error'] = null;
    try {
      this.#counted(m, () => {
        for (const entrypoint of entrypoints) {
          const value = this.#document(entrypoint, m);
          if (value !== undefined) values.set(entrypoint, value);
        }
      });
    } catch (cause) {
      const { code, message, location } = asEvaluationError(cause);
      error = { code, message, location };
      values.clear();
    } finally {
      m.end();
    }
    const { fired, printed, stats } = this.#evaluation(m, undefined, error);
    return { values, fired, printed, stats, error };
  }

  /** The places where rules call a built-in function, by its name: what stands under `with` is replaced, not called. */
  callsOf(name: string): readonly Place[] {
    const places: Place[] = [];
    for (const rule of this.#program.compiled.modules.flatMap(({ rules }) => rules)) {
      walkExprs(nodesOf(rule), (expr) => {
        if (operatorOf(expr) === name && !expr.with.some(({ target }) => plainRef(target) === name)) {
          places.push({ file: expr.loc?.source.file ?? '', row: expr.loc?.row ?? 0 });
        }
      });
    }
    return places;
  }

  /**
   * Every answer of a query, as the values of its variables.
   *
   * @throws {PolicyErrors} when the query does not compile; {EvaluationError} when its evaluation ends early
   */
  query(text: string, options: EvaluateOptions): ReadonlyMap<string, Value>[] {
    const m = this.#machine(options);
    try {
      return this.#counted(m, () => this.#answers(text, m));
    } catch (cause) {
      if (cause instanceof PolicyErrors) throw cause;
      throw asEvaluationError(cause);
    } finally {
      m.end();
    }
  }

  #answers(text: string, m: Machine): ReadonlyMap<string, Value>[] {
    let query = this.#queries.get(text);
    if (query === undefined) {
      query = unmetered(() => planQuery(compileQuery(parseQuery(text), this.#program.compiled), this.#program));
      // A gate asks a handful of queries for ever; a thousand is somebody's loop.
      if (this.#queries.size >= 1_000) this.#queries.clear();
      this.#queries.set(text, query);
    }
    return query.answers(m);
  }

  #machine({ input, data, clock, limits, strictBuiltinErrors }: EvaluateOptions): Machine {
    const bounds = { ...LIMITS, ...limits };
    const { differences, asksShort } = this.#rules;
    return new Machine({
      input, data: data ?? EMPTY_OBJECT, clock, limits: bounds, strict: strictBuiltinErrors ?? false, cache: this.#cache, differences, asksShort,
    });
  }

  #evaluation(m: Machine, value: Value | undefined, error: Evaluation['error']): Evaluation {
    const { rewritten } = this.#program.compiled;
    const fired = [...m.fired].map(([id, slots]): FiredRule => {
      const { rule, layout } = this.#program.rules[id] as Program['rules'][number];
      const bindings = new Map<string, Value>();
      for (const [name, slot] of layout.names) {
        const written = rewritten.get(name) ?? name;
        const bound = slots[slot];
        if (bound !== undefined && !written.startsWith('__local') && !written.startsWith('$')) bindings.set(written, bound);
      }
      return { path: pathOf(rule), file: rule.loc.source.file, row: rule.loc.row, bindings };
    });
    fired.sort(byPlace);
    const printed = m.printed.map(({ text, location }) => ({ text, file: location?.source.file ?? '', row: location?.row ?? 0 }));
    return { defined: value !== undefined, value: value ?? null, fired, printed, stats: { steps: m.steps, cells: m.cells }, error };
  }
}

const isEntrypoint = (text: string) => /^data(?:\.[A-Za-z_]\w*|\["[^"\\]*"\])*$/.test(text);

/** The names and texts of an entrypoint behind `data`. */
function partsOf(entrypoint: string): string[] {
  return [...entrypoint.matchAll(/\.(\w+)|"([^"]*)"/g)].map(([, name, text]) => name ?? (text as string));
}

const dataTerm: Term = { v: { t: 'var', name: 'data' }, loc: null };

function pathOf(rule: Rule): string {
  return formatRef(ruleRef(rule));
}

function byPlace(a: RuleName, b: RuleName): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.row - b.row;
}

/** Running out of stack is a limit as any other, met by documents and policies nested too deeply. */
function asEvaluationError(cause: unknown): EvaluationError {
  if (cause instanceof EvaluationError) return cause;
  if (cause instanceof RangeError && /call stack/.test(cause.message)) {
    return new EvaluationError('eval_limit_error', 'documents or rules nested too deeply', null);
  }
  // A map of 2^24 members, an array of 2^32, a text of 2^29, an integer of 2^30 bits: the engine's own bounds.
  if (cause instanceof RangeError && /maximum (?:BigInt )?size exceeded|Invalid (?:array|string) length/i.test(cause.message)) {
    return new EvaluationError('eval_limit_error', 'more members or characters in one value than it can hold', null);
  }
  throw cause;
}
