// Past states read from a pack: from the streams that it holds whole, or from the entries of a period.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Event } from '../ledger/events/index.ts';
import type { AuditFinding } from '../ledger/streams/index.ts';
import type { DecisionEvent } from '../policy/gate/replay.ts';
import type { Came, Head, State, StateSource } from '../policy/gate/source.ts';
import { digestOfAll } from '../projections/digest.ts';
import { PROJECTIONS, projectionList, type Documents, type ProjectionName } from '../projections/gate-critical.ts';
import { foldStream, MemoryFold, type StreamEvent } from '../projections/memory.ts';
import type { Projection } from '../projections/projection.ts';
import { mainOf } from '../projections/walk.ts';
import { auditEntries, countBefore, payloadName, type PackAudit, type VerifiedPack, type WholeStream } from '../verify/pack/index.ts';

type Events = WholeStream['events'];
type Tagged = { readonly index: number; readonly event: Event; readonly version: number; readonly prev?: number };

/** The states that a pack can show. */
export class PackStates {
  readonly #pack: VerifiedPack;
  readonly #sha256: ((bytes: Uint8Array) => Uint8Array) | undefined;
  #tagged: Map<string, Tagged[]> | null = null;
  #range: PackAudit | null = null;

  constructor(pack: VerifiedPack, sha256?: (bytes: Uint8Array) => Uint8Array) {
    this.#pack = pack;
    this.#sha256 = sha256;
  }

  /** Indexes of the decisions that the pack is about, ascending. */
  get decisions(): readonly number[] {
    const { manifest: { scope }, entries } = this.#pack;
    const isMeant = (index: number) => (scope.kind === 'decision' ? index === scope.decision : scope.kind === 'artifact' || this.#isInPeriod(index));
    return [...entries.values()].flatMap(({ index, event }) => (event?.type === 'decision.recorded' && isMeant(index) ? [index] : []));
  }

  /** Whether it holds every entry from the first one on. */
  get isFull(): boolean {
    const { scope } = this.#pack.manifest;
    return scope.kind === 'period' && scope.start === 0;
  }

  /** The state that a decision read. @throws {LedgerError} ENTRY_MISSING where nothing in the pack shows which tree it was */
  stateOf(index: number, { data: { tree: { size, root } } }: DecisionEvent): State {
    const { manifest: { origin }, trees } = this.#pack;
    const shown = this.isFull ? this.#read().roots.get(size) : trees.has(index) ? root[1] : undefined;
    if (shown === undefined) throw missing(`Cannot read the state of size ${size}: nothing in the pack shows that the log had such a tree`);
    return { size, root: shown, origin, source: new PackState(this.#pack, size, (stream) => this.#events(stream, size)) };
  }

  /** The first thing in a full pack that does not follow from the entries before it, as far as a decision goes; null where there is none. */
  findingBefore(index: number, { data: { tree: { size } } }: DecisionEvent): AuditFinding | null {
    if (!this.isFull) return null;
    return this.#read().findings.find((finding) => finding.index < size || finding.index === index) ?? null;
  }

  /** One digest of all gate-critical documents at a size of a full pack: the same that the ledger's own entries give. */
  documentsAt(size: number): Uint8Array {
    const fold = new MemoryFold();
    for (let at = 0; at < size; at++) fold.add(this.#entry(at));
    return digestOfAll(fold, projectionList);
  }

  /** Every entry read once, as a full reader does. */
  #read(): PackAudit {
    const { manifest: { scope }, entries, audit } = this.#pack;
    this.#range ??= audit ?? auditEntries(entries, scope.kind === 'period' ? scope.end : 0, () => null, this.#sha256);
    return this.#range;
  }

  /** Verified: a period has no gaps. */
  #entry(at: number): Uint8Array {
    return (this.#pack.entries.get(at) as { readonly entry: Uint8Array }).entry;
  }

  #isInPeriod(index: number): boolean {
    const { scope } = this.#pack.manifest;
    return scope.kind === 'period' && index >= scope.start && index < scope.end;
  }

  /** The events of a stream that a state of `size` entries has, at least; null where the pack does not show that none of them is missing. */
  #events(stream: string, size: number): Events | null {
    const pack = this.#pack;
    const whole = pack.streams.get(stream);
    // Of what came after the size that the index speaks of it says nothing.
    if (whole !== undefined && size <= pack.indexedSize) return whole.events;
    const { indexedSize, manifest: { scope } } = pack;
    if (scope.kind !== 'period' || size > scope.end) return null;
    // In a period there are no gaps: a stream is there whole that begins in it, that the log's beginning is before, or whose events before it are.
    const before = whole === undefined || indexedSize < scope.start ? null : whole.events.filter(({ index }) => index < scope.start);
    const tags = [...(before ?? []).map((one) => tagged(stream, one)), ...(this.#tags().get(stream) ?? [])];
    const begins = scope.start === 0 || before !== null || tags[0]?.version === 1;
    const isLinked = tags.every(({ version, prev }, i) => version === i + 1 && prev === tags[i - 1]?.index);
    return begins && isLinked ? tags : null;
  }

  #tags(): Map<string, Tagged[]> {
    if (this.#tagged !== null) return this.#tagged;
    const byName = new Map<string, Tagged[]>();
    for (const { index, event } of this.#pack.entries.values()) {
      if (event === null || !this.#isInPeriod(index)) continue;
      for (const { name } of event.streams) {
        const tag = tagged(name, { index, event });
        const tags = byName.get(name);
        if (tags === undefined) byName.set(name, [tag]);
        else tags.push(tag);
      }
    }
    return (this.#tagged = byName);
  }
}

function tagged(stream: string, { index, event }: Events[number]): Tagged {
  const { version = 0, prev } = event.streams.find(({ name }) => name === stream) ?? {};
  return { index, event, version, ...(prev === undefined ? {} : { prev }) };
}

/** One state of a pack. */
class PackState implements StateSource {
  readonly #pack: VerifiedPack;
  readonly #size: number;
  readonly #whole: (stream: string) => Events | null;

  constructor(pack: VerifiedPack, size: number, whole: (stream: string) => Events | null) {
    this.#pack = pack;
    this.#size = size;
    this.#whole = whole;
  }

  async heads(streams: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    const heads = new Map<string, Head>();
    for (const stream of streams) {
      const events = this.#all(stream);
      // Of most streams that a decision read there is nothing.
      const version = events.length === 0 ? 0 : countBefore(events, this.#size);
      if (version > 0) heads.set(stream, { version, index: (events[version - 1] as Events[number]).index });
    }
    return heads;
  }

  async documents<N extends ProjectionName>(name: N, streams: readonly string[]): Promise<ReadonlyMap<string, Documents[N]>> {
    const documents = new Map<string, Documents[N]>();
    for (const stream of streams) {
      const document = foldStream(PROJECTIONS[name] as unknown as Projection<Documents[N]>, stream, this.#events(stream).map((one) => this.#withMain(one)));
      if (document !== null) documents.set(stream, document);
    }
    return documents;
  }

  async since(stream: string, version: number): Promise<readonly Came[]> {
    return this.#events(stream).slice(version).map(({ index, event }) => ({ index, type: event.type }));
  }

  async event(index: number): Promise<Event> {
    const event = this.#pack.entries.get(index)?.event ?? null;
    if (event !== null) return event;
    throw missing(`Cannot read entry ${index}: it is not in the pack`);
  }

  async payload(digest: Uint8Array): Promise<Uint8Array> {
    const bytes = this.#pack.pack.read(payloadName(`sha256:${formatHex(digest)}`));
    if (bytes !== null) return bytes;
    throw new LedgerError('PAYLOAD_MISSING', `Cannot read payload ${formatHex(digest)}: it is not in the pack`, { hint: 'ask for a pack that has it' });
  }

  async look<T>(digest: Uint8Array, look: (bytes: Uint8Array) => T): Promise<T> {
    return look(await this.payload(digest));
  }

  #events(stream: string): Events {
    const events = this.#all(stream);
    const version = countBefore(events, this.#size);
    return version === events.length ? events : events.slice(0, version);
  }

  /** Versions 1 to n are there without a gap: verified. @throws {LedgerError} ENTRY_MISSING for a stream that is not there whole */
  #all(stream: string): Events {
    const whole = this.#whole(stream);
    if (whole !== null) return whole;
    throw missing(`Cannot read the stream "${stream}": it is not in the pack as a whole`);
  }

  #withMain({ index, event }: Events[number]): StreamEvent {
    if (mainOf(event.type) === null) return { index, event };
    const at = index - (event.data as { readonly back: number }).back;
    const main = this.#pack.entries.get(at)?.event ?? null;
    return main === null ? { index, event } : { index, event, main: { index: at, event: main } };
  }
}

function missing(message: string): LedgerError {
  return new LedgerError('ENTRY_MISSING', message, { hint: 'ask for a pack that has it' });
}
