// Evidence that counts no more, wherever a command shows what it would otherwise count for.
import { supersededAbout, supersededAt, type SupersededEvidence } from '../actions/supersede.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { LogView } from '../ledger/log/view.ts';
import { DocumentReader, type DocumentQueries } from '../projections/reader.ts';
import type { Call } from './command.ts';
import { openDocuments, type Place } from './place.ts';

/** Lines of one answer. */
const shownMax = 10;

/** Says what a decision on the first `size` entries did not read, for it was superseded, and answers with `superseded`. */
export async function sayPassedOver(
  call: Call, { log, queries }: { readonly log: LogView; readonly queries: DocumentQueries }, artifact: Uint8Array, size: number,
): Promise<void> {
  const found = await supersededAbout(new DocumentReader(size, log, queries), artifact);
  for (const { entry, type, superseded } of found.slice(0, shownMax)) call.out.say(`  not counted: entry ${entry}, ${type}, ${wordsOf(superseded)}`);
  if (found.length > shownMax) call.out.say(`  … and ${found.length - shownMax} more that were superseded`);
  call.out.answer({ superseded: found.map(({ entry, type, superseded }) => ({ entry, type, ...memberOf(superseded) })) });
}

/** The mark of one entry's evidence, in words and for JSON; null where it counts, or is none. */
export async function markOf(call: Call, place: Place, log: LogView, entry: number): Promise<{ words: string; member: object } | null> {
  const { documents, close } = await openDocuments(place, log);
  try {
    const mark = await supersededAt({ log, documents }, entry);
    return mark === null ? null : { words: wordsOf(mark), member: memberOf(mark) };
  } catch (error) {
    // An entry is shown whether or not this release can tell what became of it.
    if (!(error instanceof LedgerError)) throw error;
    call.out.warn(`whether entry ${entry} still counts is not known: ${error.message}`);
    return null;
  } finally {
    await close();
  }
}

type Mark = SupersededEvidence['superseded'];

function wordsOf({ entry, reason, by }: Mark): string {
  return `superseded by entry ${entry}: ${reason}${by === undefined ? '' : `, entry ${by} in its place`}`;
}

/** `entry` stays the evidence's own; `by` is what says so, `successor` what takes its place. */
function memberOf({ entry, reason, by }: Mark): { by: number; reason: string; successor?: number } {
  return { by: entry, reason, ...(by === undefined ? {} : { successor: by }) };
}
