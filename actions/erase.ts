// Erasing: a sealed payload's secret is destroyed and the log says so, with its legal basis; every proof stays valid.
import { LedgerError } from '../ledger/errors.ts';
import { asSet, decodeEvent, prepareDraft, type Actor, type DataOf, type Event } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import { entriesNaming, Erasures, type Naming } from './erasures.ts';
import { holdsOn, holdStands } from './hold.ts';
import { retainedUntil, retentionOf, type RetentionProfile } from './retention.ts';
import { dropSealed, openSealed } from './sealed-payload.ts';

export interface ErasePorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A longer profile than the one on record, to keep to all the same; a shorter one is not listened to. */
  readonly retention?: RetentionProfile;
}

type Basis = DataOf<'payload.erased'>['basis'];

export interface Erased {
  /** Index of the `payload.erased`. */
  readonly index: number;
  readonly commitment: Uint8Array;
  /** True when the log said so before. */
  readonly repeated: boolean;
  /** True when the same bytes lie here unsealed as well, under their digest: these are not erased, and cannot be. */
  readonly isPlainToo: boolean;
}

/** Bases by which nobody else can demand it: then what has to be kept is kept. Every other is a duty that goes before. */
const own: ReadonlySet<Basis> = new Set(['not-needed', 'retention-ended']);

/** So often holds are looked at again, because a stream moved meanwhile. */
const attemptsMax = 5;

/**
 * Erases a sealed payload.
 *
 * @param entry - index of the entry that names it @param role - which of its payloads, where it has several sealed ones
 * @throws {LedgerError} PAYLOAD_NOT_SEALED, PAYLOAD_HELD, RETENTION_RUNS; PAYLOAD_MISSING where it is not known here
 */
export async function erasePayload(ports: ErasePorts, entry: number, role: string | null, basis: Basis, by: Actor): Promise<Erased> {
  const { log, secrets, payloads } = ports;
  const event = decodeEvent(await log.entry(entry));
  const { role: of, commitment } = sealedOf(event, entry, role);
  const before = await new Erasures(log).find(event, entry, commitment);
  if (before !== null) {
    // Said before: what a crash has left is finished.
    await dropSealed({ payloads, secrets }, commitment);
    return { index: before, commitment, repeated: true, isPlainToo: false };
  }
  if (own.has(basis)) {
    const { profile } = await retentionOf(log);
    const until = Math.max(...[profile, ports.retention ?? profile].map((one) => retainedUntil(event.type, event.at, one)));
    if (ports.now() < until) {
      throw new LedgerError('RETENTION_RUNS', `Cannot erase the ${of} of entry ${entry}: it is kept until ${new Date(until).toISOString()}`, {
        hint: 'where a person or a court demands it, name that basis',
      });
    }
  }
  const plaintext = await openSealed({ payloads, secrets }, commitment).catch(nullUnlessBug);
  const isPlainToo = plaintext !== null && (await payloads.has(sha256(plaintext)));
  const naming = await entriesNaming(log, event, entry, commitment);
  // Before the note: what is held leaves none.
  await expectNotHeld(ports, naming, of);
  // 0. The intent, beside the secret. A crash after this leaves a note of nothing: the next start finds no event, and forgets it.
  await secrets.noteErasure(commitment, entry);
  // 1. The event, unless a hold stands. A crash after it leaves a secret that the log says is gone: the next start destroys it. The
  //    other way round it would be gone, and nobody could say why.
  const index = await append(ports, naming, { role: of, commitment: ['sha256', commitment], basis }, by);
  // 2. The secret, then what it opened. A crash between leaves ciphertext that nobody can open; the next start removes it.
  await dropSealed({ payloads, secrets }, commitment);
  // 3. The note.
  await secrets.forgetErasure(commitment);
  return { index, commitment, repeated: false, isPlainToo };
}

/** What is damaged can be erased all the same. */
function nullUnlessBug(error: unknown): null {
  if (error instanceof LedgerError) return null;
  throw error;
}

/** Finishes erasures that a crash stopped: to be called when a writer has opened the log. @returns how many were finished */
export async function finishErasures({ log, payloads, secrets }: Pick<ErasePorts, 'payloads' | 'secrets'> & { readonly log: LogView }): Promise<number> {
  let finished = 0;
  for (const { commitment, entry } of await secrets.notedErasures()) {
    const isThere = entry < log.published.size;
    const said = isThere ? await new Erasures(log).find(decodeEvent(await log.entry(entry)), entry, commitment) : null;
    if (said !== null) {
      await dropSealed({ payloads, secrets }, commitment);
      finished += 1;
    }
    await secrets.forgetErasure(commitment);
  }
  return finished;
}

function sealedOf({ payloads = [] }: Event, entry: number, role: string | null): { readonly role: string; readonly commitment: Uint8Array } {
  const fitting = payloads.filter((one) => role === null || one.role === role);
  const sealed = fitting.flatMap(({ role: of, commitment }) => (commitment === undefined ? [] : [{ role: of, commitment: commitment[1] }]));
  const [only, ...more] = sealed;
  if (only !== undefined && more.length === 0) return only;
  if (only !== undefined) {
    throw new LedgerError('PAYLOAD_MISSING', `Cannot erase: entry ${entry} has ${sealed.length} sealed payloads`, { hint: 'name one by its role' });
  }
  const named = role === null ? 'payload' : `payload "${role}"`;
  if (fitting.length === 0) throw new LedgerError('PAYLOAD_MISSING', `Cannot erase: entry ${entry} has no ${named}`);
  throw new LedgerError('PAYLOAD_NOT_SEALED', `Cannot erase the ${fitting[0]?.role} of entry ${entry}: it is not sealed, and its digest is on record`, {
    hint: 'seal what may have to be erased when it is added: "stella add --seal"',
  });
}

/** The versions at which no hold was found. @throws {LedgerError} PAYLOAD_HELD */
async function expectNotHeld({ log, now }: Pick<ErasePorts, 'log' | 'now'>, naming: readonly Naming[], role: string) {
  const entries = naming.flatMap((one) => one.entries);
  const expected = [];
  for (const stream of new Set(naming.flatMap(({ streams }) => streams))) {
    expected.push({ stream, version: (await log.head(stream))?.version ?? 0 });
    const hold = (await holdsOn(log, stream)).find((one) => entries.some((entry) => holdStands(one, entry, now())));
    if (hold === undefined) continue;
    throw new LedgerError('PAYLOAD_HELD', `Cannot erase the ${role} of entry ${entries[0]}: entry ${hold.index} holds it (${hold.event.data.basis})`, {
      hint: `"stella hold release ${hold.index}" ends the hold`,
    });
  }
  return expected;
}

/**
 * Appends under the versions at which no hold was found: one that is placed meanwhile is seen. Each entry that names the payload has an
 * event of its own, so that whoever follows any of them is told; and a hold on any of them, or on a stream of theirs, holds it.
 *
 * @returns index of the first entry's event
 */
async function append(
  ports: ErasePorts, naming: readonly Naming[], data: Omit<DataOf<'payload.erased'>, 'entry' | 'streams'>, by: Actor,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const expected = await expectNotHeld(ports, naming, data.role);
    const drafts = naming.map(({ index: entry, event: { streams } }) => {
      const said = { ...data, entry, streams: asSet(streams.map(({ name }) => name)) };
      return prepareDraft({ type: 'payload.erased', by, data: said }, sha256);
    });
    const [outcome] = await ports.log.append([{ drafts, expected, forgets: [data.commitment[1]] }]);
    if (outcome?.ok === true) return outcome.index;
    if (outcome?.error.code !== 'VERSION_CONFLICT' || attempt === attemptsMax) throw outcome?.error ?? new TypeError('no outcome');
  }
}
