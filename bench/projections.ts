// projections: folding a log into documents, over 300-byte events in two streams each; what live tables cost an append.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readPayload } from '../actions/sealed-payload.ts';
import { decodeUtf8, encodeUtf8 } from '../ledger/bytes.ts';
import { asSet, prepareDraft, streamsOfDraft, writeEntry, type Draft, type NewEvent } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import { createLog } from '../ledger/log/log.ts';
import { openPayloads } from '../ledger/store/payloads.ts';
import { packEntries } from '../ledger/store/packed.ts';
import { openSqlite } from '../ledger/store/sqlite.ts';
import { projectionList } from '../projections/gate-critical.ts';
import { Inventory, type InventoryFacts } from '../projections/inventory.ts';
import { MemoryFold } from '../projections/memory.ts';
import { LiveProjector, projectionTables } from '../projections/tables.ts';
import type { Bench, Result } from './bench.ts';
import { catchingUp } from './catch-up.ts';
import { BenchLedger } from './ledger.ts';
import { artifactOf, by, mixed, payload } from './mixed.ts';

const runLength = 256;

/** One in 10,000 is a decision. */
function deciding(number: number): NewEvent {
  return number % 10_000 === 1 ? decision(number) : mixed(number);
}

function decision(number: number): NewEvent<'decision.recorded'> {
  const digest = ['sha256', new Uint8Array(32)] as const;
  const semantics = { rego: 1, input: 1, vex: 1, waiver: 1, trust: 1, facts: 1, coverage: 1, gate: 1 };
  const data = {
    artifact: artifactOf(number), policy: 'base', tree: { size: number, root: digest }, index: digest, effective: 1_795_267_127_000 + number,
    outcome: 'deny' as const, codes: ['SCAN_MISSING'], capabilities: digest, semantics, limits: { steps: 1, outputBytes: 1, depth: 1 },
    facts: { count: 0, digest }, pins: 1, attempts: 1,
  };
  return { type: 'decision.recorded', by, data, payloads: [payload('pins', number)] };
}

/** Every event moves two documents. */
function evidence(number: number): NewEvent {
  const subjects = asSet([artifactOf(number), artifactOf(number + 7)]);
  const data = { subjects, format: 'sarif' as const, semantics: 1, results: 12, deviations: 0 };
  return { type: 'report.ingested', by, data, payloads: [payload('document', number), payload('facts', number)] };
}

/** Entries as the log writes them, in runs as it stores them. */
function runsOf(make: (number: number) => NewEvent, count: number): { runs: { count: number; packed: Uint8Array }[]; bytes: number } {
  const heads = new Map<string, { version: number; index: number }>();
  const runs = [];
  let bytes = 0;
  for (let start = 0; start < count; start += runLength) {
    const entries = Array.from({ length: Math.min(runLength, count - start) }, (_, i) => entryOf(prepareDraft(make(start + i), sha256), start + i, heads));
    const packed = packEntries(entries);
    bytes += packed.length - 2 * entries.length;
    runs.push({ count: entries.length, packed });
  }
  return { runs, bytes: bytes / count };
}

function entryOf(draft: Draft, index: number, heads: Map<string, { version: number; index: number }>): Uint8Array {
  const before = streamsOfDraft(draft).map((name) => {
    const head = heads.get(name) ?? { version: 0, index: 0 };
    heads.set(name, { version: head.version + 1, index });
    return head;
  });
  const arena = new Uint8Array(draft.entryBytesMax);
  const end = writeEntry(draft, 1_795_267_127_000 + index, before.map(({ version }) => version + 1), before.map((head) => head.index), 0, arena, 0);
  return arena.subarray(0, end);
}

/** The same entries again and again at later places: what streams say of versions does not matter to a fold. */
function foldAll(
  runs: readonly { count: number; packed: Uint8Array }[], total: number, projections = projectionList,
): { fold: MemoryFold; perSecond: number } {
  const fold = new MemoryFold(projections);
  const cpu = process.cpuUsage();
  while (fold.size < total) for (const { count, packed } of runs) fold.addRun({ start: fold.size, count, packed });
  const { user, system } = process.cpuUsage(cpu);
  return { fold, perSecond: (fold.size * 1e6) / (user + system) };
}

export const projections: Bench = {
  async *run({ quick, left }) {
    const some = quick ? 50_000 : 200_000;
    for (const [name, make] of [['fold', deciding], ['fold-evidence', evidence]] as const) {
      const { runs, bytes } = runsOf(make, some);
      foldAll(runs, some);
      const { fold, perSecond } = foldAll(runs, quick ? 200_000 : 1_000_000);
      yield { name: `projections/${name}`, value: perSecond, unit: `events/s of processor time, ${Math.round(bytes)} bytes each` };
      const cpu = process.cpuUsage();
      let documents = 0;
      for (const { name: one } of projectionList) {
        fold.digest(one);
        documents += fold.all(one as never).size;
      }
      const { user, system } = process.cpuUsage(cpu);
      yield { name: `projections/${name}/digest`, value: (documents * 1e6) / (user + system), unit: 'documents/s of processor time' };
    }
    const { runs } = runsOf(deciding, some);
    const alone = foldAll(runs, quick ? 400_000 : 2_000_000, projectionList.filter(({ name }) => name === 'trust'));
    yield { name: 'projections/fold-unread', value: alone.perSecond, unit: 'events/s of processor time, by a projection that reads none of them' };
    yield* opening(quick ? 100 : 1000);
    yield* catchingUp(quick ? 100 : 1000, quick ? 10_000 : 200_000);
    yield* appending(quick ? 100 : 400);
    if (!quick) yield* atTenMillion();
    else left('memory at 10 million events');
  },
};

/** What a document's row in the commit costs: the same events into two ledgers, in turns, one of them with live tables. */
async function* appending(rounds: number): AsyncGenerator<Result> {
  const kinds = [['counting-two', stored, 100], ['moving-two', evidence, 100], ['moving-two-alone', evidence, 1], ['moving-3200', evidence, 3_200]] as const;
  for (const [name, make, perCall] of kinds) {
    const ledgers = [new BenchLedger(), new BenchLedger()] as const;
    const plain = await ledgers[0].create(false);
    const ports = ledgers[1].ports(false);
    await ports.store.close();
    const store = openSqlite(ledgers[1].directory, { tables: projectionTables });
    const live = await createLog({ ...ports, store, projector: new LiveProjector(store) }, ledgers[1].genesis(ports.signer));
    const used = [0, 0];
    let number = 0;
    // As many events for the largest calls as for others.
    const measured = perCall > 1_000 ? Math.ceil(rounds / 10) : rounds;
    for (let round = -2; round < measured; round++) {
      const commands = Array.from({ length: perCall }, () => ({ drafts: [prepareDraft(make(number++), sha256)] }));
      for (const [i, log] of [plain, live].entries()) {
        const cpu = process.cpuUsage();
        await log.append(commands);
        const { user, system } = process.cpuUsage(cpu);
        if (round >= 0) used[i] = (used[i] as number) + user + system;
      }
    }
    const each = used.map((micros) => micros / (measured * perCall)) as [number, number];
    yield { name: `projections/append/${name}`, value: each[1] - each[0], unit: `µs an event of processor time, beside ${each[0].toFixed(1)} without tables` };
    await plain.close();
    await live.close();
    for (const ledger of ledgers) await ledger.remove();
  }
}

function stored(number: number): NewEvent {
  return { type: 'document.stored', by, data: { subjects: asSet([artifactOf(number), artifactOf(number + 7)]) }, payloads: [payload('document', number)] };
}

async function* atTenMillion(): AsyncGenerator<Result> {
  const { runs } = runsOf(deciding, 200_000);
  const before = memoryHeld();
  const { fold, perSecond } = foldAll(runs, 10_000_000);
  const held = memoryHeld() - before;
  yield { name: 'projections/fold-10m', value: perSecond, unit: `events/s of processor time to ${fold.size} events` };
  yield { name: 'projections/fold-10m/memory', value: Math.round(held / 1e6), unit: 'MB that all documents take' };
}

/** Bytes that are in use: what earlier figures of the process left behind is collected first. */
function memoryHeld(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Facts of 500 components each on disk, each digest checked and opened once, into one inventory. */
async function* opening(count: number): AsyncGenerator<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'stella-bench-'));
  const payloads = openPayloads(directory);
  const digests: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const components = Array.from({ length: 500 }, (_, j) => {
      const version = `1.${(i + j) % 40}.0`;
      return { licences: ['MIT'], name: `package-${j}`, purl: `pkg:npm/package-${j}@${version}`, type: 'library', version };
    });
    const bytes = encodeUtf8(JSON.stringify({ components, semantics: 1, tool: { name: `${i}` } }));
    digests.push((await payloads.put([bytes], bytes.length)).digest);
  }
  const inventory = new Inventory();
  const cpu = process.cpuUsage();
  for (const [entry, digest] of digests.entries()) {
    const facts = JSON.parse(decodeUtf8(await readPayload(payloads, digest))) as InventoryFacts;
    inventory.add({ artifact: digest, entry }, facts);
  }
  const { user, system } = process.cpuUsage(cpu);
  rmSync(directory, { recursive: true });
  yield { name: 'projections/inventory', value: (inventory.components * 1e6) / (user + system), unit: 'components/s of processor time, facts on disk' };
}
