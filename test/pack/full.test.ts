// Packs that hold every entry: read as a full reader does, so that nothing the log says of itself is believed, and each lie in one is named.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeEngines } from '../../cli/programs/arguments.ts';
import { replayFile } from '../../cli/programs/replay-file.ts';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { decodeCbor, encodeCbor } from '../../ledger/events/index.ts';
import { signCheckpoint } from '../../ledger/note/index.ts';
import { Audit, streamKeyOf } from '../../ledger/streams/index.ts';
import { bundle, program } from '../../tools/bundle.ts';
import { formatReceipt } from '../../verify/index.ts';
import {
  checkpointName, encodePackStreams, memorySource, receiptName, reportPack, streamsName, verifyPack, type PackFault,
} from '../../verify/pack/index.ts';
import { image, other, type Bench } from '../actions/kit.ts';
import { origin, signerOf } from '../log/kit.ts';
import { SlowTree } from '../merkle/slow-tree.ts';
import { artifactRequest, busyBench, decide, gated, membersOf, packed, resigned, trust, verdictOf, vkeys } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'stella-full-'));
afterAll(() => rmSync(folder, { recursive: true }));

const stream = `artifact:sha256:${image}`;
const third = parseHex('33'.repeat(32));
const whole = (bench: Bench) => ({ kind: 'period', from: 0, to: bench.world.clock.wall }) as const;

interface Ledger {
  readonly bench: Bench;
  readonly decisions: readonly number[];
  /** The entry behind the decisions. */
  readonly last: number;
  /** The pack of all there is. */
  readonly full: Uint8Array;
}

type Edit = Parameters<typeof decide>[2];

/** Entries of two artifacts, decisions, and one more document behind them. @param made - by the gate, or by hand with an edit */
async function ledgerOf(made: readonly (Edit | 'gate')[] = ['gate', 'gate']): Promise<Ledger> {
  const bench = await busyBench();
  const decisions: number[] = [];
  for (const how of made) decisions.push(how === 'gate' ? await gated(bench) : await decide(bench, [stream, 'trust', 'vuln:CVE-2026-1'], how));
  await bench.addOne('about both of them\n', { subjects: [['sha256', parseHex(image)], ['sha256', parseHex(other)]], media: 'text/plain' });
  const last = bench.log.published.size - 1;
  return { bench, decisions, last, full: await packed(bench, whole(bench)) };
}

const treeless: Edit = (data) => ({ ...data, tree: { ...data.tree, root: ['sha256', new Uint8Array(32)] } });

interface Changed {
  data: Record<string, unknown>;
  streams: { name: string; version: number; prev?: number }[];
}

/**
 * The pack of a whole log whose operator has put another entry into it, and signed all that follows from that: the tree, its checkpoint,
 * the stream index at the end, the manifest.
 */
async function lied({ bench, decisions, full }: Ledger, at: number, change: (event: Changed) => void): Promise<Uint8Array> {
  const members = membersOf(full);
  const entries: Uint8Array[] = [];
  for await (const entry of bench.log.entries(0, [...members.keys()].filter((name) => name.startsWith('receipts/')).length)) entries.push(entry);
  const edit = (index: number, make: (event: Changed) => void) => {
    const event = decodeCbor(entries[index] as Uint8Array) as unknown as Changed;
    make(event);
    entries[index] = encodeCbor(event as never);
  };
  edit(at, change);
  const stated = entries.length - 1;
  const audit = new Audit();
  for (const entry of entries.slice(0, stated)) audit.add(entry);
  edit(stated, ({ data }) => (data['root'] = ['sha256', audit.index.root()]));
  const head = audit.index.prove(streamKeyOf('ledger'));
  const tree = new SlowTree(entries);
  const size = entries.length;
  const root = tree.root(0, size);
  const checkpoint = await signCheckpoint({ origin, size, root, extensions: [] }, [signerOf(1)]);
  for (const [index, entry] of entries.entries()) {
    members.set(receiptName(index), encodeUtf8(formatReceipt({ entry, index, size, proof: tree.path(index, 0, size), checkpoint })));
  }
  members.set(checkpointName, encodeUtf8(checkpoint));
  const trees = decisions.map((decision) => {
    const { tree: read } = (decodeCbor(entries[decision] as Uint8Array) as unknown as { data: { tree: { size: number } } }).data;
    return { decision, growth: tree.subproof(0, read.size, 0, size) };
  });
  const version = entries.filter((entry) => (decodeCbor(entry) as unknown as Changed).streams.some(({ name }) => name === 'ledger')).length;
  members.set(streamsName, encodePackStreams({ stated, growth: [], trees, streams: [{ name: 'ledger', version, head }] }));
  return resigned(members, (manifest) => ({ ...manifest, size, root: formatHex(root) }));
}

function faultsOf(pack: Uint8Array): { code: string; faults: string[]; rest: boolean } {
  const answer = verifyPack(memorySource(pack), trust, nodeEngines);
  if (answer.ok) return { code: answer.level, faults: [], rest: true };
  const faults = 'faults' in answer ? answer.faults.map(({ index, code }: PackFault) => `${index} ${code}`) : [];
  return { code: answer.code, faults, rest: 'rest' in answer };
}

describe('a pack of every entry', async () => {
  const ledger = await ledgerOf();
  const { bench, full } = ledger;

  test('is AUDITED: its reader has recomputed streams and index; one that lacks an entry is HEAD', async () => {
    const answer = verifyPack(memorySource(full), trust);
    expect(answer).toMatchObject({ ok: true, level: 'AUDITED', proven: expect.arrayContaining([expect.stringContaining('recomputed from them')]) });
    const { lines, members } = reportPack(answer, '00');
    expect([lines[0]?.slice(0, 12), members['level']]).toEqual(['YES  AUDITED', 'AUDITED']);
    expect(lines.join('\n')).not.toContain('nobody named here recomputed it');
    expect(verdictOf(full, {}, null)).toBe('AUDITED');
    // What an auditor could say beside it adds nothing, and takes nothing away.
    expect(verdictOf(full, { audited: true })).toBe('AUDITED');
    await bench.addOne('of a third\n', { subjects: [['sha256', third]], media: 'text/plain' });
    expect(verdictOf(await packed(bench))).toBe('HEAD');
    // Put together by hand from the same entries, it is as good.
    expect(verdictOf(await lied(ledger, ledger.last, () => {}))).toBe('AUDITED');
  });

  test('says where a decision stands on a state that had gone on: what that moved, a pack\'s reader does not tell', async () => {
    const later = await busyBench();
    const { size, root } = later.log.published;
    const [head, index] = [await later.log.head(stream), (await later.log.readStreamIndex()).root];
    await later.addOne('what came between\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
    const decision = await decide(later, [stream, 'trust'], (data, pins) => {
      (pins.find(([name]) => name === stream) as unknown[]).splice(1, 2, head?.version, head?.index);
      return { ...data, tree: { size, root: ['sha256', root] }, index: ['sha256', index] };
    });
    const answer = verifyPack(memorySource(await packed(later, whole(later))), trust);
    if (!answer.ok) throw new Error(answer.message);
    expect([answer.level, answer.audit?.passed]).toEqual(['AUDITED', [decision]]);
    expect(answer.notProven).toContainEqual(expect.stringMatching(new RegExp(`the decision in entry ${decision} read, .*DECISION_STATE_OLD`)));
    const plain = verifyPack(memorySource(full), trust);
    expect(plain.ok && plain.notProven.join()).not.toContain('DECISION_STATE_OLD');
  });

  test('says the same with nothing of Node, and the program stays small', async () => {
    const context = createContext({ TextEncoder, TextDecoder, atob, btoa, crypto });
    runInContext(await bundle('verify/pack/index.ts', 'iife'), context);
    runInContext(`${(await bundle('verify/index.ts', 'iife')).replace(/^"use strict";/, '').replace(/\bvar verifier=/, 'var door=')}`, context);
    Object.assign(context, { full, origin, vkeys });
    const said = runInContext('verifier.verifyPack(verifier.memorySource(full), door.trustKeys(origin, vkeys))', context) as { level: string };
    expect(said.level).toBe('AUDITED');
    expect(gzipSync(await program('cli/programs/verify.ts'), { level: 9 }).length).toBeLessThanOrEqual(56_000);
  }, 60_000);
});

describe('a lie in a pack of every entry has the code of a full reader, and the others are told', async () => {
  const ledger = await ledgerOf();
  const { decisions, last } = ledger;

  test.each<[string, (event: Changed) => unknown, string]>([
    ['a stream tag left off', ({ streams }) => streams.pop(), 'AUDIT_STREAMS_WRONG'],
    ['a tag that does not follow', ({ streams }) => streams.push({ name: 'trust', version: 1 }), 'AUDIT_STREAMS_WRONG'],
    ['a version again', ({ streams }) => (streams[0]!.version -= 1), 'AUDIT_VERSION_WRONG'],
    ['a stream that forks from an earlier event', ({ streams }) => (streams[0]!.prev = 0), 'AUDIT_PREV_WRONG'],
  ])('%s', async (_, change, code) => {
    const pack = await lied(ledger, last, change);
    expect(faultsOf(pack)).toEqual({ code, faults: [`${last} ${code}`], rest: true });
    const answer = verifyPack(memorySource(pack), trust);
    const { verdict, lines, members } = reportPack(answer, '00');
    expect([verdict, lines[0]]).toEqual([code, expect.stringMatching(new RegExp(`^NO {2}${code}: entry ${last}: `))]);
    expect(lines).toContain(`     holds: the trees that the decisions in entries ${decisions.join(', ')} read are prefixes of this one`);
    expect(members).toMatchObject({ verdict: code, faults: [{ index: last, code }], holds: expect.any(Array) });
    expect(members).not.toHaveProperty('level');
  });

  test('a false index root, a tree that never was, an old head pinned: by decision', async () => {
    const { decisions: made, full } = await ledgerOf([
      (data) => ({ ...data, index: ['sha256', new Uint8Array(32).fill(1)] }),
      (data, pins) => {
        (pins.find(([name]) => name === stream) as unknown[]).splice(1, 2, 0);
        return data;
      },
      'gate',
      treeless,
      (data) => ({ ...data, tree: { ...data.tree, size: data.tree.size + 1000 } }),
    ]);
    const [index, pins, , tree, future] = made as [number, number, number, number, number];
    expect(faultsOf(full)).toEqual({
      code: 'PROOF_OLD_ROOT_MISMATCH', rest: true,
      faults: [
        `${tree} PROOF_OLD_ROOT_MISMATCH`, `${index} AUDIT_INDEX_WRONG`, `${future} AUDIT_INDEX_WRONG`,
        `${tree} TREE_ROOT_WRONG`, `${future} TREE_ROOT_WRONG`, `${pins} DECISION_PIN_WRONG`,
      ],
    });
  });

  test('something else wrong beside it: the code stays, and nothing is said of the rest', async () => {
    const members = membersOf(await lied(ledger, last, ({ streams }) => (streams[0]!.version -= 1)));
    const [payload] = [...members.keys()].filter((name) => name.startsWith('payloads/'));
    members.delete(payload as string);
    expect(faultsOf(await resigned(members))).toEqual({ code: 'AUDIT_VERSION_WRONG', faults: [], rest: false });
  });
});

describe('one decision among others that names a tree which never was', async () => {
  const { bench, decisions, full } = await ledgerOf(['gate', treeless, 'gate']);
  const [before, lie, after] = decisions as [number, number, number];
  await bench.addOne('of a third\n', { subjects: [['sha256', third]], media: 'text/plain' });
  const artifact = await packed(bench, artifactRequest);

  test('is named with its code, and of the others it is said what holds', () => {
    expect(faultsOf(artifact)).toEqual({ code: 'PROOF_OLD_ROOT_MISMATCH', faults: [`${lie} PROOF_OLD_ROOT_MISMATCH`], rest: true });
    const { verdict, lines, members } = reportPack(verifyPack(memorySource(artifact), trust), '00');
    expect([verdict, lines[0]]).toEqual(['PROOF_OLD_ROOT_MISMATCH', expect.stringContaining(`the tree of the decision in entry ${lie}: `)]);
    expect(lines).toContain(`     holds: the trees that the decisions in entries ${before}, ${after} read are prefixes of this one`);
    expect(members['faults']).toMatchObject([{ index: lie, code: 'PROOF_OLD_ROOT_MISMATCH' }]);
  });

  test.each([['an artifact', artifact], ['the whole log', full]])('a replay of %s answers the others, and fails', async (what, pack) => {
    const file = join(folder, 'pack.zip');
    writeFileSync(file, pack);
    const { ends, lines, members } = await replayFile(file, trust, nodeEngines);
    expect([ends, members['verdict'], lines[0]]).toEqual(['no', 'PROOF_OLD_ROOT_MISMATCH', expect.stringMatching(/^NO {2}PROOF_OLD_ROOT_MISMATCH: /)]);
    // A pack alone does not tell a tree that never was from a proof that is wrong; one with every entry does.
    const told = what === 'an artifact' ? { verdict: 'CANNOT', missing: 'incomplete' } : { verdict: 'DRIFT', member: 'tree' };
    expect(members['decisions']).toMatchObject([{ decision: before, verdict: 'SAME' }, { decision: lie, ...told }, { decision: after, verdict: 'SAME' }]);
    // Asked for one that holds: answered, and the pack is refused all the same.
    const one = await replayFile(file, trust, nodeEngines, { decision: after });
    expect(one).toMatchObject({ ends: 'no', members: { verdict: 'PROOF_OLD_ROOT_MISMATCH', decision: after } });
    expect(one.lines).toContain('SAME');
  });

  test('the decision that the pack itself stands on is the pack: nothing else is shown by it', async () => {
    expect(faultsOf(await packed(bench, { kind: 'decision', decision: lie }))).toEqual({ code: 'PROOF_OLD_ROOT_MISMATCH', faults: [], rest: false });
  });
});
