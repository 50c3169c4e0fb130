// How a refusal looks in a test: its code and position, so that a table can expect both.
import { LedgerError } from '../../ledger/errors.ts';

/** The code and position of the refusal, or what was returned instead. */
export function refusal(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return error.position === null ? error.code : `${error.code} at ${error.position}`;
  }
}
