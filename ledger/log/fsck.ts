// Checking everything: each stored byte is recomputed from the entries, and each fault is located.
import { equalBytes, formatHex, parseHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { decodeEnvelope, kindOf, type Envelope } from '../events/index.ts';
import { parseCheckpoint, verifyEd25519, verifyNote, type NoteKey } from '../note/index.ts';
import type { AnchorStore } from '../store/anchor.ts';
import { offsetsOf, sliceRun, unpackEntries, type Run } from '../store/packed.ts';
import type { PayloadStore } from '../store/payloads.ts';
import type { Commit, FatTile, Fault, Store } from '../store/port.ts';
import { Audit } from '../streams/index.ts';
import { defaultEngines, indexSlots, sha256, type Engine } from './engine.ts';
import { Reader } from './reader.ts';
import { LogState, memosMatch } from './state.ts';
import { fatHashes, rowAt, Tree } from './tree.ts';

export interface FsckPorts {
  readonly store: Store;
  /** Left out: what the anchor holds is not looked at. */
  readonly anchor?: AnchorStore;
  /** Left out: payloads are not looked at. */
  readonly payloads?: PayloadStore;
  /** The keys that may have signed checkpoints. */
  readonly keys?: readonly NoteKey[];
  readonly engine?: Engine;
}

/** What a check came to, beside the faults it has given away one by one. */
export interface FsckSummary {
  readonly size: number;
  readonly root: Uint8Array;
  /** Payloads that entries name and that are not here: erased, or kept elsewhere. */
  readonly payloadsMissing: number;
}

/**
 * Checks a store from end to end and gives away each fault as it is found; no fault at all is a clean store.
 *
 * 1. What the store can find by itself: its engine's check, gaps, row check sums.
 * 2. Every entry hashed again; every full tile compared hash by hash; the root after every commit.
 * 3. Every event's data, streams, versions, links, times and recognition, and the stream index roots.
 * 4. The checkpoints that the store and the anchor hold: signature, size, root.
 * 5. The memos, compared with the state that the entries give.
 * 6. Every payload that an entry names.
 */
export async function* fsck(ports: FsckPorts): AsyncGenerator<Fault, FsckSummary> {
  const { store } = ports;
  yield* store.faults();
  const scan = new Scan(ports);
  yield* scan.run();
  yield* checkpoints(ports, scan);
  const reader = new Reader(store, () => scan.tree);
  if (scan.rebuilt && !(await memosMatch(store, scan.state, (size) => reader.rootAt(size)))) {
    yield { where: 'memos', what: 'they differ from what the entries give: remove them' };
  }
  return { size: scan.tree.size, root: scan.tree.root(), payloadsMissing: scan.payloadsMissing };
}

class Scan {
  readonly #ports: FsckPorts;
  readonly #engine: Engine;
  readonly tree: Tree;
  /** What the entries give, as a start rebuilds it. */
  readonly state = new LogState();
  /** False when an entry could not be read. */
  rebuilt = true;
  /** Roots at the sizes where checkpoints are expected, and after each commit. */
  readonly roots = new Map<number, Uint8Array>();
  payloadsMissing = 0;
  readonly #audit = new Audit(sha256, indexSlots());
  readonly #payloadsSeen = new Set<string>();

  constructor(ports: FsckPorts) {
    this.#ports = ports;
    this.#engine = ports.engine ?? defaultEngines()[0];
    this.tree = new Tree(this.#engine);
  }

  async *run(): AsyncGenerator<Fault> {
    const { store } = this.#ports;
    for (;;) {
      const commits = await store.commits(this.tree.size, 1000);
      if (commits.length === 0) break;
      for (const commit of commits) {
        const size = this.tree.size;
        yield* this.#commit(commit);
        if (this.tree.size === size) return;
      }
    }
  }

  async *#commit(commit: Commit): AsyncGenerator<Fault> {
    const end = commit.start + commit.count;
    while (this.tree.size < end) {
      let runs: Run[];
      try {
        runs = await this.#ports.store.runs(this.tree.size, end);
      } catch (error) {
        yield { where: `entries from ${this.tree.size}`, what: message(error) };
        return;
      }
      if (runs.length === 0) {
        yield { where: `entries ${this.tree.size} to ${end - 1}`, what: 'they are missing' };
        return;
      }
      for (const whole of runs) {
        try {
          offsetsOf(whole);
        } catch {
          // The store has named it; nothing behind it can be placed any more.
          return;
        }
        yield* this.#entries(sliceRun(whole, this.tree.size, end));
      }
    }
    const root = this.tree.root();
    this.roots.set(end, root);
    if (!equalBytes(root, commit.root)) yield { where: `batch ${commit.start}`, what: `its root is not that of the first ${end} entries` };
  }

  async *#entries(run: Run): AsyncGenerator<Fault> {
    const { payloads } = this.#ports;
    if (run.count === 0) return;
    this.tree.append(run.packed, offsetsOf(run));
    if (this.rebuilt) yield* this.#absorb(run);
    for (const tile of this.tree.takeFullTiles()) yield* this.#tile(tile);
    let index = run.start;
    for (const entry of unpackEntries(run)) {
      for (const { code, message } of this.#audit.add(entry)) yield { where: `entry ${index}`, what: `${code}: ${message}` };
      if (payloads !== undefined && this.state.decodes && kindOf(entry) === 'event') yield* this.#payloads(entry, index, payloads);
      index += 1;
    }
  }

  *#absorb(run: Run): Generator<Fault> {
    try {
      this.state.absorb(run, run.start + run.count);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      // What follows from the entries is not known any more; the entries themselves are still compared with their tiles.
      this.rebuilt = false;
      yield { where: `entries ${this.state.size} to ${run.start + run.count - 1}`, what: error.message };
    }
  }

  async *#tile({ level, number, nodes }: FatTile): AsyncGenerator<Fault> {
    const where = `tile ${level}/${number}`;
    const [stored] = await this.#ports.store.tiles([{ level, number }]);
    if (stored === null || stored === undefined) {
      yield { where, what: 'it is missing' };
    } else if (stored.length !== nodes.length) {
      yield { where, what: `${stored.length} bytes, expected ${nodes.length}` };
    } else if (!equalBytes(stored, nodes)) {
      const at = (bytes: Uint8Array, i: number) => bytes.subarray(32 * i, 32 * i + 32);
      const differs = Array.from({ length: fatHashes }, (_, i) => i).filter((i) => !equalBytes(at(stored, i), at(nodes, i)));
      const own = differs.filter((i) => i < 256);
      // A tile that holds together by itself was computed from its hashes: then it is the entries that have changed since.
      if (level === 0 && this.#holdsTogether(stored)) {
        for (const i of own) yield { where: `entry ${256 * number + i}`, what: 'its bytes do not have the hash that its tile holds' };
      } else {
        for (const i of differs.slice(0, 8)) yield { where: `${where} ${placeIn(i)}`, what: 'it is not the hash that the entries give' };
      }
    }
  }

  #holdsTogether(nodes: Uint8Array): boolean {
    const again = new Uint8Array(32 * (fatHashes + 1));
    again.set(nodes.subarray(0, 32 * 256));
    for (let height = 0; height < 8; height++) this.#engine.pairs(again, rowAt[height] as number, rowAt[height + 1] as number, 128 >>> height);
    return equalBytes(again.subarray(0, nodes.length), nodes);
  }

  async *#payloads(entry: Uint8Array, index: number, payloads: PayloadStore): AsyncGenerator<Fault> {
    let named: Envelope['payloads'];
    try {
      named = decodeEnvelope(entry).payloads;
    } catch (error) {
      // The audit has said so.
      if (error instanceof LedgerError) return;
      throw error;
    }
    for (const { role, digest } of named ?? []) {
      const name = digest === undefined ? '' : formatHex(digest[1]);
      if (digest === undefined || this.#payloadsSeen.has(name)) continue;
      this.#payloadsSeen.add(name);
      try {
        for await (const _ of payloads.get(digest[1]));
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        if (error.code === 'PAYLOAD_MISSING') this.payloadsMissing += 1;
        else yield { where: `payload ${name}`, what: `${role} of entry ${index}: ${error.message}` };
      }
    }
  }
}

async function* checkpoints({ store, anchor, keys }: FsckPorts, scan: Scan): AsyncGenerator<Fault> {
  const kept = await store.checkpoint();
  if (kept !== null) yield* checkpoint('checkpoint', kept.note, kept.size, scan, keys);
  if (anchor === undefined) return;
  let found;
  try {
    found = await anchor.read();
  } catch (error) {
    yield { where: 'anchor', what: message(error) };
    return;
  }
  if (found === null) {
    yield { where: 'anchor', what: 'it is missing' };
  } else if (found.size > scan.tree.size) {
    yield { where: 'anchor', what: `it names ${found.size} entries, the store holds ${scan.tree.size}` };
  } else {
    if (found.note !== '') yield* checkpoint('anchor', found.note, found.size, scan, keys);
    const root = scan.roots.get(found.size);
    const fits = root === undefined || equalBytes(root, parseHex(found.root));
    if (!fits) yield { where: 'anchor', what: `its root is not that of the first ${found.size} entries` };
  }
}

function* checkpoint(where: string, note: string, size: number, { roots, tree }: Scan, keys: readonly NoteKey[] | undefined): Generator<Fault> {
  try {
    const signed = parseCheckpoint(note);
    if (signed.size !== size) yield { where, what: `it is of size ${signed.size}, expected ${size}` };
    const root = roots.get(signed.size);
    if (signed.size > tree.size) yield { where, what: `it names ${signed.size} entries, the store holds ${tree.size}` };
    else if (root === undefined) yield { where, what: `no commit ended at its size ${signed.size}` };
    else if (!equalBytes(root, signed.root)) yield { where, what: `its root is not that of the first ${signed.size} entries` };
    if (keys === undefined) return;
    const { verified, failed } = verifyNote(signed.note, keys, { ed25519: verifyEd25519 });
    if (failed.length > 0 || verified.length === 0) yield { where, what: 'no key of this ledger has signed it' };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    yield { where, what: error.message };
  }
}

/** Such as `hash 35`, or `node 2 of height 5` above the hashes. */
function placeIn(i: number): string {
  const height = rowAt.findLastIndex((first) => first <= i);
  return height === 0 ? `hash ${i}` : `node ${i - (rowAt[height] as number)} of height ${height}`;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
