// stella add: put files on record.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { storeDocuments } from '../../actions/store-document.ts';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { Digest } from '../../ledger/events/index.ts';
import { UsageError, type Command } from '../command.ts';
import { mediaTypeOf } from '../media.ts';
import { findPlace, localActor, openForWriting, openPlacePayloads, pepperOf } from '../place.ts';
import { receiptJson } from '../receipt.ts';

export const command: Command = {
  usage: '[OPTIONS] FILE…',
  help: `Stores each file as it is and appends one event that names it by its SHA-256. Nothing of the file enters the log itself.
When the command returns, the entries are durable, anchored, and under a signed checkpoint. The same file about the same
subjects is recognised: its original place comes back.`,
  options: {
    subject: { type: 'string', multiple: true, takes: 'sha256:HEX', help: 'the artifact that the files are about; may be repeated (else each is its own)' },
    key: { type: 'string', takes: 'TEXT', help: 'idempotency key: the same call with the same key is done once' },
    receipts: { type: 'boolean', help: 'with --json: a whole receipt for each file' },
  },
  examples: [
    ['stella add sbom.cdx.json', 'one file, its own subject'],
    ['stella add --subject sha256:4f2c…9a scan.sarif notes.txt', 'two files about one artifact'],
  ],

  async run(call) {
    if (call.positionals.length === 0) throw new UsageError('name at least one file');
    const subjects = call.values('subject').map(parseSubject);
    // Before the ledger is opened and anything is stored: a missing file must not leave half of the call behind.
    for (const file of call.positionals) {
      if (!(await stat(file)).isFile()) throw new UsageError(`"${file}" is no file`);
    }
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const key = call.value('key');
      const once = key === undefined ? null : { key, pepper: pepperOf(call, place) };
      const documents = call.positionals.map((file) => ({ bytes: createReadStream(file), media: mediaTypeOf(file), subjects }));
      const stored = await storeDocuments(log, openPlacePayloads(place), documents, localActor(call, place), once);
      const entries = [];
      let refused: LedgerError | null = null;
      for (const [i, { digest, size, outcome }] of stored.entries()) {
        const file = call.positionals[i] as string;
        if (!outcome.ok) {
          refused ??= outcome.error;
          entries.push({ file, digest: `sha256:${formatHex(digest)}`, error: { code: outcome.error.code, message: outcome.error.message } });
          continue;
        }
        const word = outcome.repeated ? 'known' : 'added';
        call.out.say(`${word}  entry ${outcome.index}  sha256:${formatHex(digest)}  ${basename(file)}`);
        const receipt = call.flag('receipts') ? { receipt: await receiptJson(log, outcome.index) } : {};
        entries.push({ file, digest: `sha256:${formatHex(digest)}`, bytes: size, index: outcome.index, repeated: outcome.repeated, ...receipt });
      }
      call.out.answer({ entries, size: log.published.size, checkpoint: log.published.note });
      if (refused !== null) throw refused;
    } finally {
      await log.close();
    }
    return 'yes';
  },
};

/** A subject is a digest: a tag or a name is no identity, for what it points to changes. */
function parseSubject(text: string): Digest<'sha256'> {
  const match = /^sha256:([0-9a-f]{64})$/.exec(text);
  if (match === null) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot use "${text}" as a subject: expected sha256: and 64 lower-case hexadecimal digits`, {
      hint: 'a tag is no identity: give the digest that it points to now',
    });
  }
  return ['sha256', parseHex(match[1] as string)];
}
