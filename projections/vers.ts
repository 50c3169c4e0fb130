// VERS: ranges of versions, `vers:npm/>=1.2.0|<2.0.0`, in the order of their ecosystem (the VERS specification, ECMA-TC54).
import { SCHEMES, type Scheme, type SchemeName } from '../scanner/versions/index.ts';

/** By the type of a purl and of a VERS range, which are the same words. */
const BY_TYPE: Readonly<Record<string, SchemeName>> = {
  npm: 'semver', cargo: 'semver', golang: 'semver', hex: 'semver', swift: 'semver', github: 'semver', githubactions: 'semver', semver: 'semver',
  pypi: 'pep440', maven: 'maven', gem: 'rubygems', composer: 'packagist', nuget: 'nuget', deb: 'debian', rpm: 'rpm', apk: 'alpine', alpm: 'rpm',
  alpine: 'alpine', cran: 'cran', hackage: 'hackage', pub: 'pub',
};

/** How versions of a purl's type are ordered, or null where nobody wrote it down. */
export function schemeOf(type: string): Scheme | null {
  const name = Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type] : undefined;
  return name === undefined ? null : SCHEMES[name];
}

/** Whether two texts are one version: by the type's order where both are versions in it, else letter by letter. */
export function sameVersion(type: string, a: string, b: string): boolean {
  if (a === b) return true;
  const scheme = schemeOf(type);
  const [one, other] = [spelled(type, a), spelled(type, b)];
  if (scheme === null || !scheme.wellFormed(one) || !scheme.wellFormed(other)) return false;
  // Build metadata orders nothing in SemVer, and yet another build is another version: nothing said about one is said of the other.
  return one.split('+')[1] === other.split('+')[1] && scheme.compare(one, other) === 0;
}

interface Constraint {
  readonly comparator: '<' | '<=' | '>' | '>=' | '=' | '!=';
  readonly version: string;
}

/**
 * Whether a version lies in a VERS range.
 *
 * @param type - the purl's: a range of another type says nothing about it
 * @returns null where it cannot be told: no such order, or a version or bound that is none in it
 * @see the VERS specification, "Checking if a version is contained within a version range"
 */
export function isInRange(range: string, type: string, version: string): boolean | null {
  const [, rangeType, text] = /^vers:([a-z][a-z0-9.-]*)\/(.+)$/.exec(range) ?? [];
  if (rangeType === undefined || text === undefined || !sameOrder(rangeType, type)) return null;
  if (text === '*') return true;
  const scheme = schemeOf(rangeType);
  const tested = spelled(rangeType, version);
  if (scheme === null || !scheme.wellFormed(tested)) return null;
  const constraints = text.split('|').map((one) => constraintOf(one, rangeType));
  if (constraints.some((one) => one === null || !scheme.wellFormed(one.version))) return null;
  return contains((constraints as Constraint[]).sort((a, b) => scheme.compare(a.version, b.version)), tested, scheme);
}

/** Whether a range can say anything about packages of a purl's type: it is of that type's order, and its bounds are versions in it. */
export function isRangeOf(range: string, type: string): boolean {
  const [, rangeType, text = ''] = /^vers:([a-z][a-z0-9.-]*)\/(.+)$/.exec(range) ?? [];
  if (rangeType === undefined || !sameOrder(rangeType, type)) return false;
  const scheme = schemeOf(rangeType);
  return text === '*' || (scheme !== null && text.split('|').every((one) => scheme.wellFormed(constraintOf(one, rangeType)?.version ?? '')));
}

function contains(sorted: readonly Constraint[], tested: string, scheme: Scheme): boolean {
  const orderTo = ({ version }: Constraint) => scheme.compare(tested, version);
  // 1. Versions that are named themselves.
  for (const one of sorted) if (orderTo(one) === 0) return one.comparator === '=' || one.comparator === '<=' || one.comparator === '>=';
  // 2. Bounds: the first is the end of everything before it, the last the beginning of everything after it, and pairs enclose.
  const bounds = sorted.filter(({ comparator }) => comparator !== '=' && comparator !== '!=');
  const isUpper = ({ comparator }: Constraint) => comparator.startsWith('<');
  const [first, last] = [bounds[0], bounds.at(-1)];
  if (first === undefined || last === undefined) return false;
  if (isUpper(first) && orderTo(first) < 0) return true;
  if (!isUpper(last) && orderTo(last) > 0) return true;
  return bounds.some((one, i) => {
    const next = bounds[i + 1];
    return next !== undefined && !isUpper(one) && isUpper(next) && orderTo(one) > 0 && orderTo(next) < 0;
  });
}

function constraintOf(text: string, type: string): Constraint | null {
  const [, comparator = '=', encoded = ''] = /^(<=|>=|!=|<|>|=)?(.+)$/.exec(text) ?? [];
  try {
    return { comparator: (comparator === '' ? '=' : comparator) as Constraint['comparator'], version: spelled(type, decodeURIComponent(encoded)) };
  } catch {
    return null;
  }
}

/** A range is of the purl's own type, or of SemVer where that is the type's order; Alpine's packages have two words. */
function sameOrder(range: string, type: string): boolean {
  return range === type || (range === 'alpine' && type === 'apk') || (range === 'semver' && schemeOf(type) === SCHEMES.semver);
}

/** Go's versions carry a `v`, which its databases leave out. */
function spelled(type: string, version: string): string {
  return type === 'golang' && /^v\d/.test(version) ? version.slice(1) : version;
}
