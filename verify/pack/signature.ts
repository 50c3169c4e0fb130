// The manifest's signature: a DSSE envelope over an in-toto statement that names the manifest by its digest.
import { encodeUtf8, equalBytes, formatBase64, formatHex, parseBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { isJsonObject, parseJson, type Json } from '../../ledger/json.ts';
import type { VerifySignature } from '../../ledger/note/ed25519.ts';
import { sha256 } from '../../ledger/merkle/hash.ts';
import { preAuthEncoding } from '../pae.ts';
import { PACK_FORMAT, manifestName } from './manifest.ts';

const payloadType = 'application/vnd.in-toto+json';
const limits = { bytesMax: 65_536, depthMax: 8 };
/** SubjectPublicKeyInfo up to the 32 bytes of an Ed25519 key (RFC 8410 §4). */
const spkiHead = 12;

/** Signs what a ledger authors: an Ed25519 key of use `attestation`, by its id. */
export interface PackSigner {
  /** SHA-256 of its SubjectPublicKeyInfo, hexadecimal. */
  readonly id: string;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A signature as it was read: of which key, and over which manifest. */
export interface ManifestSignature {
  readonly keyId: string;
  /** SHA-256 of the manifest that was signed, hexadecimal. */
  readonly manifest: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Signs a manifest. The same manifest and key give the same envelope: Ed25519 signs without randomness. */
export async function signManifest(manifest: Uint8Array, signer: PackSigner): Promise<Uint8Array> {
  const payload = encodeJcs(statementOf(formatHex(sha256(manifest))));
  const signature = await signer.sign(preAuthEncoding(payloadType, payload));
  return envelopeOf(formatBase64(payload), signer.id, formatBase64(signature));
}

/** An envelope in the one form in which it is written: a byte more or less anywhere in a pack is found. */
function envelopeOf(payload: string, keyid: string, sig: string): Uint8Array {
  return encodeUtf8(`${JSON.stringify({ payloadType, payload, signatures: [{ keyid, sig }] }, null, 2)}\n`);
}

function statementOf(digest: string): JcsValue {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: manifestName, digest: { sha256: digest } }],
    predicateType: 'https://stella-ops.org/attestations/pack/1',
    predicate: { format: PACK_FORMAT },
  };
}

/** Reads a manifest's signature. @throws {LedgerError} INPUT_MALFORMED, and as `parseJson` */
export function parseSignature(bytes: Uint8Array): ManifestSignature {
  const envelope = parseJson(bytes, limits);
  const { payloadType: type, payload, signatures } = isJsonObject(envelope) ? envelope : {};
  const [first, ...more] = Array.isArray(signatures) ? signatures : [];
  const { keyid, sig } = isJsonObject(first) ? first : {};
  if (type !== payloadType || typeof payload !== 'string' || typeof keyid !== 'string' || typeof sig !== 'string' || more.length > 0) {
    throw refuse('it is no envelope with one signature over a statement');
  }
  if (!equalBytes(envelopeOf(payload, keyid, sig), bytes)) throw refuse('it is not in its one form');
  const signed = parseBase64(payload);
  return { keyId: keyid, manifest: digestIn(parseJson(signed, limits)), message: preAuthEncoding(type, signed), signature: parseBase64(sig) };
}

/** The digest of the manifest in a statement of exactly the form that is written. */
function digestIn(statement: Json): string {
  const subject = isJsonObject(statement) ? statement['subject'] : undefined;
  const named = Array.isArray(subject) && isJsonObject(subject[0]) ? subject[0]['digest'] : undefined;
  const digest = isJsonObject(named) ? named['sha256'] : undefined;
  if (typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest)) {
    const [said, expected] = [statement as JcsValue, statementOf(digest)].map((one) => formatHex(encodeJcs(one)));
    if (said === expected) return digest;
  }
  throw refuse('its statement is not about a manifest');
}

/** Whether the signature is by this key. @param spki - SubjectPublicKeyInfo of an Ed25519 key */
export function signatureHolds({ message, signature }: ManifestSignature, spki: Uint8Array, ed25519: VerifySignature): boolean {
  return ed25519(spki.subarray(spkiHead), message, signature);
}

function refuse(why: string): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read signature: ${why}`);
}
