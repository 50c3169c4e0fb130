// stella export pack: everything about a decision, an artifact or a period in one file that verifies anywhere.
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { checkPackable, exportPack, repack, type ExportedPack } from '../../actions/export-pack.ts';
import type { PackRequest } from '../../actions/pack-streams.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { formatReceipt } from '../../verify/index.ts';
import { describeScope } from '../../verify/pack/index.ts';
import { ledgerKeyOn } from '../author-key.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseCount } from '../numbers.ts';
import { packPrograms } from '../pack-programs.ts';
import { findPlace, localActor, openForReading, openForWriting, openPlaceStore, type Place } from '../place.ts';
import { receiptOf } from '../receipt.ts';
import { formatSubject, parseSubject } from '../subjects.ts';
import { parseTime } from '../times.ts';
import { allVkeys } from '../vkeys.ts';

export const command: Command = {
  usage: '(--decision N | --artifact sha256:HEX | --from TIME --to TIME | --full | --again N) [OPTIONS]',
  takesWords: false,
  help: `Writes an evidence pack: entries with their receipts, whole streams with proof that nothing is missing, payloads, policies, trust, and
programs that check it with nothing but Node. The export is on record before the file is written, and its receipt comes beside the
file. For witnesses' cosignatures inside, run "stella log index" and "stella log witness" first.`,
  options: {
    decision: { type: 'string', takes: 'N', help: 'a decision, by its entry: with each stream it read, as it was then' },
    artifact: { type: 'string', takes: 'sha256:HEX', help: 'all that the log says of an artifact, and what decisions about it read' },
    full: { type: 'boolean', help: 'all entries there are: every decision replays from it, with everything recomputed' },
    from: { type: 'string', takes: 'TIME', help: 'all entries recorded from this time, in UTC: 2026-10-01 or 2026-10-01T12:00:00Z' },
    to: { type: 'string', takes: 'TIME', help: 'up to this one; a bare date is the end of that day' },
    again: { type: 'string', takes: 'N', help: 'the pack of the export in this entry again: the same bytes' },
    out: { type: 'string', takes: 'FILE', help: 'where to write (else a name after what is packed)' },
    'without-documents': { type: 'boolean', help: 'leave documents as received out; their facts, digests and receipts stay' },
    open: { type: 'boolean', help: 'open sealed payloads: whoever has the pack can read them, whatever is erased later' },
  },
  examples: [
    ['stella export pack --decision 1207', 'for the auditor who asks why it was allowed'],
    ['stella export pack --from 2026-07-01 --to 2026-09-30 --without-documents', 'the quarter, for the compliance folder'],
    ['stella export pack --again 1431 --out lost.zip', 'the pack that was handed out then, byte for byte'],
  ],

  async run(call) {
    const place = findPlace(call);
    const again = call.value('again');
    if (again !== undefined) {
      const log = await openForReading(place);
      return report(call, log, await repack({ log, ...payloadsOf(call, place) }, parseCount(again, 'an index')), false);
    }
    const request = requestOf(call);
    const cosigned = await cosignedHead(place);
    const log = await openForWriting(call, place);
    try {
      const by = localActor(call, place);
      // Before a key: the ledger's first one goes on record.
      await checkPackable(log, request);
      const key = await ledgerKeyOn(call, place, log);
      const signer = { id: key.key.id, sign: (message: Uint8Array) => key.sign(message) };
      const ports = { log, ...payloadsOf(call, place), signer, vkeys: await allVkeys(log), cosigned };
      const options = { programs: packPrograms(), withoutDocuments: call.flag('without-documents'), open: call.flag('open') };
      return await report(call, log, await exportPack(ports, request, by, options), true);
    } finally {
      await log.close();
    }
  },
};

function requestOf(call: Call): PackRequest {
  const [decision, artifact, from, to] = ['decision', 'artifact', 'from', 'to'].map((name) => call.value(name));
  const full = call.flag('full');
  const given = [decision, artifact, from ?? to, full ? 'full' : undefined].filter((one) => one !== undefined).length;
  if (given !== 1) throw new UsageError('give one of --decision, --artifact, --full, and --from with --to');
  if (full) return { kind: 'period', from: 0, to: call.now() };
  if (decision !== undefined) return { kind: 'decision', decision: parseCount(decision, 'an index') };
  if (artifact !== undefined) return { kind: 'artifact', artifact: formatSubject(parseSubject(artifact)) };
  if (from === undefined || to === undefined) throw new UsageError('a period has a beginning and an end: give --from and --to');
  const period = { kind: 'period', from: parseTime(from, 'start'), to: parseTime(to, 'end') } as const;
  if (period.from > period.to) throw new UsageError('the period ends before it begins');
  return period;
}

/** The newest checkpoint that the store keeps: witnesses may have cosigned it. */
async function cosignedHead(place: Place): Promise<{ size: number; note: string } | null> {
  const store = openPlaceStore(place, true);
  try {
    return await store.checkpoint();
  } finally {
    await store.close();
  }
}

async function report(call: Call, log: LogView, exported: ExportedPack, isNew: boolean): Promise<'yes'> {
  const { index, manifest, digest } = exported;
  const file = call.value('out') ?? `${fileNameOf(exported)}.zip`;
  const written = await writeWhole(file, exported);
  const receipt = `${file}.receipt.json`;
  writeFileSync(receipt, formatReceipt(await receiptOf(log, index)));
  const count = (role: string) => manifest.members.filter((member) => member.role === role).length;
  const [entries, payloads] = [count('receipt'), count('payload') + count('opened')];
  call.out.say(`entry ${index}: ${describeScope(manifest.scope)}${isNew ? '' : ', made again'}`);
  call.out.say(`  entries ${entries}, payloads ${payloads}, withheld ${manifest.withheld.length}, bytes ${written.size}`);
  call.out.say(`wrote ${file}\n  sha256:${written.digest}`);
  call.out.say(`wrote ${receipt}, which shows that this export is on record`);
  call.out.answer({
    index, scope: manifest.scope, file, sha256: written.digest, bytes: written.size, manifest: digest, size: manifest.size, entries, payloads,
    withheld: manifest.withheld, receipt,
  });
  return 'yes';
}

function fileNameOf({ index, manifest: { scope } }: ExportedPack): string {
  if (scope.kind === 'decision') return `decision-${scope.decision}`;
  return scope.kind === 'artifact' ? `artifact-${scope.artifact.slice(7, 19)}` : `period-${index}`;
}

/** Under its name only when it is whole and on the disk. */
async function writeWhole(file: string, { bytes }: ExportedPack): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  const handle = openSync(`${file}.new`, 'w');
  let size = 0;
  try {
    for await (const piece of bytes()) {
      hash.update(piece);
      size += piece.length;
      for (let at = 0; at < piece.length; ) at += writeSync(handle, piece, at);
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
  return { digest: hash.digest('hex'), size };
}
