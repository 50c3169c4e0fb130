// What an attestation's signatures are worth now: the verifier's verdicts, and the facts of them that go on record.
import { parseHex } from '../ledger/bytes.ts';
import { asSet, type DataOf, type Digest } from '../ledger/events/index.ts';
import {
  verifyBareSignature, verifyBundle, verifyCosignBundle, verifyEnvelope, type SignatureVerdict, type Signer, type Trust,
} from '../verify/sigstore/index.ts';
import type { LedgerTrust } from './ledger-trust.ts';
import type { EnvelopeRead } from './read-evidence.ts';

/** The facts of one envelope's signatures, as `attestation.recorded` has them. */
export type SignatureRecord = DataOf<'attestation.recorded'>['signatures'][number];

export interface CheckedEnvelope {
  readonly verdict: SignatureVerdict;
  readonly record: SignatureRecord;
}

export interface CheckOptions {
  /** Digests that the caller says it is about: what a signature without a statement must be over. */
  readonly given: readonly Digest<'sha256'>[];
  /** Recorded time, milliseconds since 1970, for keys trusted for an interval where nothing proves a time. */
  readonly at: number;
  /** The pseudonym of an issuer's subject. */
  readonly pseudonym: (issuer: string, subject: string) => Uint8Array;
}

/** Checks each envelope of a document, in its order; a bare statement is none and gives no answer. */
export function checkSignatures(envelopes: readonly EnvelopeRead[], trust: LedgerTrust, options: CheckOptions): CheckedEnvelope[] {
  return envelopes.filter(({ envelope }) => envelope !== 'none' && envelope !== 'simple-signing').map((one) => {
    const verdict = verdictOf(one, trust.trust, options);
    // With several roots, the one under which it holds alone is the one it was checked against.
    const root = verdict.is === 'verified' && verdict.entries.length + verdict.times.length > 0
      ? trust.byRoot.find((rooted) => verdictOf(one, rooted.trust, options).is === 'verified')?.digest
      : undefined;
    return { verdict, record: recordOf(verdict, root, options.pseudonym) };
  });
}

function verdictOf(one: EnvelopeRead, trust: Trust, { given, at }: CheckOptions): SignatureVerdict {
  if (one.envelope === 'dsse') return verifyEnvelope(one.source, trust, { at });
  if (one.envelope === 'sigstore-bundle') {
    // Statements name their subjects themselves; a signature over a digest alone must be over the one that is meant.
    const [meant] = one.isStatement ? [] : sha256Of(one.subjects, given);
    return verifyBundle(one.source, meant === undefined ? null : { digests: { sha256: meant } }, trust, { at });
  }
  const [meant] = sha256Of(one.subjects, given);
  const artifact = meant === undefined ? null : { digests: { sha256: meant } };
  if (one.envelope === 'signature') return verifyBareSignature(one.source as string, artifact, trust, { at });
  // Of an image it is the payload's own subject that counts; of a statement, as everywhere, those that were signed.
  return verifyCosignBundle(one.source, one.isStatement ? null : artifact, trust, { at });
}

function sha256Of(subjects: EnvelopeRead['subjects'], given: readonly Digest<'sha256'>[]): Uint8Array[] {
  if (given.length > 0) return given.map(([, digest]) => digest);
  return subjects.flatMap(({ digests }) => digests.flatMap(([algorithm, hex]) => (algorithm === 'sha256' ? [parseHex(hex)] : [])));
}

function recordOf(verdict: SignatureVerdict, root: Uint8Array | undefined, pseudonym: CheckOptions['pseudonym']): SignatureRecord {
  switch (verdict.is) {
    case 'verified': {
      const proven = verdict.times.length === 0 ? {} : { proven: Math.min(...verdict.times.map(({ at }) => at)) };
      return { outcome: 'holds', ...signersOf(verdict.signers, pseudonym), ...(root === undefined ? {} : { root: ['sha256', root] as const }), ...proven };
    }
    case 'signature_only': {
      // Under a key that is trusted it holds, but no log and no time vouch for it; under a certificate that nothing vouches
      // for, anybody could have made it.
      const isKey = verdict.signers.length > 0 && verdict.signers.every(({ kind }) => kind === 'key');
      return isKey ? { outcome: 'holds', code: 'SIGNATURE_ONLY', ...signersOf(verdict.signers, pseudonym) } : { outcome: 'open', code: 'SIGNATURE_ONLY' };
    }
    case 'failed':
      return { outcome: 'fails', code: verdict.code };
    case 'unverifiable':
      return { outcome: 'open', code: `${verdict.missing.toUpperCase().replaceAll('-', '_')}_MISSING` };
    default:
      return verdict satisfies never;
  }
}

function signersOf(signers: readonly Signer[], pseudonym: CheckOptions['pseudonym']): Pick<SignatureRecord, 'keys' | 'identities'> {
  const keys = signers.flatMap((signer) => (signer.kind === 'key' ? [['sha256', parseHex(signer.keyId)] as const] : []));
  const identities = signers.flatMap((signer) => (signer.kind === 'identity' ? [pseudonym(signer.issuer, signer.subject)] : []));
  return { ...(keys.length === 0 ? {} : { keys: asSet(keys) }), ...(identities.length === 0 ? {} : { identities: asSet(identities) }) };
}
