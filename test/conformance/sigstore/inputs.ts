// What a case of Sigstore bundles gives the verifier: which file is what, whom to trust, and the artifact by path and by digest.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeUtf8, parseHex } from '../../../ledger/bytes.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../ledger/json.ts';
import { type Artifact, readTrust, type Trust, type TrustEntry } from '../../../verify/sigstore/index.ts';
import { parseCertificate, alternativeNamesOf, issuerOf } from '../../../verify/sigstore/x509.ts';
import { parseAnyBase64 } from '../../../verify/sigstore/base64.ts';
import { digestOf, isHash } from '../../../verify/sigstore/keys.ts';
import type { Case } from '../formats/case.ts';

/** A file of the case, by its path below the corpus' format folder. */
export interface CaseFiles {
  readonly bundle: string;
  readonly artifact: string | null;
  readonly key: string | null;
}

const isRoot = (name: string) => /trusted_root|trust_config|^ca\.json$/.test(name);
const isKey = (name: string) => name.endsWith('.pub');
const isNote = (name: string) => /^README|^identity$|^issuer$/.test(name);

/** Which of a case's files is the bundle, and which the artifact. */
export function filesOf(one: Case): CaseFiles {
  const plain = one.files.filter((file) => ![isRoot, isKey, isNote].some((is) => is(basename(file))));
  const isBundle = [/\.sigstore(\.json)?$/, /\.jsonl?$/, /./].find((pattern) => plain.some((file) => pattern.test(file))) as RegExp;
  const bundle = plain.find((file) => isBundle.test(file)) ?? (one.files[0] as string);
  const stated = text(one.line['artifact']);
  const rest = plain.filter((file) => file !== bundle);
  const key = text(one.line['key']) ?? (existsSync(join(one.folder, dirname(bundle), 'key.pub')) ? 'key.pub' : null);
  return { bundle, artifact: stated === null ? (rest[0] ?? null) : placed(one, stated), key: key === null ? null : placed(one, key) };
}

/** A path of the line: below the format's folder where it begins with `shared/`, else in the case's own folder. */
function placed(one: Case, path: string): string {
  return path.startsWith('shared/') ? path : join(dirname(one.files[0] as string), path);
}

/**
 * The trusted root's JSON text: a file, or member m of a file as `F#m`; null when the line names none. A `ca.json` among the
 * case's files is one more timestamp authority.
 */
export function rootOf(one: Case): string | null {
  const named = text(one.line['trusted_root']);
  if (named === null) return null;
  const [file, member] = named.split('#') as [string, string?];
  const json = readFileSync(join(one.folder, placed(one, file)), 'utf8');
  const authority = one.files.find((path) => basename(path) === 'ca.json');
  if (member === undefined && authority === undefined) return json;
  const whole = JSON.parse(json) as Record<string, unknown>;
  const root = (member === undefined ? whole : whole[member]) as { timestampAuthorities?: unknown[] };
  if (authority === undefined) return JSON.stringify(root);
  const added = JSON.parse(readFileSync(join(one.folder, authority), 'utf8')) as unknown;
  return JSON.stringify({ ...root, timestampAuthorities: [...(root.timestampAuthorities ?? []), added] });
}

/**
 * Trust for one bundle: the key where the case has one, else the identity that the line states, else the certificate's own
 * names. That last one is the runner's convention for cases without an identity; the product has nothing like it.
 *
 * @throws {LedgerError} when root or key cannot be read
 */
export function trustFor(one: Case, bundle: Json | null, key: string | null): Trust {
  const root = rootOf(one);
  const entries: TrustEntry[] = root === null ? [] : [{ kind: 'root', trustedRoot: root }];
  const subject = text(one.line['identity']);
  if (key !== null) entries.push({ kind: 'key', publicKey: readFileSync(join(one.folder, key), 'utf8') });
  else if (subject !== null) entries.push({ kind: 'identity', subject, issuer: text(one.line['issuer']) ?? '' });
  else entries.push(...ownIdentity(bundle));
  return readTrust(entries);
}

/** The names in a bundle's own certificate, as trust entries. */
export function ownIdentity(bundle: Json | null): TrustEntry[] {
  const raw = leafOf(bundle);
  if (raw === null) return [];
  try {
    const leaf = parseCertificate(raw);
    const names = alternativeNamesOf(leaf).filter(({ kind }) => kind !== 'other');
    const issuer = issuerOf(leaf);
    return issuer === null ? [] : names.map(({ value }) => ({ kind: 'identity', subject: value, issuer }));
  } catch {
    return []; // A certificate that cannot be read names nobody.
  }
}

function leafOf(bundle: Json | null): Uint8Array | null {
  const material = member(bundle, 'verificationMaterial');
  const chain = member(member(material, 'x509CertificateChain'), 'certificates');
  const certificate = Array.isArray(chain) ? chain[0] : member(material, 'certificate');
  const raw = member(certificate, 'rawBytes');
  return typeof raw === 'string' ? parseAnyBase64(raw) : null;
}

/** The artifact in each way the case can give it: by path and by digest where there is a file, else by what the bundle names. */
export function artifactsOf(one: Case, files: CaseFiles, bundle: Json | null): readonly { name: string; artifact: Artifact | null }[] {
  if (files.artifact === null) return [{ name: '', artifact: namedArtifact(bundle) }];
  const bytes = new Uint8Array(readFileSync(join(one.folder, files.artifact)));
  const named = namedArtifact(bundle);
  const algorithms = named !== null && 'digests' in named ? Object.keys(named.digests) : [];
  // The suite's own digest is SHA-256; a bundle that names its artifact by another alone is asked by that.
  const hash = algorithms.includes('sha256') ? 'sha256' : (algorithms.find(isHash) ?? 'sha256');
  const digests = { [hash]: digestOf(hash, bytes) };
  return [{ name: ' by path', artifact: { bytes } }, { name: ' by digest', artifact: { digests } }];
}

/** The artifact as the bundle itself names it: its first subject, else its messageDigest. */
export function namedArtifact(bundle: Json | null): Artifact | null {
  const subject = firstSubject(bundle);
  const hex = Object.entries(subject).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && /^([0-9a-f]{2})+$/.test(entry[1]));
  if (hex.length > 0) return { digests: Object.fromEntries(hex.map(([algorithm, value]) => [algorithm, parseHex(value)])) };
  const digest = member(member(bundle, 'messageSignature'), 'messageDigest');
  const [algorithm, value] = [member(digest, 'algorithm'), member(digest, 'digest')];
  const bytes = typeof value === 'string' ? parseAnyBase64(value) : null;
  if (typeof algorithm !== 'string' || bytes === null) return null;
  return { digests: { [algorithm.replace('SHA2_', 'sha')]: bytes } };
}

function firstSubject(bundle: Json | null): JsonObject {
  const payload = member(member(bundle, 'dsseEnvelope') ?? bundle, 'payload');
  const bytes = typeof payload === 'string' ? parseAnyBase64(payload) : null;
  const statement = bytes === null ? null : parsed(bytes);
  const subjects = member(statement, 'subject');
  const digest = Array.isArray(subjects) ? member(subjects[0], 'digest') : undefined;
  return isJsonObject(digest) ? digest : {};
}

/** JSON that the runner itself looks into, or null. */
export function parsed(bytes: Uint8Array): Json | null {
  try {
    return JSON.parse(decodeUtf8(bytes)) as Json;
  } catch {
    return null;
  }
}

/** The documents of a file: one, or one a line in JSON Lines. */
export function documentsOf(path: string, bytes: Uint8Array): readonly Uint8Array[] {
  const content = new TextDecoder().decode(bytes);
  const lines = content.split('\n').filter((line) => line.trim() !== '');
  const isLines = path.endsWith('l') && lines.length > 1 && lines.every((line) => line.startsWith('{'));
  return isLines ? lines.map((line) => new TextEncoder().encode(line)) : [bytes];
}

export function member(value: Json | undefined | null, name: string): Json | undefined {
  return isJsonObject(value ?? undefined) ? (value as JsonObject)[name] : undefined;
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

