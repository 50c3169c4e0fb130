// Ledgers whose operator lies, with trees that are right: what a full reader finds, with one code for each lie, and what a pack's reader does.
import { describe, expect, test } from 'vitest';
import { auditLog, auditReadings } from '../../actions/audit-log.ts';
import { RecentRoots } from '../../actions/recent-roots.ts';
import { encodeUtf8, equalBytes, parseHex } from '../../ledger/bytes.ts';
import { decodeCbor, encodeCbor } from '../../ledger/events/index.ts';
import { nativeHasher } from '../../ledger/log/engine.ts';
import { fsck } from '../../ledger/log/fsck.ts';
import { Frontier, leafHash } from '../../ledger/merkle/index.ts';
import { openMemory } from '../../ledger/store/memory.ts';
import { packEntries } from '../../ledger/store/packed.ts';
import { encodePackStreams, memorySource, streamsName, verifyPack } from '../../verify/pack/index.ts';
import { cyclonedx, image, other, type Bench } from '../actions/kit.ts';
import { Dice } from '../projections/history.ts';
import { World } from '../log/kit.ts';
import { busyBench, decide, membersOf, packed, resigned, trust, verdictOf } from './kit.ts';

const stream = `artifact:sha256:${image}`;

interface Changed {
  type: string;
  data: Record<string, unknown>;
  streams: { name: string; version: number; prev?: number }[];
}

/** What a ledger holds, as its operator signed it. */
interface Ledger {
  readonly entries: readonly Uint8Array[];
  readonly bench: Bench;
}

/**
 * A writer that lies: entries as an honest one has them, one of them changed, committed with the root that follows from them.
 *
 * @param at - the entry that is changed; its place in what the honest writer wrote
 */
async function lyingWriter({ bench }: { bench: Bench }, at: number, change: (event: Changed) => void): Promise<{ world: World; ledger: Ledger }> {
  const entries: Uint8Array[] = [];
  for await (const entry of bench.log.entries()) entries.push(entry);
  const event = decodeCbor(entries[at] as Uint8Array) as unknown as Changed;
  change(event);
  entries[at] = encodeCbor(event as never);
  const world = new World();
  const store = openMemory(world.state);
  const tree = new Frontier();
  for (const [start, entry] of entries.entries()) {
    tree.append(leafHash(entry));
    await store.commit({ epoch: 0, run: { start, count: 1, packed: packEntries([entry]) }, time: 1, root: tree.root(), tiles: [], writes: [] });
  }
  return { world, ledger: { entries, bench } };
}

/** What `fsck` finds, and what `verify --audit` does, by entry and code. */
async function bothFind({ state }: World, { entries, bench: { payloads } }: Ledger): Promise<{ fsck: string[]; audit: string[] }> {
  const tree = new Frontier();
  for (const entry of entries) tree.append(leafHash(entry));
  const head = { size: tree.size, root: tree.root() };
  const all = async function* () { yield* entries; };
  const found: string[] = [];
  for await (const { where, what } of fsck({ store: openMemory(state) })) {
    // What cannot be rebuilt from a lie is said as well, in words.
    if (/^[A-Z_]+:/.test(what)) found.push(`${where} ${what.split(':')[0]}`);
  }
  for await (const { index, code } of auditReadings(all(), head, payloads)) found.push(`entry ${index} ${code}`);
  const audit: string[] = [];
  for await (const { index, code } of auditLog(all(), head, payloads)) audit.push(`entry ${index} ${code}`);
  return { fsck: found.sort(), audit: audit.sort() };
}

/** Two decisions on one state: the first, which moves nothing, stands between what the second read and itself. */
async function decidedTwice(): Promise<{ bench: Bench; between: number }> {
  const bench = await busyBench();
  const { size, root } = bench.log.published;
  const { root: index } = await bench.log.readStreamIndex();
  const before = (await eventsOf(bench)).at(-1) as number;
  const between = await decide(bench, [stream, 'trust']);
  await decide(bench, [stream, 'trust'], (data, pins) => {
    const pin = pins.find(([name]) => name === stream) as [string, number, number];
    [pin[1], pin[2]] = [pin[1] - 1, before];
    return { ...data, tree: { size, root: ['sha256', root] as const }, index: ['sha256', index] as const };
  });
  return { bench, between };
}

type Edit = NonNullable<Parameters<typeof decide>[2]>;

const sbomOf = (version: number) => cyclonedx({ components: [{ type: 'library', name: `z${version}`, version: '1', 'bom-ref': 'z' }] });

/** The indexes of the artifact's events, oldest first. */
async function eventsOf({ log }: Bench): Promise<number[]> {
  const indexes: number[] = [];
  for await (const { index } of log.stream(stream)) indexes.unshift(index);
  return indexes;
}

/** Three artifacts' worth of entries, a decision, and one more document after it. */
async function honest(): Promise<{ bench: Bench; decision: number; last: number }> {
  const bench = await busyBench();
  const decision = await decide(bench, [stream, 'trust', 'vuln:CVE-2026-1']);
  await bench.addOne('about both of them\n', { subjects: [['sha256', parseHex(image)], ['sha256', parseHex(other)]], media: 'text/plain' });
  return { bench, decision, last: bench.log.published.size - 1 };
}

describe('a full reader catches an operator who', async () => {
  const ledger = await honest();
  const { decision, last } = ledger;

  test('says nothing, where nothing is wrong', async () => {
    const { world, ledger: told } = await lyingWriter(ledger, last, () => {});
    expect(await bothFind(world, told)).toEqual({ fsck: [], audit: [] });
  });

  test.each<[string, number, (event: Changed) => void, string[]]>([
    ['leaves a stream tag off', last, ({ streams }) => streams.pop(), [`entry ${last} AUDIT_STREAMS_WRONG`]],
    ['adds a tag that does not follow', last, ({ streams }) => streams.push({ name: 'trust', version: 1 }), [`entry ${last} AUDIT_STREAMS_WRONG`]],
    ['forks a version', last, ({ streams }) => (streams[0]!.version -= 1), [`entry ${last} AUDIT_VERSION_WRONG`]],
    ['forks a stream from an earlier event', last, ({ streams }) => (streams[0]!.prev = 0), [`entry ${last} AUDIT_PREV_WRONG`]],
    ['commits to a false index root', decision, ({ data }) => (data['index'] = ['sha256', new Uint8Array(32).fill(1)]),
      [`entry ${decision} AUDIT_INDEX_WRONG`]],
    ['names a tree that never was', decision, ({ data }) => ((data['tree'] as { root: unknown }).root = ['sha256', new Uint8Array(32)]),
      [`entry ${decision} TREE_ROOT_WRONG`]],
  ])('%s', async (_, at, change, codes) => {
    const { world, ledger: told } = await lyingWriter(ledger, at, change);
    expect(await bothFind(world, told)).toEqual({ fsck: codes, audit: codes });
  });

  test('pins an old head', async () => {
    const bench = await busyBench();
    const old = await decide(bench, [stream, 'trust'], (data, pins) => {
      const pin = pins.find(([name]) => name === stream) as [string, number, number];
      [pin[1], pin[2]] = [pin[1] - 1, 4];
      return data;
    });
    const absent = await decide(bench, [stream, 'trust'], (data, pins) => {
      // As if nothing had ever been said of it.
      (pins.find(([name]) => name === stream) as unknown[]).splice(1, 2, 0);
      return data;
    });
    const codes = [`entry ${old} DECISION_PIN_WRONG`, `entry ${absent} DECISION_PIN_WRONG`];
    const { world, ledger: told } = await lyingWriter({ bench }, 0, () => {});
    expect(await bothFind(world, told)).toEqual({ fsck: codes, audit: codes });
    for (const index of [old, absent]) expect(verdictOf(await packed(bench, { kind: 'decision', decision: index }))).toBe('PACK_SCOPE_UNMET');
  });

  test('decides on the state of before, in which what speaks against it had not come yet', async () => {
    const bench = await busyBench();
    const { size, root } = bench.log.published;
    const { root: index } = await bench.log.readStreamIndex();
    const speak = () => bench.addOne(sbomOf(bench.log.published.size), {});
    await speak();
    await speak();
    const onOld: Edit = (data, pins) => {
      const pin = pins.find(([name]) => name === stream) as [string, number, number];
      // Each of the two brought one event.
      [pin[1], pin[2]] = [pin[1] - 2, lastBefore];
      return { ...data, tree: { size, root: ['sha256', root] as const }, index: ['sha256', index] as const };
    };
    const lastBefore = (await eventsOf(bench)).at(-3) as number;
    const old = await decide(bench, [stream, 'trust'], onOld);
    const { world, ledger: told } = await lyingWriter({ bench }, 0, () => {});
    expect(await bothFind(world, told)).toEqual({ fsck: [`entry ${old} DECISION_STATE_OLD`], audit: [`entry ${old} DECISION_STATE_OLD`] });
    // Its pack shows the state that it read, and says what it does not show.
    const pack = verifyPack(memorySource(await packed(bench, { kind: 'decision', decision: old })), trust);
    const said = [`that nothing it read was moved between size ${size} and its own entry ${old}`];
    expect(pack).toMatchObject({ ok: true, notProven: expect.arrayContaining(said) });
  });

  test('and no honest one, which went past other decisions, or said that it kept being moved', async () => {
    const bench = await busyBench();
    const { size, root } = bench.log.published;
    const { root: index } = await bench.log.readStreamIndex();
    const before = (await eventsOf(bench)).at(-1) as number;
    const past = (moved: boolean, by: number): Edit => (data, pins) => {
      const pin = pins.find(([name]) => name === stream) as [string, number, number];
      [pin[1], pin[2]] = [pin[1] - by, before];
      const codes = moved ? { codes: ['STATE_MOVED'] } : {};
      return { ...data, ...codes, tree: { size, root: ['sha256', root] as const }, index: ['sha256', index] as const };
    };
    // A decision stands in the stream of its artifact, and moves nothing.
    await decide(bench, [stream, 'trust']);
    await decide(bench, [stream, 'trust'], past(false, 1));
    await bench.addOne(sbomOf(1));
    await decide(bench, [stream, 'trust'], past(true, 3));
    const { world, ledger: told } = await lyingWriter({ bench }, 0, () => {});
    expect(await bothFind(world, told)).toEqual({ fsck: [], audit: [] });
  });

  test.each<[string, (event: Changed, between: number) => void, string]>([
    ['which says that it goes on from itself', ({ streams }, between) => (streams[0]!.prev = between), 'AUDIT_PREV_WRONG'],
    ['which says that it goes on from a later one', ({ streams }, between) => (streams[0]!.prev = between + 1), 'AUDIT_PREV_WRONG'],
    ['which is of no known type', (event) => (event.type = 'decision.unheard'), 'AUDIT_EVENT_UNKNOWN'],
  ])('puts an entry between what a decision read and itself, %s: a full reader comes to an end', async (_, change, code) => {
    const { bench, between } = await decidedTwice();
    const { world, ledger: told } = await lyingWriter({ bench }, between, (event) => change(event, between));
    const codes = [`entry ${between} ${code}`];
    expect(await bothFind(world, told)).toEqual({ fsck: codes, audit: codes });
  });

  test('has a decision stand on an older index in its pack, under which an old head is the last', async () => {
    const bench = await busyBench();
    // The state at which the artifact's last event had not come yet, as the index of then shows it.
    const { index: stated } = await bench.log.stateIndex();
    await bench.addOne('what speaks against it\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
    const decision = await decide(bench, [stream, 'trust'], (data, pins) => {
      const pin = pins.find(([name]) => name === stream) as [string, number, number];
      [pin[1], pin[2]] = [pin[1] - 1, stated - 1];
      return data;
    });
    const before = await bench.log.readStreamIndexAt(stated);
    const pack = await packed(bench, { kind: 'decision', decision });
    const answer = verifyPack(memorySource(await packed(bench)), trust);
    if (!answer.ok) throw new Error(answer.message);
    const members = membersOf(pack);
    const streams = ['ledger', stream, 'trust'].map((name) => ({ name, head: before.prove(name) }))
      .map(({ name, head }) => ({ name, head, version: head.claim === 'present' ? head.version : 0 })).sort((a, b) => (a.name < b.name ? -1 : 1));
    members.set(streamsName, encodePackStreams({ stated, growth: [], trees: [], streams }));
    const speaking = [...answer.streams.get(stream)?.events ?? []].find(({ index }) => index > stated && index < decision);
    members.delete(`receipts/${speaking?.index}.json`);
    const forged = verifyPack(memorySource(await resigned(members, (manifest) => ({
      ...manifest, withheld: manifest.withheld.filter(({ entry }) => entry !== speaking?.index),
    }))), trust);
    expect(forged).toMatchObject({ ok: false, code: 'PACK_SCOPE_UNMET', message: expect.stringContaining(`speaks of ${stated} entries`) });
  });

  test('names another tree in an export', async () => {
    const exports = await honest();
    await packed(exports.bench);
    const at = exports.bench.log.published.size - 1;
    const { world, ledger: told } = await lyingWriter(exports, at, ({ data }) => ((data['tree'] as { root: unknown }).root = ['sha256', new Uint8Array(32)]));
    expect(await bothFind(world, told)).toEqual({ fsck: [`entry ${at} TREE_ROOT_WRONG`], audit: [`entry ${at} TREE_ROOT_WRONG`] });
  });
});

describe('that no event names something', async () => {
  const bench = await busyBench();
  const vuln = 'vuln:CVE-2026-1';
  const before = await decide(bench, [stream, 'trust', vuln]);
  const facts = '{"semantics":1}';
  await bench.payloads.put([encodeUtf8(facts)], facts.length);
  await bench.addOne(JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'https://supplier.example/1', author: 'supplier', timestamp: '2026-11-01T00:00:00Z', version: 1,
    statements: [{ vulnerability: { name: 'CVE-2026-1' }, products: [{ '@id': 'pkg:npm/x@1' }], status: 'affected', action_statement: 'update' }],
  }));
  const after = await decide(bench, [stream, 'trust', vuln]);
  const [absentPack, presentPack] = [await packed(bench, { kind: 'decision', decision: before }), await packed(bench, { kind: 'decision', decision: after })];
  const linesOf = (pack: Uint8Array) => new TextDecoder().decode(membersOf(pack).get(streamsName)).split('\n');
  const lineOf = (pack: Uint8Array) => linesOf(pack).find((line) => line.includes(vuln)) as string;

  /** The pack with another line about the stream, signed by whoever holds the ledger's key, without the events that name it. */
  async function claiming(line: string): Promise<string> {
    const members = membersOf(presentPack);
    members.set(streamsName, encodeUtf8(linesOf(presentPack).map((one) => (one.includes(vuln) ? line : one)).join('\n')));
    return verdictOf(await resigned(members));
  }

  test('is proven by the pack of a decision that looked for it', () => {
    const answer = verifyPack(memorySource(absentPack), trust);
    if (!answer.ok) throw new Error(answer.message);
    expect(answer.streams.get(vuln)).toEqual({ name: vuln, version: 0, events: [] });
    expect(answer.proven).toContainEqual(expect.stringMatching(/^4 streams are there whole: .*, and that 2 of them had no event$/));
    expect(lineOf(absentPack)).toContain('"claim":"absent"');
    const present = verifyPack(memorySource(presentPack), trust);
    expect(present.ok && present.streams.get(vuln)?.version).toBe(1);
  });

  test('cannot be claimed where one does: neither by an older proof, nor by an absence of nothing, nor by leaving the event out', async () => {
    expect(await claiming(lineOf(presentPack))).toBe('HEAD');
    expect(await claiming(lineOf(absentPack).replace(/,?$/, lineOf(presentPack).endsWith(',') ? ',' : ''))).toBe('STREAM_PROOF_ROOT_MISMATCH');
    expect(await claiming(lineOf(presentPack).replace('"version":1', '"version":0'))).toBe('STREAM_INCOMPLETE');
    const empty = lineOf(presentPack).replace('"version":1', '"version":0')
      .replace(/"head":.*\}(,?)$/, '"head":{"claim":"absent","siblings":[],"leaf":null}}$1');
    expect(await claiming(empty)).toBe('STREAM_PROOF_ROOT_MISMATCH');
    const members = membersOf(presentPack);
    const answer = verifyPack(memorySource(presentPack), trust);
    if (!answer.ok) throw new Error(answer.message);
    members.delete(`receipts/${answer.streams.get(vuln)?.events[0]?.index}.json`);
    expect(verdictOf(await resigned(members))).toBe('STREAM_INCOMPLETE');
  });
});

test('roots of a while ago are those that the tree had, as far back as anybody looks', () => {
  const dice = new Dice(Date.now() % 1_000_000);
  const [recent, tree, roots] = [new RecentRoots(nativeHasher), new Frontier(nativeHasher), [new Frontier(nativeHasher).root()]];
  for (let size = 1; size <= 70_000; size++) {
    const leaf = nativeHasher.leaf(encodeUtf8(`${size}`));
    recent.append(leaf);
    tree.append(leaf);
    roots[size] = size % 97 === 0 || size % 256 < 2 ? tree.root() : (undefined as never);
    if (size % 1000 !== 0) continue;
    for (let i = 0; i < 3; i++) {
      const back = dice.roll(Math.min(size, 65_536));
      const at = [size - back - ((size - back) % 97), size - back - ((size - back) % 256)].find((one) => size - one <= 65_536 && roots[one] !== undefined);
      if (at !== undefined) expect(equalBytes(recent.rootAt(at) as Uint8Array, roots[at] as Uint8Array)).toBe(true);
    }
  }
  expect([recent.rootAt(70_001), recent.rootAt(70_000 - 65_537)]).toEqual([null, null]);
  expect(recent.rootAt(70_000)).toEqual(tree.root());
});
