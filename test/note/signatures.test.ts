// Every engine gives one verdict on every signature: the vectors in the manner of Wycheproof and CCTV, judged outside.
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeEngines } from '../../cli/programs/arguments.ts';
import { concatBytes, parseHex } from '../../ledger/bytes.ts';
import { isStrictPoint, strictEd25519, verifyEd25519 } from '../../ledger/note/ed25519.ts';
import { verifyP256 } from '../../ledger/note/p256.ts';
import { nodeEd25519 } from './node-engine.ts';

interface Case {
  name: string;
  publicKey: string;
  message: string;
  signature: string;
  holds: boolean;
  openssl: boolean;
  go: boolean;
}

const read = (name: string): Case[] => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')).cases;

describe('Ed25519', () => {
  const cases = read('ed25519.json');
  const wrong = (engine: typeof verifyEd25519) =>
    cases.filter((c) => engine(parseHex(c.publicKey), parseHex(c.message), parseHex(c.signature)) !== c.holds).map(({ name }) => name);

  test('the cases hold what they are for', () => {
    expect(cases.length).toBeGreaterThan(600);
    expect(cases.filter((c) => c.holds).length).toBeGreaterThan(40);
    expect(cases.filter((c) => c.go && !c.holds).length).toBeGreaterThan(100);
  });

  test('libsodium and OpenSSL 3.5 share every verdict; Go\'s library is looser, and never stricter', () => {
    expect(cases.filter((c) => c.holds !== c.openssl || (c.holds && !c.go))).toEqual([]);
  });

  test('this project agrees with libsodium on every case', () => {
    expect(wrong(verifyEd25519)).toEqual([]);
  });

  test('node:crypto behind the check of both points agrees with libsodium on every case', () => {
    expect(wrong(nodeEd25519)).toEqual([]);
    expect(wrong(nodeEngines.ed25519 as typeof verifyEd25519)).toEqual([]);
  });

  test('the eight points of small order are no strict points, in any spelling', () => {
    const root = ed25519.Point.fromBytes(parseHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'));
    let point = root;
    for (let i = 0; i < 8; i++, point = point.add(root)) {
      const bytes = point.toBytes();
      expect(isStrictPoint(bytes)).toBe(false);
      expect(isStrictPoint(Uint8Array.from(bytes, (byte, at) => (at === 31 ? byte ^ 0x80 : byte)))).toBe(false);
    }
    expect(point.equals(root)).toBe(true);
  });

  test('y is below the prime', () => {
    const last = (byte: number) => Uint8Array.of(byte, ...new Uint8Array(30).fill(0xff), 0x7f);
    expect([isStrictPoint(last(0xeb)), isStrictPoint(last(0xed)), isStrictPoint(last(0xf0)), isStrictPoint(last(0xff))]).toEqual([true, false, false, false]);
    expect([isStrictPoint(new Uint8Array(31).fill(5)), isStrictPoint(new Uint8Array(33).fill(5))]).toEqual([false, false]);
  });

  test('a signature of another length does not hold, though what is left out or added is zero', () => {
    const seed = new Uint8Array(32).fill(3);
    const publicKey = ed25519.getPublicKey(seed);
    const made = Array.from({ length: 200 }, (_, i) => [Uint8Array.of(i), ed25519.sign(Uint8Array.of(i), seed)] as const);
    const [message, signature] = made.find(([, one]) => one[63] === 0) as (typeof made)[number];
    const longer = Uint8Array.of(...signature, 0);
    const agreeing = strictEd25519(() => true);
    for (const verify of [verifyEd25519, nodeEd25519, agreeing]) {
      expect(verify(publicKey, message, signature)).toBe(true);
      expect(verify(publicKey, message, signature.subarray(0, 63))).toBe(false);
      expect(verify(publicKey, message, longer)).toBe(false);
      expect(verify(Uint8Array.of(...publicKey, 0), message, signature)).toBe(false);
      expect(verify(publicKey.subarray(0, 31), message, signature)).toBe(false);
    }
  });

  test('a signature made by either engine holds under both, and no byte of it can change (property)', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(fc.property(bytes(32), fc.uint8Array({ maxLength: 200 }), fc.nat(63), fc.integer({ min: 1, max: 255 }), (seed, message, at, flip) => {
      const publicKey = ed25519.getPublicKey(seed);
      const signature = ed25519.sign(message, seed);
      expect([verifyEd25519(publicKey, message, signature), nodeEd25519(publicKey, message, signature)]).toEqual([true, true]);
      const changed = signature.slice();
      changed[at] = (changed[at] as number) ^ flip;
      expect([verifyEd25519(publicKey, message, changed), nodeEd25519(publicKey, message, changed)]).toEqual([false, false]);
    }), { numRuns: 60 });
  });

  test('both engines agree on signatures made of parts of small order (property)', () => {
    const { Point } = ed25519;
    const root = Point.fromBytes(parseHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'));
    const scalar = fc.bigInt({ min: 0n, max: 2n ** 40n });
    const small = fc.nat(7).map((times) => root.multiplyUnsafe(BigInt(times)));
    fc.assert(fc.property(scalar, small, scalar, small, scalar, (a, smallA, r, smallR, s) => {
      const publicKey = Point.BASE.multiplyUnsafe(a).add(smallA).toBytes();
      const nonce = Point.BASE.multiplyUnsafe(r).add(smallR).toBytes();
      const signature = concatBytes(nonce, Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 0xffn)));
      const message = Uint8Array.of(1);
      expect(verifyEd25519(publicKey, message, signature)).toBe(nodeEd25519(publicKey, message, signature));
    }), { numRuns: 100 });
  });
});

describe('ECDSA over P-256', () => {
  test('OpenSSL and Go share every verdict on a key that this project checks', () => {
    expect(read('p256.json').filter((c) => c.publicKey.length === 182 && (c.openssl !== c.go || c.holds !== c.openssl))).toEqual([]);
  });

  test.each(read('p256.json').map((c) => [c.name, c] as const))('%s', (_, c) => {
    const verdict = verifyP256(parseHex(c.publicKey), parseHex(c.message), parseHex(c.signature));
    // Null: a key that is no uncompressed point of P-256, which this project does not check.
    expect(verdict).toBe(c.publicKey.length === 182 ? c.holds : null);
  });
});
