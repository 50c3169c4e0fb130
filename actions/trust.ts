// Change whom a ledger trusts: one `trust.added` for a key, an identity or a trusted root, one `trust.removed` to end it.
import { encodeUtf8 } from '../ledger/bytes.ts';
import { keyIdOf, personOf, prepareDraft, type Actor, type DataOf } from '../ledger/events/index.ts';
import { encodeJcs } from '../ledger/jcs.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { parsePublicKey, readTrust, type TrustEntry } from '../verify/sigstore/index.ts';
import { findTrust, readLedgerTrust } from './ledger-trust.ts';
import { storeSealed, type SealPorts } from './sealed-payload.ts';

export interface TrustChangePorts extends SealPorts {
  readonly log: Log;
  /** The ledger's secret, 32 bytes, that identities are made pseudonyms with. */
  readonly pepper: Uint8Array;
}

/**
 * Adds a key, an identity or a trusted root to trust.
 *
 * Adding the same twice is two events: trust is never recognised by content.
 *
 * @throws {LedgerError} INPUT_MALFORMED when it is no key, identity, root or interval
 */
export async function addTrust(ports: TrustChangePorts, entry: TrustEntry, by: Actor): Promise<Appended> {
  // Read before anything is stored: what the verifier would refuse never comes on record.
  readTrust([entry]);
  const { log, payloads, pepper } = ports;
  if (entry.kind === 'root') {
    const bytes = encodeUtf8(entry.trustedRoot);
    const { digest, size } = await payloads.put([bytes], bytes.length);
    const root = ['sha256', digest] as const;
    const payloadReference = { role: 'root', size, media: JSON_TYPE, digest: root };
    return log.appendOne({ drafts: [prepareDraft({ type: 'trust.added', by, data: { root }, payloads: [payloadReference] }, sha256)] });
  }
  const { validFrom, validTo } = entry;
  const interval = { ...(validFrom === undefined ? {} : { from: validFrom }), ...(validTo === undefined ? {} : { to: validTo }) };
  if (entry.kind === 'key') {
    const { spki } = parsePublicKey(entry.publicKey);
    const data = { key: { id: keyIdOf(sha256, spki), public: spki }, ...interval };
    return log.appendOne({ drafts: [prepareDraft({ type: 'trust.added', by, data }, sha256)] });
  }
  const { issuer, subject } = entry;
  const sealed = await storeSealed(ports, 'identity', JSON_TYPE, encodeJcs({ issuer, subject }));
  const data = { identity: personOf(sha256, pepper, issuer, subject), ...interval };
  return log.appendOne({ drafts: [prepareDraft({ type: 'trust.added', by, data, payloads: [sealed] }, sha256)] });
}

const JSON_TYPE = 'application/json';

/**
 * Ends trust from here on: what was decided before stays as it was decided.
 *
 * @param entry - index of the `trust.added` @throws {LedgerError} TRUST_UNKNOWN when it added none, or was removed before
 */
export async function removeTrust(
  { log, payloads, secrets }: Omit<TrustChangePorts, 'pepper' | 'random'>, entry: number, reason: DataOf<'trust.removed'>['reason'], by: Actor,
): Promise<Appended> {
  const trust = await readLedgerTrust({ log, payloads, secrets });
  findTrust(trust, entry);
  // The version that was read: two removals at once are one removal and one refusal.
  const version = (await log.head('trust'))?.version ?? 0;
  return log.appendOne({ drafts: [prepareDraft({ type: 'trust.removed', by, data: { entry, reason } }, sha256)], expected: [{ stream: 'trust', version }] });
}
