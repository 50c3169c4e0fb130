// Suite `goldens`: another scanner's own expected reports, its database and package lists read into ours; figures, with reasons.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { ecosystemBase, nameKey, schemeOf } from '../../../scanner/advisories/ecosystems.ts';
import { candidateOf, evaluate, prepareRecord, type PreparedRecord } from '../../../scanner/advisories/evaluate.ts';
import { checkOsv } from '../../../scanner/advisories/osv.ts';
import { comparator, everything, intersect, osvRanges, type Interval } from '../../../scanner/import/intervals.ts';
import { lookupsOf } from '../../../scanner/match/components.ts';
import { SCHEMES } from '../../../scanner/versions/index.ts';
import type { Outcome, Suite } from '../suite.ts';

interface Bucket {
  bucket: string;
  pairs: readonly ({ bucket: string; pairs: readonly { key: string; value: Advisory }[] } | { key: string; value: unknown })[];
}

interface Advisory {
  FixedVersion?: string;
  VulnerableVersions?: readonly string[];
  Entries?: unknown;
}

interface GoldenPackage {
  Name: string;
  Version: string;
  Epoch?: number;
  Release?: string;
  SrcName?: string;
  SrcVersion?: string;
  SrcRelease?: string;
  SrcEpoch?: number;
  Identifier?: { PURL?: string };
}

interface Golden {
  Results?: readonly { Packages?: readonly GoldenPackage[]; Vulnerabilities?: readonly { VulnerabilityID: string; PkgIdentifier?: { PURL?: string } }[] }[];
}

const LANGUAGES: Readonly<Record<string, string>> = {
  npm: 'npm', pip: 'PyPI', go: 'Go', composer: 'Packagist', maven: 'Maven', nuget: 'NuGet', rubygems: 'RubyGems', rust: 'crates.io', erlang: 'Hex', pub: 'Pub',
  swift: 'SwiftURL', conan: 'ConanCenter',
};

/** The database's bucket as an OSV ecosystem; null for what OSV has none for. */
function ecosystemOf(bucket: string): string | null {
  const language = /^([a-z]+)::/.exec(bucket);
  if (language !== null) return LANGUAGES[language[1] as string] ?? null;
  const [, name, release] = /^(\D+?) (\S+)$/.exec(bucket.replace('openSUSE Leap', 'openSUSE_Leap')) ?? [];
  const distributions: Readonly<Record<string, string>> = {
    debian: `Debian:${release}`, ubuntu: `Ubuntu:${release}`, alpine: `Alpine:v${release}`, alma: `AlmaLinux:${release}`, rocky: `Rocky Linux:${release}`,
    openSUSE_Leap: `openSUSE:Leap ${release}`, openSUSE: 'openSUSE:Tumbleweed',
  };
  return distributions[name ?? ''] ?? null;
}

/** `>= 1, < 2 || = 3`, and Maven's `[1,2)`. */
function intervalsOf(ecosystem: string, expressions: readonly string[]): Interval[] {
  const scheme = ecosystem === 'npm' || ecosystem === 'Go' ? SCHEMES.semver : (schemeOf(ecosystem) ?? SCHEMES.semver);
  return expressions.flatMap((expression) => expression.split('||')).flatMap((alternative) => {
    const maven = /^\s*([[(])\s*([^,]*?)\s*,\s*([^,]*?)\s*([\])])\s*$/.exec(alternative);
    const parts = maven === null
      ? [...alternative.matchAll(/(>=|<=|>|<|==?)?\s*([^\s,<>=]+)/g)]
        .map(([, operator = '=', version = '']) => comparator(operator, version.replace(/^v(?=\d)/, '')))
      : [{ from: maven[2] || null, fromIncluded: maven[1] === '[', to: maven[3] || null, toIncluded: maven[4] === ']' }];
    const all = parts.reduce<Interval | null>((a, b) => (a === null ? null : intersect(scheme, a, b)), everything);
    return all === null ? [] : [all];
  });
}

function recordsOf(folder: string): Map<string, { id: string; prepared: PreparedRecord }[]> {
  const records = new Map<string, { id: string; prepared: PreparedRecord }[]>();
  for (const file of globSync('*.yaml', { cwd: folder }).sort()) {
    for (const { bucket, pairs } of (parse(readFileSync(join(folder, file), 'utf8')) ?? []) as Bucket[]) {
      const ecosystem = ecosystemOf(bucket);
      if (ecosystem === null) continue;
      for (const named of pairs) {
        if (!('bucket' in named)) continue;
        for (const { key, value } of named.pairs) {
          const type = ['npm', 'Go', 'crates.io'].includes(ecosystem) ? 'SEMVER' : 'ECOSYSTEM';
          const intervals = value.VulnerableVersions === undefined
            ? [{ ...everything, to: value.FixedVersion || null }]
            : intervalsOf(ecosystem, value.VulnerableVersions);
          const { ranges } = osvRanges(type, intervals);
          const prepared = prepareRecord(checkOsv({ id: String(key).trim(), affected: [{ package: { ecosystem, name: named.bucket }, ranges }] }));
          const place = `${ecosystemBase(ecosystem)}\n${nameKey(ecosystem, named.bucket)}`;
          records.set(place, [...(records.get(place) ?? []), { id: String(key).trim(), prepared }]);
        }
      }
    }
  }
  return records;
}

const reasons = new Map<string, number>();

function* judge(records: ReturnType<typeof recordsOf>, golden: Golden, file: string): Generator<Outcome> {
  for (const { Packages = [], Vulnerabilities = [] } of golden.Results ?? []) {
    const reported = new Map<string, Set<string>>();
    for (const { VulnerabilityID, PkgIdentifier } of Vulnerabilities) {
      const purl = PkgIdentifier?.PURL ?? '';
      reported.set(purl, (reported.get(purl) ?? new Set()).add(VulnerabilityID));
    }
    for (const found of Packages) {
      const purl = found.Identifier?.PURL;
      if (purl === undefined) continue;
      const type = /^pkg:([^/]+)/.exec(purl)?.[1] ?? '?';
      const ours = ourAnswers(records, found, purl);
      for (const id of new Set([...ours.keys(), ...(reported.get(purl) ?? [])])) {
        const theirs = reported.get(purl)?.has(id) ?? false;
        const suite = `goldens/${type}`;
        const [name, answer] = [`${file} ${purl} ${id}`, ours.get(id) ?? 'no record'];
        if ((answer === 'affected') === theirs) {
          yield { suite, id: name, is: 'agreed' };
          continue;
        }
        const filter = /ignore|skip|severity|vex/.test(file) ? ' by the golden’s own filter' : '';
        const reason = theirs ? `${type}: reported there, ${answer} here` : `${type}: left out there${filter}`;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        yield { suite, id: name, is: 'disagreed', expected: theirs ? 'reported' : 'not reported', got: answer };
      }
    }
  }
}

function ourAnswers(records: ReturnType<typeof recordsOf>, found: GoldenPackage, purl: string): Map<string, string> {
  const { SrcName, SrcEpoch, SrcVersion = '', SrcRelease } = found;
  const version = `${SrcEpoch ? `${SrcEpoch}:` : ''}${SrcVersion}${SrcRelease ? `-${SrcRelease}` : ''}`;
  const source = SrcName === undefined ? {} : { source: { name: SrcName, version } };
  const lookups = lookupsOf({ ref: purl, name: found.Name, version: found.Version, purl, ...source });
  const answers = new Map<string, string>();
  if ('unsupported' in lookups) return answers;
  for (const lookup of lookups.lookups) {
    for (const { id, prepared } of records.get(`${ecosystemBase(lookup.ecosystem)}\n${nameKey(lookup.ecosystem, lookup.name)}`) ?? []) {
      const outcome = evaluate(prepared, candidateOf(lookup))?.outcome;
      if (outcome !== undefined && answers.get(id) !== 'affected') answers.set(id, outcome);
    }
  }
  return answers;
}

export const suite: Suite = {
  argument: 'goldens',
  needs: ['scanner/goldens/trivy/fixtures/db'],
  async *outcomes(corpora) {
    const folder = join(corpora, 'scanner/goldens/trivy');
    const records = recordsOf(join(folder, 'fixtures/db'));
    for (const path of globSync('**/*.json.golden', { cwd: folder }).sort()) {
      yield* judge(records, JSON.parse(readFileSync(join(folder, path), 'utf8')) as Golden, basename(path, '.json.golden'));
    }
  },
  figures: () => [...reasons].sort().map(([reason, count]) => `goldens differ ${count} times, ${reason}`),
};
