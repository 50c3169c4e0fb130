// What a log records of a signature, and how it answers: entry bodies of both Rekor generations, promises, trusted roots.
import { concatBytes, encodeUtf8, formatBase64, formatHex, parseBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { isJsonObject, parseJson } from '../../ledger/json.ts';
import type { EnvelopeJson } from './author.ts';
import { preAuthEncoding } from './dsse.ts';
import { digestOf, type Hash, keyDetailsOf, type PublicKey } from './keys.ts';
import { promiseMessage } from './tlog.ts';

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

/**
 * The body of a Rekor v1 entry for an envelope, `dsse` 0.0.1, in RFC 8785 form: the exact bytes of the leaf.
 *
 * @param envelope - in the very form that the bundle carries: its digest is recorded too
 */
export function dsseBody(envelope: EnvelopeJson, key: PublicKey): Uint8Array {
  const hashed = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: formatHex(digestOf('sha256', bytes)) });
  return encodeJcs({
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: hashed(encodeUtf8(JSON.stringify(envelope))),
      payloadHash: hashed(parseBase64(envelope.payload)),
      signatures: envelope.signatures.map(({ sig }) => ({ signature: sig, verifier: formatBase64(encodeUtf8(pemOfSpki(key.spki))) })),
    },
  });
}

/** The body of a Rekor v1 entry for a message signature, `hashedrekord` 0.0.1. @param verifier - PEM of a key or certificate */
export function hashedRekordBodyV1({ signature, hash, digest }: Pick<Recordable, 'signature' | 'hash' | 'digest'>, verifier: string): Uint8Array {
  return encodeJcs({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: hash, value: formatHex(digest) } },
      signature: { content: formatBase64(signature), publicKey: { content: formatBase64(encodeUtf8(verifier)) } },
    },
  });
}

/** A public key as PEM, in lines of 64 characters (RFC 7468). */
export function pemOfSpki(spki: Uint8Array): string {
  const lines = formatBase64(spki).match(/.{1,64}/g) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`;
}

/** A log's promise that an entry is in it since a time: what Rekor v1's clients take as a proven time. */
export interface Promised {
  /** Seconds since 1970. */
  readonly integratedTime: number;
  /** The log's signature over body, time, id and index. */
  readonly signature: Uint8Array;
}

/**
 * Makes the promise of an entry ("signed entry timestamp").
 *
 * @param sign - with the key that the log's id names
 */
export async function signPromise(
  entry: Pick<EntryProof, 'logId' | 'index' | 'body'>, integratedTime: number, sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<Promised> {
  const message = promiseMessage({ body: entry.body, integratedTime, logId: entry.logId, logIndex: entry.index });
  return { integratedTime, signature: await sign(message) };
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
  /** Of Rekor v1; v2 states no time. */
  readonly promise?: Promised;
}

/** The log entry in the form that bundles carry and Rekor v2 answers with (TransparencyLogEntry). */
export function entryJson(entry: EntryProof): JcsValue {
  const { promise } = entry;
  const promised = promise === undefined ? {} : {
    integratedTime: String(promise.integratedTime), inclusionPromise: { signedEntryTimestamp: formatBase64(promise.signature) },
  };
  return {
    logIndex: String(entry.index),
    logId: { keyId: formatBase64(entry.logId) },
    kindVersion: kindOfBody(entry.body),
    ...promised,
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

function kindOfBody(bytes: Uint8Array): { kind: string; version: string } {
  const body = parseJson(bytes);
  const { kind, apiVersion } = isJsonObject(body) ? body : {};
  if (typeof kind === 'string' && typeof apiVersion === 'string') return { kind, version: apiVersion };
  throw new LedgerError('INPUT_MALFORMED', 'Cannot show log entry: its body names no kind and version');
}

/** A key of our log as others trust it. */
export interface LogKey {
  /** Ed25519, 32 bytes: of the checkpoints that tiles, witnesses and Rekor v2 know. Or a P-256 SPKI, 91 bytes: of Rekor v1's. */
  readonly publicKey: Uint8Array;
  /** When it begins to count, and when it stops, in milliseconds since 1970. */
  readonly from: number;
  readonly to?: number;
}

/**
 * The trusted root under which others verify entries of our log, as JSON text.
 *
 * Its URL is the origin as a host name, because Sigstore's clients take a checkpoint's name from there.
 */
export function formatTrustedRoot(origin: string, keys: readonly LogKey[]): string {
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: keys.map(({ publicKey, from, to }) => {
      const isEd25519 = publicKey.length === 32;
      return {
        baseUrl: `https://${origin}`,
        hashAlgorithm: 'SHA2_256',
        publicKey: {
          rawBytes: formatBase64(isEd25519 ? concatBytes(ED25519_SPKI, publicKey) : publicKey),
          keyDetails: isEd25519 ? 'PKIX_ED25519' : 'PKIX_ECDSA_P256_SHA_256',
          validFor: { start: timeOf(from), ...(to === undefined ? {} : { end: timeOf(to) }) },
        },
        logId: { keyId: formatBase64(logIdOf(origin, publicKey)) },
      };
    }),
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  }, null, 2);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * A log's id: of an Ed25519 key SHA-256 of origin ‖ 0x0A ‖ 0x01 ‖ key, of another that of its SPKI. Its first four bytes are the
 * key's id in notes.
 */
export function logIdOf(origin: string, publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== 32) return digestOf('sha256', publicKey);
  return digestOf('sha256', concatBytes(encodeUtf8(`${origin}\n`), Uint8Array.of(0x01), publicKey));
}

/** SubjectPublicKeyInfo up to the key (RFC 8410 §4). */
const ED25519_SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/** A hash as sigstore_common.proto names it. */
export function nameOf(hash: Hash): string {
  return `SHA2_${hash.slice(3)}`;
}
