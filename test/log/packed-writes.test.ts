// Rows on their way to another thread come out as they went in.
import { expect, test } from 'vitest';
import { packWrites, unpackWrites } from '../../ledger/log/packed-writes.ts';
import type { TableWrite } from '../../ledger/store/port.ts';

test('rows of several tables and shapes, removed ones among them', () => {
  const slab = Uint8Array.of(9, 1, 2, 3, 9);
  const writes: TableWrite[] = [
    { table: 'a', key: 'k1', row: { last: 1, document: slab.subarray(1, 4) } },
    { table: 'a', key: 'k2', row: { last: 2 ** 40, document: new Uint8Array() } },
    { table: 'a', key: 'k3', row: null },
    { table: 'a', key: 'k4', row: null },
    { table: 'a', key: 'k5', row: { document: null, last: 3 } },
    { table: 'b', key: 'k1', row: { text: 'ü', document: slab } },
    { table: 'b', key: 'k6', row: {} },
    { table: 'c', key: '', row: { size: 0, tables: 'x y' } },
  ];
  const packed = structuredClone(packWrites(writes));
  expect(packed.groups.map(({ table, count }) => `${table} ${count}`)).toEqual(['a 2', 'a 2', 'a 1', 'b 1', 'b 1', 'c 1']);
  expect(packed.bytes).toEqual(Uint8Array.of(1, 2, 3, 9, 1, 2, 3, 9));
  expect(unpackWrites(packed)).toEqual(writes);
  expect(unpackWrites(packWrites([]))).toEqual([]);
});
