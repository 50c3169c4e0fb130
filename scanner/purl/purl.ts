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
  const [beforeSubpath, subpath] = splitRight(text, '#');
  const [beforeQualifiers, query] = splitRight(beforeSubpath, '?');
  if (!/^pkg:/i.test(beforeQualifiers)) refuse(text, 'expected the scheme "pkg:"');
  const path = beforeQualifiers.slice(4).replace(/^\/+|\/+$/g, '');
  const slash = path.indexOf('/');
  const type = (slash < 0 ? path : path.slice(0, slash)).toLowerCase();
  const [location, version] = slash < 0 ? ['', null] : splitVersion(path.slice(slash + 1));
  const segments = location.split('/').map((segment) => decode(text, segment));
  return checkedPurl(text, {
    type,
    namespace: segments.slice(0, -1).filter((segment) => segment !== '').join('/'),
    name: segments.at(-1) ?? '',
    version: version === null ? null : decode(text, version),
    qualifiers: parseQualifiers(text, query ?? '', tolerant || typeRules(type).keysInAnyCase === true),
    subpath: subpath === null ? null : decodeSubpath(text, subpath),
  });
}

/** The canonical form of any purl the tolerant reader accepts; two purls name one package when these are equal. */
export function canonicalPurl(text: string): string {
  return formatPurl(parsePurl(text, { tolerant: true }));
}

/**
 * Writes a purl in canonical form, after its type's rules for case and required parts.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the parts make no purl of that type
 */
export function formatPurl(parts: { [K in keyof Purl]?: Purl[K] | null }): string {
  const purl = checkedPurl('the parts given', {
    type: (parts.type ?? '').toLowerCase(),
    namespace: parts.namespace ?? '',
    name: parts.name ?? '',
    version: parts.version ?? null,
    qualifiers: Object.entries(parts.qualifiers ?? {}),
    subpath: parts.subpath ?? null,
  });
  const namespace = purl.namespace === null ? '' : `${purl.namespace.split('/').map(encode).join('/')}/`;
  // A git repository's path is its name; its slashes stay slashes.
  const name = purl.name.split('/').map(encode).join(purl.type === 'git' ? '/' : '%2F');
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
  for (const [key, value] of parts.qualifiers.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!/^[a-z][a-z0-9._-]*$/.test(key)) refuse(text, `the qualifier key "${clip(key)}" is not lower-case letters, digits, ".", "-" and "_"`);
    if (key in qualifiers) refuse(text, `the qualifier "${key}" stands twice`);
    if (value !== '') qualifiers[key] = value;
  }
  const raw: Purl = {
    type: parts.type,
    namespace: parts.namespace.replace(/^\/+|\/+$/g, '') || null,
    name: parts.name.replace(/^\/+|\/+$/g, ''),
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

function splitRight(text: string, separator: string): [string, string | null] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** The last `@` begins the version, unless it begins a path segment: that is an npm scope written plainly. */
function splitVersion(path: string): [string, string | null] {
  const at = path.lastIndexOf('@');
  if (at < 0 || (path[at - 1] === '/' && path.indexOf('/', at) >= 0) || (at === 0 && path.includes('/'))) return [path, null];
  return [path.slice(0, at), path.slice(at + 1)];
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

/** Percent-encodes all but unreserved characters and the colon (purl specification, "Character encoding"). */
function encode(text: string): string {
  if (/^[A-Za-z0-9._~:-]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replaceAll('%3A', ':')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
