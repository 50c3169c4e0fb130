// A contract: which evidence has to arrive for an artifact, as the payload of `contract.published` says it (spec/contract.md).
import { clip, LedgerError } from '../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../ledger/jcs.ts';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../ledger/json.ts';

/**
 * The newest version of the rules below. Another meaning of the same bytes is a new number, and the older ones stay.
 *
 * 2: `feeds` of a scan. A contract is published under the least that has all of its members, so that older readers read what they can.
 */
export const contractSemantics = 2;

const KINDS = ['attestation', 'report', 'sbom', 'scan', 'vex'] as const;
export type EvidenceKind = (typeof KINDS)[number];

/** Evidence that would do. Every member that is there has to hold. */
export interface Alternative {
  readonly kind: EvidenceKind;
  /** Formats as events name them, such as `cyclonedx`: of a bill of materials, VEX or report. */
  readonly formats?: readonly string[];
  /** With one of these feeds: of a scan. */
  readonly feeds?: readonly string[];
  /** Of an attestation, whole and exact. */
  readonly predicateTypes?: readonly string[];
  /** `trusted`: whoever the ledger trusts at that moment; else key ids (`key:` and 64 digits) and pseudonyms (`identity:` and 32). */
  readonly signers?: 'trusted' | readonly string[];
  /** How old its recorded time may be, in milliseconds. */
  readonly maxAge?: number;
}

export interface Requirement {
  readonly id: string;
  /** At least one of these has to be there. */
  readonly anyOf: readonly Alternative[];
}

export interface Contract {
  readonly requirements: readonly Requirement[];
}

const format = 'stella-contract/1';
const itemsMax = 64;
const SLUG = /^[a-z0-9][a-z0-9._/-]{0,126}$/;
const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,500}$/;
const SIGNER = /^(?:key:[0-9a-f]{64}|identity:[0-9a-f]{32})$/;
const AGE = /^([1-9][0-9]{0,4})([dh])$/;
const HOUR = 3_600_000;

export interface ReadContract {
  readonly contract: Contract;
  /** Its canonical bytes (RFC 8785): what is stored, and what its digest is of. */
  readonly canonical: Uint8Array;
  /** The least that reads it. */
  readonly semantics: number;
}

/**
 * Reads a contract.
 *
 * @param semantics - that it was published under; the newest for one that was not yet
 * @throws {LedgerError} CONTRACT_INVALID with the JSON pointer of what is wrong; the codes of `parseJson`
 */
export function readContract(bytes: Uint8Array, semantics = contractSemantics): ReadContract {
  const whole = parseJson(bytes, { bytesMax: 1 << 20 });
  const root = closed(whole, '', ['format', 'require']);
  if (root['format'] !== format) throw invalid('/format', `expected "${format}"`);
  const requirements = list(root['require'], '/require', 1024).map((one, i) => requirementOf(one, `/require/${i}`, semantics));
  const ids = new Set(requirements.map(({ id }) => id));
  if (ids.size < requirements.length) throw invalid('/require', 'two requirements have the same id');
  const hasFeeds = requirements.some(({ anyOf }) => anyOf.some(({ feeds }) => feeds !== undefined));
  return { contract: { requirements }, canonical: encodeJcs(whole as JcsValue), semantics: hasFeeds ? 2 : 1 };
}

function requirementOf(value: Json, at: string, semantics: number): Requirement {
  const { id, anyOf } = closed(value, at, ['id', 'anyOf']);
  if (typeof id !== 'string' || !SLUG.test(id)) throw invalid(`${at}/id`, 'expected a lower-case name');
  return { id, anyOf: list(anyOf, `${at}/anyOf`, itemsMax).map((one, i) => alternativeOf(one, `${at}/anyOf/${i}`, semantics)) };
}

function alternativeOf(value: Json, at: string, semantics: number): Alternative {
  const members = ['kind', 'formats', ...(semantics < 2 ? [] : ['feeds']), 'predicateTypes', 'signers', 'maxAge'];
  const { kind, formats, feeds, predicateTypes, signers, maxAge } = closed(value, at, members);
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) throw invalid(`${at}/kind`, `expected one of ${KINDS.join(', ')}`);
  const isDocument = known === 'sbom' || known === 'vex' || known === 'report';
  if (formats !== undefined && !isDocument) throw invalid(`${at}/formats`, `a ${known} has no format`);
  if (feeds !== undefined && known !== 'scan') throw invalid(`${at}/feeds`, `a ${known} has no feed`);
  if (predicateTypes !== undefined && known !== 'attestation') throw invalid(`${at}/predicateTypes`, `a ${known} has no predicate type`);
  // Only these two are recorded with what was found out about their signatures.
  if (signers !== undefined && known !== 'attestation' && known !== 'vex') throw invalid(`${at}/signers`, `a ${known} is not signed: ask for an attestation`);
  return {
    kind: known,
    ...(formats === undefined ? {} : { formats: texts(formats, `${at}/formats`, SLUG) }),
    ...(feeds === undefined ? {} : { feeds: texts(feeds, `${at}/feeds`, SLUG) }),
    ...(predicateTypes === undefined ? {} : { predicateTypes: texts(predicateTypes, `${at}/predicateTypes`, URI) }),
    ...(signers === undefined ? {} : { signers: signers === 'trusted' ? 'trusted' as const : texts(signers, `${at}/signers`, SIGNER) }),
    ...(maxAge === undefined ? {} : { maxAge: ageOf(maxAge, `${at}/maxAge`) }),
  };
}

function ageOf(value: Json, at: string): number {
  const [, count, unit] = (typeof value === 'string' ? AGE.exec(value) : null) ?? [];
  if (count === undefined) throw invalid(at, 'expected days or hours, such as "30d" or "12h"');
  return Number(count) * (unit === 'd' ? 24 * HOUR : HOUR);
}

function texts(value: Json, at: string, pattern: RegExp): readonly string[] {
  return list(value, at, itemsMax).map((one, i) => {
    if (typeof one !== 'string' || !pattern.test(one)) throw invalid(`${at}/${i}`, `"${clip(String(one))}" cannot stand here`);
    return one;
  });
}

function list(value: Json | undefined, at: string, max: number): readonly Json[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > max) throw invalid(at, `expected an array of 1 to ${max} items`);
  return value;
}

/** An unknown member is refused: a misspelt condition would be one that always holds. */
function closed(value: Json, at: string, members: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw invalid(at, 'expected an object');
  const unknown = Object.keys(value).find((key) => !members.includes(key));
  if (unknown !== undefined) throw invalid(`${at}/${clip(unknown)}`, `unknown member, expected ${members.join(', ')}`);
  return value;
}

function invalid(pointer: string, why: string): LedgerError {
  const place = pointer === '' ? '' : ` at ${pointer}`;
  return new LedgerError('CONTRACT_INVALID', `Cannot read contract${place}: ${why}`, { hint: 'spec/contract.md has an example' });
}
