// Makes spec/vectors/verify/*.json: `node tools/vectors/verify.ts`. One case a file, named after what was done to it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { p256 } from '@noble/curves/nist.js';
import { concatBytes, encodeUtf8, formatBase64, parseHex } from '../../ledger/bytes.ts';
import { formatCheckpointText } from '../../ledger/note/checkpoint.ts';
import { cosign } from '../../ledger/note/cosignature.ts';
import { ecdsaKey, ed25519Key, formatVkey, type Signer } from '../../ledger/note/keys.ts';
import { formatSignatureLine, signNote } from '../../ledger/note/note.ts';
import { ed25519Signer, witnessSigner } from '../../ledger/note/signer.ts';
import { formatReceipt, type Receipt } from '../../verify/receipt.ts';
import { evidenceText, makeStreamCases, type StreamCase } from './streams.ts';
import { consistencyOf, inclusionOf, rootOf } from './tree.ts';

/** What the reader trusts, as a file can say it. */
interface TrustCase {
  policy: string;
  origin?: string;
  retired?: { origin: string; vkey: string; lastSize: number | null }[];
  witnessing?: 'required' | 'best-effort';
  p256?: boolean;
  /** Verifier keys of mirrors and witnesses that recompute the stream index. */
  auditors?: string[];
}

/** One case: evidence of one kind, and the verdict. `update` may stand beside a receipt, a proof and a checkpoint. */
export interface VerifyCase {
  about: string;
  trust: TrustCase;
  evidence:
    | { receipt: string; update?: string }
    | { tlogProof: string; entry: string; update?: string }
    | { checkpoint: string; update?: string }
    | { kept: string; update: string }
    | { stream: string; pinned?: number };
  verdict: string;
  /** Where the verdict is OK: who cosigned and when, and whether that meets the quorum. */
  witnesses?: { name: string; time: number }[];
  quorum?: 'met' | 'unmet' | 'none';
  /** Of a stream: how strongly completeness is shown, up to which version, at which size. */
  level?: string;
  version?: number;
  size?: number | null;
}

const seed = (n: number) => new Uint8Array(32).fill(n);
const origin = 'ledger.example';
const log = ed25519Signer(origin, seed(1));
const oldLog = ed25519Signer(origin, seed(2));
const stranger = ed25519Signer('stranger.example', seed(3));
const w1 = witnessSigner('one.example/w', seed(11));
const w2 = witnessSigner('two.example/w', seed(12));
const w3 = witnessSigner('three.example/w', seed(13));
const time = 1_767_139_200;

const entries = Array.from({ length: 15 }, (_, i) => encodeUtf8(`entry ${i}`));
const otherEntries = entries.map((entry, i) => (i === 4 ? encodeUtf8('another entry 4') : entry));

async function checkpointOf(leaves: readonly Uint8Array[], signers: readonly Signer[] = [log], witnesses: readonly [Signer, number][] = [], name = origin) {
  const text = formatCheckpointText({ origin: name, size: leaves.length, root: rootOf(leaves), extensions: [] });
  const lines = await Promise.all(witnesses.map(async ([witness, at]) => formatSignatureLine(await cosign(text, witness, at))));
  return (await signNote(text, signers)) + lines.join('');
}

/** Base64 with a bit set after the end: lenient readers see the same bytes. */
const respelled = (bytes: Uint8Array) => formatBase64(bytes).replace(/.=$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`);
const hashLines = (hashes: readonly Uint8Array[]) => hashes.map((hash) => `${formatBase64(hash)}\n`).join('');
const updateFrom = (size: number, proof: readonly Uint8Array[], checkpoint: string) => `old ${size}\n${hashLines(proof)}\n${checkpoint}`;
const tlogProof = (index: number, proof: readonly Uint8Array[], checkpoint: string) =>
  `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashLines(proof)}\n${checkpoint}`;

/** All cases by name. The same on every run: keys come from fixed seeds, and both signature schemes are deterministic. */
export async function makeCases(): Promise<Record<string, VerifyCase>> {
  const checkpoint = await checkpointOf(entries);
  const cosigned = await checkpointOf(entries, [log], [[w1, time], [w2, time + 60]]);
  const good: Receipt = { entry: entries[4] as Uint8Array, index: 4, size: 15, proof: inclusionOf(4, entries), checkpoint };
  const plain: TrustCase = { policy: `log ${formatVkey(log.key)}\nquorum none\n` };
  const quorum: TrustCase = {
    policy: [
      `log ${formatVkey(log.key)}`, ...[w1, w2, w3].map(({ key }, i) => `witness w${i + 1} ${formatVkey(key)}`), 'group two 2 w1 w2 w3', 'quorum two\n',
    ].join('\n'),
  };
  const rotated = (lastSize: number | null): TrustCase => ({ ...plain, retired: [{ origin, vkey: formatVkey(oldLog.key), lastSize }] });
  const byOld: Receipt = { ...good, size: 8, proof: inclusionOf(4, entries.slice(0, 8)), checkpoint: await checkpointOf(entries.slice(0, 8), [oldLog]) };

  const cases: Record<string, VerifyCase> = {};
  const add = (name: string, about: string, trust: TrustCase, evidence: VerifyCase['evidence'], verdict = 'OK', more: Partial<VerifyCase> = {}) => {
    cases[name] = { about, trust, evidence, verdict, ...(verdict === 'OK' ? { witnesses: [], quorum: 'none', ...more } : {}) };
  };
  const receipt = (change: Partial<Receipt> = {}, from = good) => ({ receipt: formatReceipt({ ...from, ...change }) });
  const text = (edit: (text: string) => string) => ({ receipt: edit(formatReceipt(good)) });
  const flip = (bytes: Uint8Array, at = 0) => Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));

  // Receipts that hold.
  add('receipt', 'A receipt as the ledger writes it.', plain, receipt());
  add('receipt-rewritten', 'The same members in another order, with other white space and escapes.', plain, text((json) => {
    const { format, ...members } = JSON.parse(json) as Record<string, unknown>;
    return JSON.stringify({ ...members, format }).replace('—', '\\u2014');
  }));
  add('receipt-only-entry', 'A tree of one entry needs no hash.', plain, receipt({
    entry: entries[0] as Uint8Array, index: 0, size: 1, proof: [], checkpoint: await checkpointOf(entries.slice(0, 1)),
  }));
  add('receipt-last-entry', 'The last of 15: its path is shorter than the others.',
    plain, receipt({ entry: entries[14] as Uint8Array, index: 14, proof: inclusionOf(14, entries) }));
  add('receipt-unknown-signer', 'A signature by a key the reader does not know is ignored.',
    plain, receipt({ checkpoint: await checkpointOf(entries, [stranger, log]) }));
  add('receipt-quorum-met', 'Two of three witnesses signed, and the policy asks for two.', quorum, receipt({ checkpoint: cosigned }), 'OK', {
    witnesses: [{ name: 'w1', time }, { name: 'w2', time: time + 60 }], quorum: 'met',
  });
  add('receipt-quorum-best-effort', 'One of three witnesses signed; the reader only wants to know.', { ...quorum, witnessing: 'best-effort' },
    receipt({ checkpoint: await checkpointOf(entries, [log], [[w3, time]]) }), 'OK', { witnesses: [{ name: 'w3', time }], quorum: 'unmet' });
  add('receipt-witness-twice', 'One witness signed twice: its earlier time counts, once.', { ...quorum, witnessing: 'best-effort' },
    receipt({ checkpoint: await checkpointOf(entries, [log], [[w1, time + 5], [w1, time]]) }), 'OK', { witnesses: [{ name: 'w1', time }], quorum: 'unmet' });
  const spki = concatBytes(parseHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'), p256.getPublicKey(seed(5), false));
  const rekor: Signer = { key: ecdsaKey('rekor.example', spki), sign: (message) => p256.sign(message, seed(5), { format: 'der', prehash: true }) };
  const treeName = 'rekor.example - 1234';
  const rekorTrust: TrustCase = { policy: 'quorum none\n', retired: [{ origin: treeName, vkey: formatVkey(rekor.key), lastSize: 100 }], p256: true };
  const byRekor = receipt({ checkpoint: await checkpointOf(entries, [rekor], [], treeName) });
  add('receipt-p256', "A checkpoint in the manner of Rekor v1: ECDSA, and a key name that is not the origin.", rekorTrust, byRekor);

  // Nobody is trusted.
  add('no-policy', 'A reader without keys is told no, whatever the evidence.', { policy: 'quorum none\n' }, receipt(), 'TRUST_EMPTY');
  add('no-policy-and-nothing-readable', 'The reader mends his own side first.', { policy: 'quorum none\n' }, { receipt: '' }, 'TRUST_EMPTY');
  add('no-key-for-the-pinned-origin', 'The policy names another log than the one pinned.', { ...plain, origin: 'elsewhere.example' }, receipt(), 'TRUST_EMPTY');

  // It cannot be read.
  add('format-newer', 'A format this reader does not know.', plain, text((json) => json.replace('receipt/1', 'receipt/2')), 'EVIDENCE_NEWER');
  add('tlog-proof-newer', 'A proof of another version.', plain, {
    tlogProof: tlogProof(4, good.proof, checkpoint).replace('@v1', '@v2'), entry: formatBase64(good.entry),
  }, 'EVIDENCE_NEWER');
  add('cut', 'Half a receipt.', plain, text((json) => json.slice(0, json.length / 2)), 'EVIDENCE_MALFORMED');
  add('member-twice', 'Two readers could take two indexes.', plain, text((json) => json.replace('"index": 4', '"index": 5, "index": 4')), 'EVIDENCE_MALFORMED');
  add('member-twice-escaped', 'The same, one name hidden behind an escape.',
    plain, text((json) => json.replace('"index": 4', '"ind\\u0065x": 5, "index": 4')), 'EVIDENCE_MALFORMED');
  add('member-unknown', 'A member that no specification names.',
    plain, text((json) => json.replace('"index": 4', '"index": 4, "note": ""')), 'EVIDENCE_MALFORMED');
  add('member-missing', 'No index.', plain, text((json) => json.replace('"index": 4,', '')), 'EVIDENCE_MALFORMED');
  add('index-negative', 'An index below zero.', plain, text((json) => json.replace('"index": 4', '"index": -4')), 'EVIDENCE_MALFORMED');
  add('index-fraction', 'An index that is no integer.', plain, text((json) => json.replace('"index": 4', '"index": 4.5')), 'EVIDENCE_MALFORMED');
  add('index-text', 'An index in quotes.', plain, text((json) => json.replace('"index": 4', '"index": "4"')), 'EVIDENCE_MALFORMED');
  add('index-beyond-2-53', 'An index whose digits a double loses.',
    plain, text((json) => json.replace('"index": 4', '"index": 9007199254740993')), 'EVIDENCE_MALFORMED');
  const [half] = good.proof as [Uint8Array];
  add('base64-not-canonical', 'Bits after the end of a hash are set: a second spelling.', plain,
    text((json) => json.replace(formatBase64(half), respelled(half))), 'EVIDENCE_MALFORMED');
  add('base64-without-padding', 'The entry without its padding.',
    plain, text((json) => json.replace(formatBase64(good.entry), formatBase64(good.entry).replace(/=+$/, ''))), 'EVIDENCE_MALFORMED');
  add('entry-too-large', 'An entry of 65,536 bytes: no log of this kind can hold it.', plain, receipt({ entry: new Uint8Array(65_536) }), 'EVIDENCE_MALFORMED');
  add('proof-of-64-hashes', 'More hashes than any tree needs.', plain, receipt({ proof: Array.from({ length: 64 }, () => half) }), 'EVIDENCE_MALFORMED');
  add('size-is-not-the-checkpoints', 'The receipt says another size than its checkpoint.', plain, receipt({ size: 14 }), 'EVIDENCE_MALFORMED');
  add('checkpoint-size-leading-zero', 'A tree size with a leading zero.',
    plain, receipt({ checkpoint: checkpoint.replace('\n15\n', '\n015\n') }), 'EVIDENCE_MALFORMED');
  add('checkpoint-carriage-returns', 'Line ends of another system.', plain, receipt({ checkpoint: checkpoint.replaceAll('\n', '\r\n') }), 'EVIDENCE_MALFORMED');
  add('checkpoint-last-newline-cut', 'The last newline is gone.', plain, receipt({ checkpoint: checkpoint.slice(0, -1) }), 'EVIDENCE_MALFORMED');
  add('checkpoint-unsigned', 'A checkpoint without signature lines.',
    plain, receipt({ checkpoint: checkpoint.slice(0, checkpoint.indexOf('—')) }), 'EVIDENCE_MALFORMED');

  // Another log.
  add('origin-foreign', "Another log's checkpoint, well signed.",
    plain, receipt({ checkpoint: await checkpointOf(entries, [stranger], [], 'stranger.example') }), 'ORIGIN_FOREIGN');
  add('origin-with-a-space', 'The origin as somebody would forge it.',
    plain, receipt({ checkpoint: await checkpointOf(entries, [log], [], `${origin} `) }), 'ORIGIN_FOREIGN');

  // Signatures.
  const edited = (from: string, to: string) => receipt({ checkpoint: checkpoint.replace(from, to) });
  add('root-changed', 'One character of the root.', plain, edited(formatBase64(rootOf(entries)), formatBase64(flip(rootOf(entries)))), 'SIGNATURE_INVALID');
  add('checkpoint-size-changed', 'Another size in checkpoint and receipt.',
    plain, receipt({ size: 16, checkpoint: checkpoint.replace('\n15\n', '\n16\n') }), 'SIGNATURE_INVALID');
  add('extension-line-added', 'A line added under the root.', plain, edited('\n\n—', '\nmore\n\n—'), 'SIGNATURE_INVALID');
  add('witness-signature-broken', "The log's signature holds; a known witness' does not.", quorum, receipt({
    checkpoint: checkpoint + formatSignatureLine({ ...await cosign(`${origin}\n`, w1, time) }),
  }), 'SIGNATURE_INVALID');
  add('witness-time-changed', 'A witness said another time than it signed.',
    quorum, receipt({ checkpoint: await withTime(cosigned, w1, time + 1) }), 'SIGNATURE_INVALID');
  add('signed-by-a-stranger', 'Only a stranger signed, in his own name.',
    plain, receipt({ checkpoint: await checkpointOf(entries, [stranger]) }), 'SIGNATURE_MISSING');
  add('signed-by-a-stranger-in-the-logs-name', 'Only a stranger signed, in the name of the log: another key id.', plain,
    receipt({ checkpoint: await checkpointOf(entries, [ed25519Signer(origin, seed(9))]) }), 'SIGNATURE_MISSING');
  const onlyWitnesses = `${checkpoint.slice(0, checkpoint.indexOf('—'))}${cosigned.slice(cosigned.indexOf('— one'))}`;
  add('signed-by-witnesses-alone', 'A quorum of witnesses signed, and the log did not.', quorum, receipt({ checkpoint: onlyWitnesses }), 'SIGNATURE_MISSING');
  add('key-unsupported', 'The same checkpoint for a verifier without ECDSA.', { ...rekorTrust, p256: false }, byRekor, 'KEY_UNSUPPORTED');
  add('key-of-post-quantum', 'The log is trusted under a key of type 0x06, which signed.', {
    policy: `log ${origin}+01020304+${formatBase64(Uint8Array.of(6, ...seed(1)))}\nquorum none\n`,
  }, receipt({ checkpoint: checkpoint + formatSignatureLine({ name: origin, id: 0x01020304, signature: seed(7) }) }), 'KEY_UNSUPPORTED');

  // The proof.
  add('entry-changed', 'One byte of the entry.', plain, receipt({ entry: flip(good.entry) }), 'PROOF_ROOT_MISMATCH');
  add('entry-of-another-index', 'Entry 5 under the proof of entry 4.', plain, receipt({ entry: entries[5] as Uint8Array }), 'PROOF_ROOT_MISMATCH');
  add('entry-is-a-node', 'An interior node passed off as an entry.', plain, receipt({
    entry: concatBytes(rootOf(entries.slice(4, 5)), rootOf(entries.slice(5, 6))), proof: good.proof.slice(1),
  }), 'PROOF_LENGTH_WRONG');
  add('index-changed', 'The index of the neighbour.', plain, receipt({ index: 5 }), 'PROOF_ROOT_MISMATCH');
  add('index-is-the-size', 'An index one past the last.', plain, receipt({ index: 15 }), 'PROOF_RANGE_WRONG');
  add('last-hash-dropped', 'One hash too few.', plain, receipt({ proof: good.proof.slice(0, -1) }), 'PROOF_LENGTH_WRONG');
  add('hash-added', 'One hash too many.', plain, receipt({ proof: [...good.proof, half] }), 'PROOF_LENGTH_WRONG');
  add('hash-of-31-bytes', 'A hash one byte short.', plain, receipt({ proof: [half.slice(1), ...good.proof.slice(1)] }), 'PROOF_HASH_MALFORMED');
  add('hash-changed', 'One bit of a hash.', plain, receipt({ proof: [flip(half), ...good.proof.slice(1)] }), 'PROOF_ROOT_MISMATCH');
  add('hashes-exchanged', 'Two hashes in the wrong order.',
    plain, receipt({ proof: [good.proof[1] as Uint8Array, half, ...good.proof.slice(2)] }), 'PROOF_ROOT_MISMATCH');
  add('checkpoint-of-another-tree', 'A signed checkpoint of the same size, of another history.',
    plain, receipt({ checkpoint: await checkpointOf(otherEntries) }), 'PROOF_ROOT_MISMATCH');

  // Witnesses.
  add('quorum-unmet', 'One of three witnesses signed, and the policy asks for two.',
    quorum, receipt({ checkpoint: await checkpointOf(entries, [log], [[w2, time]]) }), 'QUORUM_UNMET');
  add('quorum-of-one-witness-twice', 'One witness signed twice: it counts once.',
    quorum, receipt({ checkpoint: await checkpointOf(entries, [log], [[w2, time], [w2, time + 1]]) }), 'QUORUM_UNMET');
  add('quorum-unmet-and-entry-changed', 'No witness can mend a wrong entry: that is said first.',
    quorum, receipt({ entry: flip(good.entry) }), 'PROOF_ROOT_MISMATCH');

  // Rotation.
  const present = await checkpointOf(entries);
  const link = updateFrom(8, consistencyOf(8, entries), present);
  add('retired-key-in-its-time', 'The reader knows up to which size the old key signed.', rotated(8), receipt({}, byOld));
  add('retired-key-beyond-its-time', 'The old key signed a size after its last.', rotated(7), receipt({}, byOld), 'KEY_OVERRUN');
  add('retired-key-beside-the-new-one', 'Both keys signed: the one in use counts.',
    rotated(1), receipt({ checkpoint: await checkpointOf(entries, [oldLog, log]) }));
  add('retired-key', 'The reader knows that the old key is retired, not since when.', rotated(null), receipt({}, byOld), 'KEY_RETIRED');
  add('retired-key-and-an-update', 'A present checkpoint shows that the old tree is part of the log.', rotated(null), { ...receipt({}, byOld), update: link });
  add('retired-key-and-an-update-by-itself', 'The update is signed by the retired key again.', rotated(null),
    { ...receipt({}, byOld), update: updateFrom(8, consistencyOf(8, entries), await checkpointOf(entries, [oldLog])) }, 'SIGNATURE_MISSING');
  add('retired-key-and-an-update-of-another-history', 'The present log does not hold the old tree.', rotated(null),
    { ...receipt({}, byOld), update: updateFrom(8, consistencyOf(8, otherEntries), await checkpointOf(otherEntries)) }, 'PROOF_ROOT_MISMATCH');
  add('retired-key-and-a-quorum', 'Witnesses saw the old checkpoint in its time.', { ...rotated(null), policy: quorum.policy },
    receipt({ checkpoint: await checkpointOf(entries.slice(0, 8), [oldLog], [[w1, time], [w3, time]]) }, byOld), 'OK', {
      witnesses: [{ name: 'w1', time }, { name: 'w3', time }], quorum: 'met',
    });

  // The other forms.
  add('tlog-proof', 'The same evidence as C2SP writes it, the entry beside it.',
    plain, { tlogProof: tlogProof(4, good.proof, checkpoint), entry: formatBase64(good.entry) });
  add('tlog-proof-of-another-entry', 'The proof beside an entry that it does not prove.',
    plain, { tlogProof: tlogProof(4, good.proof, checkpoint), entry: formatBase64(entries[5] as Uint8Array) }, 'PROOF_ROOT_MISMATCH');
  add('tlog-proof-cut', 'The proof without its checkpoint.',
    plain, { tlogProof: tlogProof(4, good.proof, '').slice(0, -1), entry: formatBase64(good.entry) }, 'EVIDENCE_MALFORMED');
  add('checkpoint', 'A checkpoint alone, with its witnesses.',
    quorum, { checkpoint: cosigned }, 'OK', { witnesses: [{ name: 'w1', time }, { name: 'w2', time: time + 60 }], quorum: 'met' });
  add('checkpoint-by-a-witness-key-of-type-1', 'A policy that lists a witness by its type 0x01 key.', {
    policy: `log ${formatVkey(log.key)}\nwitness w1 ${formatVkey(ed25519Key(w1.key.name, w1.key.publicKey))}\nquorum w1\n`,
  }, { checkpoint: cosigned }, 'OK', { witnesses: [{ name: 'w1', time }], quorum: 'met' });

  // Growth.
  const kept = await checkpointOf(entries.slice(0, 8));
  const grow = (name: string, about: string, update: string, verdict = 'OK', from = kept, trust = plain) =>
    add(name, about, trust, { kept: from, update }, verdict);
  const proof = consistencyOf(8, entries);
  grow('growth', 'The log grew from 8 to 15.', link);
  grow('growth-of-nothing', 'The log shows what the reader kept.', updateFrom(8, [], kept));
  grow('growth-under-a-new-key', 'The reader kept a checkpoint by a key that is retired since.',
    link, 'OK', await checkpointOf(entries.slice(0, 8), [oldLog]), rotated(null));
  grow('rollback', 'The log shows less than the reader kept.', updateFrom(4, [], await checkpointOf(entries.slice(0, 4))), 'LOG_ROLLBACK');
  grow('fork', 'Two signed roots of one size.', updateFrom(8, [], await checkpointOf(otherEntries.slice(0, 8))), 'LOG_FORK');
  grow('fork-grown', 'The log grew from another history.',
    updateFrom(6, consistencyOf(6, otherEntries), await checkpointOf(otherEntries)), 'PROOF_OLD_ROOT_MISMATCH',
    await checkpointOf(entries.slice(0, 6)));
  grow('fork-grown-from-a-power-of-two', 'The same from size 8, whose root is a node of the newer tree: only the newer root is missed.',
    updateFrom(8, consistencyOf(8, otherEntries), await checkpointOf(otherEntries)), 'PROOF_ROOT_MISMATCH');
  grow('growth-proof-from-elsewhere', 'A proof from another size than the kept one.', updateFrom(7, consistencyOf(7, entries), present), 'PROOF_START_WRONG');
  grow('growth-proof-cut', 'One hash too few.', updateFrom(8, proof.slice(1), present), 'PROOF_LENGTH_WRONG');
  grow('growth-proof-changed', 'One bit of its last hash.',
    updateFrom(3, [...consistencyOf(3, entries).slice(0, -1), flip(rootOf(entries.slice(8)))], present), 'PROOF_ROOT_MISMATCH',
    await checkpointOf(entries.slice(0, 3)));
  grow('growth-from-nothing', 'A kept checkpoint of size 0: everything grew from nothing.',
    updateFrom(0, [], present), 'PROOF_OLD_EMPTY', await checkpointOf([]));
  grow('growth-of-another-log', 'The newer checkpoint is by another trusted log.',
    updateFrom(8, proof, await checkpointOf(entries, [stranger], [], 'stranger.example')), 'ORIGIN_FOREIGN', kept,
    { policy: `log ${formatVkey(log.key)}\nlog ${formatVkey(stranger.key)}\nquorum none\n` });
  grow('growth-from-a-forged-checkpoint', 'The kept checkpoint was edited.', link, 'SIGNATURE_INVALID', kept.replace('\n8\n', '\n9\n'));
  grow('growth-to-a-forged-checkpoint', 'The newer checkpoint was edited.', link.replace('\n15\n', '\n16\n'), 'SIGNATURE_INVALID');
  grow('growth-unwitnessed', 'The newer checkpoint has too few witnesses.', link, 'QUORUM_UNMET', kept, quorum);
  grow('growth-not-readable', 'The update is a bare checkpoint.', present, 'EVIDENCE_MALFORMED');

  // Streams.
  for (const [name, one] of Object.entries(makeStreamCases())) {
    const { about, ledger, pinned, verdict, level, version, size } = one;
    const stream = evidenceText(one, await checkpointOf(ledger.entries));
    add(name, about, plain, { stream, ...(pinned === undefined ? {} : { pinned }) }, verdict, { ...{ level, version, size } as Partial<VerifyCase> });
  }
  const head = makeStreamCases()['stream-head'] as StreamCase;
  const seen = evidenceText(head, await checkpointOf(head.ledger.entries, [log], [[w1, time]]));
  const shown = { level: 'AUDITED', version: 3, size: 4 };
  add('stream-audited', 'A mirror that recomputes the index signed the tree.', { ...plain, auditors: [formatVkey(w1.key)] }, { stream: seen }, 'OK', shown);
  add('stream-signed-by-a-witness-alone', 'The same witness for a reader who does not take it for an auditor.', plain, { stream: seen }, 'OK',
    { ...shown, level: 'HEAD' });
  add('stream-audited-without-an-index', 'An auditor signed, but no proof from the index is given.', { ...plain, auditors: [formatVkey(w1.key)] },
    { stream: evidenceText({ ...head, evidence: { ...head.evidence, head: null } }, await checkpointOf(head.ledger.entries, [log], [[w1, time]])) }, 'OK',
    { level: 'GAPLESS', version: 3, size: null });
  add('stream-unwitnessed', 'Everything is there, and too few witnesses signed.', quorum, { stream: seen }, 'QUORUM_UNMET');
  add('stream-of-another-log', 'The evidence of another log.', { policy: `log ${formatVkey(stranger.key)}\nquorum none\n` }, { stream: seen },
    'ORIGIN_FOREIGN');
  return cases;
}

async function withTime(checkpoint: string, witness: Signer, stated: number): Promise<string> {
  const line = await cosign(checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1), witness, time);
  const lied = line.signature.slice();
  new DataView(lied.buffer).setBigUint64(0, BigInt(stated));
  return checkpoint.replace(formatSignatureLine(line), formatSignatureLine({ ...line, signature: lied }));
}

if (import.meta.main) {
  const folder = new URL('../../spec/vectors/verify/', import.meta.url);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const cases = await makeCases();
  for (const [name, one] of Object.entries(cases)) writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(one, null, 2)}\n`);
  process.stdout.write(`${Object.keys(cases).length} cases\n`);
}
