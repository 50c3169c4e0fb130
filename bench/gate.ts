// npm run bench -- gate: from the call to the acknowledged decision, in a running process and as a command.
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gate } from '../actions/gate.ts';
import { publishPolicy } from '../actions/publish-policy.ts';
import { LiveState, StreamState } from '../actions/stream-state.ts';
import { prepareDraft, type NewEvent, type PayloadReference } from '../ledger/events/index.ts';
import { encodeUtf8, formatHex } from '../ledger/bytes.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { openPayloads } from '../ledger/store/payloads.ts';
import { openQueries } from '../ledger/store/queries.ts';
import { PolicyShelf } from '../policy/gate/decide.ts';
import { parseJson, type RegoObject } from '../policy/index.ts';
import { DocumentReader, type DocumentTables } from '../projections/reader.ts';
import type { Finding } from '../scanner/match/findings.ts';
import type { Bench, Result } from './bench.ts';
import { BenchLedger } from './ledger.ts';

export const subject = ['sha256', new Uint8Array(32).fill(4)] as const;
const by = { kind: 'person', auth: 'local', person: new Uint8Array(16) } as const;
const digestOf = (text: string) => ['sha256', sha256(encodeUtf8(text))] as const;
export const CONFIG = '{"stella": {"config": {"builders": {"b": 3}, "epss": 1, '
  + '"require": ["criticals", "exploits", "inclusion", "licences", "provenance", "sbom"]}}}';
const SEVERITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;

export const bench: Bench = {
  async *run({ quick, left }): AsyncIterable<Result> {
    const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 50_000];
    if (quick) left('50,000 findings');
    for (const size of sizes) yield* gates(size, quick ? 12 : 30);
    yield { name: 'gate/memory', value: process.memoryUsage().rss / 2 ** 20, unit: 'MiB resident' };
    yield cold();
  },
};

/** One artifact with so many findings of 5,000 components, 200 VEX statements, and the shipped library. */
async function* gates(size: number, times: number): AsyncIterable<Result> {
  const ledger = new BenchLedger();
  const log = await ledger.create(true, 'event', true);
  const payloads = openPayloads(join(ledger.directory, 'payloads'));
  const queries = openQueries<DocumentTables>(ledger.directory);
  try {
    const put = async (role: string, value: unknown): Promise<PayloadReference> => {
      const bytes = encodeUtf8(JSON.stringify(value));
      const stored = await payloads.put([bytes], bytes.length);
      return { role, size: stored.size, media: 'application/json', digest: ['sha256', stored.digest] };
    };
    const otherScan = await fill(log, put, size);
    const modules = globSync('policy/library/*.rego').filter((file) => !file.endsWith('_test.rego'))
      .map((file) => ({ file: basename(file), text: readFileSync(file, 'utf8') }));
    const bundle = { modules, data: parseJson(CONFIG) as RegoObject, revision: '', regoVersion: 1 as const };
    const pepper = new Uint8Array(32);
    await publishPolicy({ log, payloads, pepper }, { name: 'release', bundle, entrypoints: ['data.stella.gate.allow'] }, by);
    const ports = {
      log, payloads, pepper, policies: new PolicyShelf(), now: Date.now,
      stateAt: (at: number) => new LiveState(new StreamState(log, payloads, at), new DocumentReader(at, log, queries)),
    };
    const taken: number[] = [];
    const used: number[] = [];
    for (let i = 0; i < times; i++) {
      const [started, cpu] = [performance.now(), process.cpuUsage()];
      const { data } = await gate(ports, { artifact: subject[1], policy: 'release' }, by);
      taken.push(performance.now() - started);
      const { user, system } = process.cpuUsage(cpu);
      used.push((user + system) / 1_000);
      if (data.counts?.findings !== size || data.input === undefined || data.result === undefined) throw new TypeError('the gate did not see it all');
    }
    const name = `gate/${size >= 1000 ? `${size / 1000}k` : size}`;
    yield { name, value: median(taken.slice(-10)), unit: 'ms to the acknowledged decision' };
    yield { name: `${name}/cpu`, value: median(used.slice(-10)), unit: 'ms of CPU' };
    yield { name: `${name}/cpu/least`, value: Math.min(...used), unit: 'ms of CPU' };
    // Findings that this process has not seen: nothing is known of them but what their bytes say. All are on the disk before the first is
    // asked about, so that no gate pays for what was made to write them.
    const [first, firstUsed]: [number[], number[]] = [[], []];
    const others: (() => Promise<number>)[] = [];
    for (let i = 0; i < newScans; i++) others.push(await otherScan(`other ${i}`));
    for (const record of others) {
      await record();
      const [started, cpu] = [performance.now(), process.cpuUsage()];
      await gate(ports, { artifact: subject[1], policy: 'release' }, by);
      first.push(performance.now() - started);
      const { user, system } = process.cpuUsage(cpu);
      firstUsed.push((user + system) / 1_000);
    }
    yield { name: `${name}/new-scan`, value: median(first), unit: 'ms to the acknowledged decision' };
    yield { name: `${name}/new-scan/cpu`, value: median(firstUsed), unit: 'ms of CPU' };
  } finally {
    await queries.destroy();
    await log.close();
    await ledger.remove();
  }
}

/** So many scans that the process has not seen are asked about. */
const newScans = 9;

/**
 * One artifact with so many findings of 5,000 components and 200 VEX statements.
 *
 * @returns what writes another scan with the same findings in other bytes, and gives what puts it on record
 */
export async function fill(
  log: Log, put: (role: string, value: unknown) => Promise<PayloadReference>, size: number,
): Promise<(config: string) => Promise<() => Promise<number>>> {
  const append = async (event: NewEvent) => (await log.appendOne({ drafts: [prepareDraft(event, sha256)] })).index;
  const purl = (i: number) => `pkg:npm/package-${i % 5_000}@1.${i % 7}.${i % 13}`;
  const component = (i: number) => ({ licences: ['MIT'], name: `package-${i}`, purl: purl(i), type: 'library', version: '1.0.0' });
  const components = Array.from({ length: 5_000 }, (_, i) => component(i));
  const at = Date.now();
  const sbom = await append({
    type: 'sbom.ingested', by, data: { subjects: [subject], format: 'cyclonedx', semantics: 1, components: 5_000, deviations: 0 },
    payloads: [await put('document', 'sbom'), await put('facts', { components, semantics: 1 })], claimed: { at, text: new Date(at).toISOString() },
  });
  await append({
    type: 'feed.imported', by, data: { feed: 'osv', snapshot: digestOf('snapshot'), records: 1, refused: 0, sources: [] },
    payloads: [await put('snapshot', 's')],
  });
  const findings = Array.from({ length: size }, (_, i): Finding => ({
    aliases: [`GHSA-${i}`], component: {
      entryTrace: { reason: 'not_traced', state: 'unknown' }, layers: [], name: `package-${i % 5_000}`,
      paths: [`/app/node_modules/package-${i % 5_000}/package.json`], purl: purl(i), refs: [String(i)], version: '1.0.0',
    },
    conflicts: [], epss: '0.00042', fingerprint: formatHex(sha256(encodeUtf8(String(i)))), id: `CVE-2026-${i}`, kev: false, outcome: 'affected',
    records: [{
      ecosystem: 'npm', entry: 0, fixed: ['2.0.0'], id: `GHSA-${i}`, name: `package-${i}`, outcome: 'affected', reasons: [], record: `sha256:${'0'.repeat(64)}`,
      score: '9.8', severity: 'CRITICAL', source: 'ghsa', version: '1.0.0',
    }],
    score: '9.8', severity: SEVERITIES[i % 4] as Finding['severity'], upstream: [],
  }));
  const document = {
    components: '', config: '', counts: {}, engine: { match: 1, version: '0.1.0' }, findings, format: 'stella-findings/1', snapshot: '', unmatched: [],
  };
  const completed = (payload: PayloadReference) => append({
    type: 'scan.completed', by,
    data: {
      subject, feed: 'osv', snapshot: digestOf('snapshot'), sbom: { entry: sbom, facts: digestOf('facts') }, engine: '0.1.0', semantics: 1,
      config: digestOf('c'), components: 5_000, unmatched: 0, outcomes: { affected: size, indeterminate: 0, unsupported: 0, unversioned: 0 },
      severities: { none: 0, low: size / 4, medium: size / 4, high: size / 4, critical: size / 4, unknown: 0 },
    },
    payloads: [payload],
  });
  const scan = async (config: string) => {
    const payload = await put('findings', { ...document, config });
    return () => completed(payload);
  };
  await (await scan(''))();
  const key = { id: sha256(spki), public: spki };
  await append({ type: 'trust.added', by, data: { key } });
  for (let i = 0; i < 200; i++) {
    const vulnerability = `CVE-2026-${4 * i + 3}`;
    const statements = [{ justification: 'component_not_present', product: { purls: [purl(4 * i + 3)] }, status: 'not_affected', vulnerability }];
    await append({
      type: 'vex.stated', by,
      data: {
        subjects: [subject], vulnerabilities: [vulnerability], format: 'openvex', semantics: 1, statements: 1, deviations: 0,
        signatures: [{ outcome: 'holds', keys: [['sha256', key.id]] }],
      },
      payloads: [await put('document', `vex ${i}`), await put('facts', { semantics: 1, statements })],
    });
  }
  return scan;
}

const spki = new Uint8Array(44).fill(1);

/** What a command costs before it has done anything: the runtime, the modules, no ledger. */
function cold(): Result {
  const taken = Array.from({ length: 5 }, () => {
    const started = performance.now();
    execFileSync(process.execPath, ['cli/main.ts', 'gate', '--help'], { stdio: 'ignore' });
    return performance.now() - started;
  });
  return { name: 'gate/cold', value: median(taken), unit: 'ms: "stella gate --help", from the sources' };
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;
}
