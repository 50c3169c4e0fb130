// The in-toto statement in a verified payload, as far as binding it to an artifact needs (in-toto Statement v1 and v0.1).
import { formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, parseJson } from '../../ledger/json.ts';
import { fail } from './verdict.ts';

/** Digests of one subject: algorithm to lower-case hexadecimal. */
export type SubjectDigests = Readonly<Record<string, string>>;

const TYPES: readonly string[] = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

/** `application/vnd.in-toto+json`, or the form that names the predicate too. */
export function isStatementType(payloadType: string): boolean {
  return /^application\/vnd\.in-toto(\.[A-Za-z0-9][A-Za-z0-9!#$&^_.-]*)?\+json$/.test(payloadType);
}

/** The subjects of a statement, each with its digests. @throws {Stop} STATEMENT_MALFORMED */
export function subjectsOf(payload: Uint8Array): readonly SubjectDigests[] {
  let statement;
  try {
    statement = parseJson(payload);
  } catch (error) {
    if (error instanceof LedgerError) fail('STATEMENT_MALFORMED', `the payload is no statement: ${error.message}`);
    throw error;
  }
  if (!isJsonObject(statement) || !TYPES.includes(String(statement['_type']))) fail('STATEMENT_MALFORMED', 'the payload is no in-toto statement');
  const subjects = statement['subject'];
  if (!Array.isArray(subjects) || subjects.length === 0) fail('STATEMENT_MALFORMED', 'the statement has no subject');
  return subjects.map((subject) => {
    const digest = isJsonObject(subject) ? subject['digest'] : undefined;
    // in-toto matches on digests alone: a subject without one would match nothing, or by name everything.
    if (!isJsonObject(digest) || Object.keys(digest).length === 0) fail('STATEMENT_MALFORMED', 'a subject has no digest');
    return Object.fromEntries(Object.entries(digest).map(([algorithm, value]) => {
      if (typeof value !== 'string' || value === '') fail('STATEMENT_MALFORMED', "a subject's digest is not a text");
      return [algorithm, value];
    }));
  });
}

/** Checks that some subject is the artifact. @param digests - the artifact's digests by algorithm @throws {Stop} SUBJECT_MISMATCH */
export function checkSubject(subjects: readonly SubjectDigests[], digests: ReadonlyMap<string, Uint8Array>): void {
  const wanted = [...digests].map(([algorithm, bytes]) => [algorithm, formatHex(bytes)] as const);
  const isArtifact = (subject: SubjectDigests) => {
    const shared = wanted.filter(([algorithm]) => Object.hasOwn(subject, algorithm));
    // Every digest that can be compared must agree: one that differs says the subject is something else.
    return shared.length > 0 && shared.every(([algorithm, hex]) => subject[algorithm] === hex);
  };
  if (!subjects.some(isArtifact)) fail('SUBJECT_MISMATCH', 'no subject of the statement has the digest of the artifact');
}
