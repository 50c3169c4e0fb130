// Keys that sign statements: which are on record, how one takes another's place, and how one ends. Checkpoint keys: `Log.rotate`.
import { formatHex, parseHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { prepareDraft, type Actor, type DataOf, type KeyRecord, type NewEvent } from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PublicKey } from '../verify/sigstore/index.ts';
import { attestationKeyAdded } from './add-key.ts';

export type RetireReason = DataOf<'key.retired'>['reason'];

/** A key that `key.added` put on record. */
export interface KeyOnRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly use: KeyRecord['use'];
  /** Index of the entry that it serves from. */
  readonly entry: number;
  /** What ended it: it signs for no size beyond `lastSize`. Null while it serves. */
  readonly ended: { readonly entry: number; readonly lastSize: number; readonly reason: RetireReason } | null;
}

/** The keys that sign statements, for this ledger or for a person, the newest first. */
export async function readKeys(log: Pick<LogView, 'stream'>): Promise<KeyOnRecord[]> {
  const keys: KeyOnRecord[] = [];
  const ends = new Map<string, NonNullable<KeyOnRecord['ended']>>();
  for await (const { index, event } of log.stream('ledger')) {
    // Of two ends the first counts, and it is met last.
    if (event.type === 'key.retired') ends.set(formatHex(event.data.key), { entry: index, lastSize: event.data.lastSize, reason: event.data.reason });
    if (event.type === 'key.added') keys.push({ id: formatHex(event.data.key.id), use: event.data.key.use, entry: index, ended: null });
  }
  return keys.map((key) => ({ ...key, ended: ends.get(key.id) ?? null }));
}

/** The keys that this ledger may sign attestations with now, the newest first. */
export async function servingKeys(log: Pick<LogView, 'stream'>): Promise<KeyOnRecord[]> {
  return (await readKeys(log)).filter(({ use, ended }) => use === 'attestation' && ended === null);
}

export type KeyRotated = Appended & {
  /** Keys that serve no more: usually one; none where none served. */
  readonly retired: readonly string[];
  /** What they signed up to this size stays good: acts in its entries, packs of its trees. */
  readonly lastSize: number;
};

/**
 * Puts another key for attestations on record in the place of all that serve.
 *
 * The secret of the new key must be durable before: one append makes the new one serve and ends the others, so that after a crash either
 * the old ones serve or the new one, and never none or both. Nothing is written behind it.
 *
 * Unlike `key.rotated` it takes no signature of the old key, which may be lost or in a thief's hands: the log's key signs the entries.
 *
 * @throws {LedgerError} KEY_TAKEN when the key is on record, for whatever use: what was retired never serves again; VERSION_CONFLICT
 */
export async function rotateAttestationKey(log: Log, to: PublicKey, reason: RetireReason, by: Actor): Promise<KeyRotated> {
  const stream = `key:${to.id}`;
  const version = (await log.head('ledger'))?.version ?? 0;
  if ((await log.head(stream)) !== null) {
    throw new LedgerError('KEY_TAKEN', `Cannot rotate to the key ${to.id.slice(0, 16)}…: it is on record already`, {
      hint: 'make another with "stella key new --use attestation"',
    });
  }
  const retired = (await servingKeys(log)).map(({ id }) => id);
  const lastSize = log.published.size;
  const events: NewEvent[] = [attestationKeyAdded(to, by), ...retired.map((id) => retiredEvent(id, lastSize, reason, by))];
  const appended = await log.appendOne({
    drafts: events.map((event) => prepareDraft(event, sha256)), expected: [{ stream: 'ledger', version }, { stream, version: 'absent' }],
  });
  return { ...appended, retired, lastSize };
}

/**
 * Ends a key that signs statements without a successor: the ledger's for attestations, or a person's.
 *
 * @param id - 64 hexadecimal digits
 * @throws {LedgerError} KEY_UNKNOWN when it is none of these, or was retired before; VERSION_CONFLICT
 */
export async function retireKey(log: Log, id: string, reason: RetireReason, by: Actor): Promise<Appended & { readonly lastSize: number }> {
  const stream = `key:${id}`;
  const version = (await log.head(stream))?.version ?? 0;
  const key = (await readKeys(log)).find((one) => one.id === id);
  const refuse = (why: string, hint: string) => new LedgerError('KEY_UNKNOWN', `Cannot retire the key ${id.slice(0, 16)}…: ${why}`, { hint });
  if (key === undefined || (key.use !== 'attestation' && key.use !== 'person')) {
    throw refuse('it signs no statements here', '"stella key list" and "stella person list" name those that do; checkpoint keys are rotated');
  }
  if (key.ended !== null) throw refuse(`entry ${key.ended.entry} did so before`, `"stella show ${key.ended.entry}" tells by whom, and why`);
  const lastSize = log.published.size;
  const appended = await log.appendOne({ drafts: [prepareDraft(retiredEvent(id, lastSize, reason, by), sha256)], expected: [{ stream, version }] });
  return { ...appended, lastSize };
}

function retiredEvent(id: string, lastSize: number, reason: RetireReason, by: Actor): NewEvent<'key.retired'> {
  return { type: 'key.retired', by, data: { key: parseHex(id), lastSize, reason } };
}
