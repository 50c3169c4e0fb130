// What a verdict about a pack reads like: the same lines and members wherever it was reached.
import { formatHex } from '../../ledger/bytes.ts';
import type { PackAnswer, PackFault } from './codes.ts';
import type { Scope } from './manifest.ts';
import type { FaultyPack, VerifiedPack } from './verify.ts';

export interface PackReport {
  /** `OK`; `TRUST_EMPTY` where all holds and whose log it is was not proven; or a code. */
  readonly verdict: string;
  readonly lines: readonly string[];
  readonly members: Readonly<Record<string, unknown>>;
}

/** @param digest - SHA-256 of the file, hexadecimal; left out where nobody is shown the members */
export function reportPack(answer: PackAnswer<VerifiedPack> | FaultyPack, digest?: string): PackReport {
  if (!answer.ok) {
    const { code, message } = answer;
    if ('rest' in answer) return reportFaults(answer, digest);
    return { verdict: code, lines: [`NO  ${code}: ${message}`], members: { verdict: code, message, what: 'pack', file: digest } };
  }
  const { manifest, checkpoint, level, streams, entries, payloads, exported, witnessed, trusted, proven, notProven, pack } = answer;
  const isOurs = trusted === 'reader';
  const head = isOurs ? `YES  ${level}` : 'UNKNOWN  TRUST_EMPTY: the pack holds together, and nobody said whose log it may be';
  const witnesses = witnessed.by.map(({ witness, time }) => ({ name: witness.key.name, signedAt: new Date(time * 1000).toISOString() }));
  const lines = [
    `${head}  ${describeScope(manifest.scope)}`,
    ...proven.map((sentence) => `     proven: ${sentence}`),
    ...witnesses.map(({ name, signedAt }) => `     witness ${name} cosigned at ${signedAt}`),
    ...notProven.map((sentence) => `     not proven: ${sentence}`),
    ...payloads.withheld.filter(({ why }) => why === 'erased').map(({ entry, role }) => `     erased: the ${role} of entry ${entry}`),
    `     manifest ${pack.digest}`,
  ];
  const verdict = isOurs ? 'OK' : 'TRUST_EMPTY';
  const members = {
    verdict, what: 'pack', file: digest, origin: checkpoint.origin, size: checkpoint.size, root: formatHex(checkpoint.root), scope: manifest.scope, level,
    manifest: pack.digest, entries: [...entries.keys()], streams: [...streams.values()].map(({ name, version }) => ({ stream: name, version })),
    withheld: payloads.withheld, exported, witnesses, quorum: witnessed.quorum, proven, notProven,
  };
  return { verdict, lines, members };
}

const faultsShown = 8;

/** The lines of single entries that do not hold, the first of them the verdict's. */
export function faultLines(faults: readonly PackFault[]): string[] {
  const more = faults.length > faultsShown ? [`NO  and ${faults.length - faultsShown} more`] : [];
  return [...faults.slice(0, faultsShown).map(({ code, message }) => `NO  ${code}: ${message}`), ...more];
}

function reportFaults({ code, message, faults, rest }: FaultyPack, digest?: string): PackReport {
  const lied = new Set(faults.map(({ index }) => index));
  const others = [...rest.trees].filter((index) => !lied.has(index));
  const trees = others.length === 0 ? [] : [`the trees that the decisions in entries ${others.join(', ')} read are prefixes of this one`];
  const holds = [...rest.proven, ...trees];
  const open = rest.notProven.map((sentence) => `     not proven: ${sentence}`);
  const lines = [...faultLines(faults), ...holds.map((sentence) => `     holds: ${sentence}`), ...open];
  const { origin, size } = rest.checkpoint;
  const members = { verdict: code, message, what: 'pack', file: digest, origin, size, scope: rest.manifest.scope, faults, holds, notProven: rest.notProven };
  return { verdict: code, lines, members };
}

export function describeScope(scope: Scope): string {
  if (scope.kind === 'decision') return `decision ${scope.decision} on ${scope.artifact}`;
  if (scope.kind === 'artifact') return `artifact ${scope.artifact}`;
  return `entries ${scope.start} to ${scope.end - 1}, from ${new Date(scope.from).toISOString()} to ${new Date(scope.to).toISOString()}`;
}
