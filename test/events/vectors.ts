// The vectors of event families, with byte strings as `{"$hex": …}`, and the code of a refusal.
import { readFileSync, readdirSync } from 'node:fs';
import { parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { CborMap, CborValue } from '../../ledger/events/index.ts';

export interface FamilyVectors {
  readonly golden: readonly { readonly name: string; readonly hex: string; readonly event: CborMap }[];
  readonly refused: readonly { readonly name: string; readonly code: string; readonly hex: string }[];
}

const folder = new URL('../../spec/vectors/events/', import.meta.url);

/** The families' vectors by name: every file in the folder that has golden bytes. */
export const families: ReadonlyMap<string, FamilyVectors> = new Map(
  readdirSync(folder)
    .map((file): [string, FamilyVectors] => [file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as FamilyVectors])
    .filter(([, vectors]) => 'golden' in vectors)
    .map(([name, { golden, refused }]) => [name, { refused, golden: golden.map((one) => ({ ...one, event: fromJson(one.event) as CborMap })) }]),
);

export function fromJson(value: unknown): CborValue {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== 'object' || value === null) return value as CborValue;
  if ('$hex' in value) return parseHex(value.$hex as string);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromJson(inner)]));
}

/** The code an act is refused with, or `accepted`; anything but a refusal is thrown on. */
export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'accepted';
}
