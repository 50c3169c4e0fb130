// Feeds as files: which format each argument has, and its files one after another, unpacked where they are gzipped.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sourceDigest } from '../actions/import-feed.ts';
import { clip } from '../ledger/errors.ts';
import {
  importEpss, importFriendsOfPhp, importKev, importNodeSecurity, importNvd, importOsv, importRegional, importRubyAdvisories, REGIONAL,
  type FeedFile, type Imported, type Importer, type SourceNote,
} from '../scanner/index.ts';
import { UsageError } from './command.ts';

interface Format {
  readonly importer: Importer;
  /** Speaks of vulnerabilities, not of packages. */
  readonly enriches?: true;
}

/** Formats by the name that an argument gives them. */
export const FORMATS: Readonly<Record<string, Format>> = {
  osv: { importer: importOsv },
  nvd: { importer: importNvd, enriches: true },
  kev: { importer: importKev, enriches: true },
  epss: { importer: importEpss, enriches: true },
  'ruby-advisory-db': { importer: importRubyAdvisories },
  friendsofphp: { importer: importFriendsOfPhp },
  'nodejs-security-wg': { importer: importNodeSecurity },
  ...Object.fromEntries(Object.entries(REGIONAL).map(([name, connector]): [string, Format] =>
    [name, { importer: (files, source) => importRegional(files, { ...connector, source }), enriches: true }])),
};

/** One argument: `FORMAT:PATH`, or `NAME=FORMAT:PATH` where the source has another name than its format. */
export interface SourceArgument {
  readonly name: string;
  readonly format: string;
  readonly path: string;
}

/** @throws {UsageError} */
export function parseSource(text: string): SourceArgument {
  const match = /^(?:([a-z0-9][a-z0-9.-]{0,62})=)?([a-z-]+):(.+)$/.exec(text);
  const [, name, format = '', path = ''] = match ?? [];
  if (match === null || !Object.hasOwn(FORMATS, format)) {
    throw new UsageError(`"${clip(text)}" names no feed: give FORMAT:PATH, with one of ${Object.keys(FORMATS).join(', ')}`);
  }
  return { name: name ?? format, format, path };
}

/** The files of some feeds as they are read, and what is known of each source when they all were. */
export class FeedFiles {
  readonly #sources: readonly SourceArgument[];
  readonly #fetchedMs: number | undefined;
  readonly #seen = new Map<string, { path: string; digest: Uint8Array }[]>();

  /** @param fetchedMs - when they were fetched, where that is known: part of the snapshot's digest */
  constructor(sources: readonly SourceArgument[], fetchedMs?: number) {
    this.#sources = sources;
    this.#fetchedMs = fetchedMs;
    for (const { path } of sources) statSync(path);
    for (const { name, format } of sources) {
      const other = sources.find((one) => one.name === name && FORMATS[one.format]?.enriches !== FORMATS[format]?.enriches);
      if (other !== undefined) throw new UsageError(`source "${name}" is ${format} and ${other.format}: give one of them another name, NAME=FORMAT:PATH`);
    }
  }

  *observations(): Generator<Imported> {
    for (const { name, format, path } of this.#sources) yield* (FORMATS[format] as Format).importer(this.#files(name, path), name);
  }

  *#files(source: string, path: string): Generator<FeedFile> {
    const seen = this.#seen.get(source) ?? [];
    this.#seen.set(source, seen);
    for (const file of filesBelow(path)) {
      const bytes = new Uint8Array(readFileSync(file));
      const name = file === path ? basename(path) : relative(path, file);
      seen.push({ path: name, digest: new Uint8Array(createHash('sha256').update(bytes).digest()) });
      yield name.endsWith('.gz') ? { path: name.slice(0, -3), bytes: new Uint8Array(gunzipSync(bytes)) } : { path: name, bytes };
    }
  }

  notes(): SourceNote[] {
    return [...this.#seen].map(([name, files]) => {
      const { format } = this.#sources.find((one) => one.name === name) as SourceArgument;
      const fetched = this.#fetchedMs === undefined ? {} : { fetchedMs: this.#fetchedMs };
      return { name, ...fetched, ...(FORMATS[format]?.enriches && { enriches: true as const }), sha256: sourceDigest(files) };
    });
  }
}

/** A file itself, or every file below a folder, ascending; a repository's own folder is left out. */
function* filesBelow(path: string): Generator<string> {
  if (!statSync(path).isDirectory()) return yield path;
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== '.git') yield* filesBelow(join(path, entry.name));
    else if (entry.isFile()) yield join(path, entry.name);
  }
}
