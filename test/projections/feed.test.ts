// The feed's document: the import that counts, and the newest rescan that says something about the newest advisories.
import { expect, test } from 'vitest';
import { decodeEvent } from '../../ledger/events/index.ts';
import { encodeDocument } from '../../projections/digest.ts';
import { feed, type FeedDocument } from '../../projections/feed.ts';
import { foldStream, type StreamEvent } from '../../projections/memory.ts';
import { Gates } from '../gate/kit.ts';
import { digestOf } from '../log/kit.ts';

async function documentOf({ log }: Gates, name: string): Promise<FeedDocument | null> {
  const events: StreamEvent[] = [];
  for (let index = 0; index < log.published.size; index++) {
    const event = decodeEvent(await log.entry(index));
    if (event.streams.some((stream) => stream.name === `feed:${name}`)) events.push({ index, event });
  }
  return foldStream(feed, `feed:${name}`, events);
}

test('holds the newest rescan by its entry and its list, with the import that it looked at', async () => {
  const gates = await Gates.begin();
  const first = await gates.feed('osv', 'snapshot 1');
  expect(await documentOf(gates, 'osv')).not.toHaveProperty('rescanned');
  const rescan = await gates.rescan([7], 'snapshot 1');
  const [list] = decodeEvent(await gates.log.entry(rescan)).payloads ?? [];
  const about = { entry: rescan, semantics: 1, holding: list?.digest?.[1], import: { entry: first, snapshot: digestOf('snapshot 1')[1] } };
  expect(await documentOf(gates, 'osv')).toMatchObject({ last: rescan, imported: 1, newest: { entry: first }, rescanned: about });
  // A newer import leaves what it says standing, with the snapshot that it says it of; so does a rescan for an older one.
  const second = await gates.feed('osv', 'snapshot 2');
  const old = await gates.rescan([], 'snapshot 1');
  expect(await documentOf(gates, 'osv')).toMatchObject({ last: old, imported: 2, newest: { entry: second }, rescanned: about });
  const next = await gates.rescan([], 'snapshot 2');
  expect(await documentOf(gates, 'osv')).toMatchObject({ rescanned: { entry: next, import: { entry: second } } });
  const again = await gates.feed('osv', 'snapshot 2');
  expect(await documentOf(gates, 'osv')).toMatchObject({ newest: { entry: again }, rescanned: { entry: next, import: { entry: again } } });
});

test('is no larger after a thousand scans that hold than after one', async () => {
  const sizeAfter = async (scans: number) => {
    const gates = await Gates.begin();
    await gates.feed('osv', 'snapshot 1');
    await gates.rescan(Array.from({ length: scans }, (_, i) => i), 'snapshot 1');
    return encodeDocument(await documentOf(gates, 'osv') as FeedDocument).length;
  };
  expect(await sizeAfter(1_000)).toBe(await sizeAfter(1));
});

test('of a feed moves by its own rescans alone, and by none before an import', async () => {
  const gates = await Gates.begin();
  await gates.feed('osv', 'snapshot 1');
  const before = await documentOf(gates, 'osv');
  await gates.rescan([7], 'snapshot 1', 'ubuntu');
  expect(await documentOf(gates, 'osv')).toEqual(before);
  expect(await documentOf(gates, 'ubuntu')).toMatchObject({ imported: 0 });
  expect(await documentOf(gates, 'ubuntu')).not.toHaveProperty('rescanned');
});
