// What we sign ourselves: DSSE envelopes over RFC 8785 payloads, and Sigstore bundles whose log is our own.
import { createPrivateKey, createPublicKey, type KeyObject, constants, sign as signBytes } from 'node:crypto';
import { concatBytes, formatBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { BUNDLE_MEDIA_TYPE } from './bundle.ts';
import { preAuthEncoding } from './dsse.ts';
import { digestOf, type PublicKey, publicKeyOf } from './keys.ts';
import { entryJson, type EntryProof, nameOf, type Recordable } from './rekor.ts';

/** Signs what we author. Keys in files and environment variables come as PEM; others (KMS, PKCS #11) implement this. */
export interface AuthorKey {
  readonly key: PublicKey;
  /** Signs with the key's usual scheme; ECDSA signatures in DER. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export const STATEMENT_TYPE = 'application/vnd.in-toto+json';

/** An envelope in the form that is written, members in this order. */
export interface EnvelopeJson {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/**
 * Takes a private key as PEM: PKCS #8, encrypted or not, or the older forms that OpenSSL reads.
 *
 * @throws {LedgerError} INPUT_MALFORMED when it is no private key, the passphrase is wrong, or no scheme here uses its kind
 */
export function authorKeyOf(pem: string, passphrase?: string): AuthorKey {
  let secret: KeyObject;
  try {
    secret = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    // The text is a secret: it never stands in the message.
    throw new LedgerError('INPUT_MALFORMED', 'Cannot read private key: expected PEM', { cause, hint: 'An encrypted key needs its passphrase' });
  }
  return authorKeyOfObject(secret);
}

/** Takes an Ed25519 seed, as a ledger keeps its own attestation key. @param seed - 32 secret bytes (RFC 8032 §5.1.5) */
export function authorKeyOfSeed(seed: Uint8Array): AuthorKey {
  if (seed.length !== 32) throw new RangeError(`not an Ed25519 seed: ${seed.length} bytes`);
  const pkcs8 = concatBytes(ED25519_PKCS8, seed);
  return authorKeyOfObject(createPrivateKey({ key: pkcs8 as never, format: 'der', type: 'pkcs8' }));
}

/** PrivateKeyInfo up to the seed (RFC 8410 §7). */
const ED25519_PKCS8 = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20);

function authorKeyOfObject(secret: KeyObject): AuthorKey {
  const key = publicKeyOf(new Uint8Array(createPublicKey(secret).export({ format: 'der', type: 'spki' })));
  const [scheme] = key.schemes;
  const hash = scheme !== undefined && 'hash' in scheme ? scheme.hash : null;
  const padding = scheme?.name === 'rsa-pss'
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return { key, sign: (message) => new Uint8Array(signBytes(hash, message, { key: secret, ...padding })) };
}

/**
 * Signs a statement, or any JSON, as an envelope.
 *
 * The payload is the RFC 8785 form, so that one statement has one payload and one digest whoever writes it.
 *
 * @param keys - one for a bundle; several for a threshold
 */
export async function signJson(value: JcsValue, keys: readonly AuthorKey[], payloadType: string = STATEMENT_TYPE): Promise<EnvelopeJson> {
  const payload = encodeJcs(value);
  const message = preAuthEncoding(payloadType, payload);
  const signatures: { keyid: string; sig: string }[] = [];
  for (const author of keys) signatures.push({ keyid: author.key.id, sig: formatBase64(await author.sign(message)) });
  return { payloadType, payload: formatBase64(payload), signatures };
}

export interface BundleParts {
  readonly content: { readonly envelope: EnvelopeJson } | { readonly message: Recordable };
  readonly key: PublicKey;
  readonly entries: readonly EntryProof[];
  /** TimeStampResp in DER over the raw signature; a managed key needs none. */
  readonly timestamps?: readonly Uint8Array[];
}

/** A bundle of version 0.3 for a managed key, as JSON text. */
export function formatBundle({ content, key, entries, timestamps = [] }: BundleParts): string {
  const stamped = { rfc3161Timestamps: timestamps.map((timestamp) => ({ signedTimestamp: formatBase64(timestamp) })) };
  const bundle = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: {
      // The hint is the SPKI's digest, as cosign writes it.
      publicKey: { hint: formatBase64(digestOf('sha256', key.spki)) },
      tlogEntries: entries.map(entryJson),
      ...(timestamps.length === 0 ? {} : { timestampVerificationData: stamped }),
    },
    ...('envelope' in content ? { dsseEnvelope: unnamed(content.envelope) } : { messageSignature: messageJson(content.message) }),
  };
  return JSON.stringify(bundle);
}

/** The form in which a bundle carries an envelope: Sigstore's clients pass over signatures whose keyid they do not know. */
export function unnamed(envelope: EnvelopeJson): EnvelopeJson {
  return { ...envelope, signatures: envelope.signatures.map(({ sig }) => ({ keyid: '', sig })) };
}

function messageJson({ hash, digest, signature }: Recordable): JcsValue {
  return { messageDigest: { algorithm: nameOf(hash), digest: formatBase64(digest) }, signature: formatBase64(signature) };
}

