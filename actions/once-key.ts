// Idempotency keys as callers give them.
import { LedgerError } from '../ledger/errors.ts';
import { idempotencyKeyOf } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';

/**
 * An idempotency key as it is kept.
 *
 * @throws {LedgerError} INPUT_MALFORMED for a key of nothing: a script's variable that was never set, and every call would repeat the first
 */
export function onceKeyOf(key: string): Uint8Array {
  if (key.trim() === '') throw new LedgerError('INPUT_MALFORMED', 'Cannot use an empty idempotency key', { hint: 'give each request one of its own' });
  return idempotencyKeyOf(sha256, key);
}
