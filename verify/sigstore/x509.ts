// X.509 certificates as Sigstore uses them: strict parsing, and every extension kept with its bytes (RFC 5280 §4).
import { equalBytes } from '../../ledger/bytes.ts';
import {
  bitStringBytesOf, booleanOf, childrenOf, childrenOfTagged, type Der, DerError, explicit, implicit, integerBytesOf, namedBitsOf, oidOf, readDer,
  readTagged, smallIntegerOf, TAG, tagged, timeOf,
} from './der.ts';

export interface Certificate {
  /** The whole certificate as received. */
  readonly raw: Uint8Array;
  /** The part that is signed, as received. */
  readonly tbs: Uint8Array;
  /** The DER of the signature's AlgorithmIdentifier. */
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly serial: Uint8Array;
  /** Names as DER; `isSameName` compares them. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since 1970; both ends belong to the validity. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, as received. */
  readonly spki: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
}

export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
  /** The whole Extension, as received. */
  readonly raw: Uint8Array;
}

export const OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  anyExtKeyUsage: '2.5.29.37.0',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  /** Embedded SCT list (RFC 6962 §3.3). */
  sctList: '1.3.6.1.4.1.11129.2.4.2',
  /** Fulcio's issuer: raw text in the first, a DER UTF8String in the second. */
  issuerV1: '1.3.6.1.4.1.57264.1.1',
  issuerV2: '1.3.6.1.4.1.57264.1.8',
  /** A user name as an otherName of the SAN. */
  otherNameUser: '1.3.6.1.4.1.57264.1.7',
} as const;

/** Bits of KeyUsage (RFC 5280 §4.2.1.3). */
export const KEY_USAGE = { digitalSignature: 0, nonRepudiation: 1, keyCertSign: 5 } as const;

/**
 * Reads one certificate.
 *
 * @throws {DerError} when it is not a version 3 certificate in DER, or an extension stands twice
 * @see RFC 5280, section 4.1
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const [tbs, outerAlgorithm, signature, ...rest] = childrenOf(readTagged(bytes, TAG.sequence));
  if (rest.length > 0) throw new DerError('a certificate of more than three parts');
  const parts = [...childrenOfTagged(tbs, TAG.sequence)];
  const version = childrenOfTagged(parts.shift(), explicit(0));
  if (smallIntegerOf(version[0]) !== 2) throw new DerError('a certificate that is not version 3');
  const [serial, algorithm, issuer, validity, subject, spki, ...optional] = parts;
  // RFC 5280 §4.1.1.2: both fields hold the same identifier; the outer one is not signed.
  if (!equalBytes(tagged(outerAlgorithm, TAG.sequence).raw, tagged(algorithm, TAG.sequence).raw)) throw new DerError('two signature algorithms');
  const [notBefore, notAfter] = childrenOfTagged(validity, TAG.sequence);
  const extensions = new Map<string, Extension>();
  const wrapped = optional.find((part) => part.tag === explicit(3));
  const [list] = wrapped === undefined ? [] : childrenOf(wrapped);
  for (const extension of list === undefined ? [] : childrenOfTagged(list, TAG.sequence)) {
    const { oid, ...read } = readExtension(extension);
    if (extensions.has(oid)) throw new DerError(`the extension ${oid} twice`);
    extensions.set(oid, read);
  }
  return {
    raw: bytes,
    tbs: tagged(tbs, TAG.sequence).raw,
    signatureAlgorithm: tagged(outerAlgorithm, TAG.sequence).raw,
    signature: bitStringBytesOf(signature),
    serial: integerBytesOf(serial),
    issuer: tagged(issuer, TAG.sequence).raw,
    subject: tagged(subject, TAG.sequence).raw,
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    spki: tagged(spki, TAG.sequence).raw,
    extensions,
  };
}

function readExtension(extension: Der): Extension & { oid: string } {
  const [id, ...rest] = childrenOfTagged(extension, TAG.sequence);
  const flag = rest.length > 1 ? rest.shift() : undefined;
  return { oid: oidOf(id), critical: flag !== undefined && booleanOf(flag), value: tagged(rest[0], TAG.octetString).content, raw: extension.raw };
}

/** CA flag and path length, or null without the extension. @throws {DerError} */
export function basicConstraintsOf(certificate: Certificate): { ca: boolean; pathLength: number | null } | null {
  const extension = certificate.extensions.get(OID.basicConstraints);
  if (extension === undefined) return null;
  const parts = [...childrenOf(readTagged(extension.value, TAG.sequence))];
  const ca = parts[0]?.tag === TAG.boolean ? booleanOf(parts.shift()) : false;
  return { ca, pathLength: parts.length > 0 ? smallIntegerOf(parts[0]) : null };
}

/** The set bits of KeyUsage, or null without the extension. @throws {DerError} */
export function keyUsageOf(certificate: Certificate): ReadonlySet<number> | null {
  const extension = certificate.extensions.get(OID.keyUsage);
  return extension === undefined ? null : namedBitsOf(readDer(extension.value));
}

/** The purposes of ExtendedKeyUsage, or null without the extension. @throws {DerError} */
export function extKeyUsageOf(certificate: Certificate): readonly string[] | null {
  const extension = certificate.extensions.get(OID.extKeyUsage);
  return extension === undefined ? null : childrenOf(readTagged(extension.value, TAG.sequence)).map(oidOf);
}

export function isSelfIssued(certificate: Certificate): boolean {
  return isSameName(certificate.issuer, certificate.subject);
}

/**
 * Whether two names are one (RFC 5280 §7.1): the same attributes in the same order, texts compared without regard to their
 * string type, to case and to runs of spaces. A name that cannot be read equals only its own bytes.
 */
export function isSameName(a: Uint8Array, b: Uint8Array): boolean {
  if (equalBytes(a, b)) return true;
  const [one, other] = [normalisedName(a), normalisedName(b)];
  return one !== null && one === other;
}

/** UTF8String, PrintableString and IA5String. */
const TEXTS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x16]);

function normalisedName(name: Uint8Array): string | null {
  try {
    const sets = childrenOf(readTagged(name, TAG.sequence)).map((set) => childrenOf(tagged(set, TAG.set)).map((attribute) => {
      const [type, value] = childrenOfTagged(attribute, TAG.sequence);
      if (value === undefined || !TEXTS.has(value.tag)) throw new DerError('an attribute that is no text');
      return [oidOf(type), utf8Of(value.content).trim().replace(/ +/g, ' ').toLowerCase()];
    }));
    return JSON.stringify(sets);
  } catch (error) {
    if (error instanceof DerError) return null;
    throw error;
  }
}

/** One name of the SubjectAltName: those kinds that Sigstore puts there, and `other` for the rest. */
export interface AlternativeName {
  readonly kind: 'uri' | 'email' | 'dns' | 'user' | 'other';
  readonly value: string;
}

/** The names of the SubjectAltName, in order; empty without the extension. @throws {DerError} */
export function alternativeNamesOf(certificate: Certificate): readonly AlternativeName[] {
  const extension = certificate.extensions.get(OID.subjectAltName);
  if (extension === undefined) return [];
  return childrenOf(readTagged(extension.value, TAG.sequence)).map((name) => {
    switch (name.tag) {
      case implicit(1):
        return { kind: 'email', value: asciiOf(name.content) };
      case implicit(2):
        return { kind: 'dns', value: asciiOf(name.content) };
      case implicit(6):
        return { kind: 'uri', value: asciiOf(name.content) };
      case explicit(0): {
        const [type, wrapped] = childrenOf(name);
        if (oidOf(type) !== OID.otherNameUser) return { kind: 'other', value: '' };
        const [text] = childrenOfTagged(wrapped, explicit(0));
        return { kind: 'user', value: utf8Of(tagged(text, TAG.utf8String).content) };
      }
      default:
        return { kind: 'other', value: '' };
    }
  });
}

/** The OIDC issuer that Fulcio wrote into the certificate, or null. @throws {DerError} */
export function issuerOf(certificate: Certificate): string | null {
  const current = certificate.extensions.get(OID.issuerV2);
  if (current !== undefined) return utf8Of(readTagged(current.value, TAG.utf8String).content);
  const legacy = certificate.extensions.get(OID.issuerV1);
  return legacy === undefined ? null : utf8Of(legacy.value);
}

function asciiOf(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte >= 0x80)) throw new DerError('an IA5String beyond ASCII');
  return String.fromCharCode(...bytes);
}

function utf8Of(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DerError('a string that is not UTF-8');
  }
}
