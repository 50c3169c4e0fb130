// Replay of packs with many decisions: of an artifact, of a period, and of the whole log; each decision answered, and what is missing named.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { exportPack } from '../../actions/export-pack.ts';
import { PackStates } from '../../actions/pack-state.ts';
import type { PackRequest } from '../../actions/pack-streams.ts';
import { replayFully } from '../../actions/replay.ts';
import { nodeEngines } from '../../cli/programs/arguments.ts';
import { replayFile, type ReplayFileOptions } from '../../cli/programs/replay-file.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { decodeEvent } from '../../ledger/events/index.ts';
import {
  encodePackStreams, manifestName, memorySource, parseManifest, streamsName, verifyPack, type VerifiedPack,
} from '../../verify/pack/index.ts';
import { memorySecrets } from '../actions/kit.ts';
import { app, Gates } from '../gate/kit.ts';
import { RandomHistory } from '../gate/histories.ts';
import { by } from '../log/kit.ts';
import { author, busyBench, bytesOf, decide, membersOf, packed, packSigner, resigned, trust, verdictOf, vkeys } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'stella-many-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function packOf({ log, payloads }: Gates, request: PackRequest): Promise<Uint8Array> {
  return bytesOf(await exportPack({ log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys }, request, by));
}

interface Told {
  readonly ends: string;
  readonly verdict: string;
  readonly counts?: Record<string, number>;
  readonly notes?: readonly string[];
  readonly decisions: readonly {
    decision: number; verdict: string; missing?: string; message?: string; outcome: string; member?: string; recorded?: string; notes?: string[];
  }[];
  readonly lines: readonly string[];
}

async function told(pack: Uint8Array, asked: ReplayFileOptions = {}, by = trust): Promise<Told> {
  const file = join(folder, 'pack.zip');
  writeFileSync(file, pack);
  const { ends, lines, members } = await replayFile(file, by, nodeEngines, asked);
  return { decisions: [], ...members, ends, lines } as unknown as Told;
}

function treeOf({ entries }: VerifiedPack, index: number): { readonly size: number } {
  const event = entries.get(index)?.event;
  if (event?.type !== 'decision.recorded') throw new TypeError('no decision');
  return event.data.tree;
}

const history = await RandomHistory.make(11);
const { gates, decisions } = history;
const made = decisions.map(({ index, outcome }) => [index, outcome]);
const end = gates.world.clock.wall;
const artifact = await packOf(gates, { kind: 'artifact', artifact: `sha256:${formatHex(app[1])}` });
const full = await packOf(gates, { kind: 'period', from: 0, to: end });

describe('every decision of a pack is made again', () => {
  test.each([['an artifact', artifact], ['the whole log', full]])('of %s: SAME, each of them', async (_, pack) => {
    const { ends, verdict, counts, decisions: answered, lines } = await told(pack);
    expect([ends, verdict, counts]).toEqual(['yes', 'SAME', { SAME: made.length, DRIFT: 0, CANNOT: 0 }]);
    expect(answered.map(({ decision, outcome }) => [decision, outcome])).toEqual(made);
    expect(lines[0]).toMatch(new RegExp(`: ${made.length} decisions, ${made.length} SAME$`));
    expect(lines.filter((line) => line === 'SAME').length).toBe(made.length);
  });

  test('one of them by its entry; what is none is refused', async () => {
    const [index, outcome] = made[4] as [number, string];
    for (const pack of [artifact, full]) {
      expect(await told(pack, { decision: index })).toMatchObject({ ends: 'yes', verdict: 'SAME', decision: index, outcome });
      expect(await told(pack, { decision: 0 })).toMatchObject({ ends: 'cannot', code: 'DECISION_UNKNOWN' });
      expect(await told(pack, { decision: index + 1000 })).toMatchObject({ ends: 'cannot', code: 'DECISION_UNKNOWN' });
    }
    const none = await packed(await busyBench(), { kind: 'period', from: 0, to: end });
    expect(await told(none)).toMatchObject({ ends: 'cannot', verdict: 'CANNOT', code: 'DECISION_UNKNOWN' });
  });

  test('nobody who says whose log it may be: shown, and not vouched for', async () => {
    expect(await told(artifact, {}, null as never)).toMatchObject({ ends: 'cannot', verdict: 'SAME', code: 'TRUST_EMPTY' });
  });
});

describe('of a period', async () => {
  const seen = await RandomHistory.make(12);
  // The last quarter of a history: the policy and the artifact began long before.
  const { at: from } = decodeEvent(await seen.gates.log.entry(seen.decisions.at(-3)?.index as number));
  const quarter = await packOf(seen.gates, { kind: 'period', from, to: seen.gates.world.clock.wall });
  const { scope } = parseManifest(membersOf(quarter).get(manifestName) as Uint8Array);
  const start = scope.kind === 'period' ? scope.start : 0;
  const meant = seen.decisions.filter(({ index }) => index >= start);

  test('what its decisions read from before it goes with it: each is SAME, and no later event comes along', async () => {
    const { ends, verdict, decisions: answered } = await told(quarter);
    expect([ends, verdict, answered.map(({ decision, outcome }) => [decision, outcome])])
      .toEqual(['yes', 'SAME', meant.map(({ index, outcome }) => [index, outcome])]);
    const answer = verifyPack(memorySource(quarter), trust);
    if (!answer.ok) throw new Error(answer.message);
    // The index is the one that the period's last decision states: nothing has to be appended to show it.
    expect(answer.indexedSize).toBe(Math.max(...meant.map(({ index }) => treeOf(answer, index).size)));
    expect([...answer.entries.keys()].some((index) => index > 0 && index < start - 1)).toBe(true);

    // A period that ends before the last of its decisions' streams go on: what came after it stays out, the ledger's own stream aside.
    const [first] = meant as [(typeof meant)[number]];
    const one = decodeEvent(await seen.gates.log.entry(first.index)).at;
    const pack = await packOf(seen.gates, { kind: 'period', from, to: one });
    const early = verifyPack(memorySource(pack), trust);
    if (!early.ok || early.manifest.scope.kind !== 'period') throw new Error('no period');
    const { end } = early.manifest.scope;
    const later = [...early.entries.values()].filter(({ index, event }) => index > end && event?.streams.every(({ name }) => name !== 'ledger'));
    expect(later).toEqual([]);
    expect((await told(pack)).verdict).toBe('SAME');
  });

  test('without what came before it, as older ledgers write it: what is missing, by name, and what to ask for', async () => {
    const members = membersOf(quarter);
    const text = new TextDecoder().decode(members.get(streamsName));
    const lines = text.split('\n');
    const only = lines.filter((line) => !line.startsWith('{"name":') || line.startsWith('{"name":"ledger"')).join('\n').replace(/,(\n\]\}\n)$/, '$1');
    const { ends, verdict, counts, decisions: answered } = await told(await resigned(new Map([...members, [streamsName, new TextEncoder().encode(only)]])));
    expect([ends, verdict, counts?.['SAME']]).toEqual(['cannot', 'CANNOT', 0]);
    for (const one of answered) {
      expect(one).toMatchObject({ verdict: 'CANNOT', missing: 'incomplete', message: expect.stringMatching(/^Cannot read the stream "artifact:sha256:/) });
      expect(one.notes).toEqual([`the pack of this decision alone has what it read: ask for "stella export pack --decision ${one.decision}"`]);
    }
    expect(answered.length).toBeGreaterThan(0);
  });

  test('under an index that speaks of less than a decision read: what came between is in the period, or it cannot be told', async () => {
    // Stated by the first of its decisions, the pack shows the others' streams by what the period itself holds without gaps.
    const [first, last] = [meant[0]?.index as number, meant.at(-1)?.index as number];
    const { log } = seen.gates;
    const answer = verifyPack(memorySource(quarter), trust);
    if (!answer.ok) throw new Error(answer.message);
    const { size } = treeOf(answer, first);
    const index = await log.readStreamIndexAt(size);
    const streams = [...answer.streams.values()].map(({ name, version }) => {
      const head = index.prove(name);
      return { name, head, version: name === 'ledger' ? version : head.claim === 'present' ? head.version : 0 };
    });
    const trees = await Promise.all(meant.map(async (one) => ({
      decision: one.index, growth: await log.proveConsistency(treeOf(answer, one.index).size, answer.manifest.size),
    })));
    const growth = await log.proveConsistency(size, answer.manifest.size);
    const members = new Map([...membersOf(quarter), [streamsName, encodePackStreams({ stated: first, growth, trees, streams })]]);
    expect(await told(await resigned(members))).toMatchObject({ verdict: 'SAME', counts: { SAME: meant.length } });
    expect(last).toBeGreaterThan(first);
  });

  test('without its first entry it still replays what began in it, and what was asked of nobody', async () => {
    const one = await Gates.begin();
    one.world.clock.pass(60_000);
    const begun = one.world.clock.wall;
    await addAttestationKey(one.log, author.key, by);
    const { appended } = await one.gate();
    const pack = await packOf(one, { kind: 'period', from: begun, to: one.world.clock.wall });
    const answer = verifyPack(memorySource(pack), trust);
    expect(answer).toMatchObject({ ok: true, manifest: { scope: { start: 1 } } });
    // A denial about what nobody knows: that no event concerns it, the index shows.
    expect((await told(pack)).decisions).toMatchObject([{ decision: appended.index, verdict: 'SAME', outcome: 'deny' }]);
    await one.policy('release', { 'gate.rego': 'package gate\n\nallow := true\n' });
    await one.feed('osv', 'snapshot 1');
    await one.scan(app, await one.sbom(app, ['pkg:npm/a@1']), []);
    await one.trust('vendor');
    const decided = await one.gate();
    const whole = await packOf(one, { kind: 'period', from: begun, to: one.world.clock.wall });
    expect((await told(whole)).decisions).toMatchObject([
      { decision: appended.index, verdict: 'SAME', outcome: 'deny' }, { decision: decided.appended.index, verdict: 'SAME', outcome: 'allow' },
    ]);
  });

  test('of an artifact\'s pack: without the proof of a decision\'s tree that one cannot be told, and a wrong one is none', async () => {
    const members = membersOf(artifact);
    const text = new TextDecoder().decode(members.get(streamsName));
    const [first, second] = made.map(([index]) => index) as [number, number];
    const without = text.replace(new RegExp(`\\{"decision":${first},[^\\n]*\\},\\n`), '');
    expect(without).not.toBe(text);
    const pack = await resigned(new Map([...members, [streamsName, new TextEncoder().encode(without)]]));
    expect((await told(pack)).decisions.slice(0, 2)).toMatchObject([{ verdict: 'CANNOT', missing: 'incomplete' }, { verdict: 'SAME' }]);
    const exchanged = text.replace(`{"decision":${first},`, '{"decision":_,').replace(`{"decision":${second},`, `{"decision":${first},`)
      .replace('{"decision":_,', `{"decision":${second},`);
    expect(verdictOf(await resigned(new Map([...members, [streamsName, new TextEncoder().encode(exchanged)]])))).toBe('EVIDENCE_MALFORMED');
    const moved = without.replace(`{"decision":${second},`, `{"decision":${first},`);
    expect(verdictOf(await resigned(new Map([...members, [streamsName, new TextEncoder().encode(moved)]])))).toMatch(/^PROOF_/);
    const stray = text.replace(`{"decision":${first},`, '{"decision":0,');
    expect(verdictOf(await resigned(new Map([...members, [streamsName, new TextEncoder().encode(stray)]])))).toBe('PROOF_START_WRONG');
  });
});

describe('a full pack', () => {
  test('says of all documents what the ledger says', async () => {
    const [index] = made.at(-1) as [number, string];
    const { notes } = await told(full, { decision: index, full: true });
    expect(notes).toEqual([expect.stringMatching(/ entries read: documents [0-9a-f]{64}$/)]);
    expect((await replayFully(gates, index, { documents: true })).notes).toEqual(notes);
    expect(await told(artifact, { decision: index, full: true })).toMatchObject({ ends: 'cannot', code: 'ENTRY_MISSING' });
  });

  test('recomputes the root of each tree that a decision read', async () => {
    const answer = verifyPack(memorySource(full), trust);
    if (!answer.ok) throw new Error(answer.message);
    const states = new PackStates(answer);
    for (const index of states.decisions) {
      const event = answer.entries.get(index)?.event;
      if (event?.type !== 'decision.recorded') throw new TypeError('no decision');
      const state = states.stateOf(index, event);
      expect(state.root).toEqual(await gates.log.rootAt(state.size));
      expect(states.findingBefore(index, event)).toBeNull();
    }
  });

  test('of a ledger that lies: DRIFT, with the code of a full reader and the entry that does not follow', async () => {
    const lying = await busyBench();
    const index = await decide(lying, ['trust'], (data) => ({ ...data, index: ['sha256', new Uint8Array(32).fill(1)] }));
    const tree = await decide(lying, ['trust'], (data) => ({ ...data, tree: { ...data.tree, root: ['sha256', new Uint8Array(32)] } }));
    const pack = await packed(lying, { kind: 'period', from: 0, to: lying.world.clock.wall });
    // A proof that the log goes on from a tree that it never was cannot be made.
    expect(verdictOf(pack)).toBe('PROOF_OLD_ROOT_MISMATCH');
    const members = membersOf(pack);
    const text = new TextDecoder().decode(members.get(streamsName));
    members.set(streamsName, new TextEncoder().encode(text.replace(/"trees":\[[\s\S]*?\n\],/, '')));
    const { decisions: answered } = await told(await resigned(members));
    expect(answered).toMatchObject([
      { decision: index, verdict: 'DRIFT', member: 'index', recorded: expect.stringMatching(/^AUDIT_INDEX_WRONG/) },
      { decision: tree, verdict: 'DRIFT' },
    ]);
  });
});
