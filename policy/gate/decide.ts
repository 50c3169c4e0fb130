// Decides: reads a state, builds the input, asks the policy, and makes of it what goes on record. Pure but for the reading.
import { compareBytes, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { asSet, type Digest } from '../../ledger/events/index.ts';
import { sha256 as pureSha256 } from '../../ledger/merkle/index.ts';
import { factsSemantics } from '../../evidence/facts.ts';
import { SEMANTICS as STATE_SEMANTICS } from '../../projections/semantics.ts';
import {
  capabilitiesDigest, type Limits, LIMITS, LIMITS_MOST, PolicyErrors, type PublishedPolicy, readPolicy, RegoObject, SEMANTICS, toPlain, type Value,
} from '../index.ts';
import { DENIALS, type DenialCode, EFFECTIVE_TIME_GIVEN, ENTRYPOINTS_NARROWED, WARNINGS, WEAKENABLE, type WarningCode } from './codes.ts';
import { encodePins, encodeResults, factsDigest, type DecisionData, type Results, type Semantics } from './decision.ts';
import { gather, type GateRequest, type Gathered } from './gather.ts';
import { inputSemantics, type PolicyInput } from './input-shape.ts';
import { buildInput, builtComplaint, coverageOf, encodeInput, inputValue, type Built } from './input.ts';
import { gateSemantics, judge, type Judgement } from './judge.ts';
import { ContentShelf } from './shelf.ts';
import { snapshotAge } from './snapshot-age.ts';
import type { State, StateSource } from './source.ts';

export interface DecideRequest extends GateRequest {
  /** What is asked of the policy: all that it publishes when left out, or when it names nothing. */
  readonly entrypoints?: readonly string[];
  /** Milliseconds since 1970. */
  readonly effective: number;
  /** Codes that shall not deny, and EFFECTIVE_TIME_GIVEN; none twice. */
  readonly weakened: readonly string[];
  readonly limits: Limits;
}

/** How a decision is made now: each number goes on record with it. */
export const CURRENT: Omit<Semantics, 'match'> = {
  rego: SEMANTICS, input: inputSemantics, gate: gateSemantics, facts: factsSemantics, ...STATE_SEMANTICS,
};

/** Advisories older than this deny, unless the policy's data says otherwise: `data.stella.config.snapshot_days`. */
const snapshotDaysDefault = 30;
const dayMs = 86_400_000;

export interface DecideOptions {
  /** Under which rules; the current ones when left out. */
  readonly semantics?: Omit<Semantics, 'match'>;
  /** Policies compiled before, by digest and semantics; it is added to. */
  readonly policies?: PolicyShelf;
  /** SHA-256 over what comes in pieces. */
  readonly hashing?: () => Hashing;
  /** Takes what goes into payloads as soon as it is written: pins and the input before the policy is asked, and the results. */
  readonly written?: (payloads: Written) => void;
}

/** What goes into payloads, in pieces. */
export type Written = { readonly [Role in 'input' | 'pins' | 'results']?: readonly Uint8Array[] };

interface Hashing {
  update(piece: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** A decision made, not yet on record. */
export interface Decided {
  /** Everything but what only an attempt to append knows. */
  readonly data: Omit<DecisionData, 'attempts' | 'index'>;
  /** What goes into payloads, in pieces. */
  readonly pins: readonly Uint8Array[];
  /** Canonical; null where there was none to ask with. */
  readonly input: readonly Uint8Array[] | null;
  readonly results: readonly Uint8Array[];
  /** The same before it was written, for showing. */
  readonly shown: { readonly input: PolicyInput | null; readonly results: Results; readonly gathered: Gathered; readonly policy: PublishedPolicy | null };
}

/**
 * Decides about an artifact on a state.
 *
 * What stands in the way is a denial with its code, never an exception: only a state that cannot be read at all is refused.
 *
 * @throws {LedgerError} PROJECTION_STOPPED at an event of a later time, and what the source refuses
 * @see spec/decision.md
 */
export async function decide(request: DecideRequest, state: State, options: DecideOptions = {}): Promise<Decided> {
  const { semantics = CURRENT, policies = new PolicyShelf(), hashing = () => pureSha256.create(), written = () => {} } = options;
  const { effective, limits } = request;
  const gathered = await gather(request, state, semantics, policies.contents);
  const codes = new Set<DenialCode>(gathered.codes);
  const notes = [...gathered.notes];
  const deny = (code: DenialCode, note: string) => {
    codes.add(code);
    notes.push(note);
  };
  // 1. The policy, and what is asked of it.
  const policy = await policies.read(gathered, state.source, semantics.rego, deny);
  const named = request.entrypoints ?? [];
  const entrypoints = asSet(named.length > 0 ? named : gathered.published?.entrypoints ?? []);
  // Whoever asks chooses among the rules of a policy, and any that is true would do.
  const isNarrowed = semantics.gate >= 3 && (gathered.published?.entrypoints ?? []).some((one) => !entrypoints.includes(one));
  // Said for what is asked here: a decision that is made again, or otherwise, does not bring it along.
  const weakened = [...request.weakened.filter((code) => code !== ENTRYPOINTS_NARROWED), ...(isNarrowed ? [ENTRYPOINTS_NARROWED] : [])];
  // 2. What is there, and how fresh it is.
  checkScan(gathered, semantics.gate, deny);
  const days = snapshotDays(policy, semantics.gate, deny);
  const { age, holding } = await snapshotAge(request.artifact, gathered, { t: effective, most: days * dayMs, gate: semantics.gate }, state.source, deny);
  if (age === Number.POSITIVE_INFINITY) deny('SNAPSHOT_STALE', 'the advisories that were scanned with were never imported into the feed');
  else if (age !== null && age > days * dayMs) deny('SNAPSHOT_STALE', `the advisories are ${Math.floor(age / dayMs)} days old, expected at most ${days}`);
  const covered = coverageOf(gathered, effective, semantics.coverage);
  if (covered.missing.length > 0) deny('EVIDENCE_MISSING', `missing evidence: ${covered.missing.join(', ')}`);
  const waiverMax = semantics.waiver < 3 ? Number.POSITIVE_INFINITY : waiverMsMax(policy, notes);
  // 3. The input, where nothing is missing that it is made of. A missing scan is an empty list only where somebody said so.
  const missing = codes.has('PAYLOAD_UNAVAILABLE') || codes.has('PAYLOAD_NEWER') || (gathered.findings === null && !weakened.includes('SCAN_MISSING'));
  const built = missing ? null : buildInput(request.artifact, gathered, covered, state, effective, semantics, policies.contents, waiverMax);
  const complaint = built === null ? null : builtComplaint(built);
  if (complaint !== null) deny('INPUT_INVALID', `the policy input: ${clip(complaint)}`);
  const encoded = built === null ? null : encodeInput(built);
  const facts = [...[...gathered.facts.keys()].map((hex) => parseHex(hex)), ...(holding === null ? [] : [holding])].sort(compareBytes);
  const pins = encodePins({ streams: gathered.pins, facts });
  written({ pins, ...(encoded === null ? {} : { input: encoded.pieces }) });
  // 4. The policy is asked, unless its input is none: the shape is what keeps policies from failing open.
  const judgement = policy === null || built === null || complaint !== null ? null : judge({
    policy: policy.policy, entrypoints, input: inputValue(built), data: policy.bundle.data, effective, limits, gate: semantics.gate,
  });
  for (const code of judgement?.codes ?? []) codes.add(code);
  if (typeof judgement?.error === 'string') notes.push(judgement.error);
  if (policy !== null) notes.push(...unknownIn(entrypoints, policy, gathered));
  // 5. What counts.
  const shall = new Set(weakened);
  const denials = DENIALS.filter((code) => codes.has(code) && !shall.has(code));
  const warnings = warningsOf(policy, built, judgement);
  const outcome = denials.length === 0 && judgement !== null ? 'allow' : 'deny';
  if (outcome === 'deny' && denials.length === 0) throw new TypeError('a policy that was not asked left no code');

  const results: Results = {
    answers: judgement?.answers ?? null, denials: judgement?.denials ?? [], warnings: judgement?.warnings ?? [], fired: judgement?.fired ?? [],
    printed: judgement?.printed ?? [], steps: judgement?.steps ?? 0, error: judgement?.error ?? null, waivers: built?.waivers ?? [],
    conflicts: built?.conflicts ?? [], missing: covered.missing, weakened: DENIALS.filter((code) => codes.has(code) && shall.has(code)), notes,
  };
  const resultBytes = encodeResults(results);
  written({ results: resultBytes });
  const digest = (pieces: readonly Uint8Array[]): Digest<'sha256'> => {
    const hash = hashing();
    for (const piece of pieces) hash.update(piece);
    return ['sha256', hash.digest()];
  };
  const { published, scan, findings } = gathered;
  const contracts = gathered.contracts.map(({ name }) => name);
  const feed = request.feed ?? scan?.feed;
  const data: Decided['data'] = {
    artifact: ['sha256', request.artifact],
    policy: request.policy,
    ...(contracts.length === 0 ? {} : { contracts: asSet(contracts) }),
    ...(feed === undefined ? {} : { feed }),
    tree: { size: state.size, root: ['sha256', state.root] },
    effective,
    outcome,
    ...setOf('codes', denials),
    ...setOf('warnings', warnings),
    ...setOf('weakened', weakened),
    ...(published === null ? {} : {
      published: { entry: published.entry, bundle: ['sha256', published.bundle], modules: ['sha256', published.modules], data: ['sha256', published.data] },
    }),
    ...(entrypoints.length === 0 ? {} : { entrypoints }),
    capabilities: ['sha256', parseHex(capabilitiesDigest().slice('sha256:'.length), 32)],
    semantics: { ...semantics, ...(scan === null || findings === null ? {} : { match: scan.semantics }) },
    limits: { steps: limits.steps, outputBytes: limits.outputBytes, depth: limits.depth },
    ...(encoded === null ? {} : {
      input: { digest: digest(encoded.pieces), members: asSet(encoded.members.map(({ name, pieces }) => ({ name, digest: digest(pieces) }))) },
    }),
    ...(scan === null || findings === null ? {} : { findings: { scan: scan.entry, digest: ['sha256', scan.findings], snapshot: ['sha256', scan.snapshot] } }),
    facts: { count: facts.length, digest: ['sha256', factsDigest(facts)] },
    pins: gathered.pins.length,
    ...(judgement === null ? {} : { result: digest([encodeUtf8(judgement.answers)]) }),
    ...(built === null ? {} : { counts: countsOf(built, judgement) }),
  };
  return {
    data, pins, input: encoded?.pieces ?? null, results: resultBytes,
    shown: { input: built?.input ?? null, results, gathered, policy },
  };
}

/** What was asked that the policy does not have, and what it publishes. */
function unknownIn(entrypoints: readonly string[], { policy }: PublishedPolicy, { published }: Gathered): string[] {
  const unknown = entrypoints.filter((entrypoint) => !policy.has(entrypoint));
  if (unknown.length === 0) return [];
  return [`the policy has no rule at ${unknown.join(', ')}, and publishes ${published?.entrypoints.join(', ')}`];
}

/** A payload's set that is absent where it is empty. */
function setOf<K extends string>(name: K, values: readonly string[]) {
  return (values.length === 0 ? {} : { [name]: asSet(values) }) as { readonly [N in K]?: readonly string[] };
}

type Deny = (code: DenialCode, note: string) => void;

function checkScan({ scan, sbom, artifact }: Gathered, gate: number, deny: Deny): void {
  const failed = (artifact?.failures ?? []).find(({ feed, entry }) => (scan === null || feed === scan.feed) && entry > (scan?.entry ?? -1));
  if (failed !== undefined) deny('SCAN_FAILED', `the newest scan failed (${failed.reason}), entry ${failed.entry}`);
  if (scan === null) return;
  if (scan.sbom === undefined) return;
  const scanned = scan.sbom.entry;
  if (gate < 3 ? sbom !== null && sbom.entry > scanned : sbom?.entry !== scanned) {
    const why = sbom === null ? `in entry ${scanned} counts no more` : `in entry ${sbom.entry} was not scanned`;
    deny('SCAN_OUTDATED', `the bill of materials ${why}`);
  }
}

/** How old advisories may be: `data.stella.config.snapshot_days`, where the shipped policies have their numbers. */
function snapshotDays(policy: PublishedPolicy | null, gate: number, deny: Deny): number {
  const days = policy === null ? undefined : daysIn(policy.bundle.data, 'snapshot_days');
  if (days === undefined) return snapshotDaysDefault;
  if (days !== null) return days;
  // Somebody wrote a bound, and not the one that would be taken instead.
  if (gate >= 3) deny('SNAPSHOT_STALE', 'data.stella.config.snapshot_days of the policy is no number of days');
  return snapshotDaysDefault;
}

/** How long a waiver may last: `data.stella.config.waiver_days`, for every policy that says so. Where it is no number, none counts. */
function waiverMsMax(policy: PublishedPolicy | null, notes: string[]): number {
  const days = policy === null ? undefined : daysIn(policy.bundle.data, 'waiver_days');
  if (days === null) notes.push('data.stella.config.waiver_days of the policy is no number of days, so that no waiver counts');
  return days === undefined ? Number.POSITIVE_INFINITY : days === null ? Number.NEGATIVE_INFINITY : days * dayMs;
}

/** @returns null for what is no number of days, undefined where nothing is said */
export function daysIn(data: Value, key: 'snapshot_days' | 'waiver_days'): number | null | undefined {
  let value: Value | undefined = data;
  for (const name of ['stella', 'config', key]) value = value instanceof RegoObject ? value.get(name) : undefined;
  const days = value === undefined ? undefined : toPlain(value);
  return days === undefined || (typeof days === 'number' && days >= 0) ? days : null;
}

function warningsOf(policy: PublishedPolicy | null, built: Built | null, judgement: Judgement | null): WarningCode[] {
  const found = new Set<WarningCode>(built?.warnings ?? []);
  if (policy !== null && policy.policy.callsOf('time.now_ns').length > 0) found.add('CLOCK_NOT_IN_INPUT');
  if ((judgement?.warnings.length ?? 0) > 0) found.add('POLICY_WARNED');
  return WARNINGS.filter((code) => found.has(code));
}

function countsOf({ input, waivers }: Built, judgement: Judgement | null): NonNullable<DecisionData['counts']> {
  const are = (exploitability: string) => input.findings.filter((finding) => finding.exploitability === exploitability).length;
  return {
    findings: input.findings.length, affected: are('affected'), fixed: are('fixed'), investigated: are('under_investigation'),
    notAffected: are('not_affected'), unknown: are('unknown'), waived: input.findings.filter(({ waived }) => waived).length, waivers: waivers.length,
    statements: input.vex.length + input.vex_rejected.length, attestations: input.attestations.length, missing: input.coverage.missing.length,
    denials: judgement?.denials.length ?? 0, warnings: judgement?.warnings.length ?? 0,
  };
}

/** @throws {LedgerError} INPUT_MALFORMED for a code that nobody may weaken */
export function checkWeakened(codes: readonly string[]): void {
  const known: readonly string[] = [...WEAKENABLE, EFFECTIVE_TIME_GIVEN];
  const unknown = codes.find((code) => !known.includes(code));
  if (unknown === undefined) return;
  throw new LedgerError('INPUT_MALFORMED', `Cannot weaken "${clip(unknown)}": expected one of ${WEAKENABLE.join(', ')}`);
}

/** @throws {LedgerError} INPUT_MALFORMED for nothing; INPUT_TOO_LARGE for more than anybody who replays it would grant */
export function checkLimits(limits: Limits): void {
  for (const [name, most] of Object.entries(limits)) {
    if (Number.isSafeInteger(most) && most >= 1) continue;
    throw new LedgerError('INPUT_MALFORMED', `Cannot grant a policy ${most} ${name}: expected a whole number of at least 1`);
  }
  const { steps } = limits;
  if (steps <= LIMITS_MOST.steps) return;
  throw new LedgerError('INPUT_TOO_LARGE', `Cannot grant a policy ${steps} steps: expected at most ${LIMITS_MOST.steps}`);
}

export { LIMITS };

/** Policies compiled before: a gate asks the same few for ever, and compiling the shipped library takes ten milliseconds. */
export class PolicyShelf {
  /** What else was read, for the same decisions. */
  readonly contents = new ContentShelf();
  readonly #policies = new Map<string, PublishedPolicy>();

  /** @returns the published policy, compiled, or null and a code where it cannot be read */
  async read(
    { published }: Gathered, source: StateSource, semantics: number, deny: (code: DenialCode, note: string) => void,
  ): Promise<PublishedPolicy | null> {
    if (published === null) return null;
    const name = `${semantics} ${formatHex(published.payload)}`;
    const known = this.#policies.get(name);
    if (known !== undefined) return known;
    try {
      const read = readPolicy(await source.payload(published.payload), { semantics });
      if (this.#policies.size >= 32) this.#policies.clear();
      this.#policies.set(name, read);
      return read;
    } catch (error) {
      if (!(error instanceof LedgerError) && !(error instanceof PolicyErrors)) throw error;
      deny('POLICY_UNREADABLE', `the policy: ${clip((error.message.split('\n')[0] as string))}`);
      return null;
    }
  }
}
