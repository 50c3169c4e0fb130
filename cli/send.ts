// Sends what a witness or mirror client built: one bounded HTTP request, nothing followed.
import type { HttpAnswer } from '../ledger/note/index.ts';

/** Sends a body to `<base>/<path>`. @returns the answer, or null where none came in time */
export type Send = (path: string, body: Uint8Array) => Promise<HttpAnswer | null>;

/** No witness answers with more: a few signature lines. */
const answerBytesMax = 65_536;

export function sendTo(base: string, timeoutMs: number): Send {
  return async (path, body) => {
    try {
      const answer = await fetch(`${base.replace(/\/$/, '')}/${path}`, {
        method: 'POST', body: body as Uint8Array<ArrayBuffer>, redirect: 'error', signal: AbortSignal.timeout(timeoutMs),
      });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return { status: answer.status, body: bytes.subarray(0, answerBytesMax) };
    } catch {
      return null;
    }
  };
}
