// Forgeries of our own, one defect each, and the code that each must give: the rules that the corpora do not reach.
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatBase64, formatHex } from '../../ledger/bytes.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { type BundleOptions, type SignatureVerdict, verifyBundle } from '../../verify/sigstore/index.ts';
import {
  basicConstraints, CODE_SIGNING, email, extension, integer, issuerClaim, keyPair, keyUsage, names, oid, plain, purposes, seq, set, sha256,
  signingCertificate, tagged,
  TIME_STAMPING, uri, user,
} from './pki.ts';
import { artifact, type Forgery, issuer, now, statementOf, subject, usual, world } from './world.ts';

const hour = 3_600_000;
type Parts = { [key: string]: JcsValue };

function said(forgery: Forgery, options: BundleOptions = {}): string {
  const { bundle, trust } = world(forgery);
  return codeOf(verifyBundle(bundle, { bytes: artifact }, trust, options));
}

function codeOf(verdict: SignatureVerdict): string {
  if (verdict.is === 'failed') return verdict.code;
  return verdict.is === 'unverifiable' ? `unverifiable ${verdict.missing}` : verdict.is;
}

/** Changes a member by its path, in a copy. */
function at(path: string, change: (value: JcsValue) => JcsValue | undefined) {
  const keysOf = path.split('.');
  const walk = (value: JcsValue, i: number): JcsValue => {
    const key = keysOf[i] as string;
    const inner = (value as Parts)[key] as JcsValue;
    const changed = i === keysOf.length - 1 ? change(inner) : walk(inner, i + 1);
    if (Array.isArray(value)) return value.map((item: JcsValue, j) => (String(j) === key ? (changed as JcsValue) : item));
    return Object.fromEntries(Object.entries({ ...(value as Parts), [key]: changed }).filter(([, one]) => one !== undefined)) as JcsValue;
  };
  return (value: Parts): JcsValue => walk(value, 0);
}

const gone = () => undefined;
const to = (value: JcsValue) => () => value;
const ENTRY = 'verificationMaterial.tlogEntries.0';
const STAMPS = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps';
const withSan = (...list: Uint8Array[]) => ({ extensions: [keyUsage(0), purposes(false, CODE_SIGNING), names(...list), issuerClaim(issuer)] });
const constrained = (...parts: Uint8Array[]): Forgery => ({
  intermediate: (ca) => ({ ...ca, extensions: [...ca.extensions, extension('2.5.29.30', true, seq(...parts))] }),
});
const subtree = (name: Uint8Array) => seq(name);

const ACCEPTED: Readonly<Record<string, Forgery>> = {
  'nothing changed': {},
  'a timestamp beside the promise': { withToken: true },
  'a timestamp that names its certificate by hash': { withToken: true, namesSigner: true },
  'the right subject as the second name': withSan(uri('https://elsewhere.example.test'), uri(subject)),
  'a user name': { ...withSan(user('robot!example.test')), trust: [{ kind: 'identity', subject: 'robot!example.test', issuer }] },
  'an e-mail address': { ...withSan(email('dev@example.test')), trust: [{ kind: 'identity', subject: 'dev@example.test', issuer }] },
  'the issuer in its older extension alone': {
    extensions: [...usual.slice(0, 3), extension('1.3.6.1.4.1.57264.1.1', false, encodeUtf8(issuer))],
  },
  'an unknown extension that is not critical': { extensions: [...usual, extension('1.2.3.4.5', false, integer(1))] },
  'an authority limited to code signing': { intermediate: (ca) => ({ ...ca, extensions: [...ca.extensions, purposes(false, CODE_SIGNING)] }) },
  'an intermediate as the anchor': { root: at('certificateAuthorities.0.certChain.certificates', (list) => [(list as JcsValue[])[0] as JcsValue]) },
  'names within what the authority permits': constrained(tagged(0, subtree(plain(6, encodeUtf8('ci.example.test'))))),
  'an unknown member': { bundle: (bundle) => ({ ...bundle, added: 1 }) },
  'the certificate in a chain of version 0.2': {
    bundle: (bundle) => {
      const material = bundle['verificationMaterial'] as Parts;
      const { certificate, ...rest } = material;
      const verificationMaterial = { ...rest, x509CertificateChain: { certificates: [certificate as JcsValue] } };
      return { ...bundle, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2', verificationMaterial };
    },
  },
  'the root ends at the very time': { root: at('certificateAuthorities.0.validFor.end', to(new Date(now).toISOString())) },
  'the log key ends at the very time': { root: at('tlogs.0.publicKey.validFor.end', to(new Date(now).toISOString())) },
};

const REFUSED: readonly (readonly [string, string, Forgery])[] = [
  ['BUNDLE_MALFORMED', 'an entry without its kind', { bundle: at(`${ENTRY}.kindVersion`, gone) }],
  ['BUNDLE_MALFORMED', 'an index that is no integer', { bundle: at(`${ENTRY}.logIndex`, to('07')) }],
  ['BUNDLE_MALFORMED', 'an index beyond 2^53', { bundle: at(`${ENTRY}.logIndex`, to('9007199254740993')) }],
  ['BUNDLE_TOO_MANY', '33 entries', {
    bundle: at('verificationMaterial.tlogEntries', (list) => Array<JcsValue>(33).fill((list as JcsValue[])[0] as JcsValue)),
  }],
  ['CERT_MALFORMED', 'a certificate that is no DER', { bundle: at('verificationMaterial.certificate.rawBytes', to('AAAA')) }],
  ['KEY_UNSUPPORTED', 'a key on another curve', { leaf: (leaf) => ({ ...leaf, key: keyPair('secp256k1') }) }],
  ['SIGNATURE_INVALID', "another certificate's key", { leaf: (leaf) => ({ ...leaf, key: keyPair() }) }],
  ['PAYLOAD_TYPE_WRONG', 'text as the payload type', { payloadType: 'text/plain' }],
  ['STATEMENT_MALFORMED', 'another type of statement', { payload: { _type: 'https://in-toto.io/Statement/v9', subject: [{ digest: { sha256: '00' } }] } }],
  ['STATEMENT_MALFORMED', 'a statement without subjects', { payload: { _type: 'https://in-toto.io/Statement/v1', subject: [], predicateType: 'x' } }],
  ['STATEMENT_MALFORMED', 'a subject without a digest', { payload: statementOf({}) }],
  ['STATEMENT_MALFORMED', 'a member twice in the statement', { payloadBytes: encodeUtf8('{"_type":"a","_type":"https://in-toto.io/Statement/v1"}') }],
  ['SUBJECT_MISMATCH', 'a subject by name and SHA-1 alone', { payload: statementOf({ sha1: '00'.repeat(20) }) }],
  ['SUBJECT_MISMATCH', 'a subject with one right digest and one wrong', {
    payload: statementOf({ sha256: formatHex(sha256(artifact)), sha512: '00'.repeat(64) }),
  }],
  ['BODY_KEY_MISMATCH', 'an entry for another key', { body: at('spec.signatures.0.verifier', to(formatBase64(encodeUtf8(pem('AAAA'))))) }],
  ['BODY_MALFORMED', 'an entry with two signatures', { body: at('spec.signatures', (list) => [...(list as JcsValue[]), ...(list as JcsValue[])]) }],
  ['BODY_MALFORMED', 'an entry without a specification', { body: at('spec', gone) }],
  ['BODY_SIGNATURE_MISMATCH', 'an entry for another signature', { body: at('spec.signatures.0.signature', to('AAAA')) }],
  ['BODY_DIGEST_MISMATCH', 'an entry for another payload', { body: at('spec.payloadHash.value', to('00'.repeat(32))) }],
  ['TLOG_SET_MISSING', 'version 0.1 without a promise', {
    bundle: (bundle) => at(`${ENTRY}.inclusionPromise`, gone)({ ...bundle, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' } as Parts),
  }],
  ['TLOG_SET_INVALID', 'another integrated time than was promised', { bundle: at(`${ENTRY}.integratedTime`, to(String(now / 1000 - 1))) }],
  ['TLOG_SET_INVALID', 'another index than was promised', { bundle: at(`${ENTRY}.logIndex`, to('78')) }],
  ['TLOG_KEY_NOT_VALID_THEN', 'a log key that begins later', { root: at('tlogs.0.publicKey.validFor.start', to(new Date(now + 1000).toISOString())) }],
  ['CHECKPOINT_MALFORMED', 'a checkpoint without a signature', { bundle: at(`${ENTRY}.inclusionProof.checkpoint.envelope`, to('a\n2\nAAAA\n')) }],
  ['TIMESTAMP_DUPLICATE', 'a timestamp twice', {
    withToken: true, bundle: at(STAMPS, (list) => [...(list as JcsValue[]), ...(list as JcsValue[])]),
  }],
  ['TIMESTAMP_MALFORMED', 'a timestamp that is no DER', {
    withToken: true, bundle: at(`${STAMPS}.0.signedTimestamp`, to('AAAA')),
  }],
  ['TIMESTAMP_IMPRINT_MISMATCH', 'a timestamp over something else', { withToken: true, token: { over: artifact } }],
  ['TIMESTAMP_AUTHORITY_UNKNOWN', 'another serial number of the signer', { withToken: true, token: { serial: 8 } }],
  ['TIMESTAMP_SIGNATURE_INVALID', "another key under the authority's name", { withToken: true, token: { key: keyPair() } }],
  ['TIMESTAMP_SIGNATURE_INVALID', 'signed attributes about another content', { withToken: true, token: { digestOver: artifact } }],
  ['TIMESTAMP_SIGNATURE_INVALID', "another certificate's hash in the attributes", { withToken: true, token: { attributes: [signingCertificate(artifact)] } }],
  ['TIMESTAMP_AUTHORITY_PROFILE', 'time stamping that is not marked critical', {
    withToken: true, tsa: (tsa) => ({ ...tsa, extensions: [keyUsage(0), purposes(false, TIME_STAMPING)] }),
  }],
  ['TIMESTAMP_AUTHORITY_PROFILE', 'time stamping and code signing', {
    withToken: true, tsa: (tsa) => ({ ...tsa, extensions: [keyUsage(0), purposes(true, TIME_STAMPING, CODE_SIGNING)] }),
  }],
  ['TIMESTAMP_AUTHORITY_NOT_VALID_THEN', 'a signer that expired', { withToken: true, tsa: (tsa) => ({ ...tsa, to: now - 1000 }) }],
  ['TIMESTAMP_AUTHORITY_NOT_VALID_THEN', 'an authority that the root counts later', {
    withToken: true, root: at('timestampAuthorities.0.validFor.start', to(new Date(now + 1000).toISOString())),
  }],
  ['CERT_NOT_VALID_THEN', 'a timestamp outside the certificate, beside a promise inside', { withToken: true, token: { at: now + hour } }],
  ['CERT_NOT_VALID_THEN', 'an integrated time outside the certificate', { integratedTime: now + hour }],
  ['CERT_NOT_VALID_THEN', 'an anchor that expired', { rootAuthority: (ca) => ({ ...ca, to: now - 1000 }) }],
  ['CERT_LEAF_IS_CA', 'an authority that signs', { extensions: [basicConstraints(true), ...usual] }],
  ['CERT_KEY_USAGE_WRONG', 'a leaf that may sign certificates too', { extensions: [keyUsage(0, 5), ...usual.slice(1)] }],
  ['CERT_KEY_USAGE_WRONG', 'a leaf without key usage', { extensions: usual.slice(1) }],
  ['CERT_EKU_WRONG', 'a leaf for any purpose', { extensions: [keyUsage(0), purposes(false, '2.5.29.37.0'), ...usual.slice(2)] }],
  ['CERT_EXTENSION_UNKNOWN', 'an unknown critical extension', { extensions: [...usual, extension('1.2.3.4.5', true, integer(1))] }],
  ['CERT_MALFORMED', 'key usage that is no bit string', { extensions: [extension('2.5.29.15', true, integer(1)), ...usual.slice(1)] }],
  ['CERT_MALFORMED', 'an extension twice', { extensions: [...usual, issuerClaim(issuer)] }],
  ['CERT_SAN_MISSING', 'a subject name without names', { extensions: [keyUsage(0), purposes(false, CODE_SIGNING), names(), issuerClaim(issuer)] }],
  ['CERT_CHAIN_UNTRUSTED', "another key under the issuer's name", { leaf: (leaf) => ({ ...leaf, by: keyPair() }) }],
  ['CERT_CA_PROFILE', 'an issuer that is no authority', { intermediate: (ca) => ({ ...ca, extensions: [keyUsage(5)] }) }],
  ['CERT_CA_PROFILE', 'an issuer whose constraints are not critical', {
    intermediate: (ca) => ({ ...ca, extensions: [basicConstraints(true, 0, false), keyUsage(5)] }),
  }],
  ['CERT_CA_PROFILE', 'an issuer that may not sign certificates', { intermediate: (ca) => ({ ...ca, extensions: [basicConstraints(true, 0), keyUsage(0)] }) }],
  ['CERT_CA_PROFILE', 'an issuer for time stamping', { intermediate: (ca) => ({ ...ca, extensions: [...ca.extensions, purposes(false, TIME_STAMPING)] }) }],
  ['CERT_CA_PROFILE', 'an issuer with an unknown critical extension', {
    intermediate: (ca) => ({ ...ca, extensions: [...ca.extensions, extension('1.2.3.4.5', true, integer(1))] }),
  }],
  ['CERT_PATH_TOO_LONG', 'an authority below one that allows none', {
    rootAuthority: (ca) => ({ ...ca, extensions: [basicConstraints(true, 0), keyUsage(5)] }),
  }],
  ['CERT_NAME_CONSTRAINT', 'a name outside what is permitted', constrained(tagged(0, subtree(plain(6, encodeUtf8('.elsewhere.test')))))],
  ['CERT_NAME_CONSTRAINT', 'a name inside what is excluded', constrained(tagged(1, subtree(plain(6, encodeUtf8('.example.test')))))],
  ['CERT_NAME_CONSTRAINT', 'a constraint of an unknown kind', constrained(tagged(0, subtree(tagged(4, seq(set(seq(oid('2.5.4.3'), integer(1))))))))],
  ['SCT_KEY_NOT_VALID_THEN', 'an SCT from before the CT key counts', { sct: { time: now - 48 * hour } }],
  ['SCT_LOG_UNKNOWN', 'an SCT by another log', { sct: { by: keyPair() } }],
  ['SCT_SIGNATURE_INVALID', 'an SCT for another issuer', { sct: { change: (signature) => signature.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) } }],
  ['SCT_MALFORMED', 'an SCT list that is cut', { sct: 'none', extensions: [...usual, extension('1.3.6.1.4.1.11129.2.4.2', false, integer(1))] }],
  ['IDENTITY_SUBJECT_MISMATCH', 'a subject that only begins with the trusted one', withSan(uri(`${subject}-evil`))],
  ['IDENTITY_SUBJECT_MISMATCH', 'the subject as a DNS name', withSan(plain(2, encodeUtf8(subject)))],
  ['IDENTITY_ISSUER_MISMATCH', 'another issuer', { extensions: [...usual.slice(0, 3), issuerClaim('https://other.example.test')] }],
  ['IDENTITY_ISSUER_MISMATCH', 'no issuer', { extensions: usual.slice(0, 3) }],
  ['IDENTITY_NOT_VALID_THEN', 'an identity that is trusted later', { trust: [{ kind: 'identity', subject, issuer, validFrom: now + 1 }] }],
  ['unverifiable policy', 'nobody trusted', { trust: [] }],
];

describe('accepted', () => {
  test.each(Object.entries(ACCEPTED))('%s', (_, forgery) => {
    expect(said(forgery)).toBe('verified');
  });

  test('the verdict says who, when and where', () => {
    const { bundle, trust } = world({ withToken: true });
    expect(verifyBundle(bundle, { bytes: artifact }, trust)).toMatchObject({
      is: 'verified',
      signers: [{ kind: 'identity', subject, issuer }],
      times: [{ at: now, source: 'rfc3161', by: 'https://tsa.example.test' }, { at: now, source: 'log', by: 'https://rekor.example.test' }],
      entries: [{ baseUrl: 'https://rekor.example.test', index: 0, kind: 'dsse 0.0.1', proven: true }],
    });
  });

  test('no trusted root: unverifiable, whoever is trusted', () => {
    const { bundle, trust } = world();
    expect(codeOf(verifyBundle(bundle, { bytes: artifact }, { ...trust, roots: [] }))).toBe('unverifiable trusted-root');
  });

  test('one root must carry all of it', () => {
    const { bundle, trust } = world();
    const other = world({ root: at('tlogs.0.logId.keyId', to(formatBase64(new Uint8Array(32)))) }).trust;
    expect(codeOf(verifyBundle(bundle, { bytes: artifact }, { ...trust, roots: [...other.roots, ...trust.roots] }))).toBe('verified');
    const torn = other.roots.map((root) => ({ ...root, logs: [] }));
    const rest = trust.roots.map((root) => ({ ...root, certificateAuthorities: [] }));
    expect(codeOf(verifyBundle(bundle, { bytes: artifact }, { ...trust, roots: [...torn, ...rest] }))).toBe('CERT_CHAIN_UNTRUSTED');
  });
});

describe('refused', () => {
  test.each(REFUSED)('%s: %s', (code, _, forgery) => {
    expect(said(forgery)).toBe(code);
  });

  test('thresholds', () => {
    expect(said({}, { entriesMin: 2 })).toBe('TLOG_THRESHOLD_NOT_MET');
    expect(said({}, { timesMin: 2 })).toBe('TIME_THRESHOLD_NOT_MET');
    expect(said({ withToken: true }, { timesMin: 2 })).toBe('verified');
  });
});

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}
