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

/** Lines for a person: one for each leaf, keys with dots. The recorded time is shown as a date too. */
export function printPlain(value: Plain, path = ''): string[] {
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (members.length === 0) return [`  ${path.padEnd(20)} none`];
    return members.flatMap(([key, member]) => printPlain(member, path === '' ? key : `${path}.${key}`));
  }
  const date = path === 'at' && typeof value === 'number' ? `  ${new Date(value).toISOString()}` : '';
  return [`  ${path.padEnd(20)} ${String(value)}${date}`];
}
