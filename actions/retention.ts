// Retention: how long a sealed payload has to be kept before it may go for no other reason than that nobody needs it.
import { prepareDraft, type Actor, type EventName } from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';

/** What a payload is kept as: evidence about software, or the acts of persons by which it was decided. */
export type RetentionClass = 'acts' | 'evidence';

/** Months to keep, by class. 18 months is the least; ten years is what product regulation asks of technical documentation. */
export const RETENTION_PROFILES = {
  standard: { acts: 36, evidence: 18 },
  'ten-years': { acts: 120, evidence: 120 },
} as const satisfies Readonly<Record<string, Readonly<Record<RetentionClass, number>>>>;

export type RetentionProfile = keyof typeof RETENTION_PROFILES;

/** Puts on record how long sealed payloads are kept from here on. */
export function setRetention(log: Log, profile: RetentionProfile, by: Actor): Promise<Appended> {
  return log.appendOne({ drafts: [prepareDraft({ type: 'payload.retention_set', by, data: { profile } }, sha256)] });
}

/** The profile that counts, and the entry that says so: none where nobody has said anything. */
export async function retentionOf(log: Pick<LogView, 'stream'>): Promise<{ readonly profile: RetentionProfile; readonly entry: number | null }> {
  for await (const { index, event } of log.stream('ledger')) {
    if (event.type === 'payload.retention_set') return { profile: event.data.profile, entry: index };
  }
  return { profile: 'standard', entry: null };
}

const evidence: ReadonlySet<string> = new Set(['attestation', 'document', 'report', 'sbom', 'vex']);

export function retentionClassOf(type: EventName): RetentionClass {
  return evidence.has(type.split('.')[0] as string) ? 'evidence' : 'acts';
}

/** The first millisecond at which a payload that was recorded `at` may go. Months are those of the calendar, in UTC. */
export function retainedUntil(type: EventName, at: number, profile: RetentionProfile): number {
  const months = RETENTION_PROFILES[profile][retentionClassOf(type)];
  const end = new Date(at);
  // The 31st of a month that has 30 days runs over into the next one: later, and never earlier.
  end.setUTCMonth(end.getUTCMonth() + months);
  return end.getTime();
}
