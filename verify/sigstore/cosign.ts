// What cosign wrote before the Sigstore bundle: a bare signature, and a JSON file with signature, certificate and Rekor's promise.
import { decodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, type Json, parseJson } from '../../ledger/json.ts';
import { type Artifact, artifactDigest } from './artifact.ts';
import { parseAnyBase64 } from './base64.ts';
import { type Bundle, type Content, type Material, parseStrictly, type TlogEntry } from './bundle.ts';
import { envelopeOf } from './dsse.ts';
import { Fields, type Refusals } from './fields.ts';
import type { Trust } from './trust.ts';
import { fail, type SignatureVerdict } from './verdict.ts';
import { type BundleOptions, verdictOf, verifyRead } from './verify.ts';

/**
 * Verifies a bundle of cosign 1 and 2, as `sign-blob --bundle` and `attest-blob --bundle` wrote it, and as `download signature` prints it.
 *
 * It is judged as a Sigstore bundle of version 0.1 with the same parts: what stands for the log is the signed promise.
 *
 * @param artifact - as `verifyBundle` takes it; of an image the digest of its manifest, which the signed payload must name
 */
export function verifyCosignBundle(input: Uint8Array | Json, artifact: Artifact | null, trust: Trust, options: BundleOptions = {}): SignatureVerdict {
  return verdictOf(() => {
    const { bundle, payload } = cosignBundleOf(input instanceof Uint8Array ? parseStrictly(input) : input);
    if (payload === null) return verifyRead(bundle, artifact, trust, options);
    const verdict = verifyRead(bundle, { bytes: payload }, trust, options);
    if (artifact !== null) checkImage(payload, artifact);
    return verdict;
  });
}

/**
 * Verifies a signature on its own, under the managed keys of trust.
 *
 * @param signature - as its file holds it: base64, in one line or several
 */
export function verifyBareSignature(signature: string, artifact: Artifact | null, trust: Trust, options: BundleOptions = {}): SignatureVerdict {
  return verdictOf(() => {
    const bytes = parseAnyBase64(signature.trim()) ?? fail('BUNDLE_BASE64_INVALID', 'the signature is not base64');
    const content: Content = { kind: 'message', digest: null, signature: bytes };
    return verifyRead({ version: '0.1', material: { kind: 'key', hint: '' }, entries: [], timestamps: [], content }, artifact, trust, options);
  });
}

const refusals: Refusals = {
  malformed: (message) => fail('BUNDLE_MALFORMED', message),
  base64: (message) => fail('BUNDLE_BASE64_INVALID', message),
};

function cosignBundleOf(json: Json): { readonly bundle: Bundle; readonly payload: Uint8Array | null } {
  const file = new Fields(json, 'bundle', refusals);
  const signature = file.bytes(file.has('base64Signature') ? 'base64Signature' : 'Base64Signature');
  const payload = file.has('Payload') ? file.bytes('Payload') : new Uint8Array();
  const rekor = file.optionalObject('rekorBundle') ?? file.optionalObject('Bundle');
  return {
    bundle: {
      version: '0.1', material: materialOf(file), entries: rekor === null ? [] : [entryOf(rekor)], timestamps: timestampsOf(file),
      content: contentOf(signature),
    },
    payload: payload.length === 0 ? null : payload,
  };
}

/** `attest-blob` put a whole envelope where `sign-blob` puts a signature. */
function contentOf(bytes: Uint8Array): Content {
  if (bytes[0] !== 0x7b) return { kind: 'message', digest: null, signature: bytes };
  const envelope = envelopeOf(new Fields(parseStrictly(bytes), 'envelope', refusals));
  if (envelope.signatures.length !== 1) fail('DSSE_SIGNATURE_COUNT', `the envelope holds ${envelope.signatures.length} signatures, expected one`);
  return { kind: 'envelope', envelope, raw: bytes };
}

/** The certificate stands as PEM, as base64 of PEM, or as Go prints a parsed one; a file by a managed key may hold the key in its place. */
function materialOf(file: Fields): Material {
  if (file.has('Cert')) {
    const leaf = file.object('Cert').bytes('Raw');
    return { kind: 'certificates', leaf, others: file.objects('Chain').map((one) => one.bytes('Raw')) };
  }
  const text = file.optionalText('cert') ?? '';
  if (text === '') return { kind: 'key', hint: '' };
  const pem = text.includes('-----BEGIN') ? text : textOf(parseAnyBase64(text) ?? file.malformed('cert', 'is neither PEM nor base64 of PEM'));
  const certificates = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)].map((match) =>
    parseAnyBase64((match[1] as string).replace(/\s+/g, '')) ?? file.malformed('cert', 'is no PEM'));
  const [leaf, ...others] = certificates;
  if (leaf !== undefined) return { kind: 'certificates', leaf, others };
  if (pem.includes('-----BEGIN PUBLIC KEY-----')) return { kind: 'key', hint: '' };
  return file.malformed('cert', 'holds no certificate');
}

function entryOf(rekor: Fields): TlogEntry {
  const payload = rekor.object('Payload');
  const body = payload.bytes('body');
  const logId = payload.text('logID');
  if (!/^[0-9a-f]{64}$/.test(logId)) payload.malformed('logID', 'is not 64 hexadecimal digits');
  const { kind, version } = kindIn(body);
  return {
    logIndex: payload.integer('logIndex'), logId: parseHex(logId), kind, version, integratedTime: payload.integer('integratedTime'),
    promise: rekor.bytes('SignedEntryTimestamp'), proof: null, body,
  };
}

/** The file does not name the entry's kind beside it: what the log recorded says it alone. */
function kindIn(body: Uint8Array): { kind: string; version: string } {
  try {
    const json = parseJson(body);
    const { kind, apiVersion } = isJsonObject(json) ? json : {};
    if (typeof kind === 'string' && typeof apiVersion === 'string') return { kind, version: apiVersion };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
  }
  return fail('BODY_MALFORMED', 'the log entry names no kind and version');
}

function timestampsOf(file: Fields): Uint8Array[] {
  const stamp = file.optionalObject('RFC3161Timestamp') ?? file.optionalObject('rfc3161timestamp');
  return stamp === null ? [] : [stamp.bytes('SignedRFC3161Timestamp')];
}

/** Of an image cosign signs a small JSON, and that names the manifest. */
function checkImage(payload: Uint8Array, artifact: Artifact): void {
  const own = artifactDigest(artifact, 'sha256');
  let json: Json;
  try {
    json = parseJson(payload);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return fail('STATEMENT_MALFORMED', 'the signed payload is no JSON');
  }
  const critical = isJsonObject(json) ? json['critical'] : undefined;
  const image = isJsonObject(critical) ? critical['image'] : undefined;
  const named = isJsonObject(image) ? image['docker-manifest-digest'] : undefined;
  if (typeof named !== 'string') fail('STATEMENT_MALFORMED', 'the signed payload names no manifest');
  if (own === null || named !== `sha256:${formatHex(own)}`) fail('SUBJECT_MISMATCH', 'the signed payload names another manifest');
}

function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (error instanceof LedgerError) return '';
    throw error;
  }
}
