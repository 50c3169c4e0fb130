// Whether an envelope is signed by one key, over exactly these bytes: for statements whose content follows from what is on record.
import { equalBytes, formatBase64 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { readTrust, verifyEnvelope, type Trust } from '../verify/sigstore/index.ts';

/** Keys that were read before: a gate asks for the same few again and again, and reading one takes longer than asking it. */
const read = new WeakMap<Uint8Array, Trust>();

/**
 * Whether a DSSE envelope holds a payload, signed by a key.
 *
 * @param envelope - as received @param spki - SubjectPublicKeyInfo in DER; not written to afterwards
 * @returns false too for what is no envelope, and for a key that cannot be read
 */
export function isSignedBy(envelope: Uint8Array, payload: Uint8Array, spki: Uint8Array): boolean {
  try {
    const trust = read.get(spki) ?? readTrust([{ kind: 'key', publicKey: formatBase64(spki) }]);
    read.set(spki, trust);
    const verdict = verifyEnvelope(envelope, trust);
    // Its id is the digest of the key, so that what only claims an id cannot pass.
    const [only] = trust.keys;
    return verdict.is === 'verified' && verdict.signers.some((signer) => signer.kind === 'key' && signer.keyId === only?.key.id) &&
      'payload' in verdict && equalBytes(verdict.payload as Uint8Array, payload);
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}
