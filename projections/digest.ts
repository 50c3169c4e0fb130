// The digest of a projection's documents: what a rebuild and the live tables must agree on.
import { compareBytes, concatBytes, encodeUtf8 } from '../ledger/bytes.ts';
import { encodeCbor, type CborMap } from '../ledger/events/index.ts';
import { Frontier, nobleHasher, sha256, type Hasher } from '../ledger/merkle/index.ts';
import type { Document } from './projection.ts';

/** A document in the bytes that are stored and compared. */
export function encodeDocument(document: Document): Uint8Array {
  return encodeCbor(document as unknown as CborMap);
}

/** One document at its key, encoded. */
export interface EncodedDocument {
  readonly key: string;
  readonly document: Uint8Array;
}

/** One digest of all documents: SHA-256 over those of the projections, in the order in which they are given. */
export function digestOfAll(fold: { digest(name: string): Uint8Array }, projections: readonly { readonly name: string }[]): Uint8Array {
  return sha256(concatBytes(...projections.map(({ name }) => fold.digest(name))));
}

/**
 * The RFC 6962 root over a projection's documents, sorted by the bytes of their keys; each leaf is `E([name, version, key, document])`.
 *
 * @param documents - in any order, each key once
 * @see spec/projections.md, "Digest"
 */
export function digestOf(
  projection: { readonly name: string; readonly version: number }, documents: Iterable<EncodedDocument>, hasher: Hasher = nobleHasher,
): Uint8Array {
  const sorted = [...documents].map(({ key, document }) => ({ key, bytes: encodeUtf8(key), document })).sort((a, b) => compareBytes(a.bytes, b.bytes));
  const frontier = new Frontier(hasher);
  for (const { key, document } of sorted) frontier.append(hasher.leaf(encodeCbor([projection.name, projection.version, key, document])));
  return frontier.root();
}
