// Contracts: which evidence has to arrive, published under a name and assigned to artifacts.
import { LedgerError } from '../ledger/errors.ts';
import { asSet, formatDigest, prepareDraft, type Actor, type DataOf, type Digest, type Event } from '../ledger/events/index.ts';
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

/** They have not to any more. @throws {LedgerError} CONTRACT_UNKNOWN, also where it does not bind one of them; VERSION_CONFLICT */
export async function unassignContract(
  { log }: Pick<ContractPorts, 'log'>, name: string, subjects: readonly Digest<'sha256'>[], reason: DataOf<'contract.unassigned'>['reason'], by: Actor,
): Promise<Appended> {
  const stream = `contract:${name}`;
  const version = (await log.head(stream))?.version ?? 0;
  await expectPublished(log, name);
  const bound = await boundBy(log, stream);
  const loose = subjects.find((subject) => !bound.has(formatDigest(subject)));
  if (loose !== undefined) {
    throw new LedgerError('CONTRACT_UNKNOWN', `Cannot end the contract "${name}" for ${formatDigest(loose)}: it does not bind it`, {
      hint: '"stella show" of an artifact names the contracts that it has to meet',
    });
  }
  const draft = prepareDraft({ type: 'contract.unassigned', by, data: { name, subjects: asSet(subjects), reason } }, sha256);
  return log.appendOne({ drafts: [draft], expected: [{ stream, version }] });
}

/** The artifacts that a contract binds now. */
async function boundBy(log: Pick<LogView, 'stream'>, stream: string): Promise<ReadonlySet<string>> {
  const newest = new Map<string, boolean>();
  for await (const { event } of log.stream(stream)) {
    if (event.type !== 'contract.assigned' && event.type !== 'contract.unassigned') continue;
    for (const subject of event.data.subjects.map(formatDigest)) if (!newest.has(subject)) newest.set(subject, event.type === 'contract.assigned');
  }
  return new Set([...newest].flatMap(([subject, binds]) => (binds ? [subject] : [])));
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
