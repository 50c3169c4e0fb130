// The file anchor: compare-and-swap, torn writes, and a second process.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import type { Anchor, AnchorStore } from '../../ledger/store/anchor.ts';
import { openMemoryAnchor } from '../../ledger/store/anchor.ts';
import { openFileAnchor } from '../../ledger/store/anchor-file.ts';
import { freshDirectory } from './place.ts';

const first: Anchor = { origin: 'a.example', epoch: 1, instance: '00'.repeat(16), size: 0, root: '11'.repeat(32), note: '' };
const at = (size: number, more: Partial<Anchor> = {}): Anchor => ({ ...first, size, ...more });

describe.each<[string, () => AnchorStore]>([
  ['file', () => openFileAnchor(join(freshDirectory(), 'apart', 'anchor'))],
  ['memory', () => openMemoryAnchor()],
])('anchor contract: %s', (_, open) => {
  test('swaps only what is expected', async () => {
    const anchor = open();
    expect(await anchor.read()).toBeNull();
    expect(await anchor.swap(first, at(1))).toBe(false);
    expect(await anchor.swap(null, first)).toBe(true);
    expect(await anchor.swap(null, first)).toBe(false);
    expect(await anchor.read()).toEqual(first);
    for (let size = 1; size < 8; size++) expect(await anchor.swap(at(size - 1), at(size, { note: 'n\n' }))).toBe(true);
    const others: Partial<Anchor>[] = [{ epoch: 2 }, { instance: '01'.repeat(16) }, { size: 6 }, { root: '12'.repeat(32) }, { origin: 'b.example' }];
    for (const other of others) expect(await anchor.swap({ ...at(7), ...other }, at(8))).toBe(false);
    expect(await anchor.read()).toEqual(at(7, { note: 'n\n' }));
    await anchor.close();
  });
});

describe('file anchor', () => {
  test('survives a torn write of either slot, and says so when both are gone', async () => {
    const file = join(freshDirectory(), 'anchor');
    const anchor = openFileAnchor(file);
    await anchor.swap(null, at(0));
    await anchor.swap(at(0), at(1));
    await anchor.swap(at(1), at(2));
    await anchor.close();
    const bytes = readFileSync(file);
    expect(bytes).toHaveLength(16_384);
    expect(statSync(file).mode & 0o077).toBe(0);
    const read = async (change: (bytes: Uint8Array) => void) => {
      const torn = Uint8Array.from(bytes);
      change(torn);
      writeFileSync(file, torn);
      const reader = openFileAnchor(file, { readOnly: true });
      try {
        return (await reader.read())?.size;
      } finally {
        await reader.close();
      }
    };
    const flip = (offset: number) => (torn: Uint8Array) => void (torn[offset] = (torn[offset] as number) ^ 0x10);
    expect(await read(() => {})).toBe(2);
    expect(await read(flip(40))).toBe(1); // Size 2 lies in the first slot: the older one stands.
    expect(await read(flip(8192 + 40))).toBe(2);
    await expect(read((torn) => [flip(3), flip(8192 + 40)].forEach((change) => change(torn)))).rejects.toMatchObject({ code: 'ANCHOR_CORRUPT' });
  });

  test('a second process of this machine is refused for as long as the first runs', async () => {
    const file = join(freshDirectory(), 'anchor');
    const anchor = openFileAnchor(file);
    await anchor.swap(null, first);
    expect(() => openFileAnchor(file)).toThrow(expect.objectContaining({ code: 'ANCHOR_LOCKED' }));
    const reader = openFileAnchor(file, { readOnly: true });
    expect(await reader.read()).toEqual(first);
    await reader.close();
    await anchor.close();
    await openFileAnchor(file).close();
  });
});

test('the worked example of spec/log.md is what is written', async () => {
  const file = join(freshDirectory(), 'anchor');
  const anchor = openFileAnchor(file);
  const root = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  await anchor.swap(null, { origin: 'ledger.example', epoch: 1, instance: '00112233445566778899aabbccddeeff', size: 0, root, note: '' });
  await anchor.close();
  const [, example] = /\n```\n(7374[\s\S]*?)```/.exec(readFileSync(new URL('../../spec/log.md', import.meta.url), 'utf8')) as unknown as [string, string];
  const [head, text, digest] = example.split('\n') as [string, string, string];
  const expected = concatBytes(parseHex(head.replaceAll(' ', '')), encodeUtf8(text), parseHex(digest));
  expect(formatHex(new Uint8Array(readFileSync(file)).subarray(0, expected.length))).toBe(formatHex(expected));
});
