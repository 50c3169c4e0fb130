// Whether an envelope is signed by one key, over exactly these bytes: for statements whose content follows from what is on record.
import { equalBytes, formatBase64 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { parsePublicKey, readTrust, verifyEnvelope } from '../verify/sigstore/index.ts';

/**
 * Whether a DSSE envelope holds a payload, signed by a key.
 *
 * @param envelope - as received @param spki - SubjectPublicKeyInfo in DER
 * @returns false too for what is no envelope, and for a key that cannot be read
 */
export function isSignedBy(envelope: Uint8Array, payload: Uint8Array, spki: Uint8Array): boolean {
  try {
    const key = formatBase64(spki);
    const verdict = verifyEnvelope(envelope, readTrust([{ kind: 'key', publicKey: key }]));
    // The id is the digest of the key, so a key that only claims an id cannot pass.
    return verdict.is === 'verified' && verdict.signers.some((signer) => signer.kind === 'key' && signer.keyId === parsePublicKey(key).id) &&
      'payload' in verdict && equalBytes(verdict.payload as Uint8Array, payload);
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}
