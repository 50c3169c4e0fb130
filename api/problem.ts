// Refusals as HTTP: one status for each code, and RFC 9457 problem details as the body.
import type { Context } from 'hono';
import { clip, LedgerError, type Code } from '../ledger/errors.ts';

const STATUS: Readonly<Record<Code, 400 | 404 | 409 | 413 | 422 | 503>> = {
  INPUT_MALFORMED: 400,
  INPUT_TOO_LARGE: 413,
  INPUT_TOO_DEEP: 400,
  INPUT_DUPLICATE_KEY: 400,
  INPUT_NOT_UTF8: 400,
  INPUT_DOCTYPE: 400,
  INPUT_NOT_CANONICAL: 400,
  INPUT_VERSION_UNKNOWN: 422,
  ENTRY_KIND_UNKNOWN: 422,
  EVENT_UNKNOWN: 422,
  EVENT_VERSION_UNKNOWN: 422,
  EVENT_INVALID: 422,
  EVENT_STREAMS_WRONG: 422,
  PAYLOAD_UNREADABLE: 422,
  PAYLOAD_COMMITMENT_MISMATCH: 422,
  STORE_MISSING: 503,
  STORE_CORRUPT: 503,
  STORE_FENCED: 503,
  STORE_FULL: 503,
  STORE_FAILED: 503,
  PAYLOAD_MISSING: 404,
  PAYLOAD_CORRUPT: 503,
  PAYLOAD_TOO_LARGE: 413,
  SECRETS_EXPOSED: 503,
  KEY_MISSING: 503,
  KEY_FILE_INVALID: 503,
  KEY_PASSPHRASE_WRONG: 503,
  ANCHOR_MISSING: 503,
  ANCHOR_CORRUPT: 503,
  ANCHOR_LOCKED: 503,
  ANCHOR_TAKEN: 503,
  ANCHOR_UNREACHABLE: 503,
  LOG_FOREIGN: 503,
  LOG_FORKED: 503,
  LOG_ROLLED_BACK: 503,
  LOG_KEY_WRONG: 503,
  HASH_DISAGREES: 503,
  RECOVER_INCOMPLETE: 503,
  RECOVER_WRONG: 503,
  LOG_ENDED: 409,
  LOG_CLOSED: 503,
  CLOCK_DOUBTED: 503,
  ENTRY_TOO_LARGE: 413,
  ENTRY_MISSING: 404,
  VERSION_CONFLICT: 409,
  IDEMPOTENCY_CONFLICT: 409,
  FORMAT_UNKNOWN: 422,
  EVIDENCE_VERSION_UNKNOWN: 422,
  EVIDENCE_INVALID: 422,
  SUBJECT_UNKNOWN: 422,
  SUBJECT_MISMATCH: 422,
  EVIDENCE_UNKNOWN: 404,
  EVIDENCE_SUPERSEDED: 409,
  SUCCESSOR_WRONG: 422,
  TRUST_UNKNOWN: 404,
  VEX_POLICY_INVALID: 422,
  CONTRACT_INVALID: 422,
  CONTRACT_UNKNOWN: 404,
  PERSON_UNKNOWN: 404,
  PERSON_KEY_TAKEN: 409,
  KEY_TAKEN: 409,
  KEY_UNKNOWN: 404,
  WAIVER_UNKNOWN: 404,
  WAIVER_DECIDED: 409,
  WAIVER_SAME_PERSON: 409,
  WAIVER_INVALID: 422,
  POLICY_INVALID: 422,
  POLICY_UNKNOWN: 404,
  SNAPSHOT_UNKNOWN: 404,
  SBOM_UNKNOWN: 404,
  DECISION_UNKNOWN: 404,
  PAYLOAD_NOT_SEALED: 409,
  PAYLOAD_HELD: 409,
  RETENTION_RUNS: 409,
  HOLD_UNKNOWN: 404,
  SNAPSHOT_DAMAGED: 503,
  KIT_UNTRUSTED: 422,
  KIT_BUILDER_WRONG: 422,
  KIT_DAMAGED: 422,
  PROJECTION_STOPPED: 503,
  STATE_UNKNOWN: 404,
  NAME_UNKNOWN: 404,
  NAME_AMBIGUOUS: 409,
};

/** Answers a refusal; anything else is a bug, told without its inner words. */
export function problem(c: Context, error: unknown): Response {
  if (error instanceof LedgerError) {
    const status = STATUS[error.code];
    const more = { ...(error.hint === null ? {} : { hint: error.hint }), ...(error.position === null ? {} : { position: error.position }) };
    return answer(c, status, error.code, error.message, more);
  }
  return answer(c, 500, 'BUG', 'This is a bug in the server; its own log has the details', {});
}

export function notFound(c: Context): Response {
  return answer(c, 404, 'NOT_FOUND', 'There is nothing at this address', {});
}

/** @param methods - what the address does take (RFC 9110 §15.5.6) */
export function notAllowed(c: Context, methods: readonly string[]): Response {
  const allow = methods.join(', ');
  c.header('allow', allow);
  return answer(c, 405, 'METHOD_NOT_ALLOWED', `Cannot ${clip(c.req.method, 20)} this address: it takes ${allow}`, {});
}

function answer(c: Context, status: number, code: string, detail: string, more: Readonly<Record<string, unknown>>): Response {
  // `type` stays about:blank (RFC 9457 §4.2.1): the code is the stable name, and it needs no web page to be understood.
  const body = JSON.stringify({ type: 'about:blank', title: code, status, code, detail, ...more });
  return c.body(body, status as 400, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
}
