// Begin a ledger: entry 0 says what it is called, which entries it takes, and which key signs.
import { formatHex } from '../ledger/bytes.ts';
import type { DataOf } from '../ledger/events/index.ts';
import { keyRecordOf } from '../ledger/log/control.ts';
import { createLog, type Log, type LogPorts } from '../ledger/log/log.ts';
import type { NoteKey } from '../ledger/note/index.ts';

export interface LedgerIdentity {
  /** 16 random bytes. */
  readonly ledger: Uint8Array;
  /** A bare lower-case host name: it can never change later. */
  readonly origin: string;
  readonly kinds: DataOf<'ledger.created'>['kinds'];
  /** The P-256 key for Rekor v1's clients, where `kinds` has `rekor`. */
  readonly rekorKey?: NoteKey;
  /** The last head of a log that ended, which this one follows. */
  readonly predecessor?: NonNullable<DataOf<'ledger.created'>['predecessor']>;
}

/** The origin of a local ledger that nobody named: it can meet no other, and resolves nowhere (RFC 6761). */
export function unnamedOrigin(ledger: Uint8Array): string {
  return `${formatHex(ledger)}.ledger.invalid`;
}

/**
 * @throws {LedgerError} EVENT_INVALID when the origin is no host name; ANCHOR_TAKEN where a ledger is already
 */
export function initLedger(ports: LogPorts, { ledger, origin, kinds, predecessor, rekorKey }: LedgerIdentity): Promise<Log> {
  const treeId = ports.random(8);
  // Rekor's tree ids are positive 64-bit integers.
  treeId[0] = (treeId[0] as number) & 0x7f;
  const keys = [keyRecordOf(ports.signer), ...(rekorKey === undefined ? [] : [keyRecordOf({ key: rekorKey })])];
  const data = { format: 1, ledger, origin, hash: 'sha256' as const, kinds, treeId, keys };
  return createLog(ports, { type: 'ledger.created', by: { kind: 'ledger', auth: 'self' }, data: predecessor === undefined ? data : { ...data, predecessor } });
}
