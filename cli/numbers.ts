// Numbers in arguments: decimal, without sign, zeros in front or anything else around them.
import { clip } from '../ledger/errors.ts';
import { UsageError } from './command.ts';

/** How many to show at most. @param what - "a number of events" */
export function parseLimit(text: string, what: string): number {
  return parseCount(text, what, 1);
}

/** @param what - "an index", "a port" @param least - the smallest that will do @param most - the greatest */
export function parseCount(text: string, what: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (/^(?:0|[1-9][0-9]*)$/.test(text) && number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least} on` : `${least} to ${most}`;
  throw new UsageError(`"${clip(text)}" is not ${what}: give ${range}`);
}
