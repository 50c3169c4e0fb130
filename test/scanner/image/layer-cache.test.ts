// The layer cache: cold, warm, corrupted, forged and full, the result is the same bytes; warm reads nothing again.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openLayerCache } from '../../../cli/layer-cache.ts';
import { analyzeFiles, encodeInventory, LayerCache, LayeredFiles, readTar, type CacheStore } from '../../../scanner/index.ts';
import { goBinary, tar, type Member } from './make.ts';

const directory = mkdtempSync(join(tmpdir(), 'layers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const secret = new Uint8Array(32).fill(1);
const layers: Member[][] = [
  [
    { path: 'app/node_modules/a/package.json', content: '{"name":"a","version":"1.0.0"}' }, { path: 'app/node_modules/b/package.json', content: '{"name":' },
    { path: 'bin/tool', content: goBinary('go1.22.3', 'mod\texample.com/x\tv1.0.0\n'), mode: 0o755 }, { path: 'bin/script', content: '#!/bin/sh\n',
      mode: 0o755 },
    { path: 'x/c-1.0.dist-info/METADATA', content: 'Name: c\nVersion: 1.0\n' },
  ],
  // The second layer hides a package, changes another, and links to a file of the first.
  [
    { path: 'x/.wh.c-1.0.dist-info' }, { path: 'app/node_modules/a/package.json', content: '{"name":"a","version":"2.0.0"}' },
    { path: 'bin/linked', link: 'bin/tool', type: '1', mode: 0o755 },
  ],
];

/** @param used - how many of the layers; as one image holds them */
function analyzed(cache: LayerCache | null, used = 2): { bytes: Uint8Array; read: string[] } {
  const read: string[] = [];
  const files = new LayeredFiles();
  layers.slice(0, used).forEach((members, i) => files.apply(`sha256:${i}`, readTar(tar(members))));
  const watched = { files: () => [...files.files()].map((file) => ({ ...file, read: () => (read.push(file.path), file.read()) })), get: (path: string) =>
    files.get(path) };
  return { bytes: encodeInventory(analyzeFiles(watched, cache)), read };
}

class Memory implements CacheStore {
  readonly entries = new Map<string, Uint8Array>();
  get = (name: string) => this.entries.get(name) ?? null;
  put = (name: string, bytes: Uint8Array) => void this.entries.set(name, bytes);
}

describe('the layer cache', () => {
  const plain = analyzed(null);

  test('cold and warm give the same bytes; warm reads only what is linked from a layer below', () => {
    const store = new Memory();
    const cold = analyzed(new LayerCache({ store, secret }));
    const warm = analyzed(new LayerCache({ store, secret }));
    expect([cold.bytes, warm.bytes]).toEqual([plain.bytes, plain.bytes]);
    expect(cold.read.length).toBe(plain.read.length);
    expect(warm.read).toEqual(['bin/linked']);
    expect([...store.entries.keys()].every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
    expect(store.entries.size).toBe(2);
  });

  test('what one image hid another shows: an entry grows, and never speaks for what was not looked at', () => {
    const store = new Memory();
    analyzed(new LayerCache({ store, secret }));
    expect(analyzed(new LayerCache({ store, secret }), 1).bytes).toEqual(analyzed(null, 1).bytes);
    expect(analyzed(new LayerCache({ store, secret }), 1).read).toEqual([]);
    expect(analyzed(new LayerCache({ store, secret })).bytes).toEqual(plain.bytes);
  });

  test('a changed entry is refused wherever it is changed, and the result is the same', () => {
    const store = new Memory();
    analyzed(new LayerCache({ store, secret }));
    for (const [name, entry] of store.entries) {
      for (let at = 0; at < entry.length; at++) {
        const changed = entry.slice();
        changed[at] = (changed[at] as number) ^ (1 << (at % 8));
        const holding = new Memory();
        for (const [other, bytes] of store.entries) holding.put(other, other === name ? changed : bytes);
        const cache = new LayerCache({ store: holding, secret });
        const { bytes } = analyzed(cache);
        expect(cache.refused.length).toBe(1);
        expect(bytes).toEqual(plain.bytes);
        // It is written anew.
        expect(holding.get(name)).toEqual(entry);
      }
      for (const length of [0, 1, 31, 32]) {
        const cut = new Memory();
        cut.put(name, entry.slice(0, length));
        const cache = new LayerCache({ store: cut, secret });
        expect([analyzed(cache).bytes, cache.refused.length]).toEqual([plain.bytes, 1]);
      }
    }
  });

  test('an entry of another ledger, or of another layer, is none', () => {
    const store = new Memory();
    analyzed(new LayerCache({ store, secret: new Uint8Array(32).fill(2) }));
    const foreign = new LayerCache({ store, secret });
    expect([analyzed(foreign).bytes, foreign.refused.length]).toEqual([plain.bytes, 2]);
    const [a, b] = [...store.entries] as [[string, Uint8Array], [string, Uint8Array]];
    store.put(a[0], b[1]);
    const swapped = new LayerCache({ store, secret });
    expect([analyzed(swapped).bytes, swapped.refused]).toEqual([plain.bytes, ['sha256:1']]);
  });
});

describe('its files', () => {
  test('are bounded: the least recently used go first', () => {
    let now = 1_795_000_000_000;
    const store = openLayerCache(join(directory, 'a'), () => (now += 1000), 100);
    for (const name of ['a', 'b', 'c']) store.put(name, new Uint8Array(30));
    expect(store.get('a')?.length).toBe(30);
    store.put('d', new Uint8Array(30));
    expect(readdirSync(join(directory, 'a')).sort()).toEqual(['a', 'c', 'd']);
    store.put('e', new Uint8Array(101));
    expect(store.get('e')).toBeNull();
    expect(statSync(join(directory, 'a', 'd')).mode & 0o777).toBe(0o600);
  });

  test('that cannot be written keep nobody from a result', () => {
    const store = openLayerCache('/dev/null/x', () => 0);
    expect([store.get('a'), store.put('a', new Uint8Array(1))]).toEqual([null, undefined]);
    expect(analyzed(new LayerCache({ store, secret })).bytes).toEqual(analyzed(null).bytes);
  });
});
