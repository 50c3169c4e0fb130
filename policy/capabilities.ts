// Which built-in functions this engine calls, as one digest: a decision names it, so that a replay knows what was there.
import { createHash } from 'node:crypto';
import { BUILTINS } from './builtins/registry.ts';
import { compareStrings } from './rego/value.ts';

let digest: string | null = null;

/** `sha256:` and 64 hex digits, over the names and types of the functions a policy may call (spec/policy.md, "Capabilities"). */
export function capabilitiesDigest(): string {
  if (digest === null) {
    const lines = [...BUILTINS.values()].filter(({ mark }) => mark !== 'refused').map(({ name, type }) => `${name} ${type}\n`).sort(compareStrings);
    digest = `sha256:${createHash('sha256').update(`stella-ledger capabilities 1\n${lines.join('')}`).digest('hex')}`;
  }
  return digest;
}
