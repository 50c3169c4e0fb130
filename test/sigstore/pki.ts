// Certificates, SCTs and timestamps for tests: whatever a forger could make, each part open to change.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { concatBytes, encodeUint64, encodeUtf8 } from '../../ledger/bytes.ts';
import { encodeDer } from '../../verify/sigstore/der.ts';

export interface KeyPair {
  readonly secret: KeyObject;
  readonly spki: Uint8Array;
}

export function keyPair(namedCurve = 'P-256'): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { secret: privateKey, spki: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })) };
}

export function signWith({ secret }: KeyPair, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', message, secret));
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

export const seq = (...parts: Uint8Array[]) => encodeDer(0x30, ...parts);
export const set = (...parts: Uint8Array[]) => encodeDer(0x31, ...parts);
export const octets = (...parts: Uint8Array[]) => encodeDer(0x04, ...parts);
export const integer = (value: number) => encodeDer(0x02, Uint8Array.of(value));
export const bool = (value: boolean) => encodeDer(0x01, Uint8Array.of(value ? 0xff : 0));
export const bits = (...bytes: Uint8Array[]) => encodeDer(0x03, Uint8Array.of(0), ...bytes);
export const tagged = (number: number, ...parts: Uint8Array[]) => encodeDer(0xa0 | number, ...parts);
export const plain = (number: number, content: Uint8Array) => encodeDer(0x80 | number, content);
export const generalizedTime = (ms: number) => encodeDer(0x18, encodeUtf8(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')));

export function oid(text: string): Uint8Array {
  const [first, second, ...rest] = text.split('.').map(Number) as [number, number, ...number[]];
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) | 0x80);
    return digits;
  });
  return encodeDer(0x06, Uint8Array.from(bytes));
}

/** @param tag - the string type: UTF8String, or PrintableString (0x13) */
export const name = (common: string, tag = 0x0c) => (common === '' ? seq() : seq(set(seq(oid('2.5.4.3'), encodeDer(tag, encodeUtf8(common))))));

export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return seq(oid(id), ...(critical ? [bool(true)] : []), octets(value));
}

/** Bits 0 (digitalSignature), 2 (keyEncipherment), 5 (keyCertSign). */
export function keyUsage(...set: number[]): Uint8Array {
  const byte = set.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension('2.5.29.15', true, encodeDer(0x03, Uint8Array.of(7 - Math.max(...set), byte)));
}

export const basicConstraints = (ca: boolean, pathLength?: number, critical = true) =>
  extension('2.5.29.19', critical, seq(...(ca ? [bool(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])));
export const purposes = (critical: boolean, ...ids: string[]) => extension('2.5.29.37', critical, seq(...ids.map(oid)));
export const names = (...list: Uint8Array[]) => extension('2.5.29.17', true, seq(...list));
export const uri = (text: string) => plain(6, encodeUtf8(text));
export const email = (text: string) => plain(1, encodeUtf8(text));
export const user = (text: string) => tagged(0, oid('1.3.6.1.4.1.57264.1.7'), tagged(0, encodeDer(0x0c, encodeUtf8(text))));
export const issuerClaim = (text: string) => extension('1.3.6.1.4.1.57264.1.8', false, encodeDer(0x0c, encodeUtf8(text)));

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
export const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const ECDSA_SHA256 = seq(oid('1.2.840.10045.4.3.2'));

export interface CertificateParts {
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyPair;
  readonly by: KeyPair;
  readonly from: number;
  readonly to: number;
  readonly extensions: readonly Uint8Array[];
  readonly serial?: number;
}

export function certificate(parts: CertificateParts): Uint8Array {
  const tbs = tbsOf(parts);
  return seq(tbs, ECDSA_SHA256, bits(signWith(parts.by, tbs)));
}

function tbsOf({ subject, issuer, key, from, to, extensions, serial }: CertificateParts): Uint8Array {
  const validity = seq(generalizedTime(from), generalizedTime(to));
  return seq(tagged(0, integer(2)), integer(serial ?? 1), ECDSA_SHA256, name(issuer), validity, name(subject), key.spki, tagged(3, seq(...extensions)));
}

/** The list of one SCT over the certificate as it is without it (RFC 6962 §3.2). */
export function sctExtension(parts: CertificateParts, issuer: KeyPair, log: KeyPair, time: number, change: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const tbs = tbsOf(parts);
  const message = concatBytes(
    Uint8Array.of(0, 0), encodeUint64(time), Uint8Array.of(0, 1), sha256(issuer.spki), Uint8Array.of(0, tbs.length >> 8, tbs.length & 0xff), tbs,
    Uint8Array.of(0, 0),
  );
  const signature = change(signWith(log, message));
  const sct = concatBytes(Uint8Array.of(0), sha256(log.spki), encodeUint64(time), Uint8Array.of(0, 0, 4, 3), vector(signature));
  return extension('1.3.6.1.4.1.11129.2.4.2', false, octets(vector(vector(sct))));
}

function vector(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
}

export interface TokenParts {
  readonly over: Uint8Array;
  readonly at: number;
  readonly key: KeyPair;
  readonly issuer: string;
  readonly serial: number;
  /** Signed attributes after the two that must be there. */
  readonly attributes?: readonly Uint8Array[];
  /** What messageDigest is over, in place of the content. */
  readonly digestOver?: Uint8Array;
  readonly embedded?: readonly Uint8Array[];
}

const SHA256 = seq(oid('2.16.840.1.101.3.4.2.1'));
const TST_INFO = oid('1.2.840.113549.1.9.16.1.4');

/** A TimeStampResp (RFC 3161 §2.4.2). */
export function timestamp({ over, at, key, issuer, serial, attributes = [], digestOver, embedded = [] }: TokenParts): Uint8Array {
  const content = seq(integer(1), oid('1.2.3.4'), seq(SHA256, octets(sha256(over))), integer(7), generalizedTime(at));
  const digest = sha256(digestOver ?? content);
  const signed = [attribute('1.2.840.113549.1.9.3', TST_INFO), attribute('1.2.840.113549.1.9.4', octets(digest)), ...attributes];
  const signature = signWith(key, set(...signed));
  const signerInfo = seq(integer(1), seq(name(issuer), integer(serial)), SHA256, tagged(0, ...signed), ECDSA_SHA256, octets(signature));
  const certificates = embedded.length === 0 ? [] : [tagged(0, ...embedded)];
  const signedData = seq(integer(3), set(SHA256), seq(TST_INFO, tagged(0, octets(content))), ...certificates, set(signerInfo));
  return seq(seq(integer(0)), seq(oid('1.2.840.113549.1.7.2'), tagged(0, signedData)));
}

export const attribute = (id: string, value: Uint8Array) => seq(oid(id), set(value));

/** ESSCertIDv2 with SHA-256 (RFC 5035 §4). */
export const signingCertificate = (der: Uint8Array) => attribute('1.2.840.113549.1.9.16.2.47', seq(seq(seq(octets(sha256(der))))));
