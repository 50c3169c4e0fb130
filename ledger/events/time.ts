// Times in entries: milliseconds since 1970, within the years that a text form can show.
import { integer } from './schema.ts';

/** Until the end of the year 9999. */
export const timeMsMax = 253_402_300_799_999;

/** A time the ledger states itself, in milliseconds since 1970. */
export const timeMs = integer(0, timeMsMax);

/** A time a stranger states, in milliseconds since 1970: from the year 1 on. */
export const claimedMs = integer(-62_135_596_800_000, timeMsMax);
