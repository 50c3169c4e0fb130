// in-toto statements v1 and v0.1: the form of statement, subject and resource descriptor.
import type { Json, JsonObject } from '../../ledger/json.ts';
import { isJsonObject } from '../../ledger/json.ts';
import type { Deviation, Mode } from '../document.ts';
import { at, below, listAt, textAt } from '../json-view.ts';
import type { AttestationSubject, NamedDigest } from './model.ts';

export const STATEMENT_V1 = 'https://in-toto.io/Statement/v1';
const STATEMENT_V01 = 'https://in-toto.io/Statement/v0.1';

/** Digits of the algorithms whose digests are lower-case hexadecimal; others are kept as they stand. */
const HEX_LENGTHS: Readonly<Record<string, readonly number[]>> = {
  md5: [32],
  sha1: [40],
  sha224: [56],
  sha256: [64],
  sha384: [96],
  sha512: [128],
  sha512_224: [56],
  sha512_256: [64],
  sha3_224: [56],
  sha3_256: [64],
  sha3_384: [96],
  sha3_512: [128],
  gitCommit: [40, 64],
  gitTree: [40, 64],
  gitBlob: [40, 64],
  gitTag: [40, 64],
};

export interface Statement {
  readonly type: string;
  readonly predicateType: string;
  readonly subjects: readonly AttestationSubject[];
  readonly predicate: Json | null;
}

/** Tells whether a value claims to be an in-toto statement, of whichever version. */
export function claimsStatement(json: Json): boolean {
  return textAt(json, '_type')?.startsWith('https://in-toto.io/Statement/') === true
    || (at(json, 'predicateType') !== undefined && (at(json, 'subject') !== undefined || at(json, 'predicate') !== undefined));
}

/**
 * Reads a statement.
 *
 * @param pointer - where the statement stands, for the places in deviations
 * @returns the statement, or what makes it none; unset, null and empty members are alike (in-toto specification, "Parsing rules")
 * @see in-toto attestation, `spec/v1/statement.md`
 */
export function readStatement(json: Json, pointer: string, mode: Mode): { statement: Statement | null; version: string | null; deviations: Deviation[] } {
  const deviations: Deviation[] = [];
  const broken = (place: string, message: string) => deviations.push({ code: 'SCHEMA_VIOLATED', pointer: place, message });
  const type = textAt(json, '_type') ?? '';
  const version = /^https:\/\/in-toto\.io\/Statement\/v([0-9.]+)$/.exec(type)?.[1] ?? null;
  if (type !== STATEMENT_V1 && type !== STATEMENT_V01) broken(below(pointer, '_type'), `expected "${STATEMENT_V1}"`);
  const predicateType = textAt(json, 'predicateType') ?? '';
  if (!/^\S+$/.test(predicateType)) broken(below(pointer, 'predicateType'), 'expected a type URI');
  const predicate = at(json, 'predicate') ?? null;
  if (predicate !== null && !isJsonObject(predicate)) broken(below(pointer, 'predicate'), 'expected an object');
  const subjects = listAt(json, 'subject');
  if (subjects.length === 0) broken(below(pointer, 'subject'), 'expected at least one subject');
  const repairs: Deviation[] = [];
  const read = subjects.map((subject, i): AttestationSubject => {
    const place = below(pointer, 'subject', i);
    const digests = digestsOf(at(subject, 'digest'), below(place, 'digest'), mode, deviations, repairs);
    if (digests.length === 0) broken(place, 'expected a digest: a subject is matched by its digest alone');
    return { name: textAt(subject, 'name') ?? null, digests };
  });
  const whole = deviations.length === 0;
  return { statement: whole ? { type, predicateType, subjects: read, predicate } : null, version, deviations: [...deviations, ...repairs] };
}

/** What makes a value no resource descriptor: at least one of name, uri, digest and content must be there. */
export function descriptorProblem(json: Json, pointer: string): Deviation | null {
  const named = ['name', 'uri', 'content'].some((member) => (textAt(json, member) ?? '') !== '') || at(json, 'digest') !== undefined;
  if (!isJsonObject(json) || !named) return { code: 'SCHEMA_VIOLATED', pointer, message: 'expected a name, uri, digest or content' };
  const deviations: Deviation[] = [];
  digestsOf(json['digest'], below(pointer, 'digest'), 'strict', deviations, []);
  return deviations[0] ?? null;
}

function digestsOf(json: Json | undefined, pointer: string, mode: Mode, broken: Deviation[], repairs: Deviation[]): readonly NamedDigest[] {
  if (json === undefined || json === null) return [];
  if (!isJsonObject(json)) {
    broken.push({ code: 'SCHEMA_VIOLATED', pointer, message: 'expected an object of digests' });
    return [];
  }
  return Object.entries(json as JsonObject).map(([algorithm, value]): NamedDigest => {
    const place = below(pointer, algorithm);
    if (typeof value !== 'string' || value === '') {
      broken.push({ code: 'SCHEMA_VIOLATED', pointer: place, message: 'expected a text' });
      return [algorithm, ''];
    }
    const lengths = Object.hasOwn(HEX_LENGTHS, algorithm) ? HEX_LENGTHS[algorithm] : undefined;
    if (lengths === undefined) return [algorithm, value];
    const lower = mode === 'tolerant' ? value.toLowerCase() : value;
    const whole = /^[0-9a-f]+$/.test(lower) && lengths.includes(lower.length);
    if (whole && lower !== value) repairs.push({ code: 'REPAIRED', pointer: place, message: 'upper-case hexadecimal, read as lower case' });
    if (!whole) {
      broken.push({ code: 'SCHEMA_VIOLATED', pointer: place, message: `expected ${lengths.join(' or ')} lower-case hexadecimal digits` });
    }
    return [algorithm, lower];
  });
}

/** Digests of anything that names one as an object; unreadable ones are left out. */
export function looseDigests(json: Json | undefined): readonly NamedDigest[] {
  if (!isJsonObject(json)) return [];
  return Object.entries(json).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}
