// Packs: exported, made again, verified; and every change found with its own code.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { auditLog } from '../../actions/audit-log.ts';
import { addAttestationKey } from '../../actions/add-key.ts';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { formatReceipt, parseReceipt, trustKeys } from '../../verify/index.ts';
import { authorKeyOfSeed } from '../../verify/sigstore/index.ts';
import { formatUpdate, manifestName, memorySource, PACK_CODES, signatureName, streamsName, verifyPack } from '../../verify/pack/index.ts';
import { Bench, image, other } from '../actions/kit.ts';
import { by, origin, seedOf, signerOf } from '../log/kit.ts';
import {
  artifactRequest, author, busyBench, bytesOf, decide, exporting, membersOf, packed, packSigner, repacked, resigned, trust, verdictOf, vkeys, zipped,
} from './kit.ts';
import { nativeSigner } from '../../ledger/log/signing.ts';
import { formatAddCheckpoint, formatVkey, parseCheckpoint } from '../../ledger/note/index.ts';

const stream = `artifact:sha256:${image}`;
const reached = new Set<string>();
/** The verdict's code, noted. */
function codeOf(...args: Parameters<typeof verdictOf>): string {
  const code = verdictOf(...args);
  reached.add(code);
  return code;
}

const bench = await busyBench();
const exported = await exporting(bench, artifactRequest);
const pack = await bytesOf(exported);
const decision = await decide(bench, [stream, 'trust', 'policy:release', 'vuln:CVE-2026-1']);
await bench.addOne('more, after the decision\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
const decisionPack = await packed(bench, { kind: 'decision', decision });

describe('export', () => {
  test('an artifact: what is proven and what is not', () => {
    const answer = verifyPack(memorySource(pack), trust);
    if (!answer.ok) throw new Error(`${answer.code} ${answer.message}`);
    expect([...answer.streams.values()].map(({ name, version }) => [name, version])).toEqual([[stream, 3], ['ledger', 3], ['trust', 0]]);
    expect([answer.level, answer.trusted, answer.exported, answer.indexedSize]).toEqual(['HEAD', 'reader', null, 6]);
    expect(answer.manifest.withheld.map(({ role, why }) => [role, why])).toEqual([['document', 'sealed']]);
    expect(answer.proven).toEqual([
      '6 entries are in the log ledger.example, in its tree of 7', `all that the log says of sha256:${image} is there`,
      '3 streams are there whole: the index says so at size 6, and that 1 of them had no event', '3 payloads are there, as the entries name them',
    ]);
    expect(answer.notProven).toEqual([
      'that the log built its index from all entries: nobody named here recomputed it', 'that nothing was appended after size 7',
      'that evidence which was never appended does not exist', 'what the payloads say that are not here: 1 sealed',
      'that the log recorded this pack: bring the receipt that came beside it',
    ]);
    expect([...answer.entries.values()].some(({ event }) => event?.streams.some(({ name }) => name.includes(other)))).toBe(false);
  });

  test('a decision: each stream as it was then, absent ones too, and nothing later', () => {
    const answer = verifyPack(memorySource(decisionPack), trust);
    if (!answer.ok) throw new Error(`${answer.code} ${answer.message}`);
    // Version 4 of the artifact's stream is the export above; the decision and the later document are not among what it read.
    expect([...answer.streams.values()].map(({ name, version }) => [name, version]))
      .toEqual([[stream, 4], ['ledger', 3], ['policy:release', 0], ['trust', 0], ['vuln:CVE-2026-1', 0]]);
    expect(answer.proven).toContain(`the decision in entry ${decision} is there (deny), and each stream it read as it was then`);
    expect(Math.max(...answer.entries.keys())).toBe(decision);
  });

  test('a period: every entry of it and the ones beside it', async () => {
    const from = bench.world.clock.now() - 60_000;
    const period = await packed(bench, { kind: 'period', from, to: from + 1 });
    const answer = verifyPack(memorySource(period), trust);
    if (!answer.ok) throw new Error(`${answer.code} ${answer.message}`);
    expect(answer.manifest.scope).toMatchObject({ start: 2, end: 4 });
    expect(answer.proven).toContain('and none beside them was recorded in that time');
    const { size } = bench.log.published;
    const message = 'Cannot pack the period: nothing was recorded in it';
    await expect(packed(bench, { kind: 'period', from: 1, to: 2 })).rejects.toMatchObject({ code: 'ENTRY_MISSING', message });
    expect(bench.log.published.size).toBe(size);
  });

  test('the same event gives the same bytes, whatever came since', async () => {
    await bench.addOne('later still\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
    expect(await repacked(bench, exported.index)).toEqual(pack);
    expect(await bytesOf(exported)).toEqual(pack);
    await expect(repacked(bench, 0)).rejects.toMatchObject({ code: 'ENTRY_MISSING' });
  });

  test('opens few payloads at once: each may be large, and a process may open so many files', async () => {
    const many = await busyBench();
    for (let i = 0; i < 40; i++) await many.addOne(`note ${i}\n`, { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
    const { payloads } = many.stores;
    let [now, most, all] = [0, 0, 0];
    const counting = Object.assign(Object.create(payloads) as typeof payloads, {
      async *get(digest: Uint8Array) {
        [all, most] = [all + 1, Math.max(most, (now += 1))];
        yield* payloads.get(digest);
        await new Promise(setImmediate);
        now -= 1;
      },
    });
    const pack = await packed({ ...many, stores: { ...many.stores, payloads: counting } } as unknown as Bench);
    expect(verdictOf(pack)).toBe('HEAD');
    expect([all > 40, most <= 16]).toEqual([true, true]);
  });

  test('what is nowhere in the log is refused', async () => {
    await expect(packed(bench, { kind: 'artifact', artifact: `sha256:${'00'.repeat(32)}` })).rejects.toMatchObject({ code: 'SUBJECT_UNKNOWN' });
    await expect(packed(bench, { kind: 'decision', decision: 1 })).rejects.toMatchObject({ code: 'ENTRY_MISSING' });
  });

  test('a sealed payload that is opened is checked against the commitment; erased since, the pack cannot be made again', async () => {
    const one = await busyBench();
    const open = await exporting(one, artifactRequest, { open: true });
    const bytes = await bytesOf(open);
    expect(verdictOf(bytes)).toBe('HEAD');
    const members = membersOf(bytes);
    const name = [...members.keys()].find((member) => member.startsWith('opened/')) as string;
    expect(new TextDecoder().decode(members.get(name)?.subarray(32))).toBe('what the reviewer wrote\n');
    expect(await repacked(one, open.index)).toEqual(bytes);
    members.set(name, encodeUtf8(`${'x'.repeat(32)}what somebody else wrote\n`));
    expect(codeOf(await resigned(members))).toBe('PACK_CONTRADICTORY');
    one.secrets.held.clear();
    await expect(repacked(one, open.index)).rejects.toMatchObject({ code: 'PAYLOAD_MISSING' });
  });

  test('documents can be left out: the rest holds, and says so', async () => {
    const bytes = await packed(await busyBench(), artifactRequest, { withoutDocuments: true });
    const answer = verifyPack(memorySource(bytes), trust);
    expect(answer).toMatchObject({ ok: true, payloads: { held: 1 } });
  });

  test('the receipt beside it shows that the log recorded this very pack', async () => {
    const { log } = bench;
    const receiptOf = async (index: number) => formatReceipt({
      entry: await log.entry(index), index, size: log.published.size, proof: await log.proveInclusion(index), checkpoint: log.published.note,
    });
    const receipt = await receiptOf(exported.index);
    expect(verifyPack(memorySource(pack), trust, { receipt })).toMatchObject({ ok: true, exported: { index: exported.index } });
    expect(codeOf(decisionPack, { receipt })).toBe('PACK_EXPORT_FOREIGN');
    expect(codeOf(pack, { receipt: await receiptOf(2) })).toBe('PACK_EXPORT_FOREIGN');
    expect(codeOf(pack, { receipt: 'junk' })).toBe('EVIDENCE_MALFORMED');
  });
});

describe('a stranger\'s change', () => {
  test('a byte of a member in the file itself, its check sum left as it was', () => {
    const at = pack.findIndex((_, i) => new TextDecoder().decode(pack.subarray(i, i + 8)) === 'stella-r');
    const changed = pack.slice();
    changed[at] = 0x53;
    expect(codeOf(changed)).toBe('PACK_MEMBER_CHANGED');
  });

  test('a manifest without a word about a member, signed by nobody', async () => {
    const strange = authorKeyOfSeed(seedOf(78));
    const signer = { id: strange.key.id, sign: (message: Uint8Array) => strange.sign(message) };
    expect(codeOf(await resigned(membersOf(pack), undefined, signer))).toBe('PACK_SIGNER_UNKNOWN');
    expect(codeOf(await resigned(membersOf(pack), undefined, { ...signer, id: packSigner.id }))).toBe('PACK_SIGNATURE_INVALID');
  });

  test('the pack of another log, or under other keys', async () => {
    const foreign = trustKeys('other.example', [formatVkey(nativeSigner('other.example', seedOf(1)).key)]);
    expect(codeOf(pack, {}, foreign)).toBe('ORIGIN_FOREIGN');
    expect(codeOf(pack, {}, trustKeys(origin, [formatVkey(signerOf(9).key)]))).toBe('SIGNATURE_MISSING');
    expect(codeOf(pack, {}, trustKeys(origin, []))).toBe('TRUST_EMPTY');
    const own = verifyPack(memorySource(pack), null);
    expect(own).toMatchObject({ ok: true, trusted: 'pack' });
    expect(own.ok && own.notProven[0]).toContain('whose log this is');
    // The keys inside are for comparison: a reader who brings his own is not moved by them.
    const members = membersOf(pack);
    members.set('keys.txt', encodeUtf8(`${formatVkey(signerOf(9).key)}\n`));
    expect(codeOf(await resigned(members))).toBe('HEAD');
    expect(codeOf(await resigned(members), {}, null)).toBe('SIGNATURE_MISSING');
  });

  test('a retired key: trusted up to its last size, with an update, or not at all', () => {
    const retired = (lastSize: number | null) => trustKeys(origin, [], { retired: [{ origin, key: signerOf(1).key, lastSize }] });
    expect(codeOf(pack, {}, retired(7))).toBe('HEAD');
    expect(codeOf(pack, {}, retired(6))).toBe('KEY_OVERRUN');
    expect(codeOf(pack, {}, retired(null))).toBe('KEY_RETIRED');
  });
});

describe('after the log\'s key was rotated', async () => {
  const rotated = await busyBench();
  const old = await packed(rotated);
  await rotated.log.rotate(signerOf(2), by);
  await rotated.addOne('after the rotation\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
  const { log } = rotated;
  const { size, note } = log.published;
  const receiptOf = async (index: number) =>
    encodeUtf8(formatReceipt({ entry: await log.entry(index), index, size, proof: await log.proveInclusion(index), checkpoint: note }));
  const at = (await log.head('ledger'))?.index as number;
  const growth = encodeUtf8(formatAddCheckpoint({ oldSize: 7, proof: await log.proveConsistency(7), checkpoint: parseCheckpoint(note) }));
  const now = trustKeys(origin, [formatVkey(signerOf(2).key)]);
  const update = formatUpdate({ growth, rotations: [await receiptOf(at)] });

  test('the present key, a consistency proof and the rotation\'s receipt show that the old pack is of this log', () => {
    expect(codeOf(old, {}, now)).toBe('SIGNATURE_MISSING');
    expect(codeOf(old, { update }, now)).toBe('HEAD');
    const retired = trustKeys(origin, [formatVkey(signerOf(2).key)], { retired: [{ origin, key: signerOf(1).key, lastSize: null }] });
    expect(codeOf(old, {}, retired)).toBe('KEY_RETIRED');
    expect(codeOf(old, { update: growth }, retired)).toBe('HEAD');
    expect(codeOf(old, {}, trust)).toBe('HEAD');
  });

  test('a rotation without a proof of growth, growth without the rotation, another entry\'s receipt', async () => {
    expect(codeOf(old, { update: growth }, now)).toBe('SIGNATURE_MISSING');
    const wrong = growth.slice();
    wrong[20] = (wrong[20] as number) === 0x41 ? 0x42 : 0x41;
    expect(codeOf(old, { update: formatUpdate({ growth: wrong, rotations: [await receiptOf(at)] }) }, now)).toMatch(/^PROOF_|EVIDENCE_MALFORMED/);
    expect(codeOf(old, { update: formatUpdate({ growth, rotations: [await receiptOf(2)] }) }, now)).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(old, { update: '{"format":"stella-update/2"}' }, now)).toBe('EVIDENCE_NEWER');
    expect(codeOf(old, { update: '{"format":"stella-update/1"}' }, now)).toBe('EVIDENCE_MALFORMED');
  });

  test('a tree that the old key signed after it was retired', async () => {
    // Whoever still holds the old key goes on from the log's beginning, in a history of his own.
    const forger = await busyBench();
    for (let i = 0; i < 4; i++) await forger.addOne(`more ${i}\n`, { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
    expect(codeOf(await packed(forger), { update }, now)).toBe('KEY_OVERRUN');
  });
});

describe('a change by whoever holds the ledger\'s key for attestations', () => {
  const names = (bytes: Uint8Array) => [...membersOf(bytes).keys()].filter((name) => name.startsWith('receipts/'));

  test.each([['artifact', pack], ['decision', decisionPack]])('any event of the streams dropped, exchanged or cut from the end: %s', async (_, bytes) => {
    const whole = verifyPack(memorySource(bytes), trust);
    if (!whole.ok) throw new Error(whole.code);
    const events = [...whole.streams.values()].flatMap((one) => one.events.map(({ index }) => index));
    for (const index of new Set(events)) {
      const members = membersOf(bytes);
      members.delete(`receipts/${index}.json`);
      const dropped = codeOf(await resigned(members));
      // Without its key on record, the signature is nobody's; without the entry that states it, there is no index.
      const expected = new Map([[1, 'PACK_SIGNER_UNKNOWN'], [whole.indexedSize, 'STREAM_ROOT_MISSING']]).get(index) ?? 'STREAM_INCOMPLETE';
      expect([index, dropped]).toEqual([index, expected]);
      const another = names(bytes).find((name) => name !== `receipts/${index}.json` && name !== 'receipts/1.json') as string;
      const exchanged = membersOf(bytes);
      const [a, b] = [exchanged.get(`receipts/${index}.json`), exchanged.get(another)] as [Uint8Array, Uint8Array];
      exchanged.set(`receipts/${index}.json`, b).set(another, a);
      expect(['STREAM_INCOMPLETE', 'STREAM_ROOT_MISSING', 'PACK_SIGNER_UNKNOWN']).toContain(codeOf(await resigned(exchanged)));
    }
    const cut = membersOf(bytes);
    for (const index of (whole.streams.get(stream)?.events ?? []).map((one) => one.index).slice(-2)) cut.delete(`receipts/${index}.json`);
    expect(codeOf(await resigned(cut))).toBe('STREAM_INCOMPLETE');
  });

  test('a stream said to be shorter, longer, absent, or proven for another', async () => {
    const edits: [(text: string) => string, string][] = [
      [(text) => text.replace(/"version":3,"head":\{"claim":"present"/, '"version":2,"head":{"claim":"present"'), 'STREAM_INCOMPLETE'],
      [(text) => text.replace('"version":3,"head"', '"version":4,"head"'), 'STREAM_INCOMPLETE'],
      [(text) => text.replace(`"name":"${stream}"`, `"name":"artifact:sha256:${other}"`), 'STREAM_PROOF_ROOT_MISMATCH'],
      [(text) => text.replace('"stated":6', '"stated":2'), 'STREAM_ROOT_MISSING'],
      [(text) => text.replace('"stated":6', '"stated":66'), 'STREAM_ROOT_MISSING'],
      [(text) => text.replace('stella-pack-streams/1', 'stella-pack-streams/2'), 'EVIDENCE_NEWER'],
      [(text) => text.replace('"format"', '"forma"'), 'EVIDENCE_MALFORMED'],
      [() => '{', 'EVIDENCE_MALFORMED'],
    ];
    for (const [edit, code] of edits) {
      const members = membersOf(pack);
      const text = new TextDecoder().decode(members.get(streamsName));
      expect(edit(text)).not.toBe(text);
      members.set(streamsName, encodeUtf8(edit(text)));
      expect([edit.toString(), codeOf(await resigned(members))]).toEqual([edit.toString(), code]);
    }
  });

  test('an entry that was never logged, and one of another log', async () => {
    const members = membersOf(pack);
    const receipt = parseReceipt(members.get('receipts/2.json') as Uint8Array);
    const entry = receipt.entry.slice();
    entry[40] = (entry[40] as number) ^ 1;
    members.set('receipts/2.json', encodeUtf8(formatReceipt({ ...receipt, entry })));
    expect(codeOf(await resigned(members))).toBe('PROOF_ROOT_MISMATCH');
    const elsewhere = await Bench.begin();
    await addAttestationKey(elsewhere.log, author.key, by);
    await elsewhere.addOne('of another history\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
    const foreign = membersOf(await packed(elsewhere));
    members.set('receipts/2.json', foreign.get('receipts/2.json') as Uint8Array);
    expect(codeOf(await resigned(members))).toBe('PROOF_LENGTH_WRONG');
    members.set('receipts/2.json', encodeUtf8('{}'));
    expect(codeOf(await resigned(members))).toBe('EVIDENCE_MALFORMED');
  });

  test('a manifest that says what the members do not', async () => {
    const members = membersOf(pack);
    expect(codeOf(await resigned(members, (manifest) => ({ ...manifest, origin: 'other.example' })))).toBe('PACK_CONTRADICTORY');
    expect(codeOf(await resigned(members, (manifest) => ({ ...manifest, size: 6 })))).toBe('PACK_CONTRADICTORY');
    expect(codeOf(await resigned(members, (manifest) => ({ ...manifest, root: '00'.repeat(32) })))).toBe('PACK_CONTRADICTORY');
    const receipt = parseReceipt(members.get('receipts/2.json') as Uint8Array);
    members.set('receipts/2.json', encodeUtf8(formatReceipt({ ...receipt, checkpoint: `${receipt.checkpoint}— other.example AAAAAAAA\n` })));
    expect(codeOf(await resigned(members))).toBe('PACK_CONTRADICTORY');
    members.set('receipts/2.json', encodeUtf8(formatReceipt(receipt)));
    members.set('receipts/3000.json', members.get('receipts/2.json') as Uint8Array);
    expect(codeOf(await resigned(members))).toBe('PACK_CONTRADICTORY');
  });

  test('a scope that promises more than is there', async () => {
    const members = membersOf(pack);
    const scoped = (scope: object) => resigned(members, (manifest) => ({ ...manifest, scope: scope as never }));
    expect(codeOf(await scoped({ kind: 'artifact', artifact: `sha256:${other}` }))).toBe('PACK_SCOPE_UNMET');
    expect(codeOf(await scoped({ kind: 'decision', decision: 2, artifact: `sha256:${image}` }))).toBe('PACK_SCOPE_UNMET');
    expect(codeOf(await scoped({ kind: 'decision', decision: 200, artifact: `sha256:${image}` }))).toBe('PACK_SCOPE_UNMET');
    const now = bench.world.clock.now();
    const period = { kind: 'period', from: 0, to: now, start: 0, end: 3 };
    expect(codeOf(await scoped(period))).toBe('PACK_SCOPE_UNMET');
    expect(codeOf(await scoped({ ...period, start: 2, end: 4 }))).toBe('PACK_SCOPE_UNMET');
    expect(codeOf(await scoped({ ...period, start: 0, end: 900 }))).toBe('PACK_SCOPE_UNMET');
    const first = now - 120_000;
    expect(codeOf(await scoped({ kind: 'period', from: first, to: first, start: 0, end: 1 }))).toBe('PACK_SCOPE_UNMET');
    expect(codeOf(await scoped({ kind: 'period', from: first, to: first, start: 0, end: 2 }))).toBe('HEAD');
    const decided = membersOf(decisionPack);
    const about = (artifact: string) => resigned(decided, (manifest) => ({ ...manifest, scope: { kind: 'decision', decision, artifact } }));
    expect(codeOf(await about(`sha256:${other}`))).toBe('PACK_SCOPE_UNMET');
    expect(codeOf(await about(`sha256:${image}`))).toBe('HEAD');
    const unpinned = new TextDecoder().decode(decided.get(streamsName)).replace(/\{"name":"vuln:CVE-2026-1".*\}\}?\n/, '').replace(/,\n\]/, '\n]');
    decided.set(streamsName, encodeUtf8(unpinned));
    expect(codeOf(await resigned(decided))).toBe('PACK_SCOPE_UNMET');
  });

  test('payloads left out without a word, or listed that are there, or named by nobody', async () => {
    const members = membersOf(pack);
    const name = [...members.keys()].find((one) => one.startsWith('payloads/')) as string;
    const listed = (edit: (list: readonly object[]) => readonly object[]) =>
      resigned(members, (manifest) => ({ ...manifest, withheld: edit(manifest.withheld) as never }));
    const stray = { entry: 2, role: 'document', payload: `sha256:${'00'.repeat(32)}`, why: 'left-out' };
    expect(codeOf(await listed((list) => [stray, ...list]))).toBe('PACK_PAYLOAD_UNACCOUNTED');
    expect(codeOf(await listed(() => []))).toBe('PACK_PAYLOAD_UNACCOUNTED');
    expect(codeOf(await listed((list) => list.map((one) => ({ ...one, why: 'erased' }))))).toBe('PACK_PAYLOAD_UNACCOUNTED');
    const there = { entry: 2, role: 'facts', payload: `sha256:${name.slice(9)}`, why: 'left-out' };
    expect(codeOf(await listed((list) => [there, { ...there, role: 'document' }, ...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)))))
      .toMatch(/PACK_PAYLOAD_UNACCOUNTED|EVIDENCE_MALFORMED/);
    members.set(name, encodeUtf8('something else'));
    expect(codeOf(await resigned(members))).toBe('PACK_CONTRADICTORY');
    members.delete(name);
    expect(codeOf(await resigned(members))).toBe('PACK_PAYLOAD_UNACCOUNTED');
  });

  test('a manifest in another form', async () => {
    const members = membersOf(pack);
    const spelled = async (edit: (text: string) => string) => {
      const text = edit(new TextDecoder().decode(members.get(manifestName)));
      const { signManifest } = await import('../../verify/pack/index.ts');
      const bytes = encodeUtf8(text);
      return codeOf(await zipped(new Map([...members, [manifestName, bytes], [signatureName, await signManifest(bytes, packSigner)]])));
    };
    expect(await spelled((text) => text)).toBe('HEAD');
    expect(await spelled((text) => ` ${text}`)).toBe('EVIDENCE_MALFORMED');
    expect(await spelled((text) => text.replace('stella-pack/1', 'stella-pack/2'))).toBe('EVIDENCE_NEWER');
    expect(await spelled((text) => text.replace('"role":"keys"', '"role":"gift"'))).toBe('EVIDENCE_MALFORMED');
    expect(await spelled((text) => text.replace('keys.txt', '../x'))).toBe('EVIDENCE_MALFORMED');
    expect(await spelled((text) => text.replace('{"format"', '{"fee":1,"format"'))).toBe('EVIDENCE_MALFORMED');
    expect(await spelled(() => '[]')).toBe('EVIDENCE_MALFORMED');
  });
});

async function audited(of: Bench): Promise<(string | number)[][]> {
  const found = [];
  for await (const { index, code } of auditLog(of.log.entries(), of.log.published, of.payloads)) found.push([index, code]);
  return found;
}

describe('an operator who lies', () => {
  test('a decision that pins an old head, or another number of streams than its pins name', async () => {
    const old = await busyBench();
    const index = await decide(old, [stream, 'trust'], (data, pins) => {
      const pin = pins.find(([name]) => name === stream) as [string, number, number];
      [pin[1], pin[2]] = [2, 4];
      return data;
    });
    expect(codeOf(await packed(old, { kind: 'decision', decision: index }))).toBe('PACK_SCOPE_UNMET');
    const fewer = await decide(old, [stream, 'trust'], (data) => ({ ...data, pins: 1 }));
    expect(codeOf(await packed(old, { kind: 'decision', decision: fewer }))).toBe('PACK_SCOPE_UNMET');
    expect(await audited(old)).toEqual([[index, 'DECISION_PIN_WRONG'], [fewer, 'DECISION_PIN_WRONG']]);
  });

  test('a decision that commits to a false index root: in its pack, and to whoever reads all entries', async () => {
    const lying = await busyBench();
    const index = await decide(lying, [stream, 'trust'], (data) => ({ ...data, index: ['sha256', new Uint8Array(32).fill(1)] }));
    expect(codeOf(await packed(lying, { kind: 'decision', decision: index }))).toBe('STREAM_PROOF_ROOT_MISMATCH');
    expect(await audited(lying)).toEqual([[index, 'AUDIT_INDEX_WRONG']]);
    expect(await audited(bench)).toEqual([]);
  });

  test('a copy that is cut or another history', async () => {
    const { size, root } = bench.log.published;
    const findings = async (entries: AsyncIterable<Uint8Array>, head: { size: number; root: Uint8Array }) => {
      const found = [];
      for await (const { code } of auditLog(entries, head, null)) found.push(code);
      return found;
    };
    expect(await findings(bench.log.entries(0, size - 1), { size, root })).toEqual(['LOG_CUT']);
    expect(await findings(bench.log.entries(), { size, root: new Uint8Array(32) })).toEqual(['LOG_DIFFERS']);
    expect(await findings(bench.log.entries(), { size: 5, root: await bench.log.rootAt(5) })).toEqual([]);
  });
});

test('every code of a pack is documented in spec/pack.md in its order, and those of its own are reached above', () => {
  const page = readFileSync(new URL('../../spec/pack.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((row) => row[1] as string);
  expect(rows).toEqual(PACK_CODES.filter((code) => code.startsWith('PACK_')));
  // Reached in mutations.test.ts and zip.test.ts.
  const elsewhere = new Set(['PACK_MEMBER_MISSING', 'PACK_REORDERED', 'PACK_UNNAMED']);
  const unreached = rows.filter((code) => !reached.has(code) && !elsewhere.has(code));
  expect(unreached).toEqual([]);
  expect(formatHex(parseHex(exported.digest))).toBe(exported.digest);
  expect(vkeys.length).toBe(1);
});
