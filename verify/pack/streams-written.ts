// The streams of a pack in the one form in which they are written: to bytes and back, with no JSON value in between.
import { decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import type { StreamProof } from '../../ledger/streams/proof.ts';
import type { PackStream } from './streams.ts';

/** What stands before the first stream, and the streams. */
export interface WrittenStreams {
  /** The bytes up to the first stream: the list of streams is open there, and nothing comes after it but what closes it. */
  readonly head: Uint8Array;
  readonly streams: PackStream[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
/** Base64 of 32 bytes. */
const hashChars = 44;
/** By the bits at so many bytes before its end, and half as many, a claim of absence is looked up: in the hashes at its end, mostly. */
const sampled = 80;
/** Numbers of so many digits are below 2^53. */
const digitsMax = 15;

const [listed, ended] = ['"streams":[\n', ']}\n'].map(encodeUtf8) as [Uint8Array, Uint8Array];
const [named, versioned, claimed] = ['{"name":"', '","version":', ',"head":{"claim":"'].map(encodeUtf8) as [Uint8Array, Uint8Array, Uint8Array];
const [present, absent, noSibling] = ['present","siblings":[', 'absent","siblings":[', ']'].map(encodeUtf8) as [Uint8Array, Uint8Array, Uint8Array];
const [version, index, leafless, keyed] = [',"version":', ',"index":', ',"leaf":null', ',"leaf":{"key":'].map(encodeUtf8) as [
  Uint8Array, Uint8Array, Uint8Array, Uint8Array,
];
const [next, last] = ['}},\n', '}}\n'].map(encodeUtf8) as [Uint8Array, Uint8Array];

/**
 * Reads streams as they are written: a fifth of the time that a JSON value of as many megabytes takes, most of which is to make a text
 * of each hash, where thousands of proofs have most of theirs in common.
 *
 * @param names - ascending, that may stand there: where one does it is that very text, whose hash tables of names know already
 * @returns what the reader of any JSON gives of the same bytes; null where they are not exactly in the form that is written, names in
 *   printable ASCII without escapes, hashes of 32 bytes: then it is for that reader to say what they are
 */
export function readWrittenStreams(bytes: Uint8Array, names: readonly string[] = []): WrittenStreams | null {
  const start = endOfFirst(bytes, listed);
  if (start < 0) return null;
  const reader = new WrittenReader(bytes, start, names);
  const streams: PackStream[] = [];
  for (let more = true; more; ) {
    const stream = reader.stream();
    if (stream === null) return null;
    streams.push(stream);
    more = reader.skip(next);
    if (!more && !reader.skip(last)) return null;
  }
  return reader.skip(ended) && reader.at === bytes.length ? { head: bytes.subarray(0, start), streams } : null;
}

/** Writes streams behind what stands before them. @param head - the beginning of a JSON object, up to a comma */
export function writeStreams(head: string, streams: readonly PackStream[]): Uint8Array {
  const writer = new Writer();
  writer.text(`${head}"streams":[\n`);
  streams.forEach(({ name, version: count, head: proof }, i) => {
    writer.text(`${i === 0 ? '' : ',\n'}{"name":${JSON.stringify(name)},"version":${count},"head":{"claim":"${proof.claim}","siblings":[`);
    proof.siblings.forEach((sibling, at) => writer.hash(sibling, at > 0));
    if (proof.claim === 'present') writer.text(`],"version":${proof.version},"index":${proof.index}}}`);
    else if (proof.leaf === undefined) writer.text('],"leaf":null}}');
    else {
      writer.text('],"leaf":{"key":');
      writer.hash(proof.leaf.key, false);
      writer.text(`,"version":${proof.leaf.version},"index":${proof.leaf.index}}}}`);
    }
  });
  writer.text('\n]}\n');
  return writer.bytes();
}

const encoder = new TextEncoder();
const alphabet = encodeUtf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** Bytes that grow: a text of each of 200,000 hashes would take ten times as long as their bytes. */
class Writer {
  #bytes = new Uint8Array(1 << 16);
  #at = 0;

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  text(text: string): void {
    this.#ensure(3 * text.length);
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
  }

  /** A hash as base64 in quotes, and where it is not the first one a comma before it. */
  hash(hash: Uint8Array, comma: boolean): void {
    if (hash.length !== 32) throw new RangeError(`not a hash: ${hash.length} bytes`);
    this.#ensure(hashChars + 3);
    const bytes = this.#bytes;
    let at = this.#at;
    if (comma) bytes[at++] = COMMA;
    bytes[at++] = QUOTE;
    for (let i = 0; i < 32; i += 3) {
      const [a, b, c] = [hash[i] as number, hash[i + 1] as number, i === 30 ? 0 : (hash[i + 2] as number)];
      bytes[at++] = alphabet[a >> 2] as number;
      bytes[at++] = alphabet[((a & 3) << 4) | (b >> 4)] as number;
      bytes[at++] = alphabet[((b & 15) << 2) | (c >> 6)] as number;
      bytes[at++] = i === 30 ? EQUALS : (alphabet[c & 63] as number);
    }
    bytes[at++] = QUOTE;
    this.#at = at;
  }

  #ensure(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#at + more));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

/** Where the first place of `what` ends; -1 where it is nowhere. */
function endOfFirst(bytes: Uint8Array, what: Uint8Array): number {
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) if (isAt(bytes, at, what)) return at + what.length;
  return -1;
}

function isAt(bytes: Uint8Array, at: number, what: Uint8Array): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false;
  return true;
}

/** What was read once, and where its text stands. */
interface Known<T> {
  readonly at: number;
  readonly length: number;
  readonly value: T;
}

/** Goes forward over the bytes; each step says null or false where something else stands there, and nobody asks it anything after that. */
class WrittenReader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #names: readonly string[];
  /** How many of the names were passed. */
  #passed = 0;
  /** By the first bits of its text, the last hash that was read with them. */
  readonly #hashes = new Map<number, Known<Uint8Array>>();
  /** By some bits of its text, the last claim of absence that was read with them: of thousands that end at a few hundred leaves. */
  readonly #absences = new Map<number, Known<StreamProof>>();

  constructor(bytes: Uint8Array, at: number, names: readonly string[]) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#names = names;
    this.at = at;
  }

  skip(what: Uint8Array): boolean {
    const is = isAt(this.#bytes, this.at, what);
    if (is) this.at += what.length;
    return is;
  }

  /** One stream but for the braces that end it. */
  stream(): PackStream | null {
    const name = this.skip(named) ? this.#text() : null;
    const count = name !== null && this.skip(versioned) ? this.#count() : null;
    if (name === null || count === null || !this.skip(claimed)) return null;
    const head = this.skip(present) ? this.#present() : this.skip(absent) ? this.#absence() : null;
    return head === null ? null : { name, version: count, head };
  }

  #present(): StreamProof | null {
    const siblings = this.#siblings();
    const of = siblings !== null && this.skip(version) ? this.#count() : null;
    const at = of !== null && this.skip(index) ? this.#count() : null;
    return siblings === null || of === null || at === null ? null : { claim: 'present', siblings, version: of, index: at };
  }

  /** A claim of absence; one that stood before, byte for byte, is the same value. */
  #absence(): StreamProof | null {
    const start = this.at;
    const line = this.#bytes.indexOf(LINE_FEED, start);
    const end = line - (this.#bytes[line - 1] === COMMA ? next.length : last.length) + 1;
    const length = end - start;
    if (length < sampled) return this.#absent();
    const sample = this.#view.getInt32(end - sampled) ^ (31 * this.#view.getInt32(end - sampled / 2)) ^ length;
    const known = this.#absences.get(sample);
    // As long, too: the same text and more behind it would be another.
    if (known !== undefined && known.length === length && this.#isSame(known.at, start, length)) {
      this.at = end;
      return known.value;
    }
    const read = this.#absent();
    if (read !== null && this.at === end) this.#absences.set(sample, { at: start, length, value: read });
    return read;
  }

  #absent(): StreamProof | null {
    const siblings = this.#siblings();
    if (siblings === null) return null;
    if (this.skip(leafless)) return { claim: 'absent', siblings };
    const key = this.skip(keyed) ? this.#hash() : null;
    const of = key !== null && this.skip(version) ? this.#count() : null;
    const at = of !== null && this.skip(index) ? this.#count() : null;
    if (key === null || of === null || at === null) return null;
    this.at += 1;
    return this.#bytes[this.at - 1] === 0x7d ? { claim: 'absent', siblings, leaf: { key, version: of, index: at } } : null;
  }

  /** Hashes with commas between them, and the bracket that ends them. */
  #siblings(): Uint8Array[] | null {
    const siblings: Uint8Array[] = [];
    if (this.skip(noSibling)) return siblings;
    for (;;) {
      const hash = this.#hash();
      if (hash === null) return null;
      siblings.push(hash);
      const unit = this.#bytes[this.at++];
      if (unit === 0x5d) return siblings;
      if (unit !== COMMA) return null;
    }
  }

  /** A hash in quotes; one that stood before is the same array. */
  #hash(): Uint8Array | null {
    const bytes = this.#bytes;
    const at = this.at + 1;
    if (bytes[this.at] !== QUOTE || bytes[at + hashChars] !== QUOTE) return null;
    this.at = at + hashChars + 1;
    const first = this.#view.getInt32(at);
    const known = this.#hashes.get(first);
    if (known !== undefined && this.#isSame(known.at, at, hashChars)) return known.value;
    const hash = hashAt(bytes, at);
    if (hash !== null) this.#hashes.set(first, { at, length: hashChars, value: hash });
    return hash;
  }

  #isSame(one: number, other: number, length: number): boolean {
    const view = this.#view;
    let i = 0;
    for (; i + 4 <= length; i += 4) if (view.getInt32(one + i) !== view.getInt32(other + i)) return false;
    for (; i < length; i++) if (this.#bytes[one + i] !== this.#bytes[other + i]) return false;
    return true;
  }

  /** What stands up to the next quote, which is skipped by what follows. */
  #text(): string | null {
    const bytes = this.#bytes;
    const start = this.at;
    for (let unit = bytes[start]; unit !== QUOTE; unit = bytes[++this.at]) {
      if (unit === undefined || unit < 0x20 || unit > 0x7e || unit === BACKSLASH) return null;
    }
    const name = this.#names[this.#passed];
    if (name !== undefined && this.#isAt(name, start)) {
      this.#passed += 1;
      return name;
    }
    const text = decodeUtf8(bytes.subarray(start, this.at));
    while ((this.#names[this.#passed] ?? text) < text) this.#passed += 1;
    return text;
  }

  /** Whether a name is the text from `start` up to here. */
  #isAt(name: string, start: number): boolean {
    if (name.length !== this.at - start) return false;
    for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== this.#bytes[start + i]) return false;
    return true;
  }

  #count(): number | null {
    const start = this.at;
    let count = 0;
    for (let unit = this.#bytes[this.at] as number; unit >= 0x30 && unit <= 0x39; unit = this.#bytes[++this.at] as number) count = 10 * count + unit - 0x30;
    const digits = this.at - start;
    return digits === 0 || digits > digitsMax || (digits > 1 && this.#bytes[start] === 0x30) ? null : count;
  }
}

const bitsOf = new Uint8Array(256).fill(0xff);
alphabet.forEach((unit, bits) => (bitsOf[unit] = bits));

/** 32 bytes of canonical base64; null for any other text. */
function hashAt(bytes: Uint8Array, at: number): Uint8Array | null {
  const hash = new Uint8Array(32);
  let wrong = bytes[at + hashChars - 1] === EQUALS ? 0 : 0xff;
  for (let i = 0, from = at; i < 32; i += 3, from += 4) {
    const a = bitsOf[bytes[from] as number] as number;
    const b = bitsOf[bytes[from + 1] as number] as number;
    const c = bitsOf[bytes[from + 2] as number] as number;
    hash[i] = (a << 2) | (b >> 4);
    hash[i + 1] = (b << 4) | (c >> 2);
    wrong |= a | b | c;
    if (i === 30) {
      // 256 bits end in the middle of a character, whose other bits are zero in the one form of the text.
      wrong |= (c & 3) << 6;
      break;
    }
    const d = bitsOf[bytes[from + 3] as number] as number;
    hash[i + 2] = (c << 6) | d;
    wrong |= d;
  }
  // What is no character of base64 has bits that none of the 64 values has.
  return wrong > 0x3f ? null : hash;
}
