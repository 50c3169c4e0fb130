// What an event type says about itself: its data, its payloads and its streams, one version after another.
import { formatHex } from '../bytes.ts';
import type { CborMap } from './cbor.ts';
import { map, optional, set, sha256, where, integer, type Digest, type Schema } from './schema.ts';
import { vulnerabilityId } from './names.ts';

/** Whether a payload of this role must be there, may be, or may be there several times; and whether it may be sealed. */
export interface Role {
  readonly count: 'one' | 'optional' | 'many';
  /** A fold cannot open a sealed payload, so facts are `never` sealed; what a person wrote is `always`. */
  readonly sealed: 'never' | 'may' | 'always';
}

/**
 * One version of an event type's data.
 *
 * @property streams - the streams it belongs to, as templates: `ledger`, or `artifact:{subjects}` with the path of a
 *   value (or of each value in an array) in the data; a digest becomes `sha256:<hex>`, a byte string hexadecimal
 * @property lift - turns data of the version before into this one, on reading; absent in the first version
 */
export interface EventVersion<T> {
  readonly data: Schema<T>;
  readonly payloads?: Readonly<Record<string, Role>>;
  readonly streams: readonly string[];
  readonly lift?: (older: CborMap) => T;
  /** For evidence, which is recognised when it comes again: the key of its subjects in the data, and the role of its payload. */
  readonly sameAs?: { readonly subjects: string; readonly role: string };
}

/** An event type: its versions, the first one first. */
export type EventType<T> = readonly [EventVersion<T>, ...EventVersion<T>[]] | readonly [EventVersion<unknown>, ...EventVersion<unknown>[], EventVersion<T>];

/** States a version of an event type, with its data's type. */
export function version<T>(is: EventVersion<T>): EventVersion<T> {
  return is;
}

/** `sha256:<hex>`. */
export function formatDigest([algorithm, digest]: Digest): string {
  return `${algorithm}:${formatHex(digest)}`;
}

/**
 * The `*.linked` event of a family: it brings the streams that the event `back` entries before it, in the same batch, had no room for.
 *
 * The distance is counted back, and not given as an index, because an index is only known once the entry is appended.
 */
export const linked = [
  version({
    data: where(
      map({
        back: integer(1, 65_535),
        subjects: optional(set(sha256, 1, 64)),
        vulnerabilities: optional(set(vulnerabilityId, 1, 64)),
      }),
      'at least one subject or vulnerability',
      (data) => data.subjects !== undefined || data.vulnerabilities !== undefined,
    ),
    streams: ['artifact:{subjects}', 'vuln:{vulnerabilities}'],
  }),
] as const;
