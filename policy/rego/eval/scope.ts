// What compiling a body knows: each variable's slot, which are bound by now, and how many loops bound them.
import { isVar, type Term } from '../ast.ts';
import { varsOf } from '../compile/visit.ts';
import type { Slots } from './machine.ts';

/** Slots of one rule. */
export class Layout {
  readonly #slots = new Map<string, number>();
  #size = 0;
  #empty: Slots = [];

  slot(name: string): number {
    let slot = this.#slots.get(name);
    if (slot === undefined) this.#slots.set(name, (slot = this.#size++));
    return slot;
  }

  /** A slot without a name, for what is remembered through a loop. */
  fresh(): number {
    return this.#size++;
  }

  get size(): number {
    return this.#size;
  }

  /** Empty slots for one invocation. */
  slots(): Slots {
    if (this.#empty.length !== this.#size) this.#empty = Array.from({ length: this.#size });
    // A copy of one without holes: half the cost of growing a new one.
    return this.#empty.slice();
  }

  get names(): IterableIterator<[string, number]> {
    return this.#slots.entries();
  }
}

export class Scope {
  readonly layout: Layout;
  /** Variable → how many loops had begun when it was bound. */
  readonly #bound: Map<string, number>;
  loops: number;
  /** For each loop begun, the slots to clear when it is entered again. */
  readonly resets: number[][];

  constructor(layout: Layout, bound: ReadonlyMap<string, number> = new Map(), loops = 0, resets: number[][] = []) {
    this.layout = layout;
    this.#bound = new Map(bound);
    this.loops = loops;
    this.resets = resets;
  }

  /** For a nested body, which sees what is bound now and binds for itself. */
  nested(): Scope {
    return new Scope(this.layout, this.#bound, this.loops, [...this.resets]);
  }

  isBound(name: string): boolean {
    return name === 'input' || name === 'data' || this.#bound.has(name);
  }

  bind(name: string): number {
    if (!this.#bound.has(name)) this.#bound.set(name, this.loops);
    return this.layout.slot(name);
  }

  slot(name: string): number {
    return this.layout.slot(name);
  }

  isGround(term: Term): boolean {
    for (const name of varsOf(term, { skipClosures: true })) if (!this.isBound(name)) return false;
    return true;
  }

  isFree(term: Term): boolean {
    return isVar(term) && !this.isBound(term.v.name);
  }

  /** How many loops a term depends on: 0 is the same in every iteration of the body. */
  depthOf(names: Iterable<string>): number {
    let depth = 0;
    for (const name of names) depth = Math.max(depth, this.#bound.get(name) ?? 0);
    return depth;
  }
}
