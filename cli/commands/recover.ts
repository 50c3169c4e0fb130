// stella recover: bring back what the anchor says was signed and the database lacks.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentBytesMax } from '../../actions/record-evidence.ts';
import { restoreSealed, type RestoredSealed } from '../../actions/restore-sealed.ts';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { adoptHead, recover, recoverAnchor } from '../../ledger/log/recover.ts';
import { parseVkey } from '../../ledger/note/index.ts';
import { openPayloads, type PayloadStore } from '../../ledger/store/payloads.ts';
import type { Store } from '../../ledger/store/port.ts';
import { openSecrets } from '../../ledger/store/secrets.ts';
import { LiveProjector } from '../../projections/tables.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { copyAt } from '../copies.ts';
import {
  findPlace, knownPepper, openForReading, openPlaceAnchor, openPlacePayloads, openPlaceSecrets, openPlaceStore, type Place,
} from '../place.ts';
import { allVkeys } from '../vkeys.ts';

export const command: Command = {
  usage: '--from COPY [--secrets DIR] | --checkpoint FILE [--key VKEY] | --tables',
  takesWords: false,
  help: `Imports missing entries from any copy: a ledger directory, or the address of a server of its tiles. The copy need not be trusted:
it is read once, and nothing is stored unless its entries lead to the signed root. A directory's payload files come along; secrets of sealed
payloads do not, for they are never in a backup of data: --secrets names where they are kept.
When the anchor itself is lost, --checkpoint gives the newest signed head that somebody outside has kept (a mirror, a witness, a
receipt): a new anchor is made of it. Whatever was signed after that head is then unknown here, so bring the newest there is.
The tables of documents are made again from the entries after an import, and with --tables alone.`,
  options: {
    from: { type: 'string', takes: 'COPY', help: 'a ledger directory, or http(s)://… of its tiles' },
    checkpoint: { type: 'string', takes: 'FILE', help: 'the newest signed head known outside, when the anchor is lost' },
    secrets: { type: 'string', takes: 'DIR', help: 'a backup of the secrets of sealed payloads; of those that were erased since none comes back' },
    tables: { type: 'boolean', help: 'make the tables of documents again from the entries' },
    key: { type: 'string', takes: 'VKEY', help: 'the log\'s key, where the database cannot say it' },
  },
  examples: [
    ['stella recover --from /backup/ledger', 'after an old backup was restored'],
    ['stella recover --from /backup/ledger --secrets /vault/secrets', 'and sealed documents can be opened again'],
    ['stella recover --tables', 'after "stella fsck" named a row that is not what the entries give'],
    ['stella recover --checkpoint newest.checkpoint', 'the anchor\'s disk is gone'],
  ],

  async run(call) {
    const [from, file] = [call.value('from'), call.value('checkpoint')];
    if (from === undefined && file === undefined && !call.flag('tables')) {
      throw new UsageError('give --from COPY, or --checkpoint FILE when the anchor is lost, or --tables');
    }
    const place = findPlace(call);
    const ports = { store: openPlaceStore(place), anchor: openPlaceAnchor(place), random: (count: number) => call.random(count) };
    try {
      if (file !== undefined) {
        const keys = (await keysOf(call, place)).map(parseVkey);
        const checkpoint = decodeUtf8(new Uint8Array(readFileSync(file)));
        const make = (await ports.store.head()) === null ? adoptHead : recoverAnchor;
        const { size } = await make(ports, checkpoint, keys);
        call.out.say(`a new anchor names the head of size ${size}`);
        call.out.answer({ anchored: size });
      }
      if (from !== undefined) {
        const { before, size } = await recover(ports, copyAt(from, (await ports.anchor.read())?.size ?? 0).source);
        const back = size - before === 1 ? `entry ${before} is back` : `entries ${before} to ${size - 1} are back`;
        call.out.say(before === size ? `nothing was missing: ${size} entries` : `${back}, under the signed root`);
        const payloads = await copyPayloads(from, openPlacePayloads(place));
        if (payloads > 0) call.out.say(payloads === 1 ? 'one payload file copied' : `${payloads} payload files copied`);
        call.out.answer({ before, size, payloads, sealed: await restore(call, place, ports.store, from) });
      }
      if (from !== undefined || call.flag('tables')) {
        const head = await ports.store.head();
        const size = head === null ? 0 : head.start + head.count;
        await new LiveProjector(ports.store).rebuild({ epoch: await ports.store.epoch(), size });
        if (call.flag('tables')) call.out.say(`the tables of documents are made again from ${size} entries`);
        call.out.answer({ projected: size });
      }
    } finally {
      await ports.store.close();
      await ports.anchor.close();
    }
    return 'yes';
  },
};

/** What stands beside the log for sealed payloads: where they lie, their secrets, and how they are recognised. */
async function restore(call: Call, place: Place, store: Store, from: string): Promise<RestoredSealed> {
  const [folder, given] = [join(from, 'payloads'), call.value('secrets')];
  if (given !== undefined && !existsSync(given)) throw new UsageError(`"${given}" is no directory`);
  const ports = { log: await openForReading(place), store, payloads: openPlacePayloads(place), secrets: openPlaceSecrets(place), pepper: knownPepper(place) };
  const hasFolder = !/^https?:/.test(from) && existsSync(folder);
  const copy = { payloads: hasFolder ? openPayloads(folder) : null, secrets: given === undefined ? null : openSecrets(given) };
  const restored = await restoreSealed(ports, copy);
  const { named, secrets, erased, marks } = restored;
  if (named + secrets + marks > 0) call.out.say(`sealed: ${named} found again, ${secrets} secrets, ${marks} recognised again`);
  if (erased > 0) call.out.warn(`${erased} secrets are of payloads that were erased: they were left out, and belong out of that backup`);
  return restored;
}

/** Payloads that the copy has and this ledger lacks; each is checked against its digest while it is read. */
async function copyPayloads(from: string, into: PayloadStore): Promise<number> {
  const folder = join(from, 'payloads');
  if (/^https?:/.test(from) || !existsSync(folder)) return 0;
  const copy = openPayloads(folder);
  let copied = 0;
  for await (const digest of copy.list()) {
    if (await into.has(digest)) continue;
    await into.put(copy.get(digest), documentBytesMax);
    copied += 1;
  }
  return copied;
}

async function keysOf(call: Call, place: Place): Promise<string[]> {
  const key = call.value('key');
  return key === undefined ? allVkeys(await openForReading(place)) : [key];
}
