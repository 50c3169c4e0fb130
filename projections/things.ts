// What people call a thing, and which streams that means: a digest or its beginning, a vulnerability, a waiver, a person, a name.
import { formatHex } from '../ledger/bytes.ts';
import { projectionOf } from './gate-critical.ts';

/** What a text may mean. */
export type Thing =
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'stream'; readonly stream: string }
  /** The beginning of a digest, at least 6 digits. */
  | { readonly kind: 'digest'; readonly digits: string }
  | { readonly kind: 'purl'; readonly purl: string }
  /** The pseudonym of a person, or its beginning. */
  | { readonly kind: 'person'; readonly digits: string }
  /** A name without a prefix: a vulnerability, waiver, policy, contract or feed. */
  | { readonly kind: 'name'; readonly name: string };

/** Reads what somebody calls a thing; never refuses, for anything may be a name. */
export function readThing(text: string): Thing {
  const index = /^(?:entry:|decision:)?(\d{1,15})$/.exec(text)?.[1];
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (text.startsWith('pkg:')) return { kind: 'purl', purl: text };
  const person = /^(?:person|service|identity):([0-9a-f]{6,32})$/.exec(text)?.[1];
  if (person !== undefined) return { kind: 'person', digits: person };
  const digits = /^(?:artifact:)?(?:sha256:)?([0-9a-f]{6,64})…?$/.exec(text)?.[1];
  if (digits !== undefined) return { kind: 'digest', digits };
  if (text === 'ledger' || projectionOf(text) !== null) return { kind: 'stream', stream: text };
  return { kind: 'name', name: text };
}

/** The streams that a name without a prefix may mean, the likeliest first. */
export function streamsNamed(name: string): string[] {
  return ['vuln', 'waiver', 'policy', 'contract', 'feed'].map((kind) => `${kind}:${name}`);
}

/** Whether a digest begins with these digits. */
export function beginsWith(digest: Uint8Array, digits: string): boolean {
  return formatHex(digest).startsWith(digits);
}
