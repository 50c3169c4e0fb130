// Names that entries hold, as a caller gives them: checked before anything is opened.
import { clip } from '../ledger/errors.ts';
import { compile } from '../ledger/events/compile.ts';
import { entrypointName, slugName } from '../ledger/events/names.ts';
import { UsageError } from './command.ts';

const [slug, entrypoint] = [compile(slugName), compile(entrypointName)];

/** @param what - "a policy", "a feed" @throws {UsageError} when it is no name that an entry can hold */
export function parseName(text: string, what: string): string {
  if (slug.check(text) === null) return text;
  throw new UsageError(`"${clip(text)}" is no name of ${what}: lower-case letters, digits and . _ / -, at most 127`);
}

/** @throws {UsageError} when it is no reference that a decision can hold */
export function parseEntrypoint(text: string): string {
  if (entrypoint.check(text) === null) return text;
  throw new UsageError(`"${clip(text)}" is no entrypoint: give a reference such as data.gate.allow`);
}
