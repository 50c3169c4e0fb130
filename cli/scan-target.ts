// What "stella scan" was given: a document, an image as an archive or a layout, or a directory of files.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { clip } from '../ledger/errors.ts';
import type { Analysis, LayerCache, TraceDocument } from '../scanner/index.ts';
import { UsageError } from './command.ts';

export type Target =
  | { readonly is: 'document'; readonly file: string }
  | { readonly is: 'image'; readonly digest: string; readonly analysis: Analysis; readonly trace: TraceDocument }
  | { readonly is: 'directory'; readonly analysis: Analysis };

interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** Which image of several. */
export interface Wanted {
  readonly platform?: Platform | undefined;
  /** The digest that the caller says it has: no other image is taken for it. */
  readonly digest?: string | undefined;
}

/** @throws {LedgerError} INPUT_MALFORMED when an image's blobs, layers or package databases are damaged; SUBJECT_MISMATCH */
export async function readTarget(path: string, wanted: Wanted, cache: LayerCache | null = null): Promise<Target> {
  const isDirectory = statSync(path).isDirectory();
  if (!isDirectory && kindOf(path) === 'document') return { is: 'document', file: path };
  // Package analyzers and the tracer are loaded where there is something for them to look at.
  const { readArchive, readFolder } = await import('./scan-image.ts');
  return isDirectory ? readFolder(path, wanted, cache) : readArchive(path, wanted, cache);
}

/** By its first bytes: a tar archive has its magic at 257, a gzipped one its own. */
function kindOf(path: string): 'document' | 'gzip' | 'tar' {
  const start = new Uint8Array(512);
  const file = openSync(path, 'r');
  const read = readSync(file, start, 0, start.length, 0);
  closeSync(file);
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  return read === 512 && new TextDecoder('latin1').decode(start.subarray(257, 262)) === 'ustar' ? 'tar' : 'document';
}

/** @throws {UsageError} for anything but `OS/ARCHITECTURE` */
export function parsePlatform(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  const [, os, architecture] = /^([a-z0-9]+)\/([a-z0-9_]+)$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) throw new UsageError(`"${clip(text)}" is no platform: give one such as linux/amd64`);
  return { os, architecture };
}
