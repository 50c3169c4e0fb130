// The log: appending, recognising repeats, expecting versions, and starting again.
import { describe, expect, test, vi } from 'vitest';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { decodeEvent, prepareDraft } from '../../ledger/events/index.ts';
import type { Command, Outcome } from '../../ledger/log/command.ts';
import { keyRecordOf } from '../../ledger/log/control.ts';
import { createLog } from '../../ledger/log/log.ts';
import { nativeSigner } from '../../ledger/log/signing.ts';
import { openView } from '../../ledger/log/view.ts';
import { p256Signer } from '../../ledger/note/index.ts';
import { StreamHeads, StreamIndex, streamKeyOf, verifyStreamProof } from '../../ledger/streams/index.ts';
import { checkLog, documentOf, genesis, onceOf, origin, person, rekorSigner, seedOf, sha256, signerOf, streamOf, World } from './kit.ts';

const one = (document: string, subjects: string[], more: Omit<Command, 'drafts'> = {}): Command => ({ drafts: [documentOf(document, subjects)], ...more });

describe('appending', () => {
  test('a new log has its genesis at 0, signed and anchored', async () => {
    const world = new World();
    const log = await world.create();
    expect(log.published.size).toBe(1);
    expect(decodeEvent(await log.entry(0))).toMatchObject({ type: 'ledger.created', streams: [{ name: 'ledger', version: 1 }, { version: 1 }] });
    expect(world.held.anchor).toMatchObject({ epoch: 1, size: 1, note: log.published.note });
    await checkLog(log);
  });

  test('each command gets its place, each stream its next version', async () => {
    const world = new World();
    const log = await world.create();
    const outcomes = await log.append([one('d1', ['a', 'b']), one('d2', ['a']), { drafts: [documentOf('d3', ['b']), documentOf('d4', ['b'])] }]);
    expect(outcomes).toEqual([
      { ok: true, index: 1, count: 1, repeated: false, size: 5 },
      { ok: true, index: 2, count: 1, repeated: false, size: 5 },
      { ok: true, index: 3, count: 2, repeated: false, size: 5 },
    ]);
    expect(await log.head(streamOf('a'))).toEqual({ version: 2, index: 2 });
    expect(await log.head(streamOf('b'))).toEqual({ version: 3, index: 4 });
    expect(await log.head(streamOf('c'))).toBeNull();
    const seen: number[] = [];
    for await (const { index } of log.stream(streamOf('b'))) seen.push(index);
    expect(seen).toEqual([4, 3, 1]);
    await checkLog(log);
  });

  test('a stream in a store that lies is followed to where it goes on from itself, and not for ever', async () => {
    const world = new World();
    const log = await world.create();
    await log.append([one('d1', ['a']), one('d2', ['a']), one('d3', ['a'])]);
    const read = log.entry.bind(log);
    // Entry 2 is another one: the one that goes on from entry 2.
    vi.spyOn(log, 'entry').mockImplementation((index) => read(index === 2 ? 3 : index));
    const seen: number[] = [];
    const follow = async () => {
      for await (const { index } of log.stream(streamOf('a'))) seen.push(index);
    };
    await expect(follow()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(seen).toEqual([3, 2]);
  });

  test('many calls at once share few commits, and every answer is covered by a checkpoint', async () => {
    const world = new World();
    const log = await world.create();
    const calls = Array.from({ length: 200 }, (_, call) => log.append(Array.from({ length: 5 }, (__, i) => one(`${call}/${i}`, [`s${call % 7}`]))));
    const outcomes = (await Promise.all(calls)).flat();
    const indexes = outcomes.map((outcome) => (outcome.ok ? outcome.index : -1)).sort((a, b) => a - b);
    expect(indexes).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    for (const outcome of outcomes) expect(outcome.ok && outcome.index < outcome.size && outcome.size <= log.published.size).toBe(true);
    expect(world.state.commits.length).toBeLessThan(20);
    await checkLog(log);
  });

  test('a raw log takes any bytes, and an event log none', async () => {
    const raw = new World();
    const log = await raw.create({}, ['raw']);
    const entries = [new Uint8Array(), encodeUtf8('{"a":1}'), new Uint8Array(65_535).fill(7)];
    expect(await log.append([{ drafts: entries }])).toMatchObject([{ ok: true, index: 1, count: 3 }]);
    expect(await log.entry(3)).toEqual(entries[2]);
    const [refused] = await log.append([{ drafts: [new Uint8Array(65_536)] }]);
    expect(refused).toMatchObject({ ok: false, error: { code: 'ENTRY_TOO_LARGE' } });
    await expect(log.append([one('d', ['a'])])).rejects.toMatchObject({ code: 'ENTRY_KIND_UNKNOWN' });
    await checkLog(log);
    const events = await new World().create();
    await expect(events.append([{ drafts: entries }])).rejects.toMatchObject({ code: 'ENTRY_KIND_UNKNOWN' });
  });
});

describe('the stream index', () => {
  test('stands in the log at least as often as it must, and proves every stream and absence', async () => {
    const world = new World();
    const log = await world.create({ indexEvery: 50 });
    const call = (number: number) => log.append(Array.from({ length: 1 + (number % 9) }, (_, i) => one(`${number}/${i}`, [`s${(number * i) % 23}`])));
    await Promise.all(Array.from({ length: 40 }, (_, number) => call(number)));
    await checkLog(log);
    // By the table of the other room, entry by entry.
    const heads = new StreamHeads();
    const index = new StreamIndex(heads);
    const sizes: number[] = [];
    let size = 0;
    for await (const entry of log.entries()) {
      const event = decodeEvent(entry);
      if (event.type === 'ledger.indexed') {
        expect(event.data).toEqual({ size, root: ['sha256', index.root()] });
        sizes.push(size);
      }
      for (const { name, version } of event.streams) index.touch(heads.advance(streamKeyOf(name), version, size));
      size += 1;
    }
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes.map((at, i) => at - (sizes[i - 1] ?? 0)))).toBeLessThanOrEqual(50);
    for (const view of [log, await openView(world.ports())]) {
      const at = await view.readStreamIndex();
      expect({ size: at.size, root: at.root }).toEqual({ size, root: index.root() });
      for (const stream of [streamOf('s1'), streamOf('never'), 'ledger']) expect(verifyStreamProof(at.root, stream, at.prove(stream))).toEqual({ ok: true });
      expect(at.prove(streamOf('s1')).claim).toBe('present');
      expect(at.prove(streamOf('never')).claim).toBe('absent');
    }
  });
});

describe('repeats', () => {
  test('the same evidence again is the first receipt, in the same call, in a later one and after a restart', async () => {
    const world = new World();
    let log = await world.create();
    const [first, again] = await log.append([one('d', ['a']), one('d', ['a'])]);
    expect(first).toMatchObject({ ok: true, index: 1, repeated: false });
    expect(again).toMatchObject({ ok: true, index: 1, repeated: true, size: 2 });
    expect(await log.append([one('d', ['a'])])).toMatchObject([{ index: 1, repeated: true, size: 2 }]);
    // Another subject, or another document, is other evidence.
    expect(await log.append([one('d', ['b']), one('e', ['a'])])).toMatchObject([{ index: 2, repeated: false }, { index: 3, repeated: false }]);
    await log.close();
    log = await world.open();
    expect(await log.append([one('d', ['a']), one('e', ['a'])])).toMatchObject([{ index: 1, repeated: true }, { index: 3, repeated: true }]);
    await checkLog(log);
  });

  test('an idempotency key belongs to its person, and to one request', async () => {
    const world = new World();
    const log = await world.create();
    const send = (document: string, key: string, request: string, who = person) =>
      log.append([{ drafts: [documentOf(document, ['a'], { once: onceOf(key, request), by: { kind: 'person', auth: 'token', person: who } })] }]);
    expect(await send('d1', 'k', 'r1')).toMatchObject([{ index: 1, repeated: false }]);
    expect(await send('d1', 'k', 'r1')).toMatchObject([{ index: 1, repeated: true }]);
    expect(await send('d2', 'k', 'r2')).toMatchObject([{ ok: false, error: { code: 'IDEMPOTENCY_CONFLICT' } }]);
    expect(await send('d3', 'k', 'r2', new Uint8Array(16).fill(8))).toMatchObject([{ index: 2, repeated: false }]);
    await log.close();
    const next = await world.open();
    const [outcome] = await next.append([{ drafts: [documentOf('d9', ['a'], { once: onceOf('k', 'r9') })] }]);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'IDEMPOTENCY_CONFLICT' } });
    await checkLog(next);
  });
});

describe('expected versions', () => {
  test('are looked at again unless nothing was placed since they were seen to hold', async () => {
    const log = await new World().create();
    let looked = 0;
    const expected = { * [Symbol.iterator]() {
      looked += 1;
      yield { stream: streamOf('a'), version: 'absent' } as const;
    } };
    const codeOf = async (command: Command) => {
      const [outcome] = await log.append([command]);
      return outcome?.ok === true ? outcome.index : outcome?.error.code;
    };
    const { size } = log.published;
    expect([await codeOf(one('d1', ['b'], { expected, heldAt: size })), looked]).toEqual([1, 0]);
    // Another stream moved.
    expect([await codeOf(one('d2', ['b'], { expected, heldAt: size })), looked]).toEqual([2, 1]);
    expect([await codeOf(one('d3', ['a'], { expected, heldAt: size + 2 })), looked]).toEqual([3, 1]);
    expect([await codeOf(one('d4', ['b'], { expected, heldAt: size + 2 })), looked]).toEqual(['VERSION_CONFLICT', 2]);
    // Placed in the same call, before anything of it is committed.
    const [first, second] = await log.append([one('d5', ['c']), one('d6', ['c'], { expected, heldAt: size + 3 })]);
    expect([first, second]).toMatchObject([{ ok: true, index: 4 }, { ok: false, error: { code: 'VERSION_CONFLICT' } }]);
    await checkLog(log);
  });

  test('a conflict names the current version, and nothing of the command stays', async () => {
    const log = await new World().create();
    const expected = (version: number | 'exists' | 'absent') => ({ expected: [{ stream: streamOf('a'), version }] });
    const codes = async (commands: Command[]) => (await log.append(commands)).map((outcome) => (outcome.ok ? outcome.index : outcome.error.code));
    expect(await codes([one('d1', ['a'], expected('exists')), one('d2', ['a'], expected('absent')), one('d3', ['a'], expected(1))])).toEqual([
      'VERSION_CONFLICT', 1, 2,
    ]);
    expect(await codes([one('d4', ['a'], expected('absent')), one('d5', ['a'], expected(1)), one('d6', ['a'], expected('exists'))])).toEqual([
      'VERSION_CONFLICT', 'VERSION_CONFLICT', 3,
    ]);
    const [outcome] = await log.append([one('d7', ['a'], expected(9))]);
    expect(outcome?.ok === false && outcome.error.message).toBe(`Cannot append: stream "${streamOf('a')}" has version 3, expected 9`);
    expect(await log.head(streamOf('a'))).toEqual({ version: 3, index: 3 });
    await checkLog(log);
  });

  test('of two that race, one wins', async () => {
    const log = await new World().create();
    const race = Array.from({ length: 20 }, (_, i) => log.append([one(`d${i}`, ['a'], { expected: [{ stream: streamOf('a'), version: 'absent' }] })]));
    const outcomes = (await Promise.all(race)).flat();
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    expect(log.published.size).toBe(2);
  });
});

describe('rotation', () => {
  test('both keys sign the checkpoint of the rotation, then only the new one, and the old one opens nothing', async () => {
    const world = new World();
    const log = await world.create();
    await log.append([one('d1', ['a'])]);
    const next = signerOf(2);
    await log.rotate(next, { kind: 'ledger', auth: 'self' });
    expect(log.control.retired).toMatchObject([{ lastSize: 3 }]);
    expect(log.published.note.match(/^— /gm)).toHaveLength(2);
    await checkLog(log, next);
    await checkLog(log, signerOf(1));
    await log.append([one('d2', ['a'])]);
    expect(log.published.note.match(/^— /gm)).toHaveLength(1);
    await checkLog(log, next);
    await log.close();
    await expect(world.open()).rejects.toMatchObject({ code: 'LOG_KEY_WRONG' });
    world.signer = next;
    await checkLog(await world.open(), next);
  });
});

describe('a rotation to a key that cannot sign checkpoints', () => {
  const self = { kind: 'ledger', auth: 'self' } as const;
  const attestation = keyRecordOf(signerOf(3));

  test.each([
    ['the one that signs', 'KEY_TAKEN', signerOf(1)],
    ['one that signed before', 'KEY_TAKEN', signerOf(9)],
    ['one for attestations', 'KEY_TAKEN', signerOf(3)],
    ['the one for Rekor\'s clients', 'KEY_TAKEN', rekorSigner],
    ['one of P-256', 'LOG_KEY_WRONG', p256Signer(origin, seedOf(12))],
    ['one of another ledger', 'LOG_KEY_WRONG', nativeSigner('other.example', seedOf(4))],
  ])('%s: %s, nothing is signed, and the ledger opens', async (_, code, to) => {
    const world = new World();
    world.signer = signerOf(9);
    const log = await world.create({}, ['event', 'rekor']);
    await log.rotate(signerOf(1), self);
    const data = { key: { ...attestation, use: 'attestation' as const } };
    await log.appendOne({ drafts: [prepareDraft({ type: 'key.added', by: self, data }, sha256)] });
    const before = log.published;
    await expect(log.rotate(to, self)).rejects.toMatchObject({ code, hint: 'make another with "stella key new"' });
    expect(log.published).toEqual(before);
    await log.close();
    world.signer = signerOf(1);
    const again = await world.open();
    await again.rotate(signerOf(2), self);
    await checkLog(again, signerOf(2));
  });
});

describe('an end, and a signer that fails', () => {
  test('after ledger.ended nothing is appended, in the same call, later and after a restart; repeats still have their receipts', async () => {
    const world = new World();
    const log = await world.create();
    await log.append([one('d1', ['a'])]);
    const end = prepareDraft({ type: 'ledger.ended', by: { kind: 'ledger', auth: 'self' }, data: { reason: 'moved', successor: 'next.example' } }, sha256);
    const codes = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => (outcome.ok ? outcome.index : outcome.error.code));
    expect(codes(await log.append([{ drafts: [end] }, one('d2', ['a']), one('d1', ['a'])]))).toEqual([2, 'LOG_ENDED', 1]);
    expect(codes(await log.append([one('d3', ['a'])]))).toEqual(['LOG_ENDED']);
    await log.close();
    const next = await world.open();
    expect(codes(await next.append([one('d3', ['a']), one('d1', ['a'])]))).toEqual(['LOG_ENDED', 1]);
    expect(next.published.size).toBe(3);
    await checkLog(next);
  });

  test('a signer that fails once: nothing is acknowledged, and what was committed is signed when it answers again', async () => {
    const world = new World();
    let fails = false;
    const signer = { ...world.signer, sign: (message: Uint8Array) => (fails ? Promise.reject(new Error('KMS timed out')) : world.signer.sign(message)) };
    const log = await world.create({ signer });
    fails = true;
    await expect(log.append([one('d1', ['a'])])).rejects.toThrow('KMS timed out');
    expect(log.published.size).toBe(1);
    fails = false;
    world.clock.pass(1_001);
    expect(await log.append([one('d1', ['a']), one('d2', ['a'])])).toMatchObject([{ index: 1, repeated: true }, { index: 2, repeated: false }]);
    await checkLog(log);
  });
});

describe('beginning', () => {
  test('where a ledger is, none is begun; where one was only half begun, it goes on', async () => {
    const world = new World();
    await (await world.create()).close();
    await expect(world.create()).rejects.toMatchObject({ code: 'ANCHOR_TAKEN' });
    const crashed = new World();
    const at = (step: string) => (step === 'start 2: epoch anchored' ? Promise.reject(new Error('killed')) : undefined);
    await expect(crashed.create({ at })).rejects.toThrow('killed');
    await expect(crashed.open()).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await checkLog(await crashed.create());
  });

  test('a genesis that names another key is refused before anything is written', async () => {
    const world = new World();
    await expect(createLog(world.ports(), genesis(signerOf(7)))).rejects.toMatchObject({ code: 'LOG_KEY_WRONG' });
    expect(world.held.anchor).toBeNull();
  });
});
