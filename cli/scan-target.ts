// What "stella scan" was given: a document, an image as an archive or a layout, or a directory of files.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clip } from '../ledger/errors.ts';
import { openFileAt, type FileAt } from '../ledger/store/file-at.ts';
import { Scratch } from '../ledger/store/scratch.ts';
import {
  analyzeFiles, entryPointOf, readImage, readImageArchive, traceEntryPoint, withTrace, type Analysis, type Image, type ImageOptions,
  type LayerCache, type TraceDocument,
} from '../scanner/index.ts';
import { UsageError } from './command.ts';
import { DirectoryFiles } from './directory-files.ts';

export type Target =
  | { readonly is: 'document'; readonly file: string }
  | { readonly is: 'image'; readonly digest: string; readonly analysis: Analysis; readonly trace: TraceDocument }
  | { readonly is: 'directory'; readonly analysis: Analysis };

interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** @throws {LedgerError} INPUT_MALFORMED when an image's blobs, layers or package databases are damaged */
export async function readTarget(path: string, platform: Platform | undefined, cache: LayerCache | null = null): Promise<Target> {
  const options: ImageOptions = { platform, work: () => new Scratch(tmpdir()) };
  if (statSync(path).isDirectory()) {
    const isLayout = existsSync(join(path, 'oci-layout')) || existsSync(join(path, 'index.json')) && existsSync(join(path, 'blobs'));
    if (!isLayout) return { is: 'directory', analysis: analyzeFiles(new DirectoryFiles(path)) };
    // Names come from the image's own documents, which are digests here: nothing can lead out of the folder.
    const opened: FileAt[] = [];
    const open = (name: string) => {
      const file = join(path, name);
      if (!/^(?:[a-z0-9-]+\.json|oci-layout|blobs\/[a-z0-9]+\/[0-9a-f]+)$/.test(name) || !existsSync(file)) return null;
      opened.push(openFileAt(file, `"${name}"`));
      return opened.at(-1) as FileAt;
    };
    try {
      return imageTarget(await readImage(open, options), cache);
    } finally {
      for (const one of opened) one.close();
    }
  }
  if (kindOf(path) === 'document') return { is: 'document', file: path };
  const archive = openFileAt(path, `"${clip(path)}"`);
  try {
    return imageTarget(await readImageArchive(archive, options), cache);
  } finally {
    archive.close();
  }
}

/** Its packages, and which of them what it starts reaches. */
function imageTarget(image: Image, cache: LayerCache | null): Target {
  try {
    const analysis = analyzeFiles(image.files, cache);
    const trace = traceEntryPoint(entryPointOf(image.config), image.files, analysis);
    return { is: 'image', digest: image.digest, analysis: { ...analysis, components: withTrace(analysis.components, trace) }, trace };
  } finally {
    image.close();
  }
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
