// Sending entries to a mirror without a network: upload bodies in packages, and what its answers mean (C2SP tlog-mirror).
import { concatBytes, decodeUtf8, encodeUint64, encodeUtf8, parseBase64 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { entryBytesMax, proofHashesMax } from '../limits.ts';
import type { NoteKey } from './keys.ts';
import type { Verifiers } from './note.ts';
import { atPosition, Lines, malformed, parseDecimal, textOf } from './text.ts';
import { type HttpAnswer, readCosignatures, type WitnessAnswer } from './witness.ts';

/** Entries in a full package; packages begin at its multiples. */
const packageEntries = 256;

/** What an upload begins with. */
export interface UploadHeader {
  readonly origin: string;
  /** First and one past the last index: `start ≤ end`, and `end` the size of a checkpoint that the mirror holds as pending. */
  readonly start: number;
  readonly end: number;
  /** Opaque, from the mirror's last answer; empty at first. */
  readonly ticket: Uint8Array;
}

/** Which entries one package carries, and the subtree whose proof authenticates them. */
export interface PackageRange {
  /** The subtree's start, a multiple of 256: at most `start`. */
  readonly subtreeStart: number;
  readonly start: number;
  readonly end: number;
}

/** One package: its entries, and the consistency of the subtree `subtreeStart` to `end` with the tree of the upload's end. */
export interface EntryPackage {
  readonly entries: readonly Uint8Array[];
  readonly proof: readonly Uint8Array[];
}

/** The packages that carry `start` to `end`, in order. */
export function* packagesOf(start: number, end: number): Generator<PackageRange> {
  for (let from = start; from < end;) {
    const subtreeStart = from - (from % packageEntries);
    const to = Math.min(end, subtreeStart + packageEntries);
    yield { subtreeStart, start: from, end: to };
    from = to;
  }
}

/** @throws {LedgerError} INPUT_TOO_LARGE when origin or ticket exceed 65,535 bytes */
export function encodeUploadHeader({ origin, start, end, ticket }: UploadHeader): Uint8Array {
  return concatBytes(prefixed(encodeUtf8(origin), 'origin'), encodeUint64(start), encodeUint64(end), prefixed(ticket, 'ticket'));
}

/** @throws {LedgerError} INPUT_TOO_LARGE when an entry exceeds 65,535 bytes or the proof 63 hashes */
export function encodePackage({ entries, proof }: EntryPackage): Uint8Array {
  if (proof.length > proofHashesMax) {
    throw new LedgerError('INPUT_TOO_LARGE', `Cannot write package: ${proof.length} hashes, expected at most ${proofHashesMax}`);
  }
  return concatBytes(...entries.map((entry) => prefixed(entry, 'entry')), Uint8Array.of(proof.length), ...proof);
}

/**
 * Reads an upload as far as it goes. An upload cut inside a package loses that package only: the mirror's answer asks for it again.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the header is cut, `start` exceeds `end`, a proof names more than 63 hashes, or
 *   bytes follow the last package; INPUT_TOO_LARGE when a number exceeds 2^53 - 1; INPUT_NOT_UTF8 for the origin
 */
export function decodeUpload(bytes: Uint8Array): { header: UploadHeader; packages: EntryPackage[]; complete: boolean } {
  const reader = new UploadReader(bytes);
  const header = { origin: decodeUtf8(reader.prefixed()), start: reader.uint64(), end: reader.uint64(), ticket: reader.prefixed() };
  if (header.start > header.end) throw malformed('upload', `it ends at ${header.end}, before its start`, reader.at);
  const packages: EntryPackage[] = [];
  for (const range of packagesOf(header.start, header.end)) {
    const read = reader.package(range.end - range.start);
    if (read === null) return { header, packages, complete: false };
    packages.push(read);
  }
  if (reader.at !== bytes.length) throw malformed('upload', 'bytes follow the last package', reader.at);
  return { header, packages, complete: true };
}

/** What a mirror's answer means to the log that uploads. */
export type MirrorAnswer =
  | WitnessAnswer
  /** Go on from `next`, up to `size`, with this ticket: part of the upload was taken, or the mirror stands elsewhere. */
  | { readonly is: 'resume'; readonly size: number; readonly next: number; readonly ticket: Uint8Array };

/**
 * Reads a mirror's answer to `POST add-entries`.
 *
 * @param text - the text of the checkpoint that the upload completes
 * @param keys - the mirror's cosignature keys
 */
export function readMirrorAnswer(text: string, { status, body }: HttpAnswer, keys: readonly NoteKey[], verifiers: Verifiers): MirrorAnswer {
  if (status === 200) return readCosignatures(text, body, keys, verifiers);
  if (status === 202 || status === 409) {
    try {
      return { is: 'resume', ...parseMirrorInfo(body) };
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      return { is: 'unreadable', message: error.message };
    }
  }
  if (status === 404) return { is: 'unknown', message: 'the mirror does not know this origin' };
  if (status === 422) return { is: 'inconsistent', message: 'the mirror refused a proof, or has no pending checkpoint' };
  if (status === 429 || status >= 500) return { is: 'busy', message: `the mirror answered ${status}` };
  return { is: 'unreadable', message: `the mirror answered ${status}` };
}

/** Reads `text/x.tlog.mirror-info`: pending size, next entry, ticket. @throws {LedgerError} INPUT_MALFORMED or as `parseDecimal` */
export function parseMirrorInfo(input: Uint8Array | string): { size: number; next: number; ticket: Uint8Array } {
  const text = textOf(input);
  if (!/^[^\n]*\n[^\n]*\n[^\n]*\n$/.test(text)) throw malformed('upload', 'expected three lines', 0);
  const lines = new Lines(text);
  const size = parseDecimal(lines.next(), 'a tree size', lines.position);
  const next = parseDecimal(lines.next(), 'a next entry', lines.position);
  const last = lines.next();
  const ticket = atPosition(() => parseBase64(last), lines.position);
  return { size, next, ticket };
}

class UploadReader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  prefixed(): Uint8Array {
    const bytes = this.#prefixed();
    if (bytes === null) throw malformed('upload', 'its header is cut', this.#bytes.length);
    return bytes;
  }

  uint64(): number {
    const bytes = this.#take(8);
    if (bytes === null) throw malformed('upload', 'its header is cut', this.#bytes.length);
    const number = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
    if (number > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new LedgerError('INPUT_TOO_LARGE', `Cannot read upload: index ${number}, expected at most 2^53 - 1`, { position: this.at - 8 });
    }
    return Number(number);
  }

  /** @returns null when the bytes end inside the package, which is then not consumed */
  package(count: number): EntryPackage | null {
    const began = this.at;
    const entries: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const entry = this.#prefixed();
      if (entry === null) return this.#rewind(began);
      entries.push(entry);
    }
    const hashes = this.#take(1)?.[0];
    if (hashes === undefined) return this.#rewind(began);
    if (hashes > proofHashesMax) throw malformed('upload', `a proof of ${hashes} hashes`, this.at - 1);
    const proof = this.#take(32 * hashes);
    if (proof === null) return this.#rewind(began);
    return { entries, proof: Array.from({ length: hashes }, (_, i) => proof.slice(32 * i, 32 * i + 32)) };
  }

  #prefixed(): Uint8Array | null {
    const length = this.#take(2);
    return length === null ? null : this.#take(((length[0] as number) << 8) | (length[1] as number));
  }

  #take(length: number): Uint8Array | null {
    if (this.at + length > this.#bytes.length) return null;
    this.at += length;
    return this.#bytes.slice(this.at - length, this.at);
  }

  #rewind(to: number): null {
    this.at = to;
    return null;
  }
}

function prefixed(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length > entryBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot write ${what}: ${bytes.length} bytes, expected at most ${entryBytesMax}`);
  return concatBytes(Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff), bytes);
}
