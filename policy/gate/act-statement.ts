// What a person signs: an in-toto statement that says the same as the event it stands beside, and nothing more.
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import type { Digest, Event } from '../../ledger/events/index.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { isSignedBy } from '../../evidence/signed-by.ts';
import type { WaiverAct } from '../../projections/waiver.ts';

/** The predicate type of a waiver's acts (spec/waiver.md). */
export const WAIVER_PREDICATE = 'https://stella-ops.org/attestations/waiver/1';

type WaiverType = 'waiver.requested' | 'waiver.approved' | 'waiver.rejected' | 'waiver.revoked';
/** What of an event its statement repeats. */
export type ActEvent = { [T in WaiverType]: Pick<Event & { readonly type: T }, 'type' | 'by' | 'data' | 'payloads'> }[WaiverType];

/**
 * The statement of a waiver's act.
 *
 * It is about the artifacts; a waiver of components alone is about itself, for a statement has to have a subject with a digest.
 *
 * @param origin - of the ledger: a statement cannot be carried into another one
 */
export function waiverStatement(origin: string, { type, by, data, payloads }: ActEvent): JcsValue {
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
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: about.map(([algorithm, digest]) => ({ digest: { [algorithm]: formatHex(digest) } })),
    predicateType: WAIVER_PREDICATE,
    predicate,
  };
}

/**
 * Whether an envelope is the statement of an act, signed by a key.
 *
 * @param envelope - the payload `statement` @param spki - the public key that the act names
 */
export function actHolds(envelope: Uint8Array, origin: string, event: ActEvent, spki: Uint8Array): boolean {
  return isSignedBy(envelope, encodeJcs(waiverStatement(origin, event)), spki);
}

export interface ActReader {
  /** The public key on record under an id, SPKI in DER. */
  readonly spki: (key: Uint8Array) => Uint8Array | undefined;
  /** An act's statement; null where it is not here: then nothing shows that it was signed. */
  readonly statement: (digest: Uint8Array) => Promise<Uint8Array | null>;
  readonly event: (entry: number) => Promise<Event>;
}

/** The entries of acts whose statements say what their events say, signed by the key that they name. */
export async function holdingActs(acts: readonly WaiverAct[], origin: string, reader: ActReader): Promise<Set<number>> {
  const holding = new Set<number>();
  for (const { entry, key, statement } of acts) {
    const [envelope, spki] = [await reader.statement(statement), reader.spki(key)];
    if (envelope !== null && spki !== undefined && actHolds(envelope, origin, (await reader.event(entry)) as ActEvent, spki)) holding.add(entry);
  }
  return holding;
}
