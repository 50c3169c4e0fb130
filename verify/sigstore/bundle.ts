// Sigstore bundles v0.1 to v0.3: their shape, read strictly and whole before anything in them is checked (sigstore_bundle.proto).
import { LedgerError } from '../../ledger/errors.ts';
import { type Json, parseJson } from '../../ledger/json.ts';
import { envelopeOf, type Envelope } from './dsse.ts';
import { Fields, type Refusals } from './fields.ts';
import { type Hash } from './keys.ts';
import { fail } from './verdict.ts';

export type BundleVersion = '0.1' | '0.2' | '0.3';

export interface Bundle {
  readonly version: BundleVersion;
  readonly material: Material;
  readonly entries: readonly TlogEntry[];
  /** TimeStampResp, each in DER. */
  readonly timestamps: readonly Uint8Array[];
  readonly content: Content;
}

export type Material = { readonly kind: 'key'; readonly hint: string } | Certificates;

export interface Certificates {
  readonly kind: 'certificates';
  readonly leaf: Uint8Array;
  /** For building a path at most. */
  readonly others: readonly Uint8Array[];
}

export type Content =
  | { readonly kind: 'message'; readonly digest: { readonly hash: Hash; readonly bytes: Uint8Array } | null; readonly signature: Uint8Array }
  /** `raw` is the envelope's JSON where its very bytes are known: older logs recorded their digest. */
  | { readonly kind: 'envelope'; readonly envelope: Envelope; readonly raw?: Uint8Array };

export interface TlogEntry {
  readonly logIndex: number;
  readonly logId: Uint8Array;
  readonly kind: string;
  readonly version: string;
  /** Seconds since 1970, only to be believed under a promise; 0 where the log gives none. */
  readonly integratedTime: number;
  /** The log's signature over the entry ("signed entry timestamp"), or null. */
  readonly promise: Uint8Array | null;
  readonly proof: InclusionProof | null;
  readonly body: Uint8Array;
}

export interface InclusionProof {
  readonly logIndex: number;
  readonly treeSize: number;
  readonly rootHash: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  /** A signed note, or null. */
  readonly checkpoint: string | null;
}

/** The media type of bundles that this project writes. */
export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const VERSIONS: Readonly<Record<string, BundleVersion>> = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': '0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': '0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': '0.3',
  [BUNDLE_MEDIA_TYPE]: '0.3',
};

/** Largest bundle in bytes: an envelope may carry a large bill of materials, in base64. */
export const bundleBytesMax = 128 * 1024 * 1024;

/** Most log entries, and most timestamps, that a bundle may carry: each one costs signatures to check. */
export const bundleItemsMax = 32;

/** Hash algorithms as sigstore_common.proto names them. */
export const HASH_NAMES: Readonly<Record<string, Hash>> = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' };

/** Reads a bundle. @throws {Stop} a BUNDLE_ or DSSE_ code */
export function parseBundle(bytes: Uint8Array): Bundle {
  return bundleOf(parseStrictly(bytes));
}

/** Parses JSON under the bundle's codes. @throws {Stop} */
export function parseStrictly(bytes: Uint8Array): Json {
  try {
    return parseJson(bytes, { bytesMax: bundleBytesMax });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    if (error.code === 'INPUT_TOO_LARGE') fail('BUNDLE_TOO_LARGE', error.message);
    return fail(error.code === 'INPUT_DUPLICATE_KEY' ? 'BUNDLE_DUPLICATE_KEY' : 'BUNDLE_NOT_JSON', error.message);
  }
}

/** As `parseBundle`, from JSON that was parsed strictly (a line of JSON Lines, a member of an API's answer). @throws {Stop} */
export function bundleOf(json: Json): Bundle {
  const bundle = new Fields(json, 'bundle', refusals);
  const mediaType = bundle.has('mediaType') ? bundle.text('mediaType') : '';
  const version = Object.hasOwn(VERSIONS, mediaType) ? VERSIONS[mediaType] : undefined;
  if (version === undefined) fail('BUNDLE_VERSION_UNKNOWN', mediaType === '' ? 'the bundle states no media type' : 'the bundle states an unknown media type');
  const material = bundle.optionalObject('verificationMaterial');
  if (material === null) fail('BUNDLE_MATERIAL_NOT_ONE', 'the bundle holds no verification material');
  const entries = material.objects('tlogEntries');
  const timestamps = material.optionalObject('timestampVerificationData')?.objects('rfc3161Timestamps') ?? [];
  if (entries.length > bundleItemsMax || timestamps.length > bundleItemsMax) fail('BUNDLE_TOO_MANY', `more than ${bundleItemsMax} log entries or timestamps`);
  return {
    version,
    material: materialOf(material, version),
    entries: entries.map(entryOf),
    timestamps: timestamps.map((timestamp) => timestamp.bytes('signedTimestamp')),
    content: contentOf(bundle),
  };
}

const refusals: Refusals = {
  malformed: (message) => fail('BUNDLE_MALFORMED', message),
  base64: (message) => fail('BUNDLE_BASE64_INVALID', message),
};

function materialOf(material: Fields, version: BundleVersion): Material {
  const present = (['publicKey', 'x509CertificateChain', 'certificate'] as const).filter((name) => material.has(name));
  const [only] = present;
  if (only === undefined || present.length > 1) fail('BUNDLE_MATERIAL_NOT_ONE', 'expected one of publicKey, certificate and x509CertificateChain');
  if (only === 'publicKey') return { kind: 'key', hint: material.object('publicKey').optionalText('hint') ?? '' };
  if (only === 'certificate') return { kind: 'certificates', leaf: material.object('certificate').bytes('rawBytes'), others: [] };
  if (version === '0.3') fail('BUNDLE_CHAIN_FORBIDDEN', 'a bundle of version 0.3 holds one certificate, not a chain');
  const [leaf, ...others] = material.object('x509CertificateChain').objects('certificates').map((certificate) => certificate.bytes('rawBytes'));
  if (leaf === undefined) fail('BUNDLE_MATERIAL_NOT_ONE', 'the certificate chain is empty');
  if (others.length > bundleItemsMax) fail('BUNDLE_TOO_MANY', `more than ${bundleItemsMax} certificates`);
  return { kind: 'certificates', leaf, others };
}

function entryOf(entry: Fields): TlogEntry {
  const kindVersion = entry.object('kindVersion');
  const promise = entry.optionalObject('inclusionPromise');
  const proof = entry.optionalObject('inclusionProof');
  return {
    logIndex: entry.integer('logIndex'),
    logId: entry.object('logId').bytes('keyId'),
    kind: kindVersion.text('kind'),
    version: kindVersion.text('version'),
    integratedTime: entry.integer('integratedTime'),
    promise: promise === null ? null : promise.bytes('signedEntryTimestamp'),
    proof: proof === null ? null : proofOf(proof),
    body: entry.bytes('canonicalizedBody'),
  };
}

function proofOf(proof: Fields): InclusionProof {
  return {
    logIndex: proof.integer('logIndex'),
    treeSize: proof.integer('treeSize'),
    rootHash: proof.bytes('rootHash'),
    hashes: proof.bytesList('hashes'),
    checkpoint: proof.optionalObject('checkpoint')?.text('envelope') ?? null,
  };
}

function contentOf(bundle: Fields): Content {
  const message = bundle.optionalObject('messageSignature');
  if (bundle.has('dsseEnvelope') === (message !== null)) fail('BUNDLE_CONTENT_NOT_ONE', 'expected one of messageSignature and dsseEnvelope');
  if (message === null) {
    const envelope = envelopeOf(bundle.object('dsseEnvelope'));
    // sigstore_bundle.proto: several signers would leave open whose certificate and log entry the bundle holds.
    if (envelope.signatures.length !== 1) fail('DSSE_SIGNATURE_COUNT', `the envelope holds ${envelope.signatures.length} signatures, expected one`);
    return { kind: 'envelope', envelope };
  }
  const digest = message.optionalObject('messageDigest');
  return { kind: 'message', digest: digest === null ? null : messageDigestOf(digest), signature: message.bytes('signature') };
}

function messageDigestOf(digest: Fields): { hash: Hash; bytes: Uint8Array } {
  const name = digest.text('algorithm');
  const hash = Object.hasOwn(HASH_NAMES, name) ? HASH_NAMES[name] : undefined;
  if (hash === undefined) digest.malformed('algorithm', 'names an unknown hash');
  return { hash, bytes: digest.bytes('digest') };
}
