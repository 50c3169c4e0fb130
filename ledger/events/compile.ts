// Schemas at work: a check that says what is wrong and where, and an encoder that needs no sorting.
import { compareBytes } from '../bytes.ts';
import { clip } from '../errors.ts';
import { compareKeys, CborWriter, encodeCbor, major, type CborMap, type CborValue } from './cbor.ts';
import { digestBytes, type DigestAlgorithm, type Schema, type Shape } from './schema.ts';

/** A schema made ready: both functions are pure. */
export interface Compiled<T> {
  /** What is wrong with the value, as `.subjects[0] is …`, or null when it has the shape. */
  readonly check: (value: unknown) => string | null;
  /** Writes a value that has been checked. */
  readonly write: (writer: CborWriter, value: T) => void;
}

export function compile<T>(schema: Schema<T>): Compiled<T> {
  const { check, write } = compileShape(schema.shape);
  return { check, write: (writer, value) => write(writer, value as CborValue) };
}

interface Parts {
  readonly check: (value: unknown) => string | null;
  readonly write: (writer: CborWriter, value: CborValue) => void;
}

function compileShape(shape: Shape): Parts {
  switch (shape.kind) {
    case 'integer': {
      const { min, max } = shape;
      const complaint = ` is not an integer from ${min} to ${max}`;
      return {
        check: (value) => (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0) ? null : complaint),
        write: (writer, value) => writer.integer(value as number),
      };
    }
    case 'boolean':
      return { check: (value) => (typeof value === 'boolean' ? null : ' is not true or false'), write: (writer, value) => writer.boolean(value as boolean) };
    case 'bytes': {
      const { min, max } = shape;
      const complaint = ` is not a byte string of ${min === max ? min : `${min} to ${max}`} bytes`;
      return {
        check: (value) => (value instanceof Uint8Array && value.length >= min && value.length <= max ? null : complaint),
        write: (writer, value) => writer.byteString(value as Uint8Array),
      };
    }
    case 'oneOf':
      return compileOneOf(shape.values);
    case 'token': {
      const { grammar, pattern, max } = shape;
      // The text that was right last time is most often the next one too: a media type, a role, a stream.
      let right: string | null = null;
      return {
        check: (value) => {
          if (value === right && right !== null) return null;
          // The length first: a pattern never sees more than `max` characters.
          if (typeof value !== 'string' || value.length > max || !pattern.test(value)) return `${shown(value)} is not ${grammar}`;
          right = value;
          return null;
        },
        write: (writer, value) => writer.text(value as string),
      };
    }
    case 'digest':
      return compileDigest(shape.algorithms);
    case 'array':
      return compileArray(shape);
    case 'data':
      return { check: (value) => (isMap(value) ? null : ' is not a map'), write: (writer, value) => writer.value(value, 1) };
    case 'map':
      return compileMap(shape);
  }
}

function compileOneOf(values: readonly string[]): Parts {
  const encoded = new Map(values.map((value) => [value, encodeCbor(value)]));
  return {
    check: (value) => (encoded.has(value as string) ? null : `${shown(value)} is not one of ${values.join(', ')}`),
    write: (writer, value) => writer.raw(encoded.get(value as string) as Uint8Array),
  };
}

function compileDigest(algorithms: readonly DigestAlgorithm[]): Parts {
  const known = algorithms.map((algorithm) => {
    const writer = new CborWriter();
    writer.head(major.array, 2);
    writer.text(algorithm);
    writer.head(major.bytes, digestBytes[algorithm]);
    return { algorithm: algorithm as string, bytes: digestBytes[algorithm], lead: writer.bytes.slice(0, writer.at) };
  });
  // The first of the list is nearly always the one.
  const find = (algorithm: unknown) => (known[0]?.algorithm === algorithm ? known[0] : known.find((one) => one.algorithm === algorithm));
  const complaint = ` is not a digest [algorithm, bytes] with ${algorithms.join(', ')}`;
  return {
    check: (value) => {
      if (!Array.isArray(value) || value.length !== 2) return complaint;
      const digest: unknown = value[1];
      return digest instanceof Uint8Array && digest.length === find(value[0])?.bytes ? null : complaint;
    },
    write: (writer, value) => {
      const [algorithm, digest] = value as readonly [string, Uint8Array];
      writer.raw((find(algorithm) as (typeof known)[number]).lead);
      writer.raw(digest);
    },
  };
}

function compileArray(shape: Shape & { readonly kind: 'array' }): Parts {
  const { min, max, isSet } = shape;
  const item = compileShape(shape.of);
  return {
    check: (value) => {
      if (!Array.isArray(value) || value.length < min || value.length > max) return ` is not an array of ${min} to ${max} items`;
      for (let i = 0; i < value.length; i++) {
        const complaint = item.check(value[i]);
        if (complaint !== null) return `[${i}]${complaint}`;
      }
      return isSet ? checkOrder(value as readonly CborValue[]) : null;
    },
    write: (writer, value) => {
      const items = value as readonly CborValue[];
      writer.head(0x80, items.length);
      for (let i = 0; i < items.length; i++) item.write(writer, items[i] as CborValue);
    },
  };
}

function checkOrder(items: readonly CborValue[]): string | null {
  for (let i = 1; i < items.length; i++) {
    const order = compareValues(items[i - 1] as CborValue, items[i] as CborValue);
    if (order >= 0) return order === 0 ? `[${i}] stands there twice` : `[${i}] is out of order in a set, which is sorted by encoded bytes`;
  }
  return null;
}

/** Sorts items as a set is sorted in an entry, and leaves out what stands there twice. */
export function asSet<T extends CborValue>(items: readonly T[]): readonly T[] {
  if (items.length < 2) return items;
  const sorted = items.toSorted(compareValues);
  return sorted.filter((item, i) => i === 0 || compareValues(sorted[i - 1] as T, item) !== 0);
}

/** Orders values as their encodings order; for what sets are mostly made of, without encoding them. */
function compareValues(a: CborValue, b: CborValue): number {
  if (typeof a === 'number' && typeof b === 'number' && a >= 0 && b >= 0) return a - b;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.length === b.length ? compareBytes(a, b) : a.length - b.length;
  if (Array.isArray(a) && Array.isArray(b) && a.length === 2 && b.length === 2 && a[0] === b[0]) return compareValues(a[1] as CborValue, b[1] as CborValue);
  return compareBytes(encodeCbor(a), encodeCbor(b));
}

function compileMap(shape: Shape & { readonly kind: 'map' }): Parts {
  const { rules } = shape;
  const fields = Object.entries(shape.fields)
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([key, field]) => ({ key, encoded: encodeCbor(key), optional: field.optional, ...compileShape(field.shape) }));
  if (fields.length > 23) throw new TypeError(`a closed map of ${fields.length} fields, expected at most 23`);
  return {
    check: (value) => {
      if (!isMap(value)) return ' is not a map';
      const entries = value;
      let present = 0;
      for (const field of fields) {
        const inner = entries[field.key];
        if (inner === undefined) {
          if (!field.optional) return `.${field.key} is missing`;
          continue;
        }
        present++;
        const complaint = field.check(inner);
        if (complaint !== null) return `.${field.key}${complaint}`;
      }
      // Own keys are counted: an inherited one, or one set to undefined, does not pass for a key of the map.
      const keys = Object.keys(entries);
      if (keys.length !== present) {
        const unknown = keys.find((key) => !fields.some((field) => field.key === key)) ?? '';
        return `.${clip(unknown)} is not a key of this map`;
      }
      for (const rule of rules) if (!rule.holds(entries)) return ` does not hold to: ${rule.says}`;
      return null;
    },
    write: (writer, value) => {
      const entries = value as CborMap;
      writer.reserve(1);
      // A closed map has fewer than 24 fields: its head is one byte, filled in when they are counted.
      const head = writer.at++;
      let present = 0;
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i] as (typeof fields)[number];
        const inner = entries[field.key];
        if (inner === undefined) continue;
        present++;
        writer.raw(field.encoded);
        field.write(writer, inner);
      }
      writer.bytes[head] = major.map | present;
    },
  };
}

function isMap(value: unknown): value is CborMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? ` "${clip(value)}"` : '';
}
