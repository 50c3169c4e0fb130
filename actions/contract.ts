// Contracts: which evidence has to arrive, published under a name and assigned to artifacts.
import { LedgerError } from '../ledger/errors.ts';
import { asSet, prepareDraft, type Actor, type DataOf, type Digest, type Event } from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { readContract, type Contract } from '../projections/contract-document.ts';
import { readPayload } from './sealed-payload.ts';

export interface ContractPorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
}

/** Publishes a contract: from here on it is the one of this name. @throws {LedgerError} as `readContract`; EVENT_INVALID for the name */
export async function publishContract({ log, payloads }: ContractPorts, name: string, bytes: Uint8Array, by: Actor): Promise<Appended> {
  const { contract, canonical, semantics } = readContract(bytes);
  const data = { name, semantics, requirements: contract.requirements.length };
  // Checked before anything is stored; the digest is that of the bytes, wherever they lie.
  const payload = { role: 'contract', size: canonical.length, media: 'application/json', digest: ['sha256', sha256(canonical)] } as const;
  const draft = prepareDraft({ type: 'contract.published', by, data, payloads: [payload] }, sha256);
  await payloads.put([canonical], canonical.length);
  return log.appendOne({ drafts: [draft] });
}

/** Artifacts have to meet a contract from here on. @throws {LedgerError} CONTRACT_UNKNOWN */
export async function assignContract({ log }: Pick<ContractPorts, 'log'>, name: string, subjects: readonly Digest<'sha256'>[], by: Actor): Promise<Appended> {
  await expectPublished(log, name);
  return log.appendOne({ drafts: [prepareDraft({ type: 'contract.assigned', by, data: { name, subjects: asSet(subjects) } }, sha256)] });
}

/** They have not to any more. @throws {LedgerError} CONTRACT_UNKNOWN */
export async function unassignContract(
  { log }: Pick<ContractPorts, 'log'>, name: string, subjects: readonly Digest<'sha256'>[], reason: DataOf<'contract.unassigned'>['reason'], by: Actor,
): Promise<Appended> {
  await expectPublished(log, name);
  return log.appendOne({ drafts: [prepareDraft({ type: 'contract.unassigned', by, data: { name, subjects: asSet(subjects), reason } }, sha256)] });
}

async function expectPublished(log: Pick<LogView, 'stream'>, name: string): Promise<void> {
  await findContract(log, name);
}

/** The newest contract of a name. @throws {LedgerError} CONTRACT_UNKNOWN */
export async function findContract(
  log: Pick<LogView, 'stream'>, name: string,
): Promise<{ readonly index: number; readonly event: Event & { readonly type: 'contract.published' } }> {
  for await (const { index, event } of log.stream(`contract:${name}`)) if (event.type === 'contract.published') return { index, event };
  throw new LedgerError('CONTRACT_UNKNOWN', `Cannot find contract "${name}": nothing was published under this name`, {
    hint: `publish it with "stella contract publish ${name} FILE"`,
  });
}

/** Reads the contract that an event published. @throws {LedgerError} PAYLOAD_MISSING, PAYLOAD_CORRUPT, CONTRACT_INVALID */
export async function openContract(payloads: PayloadStore, event: Event & { readonly type: 'contract.published' }): Promise<Contract> {
  const digest = event.payloads?.find(({ role }) => role === 'contract')?.digest as Digest;
  return readContract(await readPayload(payloads, digest[1]), event.data.semantics).contract;
}
