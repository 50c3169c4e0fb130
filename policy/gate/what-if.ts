// What a decision would be otherwise: on another state, as of another time, by another policy. Never on record, never a pass.
import { concatBytes } from '../../ledger/bytes.ts';
import type { Json } from '../../ledger/json.ts';
import { decide, type Decided, type DecideOptions, type DecideRequest } from './decide.ts';
import { parsePins, type DecisionData } from './decision.ts';
import { firstDifference } from './difference.ts';
import type { PolicyInput } from './input-shape.ts';
import { requestOf, type Cause } from './replay.ts';
import type { State } from './source.ts';

export interface Change {
  readonly effective?: number;
  readonly policy?: string;
  readonly entrypoints?: readonly string[];
}

export interface WhatIf {
  /** Said with every answer: it is none. */
  readonly label: 'WHAT-IF';
  readonly decided: Decided;
  /** The first member of the input that differs, and where; null where only the answer does, or nothing. */
  readonly difference: { readonly member: string; readonly pointer: string; readonly before: Json | undefined; readonly after: Json | undefined } | null;
  /** What made the difference; null where there is none. */
  readonly cause: Cause | null;
}

/** Which events can change a member of the input. */
const BEHIND: Readonly<Record<string, readonly string[]>> = {
  artifact: ['contract.'],
  attestations: ['attestation.', 'trust.', 'evidence.'],
  coverage: ['contract.', 'sbom.', 'attestation.', 'report.', 'scan.', 'vex.', 'trust.', 'evidence.'],
  findings: ['scan.', 'vex.', 'waiver.', 'trust.', 'evidence.', 'key.'],
  'findings/exploitability': ['vex.', 'trust.', 'evidence.'],
  'findings/waived': ['waiver.', 'key.'],
  sbom: ['sbom.', 'evidence.', 'attestation.', 'trust.'],
  scan: ['scan.', 'feed.'],
  vex: ['vex.', 'trust.', 'evidence.', 'scan.'],
  vex_rejected: ['vex.', 'trust.', 'evidence.', 'scan.'],
  waivers: ['waiver.', 'key.', 'scan.'],
};

/**
 * Decides again with something changed, and says what that changes and why.
 *
 * @param data - the decision on record @param before - the state it was made on @param after - the state to decide on
 */
export async function whatIf(index: number, data: DecisionData, before: State, after: State, change: Change, options: DecideOptions = {}): Promise<WhatIf> {
  const { entrypoints: _, ...asked } = requestOf(data);
  const other = change.policy !== undefined && change.policy !== data.policy;
  // Another policy has entrypoints of its own.
  const entrypoints = change.entrypoints ?? (other ? undefined : data.entrypoints);
  const request: DecideRequest = {
    ...asked, ...(entrypoints === undefined ? {} : { entrypoints }), policy: change.policy ?? data.policy, effective: change.effective ?? data.effective,
  };
  const then = await decide(requestOf(data), before, { ...options, semantics: data.semantics });
  const decided = await decide(request, after, options);
  const difference = inputDifference(then.shown.input, decided.shown.input);
  const cause = await causeOf(then, decided, difference, { index, size: before.size, from: data.effective, to: request.effective }, after);
  return { label: 'WHAT-IF', decided, difference, cause };
}

function inputDifference(before: PolicyInput | null, after: PolicyInput | null): WhatIf['difference'] {
  if (before === null || after === null) return null;
  for (const member of Object.keys({ ...before, ...after }).sort() as (keyof PolicyInput)[]) {
    if (member === 'effective_time') continue;
    const found = firstDifference(comparable(before, member), comparable(after, member));
    if (found !== null) return { member, pointer: `/${member}${found.pointer}`, before: found.before, after: found.after };
  }
  return null;
}

/** The proof that an attestation is in our log is another at each size, and says the same. */
function comparable(input: PolicyInput, member: keyof PolicyInput): Json | undefined {
  if (member !== 'attestations') return input[member] as Json | undefined;
  return input.attestations.map(({ rekor, ...rest }) => ({ ...rest, ...(rekor === undefined ? {} : { rekor: true }) })) as unknown as Json;
}

/** A decision, the size that it read, and the times that it and the question are as of. */
interface Between {
  readonly index: number;
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

async function causeOf(
  then: Decided, now: Decided, difference: WhatIf['difference'], { index, size, from, to }: Between, { source }: State,
): Promise<Cause | null> {
  const changed = difference !== null || then.data.outcome !== now.data.outcome || (then.data.codes ?? []).join() !== (now.data.codes ?? []).join();
  if (!changed) return null;
  const field = difference === null ? '' : `${difference.member}/${difference.pointer.split('/').at(-1)}`;
  const behind = difference === null ? ['policy.', 'scan.', 'sbom.', 'feed.', 'contract.'] : BEHIND[field] ?? BEHIND[difference.member] ?? [];
  const came: Extract<Cause, { kind: 'event' }>[] = [];
  const pinned = new Map(parsePins(concatBytes(...then.pins)).streams.map(({ name, version }) => [name, version]));
  for (const { name, version } of parsePins(concatBytes(...now.pins)).streams) {
    const known = pinned.get(name) ?? 0;
    if (version === known) continue;
    for (const one of await source.since(name, known)) {
      // A stream that was not read then may have begun long before: only where another policy was asked for it is the difference.
      if (one.index < size && name !== `policy:${now.data.policy}`) continue;
      if (behind.some((family) => one.type.startsWith(family))) came.push({ kind: 'event', ...one, stream: name });
    }
  }
  // The first that can have made it; what a stream brought before is in both.
  const [first] = came.sort((a, b) => a.index - b.index);
  if (first !== undefined) return first;
  return from === to ? { kind: 'record', index } : { kind: 'time', from, to };
}
