// Bench `scan`: cold scans in processes of their own, checks a second, growth, and rescans that look only where something changed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { concerned, diffSnapshots, footprintOf, scan, Snapshot, type FindingsDocument, type ScanComponent, type SnapshotFile } from '../scanner/index.ts';
import type { Bench, Result } from './bench.ts';
import { componentList, corpusObservations, syntheticObservations, writeSnapshot } from './scan/material.ts';

const corpora = '.cache/corpora';

interface Figures {
  wallMs: number;
  cpuMs: number;
  rssMiB: number;
  findings: number;
  checks: number;
  shards: number;
  bytes: number;
}

/** The median of some runs by wall time: the first warms the page cache. */
function cold(child: string, snapshot: string, list: string, out: string, runs: number): Figures {
  const figures = Array.from({ length: runs + 1 }, (): Figures => {
    const started = performance.now();
    const { stdout, status, stderr } = spawnSync(process.execPath, [child, snapshot, list, out], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the scan failed: ${stderr}`);
    return { wallMs: performance.now() - started, ...(JSON.parse(stdout) as Omit<Figures, 'wallMs'>) };
  });
  return figures.slice(1).sort((a, b) => a.wallMs - b.wallMs)[Math.floor(runs / 2)] as Figures;
}

function inMemory(path: string): SnapshotFile {
  const bytes = new Uint8Array(readFileSync(path));
  return { size: bytes.length, read: (offset, length) => bytes.slice(offset, offset + length) };
}

function* sizes(name: string, figures: Figures): Generator<Result> {
  yield { name: `scan/${name}`, value: figures.wallMs, unit: 'ms, process and Node start included' };
  yield { name: `scan/${name}/cpu`, value: figures.cpuMs, unit: 'ms of CPU' };
  yield { name: `scan/${name}/memory`, value: figures.rssMiB, unit: 'MiB resident at most' };
  yield { name: `scan/${name}/read`, value: figures.bytes / 1024, unit: `KiB of the snapshot in ${figures.shards} shards, ${figures.findings} findings` };
}

function componentsOf(path: string): ScanComponent[] {
  const { components } = JSON.parse(readFileSync(path, 'utf8')) as { components: ({ 'bom-ref': string } & Omit<ScanComponent, 'ref'>)[] };
  return components.map(({ 'bom-ref': ref, name, version, purl }) => ({ ref, name, ...(version && { version }), ...(purl && { purl }) }));
}

function* warm(snapshotPath: string, list: string): Generator<Result> {
  const [file, components] = [inMemory(snapshotPath), componentsOf(list)];
  let best = 0;
  for (let i = 0; i < 6; i++) {
    const before = process.cpuUsage();
    const document = scan({ components }, new Snapshot(file), { engineVersion: 'bench' }) as FindingsDocument;
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, document.counts.records / ((user + system) / 1e6));
  }
  yield { name: 'scan/checks', value: best, unit: 'component-record checks a second and core' };
}

/** Lists of a hundred components each, against a snapshot with a few changed records. */
function* rescans(before: string, after: string, list: string, count: number): Generator<Result> {
  const pool = componentsOf(list);
  const lists = Array.from({ length: count }, (_, i) => Array.from({ length: 100 }, (__, j) => pool[(i * 37 + j * 101) % pool.length] as ScanComponent));
  const [old, fresh] = [new Snapshot(inMemory(before)), new Snapshot(inMemory(after))];
  const kept = lists.map((components) => footprintOf(components, scan({ components }, old, { engineVersion: 'bench' }) as FindingsDocument));
  const started = performance.now();
  const isConcerned = concerned(diffSnapshots(old, fresh));
  const again = lists.filter((_, i) => isConcerned(kept[i] as (typeof kept)[number]));
  for (const components of again) scan({ components }, fresh, { engineVersion: 'bench' });
  yield { name: 'scan/rescan', value: performance.now() - started, unit: `ms for ${count} lists, of which ${again.length} were scanned again` };
}

export const bench: Bench = {
  async *run({ quick, left }) {
    if (!existsSync(join(corpora, 'scanner/osv'))) {
      left(`everything: no scanner/osv below ${corpora}`);
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'stella-bench-scan-'));
    mkdirSync(folder, { recursive: true });
    const at = (name: string) => join(folder, name);
    try {
      buildSync({ entryPoints: ['bench/scan/child.ts'], bundle: true, platform: 'node', format: 'esm', outfile: at('child.mjs'), logLevel: 'error' });
      const started = performance.now();
      const built = writeSnapshot(at('corpus'), folder, corpusObservations(corpora));
      yield { name: 'scan/build', value: built.records / ((performance.now() - started) / 1000), unit: `records a second, ${built.records} built` };
      for (const count of [1000, 5000]) {
        writeFileSync(at(`list-${count}`), JSON.stringify(componentList(corpusObservations(corpora), count)));
        yield* sizes(String(count), cold(at('child.mjs'), at('corpus'), at(`list-${count}`), at('out'), quick ? 3 : 9));
      }
      yield* warm(at('corpus'), at('list-5000'));
      writeSnapshot(at('changed'), folder, changed(corpusObservations(corpora)));
      yield* rescans(at('corpus'), at('changed'), at('list-5000'), quick ? 100 : 1000);
      if (quick) {
        left('900 of the 1,000 lists of the rescan, and a snapshot of 500,000 more records');
        return;
      }
      writeSnapshot(at('large'), folder, (function* () {
        yield* corpusObservations(corpora);
        yield* syntheticObservations(500_000);
      })());
      yield* sizes('1000 of 511,788 records', cold(at('child.mjs'), at('large'), at('list-1000'), at('out'), 5));
      yield { name: 'scan/500k/built', value: process.resourceUsage().maxRSS / 1024, unit: 'MiB resident at most, building' };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** The same records, every five-hundredth withdrawn. */
function* changed(observations: ReturnType<typeof corpusObservations>): ReturnType<typeof corpusObservations> {
  let i = 0;
  for (const observation of observations) {
    i += 1;
    yield i % 500 === 0 ? { ...observation, osv: { ...(observation.osv as object), withdrawn: '2026-01-01T00:00:00Z' } } : observation;
  }
}
