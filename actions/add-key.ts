// Put a key on record that this ledger signs attestations with.
import { prepareDraft, type Actor, type NewEvent } from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { parseHex } from '../ledger/bytes.ts';
import type { PublicKey } from '../verify/sigstore/index.ts';

/** @param key - Ed25519 */
export function addAttestationKey(log: Log, key: PublicKey, by: Actor): Promise<Appended> {
  return log.appendOne({ drafts: [prepareDraft(attestationKeyAdded(key, by), sha256)] });
}

export function attestationKeyAdded({ id, spki }: PublicKey, by: Actor): NewEvent<'key.added'> {
  return { type: 'key.added', by, data: { key: { id: parseHex(id), use: 'attestation', algorithm: 'ed25519', public: spki } } };
}
