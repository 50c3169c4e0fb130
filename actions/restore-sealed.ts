// After entries came back from a copy: what stands beside the log for sealed payloads, brought back as far as the log still allows it.
import { formatHex } from '../ledger/bytes.ts';
import {
  decodeEnvelope, EVENTS, kindOf, readEvent, sealedEvidenceOf, sealedKeyOf, type Event, type SealedEvidence,
} from '../ledger/events/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SealedMark, Store } from '../ledger/store/port.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import { dropSealed, openSealed } from './sealed-payload.ts';

export interface RestorePorts {
  readonly log: LogView;
  readonly store: Pick<Store, 'saveMarks'>;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
  /** The ledger's secret, 32 bytes; null where it is lost: then nothing sealed is recognised any more. */
  readonly pepper: Uint8Array | null;
}

/** Where to take from; payloads themselves were copied before. */
export interface SealedCopy {
  readonly payloads: Pick<PayloadStore, 'findSealed'> | null;
  readonly secrets: Pick<SecretStore, 'get'> | null;
}

export interface RestoredSealed {
  /** Sealed payloads that are found again. */
  readonly named: number;
  /** Secrets taken from the copy. */
  readonly secrets: number;
  /** Secrets that the copy has, or that were here, of payloads that the log says are erased: none of them is here now. */
  readonly erased: number;
  /** Sealed evidence that is recognised again when it is sent again. */
  readonly marks: number;
}

/**
 * Restores links, secrets and marks of sealed payloads.
 *
 * The log has the last word: what it says is erased does not come back from any backup.
 */
export async function restoreSealed({ log, store, payloads, secrets, pepper }: RestorePorts, copy: SealedCopy): Promise<RestoredSealed> {
  const { sealed, erased } = await readSealed(log);
  const restored = { named: 0, secrets: 0, erased: 0, marks: 0 };
  const marks: SealedMark[] = [];
  for (const [name, { commitment, evidence }] of sealed) {
    if (erased.has(name)) {
      const wasHere = await dropSealed({ payloads, secrets }, commitment);
      if (wasHere || (await copy.secrets?.get(commitment)) instanceof Uint8Array) restored.erased += 1;
      continue;
    }
    const digest = (await payloads.findSealed(commitment)) === null ? await copy.payloads?.findSealed(commitment) : null;
    if (digest instanceof Uint8Array && (await payloads.has(digest))) {
      await payloads.nameSealed(commitment, digest);
      restored.named += 1;
    }
    const secret = (await secrets.get(commitment)) === null ? await copy.secrets?.get(commitment) : null;
    if (secret instanceof Uint8Array) {
      await secrets.put(commitment, secret);
      restored.secrets += 1;
    }
    if (pepper === null || evidence.length === 0) continue;
    const plaintext = await openUnlessDamaged({ payloads, secrets }, commitment);
    if (plaintext === null) continue;
    for (const { entry, type, subjects, role } of evidence) {
      const key = sealedKeyOf(sha256, pepper, type, subjects, role, ['sha256', sha256(plaintext)]);
      marks.push({ key, entry, commitment });
    }
  }
  await store.saveMarks(marks);
  return { ...restored, marks: marks.length };
}

/** Secrets that are here though the log says that their payloads are erased: a whole folder was restored. */
export async function secretsBack(
  log: Pick<LogView, 'readControl' | 'entries'>, secrets: Pick<SecretStore, 'get'>,
): Promise<{ entry: number; commitment: Uint8Array }[]> {
  const { genesis } = await log.readControl();
  const back: { entry: number; commitment: Uint8Array }[] = [];
  if (genesis.kinds.includes('raw')) return back;
  for await (const entry of log.entries()) {
    const envelope = kindOf(entry) === 'event' ? decodeEnvelope(entry) : null;
    if (envelope?.type !== 'payload.erased') continue;
    const { data } = readEvent(envelope) as Event<'payload.erased'>;
    if ((await secrets.get(data.commitment[1])) !== null) back.push({ entry: data.entry, commitment: data.commitment[1] });
  }
  return back;
}

interface Sealed {
  readonly commitment: Uint8Array;
  /** The events that record it as evidence. */
  readonly evidence: (SealedEvidence & { readonly entry: number; readonly type: string })[];
}

/** Every sealed payload that an entry names, and those that one says are erased, by the hexadecimal of their commitments. */
async function readSealed(log: LogView): Promise<{ sealed: Map<string, Sealed>; erased: Set<string> }> {
  const sealed = new Map<string, Sealed>();
  const erased = new Set<string>();
  const { genesis } = await log.readControl();
  if (genesis.kinds.includes('raw')) return { sealed, erased };
  let index = -1;
  for await (const entry of log.entries()) {
    index += 1;
    if (kindOf(entry) !== 'event') continue;
    // An event of a later time has payloads all the same, and is recognised by a later program.
    const envelope = decodeEnvelope(entry);
    const isKnown = Object.hasOwn(EVENTS, envelope.type);
    if (envelope.type === 'payload.erased') erased.add(formatHex((readEvent(envelope) as Event<'payload.erased'>).data.commitment[1]));
    const evidence = isKnown ? sealedEvidenceOf(envelope) : null;
    for (const { commitment } of envelope.payloads ?? []) {
      if (commitment === undefined) continue;
      const name = formatHex(commitment[1]);
      const one = sealed.get(name) ?? { commitment: commitment[1], evidence: [] };
      if (evidence !== null && formatHex(evidence.commitment) === name) one.evidence.push({ ...evidence, entry: index, type: envelope.type });
      sealed.set(name, one);
    }
  }
  return { sealed, erased };
}

/** A payload that cannot be read is not recognised; `fsck` says what is wrong with it. */
async function openUnlessDamaged(ports: Parameters<typeof openSealed>[0], commitment: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await openSealed(ports, commitment);
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
