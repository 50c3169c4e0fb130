// The verifier of Sigstore bundles, in the order of spec/sigstore.md. Everything it needs is an argument; it calls nobody.
import { equalBytes } from '../../ledger/bytes.ts';
import type { Json } from '../../ledger/json.ts';
import { type Artifact, artifactDigest, bindingDigests } from './artifact.ts';
import { bindBody, type Signed } from './body.ts';
import { type Bundle, bundleOf, type Certificates, type Content, parseBundle } from './bundle.ts';
import { codeSigningRules, keyOf, trustedPath } from './chain.ts';
import { DerError } from './der.ts';
import { preAuthEncoding } from './dsse.ts';
import { digestOf, type Hash, holds, holdsOverDigest, type PublicKey } from './keys.ts';
import { checkScts } from './sct.ts';
import { checkSubject, isStatementType, subjectsOf } from './statement.ts';
import { verifyTimestamp } from './timestamp.ts';
import { type EntryEvidence, verifyEntry } from './tlog.ts';
import { isBounded, isWithin, type OpenValidity, type Trust, type TrustedKey } from './trust.ts';
import { covers, type TrustedRoot } from './trusted-root.ts';
import {
  fail, type Failed, lack, type ProvenTime, SIGSTORE_CODES, type SignatureVerdict, type Signer, Stop, type Unverifiable,
} from './verdict.ts';
import { alternativeNamesOf, type Certificate, issuerOf, parseCertificate } from './x509.ts';

export interface BundleOptions {
  /** Distinct log entries that must be proven; 1 when left out, 0 asks for none. */
  readonly entriesMin?: number;
  /** Distinct proven times, for bundles with a certificate; 1 when left out, and never less. */
  readonly timesMin?: number;
  /**
   * When the signature is taken to have been made, in milliseconds since 1970, for a managed key whose trust has an interval
   * where nothing proves a time. Recorded time may stand here; the document's own claim may not.
   */
  readonly at?: number;
}

/**
 * Verifies a bundle.
 *
 * Never throws on a stranger's bytes: whatever they are, the answer is a verdict.
 *
 * @param input - the bundle's JSON as received, or one that `parseJson` read
 * @param artifact - what the bundle must be about; null leaves the subjects of a statement to the caller, and is not enough
 *   for a message signature
 * @param trust - from `readTrust`; an empty one trusts nobody, and nothing is verified
 * @see spec/sigstore.md
 */
export function verifyBundle(input: Uint8Array | Json, artifact: Artifact | null, trust: Trust, options: BundleOptions = {}): SignatureVerdict {
  return verdictOf(() => {
    const bundle = input instanceof Uint8Array ? parseBundle(input) : bundleOf(input);
    return verifyRead(bundle, artifact, trust, options);
  });
}

/** Verifies a bundle that was read, whatever it was written as. @throws {Stop} */
export function verifyRead(bundle: Bundle, artifact: Artifact | null, trust: Trust, options: BundleOptions): SignatureVerdict {
  return bundle.material.kind === 'key'
    ? verifyManaged(bundle, artifact, trust, options)
    : verifyKeyless(bundle, bundle.material, artifact, trust, options);
}

/** Turns the one exception of this room into its verdict. Anything else is a bug and passes. */
export function verdictOf(check: () => SignatureVerdict): SignatureVerdict {
  try {
    return check();
  } catch (error) {
    if (error instanceof Stop) return error.verdict;
    throw error;
  }
}

function verifyKeyless(
  bundle: Bundle, material: Certificates, artifact: Artifact | null, trust: Trust, options: BundleOptions,
): SignatureVerdict {
  // 1. Somebody must be trusted: an identity, and a root that says who may vouch for one.
  if (trust.identities.length === 0) lack('policy', 'no trusted identity is given, and a certificate proves only what its subject is');
  if (trust.roots.length === 0) lack('trusted-root', 'no trusted root is given');
  // 2. The signature, under the certificate's key.
  const leaf = readCertificate(material.leaf);
  const others = material.others.map(readCertificate);
  const key = keyOf(leaf);
  checkSignature(bundle.content, artifact, [key]);
  // 3. What it is about.
  checkContent(bundle.content, artifact);
  const signed = signedOf(bundle.content, artifact, material.leaf);
  return furthest(trust.roots, (root) => {
    // 4. The log.
    const evidence = checkEntries(bundle, signed, root, options.entriesMin ?? 1);
    // 5. The time.
    const times = checkTimes(bundle, signed.signature, root, evidence, Math.max(1, options.timesMin ?? 1));
    checkLogKeys(evidence, times, options.at);
    // 6. The certificate, at every proven time, up to an anchor.
    const { path } = trustedPath(leaf, root.certificateAuthorities, others, times.map(({ at }) => at), codeSigningRules);
    // 7. That a CT log knows the certificate.
    checkScts(leaf, path[1] ?? leaf, root.ctLogs);
    // 8. Who.
    const signer = checkIdentity(leaf, trust, times);
    return { is: 'verified', signers: [signer], times, entries: evidence.map(({ logged }) => logged), ...payloadOf(bundle.content) };
  });
}

function verifyManaged(bundle: Bundle, artifact: Artifact | null, trust: Trust, options: BundleOptions): SignatureVerdict {
  // 1. The key comes from trust alone: the bundle's hint says which one the signer meant, and proves nothing.
  if (trust.keys.length === 0) lack('key', 'the bundle is signed with a managed key, and none is trusted');
  // 2. The signature.
  const key = checkSignature(bundle.content, artifact, trust.keys.map((trusted) => trusted.key));
  // 3. What it is about.
  checkContent(bundle.content, artifact);
  const signed = signedOf(bundle.content, artifact, key.spki);
  const signers: readonly Signer[] = [{ kind: 'key', keyId: key.id }];
  const entriesMin = options.entriesMin ?? 1;
  const only = (message: string): SignatureVerdict => {
    checkKeyTime(trust.keys, key, [], options.at);
    return { is: 'signature_only', signers, message, ...payloadOf(bundle.content) };
  };
  if (trust.roots.length === 0 && (entriesMin > 0 || bundle.entries.length > 0)) return only('no trusted root can judge what a log recorded');
  if (bundle.entries.length === 0 && entriesMin > 0) return only('no log recorded the signature');
  return furthest(trust.roots.length > 0 ? trust.roots : [NO_ROOT], (root) => {
    // 4. The log, and 5. the time: as for certificates, but a managed key needs no time of its own.
    const evidence = checkEntries(bundle, signed, root, entriesMin);
    const times = checkTimes(bundle, signed.signature, root, evidence, options.timesMin ?? 0);
    checkLogKeys(evidence, times, options.at);
    checkKeyTime(trust.keys, key, times, options.at);
    return { is: 'verified', signers, times, entries: evidence.map(({ logged }) => logged), ...payloadOf(bundle.content) };
  });
}

const NO_ROOT: TrustedRoot = { logs: [], certificateAuthorities: [], ctLogs: [], timestampAuthorities: [], unsupported: [] };

/** Checks the signature under one of the keys, and returns that key. */
function checkSignature(content: Content, artifact: Artifact | null, keys: readonly PublicKey[]): PublicKey {
  const holding = keys.find((key) => signatureHolds(content, artifact, key));
  return holding ?? fail('SIGNATURE_INVALID', 'the signature does not hold under the key');
}

function signatureHolds(content: Content, artifact: Artifact | null, key: PublicKey): boolean {
  if (content.kind === 'envelope') {
    const { payload, payloadType, signatures } = content.envelope;
    return holds(key, preAuthEncoding(payloadType, payload), (signatures[0] as { signature: Uint8Array }).signature);
  }
  if (artifact === null) lack('artifact', 'a message signature says nothing without its message');
  checkMessageDigest(content, artifact);
  if ('bytes' in artifact) return holds(key, artifact.bytes, content.signature);
  const answers = HASHES.flatMap((hash) => {
    const digest = artifactDigest(artifact, hash);
    return digest === null ? [] : [holdsOverDigest(key, hash, digest, content.signature)];
  });
  if (answers.includes(true)) return true;
  if (!answers.includes(false)) lack('artifact', `a signature by a key of kind ${key.kind} needs the artifact itself, or another digest of it`);
  return false;
}

const HASHES: readonly Hash[] = ['sha256', 'sha384', 'sha512'];

function checkMessageDigest(content: Content & { kind: 'message' }, artifact: Artifact): void {
  const stated = content.digest;
  const own = stated === null ? null : artifactDigest(artifact, stated.hash);
  if (stated !== null && own !== null && !equalBytes(own, stated.bytes)) fail('MESSAGE_DIGEST_MISMATCH', 'the bundle states the digest of another artifact');
}

/** An envelope must hold a statement, and one of its subjects must be the artifact. */
function checkContent(content: Content, artifact: Artifact | null): void {
  if (content.kind !== 'envelope') return;
  const { payload, payloadType } = content.envelope;
  if (!isStatementType(payloadType)) fail('PAYLOAD_TYPE_WRONG', 'the envelope does not hold an in-toto statement');
  const subjects = subjectsOf(payload);
  if (artifact !== null) checkSubject(subjects, bindingDigests(artifact));
}

function signedOf(content: Content, artifact: Artifact | null, verifier: Uint8Array): Signed {
  if (content.kind === 'message') {
    return {
      kind: 'message', signature: content.signature, verifier, payloadType: null,
      artifactDigest: (hash) => (artifact === null ? null : artifactDigest(artifact, hash)), payloadDigest: () => null, paeDigest: () => null,
      envelopeDigest: () => null,
    };
  }
  const { payload, payloadType, signatures } = content.envelope;
  return {
    kind: 'envelope', signature: (signatures[0] as { signature: Uint8Array }).signature, verifier, payloadType,
    artifactDigest: () => null, payloadDigest: (hash) => digestOf(hash, payload), paeDigest: (hash) => digestOf(hash, preAuthEncoding(payloadType, payload)),
    envelopeDigest: (hash) => (content.raw === undefined ? null : digestOf(hash, content.raw)),
  };
}

/** Every entry must bind and be proven; the same place in the same log counts once. */
function checkEntries(bundle: Bundle, signed: Signed, root: TrustedRoot, entriesMin: number): readonly EntryEvidence[] {
  if (bundle.entries.length === 0 && entriesMin > 0) fail('TLOG_ENTRY_MISSING', 'the bundle holds no log entry');
  const distinct = new Map<string, EntryEvidence>();
  for (const entry of bundle.entries) {
    bindBody(entry, signed);
    const evidence = verifyEntry(entry, bundle.version, root.logs);
    distinct.set(`${evidence.logged.logId} ${evidence.logged.index}`, evidence);
  }
  if (distinct.size < entriesMin) fail('TLOG_THRESHOLD_NOT_MET', `${distinct.size} distinct log entries, expected ${entriesMin}`);
  return [...distinct.values()];
}

/**
 * The proven times: each log's signed integrated time, and each timestamp that a trusted authority made.
 *
 * A timestamp that does not hold is passed over where another one does: anybody can add one to a bundle. Where there are
 * timestamps and none holds, the bundle is refused even with a log's time, unless the root names no authority to judge them.
 */
function checkTimes(
  bundle: Bundle, signature: Uint8Array, root: TrustedRoot, evidence: readonly EntryEvidence[], timesMin: number,
): readonly ProvenTime[] {
  const times: ProvenTime[] = [];
  const faults: Failed[] = [];
  bundle.timestamps.forEach((timestamp, i) => {
    if (bundle.timestamps.slice(0, i).some((earlier) => equalBytes(earlier, timestamp))) fail('TIMESTAMP_DUPLICATE', 'a timestamp stands twice in the bundle');
  });
  for (const timestamp of bundle.timestamps) {
    try {
      times.push(verifyTimestamp(timestamp, signature, root.timestampAuthorities));
    } catch (error) {
      if (!(error instanceof Stop) || error.verdict.is !== 'failed') throw error;
      faults.push(error.verdict);
    }
  }
  const logTimes = evidence.flatMap(({ time }) => (time === null ? [] : [time]));
  const [fault] = faults.toSorted((a, b) => rankOf(b) - rankOf(a));
  if (times.length === 0 && fault !== undefined && (root.timestampAuthorities.length > 0 || (logTimes.length === 0 && timesMin > 0))) throw new Stop(fault);
  times.push(...logTimes);
  if (times.length === 0 && timesMin > 0) fail('TIME_MISSING', 'nothing that is trusted says when the signature was made');
  if (times.length < timesMin) fail('TIME_THRESHOLD_NOT_MET', `${times.length} proven times, expected ${timesMin}`);
  return times;
}

/** A log without integrated times: its key must count at a proven time. */
function checkLogKeys(evidence: readonly EntryEvidence[], times: readonly ProvenTime[], at: number | undefined): void {
  const known = times.length > 0 ? times.map((time) => time.at) : at === undefined ? [] : [at];
  for (const { log, time } of evidence) {
    if (time !== null || known.some((one) => covers(log.validity, one))) continue;
    if (known.length > 0) fail('TLOG_KEY_NOT_VALID_THEN', "the log's key does not count at the time of the signature");
    // Whoever holds a retired key can still sign: without a time nothing tells old from new.
    if (log.validity.to !== null) lack('time', "the log's key is retired, and nothing proves that the entry is older");
  }
}

function checkIdentity(leaf: Certificate, trust: Trust, times: readonly ProvenTime[]): Signer {
  const [names, issuer] = readIdentity(leaf);
  const bySubject = trust.identities.filter(({ subject }) => names.includes(subject));
  if (bySubject.length === 0) fail('IDENTITY_SUBJECT_MISMATCH', 'the certificate is for a subject that is not trusted');
  const both = bySubject.filter((identity) => identity.issuer === issuer);
  if (both.length === 0) fail('IDENTITY_ISSUER_MISMATCH', 'the certificate is from an issuer that is not trusted for its subject');
  const now = both.find(({ validity }) => times.every(({ at }) => isWithin(validity, at)));
  if (now === undefined) fail('IDENTITY_NOT_VALID_THEN', 'the identity is not trusted at the time of the signature');
  return { kind: 'identity', subject: now.subject, issuer: now.issuer };
}

function readIdentity(leaf: Certificate): [names: readonly string[], issuer: string | null] {
  try {
    return [alternativeNamesOf(leaf).filter(({ kind }) => kind !== 'other' && kind !== 'dns').map(({ value }) => value), issuerOf(leaf)];
  } catch (error) {
    if (error instanceof DerError) fail('CERT_MALFORMED', `the certificate's names are malformed: ${error.message}`);
    throw error;
  }
}

/** Checks that the key counts when it signed. */
export function checkKeyTime(keys: readonly TrustedKey[], key: PublicKey, times: readonly ProvenTime[], at: number | undefined): void {
  const intervals: readonly OpenValidity[] = keys.filter((trusted) => trusted.key.id === key.id).map(({ validity }) => validity);
  if (intervals.some((interval) => !isBounded(interval))) return;
  const known = times.length > 0 ? times.map((time) => time.at) : at === undefined ? [] : [at];
  if (known.length === 0) lack('time', 'the key is trusted for an interval, and nothing proves when it signed');
  const isTrusted = intervals.some((interval) => known.every((one) => isWithin(interval, one)));
  if (!isTrusted) fail('KEY_NOT_VALID_THEN', 'the key is not trusted at the time of the signature');
}

/** Asks each root, and answers with the first that verifies, else with the failure that got furthest. */
function furthest(roots: readonly TrustedRoot[], check: (root: TrustedRoot) => SignatureVerdict): SignatureVerdict {
  let best: Failed | Unverifiable | null = null;
  for (const root of roots) {
    const verdict = verdictOf(() => check(root));
    if (verdict.is === 'verified' || verdict.is === 'signature_only') return verdict;
    if (best === null || rankOf(verdict) > rankOf(best)) best = verdict;
  }
  return best as Failed | Unverifiable;
}

function rankOf(verdict: Failed | Unverifiable): number {
  return verdict.is === 'failed' ? SIGSTORE_CODES.indexOf(verdict.code) : SIGSTORE_CODES.length;
}

function readCertificate(bytes: Uint8Array): Certificate {
  try {
    return parseCertificate(bytes);
  } catch (error) {
    if (error instanceof DerError) fail('CERT_MALFORMED', `a certificate is malformed: ${error.message}`);
    throw error;
  }
}

function payloadOf(content: Content): { payload: Uint8Array | null; payloadType: string | null } {
  return content.kind === 'envelope' ? { payload: content.envelope.payload, payloadType: content.envelope.payloadType } : { payload: null, payloadType: null };
}
