// What changed between two snapshots, record by record, and whether a snapshot is what its digest says.
import { formatHex } from '../../ledger/bytes.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { ecosystemBase, nameKey } from '../advisories/ecosystems.ts';
import { decodeStored, type StoredRecord } from '../advisories/stored.ts';
import { SnapshotBuilder } from './build.ts';
import { idSpace, type RecordRef, type Spool } from './format.ts';
import type { Snapshot } from './open.ts';

export interface RecordChange {
  readonly source: string;
  readonly id: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Members of the record that differ, such as `affected` or `withdrawn`; empty unless changed. */
  readonly members: readonly string[];
  /** All ids the record has or had, its aliases too, ascending. */
  readonly ids: readonly string[];
  /** Packages whose scans the change can touch, `[ecosystem, name]`, ascending. */
  readonly packages: readonly (readonly [ecosystem: string, name: string])[];
}

/**
 * Compares two snapshots. Only records whose hashes differ are read; the order is by source and id.
 *
 * Several records of one source and id (two files of one feed) are compared as sets: a change that pairs none with none shows
 * as one removed and one added.
 */
export function diffSnapshots(before: Snapshot, after: Snapshot): RecordChange[] {
  const [gone, come] = [onlyIn(before, after), onlyIn(after, before)];
  const changes: RecordChange[] = [];
  for (const key of [...new Set([...gone.keys(), ...come.keys()])].sort()) {
    const [left, right] = [gone.get(key) ?? [], come.get(key) ?? []];
    const pairs = Math.max(left.length, right.length);
    for (let i = 0; i < pairs; i++) changes.push(changeOf(left[i], right[i]));
  }
  return changes;
}

function changeOf(left: StoredRecord | undefined, right: StoredRecord | undefined): RecordChange {
  const { source, osv } = (right ?? left) as StoredRecord;
  const change = left === undefined ? 'added' : right === undefined ? 'removed' : 'changed';
  const packages = new Map([left, right].flatMap((stored) => (stored?.osv.affected ?? []).flatMap(({ package: named }) => {
    if (named === undefined) return [];
    const entry = [ecosystemBase(named.ecosystem), nameKey(named.ecosystem, named.name)] as const;
    return [[entry.join('\n'), entry] as const];
  })));
  const members = left !== undefined && right !== undefined ? differingMembers(left, right) : [];
  const ids = new Set([left, right].flatMap((stored) => (stored === undefined ? [] : [stored.osv.id, ...(stored.osv.aliases ?? [])])));
  return { source, id: osv.id, change, members, ids: [...ids].sort(), packages: [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry) };
}

function differingMembers(left: StoredRecord, right: StoredRecord): string[] {
  const [one, other] = [left, right].map((stored) => ({ ...stored.osv, facts: stored.facts, notes: stored.notes }) as Record<string, unknown>);
  const text = (value: unknown) => (value === undefined ? '' : formatJcs(value as JcsValue));
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]);
  return [...names].filter((name) => text(one?.[name]) !== text(other?.[name])).sort();
}

/** Records of `here` whose hash `there` has not, by source and id; equal keys in the order of their hashes. */
function onlyIn(here: Snapshot, there: Snapshot): Map<string, StoredRecord[]> {
  const known = new Set(hashesOf(there));
  const found = new Map<string, StoredRecord[]>();
  for (const ref of refsOf(here, (hash) => !known.has(hash))) {
    const stored = here.record(ref);
    const key = `${stored.source}\n${stored.osv.id}`;
    found.set(key, [...(found.get(key) ?? []), stored]);
  }
  return found;
}

function* hashesOf(snapshot: Snapshot): Generator<string> {
  const hashes = snapshot.recordHashes();
  for (let at = 0; at < hashes.length; at += 32) yield formatHex(hashes.subarray(at, at + 32));
}

/** Every record once, found through its ids (each record has one). */
function* refsOf(snapshot: Snapshot, wanted: (leafHash: string) => boolean): Generator<RecordRef> {
  const seen = new Set<number>();
  for (const [, refs] of snapshot.names(idSpace)) {
    for (const ref of refs) {
      if (seen.has(ref[0]) || !wanted(ref[3])) continue;
      seen.add(ref[0]);
      yield ref;
    }
  }
}

/**
 * Whether the snapshot is exactly what its records make: it is built again from them, and the digests are compared.
 *
 * Opening checks what a scan reads; this also finds a shard that leaves out a record, which only its builder could have done.
 */
export function verifySnapshot(snapshot: Snapshot, spool: Spool): boolean {
  const builder = new SnapshotBuilder(spool, { keepRaw: false });
  for (const ref of refsOf(snapshot, () => true)) {
    const bytes = snapshot.bytesOf(ref);
    builder.addStored(bytes, decodeStored(bytes));
  }
  return builder.finish({ write: () => undefined }, snapshot.manifest.sources).digest === snapshot.digest;
}
