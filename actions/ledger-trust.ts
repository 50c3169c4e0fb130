// Whom a ledger trusts: the `trust` stream folded, its sealed identities opened, ready for the verifier.
import { decodeUtf8, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { DataOf, Event } from '../ledger/events/index.ts';
import { isJsonObject, parseJson } from '../ledger/json.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import { formatBase64 } from '../ledger/bytes.ts';
import { readTrust, type Trust, type TrustEntry } from '../verify/sigstore/index.ts';
import { openSealed, readPayload } from './sealed-payload.ts';

type Added = DataOf<'trust.added'>;

/** One `trust.added`, and what became of it. */
export interface TrustRecord {
  /** Index of the entry: what `trust.removed` names. */
  readonly entry: number;
  /** When it was recorded, milliseconds since 1970. */
  readonly at: number;
  readonly data: Added;
  readonly removed: { readonly entry: number; readonly reason: DataOf<'trust.removed'>['reason'] } | null;
  /** For the verifier; null when removed, or when what it needs was erased. */
  readonly is: TrustEntry | null;
}

export interface LedgerTrust {
  /** Oldest first, removed ones too. */
  readonly records: readonly TrustRecord[];
  readonly trust: Trust;
  /** The same trust with each of its roots alone, by the root's digest: to tell under which one something holds. */
  readonly byRoot: readonly { readonly digest: Uint8Array; readonly trust: Trust }[];
}

/** What trust is read from. */
export interface TrustPorts {
  readonly log: Pick<LogView, 'stream'>;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
}

/**
 * Folds the `trust` stream at the log's published size.
 *
 * @throws {LedgerError} PAYLOAD_MISSING, PAYLOAD_CORRUPT for a trusted root that is not what its entry names: trust without one
 *   of its parts is another trust; EVENT_UNKNOWN for an event of a later time
 */
export async function readLedgerTrust({ log, payloads, secrets }: TrustPorts): Promise<LedgerTrust> {
  const events: { index: number; event: Event }[] = [];
  for await (const one of log.stream('trust')) events.unshift(one);
  const removals = new Map(events.flatMap(({ index, event }) =>
    (event.type === 'trust.removed' ? [[event.data.entry, { entry: index, reason: event.data.reason }] as const] : [])));
  const erased = new Set(events.flatMap(({ event }) => (event.type === 'payload.erased' ? [event.data.entry] : [])));
  const records: TrustRecord[] = [];
  for (const { index, event } of events) {
    if (event.type !== 'trust.added') continue;
    const removed = removals.get(index) ?? null;
    // What was erased stays erased, also where a backup has brought its secret back.
    const is = removed === null && !erased.has(index) ? await entryOf(event, payloads, secrets) : null;
    records.push({ entry: index, at: event.at, data: event.data, removed, is });
  }
  const entries = records.flatMap(({ is }) => (is === null ? [] : [is]));
  const plain = entries.filter(({ kind }) => kind !== 'root');
  const rooted = records.flatMap(({ data, is }) => (is?.kind === 'root' && data.root !== undefined ? [{ digest: data.root[1], is }] : []));
  return { records, trust: readTrust(entries), byRoot: rooted.map(({ digest, is }) => ({ digest, trust: readTrust([...plain, is]) })) };
}

/** The trust that entry `index` added and that still counts. @throws {LedgerError} TRUST_UNKNOWN */
export function findTrust({ records }: LedgerTrust, index: number): TrustRecord {
  const found = records.find(({ entry }) => entry === index);
  if (found === undefined) {
    throw new LedgerError('TRUST_UNKNOWN', `Cannot remove trust: entry ${index} adds none`, { hint: '"stella trust list" names the entries' });
  }
  if (found.removed !== null) throw new LedgerError('TRUST_UNKNOWN', `Cannot remove trust: entry ${found.removed.entry} removed it before`);
  return found;
}

async function entryOf(event: Event & { type: 'trust.added' }, payloads: PayloadStore, secrets: SecretStore): Promise<TrustEntry | null> {
  const { key, root, from, to } = event.data;
  const interval = { ...(from === undefined ? {} : { validFrom: from }), ...(to === undefined ? {} : { validTo: to }) };
  if (key !== undefined) return { kind: 'key', publicKey: formatBase64(key.public), ...interval };
  if (root !== undefined) return { kind: 'root', trustedRoot: decodeUtf8(await readPayload(payloads, root[1])) };
  const commitment = event.payloads?.find(({ role }) => role === 'identity')?.commitment?.[1];
  const opened = commitment === undefined ? null : await openSealed({ payloads, secrets }, commitment);
  if (opened === null) return null;
  const said = parseJson(opened);
  const { issuer, subject } = isJsonObject(said) ? said : {};
  if (typeof issuer !== 'string' || typeof subject !== 'string') {
    throw new LedgerError('PAYLOAD_CORRUPT', `Cannot read identity: the payload ${formatHex(commitment as Uint8Array).slice(0, 16)}… holds none`);
  }
  return { kind: 'identity', issuer, subject, ...interval };
}
