// Whose words an entry is: a stranger's on a raw ledger are nobody's record under its key, and another log's no word about this pack.
import { expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { createLog, type Log } from '../../ledger/log/log.ts';
import { nativeSigner } from '../../ledger/log/signing.ts';
import { cosign, formatSignatureLine, formatVkey, witnessSigner } from '../../ledger/note/index.ts';
import { formatReceipt, parseReceipt, trustKeys, trustPolicy, verifyReceipt, type Trust } from '../../verify/index.ts';
import { checkpointName, encodePackStreams, manifestName, memorySource, verifyPack } from '../../verify/pack/index.ts';
import { parsePackStreams } from '../../verify/pack/streams.ts';
import type { Bench } from '../actions/kit.ts';
import { genesis, seedOf, sha256, World } from '../log/kit.ts';
import { artifactRequest, busyBench, bytesOf, draftOf, exporting, membersOf, packed, resigned, trust, verdictOf, vkeys, type Members } from './kit.ts';

/** The same pack without saying anything of one stream. */
function without(members: Members, stream: string): Members {
  const { streams, ...rest } = parsePackStreams(members.get('streams.json') as Uint8Array);
  return new Map([...members, ['streams.json', encodePackStreams({ ...rest, streams: streams.filter(({ name }) => name !== stream) })]]);
}

async function receiptOf(log: Log, entry: Uint8Array, index: number): Promise<Uint8Array> {
  const { size, note } = log.published;
  return encodeUtf8(formatReceipt({ entry, index, size, proof: await log.proveInclusion(index), checkpoint: note }));
}

/** What a stranger makes of a raw ledger that takes what looks like events: a pack of his own ledger's, under this one's key. */
async function carriedOver(from: Bench): Promise<{ members: Members; raw: Log }> {
  const pack = membersOf(await packed(from));
  const raw = await new World().create({}, ['raw']);
  // Past the log's own check: so stands what was taken before there was one.
  for (let index = 1; index < from.log.published.size; index++) await raw.write([{ drafts: [await from.log.entry(index)] }]);
  const members: Members = new Map([...pack, [checkpointName, encodeUtf8(raw.published.note)]]);
  for (const [name, bytes] of pack) {
    if (!name.startsWith('receipts/')) continue;
    const { index } = parseReceipt(bytes);
    members.set(name, await receiptOf(raw, await raw.entry(index), index));
  }
  return { members, raw };
}

test('what a stranger appended to a raw ledger is no record of it, whatever it looks like', async () => {
  const { members, raw } = await carriedOver(await busyBench());
  const { size, root } = raw.published;
  const signed = (content: Members) => resigned(content, (manifest) => ({ ...manifest, size, root: formatHex(root) }));
  const cut = without(members, 'ledger');
  expect(verdictOf(await signed(cut))).toBe('PACK_SIGNER_UNKNOWN');
  // Entry 0 says that nothing behind it is an event: so it is left out, and the stream that it begins.
  cut.delete('receipts/0.json');
  expect(verdictOf(await signed(cut))).toBe('PACK_SCOPE_UNMET');
});

test('a raw ledger takes no bytes that are read as an event by whoever gets them with their proof', async () => {
  const [raw, events] = [await new World().create({}, ['raw']), await busyBench()];
  const event = await events.log.entry(3);
  const refused = { code: 'ENTRY_KIND_UNKNOWN' };
  await expect(raw.appendOne({ drafts: [event] })).rejects.toMatchObject(refused);
  // An envelope of a later time, which a later reader knows.
  const later = event.slice();
  later[3] = 2;
  await expect(raw.appendOne({ drafts: [later] })).rejects.toMatchObject(refused);
  // Bytes that no reader takes for one.
  for (const bytes of [event.subarray(0, -1), Uint8Array.of(...event, 0), Uint8Array.of(0xa1), Uint8Array.of(0xa1, 0x61, 0x76, 0x01)]) {
    const { index } = await raw.appendOne({ drafts: [bytes] });
    expect(verifyReceipt(await receiptOf(raw, bytes, index), trust)).toMatchObject({ ok: true });
  }
});

test('a pack that says nothing of the stream with the log\'s keys is not whole', async () => {
  const members = membersOf(await packed(await busyBench()));
  expect(verdictOf(await resigned(new Map(members)))).toBe('HEAD');
  expect(verdictOf(await resigned(without(members, 'ledger')))).toBe('PACK_SCOPE_UNMET');
});

test('the receipt of another log that the reader trusts too shows nothing about this one\'s export', async () => {
  const bench = await busyBench();
  const exported = await exporting(bench, artifactRequest);
  const pack = await bytesOf(exported);
  const signer = nativeSigner('other.example', seedOf(5));
  const { data, ...begins } = genesis(signer);
  const other = await createLog(new World().ports({ signer }), { ...begins, data: { ...data, origin: 'other.example' } });
  const { type, by, data: said, payloads } = await bench.event(exported.index);
  const { index } = await other.appendOne({ drafts: [draftOf({ type, by, data: said, payloads } as Parameters<typeof draftOf>[0])] });
  const receipt = await receiptOf(other, await other.entry(index), index);
  const both = { ...trust, logs: [...trust.logs, ...trustKeys('other.example', [formatVkey(signer.key)]).logs] };
  expect(verifyReceipt(receipt, both)).toMatchObject({ ok: true });
  expect(verifyPack(memorySource(pack), both, { receipt })).toMatchObject({ ok: false, code: 'PACK_EXPORT_FOREIGN' });
});

test('a receipt that no witness has seen yet refuses no pack whose own checkpoint they have, and shows nothing', async () => {
  const bench = await busyBench();
  const witness = witnessSigner('witness.example', seedOf(8));
  const exported = await exporting(bench, artifactRequest);
  const members = membersOf(await bytesOf(exported));
  const text = new TextDecoder().decode(members.get(checkpointName));
  const note = text + formatSignatureLine(await cosign(text.slice(0, text.indexOf('\n\n') + 1), witness, 1_795_000_000));
  for (const [name, bytes] of members) {
    if (name.startsWith('receipts/')) members.set(name, encodeUtf8(formatReceipt({ ...parseReceipt(bytes), checkpoint: note })));
  }
  const pack = await resigned(members.set(checkpointName, encodeUtf8(note)));
  const digest = sha256(membersOf(pack).get(manifestName) as Uint8Array);
  const { type, by, data, payloads } = await bench.event(exported.index);
  const draft = draftOf({ type, by, data: { ...data, manifest: ['sha256', digest] }, payloads } as Parameters<typeof draftOf>[0]);
  const { index } = await bench.log.appendOne({ drafts: [draft] });
  const receipt = await receiptOf(bench.log, await bench.log.entry(index), index);
  const seen: Trust = trustPolicy(`log ${vkeys[0]}\nwitness w ${formatVkey(witness.key)}\nquorum w\n`);
  const lacks = `that the log recorded this pack: the receipt's own checkpoint gives QUORUM_UNMET; ask for "stella log prove ${index}"`;
  expect(verifyPack(memorySource(pack), trust, { receipt })).toMatchObject({ ok: true, exported: { index } });
  expect(verifyPack(memorySource(pack), seen, { receipt })).toMatchObject({ ok: true, exported: null, notProven: expect.arrayContaining([lacks]) });
  // What is not the export's is refused all the same.
  const other = await receiptOf(bench.log, await bench.log.entry(2), 2);
  expect(verifyPack(memorySource(pack), seen, { receipt: other })).toMatchObject({ ok: false, code: 'PACK_EXPORT_FOREIGN' });
});
