// The single writer: places commands as they come, and commits what is there whenever the commit before has returned.
import { encodeUtf8, equalBytes, formatHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { prepareDraft } from '../events/index.ts';
import type { StreamHead } from '../streams/index.ts';
import type { Batch, SealedMark, TableWrite } from '../store/port.ts';
import { disagree } from './boot.ts';
import type { Clock } from './clock.ts';
import type { Appended, Command, Outcome, Refused } from './command.ts';
import type { Committer } from './committer.ts';
import type { Control } from './control.ts';
import { sha256 } from './engine.ts';
import { Group, near } from './group.ts';
import type { Published, Publisher } from './publisher.ts';
import type { Reader } from './reader.ts';
import { findRepeat, type Recognised, type Recogniser, type Unread } from './recognise.ts';
import type { LogState } from './state.ts';
import type { At } from './steps.ts';
import type { Tree } from './tree.ts';

/** Gate-critical projections: what a batch changes, computed before it is committed and stored in its transaction. */
export interface Projector {
  /** Before the first batch, and again after a failure: what it knows of the tables is read again, and they are brought up to `size`. */
  begin(at: { readonly epoch: number; readonly size: number }): Promise<void>;
  /** @param start - index of the first entry @param entries - the batch's, in order */
  project(start: number, entries: { packed: Uint8Array; offsets: Uint32Array }): Promise<readonly TableWrite[]>;
}

export interface WriterParts {
  readonly epoch: number;
  readonly tree: Tree;
  readonly state: LogState;
  readonly clock: Clock;
  readonly committer: Committer;
  readonly publisher: Publisher;
  readonly reader: Reader;
  readonly recogniser: Recogniser;
  readonly projector: Projector | null;
  readonly control: Control;
  /** Entries between two `ledger.indexed`. */
  readonly indexEvery: number;
  readonly at: At;
  /** The hash engines' names, the growing tree's first. */
  readonly engines: readonly [string, string];
}

/** An outcome whose size is filled in when it is answered. */
type Placed = { -readonly [K in keyof Appended]: Appended[K] } | Refused;

interface Waiting {
  readonly outcomes: readonly Placed[];
  readonly resolve: (outcomes: readonly Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** The store must be asked about sealed evidence before the command can be placed. */
interface Unasked {
  readonly unasked: Uint8Array;
}

/** Below so many entries a group is not worth a flush of its own: placing them takes about as long. */
const halfMin = 512;

/** From so many commands on it pays to read ahead what placing them will read. */
const nearMin = 8;

/** One history's writer. After any error in a commit it is spent: the log reads everything again and makes a new one. */
export class Writer {
  readonly #parts: WriterParts;
  /** Takes commands. */
  #open: Group;
  /** Is being committed, or is the last one that was. */
  #closed: Group;
  #waiting: Waiting[] = [];
  #committing = false;
  #scheduled = false;
  #room: (() => void)[] = [];
  /** Half of the entries that were in flight when the last group was answered. */
  #half = 0;
  /** Recorded time of what is being placed now; null until something is. */
  #time: number | null = null;
  /** Groups committed so far: an answer of the store is believed until the next. */
  #commits = 0;
  /** Answers of the store about sealed evidence, each for the command that waits for it. */
  readonly #asked = new Map<string, { readonly mark: SealedMark | null; readonly commits: number }>();
  #published: Published;
  /** Why it takes no more, or null. */
  failure: unknown = null;

  constructor(parts: WriterParts, published: Published) {
    this.#parts = parts;
    this.#published = published;
    this.#open = this.#closed = new Group(published.size);
  }

  get published(): Published {
    return this.#published;
  }

  /**
   * Appends commands, each for itself all or nothing; one that is refused does not stop the others.
   *
   * @returns one outcome for each, once everything they name is durable, anchored and under a signed checkpoint
   */
  async append(commands: readonly Command[], accepts = false): Promise<readonly Outcome[]> {
    while (this.#open.isFull && this.failure === null) await new Promise<void>((resolve) => this.#room.push(resolve));
    const outcomes: Placed[] = [];
    while (outcomes.length < commands.length) {
      if (this.failure !== null) throw this.failure;
      const placed = this.#open.count;
      const unknown = this.#placeAll(commands, outcomes, accepts);
      if (this.#open.count > placed) this.#parts.tree.append(this.#open.packed, this.#open.offsets(placed));
      // A candidate in the store is read, and placing goes on from there: the order of the call is kept.
      if (unknown !== null) await this.#learn(unknown);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ outcomes, resolve, reject });
      if (this.#isHalf()) void this.#commit();
      else this.#schedule();
    });
  }

  /** Places commands from where `outcomes` ends, up to one about which the store must be asked; null at the end. */
  #placeAll(commands: readonly Command[], outcomes: Placed[], accepts: boolean): Unread | Unasked | null {
    this.#time = null;
    let [nearTo, read] = [commands.length - outcomes.length < nearMin ? commands.length : outcomes.length, 0];
    while (outcomes.length < commands.length) {
      if (outcomes.length === nearTo) ({ next: nearTo, read } = near(commands, nearTo, this.#parts.state));
      this.#open.read = read;
      const placed = this.#place(commands[outcomes.length] as Command, accepts);
      if ('unread' in placed || 'unasked' in placed) return placed;
      outcomes.push(placed);
    }
    return null;
  }

  async #learn(unknown: Unread | Unasked): Promise<void> {
    if ('unread' in unknown) return this.#parts.recogniser.learn(unknown.unread);
    const { unasked } = unknown;
    const commits = this.#commits;
    this.#asked.set(formatHex(unasked), { mark: await this.#parts.reader.mark(unasked), commits });
  }

  /** Where sealed evidence stands: in one of the two groups, or in the store as it is now. */
  #findSealed(key: Uint8Array): number | Unasked | null {
    const name = formatHex(key);
    const [open, closed] = [this.#open, this.#closed];
    const placed = open.marks.get(name) ?? closed.marks.get(name);
    const asked = this.#asked.get(name);
    this.#asked.delete(name);
    // An answer from before another commit may miss what that one stored.
    if (placed === undefined && asked?.commits !== this.#commits) return { unasked: key };
    const mark = placed ?? asked?.mark ?? null;
    if (mark === null) return null;
    const commitment = formatHex(mark.commitment);
    return open.forgets.has(commitment) || closed.forgets.has(commitment) ? null : mark.entry;
  }

  /** Entries below it are in the store; those from it on are in one of the two groups. */
  #committedSize(): number {
    return this.#closed === this.#open ? this.#open.start : this.#closed.start;
  }

  /** @internal By what an earlier entry is recognised: from the groups, or as the recogniser knows it. */
  recognised(index: number): Recognised | null {
    if (index < this.#committedSize()) return this.#parts.recogniser.known(index);
    return (index >= this.#open.start ? this.#open : this.#closed).recognised(index);
  }

  /** A stream's head at the published size: what is placed, but not yet under a checkpoint, is nobody's to read. */
  head(stream: string): StreamHead | null {
    let head = this.#parts.state.heads.head(stream);
    while (head !== null && head.index >= this.#published.size) {
      head = (head.index >= this.#open.start ? this.#open : this.#closed).before(encodeUtf8(stream), head.index);
    }
    return head;
  }

  #place(command: Command, accepts: boolean): Placed | Unread | Unasked {
    const { state, clock, control } = this.#parts;
    try {
      let repeat: number | Unread | Unasked | null = findRepeat(command, state, this);
      if (repeat === null && command.sealed !== undefined) repeat = this.#findSealed(command.sealed.key);
      const count = command.drafts.length;
      if (typeof repeat === 'number') return { ok: true, index: repeat, count, repeated: true, size: 0 };
      if (repeat !== null) return repeat;
      if (control.ended) throw ended(control);
      // What is placed in one go has one time: asking the clock costs as much as a hash.
      const time = (this.#time ??= accepts ? clock.accept() : clock.record());
      this.#indexWhenDue(count, time);
      const index = this.#open.place(command, time, state);
      if (ends(command)) control.ended = true;
      return { ok: true, index, count, repeated: false, size: 0 };
    } catch (error) {
      if (error instanceof LedgerError) return { ok: false, error };
      throw error;
    }
  }

  /** `ledger.indexed` is due: the root over the heads as they stand before it. */
  #indexWhenDue(count: number, time: number): void {
    const { control, state, indexEvery } = this.#parts;
    const size = this.#open.end;
    if (size + count - control.indexedSize < indexEvery || control.genesis.kinds.includes('raw')) return;
    const data = { size, root: ['sha256', state.index.root()] as const };
    this.#open.place({ drafts: [prepareDraft({ type: 'ledger.indexed', by: { kind: 'ledger', auth: 'self' }, data }, sha256)] }, time, state);
    control.indexedSize = size;
  }

  // No timer: a lone call is committed at once, and while a commit runs the next group fills.
  #schedule(): void {
    if (this.#committing || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#committing && this.#waiting.length > 0) void this.#commit();
    });
  }

  /**
   * Whether half of what is in flight is placed, and another thread can commit it while the rest is placed here.
   *
   * Callers are answered together and come back together: were all of them one group, each thread would wait for the other.
   */
  #isHalf(): boolean {
    const { count } = this.#open;
    return this.#parts.committer.isBeside && !this.#committing && count >= halfMin && count >= this.#half;
  }

  async #commit(): Promise<void> {
    this.#committing = true;
    const waiting = this.#waiting;
    const group = this.#open;
    this.#waiting = [];
    this.#closed = group;
    if (group.count > 0) this.#open = new Group(group.end, group.packed.length + 1024, group.count + 1);
    const room = this.#room;
    this.#room = [];
    try {
      const tiles = this.#parts.tree.takeFullTiles();
      const root = this.#parts.tree.root();
      for (const wake of room) wake();
      if (group.count > 0) {
        this.#published = await this.#steps(group, tiles, root);
        this.#parts.state.size = group.end;
        this.#commits += 1;
      }
      const { size } = this.#published;
      for (const { outcomes, resolve } of waiting) {
        for (const outcome of outcomes) if (outcome.ok) outcome.size = size;
        resolve(outcomes);
      }
    } catch (error) {
      this.failure = error;
      for (const { reject } of [...waiting, ...this.#waiting]) reject(error);
      this.#waiting = [];
      for (const wake of this.#room) wake();
    }
    this.#committing = false;
    this.#half = (group.count + this.#open.count) / 2;
    if (this.#waiting.length === 0) return;
    if (this.#isHalf()) void this.#commit();
    else this.#schedule();
  }

  async #steps(group: Group, tiles: ReturnType<Tree['takeFullTiles']>, root: Uint8Array): Promise<Published> {
    const { committer, projector, publisher, reader, epoch, at, engines } = this.#parts;
    for (const tile of tiles) reader.keep(tile);
    const { start, count, packed, time } = group;
    const writes = projector === null ? [] : await projector.project(start, { packed, offsets: group.offsets() });
    await at('append 0: batch ready');
    // 1. Entries, tiles and projections in one transaction, flushed, unsigned. A crash before it leaves nothing; a crash after
    //    it leaves entries that no checkpoint mentions: the next start verifies and anchors them.
    const second = await committer.commit({ epoch, run: { start, count, packed }, time, root, tiles, writes, ...sideOf(group) });
    await at('append 1: committed');
    // 2. The second engine has hashed what the store now holds. Another root: nothing is signed. A crash here is as after 1.
    if (!equalBytes(second, root)) throw disagree(group.end, `engine ${engines[0]}`, `engine ${engines[1]} over the stored bytes`);
    await at('append 2: recomputed');
    // 3. Signed in memory, then swapped into the anchor. Two writers cannot both pass, so two histories are never both signed
    //    and kept. A crash after it: the anchor is ahead of what was published, and the next start publishes it.
    const published = await publisher.publish(group.end, root);
    await at('append 3: anchored');
    // 4. Publish: callers are answered, readers see the new size. A crash before it loses an answer, never an entry: the same
    //    idempotency key gives the receipt.
    await at('append 4: published');
    return published;
  }

  /** Waits until nothing is being committed or queued. */
  async idle(): Promise<void> {
    while (this.#committing || this.#scheduled || this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function ends({ drafts }: Command): boolean {
  for (const draft of drafts) if (!(draft instanceof Uint8Array) && draft.type === 'ledger.ended') return true;
  return false;
}

/** What stands beside the log and moves with the group. */
function sideOf({ marks, forgets }: Group): Pick<Batch, 'marks' | 'forgets'> {
  if (marks.size === 0 && forgets.size === 0) return {};
  return { marks: [...marks.values()], forgets: [...forgets.values()] };
}

function ended({ genesis }: Control): LedgerError {
  return new LedgerError('LOG_ENDED', `Cannot append: "${genesis.origin}" ended`, { hint: 'append to its successor' });
}
