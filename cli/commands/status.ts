// stella status: is this ledger able to sign, and if not, what is missing and what to do.
import { formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { statusOf } from '../../ledger/log/status.ts';
import { readCursor } from '../../projections/tables.ts';
import { openAsTold, standingMembers, standingText } from '../caught-up.ts';
import type { Command } from '../command.ts';
import { listKeys } from '../keys.ts';
import { findPlace, openForReading, openPlaceAnchor, openPlaceStore, type Place } from '../place.ts';
import { currentVkey } from '../vkeys.ts';

export const command: Command = {
  usage: '',
  takesWords: false,
  help: `Compares database and anchor as a start would, without taking or changing anything. Exit code 0: it could sign now. 4: it would
refuse, and the answer says which entries are missing and what to do.`,
  options: {},
  examples: [['stella status', 'look before and after moving or restoring a ledger']],

  async run(call) {
    const place = findPlace(call);
    call.out.say(`Ledger    ${place.origin}\n  in      ${place.directory}`);
    call.out.answer({ origin: place.origin, directory: place.directory, anchor: place.anchor });
    const store = openPlaceStore(place, true);
    const anchorStore = openPlaceAnchor(place, true);
    const { size, anchor, unsigned, refusal } = await statusOf(store, anchorStore);
    await store.close();
    await anchorStore.close();
    call.out.say(`Database  ${size} entries${unsigned > 0 && refusal === null ? `, ${unsigned} of them not signed yet: the next start signs them` : ''}`);
    const named = anchor === null ? `missing: ${place.anchor}` : `size ${anchor.size}, root ${anchor.root.slice(0, 16)}…, epoch ${anchor.epoch}`;
    call.out.say(`Anchor    ${named}`);
    call.out.answer({ stored: size, unsigned, anchored: anchor === null ? null : { size: anchor.size, root: anchor.root, epoch: anchor.epoch } });
    if (refusal !== null) {
      const { code, message, hint } = refusal;
      call.out.say(`\nREFUSES TO SIGN  ${code}\n  ${message}`);
      if (hint !== null) call.out.say(`  What to do: ${hint}`);
      call.out.answer({ able: false, refusal: { code, message, hint } });
      return 'state';
    }
    await describe(call.out.say, call.out.answer, place, call.now());
    call.out.answer({ able: true });
    return 'yes';
  },
};

async function describe(say: (line: string) => void, answer: (members: Record<string, unknown>) => void, place: Place, now: number): Promise<void> {
  const log = await openForReading(place);
  const { size, root } = log.published;
  const vkey = await currentVkey(log);
  const { key } = await log.readControl();
  const hasKey = listKeys(place).some(({ id }) => id === formatHex(key.id));
  say(`Head      size ${size}, root ${formatHex(root)}`);
  say(`Key       ${vkey}${hasKey ? '' : '  (its key file is NOT here: nothing can be signed)'}`);
  say(`Clock     ${new Date(now).toISOString()}`);
  const cursor = await documentsAt(place);
  const toCome = cursor !== null && cursor.size < size ? `, ${size - cursor.size} to come: the next start takes them in` : '';
  if (cursor !== null) say(`Documents ${cursor.size} entries taken in${toCome}`);
  const behind = await openAsTold(place, log);
  const refused = behind !== null && 'refused' in behind ? behind.refused : null;
  const standings = behind !== null && 'standings' in behind ? behind.standings : [];
  if (behind !== null && 'close' in behind) await behind.close();
  for (const standing of standings) say(`${standing === standings[0] ? 'Catching up ' : '            '} ${standingText(standing)}`);
  for (const { name, stopped } of standings) {
    if (stopped !== null) say(`              ${name} knows nothing from entry ${stopped.entry} on: ${stopped.message}`);
  }
  if (refused !== null) say(`Catching up  NOT: ${refused.message} (${refused.code})`);
  say('\nIt could sign now.');
  answer({ size, root: formatHex(root), vkey, keyFile: hasKey, documents: cursor, projections: standings.map(standingMembers), projectionsRefused: refused });
}

/** Where the tables of documents stand; null where there are none, as on a raw ledger. */
async function documentsAt(place: Place): Promise<{ readonly size: number; readonly tables: readonly string[] } | null> {
  const store = openPlaceStore(place, true);
  try {
    const cursor = await readCursor(store);
    return cursor === null ? null : { size: cursor.size, tables: cursor.tables.split(' ') };
  } catch (error) {
    // A ledger of a time before there were any.
    if (error instanceof LedgerError && error.code === 'STORE_FAILED') return null;
    throw error;
  } finally {
    await store.close();
  }
}
