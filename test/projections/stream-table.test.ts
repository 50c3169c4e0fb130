// The table of streams that a fold has met: every name at its own place, whoever chose the names.
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { Skim } from '../../ledger/events/index.ts';
import { StreamTable, Tags } from '../../projections/stream-table.ts';

/** Meets names, 256 at a time, and gives their places. */
function met(table: StreamTable, names: readonly string[]): number[] {
  const [skim, tags] = [new Skim(), new Tags()];
  const places: number[] = [];
  skim.streams = 1;
  for (let from = 0; from < names.length; from += 256) {
    const some = names.slice(from, from + 256);
    tags.count = 0;
    let at = 0;
    const bytes = encodeUtf8(some.join(''));
    for (const [i, name] of some.entries()) {
      [skim.nameStart[0], skim.nameEnd[0]] = [at, (at += name.length)];
      tags.add(from + i, skim, bytes, null);
    }
    table.findAll(bytes, tags);
    places.push(...tags.place.subarray(0, some.length));
  }
  return places;
}

describe('names', () => {
  const digests = (count: number, digestOf: (hex: string) => string) =>
    Array.from({ length: count }, (_, i) => `artifact:sha256:${digestOf(i.toString(16).padStart(48, '0'))}`);

  // Digests that end alike fall on one place: looked for one after another, these take a minute where they should take a second.
  test.each<[string, (hex: string) => string]>([
    ['that end differently', (hex) => '0'.repeat(16) + hex],
    ['that end alike', (hex) => hex + '0'.repeat(16)],
  ])('of many artifacts, with digests %s, each have a place', (_, digestOf) => {
    const table = new StreamTable([{ streams: 'artifact:' }]);
    const names = digests(100_000, digestOf);
    const order = names.map((_name, i) => i);
    expect(met(table, names)).toEqual(order);
    expect(met(table, names.slice(0, 512))).toEqual(order.slice(0, 512));
    expect(names.map((name) => table.placeOf(encodeUtf8(name)))).toEqual(order);
    expect([table.size, table.nameAt(99_999), table.placeOf(encodeUtf8(`${names[7]}0`))]).toEqual([100_000, names[99_999], -1]);
    expect(table.placeOf(encodeUtf8(`artifact:sha256:${digestOf('f'.repeat(48))}`))).toBe(-1);
  }, 40_000);
});
