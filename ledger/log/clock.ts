// When the clock may be believed: order is by index alone, but a jump must neither freeze time nor expire every waiver.
import { LedgerError } from '../errors.ts';

/** Wall time may drift from the monotonic clock by this much before somebody has to look. */
const driftMsMax = 5_000;
/** How far a start may be from the newest time that somebody outside stated (a witness, a time-stamping authority). */
const outsideMsMax = 24 * 3_600_000;
/** Where nobody outside ever stated one: how long a ledger may have been asleep before its clock is doubted. */
const asleepMsMax = 366 * 24 * 3_600_000;

export interface ClockPorts {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that no one can set. */
  monotonic(): number;
}

export type ClockDoubt = { readonly reason: 'drift' | 'behind' | 'outside'; readonly from: number; readonly to: number };

/** Recorded time: never decreasing within a clock epoch, and refused where the clock was moved. */
export class Clock {
  readonly #ports: ClockPorts;
  /** Recorded time of the newest entry. */
  #last: number;
  #wall: number;
  #monotonic: number;
  #doubt: ClockDoubt | null;

  /**
   * @param last - recorded time of the newest entry, 0 where there is none
   * @param outside - the newest time that a witness or authority stated, null where none did
   */
  constructor(ports: ClockPorts, last: number, outside: number | null) {
    this.#ports = ports;
    this.#last = last;
    this.#wall = ports.now();
    this.#monotonic = ports.monotonic();
    this.#doubt = doubtAtStart(this.#wall, last, outside);
  }

  /** Why the clock is not believed now, or null. `from` is the time it should have, `to` the one it has. */
  doubt(): ClockDoubt | null {
    if (this.#doubt !== null) return { ...this.#doubt, to: this.#ports.now() };
    const should = this.#wall + (this.#ports.monotonic() - this.#monotonic);
    const now = this.#ports.now();
    // Kept until accepted: a clock that jumps and comes back has been set twice.
    if (Math.abs(now - should) > driftMsMax) this.#doubt = { reason: 'drift', from: Math.round(should), to: now };
    return this.#doubt;
  }

  /** The next entry's recorded time. @throws {LedgerError} CLOCK_DOUBTED until `accept` */
  record(): number {
    const doubt = this.doubt();
    if (doubt !== null) throw refusal(doubt);
    return (this.#last = Math.max(this.#last, this.#ports.now()));
  }

  /** Believes the clock as it is: a new clock epoch begins, whose times may lie before those of the last. */
  accept(): number {
    this.#wall = this.#ports.now();
    this.#monotonic = this.#ports.monotonic();
    this.#doubt = null;
    return (this.#last = this.#wall);
  }
}

function doubtAtStart(now: number, last: number, outside: number | null): ClockDoubt | null {
  if (now < last) return { reason: 'behind', from: last, to: now };
  if (outside !== null && Math.abs(now - outside) > outsideMsMax) return { reason: 'outside', from: outside, to: now };
  if (outside === null && last > 0 && now - last > asleepMsMax) return { reason: 'outside', from: last, to: now };
  return null;
}

function refusal({ reason, from, to }: ClockDoubt): LedgerError {
  const was = { drift: 'it was set while the ledger ran', behind: 'it is behind the newest entry', outside: 'it is far from any time known from outside' };
  const message = `Cannot append: the clock says ${iso(to)}, expected about ${iso(from)} (${was[reason]})`;
  const again = reason === 'outside' ? 'let a witness sign again ("stella log witness"), ' : '';
  return new LedgerError('CLOCK_DOUBTED', message, { hint: `set the clock right and restart, ${again}or run "stella clock accept"` });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
