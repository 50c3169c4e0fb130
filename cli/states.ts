// States as options and arguments name them, found in a log.
import { decodeEnvelope, kindOf } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import { parseRange, parseState, resolveState, type State, type StateLog } from '../projections/states.ts';

/** @param text - `@`, `@~10`, `@1234`, `@2026-10-01` @throws {LedgerError} INPUT_MALFORMED, STATE_UNKNOWN */
export async function findState(text: string, log: LogView): Promise<State> {
  return resolveState(parseState(text), await stateLogOf(log));
}

/** @param text - `A..B` @throws {LedgerError} as `findState` */
export async function findRange(text: string, log: LogView): Promise<readonly [State, State]> {
  const [from, to] = parseRange(text);
  const states = await stateLogOf(log);
  return [await resolveState(from, states), await resolveState(to, states)];
}

/** A line that says which of the four times is which. */
export function describeState({ size, recorded, effective }: State): string {
  const time = (at: number | null) => (at === null ? 'no time' : new Date(at).toISOString());
  return `size ${size}, recorded ${time(recorded)}, effective ${time(effective)}`;
}

export function stateMembers({ size, recorded, effective }: State): Record<string, unknown> {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return { size, recorded: time(recorded), effective: time(effective) };
}

async function stateLogOf(log: LogView): Promise<StateLog> {
  const { size } = log.published;
  return {
    size,
    isRaw: (await log.readControl()).genesis.kinds.includes('raw'),
    async timeOf(index) {
      // A Rekor body has no time of its own: its event stands behind it, in the same batch.
      for (let at = index; ; at++) {
        const entry = await log.entry(at);
        if (kindOf(entry) === 'event') return decodeEnvelope(entry).at;
      }
    },
    async epochs() {
      const epochs = [];
      for await (const { index, event } of log.stream('ledger')) if (event.type === 'ledger.clock_set') epochs.unshift(index);
      return [0, ...epochs];
    },
  };
}
