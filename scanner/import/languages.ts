// Feeds that languages kept before OSV: ruby-advisory-db, FriendsOfPHP, and the Node.js security working group's npm records.
import { parseDocument } from 'yaml';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { isJsonObject, type Json, type JsonObject } from '../../ledger/json.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { readJson, type Observation } from '../advisories/observation.ts';
import { SCHEMES, type Scheme } from '../versions/index.ts';
import { attempt, refuseRecord, type FeedFile, type Imported } from './feed.ts';
import { comparator, complement, everything, intersect, osvRanges, type Interval } from './intervals.ts';

/** ruby-advisory-db: `gems/NAME/ID.yml`, which lists what is patched and what was never affected; the rest is vulnerable. */
export function* importRubyAdvisories(files: Iterable<FeedFile>, source: string): Generator<Imported> {
  for (const { path, bytes } of files) {
    if (/\.ya?ml$/.test(path)) yield* attempt(path, () => rubyAdvisory(path, bytes, source));
  }
}

function rubyAdvisory(path: string, raw: Uint8Array, source: string): Observation {
  const record = readYaml(raw);
  const gem = text(record.gem, 'gem');
  const scheme = SCHEMES.rubygems;
  const requirements = [...texts(record.patched_versions), ...texts(record.unaffected_versions)];
  const safe = requirements.map((requirement) => allOf(scheme, requirement, ',', rubyRequirement));
  const { ranges, notes } = osvRanges('ECOSYSTEM', complement(scheme, safe.filter((interval) => interval !== null)));
  const aliases = [
    ...(record.cve === undefined ? [] : [`CVE-${plain(record.cve)}`]),
    ...(record.ghsa === undefined ? [] : [`GHSA-${plain(record.ghsa)}`]),
  ];
  const name = (/([^/]+)\.ya?ml$/.exec(path) as RegExpExecArray)[1] as string;
  return converted(source, raw, name, aliases, record, [{ package: { ecosystem: 'RubyGems', name: gem }, ranges }], notes, [
    ...vector('CVSS_V2', record.cvss_v2), ...vector('CVSS_V3', record.cvss_v3), ...vector('CVSS_V4', record.cvss_v4),
  ]);
}

/** `~> 1.2.3` is at least 1.2.3 and below 1.3 (Gem::Requirement). */
function rubyRequirement(part: string): Interval {
  const [, operator = '=', version = ''] = /^(~>|>=|<=|>|<|=|!=)?\s*(\S+)$/.exec(part) ?? refuseRecord(`"${part}" is no requirement`);
  if (operator !== '~>') return comparator(operator, version);
  const segments = version.split('.').filter((segment) => /^\d+$/.test(segment));
  const kept = segments.slice(0, Math.max(1, segments.length - 1));
  const bumped = [...kept.slice(0, -1), String(BigInt(kept.at(-1) ?? '0') + 1n)].join('.');
  return { from: version, fromIncluded: true, to: bumped, toIncluded: false };
}

/** FriendsOfPHP: `reference: composer://vendor/name` and branches with lists of bounds that all hold. */
export function* importFriendsOfPhp(files: Iterable<FeedFile>, source: string): Generator<Imported> {
  for (const { path, bytes } of files) {
    if (/\.ya?ml$/.test(path)) yield* attempt(path, () => phpAdvisory(path, bytes, source));
  }
}

function phpAdvisory(path: string, raw: Uint8Array, source: string): Observation {
  const record = readYaml(raw);
  const name = /^composer:\/\/(.+)$/.exec(text(record.reference, 'reference'))?.[1] ?? refuseRecord('its reference is no composer:// address');
  const branches = isJsonObject(record.branches) ? Object.values(record.branches) : refuseRecord('"branches" is missing');
  const intervals = branches.map((branch) => {
    const parts = isJsonObject(branch) ? texts(branch.versions) : refuseRecord('a branch is no object');
    return parts.map(phpBound).reduce<Interval | null>((a, b) => (a === null ? null : intersect(SCHEMES.packagist, a, b)), everything);
  });
  const { ranges, notes } = osvRanges('ECOSYSTEM', intervals.filter((interval) => interval !== null));
  const id = path.replace(/\.ya?ml$/, '').split('/').slice(-3).join('/');
  const aliases = typeof record.cve === 'string' && record.cve.startsWith('CVE-') ? [record.cve] : [];
  return converted(source, raw, `FOP:${id}`, aliases, record, [{ package: { ecosystem: 'Packagist', name }, ranges }], notes, []);
}

function phpBound(part: string): Interval {
  const [, operator = '', version = ''] = /^(>=|<=|>|<|==?)?\s*(\S+)$/.exec(part.trim()) ?? refuseRecord(`"${part}" is no bound`);
  return comparator(operator, version);
}

/** The Node.js security working group's `vuln/npm/N.json`, with npm's range language. */
export function* importNodeSecurity(files: Iterable<FeedFile>, source: string): Generator<Imported> {
  for (const { path, bytes } of files) {
    if (path.endsWith('.json')) yield* attempt(path, () => nodeAdvisory(bytes, source));
  }
}

function nodeAdvisory(raw: Uint8Array, source: string): Observation {
  const record = readJson(raw);
  if (!isJsonObject(record)) return refuseRecord('it is no JSON object');
  const name = text(record.module_name, 'module_name');
  const { ranges, notes } = osvRanges('SEMVER', npmIntervals(text(record.vulnerable_versions, 'vulnerable_versions')));
  const affected = [{ package: { ecosystem: 'npm', name }, ranges }];
  return converted(source, raw, `NSWG:npm/${plain(record.id)}`, texts(record.cves), record, affected, notes, vector('CVSS_V3', record.cvss_vector));
}

/** npm's ranges (node-semver, "Range Grammar"): alternatives of comparators, hyphens, `x`, `~` and `^`. */
export function npmIntervals(range: string): Interval[] {
  return range.split('||').map((alternative) => {
    const hyphen = /^\s*(\S+)\s+-\s+(\S+)\s*$/.exec(alternative);
    const parts = hyphen === null
      ? (alternative.replace(/([<>=~^])\s+/g, '$1').match(/\S+/g) ?? ['*']).map(npmPart)
      : [partial('>=', hyphen[1] as string), partial('<=', hyphen[2] as string)];
    return parts.reduce<Interval | null>((a, b) => (a === null ? null : intersect(SCHEMES.semver, a, b)), everything);
  }).filter((interval) => interval !== null);
}

function npmPart(part: string): Interval {
  // These records say "every version" as a version nobody will reach.
  if (/^(?:all|\*|x|<=99\.999\.99999)$/i.test(part)) return everything;
  const [, operator = '', version = ''] = /^(>=|<=|>|<|=|~>?|\^)?v?(.+)$/.exec(part) ?? refuseRecord(`"${part}" is no npm range`);
  return partial(operator === '~>' ? '~' : operator, version.replace(/^v/, ''));
}

/** A comparison with a version of one, two or three numbers, the missing ones standing for all. */
function partial(operator: string, version: string): Interval {
  const found = /^(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(-[0-9A-Za-z.-]+)?(?:\+\S*)?$/.exec(version)
    ?? refuseRecord(`"${version}" is no version`);
  const numbers = found.slice(1, 4).filter((part) => part !== undefined && /^\d+$/.test(part)).map(BigInt);
  const pre = numbers.length === 3 ? (found[4] ?? '') : '';
  if (numbers.length === 0) return operator === '<' || operator === '>' ? { from: '0.0.0', fromIncluded: true, to: '0.0.0', toIncluded: false } : everything;
  const padded = (list: readonly bigint[]) => [...list, 0n, 0n].slice(0, 3).join('.');
  const lowest = `${padded(numbers)}${pre}`;
  /** Below every version, pre-releases too, in which the number at `place` is raised: node-semver's `-0`. */
  const raised = (place: number) => `${padded([...numbers.slice(0, place), (numbers[place] ?? 0n) + 1n])}-0`;
  const after = raised(numbers.length - 1);
  const whole = numbers.length === 3;
  switch (operator) {
    case '^': {
      const place = numbers.findIndex((number) => number > 0n);
      return { from: lowest, fromIncluded: true, to: place < 0 ? after : raised(place), toIncluded: false };
    }
    case '~':
      return { from: lowest, fromIncluded: true, to: raised(Math.min(1, numbers.length - 1)), toIncluded: false };
    case '>=':
      return comparator('>=', lowest);
    case '<':
      return comparator('<', whole ? lowest : `${lowest}-0`);
    case '>':
      // SemVer knows the version right after a release: the next one's lowest pre-release.
      return whole && pre !== '' ? comparator('>', lowest) : comparator('>=', whole ? after : after.replace(/-0$/, ''));
    case '<=':
      return whole ? comparator('<=', lowest) : comparator('<', after);
    default:
      return whole ? comparator('=', lowest) : { from: lowest, fromIncluded: true, to: after, toIncluded: false };
  }
}

function allOf(scheme: Scheme, text: string, separator: string, read: (part: string) => Interval): Interval | null {
  const parts = text.split(separator).map((part) => read(part.trim()));
  return parts.reduce<Interval | null>((a, b) => (a === null ? null : intersect(scheme, a, b)), everything);
}

function converted(
  source: string, raw: Uint8Array, id: string, aliases: readonly string[], record: JsonObject, affected: JcsValue, notes: readonly string[],
  severity: JcsValue[],
): Observation {
  const told = { summary: record.title, details: record.description ?? record.overview };
  const osv = { id, aliases, ...Object.fromEntries(Object.entries(told).filter(([, value]) => typeof value === 'string')), severity, affected };
  return { source, raw, osv: osv as JcsValue, notes: ['converted to OSV ranges', ...notes] };
}

function vector(type: string, value: Json | undefined): JcsValue[] {
  return typeof value === 'string' && /[A-Za-z]+:[A-Za-z]/.test(value) ? [{ type, score: value }] : [];
}

/** YAML's core schema, no tags and no aliases that multiply: a feed of plain records needs neither. */
function readYaml(bytes: Uint8Array): JsonObject {
  const document = parseDocument(decodeUtf8(bytes), { schema: 'core', uniqueKeys: true, merge: false });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) return refuseRecord(problem.message.split('\n', 1)[0] as string);
  let value: Json;
  try {
    value = document.toJS({ maxAliasCount: 0 }) as Json;
  } catch {
    return refuseRecord('it uses YAML aliases');
  }
  return isJsonObject(value) ? value : refuseRecord('it is no YAML mapping');
}

function text(value: Json | undefined, member: string): string {
  return typeof value === 'string' && value !== '' ? value : refuseRecord(`"${member}" is missing`);
}

function texts(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  const all = Array.isArray(value) ? value : [value];
  return all.map((entry) => (typeof entry === 'string' ? entry : refuseRecord(`"${JSON.stringify(entry)}" is no text`)));
}

function plain(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : refuseRecord('an id is neither text nor number');
}
