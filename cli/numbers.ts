// Numbers in arguments: decimal, without sign, zeros in front or anything else around them.
import { clip } from '../ledger/errors.ts';
import { UsageError } from './command.ts';

/** @param what - "an index", "a port" */
export function parseCount(text: string, what: string): number {
  const number = Number(text);
  if (!/^(?:0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(number)) throw new UsageError(`"${clip(text)}" is not ${what}`);
  return number;
}
