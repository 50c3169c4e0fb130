// Sigstore's trusted root: which logs, certificate authorities and timestamp authorities count, and when.
import { clip, LedgerError } from '../../ledger/errors.ts';
import { type Json, parseJson } from '../../ledger/json.ts';
import { concatBytes, encodeUtf8, equalBytes } from '../../ledger/bytes.ts';
import { DerError } from './der.ts';
import { Fields, type Refusals } from './fields.ts';
import { digestOf, type PublicKey, publicKeyOf, schemeOfKeyDetails } from './keys.ts';
import { type Certificate, parseCertificate } from './x509.ts';

/** A closed interval in milliseconds since 1970; `to` null is without end. */
export interface Validity {
  readonly from: number;
  readonly to: number | null;
}

export interface TransparencyLog {
  readonly baseUrl: string;
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly key: PublicKey;
  readonly validity: Validity;
}

export interface CertificateAuthority {
  readonly uri: string;
  /** As listed: the last one is the anchor, which may be an intermediate. */
  readonly chain: readonly Certificate[];
  readonly validity: Validity;
}

export interface TrustedRoot {
  readonly logs: readonly TransparencyLog[];
  readonly certificateAuthorities: readonly CertificateAuthority[];
  readonly ctLogs: readonly TransparencyLog[];
  readonly timestampAuthorities: readonly CertificateAuthority[];
  /** Logs whose key or hash is of a kind this verifier does not know: what they signed counts for nothing. */
  readonly unsupported: readonly string[];
}

const MEDIA_TYPES: readonly string[] = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot+json;version=0.2',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
];

/** Far above any root in use: the public one has 9 kB. */
const rootBytesMax = 4 * 1024 * 1024;

/**
 * Reads a trusted root (sigstore_trustroot.proto in its JSON form), whole or not at all.
 *
 * A part that cannot be read refuses the root. A log whose key is of a kind that this verifier does not know is left out and
 * named: that trusts less, never more, and a root may gain such keys before its readers do.
 *
 * @throws {LedgerError} INPUT_MALFORMED with the path of the wrong member, or what `parseJson` refuses
 */
export function parseTrustedRoot(bytes: Uint8Array): TrustedRoot {
  return trustedRootOf(parseJson(bytes, { bytesMax: rootBytesMax }));
}

/** As `parseTrustedRoot`, from JSON that was parsed strictly (a trusted root inside a client trust configuration). */
export function trustedRootOf(json: Json): TrustedRoot {
  const root = new Fields(json, 'trusted root', refusals);
  const mediaType = root.text('mediaType');
  if (!MEDIA_TYPES.includes(mediaType)) throw new LedgerError('INPUT_MALFORMED', `Cannot read trusted root: unknown media type "${clip(mediaType)}"`);
  const unsupported: string[] = [];
  return {
    logs: root.objects('tlogs').flatMap((log) => logOf(log, unsupported)),
    certificateAuthorities: root.objects('certificateAuthorities').map(authorityOf),
    ctLogs: root.objects('ctlogs').flatMap((log) => logOf(log, unsupported)),
    timestampAuthorities: root.objects('timestampAuthorities').map(authorityOf),
    unsupported,
  };
}

/** Reads one certificate authority on its own, as timestamp authorities publish theirs. @throws {LedgerError} as `parseTrustedRoot` */
export function certificateAuthorityOf(json: Json): CertificateAuthority {
  return authorityOf(new Fields(json, 'certificate authority', refusals));
}

export function covers({ from, to }: Validity, at: number): boolean {
  return from <= at && (to === null || at <= to);
}

const refusals: Refusals = {
  malformed: (message) => {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read trusted root: ${message}`);
  },
  base64: (message) => {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read trusted root: ${message}`);
  },
};

function logOf(log: Fields, unsupported: string[]): TransparencyLog[] {
  const baseUrl = log.text('baseUrl');
  const publicKey = log.object('publicKey');
  const validity = validityOf(publicKey);
  const id = log.object('logId').bytes('keyId');
  if (id.length !== 32) log.malformed('logId', 'is not 32 bytes');
  const hash = log.optionalText('hashAlgorithm') ?? 'SHA2_256';
  const details = publicKey.text('keyDetails');
  const scheme = schemeOfKeyDetails(details);
  if (hash !== 'SHA2_256' || scheme === null) {
    unsupported.push(`${baseUrl} (${details}, ${hash})`);
    return [];
  }
  return [{ baseUrl, id, key: publicKeyOf(publicKey.bytes('rawBytes'), [scheme]), validity }];
}

function authorityOf(authority: Fields): CertificateAuthority {
  const certificates = authority.object('certChain').objects('certificates');
  if (certificates.length === 0) authority.malformed('certChain', 'holds no certificate');
  const chain = certificates.map((certificate) => {
    try {
      return parseCertificate(certificate.bytes('rawBytes'));
    } catch (error) {
      if (error instanceof DerError) certificate.malformed('rawBytes', `is no certificate: ${error.message}`);
      throw error;
    }
  });
  return { uri: authority.optionalText('uri') ?? '', chain, validity: validityOf(authority) };
}

// TimeRange.start is required: read as "always", a missing start would make a retired key good for any time.
function validityOf(owner: Fields): Validity {
  const range = owner.object('validFor');
  const from = range.optionalTime('start');
  if (from === null) return range.malformed('start', 'is missing');
  const to = range.optionalTime('end');
  if (to !== null && to < from) range.malformed('end', 'lies before the start');
  return { from, to };
}

/**
 * The name under which a log signs checkpoints, checked against the name on a signature line.
 *
 * A log of the second generation signs under its host name, and its id commits to the name; one of the first generation signs
 * under the first part of its origin `name - tree id`, and its id commits to the key alone.
 */
export function signsAs(log: TransparencyLog, origin: string, name: string): boolean {
  const firstGeneration = /^(.+) - [0-9]+$/.exec(origin);
  if (firstGeneration !== null) return name === firstGeneration[1];
  return name === origin && (name === hostOf(log.baseUrl) || equalBytes(namedIdOf(log, name), log.id));
}

/** The four bytes that begin a signature line by this log under this name. */
export function hintsOf(log: TransparencyLog, name: string): readonly Uint8Array[] {
  return [log.id.subarray(0, 4), namedIdOf(log, name).subarray(0, 4)];
}

/** SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key), C2SP's identity of an Ed25519 key; of the SPKI alone for other keys. */
function namedIdOf(log: TransparencyLog, name: string): Uint8Array {
  if (log.key.kind !== 'Ed25519') return digestOf('sha256', log.key.spki);
  return digestOf('sha256', concatBytes(encodeUtf8(`${name}\n`), Uint8Array.of(0x01), log.key.spki.subarray(-32)));
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null;
}

/** The logs with this id: one key may be listed for several intervals. */
export function findLog(logs: readonly TransparencyLog[], id: Uint8Array): readonly TransparencyLog[] {
  return logs.filter((log) => equalBytes(log.id, id));
}
