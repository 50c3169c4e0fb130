// What a replay answers, in lines for people and members for programs: the same from the ledger, from a pack and from the program in it.
import { clip } from '../ledger/errors.ts';
import { waiverLine } from '../policy/gate/decision.ts';
import type { Cause, Replay } from '../policy/gate/replay.ts';
import { oneLine } from './visible.ts';

export interface ReplayReport {
  readonly lines: readonly string[];
  readonly members: Readonly<Record<string, unknown>>;
}

/** @param decision - index of its entry */
export function reportReplay(decision: number, { verdict, notes, decided }: Replay): ReplayReport {
  const { is, ...rest } = verdict;
  const waivers = decided?.shown.results.waivers ?? [];
  const lines = [...linesOf(verdict), ...waivers.map((waiver) => `  ${waiverLine(waiver)}`), ...notes.map((note) => `  note: ${note}`)];
  return { lines: lines.map(oneLine), members: { decision, verdict: is, ...rest, waivers, notes } };
}

function linesOf(verdict: Replay['verdict']): string[] {
  if (verdict.is === 'SAME') return ['SAME'];
  if (verdict.is === 'CANNOT') return [`CANNOT(${verdict.missing}): ${clip(verdict.message)}`];
  const place = verdict.pointer === null ? '' : ` at ${clip(verdict.pointer)}`;
  return [`DRIFT in ${verdict.member}${place}`, `  recorded ${verdict.recorded}`, `  replayed ${verdict.replayed}`, `  ${causeText(verdict.cause)}`];
}

/** Why something differs, in one line. */
export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case 'event':
      return `because of entry ${cause.index}, ${cause.type}, in ${cause.stream}`;
    case 'time':
      return `because time has passed: ${new Date(cause.from).toISOString()} to ${new Date(cause.to).toISOString()}`;
    case 'record':
      return `no event explains it: entry ${cause.index} itself says otherwise`;
    default:
      return cause satisfies never;
  }
}
