// JSON Web Tokens: read, and verified with a certificate, a public key, a key set or a secret; the time is the recorded clock.
import { constants, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { formatHex } from '../../ledger/bytes.ts';
import { formatJson, parseJson } from '../rego/json.ts';
import { Num } from '../rego/number.ts';
import { bytesOfText, compareValues, EMPTY_OBJECT, isArray, isNumber, RegoObject, textOfBytes, type Value } from '../rego/value.ts';
import { asObject, asString, type Builtin, BuiltinError, type Context } from './builtin.ts';
import { decodeBase64Url } from './encoding.ts';
import { readJson } from './json.ts';
import { readPem, writePem } from './pem.ts';

interface Token {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

interface Key {
  readonly alg: string;
  readonly kid: string;
  /** Bytes are a secret; null is a key no algorithm here verifies with. */
  readonly key: KeyObject | Uint8Array | null;
}

interface Header {
  readonly fields: RegoObject;
  readonly alg: string;
  readonly kid: string;
  readonly cty: string;
  readonly valid: boolean;
}

type Family = 'rsa' | 'pss' | 'ec' | 'ed' | 'hmac';

const ALGORITHMS: ReadonlyMap<string, readonly [Family, string]> = new Map([
  ...([['RS', 'rsa'], ['PS', 'pss'], ['ES', 'ec'], ['HS', 'hmac']] as const).flatMap(([prefix, family]) =>
    ['256', '384', '512'].map((size): [string, readonly [Family, string]] => [prefix + size, [family, `sha${size}`]])
  ),
  ['EdDSA', ['ed', '']],
]);

function split(text: string): Token {
  if (!text.includes('.')) throw new BuiltinError('encoded JWT had no period separators');
  const parts = text.split('.');
  if (parts.length !== 3) throw new BuiltinError(`encoded JWT must have 3 sections, found ${parts.length}`);
  return { header: parts[0] as string, payload: parts[1] as string, signature: parts[2] as string };
}

const messageOf = (error: unknown) => error instanceof Error ? error.message : String(error);

function decodePart(part: string, name: string): Uint8Array {
  try {
    return decodeBase64Url(part);
  } catch (error) {
    throw new BuiltinError(`JWT ${name} had invalid encoding: ${messageOf(error)}`);
  }
}

function readObject(text: string): RegoObject {
  let value: Value;
  try {
    value = readJson(text);
  } catch (error) {
    throw new BuiltinError(`invalid JSON: ${messageOf(error)}`);
  }
  if (!(value instanceof RegoObject)) throw new BuiltinError('decoded JSON type was not an Object');
  return value;
}

function headerOf(token: Token): RegoObject {
  const text = textOfBytes(decodePart(token.header, 'header'));
  let header: RegoObject;
  try {
    header = readObject(text);
  } catch (error) {
    throw new BuiltinError(`bad JWT header: ${messageOf(error)}`);
  }
  if (header.get('enc') !== undefined) throw new BuiltinError('JWT is a JWE object, which is not supported');
  return header;
}

function readHeader(fields: RegoObject): Header {
  const known = new Map([['alg', ''], ['kid', ''], ['typ', ''], ['cty', '']]);
  const unknown: string[] = [];
  let critical: readonly Value[] = [];
  for (const [key, value] of fields) {
    const name = key as string;
    if (name === 'crit') {
      if (!isArray(value)) throw new BuiltinError('crit: must be a list');
      if (!value.some((element) => typeof element === 'string')) throw new BuiltinError('crit: must be a nonempty list');
      critical = value;
    } else if (!known.has(name)) unknown.push(name);
    else if (typeof value === 'string') known.set(name, value);
    else throw new BuiltinError(`${name}: must be a string`);
  }
  const field = (name: string) => known.get(name) as string;
  const valid = field('alg') !== '' && !unknown.some((name) => critical.includes(name));
  return { fields, alg: field('alg'), kid: field('kid'), cty: field('cty'), valid };
}

function decode(text: string): readonly Value[] {
  const token = split(text);
  const header = headerOf(token);
  const payload = textOfBytes(decodePart(token.payload, 'payload'));
  // A token within a token is quoted.
  if (header.get('cty') === 'JWT') return decode(payload.replaceAll(/^["']+|["']+$/g, ''));
  return [header, readObject(payload), formatHex(decodePart(token.signature, 'signature'))];
}

/** For each character of a key set's text. */
const KEY_CELLS = 16;

function keysOf(context: Context, text: string): readonly Key[] {
  return context.cache('jwt', text, () => readKeys(text), () => KEY_CELLS * text.length);
}

function readKeys(text: string): readonly Key[] {
  const block = readPem(text);
  if (block === null) return readKeySet(text);
  if (block.rest !== '') throw new BuiltinError('extra data after a PEM certificate block');
  const [what, read] = block.type === 'CERTIFICATE'
    ? ['certificate', () => new X509Certificate(block.der).publicKey] as const
    : ['public key', () => createPublicKey(writePem(block.type, block.der))] as const;
  if (block.type !== 'CERTIFICATE' && block.type !== 'PUBLIC KEY') throw new BuiltinError('failed to extract a Key from the PEM certificate');
  try {
    return [{ alg: '', kid: '', key: read() }];
  } catch {
    throw new BuiltinError(`failed to parse a PEM ${what}: malformed ${what}`);
  }
}

function readKeySet(text: string): readonly Key[] {
  let value: Value;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new BuiltinError(`failed to parse a JWK key (set): ${messageOf(error)}`);
  }
  const set = value instanceof RegoObject ? value.get('keys') : undefined;
  const keys = set === undefined ? [value] : isArray(set) ? set : [];
  return keys.flatMap((jwk) => {
    if (!(jwk instanceof RegoObject)) throw new BuiltinError('failed to parse a JWK key (set): a key is no object');
    const field = (name: string) => {
      const given = jwk.get(name);
      return typeof given === 'string' ? given : '';
    };
    if (field('alg') !== '' && !ALGORITHMS.has(field('alg'))) return [];
    return [{ alg: field('alg'), kid: field('kid'), key: readJwk(jwk, field('kty'), field('k')) }];
  });
}

function readJwk(jwk: RegoObject, type: string, secret: string): Key['key'] {
  if (type === 'oct') return decodeBase64Url(secret);
  // A private key verifies nothing.
  if (jwk.get('d') !== undefined) return null;
  try {
    return createPublicKey({ key: JSON.parse(formatJson(jwk)), format: 'jwk' });
  } catch {
    throw new BuiltinError(`failed to parse a JWK key (set): failed to unmarshal key of type ${type === '' ? '""' : type}`);
  }
}

const FAMILY_OF: Readonly<Record<string, readonly Family[]>> = { rsa: ['rsa', 'pss'], ec: ['ec'], ed25519: ['ed'] };

function verifies(key: Key['key'], family: Family, hash: string, signed: string, signature: Uint8Array): boolean {
  const bytes = bytesOfText(signed);
  if (family === 'hmac') {
    if (!(key instanceof Uint8Array)) return false;
    const mac = createHmac(hash, key).update(bytes).digest();
    return mac.length === signature.length && timingSafeEqual(mac, signature);
  }
  if (key === null || key instanceof Uint8Array) return false;
  if (!FAMILY_OF[key.asymmetricKeyType ?? '']?.includes(family)) return false;
  if (family === 'ed') return verify(null, bytes, key, signature);
  if (family === 'ec') return verify(hash, bytes, { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (family === 'rsa') return verify(hash, bytes, key, signature);
  return verify(hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature);
}

/** The key the header names decides alone; without one, any key that does not name another algorithm. */
function anyVerifies(keys: readonly Key[], { kid, alg }: Header, check: (key: Key['key']) => boolean): boolean {
  const named = kid === '' ? undefined : keys.find((key) => key.kid === kid);
  if (named !== undefined) return check(named.key);
  return keys.some((key) => (key.alg === '' || key.alg === alg) && check(key.key));
}

function verifyWith(context: Context, text: string, keyText: string, family: Family, hash: string): boolean {
  const token = split(text);
  context.spend(text.length + keyText.length);
  const signed = `${token.header}.${token.payload}`;
  if (family === 'hmac') return verifies(bytesOfText(keyText), family, hash, signed, decodeBase64Url(token.signature));
  const keys = keysOf(context, keyText);
  const signature = decodeBase64Url(token.signature);
  return anyVerifies(keys, readHeader(headerOf(token)), (key) => verifies(key, family, hash, signed, signature));
}

interface Constraints {
  keys: readonly Key[] | null;
  secret: string;
  alg: string;
  iss: string;
  aud: string;
  /** Nanoseconds, a double as in OPA. */
  time: number;
}

function readConstraints(context: Context, given: RegoObject): Constraints {
  const constraints: Constraints = { keys: null, secret: '', alg: '', iss: '', aud: '', time: Number(context.clock) };
  for (const [key, value] of given) {
    const name = key as string;
    if (name === 'time') constraints.time = readTime(value);
    else if (name !== 'cert' && name !== 'secret' && name !== 'alg' && name !== 'iss' && name !== 'aud') {
      throw new BuiltinError(`unknown token validation constraint: ${name}`);
    } else if (typeof value !== 'string') throw new BuiltinError(`${name} constraint: must be a string`);
    else if (name === 'cert') constraints.keys = keysOf(context, value);
    else constraints[name] = value;
  }
  if (constraints.keys !== null && constraints.secret !== '') throw new BuiltinError('duplicate key constraints');
  if (constraints.keys === null && constraints.secret === '') throw new BuiltinError('no key constraint');
  return constraints;
}

function readTime(value: Value): number {
  if (!isNumber(value)) throw new BuiltinError('token time constraint: must be a number');
  const time = Num.toDouble(value);
  if (time < 0) throw new BuiltinError('token time constraint: must not be negative');
  return time;
}

const UNVERIFIED: readonly Value[] = [false, EMPTY_OBJECT, EMPTY_OBJECT];

function decodeAndVerify(context: Context, text: string, given: RegoObject): readonly Value[] {
  const constraints = readConstraints(context, given);
  context.spend(text.length);
  let inner = text;
  for (;;) {
    const token = split(inner);
    const header = readHeader(headerOf(token));
    if (!header.valid || (constraints.alg !== '' && constraints.alg !== header.alg)) return UNVERIFIED;
    const signature = decodeBase64Url(token.signature);
    if (!trusted(constraints, header, `${token.header}.${token.payload}`, signature)) return UNVERIFIED;
    const payload = textOfBytes(decodePart(token.payload, 'payload'));
    if (header.cty.toUpperCase() !== 'JWT') {
      const claims = readObject(payload);
      return claimsHold(constraints, claims) ? [true, header.fields, claims] : UNVERIFIED;
    }
    inner = payload;
  }
}

function trusted({ keys, secret }: Constraints, header: Header, signed: string, signature: Uint8Array): boolean {
  const algorithm = ALGORITHMS.get(header.alg);
  if (algorithm === undefined) return false;
  const check = (key: Key['key']) => verifies(key, algorithm[0], algorithm[1], signed, signature);
  return keys === null ? check(bytesOfText(secret)) : anyVerifies(keys, header, check);
}

/** RFC 7519 §4.1: who it is from, whom it is for, and when it holds. */
function claimsHold(constraints: Constraints, claims: RegoObject): boolean {
  if (constraints.iss !== '' && claims.get('iss') !== constraints.iss) return false;
  const audience = claims.get('aud');
  if (audience === undefined ? constraints.aud !== '' : !isFor(audience, constraints.aud)) return false;
  const now = Num.fromDouble(constraints.time / 1_000_000_000);
  const [expires, starts] = [claims.get('exp'), claims.get('nbf')];
  if (expires !== undefined) {
    if (!isNumber(expires)) throw new BuiltinError('exp value must be a number');
    if (compareValues(now, expires) >= 0) return false;
  }
  if (starts !== undefined) {
    if (!isNumber(starts)) throw new BuiltinError('nbf value must be a number');
    if (compareValues(now, starts) < 0) return false;
  }
  return true;
}

function isFor(audience: Value, wanted: string): boolean {
  return audience === wanted || (isArray(audience) && audience.includes(wanted));
}

const verifiers = [...ALGORITHMS].map(([name, [family, hash]]): Builtin => ({
  name: `io.jwt.verify_${name.toLowerCase()}`,
  type: '(string, string) => boolean',
  run: (context, token: Value, key: Value) => verifyWith(context, asString(token, 1), asString(key, 2), family, hash),
}));

export const jwt: readonly Builtin[] = [
  {
    name: 'io.jwt.decode',
    type: '(string) => array<object[any: any], object[any: any], string>',
    run: (context, token: Value) => {
      context.spend(asString(token, 1).length);
      return decode(asString(token, 1));
    },
  },
  {
    name: 'io.jwt.decode_verify',
    type: '(string, object[string: any]) => array<boolean, object[any: any], object[any: any]>',
    mark: 'clock',
    run: (context, token: Value, constraints: Value) => decodeAndVerify(context, asString(token, 1), asObject(constraints, 2)),
  },
  ...verifiers,
];
