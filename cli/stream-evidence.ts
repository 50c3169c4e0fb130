// Evidence about a stream from a ledger on this machine: its events, and what shows that there are no more.
import { decodeEvent } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import { Audit, streamKeyOf } from '../ledger/streams/index.ts';
import type { Placed, StreamEvidence } from '../verify/index.ts';

/** @returns evidence with the newest stated index, or without one where none was ever stated */
export async function streamEvidenceOf(log: LogView, stream: string): Promise<StreamEvidence> {
  const { note } = log.published;
  const placed = async (index: number): Promise<Placed> => ({ entry: await log.entry(index), index, proof: await log.proveInclusion(index) });
  const events: Placed[] = [];
  for await (const { index } of log.stream(stream)) events.unshift(await placed(index));
  const stating = await newestIndexed(log);
  if (stating === null) return { stream, checkpoint: note, events, head: null };
  // The index as it stood then: read again from the entries, which also checks that the log stated the right one.
  const audit = new Audit();
  for await (const entry of log.entries(0, stating)) audit.add(entry);
  return { stream, checkpoint: note, events, head: { stated: await placed(stating), proof: audit.index.prove(streamKeyOf(stream)) } };
}

async function newestIndexed(log: LogView): Promise<number | null> {
  for await (const { index } of log.stream('ledger')) {
    if (decodeEvent(await log.entry(index)).type === 'ledger.indexed') return index;
  }
  return null;
}
