// Statements of acts as they are stored, and what those on record are worth.
import { encodeUtf8, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, type PayloadReference } from '../ledger/events/index.ts';
import type { JcsValue } from '../ledger/jcs.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { holdingActs } from '../policy/gate/act-statement.ts';
import { actsOf, type ActProof } from '../projections/active-waivers.ts';
import type { DocumentReader } from '../projections/reader.ts';
import type { Waiver } from '../projections/waiver.ts';
import { signJson } from '../verify/sigstore/index.ts';
import type { Acting } from './person.ts';
import { readPayload } from './sealed-payload.ts';

/** Signs a statement and stores the envelope. @returns its reference */
export async function storeStatement(payloads: PayloadStore, statement: JcsValue, { author }: Acting): Promise<PayloadReference> {
  const bytes = encodeUtf8(JSON.stringify(await signJson(statement, [author])));
  const { digest, size } = await payloads.put([bytes], bytes.length);
  return { role: 'statement', size, media: 'application/vnd.dsse.envelope.v1+json', digest: ['sha256', digest] };
}

export interface ProofPorts {
  readonly log: Pick<LogView, 'entry' | 'readControl'>;
  readonly payloads: PayloadStore;
  /** At the size that is asked about. */
  readonly documents: Pick<DocumentReader, 'documents'>;
}

/** What waivers are judged with beside their documents: the keys of all acts on them, and whether each act's signature holds. */
export async function proveActs({ log, payloads, documents }: ProofPorts, waivers: readonly Waiver[]): Promise<ActProof> {
  const acts = waivers.flatMap(actsOf);
  const keys = await documents.documents('key', [...new Set(acts.map(({ key }) => `key:${formatHex(key)}`))]);
  const keyOf: ActProof['keyOf'] = (id) => keys.get(`key:${formatHex(id)}`) ?? null;
  const { origin } = (await log.readControl()).genesis;
  const holding = await holdingActs(acts, origin, {
    spki: (key) => keyOf(key)?.record?.public,
    statement: (digest) => statementAt(payloads, digest),
    event: async (entry) => decodeEvent(await log.entry(entry)),
  });
  return { keyOf, holds: ({ entry }) => holding.has(entry) };
}

/** A statement's bytes; null where they are not here, or are other ones. */
async function statementAt(payloads: PayloadStore, digest: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await readPayload(payloads, digest);
  } catch (error) {
    if (error instanceof LedgerError && error.code.startsWith('PAYLOAD_')) return null;
    throw error;
  }
}
