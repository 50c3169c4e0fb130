// What we say about an artifact, as one VEX document: our own statements on record, and the risks that are accepted for a time.
import { formatHex } from '../ledger/bytes.ts';
import { decodeEvent, formatDigest, type Digest, type Event } from '../ledger/events/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import { readDocument, type VexStatement } from '../evidence/index.ts';
import { VEX_WRITERS, type VexFormat } from '../evidence/vex/writers.ts';
import { activeWaivers } from '../projections/active-waivers.ts';
import type { DocumentReader } from '../projections/reader.ts';
import type { Waiver } from '../projections/waiver.ts';
import { proveActs } from './act-statement.ts';
import { readPayload } from './sealed-payload.ts';
import { openRecorded } from './erasures.ts';
import { aboutOf, packageOf, productOf } from './vex.ts';

export { VEX_FORMATS, type VexFormat } from '../evidence/vex/writers.ts';

export interface ExportPorts {
  readonly log: Pick<LogView, 'stream' | 'entry' | 'readControl'>;
  /** At the published size. */
  readonly documents: Pick<DocumentReader, 'all' | 'documents'>;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
}

export interface VexExport {
  readonly document: Uint8Array;
  readonly statements: readonly VexStatement[];
  /** Statements of ours whose words cannot be read any more: the entries that recorded them. */
  readonly unreadable: readonly number[];
  readonly waivers: readonly Waiver[];
}

/**
 * Writes what we say about an artifact at `at`: the newest of our own statements for each vulnerability and part, as they were
 * written; and, for vulnerabilities without one, `affected` for each waiver in force, with what is done about the risk.
 *
 * @param at - milliseconds since 1970 @param random - 16 bytes
 * @throws {LedgerError} EVIDENCE_INVALID when there is nothing to say; INPUT_MALFORMED for what the format cannot say
 */
export async function exportVex(ports: ExportPorts, subject: Digest<'sha256'>, format: VexFormat, at: number, random: Uint8Array): Promise<VexExport> {
  const stated = new Map<string, { readonly statement: VexStatement; readonly time: number; readonly index: number }>();
  const unreadable: number[] = [];
  for (const { index, event } of await ownVex(ports.log, subject)) {
    const bytes = await documentOf(ports, index, event);
    if (bytes === null) unreadable.push(index);
    for (const statement of bytes === null ? [] : (await readDocument(bytes)).view.vex?.statements ?? []) {
      const time = Math.min(Date.parse(statement.stated ?? '') || event.at, event.at);
      const key = `${statement.vulnerability}\n${statement.product?.id ?? ''}\n${statement.parts.map(({ id }) => id).sort().join('\n')}`;
      const before = stated.get(key);
      const isNewest = before === undefined || time > before.time || (time === before.time && index > before.index);
      if (isNewest && time <= at) stated.set(key, { statement, time, index });
    }
  }
  const ours = [...stated.values()].map(({ statement }) => statement);
  const waivers = (await waiversOf(ports, subject, at)).filter(({ vulnerabilities }) =>
    !ours.some(({ vulnerability, aliases }) => [vulnerability, ...aliases].some((id) => vulnerabilities.includes(id))));
  const statements = [...ours, ...waivers.flatMap((waiver) => acceptedRisk(waiver, subject))];
  if (statements.length === 0) {
    throw new LedgerError('EVIDENCE_INVALID', `Cannot export VEX: nothing of ours is on record about ${formatDigest(subject)}`, {
      hint: 'state something with "stella vex set"',
    });
  }
  const { origin } = (await ports.log.readControl()).genesis;
  const document = VEX_WRITERS[format](statements, aboutOf(origin, { by: { kind: 'ledger', auth: 'self' } }, at, random));
  return { document, statements, unreadable, waivers };
}

type Stated = { readonly index: number; readonly event: Event & { readonly type: 'vex.stated' } };

/** Our own statements about an artifact, oldest first, without what was superseded. */
async function ownVex(log: ExportPorts['log'], subject: Digest<'sha256'>): Promise<Stated[]> {
  const found: Stated[] = [];
  const superseded = new Set<number>();
  for await (const { index, event } of log.stream(`artifact:${formatDigest(subject)}`)) {
    if (event.type === 'evidence.superseded') superseded.add(event.data.entry);
    // More subjects than one event has room for follow in linked ones.
    const at = event.type === 'vex.linked' ? index - event.data.back : index;
    const main = event.type === 'vex.linked' ? decodeEvent(await log.entry(at)) : event;
    if (main.type === 'vex.stated' && main.data.authored !== undefined && !superseded.has(at)) found.unshift({ index: at, event: main });
  }
  return found;
}

async function documentOf(ports: ExportPorts, index: number, event: Event): Promise<Uint8Array | null> {
  const { digest, commitment } = event.payloads?.find(({ role }) => role === 'document') ?? {};
  if (commitment !== undefined) return openRecorded(ports, event, index, commitment[1]);
  return digest === undefined ? null : readPayload(ports.payloads, digest[1]);
}

async function waiversOf(ports: ExportPorts, subject: Digest<'sha256'>, at: number): Promise<Waiver[]> {
  const hex = formatHex(subject[1]);
  const all = [...(await ports.documents.all('waiver')).values()].flatMap(({ waivers }) => waivers);
  const about = all.filter(({ subjects }) => subjects === undefined || subjects.some((one) => formatHex(one) === hex));
  return activeWaivers([{ waivers: about }], at, await proveActs(ports, about));
}

/** An accepted risk is a risk still: `affected`, with what is done about it. */
function acceptedRisk({ id, vulnerabilities, components = [], expires, responses }: Waiver, subject: Digest<'sha256'>): VexStatement[] {
  const action = `risk accepted until ${new Date(expires).toISOString()} (waiver ${id}): ${responses.join(', ').replaceAll('_', ' ')}`;
  // Where only some versions are meant, no format says so of a part: what the waiver is about in full is what is said.
  const parts = components.filter(({ versions }) => versions === undefined).map(({ purl }) => packageOf(purl));
  return vulnerabilities.map((vulnerability) => ({
    vulnerability, aliases: vulnerabilities.filter((other) => other !== vulnerability), status: 'affected', justification: null,
    words: { status: 'affected', justification: null }, product: productOf(subject), parts, stated: null, impact: null, action, notes: null,
  }));
}
