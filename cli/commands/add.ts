// stella add: put files on record, as what they are.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readLedgerTrust } from '../../actions/ledger-trust.ts';
import { openEvidenceReader } from '../../actions/evidence-reader.ts';
import { recordEvidence, type RecordedEvidence } from '../../actions/record-evidence.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { LedgerError } from '../../ledger/errors.ts';
import { reportVex } from '../vex-report.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { bytesOf, evidenceJson, formatName, payloadsOf, sayDeviations, saySignatures } from '../evidence.ts';
import { mediaTypeOf } from '../media.ts';
import { findPlace, localActor, openForWriting, pepperOf } from '../place.ts';
import { receiptJson } from '../receipt.ts';
import { parseSubject } from '../subjects.ts';
import { markOf } from '../superseded.ts';

export const command: Command = {
  usage: '[OPTIONS] FILE…',
  help: `Tells what each file is from its content, validates it, verifies its signatures under this ledger's trust, and records it: a bill
of materials, an attestation, VEX or a report with its facts, anything else as a plain document. The bytes are stored as they
are; what is mended is mended in the facts only, and listed. An attestation whose signature does not hold is recorded too, and
satisfies nothing. When one file is refused, none is recorded. When the command returns, the entries are durable, anchored,
and under a signed checkpoint. The same evidence about the same subjects is recognised: its original place comes back.`,
  options: {
    subject: { type: 'string', multiple: true, takes: 'sha256:HEX', help: 'the artifact that the files are about, where they do not say; may be repeated' },
    seal: { type: 'boolean', help: 'seal the documents, so that they can be erased; their facts stay' },
    'as-document': { type: 'boolean', help: 'store the files as plain documents, whatever they are' },
    key: { type: 'string', takes: 'TEXT', help: 'idempotency key: the same call with the same key is done once' },
    receipts: { type: 'boolean', help: 'with --json: a whole receipt for each entry' },
  },
  examples: [
    ['stella add image.cdx.json', 'a bill of materials that names its image\'s digest'],
    ['stella add --subject sha256:4f2c…9a scan.sarif notes.txt', 'two files about one artifact'],
    ['stella add --seal --subject sha256:4f2c…9a interview.pdf', 'a document that may have to be erased'],
  ],

  async run(call) {
    if (call.positionals.length === 0) throw new UsageError('name at least one file');
    const subjects = call.values('subject').map(parseSubject);
    // Before the ledger is opened and anything is stored: a missing file must not leave half of the call behind.
    const sizes: number[] = [];
    for (const file of call.positionals) {
      const found = await stat(file);
      if (!found.isFile()) throw new UsageError(`"${file}" is no file`);
      sizes.push(found.size);
    }
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    const reader = openEvidenceReader();
    try {
      const stores = payloadsOf(call, place);
      const ports = { log, reader, ...stores, trust: await readLedgerTrust({ log, ...stores }), pepper: pepperOf(call, place), now: () => call.now() };
      const how = { subjects, seal: call.flag('seal'), asDocument: call.flag('as-document') };
      const evidence = call.positionals.map((file, i) => ({ bytes: bytesOf(file), size: sizes[i] ?? 0, media: mediaTypeOf(file), ...how }));
      const recorded = await recordEvidence(ports, evidence, localActor(call, place), call.value('key') ?? null);
      const entries: Record<string, unknown>[] = [];
      let refused: LedgerError | null = null;
      for (const [i, one] of recorded.entries()) {
        const file = call.positionals[i] as string;
        const name = one.digest === null ? { commitment: `sha256:${formatHex(one.commitment as Uint8Array)}` } : { digest: `sha256:${formatHex(one.digest)}` };
        for (const { type, outcome, checked } of one.events) {
          if (!outcome.ok) {
            refused ??= outcome.error;
            entries.push({ file, ...name, type, error: { code: outcome.error.code, message: outcome.error.message } });
            continue;
          }
          const { index, repeated } = outcome;
          call.out.say(`${repeated ? 'known' : 'added'}  entry ${index}  ${type}  ${name.digest ?? 'sealed'}  ${basename(file)}`);
          const receipt = call.flag('receipts') ? { receipt: await receiptJson(log, index) } : {};
          // Whoever sends it again may think that it counts again.
          const mark = repeated ? await markOf(call, place, log, index) : null;
          const again = { ...(checked === null ? {} : { checked }), ...(mark === null ? {} : { superseded: mark.member }) };
          entries.push({ file, ...name, bytes: one.size, type, index, repeated, ...again, ...evidenceJson(one.read, one.signatures), ...receipt });
          if (mark !== null) call.out.say(`       it counts no more: ${mark.words}`);
          if (checked !== null) call.out.say(`       entry ${checked} says what its signatures are worth now`);
        }
        tell(call, one);
      }
      const stated = entries.flatMap((one) => (one['type'] === 'vex.stated' && typeof one['index'] === 'number' ? [one['index']] : []));
      if (stated.length > 0) await reportVex(call, place, log, stated);
      call.out.answer({ entries, size: log.published.size, checkpoint: log.published.note });
      if (refused !== null) throw refused;
    } finally {
      await reader.close();
      await log.close();
    }
    return 'yes';
  },
};

function tell(call: Call, { read, signatures }: RecordedEvidence): void {
  if (read === null || read.format === null) return;
  call.out.say(`       ${formatName(read)}, ${read.verdict}`);
  sayDeviations(call, read);
  saySignatures(call, signatures);
}
