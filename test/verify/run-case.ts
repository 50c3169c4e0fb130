// Runs one verifier vector, as any reader of spec/vectors/verify would.
import { parseBase64 } from '../../ledger/bytes.ts';
import { parseVkey } from '../../ledger/note/keys.ts';
import type { VerifyCase } from '../../tools/vectors/verify.ts';
import type * as verifier from '../../verify/index.ts';

/** What a bundle of the verifier exports; the smaller ones have no `withP256` or no `verifyStream`. */
export type Verifier = Pick<typeof verifier, 'trustPolicy' | 'verifyReceipt' | 'verifyTlogProof' | 'verifyCheckpoint' | 'verifyGrowth'> &
  Partial<Pick<typeof verifier, 'withP256' | 'verifyStream'>>;

/** What a vector expects, as `runCase` returns it. */
export function expected({ verdict, level, version, size, witnesses, quorum }: VerifyCase) {
  if (verdict !== 'OK') return { verdict };
  return { verdict, ...(level === undefined ? {} : { level, version, size }), witnesses, quorum };
}

/** @returns the verdict as the vectors write it: `OK` or a code, with what the yes says; null where the bundle has no such function */
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
    if ('kept' in evidence) return verify.verifyGrowth(evidence.kept, evidence.update, trust);
    if (verify.verifyStream === undefined) return null;
    const pinned = evidence.pinned === undefined ? {} : { pinned: evidence.pinned };
    return verify.verifyStream(evidence.stream, trust, { auditors: (given.auditors ?? []).map(parseVkey), ...pinned });
  })();
  if (answer === null) return null;
  if (!answer.ok) return { verdict: answer.code };
  const { by, quorum } = answer.witnessed;
  const { level, version, size } = answer as Partial<verifier.Complete>;
  const shown = level === undefined ? {} : { level, version, size };
  return { verdict: 'OK', ...shown, witnesses: by.map(({ witness, time }) => ({ name: witness.name, time })), quorum };
}
