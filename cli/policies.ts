// Policies as commands take them: files, directories and archives read as one bundle, and what is wrong with one, told.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeUtf8 } from '../ledger/bytes.ts';
import { clip } from '../ledger/errors.ts';
import { type Bundle, joinBundles, type PolicyErrors, readBundle, readDocument, RegoObject, unpackArchive, type Value } from '../policy/index.ts';
import { UsageError, type Call, type Option } from './command.ts';
import { parseTime } from './times.ts';

export const V0: Readonly<Record<string, Option>> = {
  v0: { type: 'boolean', help: 'read modules in the language before OPA 1.0 (OPA\'s --v0-compatible)' },
};

/**
 * Reads policies from files (`.rego`, `.json`, `.yaml`), directories and archives (`.tar.gz`).
 *
 * @param placed - name modules by the path a reader finds them under, not by the path within their bundle
 * @throws {LedgerError} INPUT_MALFORMED, INPUT_TOO_LARGE, INPUT_NOT_UTF8
 */
export function readPolicies(call: Call, paths: readonly string[], placed = true): Bundle {
  if (paths.length === 0) throw new UsageError('name a policy: a file, a directory or a .tar.gz');
  const version = call.flag('v0') ? 0 : 1;
  return joinBundles(paths.map((path) => {
    const archive = /\.(?:tar\.gz|tgz)$/.test(path);
    if (!archive && !statSync(path).isDirectory()) return readBundleFile(path, version);
    const bundle = readBundle(archive ? unpackArchive(bytesOf(path)) : filesIn(path), version);
    if (!placed) return bundle;
    return { ...bundle, modules: bundle.modules.map(({ file, text }) => ({ file: archive ? `${path}/${file}` : join(path, file), text })) };
  }));
}

const bytesOf = (path: string) => new Uint8Array(readFileSync(path));

function readBundleFile(path: string, regoVersion: 0 | 1): Omit<Bundle, 'digests'> {
  const bundle = { modules: [], data: RegoObject.of([]), revision: '', regoVersion };
  const text = decodeUtf8(bytesOf(path));
  if (path.endsWith('.rego')) return { ...bundle, modules: [{ file: path, text }] };
  if (/\.(?:json|ya?ml)$/.test(path)) return { ...bundle, data: readDocument(path, text, true) as RegoObject };
  throw new UsageError(`"${clip(path)}" is no policy: expected .rego, .json, .yaml, .tar.gz or a directory`);
}

/** A directory's files by their paths in it; what is hidden is left out, but for the manifest. */
function filesIn(directory: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(directory, below), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.') && path !== '.manifest') continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && /(?:\.rego|(?:^|\/)data\.(?:json|ya?ml)|^\.manifest)$/.test(path)) files.set(path, bytesOf(join(directory, path)));
    }
  };
  walk('');
  return files;
}

/** An input document, JSON or YAML by its name. */
export function readInput(path: string): Value {
  return readDocument(path, decodeUtf8(bytesOf(path)));
}

/** Without the modules that hold tests, by their file names. */
export function withoutTests<B extends Pick<Bundle, 'modules'>>(bundle: B): { readonly bundle: B; readonly left: number } {
  const modules = bundle.modules.filter(({ file }) => !file.endsWith('_test.rego'));
  return { bundle: { ...bundle, modules }, left: bundle.modules.length - modules.length };
}

interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly location: { readonly source: { readonly file: string }; readonly row: number; readonly col: number } | null;
}

/** `{code, message, location: {file, row, col}}`, as OPA's JSON has them. */
export function complaintJson({ code, message, location }: Complaint): Record<string, unknown> {
  return { code, message, location: location === null ? null : { file: location.source.file, row: location.row, col: location.col } };
}

export function complaintLine({ code, message, location }: Complaint): string {
  return `${location === null ? '' : `${location.source.file}:${location.row}:${location.col}: `}${code}: ${message}`;
}

/** Tells every error of a policy. @returns the exit: no */
export function sayPolicyErrors(call: Call, { errors }: PolicyErrors): 'no' {
  for (const error of errors) call.out.say(complaintLine(error));
  call.out.say(`${errors.length} ${errors.length === 1 ? 'error' : 'errors'}`);
  call.out.answer({ errors: errors.map(complaintJson) });
  return 'no';
}

/** The clock of an evaluation in nanoseconds since 1970: `--clock`, else now. */
export function clockOf(call: Call): bigint {
  const text = call.value('clock');
  return BigInt(text === undefined ? call.now() : parseTime(text, 'start')) * 1_000_000n;
}

export const CLOCK: Readonly<Record<string, Option>> = {
  clock: { type: 'string', takes: 'TIME', help: 'the time that the policy sees, in UTC (else now)' },
};
