// Replay from a pack: the state that a decision read, folded from the pack's own streams, with no ledger and no server.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Event } from '../ledger/events/index.ts';
import { replayDecision, type DecisionEvent, type Missing, type Replay, type ReplayOptions } from '../policy/gate/replay.ts';
import type { Came, Head, StateSource } from '../policy/gate/source.ts';
import { PROJECTIONS, type Documents, type ProjectionName } from '../projections/gate-critical.ts';
import { foldStream, type StreamEvent } from '../projections/memory.ts';
import type { Projection } from '../projections/projection.ts';
import { mainOf } from '../projections/walk.ts';
import { payloadName, type PackAnswer, type PackCode, type VerifiedPack, type WholeStream } from '../verify/pack/index.ts';

/** What replaying a pack came to. */
export interface PackReplay extends Replay {
  /** Index of the decision's entry. */
  readonly decision: number;
  readonly event: DecisionEvent;
}

/**
 * Makes the decision of a pack again.
 *
 * @param verified - proven: its entries are the log's, its streams whole, the tree that the decision read a prefix of the checkpoint's
 * @throws {LedgerError} DECISION_UNKNOWN when the pack is about something else
 */
export async function replayPack(verified: VerifiedPack, options: ReplayOptions = {}): Promise<PackReplay> {
  const { manifest: { scope, origin }, entries } = verified;
  const decision = scope.kind === 'decision' ? scope.decision : -1;
  const event = entries.get(decision)?.event;
  if (event?.type !== 'decision.recorded') {
    throw new LedgerError('DECISION_UNKNOWN', 'Cannot replay this pack: it is not about a decision', {
      hint: 'export one with "stella export pack --decision N"',
    });
  }
  const { size, root } = event.data.tree;
  const state = { size, root: root[1], origin, source: new PackState(verified, size) };
  return { decision, event, ...(await replayDecision(decision, event, state, options)) };
}

/** What is missing where a pack's proofs do not reach; other codes are no lack but a contradiction. */
const MISSING: { readonly [C in PackCode]?: Missing } = {
  EVIDENCE_NEWER: 'newer', STREAM_INCOMPLETE: 'incomplete', PACK_SCOPE_UNMET: 'incomplete', PACK_PAYLOAD_UNACCOUNTED: 'payload', KEY_RETIRED: 'key-retired',
};

/** What a replay answers to a pack that does not verify: a proof that is missing is CANNOT, and one that does not hold is no evidence. */
export function cannotVerify({ code, message }: Exclude<PackAnswer<VerifiedPack>, { ok: true }>): Replay | null {
  const missing = MISSING[code];
  return missing === undefined ? null : { verdict: { is: 'CANNOT', missing, message: `${code}: ${message}` }, decided: null, notes: [] };
}

/** A past state read from the streams of a pack. */
class PackState implements StateSource {
  readonly #pack: VerifiedPack;
  readonly #size: number;

  constructor(pack: VerifiedPack, size: number) {
    this.#pack = pack;
    this.#size = size;
  }

  async heads(streams: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    const heads = new Map<string, Head>();
    for (const stream of streams) {
      const events = this.#events(stream);
      const last = events.at(-1);
      if (last !== undefined) heads.set(stream, { version: events.length, index: last.index });
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
    throw new LedgerError('ENTRY_MISSING', `Cannot read entry ${index}: it is not in the pack`);
  }

  async payload(digest: Uint8Array): Promise<Uint8Array> {
    const bytes = this.#pack.pack.read(payloadName(`sha256:${formatHex(digest)}`));
    if (bytes !== null) return bytes;
    throw new LedgerError('PAYLOAD_MISSING', `Cannot read payload ${formatHex(digest)}: it is not in the pack`, { hint: 'ask for a pack that has it' });
  }

  /** Versions 1 to n are there without a gap: verified. @throws {LedgerError} ENTRY_MISSING for a stream that is not there whole */
  #events(stream: string): WholeStream['events'] {
    const whole = this.#pack.streams.get(stream);
    if (whole !== undefined) return whole.events.filter(({ index }) => index < this.#size);
    throw new LedgerError('ENTRY_MISSING', `Cannot read the stream "${stream}": it is not in the pack`);
  }

  #withMain({ index, event }: WholeStream['events'][number]): StreamEvent {
    if (mainOf(event.type) === null) return { index, event };
    const at = index - (event.data as { readonly back: number }).back;
    const main = this.#pack.entries.get(at)?.event ?? null;
    return main === null ? { index, event } : { index, event, main: { index: at, event: main } };
  }
}
