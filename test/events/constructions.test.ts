// Sealing, recognition of repeats, and persons: outside vectors, and what must not happen.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import {
  asSet, commitmentOf, deriveSealKeys, encodeCbor, idempotencyKeyOf, keyIdOf, open, paddedSize, personOf, requestDigestOf, rotationMessage, sameAsOf, seal,
  sealedKeyOf, type CborValue, type Digest,
} from '../../ledger/events/index.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import vectors from '../../spec/vectors/events/constructions.json' with { type: 'json' };
import { families, fromJson, type FamilyVectors } from './vectors.ts';

async function refusal(act: Promise<unknown>): Promise<string> {
  return act.then(() => 'accepted', (error: { code: string }) => error.code);
}

describe('sealing', () => {
  test.each(vectors.seal.map((vector) => [vector.plaintext.slice(0, 40), vector] as const))('vector "%s"', async (_, vector) => {
    const secret = parseHex(vector.secret), plaintext = parseHex(vector.plaintext), commitment = parseHex(vector.commitment);
    const { salt, key } = await deriveSealKeys(secret);
    expect([formatHex(salt), formatHex(key)]).toEqual([vector.salt, vector.key]);
    const sealed = await seal(secret, plaintext);
    expect([formatHex(sealed.ciphertext), formatHex(sealed.commitment)]).toEqual([vector.ciphertext, vector.commitment]);
    expect(formatHex(sha256(sealed.ciphertext))).toBe(vector.ciphertextDigest);
    expect(await commitmentOf(salt, plaintext)).toEqual(commitment);
    expect(await open(secret, sealed.ciphertext, commitment)).toEqual(plaintext);
  });

  test('what is changed does not open', async () => {
    const secret = new Uint8Array(32).fill(7);
    const { ciphertext, commitment } = await seal(secret, encodeUtf8('not reachable'));
    for (let i = 0; i < ciphertext.length; i++) {
      expect(await refusal(open(secret, ciphertext.with(i, (ciphertext[i] as number) ^ 1), commitment))).toBe('PAYLOAD_UNREADABLE');
    }
    expect(await refusal(open(secret.with(0, 8), ciphertext, commitment))).toBe('PAYLOAD_UNREADABLE');
    expect(await refusal(open(secret, ciphertext.subarray(0, 15), commitment))).toBe('PAYLOAD_UNREADABLE');
    expect(await refusal(open(secret, ciphertext, commitment.with(31, (commitment[31] as number) ^ 1)))).toBe('PAYLOAD_COMMITMENT_MISMATCH');
  });

  test('what does not open says what the engine said', async () => {
    const secret = new Uint8Array(32).fill(7);
    const error: unknown = await open(secret, new Uint8Array(16), new Uint8Array(32)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'PAYLOAD_UNREADABLE', cause: { name: 'OperationError' } });
  });

  test('a secret has 32 bytes', async () => {
    await expect(seal(new Uint8Array(31), new Uint8Array(0))).rejects.toThrow(RangeError);
  });

  test.each([[0, 1024], [1023, 1024], [1024, 1024], [1025, 2048], [2 ** 31 + 1, 2 ** 32], [2 ** 40, 2 ** 40], [2 ** 48 - 1, 2 ** 48]])(
    'a size of %i is recorded as %i',
    (size, padded) => expect(paddedSize(size)).toBe(padded),
  );
});

describe('repeats', () => {
  test.each(vectors.sameAs.map((vector) => [vector.type, vector] as const))('sameAs of %s', (_, { type, subject, role, digest, sameAs }) => {
    expect(formatHex(sameAsOf(sha256, type, [fromJson(subject) as unknown as Digest], role, fromJson(digest) as unknown as Digest))).toBe(sameAs);
  });

  test('several subjects are recognised together: another set is another event', () => {
    const digest = (byte: number): Digest => ['sha256', new Uint8Array(32).fill(byte)];
    const of = (...bytes: number[]) => formatHex(sameAsOf(sha256, 'document.stored', bytes.map(digest), 'document', digest(9)));
    expect(new Set([of(1), of(1, 2), of(1, 3), of(2)]).size).toBe(4);
    expect(of(1, 2)).toBe('7e3389148833ad3295ca6a1007294816');
  });

  test.each(vectors.idempotency.map((vector) => [vector.key, vector.stored] as const))('idempotency key "%s"', (key, stored) => {
    expect(formatHex(idempotencyKeyOf(sha256, key))).toBe(stored);
  });

  test('a request cannot be guessed without the pepper', () => {
    const request = { type: 'waiver.requested', justification: 'yes' };
    const digest = requestDigestOf(sha256, new Uint8Array(32).fill(9), request);
    expect(formatHex(digest)).toBe('3254947933e56a9c835ca0a0e1456402');
    expect(requestDigestOf(sha256, new Uint8Array(32).fill(8), request)).not.toEqual(digest);
    expect(requestDigestOf(sha256, new Uint8Array(64), request)).toHaveLength(16);
    expect(() => requestDigestOf(sha256, new Uint8Array(65), request)).toThrow(RangeError);
  });

  test('sealed evidence is recognised under the pepper, one subject or several', () => {
    const digest = (byte: number): Digest => ['sha256', new Uint8Array(32).fill(byte)];
    const pepper = new Uint8Array(32).fill(9);
    const hmac = (value: CborValue) => formatHex(new Uint8Array(createHmac('sha256', pepper).update(encodeCbor(value)).digest()).slice(0, 16));
    const of = (...subjects: number[]) => formatHex(sealedKeyOf(sha256, pepper, 'sbom.received', subjects.map(digest), 'document', digest(7)));
    const set: Digest = ['sha256', sha256(encodeCbor([digest(1), digest(2)]))];
    expect(of(1)).toBe(hmac(['sbom.received', digest(1), 'document', digest(7)]));
    expect(of(1, 2)).toBe(hmac(['sbom.received', set, 'document', digest(7)]));
  });

  test('a set is sorted by encoded bytes, whatever it holds', () => {
    expect(asSet([300, 24, 0, 24])).toEqual([0, 24, 300]);
    expect(asSet(['event', 'raw', 'a', 'raw'])).toEqual(['a', 'raw', 'event']);
    expect(asSet([Uint8Array.of(2), Uint8Array.of(1, 0), Uint8Array.of(1)])).toEqual([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(1, 0)]);
    expect(asSet([-1, 1, -2])).toEqual([1, -1, -2]);
    expect(asSet([{ a: 2 }, { a: 1 }, { a: 2 }])).toEqual([{ a: 1 }, { a: 2 }]);
    expect(asSet([['sha512', 'a'], ['md5', 'b'], ['md5', 'a']])).toEqual([['md5', 'a'], ['md5', 'b'], ['sha512', 'a']]);
  });
});

describe('persons and keys', () => {
  test.each(vectors.person.map((vector) => [vector.issuer, vector.subject, vector] as const))('person %s %s', (issuer, subject, { pepper, person }) => {
    expect(formatHex(personOf(sha256, parseHex(pepper), issuer, subject))).toBe(person);
  });

  test('the keys in golden entries have the ids they name', () => {
    const { golden } = families.get('key') as FamilyVectors;
    const [{ event }] = golden as unknown as [{ event: { data: { key: { id: Uint8Array; public: Uint8Array } } } }];
    const { key } = event.data;
    expect(keyIdOf(sha256, key.public)).toEqual(key.id);
  });

  test('a rotation is signed for one ledger', () => {
    const to = { id: new Uint8Array(32).fill(2), use: 'checkpoint', algorithm: 'ed25519', public: new Uint8Array(44) } as const;
    const rotation = { from: new Uint8Array(32).fill(1), to, lastSize: 7 };
    const message = (ledger: number, changed = {}) => formatHex(rotationMessage(new Uint8Array(16).fill(ledger), { ...rotation, ...changed }));
    expect(message(1).startsWith(`${formatHex(encodeUtf8('stella/key.rotated/v1'))}a462746fa4`)).toBe(true);
    const others = [message(2), message(1, { lastSize: 8 }), message(1, { from: new Uint8Array(32) }), message(1, { to: { ...to, use: 'release' } })];
    expect(new Set([message(1), ...others]).size).toBe(5);
  });
});
