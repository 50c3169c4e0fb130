// Other scanners beside ours, on databases made of the same records: findings, and what they cost on the same machine at the same time.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { openFileAt } from '../../ledger/store/file-at.ts';
import { checkOsv } from '../../scanner/advisories/osv.ts';
import { scan, Snapshot, type FindingsDocument } from '../../scanner/index.ts';
import { compareFindings, type Compared } from '../../test/interop/scanners/compare.ts';
import { writeDatabases } from '../../test/interop/scanners/databases.ts';
import { realLists } from '../../test/interop/scanners/lists.ts';
import { cyclonedxOf, runScanner, VERSIONS, type ListedComponent, type ScannerName } from '../../test/interop/scanners/programs.ts';
import type { Result } from '../bench.ts';
import type { Cost } from '../processes.ts';
import { corpusObservations } from './material.ts';

export interface PeerBench {
  readonly folder: string;
  readonly corpora: string;
  /** How many components the lists in `list-N.cdx.json` have; our findings lie in `out-N`. */
  readonly lists: readonly number[];
  readonly snapshot: string;
  readonly engine: string;
  readonly left: (what: string) => void;
}

/** Our programs, each once over a list, timed between the others'. */
export interface Ours {
  /** The packed scanner, of the list's facts. */
  scanner(count: number): Cost;
  /** "stella scan" as published, of the same document as the others. */
  stella(count: number): Cost;
}

export async function* peers({ folder, corpora, lists, snapshot, engine, left }: PeerBench, run: Ours): AsyncGenerator<Result> {
  const bin = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stella-ledger/peers/bin');
  const names = (Object.keys(VERSIONS) as ScannerName[]).filter((name) => existsSync(join(bin, name)));
  const missing = Object.keys(VERSIONS).filter((name) => !names.includes(name as ScannerName));
  if (missing.length > 0) left(`peers that are not built (npm run interop -- ${missing.join(' ')} --build)`);
  if (names.length === 0) return;
  const records = [...new Map([...corpusObservations(corpora)].map(({ osv }) => checkOsv(osv)).map((record) => [record.id, record])).values()];
  const databases = await writeDatabases(folder, bin, records);
  for (const count of lists) {
    const file = join(folder, `list-${count}.cdx.json`);
    const { components } = JSON.parse(readFileSync(file, 'utf8')) as { components: ListedComponent[] };
    const { findings } = JSON.parse(readFileSync(join(folder, `out-${count}`), 'utf8')) as FindingsDocument;
    for (const name of names) {
      const theirs = Array.from({ length: name === 'trivy' ? 5 : 1 }, () =>
        ({ ...runScanner(name, bin, databases, file, join(folder, `${name}.json`)), ours: run.scanner(count), stella: run.stella(count) }));
      const best = (of: (one: (typeof theirs)[number]) => number) => Math.min(...theirs.map(of));
      const pair = (ours: number, value: number) => ({ value: ours, peer: { name, version: VERSIONS[name], value }, ratio: ours / value });
      const what = `scan/${count}/${name}`;
      yield { name: what, unit: 'ms, the least', ...pair(best(({ ours }) => ours.wallMs), best(({ wallMs }) => wallMs)) };
      yield { name: `${what}/cpu`, unit: 'ms of CPU, the least', ...pair(best(({ ours }) => ours.cpuMs), best(({ cpuMs }) => cpuMs)) };
      yield { name: `${what}/memory`, unit: 'MiB resident', ...pair(best(({ ours }) => ours.rssMiB), best(({ rssMiB }) => rssMiB)) };
      yield { name: `${what}/stella`, unit: 'ms, the least', ...pair(best(({ stella }) => stella.wallMs), best(({ wallMs }) => wallMs)) };
      yield { name: `${what}/stella/cpu`, unit: 'ms of CPU, the least', ...pair(best(({ stella }) => stella.cpuMs), best(({ cpuMs }) => cpuMs)) };
      yield { name: `${what}/stella/memory`, unit: 'MiB resident', ...pair(best(({ stella }) => stella.rssMiB), best(({ rssMiB }) => rssMiB)) };
      yield agreement(what, compareFindings(records, components, findings, theirs[0]?.found ?? []));
    }
  }
  for (const { title, components } of await realLists(corpora)) {
    const file = join(folder, 'real.cdx.json');
    writeFileSync(file, cyclonedxOf(components));
    const opened = openFileAt(snapshot, snapshot);
    const input = { components: components.map((one) => ({ ref: one.purl, ...one })) };
    const { findings } = scan(input, new Snapshot(opened), { engineVersion: engine }) as FindingsDocument;
    opened.close();
    for (const name of names) {
      const { found } = runScanner(name, bin, databases, file, join(folder, `${name}.json`));
      yield agreement(`scan/${title}/${name}`, compareFindings(records, components, findings, found));
    }
  }
}

function agreement(what: string, { ours, both, theirs, jaccard, missed, invented, undecided, against }: Compared): Result {
  const classes = Object.entries(missed).map(([is, keys]) => `${is} ${keys.length}`).join(', ');
  const open = `undecided for us ${undecided.version.length} for a version, ${undecided.bound.length} for a bound that is none, ${undecided.other.length} else`;
  const decided = `it misses ${classes || 'nothing'} and invents ${invented.length}; ${open}; against us ${against.length}`;
  return { name: `${what}/jaccard`, value: jaccard, unit: `(ours ${ours}, theirs ${theirs}, both ${both}; by OSV's rule ${decided})` };
}
