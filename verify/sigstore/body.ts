// What a log recorded: entry bodies of every kind, bound to the bundle's signature, key and content (client-spec §4.4).
import { decodeUtf8, equalBytes, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { parseJson } from '../../ledger/json.ts';
import { parseAnyBase64 } from './base64.ts';
import { HASH_NAMES, type TlogEntry } from './bundle.ts';
import { Fields, type Refusals } from './fields.ts';
import { type Hash, isHash } from './keys.ts';
import { fail, lack } from './verdict.ts';

/** What the bundle signed, for comparison with what the log recorded. */
export interface Signed {
  readonly kind: 'message' | 'envelope';
  readonly signature: Uint8Array;
  /** The certificate in DER, or the managed key's SPKI. */
  readonly verifier: Uint8Array;
  /** The digest of the artifact, null where it is not known under this hash. */
  artifactDigest(hash: Hash): Uint8Array | null;
  /** Of an envelope: its type, and digests of its payload and of its pre-authentication encoding. */
  readonly payloadType: string | null;
  payloadDigest(hash: Hash): Uint8Array | null;
  paeDigest(hash: Hash): Uint8Array | null;
  /** Of the envelope's JSON, null where its very bytes are not known. */
  envelopeDigest(hash: Hash): Uint8Array | null;
}

interface Recorded {
  /** Null where the log recorded it only inside the digest. */
  readonly signature: Uint8Array | null;
  readonly verifier: Uint8Array;
  readonly hash: Hash;
  readonly digest: Uint8Array;
  /** What the digest is over. */
  readonly over: 'artifact-or-pae' | 'payload' | 'envelope';
  readonly payloadType?: string;
}

const READERS: Readonly<Record<string, (spec: Fields) => Recorded>> = {
  'hashedrekord 0.0.1': (spec) => {
    const signature = spec.object('signature');
    return {
      signature: signature.bytes('content'), verifier: pemOf(signature.object('publicKey').bytes('content')),
      ...hexDigestOf(spec.object('data').object('hash')), over: 'artifact-or-pae',
    };
  },
  'hashedrekord 0.0.2': (spec) => {
    const entry = spec.object('hashedRekordV002');
    const signature = entry.object('signature');
    return { signature: signature.bytes('content'), verifier: verifierOf(signature), ...digestOf(entry.object('data')), over: 'artifact-or-pae' };
  },
  'dsse 0.0.1': (spec) => {
    const signature = onlyOne(spec, 'signatures');
    return {
      signature: signature.bytes('signature'), verifier: pemOf(signature.bytes('verifier')), ...hexDigestOf(spec.object('payloadHash')), over: 'payload',
    };
  },
  'dsse 0.0.2': (spec) => {
    const entry = spec.object('dsseV002');
    const signature = onlyOne(entry, 'signatures');
    return { signature: signature.bytes('content'), verifier: verifierOf(signature), ...digestOf(entry.object('payloadHash')), over: 'payload' };
  },
  'intoto 0.0.1': (spec) => ({
    // The digest of the whole envelope, and with it that of the signature.
    signature: null, verifier: pemOf(spec.bytes('publicKey')), ...hexDigestOf(spec.object('content').object('hash')), over: 'envelope',
  }),
  'intoto 0.0.2': (spec) => {
    const content = spec.object('content');
    const envelope = content.object('envelope');
    const signature = onlyOne(envelope, 'signatures');
    // This kind stores the envelope's base64 text as bytes, so that it is base64 twice.
    const inner = parseAnyBase64(decodeUtf8(signature.bytes('sig'))) ?? signature.malformed('sig', 'is not base64 of base64');
    return {
      signature: inner, verifier: pemOf(signature.bytes('publicKey')), ...hexDigestOf(content.object('payloadHash')), over: 'payload',
      payloadType: envelope.text('payloadType'),
    };
  },
};

/** Checks that the entry records exactly what the bundle signed. @throws {Stop} a BODY_ code */
export function bindBody(entry: TlogEntry, signed: Signed): void {
  const recorded = readBody(entry);
  if (recorded.over !== 'artifact-or-pae' && signed.kind === 'message') {
    fail('BODY_KIND_MISMATCH', `an entry of kind ${entry.kind} cannot record a message signature`);
  }
  // 1. What was signed.
  const expected = digestSigned(recorded, signed);
  if (expected === null && recorded.over === 'envelope') fail('BODY_KIND_MISMATCH', 'the log recorded an envelope whose very bytes are not here');
  if (expected === null) lack('artifact', `the log recorded a ${recorded.hash} digest of the artifact, which is not known`);
  if (!equalBytes(recorded.digest, expected)) fail('BODY_DIGEST_MISMATCH', 'the log recorded the digest of something else');
  if (recorded.payloadType !== undefined && recorded.payloadType !== signed.payloadType) fail('BODY_DIGEST_MISMATCH', 'the log recorded another payload type');
  // 2. By whom.
  if (!equalBytes(recorded.verifier, signed.verifier)) fail('BODY_KEY_MISMATCH', 'the log recorded another certificate or key');
  // 3. The very signature.
  if (recorded.signature !== null && !equalBytes(recorded.signature, signed.signature)) fail('BODY_SIGNATURE_MISMATCH', 'the log recorded another signature');
}

function digestSigned({ over, hash }: Recorded, signed: Signed): Uint8Array | null {
  if (over === 'payload') return signed.payloadDigest(hash);
  if (over === 'envelope') return signed.envelopeDigest(hash);
  return signed.kind === 'message' ? signed.artifactDigest(hash) : signed.paeDigest(hash);
}

function readBody(entry: TlogEntry): Recorded {
  try {
    const body = new Fields(parseJson(entry.body), 'body', refusals);
    const name = `${body.text('kind')} ${body.text('apiVersion')}`;
    if (name !== `${entry.kind} ${entry.version}`) fail('BODY_KIND_MISMATCH', 'the bundle names another kind of entry than the log recorded');
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (reader === undefined) fail('BODY_KIND_UNKNOWN', 'the log entry is of an unknown kind');
    return reader(body.object('spec'));
  } catch (error) {
    if (error instanceof LedgerError) fail('BODY_MALFORMED', `the log entry cannot be read: ${error.message}`);
    throw error;
  }
}

const refusals: Refusals = {
  malformed: (message) => fail('BODY_MALFORMED', message),
  base64: (message) => fail('BODY_MALFORMED', message),
};

function onlyOne(owner: Fields, name: string): Fields {
  const [only, ...more] = owner.objects(name);
  if (only === undefined || more.length > 0) owner.malformed(name, 'does not hold exactly one');
  return only;
}

function verifierOf(signature: Fields): Uint8Array {
  const verifier = signature.object('verifier');
  const certificate = verifier.optionalObject('x509Certificate');
  if ((certificate !== null) === verifier.has('publicKey')) signature.malformed('verifier', 'holds not one of x509Certificate and publicKey');
  return (certificate ?? verifier.object('publicKey')).bytes('rawBytes');
}

function hexDigestOf(hash: Fields): { hash: Hash; digest: Uint8Array } {
  const algorithm = hash.text('algorithm');
  if (!isHash(algorithm)) hash.malformed('algorithm', 'is unknown');
  return { hash: algorithm, digest: parseHex(hash.text('value')) };
}

function digestOf(data: Fields): { hash: Hash; digest: Uint8Array } {
  const name = data.text('algorithm');
  const hash = Object.hasOwn(HASH_NAMES, name) ? HASH_NAMES[name] : undefined;
  if (hash === undefined) data.malformed('algorithm', 'is unknown');
  return { hash, digest: data.bytes('digest') };
}

/** The DER inside PEM of one certificate or public key. */
function pemOf(bytes: Uint8Array): Uint8Array {
  const match = /^\s*-----BEGIN (CERTIFICATE|PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/.exec(decodeUtf8(bytes));
  const der = match === null ? null : parseAnyBase64((match[2] as string).replace(/\s+/g, ''));
  return der ?? fail('BODY_MALFORMED', 'the log entry holds no PEM of one certificate or key');
}
