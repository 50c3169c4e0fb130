// Replays a decision: makes it again from a state of the size it names, and says SAME, DRIFT or CANNOT. It never throws on evidence.
import { concatBytes, equalBytes, formatHex } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import type { Event } from '../../ledger/events/index.ts';
import { parseJson, type Json } from '../../ledger/json.ts';
import { knowsSemantics } from '../../projections/semantics.ts';
import { knowsRegoSemantics, LIMITS_MOST, type Limits } from '../index.ts';
import { CURRENT, decide, type Decided, type DecideOptions, type DecideRequest, type PolicyShelf } from './decide.ts';
import { parsePins, type DecisionData, type Pins } from './decision.ts';
import { firstDifference } from './difference.ts';
import { artifactStream, type Pin, type State } from './source.ts';

export type DecisionEvent = Event & { readonly type: 'decision.recorded' };

/** What a replay answers, from the best to what cannot be told. */
export const REPLAY_VERDICTS = ['SAME', 'DRIFT', 'CANNOT'] as const;

/** What is missing where a replay cannot tell. */
export const CANNOTS = [
  // A payload that the decision depends on is not here: facts, findings, the policy, the pins.
  'payload',
  // The decision was made under rules that this release does not know.
  'semantics',
  // An event, or a payload's form, of a later time.
  'newer',
  // Events of a stream that was read are missing.
  'incomplete',
  // The log's key has been replaced, and nothing given proves that it might still sign this.
  'key-retired',
  // The policy was granted more steps, output or depth than a reader grants, and needs them.
  'limits',
] as const;

export type Missing = (typeof CANNOTS)[number];

/** What made a difference. */
export type Cause =
  /** An event that came, or was left out. */
  | { readonly kind: 'event'; readonly index: number; readonly type: string; readonly stream: string }
  /** Nothing but time has passed. */
  | { readonly kind: 'time'; readonly from: number; readonly to: number }
  /** What is on record is not what follows from the state: the decision's own entry says otherwise. */
  | { readonly kind: 'record'; readonly index: number };

export interface Drift {
  readonly is: 'DRIFT';
  /** The first thing that differs: `pins`, `findings`, `published`, `input/<member>`, `result`, `outcome`. */
  readonly member: string;
  /** Into the canonical input, where both are here. */
  readonly pointer: string | null;
  readonly recorded: string;
  readonly replayed: string;
  readonly cause: Cause;
}

export type ReplayVerdict =
  | { readonly is: 'SAME' }
  | Drift
  | { readonly is: 'CANNOT'; readonly missing: Missing; readonly message: string };

export interface Replay {
  readonly verdict: ReplayVerdict;
  /** What was decided again; null where it could not be. */
  readonly decided: Decided | null;
  /** For people: what this engine has that the one of then had not, or the other way round. */
  readonly notes: readonly string[];
}

export interface ReplayOptions {
  readonly policies?: PolicyShelf;
  readonly hashing?: NonNullable<DecideOptions['hashing']>;
}

/**
 * Replays a decision on a state of the size that it names.
 *
 * The source of the state has proven what it gives: that these are the log's entries, and that no event of a stream is left out.
 *
 * @param index - of the decision's entry
 * @param state - of `event.data.tree.size`
 * @see spec/replay.md
 */
export async function replayDecision(index: number, event: DecisionEvent, state: State, options: ReplayOptions = {}): Promise<Replay> {
  const { data } = event;
  const cannot = (missing: Missing, message: string): Replay => ({ verdict: { is: 'CANNOT', missing, message }, decided: null, notes: [] });
  // 1. Under the rules of then.
  const unknown = unknownSemantics(data.semantics);
  if (unknown !== null) return cannot('semantics', unknown);
  try {
    // 2. The state that was read: the same tree, and each stream at the version that was pinned.
    const record = (member: string, recorded: string, replayed: string): Replay =>
      ({ verdict: { is: 'DRIFT', member, pointer: null, recorded, replayed, cause: { kind: 'record', index } }, decided: null, notes: [] });
    if (!equalBytes(data.tree.root[1], state.root)) return record('tree', formatHex(data.tree.root[1]), formatHex(state.root));
    const pins = parsePins(await state.source.payload(payloadOf(event, 'pins') as Uint8Array));
    if (pins.streams.length !== data.pins) return record('pins', `${data.pins} streams`, `${pins.streams.length} streams`);
    const moved = await movedPin(pins, state, index);
    if (moved !== null) return { verdict: moved, decided: null, notes: [] };
    // 3. The decision, again.
    const request = requestOf(data);
    const limits = withinMost(data.limits);
    const made = await decide({ ...request, limits }, state, { ...options, semantics: data.semantics });
    const isBeyond = limits.steps < data.limits.steps || limits.outputBytes < data.limits.outputBytes || limits.depth < data.limits.depth;
    // Under lower limits a policy that keeps to them answers the same.
    if (isBeyond && made.data.codes?.includes('EVALUATION_LIMIT') === true) return cannot('limits', `its policy takes more than ${shownLimits(limits)}`);
    const decided = { ...made, data: { ...made.data, limits: data.limits } };
    const verdict = await compare(index, event, decided, state);
    return { verdict, decided, notes: notesOf(data, decided) };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const missing = missingOf(error);
    if (missing === null) throw error;
    return cannot(missing, error.message);
  }
}

/** A pack's decision says itself what its policy may take, and a stranger's would take for ever, or all memory. */
function withinMost({ steps, outputBytes, depth }: DecisionData['limits']): Limits {
  const most = LIMITS_MOST;
  return { steps: Math.min(steps, most.steps), outputBytes: Math.min(outputBytes, most.outputBytes), depth: Math.min(depth, most.depth) };
}

const shownLimits = ({ steps, outputBytes, depth }: Limits) => `${steps} steps, ${outputBytes} bytes of output or ${depth} rules inside one another`;

/** What a decision was asked. */
export function requestOf(data: DecisionData): DecideRequest {
  const { artifact, policy, contracts = [], feed, entrypoints, effective, weakened = [], limits } = data;
  return {
    artifact: artifact[1], policy, contracts, effective, weakened, limits,
    ...(feed === undefined ? {} : { feed }), ...(entrypoints === undefined ? {} : { entrypoints }),
  };
}

/** Under which numbers a decision was made that this release does not know, in words; null where it knows them all. */
function unknownSemantics(semantics: DecisionData['semantics']): string | null {
  const { match: _match, ...numbers } = semantics;
  for (const [name, number] of Object.entries(numbers) as [keyof typeof CURRENT, number][]) {
    const known = name === 'rego' ? knowsRegoSemantics(number)
      : name === 'vex' || name === 'waiver' || name === 'trust' || name === 'coverage' ? knowsSemantics(name, number)
      : number >= 1 && number <= CURRENT[name];
    if (!known) return `it was decided under semantics ${number} of ${name}, and this release knows ${CURRENT[name]}`;
  }
  return null;
}

/** What a refusal on the way means for the replay; null for what is no matter of evidence. */
function missingOf({ code, cause }: LedgerError): Missing | null {
  if (code === 'PAYLOAD_MISSING' || code === 'PAYLOAD_CORRUPT') return 'payload';
  if (code === 'INPUT_VERSION_UNKNOWN') return 'newer';
  if (code === 'PROJECTION_STOPPED') {
    return cause instanceof LedgerError && (cause.code === 'EVENT_UNKNOWN' || cause.code === 'EVENT_VERSION_UNKNOWN') ? 'newer' : 'incomplete';
  }
  return code === 'ENTRY_MISSING' ? 'incomplete' : null;
}

/** The first stream that does not stand where the decision says it stood. */
async function movedPin({ streams }: Pins, { source }: State, index: number): Promise<Drift | null> {
  const heads = await source.heads(streams.map(({ name }) => name));
  for (const pin of streams) {
    const head = heads.get(pin.name);
    if ((head?.version ?? 0) === pin.version && head?.index === pin.index) continue;
    const [came] = await source.since(pin.name, pin.version);
    const cause: Cause = came === undefined ? { kind: 'record', index } : { kind: 'event', ...came, stream: pin.name };
    const replayed = versionText({ name: pin.name, version: head?.version ?? 0 });
    return { is: 'DRIFT', member: `pins/${pin.name}`, pointer: null, recorded: versionText(pin), replayed, cause };
  }
  return null;
}

const versionText = ({ version }: Pin) => (version === 0 ? 'no event' : `version ${version}`);

/** Whatever differs first, in the order in which one follows from the other. */
async function compare(index: number, event: DecisionEvent, decided: Decided, state: State): Promise<ReplayVerdict> {
  const { data: recorded } = event;
  const again = decided.data;
  const isNew = (code: string) => again.codes?.includes(code) === true && recorded.codes?.includes(code) !== true;
  const note = decided.shown.results.notes.join('; ');
  if (isNew('PAYLOAD_UNAVAILABLE') || isNew('POLICY_UNREADABLE')) return { is: 'CANNOT', missing: 'payload', message: note };
  if (isNew('PAYLOAD_NEWER')) return { is: 'CANNOT', missing: 'newer', message: note };
  const drift = (member: string, before: Json | undefined, after: Json | undefined, cause: Cause = { kind: 'record', index }): Drift =>
    ({ is: 'DRIFT', member, pointer: null, recorded: shown(before), replayed: shown(after), cause });
  // A decision that nothing moved has the code only where it was so; one that kept moving is a denial beside all else.
  const wasMoved = recorded.codes?.includes('STATE_MOVED') === true;
  const expected = { ...again, ...(wasMoved ? { outcome: 'deny', codes: [...(again.codes ?? []), 'STATE_MOVED'] } : {}) };
  for (const member of ['artifact', 'policy', 'contracts', 'feed', 'published', 'entrypoints', 'facts', 'findings', 'pins'] as const) {
    const [before, after] = [plain(recorded[member]), plain(expected[member])];
    if (firstDifference(before, after) !== null) return drift(member, before, after, causeOf(member, decided, index));
  }
  const inputDrift = await compareInput(index, event, decided, state);
  if (inputDrift !== null) return inputDrift;
  for (const member of ['result', 'codes', 'outcome', 'warnings', 'weakened', 'counts', 'limits', 'semantics'] as const) {
    const [before, after] = [plain(recorded[member]), plain(expected[member])];
    if (firstDifference(before, after) !== null) return drift(member, before, after);
  }
  return { is: 'SAME' };
}

/** Another scan or another policy is on record than the one that the decision names. */
function causeOf(member: string, { data, shown: { gathered } }: Decided, index: number): Cause {
  const { published, scan } = gathered;
  if (member === 'published' && published !== null) return { kind: 'event', index: published.entry, type: 'policy.published', stream: `policy:${data.policy}` };
  if (member === 'findings' && scan !== null) return { kind: 'event', index: scan.entry, type: 'scan.completed', stream: artifactStream(data.artifact[1]) };
  return { kind: 'record', index };
}

async function compareInput(index: number, event: DecisionEvent, decided: Decided, { source }: State): Promise<Drift | null> {
  const [before, after] = [event.data.input, decided.data.input];
  if (before === undefined && after === undefined) return null;
  const differing = [...(before?.members ?? []), ...(after?.members ?? [])].map(({ name }) => name).sort().find((name) => {
    const [one, other] = [before, after].map((input) => input?.members.find((member) => member.name === name)?.digest[1]);
    return one === undefined || other === undefined || !equalBytes(one, other);
  });
  const whole = before !== undefined && after !== undefined && equalBytes(before.digest[1], after.digest[1]);
  if (differing === undefined && whole) return null;
  const member = differing === undefined ? 'input' : `input/${differing}`;
  const is = (input: DecisionData['input']) => (input === undefined ? 'absent' : 'another');
  const drift: Drift = { is: 'DRIFT', member, pointer: null, recorded: is(before), replayed: is(after), cause: { kind: 'record', index } };
  const digest = payloadOf(event, 'input');
  if (digest === null || decided.input === null) return drift;
  try {
    const found = firstDifference(parseJson(await source.payload(digest)), parseJson(concatBytes(...decided.input)));
    return found === null ? drift : { ...drift, pointer: found.pointer, recorded: shown(found.before), replayed: shown(found.after) };
  } catch (error) {
    // Without the payload the member is known, and not the place in it.
    if (error instanceof LedgerError) return drift;
    throw error;
  }
}

function notesOf(recorded: DecisionData, { data }: Decided): string[] {
  return equalBytes(recorded.capabilities[1], data.capabilities[1]) ? [] : ['this release calls other built-in functions than the one that decided'];
}

/** The digest of a payload of a role; null where there is none. */
export function payloadOf({ payloads }: Pick<Event, 'payloads'>, role: string): Uint8Array | null {
  return payloads?.find((payload) => payload.role === role)?.digest?.[1] ?? null;
}

/** A part of an event as JSON, its byte strings as hexadecimal, its sets in one order. */
function plain(value: unknown): Json | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Uint8Array) return formatHex(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item) as Json);
    return items.every((item) => typeof item === 'string') ? (items as string[]).toSorted() : items;
  }
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner) as Json]));
  return value as Json;
}

function shown(value: Json | undefined): string {
  return value === undefined ? 'absent' : clip(JSON.stringify(value));
}
