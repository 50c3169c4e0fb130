// The decisions that a pack is about, and what they read: so that each of them can be made again from the pack alone.
import { equalBytes } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, kindOf, type Event } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { readPins } from '../verify/pack/index.ts';
import { decisionOf, type PackRequest, type Span } from './pack-streams.ts';
import { readPayload } from './sealed-payload.ts';

export interface PackedDecision {
  /** Of its entry. */
  readonly index: number;
  readonly event: Event & { type: 'decision.recorded' };
}

export interface PackedDecisions {
  /** Ascending by index. */
  readonly made: readonly PackedDecision[];
  /** Names of the streams that they read, as far as their pins are here. */
  readonly streams: ReadonlySet<string>;
  /** SHA-256 of the facts that they read, hexadecimal. */
  readonly facts: ReadonlySet<string>;
}

export interface DecisionPorts {
  readonly log: LogView;
  readonly payloads: PayloadStore;
}

/**
 * Reads the decisions that a request is about.
 *
 * @param span - of a period: its entries. From the log's first entry on all there is lies in it, and nothing has to be brought along
 * @throws {LedgerError} ENTRY_MISSING, SUBJECT_UNKNOWN for a decision that is none; PAYLOAD_MISSING where the pins of the only one are not here
 */
export async function readDecisions(ports: DecisionPorts, request: PackRequest, span: Span | null): Promise<PackedDecisions> {
  const made = await decisionsIn(ports.log, request, span);
  const [streams, facts] = [new Set<string>(), new Set<string>()];
  if (request.kind === 'period' && span?.start === 0) return { made, streams, facts };
  for (const { event } of made) {
    try {
      const digest = event.payloads?.find(({ role }) => role === 'pins')?.digest;
      if (digest === undefined) throw new TypeError('a decision without pins');
      const pins = readPins(await readPayload(ports.payloads, digest[1]));
      for (const { name } of pins.streams) streams.add(name);
      for (const hex of pins.facts) facts.add(hex);
    } catch (error) {
      // One of many is left as it is: its replay says what is missing.
      if (request.kind === 'decision' || !(error instanceof LedgerError) || error.code !== 'PAYLOAD_MISSING') throw error;
    }
  }
  return { made, streams, facts };
}

async function decisionsIn(log: LogView, request: PackRequest, span: Span | null): Promise<PackedDecision[]> {
  if (request.kind === 'decision') return [{ index: request.decision, event: await decisionOf(log, request.decision) }];
  const made: PackedDecision[] = [];
  const take = (index: number, event: Event) => {
    if (event.type === 'decision.recorded') made.push({ index, event });
  };
  if (request.kind === 'artifact') {
    for await (const { index, event } of log.stream(`artifact:${request.artifact}`)) take(index, event);
    return made.reverse();
  }
  let at = span?.start ?? 0;
  for await (const entry of log.entries(at, span?.end ?? 0)) {
    if (kindOf(entry) === 'event') take(at, decodeEvent(entry));
    at += 1;
  }
  return made;
}

/**
 * The decision of a period that states the stream index over all that the period's decisions read.
 *
 * Under it a pack holds each stream as far as they read it, and not what came to it since.
 *
 * @returns null where there is none, or where it does not say what the log says: a pack cannot stand on a lie
 */
export async function statedAmong(log: LogView, { made, streams }: PackedDecisions): Promise<number | null> {
  if (streams.size === 0) return null;
  const newest = made.reduce<PackedDecision | null>((best, one) => (best === null || one.event.data.tree.size > best.event.data.tree.size ? one : best), null);
  if (newest === null) return null;
  const { tree: { size, root }, index } = newest.event.data;
  if (size > newest.index || !equalBytes(await log.rootAt(size), root[1])) return null;
  return equalBytes((await log.readStreamIndexAt(size)).root, index[1]) ? newest.index : null;
}
