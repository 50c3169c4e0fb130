// A strict reader of DER (X.690) for certificates and requests.

export interface Der {
  readonly tag: number;
  readonly raw: Uint8Array;
  readonly content: Uint8Array;
}

/** The bytes are no DER of the form asked for. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

function readAt(bytes: Uint8Array, at: number): Der {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('syntax error: data truncated');
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 4 || start + size > bytes.length) throw new DerError('structure error: length too large');
    length = bytes.subarray(start, start + size).reduce((sum, byte) => sum * 256 + byte, 0);
    start += size;
    if (length < 0x80) throw new DerError('structure error: non-minimal length');
  }
  if (start + length > bytes.length) throw new DerError('syntax error: data truncated');
  return { tag, raw: bytes.subarray(at, start + length), content: bytes.subarray(start, start + length) };
}

export function readAll(bytes: Uint8Array): Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length; at += (values.at(-1) as Der).raw.length) values.push(readAt(bytes, at));
  return values;
}

export function expectTag(value: Der | undefined, ...tags: number[]): Der {
  if (value === undefined) throw new DerError('structure error: sequence truncated');
  if (!tags.includes(value.tag)) throw new DerError('structure error: tags don\'t match');
  return value;
}

export const childrenOf = (value: Der | undefined, ...tags: number[]): Der[] => readAll(expectTag(value, ...(tags.length === 0 ? [0x30] : tags)).content);

/** The only value there is. */
export function readOne(bytes: Uint8Array): Der {
  const value = readAt(bytes, 0);
  if (value.raw.length !== bytes.length) throw new DerError('syntax error: trailing data');
  return value;
}

export function readInteger(value: Der | undefined): bigint {
  const { content } = expectTag(value, 0x02, 0x0a);
  const unsigned = content.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asIntN(content.length * 8, unsigned);
}

export function readOid(value: Der | undefined): number[] {
  const { content } = expectTag(value, 0x06);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerError('structure error: base 128 integer too large');
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - 40 * root, ...rest];
}

/** The bytes of a bit string with no bits left over. */
export const bitsOf = (value: Der | undefined): Uint8Array => expectTag(value, 0x03).content.subarray(1);
