// Reading a payload out of the ledger: an auditor's look at a document is an event too.
import { LedgerError } from '../ledger/errors.ts';
import { asSet, decodeEvent, prepareDraft, type Actor, type DataOf } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import { Erasures } from './erasures.ts';
import { openSealed, readPayload } from './sealed-payload.ts';

export interface ReadPorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
}

export interface PayloadRead {
  /** Index of the `audit.payload_read`. */
  readonly index: number;
  readonly role: string;
  readonly media: string;
  readonly sealed: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Hands out a payload, and puts on record that it did, before anybody sees it.
 *
 * @param entry - index of the entry that names it @param role - which of its payloads
 * @throws {LedgerError} PAYLOAD_MISSING where there is none, or it was erased; PAYLOAD_CORRUPT
 */
export async function readPayloadOf(
  { log, payloads, secrets }: ReadPorts, entry: number, role: string, purpose: DataOf<'audit.payload_read'>['purpose'], by: Actor,
): Promise<PayloadRead> {
  const event = decodeEvent(await log.entry(entry));
  const reference = event.payloads?.find((one) => one.role === role);
  if (reference === undefined) {
    const roles = (event.payloads ?? []).map((one) => one.role).join(', ');
    const [has, more] = roles === '' ? ['no payloads', {}] : [`only ${roles}`, { hint: 'name the one that is meant by its role' }];
    throw new LedgerError('PAYLOAD_MISSING', `Cannot read the ${role} of entry ${entry}: it has ${has}`, more);
  }
  const { digest, commitment, media } = reference;
  let bytes: Uint8Array;
  if (digest !== undefined) bytes = await readPayload(payloads, digest[1]);
  else {
    const sealed = (commitment as readonly [string, Uint8Array])[1];
    // Asked first: its secret may have come back with a whole folder, and what was erased stays erased.
    const erased = await new Erasures(log).find(event, entry, sealed);
    const opened = erased === null ? await openSealed({ payloads, secrets }, sealed) : null;
    if (opened === null) {
      const why = erased === null ? 'its secret is not here' : `entry ${erased} says that it was erased`;
      throw new LedgerError('PAYLOAD_MISSING', `Cannot read the ${role} of entry ${entry}: ${why}`);
    }
    bytes = opened;
  }
  const named = digest === undefined ? { commitment: commitment as readonly ['sha256', Uint8Array] } : { digest };
  const data = { entry, role, ...named, purpose, streams: asSet(event.streams.map(({ name }) => name)) };
  const { index } = await log.appendOne({ drafts: [prepareDraft({ type: 'audit.payload_read', by, data }, sha256)] });
  return { index, role, media, sealed: digest === undefined, bytes };
}
