// Names that entries hold, as a caller gives them: checked before anything is opened.
import { clip } from '../ledger/errors.ts';
import { compile } from '../ledger/events/compile.ts';
import { entrypointName, slugName, streamName } from '../ledger/events/names.ts';
import { UsageError } from './command.ts';

const [slug, entrypoint, stream] = [compile(slugName), compile(entrypointName), compile(streamName)];

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

/** @throws {UsageError} when no event can concern what is called so */
export function parseStream(text: string): string {
  if (stream.check(text) === null) return text;
  const all = 'artifact:sha256:…, vuln:ID, policy:NAME, contract:NAME, feed:NAME, waiver:ID, disclosure:ID, key:…, trust or ledger';
  throw new UsageError(`"${clip(text)}" is no stream: give ${all}`);
}
