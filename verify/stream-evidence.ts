// Evidence about one stream, as JSON: its events with their proofs, and what shows that there are no more.
import { formatBase64, parseBase64 } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson, parseJsonText } from '../ledger/json.ts';
import { entryBytesMax, proofHashesMax } from '../ledger/limits.ts';
import { malformed } from '../ledger/note/text.ts';
import type { StreamProof } from '../ledger/streams/proof.ts';

/** An entry with its place and its proof under the evidence's one checkpoint. */
export interface Placed {
  readonly entry: Uint8Array;
  /** Zero-based. */
  readonly index: number;
  /** From the leaf's sibling upwards. */
  readonly proof: readonly Uint8Array[];
}

export interface StreamEvidence {
  /** The stream's name. */
  readonly stream: string;
  /** A signed checkpoint as text; every proof leads to its root. */
  readonly checkpoint: string;
  /** The stream's events, in any order. */
  readonly events: readonly Placed[];
  /** A proof from the stream index, and the event that states the index's root; null where none is given. */
  readonly head: { readonly stated: Placed; readonly proof: StreamProof } | null;
}

const FORMAT = 'stella-stream/1';
const evidenceBytesMax = 67_108_864;

/**
 * Reads evidence about a stream, strictly: its members and no others.
 *
 * @throws {LedgerError} INPUT_VERSION_UNKNOWN for another format; INPUT_TOO_LARGE; INPUT_MALFORMED or INPUT_NOT_CANONICAL for
 *   anything else, and as `parseJson`
 * @see spec/receipt.md, "Streams"
 */
export function parseStreamEvidence(input: Uint8Array | string): StreamEvidence {
  const limits = { bytesMax: evidenceBytesMax, depthMax: 6 };
  const json = typeof input === 'string' ? parseJsonText(input, limits) : parseJson(input, limits);
  if (!isJsonObject(json)) throw refuse('it is no object');
  if (typeof json['format'] !== 'string') throw refuse('it names no format');
  if (json['format'] !== FORMAT) {
    throw new LedgerError('INPUT_VERSION_UNKNOWN', `Cannot read stream evidence: format "${clip(json['format'])}", expected "${FORMAT}"`);
  }
  const { stream, checkpoint, events, head } = membersOf(json, ['format', 'stream', 'checkpoint', 'events', 'head']);
  return {
    stream: textIn(stream, 'stream'),
    checkpoint: textIn(checkpoint, 'checkpoint'),
    events: listIn(events, 'events').map(placedIn),
    head: head === null ? null : headIn(head),
  };
}

/** Writes evidence about a stream: one JSON object, with a newline at its end. */
export function formatStreamEvidence({ stream, checkpoint, events, head }: StreamEvidence): string {
  const evidence = { format: FORMAT, stream, checkpoint, events: events.map(placedJson), head: head === null ? null : headJson(head) };
  return `${JSON.stringify(evidence, null, 2)}\n`;
}

function headIn(value: Json | undefined): StreamEvidence['head'] {
  if (!isJsonObject(value)) throw refuse('its head is no object');
  const { stated, ...proof } = value;
  return { stated: placedIn(stated), proof: parseStreamProof(proof) };
}

/**
 * Reads what a proof from the stream index claims, and its hashes.
 *
 * @param hashOf - reads base64 as `parseBase64` does
 * @throws {LedgerError} INPUT_MALFORMED, INPUT_NOT_CANONICAL
 */
export function parseStreamProof(value: Json | undefined, hashOf: (text: string) => Uint8Array = parseBase64): StreamProof {
  if (!isJsonObject(value)) throw refuse('its head is no object');
  if (value['claim'] === 'present') {
    const { siblings, version, index } = membersOf(value, ['claim', 'siblings', 'version', 'index']);
    return { claim: 'present', siblings: hashesIn(siblings, hashOf), version: countIn(version, 'version'), index: countIn(index, 'index') };
  }
  if (value['claim'] !== 'absent') throw refuse('its head claims neither presence nor absence');
  const { siblings, leaf } = membersOf(value, ['claim', 'siblings', 'leaf']);
  const absent = { claim: 'absent', siblings: hashesIn(siblings, hashOf) } as const;
  return leaf === null ? absent : { ...absent, leaf: leafIn(leaf, hashOf) };
}

function headJson({ stated, proof }: NonNullable<StreamEvidence['head']>): object {
  const { claim, ...more } = streamProofJson(proof);
  return { claim, stated: placedJson(stated), ...more };
}

/** A proof as a JSON value. */
function streamProofJson(proof: StreamProof): { readonly claim: string } {
  const siblings = proof.siblings.map(formatBase64);
  if (proof.claim === 'present') return { claim: 'present', siblings, version: proof.version, index: proof.index } as { claim: string };
  const leaf = proof.leaf === undefined ? null : { ...proof.leaf, key: formatBase64(proof.leaf.key) };
  return { claim: 'absent', siblings, leaf } as { claim: string };
}

function leafIn(value: Json | undefined, hashOf: (text: string) => Uint8Array): { key: Uint8Array; version: number; index: number } {
  if (!isJsonObject(value)) throw refuse('a leaf is no object');
  const { key, version, index } = membersOf(value, ['key', 'version', 'index']);
  return { key: hashOf(textIn(key, 'key')), version: countIn(version, 'version'), index: countIn(index, 'index') };
}

function placedIn(value: Json | undefined): Placed {
  if (!isJsonObject(value)) throw refuse('an event is no object');
  const { entry, index, proof } = membersOf(value, ['entry', 'index', 'proof']);
  const stored = parseBase64(textIn(entry, 'entry'));
  if (stored.length > entryBytesMax) throw tooLarge(`an entry of ${stored.length} bytes`, entryBytesMax);
  const hashes = hashesIn(proof, parseBase64);
  if (hashes.length > proofHashesMax) throw tooLarge(`${hashes.length} hashes`, proofHashesMax);
  return { entry: stored, index: countIn(index, 'index'), proof: hashes };
}

function placedJson({ entry, index, proof }: Placed): object {
  return { entry: formatBase64(entry), index, proof: proof.map(formatBase64) };
}

function membersOf(object: JsonObject, names: readonly string[]): JsonObject {
  const missing = names.find((name) => !Object.hasOwn(object, name));
  if (missing !== undefined) throw refuse(`"${missing}" is missing`);
  const other = Object.keys(object).find((name) => !names.includes(name));
  if (other !== undefined) throw refuse(`it has a member "${clip(other)}"`);
  return object;
}

function textIn(value: Json | undefined, what: string): string {
  if (typeof value !== 'string') throw refuse(`"${what}" is no text`);
  return value;
}

function listIn(value: Json | undefined, what: string): Json[] {
  if (!Array.isArray(value)) throw refuse(`"${what}" is no array`);
  return value;
}

function hashesIn(value: Json | undefined, hashOf: (text: string) => Uint8Array): Uint8Array[] {
  return listIn(value, 'hashes').map((hash) => hashOf(textIn(hash, 'hash')));
}

function countIn(value: Json | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw refuse(`"${what}" is no integer from 0 to 2^53 - 1`);
  return value;
}

function refuse(why: string): LedgerError {
  return malformed('stream evidence', why);
}

function tooLarge(what: string, most: number): LedgerError {
  return new LedgerError('INPUT_TOO_LARGE', `Cannot read stream evidence: ${what}, expected at most ${most}`);
}
