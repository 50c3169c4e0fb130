// What we sign ourselves: DSSE envelopes over RFC 8785 payloads, and Sigstore bundles whose log is our own.
import { createPrivateKey, createPublicKey, type KeyObject, constants, sign as signBytes } from 'node:crypto';
import { concatBytes, encodeUtf8, formatBase64, parseBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { BUNDLE_MEDIA_TYPE } from './bundle.ts';
import { preAuthEncoding } from './dsse.ts';
import { digestOf, type Hash, keyDetailsOf, type PublicKey, publicKeyOf } from './keys.ts';

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

/** What a log entry records, and what a bundle repeats. */
export interface Recordable {
  /** The raw signature; over the artifact, or over an envelope's pre-authentication encoding. */
  readonly signature: Uint8Array;
  /** The digest of the same, under the hash that the signature's scheme uses (SHA-256 for schemes without one). */
  readonly hash: Hash;
  readonly digest: Uint8Array;
  /** The signer's public key, or certificate in DER with the details of its key. */
  readonly verifier:
    | { readonly publicKey: Uint8Array; readonly keyDetails: string }
    | { readonly certificate: Uint8Array; readonly keyDetails: string };
}

/** What a log records of an envelope with one signature. @throws {LedgerError} INPUT_MALFORMED where Sigstore has no name for the key */
export function recordableOf(envelope: EnvelopeJson, key: PublicKey): Recordable {
  const [only, ...more] = envelope.signatures;
  if (only === undefined || more.length > 0) throw new RangeError(`a bundle's envelope has one signature, not ${envelope.signatures.length}`);
  const pae = preAuthEncoding(envelope.payloadType, parseBase64(envelope.payload));
  const record = recordable(pae, parseBase64(only.sig), key);
  if (key.kind !== 'Ed25519') return record;
  // Rekor v2 knows Ed25519 by its hashing form alone: an envelope signed in the plain form is recorded under that name.
  return { ...record, hash: 'sha512', digest: digestOf('sha512', pae), verifier: { publicKey: key.spki, keyDetails: 'PKIX_ED25519_PH' } };
}

/**
 * What a log records of a signature over an artifact.
 *
 * @throws {LedgerError} INPUT_MALFORMED for Ed25519, whose plain form Rekor v2 does not record for messages, and as `recordableOf`
 */
export function recordableOfMessage(artifact: Uint8Array, signature: Uint8Array, key: PublicKey): Recordable {
  if (key.kind === 'Ed25519') {
    throw new LedgerError('INPUT_MALFORMED', 'Cannot record a message signature by an Ed25519 key', { hint: 'Sign an attestation, or use an ECDSA key' });
  }
  return recordable(artifact, signature, key);
}

function recordable(message: Uint8Array, signature: Uint8Array, key: PublicKey): Recordable {
  const keyDetails = keyDetailsOf(key);
  if (keyDetails === null) throw new LedgerError('INPUT_MALFORMED', `Cannot record a signature by a ${key.kind} key: Sigstore has no name for it`);
  const [scheme] = key.schemes;
  const hash = scheme !== undefined && 'hash' in scheme ? scheme.hash : 'sha256';
  return { signature, hash, digest: digestOf(hash, message), verifier: { publicKey: key.spki, keyDetails } };
}

/**
 * The body of a Rekor v2 entry, `hashedrekord` 0.0.2, in RFC 8785 form: the exact bytes of the leaf.
 *
 * Envelopes are recorded so too, by the digest of their pre-authentication encoding (rekor-v2-spec §6.1.4).
 */
export function hashedRekordBody({ signature, hash, digest, verifier }: Recordable): Uint8Array {
  const named = 'publicKey' in verifier
    ? { publicKey: { rawBytes: formatBase64(verifier.publicKey) } }
    : { x509Certificate: { rawBytes: formatBase64(verifier.certificate) } };
  return encodeJcs({
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: {
      hashedRekordV002: {
        data: { algorithm: nameOf(hash), digest: formatBase64(digest) },
        signature: { content: formatBase64(signature), verifier: { keyDetails: verifier.keyDetails, ...named } },
      },
    },
  });
}

/** A log's answer about one entry: where it stands, and the proof to a checkpoint that the log signed. */
export interface EntryProof {
  /** The log's 32-byte id. */
  readonly logId: Uint8Array;
  /** Zero-based. */
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: string;
  /** The entry's bytes. */
  readonly body: Uint8Array;
}

/** The log entry in the form that bundles carry and Rekor v2 answers with (TransparencyLogEntry). */
export function entryJson(entry: EntryProof): JcsValue {
  return {
    logIndex: String(entry.index),
    logId: { keyId: formatBase64(entry.logId) },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    inclusionProof: {
      logIndex: String(entry.index),
      rootHash: formatBase64(entry.root),
      treeSize: String(entry.size),
      hashes: entry.hashes.map(formatBase64),
      checkpoint: { envelope: entry.checkpoint },
    },
    canonicalizedBody: formatBase64(entry.body),
  };
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

/** Sigstore's clients pass over signatures whose keyid is not the one they know, so that bundles carry none. */
function unnamed(envelope: EnvelopeJson): EnvelopeJson {
  return { ...envelope, signatures: envelope.signatures.map(({ sig }) => ({ keyid: '', sig })) };
}

function messageJson({ hash, digest, signature }: Recordable): JcsValue {
  return { messageDigest: { algorithm: nameOf(hash), digest: formatBase64(digest) }, signature: formatBase64(signature) };
}

/**
 * The trusted root under which others verify entries of our log, as JSON text.
 *
 * Its URL is the origin as a host name, because Sigstore's clients take a checkpoint's name from there.
 *
 * @param log - Ed25519, 32 bytes @param from - when the key begins to count, in milliseconds since 1970
 */
export function formatTrustedRoot(log: { readonly origin: string; readonly publicKey: Uint8Array; readonly from: number }): string {
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [{
      baseUrl: `https://${log.origin}`,
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: formatBase64(concatBytes(ED25519_SPKI, log.publicKey)),
        keyDetails: 'PKIX_ED25519',
        validFor: { start: new Date(log.from).toISOString() },
      },
      logId: { keyId: formatBase64(logIdOf(log.origin, log.publicKey)) },
    }],
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  }, null, 2);
}

/** A log's id: SHA-256 of origin ‖ 0x0A ‖ 0x01 ‖ key, whose first four bytes are C2SP's key id. @param publicKey - Ed25519, 32 bytes */
export function logIdOf(origin: string, publicKey: Uint8Array): Uint8Array {
  return digestOf('sha256', concatBytes(encodeUtf8(`${origin}\n`), Uint8Array.of(0x01), publicKey));
}

/** SubjectPublicKeyInfo up to the key (RFC 8410 §4). */
const ED25519_SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

function nameOf(hash: Hash): string {
  return `SHA2_${hash.slice(3)}`;
}
