// What "stella scan" was given: a document, an image as an archive or a layout, or a directory of files.
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { clip } from '../ledger/errors.ts';
import { analyzeFiles, readImage, readTar, type Analysis, type ReadPath } from '../scanner/index.ts';
import { UsageError } from './command.ts';
import { DirectoryFiles } from './directory-files.ts';

export type Target =
  | { readonly is: 'document'; readonly file: string }
  | { readonly is: 'image'; readonly digest: string; readonly analysis: Analysis }
  | { readonly is: 'directory'; readonly analysis: Analysis };

interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** @throws {LedgerError} INPUT_MALFORMED when an image's blobs, layers or package databases are damaged */
export function readTarget(path: string, platform: Platform | undefined): Target {
  if (statSync(path).isDirectory()) {
    const isLayout = existsSync(join(path, 'oci-layout')) || existsSync(join(path, 'index.json')) && existsSync(join(path, 'blobs'));
    if (!isLayout) return { is: 'directory', analysis: analyzeFiles(new DirectoryFiles(path)) };
    // Names come from the image's own documents, which are digests here: nothing can lead out of the folder.
    return imageTarget((name) => (/^(?:[a-z0-9-]+\.json|oci-layout|blobs\/[a-z0-9]+\/[0-9a-f]+)$/.test(name) ? fileOrNull(join(path, name)) : null), platform);
  }
  const kind = kindOf(path);
  if (kind === 'document') return { is: 'document', file: path };
  const bytes = new Uint8Array(readFileSync(path));
  const archive = kind === 'gzip' ? new Uint8Array(gunzipSync(bytes)) : bytes;
  const members = new Map([...readTar(archive)].filter((member) => member.kind === 'file').map((member) => [member.path, member.bytes]));
  return imageTarget((name) => members.get(name) ?? null, platform);
}

function imageTarget(read: ReadPath, platform: Platform | undefined): Target {
  const { digest, files } = readImage(read, platform);
  return { is: 'image', digest, analysis: analyzeFiles(files) };
}

function fileOrNull(path: string): Uint8Array | null {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : null;
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
