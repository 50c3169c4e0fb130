// Signature algorithms as certificates and timestamps name them (RFC 5280 §4.1.1.2, RFC 4055, RFC 5758, RFC 8410).
import { childrenOf, childrenOfTagged, type Der, explicit, oidOf, readTagged, smallIntegerOf, TAG } from './der.ts';
import type { Hash, Scheme } from './keys.ts';

const SIGNATURE_ALGORITHMS: Readonly<Record<string, Scheme>> = {
  '1.2.840.10045.4.3.2': { name: 'ecdsa', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { name: 'ecdsa', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { name: 'ecdsa', hash: 'sha512' },
  '1.2.840.113549.1.1.11': { name: 'rsa-pkcs1', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { name: 'rsa-pkcs1', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { name: 'rsa-pkcs1', hash: 'sha512' },
  '1.3.101.112': { name: 'ed25519' },
};

const RSASSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';

export const HASH_OIDS: Readonly<Record<string, Hash>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/**
 * The scheme that an AlgorithmIdentifier of a signature names, or null where it is unknown.
 *
 * @throws {DerError} when it is malformed
 */
export function schemeOfAlgorithm(algorithm: Der): Scheme | null {
  const [id, parameters] = childrenOf(algorithm);
  const oid = oidOf(id);
  return oid === RSASSA_PSS ? pssSchemeOf(parameters) : (SIGNATURE_ALGORITHMS[oid] ?? null);
}

/**
 * RSASSA-PSS-params (RFC 4055 §3.1). The defaults are SHA-1 and a salt of 20 bytes: what leaves out a hash names one that does not count.
 *
 * @returns null for another hash, for a mask under another hash than the signature's, and for another trailer
 */
function pssSchemeOf(parameters: Der | undefined): Scheme | null {
  const parts = childrenOfTagged(parameters, TAG.sequence);
  const at = (number: number): Der | undefined => {
    const found = parts.find((part) => part.tag === explicit(number));
    return found === undefined ? undefined : childrenOf(found)[0];
  };
  const hash = hashOf(at(0));
  const [mask, maskHash] = childrenOfTagged(at(1), TAG.sequence);
  if (hash === null || oidOf(mask) !== MGF1 || hashOf(maskHash) !== hash) return null;
  if (at(3) !== undefined && smallIntegerOf(at(3)) !== 1) return null;
  return { name: 'rsa-pss', hash, saltLength: at(2) === undefined ? 20 : smallIntegerOf(at(2)) };
}

function hashOf(algorithm: Der | undefined): Hash | null {
  return algorithm === undefined ? null : (HASH_OIDS[oidOf(childrenOfTagged(algorithm, TAG.sequence)[0])] ?? null);
}

/** As `schemeOfAlgorithm`, from bytes. */
export function schemeOfBytes(algorithm: Uint8Array): Scheme | null {
  return schemeOfAlgorithm(readTagged(algorithm, TAG.sequence));
}
