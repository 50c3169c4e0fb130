// Tampering: each crime, on trees and policies of any shape, has its exact verdict; and no byte of a receipt can change.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatBase64 } from '../../ledger/bytes.ts';
import { inclusionLength } from '../../ledger/merkle/inclusion.ts';
import { formatCheckpointText } from '../../ledger/note/checkpoint.ts';
import { cosign } from '../../ledger/note/cosignature.ts';
import { formatVkey } from '../../ledger/note/keys.ts';
import { formatSignatureLine, signNote } from '../../ledger/note/note.ts';
import { consistencyOf, inclusionOf, rootOf } from '../../tools/vectors/tree.ts';
import { formatReceipt, parseReceipt, type Receipt, trustPolicy, verifyGrowth, verifyReceipt, verifyTlogProof, type VerifyCode } from '../../verify/index.ts';
import { nodeEd25519, nodeSigner } from '../note/node-engine.ts';

const origin = 'ledger.example';
const log = nodeSigner('log', origin, new Uint8Array(32).fill(1));
const stranger = nodeSigner('log', 'stranger.example', new Uint8Array(32).fill(2));
const witnesses = [11, 12].map((n) => nodeSigner('witness', `w${n}.example`, new Uint8Array(32).fill(n)));
const listed = witnesses.map(({ key }) => `witness ${key.name} ${formatVkey(key)}`);
const policy = [`log ${formatVkey(log.key)}`, ...listed, 'group both all w11.example w12.example', 'quorum both'].join('\n');
const trust = { ...trustPolicy(policy), verifiers: { ed25519: nodeEd25519 } };

async function checkpointOf(entries: readonly Uint8Array[], by = log, name = origin, cosigners = witnesses): Promise<string> {
  const text = formatCheckpointText({ origin: name, size: entries.length, root: rootOf(entries), extensions: [] });
  const lines = await Promise.all(cosigners.map(async (witness, i) => formatSignatureLine(await cosign(text, witness, 1000 + i))));
  return (await signNote(text, [by])) + lines.join('');
}

interface Good {
  entries: readonly Uint8Array[];
  receipt: Receipt;
  /** A number the crime may use to choose a place. */
  dice: number;
}

const good = fc.record({
  entries: fc.uniqueArray(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 40, selector: (entry) => entry.join() }),
  at: fc.nat(),
  dice: fc.nat(),
});

async function make({ entries, at, dice }: { entries: Uint8Array[]; at: number; dice: number }): Promise<Good> {
  const index = at % entries.length;
  const receipt = { entry: entries[index]!, index, size: entries.length, proof: inclusionOf(index, entries), checkpoint: await checkpointOf(entries) };
  return { entries, receipt, dice };
}

const flipped = (bytes: Uint8Array, bit: number) => Uint8Array.from(bytes, (byte, i) => (i === (bit >> 3) % bytes.length ? byte ^ (1 << (bit & 7)) : byte));
const replaced = <T>(list: readonly T[], at: number, item: T) => list.map((old, i) => (i === at % list.length ? item : old));
const line = (checkpoint: string, at: number) => checkpoint.split('\n')[at]!;

interface Crime {
  expect: VerifyCode | ((good: Good) => VerifyCode);
  /** Null where the evidence gives no occasion. */
  apply(good: Good): Receipt | null | Promise<Receipt>;
}

const otherIndex = ({ receipt: { index, size }, dice }: Good) => (index + 1 + (dice % (size - 1))) % size;

const crimes: Record<string, Crime> = {
  'drop the last hash': {
    expect: 'PROOF_LENGTH_WRONG',
    apply: ({ receipt }) => (receipt.proof.length === 0 ? null : { ...receipt, proof: receipt.proof.slice(0, -1) }),
  },
  'add a hash': { expect: 'PROOF_LENGTH_WRONG', apply: ({ receipt }) => ({ ...receipt, proof: [...receipt.proof, new Uint8Array(32)] }) },
  'flip a bit of the entry': {
    expect: 'PROOF_ROOT_MISMATCH',
    apply: ({ receipt, dice }) => (receipt.entry.length === 0 ? null : { ...receipt, entry: flipped(receipt.entry, dice % 480) }),
  },
  'lengthen the entry': { expect: 'PROOF_ROOT_MISMATCH', apply: ({ receipt }) => ({ ...receipt, entry: Uint8Array.of(...receipt.entry, 0) }) },
  'flip a bit of a hash': {
    expect: 'PROOF_ROOT_MISMATCH',
    apply: ({ receipt, dice }) => {
      const { proof } = receipt;
      return proof.length === 0 ? null : { ...receipt, proof: replaced(proof, dice, flipped(proof[dice % proof.length]!, dice % 256)) };
    },
  },
  'cut a hash': {
    expect: 'PROOF_HASH_MALFORMED',
    apply: ({ receipt, dice }) => (receipt.proof.length === 0 ? null : { ...receipt, proof: replaced(receipt.proof, dice, new Uint8Array(31)) }),
  },
  'exchange two hashes': {
    expect: 'PROOF_ROOT_MISMATCH',
    apply: ({ receipt }) => {
      const [a, b, ...rest] = receipt.proof;
      return b === undefined ? null : { ...receipt, proof: [b, a!, ...rest] };
    },
  },
  'claim another index': {
    expect: (made) => (inclusionLength(otherIndex(made), made.receipt.size) === made.receipt.proof.length ? 'PROOF_ROOT_MISMATCH' : 'PROOF_LENGTH_WRONG'),
    apply: (made) => (made.receipt.size === 1 ? null : { ...made.receipt, index: otherIndex(made) }),
  },
  'claim an index that is not there': { expect: 'PROOF_RANGE_WRONG', apply: ({ receipt, dice }) => ({ ...receipt, index: receipt.size + (dice % 9) }) },
  'state another size': { expect: 'EVIDENCE_MALFORMED', apply: ({ receipt, dice }) => ({ ...receipt, size: receipt.size + 1 + (dice % 9) }) },
  'state another size in the checkpoint too': {
    expect: 'SIGNATURE_INVALID',
    apply: ({ receipt }) => ({ ...receipt, size: receipt.size + 1, checkpoint: receipt.checkpoint.replace(`\n${receipt.size}\n`, `\n${receipt.size + 1}\n`) }),
  },
  'change the root': {
    expect: 'SIGNATURE_INVALID',
    apply: ({ entries, receipt, dice }) => ({
      ...receipt, checkpoint: receipt.checkpoint.replace(line(receipt.checkpoint, 2), formatBase64(flipped(rootOf(entries), dice % 256))),
    }),
  },
  'take the signatures of another checkpoint': {
    expect: 'SIGNATURE_INVALID',
    apply: async ({ entries, receipt }) => {
      const other = await checkpointOf([...entries, new Uint8Array(61)]);
      return { ...receipt, checkpoint: receipt.checkpoint.slice(0, receipt.checkpoint.indexOf('\n—')) + other.slice(other.indexOf('\n—')) };
    },
  },
  "drop the log's signature": {
    expect: 'SIGNATURE_MISSING',
    apply: ({ receipt }) => ({ ...receipt, checkpoint: receipt.checkpoint.replace(`${line(receipt.checkpoint, 4)}\n`, '') }),
  },
  'sign with another key': {
    expect: 'SIGNATURE_MISSING',
    apply: async ({ entries, receipt }) => ({ ...receipt, checkpoint: await checkpointOf(entries, stranger) }),
  },
  'sign as another log': {
    expect: 'ORIGIN_FOREIGN',
    apply: async ({ entries, receipt }) => ({ ...receipt, checkpoint: await checkpointOf(entries, stranger, 'stranger.example') }),
  },
  'take the checkpoint of another history': {
    expect: 'PROOF_ROOT_MISMATCH',
    apply: async ({ entries, receipt, dice }) => ({ ...receipt, checkpoint: await checkpointOf(replaced(entries, dice, new Uint8Array(61))) }),
  },
  'drop a witness': {
    expect: 'QUORUM_UNMET',
    apply: ({ receipt, dice }) => ({ ...receipt, checkpoint: receipt.checkpoint.replace(`${line(receipt.checkpoint, 5 + (dice % 2))}\n`, '') }),
  },
  'put one witness in place of the other': {
    expect: 'QUORUM_UNMET',
    apply: ({ receipt }) => ({ ...receipt, checkpoint: receipt.checkpoint.replace(line(receipt.checkpoint, 6), line(receipt.checkpoint, 5)) }),
  },
  "rename a witness' line to the other": {
    expect: 'QUORUM_UNMET',
    apply: ({ receipt }) => ({ ...receipt, checkpoint: receipt.checkpoint.replace('— w12', '— w11') }),
  },
};

describe('a receipt', () => {
  test('holds as it was made, in both forms (property)', async () => {
    await fc.assert(fc.asyncProperty(good, async (start) => {
      const { receipt } = await make(start);
      const answer = verifyReceipt(formatReceipt(receipt), trust);
      expect(answer).toMatchObject({ ok: true, index: receipt.index, entry: receipt.entry, witnessed: { quorum: 'met' } });
      expect(parseReceipt(formatReceipt(receipt))).toEqual(receipt);
      const text = `c2sp.org/tlog-proof@v1\nindex ${receipt.index}\n${receipt.proof.map((hash) => `${formatBase64(hash)}\n`).join('')}\n${receipt.checkpoint}`;
      expect(verifyTlogProof(text, receipt.entry, trust)).toEqual(answer);
    }), { numRuns: 40 });
  });

  test.each(Object.entries(crimes))('%s (property)', async (_, crime) => {
    await fc.assert(fc.asyncProperty(good, async (start) => {
      const made = await make(start);
      const evidence = await crime.apply(made);
      if (evidence === null) return;
      const answer = verifyReceipt(formatReceipt(evidence), trust);
      expect(answer.ok ? 'OK' : answer.code).toBe(typeof crime.expect === 'string' ? crime.expect : crime.expect(made));
    }), { numRuns: 40 });
  });
});

describe('no byte can change', () => {
  test('of a receipt as JSON, nor of a .tlog-proof and its entry', async () => {
    const entries = Array.from({ length: 11 }, (_, i) => encodeUtf8(`entry ${i}`));
    const { receipt } = await make({ entries, at: 6, dice: 0 });
    const json = encodeUtf8(formatReceipt(receipt));
    const hashes = receipt.proof.map((hash) => `${formatBase64(hash)}\n`).join('');
    const proof = encodeUtf8(`c2sp.org/tlog-proof@v1\nindex 6\n${hashes}\n${receipt.checkpoint}`);
    const survived: string[] = [];
    const check = (what: string, at: number, ok: boolean) => ok && survived.push(`${what} at ${at}`);
    // One bit of each byte, another bit from byte to byte: a fault of any bit would show many times.
    for (let at = 0; at < json.length; at++) check('receipt', at, verifyReceipt(flipped(json, 8 * at + (at % 8)), trust).ok);
    for (let at = 0; at < proof.length; at++) check('proof', at, verifyTlogProof(flipped(proof, 8 * at + (at % 8)), receipt.entry, trust).ok);
    for (let bit = 0; bit < 8 * receipt.entry.length; bit++) check('entry', bit, verifyTlogProof(proof, flipped(receipt.entry, bit), trust).ok);
    expect([verifyReceipt(json, trust).ok, verifyTlogProof(proof, receipt.entry, trust).ok, survived]).toEqual([true, true, []]);
  });

  test('nor can any part be cut or doubled', async () => {
    const { receipt } = await make({ entries: Array.from({ length: 3 }, (_, i) => Uint8Array.of(i)), at: 1, dice: 0 });
    const json = encodeUtf8(formatReceipt(receipt));
    for (let length = 0; length < json.length - 1; length++) expect(verifyReceipt(json.slice(0, length), trust).ok).toBe(false);
    expect(verifyReceipt(Uint8Array.of(...json, ...json), trust)).toMatchObject({ code: 'EVIDENCE_MALFORMED' });
  });

  test('bytes of any kind get an answer (property)', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(encodeUtf8)), (bytes) => {
      expect(verifyReceipt(bytes, trust)).toMatchObject({ ok: false, code: 'EVIDENCE_MALFORMED' });
      expect(verifyTlogProof(bytes, bytes, trust)).toMatchObject({ ok: false });
    }));
  });
});

describe('growth', () => {
  test('from any size to any other it holds, and from another history it does not (property)', async () => {
    await fc.assert(fc.asyncProperty(good, async ({ entries, at, dice }) => {
      const oldSize = 1 + (at % entries.length);
      const newer = await checkpointOf(entries);
      const update = (from: readonly Uint8Array[], checkpoint: string) =>
        `old ${oldSize}\n${consistencyOf(oldSize, from).map((hash) => `${formatBase64(hash)}\n`).join('')}\n${checkpoint}`;
      const kept = await checkpointOf(entries.slice(0, oldSize));
      expect(verifyGrowth(kept, update(entries, newer), trust)).toMatchObject({ ok: true, checkpoint: { size: entries.length } });
      // The log forgets or changes one of the entries that the reader's checkpoint holds.
      const changed = replaced(entries.slice(0, oldSize), dice, new Uint8Array(61)).concat(entries.slice(oldSize));
      const forked = verifyGrowth(kept, update(changed, await checkpointOf(changed)), trust);
      const powerOfTwo = 2 ** Math.floor(Math.log2(oldSize)) === oldSize;
      const code = oldSize === entries.length ? 'LOG_FORK' : powerOfTwo ? 'PROOF_ROOT_MISMATCH' : 'PROOF_OLD_ROOT_MISMATCH';
      expect(forked).toMatchObject({ ok: false, code, notes: { kept } });
      if (oldSize > 1) {
        const less = await checkpointOf(entries.slice(0, oldSize - 1));
        expect(verifyGrowth(kept, `old ${oldSize}\n\n${less}`, trust)).toMatchObject({ code: 'LOG_ROLLBACK', notes: { kept, newer: less } });
      }
    }), { numRuns: 60 });
  });
});
