// Policy bundles as OPA has them: modules, base documents and a manifest; with a digest over what a decision can depend on.
import { createHash } from 'node:crypto';
import { LedgerError } from '../ledger/errors.ts';
import type { ModuleSource } from './index.ts';
import { readYaml } from './builtins/yaml.ts';
import { type PolicyError, PolicyErrors } from './rego/errors.ts';
import { formatJson, parseJson } from './rego/json.ts';
import { parseModule } from './rego/parser.ts';
import { compareStrings, EMPTY_OBJECT, isArray, ObjectBuilder, RegoObject, type Value } from './rego/value.ts';

export interface Bundle {
  /** In the order of their paths. */
  readonly modules: readonly ModuleSource[];
  readonly data: RegoObject;
  readonly revision: string;
  readonly regoVersion: 0 | 1;
  readonly digests: PolicyDigests;
}

interface Manifest {
  readonly revision: string;
  readonly roots: readonly string[];
  readonly regoVersion: 0 | 1;
}

const DATA = /^(?:(.*)\/)?data\.(json|ya?ml)$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function malformed(message: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read bundle: ${message}`);
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return malformed(`${path} is no UTF-8`);
  }
}

function readManifest(text: string | null, versionElse: 0 | 1): Manifest {
  if (text === null) return { revision: '', roots: [''], regoVersion: versionElse };
  const manifest = parseJson(text);
  if (!(manifest instanceof RegoObject)) malformed('.manifest is no object');
  const revision = manifest.get('revision') ?? '';
  const roots = manifest.get('roots') ?? [''];
  const version = manifest.get('rego_version') ?? versionElse;
  if (typeof revision !== 'string') malformed("the manifest's revision is no text");
  if (!isArray(roots) || !roots.every((root) => typeof root === 'string')) malformed("the manifest's roots are no texts");
  if (version !== 0 && version !== 1) malformed("the manifest's rego_version is neither 0 nor 1");
  const clean = roots.map((root) => root.replaceAll(/^\/+|\/+$/g, ''));
  const overlap = clean.find((root, i) => clean.some((other, j) => i !== j && isUnder(other, root)));
  if (overlap !== undefined) malformed(`manifest has overlapped roots: '${overlap}'`);
  return { revision, roots: clean, regoVersion: version };
}

const isUnder = (path: string, root: string) => root === '' || path === root || path.startsWith(`${root}/`);

function merge(into: Value | undefined, value: Value, path: readonly string[]): Value {
  if (into === undefined) return value;
  if (!(into instanceof RegoObject) || !(value instanceof RegoObject)) malformed(`two documents define data.${path.join('.')}`);
  const merged = new ObjectBuilder();
  for (const [key, member] of into) merged.set(key, member);
  for (const [key, member] of value) merged.set(key, merge(into.get(key), member, [...path, String(key)]));
  return merged.build();
}

const nest = (path: readonly string[], value: Value): Value => path.reduceRight<Value>((inner, key) => RegoObject.of([[key, inner]]), value);

/** Every path in a document, as far as its objects go, must lie under a root. */
function checkRoots(value: Value, path: string, roots: readonly string[]): void {
  if (roots.some((root) => isUnder(path, root))) return;
  const within = roots.some((root) => path === '' || root.startsWith(`${path}/`));
  if (!within || !(value instanceof RegoObject)) malformed(`manifest roots [${roots.join(' ')}] do not permit data at path '/${path}'`);
  for (const [key, member] of value) checkRoots(member, path === '' ? String(key) : `${path}/${String(key)}`, roots);
}

/**
 * Reads a bundle's files, by their paths within it. What is no module, document or manifest is left out.
 *
 * @param versionElse - of the language, where no manifest states one
 * @throws {LedgerError} INPUT_MALFORMED; {PolicyErrors} when it has roots and a module does not parse
 */
export function readBundle(files: ReadonlyMap<string, Uint8Array>, versionElse: 0 | 1 = 1): Bundle {
  const paths = [...files.keys()].sort(compareStrings);
  const text = (path: string) => textOf(path, files.get(path) as Uint8Array);
  const { revision, roots, regoVersion } = readManifest(files.has('.manifest') ? text('.manifest') : null, versionElse);
  let data: Value = EMPTY_OBJECT;
  const modules: ModuleSource[] = [];
  for (const path of paths) {
    const document = DATA.exec(path);
    if (path.endsWith('.rego')) modules.push({ file: path, text: text(path) });
    else if (document !== null) {
      const at = (document[1] ?? '').split('/').filter((part) => part !== '');
      data = merge(data, nest(at, readDocument(path, text(path), at.length === 0)), []);
    }
  }
  checkRoots(data, '', roots);
  if (!roots.includes('')) checkPackages(modules, roots, regoVersion);
  return { modules, data: data as RegoObject, revision, regoVersion, digests: digestsOf(modules, data, regoVersion) };
}

/** A JSON or YAML document. @param root - it stands for the whole of `data`, so it is an object @throws {LedgerError} INPUT_MALFORMED */
export function readDocument(path: string, text: string, root = false): Value {
  let value: Value;
  try {
    value = path.endsWith('.json') ? parseJson(text) : readYaml(text);
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new LedgerError(cause.code, `${cause.message}, in ${path}`, { cause, ...(cause.position === null ? {} : { position: cause.position }) });
  }
  if (root && !(value instanceof RegoObject)) malformed(`${path} is no object`);
  return value;
}

function checkPackages(modules: readonly ModuleSource[], roots: readonly string[], version: 0 | 1): void {
  const errors: PolicyError[] = [];
  for (const { file, text } of modules) {
    try {
      const { pkg } = parseModule(file, text, version);
      const name = pkg.path.slice(1).map((term) => (term.v.t === 'scalar' ? String(term.v.value) : '')).join('/');
      if (!roots.some((root) => isUnder(name, root))) {
        malformed(`manifest roots [${roots.join(' ')}] do not permit 'package ${name.replaceAll('/', '.')}' in module '${file}'`);
      }
    } catch (cause) {
      if (!(cause instanceof PolicyErrors)) throw cause;
      errors.push(...cause.errors);
    }
  }
  if (errors.length > 0) throw new PolicyErrors(errors);
}

/**
 * Several bundles as one: their modules together, their data merged.
 *
 * @throws {LedgerError} INPUT_MALFORMED where two define one value or one file, or are of two versions of the language
 */
export function joinBundles(bundles: readonly Omit<Bundle, 'digests'>[]): Bundle {
  const [first] = bundles;
  if (first === undefined || bundles.some(({ regoVersion }) => regoVersion !== first.regoVersion)) malformed('they are of two versions of Rego');
  const modules = bundles.flatMap((bundle) => bundle.modules).toSorted((a, b) => compareStrings(a.file, b.file));
  const twice = modules.find(({ file }, i) => modules[i - 1]?.file === file);
  if (twice !== undefined) malformed(`${twice.file} stands in it twice`);
  const data = bundles.reduce<Value>((all, bundle) => merge(all, bundle.data, []), EMPTY_OBJECT) as RegoObject;
  const revision = bundles.length === 1 ? first.revision : '';
  return { modules, data, revision, regoVersion: first.regoVersion, digests: digestsOf(modules, data, first.regoVersion) };
}

/** What a decision names of a policy; each `sha256:` and 64 hex digits. */
export interface PolicyDigests {
  /** Over the version, the data and every module, whatever their order and however they were packed. */
  readonly bundle: string;
  readonly modules: string;
  readonly data: string;
}

/** @see spec/policy.md, "Bundles" */
export function digestsOf(modules: readonly ModuleSource[], data: Value, regoVersion: 0 | 1): PolicyDigests {
  const hash = (content: string) => createHash('sha256').update(content, 'utf8').digest('hex');
  const lines = modules.map(({ file, text }) => `module ${hash(text)} ${file}\n`).sort(compareStrings).join('');
  const dataHash = hash(formatJson(data));
  const bundle = hash(`stella-ledger policy 1\nrego ${regoVersion}\ndata ${dataHash}\n${lines}`);
  return { bundle: `sha256:${bundle}`, modules: `sha256:${hash(lines)}`, data: `sha256:${dataHash}` };
}
