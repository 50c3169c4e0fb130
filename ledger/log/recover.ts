// Going on after a loss: entries come back from any copy whose root is the one that was signed; what no copy has stays lost.
import { equalBytes, formatHex, parseHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { decodeBundle, emptyRoot, formatBundlePath, tileWidth } from '../merkle/index.ts';
import { parseCheckpoint, verifyEd25519, verifyNote, type NoteKey } from '../note/index.ts';
import type { Anchor, AnchorStore } from '../store/anchor.ts';
import { offsetsOf, packEntries, type Run } from '../store/packed.ts';
import type { Store } from '../store/port.ts';
import { Skim, skimEntry, kindOf } from '../events/index.ts';
import { disagree } from './boot.ts';
import { defaultEngines, type Engine } from './engine.ts';
import { genesisOf } from './genesis.ts';
import { growTree, loadTree } from './load-tree.ts';
import { Tree } from './tree.ts';

/** A copy of the log that may have what the database lacks: a mirror, a backup's database, a served tile directory. */
export interface EntrySource {
  /** Entries from `start` up to `end`, in order; ends early where the copy has no more. */
  entries(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** Another store of this ledger as a source: a backup, or a database that went on elsewhere. */
export function sourceOf(store: Store): EntrySource {
  return {
    async *entries(start, end) {
      for (let at = start; at < end; ) {
        const runs = await store.runs(at, end);
        if (runs.length === 0) return;
        for (const run of runs) {
          const offsets = offsetsOf(run);
          for (let i = at - run.start; i < run.count && run.start + i < end; i++) yield run.packed.subarray((offsets[i] as number) + 2, offsets[i + 1]);
          at = run.start + run.count;
        }
      }
    },
  };
}

/**
 * A served log or mirror as a source (C2SP tlog-tiles).
 *
 * @param get - the bytes under a path such as `tile/entries/x001/234`, or null where there is nothing
 * @param size - of the checkpoint that the copy serves: its last bundle may be partial
 */
export function tilesSource(get: (path: string) => Promise<Uint8Array | null>, size: number): EntrySource {
  return {
    async *entries(start, end) {
      for (let at = start; at < Math.min(end, size); ) {
        const index = Math.floor(at / tileWidth);
        const width = Math.min(tileWidth, size - index * tileWidth);
        // A partial bundle may be gone once it was filled: then the full one is there.
        const partial = await get(formatBundlePath({ index, width }));
        const bytes = partial ?? (width < tileWidth ? await get(formatBundlePath({ index, width: tileWidth })) : null);
        if (bytes === null) return;
        const entries = decodeBundle(bytes, partial === null ? tileWidth : width);
        for (const entry of entries.slice(at - index * tileWidth, end - index * tileWidth)) yield entry;
        at = (index + 1) * tileWidth;
      }
    },
  };
}

export interface RecoverPorts {
  readonly store: Store;
  readonly anchor: AnchorStore;
  readonly random: (count: number) => Uint8Array;
  readonly engines?: readonly [Engine, Engine];
  /** 4,096 when left out. */
  readonly entriesPerCommit?: number;
}

/**
 * Brings back the entries that the anchor names and the store lacks.
 *
 * Nothing is stored before all of it is read once and its root is the anchored one, so that a wrong copy changes nothing.
 *
 * @returns the sizes before and after; equal when nothing was missing
 * @throws {LedgerError} ANCHOR_MISSING; LOG_FORKED when the store's own entries are not those that were signed; RECOVER_INCOMPLETE
 *   when the source ends early; RECOVER_WRONG when its entries lead to another root
 */
export async function recover(ports: RecoverPorts, source: EntrySource): Promise<{ before: number; size: number }> {
  const { store, anchor, random, engines = defaultEngines(), entriesPerCommit = 4096 } = ports;
  const signed = await anchor.read();
  if (signed === null) {
    throw new LedgerError('ANCHOR_MISSING', 'Cannot recover: there is no anchor', { hint: 'bring a head: "stella recover --checkpoint FILE"' });
  }
  const head = await store.head();
  const before = head === null ? 0 : head.start + head.count;
  if (head !== null) {
    const { origin } = await genesisOf(store);
    if (origin !== signed.origin) throw new LedgerError('LOG_FOREIGN', `Cannot recover: the database is of "${origin}", the anchor of "${signed.origin}"`);
  }
  if (before >= signed.size) return { before, size: before };
  // 1. Read everything once: only the root says whether these are the entries.
  const expected = parseHex(signed.root);
  const trial = before === 0 ? new Tree(engines[0]) : await loadTree(store, engines[0], before);
  if (head !== null && !equalBytes(trial.root(), head.root)) throw disagree(before, 'the stored entries', 'the root stored with them');
  const runs = runsOf(source, before, signed.size, entriesPerCommit);
  for await (const run of runs) trial.append(run.packed, offsetsOf(run));
  if (trial.size < signed.size) {
    throw new LedgerError('RECOVER_INCOMPLETE', `Cannot recover: the copy ends at ${trial.size}, expected ${signed.size} entries`, {
      hint: 'try another mirror or backup; nothing was changed',
    });
  }
  if (!equalBytes(trial.root(), expected)) {
    throw new LedgerError('RECOVER_WRONG', `Cannot recover: this copy and the first ${before} entries here do not lead to the signed root`, {
      hint: 'try another mirror or backup, into an empty directory; nothing was changed',
    });
  }
  // 2. Take the epoch as a writer does, so that no other one goes on meanwhile.
  const epoch = Math.max(signed.epoch, await store.epoch()) + 1;
  const ours: Anchor = { ...signed, epoch, instance: formatHex(random(16)) };
  if (!(await anchor.swap(signed, ours))) throw new LedgerError('ANCHOR_TAKEN', 'Cannot recover: another process took the anchor');
  await store.takeEpoch(epoch);
  // 3. Store them. A crash in the middle leaves a shorter gap: the same command goes on from there.
  await storeEntries(store, epoch, runsOf(source, before, signed.size, entriesPerCommit), before, engines);
  return { before, size: signed.size };
}

async function storeEntries(store: Store, epoch: number, runs: AsyncIterable<Run>, before: number, engines: readonly [Engine, Engine]): Promise<void> {
  const tree = before === 0 ? new Tree(engines[0]) : await loadTree(store, engines[0], before);
  const second = before === 0 ? new Tree(engines[1]) : await loadTree(store, engines[1], before);
  let time = (await store.head())?.time ?? 0;
  for await (const run of runs) {
    tree.append(run.packed, offsetsOf(run));
    time = timeOf(run) ?? time;
    await store.commit({ epoch, run, time, root: tree.root(), tiles: tree.takeFullTiles(), writes: [] });
    await growTree(store, second, run.start + run.count);
    second.takeFullTiles();
    if (!equalBytes(second.root(), tree.root())) throw disagree(tree.size, `engine ${engines[0].name}`, `engine ${engines[1].name} over the stored bytes`);
  }
}

async function* runsOf(source: EntrySource, start: number, end: number, entriesPerCommit: number): AsyncIterable<Run> {
  let entries: Uint8Array[] = [];
  let first = start;
  for await (const entry of source.entries(start, end)) {
    entries.push(entry.slice());
    if (entries.length < entriesPerCommit) continue;
    yield { start: first, count: entries.length, packed: packEntries(entries) };
    first += entries.length;
    entries = [];
  }
  if (entries.length > 0) yield { start: first, count: entries.length, packed: packEntries(entries) };
}

const seen = new Skim();

/** Recorded time of a run's last event, or null where it has none that can be read. */
function timeOf(run: Run): number | null {
  const offsets = offsetsOf(run);
  for (let i = run.count - 1; i >= 0; i--) {
    const [from, to] = [(offsets[i] as number) + 2, offsets[i + 1] as number];
    if (kindOf(run.packed.subarray(from, to)) !== 'event') continue;
    try {
      skimEntry(run.packed, from, to, seen);
      return seen.at;
    } catch {
      return null;
    }
  }
  return null;
}

/**
 * Makes a new anchor where the old one is lost, from a head that somebody outside has kept: a mirror, a witness, a receipt.
 *
 * The store must have all its entries under that root. What the lost anchor named beyond that head cannot be known: whoever
 * brings an older head than the last one signed may sign a fork, which only witnesses will see.
 *
 * @param checkpoint - the newest signed checkpoint that is known outside @param keys - the log's keys
 * @throws {LedgerError} RECOVER_WRONG when no key of the log signed it; LOG_FOREIGN; LOG_ROLLED_BACK when entries are missing;
 *   LOG_FORKED; ANCHOR_TAKEN when there is an anchor
 */
export async function recoverAnchor(ports: RecoverPorts, checkpoint: string, keys: readonly NoteKey[]): Promise<Anchor> {
  const { store, anchor, random, engines = defaultEngines() } = ports;
  if ((await anchor.read()) !== null) throw new LedgerError('ANCHOR_TAKEN', 'Cannot make an anchor: there is one', { hint: 'start without recovering' });
  const signed = parseCheckpoint(checkpoint);
  const { verified, failed } = verifyNote(signed.note, keys, { ed25519: verifyEd25519 });
  if (verified.length === 0 || failed.length > 0) throw new LedgerError('RECOVER_WRONG', 'Cannot make an anchor: no key of this ledger has signed that head');
  const { origin } = await genesisOf(store);
  if (signed.origin !== origin) throw new LedgerError('LOG_FOREIGN', `Cannot make an anchor: the head is of "${signed.origin}", the database of "${origin}"`);
  const head = await store.head();
  const size = head === null ? 0 : head.start + head.count;
  if (size < signed.size) {
    throw new LedgerError('LOG_ROLLED_BACK', `Cannot make an anchor: entries ${size} to ${signed.size - 1} are missing here`, { hint: 'recover them first' });
  }
  const tree = await loadTree(store, engines[0], signed.size);
  if (!equalBytes(tree.root(), signed.root)) throw new LedgerError('LOG_FORKED', `Cannot make an anchor: the first ${signed.size} entries here are others`);
  const made: Anchor = {
    origin, epoch: await store.epoch(), instance: formatHex(random(16)), size: signed.size, root: formatHex(signed.root), note: checkpoint,
  };
  if (!(await anchor.swap(null, made))) throw new LedgerError('ANCHOR_TAKEN', 'Cannot make an anchor: another process made one');
  return made;
}

/** An anchor for an empty store, so that `recover` can fill it from a mirror: disaster recovery on a new machine. */
export async function adoptHead({ store, anchor, random }: RecoverPorts, checkpoint: string, keys: readonly NoteKey[]): Promise<Anchor> {
  if ((await store.head()) !== null || (await anchor.read()) !== null) throw new LedgerError('ANCHOR_TAKEN', 'Cannot adopt a head: a ledger is here already');
  const signed = parseCheckpoint(checkpoint);
  const { verified, failed } = verifyNote(signed.note, keys, { ed25519: verifyEd25519 });
  if (verified.length === 0 || failed.length > 0) throw new LedgerError('RECOVER_WRONG', 'Cannot adopt a head: no key of this ledger has signed it');
  if (signed.size === 0 && !equalBytes(signed.root, emptyRoot())) throw new LedgerError('RECOVER_WRONG', 'Cannot adopt a head: it is of no tree');
  const made: Anchor = { origin: signed.origin, epoch: 0, instance: formatHex(random(16)), size: signed.size, root: formatHex(signed.root), note: checkpoint };
  if (!(await anchor.swap(null, made))) throw new LedgerError('ANCHOR_TAKEN', 'Cannot adopt a head: another process made an anchor');
  return made;
}
