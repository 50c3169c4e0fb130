// A slow and obvious tree: the recursive definitions of RFC 9162 §2.1, word for word, to hold the fast one against.
import { createHash } from 'node:crypto';

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

export const slowLeaf = (entry: Uint8Array): Uint8Array => sha256(Uint8Array.of(0), entry);
export const slowNode = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(Uint8Array.of(1), left, right);

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Remembers roots by their run: the definitions would hash for minutes otherwise. */
export class SlowTree {
  readonly leaves: readonly Uint8Array[];
  readonly #roots = new Map<number, Uint8Array>();

  constructor(entries: readonly Uint8Array[]) {
    this.leaves = entries.map(slowLeaf);
  }

  /** MTH(D[start:end]) */
  root(start: number, end: number): Uint8Array {
    if (start === end) return sha256();
    if (end - start === 1) return this.leaves[start] as Uint8Array;
    const key = start * (this.leaves.length + 1) + end;
    const known = this.#roots.get(key);
    if (known !== undefined) return known;
    const k = split(end - start);
    const root = slowNode(this.root(start, start + k), this.root(start + k, end));
    this.#roots.set(key, root);
    return root;
  }

  /** PATH(m, D[start:end]) */
  path(m: number, start: number, end: number): Uint8Array[] {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    if (m < middle) return [...this.path(m, start, middle), this.root(middle, end)];
    return [...this.path(m, middle, end), this.root(start, middle)];
  }

  /** SUBTREE_SUBPROOF(partStart, partEnd, D[start:end], known); with partStart 0 it is RFC 9162's SUBPROOF. */
  subproof(partStart: number, partEnd: number, start: number, end: number, known = true): Uint8Array[] {
    if (partStart === start && partEnd === end) return known ? [] : [this.root(start, end)];
    const middle = start + split(end - start);
    if (partEnd <= middle) return [...this.subproof(partStart, partEnd, start, middle, known), this.root(middle, end)];
    if (middle <= partStart) return [...this.subproof(partStart, partEnd, middle, end, known), this.root(start, middle)];
    return [...this.subproof(middle, partEnd, middle, end, false), this.root(start, middle)];
  }
}

/** Distinct entries without randomness. */
export const entries = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => new TextEncoder().encode(`entry ${i}`));
