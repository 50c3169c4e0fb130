// Receipts from a ledger on this machine.
import type { LogView } from '../ledger/log/view.ts';
import { formatReceipt, type Receipt } from '../verify/index.ts';

/** @param index - zero-based @throws {LedgerError} ENTRY_MISSING */
export async function receiptOf(log: Pick<LogView, 'entry' | 'proveInclusion' | 'published'>, index: number): Promise<Receipt> {
  const { size, note } = log.published;
  return { entry: await log.entry(index), index, size, proof: await log.proveInclusion(index, size), checkpoint: note };
}

/** The same as a JSON value. */
export async function receiptJson(log: Pick<LogView, 'entry' | 'proveInclusion' | 'published'>, index: number): Promise<unknown> {
  return JSON.parse(formatReceipt(await receiptOf(log, index)));
}
