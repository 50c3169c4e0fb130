// What the scan bench measures with: a snapshot of the corpora's records, lists of their packages, and a large made-up snapshot.
import { closeSync, globSync, openSync, readFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Scratch } from '../../ledger/store/scratch.ts';
import { checkOsv } from '../../scanner/advisories/osv.ts';
import type { Observation } from '../../scanner/advisories/observation.ts';
import { importOsv } from '../../scanner/import/osv.ts';
import { SnapshotBuilder, type Built } from '../../scanner/snapshot/build.ts';

/** @param folder - for working files */
export function writeSnapshot(path: string, folder: string, observations: Iterable<Observation>): Built {
  const [spool, out] = [new Scratch(folder), new Scratch(folder)];
  const builder = new SnapshotBuilder(spool, { keepRaw: false });
  for (const observation of observations) builder.add(observation);
  const built = builder.finish({ write: (bytes) => out.append(bytes) }, []);
  const file = openSync(path, 'w');
  for (const piece of out.pieces()) writeSync(file, piece);
  closeSync(file);
  for (const one of [spool, out]) one.close();
  return built;
}

export function* corpusObservations(corpora: string): Generator<Observation> {
  const folder = join(corpora, 'scanner/osv');
  for (const file of globSync('*.jsonl', { cwd: folder }).sort()) {
    const source = basename(file, '.jsonl').toLowerCase();
    for (const one of importOsv([{ path: file, bytes: readFileSync(join(folder, file)) }], source)) if (one.is === 'observation') yield one.observation;
  }
}

const PURL_TYPE: Readonly<Record<string, (name: string) => string>> = {
  npm: (name) => `npm/${name.replace('@', '%40')}`,
  PyPI: (name) => `pypi/${name}`,
  Go: (name) => `golang/${name}`,
  'crates.io': (name) => `cargo/${name}`,
  RubyGems: (name) => `gem/${name}`,
  Maven: (name) => `maven/${name.replace(':', '/')}`,
  Packagist: (name) => `composer/${name}`,
};

/**
 * A CycloneDX list of packages that records name, at versions they name: every component has something to match, so the hard
 * case. Each package is as likely as another. Fixed by its seed.
 */
export function componentList(observations: Iterable<Observation>, count: number): object {
  const versions = new Map<string, Set<string>>();
  for (const { osv } of observations) {
    for (const { package: named, ranges = [], versions: listed = [] } of (checkOsv(osv).affected ?? [])) {
      if (named === undefined || !(named.ecosystem in PURL_TYPE)) continue;
      const key = `${named.ecosystem} ${named.name}`;
      const known = versions.get(key) ?? new Set<string>();
      versions.set(key, known);
      const bounds = ranges.flatMap(({ type, events }) => (type === 'GIT' ? [] : events.flatMap(({ introduced, fixed }) => [introduced, fixed])));
      for (const version of [...listed, ...bounds]) if (version !== undefined && /^\d[0-9A-Za-z.-]*\.[0-9A-Za-z.-]*$/.test(version)) known.add(version);
    }
  }
  const packages = [...versions].filter(([, known]) => known.size > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  const random = mulberry32(count);
  const components = new Map<string, object>();
  while (components.size < count) {
    const [key, known] = pick(packages, random);
    const [ecosystem, name] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
    const version = pick([...known], random);
    const purl = `pkg:${PURL_TYPE[ecosystem]?.(name)}@${version}`;
    components.set(purl, { type: 'library', 'bom-ref': purl, name, version, purl });
  }
  return { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [...components.values()] };
}

/** Records of the usual size about packages nobody has, for growth. */
export function* syntheticObservations(count: number): Generator<Observation> {
  const ecosystems = ['npm', 'PyPI', 'Maven', 'Go', 'crates.io'];
  const details = 'A long text as advisories have one. '.repeat(20);
  for (let i = 0; i < count; i++) {
    const affected = [{
      package: { ecosystem: ecosystems[i % 5] as string, name: `synthetic-${i % 200_000}` },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: `${1 + (i % 9)}.${i % 20}.0` }] }],
    }];
    const osv = { id: `SYN-${i}`, aliases: [`CVE-2099-${100_000 + i}`], details, affected };
    yield { source: 'synthetic', raw: new TextEncoder().encode(osv.id), osv };
  }
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
