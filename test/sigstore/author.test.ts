// What we author verifies, for every kind of key; and what is changed in it afterwards fails for its reason.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8, formatBase64, parseBase64 } from '../../ledger/bytes.ts';
import {
  type AuthorKey, authorKeyOf, authorKeyOfSeed, formatBundle, hashedRekordBody, readTrust, type Recordable, recordableOf, recordableOfMessage,
  type SignatureVerdict, signJson, verifyBundle, verifyEnvelope,
} from '../../verify/sigstore/index.ts';
import { digestOf } from '../../verify/sigstore/keys.ts';
import { OwnLog } from './own-log.ts';

const artifact = encodeUtf8('an artifact\n');
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'artifact', digest: { sha256: digestHex(artifact) } }],
  predicateType: 'https://example.test/predicate/1',
  predicate: { b: 1, a: 'ä' },
};

function pemOf({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }, passphrase?: string): { secret: string; publicKey: string } {
  const sealed = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const secret = privateKey.export({ type: 'pkcs8', format: 'pem', ...sealed }) as string;
  return { secret, publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string };
}

const KEYS: Readonly<Record<string, () => AuthorKey>> = {
  Ed25519: () => authorKeyOfSeed(new Uint8Array(32).fill(9)),
  'P-256': () => authorKeyOf(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })).secret),
  'P-384': () => authorKeyOf(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' })).secret),
  'P-521': () => authorKeyOf(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-521' })).secret),
  'RSA PKCS #1': () => authorKeyOf(pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 })).secret),
  'RSA PSS': () => authorKeyOf(pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 })).secret),
};

describe.each(Object.keys(KEYS))('%s', (name) => {
  const author = (KEYS[name] as () => AuthorKey)();
  const log = new OwnLog();
  const key = { kind: 'key', publicKey: formatBase64(author.key.spki) } as const;
  const trust = readTrust([key, { kind: 'root', trustedRoot: log.trustedRoot }]);

  test('an envelope verifies, and returns the canonical payload', async () => {
    const verdict = verifyEnvelope(json(await signJson(statement, [author])), trust);
    expect(said(verdict)).toBe('verified');
    expect(verdict).toMatchObject({ signers: [{ kind: 'key', keyId: author.key.id }], payloadType: 'application/vnd.in-toto+json' });
    expect(decodeUtf8((verdict as { payload: Uint8Array }).payload)).toContain('"predicate":{"a":"ä","b":1}');
  });

  test('a bundle with our own log verifies, by path and by digest', async () => {
    const envelope = await signJson(statement, [author]);
    const record = recordableOf(envelope, author.key);
    await log.append(encodeUtf8('another entry'));
    const entry = await log.append(hashedRekordBody(record));
    await log.append(encodeUtf8('a third entry'));
    const bundle = encodeUtf8(formatBundle({ content: { envelope }, key: author.key, entries: [entry] }));
    expect(said(verifyBundle(bundle, { bytes: artifact }, trust))).toBe('verified');
    expect(said(verifyBundle(bundle, { digests: { sha256: digestOf('sha256', artifact) } }, trust))).toBe('verified');
    expect(said(verifyBundle(bundle, { bytes: encodeUtf8('another') }, trust))).toBe('SUBJECT_MISMATCH');
    expect(said(verifyBundle(bundle, { bytes: artifact }, readTrust([key])))).toBe('signature_only');
    expect(said(verifyBundle(bundle, { bytes: artifact }, readTrust([])))).toBe('unverifiable key');
  });

  test('a message signature verifies, by digest where the scheme can', async () => {
    const signature = new Uint8Array(await author.sign(artifact));
    const record = name === 'Ed25519' ? plainEd25519(signature, author) : recordableOfMessage(artifact, signature, author.key);
    const entry = await log.append(hashedRekordBody(record));
    const bundle = encodeUtf8(formatBundle({ content: { message: record }, key: author.key, entries: [entry] }));
    const digests = { [record.hash]: record.digest };
    expect(said(verifyBundle(bundle, { bytes: artifact }, trust))).toBe('verified');
    expect(said(verifyBundle(bundle, { digests }, trust))).toBe(name === 'Ed25519' ? 'unverifiable artifact' : 'verified');
    expect(said(verifyBundle(bundle, { bytes: encodeUtf8('another') }, trust))).toBe('MESSAGE_DIGEST_MISMATCH');
    expect(said(verifyBundle(bundle, null, trust))).toBe('unverifiable artifact');
    for (const at of [0, record.signature.length >> 1, record.signature.length - 1]) {
      const changed = { ...record, signature: record.signature.map((byte, i) => (i === at ? byte ^ 1 : byte)) };
      const altered = encodeUtf8(formatBundle({ content: { message: changed }, key: author.key, entries: [entry] }));
      expect(said(verifyBundle(altered, { bytes: artifact }, trust))).toBe('SIGNATURE_INVALID');
      expect(said(verifyBundle(altered, { digests }, trust))).toBe(name === 'Ed25519' ? 'unverifiable artifact' : 'SIGNATURE_INVALID');
    }
  });
});

test('Ed25519ph: a message signature that hashes first verifies, with the artifact alone', async () => {
  const seed = new Uint8Array(32).fill(4);
  const { key } = authorKeyOfSeed(seed);
  const log = new OwnLog();
  const verifier = { publicKey: key.spki, keyDetails: 'PKIX_ED25519_PH' };
  const message: Recordable = { signature: ed25519ph.sign(artifact, seed), hash: 'sha512', digest: digestOf('sha512', artifact), verifier };
  const bundle = encodeUtf8(formatBundle({ content: { message }, key, entries: [await log.append(hashedRekordBody(message))] }));
  const trust = readTrust([{ kind: 'key', publicKey: formatBase64(key.spki) }, { kind: 'root', trustedRoot: log.trustedRoot }]);
  expect(said(verifyBundle(bundle, { bytes: artifact }, trust))).toBe('verified');
  expect(said(verifyBundle(bundle, { digests: { sha512: message.digest } }, trust))).toBe('unverifiable artifact');
  expect(said(verifyBundle(bundle, { bytes: encodeUtf8('another') }, trust))).toBe('MESSAGE_DIGEST_MISMATCH');
});

describe('keys and thresholds', () => {
  const [one, two, three] = [1, 2, 3].map((fill) => authorKeyOfSeed(new Uint8Array(32).fill(fill))) as [AuthorKey, AuthorKey, AuthorKey];
  const trustOf = (...keys: AuthorKey[]) => readTrust(keys.map(({ key }) => ({ kind: 'key', publicKey: formatBase64(key.spki) })));

  test('a threshold counts distinct keys', async () => {
    const both = json(await signJson(statement, [one, two]));
    const twice = json(await signJson(statement, [one, one]));
    expect(said(verifyEnvelope(both, trustOf(one, two), { threshold: 2 }))).toBe('verified');
    expect(said(verifyEnvelope(twice, trustOf(one, two), { threshold: 2 }))).toBe('THRESHOLD_NOT_MET');
    expect(said(verifyEnvelope(twice, trustOf(one, one), { threshold: 2 }))).toBe('THRESHOLD_NOT_MET');
    expect(said(verifyEnvelope(both, trustOf(three)))).toBe('SIGNATURE_INVALID');
    expect(said(verifyEnvelope(both, readTrust([])))).toBe('unverifiable key');
  });

  test('keyid is never a reason: any name verifies, a right name does not help', async () => {
    const envelope = await signJson(statement, [one]);
    const renamed = { ...envelope, signatures: envelope.signatures.map((signature) => ({ ...signature, keyid: three.key.id })) };
    expect(said(verifyEnvelope(json(renamed), trustOf(one)))).toBe('verified');
    expect(said(verifyEnvelope(json(renamed), trustOf(three)))).toBe('SIGNATURE_INVALID');
  });

  test('a signature over the payload alone is told apart', async () => {
    const envelope = await signJson(statement, [one]);
    const sig = formatBase64(new Uint8Array(await one.sign(parseBase64(envelope.payload))));
    expect(said(verifyEnvelope(json({ ...envelope, signatures: [{ keyid: '', sig }] }), trustOf(one)))).toBe('SIGNATURE_NOT_OVER_PAE');
  });

  test('both alphabets of base64 verify, with padding or without', async () => {
    const { payload, ...rest } = await signJson({ ...statement, note: '>>>???' }, [one]);
    const urlSafe = payload.replace(/\+/g, '-').replace(/\//g, '_');
    const answer = (text: string) => said(verifyEnvelope(json({ ...rest, payload: text }), trustOf(one)));
    for (const text of [payload, urlSafe, urlSafe.replace(/=+$/, '')]) expect(answer(text)).toBe('verified');
    expect(answer(`${payload.slice(0, -8)}!${payload.slice(-8)}`)).toBe('BUNDLE_BASE64_INVALID');
  });

  test('a key counts in its interval: proven time, else the time that the caller vouches for', async () => {
    const envelope = json(await signJson(statement, [one]));
    const trust = readTrust([{ kind: 'key', publicKey: formatBase64(one.key.spki), validFrom: 1000, validTo: 2000 }]);
    expect(said(verifyEnvelope(envelope, trust))).toBe('unverifiable time');
    expect([999, 1000, 2000, 2001].map((at) => said(verifyEnvelope(envelope, trust, { at })))).toEqual(
      ['KEY_NOT_VALID_THEN', 'verified', 'verified', 'KEY_NOT_VALID_THEN'],
    );
  });

  test('a key that is bound to one scheme signs with no other', async () => {
    const { secret, publicKey } = pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }));
    const envelope = json(await signJson(statement, [authorKeyOf(secret)]));
    const trusted = (keyDetails: string) => readTrust([{ kind: 'key', publicKey, keyDetails }]);
    expect(said(verifyEnvelope(envelope, trusted('PKIX_RSA_PKCS1V15_2048_SHA256')))).toBe('verified');
    expect(said(verifyEnvelope(envelope, trusted('PKIX_RSA_PSS_2048_SHA256')))).toBe('SIGNATURE_INVALID');
    expect(() => trusted('PKIX_ED25519')).toThrow('does not sign with the scheme');
  });

  test('keys that are too weak or of another curve are refused as trust', () => {
    const weak = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 })).publicKey;
    const other = pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })).publicKey;
    for (const publicKey of [weak, other, 'no key']) expect(() => readTrust([{ kind: 'key', publicKey }])).toThrow('Cannot');
  });

  test('a wrong passphrase is refused without a word of the key', () => {
    const { secret } = pemOf(generateKeyPairSync('ed25519'), 'right');
    expect(authorKeyOf(secret, 'right').key.kind).toBe('Ed25519');
    expect(() => authorKeyOf(secret, 'wrong')).toThrow(/^Cannot read private key: expected PEM$/);
  });
});

/** No log of Sigstore records this, and it verifies all the same. */
function plainEd25519(signature: Uint8Array, { key }: AuthorKey): Recordable {
  expect(() => recordableOfMessage(artifact, signature, key)).toThrow('Cannot record');
  const verifier = { publicKey: key.spki, keyDetails: 'PKIX_ED25519' };
  return { signature, hash: 'sha256', digest: digestOf('sha256', artifact), verifier };
}

function json(value: unknown): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

function said(verdict: SignatureVerdict): string {
  if (verdict.is === 'failed') return verdict.code;
  return verdict.is === 'unverifiable' ? `unverifiable ${verdict.missing}` : verdict.is;
}

function digestHex(bytes: Uint8Array): string {
  return [...digestOf('sha256', bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
