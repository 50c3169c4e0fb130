// Snapshots: one digest for one set of records, and no byte of a file that can change unseen where a scan reads it.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, formatHex } from '../../../ledger/bytes.ts';
import type { JcsValue } from '../../../ledger/jcs.ts';
import { readJson, type Observation } from '../../../scanner/advisories/observation.ts';
import { sha256Hex } from '../../../scanner/advisories/stored.ts';
import { diffSnapshots, verifySnapshot } from '../../../scanner/snapshot/diff.ts';
import { footerBytes } from '../../../scanner/snapshot/format.ts';
import { Snapshot } from '../../../scanner/snapshot/open.ts';
import { build, fileOf, MemorySpool, observationOf } from './memory.ts';

const ecosystems = ['npm', 'PyPI', 'Debian:12', 'Debian:11', 'Go'];

function recordOf(i: number, more: Record<string, JcsValue> = {}): Observation {
  const named = (n: number) => ({ ecosystem: ecosystems[n % ecosystems.length] as string, name: `pkg-${n % 37}` });
  return observationOf(`source-${i % 3}`, {
    id: `OSV-${i}`,
    aliases: i % 4 === 0 ? [`CVE-2024-${i % 20}`] : [],
    affected: [named(i), named(i * 7)].map((found) => {
      return { package: found, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: `${i}.0.0` }] }] };
    }),
    ...more,
  });
}

const records = Array.from({ length: 120 }, (_, i) => recordOf(i));
const { built, bytes } = build(records, [{ name: 'source-1', fetchedMs: 1 }, { name: 'source-0', sha256: 'ab' }]);

describe('building', () => {
  test('any order of the same records gives the same bytes', () => {
    fc.assert(fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
      const again = build([...shuffled, ...shuffled.slice(0, 7)], [{ name: 'source-0', sha256: 'ab' }, { name: 'source-1', fetchedMs: 1 }]);
      expect(again.built).toEqual(built);
      expect(sha256Hex(again.bytes)).toBe(sha256Hex(bytes));
    }), { numRuns: 10 });
  });

  test('another record, source or time is another digest', () => {
    const digests = [
      build(records).built.digest,
      build(records.slice(1)).built.digest,
      build([recordOf(0, { summary: 'x' }), ...records.slice(1)]).built.digest,
      build(records, [{ name: 'source-0', fetchedMs: 2 }]).built.digest,
      built.digest,
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test('leaving out the sources’ own bytes changes the file and not the digest', () => {
    const snapshot = new Snapshot(fileOf(bytes));
    const raw = records[5]?.raw as Uint8Array;
    expect(formatHex(snapshot.raw(sha256Hex(raw)) as Uint8Array)).toBe(formatHex(raw));
    expect(snapshot.raw('00'.repeat(32))).toBeNull();
  });

  test('a cluster of more ids than any vulnerability has is refused', () => {
    const chain = Array.from({ length: 1100 }, (_, i) => observationOf('chain', { id: `A-${i}`, aliases: [`A-${i + 1}`] }));
    expect(() => build(chain)).toThrowError(expect.objectContaining({ code: 'INPUT_TOO_LARGE' }) as Error);
  });

  test('an empty snapshot opens and has nothing', () => {
    const empty = build([]);
    const snapshot = new Snapshot(fileOf(empty.bytes), empty.built.digest);
    expect(snapshot.recordsOf('npm', 'x')).toEqual([]);
    expect(snapshot.recordsNamed('CVE-2024-1')).toEqual([]);
    expect(verifySnapshot(snapshot, new MemorySpool())).toBe(true);
  });
});

describe('reading', () => {
  test('finds every record by every package and id it names, and opens only their shards', () => {
    const all = new Snapshot(fileOf(bytes), built.digest);
    for (const { osv } of records) {
      const { id, affected } = osv as { id: string; affected: { package: { ecosystem: string; name: string } }[] };
      expect(all.recordsNamed(id).map((ref) => all.record(ref).osv.id)).toContain(id);
      for (const { package: named } of affected) {
        expect(all.recordsOf(named.ecosystem, named.name).map((ref) => all.record(ref).osv.id)).toContain(id);
      }
    }
    const one = new Snapshot(fileOf(bytes), built.digest);
    one.recordsOf('npm', 'pkg-5');
    one.recordsOf('npm', 'pkg-5');
    expect(one.touched.shards).toBe(1);
    expect(one.touched.records).toBe(0);
  });

  test('ids that are one through another source stand beside the record', () => {
    const linked = build([
      observationOf('a', { id: 'PYSEC-1', aliases: ['CVE-1'], affected: [{ package: { ecosystem: 'PyPI', name: 'x' } }] }),
      observationOf('b', { id: 'GHSA-1', aliases: ['CVE-1', 'SNYK-1'] }),
      observationOf('c', { id: 'DSA-1', upstream: ['CVE-1'], related: ['CVE-1'] }),
    ]);
    const snapshot = new Snapshot(fileOf(linked.bytes));
    expect(snapshot.recordsOf('PyPI', 'x').map((ref) => ref[4])).toEqual([['GHSA-1', 'SNYK-1']]);
    expect(snapshot.recordsNamed('DSA-1').map((ref) => ref[4])).toEqual([[]]);
  });

  test('a name of Object.prototype finds nothing that is not there', () => {
    const snapshot = new Snapshot(fileOf(bytes));
    for (const name of ['__proto__', 'constructor', 'toString']) expect(snapshot.recordsOf('npm', name)).toEqual([]);
    const named = build([observationOf('a', { id: 'X', affected: [{ package: { ecosystem: 'npm', name: '__proto__' } }] })]);
    expect(new Snapshot(fileOf(named.bytes)).recordsOf('npm', '__proto__')).toHaveLength(1);
  });

  test('a changed byte anywhere is refused or cannot be read by any scan', () => {
    const read = (file: Uint8Array) => {
      const snapshot = new Snapshot(fileOf(file), built.digest);
      const { spaces } = snapshot.manifest;
      return spaces.flatMap(({ name }) => [...snapshot.names(name)].map(([key, refs]) => [key, refs.map((ref) => snapshot.record(ref))]));
    };
    const right = JSON.stringify(read(bytes));
    const rawStart = Number(new DataView(bytes.buffer, bytes.length - footerBytes).getBigUint64(48));
    const places = Array.from({ length: 150 }, (_, i) => Math.floor((i * rawStart) / 150))
      .concat(Array.from({ length: footerBytes }, (_, i) => bytes.length - 1 - i));
    for (const place of places) {
      const changed = bytes.slice();
      changed[place] = (changed[place] as number) ^ 1;
      let got: string;
      try {
        got = JSON.stringify(read(changed));
      } catch (error) {
        got = (error as { code?: string }).code ?? String(error);
      }
      // Inner nodes of the tree serve other people's proofs: a scan that does not need one is still right.
      expect(['SNAPSHOT_DAMAGED', 'INPUT_MALFORMED', right]).toContain(got);
    }
  });

  test('a shard that leaves out a record passes no verification', () => {
    expect(verifySnapshot(new Snapshot(fileOf(bytes)), new MemorySpool())).toBe(true);
    const other = build(records.slice(1), [{ name: 'source-1', fetchedMs: 1 }, { name: 'source-0', sha256: 'ab' }]);
    expect(() => new Snapshot(fileOf(other.bytes), built.digest)).toThrowError(expect.objectContaining({ code: 'SNAPSHOT_DAMAGED' }) as Error);
  });

  test.each([[0], [10], [footerBytes - 1], [footerBytes]])('%i bytes are no snapshot', (length) => {
    expect(() => new Snapshot(fileOf(new Uint8Array(length)))).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED' }) as Error);
  });
});

describe('diff', () => {
  test('says record by record what changed, and which packages it touches', () => {
    const after = build([
      ...records.slice(2),
      recordOf(1, { withdrawn: '2026-01-01T00:00:00Z' }),
      observationOf('new', { id: 'N-1', affected: [{ package: { ecosystem: 'PyPI', name: 'A_b' } }] }),
    ]);
    const changes = diffSnapshots(new Snapshot(fileOf(bytes)), new Snapshot(fileOf(after.bytes)));
    expect(changes).toEqual([
      { source: 'new', id: 'N-1', change: 'added', members: [], ids: ['N-1'], packages: [['PyPI', 'a-b']] },
      { source: 'source-0', id: 'OSV-0', change: 'removed', members: [], ids: ['CVE-2024-0', 'OSV-0'], packages: [['npm', 'pkg-0']] },
      { source: 'source-1', id: 'OSV-1', change: 'changed', members: ['withdrawn'], ids: ['OSV-1'], packages: [['Debian', 'pkg-7'], ['PyPI', 'pkg-1']] },
    ]);
  });

  test('nothing changed is nothing read', () => {
    const [a, b] = [new Snapshot(fileOf(bytes)), new Snapshot(fileOf(build(records.toReversed()).bytes))];
    expect(diffSnapshots(a, b)).toEqual([]);
    expect(a.touched.records + b.touched.records).toBe(0);
  });
});

test('a number past 2^53 does not stop an import: the raw bytes keep its digits', () => {
  const raw = new TextEncoder().encode('{"id":"X","database_specific":{"n":12345678901234567890}}');
  const { bytes: file } = build([{ source: 'a', raw, osv: readJson(raw) as JcsValue }]);
  expect(new Snapshot(fileOf(file)).raw(sha256Hex(raw))).toEqual(raw);
});

test('the worked example of spec/snapshot.md', () => {
  const page = readFileSync(new URL('../../../spec/snapshot.md', import.meta.url), 'utf8');
  const example = build([observationOf('a', { id: 'X-1' })]);
  const snapshot = new Snapshot(fileOf(example.bytes));
  const [ref] = snapshot.recordsNamed('X-1');
  const record = decodeUtf8(snapshot.bytesOf(ref as NonNullable<typeof ref>));
  const shown = [example.built.digest, record, `["X-1",[${JSON.stringify(ref)}]]`, snapshot.manifest.shardsSha256];
  for (const text of shown) expect(page).toContain(text);
});
