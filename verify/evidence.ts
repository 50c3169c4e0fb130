// Reading evidence without throwing: what a strict reader refuses is a verdict here.
import { LedgerError } from '../ledger/errors.ts';
import { no } from '../ledger/verdict.ts';
import type { Answer } from './codes.ts';

/** Runs a reader of evidence: what it refuses becomes the verdict, with the reader's code and place in the message. */
export function readEvidence<T>(what: string, read: () => T): Answer<{ readonly value: T }> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const place = error.position === null ? error.code : `${error.code} at ${error.position}`;
    return no(error.code === 'INPUT_VERSION_UNKNOWN' ? 'EVIDENCE_NEWER' : 'EVIDENCE_MALFORMED', `${what}: ${error.message} (${place})`);
  }
}
