// Whether an entry is in the log, shown by a receipt or a .tlog-proof (spec/verify.md, "Receipt").
import { LedgerError } from '../ledger/errors.ts';
import { leafHash } from '../ledger/merkle/hash.ts';
import { verifyInclusion } from '../ledger/merkle/inclusion.ts';
import { parseCheckpoint } from '../ledger/note/checkpoint.ts';
import { parseTlogProof, type TlogProof } from '../ledger/note/tlog-proof.ts';
import { openCheckpoint, type Signed, trustsNobody } from './checkpoint.ts';
import type { Answer } from './codes.ts';
import { readEvidence } from './evidence.ts';
import { missingEvidence, type Update } from './growth.ts';
import { parseReceipt, type Receipt } from './receipt.ts';
import type { Trust } from './trust.ts';

/** What a receipt proves: these bytes stand at this index of the tree that this checkpoint commits to. */
export interface Included extends Signed {
  readonly entry: Uint8Array;
  /** Zero-based. */
  readonly index: number;
}

/** What may come beside the evidence. */
export interface Beside {
  /** For a checkpoint by a retired key: a newer one, with a consistency proof from this one. */
  readonly update?: Update;
}

/** Checks a checkpoint alone: its signatures, its key's bounds, its witnesses. */
export function verifyCheckpoint(input: Uint8Array | string, trust: Trust, { update }: Beside = {}): Answer<Signed> {
  const signed = openCheckpoint(input, trust);
  return signed.ok ? (missingEvidence(signed, trust, update) ?? signed) : signed;
}

/** Checks a receipt. Never throws on evidence: what cannot be read is a verdict too. */
export function verifyReceipt(input: Receipt | Uint8Array | string, trust: Trust, beside: Beside = {}): Answer<Included> {
  return verifyPlace('the receipt', trust, beside, () => {
    const receipt = typeof input === 'string' || input instanceof Uint8Array ? parseReceipt(input) : input;
    const checkpoint = parseCheckpoint(receipt.checkpoint);
    if (receipt.size !== checkpoint.size) {
      throw new LedgerError('INPUT_MALFORMED', `Cannot read receipt: it is for size ${receipt.size}, and its checkpoint for ${checkpoint.size}`);
    }
    return { ...receipt, checkpoint };
  });
}

/**
 * Checks a `.tlog-proof` of an entry. The proof's extra data is not authenticated, and is not returned.
 *
 * @param entry - the exact bytes that are claimed to be logged
 */
export function verifyTlogProof(input: Uint8Array | string, entry: Uint8Array, trust: Trust, beside: Beside = {}): Answer<Included> {
  return verifyPlace('the proof', trust, beside, () => ({ ...parseTlogProof(input), entry }));
}

type Place = Pick<TlogProof, 'index' | 'proof' | 'checkpoint'> & { readonly entry: Uint8Array };

function verifyPlace(what: string, trust: Trust, { update }: Beside, read: () => Place): Answer<Included> {
  // 1. Somebody is trusted, and the evidence can be read.
  if (trust.logs.length === 0) return trustsNobody;
  const place = readEvidence(what, read);
  if (!place.ok) return place;
  const { entry, index, proof, checkpoint } = place.value;
  // 2. A trusted key of the log signed the checkpoint.
  const signed = openCheckpoint(checkpoint, trust);
  if (!signed.ok) return signed;
  // 3. The entry's leaf and the proof lead to the checkpoint's root.
  const inclusion = verifyInclusion(index, checkpoint.size, leafHash(entry), proof, checkpoint.root);
  if (!inclusion.ok) return inclusion;
  // 4. Nothing is missing that further evidence could bring.
  return missingEvidence(signed, trust, update) ?? { ...signed, entry, index };
}
