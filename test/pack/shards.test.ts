// The part of a snapshot in a decision's pack: with it and the list that was scanned, the scan gives the same findings, byte for byte.
import { expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { exportPack, repack } from '../../actions/export-pack.ts';
import { gate } from '../../actions/gate.ts';
import { importFeed } from '../../actions/import-feed.ts';
import { replayPack } from '../../actions/replay-pack.ts';
import { scanArtifact } from '../../actions/scan-artifact.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { parseFacts } from '../../evidence/facts.ts';
import { encodeFindings, inputOfFacts, openPart, scan, Snapshot, type FindingsDocument } from '../../scanner/index.ts';
import { memorySource, payloadName, verifyPack } from '../../verify/pack/index.ts';
import { MemorySpool, observationOf } from '../scanner/snapshot/memory.ts';
import { Bench, cyclonedx, imageDigest } from '../actions/kit.ts';
import { by, sha256 } from '../log/kit.ts';
import { author, bytesOf, packSigner, trust, vkeys } from './kit.ts';

test('a scan over the part in the pack gives the findings that the decision saw', async () => {
  const bench = await Bench.begin();
  const { log, payloads, secrets, pepper } = bench.stores;
  await addAttestationKey(log, author.key, by);
  const observation = observationOf('osv', {
    id: 'GHSA-1', affected: [{ package: { ecosystem: 'npm', name: 'a' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.1' }] }] }],
  } as JcsValue);
  const workFile = () => {
    const spool = new MemorySpool();
    const pieces: Uint8Array[] = [];
    return {
      append(bytes: Uint8Array) {
        pieces.push(bytes);
        spool.append(bytes);
      },
      read: (offset: number, length: number) => spool.read(offset, length), pieces: () => pieces, close: () => undefined,
    };
  };
  await importFeed({ log, payloads, pepper, workFile }, {
    feed: 'f', sources: () => [{ name: 'osv', sha256: 'ab'.repeat(32), fetchedMs: 1_795_000_000_000 }], observations: [{ is: 'observation', observation }],
  }, by);
  await bench.addOne(cyclonedx({ components: [{ type: 'library', name: 'a', version: '1.0.0', purl: 'pkg:npm/a@1.0.0', 'bom-ref': 'a' }] }));
  await scanArtifact({ log, payloads, engineVersion: '1.2.3' }, { subject: imageDigest, feed: 'f', snapshot: { is: 'newest' } }, by);
  const { appended } = await gate({ log, payloads, pepper, now: bench.world.clock.now }, { artifact: imageDigest[1], policy: 'none' }, by);

  const exported = await exportPack({ log, payloads, secrets, signer: packSigner, vkeys }, { kind: 'decision', decision: appended.index }, by);
  const pack = await bytesOf(exported);
  expect(await bytesOf(await repack({ log, payloads, secrets }, exported.index))).toEqual(pack);
  const answer = verifyPack(memorySource(pack), trust);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  expect((await replayPack(answer)).verdict).toEqual({ is: 'SAME' });

  // From here on only the pack.
  const scanned = [...answer.entries.values()].map(({ event }) => event).find((event) => event?.type === 'scan.completed');
  if (scanned?.type !== 'scan.completed') throw new Error('no scan');
  const read = (digest: Uint8Array) => answer.pack.read(payloadName(`sha256:${formatHex(digest)}`)) as Uint8Array;
  const [member] = answer.pack.members('shard');
  const part = openPart(answer.pack.read(member?.name ?? '') as Uint8Array);
  const snapshot = new Snapshot(part, `sha256:${formatHex(scanned.data.snapshot[1])}`);
  const list = inputOfFacts(parseFacts(read((scanned.data.sbom as { facts: readonly [string, Uint8Array] }).facts[1])));
  const again = scan(list, snapshot, { engineVersion: scanned.data.engine }) as FindingsDocument;
  expect(again.findings.map(({ id }) => id)).toEqual(['GHSA-1']);
  expect(sha256(encodeFindings(again))).toEqual(scanned.payloads?.find(({ role }) => role === 'findings')?.digest?.[1]);
});
