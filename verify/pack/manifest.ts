// The manifest: what a pack is about, and each of its members by name, role, digest and size (spec/pack.md, "The manifest").
import { encodeUtf8, equalBytes } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../../ledger/json.ts';
import { compareNames, isMemberName } from './zip.ts';

/** What a pack is about. Times are milliseconds since 1970, `start` and `end` entries: `start` up to, but without, `end`. */
export type Scope =
  | { readonly kind: 'artifact'; readonly artifact: string }
  | { readonly kind: 'decision'; readonly decision: number; readonly artifact: string }
  | { readonly kind: 'period'; readonly from: number; readonly to: number; readonly start: number; readonly end: number };

/** What a member is to a reader. */
export const MEMBER_ROLES = ['checkpoint', 'keys', 'opened', 'payload', 'program', 'readme', 'receipt', 'shard', 'streams'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

export interface Member {
  readonly name: string;
  readonly role: MemberRole;
  /** Hexadecimal. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** Why a payload that an entry names is not in the pack: nobody asked for it, it is sealed, was erased, or was not there. */
export const WITHHELD_WHY = ['erased', 'left-out', 'missing', 'sealed'] as const;

/** A payload that an entry of the pack names and the pack does not hold. */
export interface Withheld {
  /** Index of the entry. */
  readonly entry: number;
  readonly role: string;
  /** `sha256:` or `commitment:`, and hexadecimal. */
  readonly payload: string;
  readonly why: (typeof WITHHELD_WHY)[number];
}

export interface Manifest {
  readonly origin: string;
  readonly scope: Scope;
  /** The checkpoint's size and root (hexadecimal). */
  readonly size: number;
  readonly root: string;
  /** All members but the manifest and its signature, ascending by name. */
  readonly members: readonly Member[];
  /** Ascending by entry, role and payload. */
  readonly withheld: readonly Withheld[];
}

export const PACK_FORMAT = 'stella-pack/1';
export const manifestName = 'manifest.json';
export const signatureName = 'manifest.dsse.json';
/** The smallest member is named in 113 bytes, by five values. */
const limits = { bytesMax: 512 * 1024 * 1024, depthMax: 4, valueBytesMin: 20 };

/** The manifest's bytes: RFC 8785, and a line feed. */
export function encodeManifest({ origin, scope, size, root, members, withheld }: Manifest): Uint8Array {
  const json = { format: PACK_FORMAT, origin, scope, size, root, members, withheld };
  return encodeUtf8(`${formatJcs(json as unknown as JcsValue)}\n`);
}

/**
 * Reads a manifest, strictly: its members and no others, in the one form in which they are written.
 *
 * @throws {LedgerError} INPUT_VERSION_UNKNOWN for another format; INPUT_NOT_CANONICAL; INPUT_MALFORMED, and as `parseJson`
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const json = parseJson(bytes, limits);
  if (!isJsonObject(json) || typeof json['format'] !== 'string') throw refuse('it names no format');
  if (json['format'] !== PACK_FORMAT) {
    throw new LedgerError('INPUT_VERSION_UNKNOWN', `Cannot read manifest: format "${clip(json['format'])}", expected "${PACK_FORMAT}"`);
  }
  const { origin, scope, size, root, members, withheld } = exactly(json, ['format', 'members', 'origin', 'root', 'scope', 'size', 'withheld']);
  const manifest: Manifest = {
    origin: textIn(origin, 'origin'), scope: scopeIn(scope), size: countIn(size, 'size'), root: hexIn(root, 'root'),
    members: listIn(members, 'members').map(memberIn), withheld: listIn(withheld, 'withheld').map(withheldIn),
  };
  expectAscending(manifest.members.map(({ name }) => name));
  const names = manifest.withheld.map(({ entry, role, payload }) => `${String(entry).padStart(16, '0')} ${role} ${payload}`);
  expectAscending(names);
  if (!equalBytes(encodeManifest(manifest), bytes)) throw new LedgerError('INPUT_NOT_CANONICAL', 'Cannot read manifest: it is not in its one form');
  return manifest;
}

function scopeIn(value: Json | undefined): Scope {
  if (!isJsonObject(value)) throw refuse('its scope is no object');
  if (value['kind'] === 'artifact') {
    const { artifact } = exactly(value, ['artifact', 'kind']);
    return { kind: 'artifact', artifact: artifactIn(artifact) };
  }
  if (value['kind'] === 'decision') {
    const { artifact, decision } = exactly(value, ['artifact', 'decision', 'kind']);
    return { kind: 'decision', decision: countIn(decision, 'decision'), artifact: artifactIn(artifact) };
  }
  const { kind, from, to, start, end } = exactly(value, ['end', 'from', 'kind', 'start', 'to']);
  if (kind !== 'period') throw refuse('its scope is of no known kind');
  const period = { from: countIn(from, 'from'), to: countIn(to, 'to'), start: countIn(start, 'start'), end: countIn(end, 'end') };
  if (period.from > period.to || period.start >= period.end) throw refuse('its period ends before it begins');
  return { kind: 'period', ...period };
}

function memberIn(value: Json): Member {
  if (!isJsonObject(value)) throw refuse('a member is no object');
  const { name, role, sha256, size } = exactly(value, ['name', 'role', 'sha256', 'size']);
  const named = textIn(name, 'name');
  if (!isMemberName(named) || named === manifestName || named === signatureName) throw refuse(`it names a member "${clip(named)}"`);
  const is = MEMBER_ROLES.find((one) => one === role);
  if (is === undefined) throw refuse(`"${clip(named)}" has no known role`);
  return { name: named, role: is, sha256: hexIn(sha256, 'sha256'), size: countIn(size, 'size') };
}

function withheldIn(value: Json): Withheld {
  if (!isJsonObject(value)) throw refuse('what is withheld is no object');
  const { entry, role, payload, why } = exactly(value, ['entry', 'payload', 'role', 'why']);
  const reason = WITHHELD_WHY.find((one) => one === why);
  const named = textIn(payload, 'payload');
  if (reason === undefined || !/^(?:sha256|commitment):[0-9a-f]{64}$/.test(named)) throw refuse('what is withheld is not named as it should be');
  return { entry: countIn(entry, 'entry'), role: textIn(role, 'role'), payload: named, why: reason };
}

function exactly(object: JsonObject, names: readonly string[]): JsonObject {
  const found = Object.keys(object);
  const wrong = names.find((name) => !found.includes(name)) ?? found.find((name) => !names.includes(name));
  if (wrong !== undefined) throw refuse(`"${clip(wrong)}" is missing or unknown`);
  return object;
}

function expectAscending(names: readonly string[]): void {
  for (let i = 1; i < names.length; i++) {
    if (compareNames(names[i - 1] as string, names[i] as string) >= 0) throw refuse(`"${clip(names[i] as string)}" stands twice or out of order`);
  }
}

function textIn(value: Json | undefined, what: string): string {
  if (typeof value !== 'string') throw refuse(`"${what}" is no text`);
  return value;
}

function hexIn(value: Json | undefined, what: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw refuse(`"${what}" is no digest`);
  return value;
}

function artifactIn(value: Json | undefined): string {
  if (typeof value !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(value)) throw refuse('its artifact is no digest');
  return value;
}

function countIn(value: Json | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw refuse(`"${what}" is no integer from 0 to 2^53 - 1`);
  return value;
}

function listIn(value: Json | undefined, what: string): Json[] {
  if (!Array.isArray(value)) throw refuse(`"${what}" is no array`);
  return value;
}

function refuse(why: string): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read manifest: ${why}`);
}
