// VEX of our own: statements that a person makes or has reviewed, signed by that person or asserted by the ledger.
import { encodeUtf8, formatHex, parseHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { asSet, prepareDraft, type Actor, type Digest, type Draft, type NewEvent, type PayloadReference } from '../ledger/events/index.ts';
import type { JcsValue } from '../ledger/jcs.ts';
import { parseJson } from '../ledger/json.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { readDocument, type VexStatement } from '../evidence/index.ts';
import { VEX_WRITERS, type VexFormat } from '../evidence/vex/writers.ts';
import { signJson } from '../verify/sigstore/index.ts';
import { asAdvisoriesWrite } from './advisory-name.ts';
import { statementOf } from './attest.ts';
import { signedBy, signing, unsignedBy, unstored, type Acting, type Intending, type SignedBy } from './person.ts';
import { planVex } from './plan-evidence.ts';
import { readEvidence, type EvidenceRead } from './read-evidence.ts';
import { storeSealed, type SealPorts } from './sealed-payload.ts';

export type { VexJustification, VexStatement, VexStatus } from '../evidence/index.ts';

export interface VexPorts extends SealPorts {
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface VexToState {
  readonly statements: readonly VexStatement[];
  /** The artifacts they are about; none where they are about products by name alone. */
  readonly subjects: readonly Digest<'sha256'>[];
  /** Seals the document: what is written in it can be erased, and what it says still counts. */
  readonly seal?: boolean;
}

const envelopeMedia = 'application/vnd.dsse.envelope.v1+json';

/** Predicate types under which a document stands in a statement. */
const PREDICATE: Readonly<Record<'cyclonedx' | 'openvex', string>> = { openvex: 'https://openvex.dev/ns/v0.2.0', cyclonedx: 'https://cyclonedx.org/bom' };

/**
 * Puts statements of ours on record: one document, signed, and its facts.
 *
 * It is OpenVEX; where a product is narrowed by versions, which only CycloneDX can say, it is CycloneDX. Statements are never
 * recognised: made again, they are made again.
 *
 * @throws {LedgerError} INPUT_MALFORMED for a statement that breaks the rules of VEX; EVIDENCE_INVALID for a vulnerability without an id,
 *   or with one that advisories write otherwise
 */
export async function stateVex(
  ports: VexPorts, { statements, subjects, seal = false }: VexToState, who: Intending,
): Promise<Appended & { readonly format: VexFormat }> {
  const { log, payloads, now } = ports;
  for (const { vulnerability, aliases } of statements) [vulnerability, ...aliases].forEach(expectWritten);
  const { origin } = log.control.genesis;
  const format = statements.some(({ product }) => (product?.versions.length ?? 0) > 0) ? 'cyclonedx' : 'openvex';
  const written = VEX_WRITERS[format](statements, aboutOf(origin, who, now(), ports.random(16)));
  const predicate = parseJson(written) as JcsValue;
  const about: readonly Digest<'sha256'>[] = subjects.length > 0 ? subjects : [['sha256', sha256(written)]];
  // Read as it is before it is signed: what is refused asks for no key, and stores nothing.
  const own = asSet(subjects);
  draftsOf(await readOwn(written), own, format, who.by, unsignedBy(who), [unstored('document', envelopeMedia, seal), unstored('facts', 'application/json')]);
  const acting = await signing(who);
  const envelope = await signJson(statementOf({ subjects: about, predicateType: PREDICATE[format], predicate }), [acting.author]);
  const bytes = encodeUtf8(JSON.stringify(envelope));
  const read = await readOwn(bytes);
  const facts = await payloads.put([read.facts], read.facts.length);
  const references: PayloadReference[] = [
    await storeDocument(ports, bytes, seal),
    { role: 'facts', size: facts.size, media: 'application/json', digest: ['sha256', facts.digest] },
  ];
  return { ...(await log.appendOne({ drafts: draftsOf(read, own, format, acting.by, signedBy(acting), references) })), format };
}

/** @throws {LedgerError} EVIDENCE_INVALID */
async function readOwn(bytes: Uint8Array): Promise<EvidenceRead & { readonly facts: Uint8Array }> {
  const read = await readEvidence(bytes);
  const { facts, statements, verdict } = read;
  if (facts === null || statements === null) throw new LedgerError('EVIDENCE_INVALID', `Cannot state VEX: what was written is ${verdict}`);
  return { ...read, facts };
}

function draftsOf(
  read: EvidenceRead, subjects: readonly Digest<'sha256'>[], format: VexFormat & ('cyclonedx' | 'openvex'), by: Actor, authored: SignedBy,
  payloads: readonly PayloadReference[],
): Draft[] {
  const { data, linked } = planVex(read, subjects, { format, authored });
  const events = [
    { type: 'vex.stated', by, data, payloads } as NewEvent,
    ...linked.map((more) => ({ type: 'vex.linked', by, data: more }) as NewEvent),
  ];
  return events.map((event) => prepareDraft(event, sha256));
}

/** In another spelling it would be on record beside what is found, and about nothing. */
function expectWritten(id: string): void {
  const written = asAdvisoriesWrite(id);
  if (id === written) return;
  throw new LedgerError('EVIDENCE_INVALID', `Cannot state VEX: no advisory is called "${clip(id)}"`, { hint: `write ${clip(written)}` });
}

async function storeDocument(ports: VexPorts, bytes: Uint8Array, seal: boolean): Promise<PayloadReference> {
  if (seal) return storeSealed(ports, 'document', envelopeMedia, bytes);
  const { digest, size } = await ports.payloads.put([bytes], bytes.length);
  return { role: 'document', size, media: envelopeMedia, digest: ['sha256', digest] };
}

/** Who the author is, in a document that leaves the house: the ledger and a pseudonym, never a name. */
export function aboutOf(origin: string, { by }: Pick<Acting, 'by'>, created: number, random: Uint8Array) {
  const uuid = uuidOf(random);
  const author = by.person === undefined ? origin : `${origin}/${formatHex(by.person)}`;
  return { id: `urn:uuid:${uuid}`, serial: `urn:uuid:${uuid}`, version: 1, author, namespace: `https://${origin}`, created };
}

/** A random UUID (RFC 9562 §5.4). @param random - 16 bytes */
function uuidOf(random: Uint8Array): string {
  const bytes = random.slice();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = formatHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** An artifact as the product of a statement. */
export function productOf([, digest]: Digest<'sha256'>): NonNullable<VexStatement['product']> {
  const hex = formatHex(digest);
  return { id: `sha256:${hex}`, purls: [], cpes: [], hashes: [['sha256', hex]], versions: [] };
}

/** A package as a product, or as the part of one. @param versions - in the words of `writeCyclonedxVex` */
export function packageOf(purl: string, versions: readonly string[] = []): NonNullable<VexStatement['product']> {
  return { id: purl, purls: [purl], cpes: [], hashes: [], versions };
}

/** `sha256:…` of a product, or null. */
export function digestIn(product: VexStatement['product']): Digest<'sha256'> | null {
  const hex = product?.hashes.find(([algorithm]) => algorithm === 'sha256')?.[1];
  return hex === undefined || !/^[0-9a-f]{64}$/.test(hex) ? null : ['sha256', parseHex(hex)];
}

/**
 * What a VEX document says, to be stated as our own.
 *
 * @throws {LedgerError} the document's own refusal; EVIDENCE_INVALID when it is no valid VEX
 */
export async function statementsIn(bytes: Uint8Array): Promise<VexToState> {
  const { view, verdict, refusal } = await readDocument(bytes);
  const statements = view.vex?.statements ?? [];
  if (refusal !== null) throw new LedgerError(refusal.code, refusal.message);
  if (statements.length === 0 || !verdict.startsWith('valid')) {
    throw new LedgerError('EVIDENCE_INVALID', `Cannot state what the document says: it is no VEX, or not valid (${verdict})`, {
      hint: '"stella inspect" lists what is wrong with it',
    });
  }
  const digests = statements.map(({ product }) => digestIn(product)).filter((digest) => digest !== null);
  return { statements, subjects: [...new Map(digests.map((digest) => [formatHex(digest[1]), digest])).values()] };
}
