// What a gate may be asked: names, limits and times are checked before anything is read, for an entry would refuse them at the end.
import { LedgerError } from '../ledger/errors.ts';
import { compile } from '../ledger/events/compile.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import { entrypointName, slugName } from '../ledger/events/names.ts';
import { list, map, optional } from '../ledger/events/schema.ts';
import { timeMs } from '../ledger/events/time.ts';
import type { Log } from '../ledger/log/log.ts';
import { checkLimits, checkWeakened, LIMITS } from '../policy/gate/decide.ts';
import type { GateAsked } from './gate.ts';

/** As `decision.recorded` holds them. */
const names = compile(map({
  policy: slugName, contracts: list(slugName, 0, 32), feed: optional(slugName), entrypoints: list(entrypointName, 0, 16), effective: optional(timeMs),
}));

/** A gate is asked about what is to come a year ahead at most: what is known then, nobody knows now. */
const aheadMsMax = 366 * 86_400_000;

/**
 * @throws {LedgerError} INPUT_MALFORMED for a name, a code or a limit that no decision can hold; INPUT_TOO_LARGE for limits above the
 *   most that is granted; STATE_UNKNOWN for a time before the ledger, or more than a year ahead
 */
export async function checkAsked(log: Pick<Log, 'entry' | 'stream'>, asked: GateAsked, weakened: readonly string[], now: number): Promise<void> {
  const { policy, contracts = [], feed, entrypoints = [], effective, limits = LIMITS } = asked;
  const wrong = names.check({
    policy, contracts, entrypoints, ...(feed === undefined ? {} : { feed }), ...(effective === undefined ? {} : { effective }),
  });
  if (wrong !== null) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot ask a gate: ${wrong.replace(/^\./, '')}`, {
      hint: 'names are lower-case letters, digits and . _ / -; an entrypoint is a reference such as data.gate.allow',
    });
  }
  checkWeakened(weakened);
  checkLimits(limits);
  if (effective !== undefined) await checkTime(log, effective, now);
}

async function checkTime(log: Pick<Log, 'entry' | 'stream'>, effective: number, now: number): Promise<void> {
  const refuse = (why: string) => new LedgerError('STATE_UNKNOWN', `Cannot decide as of ${new Date(effective).toISOString()}: ${why}`);
  if (effective > now + aheadMsMax) throw refuse(`it is more than a year ahead, expected at most ${new Date(now + aheadMsMax).toISOString()}`);
  let begins = decodeEvent(await log.entry(0)).at;
  if (effective >= begins) return;
  // A ledger may have begun under a clock that ran ahead, and was set back since.
  for await (const { event } of log.stream('ledger')) if (event.type === 'ledger.clock_set') begins = Math.min(begins, event.at);
  if (effective < begins) throw refuse(`the ledger begins at ${new Date(begins).toISOString()}`);
}
