// Determinism across processes: other Node versions, time zones, languages, orders, and a part in place of the whole give the same bytes.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFacts } from '../../../evidence/index.ts';
import { encodeFindings, inputOfFacts, scan, shardsUsed, Snapshot, type FindingsDocument } from '../../../scanner/index.ts';
import { parseFacts } from '../../../evidence/facts.ts';
import { program } from '../../../tools/bundle.ts';
import { build, fileOf, observationOf } from '../snapshot/memory.ts';

const folder = mkdtempSync(join(tmpdir(), 'stella-scan-'));
const at = (name: string) => join(folder, name);
/** Letters whose case and order depend on the language. */
const names = ['i', 'I', 'ı', 'ß', 'z', 'ä', 'a', 'Z', 'ç', 'Ç'];
/** Every Node at hand; the program is for 20 and later. */
const nodes = [...new Set((process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'node')))].filter((node) => existsSync(node));

const component = (name: string) => ({
  ref: name, type: 'library', name, version: '1.0.0', purl: `pkg:npm/${encodeURIComponent(name)}@1.0.0`,
  cpes: [], licences: [], hashes: [], paths: [], layers: [],
});
const factsOf = (list: readonly string[]) => {
  const edges = list.filter((name) => name !== 'i').map((to) => ({ from: 'i', to, kind: 'depends' as const }));
  return encodeFacts({ sbom: { identity: null, created: null, root: 'i', components: list.map(component), edges, subjects: [] } });
};

beforeAll(async () => {
  const { bytes, built } = build(names.map((name, i) => observationOf('s', {
    id: `X-${i}`, affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
  })));
  const facts = factsOf(names);
  writeFileSync(at('scan.mjs'), await program('cli/programs/scan.ts'));
  writeFileSync(at('snapshot'), bytes);
  writeFileSync(at('facts'), facts);
  writeFileSync(at('facts-reversed'), factsOf(names.toReversed()));
  writeFileSync(at('part'), shardsUsed(fileOf(bytes), built.digest, inputOfFacts(parseFacts(facts)), { engineVersion: '1.0.0' }).bytes);
  const document = scan(inputOfFacts(parseFacts(facts)), new Snapshot(fileOf(bytes)), { engineVersion: '1.0.0' }) as FindingsDocument;
  expect(document.counts.affected).toBe(names.length);
  writeFileSync(at('here'), encodeFindings(document));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

let runs = 0;

function run(node: string, list: string, snapshot: string, environment: Record<string, string> = {}): Promise<string> {
  const out = at(`out-${(runs += 1)}`);
  return new Promise((resolve, reject) => {
    const args = [at('scan.mjs'), at(list), at(snapshot), '1.0.0', out];
    const child = spawn(node, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('exit', (code) => (code === 0 ? resolve(readFileSync(out, 'utf8')) : reject(new Error(`ended with ${code}: ${stderr}`))));
  });
}

describe('the same bytes', () => {
  const here = () => readFileSync(at('here'), 'utf8');

  test.each(nodes)('by %s', async (node) => {
    expect(await run(node, 'facts', 'snapshot')).toBe(here());
  });

  test.each([
    ['in another place and language', 'facts', 'snapshot', { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }],
    ['from a list in another order', 'facts-reversed', 'snapshot', { TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C' }],
    ['from the part that a decision pack carries', 'facts', 'part', {}],
  ])('%s', async (_, list, snapshot, environment) => {
    expect(await run(process.execPath, list, snapshot, environment)).toBe(here());
  });

  test('by processes beside each other, the first to read the file and the last', async () => {
    expect(await Promise.all(Array.from({ length: 3 }, () => run(process.execPath, 'facts', 'snapshot')))).toEqual([here(), here(), here()]);
  });
});
