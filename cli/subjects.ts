// Artifacts as a caller names them: by digest, for a tag or a name is no identity.
import { formatHex, parseHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import type { Digest } from '../ledger/events/index.ts';

/** @throws {LedgerError} INPUT_MALFORMED for anything but `sha256:` and 64 lower-case hexadecimal digits */
export function parseSubject(text: string): Digest<'sha256'> {
  const match = /^sha256:([0-9a-f]{64})$/.exec(text);
  if (match === null) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot use "${clip(text)}" as a subject: expected sha256: and 64 lower-case hexadecimal digits`, {
      hint: 'a tag is no identity: give the digest that it points to now',
    });
  }
  return ['sha256', parseHex(match[1] as string)];
}

/** `sha256:` and hexadecimal. */
export function formatSubject([algorithm, digest]: Digest<'sha256'>): string {
  return `${algorithm}:${formatHex(digest)}`;
}
