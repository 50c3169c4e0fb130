// Refusals as HTTP: one status for each code, and RFC 9457 problem details as the body.
import type { Context } from 'hono';
import { LedgerError, type Code } from '../ledger/errors.ts';

const STATUS: Readonly<Record<Code, 400 | 404 | 409 | 413 | 422 | 503>> = {
  INPUT_MALFORMED: 400,
  INPUT_TOO_LARGE: 413,
  INPUT_TOO_DEEP: 400,
  INPUT_DUPLICATE_KEY: 400,
  INPUT_NOT_UTF8: 400,
  INPUT_NOT_CANONICAL: 400,
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

function answer(c: Context, status: number, code: string, detail: string, more: Readonly<Record<string, unknown>>): Response {
  // `type` stays about:blank (RFC 9457 §4.2.1): the code is the stable name, and it needs no web page to be understood.
  const body = JSON.stringify({ type: 'about:blank', title: code, status, code, detail, ...more });
  return c.body(body, status as 400, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
}
