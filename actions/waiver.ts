// Waivers: a risk is accepted for a time, asked for by one person and approved by another. Nothing is renewed, only asked for anew.
import { encodeUtf8, equalBytes, formatHex, parseHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import {
  asSet, prepareDraft, type DataOf, type Digest, type Draft, type Event, type NewEvent, type PayloadReference,
} from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import { actHolds, waiverStatement, type ActEvent } from '../policy/gate/act-statement.ts';
import { readPurl } from '../projections/purls.ts';
import { isRangeOf } from '../projections/vers.ts';
import { asAdvisoriesWrite } from './advisory-name.ts';
import { storeStatement } from './act-statement.ts';
import { signedBy, signing, unsignedBy, unstored, type Intending, type SignedBy } from './person.ts';
import { expectOwner, expectTaken, type TermsPorts } from './waiver-terms.ts';
import { appendSealed, dropSealed, readPayload, storeSealed, type SealPorts } from './sealed-payload.ts';

export interface WaiverPorts extends SealPorts {
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Requested = DataOf<'waiver.requested'>;

export interface WaiverRequest extends Omit<Requested, 'assurance' | 'key' | 'vulnerabilities' | 'subjects' | 'components' | 'responses'> {
  readonly vulnerabilities: readonly string[];
  readonly subjects: readonly Digest<'sha256'>[];
  readonly components: NonNullable<Requested['components']>;
  readonly responses: Requested['responses'];
  /** Why, in the person's words: sealed, so that it can be erased. */
  readonly justification: string;
  /** What the owner is called, for messages. */
  readonly ownerName?: string;
}

export type WaiverRequested = Appended & {
  /** Policies on record that take none for so long: before them it counts for nothing. */
  readonly tooLongFor: readonly string[];
};

/**
 * Asks for a waiver.
 *
 * @param ports - with `documents` of the log as it is now
 * @throws {LedgerError} WAIVER_INVALID for an end that is past or later than any policy takes, no justification, or a scope that covers nothing;
 *   PERSON_UNKNOWN for an owner whom the ledger does not know; WAIVER_DECIDED when the id was used; EVENT_INVALID for a member of another grammar
 */
export async function requestWaiver(ports: WaiverPorts & TermsPorts, request: WaiverRequest, who: Intending): Promise<WaiverRequested> {
  const { vulnerabilities, subjects, components, responses, justification, ownerName = 'its owner', ...rest } = request;
  if (justification.trim() === '') throw new LedgerError('WAIVER_INVALID', 'Cannot request waiver: it says not why', { hint: 'give --justification TEXT' });
  if (rest.expires <= ports.now()) {
    throw new LedgerError('WAIVER_INVALID', 'Cannot request waiver: it would be over already', { hint: 'give an end that is to come' });
  }
  for (const id of vulnerabilities) expectWritten(id);
  for (const { purl, versions } of components) expectRange(purl, versions);
  await expectOwner(ports, rest.owner, who.by.person, ownerName);
  const tooLongFor = await expectTaken(ports, ports.now(), rest.expires);
  const stream = `waiver:${rest.waiver}`;
  if ((await ports.log.head(stream)) !== null) {
    throw new LedgerError('WAIVER_DECIDED', `Cannot request waiver "${rest.waiver}": there is one of this id`, {
      hint: 'nothing is renewed: ask for a new one under another id',
    });
  }
  const dataOf = (signed: SignedBy): Requested => ({
    ...rest, ...signed, vulnerabilities: asSet(vulnerabilities), responses: asSet(responses),
    ...(subjects.length === 0 ? {} : { subjects: asSet(subjects) }),
    ...(components.length === 0 ? {} : { components: asSet(components) }),
  });
  return { ...(await act(ports, (signed) => ({ type: 'waiver.requested', data: dataOf(signed) }), who, justification, 0)), tooLongFor };
}

/** In another spelling it would be approved, and cover nothing. */
function expectWritten(id: string): void {
  const written = asAdvisoriesWrite(id);
  if (id === written) return;
  throw new LedgerError('WAIVER_INVALID', `Cannot request waiver: no advisory is called "${clip(id)}"`, { hint: `write ${clip(written)}` });
}

/** A range of another kind of package, or one without an order, holds for no version at all. */
function expectRange(purl: string, versions: string | undefined): void {
  const type = readPurl(purl)?.type;
  if (versions === undefined || type === undefined || isRangeOf(versions, type)) return;
  throw new LedgerError('WAIVER_INVALID', `Cannot request waiver: "${clip(versions)}" holds for no version of ${clip(purl)}`, {
    hint: `write versions of its own kind, such as vers:${type}/>=1.0.0|<1.3.1, or leave them out`,
  });
}

/** What can be done with a waiver that was asked for. */
export type Verdict =
  | { readonly type: 'waiver.approved' }
  | { readonly type: 'waiver.rejected'; readonly reason: DataOf<'waiver.rejected'>['reason'] }
  | { readonly type: 'waiver.revoked'; readonly reason: DataOf<'waiver.revoked'>['reason'] };

/**
 * Approves, rejects or revokes a waiver.
 *
 * @throws {LedgerError} WAIVER_UNKNOWN; WAIVER_DECIDED when this was done, or the waiver is over; WAIVER_SAME_PERSON;
 *   VERSION_CONFLICT when somebody else acts at the same moment
 */
export async function decideWaiver(ports: WaiverPorts, id: string, verdict: Verdict, who: Intending, justification: string | null = null): Promise<Appended> {
  const { acts, version } = await readWaiver(ports.log, id);
  const [{ index: request, event: asked }] = acts;
  expectOpen(id, acts.map(({ event }) => event.type), verdict.type);
  if (verdict.type === 'waiver.approved') {
    if (asked.data.expires <= ports.now()) throw decided(id, 'it was over before anybody approved it');
    const sameKey = who.assurance === 'signed' && typeof who.author !== 'function' && equalBytes(asked.data.key, parseHex(who.author.key.id));
    if (sameKey || equalBytes(asked.by.person ?? nobody, who.by.person ?? nobody)) {
      throw new LedgerError('WAIVER_SAME_PERSON', `Cannot approve waiver "${id}": you asked for it`, { hint: 'have another person approve it' });
    }
  }
  const { vulnerabilities, subjects } = asked.data;
  const eventOf = (signed: SignedBy) => {
    const data = { waiver: id, vulnerabilities, ...(subjects === undefined ? {} : { subjects }), ...signed, request };
    return ('reason' in verdict ? { type: verdict.type, data: { ...data, reason: verdict.reason } } : { type: verdict.type, data }) as Omit<ActEvent, 'by'>;
  };
  return act(ports, eventOf, who, justification, version, [request]);
}

const nobody = new Uint8Array();

function expectOpen(id: string, done: readonly Event['type'][], next: Verdict['type']): void {
  if (done.includes('waiver.revoked')) throw decided(id, 'it was revoked');
  if (done.includes('waiver.rejected')) throw decided(id, 'it was rejected');
  if (next !== 'waiver.revoked' && done.includes('waiver.approved')) throw decided(id, 'it was approved');
}

function decided(id: string, why: string): LedgerError {
  return new LedgerError('WAIVER_DECIDED', `Cannot act on waiver "${id}": ${why}`, { hint: `"stella waiver show ${id}" tells what was done` });
}

type Act<T extends ActEvent['type']> = { readonly index: number; readonly event: Event & { readonly type: T } };

/** A waiver's acts in order, the request first. @throws {LedgerError} WAIVER_UNKNOWN */
export async function readWaiver(
  log: Pick<LogView, 'stream'>, id: string,
): Promise<{ readonly acts: readonly [Act<'waiver.requested'>, ...Act<ActEvent['type']>[]]; readonly version: number }> {
  const acts: { index: number; event: Event }[] = [];
  let version = 0;
  for await (const { index, event } of log.stream(`waiver:${id}`)) {
    version += 1;
    if (event.type.startsWith('waiver.')) acts.unshift({ index, event });
  }
  const [first] = acts;
  if (first?.event.type !== 'waiver.requested') {
    throw new LedgerError('WAIVER_UNKNOWN', `Cannot find waiver "${id}"`, { hint: '"stella waiver list" names them' });
  }
  return { acts: acts as never, version };
}

async function act(
  ports: WaiverPorts, eventOf: (signed: SignedBy) => Omit<ActEvent, 'by'>, who: Intending, justification: string | null, version: number,
  cause?: readonly number[],
): Promise<Appended> {
  const { log, payloads } = ports;
  // Before the key, and before anything is sealed: what is no event is refused here.
  const statement = unstored('statement', 'application/vnd.dsse.envelope.v1+json');
  const references = justification === null ? [statement] : [statement, unstored('justification', 'text/plain', true)];
  const trial = { ...eventOf(unsignedBy(who)), by: who.by, payloads: references };
  prepareDraft({ ...trial, ...(cause === undefined ? {} : { cause }) } as NewEvent, sha256);
  const acting = await signing(who);
  const event = eventOf(signedBy(acting));
  // 1. The justification, sealed, and the statement that commits to it. A crash after this leaves payloads no entry names.
  const sealed: PayloadReference[] = justification === null ? [] : [await storeSealed(ports, 'justification', 'text/plain', encodeUtf8(justification))];
  let draft: Draft;
  try {
    const whole = { ...event, by: acting.by, payloads: sealed } as ActEvent;
    const statement = await storeStatement(payloads, waiverStatement(log.control.genesis.origin, whole), acting);
    draft = prepareDraft({ ...whole, payloads: [statement, ...sealed], ...(cause === undefined ? {} : { cause }) } as NewEvent, sha256);
  } catch (error) {
    for (const { commitment } of sealed) if (commitment !== undefined) await dropSealed(ports, commitment[1]);
    throw error;
  }
  // 2. The entry, if nobody acted on the waiver meanwhile.
  return appendSealed(ports, { drafts: [draft], expected: [{ stream: `waiver:${event.data.waiver}`, version }] }, sealed);
}

/** What an act's signature is worth: the statement beside the event is checked against the event, under the key that it names. */
export async function checkAct(ports: Pick<WaiverPorts, 'payloads'>, origin: string, event: ActEvent, spki: Uint8Array): Promise<boolean> {
  const reference = event.payloads?.find(({ role }) => role === 'statement')?.digest;
  if (reference === undefined) return false;
  return actHolds(await readPayload(ports.payloads, reference[1]), origin, event, spki);
}

/** The public key that an act names, from the entry that put it on record; null where none did. */
export async function publicKeyOf(log: Pick<LogView, 'stream'>, key: Uint8Array): Promise<Uint8Array | null> {
  for await (const { event } of log.stream(`key:${formatHex(key)}`)) if (event.type === 'key.added') return event.data.key.public;
  return null;
}
