// Bench `scan`: cold scans in processes of their own, checks a second, growth, rescans that look only where something changed, and peers.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEvidence } from '../actions/read-evidence.ts';
import {
  changesBetween, concerned, decodeList, footprintOf, rescanList, scan, Snapshot, type FindingsDocument, type ScanComponent, type SnapshotFile,
} from '../scanner/index.ts';
import { program } from '../tools/bundle.ts';
import type { Bench, Result } from './bench.ts';
import { hasTime, published, timed, type Cost } from './processes.ts';
import { componentList, corpusObservations, syntheticObservations, writeSnapshot } from './scan/material.ts';
import { peers } from './scan/peers.ts';

const corpora = '.cache/corpora';
const root = fileURLToPath(new URL('../', import.meta.url));
const { version: engine } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

interface Figures extends Cost {
  findings: string;
  count: number;
  touched: { shards: number; bytes: number };
}

/** The packed scanner: as `npm run build` wrote it, else made here from the same sources. */
async function packed(folder: string): Promise<string> {
  const built = join(root, 'dist/tools/scan.mjs');
  if (existsSync(built)) return built;
  const file = join(folder, 'scan.mjs');
  writeFileSync(file, await program('cli/programs/scan.ts'));
  return file;
}

/** Runs by wall time; the first warms the page cache. @param evict - files to drop from it before each run */
function cold(child: readonly string[], runs: number, evict: readonly string[] = []): Figures[] {
  const all = Array.from({ length: runs + 1 }, (): Figures => {
    for (const file of evict) spawnSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none']);
    const started = performance.now();
    const { stdout, status, stderr } = spawnSync(process.execPath, [...child], { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (status !== 0) throw new Error(`the scan failed: ${stderr}`);
    const wallMs = performance.now() - started;
    const { cost, ...more } = JSON.parse(stdout) as Omit<Figures, keyof Cost> & { cost: Omit<Cost, 'wallMs'> };
    return { wallMs, ...cost, ...more };
  });
  return all.slice(1).sort((a, b) => a.wallMs - b.wallMs);
}

function inMemory(path: string): SnapshotFile {
  const bytes = new Uint8Array(readFileSync(path));
  return { size: bytes.length, read: (offset, length) => bytes.slice(offset, offset + length) };
}

function* figuresOf(name: string, runs: readonly Figures[]): Generator<Result> {
  const [least, middle] = [runs[0] as Figures, runs[runs.length >> 1] as Figures];
  yield { name: `scan/${name}`, value: middle.wallMs, unit: `ms, process and Node start included (least ${least.wallMs.toFixed(0)})` };
  yield { name: `scan/${name}/cpu`, value: Math.min(...runs.map(({ cpuMs }) => cpuMs)), unit: 'ms of CPU, the least' };
  yield { name: `scan/${name}/memory`, value: Math.max(...runs.map(({ rssMiB }) => rssMiB)), unit: 'MiB resident at most' };
  const { count, touched } = middle;
  yield { name: `scan/${name}/read`, value: touched.bytes / 1024, unit: `KiB of the snapshot in ${touched.shards} shards, ${count} findings` };
}

/** `stella scan` as published, whose findings must be the bytes that the packed scanner wrote to `out`. The first run keeps what is compiled. */
function* stellaFigures(name: string, args: readonly string[], out: string, runs: number): Generator<Result> {
  const all = Array.from({ length: runs + 1 }, () => timed(args, `${out}.time`)).slice(1).sort((a, b) => a.wallMs - b.wallMs);
  if (readFileSync(out, 'utf8') !== readFileSync(`${out}.stella`, 'utf8')) throw new Error('the packed scanner writes other findings than "stella scan"');
  const [least, middle] = [all[0] as Cost, all[all.length >> 1] as Cost];
  yield { name: `scan/${name}/stella`, value: middle.wallMs, unit: `ms, "stella scan" of the document (least ${least.wallMs.toFixed(0)})` };
  yield { name: `scan/${name}/stella/cpu`, value: Math.min(...all.map(({ cpuMs }) => cpuMs)), unit: 'ms of CPU, the least' };
  yield { name: `scan/${name}/stella/memory`, value: Math.max(...all.map(({ rssMiB }) => rssMiB)), unit: 'MiB resident at most' };
}

function* warm(snapshotPath: string, components: readonly ScanComponent[]): Generator<Result> {
  const file = inMemory(snapshotPath);
  let best = 0;
  for (let i = 0; i < 6; i++) {
    const before = process.cpuUsage();
    const document = scan({ components }, new Snapshot(file), { engineVersion: engine }) as FindingsDocument;
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, document.counts.records / ((user + system) / 1e6));
  }
  yield { name: 'scan/checks', value: best, unit: 'component-record checks a second and core' };
}

/** Lists of a hundred components each, against a snapshot with a few changed records; every answer compared with a full scan. */
function* rescans(before: string, after: string, pool: readonly ScanComponent[], count: number): Generator<Result> {
  const lists = Array.from({ length: count }, (_, i) => Array.from({ length: 100 }, (__, j) => pool[(i * 37 + j * 101) % pool.length] as ScanComponent));
  const [old, fresh] = [new Snapshot(inMemory(before)), new Snapshot(inMemory(after))];
  const kept = lists.map((components) => {
    const document = scan({ components }, old, { engineVersion: engine }) as FindingsDocument;
    return { document, footprint: footprintOf(components, document) };
  });
  const looked = new Snapshot(inMemory(after));
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const changes = changesBetween(old, fresh);
  if (changes === null) throw new Error('the snapshots differ in what enriches');
  const isConcerned = concerned(changes);
  const again = new Map([...lists.entries()].filter(([i]) => isConcerned((kept[i] as (typeof kept)[number]).footprint)));
  const found = new Map([...again].map(([i, components]) => {
    const before = (kept[i] as (typeof kept)[number]).document;
    return [i, rescanList({ components }, before, old, looked, changes, { engineVersion: engine }) as FindingsDocument];
  }));
  const took = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const { shards } = looked.touched;
  for (const [i, components] of lists.entries()) {
    const full = scan({ components }, fresh, { engineVersion: engine }) as FindingsDocument;
    const ours = found.get(i);
    const isSame = ours === undefined
      ? JSON.stringify(full.findings) === JSON.stringify((kept[i] as (typeof kept)[number]).document.findings)
      : JSON.stringify(full) === JSON.stringify(ours);
    if (!isSame) throw new Error(`list ${i}: the rescan gives other findings than a full scan`);
  }
  const what = `${again.size} scanned again, ${shards} of ${fresh.manifest.shards} shards opened, all as by full scans`;
  yield { name: 'scan/rescan', value: took, unit: `ms for ${count} lists: ${what}` };
  yield { name: 'scan/rescan/cpu', value: (user + system) / 1000, unit: 'ms of CPU, the difference of the snapshots included' };
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
      const [scanner, launcher] = [await packed(folder), await published(folder)];
      const started = performance.now();
      const built = writeSnapshot(at('corpus'), folder, corpusObservations(corpora));
      yield { name: 'scan/build', value: built.records / ((performance.now() - started) / 1000), unit: `records a second, ${built.records} built` };
      const lists = [1000, 5000];
      const argsOf = (count: number, snapshot = 'corpus') => [scanner, at(`facts-${count}`), at(snapshot), engine, at(`out-${count}`)];
      const stellaArgsOf = (count: number) => [
        launcher, 'scan', at(`list-${count}.cdx.json`), '--dry-run', '--snapshot-file', at('corpus'), '--findings', `${at(`out-${count}`)}.stella`,
      ];
      if (!hasTime) left('"stella scan" as a process: no /usr/bin/time here');
      for (const count of lists) {
        const document = JSON.stringify(componentList(corpusObservations(corpora), count));
        writeFileSync(at(`list-${count}.cdx.json`), document);
        writeFileSync(at(`facts-${count}`), (await readEvidence(new TextEncoder().encode(document))).facts ?? new Uint8Array());
        yield* figuresOf(String(count), cold(argsOf(count), quick ? 3 : 9));
        if (hasTime) yield* stellaFigures(String(count), stellaArgsOf(count), at(`out-${count}`), quick ? 3 : 9);
        if (quick) continue;
        yield* figuresOf(`${count}/evicted`, cold(argsOf(count), 3, [at('corpus'), at(`facts-${count}`), scanner]));
      }
      const pool = [...decodeList(new Uint8Array(readFileSync(at('facts-5000')))).components];
      yield* warm(at('corpus'), pool);
      writeSnapshot(at('changed'), folder, changed(corpusObservations(corpora)));
      yield* rescans(at('corpus'), at('changed'), pool, quick ? 100 : 1000);
      if (quick) {
        left('900 of the 1,000 lists of the rescan, evicted files, peers, and a snapshot of 500,000 more records');
        return;
      }
      yield* peers({ folder, corpora, lists, snapshot: at('corpus'), engine, left }, {
        scanner: (count) => cold(argsOf(count), 1)[0] as Figures,
        stella: (count) => timed(stellaArgsOf(count), at('time')),
      });
      writeSnapshot(at('large'), folder, (function* () {
        yield* corpusObservations(corpora);
        yield* syntheticObservations(500_000);
      })());
      yield* figuresOf('1000 of 511,788 records', cold(argsOf(1000, 'large'), 5));
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
