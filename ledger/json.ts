// JSON from strangers, read strictly in one linear pass: no duplicate keys, bounded depth, exact integers, places in refusals.
import { clip, LedgerError, type Code } from './errors.ts';
import { isPlainJson } from './json-plain.ts';
import { byteOffset, decodeText, type Encoding } from './text.ts';

/** A parsed JSON value. An integer outside ±(2^53 − 1) is a `bigint`, so that no digit is lost. */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;

/** Members are own properties, `__proto__` too: look up names that a stranger chose with `Object.hasOwn`. */
export interface JsonObject {
  [key: string]: Json;
}

export interface JsonOptions {
  /** Largest size of the document in bytes; 128 MiB when left out. */
  bytesMax?: number;
  /** Deepest nesting of objects and arrays; 128 when left out. */
  depthMax?: number;
  /**
   * How many bytes a value takes at least, on average, in documents of a form that is known. `[[],[],…` grows thirtyfold in memory: of a
   * form whose documents may be large, what could only be that is refused unread.
   */
  valueBytesMin?: number;
  /**
   * When given, integers outside ±(2^53 − 1) become the nearest double, and each is reported with its byte offset and its
   * digits. When left out they stay exact, as `bigint`.
   */
  onInexact?: (position: number, digits: string) => void;
}

export const jsonBytesMax = 128 * 1024 * 1024;
export const jsonDepthMax = 128;
/** Longest number in characters: reading digits into a `bigint` costs more than linear time. */
export const jsonNumberMax = 1024;

/**
 * Parses a JSON document (RFC 8259) in UTF-8 without byte order mark.
 *
 * The guards stand in this order: size, encoding, then depth, duplicate keys and grammar in one pass. Numbers with a fraction
 * or an exponent are the nearest double; one beyond the doubles' range is refused, because it would read as infinity.
 *
 * @throws {LedgerError} INPUT_TOO_LARGE, INPUT_NOT_UTF8 (also for a lone surrogate), INPUT_TOO_DEEP, INPUT_DUPLICATE_KEY,
 *   INPUT_MALFORMED; each but the first with the byte offset in `position`
 */
export function parseJson(bytes: Uint8Array, options: JsonOptions = {}): Json {
  const bytesMax = options.bytesMax ?? jsonBytesMax;
  if (bytes.length > bytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read JSON: ${bytes.length} bytes, expected at most ${bytesMax}`);
  const { valueBytesMin } = options;
  if (valueBytesMin !== undefined && countValues(bytes) > bytes.length / valueBytesMin + 64) {
    throw new LedgerError('INPUT_TOO_LARGE', `Cannot read JSON: more values than ${bytes.length} bytes of this form hold`);
  }
  const { text, encoding } = decodeText(bytes);
  if (encoding !== 'utf-8') {
    throw new LedgerError('INPUT_NOT_UTF8', `Cannot read JSON: it is in ${encoding}`, { position: 0, hint: 'send it as UTF-8 without byte order mark' });
  }
  return parseJsonText(text, options);
}

/**
 * Parses a decoded JSON text; everything `parseJson` promises but size and encoding.
 *
 * @param encoding - what the text was decoded from, so that places in refusals count its bytes
 */
export function parseJsonText(text: string, options: JsonOptions = {}, encoding: Encoding = 'utf-8'): Json {
  if (isPlainJson(text, options.depthMax ?? jsonDepthMax)) {
    try {
      return JSON.parse(text) as Json;
    } catch {
      // The reader below says what is wrong, and where.
    }
  }
  return new Reader(text, encoding, options).document();
}

/** How many values a document has at most: a comma or an opening bracket stands before each but the first. */
function countValues(bytes: Uint8Array): number {
  let count = 1;
  for (const byte of bytes) if (byte === COMMA || byte === 0x5b || byte === 0x7b) count++;
  return count;
}

/** Narrows a value to an object: JSON `null` and arrays are none. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a member as `JSON.parse` does: a plain assignment to `__proto__` would replace the object's prototype. */
export function setMember(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;

/** Reads every text, also those that the engine's parser would read otherwise; it knows where it stands. */
export class Reader {
  readonly #text: string;
  readonly #encoding: Encoding;
  readonly #depthMax: number;
  readonly #onInexact: JsonOptions['onInexact'];
  /** Keys repeat: looking one up by its length and ends saves a slice and its hash, a third of the time on a bill of materials. */
  readonly #keys: string[] = Array.from({ length: 1024 }, () => '');
  #at = 0;
  #depth = 0;

  constructor(text: string, encoding: Encoding, options: JsonOptions) {
    this.#text = text;
    this.#encoding = encoding;
    this.#depthMax = options.depthMax ?? jsonDepthMax;
    this.#onInexact = options.onInexact;
  }

  document(): Json {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#refuse('INPUT_MALFORMED', `${this.#found()} after the end of the value`);
    return value;
  }

  #value(): Json {
    const unit = this.#text.charCodeAt(this.#at);
    if (unit === QUOTE) return this.#string();
    if (unit === 0x7b) return this.#object();
    if (unit === 0x5b) return this.#array();
    if (unit === 0x74) return this.#literal('true', true);
    if (unit === 0x66) return this.#literal('false', false);
    if (unit === 0x6e) return this.#literal('null', null);
    if (unit === 0x2d || (unit >= 0x30 && unit <= 0x39)) return this.#number();
    return this.#refuse('INPUT_MALFORMED', `${this.#found()}, expected a value`);
  }

  #object(): JsonObject {
    this.#open();
    const object: JsonObject = {};
    if (this.#skip(0x7d)) return this.#close(object);
    for (;;) {
      if (this.#text.charCodeAt(this.#at) !== QUOTE) this.#refuse('INPUT_MALFORMED', `${this.#found()}, expected a key in double quotes`);
      const start = this.#at;
      const key = this.#key();
      // Values are never undefined, so most keys are told new by one plain lookup; inherited names need the second question.
      if (object[key] !== undefined && Object.hasOwn(object, key)) {
        this.#at = start;
        this.#refuse('INPUT_DUPLICATE_KEY', `the key "${clip(key)}" stands twice in one object`);
      }
      this.#space();
      if (!this.#skip(COLON)) this.#refuse('INPUT_MALFORMED', `${this.#found()}, expected ":"`);
      setMember(object, key, this.#value());
      this.#space();
      if (this.#skip(COMMA)) continue;
      if (this.#skip(0x7d)) return this.#close(object);
      this.#refuse('INPUT_MALFORMED', `${this.#found()}, expected "," or "}"`);
    }
  }

  #array(): Json[] {
    this.#open();
    const array: Json[] = [];
    if (this.#skip(0x5d)) return this.#close(array);
    for (;;) {
      array.push(this.#value());
      this.#space();
      if (this.#skip(COMMA)) continue;
      if (this.#skip(0x5d)) return this.#close(array);
      this.#refuse('INPUT_MALFORMED', `${this.#found()}, expected "," or "]"`);
    }
  }

  // Depth is counted before anything inside is read: this class calls itself, so the bound is also the stack's.
  #open(): void {
    if (this.#depth === this.#depthMax) this.#refuse('INPUT_TOO_DEEP', `nested deeper than ${this.#depthMax}`);
    this.#depth += 1;
    this.#at += 1;
    this.#space();
  }

  #close<Value>(value: Value): Value {
    this.#depth -= 1;
    return value;
  }

  #key(): string {
    const text = this.#text;
    const start = this.#at + 1;
    let end = start;
    let unit = text.charCodeAt(end);
    while (unit !== QUOTE) {
      // A comparison with NaN is false, so the end of the text leaves the fast path here too.
      if (!(unit >= 0x20) || unit === BACKSLASH) return this.#string();
      end += 1;
      unit = text.charCodeAt(end);
    }
    const length = end - start;
    const slot = (length * 31 + text.charCodeAt(start) * 7 + text.charCodeAt(end - 1)) & 1023;
    const known = this.#keys[slot] as string;
    this.#at = end + 1;
    if (known.length === length && text.startsWith(known, start)) return known;
    const key = text.slice(start, end);
    this.#keys[slot] = key;
    return key;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at + 1;
    let end = start;
    let unit = text.charCodeAt(end);
    while (unit !== QUOTE) {
      if (!(unit >= 0x20) || unit === BACKSLASH) return this.#escaped(start, end);
      end += 1;
      unit = text.charCodeAt(end);
    }
    this.#at = end + 1;
    return text.slice(start, end);
  }

  #escaped(start: number, firstStop: number): string {
    const text = this.#text;
    const parts: string[] = [];
    let from = start;
    let lone = -1;
    this.#at = firstStop;
    for (;;) {
      const unit = text.charCodeAt(this.#at);
      if (unit === QUOTE) break;
      if (Number.isNaN(unit)) this.#refuse('INPUT_MALFORMED', 'the text ends inside a string');
      if (unit < 0x20) this.#refuse('INPUT_MALFORMED', 'a control character stands unescaped in a string');
      if (unit !== BACKSLASH) {
        this.#at += 1;
        continue;
      }
      parts.push(text.slice(from, this.#at));
      const letter = text.charAt(this.#at + 1);
      if (letter === 'u') {
        const digits = text.slice(this.#at + 2, this.#at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#refuse('INPUT_MALFORMED', 'expected four hexadecimal digits after "\\u"');
        const code = Number.parseInt(digits, 16);
        if ((code & 0xf800) === 0xd800) lone = this.#at;
        parts.push(String.fromCharCode(code));
        this.#at += 6;
      } else {
        parts.push(ESCAPES[letter] ?? this.#refuse('INPUT_MALFORMED', `unknown escape "\\${clip(letter)}"`));
        this.#at += 2;
      }
      from = this.#at;
    }
    parts.push(text.slice(from, this.#at));
    const value = parts.join('');
    if (lone >= 0 && !value.isWellFormed()) {
      this.#at = lone;
      this.#refuse('INPUT_NOT_UTF8', 'a string holds a lone surrogate');
    }
    this.#at += 1;
    return value;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) return this.#refuse('INPUT_MALFORMED', 'a minus sign without digits');
    const [literal, fraction, exponent] = match;
    if (literal.length > jsonNumberMax) this.#refuse('INPUT_MALFORMED', `a number of more than ${jsonNumberMax} characters`);
    const number = Number(literal);
    if (fraction === undefined && exponent === undefined && !Number.isSafeInteger(number)) {
      if (this.#onInexact === undefined) {
        this.#at += literal.length;
        return BigInt(literal);
      }
      this.#onInexact(byteOffset(this.#text, this.#at, this.#encoding), literal);
    }
    if (!Number.isFinite(number)) this.#refuse('INPUT_MALFORMED', `the number "${clip(literal)}" is beyond the range of a double`);
    this.#at += literal.length;
    return number;
  }

  #literal<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#refuse('INPUT_MALFORMED', `${this.#found()}, expected a value`);
    this.#at += word.length;
    return value;
  }

  /** Steps over `unit` and the white space after it, where it stands here. */
  #skip(unit: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== unit) return false;
    this.#at += 1;
    this.#space();
    return true;
  }

  #space(): void {
    const text = this.#text;
    let at = this.#at;
    let unit = text.charCodeAt(at);
    while (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09) unit = text.charCodeAt(++at);
    this.#at = at;
  }

  #found(): string {
    return this.#at >= this.#text.length ? 'the text ends' : `found "${clip(String.fromCodePoint(this.#text.codePointAt(this.#at) as number))}"`;
  }

  #refuse(code: Code, why: string): never {
    const position = byteOffset(this.#text, this.#at, this.#encoding);
    throw new LedgerError(code, `Cannot read JSON at byte ${position}: ${why}`, { position });
  }
}
