// Gate: decides about an artifact on the newest state, and puts the decision on record, whatever it is.
import { asSet, prepareDraft, requestDigestOf, type Actor, type PayloadReference } from '../ledger/events/index.ts';
import type { Appended, Expectation } from '../ledger/log/command.ts';
import { sha256, startSha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { ReservedPayload, PayloadStore } from '../ledger/store/payloads.ts';
import { decide, LIMITS, PolicyShelf, type Decided, type DecideRequest, type Written } from '../policy/gate/decide.ts';
import { INPUT_MEDIA, PINS_MEDIA, RESULTS_MEDIA, type DecisionData } from '../policy/gate/decision.ts';
import { EFFECTIVE_TIME_GIVEN } from '../policy/gate/codes.ts';
import type { Pin, State, StateSource } from '../policy/gate/source.ts';
import { moves } from '../projections/gate-critical.ts';
import { checkAsked } from './gate-asked.ts';
import { onceKeyOf } from './once-key.ts';
import { StreamState } from './stream-state.ts';

export interface GatePorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
  /** The ledger's secret, 32 bytes. */
  readonly pepper: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What the state of a size is read from; its streams' events when left out. */
  readonly stateAt?: (size: number) => StateSource;
  /** Policies compiled before; kept by a process that goes on. */
  readonly policies?: PolicyShelf;
}

export interface GateAsked extends Omit<DecideRequest, 'effective' | 'weakened' | 'limits' | 'contracts'> {
  readonly contracts?: readonly string[];
  /** As of when; now when left out. A time that is given is on record as such. */
  readonly effective?: number;
  /** Codes that shall not deny. */
  readonly weakened?: readonly string[];
  readonly limits?: DecideRequest['limits'];
  /** An idempotency key: sent again, it gives the original decision's receipt. */
  readonly key?: string;
}

/** A decision on record. */
export interface Gated {
  readonly appended: Appended;
  readonly data: DecisionData;
  readonly decided: Decided;
}

/** So often it is evaluated at most. */
const attemptsMax = 3;
/** A state further back than this is read again: a full reader looks back twice as far. */
const behindMax = 32_768;
/** So often a decision goes after streams that only other decisions moved. */
const neutralMax = 1_000;

/**
 * Decides about an artifact, and appends `decision.recorded`.
 *
 * The decision is appended only if nothing that it read has moved meanwhile; else it is made again, and after three attempts it
 * is a denial, `STATE_MOVED`. Events that no document reads, such as other decisions about the artifact, move nothing.
 *
 * @throws {LedgerError} INPUT_MALFORMED, INPUT_TOO_LARGE and STATE_UNKNOWN for what cannot be asked (gate-asked.ts); what the log refuses;
 *   IDEMPOTENCY_CONFLICT
 */
export async function gate(ports: GatePorts, asked: GateAsked, by: Actor): Promise<Gated> {
  const { log, policies = new PolicyShelf(), now } = ports;
  const given = asked.effective !== undefined;
  const weakened = [...new Set([...(asked.weakened ?? []), ...(given ? [EFFECTIVE_TIME_GIVEN] : [])])].sort();
  await checkAsked(log, asked, weakened, now());
  const { key, ...rest } = asked;
  const once = key === undefined ? {} : { once: { key: onceKeyOf(key), request: requestOf(ports, asked, weakened) } };
  for (let attempt = 1; ; attempt++) {
    const request: DecideRequest = {
      limits: LIMITS, ...rest, contracts: asked.contracts ?? [], effective: asked.effective ?? now(), weakened,
    };
    const { state, index } = await readState(ports);
    const { decided, references } = await decideAndStore(ports.payloads, request, state, policies);
    const data: DecisionData = { ...decided.data, index: ['sha256', index], attempts: attempt };
    const draftOf = (one: DecisionData) => prepareDraft({ type: 'decision.recorded', by, data: one, payloads: references, ...once }, sha256);
    const appended = await appendUnlessMoved(log, draftOf(data), decided.shown.gathered.pins, state.size);
    if (appended !== null) return { appended, data, decided };
    if (attempt < attemptsMax) continue;
    const moved: DecisionData = { ...data, outcome: 'deny', codes: asSet([...(data.codes ?? []), 'STATE_MOVED']) };
    return { appended: await log.appendOne({ drafts: [draftOf(moved)] }), data: moved, decided };
  }
}

/** The state at the published size, with the root of the tree and of the stream index. */
async function readState({ log, payloads, stateAt }: GatePorts): Promise<{ state: State; index: Uint8Array }> {
  const { size, root: index } = await log.readStreamIndex();
  const source = stateAt?.(size) ?? new StreamState(log, payloads, size);
  return { state: { size, root: await log.rootAt(size), origin: log.control.genesis.origin, source }, index };
}

const MEDIA = { pins: PINS_MEDIA, results: RESULTS_MEDIA, input: INPUT_MEDIA } as const;
type Role = keyof typeof MEDIA;

/** Decides, and stores what was read, asked and answered: what is written already goes to the disk while the policy has this thread. */
async function decideAndStore(payloads: PayloadStore, request: DecideRequest, state: State, policies: PolicyShelf) {
  const all: { readonly role: Role; readonly payload: ReservedPayload; pieces?: readonly Uint8Array[] }[] = [];
  const written = (some: Written) => {
    const these = all.filter(({ role }) => some[role] !== undefined);
    for (const one of these) one.payload.write((one.pieces = some[one.role] as readonly Uint8Array[]));
    // All are written before one is flushed: until that is done, a file system makes others wait.
    for (const { payload } of these) payload.flush();
  };
  try {
    for (const role of Object.keys(MEDIA) as Role[]) all.push({ role, payload: await payloads.reserve() });
    const decided = await decide(request, state, { policies, hashing: startSha256, written });
    const keep = async (role: Role, payload: ReservedPayload, pieces: readonly Uint8Array[]): Promise<PayloadReference> => {
      const { digest, size } = await payload.keep((role === 'input' ? decided.data.input?.digest[1] : undefined) ?? digestOf(pieces));
      return { role, size, media: MEDIA[role], digest: ['sha256', digest] };
    };
    // Payloads first. A crash after this leaves files that no entry names; the other way round, a decision nobody could replay.
    const references = await Promise.all(all.flatMap(({ role, payload, pieces }) => (pieces === undefined ? [] : [keep(role, payload, pieces)])));
    return { decided, references };
  } finally {
    await Promise.all(all.map(({ payload }) => payload.drop()));
  }
}

function digestOf(pieces: readonly Uint8Array[]): Uint8Array {
  const hash = startSha256();
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

/** @returns null when something moved that the decision depends on */
async function appendUnlessMoved(log: Log, draft: ReturnType<typeof prepareDraft>, pins: Iterable<Pin>, size: number): Promise<Appended | null> {
  let expected: Iterable<Expectation> = asExpected(pins);
  for (let tries = 0; tries < neutralMax && log.published.size - size <= behindMax; tries++) {
    const [outcome] = await log.append([{ drafts: [draft], expected, heldAt: size }]);
    if (outcome?.ok === true) return outcome;
    const error = outcome?.ok === false ? outcome.error : null;
    if (error?.code !== 'VERSION_CONFLICT') throw error ?? new TypeError('one command has one outcome');
    const next = await movedByNothing(log, pins);
    if (next === null) return null;
    expected = next;
  }
  return null;
}

/** Made only when they are looked at, and anew each time: a generator that was read is empty, and nothing would be expected. */
function asExpected(pins: Iterable<Pin>): Iterable<Expectation> {
  return {
    * [Symbol.iterator]() {
      for (const { name, version } of pins) yield { stream: name, version };
    },
  };
}

/** What to expect of the streams as they stand now, where everything new in them leaves their documents as they are; else null. */
async function movedByNothing(log: Log, pins: Iterable<Pin>): Promise<Expectation[] | null> {
  const expected: Expectation[] = [];
  for (const { name, version } of pins) {
    const now = (await log.head(name))?.version ?? 0;
    if (now > version) {
      for await (const { event } of log.stream(name)) {
        if ((event.streams.find((tag) => tag.name === name)?.version as number) <= version) break;
        if (moves(name, event.type)) return null;
      }
    }
    expected.push({ stream: name, version: now });
  }
  return expected;
}

function requestOf({ pepper }: GatePorts, asked: GateAsked, weakened: readonly string[]): Uint8Array {
  const { artifact, policy, contracts, feed, entrypoints, effective, limits } = asked;
  return requestDigestOf(sha256, pepper, [
    'decision.recorded', artifact, policy, [...(contracts ?? [])], feed ?? '', [...(entrypoints ?? [])], effective ?? -1, [...weakened],
    limits === undefined ? [] : [limits.steps, limits.outputBytes, limits.depth],
  ]);
}
