// ingest: reading a document with every guard on, schema and semantics, to its canonical facts; then with recording (record.ts).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDocument } from '../evidence/index.ts';
import type { Bench, Result } from './bench.ts';
import { recorded } from './record.ts';

/** A bill of materials as syft writes one: `components` of them, each of about 2.3 kB. */
export function bomOf(components: number): Uint8Array {
  const list = Array.from({ length: components }, (_, i) => ({
    'bom-ref': `pkg:deb/debian/lib${i}@1.${i}.0-1?arch=amd64&upstream=src${i % 700}`,
    type: 'library',
    publisher: 'Debian',
    name: `lib${i}`,
    version: `1.${i}.0-1`,
    licenses: [{ license: { id: 'MIT' } }, { license: { name: 'public-domain' } }],
    cpe: `cpe:2.3:a:lib${i}:lib${i}:1.${i}.0-1:*:*:*:*:*:*:*`,
    purl: `pkg:deb/debian/lib${i}@1.${i}.0-1?arch=amd64&upstream=src${i % 700}`,
    hashes: [{ alg: 'SHA-256', content: i.toString(16).padStart(64, 'a') }],
    properties: Array.from({ length: 12 }, (_, n) => (n % 2 === 0
      ? { name: `syft:location:${n / 2}:path`, value: `/usr/share/doc/lib${i}/file-${n}.list` }
      : { name: `syft:location:${(n - 1) / 2}:layerID`, value: `sha256:${(n % 5).toString().repeat(64)}` })),
  }));
  const refAt = (i: number) => list[i % components]!['bom-ref'];
  const dependencies = list.map((one, i) => ({ ref: one['bom-ref'], dependsOn: [...new Set([refAt(i * 7 + 1), refAt(i * 13 + 5)])] }));
  const serialNumber = 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79';
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber, version: 1, components: list, dependencies };
  return new TextEncoder().encode(JSON.stringify(document, null, 1));
}

export const ingest: Bench = {
  async *run({ quick, left }) {
    const bytes = bomOf(4900);
    const ours = await fastest(quick ? 5 : 12, async () => {
      const { facts } = await readDocument(bytes);
      if (facts === null) throw new TypeError('the bench reads a document that is not valid');
    });
    const parse = await fastest(quick ? 5 : 12, async () => void JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    yield {
      name: `ingest/read-${Math.round(bytes.length / 1e6)}mb`,
      value: ours,
      unit: 'ms',
      peer: { name: 'JSON.parse alone', version: process.version, value: parse },
      ratio: ours / parse,
    };
    yield* mixed(quick);
    yield* recorded.run({ quick, left });
    if (quick) left('ingest/read-100mb: 100 MB in a process of its own, with its largest memory');
    else yield* large();
  },
};

/** Every sample of the tests in turn: each format once, small documents. */
async function* mixed(quick: boolean): AsyncIterable<Result> {
  const folder = new URL('../test/evidence/samples/', import.meta.url);
  // XML goes through libxml2 in a worker of its own, 85 ms and more each: counted apart.
  const samples = readdirSync(folder).filter((name) => !name.endsWith('.xml')).map((name) => new Uint8Array(readFileSync(new URL(name, folder))));
  const rounds = quick ? 20 : 100;
  for (const sample of samples) await readDocument(sample);
  const started = performance.now();
  for (let i = 0; i < rounds; i++) for (const sample of samples) await readDocument(sample);
  yield { name: 'ingest/mixed', value: (rounds * samples.length * 1000) / (performance.now() - started), unit: 'documents/s' };
  const xml = new Uint8Array(readFileSync(new URL('cyclonedx.xml', folder)));
  await readDocument(xml);
  yield { name: 'ingest/xml', value: await fastest(quick ? 3 : 10, async () => void (await readDocument(xml))), unit: 'ms' };
}

async function* large(): AsyncIterable<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'stella-bench-'));
  try {
    // Made here and read there: making it takes more memory than reading it.
    const file = join(folder, 'bom.json');
    writeFileSync(file, bomOf(44_000));
    const script = `
      const { readDocument } = await import(${JSON.stringify(new URL('../evidence/index.ts', import.meta.url).href)});
      const { readFileSync } = await import('node:fs');
      const bytes = new Uint8Array(readFileSync(${JSON.stringify(file)}));
      const started = performance.now();
      const { verdict } = await readDocument(bytes);
      process.stdout.write(JSON.stringify({ verdict, ms: performance.now() - started, rss: process.resourceUsage().maxRSS / 1000 }));`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const { verdict, ms, rss } = JSON.parse(run.stdout) as { verdict: string; ms: number; rss: number };
    if (verdict !== 'valid') throw new TypeError(`the bench reads a document that is ${verdict}`);
    yield { name: 'ingest/read-100mb', value: ms, unit: 'ms' };
    yield { name: 'ingest/memory-100mb', value: rss, unit: 'MB' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function fastest(rounds: number, act: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const started = performance.now();
    await act();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}
