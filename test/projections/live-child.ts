// Builds live tables of another version anew in a process of its own, and stops it dead before or after the n-th write: `live-child.ts DIRECTORY N WHEN`.
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { LiveProjector, projectionTables } from '../../projections/tables.ts';

const [directory = '', count = '', when = ''] = process.argv.slice(2);
const store = openSqlite(directory, { tables: projectionTables });
const [head, epoch] = [await store.head(), await store.epoch()];
let writes = 0;
const stop = (at: string) => {
  if (writes === Number(count) && at === when) process.kill(process.pid, 'SIGKILL');
};
const watched = new Proxy(store, {
  get(target, key) {
    const value = Reflect.get(target, key) as unknown;
    if (typeof value !== 'function') return value;
    if (key !== 'rebuild') return value.bind(target) as unknown;
    return async (change: Parameters<typeof store.rebuild>[0]) => {
      writes += 1;
      stop('before');
      await store.rebuild(change);
      stop('after');
    };
  },
});
await new LiveProjector(watched).begin({ epoch, size: head === null ? 0 : head.start + head.count });
process.stdout.write(String(writes));
