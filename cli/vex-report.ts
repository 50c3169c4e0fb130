// What newly recorded VEX came to: how many of its statements match findings, and that some match nothing.
import { vexMatches } from '../actions/vex-matches.ts';
import type { LogView } from '../ledger/log/view.ts';
import { findings } from '../projections/catch-up/findings.ts';
import { openCaughtUp } from './caught-up.ts';
import type { Call } from './command.ts';
import { openDocuments, openPlacePayloads, type Place } from './place.ts';

/** Says it, and answers with `vex`; nothing where the findings cannot be told. @param entries - the `vex.stated` ones */
export async function reportVex(call: Call, place: Place, log: LogView, entries: readonly number[]): Promise<void> {
  const { documents, close } = await openDocuments(place, log);
  const opened = await openCaughtUp(call, place, log, [findings]);
  try {
    const found = opened === null ? null : await vexMatches({ db: opened.db, log, documents, payloads: openPlacePayloads(place) }, call.now(), entries);
    if (found === null || found.size < log.published.size) return;
    const unmatched = found.statements.filter(({ matched }) => matched === 0);
    const all = found.statements.length;
    if (unmatched.length > 0) {
      const which = entries.length === 1 ? ` --entry ${entries[0]}` : '';
      call.out.say(`${unmatched.length} of ${all} statements match no finding of any scan so far: "stella vex list --unmatched${which}" tells why`);
    }
    const overtaken = found.statements.filter(({ isOvertaken }) => isOvertaken).length;
    if (overtaken > 0) {
      call.out.warn(`${overtaken} of ${all} statements count for nothing: their author states something newer, for it is the time they say that counts`);
    }
    call.out.answer({ vex: { statements: all, matched: all - unmatched.length, unmatched: unmatched.length, overtaken } });
  } finally {
    await opened?.close();
    await close();
  }
}
