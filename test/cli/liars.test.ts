// Real ledgers on disk whose operator lies: what "stella fsck" and "stella verify --audit" say of each lie, with codes and exit statuses.
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Call } from '../../cli/command.ts';
import { findKey } from '../../cli/keys.ts';
import { findPlace, openForReading, openPlaceAnchor, openPlacePayloads, openPlaceStore } from '../../cli/place.ts';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { decodeCbor, encodeCbor, prepareDraft, type Draft } from '../../ledger/events/index.ts';
import { defaultEngines, type Engine } from '../../ledger/log/engine.ts';
import { openKey } from '../../ledger/log/key-file.ts';
import { openLog, type Log } from '../../ledger/log/log.ts';
import { LiveProjector } from '../../projections/tables.ts';
import { image, other, type Bench } from '../actions/kit.ts';
import { by, digestOf, sha256 } from '../log/kit.ts';
import { decide } from '../pack/kit.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-liars-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const passphrase = 'for this test';
const stream = `artifact:sha256:${image}`;
const third = '33'.repeat(32);

const environment = (name: string) => ({ PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: passphrase, XDG_STATE_HOME: join(home, name, 'state') });

function stella(name: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args], {
    cwd: join(home, name), encoding: 'utf8', timeout: 120_000, input: '', env: environment(name),
  });
}
const json = (name: string, ...args: string[]) => JSON.parse(stella(name, ...args, '--json').stdout) as Record<string, unknown>;

interface Changed {
  data: Record<string, unknown>;
  streams: { name: string; version: number; prev?: number }[];
}

/** An engine that puts another entry in the place of the next: as long as it, hashed as it is, and signed with all the rest. */
function lyingEngine(honest: Engine, lie: { change: ((event: Changed) => void) | null }): Engine {
  return {
    ...honest,
    name: honest.name,
    allocate: (bytes) => honest.allocate(bytes),
    pairs: (nodes, source, target, count) => honest.pairs(nodes, source, target, count),
    leaves(packed, offsets, from, to, into, at) {
      if (lie.change !== null) {
        const entry = packed.subarray((offsets[from] as number) + 2, offsets[from + 1]);
        const event = decodeCbor(entry) as unknown as Changed;
        lie.change(event);
        lie.change = null;
        const changed = encodeCbor(event as never);
        if (changed.length !== entry.length) throw new TypeError('a lie of another length');
        entry.set(changed);
      }
      honest.leaves(packed, offsets, from, to, into, at);
    },
  };
}

interface Operator {
  readonly log: Log;
  readonly bench: Bench;
  /** Appends an event with something else in its bytes. */
  lie(draft: Draft, change: (event: Changed) => void): Promise<number>;
}

/** What an operator can do who holds the directory, the key and a program of his own. */
async function operate<T>(name: string, work: (operator: Operator) => Promise<T>): Promise<T> {
  const values: Record<string, string> = { ledger: join(home, name, 'ledger') };
  const env: Record<string, string | undefined> = environment(name);
  const call = { value: (option: string) => values[option], env: (variable: string) => env[variable], flag: () => false } as unknown as Call;
  const place = findPlace(call);
  const { key } = await (await openForReading(place)).readControl();
  const [growing, checking] = defaultEngines();
  const lying: { change: ((event: Changed) => void) | null } = { change: null };
  const store = openPlaceStore(place);
  const log = await openLog({
    store, anchor: openPlaceAnchor(place), signer: await openKey(findKey(place, formatHex(key.id)).bytes, passphrase),
    clock: { now: () => Date.now(), monotonic: () => performance.now() }, random: (count) => new Uint8Array(randomBytes(count)),
    projector: new LiveProjector(store), engines: [lyingEngine(growing, lying), checking],
  });
  try {
    const bench = { log, payloads: openPlacePayloads(place), world: { clock: { now: () => Date.now() } } } as unknown as Bench;
    return await work({
      log, bench,
      async lie(draft, change) {
        lying.change = change;
        return (await log.appendOne({ drafts: [draft] })).index;
      },
    });
  } finally {
    await log.close();
  }
}

/** Another document each time: the same again would be the original. */
const documentAbout = (...subjects: string[]): Draft => prepareDraft({
  type: 'document.stored', by, data: { subjects: subjects.sort().map((hex) => ['sha256', parseHex(hex)] as const) },
  payloads: [{ role: 'document', size: 1, media: 'text/plain', digest: digestOf(`document ${(documents += 1)}`) }],
}, sha256);

let documents = 0;

/** The same with its last stream's tag left off. */
function withoutTag({ bytes, ends, ...rest }: Draft): Draft {
  const [start, end] = [ends.at(-3) as number, ends.at(-2) as number];
  const changed = new Uint8Array([...bytes.subarray(0, start), ...bytes.subarray(end)]);
  // The last byte before the names is the head of their array.
  const head = (ends[1] as number) - 1;
  changed[head] = (changed[head] as number) - 1;
  return { ...rest, bytes: changed, ends: [...ends.slice(0, -2), (ends.at(-1) as number) - (end - start)] };
}

const wrong = (digest: number) => ['sha256', new Uint8Array(32).fill(digest)] as const;

/** Each lie, the entry that tells it, and its code. */
const LIES: readonly [name: string, code: string, tell: (operator: Operator) => Promise<number>][] = [
  ['a stream tag left off', 'AUDIT_STREAMS_WRONG', async ({ log }) => (await log.appendOne({ drafts: [withoutTag(documentAbout(image, other))] })).index],
  ['a version that was there', 'AUDIT_VERSION_WRONG', ({ lie }) => lie(documentAbout(image), ({ streams }) => (streams[0]!.version -= 1))],
  ['a stream that goes on from an older event', 'AUDIT_PREV_WRONG', ({ lie }) => lie(documentAbout(image), ({ streams }) => (streams[0]!.prev = 0))],
  ['a false index root', 'AUDIT_INDEX_WRONG', ({ bench }) => decide(bench, [stream, 'trust'], (data) => ({ ...data, index: wrong(1) }))],
  ['a tree that never was', 'TREE_ROOT_WRONG', ({ bench }) =>
    decide(bench, [stream, 'trust'], (data) => ({ ...data, tree: { ...data.tree, root: wrong(0) } }))],
  ['an old head pinned', 'DECISION_PIN_WRONG', ({ bench }) => decide(bench, [stream, 'trust'], (data, pins) => {
    const pin = pins.find(([name]) => name === stream) as [string, number, number];
    [pin[1], pin[2]] = [pin[1] - 1, 1];
    return data;
  })],
  ['a stream pinned as if nothing had been said', 'DECISION_PIN_WRONG', ({ bench }) => decide(bench, [stream, 'trust'], (data, pins) => {
    (pins.find(([name]) => name === stream) as unknown[]).splice(1, 2, 0);
    return data;
  })],
];

/** A ledger of its own, made by the command, grown by the operator: three documents, what he tells, and one more document after it. */
async function ledgerOf(tell: (operator: Operator) => Promise<number>): Promise<{ name: string; at: number; size: number }> {
  const name = `ledger-${(made += 1)}`;
  mkdirSync(join(home, name));
  expect(stella(name, 'init', '--origin', 'liar.example').status).toBe(0);
  writeFileSync(join(home, name, 'log.vkey'), `${(json(name, 'status') as { vkey: string }).vkey}\n`);
  return operate(name, async (operator) => {
    const { log } = operator;
    // Somebody else's too, whom no lie is about.
    for (const subject of [image, image, third]) await log.appendOne({ drafts: [documentAbout(subject)] });
    const at = await tell(operator);
    await log.appendOne({ drafts: [documentAbout(third)] });
    return { name, at, size: log.published.size };
  });
}
let made = 0;

test('nothing is said of an honest one', { timeout: 120_000 }, async () => {
  const { name, size } = await ledgerOf(({ bench }) => decide(bench, [stream, 'trust']));
  expect(json(name, 'fsck')).toMatchObject({ exit: 0, faults: [], size });
  expect(json(name, 'export', 'pack', '--artifact', `sha256:${third}`, '--out', 'pack.zip')).toMatchObject({ ok: true });
  expect(json(name, 'verify', 'pack.zip', '--key', 'log.vkey')).toMatchObject({ exit: 0, verdict: 'OK', level: 'HEAD' });
  expect(json(name, 'verify', 'pack.zip', '--key', 'log.vkey', '--audit', 'ledger')).toMatchObject({ exit: 0, verdict: 'OK', level: 'AUDITED' });
});

/** The lines of an answer that begin so. */
const lines = (stdout: string, begins: string) => stdout.split('\n').filter((line) => line.startsWith(begins));

describe('an operator who tells', () => {
  test.each(LIES)('%s: %s', { timeout: 120_000 }, async (_, code, tell) => {
    const { name, at, size } = await ledgerOf(tell);
    // 1. fsck, with nothing but the directory: the entry, the code, and no other fault.
    const checked = stella(name, 'fsck');
    expect([checked.status, lines(checked.stdout, 'FAULT')]).toEqual([1, [expect.stringMatching(new RegExp(`^FAULT {2}entry ${at}: ${code}: `))]]);
    expect(checked.stdout).toContain(`${size} entries read`);
    // 2. A pack of somebody whom the lie is not about holds, and says HEAD: its own proofs are right.
    expect(stella(name, 'export', 'pack', '--artifact', `sha256:${third}`, '--out', 'pack.zip').status).toBe(0);
    const alone = stella(name, 'verify', 'pack.zip', '--key', 'log.vkey');
    expect([alone.status, lines(alone.stdout, 'YES')]).toEqual([0, [expect.stringMatching(/^YES {2}HEAD /)]]);
    // 3. Whoever has the whole copy read beside it is told: the same entry, the same code, and no.
    const audited = stella(name, 'verify', 'pack.zip', '--key', 'log.vkey', '--audit', 'ledger');
    expect([audited.status, lines(audited.stdout, 'NO')]).toEqual([1, [expect.stringMatching(new RegExp(`^NO {2}${code}: entry ${at}: `))]]);
    expect(lines(audited.stdout, 'YES')).toEqual([]);
    last = { name, at, code };
  });

  let last = { name: '', at: 0, code: '' };

  test('and the same for programs', { timeout: 60_000 }, () => {
    const { name, at, code } = last;
    expect(json(name, 'fsck')).toMatchObject({ exit: 1, ok: false, faults: [{ where: `entry ${at}`, what: expect.stringMatching(new RegExp(`^${code}: `)) }] });
    const audited = json(name, 'verify', 'pack.zip', '--key', 'log.vkey', '--audit', 'ledger');
    expect(audited).toMatchObject({ exit: 1, ok: false, verdict: code, audit: [{ index: at, code }] });
  });
});
