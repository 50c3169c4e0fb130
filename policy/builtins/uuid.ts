// UUIDs (RFC 4122): what their bits say.
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { Num } from '../rego/number.ts';
import { ObjectBuilder, type Value } from '../rego/value.ts';
import { asString, type Builtin } from './builtin.ts';

const FORM = /^(?:urn:uuid:)?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i;
/** 1582-10-15 to 1970-01-01, in units of 100 ns. */
const GREGORIAN = 122_192_928_000_000_000n;
const DOMAINS = ['Person', 'Group', 'Org'];

function parse(text: string): Value | undefined {
  const bare = text.length === 38 ? text.slice(1, -1) : text;
  const digits = FORM.exec(bare)?.slice(1).join('') ?? (/^[0-9a-f]{32}$/i.test(bare) ? bare : null);
  if (digits === null) return undefined;
  const bytes = parseHex(digits.toLowerCase());
  const byte = (i: number) => bytes[i] as number;
  const version = byte(6) >> 4;
  const object = new ObjectBuilder().set('version', version).set('variant', variantOf(byte(8)));
  if (version !== 1 && version !== 2) return object.build();
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const ticks = (BigInt(view.getUint16(6) & 0xfff) << 48n) | (BigInt(view.getUint16(4)) << 32n) | BigInt(view.getUint32(0));
  const node = bytes.subarray(10);
  object.set('time', Num.fromBigInt(BigInt.asIntN(64, (ticks - GREGORIAN) * 100n)));
  object.set('nodeid', [...node].map((part) => formatHex(Uint8Array.of(part))).join('-'));
  object.set('macvariables', `${(byte(10) & 2) === 0 ? 'global' : 'local'}:${(byte(10) & 1) === 0 ? 'unicast' : 'multicast'}`);
  object.set('clocksequence', view.getUint16(8) & 0x3fff);
  if (version === 2) object.set('id', view.getUint32(0)).set('domain', DOMAINS[byte(9)] ?? `Domain${byte(9)}`);
  return object.build();
}

function variantOf(byte: number): string {
  if ((byte & 0xc0) === 0x80) return 'RFC4122';
  if ((byte & 0xe0) === 0xc0) return 'Microsoft';
  return (byte & 0xe0) === 0xe0 ? 'Future' : 'Reserved';
}

export const uuid: readonly Builtin[] = [
  { name: 'uuid.parse', type: '(string) => object[string: any]', run: (_, text: Value) => parse(asString(text, 1)) },
];
