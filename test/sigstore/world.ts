// A private Sigstore in memory: authority, CT log, Rekor v1 log and timestamp authority, and a bundle whose every part can be forged.
import { concatBytes, encodeUtf8, formatBase64, formatHex } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { leafHash, nodeHash } from '../../ledger/merkle/index.ts';
import { preAuthEncoding, readTrust, type Trust, type TrustEntry } from '../../verify/sigstore/index.ts';
import { promiseMessage } from '../../verify/sigstore/tlog.ts';
import {
  basicConstraints, certificate, type CertificateParts, CODE_SIGNING, issuerClaim, type KeyPair, keyPair, keyUsage, names, purposes, sctExtension, sha256,
  signingCertificate, signWith, TIME_STAMPING, timestamp, type TokenParts, uri,
} from './pki.ts';

export const subject = 'https://ci.example.test/build@main';
export const issuer = 'https://issuer.example.test';
export const artifact = encodeUtf8('artifact\n');
export const now = Date.UTC(2026, 10, 21, 12);
const hour = 3_600_000;

const keys = { root: keyPair(), intermediate: keyPair(), leaf: keyPair(), ct: keyPair(), log: keyPair(), tsaRoot: keyPair(), tsa: keyPair() };
/** What a forger may change; everything left out is as it should be. */
export interface Forgery {
  readonly leaf?: (parts: CertificateParts) => CertificateParts;
  readonly intermediate?: (parts: CertificateParts) => CertificateParts;
  readonly rootAuthority?: (parts: CertificateParts) => CertificateParts;
  /** Extensions of the leaf in place of the usual ones; the SCT list follows them. */
  readonly extensions?: readonly Uint8Array[];
  readonly sct?: { by?: KeyPair; time?: number; change?: (signature: Uint8Array) => Uint8Array } | 'none';
  readonly payload?: JcsValue;
  readonly payloadBytes?: Uint8Array;
  readonly payloadType?: string;
  readonly body?: (body: { [key: string]: JcsValue }) => JcsValue;
  readonly integratedTime?: number;
  readonly token?: Partial<TokenParts>;
  /** The token commits to the authority's certificate too. */
  readonly namesSigner?: boolean;
  readonly tsa?: (parts: CertificateParts) => CertificateParts;
  readonly withToken?: boolean;
  readonly root?: (root: { [key: string]: JcsValue }) => JcsValue;
  readonly bundle?: (bundle: { [key: string]: JcsValue }) => JcsValue;
  readonly trust?: readonly TrustEntry[];
}

export const usual = [keyUsage(0), purposes(false, CODE_SIGNING), names(uri(subject)), issuerClaim(issuer)];

export function world(forgery: Forgery = {}): { bundle: Uint8Array; trust: Trust; trustedRoot: string } {
  const same = <T>(value: T): T => value;
  const day = { from: now - 24 * hour, to: now + 24 * hour };
  const authority = [basicConstraints(true), keyUsage(5)];
  const root = certificate((forgery.rootAuthority ?? same)({ subject: 'root', issuer: 'root', key: keys.root, by: keys.root, ...day, extensions: authority }));
  const intermediate = certificate((forgery.intermediate ?? same)({
    subject: 'intermediate', issuer: 'root', key: keys.intermediate, by: keys.root, ...day, extensions: [basicConstraints(true, 0), keyUsage(5)],
  }));
  const leaf = leafOf(forgery);
  const tsaRoot = certificate({ subject: 'tsa root', issuer: 'tsa root', key: keys.tsaRoot, by: keys.tsaRoot, ...day, extensions: authority });
  const tsa = certificate((forgery.tsa ?? same)({
    subject: 'tsa', issuer: 'tsa root', key: keys.tsa, by: keys.tsaRoot, ...day, extensions: [keyUsage(0), purposes(true, TIME_STAMPING)], serial: 9,
  }));

  const payloadType = forgery.payloadType ?? 'application/vnd.in-toto+json';
  const payload = forgery.payloadBytes ?? encodeJcs(forgery.payload ?? statementOf({ sha256: formatHex(sha256(artifact)) }));
  const signature = signWith(keys.leaf, preAuthEncoding(payloadType, payload));
  const attributes = forgery.namesSigner === true ? [signingCertificate(tsa)] : [];
  const token = () => timestamp({ over: signature, at: now, key: keys.tsa, issuer: 'tsa root', serial: 9, attributes, ...forgery.token });
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: formatBase64(leaf) },
      tlogEntries: [entryOf(forgery, payload, signature, leaf)],
      ...(forgery.withToken === true ? { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: formatBase64(token()) }] } } : {}),
    },
    dsseEnvelope: { payload: formatBase64(payload), payloadType, signatures: [{ sig: formatBase64(signature) }] },
  };
  const json = (forgery.bundle ?? same)(bundle) as JcsValue;
  const trusted = (forgery.root ?? same)(rootOf([intermediate, root], [tsa, tsaRoot])) as JcsValue;
  const entries = forgery.trust ?? [{ kind: 'identity', subject, issuer }];
  const trustedRoot = JSON.stringify(trusted);
  return { bundle: encodeUtf8(JSON.stringify(json)), trust: readTrust([{ kind: 'root', trustedRoot }, ...entries]), trustedRoot };
}

export function statementOf(digest: JcsValue): JcsValue {
  return { _type: 'https://in-toto.io/Statement/v1', subject: [{ name: 'artifact', digest }], predicateType: 'https://example.test/p', predicate: {} };
}

function leafOf(forgery: Forgery): Uint8Array {
  const same = <T>(value: T): T => value;
  const times = { from: now - hour / 12, to: now + hour / 12 };
  const extensions = forgery.extensions ?? usual;
  const parts = (forgery.leaf ?? same)({ subject: '', issuer: 'intermediate', key: keys.leaf, by: keys.intermediate, ...times, extensions });
  if (forgery.sct === 'none') return certificate(parts);
  const { by = keys.ct, time = now, change = same } = forgery.sct ?? {};
  return certificate({ ...parts, extensions: [...parts.extensions, sctExtension(parts, keys.intermediate, by, time, change)] });
}

function entryOf(forgery: Forgery, payload: Uint8Array, signature: Uint8Array, leaf: Uint8Array): JcsValue {
  const pem = `-----BEGIN CERTIFICATE-----\n${formatBase64(leaf)}\n-----END CERTIFICATE-----\n`;
  const payloadHash = { algorithm: 'sha256', value: formatHex(sha256(payload)) };
  const signatures = [{ signature: formatBase64(signature), verifier: formatBase64(encodeUtf8(pem)) }];
  const whole = { apiVersion: '0.0.1', kind: 'dsse', spec: { payloadHash, signatures } };
  const body = encodeJcs((forgery.body ?? ((one: JcsValue) => one))(whole) as JcsValue);
  const sibling = leafHash(encodeUtf8('another entry'));
  const root = formatBase64(nodeHash(leafHash(body), sibling));
  const text = `rekor.example.test - 1234\n2\n${root}\n`;
  const line = formatBase64(concatBytes(sha256(keys.log.spki).subarray(0, 4), signWith(keys.log, encodeUtf8(text))));
  const entry = { body, integratedTime: (forgery.integratedTime ?? now) / 1000, logIndex: 77, logId: sha256(keys.log.spki) };
  return {
    logIndex: '77',
    logId: { keyId: formatBase64(entry.logId) },
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: formatBase64(signWith(keys.log, promiseMessage(entry))) },
    inclusionProof: {
      logIndex: '0', treeSize: '2', rootHash: root, hashes: [formatBase64(sibling)],
      checkpoint: { envelope: `${text}\n— rekor.example.test ${line}\n` },
    },
    canonicalizedBody: formatBase64(body),
  };
}

function rootOf(chain: readonly Uint8Array[], tsaChain: readonly Uint8Array[]): { [key: string]: JcsValue } {
  const validFor = { start: new Date(now - 24 * hour).toISOString() };
  const log = (key: KeyPair, baseUrl: string) => ({
    baseUrl, hashAlgorithm: 'SHA2_256', logId: { keyId: formatBase64(sha256(key.spki)) },
    publicKey: { rawBytes: formatBase64(key.spki), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
  });
  const authority = (certificates: readonly Uint8Array[], uri: string) => ({
    uri, certChain: { certificates: certificates.map((der) => ({ rawBytes: formatBase64(der) })) }, validFor,
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(keys.log, 'https://rekor.example.test')],
    certificateAuthorities: [authority(chain, 'https://ca.example.test')],
    ctlogs: [log(keys.ct, 'https://ct.example.test')],
    timestampAuthorities: [authority(tsaChain, 'https://tsa.example.test')],
  };
}
