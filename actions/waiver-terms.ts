// On which terms a waiver can be asked for here: how long the policies on record take one for, and who can own it.
import { equalBytes } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { daysIn } from '../policy/gate/decide.ts';
import { policyDataOf } from '../policy/index.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { readPayload } from './sealed-payload.ts';

export interface TermsPorts {
  readonly payloads: Pick<PayloadStore, 'get'>;
  /** At the size that is asked about. */
  readonly documents: Pick<DocumentReader, 'all'>;
}

const dayMs = 86_400_000;

/**
 * How long each policy on record takes waivers for, in milliseconds: infinite where it says nothing.
 *
 * A policy that cannot be read decides nothing, and is left out.
 */
export async function longestWaivers({ payloads, documents }: TermsPorts): Promise<Map<string, number>> {
  const longest = new Map<string, number>();
  for (const { name, newest } of (await documents.all('policy')).values()) {
    if (newest === undefined) continue;
    try {
      const days = daysIn(policyDataOf(await readPayload(payloads, newest.payload)), 'waiver_days');
      longest.set(name, days === undefined ? Number.POSITIVE_INFINITY : (days ?? 0) * dayMs);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
  }
  return longest;
}

/**
 * The policies that would not take a waiver for so long.
 *
 * @throws {LedgerError} WAIVER_INVALID where policies are on record and none of them would: it could be approved, and count nowhere
 */
export async function expectTaken(ports: TermsPorts, now: number, expires: number): Promise<readonly string[]> {
  const longest = await longestWaivers(ports);
  const refusing = [...longest].filter(([, ms]) => expires - now > ms).map(([name]) => name);
  if (longest.size === 0 || refusing.length < longest.size) return refusing;
  const [name, ms] = [...longest].reduce((most, one) => (one[1] > most[1] ? one : most));
  throw new LedgerError('WAIVER_INVALID', 'Cannot request waiver: it would last longer than any policy on record takes one', {
    hint: ms === 0 ? `"${clip(name)}" takes none` : `"${clip(name)}" takes ${ms / dayMs} days: end it by ${new Date(now + ms).toISOString()}`,
  });
}

/**
 * Whoever answers for a risk has to be somebody: whoever asks, or a person with a key on record that serves.
 *
 * @param called - the name that was given, for messages: the ledger holds pseudonyms alone
 * @throws {LedgerError} PERSON_UNKNOWN
 */
export async function expectOwner(
  { documents }: Pick<TermsPorts, 'documents'>, owner: Uint8Array, asking: Uint8Array | undefined, called: string,
): Promise<void> {
  if (asking !== undefined && equalBytes(owner, asking)) return;
  for (const { person, added, ended } of (await documents.all('key')).values()) {
    if (person !== undefined && equalBytes(person, owner) && added !== undefined && ended === undefined) return;
  }
  throw new LedgerError('PERSON_UNKNOWN', `Cannot request waiver: "${clip(called)}" is no person on this ledger`, {
    hint: `"stella person list" names them; "stella person add ${clip(called)}" adds one`,
  });
}
