// The view of a ledger that a server follows: one store for all heads, and nothing of a failure kept.
import { expect, test } from 'vitest';
import { LiveView } from '../../cli/live-view.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { openMemoryAnchor } from '../../ledger/store/anchor.ts';
import { openMemory } from '../../ledger/store/memory.ts';
import type { Store } from '../../ledger/store/port.ts';
import { documentOf, World } from '../log/kit.ts';

test('reads each head from the one store that it was given, and again where that was refused once', async () => {
  const world = new World();
  const log = await world.create();
  const memory = openMemory(world.state);
  let refusing = false;
  const store = new Proxy(memory, { get: (target, name) => {
    if (refusing && name === 'head') return async () => { throw new LedgerError('STORE_FAILED', 'Cannot use the store: it is busy'); };
    const value = Reflect.get(target, name) as unknown;
    return typeof value === 'function' ? value.bind(target) as unknown : value;
  } }) as Store;
  const view = new LiveView({ store, anchor: openMemoryAnchor(world.held) }, null);
  expect((await view.current()).published.size).toBe(1);
  await log.append([{ drafts: [documentOf('one', ['one'])] }]);
  expect((await view.current()).published.size).toBe(2);
  await log.append([{ drafts: [documentOf('two', ['two'])] }]);
  refusing = true;
  await expect(view.current()).rejects.toMatchObject({ code: 'STORE_FAILED' });
  refusing = false;
  // At the same head.
  const again = await view.current();
  expect(again.published.size).toBe(3);
  expect(await view.current()).toBe(again);
  await log.close();
  await view.close();
});
