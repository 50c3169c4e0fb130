// Adds ECDSA over P-256 to what a reader can check, for logs that sign in the manner of Rekor v1 (6 kB more, compressed).
import { verifyP256 } from '../ledger/note/p256.ts';
import type { Trust } from './trust.ts';

/** The same trust, with signatures of type 0x02 checked instead of reported as unsupported. */
export function withP256(trust: Trust): Trust {
  return { ...trust, verifiers: { ...trust.verifiers, ecdsa: verifyP256 } };
}
