// JSON in and out of Rego values, losslessly: numbers keep their text, objects come out in the order of their keys.
import { clip, LedgerError } from '../../ledger/errors.ts';
import { charge, ENTRY_CELLS, LIST_CELLS, LIST_ELEMENT_CELLS, numberCells, OBJECT_CELLS, textCells } from './meter.ts';
import { Num } from './number.ts';
import { type LayoutNode, Layouts } from './layout.ts';
import { compareStrings, isArray, type Layout, ObjectBuilder, RegoObject, RegoSet, sortValues, type Value } from './value.ts';

/** Containers inside one another that a document may have: every later walk over it recurses. */
export const depthMax = 1_000;

/**
 * Reads one JSON document (RFC 8259).
 *
 * `JSON.parse` would round `1.10` and `12345678901234567890`; here a number is its text.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the text is no JSON; INPUT_TOO_DEEP beyond 1,000 levels
 */
export function parseJson(text: string): Value {
  return new Reader(text).document();
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// A closing quote with neither an escape nor a control character before it: nearly every string.
// oxlint-disable-next-line no-control-regex
const PLAIN = /[^"\\\u0000-\u001f]*"/y;
// oxlint-disable-next-line no-control-regex
const STRING = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  /** Texts seen as keys, so that ten thousand objects share one string for each. */
  readonly #keys = new Map<string, string>();
  readonly #layouts = new Layouts();

  constructor(text: string) {
    this.#text = text;
  }

  document(): Value {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#malformed();
    return value;
  }

  #malformed(): LedgerError {
    const found = this.#at >= this.#text.length ? 'the end' : `"${clip(this.#text.slice(this.#at, this.#at + 10))}"`;
    return new LedgerError('INPUT_MALFORMED', `Cannot read JSON: ${found} at character ${this.#at}`, { position: this.#at });
  }

  #space(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  #value(): Value {
    this.#space();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b: return this.#nested(() => this.#object());
      case 0x5b: return this.#nested(() => this.#array());
      case 0x22: return this.#string();
      case 0x74: return this.#word('true', true);
      case 0x66: return this.#word('false', false);
      case 0x6e: return this.#word('null', null);
      default: return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    this.#depth++;
    if (this.#depth > depthMax) {
      throw new LedgerError('INPUT_TOO_DEEP', `Cannot read JSON: more than ${depthMax} levels`, { position: this.#at });
    }
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #word(word: string, value: boolean | null): Value {
    if (!this.#text.startsWith(word, this.#at)) throw this.#malformed();
    this.#at += word.length;
    return value;
  }

  #number(): Value {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text);
    const value = found === null ? null : Num.parse(found[0]);
    if (found === null || value === null) throw this.#malformed();
    this.#at = NUMBER.lastIndex;
    if (value instanceof Num) charge(numberCells(value));
    return value;
  }

  #string(): string {
    const start = this.#at;
    PLAIN.lastIndex = start + 1;
    if (PLAIN.test(this.#text)) {
      this.#at = PLAIN.lastIndex;
      charge(textCells(this.#at - start));
      return this.#text.slice(start + 1, this.#at - 1);
    }
    STRING.lastIndex = start + 1;
    if (!STRING.test(this.#text)) throw this.#malformed();
    this.#at = STRING.lastIndex;
    charge(2 * textCells(this.#at - start));
    // An escaped lone surrogate reads as U+FFFD, as Go reads it.
    return (JSON.parse(this.#text.slice(start, this.#at)) as string).toWellFormed();
  }

  /** One character past the opening bracket; false at the closing one, else past the comma. */
  #next(first: boolean, close: number): boolean {
    this.#space();
    const unit = this.#text.charCodeAt(this.#at);
    if (unit === close) {
      this.#at++;
      return false;
    }
    if (first) return true;
    if (unit !== 0x2c) throw this.#malformed();
    this.#at++;
    return true;
  }

  #array(): readonly Value[] {
    const values: Value[] = [];
    charge(LIST_CELLS);
    while (this.#next(values.length === 0, 0x5d)) {
      charge(LIST_ELEMENT_CELLS);
      values.push(this.#value());
    }
    return values;
  }

  #object(): RegoObject {
    charge(OBJECT_CELLS);
    const values: Value[] = [];
    let node: LayoutNode = this.#layouts.empty;
    for (let first = true; this.#next(first, 0x7d); first = false) {
      const key = this.#key();
      const value = this.#value();
      charge(ENTRY_CELLS);
      const next = node.after(key);
      if (next === null) return this.#map(node.names, values, key, value);
      node = next;
      values.push(value);
    }
    return RegoObject.laidOut(node.layout, values);
  }

  /** The rest of an object of which not all is laid out. */
  #map(names: readonly string[], values: readonly Value[], key: string, value: Value): RegoObject {
    const object = new ObjectBuilder();
    for (const [i, name] of names.entries()) object.set(name, values[i] as Value);
    object.set(key, value);
    while (this.#next(false, 0x7d)) {
      charge(ENTRY_CELLS);
      object.set(this.#key(), this.#value());
    }
    return object.build();
  }

  #key(): string {
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#malformed();
    const read = this.#string();
    let key = this.#keys.get(read);
    if (key === undefined) this.#keys.set(read, (key = read));
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== 0x3a) throw this.#malformed();
    this.#at++;
    return key;
  }
}

/**
 * A value out of plain JavaScript data, for callers who hold no text.
 *
 * @param layouts - of what was made before, where documents are alike
 * @param kept - nobody changes the data any more: its lists of texts are values as they are
 * @throws {TypeError} on what JSON cannot hold
 */
export function fromPlain(data: unknown, layouts = new Layouts(), kept = false): Value {
  if (data === null || typeof data === 'boolean' || typeof data === 'string') return data;
  if (typeof data === 'bigint') return Num.fromBigInt(data);
  if (typeof data === 'number') {
    if (Number.isSafeInteger(data) && !Object.is(data, -0)) return data;
    const value = layouts.numberOf(data);
    if (value === null) throw new TypeError(`not a JSON number: ${data}`);
    return value;
  }
  if (data instanceof RegoObject || data instanceof RegoSet || data instanceof Num) return data;
  if (Array.isArray(data)) return kept && areTexts(data) ? data : listOfPlain(data, layouts, kept);
  if (typeof data !== 'object') throw new TypeError(`not JSON: ${typeof data}`);
  const object = data as Readonly<Record<string, unknown>>;
  const values: Value[] = [];
  let node: LayoutNode = layouts.empty;
  for (const key of Object.keys(object)) {
    const member = object[key];
    if (member === undefined) continue;
    const next = node.after(key);
    if (next === null) return mapOfPlain(object, layouts, kept);
    node = next;
    values.push(fromPlain(member, layouts, kept));
  }
  return RegoObject.laidOut(node.layout, values);
}

// Apart: a function with a closure in it makes room for what that closes over at each call, and most calls are about a text.
function listOfPlain(list: readonly unknown[], layouts: Layouts, kept: boolean): readonly Value[] {
  return list.map((element) => fromPlain(element, layouts, kept));
}

function areTexts(list: readonly unknown[]): list is readonly string[] {
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== 'string') return false;
  return true;
}

function mapOfPlain(object: Readonly<Record<string, unknown>>, layouts: Layouts, kept: boolean): RegoObject {
  return RegoObject.of(Object.entries(object).filter(([, value]) => value !== undefined).map(([key, value]) => [key, fromPlain(value, layouts, kept)]));
}

/** Plain data: sets as sorted arrays, keys that are no strings as their JSON text, numbers as doubles (so not lossless). */
export function toPlain(value: Value): unknown {
  if (value instanceof Num) return Num.toDouble(value);
  if (value instanceof RegoSet) return value.sorted.map(toPlain);
  if (isArray(value)) return value.map(toPlain);
  if (value instanceof RegoObject) return Object.fromEntries([...value].map(([key, member]) => [jsonKey(key), toPlain(member)]));
  return value;
}

/** The text a key has in JSON: itself, or the JSON text of what is no string. */
export function jsonKey(key: Value): string {
  return typeof key === 'string' ? key : formatJson(key);
}

/**
 * Writes compact JSON with sorted keys; sets become sorted arrays.
 *
 * @param html - also escape `<`, `>`, `&`, U+2028 and U+2029, as Go's `json.Marshal` does
 */
export function formatJson(value: Value, html = false): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return quoteJson(value, html);
  if (value instanceof Num) return value.text;
  if (isArray(value)) return formatList(value, html);
  if (value instanceof RegoSet) return formatList(value.sorted, html);
  return formatObject(value, html);
}

// Apart, as `listOfPlain` is.
function formatList(list: readonly Value[], html: boolean): string {
  return `[${list.map((element) => formatJson(element, html)).join(',')}]`;
}

function formatObject(object: RegoObject, html: boolean): string {
  return `{${jsonEntries(object).map(([key, member]) => `${quoteJson(key, html)}:${formatJson(member, html)}`).join(',')}}`;
}

/** Pairs under their JSON keys, in the order of those texts; of keys with one text (1 and "1") the last counts, as in OPA. */
export function jsonEntries(object: RegoObject): [string, Value][] {
  if (object.layout !== null) return object.layout.keys.map((key, i) => [key, object.values[(object.layout as Layout).places[i] as number] as Value]);
  const pairs = [...object].map(([key, member]): [string, Value] => [jsonKey(key), member]);
  if (object.keys.every((key) => typeof key === 'string')) return pairs;
  return [...new Map(pairs)].sort(([a], [b]) => compareStrings(a, b));
}

/** A JSON string as Go's `encoding/json` writes it. */
export function quoteJson(text: string, html = false): string {
  // A byte that was no UTF-8 (value.ts, textOfBytes) is escaped, the character U+FFFD itself is not.
  const shown = text.isWellFormed() ? JSON.stringify(text) : JSON.stringify(text).replace(/\\ud[89a-f][0-9a-f]{2}/g, (escape, at: number, all: string) => {
    let slashes = 0;
    while (all[at - 1 - slashes] === '\\') slashes++;
    return slashes % 2 === 0 ? '\\ufffd' : escape;
  });
  const quoted = shown.replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
  return html ? quoted.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`) : quoted;
}

/** Sorted copy of values. */
export function sorted(values: Iterable<Value>): Value[] {
  return sortValues([...values]);
}
