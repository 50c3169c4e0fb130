// Makes test/vectors/ed25519.json and p256.json: `node tools/vectors/signatures.ts LIBSODIUM_FOLDER`, with Go on the PATH.
//
// The folder is one where `npm install libsodium-wrappers` ran: it judges, and is no dependency of this project.
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';

interface Case {
  name: string;
  publicKey: string;
  message: string;
  signature: string;
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node tools/vectors/signatures.ts LIBSODIUM_FOLDER');
const sodium = createRequire(join(folder, 'x.js'))('libsodium-wrappers');
await sodium.ready;

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;
const order = Point.Fn.ORDER;
const prime = 2n ** 255n - 19n;

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn));
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => number * 256n + BigInt(byte), 0n);
}

const torsion = eighthRoots();

/** The eight points of small order, as multiples of one of order 8. */
function eighthRoots(): Point[] {
  const root = Point.fromBytes(littleEndian(0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n), true);
  const points: Point[] = [Point.ZERO];
  while (points.length < 8) points.push((points.at(-1) as Point).add(root));
  return points;
}

/** Every spelling of a point: y may be written above the prime, and the sign of x = 0 may be set. */
function spellings(point: Point): Uint8Array[] {
  const canonical = point.toBytes();
  const found = [canonical];
  const { x, y } = point.toAffine();
  for (const value of [y, y + prime]) {
    for (const sign of x === 0n ? [0n, 1n] : [x & 1n]) {
      const bytes = littleEndian(value + (sign << 255n));
      if (value < 2n ** 255n && !found.some((other) => formatHex(other) === formatHex(bytes))) found.push(bytes);
    }
  }
  return found;
}

const cases: Case[] = [];
const add = (name: string, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  cases.push({ name, publicKey: formatHex(publicKey), message: formatHex(message), signature: formatHex(signature) });

const scalarA = fromLittleEndian(sha512(encodeUtf8('the key')).subarray(0, 31));
const scalarR = fromLittleEndian(sha512(encodeUtf8('the nonce')).subarray(0, 31));

// 1. Keys and nonces with every part of small order, in every spelling, so that the equation with the cofactor always holds
// and the one without sometimes does: for each the first message under which it holds, and the first under which it does not.
for (const a of [0n, scalarA]) {
  for (const r of [0n, scalarR]) {
    for (const [i, smallA] of torsion.entries()) {
      for (const [j, smallR] of torsion.entries()) {
        const keyPoint = Point.BASE.multiplyUnsafe(a).add(smallA);
        const noncePoint = Point.BASE.multiplyUnsafe(r).add(smallR);
        for (const [m, publicKey] of spellings(keyPoint).entries()) {
          for (const [n, nonce] of spellings(noncePoint).entries()) {
            const wanted = new Set([true, false]);
            for (let tries = 0; tries < 24 && wanted.size > 0; tries++) {
              const message = encodeUtf8(`message ${tries}`);
              const k = fromLittleEndian(sha512(concatBytes(nonce, publicKey, message))) % order;
              const holds = smallR.add(smallA.multiplyUnsafe(k)).is0();
              // Both kinds for plain spellings; the others are refused for their spelling, whatever else holds.
              if (!wanted.delete(holds) || (m + n > 0 && !holds)) continue;
              const parts = `key ${a === 0n ? '0' : 'a'}+T${i}/${m}, nonce ${r === 0n ? '0' : 'r'}+T${j}/${n}`;
              add(`${parts}, ${holds ? 'holds' : 'holds only with the cofactor'}`, publicKey, message, concatBytes(nonce, littleEndian((r + k * a) % order)));
            }
          }
        }
      }
    }
  }
}

// 2. One good signature, and everything done to it.
const seed = new Uint8Array(32).fill(0x42);
const publicKey = ed25519.getPublicKey(seed);
const message = encodeUtf8('a message to sign');
const good = ed25519.sign(message, seed);
const s = fromLittleEndian(good.subarray(32));
add('good', publicKey, message, good);
add('good, of the empty message', publicKey, new Uint8Array(0), ed25519.sign(new Uint8Array(0), seed));
for (const bit of [0, 7, 8, 100, 254, 255, 256, 263, 400, 503, 504, 507, 508, 509, 510, 511]) {
  const flipped = good.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  add(`bit ${bit} of the signature flipped`, publicKey, message, flipped);
}
for (const bit of [0, 8, 128, 254, 255]) {
  const flipped = publicKey.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  add(`bit ${bit} of the key flipped`, flipped, message, good);
}
for (const times of [1n, 2n, 7n, 14n]) {
  const larger = s + times * order;
  if (larger < 2n ** 256n) add(`S + ${times}L`, publicKey, message, concatBytes(good.subarray(0, 32), littleEndian(larger)));
}
for (const [name, value] of [['0', 0n], ['1', 1n], ['L - 1', order - 1n], ['L', order], ['2^256 - 1', 2n ** 256n - 1n], ['-S', order - s]] as const) {
  add(`S is ${name}`, publicKey, message, concatBytes(good.subarray(0, 32), littleEndian(value)));
}
for (const [name, bytes] of [['zeros', new Uint8Array(32)], ['ones', new Uint8Array(32).fill(0xff)], ['the prime', littleEndian(prime)]] as const) {
  add(`R is ${name}`, publicKey, message, concatBytes(bytes, good.subarray(32)));
  add(`the key is ${name}`, bytes, message, good);
}
for (const length of [0, 1, 32, 63, 65, 128]) add(`a signature of ${length} bytes`, publicKey, message, concatBytes(good, good).slice(0, length));
for (const length of [0, 31, 33]) add(`a key of ${length} bytes`, concatBytes(publicKey, publicKey).slice(0, length), message, good);
add('another message', publicKey, encodeUtf8('a message to sigm'), good);
add('a longer message', publicKey, concatBytes(message, Uint8Array.of(0)), good);
add('R and S exchanged', publicKey, message, concatBytes(good.subarray(32), good.subarray(0, 32)));
add('a y that is on no point', littleEndian(2n), message, good);
for (const y of [3n, 4n, 5n, 6n, 9n, 10n, 14n, 15n, 16n, 18n]) {
  add(`a key whose y is the prime + ${y}`, littleEndian(prime + y), message, good);
}

const sodiumThinks = (c: Case) => {
  try {
    return sodium.crypto_sign_verify_detached(parseHex(c.signature), parseHex(c.message), parseHex(c.publicKey)) as boolean;
  } catch {
    return false; // A length that is none of a key or signature.
  }
};
const opensslThinks = (c: Case) => {
  if (c.publicKey.length !== 64) return false;
  const key = createPublicKey({ key: concatBytes(parseHex('302a300506032b6570032100'), parseHex(c.publicKey)) as never, format: 'der', type: 'spki' });
  return verify(null, parseHex(c.message), key, parseHex(c.signature));
};
const goEdwards = goThinks('ed25519', cases);
write('ed25519.json', {
  note: 'holds: libsodium, strict. openssl: the Node that ran tools/vectors/signatures.ts. go: takes points of small order and other spellings',
  cases: cases.map((c, i) => ({ ...c, holds: sodiumThinks(c), openssl: opensslThinks(c), go: goEdwards[i] as boolean })),
});

// 3. ECDSA over P-256: the encodings of one good signature.
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { privateKey } = pair;
const spki = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }));
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ecdsa: Case[] = [];
const addEcdsa = (name: string, signature: Uint8Array, over: Uint8Array = message, key: Uint8Array = spki) =>
  ecdsa.push({ name, publicKey: formatHex(key), message: formatHex(over), signature: formatHex(signature) });

function integer(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = parseHex(hex.length % 2 === 0 ? hex : `0${hex}`);
  return tlv(0x02, (bytes[0] as number) >= 0x80 ? concatBytes(Uint8Array.of(0), bytes) : bytes);
}

function tlv(tag: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag, content.length), content);
}

function bigEndian(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}

const raw = new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
const [r, t] = [bigEndian(raw.subarray(0, 32)), bigEndian(raw.subarray(32))];
const der = (first: bigint, second: bigint) => tlv(0x30, concatBytes(integer(first), integer(second)));
const body = concatBytes(integer(r), integer(t));
addEcdsa('good', der(r, t));
addEcdsa('good, with the other S', der(r, n - t));
addEcdsa('another message', der(r, t), encodeUtf8('a message to sigm'));
for (const [name, a, b] of [
  ['R is 0', 0n, t], ['S is 0', r, 0n], ['both 0', 0n, 0n], ['both 1', 1n, 1n], ['R is n', n, t], ['S is n', r, n], ['R is n - 1', n - 1n, t],
  ['S is n - 1', r, n - 1n], ['R + n', r + n, t], ['S + n', r, t + n], ['R and S exchanged', t, r], ['S + 2^256', r, t + 2n ** 256n],
] as const) addEcdsa(name, der(a, b));
addEcdsa('R and S side by side, no DER', raw);
addEcdsa('nothing', new Uint8Array(0));
addEcdsa('an empty sequence', Uint8Array.of(0x30, 0));
addEcdsa('R alone', tlv(0x30, integer(r)));
addEcdsa('a third integer', tlv(0x30, concatBytes(body, integer(1n))));
addEcdsa('a byte after the sequence', concatBytes(der(r, t), Uint8Array.of(0)));
addEcdsa('a NULL in the sequence', tlv(0x30, concatBytes(body, Uint8Array.of(5, 0))));
addEcdsa('the last byte cut', der(r, t).slice(0, -1));
addEcdsa('a length of two bytes', concatBytes(Uint8Array.of(0x30, 0x81, body.length), body));
addEcdsa('a length of three bytes', concatBytes(Uint8Array.of(0x30, 0x82, 0, body.length), body));
addEcdsa('an indefinite length', concatBytes(Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0)));
addEcdsa('a length too long', concatBytes(Uint8Array.of(0x30, body.length + 1), body));
addEcdsa('a length too short', concatBytes(Uint8Array.of(0x30, body.length - 1), body));
addEcdsa('a set for the sequence', tlv(0x31, body));
addEcdsa('a bit string for R', tlv(0x30, concatBytes(Uint8Array.of(0x03), integer(r).slice(1), integer(t))));
addEcdsa('R with a zero before it', tlv(0x30, concatBytes(tlv(0x02, concatBytes(Uint8Array.of(0), integer(r).slice(2))), integer(t))));
addEcdsa('S with two zeros before it', tlv(0x30, concatBytes(integer(r), tlv(0x02, concatBytes(Uint8Array.of(0, 0), integer(t).slice(2))))));
addEcdsa('R negative', tlv(0x30, concatBytes(tlv(0x02, concatBytes(Uint8Array.of(0xff), integer(r).slice(2))), integer(t))));
addEcdsa('R an integer without bytes', tlv(0x30, concatBytes(Uint8Array.of(0x02, 0), integer(t))));
addEcdsa('one bit of R flipped', der(r ^ 1n, t));
addEcdsa('one bit of S flipped', der(r, t ^ 1n));
addEcdsa('a key that is on no curve', der(r, t), message, Uint8Array.from(spki, (byte, i) => (i === spki.length - 1 ? byte ^ 1 : byte)));
addEcdsa('a key cut', der(r, t), message, spki.slice(0, -1));
const compressed = Uint8Array.of(2 + ((spki.at(-1) as number) & 1), ...spki.slice(27, 59));
addEcdsa('a compressed key', der(r, t), message, concatBytes(parseHex('3039301306072a8648ce3d020106082a8648ce3d030107032200'), compressed));
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const by384 = new Uint8Array(sign('sha256', message, p384.privateKey));
addEcdsa('a key of P-384', by384, message, new Uint8Array(p384.publicKey.export({ format: 'der', type: 'spki' })));

const goEcdsa = goThinks('ecdsa', ecdsa);
write('p256.json', {
  note: 'openssl and go: their verdicts; ours must be "holds", both of them and an uncompressed key of P-256. Made by tools/vectors/signatures.ts',
  cases: ecdsa.map((c, i) => {
    const [openssl, go] = [nodeThinks(c), goEcdsa[i] as boolean];
    return { ...c, openssl, go, holds: openssl && go && c.publicKey.length === 182 };
  }),
});

function nodeThinks(c: Case): boolean {
  try {
    const key = createPublicKey({ key: parseHex(c.publicKey) as never, format: 'der', type: 'spki' });
    return verify('sha256', parseHex(c.message), key, parseHex(c.signature));
  } catch {
    return false; // No key.
  }
}

function goThinks(kind: string, list: readonly Case[]): boolean[] {
  const judge = fileURLToPath(new URL('judge.go', import.meta.url));
  const input = list.map((c) => JSON.stringify({ kind, ...c })).join('\n');
  const { stdout, status, stderr } = spawnSync('go', ['run', judge], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n').map((line) => line === 'true');
}

function write(name: string, { note, cases: list }: { note: string; cases: readonly object[] }): void {
  const lines = list.map((one) => ` ${JSON.stringify(one)}`).join(',\n');
  writeFileSync(new URL(`../../test/vectors/${name}`, import.meta.url), `{"note": ${JSON.stringify(note)}, "cases": [\n${lines}\n]}\n`);
  process.stdout.write(`${name}: ${list.length} cases, ${JSON.stringify(list.map((one) => 'holds' in one && one.holds).filter(Boolean).length)} hold\n`);
}
