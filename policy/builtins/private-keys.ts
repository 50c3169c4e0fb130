// Keys as Go shows them in JSON, and private keys as JWK. A policy has them in its input or data alone.
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { fromPlain } from '../rego/json.ts';
import { Num } from '../rego/number.ts';
import { bytesOfText, textOfBytes, type Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError } from './builtin.ts';
import { childrenOf, readInteger, readOne } from './der.ts';
import { decodeBase64, decodeBase64Url, encodeBase64 } from './encoding.ts';
import { readPem, readPems, writePem } from './pem.ts';

const numberOf = (bytes: Uint8Array) => Num.fromBigInt(bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n));

export function rsaPublic(bytes: Uint8Array): unknown {
  const [n, e] = childrenOf(readOne(bytes));
  return { N: Num.fromBigInt(readInteger(n)), E: Num.fromBigInt(readInteger(e)) };
}

/** An uncompressed point. */
export function ellipticPoint(bytes: Uint8Array): unknown {
  const half = (bytes.length - 1) / 2;
  return { Curve: {}, X: numberOf(bytes.subarray(1, 1 + half)), Y: numberOf(bytes.subarray(1 + half)) };
}

const TYPES: readonly string[] = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];

function readKeys(text: string): KeyObject[] {
  return readPems(text).flatMap(({ type, der }) => {
    if (!TYPES.includes(type)) return [];
    try {
      return [createPrivateKey(writePem(type, der))];
    } catch {
      throw new BuiltinError('x509: failed to parse private key');
    }
  });
}

/** PEM, or what its base64 holds. */
function decoded(text: string): string {
  try {
    return textOfBytes(decodeBase64(text));
  } catch {
    return text;
  }
}

const fieldOf = (jwk: JsonWebKey, name: string) => decodeBase64Url(String(jwk[name as keyof JsonWebKey]));

function goKey(key: KeyObject): unknown {
  const jwk = key.export({ format: 'jwk' }) as JsonWebKey;
  const number = (name: string) => numberOf(fieldOf(jwk, name));
  if (jwk.kty === 'EC') return { Curve: {}, X: number('x'), Y: number('y'), D: number('d') };
  if (jwk.kty !== 'RSA') return encodeBase64(Uint8Array.from([...fieldOf(jwk, 'd'), ...fieldOf(jwk, 'x')]));
  const precomputed = { Dp: number('dp'), Dq: number('dq'), Qinv: number('qi'), CRTValues: [] };
  return { N: number('n'), E: number('e'), D: number('d'), Primes: [number('p'), number('q')], Precomputed: precomputed };
}

function parseJwk(text: string): Value {
  if (text === '') throw new BuiltinError('input PEM data was empty');
  const pem = text.startsWith('-----BEGIN') ? text : textOfBytes(decodeBase64(text));
  const [key] = readKeys(decoded(pem));
  return key === undefined ? null : fromPlain(key.export({ format: 'jwk' }));
}

/** The DER of a certificate chain in PEM or base64. */
function chainOf(text: string): Uint8Array[] {
  const pem = text.startsWith('-----BEGIN') ? text : textOfBytes(decodeBase64(text));
  if (!pem.startsWith('-----BEGIN')) return [bytesOfText(pem)];
  return readPems(pem).filter(({ type }) => type === 'CERTIFICATE').map(({ der }) => der);
}

function keyOf(text: string): KeyObject {
  const pem = text.startsWith('-----BEGIN') ? text : textOfBytes(decodeBase64(text));
  const block = pem.startsWith('-----BEGIN') ? readPem(pem) : { type: 'PRIVATE KEY', der: bytesOfText(pem) };
  const wrong = () => new BuiltinError('tls: failed to find any PEM data in key input');
  if (block === null) throw wrong();
  // Whatever the block calls itself, Go tries every form.
  for (const type of TYPES) {
    try {
      return createPrivateKey(writePem(type, block.der));
    } catch {
      // The next form may fit.
    }
  }
  throw new BuiltinError('tls: failed to parse private key');
}

/** A chain and its leaf's private key; the caller shows the leaf. */
export function parseKeyPair(certificate: string, key: string, leaf: (der: Uint8Array) => { value: unknown; publicKey: Uint8Array }): Value {
  const chain = chainOf(certificate);
  const [first] = chain;
  if (first === undefined) throw new BuiltinError('tls: failed to find any PEM data in certificate input');
  const own = keyOf(key);
  const { value, publicKey } = leaf(first);
  const spki = createPublicKey(own).export({ format: 'der', type: 'spki' });
  if (encodeBase64(spki) !== encodeBase64(publicKey)) throw new BuiltinError('tls: private key does not match public key');
  return fromPlain({
    Certificate: chain.map((der) => encodeBase64(der)), PrivateKey: goKey(own), Leaf: value,
    OCSPStaple: null, SignedCertificateTimestamps: null, SupportedSignatureAlgorithms: null,
  });
}

export const privateKeys: readonly Builtin[] = [
  {
    name: 'crypto.parse_private_keys',
    type: '(string) => array[object[string: any]]',
    run: (context, text: Value) => {
      const given = asString(text, 1);
      context.spend(given.length);
      return given === '' ? null : readKeys(decoded(given)).map((key) => fromPlain(goKey(key)));
    },
  },
  {
    name: 'crypto.x509.parse_rsa_private_key',
    type: '(string) => object[string: any]',
    run: (context, text: Value) => {
      context.spend(asString(text, 1).length);
      return parseJwk(asString(text, 1));
    },
  },
];
