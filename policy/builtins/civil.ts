// Dates of the proleptic Gregorian calendar, by nanoseconds since 1970; no Date, no zone but a fixed offset.

export interface Civil {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
}

export interface Moment {
  /** Nanoseconds since 1970, UTC. */
  readonly at: bigint;
  /** Seconds east of Greenwich. */
  readonly offset: number;
  /** The zone's name, as Go's `MST` shows it. */
  readonly zone: string;
}

const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;

export const floorDiv = (a: number, b: number): number => Math.floor(a / b);

/** Days since 1970 of a date whose month and day may be out of their ranges. */
export function daysOf(year: number, month: number, day: number): number {
  const y = year + floorDiv(month - 1, 12);
  const m = month - 1 - 12 * floorDiv(month - 1, 12);
  // Years begin in March here, so that a leap day is a year's last.
  const shifted = m < 2 ? y - 1 : y;
  const dayOfYear = floorDiv(153 * (m < 2 ? m + 10 : m - 2) + 2, 5);
  return 365 * shifted + floorDiv(shifted, 4) - floorDiv(shifted, 100) + floorDiv(shifted, 400) + dayOfYear + day - 1 - 719_468;
}

function dateOf(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = floorDiv(z, 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = floorDiv(dayOfEra - floorDiv(dayOfEra, 1460) + floorDiv(dayOfEra, 36_524) - floorDiv(dayOfEra, 146_096), 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + floorDiv(yearOfEra, 4) - floorDiv(yearOfEra, 100));
  const m = floorDiv(5 * dayOfYear + 2, 153);
  const month = m < 10 ? m + 3 : m - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - floorDiv(153 * m + 2, 5) + 1 };
}

/** What a clock on the wall shows. */
export function civilOf({ at, offset }: Moment): Civil {
  const local = at + BigInt(offset) * SECOND;
  const rest = ((local % DAY) + DAY) % DAY;
  const seconds = Number(rest / SECOND);
  return {
    ...dateOf(Number((local - rest) / DAY)),
    hour: floorDiv(seconds, 3600),
    minute: floorDiv(seconds, 60) % 60,
    second: seconds % 60,
    nanosecond: Number(rest % SECOND),
  };
}

/** The moment a clock with that offset shows a time. */
export function atCivil(civil: Civil, offset: number): bigint {
  const seconds = civil.hour * 3600 + civil.minute * 60 + civil.second - offset;
  return BigInt(daysOf(civil.year, civil.month, civil.day)) * DAY + BigInt(seconds) * SECOND + BigInt(civil.nanosecond);
}

/** 0 is Sunday. */
export function weekdayOf(civil: Civil): number {
  const days = daysOf(civil.year, civil.month, civil.day) + 4;
  return days - 7 * floorDiv(days, 7);
}

export function daysIn(year: number, month: number): number {
  return daysOf(year, month + 1, 1) - daysOf(year, month, 1);
}
