// Events for people and for JSON: bytes as hexadecimal, digests as `sha256:…`, times as text beside their milliseconds.
import { formatHex } from '../ledger/bytes.ts';

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** A decoded value as JSON can hold it. */
export function plain(value: unknown): Plain {
  if (value instanceof Uint8Array) return formatHex(value);
  if (Array.isArray(value)) {
    const [algorithm, digest] = value as unknown[];
    if (value.length === 2 && typeof algorithm === 'string' && digest instanceof Uint8Array) return `${algorithm}:${formatHex(digest)}`;
    return value.map(plain);
  }
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  return value as Plain;
}

/** As far as a Date reaches (ECMA-262 §21.4.1.1): some members have no bound of their own. */
const dateMsMax = 8.64e15;
/** Members that are times, wherever they stand. */
const TIMES: ReadonlySet<string> = new Set(['at', 'claimed', 'effective', 'expires', 'proven', 'until']);

/** Lines for a person: one for each leaf, keys with dots. Times are shown as dates too. */
export function printPlain(value: Plain, path = ''): string[] {
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (members.length === 0) return [`  ${path.padEnd(20)} none`];
    return members.flatMap(([key, member]) => printPlain(member, path === '' ? key : `${path}.${key}`));
  }
  const isTime = typeof value === 'number' && value <= dateMsMax && TIMES.has(path.slice(path.lastIndexOf('.') + 1));
  const date = isTime ? `  ${new Date(value).toISOString()}` : '';
  return [`  ${path.padEnd(20)} ${String(value)}${date}`];
}
