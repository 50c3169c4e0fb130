// The language in which entries are described: closed shapes as data, from which checks, encoders, types and CDDL follow.
import type { CborValue } from './cbor.ts';

/**
 * A shape as data. There is no free text on purpose: every text is one of a list, or of a grammar too narrow for a name,
 * an address or a sentence, for an entry can never be taken back.
 */
export type Shape =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'bytes'; readonly min: number; readonly max: number }
  | { readonly kind: 'oneOf'; readonly values: readonly string[] }
  | { readonly kind: 'token'; readonly grammar: string; readonly pattern: RegExp; readonly max: number }
  | { readonly kind: 'digest'; readonly algorithms: readonly DigestAlgorithm[] }
  | { readonly kind: 'array'; readonly of: Shape; readonly min: number; readonly max: number; readonly isSet: boolean }
  /** Any map: the place of an event's data in its envelope. */
  | { readonly kind: 'data' }
  | { readonly kind: 'map'; readonly fields: Readonly<Record<string, Field>>; readonly rules: readonly Rule[] };

export interface Field {
  readonly shape: Shape;
  readonly optional: boolean;
}

/** What fields owe to each other. @property says - the rule in words, for the specification */
export interface Rule {
  readonly says: string;
  readonly holds: (value: CborValue) => boolean;
}

/** A shape with the type of the values that have it. */
export interface Schema<T> {
  readonly shape: Shape;
  /** Never set: it only carries `T`. */
  readonly type?: T;
}

export interface OptionalSchema<T> extends Schema<T> {
  readonly optional: true;
}

export type TypeOf<S> = S extends Schema<infer T> ? T : never;

/** Digest algorithms an entry may name, with the bytes of their digests. `gitCommit` is in-toto's name. */
export const digestBytes = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'sha512-256': 32,
  'sha3-256': 32,
  'sha3-384': 48,
  'sha3-512': 64,
  'blake2b-256': 32,
  'blake2b-512': 64,
  blake3: 32,
  gitCommit: 20,
} as const;

export type DigestAlgorithm = keyof typeof digestBytes;
export type Digest<A extends DigestAlgorithm = DigestAlgorithm> = readonly [A, Uint8Array];

/** An integer. Times are milliseconds since 1970, indexes are zero-based, sizes are counts. */
export function integer(min = 0, max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  return { shape: { kind: 'integer', min, max } };
}

export const boolean: Schema<boolean> = { shape: { kind: 'boolean' } };

/** A byte string. @param min - in bytes @param max - in bytes; `min` when left out */
export function bytes(min: number, max = min): Schema<Uint8Array> {
  return { shape: { kind: 'bytes', min, max } };
}

export function oneOf<const V extends readonly string[]>(...values: V): Schema<V[number]> {
  return { shape: { kind: 'oneOf', values } };
}

/**
 * Text of a narrow grammar.
 *
 * @param grammar - what the specification calls it
 * @param pattern - anchored, ASCII only
 * @param max - in bytes
 */
export function token(grammar: string, pattern: RegExp, max: number): Schema<string> {
  return { shape: { kind: 'token', grammar, pattern, max } };
}

/** `[algorithm, bytes]` with the algorithm's number of bytes. */
export function digestOf<const A extends readonly DigestAlgorithm[]>(...algorithms: A): Schema<Digest<A[number]>> {
  return { shape: { kind: 'digest', algorithms } };
}

export const sha256 = digestOf('sha256');

/** An array whose order means something. */
export function list<T>(of: Schema<T>, min: number, max: number): Schema<readonly T[]> {
  return { shape: { kind: 'array', of: of.shape, min, max, isSet: false } };
}

/** An array that is a set: sorted by the encoded bytes of its items, none of them twice. */
export function set<T>(of: Schema<T>, min: number, max: number): Schema<readonly T[]> {
  return { shape: { kind: 'array', of: of.shape, min, max, isSet: true } };
}

export function optional<T>(schema: Schema<T>): OptionalSchema<T> {
  return { ...schema, optional: true };
}

type Fields = Readonly<Record<string, Schema<unknown> | OptionalSchema<unknown>>>;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalSchema<unknown> ? K : never }[keyof F];
export type MapOf<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: TypeOf<F[K]> } & { readonly [K in OptionalKeys<F>]?: TypeOf<F[K]> };

/** A closed map: an unknown key makes it invalid. */
export function map<F extends Fields>(fields: F): Schema<MapOf<F>> {
  const shaped = Object.entries(fields).map(([key, field]): [string, Field] => [key, { shape: field.shape, optional: 'optional' in field }]);
  return { shape: { kind: 'map', fields: Object.fromEntries(shaped), rules: [] } };
}

/** A map whose fields owe something to each other. @param says - the rule in words, as the specification prints it */
export function where<T>(schema: Schema<T>, says: string, holds: (value: T) => boolean): Schema<T> {
  if (schema.shape.kind !== 'map') throw new TypeError('a rule stands on a map');
  // The rule sees a value only after its shape has been checked.
  const rule: Rule = { says, holds: (value) => holds(value as T) };
  return { shape: { ...schema.shape, rules: [...schema.shape.rules, rule] } };
}
