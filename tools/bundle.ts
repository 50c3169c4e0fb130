// The verifier as single files for Node and browsers: dist/bundle/, written by `npm run build`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Format } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));

/** File name and door of each bundle. The first two's compressed sizes are bounded by test/verify/bundle.test.ts. */
export const BUNDLES = {
  'verify-receipts.mjs': 'verify/receipts.ts',
  'verify-receipts-p256.mjs': 'verify/receipts-p256.ts',
  'verify.mjs': 'verify/index.ts',
} as const;

/** One bundle's text. @param format - `iife` assigns the door to the global `verifier` */
export async function bundle(door: string, format: Format = 'esm'): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [door],
    bundle: true,
    minify: true,
    write: false,
    format,
    // Neither Node's modules nor a browser's: an import of either is an error here.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'silent',
    ...(format === 'iife' ? { globalName: 'verifier' } : {}),
  });
  return outputFiles[0]?.text ?? '';
}

/** Programs that packs carry along: one file each, for Node 20 and later, with nothing to install. */
export const PROGRAMS = {
  'verify.mjs': 'cli/programs/verify.ts',
  'replay.mjs': 'cli/programs/replay.ts',
} as const;

/** Programs that no pack carries, in dist/tools/. */
const TOOLS = {
  'scan.mjs': 'cli/programs/scan.ts',
} as const;

/** @param folder - made when it is not there */
export async function writeTools(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [file, entry] of Object.entries(TOOLS)) writeFileSync(join(folder, file), await program(entry));
}

/** One program's text. */
export async function program(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root, entryPoints: [entry], bundle: true, minify: true, write: false, format: 'esm', target: 'node20',
    // In ASCII: one letter beyond Latin-1 makes the engine hold two bytes of each, and take longer to look over them.
    charset: 'ascii',
    // As for browsers, so that packages bring no CommonJS that asks for more of Node; its own modules stay what they are.
    platform: 'neutral', external: ['node:*'], mainFields: ['module', 'main'], logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** Writes the programs. @param folder - made when it is not there */
export async function writePrograms(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [file, entry] of Object.entries(PROGRAMS)) writeFileSync(join(folder, file), await program(entry));
}

/** Writes all bundles. @param folder - made when it is not there */
export async function writeBundles(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [file, door] of Object.entries(BUNDLES)) writeFileSync(join(folder, file), await bundle(door));
}

// In a checkout, exporting a pack asks for the programs: `node tools/bundle.ts FOLDER`.
const [, asked, folder] = process.argv;
if (asked === fileURLToPath(import.meta.url) && folder !== undefined) await writePrograms(folder);
