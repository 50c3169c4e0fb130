// The contract of a store: what any implementation must do, run on each of them.
import { beforeEach, describe, expect, test } from 'vitest';
import { bundleEntries } from '../../ledger/store/cuts.ts';
import { packEntries, unpackEntries } from '../../ledger/store/packed.ts';
import type { Batch, Store } from '../../ledger/store/port.ts';

export interface Place {
  /** Opens the store of one place; opening it twice without closing is a second process. */
  open(): Promise<Store>;
}

export const shape = { name: 'thing', columns: { state: 'TEXT', at: 'INTEGER', document: 'BLOB' } } as const;

export function bytesOf(index: number): Uint8Array {
  return Uint8Array.from({ length: index % 7 }, (_, i) => (index * 31 + i) % 256);
}

export function batchOf(start: number, count: number, more: Partial<Batch> = {}): Batch {
  const entries = Array.from({ length: count }, (_, i) => bytesOf(start + i));
  return {
    epoch: 1, run: { start, count, packed: packEntries(entries) }, time: 1_000 + start + count, root: new Uint8Array(32).fill(count),
    tiles: [], writes: [], ...more,
  };
}

/** All entries through the port, as a reader above it gets them. */
async function entriesOf(store: Store, start: number, end: number): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = [];
  for (let at = start; at < end; ) {
    const runs = await store.runs(at, end);
    if (runs.length === 0) break;
    for (const run of runs) {
      expect(run.start <= at && run.start + run.count > at).toBe(true);
      entries.push(...unpackEntries(run).slice(at - run.start));
      at = run.start + run.count;
    }
  }
  return entries.slice(0, end - start).map((entry) => Uint8Array.from(entry));
}

export function storeContract(name: string, place: () => Place): void {
  describe(`store contract: ${name}`, () => {
    let here: Place;
    let store: Store;

    beforeEach(async () => {
      here = place();
      store = await here.open();
      await store.takeEpoch(1);
      return () => store.close();
    });

    test('is empty at first', async () => {
      expect(await store.head()).toBeNull();
      expect(await store.commits(0, 10)).toEqual([]);
      expect(await store.runs(0, 10)).toEqual([]);
      expect(await store.checkpoint()).toBeNull();
      expect(await store.loadMemo('streams')).toBeNull();
      expect(await store.tiles([{ level: 0, number: 0 }])).toEqual([null]);
    });

    const histories = [[[1]], [[255, 1, 1]], [[256, 256]], [[3, 700, 90, 256, 1000]], [[100, 100, 100, 100, 700, 5]]];
    test.each(histories)('gives back what commits of %j held', async (counts) => {
      let size = 0;
      for (const count of counts) {
        const batch = batchOf(size, count);
        await store.commit(batch);
        size += count;
        const head = await store.head();
        expect(head).toMatchObject({ start: batch.run.start, count, epoch: 1, time: batch.time });
        expect([...(head?.root ?? [])]).toEqual([...batch.root]);
      }
      const expected = Array.from({ length: size }, (_, i) => bytesOf(i));
      expect(await entriesOf(store, 0, size)).toEqual(expected);
      for (const at of [0, 1, 99, 100, 255, 256, 511, 512, 700, size - 1].filter((index) => index < size)) {
        expect(await entriesOf(store, at, Math.min(size, at + 3))).toEqual(expected.slice(at, at + 3));
      }
      expect(await store.runs(size, size + 1)).toEqual([]);
      while (await store.compact());
      expect(await entriesOf(store, 0, size)).toEqual(expected);
      expect((await store.commits(0, 100)).map((commit) => commit.count)).toEqual(counts);
      expect((await store.commits(size - 1, 100)).map((commit) => commit.count)).toEqual(counts.slice(-1));
      for await (const fault of store.faults()) expect(fault).toBeNull();
    });

    test('cuts no bundle in two after compaction', async () => {
      for (let size = 0; size < 3 * bundleEntries; size += 48) await store.commit(batchOf(size, 48));
      while (await store.compact());
      const runs = await store.runs(0, 3 * bundleEntries);
      for (const run of runs) expect(Math.floor(run.start / bundleEntries)).toBe(Math.floor((run.start + run.count - 1) / bundleEntries));
    });

    test('a batch that does not begin at the size is refused, and nothing of it stays', async () => {
      await store.commit(batchOf(0, 5));
      for (const start of [0, 4, 6]) await expect(store.commit(batchOf(start, 5))).rejects.toMatchObject({ code: 'STORE_FENCED' });
      expect(await store.head()).toMatchObject({ start: 0, count: 5 });
      expect(await entriesOf(store, 0, 20)).toHaveLength(5);
    });

    test('a newer epoch fences out the writer before it, inside the commit', async () => {
      await store.commit(batchOf(0, 5));
      const other = await here.open();
      expect(await other.epoch()).toBe(1);
      await other.takeEpoch(2);
      await expect(store.commit(batchOf(5, 5))).rejects.toMatchObject({ code: 'STORE_FENCED' });
      await other.commit(batchOf(5, 1, { epoch: 2 }));
      expect(await store.head()).toMatchObject({ start: 5, count: 1, epoch: 2 });
      for (const epoch of [0, 1, 2]) await expect(other.takeEpoch(epoch)).rejects.toMatchObject({ code: 'STORE_FENCED' });
      await other.close();
    });

    test('keeps full tiles by level and number', async () => {
      const tiles = [{ level: 0, number: 0, nodes: new Uint8Array(16_320).fill(1) }, { level: 1, number: 0, nodes: new Uint8Array(16_320).fill(2) }];
      await store.commit(batchOf(0, 1, { tiles }));
      const found = await store.tiles([{ level: 1, number: 0 }, { level: 0, number: 1 }, { level: 0, number: 0 }]);
      expect(found.map((nodes) => nodes?.[16_319] ?? null)).toEqual([2, null, 1]);
    });

    test('rows move in the same commit as the entries, or not at all', async () => {
      const row = { state: 'open', at: 5, document: Uint8Array.of(1, 2, 3) };
      await store.commit(batchOf(0, 1, { writes: [{ table: 'thing', key: 'a', row }] }));
      const found = await store.row('thing', 'a');
      expect({ ...found, document: Uint8Array.from(found?.['document'] as Uint8Array) }).toEqual(row);
      await expect(store.commit(batchOf(9, 1, { writes: [{ table: 'thing', key: 'a', row: null }] }))).rejects.toMatchObject({ code: 'STORE_FENCED' });
      expect(await store.row('thing', 'a')).toMatchObject({ state: 'open' });
      await store.commit(batchOf(1, 1, { writes: [{ table: 'thing', key: 'a', row: null }, { table: 'thing', key: 'b', row: { ...row, document: null } }] }));
      expect(await store.row('thing', 'a')).toBeNull();
      expect(await store.row('thing', 'b')).toMatchObject({ state: 'open', document: null });
    });

    test('gives several rows in the order of their keys, with nothing where there is none', async () => {
      const rows = [5, 6].map((at) => ({ state: 'open', at, document: at === 5 ? Uint8Array.of(1, 2, 3) : null }));
      await store.commit(batchOf(0, 1, { writes: rows.map((row, i) => ({ table: 'thing', key: `k${i}`, row })) }));
      expect(await store.rowsAt('thing', ['k1', 'none', 'k0', 'k1'])).toEqual([rows[1], null, rows[0], rows[1]]);
      expect(await store.rowsAt('thing', [])).toEqual([]);
    });

    test('sealed evidence is marked in the commit of its entry, and forgotten in that of its erasure, or not at all', async () => {
      const markOf = (number: number, entry: number) => ({
        key: new Uint8Array(16).fill(number), entry, commitment: new Uint8Array(32).fill(number >> 4),
      });
      const found = async (number: number) => (await store.mark(new Uint8Array(16).fill(number)))?.entry ?? null;
      // 0x11 and 0x12 are two events of one payload.
      const marks = [markOf(0x11, 0), markOf(0x12, 1), markOf(0x21, 2)];
      await store.commit(batchOf(0, 3, { marks }));
      const mark = await store.mark(new Uint8Array(16).fill(0x12));
      expect({ ...mark, key: [...(mark?.key ?? [])], commitment: [...(mark?.commitment ?? [])] }).toEqual({
        key: Array<number>(16).fill(0x12), entry: 1, commitment: Array<number>(32).fill(1),
      });
      expect(await found(0x13)).toBeNull();
      const forgets = [new Uint8Array(32).fill(1)];
      await expect(store.commit(batchOf(9, 1, { marks: [markOf(0x31, 9)], forgets }))).rejects.toMatchObject({ code: 'STORE_FENCED' });
      expect([await found(0x11), await found(0x31)]).toEqual([0, null]);
      await store.commit(batchOf(3, 1, { forgets }));
      expect([await found(0x11), await found(0x12), await found(0x21)]).toEqual([null, null, 2]);
      // Recorded and erased in one batch.
      await store.commit(batchOf(4, 2, { marks: [markOf(0x41, 4)], forgets: [new Uint8Array(32).fill(4)] }));
      expect(await found(0x41)).toBeNull();
      await store.saveMarks([markOf(0x11, 0), markOf(0x21, 5)]);
      await store.close();
      store = await here.open();
      expect([await found(0x11), await found(0x21)]).toEqual([0, 5]);
      for await (const fault of store.faults()) expect(fault).toBeNull();
    });

    test('tables are read in the order of their keys, and built anew apart from entries, all of it or nothing', async () => {
      const row = (at: number) => ({ state: 'x', at, document: Uint8Array.of(at) });
      const writes = ['c', 'a', 'b', 'é', 'A'].map((key, i) => ({ table: 'thing', key, row: row(i) }));
      await store.commit(batchOf(0, 1, { writes }));
      const keys = async (after: string | null, limit: number) => (await store.rows('thing', after, limit)).map(({ key }) => key);
      expect(await keys(null, 10)).toEqual(['A', 'a', 'b', 'c', 'é']);
      expect(await keys('a', 2)).toEqual(['b', 'c']);
      expect(await keys('é', 2)).toEqual([]);
      expect((await store.rows('thing', 'b', 1))[0]).toEqual({ key: 'c', row: row(0) });
      await expect(store.rebuild({ epoch: 2, writes: [], clear: ['thing'] })).rejects.toMatchObject({ code: 'STORE_FENCED' });
      const wrong = [{ table: 'thing', key: 'd', row: row(1) }, { table: 'No such', key: 'd', row: row(1) }];
      if (name !== 'memory') await expect(store.rebuild({ epoch: 1, writes: wrong, clear: ['thing'] })).rejects.toThrow();
      expect(await keys(null, 10)).toHaveLength(5);
      await store.rebuild({ epoch: 1, writes: [{ table: 'thing', key: 'z', row: row(9) }], clear: ['thing'] });
      expect(await keys(null, 10)).toEqual(['z']);
      expect(await store.head()).toMatchObject({ start: 0, count: 1 });
      expect(await store.tables()).toEqual(['thing']);
      await store.rebuild({ epoch: 1, writes: [], drop: ['thing'] });
      expect(await store.tables()).toEqual([]);
    });

    test('the newest checkpoint is what was saved last', async () => {
      await store.saveCheckpoint(3, 'three\n');
      await store.saveCheckpoint(3, 'three, cosigned\n');
      expect(await store.checkpoint()).toEqual({ size: 3, note: 'three, cosigned\n' });
      await store.saveCheckpoint(4, 'four\n');
      expect(await store.checkpoint()).toEqual({ size: 4, note: 'four\n' });
    });

    test('a memo comes back whole, and the newest', async () => {
      await store.saveMemo('streams', [Uint8Array.of(1, 2), Uint8Array.of(3)]);
      expect([...((await store.loadMemo('streams')) ?? [])]).toEqual([1, 2, 3]);
      await store.saveMemo('streams', []);
      expect(await store.loadMemo('streams')).toHaveLength(0);
    });

    test('everything is there for who opens it next', async () => {
      await store.commit(batchOf(0, 300));
      await store.saveCheckpoint(300, 'note\n');
      await store.close();
      store = await here.open();
      expect(await store.head()).toMatchObject({ start: 0, count: 300 });
      expect(await store.epoch()).toBe(1);
      expect(await entriesOf(store, 290, 300)).toEqual(Array.from({ length: 10 }, (_, i) => bytesOf(290 + i)));
      expect(await store.checkpoint()).toEqual({ size: 300, note: 'note\n' });
    });
  });
}
