// Public keys and signature schemes: what a key may sign with, and the check itself, over received bytes.
import { createHash, createPublicKey, type KeyObject, constants, publicDecrypt, verify as verifySignature } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { concatBytes, equalBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { isStrictPoint } from '../../ledger/note/index.ts';
import { parseAnyBase64 } from './base64.ts';
import { bitStringBytesOf, childrenOf, type Der, DerError, encodeDer, oidOf, readTagged, TAG } from './der.ts';

export type Hash = 'sha256' | 'sha384' | 'sha512';

/** How a key signs. */
export type Scheme =
  | { readonly name: 'ed25519' }
  /** Ed25519 over the SHA-512 of the message (RFC 8032 §5.1): Sigstore's form for message signatures. */
  | { readonly name: 'ed25519ph' }
  | { readonly name: 'ecdsa'; readonly hash: Hash }
  | { readonly name: 'rsa-pkcs1'; readonly hash: Hash }
  /** A certificate or timestamp states the salt's length in bytes; elsewhere it is the signer's choice. */
  | { readonly name: 'rsa-pss'; readonly hash: Hash; readonly saltLength?: number };

export interface PublicKey {
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
  /** SHA-256 of the SPKI in hexadecimal: the key's identity everywhere in this project. */
  readonly id: string;
  /** `EC P-256`, `Ed25519`, `RSA 3072`, …: for people. */
  readonly kind: string;
  /** The schemes this key may sign with, the usual one first; a signature counts under any of them. */
  readonly schemes: readonly Scheme[];
  readonly object: KeyObject;
}

const CURVES: Readonly<Record<string, { kind: string; hashes: readonly Hash[] }>> = {
  // The hash that fits the curve first; Sigstore's deprecated key details pair the larger curves with SHA-256 too.
  prime256v1: { kind: 'EC P-256', hashes: ['sha256'] },
  secp384r1: { kind: 'EC P-384', hashes: ['sha384', 'sha256'] },
  secp521r1: { kind: 'EC P-521', hashes: ['sha512', 'sha256'] },
};

/** A modulus below this is within reach of factoring (NIST SP 800-131A). */
const rsaBitsMin = 2048;
/** The largest RSA key that Sigstore names; checking grows with the square of the size. */
const rsaBitsMax = 4096;

const SHA2: readonly Hash[] = ['sha256', 'sha384', 'sha512'];

/**
 * Takes a SubjectPublicKeyInfo as a key.
 *
 * @param allowed - when given, the only schemes accepted
 * @throws {LedgerError} INPUT_MALFORMED when it is no key of a kind this verifier knows, or allows none of `allowed`
 * @see RFC 5280, section 4.1.2.7
 */
export function publicKeyOf(spki: Uint8Array, allowed?: readonly Scheme[]): PublicKey {
  let object: KeyObject;
  let isPss: boolean;
  try {
    const [algorithm, bits] = childrenOf(readTagged(spki, TAG.sequence));
    // An RSA key bound to PSS (RFC 4055 §1.2) never signs with PKCS #1 v1.5.
    isPss = oidOf(childrenOf(algorithm ?? missing())[0]) === '1.2.840.113549.1.1.10';
    bitStringBytesOf(bits);
    object = createPublicKey({ key: asBuffer(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read public key "${clip(formatHex(spki))}"`, { cause, hint: 'Give a PKIX SubjectPublicKeyInfo' });
  }
  const described = describe(object, isPss);
  // A certificate or a trusted root names the scheme itself: then any hash goes with any key of the kind.
  const schemes = allowed?.filter(({ name }) => described.schemes.some((scheme) => scheme.name === name)) ?? described.schemes;
  if (schemes.length === 0) throw new LedgerError('INPUT_MALFORMED', `Cannot use ${described.kind} key: it does not sign with the scheme that was named`);
  return { spki, id: sha256Hex(spki), kind: described.kind, schemes, object };
}

/**
 * Reads a public key as files hold it: PEM (PKIX), or the bare base64 of a SubjectPublicKeyInfo.
 *
 * @throws {LedgerError} INPUT_MALFORMED
 */
export function parsePublicKey(text: string): PublicKey {
  const pem = /^\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)-----END PUBLIC KEY-----\s*$/.exec(text);
  const spki = parseAnyBase64((pem?.[1] ?? text).replace(/\s+/g, ''));
  if (spki === null) throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a public key`, { hint: 'Give PEM with "BEGIN PUBLIC KEY"' });
  return publicKeyOf(spki);
}

/** Reads what a JSON Web Key names, for keys that arrive as JWK (RFC 7517). @throws {LedgerError} INPUT_MALFORMED */
export function publicKeyOfJwk(jwk: Readonly<Record<string, unknown>>): PublicKey {
  try {
    return publicKeyOf(new Uint8Array(createPublicKey({ key: jwk as never, format: 'jwk' }).export({ format: 'der', type: 'spki' })));
  } catch (cause) {
    throw new LedgerError('INPUT_MALFORMED', 'Cannot read JSON Web Key: no public key of a known kind', { cause });
  }
}

/**
 * Sigstore's names of key and scheme (`PublicKeyDetails` in sigstore_common.proto): null for one this verifier does not
 * know or that must no longer be used.
 */
export function schemeOfKeyDetails(name: string): Scheme | null {
  const rsa = /^PKIX_RSA_(PKCS1V15|PSS)_\d+_SHA256$/.exec(name);
  if (rsa !== null) return { name: rsa[1] === 'PSS' ? 'rsa-pss' : 'rsa-pkcs1', hash: 'sha256' };
  const ecdsa = /^PKIX_ECDSA_P(?:256|384|521)_SHA_(256|384|512)$/.exec(name);
  if (ecdsa !== null) return { name: 'ecdsa', hash: `sha${ecdsa[1]}` as Hash };
  if (name === 'PKIX_ED25519_PH') return { name: 'ed25519ph' };
  return name === 'PKIX_ED25519' ? { name: 'ed25519' } : null;
}

/** Sigstore's name of this key, when it signs with its usual scheme; null where it has none. */
export function keyDetailsOf(key: PublicKey): string | null {
  const [scheme] = key.schemes;
  if (scheme?.name === 'ed25519') return 'PKIX_ED25519';
  if (scheme?.name === 'ecdsa') return `PKIX_ECDSA_P${key.kind.slice(-3)}_SHA_${scheme.hash.slice(3)}`;
  const bits = Number(key.kind.slice(4));
  if (scheme === undefined || ![2048, 3072, 4096].includes(bits)) return null;
  return `PKIX_RSA_${scheme.name === 'rsa-pss' ? 'PSS' : 'PKCS1V15'}_${bits}_SHA256`;
}

/**
 * Whether a signature over a message holds under one of the key's schemes.
 *
 * @param encoding - ECDSA signatures as DER only, or as fixed-size r‖s too (IEEE P1363), which plain DSSE signers write
 */
export function holds(key: PublicKey, message: Uint8Array, signature: Uint8Array, encoding: 'der' | 'der-or-p1363' = 'der'): boolean {
  return key.schemes.some((scheme) => {
    if (scheme.name === 'ed25519') return verifyQuietly(null, message, { key: key.object }, signature);
    if (scheme.name === 'ed25519ph') return verifyPrehashed(key.spki.subarray(-32), message, signature);
    if (scheme.name === 'rsa-pkcs1') return verifyQuietly(scheme.hash, message, { key: key.object, padding: constants.RSA_PKCS1_PADDING }, signature);
    if (scheme.name === 'rsa-pss') {
      // The salt's length is the signer's choice (RFC 8017 §9.1); a key that fixes a least one is held to it.
      const saltLength = scheme.saltLength ?? constants.RSA_PSS_SALTLEN_AUTO;
      return verifyQuietly(scheme.hash, message, { key: key.object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
    }
    if (verifyQuietly(scheme.hash, message, { key: key.object, dsaEncoding: 'der' }, signature)) return true;
    return encoding === 'der-or-p1363' && verifyQuietly(scheme.hash, message, { key: key.object, dsaEncoding: 'ieee-p1363' }, signature);
  });
}

/**
 * Whether a signature holds over a message of which only the digest is known; null when the scheme needs the message itself
 * (Ed25519 in both forms), or none of the key's schemes hashes with this algorithm.
 *
 * Node hashes whatever it verifies with ECDSA or RSA, so that these are computed here.
 */
export function holdsOverDigest(key: PublicKey, hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean | null {
  const schemes = key.schemes.filter((scheme) => 'hash' in scheme && scheme.hash === hash);
  return schemes.length === 0 ? null : schemes.some((scheme) => schemeHoldsOverDigest(key, scheme.name, hash, digest, signature));
}

function schemeHoldsOverDigest(key: PublicKey, name: Scheme['name'], hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean {
  if (name === 'rsa-pkcs1') return pkcs1HoldsOverDigest(key.object, hash, digest, signature);
  if (name === 'rsa-pss') return pssHoldsOverDigest(key, hash, digest, signature);
  const curve = { 'EC P-256': p256, 'EC P-384': p384, 'EC P-521': p521 }[key.kind];
  const point = bitStringBytesOf(childrenOf(readTagged(key.spki, TAG.sequence))[1]);
  try {
    return curve?.verify(signature, digest, point, { prehash: false, lowS: false, format: 'der' }) === true;
  } catch {
    return false; // A signature that is not DER.
  }
}

export function digestOf(hash: Hash | 'sha1', bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(bytes).digest());
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function isHash(name: string): name is Hash {
  return (SHA2 as readonly string[]).includes(name);
}

function describe(object: KeyObject, isPss: boolean): { kind: string; schemes: readonly Scheme[] } {
  const details = object.asymmetricKeyDetails;
  if (object.asymmetricKeyType === 'ed25519') return { kind: 'Ed25519', schemes: [{ name: 'ed25519' }, { name: 'ed25519ph' }] };
  const curve = CURVES[details?.namedCurve ?? ''];
  if (object.asymmetricKeyType === 'ec' && curve !== undefined) return { kind: curve.kind, schemes: curve.hashes.map((hash) => ({ name: 'ecdsa', hash })) };
  const bits = details?.modulusLength ?? 0;
  if ((object.asymmetricKeyType === 'rsa' || object.asymmetricKeyType === 'rsa-pss') && bits >= rsaBitsMin && bits <= rsaBitsMax) {
    const names = isPss ? (['rsa-pss'] as const) : (['rsa-pkcs1', 'rsa-pss'] as const);
    return { kind: `RSA ${bits}`, schemes: names.flatMap((name) => SHA2.map((hash) => ({ name, hash }))) };
  }
  const kind = `${object.asymmetricKeyType ?? 'unknown'} ${details?.namedCurve ?? bits}`;
  throw new LedgerError('INPUT_MALFORMED', `Cannot use ${kind} key`, { hint: 'Use Ed25519, ECDSA on P-256, P-384 or P-521, or RSA of 2048 to 4096 bits' });
}

/** DigestInfo before the digest (RFC 8017 §9.2, note 1). */
const DIGEST_INFO: Readonly<Record<Hash, Uint8Array>> = {
  sha256: parseHex('3031300d060960864801650304020105000420'),
  sha384: parseHex('3041300d060960864801650304020205000430'),
  sha512: parseHex('3051300d060960864801650304020305000440'),
};

function pkcs1HoldsOverDigest(key: KeyObject, hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    const recovered = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    // The whole DigestInfo is compared: reading only the digest out of it is how forged paddings pass.
    return equalBytes(new Uint8Array(recovered), concatBytes(DIGEST_INFO[hash], digest));
  } catch {
    return false; // The padding is wrong.
  }
}

/** EMSA-PSS-VERIFY with MGF1 under the same hash (RFC 8017 §9.1.2), its steps in its order. */
function pssHoldsOverDigest(key: PublicKey, hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean {
  const bits = (key.object.asymmetricKeyDetails?.modulusLength ?? 0) - 1;
  const hashLength = digest.length;
  let encoded: Uint8Array;
  try {
    encoded = new Uint8Array(publicDecrypt({ key: plainRsa(key.spki), padding: constants.RSA_NO_PADDING }, signature));
  } catch {
    return false; // The signature is not below the modulus.
  }
  const extra = encoded.length * 8 - bits;
  // 3, 4. There is room for a hash, and the last byte is 0xbc.
  if (encoded.length < hashLength + 2 || encoded.at(-1) !== 0xbc) return false;
  // 5. maskedDB, then H.
  const masked = encoded.subarray(0, encoded.length - hashLength - 1);
  const h = encoded.subarray(masked.length, -1);
  // 6. The bits above the modulus are zero.
  if ((masked[0] as number) >> (8 - extra) !== 0) return false;
  // 7 to 9. Unmask, and clear those bits.
  const mask = maskOf(hash, h, masked.length);
  const db = masked.map((byte, i) => byte ^ (mask[i] as number));
  db[0] = (db[0] as number) & (0xff >> extra);
  // 10. Zeros, then 0x01, then the salt.
  const one = db.findIndex((byte) => byte !== 0);
  if (one < 0 || db[one] !== 0x01) return false;
  // 12 to 14. H is over eight zeros, the digest and the salt.
  return equalBytes(h, digestOf(hash, concatBytes(new Uint8Array(8), digest, db.subarray(one + 1))));
}

/** The same numbers as a key of plain RSA: OpenSSL recovers nothing with a key that is bound to PSS. */
function plainRsa(spki: Uint8Array): KeyObject {
  const numbers = childrenOf(readTagged(spki, TAG.sequence))[1] as Der;
  return createPublicKey({ key: asBuffer(encodeDer(TAG.sequence, RSA_ENCRYPTION, numbers.raw)), format: 'der', type: 'spki' });
}

/** AlgorithmIdentifier { rsaEncryption, NULL } (RFC 4055 §1.2). */
const RSA_ENCRYPTION = parseHex('300d06092a864886f70d0101010500');

/** MGF1 (RFC 8017 §B.2.1). */
function maskOf(hash: Hash, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let i = 0, made = 0; made < length; i++) {
    const block = digestOf(hash, concatBytes(seed, Uint8Array.of(i >>> 24, (i >>> 16) & 0xff, (i >>> 8) & 0xff, i & 0xff)));
    blocks.push(block);
    made += block.length;
  }
  return concatBytes(...blocks).subarray(0, length);
}

/** Node has no Ed25519ph. */
function verifyPrehashed(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || !isStrictPoint(publicKey) || !isStrictPoint(signature.subarray(0, 32))) return false;
  try {
    return ed25519ph.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false; // No point of the curve.
  }
}

type VerifyKey = Parameters<typeof verifySignature>[2];

function verifyQuietly(hash: Hash | null, message: Uint8Array, key: VerifyKey, signature: Uint8Array): boolean {
  try {
    return verifySignature(hash, message, key, signature);
  } catch {
    return false; // OpenSSL throws on some malformed signatures instead of refusing them.
  }
}

// createPublicKey's types ask for a class that this project does not use; any Uint8Array works.
function asBuffer(bytes: Uint8Array): never {
  return bytes as never;
}

function missing(): never {
  throw new DerError('a key without an algorithm');
}

