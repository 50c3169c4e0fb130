// Signing with P-256 and deriving keys with Argon2id: known answers of others.
import { argon2Sync } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { portableArgon2id } from '../../ledger/note/argon2.ts';
import { isP256Secret, p256Signer, verifyP256 } from '../../ledger/note/p256.ts';

describe('a P-256 signer', () => {
  // RFC 6979, A.2.5: the key, its point, and r of the signature over "sample"; s is n less the s there, the smaller of the two.
  const secret = parseHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
  const point = '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299';
  const r = 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716';
  const s = 0xf7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8n;

  test('signs as RFC 6979 does, in DER', async () => {
    const signer = p256Signer('rekor.example', secret);
    expect(formatHex(signer.key.publicKey)).toBe(`3059301306072a8648ce3d020106082a8648ce3d03010703420004${point}`);
    const signature = await signer.sign(encodeUtf8('sample'));
    const low = (p256.Point.Fn.ORDER - s).toString(16).padStart(64, '0');
    expect(formatHex(signature)).toBe(`3045022100${r}0220${low}`);
    expect(verifyP256(signer.key.publicKey, encodeUtf8('sample'), signature)).toBe(true);
    // Rekor's own signer does not choose the smaller one: both hold.
    const high = parseHex(`3046022100${r}022100${s.toString(16)}`);
    expect(verifyP256(signer.key.publicKey, encodeUtf8('sample'), high)).toBe(true);
    expect(verifyP256(signer.key.publicKey, encodeUtf8('Sample'), signature)).toBe(false);
  });

  test('a secret is a number from 1 to the order less one', () => {
    const order = p256.Point.Fn.ORDER;
    const bytes = (n: bigint) => parseHex(n.toString(16).padStart(64, '0'));
    for (const [n, good] of [[0n, false], [1n, true], [order - 1n, true], [order, false], [2n ** 256n - 1n, false]] as const) {
      expect(isP256Secret(bytes(n)), `${n}`).toBe(good);
      if (good) expect(p256Signer('a', bytes(n)).key.name).toBe('a');
      else expect(() => p256Signer('a', bytes(n))).toThrow('not a scalar of P-256');
    }
    expect(isP256Secret(new Uint8Array(31).fill(1))).toBe(false);
  });
});

describe('Argon2id in JavaScript', () => {
  // Known answers of the reference implementation's own test.c, version 19.
  test.each([
    [2, 256, 1, '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe'],
    [2, 256, 2, '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037'],
  ])('%i passes, %i KiB, %i lanes', (passes, memory, lanes, expected) => {
    const [password, salt] = [encodeUtf8('password'), encodeUtf8('somesalt')];
    expect(formatHex(portableArgon2id(password, salt, passes, memory, lanes))).toBe(expected);
    expect(argon2Sync('argon2id', { message: password, nonce: salt, parallelism: lanes, tagLength: 32, memory, passes }).toString('hex')).toBe(expected);
  });
});
