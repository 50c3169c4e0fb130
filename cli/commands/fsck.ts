// stella fsck: recompute everything from the entries, and name each place that is not what was written.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { auditReadings } from '../../actions/audit-log.ts';
import { payloadOrNull } from '../../actions/catch-up.ts';
import { secretsBack } from '../../actions/restore-sealed.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { fsck, type FsckSummary } from '../../ledger/log/fsck.ts';
import { parseVkey } from '../../ledger/note/index.ts';
import type { PayloadStore } from '../../ledger/store/payloads.ts';
import type { Fault } from '../../ledger/store/port.ts';
import { guardedQueries, openSideTables } from '../../ledger/store/side-tables.ts';
import { checkCatchUp, type CatchUpChecked } from '../../projections/catch-up/check.ts';
import type { CatchingUp } from '../../projections/catch-up/definition.ts';
import { catchingUpList } from '../../projections/catch-up/projections.ts';
import { timeline } from '../../projections/catch-up/timeline.ts';
import type { CatchUpTables } from '../../projections/catch-up/tables.ts';
import { checkTables, type TablesChecked } from '../../projections/check-tables.ts';
import type { Call, Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { copyAt } from '../copies.ts';
import { findPlace, openForReading, openPlaceAnchor, openPlacePayloads, openPlaceStore, type Place } from '../place.ts';
import { allVkeys } from '../vkeys.ts';

export const command: Command = {
  usage: '[--no-payloads]',
  takesWords: false,
  help: `Reads every entry, tile, checkpoint, memo, document and payload and recomputes what each must be. Every fault is named with its place.
Exit code 0: everything is what was written. 1: something is not. Nothing is changed or repaired.`,
  options: { 'no-payloads': { type: 'boolean', help: 'leave the payload files out' } },
  examples: [['stella fsck', 'after a crash, a move or a restore, and now and then']],

  async run(call) {
    const place = findPlace(call);
    const store = openPlaceStore(place, true);
    const anchor = openPlaceAnchor(place, true);
    const vkeys = await openForReading(place).then(allVkeys, () => []);
    const ports = { store, anchor, ...(call.flag('no-payloads') ? {} : { payloads: openPlacePayloads(place) }) };
    const checking = fsck({ ...ports, ...(vkeys.length === 0 ? {} : { keys: vkeys.map(parseVkey) }) });
    const faults: Fault[] = [];
    const fault = (found: Fault) => {
      call.out.say(`FAULT  ${found.where}: ${found.what}`);
      faults.push(found);
    };
    let summary: FsckSummary;
    let tables: TablesChecked;
    try {
      summary = await drain(checking, fault);
      tables = await drain(checkTables(store, summary.size), fault);
    } finally {
      await store.close();
      await anchor.close();
    }
    const { size, root, payloadsMissing } = summary;
    // Where entries can be read at all, whatever they say of themselves.
    if (faults.every(({ what }) => what.startsWith('AUDIT_'))) await drain(wrongReadings(place, summary, ports.payloads ?? null), fault);
    if (faults.length === 0 && ports.payloads !== undefined) await drain(secretsHere(call, place), fault);
    const behind = await checkBehind(place, summary, fault, call.flag('no-payloads') ? [timeline] : catchingUpList);
    call.out.say(`${size} entries read, root ${formatHex(root)}`);
    if (tables.size !== null) call.out.say(`${tables.documents} documents made again from ${tables.size} entries`);
    const absent = payloadsMissing === 1 ? 'one payload is' : `${payloadsMissing} payloads are`;
    if (payloadsMissing > 0) call.out.say(`${absent} not here: erased, or kept elsewhere`);
    for (const { name, size: at, documents, unchecked } of behind) {
      const made = `${documents} documents made again from ${at} entries`;
      call.out.say(`projection ${name}: ${unchecked === null ? made : `not checked, ${unchecked}`}`);
    }
    const todo = todoFor(faults);
    call.out.say(faults.length === 0 ? 'clean: everything is what was written' : `${faults.length === 1 ? 'one fault' : `${faults.length} faults`}. ${todo}`);
    call.out.answer({ size, root: formatHex(root), payloadsMissing, projected: tables, projections: behind, faults });
    return faults.length === 0 ? 'yes' : 'no';
  },
};

function todoFor(faults: readonly Fault[]): string {
  const all = (fits: (where: string) => boolean) => faults.every(({ where }) => fits(where));
  if (all((where) => isBehind(where))) return 'Build the projection anew: "stella projections --rebuild NAME"';
  if (all((where) => isBehind(where) || (where.startsWith('table ') && where.includes('_v')))) return 'Make the documents again: "stella recover --tables"';
  if (all((where) => where.startsWith('secret '))) return 'What was erased has come back from a backup: erase it again';
  return 'Bring a copy: "stella recover --from COPY"';
}

/** Secrets that were destroyed and came back with a folder: what they open is erased on record only. */
async function* secretsHere(call: Call, place: Place): AsyncGenerator<Fault, void> {
  if (!existsSync(join(place.directory, 'secrets'))) return;
  const log = await openForReading(place);
  for (const { entry, commitment } of await secretsBack(log, payloadsOf(call, place).secrets)) {
    const said = `the log says that the payload of entry ${entry} is erased, and it is here`;
    yield { where: `secret ${formatHex(commitment).slice(0, 16)}…`, what: `${said}: "stella erase ${entry} --basis …" destroys it again` };
  }
}

/** A row of a catching-up projection, or one of these as such. */
function isBehind(where: string): boolean {
  return where.startsWith('projection ') || /^table [a-z]+_v[0-9]+_/.test(where);
}

/** The projections that catch up, each against a rebuild. @param list - without payloads only those that open none can be made again */
async function checkBehind(
  place: Place, head: FsckSummary, fault: (found: Fault) => void, list: readonly CatchingUp[],
): Promise<CatchUpChecked[]> {
  const db = openSideTables<CatchUpTables>(place.directory, { readOnly: true });
  if (db === null) return [];
  const { source, close } = copyAt(place.directory, head.size);
  const payloads = openPlacePayloads(place);
  try {
    const from = { entries: (start: number, end: number) => source.entries(start, end), payload: (digest: Uint8Array) => payloadOrNull(payloads, digest) };
    // One snapshot: another process may be catching up.
    return await guardedQueries(() => db.transaction().execute((snapshot) => drain(checkCatchUp(snapshot, from, head.size, list), fault)));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    fault({ where: 'projection file', what: error.message });
    return [];
  } finally {
    await db.destroy();
    await close();
  }
}

/** Gives each fault away, and returns what the check came to. */
async function drain<T>(checking: AsyncGenerator<Fault, T>, fault: (found: Fault) => void): Promise<T> {
  for (;;) {
    const next = await checking.next();
    if (next.done === true) return next.value;
    fault(next.value);
  }
}

/** Decisions that pin other versions than the streams had, or name another tree: what an operator does who wants a waiver's end not to count. */
async function* wrongReadings(place: Place, head: FsckSummary, payloads: PayloadStore | null): AsyncGenerator<Fault, void> {
  const { source, close } = copyAt(place.directory, head.size);
  try {
    for await (const { index, code, message } of auditReadings(source.entries(0, head.size), head, payloads)) {
      yield { where: `entry ${index}`, what: `${code}: ${message}` };
    }
  } finally {
    await close();
  }
}
