// A policy as it is kept on record: modules and data in one canonical document, the same bytes for the same policy.
import { decodeUtf8, encodeUtf8, equalBytes } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { type Bundle, digestsOf } from './bundle.ts';
import { compile, type ModuleSource, type Policy } from './index.ts';
import { formatJson, parseJson } from './rego/json.ts';
import { compareStrings, isArray, RegoObject, type Value } from './rego/value.ts';

const FORMAT = 'stella-ledger/policy/1';

/** A policy read from its document, ready to decide: `policy.evaluate(entrypoint, { input, data, clock })`. */
export interface PublishedPolicy {
  readonly bundle: Bundle;
  readonly policy: Policy;
}

/**
 * The document of a policy: JSON with sorted keys and without spaces, modules in the order of their files.
 *
 * @see spec/policy.md, "Published"
 */
export function encodePolicy({ modules, data, revision, regoVersion }: Omit<Bundle, 'digests'>): Uint8Array {
  const sorted = modules.toSorted((a, b) => compareStrings(a.file, b.file));
  return encodeUtf8(formatJson(RegoObject.of([
    ['format', FORMAT],
    ['rego', regoVersion],
    ['revision', revision],
    ['data', data],
    ['modules', sorted.map(({ file, text }) => RegoObject.of([['file', file], ['text', text]]))],
  ])));
}

/**
 * Reads a policy's document and compiles it.
 *
 * @param semantics - under which decisions are made; the current one when left out
 * @param besideData - whether a rule where the data has a value already is an error: it is for who publishes. What is on record stays readable.
 * @throws {LedgerError} INPUT_MALFORMED, INPUT_NOT_UTF8, INPUT_TOO_DEEP; INPUT_VERSION_UNKNOWN for a later form; INPUT_NOT_CANONICAL for
 *   another spelling of the same policy @throws {PolicyErrors} when it does not compile
 */
export function readPolicy(bytes: Uint8Array, { semantics, besideData = false }: { semantics?: number; besideData?: boolean } = {}): PublishedPolicy {
  const document = parseJson(decodeUtf8(bytes));
  if (!(document instanceof RegoObject)) malformed('it is no object');
  const format = document.get('format');
  if (format !== FORMAT) {
    const newer = typeof format === 'string' && format.startsWith(FORMAT.slice(0, -1));
    if (newer) throw new LedgerError('INPUT_VERSION_UNKNOWN', `Cannot read policy: it is ${format}, expected ${FORMAT}`);
    malformed(`expected ${FORMAT}`);
  }
  const [rego, revision, data] = ['rego', 'revision', 'data'].map((key) => document.get(key));
  const modules = modulesOf(document.get('modules'));
  if ((rego !== 0 && rego !== 1) || typeof revision !== 'string' || !(data instanceof RegoObject)) malformed('a member is missing or of another type');
  const bundle = { modules, data, revision, regoVersion: rego, digests: digestsOf(modules, data, rego) } as const;
  // Only one spelling, so that equal policies have equal digests and an unknown member cannot hide in one.
  if (!equalBytes(encodePolicy(bundle), bytes)) throw new LedgerError('INPUT_NOT_CANONICAL', 'Cannot read policy: another spelling than the canonical one');
  return { bundle, policy: compile(modules, { regoVersion: rego, ...(semantics === undefined ? {} : { semantics }), ...(besideData ? { data } : {}) }) };
}

/** The data of a policy's document, which is not compiled for it. @throws {LedgerError} as `readPolicy` for what is no document */
export function policyDataOf(bytes: Uint8Array): RegoObject {
  const document = parseJson(decodeUtf8(bytes));
  const data = document instanceof RegoObject && document.get('format') === FORMAT ? document.get('data') : undefined;
  return data instanceof RegoObject ? data : malformed(`expected ${FORMAT}`);
}

function modulesOf(value: Value | undefined): ModuleSource[] {
  if (value === undefined || !isArray(value) || value.length === 0) malformed('it has no modules');
  return value.map((member, i) => {
    const [file, text] = member instanceof RegoObject ? [member.get('file'), member.get('text')] : [];
    if (typeof file !== 'string' || typeof text !== 'string') malformed(`module ${i} has no file or no text`);
    const before = i === 0 ? undefined : (value[i - 1] as RegoObject).get('file');
    if (before === file) malformed(`two modules "${file}"`);
    return { file, text };
  });
}

function malformed(message: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read policy: ${clip(message)}`);
}
