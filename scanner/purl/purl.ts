// Package URLs (ECMA-427, the purl specification): read, checked by type, and written in their one canonical form.
import { clip, LedgerError } from '../../ledger/errors.ts';
import { typeRules } from './types.ts';

export interface Purl {
  /** Lower-case. */
  readonly type: string;
  /** Decoded segments joined by `/`; null where there is none. */
  readonly namespace: string | null;
  readonly name: string;
  readonly version: string | null;
  /** Keys in ascending order; a key without a value is absent. */
  readonly qualifiers: Readonly<Record<string, string>>;
  readonly subpath: string | null;
}

/** Longest purl read, in UTF-16 code units. */
export const purlLengthMax = 8192;

function refuse(text: string, why: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a purl: ${why}`, { hint: 'write it as pkg:type/namespace/name@version' });
}

/**
 * Reads a purl as the specification's "How to parse" says, from the right.
 *
 * @param tolerant - read qualifier keys in any case, as older tools write them; their canonical form is lower-case
 * @throws {LedgerError} INPUT_MALFORMED when it is no purl, or none of its type
 */
export function parsePurl(text: string, { tolerant = false } = {}): Purl {
  if (text.length > purlLengthMax) refuse(text, `longer than ${purlLengthMax} characters`);
  const hash = text.lastIndexOf('#');
  const beforeSubpath = hash < 0 ? text : text.slice(0, hash);
  const question = beforeSubpath.lastIndexOf('?');
  const beforeQualifiers = question < 0 ? beforeSubpath : beforeSubpath.slice(0, question);
  if (!/^pkg:/i.test(beforeQualifiers)) refuse(text, 'expected the scheme "pkg:"');
  const path = withoutSlashes(beforeQualifiers.slice(4));
  const slash = path.indexOf('/');
  const type = (slash < 0 ? path : path.slice(0, slash)).toLowerCase();
  const named = slash < 0 ? '' : path.slice(slash + 1);
  const at = versionAt(named);
  const location = at < 0 ? named : named.slice(0, at);
  const last = location.lastIndexOf('/');
  return checkedPurl(text, {
    type,
    namespace: last < 0 ? '' : decodeNamespace(text, location.slice(0, last)),
    name: decode(text, location.slice(last + 1)),
    version: at < 0 ? null : decode(text, named.slice(at + 1)),
    qualifiers: question < 0 ? [] : parseQualifiers(text, beforeSubpath.slice(question + 1), tolerant || typeRules(type).keysInAnyCase === true),
    subpath: hash < 0 ? null : decodeSubpath(text, text.slice(hash + 1)),
  });
}

/** The canonical form of any purl the tolerant reader accepts; two purls name one package when these are equal. */
export function canonicalPurl(text: string): string {
  return writePurl(parsePurl(text, { tolerant: true }));
}

/**
 * Writes a purl in canonical form, after its type's rules for case and required parts.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the parts make no purl of that type
 */
export function formatPurl(parts: { [K in keyof Purl]?: Purl[K] | null }): string {
  return writePurl(checkedPurl('the parts given', {
    type: (parts.type ?? '').toLowerCase(),
    namespace: parts.namespace ?? '',
    name: parts.name ?? '',
    version: parts.version ?? null,
    qualifiers: Object.entries(parts.qualifiers ?? {}),
    subpath: parts.subpath ?? null,
  }));
}

/** The canonical form of what `parsePurl` gave: checking it again would change nothing. */
export function writePurl(purl: Purl): string {
  const namespace = purl.namespace === null ? '' : `${encodeEach(purl.namespace, '/')}/`;
  // A git repository's path is its name; its slashes stay slashes.
  const name = encodeEach(purl.name, purl.type === 'git' ? '/' : '%2F');
  const version = purl.version === null ? '' : `@${encode(purl.version)}`;
  const query = Object.entries(purl.qualifiers).map(([key, value]) => `${key}=${encode(value)}`).join('&');
  const subpath = purl.subpath === null ? '' : `#${purl.subpath.split('/').map(encode).join('/')}`;
  return `pkg:${purl.type}/${namespace}${name}${version}${query === '' ? '' : `?${query}`}${subpath}`;
}

interface Parts {
  type: string;
  namespace: string;
  name: string;
  version: string | null;
  qualifiers: (readonly [string, string])[];
  subpath: string | null;
}

function checkedPurl(text: string, parts: Parts): Purl {
  if (!/^[a-z][a-z0-9.-]*$/.test(parts.type)) refuse(text, 'the type is missing or holds a character it may not');
  const qualifiers: Record<string, string> = Object.create(null) as Record<string, string>;
  const { qualifiers: given } = parts;
  for (const [key, value] of given.length < 2 ? given : given.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!/^[a-z][a-z0-9._-]*$/.test(key)) refuse(text, `the qualifier key "${clip(key)}" is not lower-case letters, digits, ".", "-" and "_"`);
    if (key in qualifiers) refuse(text, `the qualifier "${key}" stands twice`);
    if (value !== '') qualifiers[key] = value;
  }
  const raw: Purl = {
    type: parts.type,
    namespace: withoutSlashes(parts.namespace) || null,
    name: withoutSlashes(parts.name),
    version: parts.version === '' ? null : parts.version,
    qualifiers,
    subpath: cleanSubpath(parts.subpath),
  };
  const { normalize, complaint } = typeRules(parts.type);
  const purl = normalize === undefined ? raw : normalize(raw);
  if (purl.name === '') refuse(text, 'the name is missing');
  const found = complaint?.(purl) ?? null;
  if (found !== null) refuse(text, found);
  return purl;
}

function withoutSlashes(text: string): string {
  return text.startsWith('/') || text.endsWith('/') ? text.replace(/^\/+|\/+$/g, '') : text;
}

/** Where the last `@` begins the version, unless it begins a path segment: that is an npm scope written plainly. Negative where none does. */
function versionAt(path: string): number {
  const at = path.lastIndexOf('@');
  if (at < 0 || (path[at - 1] === '/' && path.indexOf('/', at) >= 0) || (at === 0 && path.includes('/'))) return -1;
  return at;
}

function decodeNamespace(text: string, path: string): string {
  if (!path.includes('/')) return decode(text, path);
  return path.split('/').map((segment) => decode(text, segment)).filter((segment) => segment !== '').join('/');
}

function parseQualifiers(text: string, query: string, tolerant: boolean): (readonly [string, string])[] {
  return query.split('&').filter((pair) => pair !== '').map((pair) => {
    const equals = pair.indexOf('=');
    const [key, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    return [tolerant ? key.toLowerCase() : key, decode(text, value)] as const;
  });
}

function decodeSubpath(text: string, subpath: string): string {
  return subpath.split('/').map((segment) => decode(text, segment)).join('/');
}

function cleanSubpath(subpath: string | null): string | null {
  return subpath?.split('/').filter((segment) => segment !== '' && segment !== '.' && segment !== '..').join('/') || null;
}

function decode(text: string, part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return refuse(text, `"${clip(part)}" is not percent-encoded UTF-8`);
  }
}

/** The parts between slashes, encoded and joined. */
function encodeEach(text: string, separator: string): string {
  return text.includes('/') ? text.split('/').map(encode).join(separator) : encode(text);
}

/** Percent-encodes all but unreserved characters and the colon (purl specification, "Character encoding"). */
function encode(text: string): string {
  if (/^[A-Za-z0-9._~:-]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replaceAll('%3A', ':')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
