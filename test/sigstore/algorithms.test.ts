// Signature algorithms of certificates: RSASSA-PSS with the parameters that it states, and no others.
import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseBase64 } from '../../ledger/bytes.ts';
import { schemeOfBytes } from '../../verify/sigstore/algorithms.ts';
import { isIssuedBy, keyOf } from '../../verify/sigstore/chain.ts';
import { holdsOverDigest } from '../../verify/sigstore/keys.ts';
import { parseCertificate } from '../../verify/sigstore/x509.ts';
import vectors from '../vectors/rsa-pss.json' with { type: 'json' };
import { basicConstraints, bits, generalizedTime, integer, keyUsage, name, oid, seq, sha256, tagged } from './pki.ts';

const SHA = { sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2', sha1: '1.3.14.3.2.26' } as const;
const nothing = Uint8Array.of(0x05, 0x00);

function pss(hash: keyof typeof SHA | null, mask: keyof typeof SHA | null, salt: number | null, ...more: Uint8Array[]): Uint8Array {
  return seq(oid('1.2.840.113549.1.1.10'), seq(
    ...(hash === null ? [] : [tagged(0, seq(oid(SHA[hash]), nothing))]),
    ...(mask === null ? [] : [tagged(1, seq(oid('1.2.840.113549.1.1.8'), seq(oid(SHA[mask]), nothing)))]),
    ...(salt === null ? [] : [tagged(2, integer(salt))]), ...more,
  ));
}

describe('what OpenSSL signed', () => {
  const [root, leaf] = [parseCertificate(parseBase64(vectors.root)), parseCertificate(parseBase64(vectors.leaf))];

  test('is issued by whom it names', () => {
    expect([isIssuedBy(root, root), isIssuedBy(leaf, root), isIssuedBy(root, leaf), isIssuedBy(leaf, leaf)]).toEqual([true, true, false, false]);
    expect([root, leaf].map((one) => schemeOfBytes(one.signatureAlgorithm))).toEqual([
      { name: 'rsa-pss', hash: 'sha256', saltLength: 32 }, { name: 'rsa-pss', hash: 'sha384', saltLength: 48 },
    ]);
    // The leaf's own key is bound to PSS.
    expect(keyOf(leaf).schemes.every(({ name: scheme }) => scheme === 'rsa-pss')).toBe(true);
    expect(keyOf(root).schemes.some(({ name: scheme }) => scheme === 'rsa-pkcs1')).toBe(true);
  });

  test('and is not with any byte of signature or certificate changed', () => {
    const raw = parseBase64(vectors.leaf);
    // In the signature twice, and in the subject's alternative name.
    const name = String.fromCharCode(...raw).indexOf('ci.example');
    for (const at of [raw.length - 1, raw.length - 200, name]) {
      const changed = raw.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(isIssuedBy(parseCertificate(changed), root), String(at)).toBe(false);
    }
  });
});

test.each([
  ['a salt of 20 bytes where none is stated', pss('sha256', 'sha256', null), { name: 'rsa-pss', hash: 'sha256', saltLength: 20 }],
  ['a stated trailer', pss('sha256', 'sha256', 32, tagged(3, integer(1))), { name: 'rsa-pss', hash: 'sha256', saltLength: 32 }],
  ['another trailer', pss('sha256', 'sha256', 32, tagged(3, integer(2))), null],
  ['no hash, which is SHA-1', pss(null, 'sha256', 32), null],
  ['SHA-1 by name', pss('sha1', 'sha1', 20), null],
  ['a mask under another hash', pss('sha256', 'sha384', 32), null],
])('%s', (_, algorithm, scheme) => {
  expect(schemeOfBytes(algorithm)).toEqual(scheme);
});

test('no mask and no parameters are malformed', () => {
  expect(() => schemeOfBytes(pss('sha256', null, 32))).toThrow();
  expect(() => schemeOfBytes(seq(oid('1.2.840.113549.1.1.10')))).toThrow();
});

test('the salt has the length that the certificate states', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const made = (stated: number, used: number) => {
    const algorithm = pss('sha256', 'sha256', stated);
    const validity = seq(generalizedTime(0), generalizedTime(4e12));
    const extensions = tagged(3, seq(basicConstraints(true), keyUsage(5)));
    const tbs = seq(tagged(0, integer(2)), integer(1), algorithm, name('root'), validity, name('root'), spki, extensions);
    const signature = new Uint8Array(sign('sha256', tbs, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: used }));
    const certificate = parseCertificate(seq(tbs, algorithm, bits(signature)));
    // The signature itself is sound under any length.
    expect(holdsOverDigest(keyOf(certificate), 'sha256', sha256(tbs), signature)).toBe(true);
    return isIssuedBy(certificate, certificate);
  };
  expect([made(32, 32), made(20, 20), made(32, 20), made(20, 32)]).toEqual([true, true, false, false]);
});
