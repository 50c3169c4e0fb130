// The log: opened under the boot rules, appended to by one writer, read at the size that is signed and anchored.
import { formatHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { checkRekorBody, looksLikeEvent, prepareDraft, rotationMessage, type Actor, type NewEvent } from '../events/index.ts';
import { emptyRoot } from '../merkle/index.ts';
import type { Signer } from '../note/index.ts';
import type { StreamHead } from '../streams/index.ts';
import { sameAnchor, type Anchor, type AnchorStore } from '../store/anchor.ts';
import type { Store } from '../store/port.ts';
import { compareWithAnchor, type Boot } from './boot.ts';
import { Clock, type ClockDoubt, type ClockPorts } from './clock.ts';
import type { Appended, Command, EntryDraft, Outcome } from './command.ts';
import { committerOf, type CommitThread } from './committer.ts';
import { controlOf, expectSigner, expectSuccessor, keyRecordOf, loadControl, type Control } from './control.ts';
import { defaultEngines, sha256, type Engine } from './engine.ts';
import { genesisOf } from './genesis.ts';
import { Publisher, taken, type Published } from './publisher.ts';
import { Reader } from './reader.ts';
import { Recogniser } from './recognise.ts';
import { loadState, LogState, memoLagMax, saveMemos } from './state.ts';
import type { At } from './steps.ts';
import { indexAt, LogView, type StreamIndexAt } from './view.ts';
import { Writer, type Projector } from './writer.ts';

export interface LogPorts {
  readonly store: Store;
  readonly anchor: AnchorStore;
  /** The log's current key. */
  readonly signer: Signer;
  readonly clock: ClockPorts;
  /** Fresh random bytes. */
  readonly random: (count: number) => Uint8Array;
  readonly projector?: Projector;
  /** The newest time that a witness or a time-stamping authority stated, milliseconds since 1970. */
  readonly outsideTime?: number | null;
  /** Hash engines that share no code; the first hashes the growing tree, the second what the store holds. */
  readonly engines?: readonly [Engine, Engine];
  /** Commits and hashes again in another thread, which ends with the log; in this one when left out. */
  readonly committer?: CommitThread;
  /** Entries between two `ledger.indexed`: 65,535 when left out, for at least every 65,536 there must be one. */
  readonly indexEvery?: number;
  /** Crash tests stop the process here. */
  readonly at?: At;
}


/** Refusals after which this process must not write again: another writer, another history, or a machine that computes wrongly. */
const finalCodes: ReadonlySet<string> = new Set(['ANCHOR_TAKEN', 'STORE_FENCED', 'LOG_FORKED', 'LOG_FOREIGN', 'LOG_ROLLED_BACK', 'HASH_DISAGREES']);

/** How long after a failure everything is read again at the earliest: a full disk must not keep a processor busy. */
const retryMs = 1_000;

/** Types that only the log itself, or its own methods, append. */
const ownTypes: ReadonlySet<string> = new Set(['ledger.created', 'ledger.indexed', 'ledger.clock_set', 'key.rotated']);

/**
 * Opens a log for writing.
 *
 * @throws {LedgerError} STORE_MISSING where nothing was begun; the codes of `compareWithAnchor`; ANCHOR_TAKEN; LOG_KEY_WRONG
 * @see spec/log.md, "Start"
 */
export async function openLog(ports: LogPorts): Promise<Log> {
  const head = await ports.store.head();
  const anchor = await ports.anchor.read();
  await ports.at?.('start 1: anchor read');
  if (head === null && (anchor === null || anchor.size === 0)) {
    throw new LedgerError('STORE_MISSING', 'Cannot open the log: it has no entries', { hint: 'run "stella init"' });
  }
  const genesis = head === null ? null : await genesisOf(ports.store);
  const boot = await compareWithAnchor(ports.store, anchor, genesis?.origin ?? null, ports.engines ?? defaultEngines());
  const history = await loadHistory(ports.store, boot);
  expectSigner(history.control, ports.signer);
  const ours = await takeOver(ports, boot.anchor);
  const log = new Log(ports, ours);
  await log.begin(boot, history);
  return log;
}

/**
 * Begins a log: its anchor first, then entry 0.
 *
 * @throws {LedgerError} ANCHOR_TAKEN when store or anchor hold a ledger already; LOG_KEY_WRONG when the genesis names another key
 */
export async function createLog(ports: LogPorts, genesis: NewEvent<'ledger.created'>): Promise<Log> {
  const { origin } = genesis.data;
  const control = controlOf(genesis.data);
  expectSigner(control, ports.signer);
  let anchor = await ports.anchor.read();
  await ports.at?.('start 1: anchor read');
  if ((await ports.store.head()) !== null || (anchor !== null && (anchor.size > 0 || anchor.origin !== origin))) {
    throw new LedgerError('ANCHOR_TAKEN', 'Cannot begin a ledger here: there is one already', { hint: 'choose another directory and another anchor' });
  }
  if (anchor === null) {
    // The anchor first: a crash after it leaves an anchor of nothing, which the next attempt takes over. The other way round
    // a crash would leave entries without an anchor.
    anchor = { origin, epoch: 0, instance: formatHex(new Uint8Array(16)), size: 0, root: formatHex(emptyRoot()), note: '' };
    if (!(await ports.anchor.swap(null, anchor))) throw taken(null, await ports.anchor.read());
  }
  const boot = await compareWithAnchor(ports.store, anchor, null, ports.engines ?? defaultEngines());
  const ours = await takeOver(ports, anchor);
  const log = new Log(ports, ours);
  const state = new LogState();
  state.decodes = !genesis.data.kinds.includes('raw');
  await log.begin(boot, { state, control, memoSize: 0 });
  await log.write([{ drafts: [prepareDraft(genesis, sha256)] }]);
  return log;
}

interface History {
  readonly state: LogState;
  readonly control: Control;
  /** How many entries the memos covered. */
  readonly memoSize: number;
}

/** A log that this process writes. */
export class Log extends LogView {
  readonly #ports: LogPorts;
  /** As this process took it: every later anchor has its epoch and instance. */
  readonly #ours: Anchor;
  #writer!: Writer;
  #publisher!: Publisher;
  #reader!: Reader;
  #clock!: Clock;
  #state!: LogState;
  #control!: Control;
  #memoSize = 0;
  #signer: Signer;
  #retryAt = 0;
  #closed = false;
  /** The type of the event that was taken last: most often the next one's too. */
  #taken: string | null = null;
  /** What runs alone, such as a rotation: appends wait for it. */
  #gate: Promise<unknown> = Promise.resolve();
  /** Calls of `append` that are not answered yet. */
  #appending = 0;

  /** @internal `openLog` and `createLog` make logs. */
  constructor(ports: LogPorts, ours: Anchor) {
    super();
    this.#ports = ports;
    this.#ours = ours;
    this.#signer = ports.signer;
  }

  /** @internal Starts writing after a comparison that allows it. */
  async begin({ anchor, size, tree, second }: Boot, { state, control, memoSize }: History): Promise<void> {
    const { store, at = () => {} } = this.#ports;
    this.#state = state;
    this.#control = control;
    this.#memoSize = memoSize;
    this.#reader = new Reader(store, () => tree);
    this.#publisher = new Publisher(this.#ports.anchor, { ...this.#ours, size: anchor.size, root: anchor.root, note: anchor.note }, [this.#signer], at);
    // Committed before a crash and verified by both engines, but not under a checkpoint yet.
    const published = size > anchor.size ? await this.#publisher.publish(size, tree.root()) : { size, root: tree.root(), note: anchor.note };
    // Tables that are behind, or of an older version, are brought up now: from here on they move with the entries.
    await this.#ports.projector?.begin({ epoch: this.#ours.epoch, size });
    const last = await store.head();
    const outside = this.#ports.outsideTime ?? null;
    const counts = outside !== null && (control.outsideAccepted === null || outside > control.outsideAccepted);
    this.#clock = new Clock(this.#ports.clock, last?.time ?? 0, counts ? outside : null);
    const engines = this.#ports.engines ?? defaultEngines();
    this.#writer = new Writer(
      {
        epoch: this.#ours.epoch, tree, state, control, clock: this.#clock, publisher: this.#publisher, reader: this.#reader, at,
        indexEvery: this.#ports.indexEvery ?? 65_535,
        committer: this.#ports.committer?.committer(second) ?? committerOf(store, second),
        recogniser: new Recogniser(this.#reader), projector: this.#ports.projector ?? null,
        engines: [engines[0].name, engines[1].name],
      },
      published,
    );
  }

  override get published(): Published {
    return this.#writer.published;
  }

  /** What the genesis and the later `ledger` events say about this log. */
  get control(): Readonly<Control> {
    return this.#control;
  }

  /**
   * Appends commands, each for itself all or nothing, in the order given; the answer comes when all of it is under a checkpoint.
   *
   * @returns one outcome for each command: its place, or the refusal
   * @throws {LedgerError} when nothing can be appended at all: STORE_FULL, STORE_FAILED, ANCHOR_UNREACHABLE (it is tried again
   *   after a second), or for good the code of what stopped this process
   */
  async append(commands: readonly Command[]): Promise<readonly Outcome[]> {
    const isRaw = this.#control.genesis.kinds.includes('raw');
    for (const { drafts } of commands) {
      for (const draft of drafts) this.#expectTaken(draft);
      if (!isRaw) expectRecorded(drafts);
    }
    // Asked again after each wait: another rotation may have begun meanwhile.
    for (let gate = null; gate !== this.#gate; ) await (gate = this.#gate);
    this.#appending += 1;
    try {
      return await this.write(commands);
    } finally {
      this.#appending -= 1;
    }
  }

  /** Appends one command. @throws {LedgerError} its refusal, or as `append` */
  async appendOne(command: Command): Promise<Appended> {
    const [outcome] = (await this.append([command])) as [Outcome];
    if (!outcome.ok) throw outcome.error;
    return outcome;
  }

  /** @internal Appends without asking whether callers may. */
  async write(commands: readonly Command[], acceptsClock = false): Promise<readonly Outcome[]> {
    if (this.#closed) throw new LedgerError('LOG_CLOSED', 'Cannot append: the log is closed');
    if (this.#writer.failure !== null) await this.#beginAgain();
    return this.#writer.append(commands, acceptsClock);
  }

  #expectTaken(draft: EntryDraft): void {
    if (!(draft instanceof Uint8Array) && draft.type === this.#taken) return;
    const { kinds } = this.#control.genesis;
    const isEvent = !(draft instanceof Uint8Array);
    const fits = isEvent ? kinds.includes('event') && !ownTypes.has(draft.type) : kinds.includes('raw') || (kinds.includes('rekor') && draft[0] === 0x7b);
    if (!fits) throw new LedgerError('ENTRY_KIND_UNKNOWN', `Cannot append ${isEvent ? draft.type : 'these bytes'}: this ledger takes ${kinds.join(' and ')}`);
    // Anybody may append here, and whoever got such an entry with its proof would read it as what the ledger itself put on record.
    if (!isEvent && looksLikeEvent(draft)) {
      throw new LedgerError('ENTRY_KIND_UNKNOWN', 'Cannot append these bytes: they are an event, and this ledger takes raw');
    }
    if (isEvent) this.#taken = draft.type;
  }

  /** After any failure: everything is read again and verified before the next append. */
  async #beginAgain(): Promise<void> {
    const { failure } = this.#writer;
    const { store, anchor, clock } = this.#ports;
    // A signer or store that answered with an error of its own may answer otherwise; a bug will not.
    const isBug = failure instanceof TypeError || failure instanceof RangeError;
    if (isBug || (failure instanceof LedgerError && finalCodes.has(failure.code))) throw failure;
    if (clock.monotonic() < this.#retryAt) throw failure;
    this.#retryAt = clock.monotonic() + retryMs;
    const found = await anchor.read();
    if (found === null || found.epoch !== this.#ours.epoch || found.instance !== this.#ours.instance) throw taken(this.#publisher.anchor, found);
    const boot = await compareWithAnchor(store, found, this.#ours.origin, this.#ports.engines ?? defaultEngines());
    await this.begin(boot, await loadHistory(store, boot));
  }

  override async heads(streams: readonly string[]): Promise<readonly (StreamHead | null)[]> {
    return streams.map((stream) => this.#writer.head(stream));
  }

  override readStreamIndex(): Promise<StreamIndexAt> {
    // Heads run ahead of the published size while anything is under way.
    return this.#alone(async () => indexAt(this.published.size, this.#state));
  }

  override async readStreamIndexAt(size: number): Promise<StreamIndexAt> {
    return indexAt(size, (await loadState(this.#ports.store, size, (at) => this.rootAt(at))).state);
  }

  override async readControl(): Promise<Readonly<Control>> {
    return this.#control;
  }

  protected override reader(): Reader {
    return this.#reader;
  }

  /**
   * States the stream index's root on record now, ahead of its time: from then on the completeness of every stream can be proven
   * up to this entry.
   */
  stateIndex(): Promise<Appended> {
    return this.#alone(async () => {
      const { size, root } = indexAt(this.published.size, this.#state);
      const data = { size, root: ['sha256', root] as const };
      const draft = prepareDraft({ type: 'ledger.indexed', by: { kind: 'ledger', auth: 'self' }, data }, sha256);
      const appended = this.#only(await this.write([{ drafts: [draft] }]));
      this.#control.indexedSize = size;
      return appended;
    });
  }

  /** Why the clock is not believed, or null. */
  clockDoubt(): ClockDoubt | null {
    return this.#clock.doubt();
  }

  /** Accepts the clock as it is: `ledger.clock_set` begins a new clock epoch. @returns null when nothing was in doubt */
  acceptClock(by: Actor): Promise<Appended | null> {
    return this.#alone(async () => {
      const doubt = this.#clock.doubt();
      if (doubt === null) return null;
      const data = { from: doubt.from, to: doubt.to, reason: doubt.reason };
      return this.#only(await this.write([{ drafts: [prepareDraft({ type: 'ledger.clock_set', by, data }, sha256)] }], true));
    });
  }

  /**
   * Rotates the checkpoint key: both keys sign the checkpoint that covers `key.rotated`, and from the next one on only the new one.
   *
   * The new key must be stored before: after this the old one signs nothing that counts.
   *
   * @throws {LedgerError} as `expectSuccessor`, before anything is signed
   */
  rotate(to: Signer, by: Actor): Promise<Appended> {
    return this.#alone(async () => {
      const record = keyRecordOf(to);
      expectSuccessor(this.#control, to, this.#writer.head(`key:${formatHex(record.id)}`) !== null);
      const from = keyRecordOf(this.#signer).id;
      const rotation = { from, to: record, lastSize: this.published.size + 1 };
      const message = rotationMessage(this.#control.genesis.ledger, rotation);
      const signatures = { from: await this.#signer.sign(message), to: await to.sign(message) };
      this.#publisher.signWith([this.#signer, to]);
      const outcomes = await this.write([{ drafts: [prepareDraft({ type: 'key.rotated', by, data: { ...rotation, signatures } }, sha256)] }]);
      const appended = this.#only(outcomes);
      this.#control.retired.push({ id: from, lastSize: rotation.lastSize });
      this.#control.key = rotation.to;
      this.#signer = to;
      this.#publisher.signWith([to]);
      return appended;
    });
  }

  #only([outcome]: readonly Outcome[]): Appended {
    if (outcome?.ok !== true) throw outcome?.error ?? new TypeError('no outcome');
    return outcome;
  }

  /** Runs `work` with no other append under way. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#gate;
    let open = () => {};
    this.#gate = new Promise<void>((resolve) => (open = resolve));
    try {
      await before;
      while (this.#appending > 0) await new Promise((resolve) => setImmediate(resolve));
      await this.#writer.idle();
      return await work();
    } finally {
      open();
    }
  }

  /** Work for idle times: joins small runs of entries. @returns true while there is more */
  tidy(): Promise<boolean> {
    return this.#ports.store.compact();
  }

  /** Writes the memos, so that the next start is fast. */
  async remember(): Promise<void> {
    await this.#alone(async () => {
      await saveMemos(this.#ports.store, this.#state, this.published.root);
      this.#memoSize = this.published.size;
    });
  }

  /** Finishes what is queued, keeps the checkpoint and, where it pays, the memos, and gives the ledger back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#alone(async () => {});
    const { size, note } = this.published;
    if (this.#writer.failure === null) {
      if (size - this.#memoSize >= memoLagMax) await this.remember();
      if ((await this.#ports.store.checkpoint())?.note !== note) await this.#ports.store.saveCheckpoint(size, note);
    }
    this.#closed = true;
    await this.#ports.committer?.close();
    await this.#ports.store.close();
    await this.#ports.anchor.close();
  }
}

/** A Rekor body is canonical JSON, and an event of the same command says what it is: what audits ask of them is never written wrong. */
function expectRecorded(drafts: readonly EntryDraft[]): void {
  let bodies = 0, recorded = 0;
  for (const draft of drafts) {
    if (draft instanceof Uint8Array) {
      checkRekorBody(draft);
      bodies += 1;
    } else if (draft.type === 'rekor.recorded') {
      recorded += 1;
    }
  }
  if (recorded !== bodies) throw new RangeError(`${bodies} Rekor bodies with ${recorded} events about them`);
}

/** Takes epoch + 1 in the anchor, then fences the store with it. */
async function takeOver({ anchor: anchorStore, store, random, at }: LogPorts, anchor: Anchor): Promise<Anchor> {
  const epoch = Math.max(anchor.epoch, await store.epoch()) + 1;
  const ours: Anchor = { ...anchor, epoch, instance: formatHex(random(16)) };
  let swapped = false;
  try {
    swapped = await anchorStore.swap(anchor, ours);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'ANCHOR_UNREACHABLE') throw error;
  }
  if (!swapped) {
    const found = await anchorStore.read();
    if (!sameAnchor(found, ours)) throw taken(anchor, found);
  }
  await at?.('start 2: epoch anchored');
  // A crash between the two leaves the store with the older epoch; nobody else holds it, and the next start raises both.
  await store.takeEpoch(epoch);
  await at?.('start 3: store fenced');
  return ours;
}

async function loadHistory(store: Store, { size, tree }: Boot): Promise<History> {
  const reader = new Reader(store, () => tree);
  const { state, memoSize } = await loadState(store, size, (at) => reader.rootAt(at));
  return { state, memoSize, control: await loadControl(await genesisOf(store), state, (index) => reader.entry(index)) };
}
