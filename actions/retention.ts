// Retention: how long a sealed payload has to be kept before it may go for no other reason than that nobody needs it.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, kindOf, prepareDraft, type Actor, type Event, type EventName } from '../ledger/events/index.ts';
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

/** What a shorter profile lets go earlier than the one before it. */
export interface Shortened {
  /** Sealed payloads on record that were to be kept for longer. */
  readonly payloads: number;
  /** Of them, those that may go at once. */
  readonly atOnce: number;
  /** When the first of the others may, milliseconds since 1970; null where there is none. */
  readonly next: number | null;
}

/**
 * Puts a profile on record; one that keeps anything on record for less than was said only where that is meant.
 *
 * The newest profile counts for what is there already too: whoever was told "ten years" would find it gone after eighteen months.
 *
 * @param now - milliseconds since 1970 @param isMeant - that what is on record may go earlier
 * @returns `shortened`: null where nothing may go earlier
 * @throws {LedgerError} RETENTION_RUNS when something may, and it was not said to be meant: nothing is appended
 */
export async function changeRetention(
  log: Log, profile: RetentionProfile, { now, isMeant }: { readonly now: number; readonly isMeant: boolean }, by: Actor,
): Promise<Appended & { readonly shortened: Shortened | null }> {
  const { profile: before } = await retentionOf(log);
  const shortened = await shortenedBy(log, before, profile, now);
  if (shortened !== null && !isMeant) {
    throw new LedgerError('RETENTION_RUNS', `Cannot keep for less than "${before}": ${sayShortened(shortened)}`, {
      hint: `where that is meant: "stella retention ${profile} --shorten"`,
    });
  }
  return { ...(await setRetention(log, profile, by)), shortened };
}

/** In words: how many payloads, and from when. */
export function sayShortened({ payloads, atOnce, next }: Shortened): string {
  const from = next === null ? '' : `, ${atOnce === 0 ? 'the first' : 'the next'} from ${new Date(next).toISOString()}`;
  return `${payloads} sealed on record could go earlier, ${atOnce} of them at once${from}`;
}

/** Looks at every entry, where the profile is a shorter one. */
async function shortenedBy(log: LogView, before: RetentionProfile, after: RetentionProfile, now: number): Promise<Shortened | null> {
  const [was, is] = [RETENTION_PROFILES[before], RETENTION_PROFILES[after]];
  if (is.acts >= was.acts && is.evidence >= was.evidence) return null;
  if ((await log.readControl()).genesis.kinds.includes('raw')) return null;
  const named = new Map<string, Pick<Event, 'type' | 'at'>[]>();
  const erased = new Set<string>();
  for await (const entry of log.entries()) {
    if (kindOf(entry) !== 'event') continue;
    const event = decodeEvent(entry);
    if (event.type === 'payload.erased') erased.add(formatHex(event.data.commitment[1]));
    for (const { commitment } of event.payloads ?? []) {
      if (commitment === undefined) continue;
      const name = formatHex(commitment[1]);
      named.set(name, [...(named.get(name) ?? []), event]);
    }
  }
  for (const name of erased) named.delete(name);
  // Erased by any of the entries that name it: the earliest counts.
  const until = (events: readonly Pick<Event, 'type' | 'at'>[], profile: RetentionProfile) =>
    Math.min(...events.map(({ type, at }) => retainedUntil(type, at, profile)));
  const earlier = [...named.values()].filter((events) => now < until(events, before) && until(events, after) < until(events, before));
  const ends = earlier.map((events) => until(events, after));
  const later = ends.filter((end) => end > now).sort((a, b) => a - b);
  return ends.length === 0 ? null : { payloads: ends.length, atOnce: ends.length - later.length, next: later[0] ?? null };
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
