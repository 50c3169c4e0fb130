// Which waivers are in force at a time, and why the others are not: the one function that decides it (semantics `waiver` 1 to 3).
import { equalBytes } from '../ledger/bytes.ts';
import type { KeyDocument } from './key.ts';
import { isAbout, readPurl } from './purls.ts';
import { expectSemantics, SEMANTICS } from './semantics.ts';
import type { VulnerabilityDocument } from './vulnerability.ts';
import type { Waiver, WaiverAct } from './waiver.ts';

/** Why a waiver is not in force; the first that applies. */
export const WAIVER_CODES = [
  'WAIVER_REVOKED',
  'WAIVER_REJECTED',
  'WAIVER_EXPIRED',
  'WAIVER_TOO_LONG',
  'WAIVER_KEY_WRONG',
  'WAIVER_SIGNATURE_WRONG',
  'WAIVER_SELF_APPROVED',
  'WAIVER_NOT_APPROVED',
] as const;
export type WaiverCode = (typeof WAIVER_CODES)[number];

/** The document of the stream `key:<id>`, or null where no event names the key. */
export type KeyOf = (id: Uint8Array) => KeyDocument | null;

/** What acts are judged by beside what their events say. */
export interface ActProof {
  readonly keyOf: KeyOf;
  /** Whether the act's statement says what its event says, signed by the key that it names. Not asked under semantics 1. */
  readonly holds: (act: WaiverAct) => boolean;
}

/** The request and every act on it, in no order. */
export function actsOf(waiver: Waiver): readonly WaiverAct[] {
  return [waiver, ...waiver.approvals, ...waiver.rejections, ...waiver.revocations];
}

export type WaiverState =
  | { readonly active: true; readonly waiver: Waiver; readonly approval: WaiverAct }
  | { readonly active: false; readonly waiver: Waiver; readonly code: WaiverCode };

/**
 * Whether a waiver is in force at `t`: approved by another person than asked, with another key, and neither rejected nor revoked
 * nor over. At `expires` it is over.
 *
 * A request or an approval that is `signed` counts when its key was that person's at its place in the log; from semantics 2 on, one
 * that is `asserted` when its key was the ledger's for attestations, and either only when its signature holds. A rejection or a
 * revocation counts whatever its signature is worth: it can only close.
 *
 * Whoever judges may take none that lasts longer than so much from the request to its end (since semantics 3): what was asked for and
 * not what is left counts, or every waiver would come into force in its last days.
 *
 * @param t - effective time, milliseconds since 1970 @param lastsMax - in milliseconds
 */
export function waiverState(
  waiver: Waiver, t: number, { keyOf, holds }: ActProof, semantics: number = SEMANTICS.waiver, lastsMax = Number.POSITIVE_INFINITY,
): WaiverState {
  expectSemantics('waiver', semantics);
  const not = (code: WaiverCode): WaiverState => ({ active: false, waiver, code });
  if (waiver.revocations.length > 0) return not('WAIVER_REVOKED');
  if (waiver.rejections.length > 0) return not('WAIVER_REJECTED');
  if (t >= waiver.expires) return not('WAIVER_EXPIRED');
  if (semantics >= 3 && waiver.expires - waiver.at > lastsMax) return not('WAIVER_TOO_LONG');
  const isKeyRight = (act: WaiverAct) => isTheirs(act, keyOf, semantics);
  if (!isKeyRight(waiver)) return not('WAIVER_KEY_WRONG');
  if (semantics >= 2 && !holds(waiver)) return not('WAIVER_SIGNATURE_WRONG');
  const theirs = waiver.approvals.filter(isKeyRight);
  const genuine = theirs.filter((approval) => semantics < 2 || holds(approval));
  const approval = genuine.find((one) => isAnother(waiver, one));
  if (approval !== undefined) return { active: true, waiver, approval };
  if (genuine.length > 0) return not('WAIVER_SELF_APPROVED');
  if (theirs.length > 0) return not('WAIVER_SIGNATURE_WRONG');
  return not(waiver.approvals.length > 0 ? 'WAIVER_KEY_WRONG' : 'WAIVER_NOT_APPROVED');
}

/**
 * The state at `t` of every waiver that the documents hold, each once, in the order of the log.
 *
 * @param documents - of the vulnerabilities in question: a waiver stands in the document of each id that it names
 */
export function waiverStates(documents: Iterable<Pick<VulnerabilityDocument, 'waivers'>>, t: number, proof: ActProof, semantics?: number): WaiverState[] {
  const waivers = new Map<number, Waiver>();
  for (const document of documents) for (const waiver of document.waivers) waivers.set(waiver.entry, waiver);
  return [...waivers.values()].sort((a, b) => a.entry - b.entry).map((waiver) => waiverState(waiver, t, proof, semantics));
}

/** The waivers in force at `t`, in the order of the log. */
export function activeWaivers(documents: Iterable<Pick<VulnerabilityDocument, 'waivers'>>, t: number, proof: ActProof, semantics?: number): Waiver[] {
  return waiverStates(documents, t, proof, semantics).flatMap(({ active, waiver }) => (active ? [waiver] : []));
}

/** What a waiver may cover: a vulnerability of a component in an artifact. */
export interface WaivedFinding {
  /** The finding's id and all its aliases. */
  readonly ids: readonly string[];
  /** SHA-256 of the artifact. */
  readonly artifact: Uint8Array;
  /** The component's purl, or null. */
  readonly purl: string | null;
}

/** Whether a waiver's scope covers a finding: one of the ids, the artifact where it names any, a component where it names any. */
export function covers({ vulnerabilities, subjects, components }: Waiver, { ids, artifact, purl }: WaivedFinding): boolean {
  if (!vulnerabilities.some((id) => ids.includes(id))) return false;
  if (subjects !== undefined && !subjects.some((subject) => equalBytes(subject, artifact))) return false;
  if (components === undefined) return true;
  const is = purl === null ? null : readPurl(purl);
  return is !== null && components.some((component) => {
    const said = readPurl(component.purl);
    return said !== null && isAbout(said, is, component.versions === undefined ? [] : [component.versions]);
  });
}

/** A person's signature counts only under a key that was theirs when they acted; the ledger's own key asserts for anybody. */
function isTheirs({ assurance, key, by, entry }: WaiverAct, keyOf: KeyOf, semantics: number): boolean {
  if (by.person === undefined) return false;
  if (assurance === 'asserted' && semantics < 2) return true;
  const document = keyOf(key);
  if (document?.added === undefined) return false;
  const isOwn = assurance === 'asserted' ? document.record?.use === 'attestation' : document.person !== undefined && equalBytes(document.person, by.person);
  if (!isOwn) return false;
  return document.added.entry < entry && (document.ended === undefined || entry < document.ended.lastSize);
}

function isAnother(requested: WaiverAct, approved: WaiverAct): boolean {
  if (equalBytes(requested.by.person as Uint8Array, approved.by.person as Uint8Array)) return false;
  // Two names that sign with one key are one person. The ledger's key asserts for everybody, and says nothing of this.
  return requested.assurance === 'asserted' || approved.assurance === 'asserted' || !equalBytes(requested.key, approved.key);
}
