// Which streams an event belongs to: names made from its data by its type's templates (spec/streams.md).
import { decodeUtf8 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { major, writeHead, type CborMap, type CborValue } from './cbor.ts';
import { streamNameBytesMax, streamsMax } from './names.ts';

/**
 * Stream names in the order of their tags, each encoded as CBOR text, one after another in `bytes`.
 *
 * Bytes, not strings: a name is mostly the hexadecimal of a digest, and is copied into the entry as it stands here.
 */
export class StreamNames {
  count = 0;
  /** Names before sorting; an event has at most `streamsMax` after that, and some room for repeats. */
  readonly bytes = new Uint8Array(namesMax * nameBytesMax);
  readonly starts = new Int32Array(namesMax);
  readonly ends = new Int32Array(namesMax);

  text(i: number): string {
    const start = this.starts[i] as number;
    const head = this.bytes[start] === (major.text | 24) ? 2 : 1;
    return decodeUtf8(this.bytes.subarray(start + head, this.ends[i]));
  }
}

const namesMax = 3 * streamsMax;
const nameBytesMax = 2 + streamNameBytesMax;

/** Adds the names that one template makes of the data. */
export type StreamTemplate = (data: CborMap, names: StreamNames) => void;

/**
 * Derives an event's streams from its data: sorted by their encoded bytes, none twice.
 *
 * @throws {LedgerError} EVENT_INVALID when there is none, or more than 64
 */
export function deriveStreams(templates: readonly StreamTemplate[], data: CborMap, names: StreamNames): void {
  names.count = 0;
  for (let i = 0; i < templates.length; i++) (templates[i] as StreamTemplate)(data, names);
  if (names.count > 1) sortNames(names);
  if (names.count === 0 || names.count > streamsMax) {
    throw new LedgerError('EVENT_INVALID', `Cannot accept event: ${names.count} streams, expected 1 to ${streamsMax}`, {
      hint: 'name more subjects in a linked event of the same batch',
    });
  }
}

// Insertion: there are few, and those of one template are mostly sorted already, as the sets in the data are.
function sortNames(names: StreamNames): void {
  const { bytes, starts, ends } = names;
  let count = 0;
  for (let i = 0; i < names.count; i++) {
    const start = starts[i] as number, end = ends[i] as number;
    let place = count;
    let order = -1;
    while (place > 0 && (order = compareRanges(bytes, starts[place - 1] as number, ends[place - 1] as number, start, end)) > 0) place--;
    if (place > 0 && order === 0) continue;
    starts.copyWithin(place + 1, place, count);
    ends.copyWithin(place + 1, place, count);
    starts[place] = start;
    ends[place] = end;
    count++;
  }
  names.count = count;
}

function compareRanges(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): number {
  const shared = Math.min(aEnd - a, bEnd - b);
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[a + i] as number) - (bytes[b + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - a - (bEnd - b);
}

/**
 * Makes a template ready: `ledger`, or a prefix and the path of a value in the data, `artifact:{subjects}`.
 *
 * A path goes through arrays to each of their items. A digest is written as `sha256:<hex>`, a byte string in hexadecimal.
 */
export function compileTemplate(template: string): StreamTemplate {
  const [, prefix = template, path] = /^([a-z]*:?)\{([A-Za-z.]+)\}$/.exec(template) ?? [];
  const lead = Uint8Array.from(prefix, (character) => character.charCodeAt(0));
  if (path === undefined) return (_, names) => addName(names, lead, null, '');
  const keys = path.split('.');
  const walk = (value: CborValue | undefined, depth: number, names: StreamNames): void => {
    if (value === undefined) return;
    if (typeof value === 'string') addName(names, lead, null, value);
    else if (value instanceof Uint8Array) addName(names, lead, value, '');
    else if (!Array.isArray(value)) walk((value as CborMap)[keys[depth] as string], depth + 1, names);
    else if (value.length === 2 && typeof value[0] === 'string' && value[1] instanceof Uint8Array) addName(names, lead, value[1], `${value[0]}:`);
    else for (let i = 0; i < value.length; i++) walk((value as readonly CborValue[])[i], depth, names);
  };
  return (data, names) => walk(data, 0, names);
}

const hexDigit = Uint8Array.from('0123456789abcdef', (character) => character.charCodeAt(0));

/** Adds `lead ‖ text ‖ hexadecimal of binary`; every part is ASCII, as the schemas of the data have checked. */
function addName(names: StreamNames, lead: Uint8Array, binary: Uint8Array | null, text: string): void {
  if (names.count === namesMax) throw new LedgerError('EVENT_INVALID', `Cannot accept event: more than ${streamsMax} streams`);
  const { bytes } = names;
  const start = names.count * nameBytesMax;
  const length = lead.length + text.length + (binary === null ? 0 : 2 * binary.length);
  if (length > streamNameBytesMax) throw new LedgerError('EVENT_INVALID', `Cannot accept event: a stream name of ${length} bytes`);
  let at = writeHead(bytes, start, major.text, length);
  for (let i = 0; i < lead.length; i++) bytes[at++] = lead[i] as number;
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  if (binary !== null) {
    for (let i = 0; i < binary.length; i++) {
      const byte = binary[i] as number;
      bytes[at++] = hexDigit[byte >> 4] as number;
      bytes[at++] = hexDigit[byte & 15] as number;
    }
  }
  names.starts[names.count] = start;
  names.ends[names.count] = at;
  names.count++;
}
