// Images and directories that "stella scan" was given: their packages, and what of them an image's entry point reaches.
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clip } from '../ledger/errors.ts';
import { openFileAt, type FileAt } from '../ledger/store/file-at.ts';
import { Scratch } from '../ledger/store/scratch.ts';
import {
  analyzeFiles, entryPointOf, readImage, readImageArchive, traceEntryPoint, withTrace, type Image, type ImageOptions, type LayerCache,
} from '../scanner/index.ts';
import { DirectoryFiles } from './directory-files.ts';
import type { Target, Wanted } from './scan-target.ts';

/** An OCI layout, or the files of a root file system. @throws {LedgerError} INPUT_MALFORMED for what is damaged in it */
export async function readFolder(path: string, wanted: Wanted, cache: LayerCache | null): Promise<Target> {
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
    return imageTarget(await readImage(open, optionsFor(wanted)), cache);
  } finally {
    for (const one of opened) one.close();
  }
}

/** An archive of a layout, or of "docker save". @throws {LedgerError} INPUT_MALFORMED for what is damaged in it */
export async function readArchive(path: string, wanted: Wanted, cache: LayerCache | null): Promise<Target> {
  const archive = openFileAt(path, `"${clip(path)}"`);
  try {
    return imageTarget(await readImageArchive(archive, optionsFor(wanted)), cache);
  } finally {
    archive.close();
  }
}

function optionsFor(wanted: Wanted): ImageOptions {
  return { ...wanted, work: () => new Scratch(tmpdir()) };
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
