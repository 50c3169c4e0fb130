// Runs one verifier vector, as any reader of spec/vectors/verify would.
import { parseBase64 } from '../../ledger/bytes.ts';
import { parseVkey } from '../../ledger/note/keys.ts';
import type { VerifyCase } from '../../tools/vectors/verify.ts';
import type * as verifier from '../../verify/index.ts';

/** What a bundle of the verifier exports; the smaller one has no `withP256`. */
export type Verifier = Pick<typeof verifier, 'trustPolicy' | 'verifyReceipt' | 'verifyTlogProof' | 'verifyCheckpoint' | 'verifyGrowth'> &
  Partial<Pick<typeof verifier, 'withP256'>>;

/** @returns the verdict as the vectors write it: `OK` or a code, with what the yes says about witnesses */
export function runCase({ trust: given, evidence }: VerifyCase, verify: Verifier) {
  const retired = (given.retired ?? []).map(({ origin, vkey, lastSize }) => ({ origin, key: parseVkey(vkey), lastSize }));
  const { origin, witnessing } = given;
  const options = { retired, ...(origin === undefined ? {} : { origin }), ...(witnessing === undefined ? {} : { witnessing }) };
  const policy = verify.trustPolicy(given.policy, options);
  const trust = given.p256 === true && verify.withP256 !== undefined ? verify.withP256(policy) : policy;
  const beside = 'update' in evidence && evidence.update !== undefined ? { update: evidence.update } : {};
  const answer = (() => {
    if ('receipt' in evidence) return verify.verifyReceipt(evidence.receipt, trust, beside);
    if ('tlogProof' in evidence) return verify.verifyTlogProof(evidence.tlogProof, parseBase64(evidence.entry), trust, beside);
    if ('checkpoint' in evidence) return verify.verifyCheckpoint(evidence.checkpoint, trust, beside);
    return verify.verifyGrowth(evidence.kept, evidence.update, trust);
  })();
  if (!answer.ok) return { verdict: answer.code };
  const { by, quorum } = answer.witnessed;
  return { verdict: 'OK', witnesses: by.map(({ witness, time }) => ({ name: witness.name, time })), quorum };
}
