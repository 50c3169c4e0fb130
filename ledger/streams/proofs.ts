// Many proofs under one root of the stream index: what one of them has shown, the next need not hash again.
import { equalBytes } from '../bytes.ts';
import type { Sha256 } from '../events/index.ts';
import { sha256 } from '../merkle/index.ts';
import { yes, type Verdict } from '../verdict.ts';
import type { StreamCode } from './codes.ts';
import { bitOf, streamKeyOf, type StreamKeys } from './index-hash.ts';
import { hashAbove, hashOfEnd, readClaim, rootMismatch, type ClaimedLeaf, type StreamProof } from './proof.ts';

/** A place in the trie whose hash is proven to be what the root says; its children too, once a proof led through it. */
interface Shown {
  readonly hash: Uint8Array;
  below: readonly [Shown, Shown] | null;
  /** The leaf that ends here, once a proof showed it. */
  leaf: ClaimedLeaf | null;
  /** The claim of absence that was shown last to end here. */
  absence: StreamProof | null;
}

/**
 * Verifies proofs under one root, each as `verifyStreamProof` would.
 *
 * A node's hash fixes the hashes of its children, so that a proof is hashed only up to the first node that an earlier one went
 * through; above it, its siblings have to be those that were shown. However many proofs there are, no node is hashed twice.
 */
export class StreamProofs {
  readonly #top: Shown;
  readonly #digest: Sha256;
  readonly #keyOf: StreamKeys;

  /** @param root - 32 bytes, from a `ledger.indexed`, a decision or an export */
  constructor(root: Uint8Array, digest: Sha256 = sha256, keyOf: StreamKeys = (name) => streamKeyOf(name, digest)) {
    this.#keyOf = keyOf;
    this.#top = shown(root);
    this.#digest = digest;
  }

  /** @see spec/streams.md, "Proofs" */
  verify(stream: string, proof: StreamProof): Verdict<StreamCode> {
    const key = this.#keyOf(stream);
    if (proof.claim === 'absent' && this.#isShown(key, proof)) return yes;
    const claim = readClaim(key, proof);
    if (!claim.ok) return claim;
    const { leaf } = claim;
    const { siblings } = proof;
    let at = this.#top;
    let depth = 0;
    for (; depth < siblings.length && at.below !== null; depth++) {
      const bit = bitOf(key, depth);
      // Another sibling would be another message with this node's hash.
      if (!isSame((at.below[1 - bit] as Shown).hash, siblings[depth] as Uint8Array)) return rootMismatch(stream, proof);
      at = at.below[bit] as Shown;
    }
    if (depth === siblings.length && leaf !== null && at.leaf !== null && isSameLeaf(leaf, at.leaf)) return this.#shows(at, proof);
    const hashes = hashAbove(hashOfEnd(leaf, this.#digest), key, siblings, depth, this.#digest);
    if (!equalBytes(hashes[0] as Uint8Array, at.hash)) return rootMismatch(stream, proof);
    for (let i = 1; i < hashes.length; i++, depth++) {
      const [own, other] = [shown(hashes[i] as Uint8Array), shown(siblings[depth] as Uint8Array)];
      at.below = bitOf(key, depth) === 0 ? [own, other] : [other, own];
      at = own;
    }
    at.leaf = leaf;
    return this.#shows(at, proof);
  }

  #shows(at: Shown, proof: StreamProof): typeof yes {
    if (proof.claim === 'absent') at.absence = proof;
    return yes;
  }

  /** Whether a key's path ends where the very same claim was shown before: then it speaks of this key too, unless its leaf is the key's own. */
  #isShown(key: Uint8Array, proof: StreamProof & { readonly claim: 'absent' }): boolean {
    let at = this.#top;
    for (let depth = 0; at.below !== null; depth++) at = at.below[bitOf(key, depth)];
    return at.absence === proof && (proof.leaf === undefined || !equalBytes(proof.leaf.key, key));
  }
}

function shown(hash: Uint8Array): Shown {
  return { hash, below: null, leaf: null, absence: null };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || equalBytes(a, b);
}

function isSameLeaf(a: ClaimedLeaf, b: ClaimedLeaf): boolean {
  return a.version === b.version && a.index === b.index && equalBytes(a.key, b.key);
}
