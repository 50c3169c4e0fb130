// The mirror client: sends a mirror what it lacks, in packages with their proofs (C2SP tlog-mirror).
import { concatBytes } from '../bytes.ts';
import {
  asWitnessKey, encodePackage, encodeUploadHeader, packagesOf, parseCheckpoint, readMirrorAnswer, verifyEd25519, type MirrorAnswer, type PolicyWitness,
  type SignedCheckpoint,
} from '../note/index.ts';
import type { LogView } from './view.ts';
import { askWitness, type Send } from './witness.ts';

/** Entries in one upload. */
const uploadEntriesMax = 4096;

/**
 * Brings a mirror up to the published checkpoint: the checkpoint as pending, then the entries it lacks.
 *
 * @param next - the first entry the mirror lacks, as far as is known; it says itself when that is wrong
 * @returns the mirror's last answer: `cosigned` when it holds everything
 * @see C2SP tlog-mirror
 */
export async function uploadTo(log: LogView, mirror: PolicyWitness, send: Send, next = 0): Promise<MirrorAnswer> {
  const checkpoint = parseCheckpoint(log.published.note);
  const pending = await askWitness(log, checkpoint, mirror, send);
  // A mirror takes a checkpoint as pending with an empty 200: it cosigns only what it holds.
  if (pending.is !== 'cosigned' && pending.is !== 'unreadable') return pending;
  let at: { next: number; ticket: Uint8Array } = { next, ticket: new Uint8Array() };
  for (;;) {
    const sent = await send('add-entries', await uploadBody(log, checkpoint, at));
    if (sent === null) return { is: 'busy', message: 'the mirror did not answer' };
    const answer = readMirrorAnswer(checkpoint.note.text, sent, [asWitnessKey(mirror.key)], { ed25519: verifyEd25519 });
    if (answer.is !== 'resume') return answer;
    // A mirror that asks for the same again makes no progress: it must not keep us for ever.
    if (answer.next === at.next && at.ticket.length > 0) return answer;
    at = { next: answer.next, ticket: answer.ticket };
  }
}

async function uploadBody(log: LogView, { origin, size }: SignedCheckpoint, at: { next: number; ticket: Uint8Array }): Promise<Uint8Array> {
  const { next, ticket } = at;
  const parts = [encodeUploadHeader({ origin, start: next, end: size, ticket })];
  for (const range of packagesOf(next, Math.min(size, next + uploadEntriesMax))) {
    const entries: Uint8Array[] = [];
    for await (const entry of log.entries(range.start, range.end)) entries.push(entry.slice());
    parts.push(encodePackage({ entries, proof: await log.proveSubtree(range.subtreeStart, range.end, size) }));
  }
  return concatBytes(...parts);
}
