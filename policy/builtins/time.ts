// Time: the recorded clock, dates in UTC and in zones of a fixed offset. Names whose offsets change by a zone database are refused.
import { Num } from '../rego/number.ts';
import { isArray, isNumber, type Value } from '../rego/value.ts';
import { asInteger, asNumber, asString, type Builtin, BuiltinError, OperandError } from './builtin.ts';
import { atCivil, civilOf, type Moment, weekdayOf } from './civil.ts';
import { formatTime, parseTime, WEEKDAYS } from './time-layout.ts';

const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 63n - 1n;

function asNanoseconds(at: bigint): Value {
  if (at < SMALLEST || at > LARGEST) throw new BuiltinError('time outside of valid range');
  return Num.fromBigInt(at);
}

const GREENWICH = new Set(['GMT', 'GMT0', 'GMT+0', 'GMT-0', 'Greenwich', 'Etc/GMT', 'Etc/GMT0', 'Etc/GMT+0', 'Etc/GMT-0', 'Etc/Greenwich']);
const UTC = /^(?:|(?:Etc\/)?(?:UTC|UCT|Universal|Zulu))$/;

function zoneOf(name: string): { offset: number; zone: string } {
  if (UTC.test(name)) return { offset: 0, zone: 'UTC' };
  if (GREENWICH.has(name)) return { offset: 0, zone: 'GMT' };
  // The sign is POSIX's: Etc/GMT-3 is three hours east.
  const fixed = /^Etc\/GMT([-+])([1-9]|1[0-4])$/.exec(name);
  if (fixed === null || (fixed[1] === '+' && Number(fixed[2]) > 12)) throw new BuiltinError(`unknown time zone ${name}`);
  const east = fixed[1] === '-';
  const hours = Number(fixed[2]);
  return { offset: (east ? hours : -hours) * 3600, zone: `${east ? '+' : '-'}${String(hours).padStart(2, '0')}` };
}

function timestampOf(value: Value): bigint {
  const at = Num.toBigInt(asNumber(value, 1));
  if (at === null || at < SMALLEST || at > LARGEST) throw new BuiltinError('timestamp too big');
  return at;
}

/** Of a number, `[number, zone]` or `[number, zone, layout]`. */
function momentOf(value: Value): Moment & { layout: string } {
  if (isNumber(value)) return { at: timestampOf(value), offset: 0, zone: 'UTC', layout: '' };
  if (!isArray(value) || value.length === 0) throw new OperandError(1, 'must be either number (ns) or [number (ns), string (tz)]');
  const zone = zoneOf(value.length > 1 ? asString(value[1] as Value, 1) : '');
  const layout = value.length > 2 ? asString(value[2] as Value, 1) : '';
  return { at: timestampOf(value[0] as Value), ...zone, layout };
}

function addDate(moment: Moment, years: number | bigint, months: number | bigint, days: number | bigint): Value {
  const given = [years, months, days].map(Number);
  // Four hundred thousand years and more are outside whatever the clock says.
  if (given.some((n) => Math.abs(n) > 150_000_000)) throw new BuiltinError('time outside of valid range');
  const civil = civilOf(moment);
  const [y, m, d] = given as [number, number, number];
  return asNanoseconds(atCivil({ ...civil, year: civil.year + y, month: civil.month + m, day: civil.day + d }, moment.offset));
}

/** Years, months, days, hours, minutes and seconds between two moments, in the first one's zone. */
function difference(a: Moment, b: Moment): Value {
  const [first, last] = a.at > b.at ? [b, a] : [a, b];
  const [from, to] = [civilOf({ ...first, offset: a.offset }), civilOf({ ...last, offset: a.offset })];
  let [year, month, day] = [to.year - from.year, to.month - from.month, to.day - from.day];
  let [hour, minute, second] = [to.hour - from.hour, to.minute - from.minute, to.second - from.second];
  if (second < 0) [second, minute] = [second + 60, minute - 1];
  if (minute < 0) [minute, hour] = [minute + 60, hour - 1];
  if (hour < 0) [hour, day] = [hour + 24, day - 1];
  if (day < 0) {
    const overflow = civilOf({ at: atCivil({ ...from, day: 32, hour: 0, minute: 0, second: 0, nanosecond: 0 }, 0), offset: 0, zone: '' });
    [day, month] = [day + 32 - overflow.day, month - 1];
  }
  if (month < 0) [month, year] = [month + 12, year - 1];
  return [year, month, day, hour, minute, second];
}

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['µs', 1000n],
  ['μs', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const HOURS: Readonly<Record<string, number>> = { d: 24, w: 7 * 24, y: 365 * 24 };

/** As Go's `time.ParseDuration`, with days, weeks and years of 365 days. */
function parseDuration(text: string): bigint {
  const invalid = () => new BuiltinError(`time: invalid duration ${JSON.stringify(text)}`);
  if (!/[dwy]/.test(text)) return parseGoDuration(text, text);
  if (!/^[-+]?(?:[0-9.]+(?:ms|us|µs|ns|[a-z]))+$/.test(text)) throw invalid();
  const hours = text.replaceAll(/([0-9.]+)(ms|us|µs|ns|[a-z])/g, (whole, digits: string, unit: string) => {
    const factor = HOURS[unit];
    if (factor === undefined) return whole;
    if (!/^(?:\d+\.?\d*|\.\d+)$/.test(digits)) throw invalid();
    return `${Num.textOf(Num.fromDouble(Number(digits) * factor))}h`;
  });
  return parseGoDuration(hours, text);
}

function parseGoDuration(text: string, shown: string): bigint {
  const quoted = JSON.stringify(shown);
  const invalid = () => new BuiltinError(`time: invalid duration ${quoted}`);
  const negative = text.startsWith('-');
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0n;
  if (rest === '') throw invalid();
  let total = 0n;
  while (rest !== '') {
    const [, number = '', whole = '', fraction = '', unit = ''] = /^((\d*)(?:\.(\d*))?)([^\d.]*)/.exec(rest) ?? [];
    if (number === '' || number === '.') throw invalid();
    if (unit === '') throw new BuiltinError(`time: missing unit in duration ${quoted}`);
    const size = UNITS.get(unit);
    if (size === undefined) throw new BuiltinError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    total += BigInt(whole === '' ? '0' : whole) * size;
    // Go counts a fraction in doubles.
    if (fraction !== '') total += BigInt(Math.floor(Number(fraction) * (Number(size) / Number(`1e${fraction.length}`))));
    if (total > LARGEST + 1n) throw invalid();
    rest = rest.slice(number.length + unit.length);
  }
  if (negative) return -total;
  if (total > LARGEST) throw invalid();
  return total;
}

const moment = 'any<number, array<number, string>>';

export const time: readonly Builtin[] = [
  { name: 'time.now_ns', type: '() => number', mark: 'clock', run: (context) => Num.fromBigInt(context.clock) },
  {
    name: 'time.parse_ns',
    type: '(string, string) => number',
    run: (_, layout: Value, text: Value) => asNanoseconds(parseTime(asString(layout, 1), asString(text, 2))),
  },
  { name: 'time.parse_rfc3339_ns', type: '(string) => number', run: (_, text: Value) => asNanoseconds(parseTime('RFC3339', asString(text, 1))) },
  { name: 'time.parse_duration_ns', type: '(string) => number', run: (_, text: Value) => Num.fromBigInt(parseDuration(asString(text, 1))) },
  {
    name: 'time.format',
    type: '(any<number, array<number, string>, array<number, string, string>>) => string',
    run: (_, given: Value) => {
      const at = momentOf(given);
      return formatTime(at, at.layout === '' ? 'RFC3339Nano' : at.layout);
    },
  },
  {
    name: 'time.date',
    type: `(${moment}) => array<number, number, number>`,
    run: (_, given: Value) => {
      const { year, month, day } = civilOf(momentOf(given));
      return [year, month, day];
    },
  },
  {
    name: 'time.clock',
    type: `(${moment}) => array<number, number, number>`,
    run: (_, given: Value) => {
      const { hour, minute, second } = civilOf(momentOf(given));
      return [hour, minute, second];
    },
  },
  { name: 'time.weekday', type: `(${moment}) => string`, run: (_, given: Value) => WEEKDAYS[weekdayOf(civilOf(momentOf(given)))] as string },
  {
    name: 'time.add_date',
    type: '(number, number, number, number) => number',
    run: (_, at: Value, years: Value, months: Value, days: Value) =>
      addDate(momentOf(at), asInteger(years, 2), asInteger(months, 3), asInteger(days, 4)),
  },
  {
    name: 'time.diff',
    type: `(${moment}, ${moment}) => array<number, number, number, number, number, number>`,
    run: (_, a: Value, b: Value) => difference(momentOf(a), momentOf(b)),
  },
];
