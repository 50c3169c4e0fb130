// Catching up beside a server: in a thread of its own, a batch at a time, with pauses that leave the machine to the writer.
import { join } from 'node:path';
import type { CatchUpStepped, CatchUpWhere } from '../actions/catch-up-thread.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { startThread, type Thread } from '../ledger/store/thread.ts';
import type { CatchUpBounds, Standing } from '../projections/catch-up/catch-up.ts';
import type { Place } from './place.ts';

/** A batch: some hundredths of a second, where no facts are opened. */
const stepBounds: CatchUpBounds = { entries: 1024, batches: 1 };
/** How long it waits where there is nothing to take in, and after a refusal. */
const idleMs = 250;
const refusedMs = 5_000;
/** A thread that died is started again after a pause that doubles from one death to the next, until it has taken something in. */
const diedMs = { first: 5_000, most: 300_000 };
/** So often it may die in between: what kills it every time, more memory or a later program has to take in. */
const deathsMax = 8;
/** Of the time that a batch took: while the log grows a fifth of a core is taken at most, else half of one. */
const pauses = { growing: 4, still: 1 };
const pauseMsMin = 5;
/** How long a stop waits for the batch under way; what is not committed then is folded again. */
const stopMs = 5_000;

export interface CatchingUpState {
  /** As of the last step; empty before the first. */
  readonly standings: readonly Standing[];
  /** Why nothing moves: the tables cannot be read or written, or the thread died. It is tried again, save after PROJECTION_STOPPED. */
  readonly refused: { readonly code: string; readonly message: string } | null;
}

export interface CatchingUpPorts {
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /** Told of each refusal once, and of every bug and death. */
  readonly onRefusal: (error: unknown) => void;
  /** Starts the thread; that of this release when left out. */
  readonly start?: () => Thread;
  /** A pause that can be cut short; the machine's when left out. @param ms - milliseconds */
  readonly after?: (ms: number) => Pause;
}

export interface Pause {
  readonly done: Promise<void>;
  cancel(): void;
}

/** Moves the cursors of a ledger's projections until it is stopped. */
export class CatchingUpBeside {
  readonly #place: Place;
  readonly #ports: CatchingUpPorts;
  readonly #running: Promise<void>;
  #state: CatchingUpState = { standings: [], refused: null };
  #thread: Thread | null = null;
  #size = -1;
  /** Deaths since it last took something in, and how far it had come then. */
  #deaths = 0;
  #reached = 0;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(place: Place, ports: CatchingUpPorts) {
    this.#place = place;
    this.#ports = ports;
    this.#running = this.#run();
  }

  get state(): CatchingUpState {
    return this.#state;
  }

  /** Waits for the batch under way, a bounded time, and ends the thread. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await Promise.race([this.#running.then(() => this.#thread?.call('end', null)).catch(() => {}), after(stopMs).done]);
    await this.#thread?.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped && this.#deaths < deathsMax) await this.#wait(await this.#step());
  }

  /** A part of the step, so that a thread which cannot start is a refusal of it, and no end of the server. */
  async #begin(): Promise<Thread> {
    if (this.#thread !== null) return this.#thread;
    const { directory, anchor } = this.#place;
    this.#thread = (this.#ports.start ?? startCatchUp)();
    await this.#thread.call('begin', { directory, anchor, payloads: join(directory, 'payloads') } satisfies CatchUpWhere);
    return this.#thread;
  }

  /** @returns how long to wait before the next, in milliseconds */
  async #step(): Promise<number> {
    const begun = this.#ports.monotonic();
    try {
      const thread = await this.#begin();
      const { size, standings } = (await thread.call('step', stepBounds)) as CatchUpStepped;
      this.#state = { standings, refused: null };
      const reached = standings.reduce((sum, one) => sum + one.size, 0);
      const rests = standings.every((one) => one.size >= one.of || one.stopped !== null || !moves(one));
      if (reached > this.#reached || rests) this.#deaths = 0;
      this.#reached = reached;
      const isGrowing = size !== this.#size;
      this.#size = size;
      // One that has stopped moves again when a later program can read the entry: this one has nothing to do for it.
      if (rests) return idleMs;
      return Math.max(pauseMsMin, (this.#ports.monotonic() - begun) * (isGrowing ? pauses.growing : pauses.still));
    } catch (error) {
      if (this.#thread?.isDead === true) return this.#died(this.#thread, error);
      const { code, message } = error instanceof LedgerError ? error : { code: 'BUG', message: 'it is a bug: the server\'s own log has the details' };
      if (this.#state.refused?.code !== code || code === 'BUG') this.#ports.onRefusal(error);
      // Nothing of what stands in the tables is taken for the newest: they are behind until a step says otherwise.
      this.#state = { ...this.#state, refused: { code, message } };
      return refusedMs;
    }
  }

  /** A server goes on without: what it has taken in stands, and how far that is the cursors say. */
  async #died(thread: Thread, error: unknown): Promise<number> {
    this.#deaths += 1;
    this.#thread = null;
    this.#ports.onRefusal(error);
    await thread.close();
    const why = error instanceof Error ? clip(error.message) : 'nobody knows of what';
    if (this.#deaths < deathsMax) {
      this.#state = { ...this.#state, refused: { code: 'STORE_FAILED', message: `Cannot catch up: the thread died, and is started again: ${why}` } };
      return Math.min(diedMs.most, diedMs.first * 2 ** (this.#deaths - 1));
    }
    const refusal = new LedgerError('PROJECTION_STOPPED', `Cannot catch up until the server starts again: the thread died ${deathsMax} times, ${why}`);
    this.#ports.onRefusal(refusal);
    this.#state = { ...this.#state, refused: { code: refusal.code, message: refusal.message } };
    return 0;
  }

  async #wait(ms: number): Promise<void> {
    if (this.#stopped) return;
    const { done, cancel } = (this.#ports.after ?? after)(ms);
    this.#wake = cancel;
    await done;
  }
}

/** A projection that a newer program has taken over stays where it is. */
function moves({ serving, size }: Standing): boolean {
  return serving || size > 0;
}

function startCatchUp(): Thread {
  const file = import.meta.url.endsWith('.ts') ? '../actions/catch-up-thread.ts' : '../actions/catch-up-thread.js';
  return startThread(new URL(file, import.meta.url));
}

function after(ms: number): Pause {
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
