// Whose signature a manifest has: a key that the log has on record, and what a pack shows of its end.
import { expect, test } from 'vitest';
import { exportPack } from '../../actions/export-pack.ts';
import { addAttestationKey } from '../../actions/add-key.ts';
import { decodeUtf8, encodeUtf8, parseHex } from '../../ledger/bytes.ts';
import { formatReceipt } from '../../verify/index.ts';
import { memorySource, streamsName, verifyPack, type PackSigner } from '../../verify/pack/index.ts';
import { authorKeyOfSeed } from '../../verify/sigstore/index.ts';
import { by } from '../log/kit.ts';
import { artifactRequest, author, busyBench, bytesOf, decide, draftOf, membersOf, packSigner, resigned, trust, verdictOf, vkeys } from './kit.ts';

const next = authorKeyOfSeed(new Uint8Array(32).fill(78));
const nextSigner: PackSigner = { id: next.key.id, sign: (message) => next.sign(message) };

const read = [`artifact:${artifactRequest.artifact}`, 'policy:release', 'trust'];

/** A ledger with a decision; then its attestation key is retired, and another one takes its place. */
async function retired() {
  const bench = await busyBench();
  const early = await decide(bench, read);
  const lastSize = bench.log.published.size;
  const data = { key: parseHex(author.key.id), lastSize, reason: 'compromised' } as const;
  const { index: end } = await bench.log.appendOne({ drafts: [draftOf({ type: 'key.retired', by, data })] });
  await addAttestationKey(bench.log, next.key, by);
  const late = await decide(bench, read);
  return { bench, early, end, late };
}

const { bench, early, end, late } = await retired();
const exporting = (request: Parameters<typeof exportPack>[1]) => exportPack({ ...bench.stores, signer: nextSigner, vkeys }, request, by);
const ofEarly = await exporting({ kind: 'decision', decision: early });
const [ofLate, ofArtifact] = [await exporting({ kind: 'decision', decision: late }), await exporting(artifactRequest)];
const unsaid = 'that the key which signed the manifest was not retired after size';

/** The pack without the key's end, signed with the retired key again. */
async function stolen(pack: typeof ofEarly): Promise<Uint8Array> {
  const members = membersOf(await bytesOf(pack));
  expect(members.delete(`receipts/${end}.json`)).toBe(true);
  return resigned(members, undefined, packSigner);
}

function notProven(pack: Uint8Array, options: Parameters<typeof verifyPack>[2] = {}): readonly string[] {
  const answer = verifyPack(memorySource(pack), trust, options);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer.notProven.filter((sentence) => sentence.startsWith('that the key'));
}

test('a retired key signs nothing under a later tree', async () => {
  for (const one of [ofEarly, ofLate, ofArtifact]) {
    const pack = await bytesOf(one);
    expect(verdictOf(pack)).toBe('HEAD');
    expect(verdictOf(await resigned(membersOf(pack), undefined, packSigner))).toBe('PACK_SIGNER_UNKNOWN');
  }
});

test('nor where its end is left out, up to the size that the index speaks of', async () => {
  for (const one of [ofLate, ofArtifact]) expect(verdictOf(await stolen(one))).toBe('STREAM_INCOMPLETE');
});

test('beyond that size it is said what is not shown, unless the log itself says that it handed out this pack', async () => {
  const members = membersOf(await bytesOf(ofEarly));
  const streams = decodeUtf8(members.get(streamsName) as Uint8Array);
  // Of the ledger's stream the thief claims what the index of then speaks of, and leaves out the rest.
  for (const name of members.keys()) if (Number(/^receipts\/(\d+)\.json$/.exec(name)?.[1]) >= end) members.delete(name);
  members.set(streamsName, encodeUtf8(streams.replace(/("name":"ledger","version":)\d+/, '$12')));
  const pack = await resigned(members, undefined, packSigner);
  expect(verdictOf(pack)).toBe('HEAD');
  const { size } = bench.log.published;
  expect(notProven(pack)).toEqual([`${unsaid} ${early}: the same receipt tells`]);
  // What the ledger itself handed out says the same until its receipt is there, which is none of the thief's pack.
  const { note } = bench.log.published;
  const proof = await bench.log.proveInclusion(ofEarly.index, size);
  const receipt = formatReceipt({ entry: await bench.log.entry(ofEarly.index), index: ofEarly.index, size, proof, checkpoint: note });
  expect(notProven(await bytesOf(ofEarly))).toEqual([`${unsaid} ${early}: the same receipt tells`]);
  expect(notProven(await bytesOf(ofEarly), { receipt })).toEqual([]);
  expect(verdictOf(pack, { receipt })).toBe('PACK_EXPORT_FOREIGN');
});

test('nothing is left open where the entries after the index are all there', async () => {
  expect(notProven(await bytesOf(ofArtifact))).toEqual([]);
});
