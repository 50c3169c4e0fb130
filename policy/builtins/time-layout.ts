// Go's time layouts: a reference time's own spelling says how a time is written ("Mon Jan 2 15:04:05 -0700 MST 2006").
import { BuiltinError } from './builtin.ts';
import { atCivil, type Civil, civilOf, daysIn, daysOf, floorDiv, type Moment, weekdayOf } from './civil.ts';

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const ELEMENT = new RegExp(
  [
    'January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm',
    '[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?!\\d)',
  ].join('|'),
  'g',
);

/** Names OPA gives to layouts. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UnixDate', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['RFC3339', '2006-01-02T15:04:05Z07:00'],
  ['RFC3339Nano', '2006-01-02T15:04:05.999999999Z07:00'],
]);

const layoutOf = (layout: string) => NAMED.get(layout) ?? layout;
const pad = (n: number, width: number, filler = '0') => String(n).padStart(width, filler);

export function formatTime(moment: Moment, layout: string): string {
  const civil = civilOf(moment);
  return layoutOf(layout).replaceAll(ELEMENT, (element) => formatElement(element, civil, moment));
}

function formatElement(element: string, civil: Civil, moment: Moment): string {
  const { year, month, day, hour, minute, second } = civil;
  const dayOfYear = () => daysOf(year, month, day) - daysOf(year, 1, 1) + 1;
  const month0 = MONTHS[month - 1] as string;
  const weekday = WEEKDAYS[weekdayOf(civil)] as string;
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  switch (element) {
    case 'January': return month0;
    case 'Jan': return month0.slice(0, 3);
    case 'Monday': return weekday;
    case 'Mon': return weekday.slice(0, 3);
    case 'MST': return moment.zone;
    case '2006': return year < 0 ? `-${pad(-year, 4)}` : pad(year, 4);
    case '06': return pad(((year % 100) + 100) % 100, 2);
    case '1': return String(month);
    case '01': return pad(month, 2);
    case '2': return String(day);
    case '_2': return pad(day, 2, ' ');
    case '02': return pad(day, 2);
    case '__2': return pad(dayOfYear(), 3, ' ');
    case '002': return pad(dayOfYear(), 3);
    case '15': return pad(hour, 2);
    case '3': return String(hour12);
    case '03': return pad(hour12, 2);
    case '4': return String(minute);
    case '04': return pad(minute, 2);
    case '5': return String(second);
    case '05': return pad(second, 2);
    case 'PM': return hour >= 12 ? 'PM' : 'AM';
    case 'pm': return hour >= 12 ? 'pm' : 'am';
    default: return /^[.,]/.test(element) ? formatFraction(element, civil.nanosecond) : formatOffset(element, moment.offset);
  }
}

function formatFraction(element: string, nanosecond: number): string {
  const digits = pad(nanosecond, 9).padEnd(element.length - 1, '0').slice(0, element.length - 1);
  if (element[1] === '0') return element[0] + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : element[0] + short;
}

function formatOffset(element: string, offset: number): string {
  if (element.startsWith('Z') && offset === 0) return 'Z';
  const absolute = Math.abs(offset);
  const parts = [floorDiv(absolute, 3600), floorDiv(absolute, 60) % 60, absolute % 60].map((part) => pad(part, 2));
  const digits = element.replaceAll(/\D/g, '').length;
  return (offset < 0 ? '-' : '+') + parts.slice(0, digits / 2).join(element.includes(':') ? ':' : '');
}

const quote = (text: string) => JSON.stringify(text);

/**
 * Nanoseconds since 1970 of a time written in a layout, as Go's `time.Parse` reads it.
 *
 * @throws {BuiltinError}
 */
export function parseTime(named: string, text: string): bigint {
  const layout = layoutOf(named);
  const reader = new TimeReader(layout, text);
  let from = 0;
  const elements = [...layout.matchAll(ELEMENT)];
  for (const [i, found] of elements.entries()) {
    reader.literal(layout.slice(from, found.index));
    reader.element(found[0], elements[i + 1]?.[0] ?? '');
    from = found.index + found[0].length;
  }
  reader.literal(layout.slice(from));
  return reader.end();
}

class TimeReader {
  readonly #layout: string;
  readonly #text: string;
  #rest: string;
  #year = 0;
  #month = 0;
  #day = 0;
  #dayOfYear = 0;
  #hour = 0;
  #minute = 0;
  #second = 0;
  #nanosecond = 0;
  #half = '';
  #offset = 0;

  constructor(layout: string, text: string) {
    this.#layout = layout;
    this.#text = text;
    this.#rest = text;
  }

  #fail(element: string, rest = this.#rest): never {
    const [text, layout] = [quote(this.#text), quote(this.#layout)];
    throw new BuiltinError(`parsing time ${text} as ${layout}: cannot parse ${quote(rest)} as ${quote(element)}`);
  }

  #outOfRange(what: string): never {
    throw new BuiltinError(`parsing time ${quote(this.#text)}: ${what} out of range`);
  }

  /** A run of spaces stands for any number of them. */
  literal(prefix: string): void {
    const start = this.#rest;
    let left = prefix;
    while (left !== '') {
      if (left.startsWith(' ')) {
        if (this.#rest !== '' && !this.#rest.startsWith(' ')) this.#fail(prefix, start);
        left = left.replace(/^ +/, '');
        this.#rest = this.#rest.replace(/^ +/, '');
      } else {
        if (this.#rest === '' || this.#rest[0] !== left[0]) this.#fail(prefix, start);
        left = left.slice(1);
        this.#rest = this.#rest.slice(1);
      }
    }
  }

  #take(pattern: RegExp, element: string): string {
    const found = pattern.exec(this.#rest)?.[0];
    if (found === undefined) this.#fail(element);
    this.#rest = this.#rest.slice(found.length);
    return found;
  }

  #number(element: string, least: number, most: number, what: string): number {
    const value = Number(this.#take(element.startsWith('0') ? /^\d\d/ : /^\d\d?/, element));
    if (value < least || value > most) this.#outOfRange(what);
    return value;
  }

  #named(names: readonly string[], element: string): number {
    const lower = this.#rest.toLowerCase();
    const at = names.findIndex((name) => lower.startsWith(name.toLowerCase()));
    if (at < 0) this.#fail(element);
    this.#rest = this.#rest.slice((names[at] as string).length);
    return at;
  }

  element(element: string, next: string): void {
    const short = (names: readonly string[]) => names.map((name) => name.slice(0, 3));
    if (/^[.,]/.test(element)) return this.#fraction(element);
    if (/^[-Z]/.test(element)) return this.#zone(element);
    switch (element) {
      case '2006': this.#year = Number(this.#take(/^\d{4}/, element)); break;
      case '06': this.#year = Number(this.#take(/^\d\d/, element)); this.#year += this.#year >= 69 ? 1900 : 2000; break;
      case 'January': this.#month = this.#named(MONTHS, element) + 1; break;
      case 'Jan': this.#month = this.#named(short(MONTHS), element) + 1; break;
      case '1': case '01': this.#month = this.#number(element, 1, 12, 'month'); break;
      case 'Monday': this.#named(WEEKDAYS, element); break;
      case 'Mon': this.#named(short(WEEKDAYS), element); break;
      case '_2': this.#rest = this.#rest.replace(/^ /, ''); this.#day = this.#number('2', 0, 99, 'day'); break;
      case '2': case '02': this.#day = this.#number(element, 0, 99, 'day'); break;
      case '__2': this.#dayOfYear = Number(this.#take(/^(?=.{3})(?: {0,2}\d+)(?<=^.{3})/, element)); break;
      case '002': this.#dayOfYear = Number(this.#take(/^\d{3}/, element)); break;
      case '15': this.#hour = this.#number(element, 0, 23, 'hour'); break;
      case '3': case '03': this.#hour = this.#number(element, 0, 12, 'hour'); break;
      case '4': case '04': this.#minute = this.#number(element, 0, 59, 'minute'); break;
      case '5': case '05': this.#second = this.#number(element, 0, 59, 'second'); this.#impliedFraction(next); break;
      case 'PM': this.#half = this.#take(/^[AP]M/, element); break;
      case 'pm': this.#half = this.#take(/^[ap]m/, element).toUpperCase(); break;
      default: this.#abbreviation(element);
    }
  }

  /** A fraction may follow the seconds though the layout names none. */
  #impliedFraction(next: string): void {
    if (/^[.,]\d/.test(this.#rest) && !/^[.,]/.test(next)) this.#nanosecond = nanosecondsOf(this.#take(/^[.,]\d+/, next));
  }

  #fraction(element: string): void {
    if (element[1] === '9' && !/^[.,]\d/.test(this.#rest)) return;
    const wanted = element[1] === '9' ? /^[.,]\d+/ : new RegExp(`^[.,]\\d{${element.length - 1}}`);
    this.#nanosecond = nanosecondsOf(this.#take(wanted, element));
  }

  #zone(element: string): void {
    if (element.startsWith('Z') && this.#rest.startsWith('Z')) {
      this.#rest = this.#rest.slice(1);
      return;
    }
    const colon = element.includes(':') ? ':' : '';
    const parts = element.replaceAll(/\D/g, '').length / 2;
    const text = this.#take(new RegExp(`^[-+]\\d\\d${`${colon}\\d\\d`.repeat(parts - 1)}`), element);
    const [hours, minutes, seconds] = (text.replaceAll(':', '').slice(1).match(/\d\d/g) ?? []).map(Number);
    if ((hours ?? 0) > 24) this.#outOfRange('time zone offset hour');
    if ((minutes ?? 0) > 60) this.#outOfRange('time zone offset minute');
    if ((seconds ?? 0) > 60) this.#outOfRange('time zone offset second');
    const offset = (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
    this.#offset = text.startsWith('-') ? -offset : offset;
  }

  /** A zone's abbreviation says nothing of its offset, except `GMT` with a number. */
  #abbreviation(element: string): void {
    const name = this.#take(/^(?:UTC|ChST|MeST|GMT(?:[-+]\d{1,2})?|WITA|[A-Z]{3}(?![A-Z])|[A-Z]{3}T(?![A-Z])|[A-Z]{4}T(?![A-Z])|[-+]\d\d)/, element);
    if (/^GMT[-+]/.test(name)) this.#offset = Number(name.slice(3)) * 3600;
  }

  end(): bigint {
    if (this.#rest !== '') throw new BuiltinError(`parsing time ${quote(this.#text)}: extra text: ${quote(this.#rest)}`);
    if (this.#half === 'PM' && this.#hour < 12) this.#hour += 12;
    else if (this.#half === 'AM' && this.#hour === 12) this.#hour = 0;
    if (this.#dayOfYear > 0) this.#fromDayOfYear();
    const [month, day] = [this.#month || 1, this.#day || 1];
    if (day > daysIn(this.#year, month)) this.#outOfRange('day');
    const [year, hour, minute, second, nanosecond] = [this.#year, this.#hour, this.#minute, this.#second, this.#nanosecond];
    return atCivil({ year, month, day, hour, minute, second, nanosecond }, this.#offset);
  }

  #fromDayOfYear(): void {
    if (this.#dayOfYear > daysOf(this.#year + 1, 1, 1) - daysOf(this.#year, 1, 1)) this.#outOfRange('day-of-year');
    let month = 1;
    let day = this.#dayOfYear;
    while (day > daysIn(this.#year, month)) day -= daysIn(this.#year, month++);
    if (this.#month > 0 && this.#month !== month) throw new BuiltinError(`parsing time ${quote(this.#text)}: day-of-year does not match month`);
    if (this.#day > 0 && this.#day !== day) throw new BuiltinError(`parsing time ${quote(this.#text)}: day-of-year does not match day`);
    [this.#month, this.#day] = [month, day];
  }
}

const nanosecondsOf = (fraction: string) => Number(fraction.slice(1, 10).padEnd(9, '0'));
