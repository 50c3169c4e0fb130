// Sends what a witness or mirror client built: one bounded HTTP request, nothing followed.
import type { Send } from '../ledger/log/witness.ts';

/** No witness answers with more: a few signature lines. */
const answerBytesMax = 65_536;

/** Posts to `<base>/<path>`; null where no answer came in time. */
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
