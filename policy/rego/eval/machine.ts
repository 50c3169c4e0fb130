// One evaluation: documents, caches, what `with` replaced, counters with their limits, and what is recorded for explanation.
import type { Builtin, Context } from '../../builtins/builtin.ts';
import type { Location } from '../ast.ts';
import { EvaluationError } from '../errors.ts';
import { charge, ENTRY_CELLS, isMetered, OBJECT_CELLS, SET_CELLS, textCells, unmetered } from '../meter.ts';
import { ObjectBuilder, RegoObject, type Value } from '../value.ts';
import type { RuleGroup } from './groups.ts';
import type { DocumentNode } from './documents.ts';
import type { Indexes } from './joins.ts';
import { Memo, type Texts } from './memo.ts';

/** Slots of one rule invocation. */
export type Slots = (Value | undefined)[];

/** One step of a body: goes on by calling the next; true ends the search. */
export type Step = (m: Machine, r: Slots) => boolean;
export type Get = (m: Machine, r: Slots) => Value | undefined;
/** What is done with each value of a ref. */
export type Then = (m: Machine, r: Slots, value: Value) => boolean;

/** What a function is replaced by: a value, or another function. */
export type Mock = { readonly value: Value } | { readonly call: (m: Machine, args: readonly Value[], at: Location | null) => Value | undefined };

export interface Limits {
  /** Iterations, calls and elements looked at, all together. */
  readonly steps: number;
  /** Bytes that built-ins may produce, all together. */
  readonly outputBytes: number;
  /** Rules and functions open inside one another. */
  readonly depth: number;
}

export interface Printed {
  readonly text: string;
  readonly location: Location | null;
}

/** What `with` changes, swapped as a whole. */
interface Scope {
  input: Value | undefined;
  data: Value;
  /** Documents that `with` replaced: rules there and below do not count. */
  hidden: ReadonlySet<DocumentNode> | null;
  mocks: ReadonlyMap<string, Mock> | null;
  values: Map<RuleGroup, unknown>;
  /** Loop-invariant values computed so far belong to one scope. */
  epoch: number;
}

/** What built-ins keep for a policy's lifetime: by family and key, with what it takes and whose count it was last in. */
export type Cache = Map<string, Map<string, { readonly made: unknown; readonly cells: number; by: object | null }>>;

const CACHED_CELLS = 8;
/** What a family keeps from one evaluation to the next. */
const cachedMax = 1_000;
const cachedCellsMax = 1_000_000;

export class Machine implements Context {
  input: Value | undefined;
  data: Value;
  hidden: ReadonlySet<DocumentNode> | null = null;
  mocks: ReadonlyMap<string, Mock> | null = null;
  /** Values of rules and functions, computed once for each scope. */
  values = new Map<RuleGroup, unknown>();
  epoch = 0;
  #epochs = 0;
  steps = 0;
  /** Made in all, once the evaluation is over (meter.ts). */
  cells = 0;
  #bytes = 0;
  depth = 0;
  readonly clock: bigint;
  readonly limits: Limits;
  readonly strict: boolean;
  /** What another semantics does otherwise, by function; null under the current one. */
  readonly differences: ReadonlyMap<string, Builtin['run']> | null;
  /** Whether short functions (short.ts) are asked about a text anew. */
  readonly asksShort: boolean;
  /** Of this evaluation alone: what it counts as steps must not hang on what was evaluated before it. */
  readonly indexes: Indexes = new Map();
  /** Marks what this evaluation remembers, and holds nothing of it. */
  readonly #evaluation = {};
  readonly #memos: Memo[] = [];
  readonly fired = new Map<number, Slots>();
  readonly printed: Printed[] = [];
  /** Expressions that were evaluated, in a traced program. */
  readonly visited = new Set<Location>();
  /** Cases of tests that began, by the keys after the test's name. */
  readonly cases: (readonly Value[])[] = [];
  readonly #cache: Cache;

  constructor(options: {
    input: Value | undefined; data: Value; clock: bigint; limits: Limits; strict: boolean; cache: Cache;
    differences: ReadonlyMap<string, Builtin['run']>; asksShort: boolean;
  }) {
    this.differences = options.differences.size === 0 ? null : options.differences;
    this.asksShort = options.asksShort;
    this.input = options.input;
    this.data = options.data;
    this.clock = options.clock;
    this.limits = options.limits;
    this.strict = options.strict;
    this.#cache = options.cache;
  }

  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > this.limits.steps) throw new EvaluationError('eval_limit_error', `more than ${this.limits.steps} steps`, null);
  }

  spendBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.limits.outputBytes) {
      throw new EvaluationError('eval_limit_error', `more than ${this.limits.outputBytes} bytes of output`, null);
    }
  }

  enter(): void {
    if (++this.depth > this.limits.depth) {
      throw new EvaluationError('eval_limit_error', `more than ${this.limits.depth} rules inside one another`, null);
    }
  }

  /** What a function answers in the scope that begins to ask it. */
  memo(texts: Texts): Memo {
    charge(SET_CELLS);
    const memo = new Memo(this.#evaluation, texts);
    this.#memos.push(memo);
    return memo;
  }

  /** After the last answer. */
  end(): void {
    for (const memo of this.#memos) memo.forget();
    for (const entries of this.#cache.values()) {
      let cells = 0;
      for (const entry of entries.values()) cells += entry.cells;
      if (entries.size >= cachedMax || cells > cachedCellsMax) entries.clear();
    }
  }

  cache<T>(family: string, key: string, make: () => T, cellsOf: (made: T) => number): T {
    let entries = this.#cache.get(family);
    if (entries === undefined) this.#cache.set(family, (entries = new Map()));
    let entry = entries.get(key);
    if (entry === undefined) {
      // A policy that makes patterns from data must not grow without bound. Where there is another bound, what one evaluation made
      // goes before the next: how many are left from before must not show.
      if (!isMetered() && entries.size >= cachedMax) entries.clear();
      const made = unmetered(make);
      entries.set(key, (entry = { made, cells: CACHED_CELLS + textCells(key.length) + cellsOf(made), by: null }));
    }
    if (entry.by !== this.#evaluation) {
      entry.by = this.#evaluation;
      charge(entry.cells);
    }
    return entry.made as T;
  }

  scope(): Scope {
    const { input, data, hidden, mocks, values, epoch } = this;
    return { input, data, hidden, mocks, values, epoch };
  }

  restore(scope: Scope): void {
    this.input = scope.input;
    this.data = scope.data;
    this.hidden = scope.hidden;
    this.mocks = scope.mocks;
    this.values = scope.values;
    this.epoch = scope.epoch;
  }

  newEpoch(): number {
    return ++this.#epochs;
  }
}

/** A document with a value put at a path; what is no object on the way gives way. */
export function patched(document: Value | undefined, path: readonly Value[], value: Value): Value {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const builder = new ObjectBuilder();
  const object = document instanceof RegoObject ? document : null;
  charge(OBJECT_CELLS + ENTRY_CELLS * ((object?.size ?? 0) + 1));
  if (object !== null) for (const [k, v] of object) builder.set(k, v);
  return builder.set(key, patched(object?.get(key), rest, value)).build();
}
