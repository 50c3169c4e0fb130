// Which packages a purl of somebody else's is about: unversioned ones name every version, qualifiers narrow, registries have two names.
import { clip, LedgerError } from '../ledger/errors.ts';
import { parsePurl, purlLengthMax, type Purl } from '../scanner/purl/purl.ts';
import { typeRules } from '../scanner/purl/types.ts';
import { isInRange, sameVersion } from './vers.ts';

const parsed = new Map<string, Purl | null>();
const parsedMax = 50_000;

/** A purl read once; null for a text that is none. */
export function readPurl(text: string): Purl | null {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size >= parsedMax) parsed.clear();
  const purl = parseOrNull(text);
  parsed.set(text, purl);
  return purl;
}

const named = new Map<string, string | null>();
const plain = new Uint8Array(128);
for (const letter of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._~+-') plain[letter.charCodeAt(0)] = 1;

/**
 * What the package that a purl names is called, whatever its version; null for what is no purl.
 *
 * Lists name many versions of few packages: where nothing but a plain version follows the name, it is read once for all of them.
 */
export function namedBy(purl: string): string | null {
  const at = plainFrom(purl) - 1;
  const before = at > 0 && at + 1 < purl.length && purl.length <= purlLengthMax && purl[at] === '@' ? purl.slice(0, at) : null;
  const known = before === null ? undefined : named.get(before);
  if (known !== undefined) return known;
  const read = purl.isWellFormed() ? readPurl(purl) : null;
  const name = read === null ? null : packageName(read);
  // A complaint may be about the version.
  if (before !== null && !/[?#]/.test(before) && read !== null && typeRules(read.type).complaint === undefined) {
    if (named.size >= parsedMax) named.clear();
    named.set(before, name);
  }
  return name;
}

/** From where on a text has plain letters only. */
function plainFrom(text: string): number {
  let at = text.length;
  while (at > 0 && plain[text.charCodeAt(at - 1)] === 1) at--;
  return at;
}

function parseOrNull(text: string): Purl | null {
  try {
    return parsePurl(text, { tolerant: true });
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}

/**
 * Whether what is said about `said` is said about the package `is`.
 *
 * Type, namespace and name are the same. A version or range that is said must hold; every qualifier that is said must be there, with
 * this value; a subpath that is said must be this one. So `pkg:npm/a` is said about each version, and `pkg:deb/debian/x?arch=amd64`
 * about one architecture.
 *
 * @param versions - versions and VERS ranges that narrow `said`: one of them must hold
 */
export function isAbout(said: Purl, is: Purl, versions: readonly string[] = []): boolean {
  if (said.type !== is.type || said.namespace !== is.namespace || said.name !== is.name) return false;
  if (said.subpath !== null && said.subpath !== is.subpath) return false;
  if (said.version !== null && (is.version === null || !sameVersion(said.type, said.version, is.version))) return false;
  if (versions.length > 0) {
    const { version } = is;
    if (version === null) return false;
    const holds = (one: string) => (one.startsWith('vers:') ? isInRange(one, is.type, version) === true : sameVersion(is.type, one, version));
    if (!versions.some(holds)) return false;
  }
  return Object.entries(said.qualifiers).every(([key, value]) => spelledAlike(key, is.qualifiers[key]) === spelledAlike(key, value));
}

/** What a package is called whatever its version, in the words of people: `pkg:npm/@angular/core`. */
export function packageName({ type, namespace, name }: Pick<Purl, 'type' | 'namespace' | 'name'>): string {
  return `pkg:${type}/${namespace === null ? '' : `${namespace}/`}${name}`;
}

/** A package that is looked for. */
export type PackageSought =
  /** Without version it means each. */
  | { readonly is: 'purl'; readonly purl: Purl }
  /** Packages whose name (`pkg:npm/@angular/core`) begins so. */
  | { readonly is: 'prefix'; readonly prefix: string }
  /** Versions of one package that begin so. */
  | { readonly is: 'versions'; readonly name: string; readonly begins: string };

/**
 * Reads what somebody looks for: a purl, or with `*` at its end how names or versions begin (`pkg:npm/@angular/*`, `pkg:npm/a@1.*`).
 *
 * @throws {LedgerError} INPUT_MALFORMED
 */
export function parseSought(text: string): PackageSought {
  const malformed = () => new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a purl`, {
    hint: 'write it as pkg:type/namespace/name@version; with * at the end, the names or versions that begin so',
  });
  if (!text.endsWith('*')) {
    const purl = readPurl(text);
    if (purl === null) throw malformed();
    return { is: 'purl', purl };
  }
  // The @ of a scope follows a slash; that of a version does not.
  const [, said, begins] = /^(pkg:.*[^/])@([^/@]*)\*$/.exec(text) ?? [];
  if (said !== undefined && begins !== undefined) {
    const purl = readPurl(said);
    if (purl === null) throw malformed();
    return { is: 'versions', name: packageName(purl), begins: unescaped(begins) };
  }
  const [, type, rest] = /^pkg:([a-z][a-z0-9.-]*)\/([^?#]*)\*$/i.exec(text) ?? [];
  if (type === undefined || rest === undefined) throw malformed();
  return { is: 'prefix', prefix: `pkg:${type.toLowerCase()}/${unescaped(rest)}` };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether a package is one of those looked for. */
export function isSought(sought: PackageSought, is: Purl): boolean {
  if (sought.is === 'purl') return isAbout(sought.purl, is);
  if (sought.is === 'prefix') return packageName(is).startsWith(sought.prefix);
  return packageName(is) === sought.name && is.version?.startsWith(sought.begins) === true;
}

/** Docker's registry answers to three names, and a missing one is meant as none. */
function spelledAlike(key: string, value: string | undefined): string | undefined {
  if (key !== 'repository_url' || value === undefined) return value;
  return value.replace(/^https?:\/\//, '').replace(/^(?:index|registry-1)\.docker\.io(?=\/|$)/, 'docker.io').replace(/\/+$/, '');
}

/** The SHA-256 by which a purl of an image names it, in hexadecimal, or null. */
export function digestIn({ type, version }: Purl): string | null {
  if (type !== 'oci' && type !== 'docker') return null;
  return /^sha256:([0-9a-f]{64})$/.exec(version ?? '')?.[1] ?? null;
}
