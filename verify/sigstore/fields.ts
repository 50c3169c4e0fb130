// Reading protobuf's JSON form, strictly: typed members of parsed objects, each refusal naming the path.
import { isJsonObject, type Json, type JsonObject } from '../../ledger/json.ts';
import { parseAnyBase64 } from './base64.ts';

/** What a reader does when a member is not what it must be. */
export interface Refusals {
  malformed(message: string): never;
  base64(message: string): never;
}

/**
 * An object and where it stands. Unknown members are ignored; a member that is absent, or null (protobuf's JSON reads null
 * as unset), is `undefined`.
 */
export class Fields {
  readonly #object: JsonObject;
  readonly #path: string;
  readonly #refusals: Refusals;

  constructor(value: Json | undefined, path: string, refusals: Refusals) {
    if (!isJsonObject(value)) refusals.malformed(`${path} is not an object`);
    this.#object = value;
    this.#path = path;
    this.#refusals = refusals;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  object(name: string): Fields {
    return new Fields(this.#get(name), this.#at(name), this.#refusals);
  }

  optionalObject(name: string): Fields | null {
    return this.has(name) ? this.object(name) : null;
  }

  /** The objects of an array; an unset one is empty. */
  objects(name: string): Fields[] {
    return this.#array(name).map((item, i) => new Fields(item, `${this.#at(name)}[${i}]`, this.#refusals));
  }

  text(name: string): string {
    const value = this.#get(name);
    if (typeof value !== 'string') this.#refusals.malformed(`${this.#at(name)} is not a text`);
    return value;
  }

  optionalText(name: string): string | null {
    return this.has(name) ? this.text(name) : null;
  }

  /** Bytes in base64 of either alphabet. */
  bytes(name: string): Uint8Array {
    return this.#decode(this.text(name), this.#at(name));
  }

  /** A list of bytes in base64; an unset one is empty. */
  bytesList(name: string): Uint8Array[] {
    return this.#array(name).map((item, i) => {
      if (typeof item !== 'string') this.#refusals.malformed(`${this.#at(name)}[${i}] is not a text`);
      return this.#decode(item, `${this.#at(name)}[${i}]`);
    });
  }

  /** A 64-bit integer, as protobuf's JSON writes it (decimal digits in a text) or as a number; unset is 0. */
  integer(name: string): number {
    const value = this.#get(name) ?? 0;
    const number = typeof value === 'string' && /^(0|-?[1-9][0-9]*)$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) this.#refusals.malformed(`${this.#at(name)} is not an integer below 2^53`);
    return number;
  }

  /** An RFC 3339 time in UTC, in milliseconds since 1970; null where unset. */
  optionalTime(name: string): number | null {
    if (!this.has(name)) return null;
    const text = this.text(name);
    const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/.exec(text);
    const time = match === null ? Number.NaN : Date.parse(`${match[1]}Z`);
    if (match === null || Number.isNaN(time) || !new Date(time).toISOString().startsWith(match[1] as string)) {
      this.#refusals.malformed(`${this.#at(name)} is not a time in UTC`);
    }
    return time + Math.floor(Number(match[2] ?? 0) * 1000);
  }

  malformed(name: string, why: string): never {
    this.#refusals.malformed(`${this.#at(name)} ${why}`);
  }

  #get(name: string): Json | undefined {
    return Object.hasOwn(this.#object, name) ? (this.#object[name] ?? undefined) : undefined;
  }

  #array(name: string): Json[] {
    const value = this.#get(name) ?? [];
    if (!Array.isArray(value)) this.#refusals.malformed(`${this.#at(name)} is not an array`);
    return value;
  }

  #decode(text: string, path: string): Uint8Array {
    return parseAnyBase64(text) ?? this.#refusals.base64(`${path} is not base64`);
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}
