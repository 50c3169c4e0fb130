// What carries statements: DSSE envelopes, Sigstore bundles, cosign's older forms, and the lists that registries hand out.
import { formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, type Json, parseJson } from '../../ledger/json.ts';
import type { Deviation, Source } from '../document.ts';
import { at, below, objectsAt, textAt } from '../json-view.ts';
import { checkValues } from '../source.ts';
import { certificatesOfPem, decodeEitherBase64 } from './base64.ts';
import type { Attestation, SignatureFacts } from './model.ts';

/** An envelope, opened as far as its payload. */
export type Opened = Omit<Attestation, 'subjects' | 'statementType' | 'predicateType' | 'content' | 'predicate'> & {
  /** For a signature over a digest alone: what was signed. */
  readonly digest?: readonly [algorithm: string, value: string];
};

export interface Container {
  readonly version: string | null;
  readonly opened: Opened | null;
  readonly deviations: readonly Deviation[];
  readonly verdict: 'valid' | 'invalid_schema' | 'unsupported_version';
}

export const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d+\.\d+)?\+json(?:;version=(?:\d+\.)*\d+)?$/;
const BUNDLE_VERSIONS: Readonly<Record<string, string>> = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': '0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': '0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': '0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json': '0.3',
};

const HASHES: Readonly<Record<string, string>> = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' };

/** Every envelope in a document with its place, or nothing where the document is no such thing. */
export function envelopesIn(source: Source): readonly { json: Json; pointer: string }[] {
  if (source.syntax === 'text') return bareSignature(source.text) === null ? [] : [{ json: source.text.trim(), pointer: '' }];
  if (source.syntax === 'lines') return source.lines.map((json, i) => ({ json, pointer: below('', i) }));
  if (source.syntax !== 'json') return [];
  const { json } = source;
  if (Array.isArray(json)) return json.map((item, i) => ({ json: item, pointer: below('', i) }));
  // npm's registry lists bundles, Google Cloud Build lists envelopes.
  const lists: readonly [list: readonly string[], member: string][] = [[['attestations'], 'bundle'], [['provenance_summary', 'provenance'], 'envelope']];
  for (const [path, member] of lists) {
    const items = objectsAt(json, ...path);
    if (items.length > 0 && items.every((item) => isJsonObject(item[member]))) {
      return items.map((item, i) => ({ json: item[member] as Json, pointer: below('', ...path, i, member) }));
    }
  }
  return [{ json, pointer: '' }];
}

/** Tells which kind of envelope a value claims to be. */
export function kindOf(json: Json): Opened['envelope'] | null {
  if (typeof json === 'string') return bareSignature(json) === null ? null : 'signature';
  if (textAt(json, 'mediaType')?.startsWith('application/vnd.dev.sigstore.bundle') === true) return 'sigstore-bundle';
  if (at(json, 'payload') !== undefined && (at(json, 'signatures') !== undefined || at(json, 'payloadType') !== undefined)) return 'dsse';
  if (at(json, 'payloadType') !== undefined && at(json, 'signatures') !== undefined) return 'dsse';
  if (textAt(json, 'base64Signature') !== undefined || textAt(json, 'Base64Signature') !== undefined) return 'cosign-bundle';
  if (textAt(json, 'critical', 'image', 'docker-manifest-digest') !== undefined) return 'simple-signing';
  return null;
}

export function open(kind: Opened['envelope'], json: Json, pointer: string): Container {
  switch (kind) {
    case 'dsse':
      return openEnvelope(json, pointer);
    case 'sigstore-bundle':
      return openBundle(json, pointer);
    case 'cosign-bundle':
      return openCosign(json, pointer);
    case 'signature':
      return {
        version: null, deviations: [], verdict: 'valid',
        opened: { ...blank(kind, json), signatures: [{ keyid: null, signature: bareSignature(json as string) as Uint8Array }] },
      };
    default:
      return { version: null, opened: blank(kind, json), deviations: [], verdict: 'valid' };
  }
}

function openEnvelope(json: Json, pointer: string): Container {
  const deviations: Deviation[] = [];
  const broken = (member: string, message: string) => deviations.push({ code: 'SCHEMA_VIOLATED', pointer: below(pointer, member), message });
  const payloadType = textAt(json, 'payloadType') ?? '';
  if (payloadType === '') broken('payloadType', 'expected a type');
  const payload = decodeEitherBase64(textAt(json, 'payload') ?? '*');
  if (payload === null) broken('payload', 'expected base64');
  const listed = objectsAt(json, 'signatures');
  if (listed.length === 0) broken('signatures', 'expected at least one signature');
  const certificates: Uint8Array[] = [];
  const signatures = listed.map((one, i): SignatureFacts => {
    const signature = decodeEitherBase64(textAt(one, 'sig') ?? '*');
    if (signature === null || signature.length === 0) broken(`signatures/${i}/sig`, 'expected base64');
    // Older SLSA generators put the certificate inside the signature.
    certificates.push(...certificatesOfPem(textAt(one, 'cert') ?? ''));
    const keyid = textAt(one, 'keyid') ?? '';
    return { keyid: keyid === '' ? null : keyid, signature: signature ?? new Uint8Array() };
  });
  if (deviations.length > 0) return { version: null, opened: null, deviations, verdict: 'invalid_schema' };
  return { version: '1', opened: { ...blank('dsse', json), payloadType, payload, signatures, certificates }, deviations, verdict: 'valid' };
}

function openBundle(json: Json, pointer: string): Container {
  const mediaType = textAt(json, 'mediaType') ?? '';
  const version = Object.hasOwn(BUNDLE_VERSIONS, mediaType) ? (BUNDLE_VERSIONS[mediaType] as string) : null;
  if (version === null) {
    const message = 'expected a Sigstore bundle of version 0.1, 0.2 or 0.3';
    const deviation: Deviation = { code: 'SCHEMA_VIOLATED', pointer: below(pointer, 'mediaType'), message };
    return { version: /(\d+\.\d+)/.exec(mediaType)?.[1] ?? null, opened: null, deviations: [deviation], verdict: 'unsupported_version' };
  }
  const [envelope, message] = [at(json, 'dsseEnvelope'), at(json, 'messageSignature')];
  if ((envelope === undefined) === (message === undefined)) {
    const deviation: Deviation = { code: 'SCHEMA_VIOLATED', pointer, message: 'expected either dsseEnvelope or messageSignature' };
    return { version, opened: null, deviations: [deviation], verdict: 'invalid_schema' };
  }
  const material = at(json, 'verificationMaterial');
  const chain = [at(material, 'certificate'), ...objectsAt(material, 'x509CertificateChain', 'certificates')].filter((one) => one !== undefined);
  const certificates = chain.map((one) => decodeEitherBase64(textAt(one, 'rawBytes') ?? '*')).filter((der) => der !== null);
  if (envelope !== undefined) {
    const inner = openEnvelope(envelope, below(pointer, 'dsseEnvelope'));
    if (inner.opened === null) return { ...inner, version };
    return { ...inner, version, opened: { ...inner.opened, envelope: 'sigstore-bundle', source: json, mediaType, certificates } };
  }
  const signature = decodeEitherBase64(textAt(message, 'signature') ?? '*');
  const digest = decodeEitherBase64(textAt(message, 'messageDigest', 'digest') ?? '');
  const algorithm = HASHES[textAt(message, 'messageDigest', 'algorithm') ?? ''];
  if (signature === null) {
    const deviation: Deviation = { code: 'SCHEMA_VIOLATED', pointer: below(pointer, 'messageSignature', 'signature'), message: 'expected base64' };
    return { version, opened: null, deviations: [deviation], verdict: 'invalid_schema' };
  }
  const hex = formatHex(digest ?? new Uint8Array());
  const signatures = [{ keyid: textAt(material, 'publicKey', 'hint') ?? null, signature }];
  const opened = { ...blank('sigstore-bundle', json), mediaType, signatures, certificates };
  return { version, opened: algorithm === undefined || hex === '' ? opened : { ...opened, digest: [algorithm, hex] }, deviations: [], verdict: 'valid' };
}

/** `cosign sign-blob --bundle` before the Sigstore bundle, and what `cosign download signature` prints. */
function openCosign(json: Json, pointer: string): Container {
  const signature = decodeEitherBase64(textAt(json, 'base64Signature') ?? textAt(json, 'Base64Signature') ?? '*');
  if (signature === null) {
    const deviation: Deviation = { code: 'SCHEMA_VIOLATED', pointer: below(pointer, 'base64Signature'), message: 'expected base64' };
    return { version: null, opened: null, deviations: [deviation], verdict: 'invalid_schema' };
  }
  // The certificate stands as PEM, as base64 of PEM, or as Go prints a parsed one.
  const pem = textAt(json, 'cert') ?? '';
  const decoded = pem.includes('BEGIN') ? pem : new TextDecoder().decode(decodeEitherBase64(pem) ?? new Uint8Array());
  const parsed = decodeEitherBase64(textAt(json, 'Cert', 'Raw') ?? '');
  const certificates = parsed === null || parsed.length === 0 ? certificatesOfPem(decoded) : [parsed];
  // `attest-blob` put a whole envelope where `sign-blob` puts a signature.
  const envelope = signature[0] === 0x7b ? envelopeIn(signature) : null;
  if (envelope !== null) {
    const inner = openEnvelope(envelope, below(pointer, 'base64Signature'));
    return inner.opened === null ? inner : { ...inner, opened: { ...inner.opened, envelope: 'cosign-bundle', source: json, certificates } };
  }
  const payload = decodeEitherBase64(textAt(json, 'Payload') ?? '');
  const opened: Opened = {
    ...blank('cosign-bundle', json),
    payload: payload === null || payload.length === 0 ? null : payload,
    signatures: [{ keyid: null, signature }],
    certificates,
  };
  return { version: null, opened, deviations: [], verdict: 'valid' };
}

function envelopeIn(bytes: Uint8Array): Json | null {
  try {
    checkValues(bytes);
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}

/**
 * A signature file of cosign's (`--output-signature`): the base64 of an ECDSA signature in DER or of an RSA signature, and nothing else.
 *
 * An Ed25519 signature is 64 bytes like many another secret; it says nothing without the artifact's bytes anyway.
 */
export function bareSignature(text: string): Uint8Array | null {
  const trimmed = text.trim();
  if (trimmed.length > 1024 || !/^[A-Za-z0-9+/]{80,}={0,2}$/.test(trimmed.replace(/[\r\n]/g, ''))) return null;
  const bytes = decodeEitherBase64(trimmed.replace(/[\r\n]/g, ''));
  if (bytes === null) return null;
  return isEcdsa(bytes) || [256, 384, 512].includes(bytes.length) ? bytes : null;
}

/** SEQUENCE { INTEGER, INTEGER } that fills the bytes. */
function isEcdsa(bytes: Uint8Array): boolean {
  const start = bytes[1] === 0x81 ? 3 : 2;
  if (bytes[0] !== 0x30 || (bytes[start - 1] as number) !== bytes.length - start || bytes[start] !== 0x02) return false;
  const second = start + 2 + (bytes[start + 1] as number);
  return bytes[second] === 0x02 && second + 2 + (bytes[second + 1] as number) === bytes.length;
}

function blank(envelope: Opened['envelope'], source: Json): Opened {
  return { envelope, source, mediaType: null, payloadType: null, payload: null, signatures: [], certificates: [] };
}
