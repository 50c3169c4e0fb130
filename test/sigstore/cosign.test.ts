// cosign's older outputs: judged as bundles of version 0.1 with the same parts, by managed keys and by certificates.
import { describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8, formatBase64, formatHex, parseBase64 } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { p256Signer } from '../../ledger/note/index.ts';
import {
  authorKeyOfSeed, dsseBody, formatTrustedRoot, pemOfSpki, readTrust, signJson, type SignatureVerdict, signPromise, type TrustEntry, verifyBareSignature,
  verifyCosignBundle,
} from '../../verify/sigstore/index.ts';
import { hashedRekordBodyV1 } from '../../verify/sigstore/rekor.ts';
import vectors from '../vectors/cosign-older.json' with { type: 'json' };
import { keyPair, sha256, signWith } from './pki.ts';
import { artifact as attested, issuer, now, subject, world } from './world.ts';

const said = (verdict: SignatureVerdict) =>
  (verdict.is === 'failed' ? verdict.code : verdict.is === 'unverifiable' ? `unverifiable ${verdict.missing}` : verdict.is);
const hi = encodeUtf8('hi\n');
const other = encodeUtf8('ho\n');
const cosignKey: TrustEntry = { kind: 'key', publicKey: vectors.publicKey };
const stranger: TrustEntry = { kind: 'key', publicKey: formatBase64(keyPair().spki) };

const log = p256Signer('rekor.example.test', new Uint8Array(32).fill(5));
const root: TrustEntry = { kind: 'root', trustedRoot: formatTrustedRoot('rekor.example.test', [{ publicKey: log.key.publicKey, from: 0 }]) };
const logId = sha256(log.key.publicKey);

/** What Rekor v1 answered, as cosign kept it. */
async function rekorBundle(body: Uint8Array, change: { integratedTime?: number } = {}): Promise<JcsValue> {
  const { integratedTime, signature } = await signPromise({ logId, index: 7, body }, now / 1000, (message) => log.sign(message));
  const Payload = { body: formatBase64(body), integratedTime, logIndex: 7, logID: formatHex(logId), ...change };
  return { SignedEntryTimestamp: formatBase64(signature), Payload };
}

describe('what cosign wrote, by a managed key without a log', () => {
  const trust = readTrust([cosignKey]);
  const digests = { digests: { sha256: sha256(hi) } };

  test('a signature file', () => {
    const verify = (artifact: Parameters<typeof verifyBareSignature>[1], of = trust) => said(verifyBareSignature(`${vectors.signature}\n`, artifact, of));
    expect([verify({ bytes: hi }), verify(digests), verify({ bytes: other }), verify(null)]).toEqual([
      'signature_only', 'signature_only', 'SIGNATURE_INVALID', 'unverifiable artifact',
    ]);
    expect([verify(digests, readTrust([stranger])), verify(digests, readTrust([]))]).toEqual(['SIGNATURE_INVALID', 'unverifiable key']);
    expect(said(verifyBareSignature('!', digests, trust))).toBe('BUNDLE_BASE64_INVALID');
  });

  test('a bundle of a signature', () => {
    const verify = (artifact: Parameters<typeof verifyCosignBundle>[1]) => said(verifyCosignBundle(vectors.bundle, artifact, trust));
    expect([verify({ bytes: hi }), verify(digests), verify({ bytes: other })]).toEqual(['signature_only', 'signature_only', 'SIGNATURE_INVALID']);
  });

  test('a bundle of an attestation', () => {
    const verify = (artifact: Parameters<typeof verifyCosignBundle>[1], of = trust) => said(verifyCosignBundle(vectors.attestation, artifact, of));
    expect([verify({ bytes: hi }), verify(null), verify({ bytes: other })]).toEqual(['signature_only', 'signature_only', 'SUBJECT_MISMATCH']);
    expect(verify(null, readTrust([stranger]))).toBe('SIGNATURE_INVALID');
  });
});

describe('with Rekor\'s promise', () => {
  const signer = keyPair();
  const trust = readTrust([{ kind: 'key', publicKey: formatBase64(signer.spki) }, root]);
  const signature = signWith(signer, hi);
  const recorded = (message: Uint8Array) => hashedRekordBodyV1({ signature, hash: 'sha256', digest: sha256(message) }, pemOfSpki(signer.spki));

  test('a signature is verified, with the time that the log promised', async () => {
    const file = { base64Signature: formatBase64(signature), rekorBundle: await rekorBundle(recorded(hi)) };
    const verdict = verifyCosignBundle(encodeUtf8(JSON.stringify(file)), { bytes: hi }, trust);
    expect(verdict).toMatchObject({ is: 'verified', times: [{ at: now, source: 'log' }], entries: [{ index: 7, kind: 'hashedrekord 0.0.1', proven: false }] });
  });

  test('and fails for its reason', async () => {
    const file = async (body: Uint8Array, change = {}) => ({ base64Signature: formatBase64(signature), rekorBundle: await rekorBundle(body, change) });
    const verify = async (body: Uint8Array, change = {}) => said(verifyCosignBundle(await file(body, change) as never, { bytes: hi }, trust));
    expect(await verify(recorded(other))).toBe('BODY_DIGEST_MISMATCH');
    expect(await verify(recorded(hi), { integratedTime: now / 1000 + 1 })).toBe('TLOG_SET_INVALID');
    expect(await verify(recorded(hi), { logID: formatHex(sha256(hi)) })).toBe('TLOG_LOG_UNKNOWN');
    expect(await verify(recorded(hi), { logID: 'x' })).toBe('BUNDLE_MALFORMED');
    expect(await verify(encodeUtf8('{}'))).toBe('BODY_MALFORMED');
    expect(said(verifyCosignBundle({ base64Signature: 7 } as never, { bytes: hi }, trust))).toBe('BUNDLE_MALFORMED');
    expect(said(verifyCosignBundle(encodeUtf8('{'), { bytes: hi }, trust))).toBe('BUNDLE_NOT_JSON');
  });

  test('of an image it is the signed payload that must name the manifest', async () => {
    const image = sha256(encodeUtf8('manifest'));
    const named = { 'docker-manifest-digest': `sha256:${formatHex(image)}` };
    const payload = encodeJcs({ critical: { identity: {}, image: named, type: 'cosign container image signature' } });
    const own = signWith(signer, payload);
    const body = hashedRekordBodyV1({ signature: own, hash: 'sha256', digest: sha256(payload) }, pemOfSpki(signer.spki));
    const file = { Base64Signature: formatBase64(own), Payload: formatBase64(payload), Cert: null, Chain: null, Bundle: await rekorBundle(body) };
    const verify = (digest: Uint8Array) => said(verifyCosignBundle(file as never, { digests: { sha256: digest } }, trust));
    expect([verify(image), verify(sha256(hi))]).toEqual(['verified', 'SUBJECT_MISMATCH']);
    const changed = { ...file, Payload: formatBase64(encodeUtf8(decodeUtf8(payload).replace(formatHex(image), formatHex(sha256(hi))))) };
    expect(said(verifyCosignBundle(changed as never, { digests: { sha256: sha256(hi) } }, trust))).toBe('SIGNATURE_INVALID');
  });

  test('an attestation recorded as a whole envelope (intoto 0.0.1) is bound to its very bytes', async () => {
    const author = authorKeyOfSeed(new Uint8Array(32).fill(3));
    const subjects = [{ digest: { sha256: formatHex(sha256(hi)) } }];
    const statement = { _type: 'https://in-toto.io/Statement/v0.1', subject: subjects, predicateType: 'https://x.test', predicate: {} };
    const envelope = await signJson(statement, [author]);
    const own = readTrust([{ kind: 'key', publicKey: formatBase64(author.key.spki) }, root]);
    const bodyOf = (bytes: Uint8Array) => encodeJcs({
      apiVersion: '0.0.1', kind: 'intoto',
      spec: { content: { hash: { algorithm: 'sha256', value: formatHex(sha256(bytes)) } }, publicKey: formatBase64(encodeUtf8(pemOfSpki(author.key.spki))) },
    });
    const bytes = encodeUtf8(JSON.stringify(envelope));
    const verify = async (body: Uint8Array, of = bytes) =>
      said(verifyCosignBundle({ base64Signature: formatBase64(of), rekorBundle: await rekorBundle(body) } as never, { bytes: hi }, own));
    expect(await verify(bodyOf(bytes))).toBe('verified');
    expect(await verify(dsseBody(envelope, author.key))).toBe('verified');
    // The same envelope, spelt otherwise, is not what was recorded.
    expect(await verify(bodyOf(bytes), encodeUtf8(` ${JSON.stringify(envelope)}`.trim().replace('{', '{ ')))).toBe('BODY_DIGEST_MISMATCH');
    expect(await verify(bodyOf(hi))).toBe('BODY_DIGEST_MISMATCH');
  });
});

test('a certificate\'s attestation is verified under issuer and exact subject, and refused for another', () => {
  const { bundle, trust } = world();
  type Parts = { dsseEnvelope: JcsValue; verificationMaterial: { certificate: { rawBytes: string }; tlogEntries: [Entry] } };
  type Entry = {
    integratedTime: string; logIndex: string; canonicalizedBody: string; logId: { keyId: string }; inclusionPromise: { signedEntryTimestamp: string };
  };
  const { dsseEnvelope, verificationMaterial: { certificate, tlogEntries: [entry] } } = JSON.parse(decodeUtf8(bundle)) as Parts;
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate.rawBytes}\n-----END CERTIFICATE-----\n`;
  const file = (cert: string) => ({
    base64Signature: formatBase64(encodeUtf8(JSON.stringify(dsseEnvelope))), cert,
    rekorBundle: {
      SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
      Payload: {
        body: entry.canonicalizedBody, integratedTime: Number(entry.integratedTime), logIndex: Number(entry.logIndex),
        logID: formatHex(parseBase64(entry.logId.keyId)),
      },
    },
  });
  const verify = (cert: string, of = trust) => verifyCosignBundle(file(cert) as never, { bytes: attested }, of);
  for (const cert of [pem, formatBase64(encodeUtf8(pem))]) {
    expect(verify(cert)).toMatchObject({ is: 'verified', signers: [{ kind: 'identity', subject, issuer }], times: [{ at: now }] });
  }
  const trusting = (who: TrustEntry) => world({ trust: [who] }).trust;
  expect(said(verify(pem, trusting({ kind: 'identity', subject: `${subject}x`, issuer })))).toBe('IDENTITY_SUBJECT_MISMATCH');
  expect(said(verify(pem, trusting({ kind: 'identity', subject, issuer: `${issuer}x` })))).toBe('IDENTITY_ISSUER_MISMATCH');
  expect(said(verify('x', trust))).toBe('BUNDLE_MALFORMED');
  expect(said(verifyCosignBundle({ ...file(pem), rekorBundle: null } as never, { bytes: attested }, trust))).toBe('TLOG_ENTRY_MISSING');
});
