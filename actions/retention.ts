// Retention: how long a sealed payload has to be kept before it may go for no other reason than that nobody needs it.
import type { EventName } from '../ledger/events/index.ts';

/** What a payload is kept as: evidence about software, or the acts of persons by which it was decided. */
export type RetentionClass = 'acts' | 'evidence';

/** Months to keep, by class. 18 months is the least; ten years is what product regulation asks of technical documentation. */
export const RETENTION_PROFILES = {
  standard: { acts: 36, evidence: 18 },
  'ten-years': { acts: 120, evidence: 120 },
} as const satisfies Readonly<Record<string, Readonly<Record<RetentionClass, number>>>>;

export type RetentionProfile = keyof typeof RETENTION_PROFILES;

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
