// A log of our own in memory, for tests that need entries with proofs: leaves, a tree by its definition, a signed checkpoint.
import { leafHash, nodeHash } from '../../ledger/merkle/index.ts';
import { ed25519Signer, signCheckpoint } from '../../ledger/note/index.ts';
import { type EntryProof, formatTrustedRoot, logIdOf } from '../../verify/sigstore/index.ts';

export class OwnLog {
  readonly origin: string;
  readonly trustedRoot: string;
  readonly #signer;
  readonly #bodies: Uint8Array[] = [];

  constructor(origin = 'ledger.example.test', seed = new Uint8Array(32).fill(7)) {
    this.origin = origin;
    this.#signer = ed25519Signer(origin, seed);
    this.trustedRoot = formatTrustedRoot(origin, [{ publicKey: this.#signer.key.publicKey, from: Date.UTC(2026, 0, 1) }]);
  }

  async append(body: Uint8Array): Promise<EntryProof> {
    this.#bodies.push(body);
    return this.prove(this.#bodies.length - 1);
  }

  async prove(index: number): Promise<EntryProof> {
    const leaves = this.#bodies.map((body) => leafHash(body));
    const root = rootOf(leaves);
    const checkpoint = await signCheckpoint({ origin: this.origin, size: leaves.length, root, extensions: [] }, [this.#signer]);
    const body = this.#bodies[index] as Uint8Array;
    return { logId: logIdOf(this.origin, this.#signer.key.publicKey), index, size: leaves.length, root, hashes: pathOf(index, leaves), checkpoint, body };
  }
}

/** RFC 6962 §2.1, word for word. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  const k = splitOf(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

/** RFC 6962 §2.1.1, word for word. */
function pathOf(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = splitOf(leaves.length);
  return index < k ? [...pathOf(index, leaves.slice(0, k)), rootOf(leaves.slice(k))] : [...pathOf(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}

function splitOf(count: number): number {
  let k = 1;
  while (2 * k < count) k *= 2;
  return k;
}
