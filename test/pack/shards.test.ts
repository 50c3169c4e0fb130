// The part of a snapshot in a decision's pack: with it and the list that was scanned, the scan gives the same findings, byte for byte.
import { expect, test } from 'vitest';
import { exportPack, repack } from '../../actions/export-pack.ts';
import { gate } from '../../actions/gate.ts';
import { replayPack } from '../../actions/replay-pack.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { parseFacts } from '../../evidence/facts.ts';
import { encodeFindings, inputOfFacts, openPart, scan, Snapshot, type FindingsDocument } from '../../scanner/index.ts';
import { memorySource, payloadName, verifyPack } from '../../verify/pack/index.ts';
import { imageDigest } from '../actions/kit.ts';
import { by, sha256 } from '../log/kit.ts';
import { bytesOf, packSigner, scanned, trust, vkeys } from './kit.ts';

test('a scan over the part in the pack gives the findings that the decision saw', async () => {
  const { stores: { log, payloads, secrets, pepper }, world } = await scanned();
  const { appended } = await gate({ log, payloads, pepper, now: world.clock.now }, { artifact: imageDigest[1], policy: 'none' }, by);

  const exported = await exportPack({ log, payloads, secrets, signer: packSigner, vkeys }, { kind: 'decision', decision: appended.index }, by);
  const pack = await bytesOf(exported);
  expect(await bytesOf(await repack({ log, payloads, secrets }, exported.index))).toEqual(pack);
  const answer = verifyPack(memorySource(pack), trust);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  expect((await replayPack(answer)).verdict).toEqual({ is: 'SAME' });

  // From here on only the pack.
  const event = [...answer.entries.values()].map(({ event }) => event).find((one) => one?.type === 'scan.completed');
  if (event?.type !== 'scan.completed') throw new Error('no scan');
  const read = (digest: Uint8Array) => answer.pack.read(payloadName(`sha256:${formatHex(digest)}`)) as Uint8Array;
  const [member] = answer.pack.members('shard');
  const part = openPart(answer.pack.read(member?.name ?? '') as Uint8Array);
  const snapshot = new Snapshot(part, `sha256:${formatHex(event.data.snapshot[1])}`);
  const list = inputOfFacts(parseFacts(read((event.data.sbom as { facts: readonly [string, Uint8Array] }).facts[1])));
  const again = scan(list, snapshot, { engineVersion: event.data.engine }) as FindingsDocument;
  expect(again.findings.map(({ id }) => id)).toEqual(['GHSA-1']);
  expect(sha256(encodeFindings(again))).toEqual(event.payloads?.find(({ role }) => role === 'findings')?.digest?.[1]);
});
