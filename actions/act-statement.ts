// What a person signs: an in-toto statement that says the same as the event it stands beside, and nothing more.
import { encodeUtf8, equalBytes, formatBase64, formatHex } from '../ledger/bytes.ts';
import type { Digest, Event, PayloadReference } from '../ledger/events/index.ts';
import { encodeJcs, type JcsValue } from '../ledger/jcs.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { parsePublicKey, readTrust, signJson, verifyEnvelope } from '../verify/sigstore/index.ts';
import { statementOf } from './attest.ts';
import type { Acting } from './person.ts';

/** The predicate type of a waiver's acts (spec/waiver.md). */
export const WAIVER_PREDICATE = 'https://stella-ops.org/attestations/waiver/1';

type WaiverType = 'waiver.requested' | 'waiver.approved' | 'waiver.rejected' | 'waiver.revoked';
/** What of an event its statement repeats. */
export type WaiverAct = { [T in WaiverType]: Pick<Event & { readonly type: T }, 'type' | 'by' | 'data' | 'payloads'> }[WaiverType];

/**
 * The statement of a waiver's act.
 *
 * It is about the artifacts; a waiver of components alone is about itself, for a statement has to have a subject with a digest.
 *
 * @param origin - of the ledger: a statement cannot be carried into another one
 */
export function waiverStatement(origin: string, { type, by, data, payloads }: WaiverAct): JcsValue {
  const justification = payloads?.find(({ role }) => role === 'justification')?.commitment;
  const { waiver, vulnerabilities, subjects, key: _key, assurance: _assurance, ...rest } = data;
  const predicate = {
    act: type.slice('waiver.'.length),
    ledger: origin,
    person: formatHex(by.person ?? new Uint8Array()),
    waiver,
    vulnerabilities,
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value instanceof Uint8Array ? formatHex(value) : (value as JcsValue)])),
    ...(justification === undefined ? {} : { justification: `sha256:${formatHex(justification[1])}` }),
  } satisfies JcsValue;
  const about: readonly Digest<'sha256'>[] = subjects ?? [['sha256', sha256(encodeUtf8(`${origin}/${waiver}`))]];
  return statementOf({ subjects: about, predicateType: WAIVER_PREDICATE, predicate });
}

/** Signs a statement and stores the envelope. @returns its reference */
export async function storeStatement(payloads: PayloadStore, statement: JcsValue, { author }: Acting): Promise<PayloadReference> {
  const bytes = encodeUtf8(JSON.stringify(await signJson(statement, [author])));
  const { digest, size } = await payloads.put([bytes], bytes.length);
  return { role: 'statement', size, media: 'application/vnd.dsse.envelope.v1+json', digest: ['sha256', digest] };
}

/**
 * Whether an envelope is the statement of an act, signed by a key.
 *
 * @param spki - the public key that the act names
 */
export function verifyStatement(envelope: Uint8Array, statement: JcsValue, spki: Uint8Array): boolean {
  const key = formatBase64(spki);
  // The id is the digest of the key, so a key that only claims an id cannot pass.
  const verdict = verifyEnvelope(envelope, readTrust([{ kind: 'key', publicKey: key }]));
  return verdict.is === 'verified' && verdict.signers.some((signer) => signer.kind === 'key' && signer.keyId === parsePublicKey(key).id) &&
    'payload' in verdict && equalBytes(verdict.payload as Uint8Array, encodeJcs(statement));
}
