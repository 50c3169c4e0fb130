// What carries statements: DSSE envelopes, Sigstore bundles, cosign's older forms, and the lists that registries hand out.
import { formatHex } from '../../ledger/bytes.ts';
import { isJsonObject, type Json } from '../../ledger/json.ts';
import type { Deviation, Source } from '../document.ts';
import { at, below, objectsAt, textAt } from '../json-view.ts';
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
  const payload = decodeEitherBase64(textAt(json, 'Payload') ?? '');
  // The certificate stands as PEM, or as base64 of PEM.
  const pem = textAt(json, 'cert') ?? textAt(json, 'Cert') ?? '';
  const decoded = pem.includes('BEGIN') ? pem : new TextDecoder().decode(decodeEitherBase64(pem) ?? new Uint8Array());
  const opened: Opened = {
    ...blank('cosign-bundle', json),
    payload: payload === null || payload.length === 0 ? null : payload,
    signatures: [{ keyid: null, signature }],
    certificates: certificatesOfPem(decoded),
  };
  return { version: null, opened, deviations: [], verdict: 'valid' };
}

function blank(envelope: Opened['envelope'], source: Json): Opened {
  return { envelope, source, mediaType: null, payloadType: null, payload: null, signatures: [], certificates: [] };
}
