// Names that several formats spell differently: hash algorithms, purl qualifiers, the digest that a root component carries.
import type { Component, ComponentHash } from './model.ts';

/** `SHA-256`, `SHA256` and `checksumAlgorithm_sha256` are `sha256`; `SHA3-256` and `BLAKE2b-512` keep their dashes. */
export function hashName(name: string): string {
  const known = KNOWN_HASHES.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase().replace('checksumalgorithm_', '').replaceAll('_', '-');
  const sha2 = /^sha-?(1|224|256|384|512)$/.exec(lower);
  if (sha2 !== null) return `sha${sha2[1]}`;
  return lower.replace(/^sha3-?(\d+)$/, 'sha3-$1').replace(/^blake2b-?(\d+)$/, 'blake2b-$1');
}

/** The names that documents use by the thousand. */
const KNOWN_HASHES: ReadonlyMap<string, string> = new Map([
  ...['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'].map((name) => [name, name.toLowerCase().replace('-', '')] as const),
  ...['SHA1', 'SHA256', 'SHA384', 'SHA512'].map((name) => [name, name.toLowerCase()] as const),
]);

/** A qualifier of a package URL, decoded; nothing when it is not there or not readable. */
export function purlQualifier(purl: string, key: string): string | undefined {
  if (!purl.includes(`${key}=`)) return undefined;
  const query = /\?([^#]*)/.exec(purl)?.[1];
  const pair = query?.split('&').find((part) => part.slice(0, part.indexOf('=')).toLowerCase() === key);
  if (pair === undefined) return undefined;
  try {
    return decodeURIComponent(pair.slice(pair.indexOf('=') + 1));
  } catch {
    return undefined;
  }
}

/** The source package that `upstream` names, as `name` or `name@version`. */
export function sourceOfPurl(purl: string): Component['source'] {
  const upstream = purlQualifier(purl, 'upstream');
  if (upstream === undefined || upstream === '') return undefined;
  const mark = upstream.indexOf('@', 1);
  // An RPM's upstream is a file name: openssl-1.1.1k-6.el8.src.rpm.
  const rpm = /^(.+)-([^-]+)-([^-]+)\.src\.rpm$/.exec(upstream);
  if (rpm !== null) return { name: rpm[1] as string, version: `${rpm[2]}-${rpm[3]}` };
  return mark < 0 ? { name: upstream } : { name: upstream.slice(0, mark), version: upstream.slice(mark + 1) };
}

/** Digests that name the described artifact itself: its hashes, an image's digest in purl, version or properties. */
export function subjectsOf(root: Component, texts: readonly string[]): readonly ComponentHash[] {
  const named = [root.version ?? '', root.name, root.purl === undefined ? '' : safeDecode(root.purl), ...(root.type === 'container' ? texts : [])];
  const digest = /(?:^|@)(sha256|sha512):([0-9a-f]{64,128})(?![0-9a-f])/g;
  const found = named.flatMap((text) => [...text.matchAll(digest)].map((match) => [match[1], match[2]] as ComponentHash));
  return [...new Map([...root.hashes, ...found].map((digest) => [digest.join(' '), digest])).values()];
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The licences of an expression that all hold: `A AND B` is two, an `OR` stays one expression.
 *
 * @param names - names of the licences that the document itself defines (`LicenseRef-…`)
 */
export function licencesOf(expression: string | undefined, names: ReadonlyMap<string, string | undefined>): string[] {
  if (expression === undefined) return [];
  const parts = /[()]| OR /.test(expression) ? [expression] : expression.split(/ AND /);
  return parts.map((part) => part.trim()).map((part) => {
    const name = names.get(part);
    return name === undefined || name === 'NOASSERTION' || name === '' ? part : name;
  });
}
