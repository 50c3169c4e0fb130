// Catching up beside a server: in a thread of its own, a batch at a time, with pauses that leave the machine to the writer.
import { join } from 'node:path';
import type { CatchUpStepped, CatchUpWhere } from '../actions/catch-up-thread.ts';
import { LedgerError } from '../ledger/errors.ts';
import { startThread, type Thread } from '../ledger/store/thread.ts';
import type { CatchUpBounds, Standing } from '../projections/catch-up/catch-up.ts';
import type { Place } from './place.ts';

/** A batch: some hundredths of a second, where no facts are opened. */
const stepBounds: CatchUpBounds = { entries: 1024, batches: 1 };
/** How long it waits where there is nothing to take in, and after a refusal. */
const idleMs = 250;
const refusedMs = 5_000;
/** Of the time that a batch took: while the log grows a fifth of a core is taken at most, else half of one. */
const pauses = { growing: 4, still: 1 };
const pauseMsMin = 5;
/** How long a stop waits for the batch under way; what is not committed then is folded again. */
const stopMs = 5_000;

export interface CatchingUpState {
  /** As of the last step; empty before the first. */
  readonly standings: readonly Standing[];
  /** Why nothing moves: the tables cannot be read or written. It is tried again. */
  readonly refused: { readonly code: string; readonly message: string } | null;
}

export interface CatchingUpPorts {
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /** Told of each refusal once, and of every bug. */
  readonly onRefusal: (error: unknown) => void;
}

/** Moves the cursors of a ledger's projections until it is stopped. */
export class CatchingUpBeside {
  readonly #thread: Thread;
  readonly #place: Place;
  readonly #ports: CatchingUpPorts;
  readonly #running: Promise<void>;
  #state: CatchingUpState = { standings: [], refused: null };
  #size = -1;
  #hasBegun = false;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(place: Place, ports: CatchingUpPorts) {
    this.#place = place;
    this.#ports = ports;
    const file = import.meta.url.endsWith('.ts') ? '../actions/catch-up-thread.ts' : '../actions/catch-up-thread.js';
    this.#thread = startThread(new URL(file, import.meta.url));
    this.#running = this.#run();
  }

  get state(): CatchingUpState {
    return this.#state;
  }

  /** Waits for the batch under way, a bounded time, and ends the thread. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await Promise.race([this.#running.then(() => this.#thread.call('end', null)).catch(() => {}), after(stopMs).done]);
    await this.#thread.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) await this.#wait(await this.#step());
  }

  /** A part of the step, so that a thread which cannot start is a refusal of it, and no end of the server. */
  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    const { directory, anchor } = this.#place;
    await this.#thread.call('begin', { directory, anchor, payloads: join(directory, 'payloads') } satisfies CatchUpWhere);
    this.#hasBegun = true;
  }

  /** @returns how long to wait before the next, in milliseconds */
  async #step(): Promise<number> {
    const begun = this.#ports.monotonic();
    try {
      await this.#begin();
      const { size, standings } = (await this.#thread.call('step', stepBounds)) as CatchUpStepped;
      this.#state = { standings, refused: null };
      const isGrowing = size !== this.#size;
      this.#size = size;
      // One that has stopped moves again when a later program can read the entry: this one has nothing to do for it.
      if (standings.every((one) => one.size >= one.of || one.stopped !== null || !moves(one))) return idleMs;
      return Math.max(pauseMsMin, (this.#ports.monotonic() - begun) * (isGrowing ? pauses.growing : pauses.still));
    } catch (error) {
      const { code, message } = error instanceof LedgerError ? error : { code: 'BUG', message: 'it is a bug: the server\'s own log has the details' };
      if (this.#state.refused?.code !== code || code === 'BUG') this.#ports.onRefusal(error);
      // Nothing of what stands in the tables is taken for the newest: they are behind until a step says otherwise.
      this.#state = { ...this.#state, refused: { code, message } };
      return refusedMs;
    }
  }

  async #wait(ms: number): Promise<void> {
    if (this.#stopped) return;
    const { done, cancel } = after(ms);
    this.#wake = cancel;
    await done;
  }
}

/** A projection that a newer program has taken over stays where it is. */
function moves({ serving, size }: Standing): boolean {
  return serving || size > 0;
}

function after(ms: number): { readonly done: Promise<void>; cancel(): void } {
  let cancel = () => {};
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms).unref();
    cancel = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { done, cancel };
}
