// Sealed evidence sent again: recognised by a mark beside the log, exactly, until its payload is erased.
import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { prepareDraft } from '../../ledger/events/index.ts';
import type { Command } from '../../ledger/log/command.ts';
import type { Store } from '../../ledger/store/port.ts';
import { by, checkLog, digestOf, documentOf, sha256, streamOf, World } from './kit.ts';

let sealings = 0;

/** A sealed document about `x`; each sealing has a commitment of its own. */
function sealed(document: string): Command & { readonly sealed: NonNullable<Command['sealed']> } {
  const commitment = sha256(encodeUtf8(`sealing ${(sealings += 1)}`));
  const payload = { role: 'document', size: 1024, media: 'text/plain', commitment: ['sha256', commitment] as const };
  const draft = prepareDraft({ type: 'document.stored', by, data: { subjects: [digestOf('x')] }, payloads: [payload] }, sha256);
  return { drafts: [draft], sealed: { commitment, key: sha256(encodeUtf8(document)).slice(0, 16) } };
}

function erased(entry: number, commitment: Uint8Array): Command {
  const data = { entry, role: 'document', commitment: ['sha256', commitment] as const, basis: 'not-needed' as const, streams: [streamOf('x')] };
  return { drafts: [prepareDraft({ type: 'payload.erased', by, data }, sha256)], forgets: [commitment] };
}

test('recognised in one call, while it is under way, later, and after a restart', async () => {
  const world = new World();
  const log = await world.create();
  expect(await log.append([sealed('a'), sealed('a'), sealed('b')])).toMatchObject([
    { index: 1, repeated: false }, { index: 1, repeated: true }, { index: 2, repeated: false },
  ]);
  expect(await Promise.all(['c', 'c', 'a'].map((name) => log.appendOne(sealed(name))))).toMatchObject([
    { index: 3, repeated: false }, { index: 3, repeated: true }, { index: 1, repeated: true },
  ]);
  await log.appendOne({ drafts: [documentOf('between', ['x'])] });
  await log.close();
  const reopened = await world.open();
  for (const [name, index] of [['a', 1], ['b', 2], ['c', 3]] as const) expect(await reopened.appendOne(sealed(name))).toMatchObject({ index, repeated: true });
  expect(reopened.published.size).toBe(5);
  await checkLog(reopened);
});

test('what is erased is recognised no more: at once, while the erasure is under way, and later', async () => {
  const world = new World();
  const log = await world.create();
  const [a, b, c] = [sealed('a'), sealed('b'), sealed('c')];
  await log.append([a, b]);
  expect(await log.append([c, erased(1, a.sealed.commitment), sealed('a'), sealed('b'), erased(3, c.sealed.commitment), sealed('c')])).toMatchObject([
    { index: 3 }, { index: 4 }, { index: 5, repeated: false }, { index: 2, repeated: true }, { index: 6 }, { index: 7, repeated: false },
  ]);
  // The new ones are recognised in their turn.
  expect(await log.append([sealed('a'), sealed('c')])).toMatchObject([{ index: 5, repeated: true }, { index: 7, repeated: true }]);
  expect(await Promise.all([log.appendOne(erased(2, b.sealed.commitment)), log.appendOne(sealed('b'))])).toMatchObject([
    { index: 8 }, { index: 9, repeated: false },
  ]);
  await log.close();
  const reopened = await world.open();
  expect(await reopened.append(['a', 'b', 'c'].map(sealed))).toMatchObject([{ index: 5 }, { index: 9 }, { index: 7 }]);
});

test('an answer of the store from before another commit is asked for again', async () => {
  const world = new World();
  await (await world.create()).close();
  const store = world.ports().store;
  let release = () => {};
  let held = 0;
  const slow: Store = {
    ...store,
    async mark(key) {
      const answer = await store.mark(key);
      // The first caller is held back until the second one's entry is committed.
      if ((held += 1) === 1) await new Promise<void>((resolve) => (release = resolve));
      return answer;
    },
  };
  const log = await world.open({ store: slow });
  const first = log.appendOne(sealed('a'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await log.appendOne(sealed('a'))).toMatchObject({ index: 1, repeated: false });
  await log.appendOne({ drafts: [documentOf('another group', ['x'])] });
  await log.appendOne({ drafts: [documentOf('and one more', ['x'])] });
  release();
  expect(await first).toMatchObject({ index: 1, repeated: true });
});

test('a batch that fails leaves no mark', async () => {
  const world = new World();
  await (await world.create()).close();
  const store = world.ports().store;
  let fails = true;
  const log = await world.open({ store: { ...store, commit: async (batch) => (fails ? Promise.reject(new TypeError('a bug')) : store.commit(batch)) } });
  await expect(log.appendOne(sealed('a'))).rejects.toThrow('a bug');
  fails = false;
  const reopened = await world.open();
  expect(await reopened.appendOne(sealed('a'))).toMatchObject({ index: 1, repeated: false });
});
