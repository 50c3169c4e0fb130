// What the feed and scan commands share: options, and how a snapshot is named.
import type { ImportedSnapshot, Wanted } from '../actions/feeds.ts';
import { formatHex } from '../ledger/bytes.ts';
import { clip } from '../ledger/errors.ts';
import { UsageError, type Call, type Option } from './command.ts';
import { parseName } from './names.ts';
import { parseTime } from './times.ts';

const defaultFeed = 'advisories';

export const feedOption: Option = { type: 'string', takes: 'NAME', help: `the feed (else ${defaultFeed})` };
export const snapshotOption: Option = { type: 'string', takes: 'DIGEST|DATE', help: 'a snapshot by its digest, or the newest one of a day (else the newest)' };

/** @throws {UsageError} when it is no name that an entry can hold */
export function feedOf(call: Call): string {
  return parseName(call.value('feed') ?? defaultFeed, 'a feed');
}

/** @throws {UsageError} */
export function parseWanted(text: string): Wanted {
  if (text.startsWith('sha256:')) {
    if (/^sha256:[0-9a-f]{64}$/.test(text)) return { is: 'name', name: text };
    throw new UsageError(`"${clip(text)}" is no digest: sha256: and 64 lower-case hexadecimal digits`);
  }
  if (!/^\d/.test(text)) throw new UsageError(`"${clip(text)}" is no snapshot: give its digest, sha256:…, or a date such as 2026-01-01`);
  return { is: 'at', at: parseTime(text, 'end') };
}

export function wantedOf(call: Call): Wanted {
  const text = call.value('snapshot');
  return text === undefined ? { is: 'newest' } : parseWanted(text);
}

/** `2026-11-20T10:00:00Z, sha256:…, 17 records`. */
export function snapshotLine({ at, name, data }: ImportedSnapshot): string {
  const refused = data.refused === 0 ? '' : `, ${data.refused} refused`;
  return `${new Date(at).toISOString()}  ${name}  ${data.records} records${refused}`;
}

export function snapshotJson({ index, at, name, data, file }: ImportedSnapshot): Record<string, unknown> {
  const sources = data.sources.map(({ name: source, sha256, fetched }) => ({
    name: source,
    ...(sha256 === undefined ? {} : { sha256: formatHex(sha256[1]) }),
    ...(fetched === undefined ? {} : { fetched: new Date(fetched).toISOString() }),
  }));
  return {
    index, at, snapshot: name, records: data.records, refused: data.refused, sources, bytes: file.size, file: `sha256:${formatHex(file.digest)}`,
    ...(data.kit === undefined ? {} : { kit: `sha256:${formatHex(data.kit[1])}` }),
  };
}
