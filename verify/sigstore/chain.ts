// Certificate paths: from a leaf to an anchor, and the profile each certificate on it must have (RFC 5280 §6, client-spec §4).
import { equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { schemeOfBytes } from './algorithms.ts';
import { DerError } from './der.ts';
import { holds, type PublicKey, publicKeyOf } from './keys.ts';
import { nameConstraintBreach } from './name-constraints.ts';
import { type CertificateAuthority, covers, type Validity } from './trusted-root.ts';
import { type Failed, fail, type SigstoreCode, Stop } from './verdict.ts';
import { alternativeNamesOf, basicConstraintsOf, type Certificate, extKeyUsageOf, isSameName, isSelfIssued, KEY_USAGE, keyUsageOf, OID } from './x509.ts';

/** Certificates from the leaf to the anchor, each signed by the next. */
export type Path = readonly Certificate[];

/** Longest path tried: the public instance has three certificates. */
const pathMax = 8;

/** The extensions this verifier understands; any other that is critical refuses the certificate (RFC 5280 §4.2). */
const UNDERSTOOD: ReadonlySet<string> = new Set([OID.keyUsage, OID.extKeyUsage, OID.basicConstraints, OID.subjectAltName, OID.nameConstraints]);

/**
 * Finds a path from a leaf to the authority's anchor, its signatures checked.
 *
 * @param material - other certificates to build with; none of them is ever an anchor
 * @returns null when there is none
 */
export function findPath(leaf: Certificate, authority: CertificateAuthority, material: readonly Certificate[]): Path | null {
  const anchor = authority.chain.at(-1) as Certificate;
  const between = [...authority.chain.slice(0, -1), ...material];
  const extend = (path: readonly Certificate[]): Path | null => {
    const last = path.at(-1) as Certificate;
    if (equalBytes(last.raw, anchor.raw)) return path;
    if (isIssuedBy(last, anchor)) return [...path, anchor];
    if (path.length >= pathMax) return null;
    for (const next of between) {
      if (path.some((seen) => equalBytes(seen.raw, next.raw)) || !isIssuedBy(last, next)) continue;
      const found = extend([...path, next]);
      if (found !== null) return found;
    }
    return null;
  };
  return extend([leaf]);
}

export interface PathRules {
  /** The purpose that the leaf has, and that no certificate above it excludes. */
  readonly purpose: string;
  checkLeaf(leaf: Certificate): void;
  /** The codes for what this kind of path calls the same things. */
  readonly codes: Readonly<Record<'untrusted' | 'profile' | 'tooLong' | 'constraint' | 'notValid' | 'authorityNotValid', SigstoreCode>>;
}

/**
 * Finds a path to one of the authorities that holds at every one of the times.
 *
 * Checks in this order for each authority: a path, the leaf's profile, the issuers' profile, the times. Where none holds,
 * the answer is that of the authority that got furthest.
 *
 * @param times - milliseconds since 1970
 */
export function trustedPath(
  leaf: Certificate, authorities: readonly CertificateAuthority[], material: readonly Certificate[], times: readonly number[], rules: PathRules,
): { path: Path; authority: CertificateAuthority } {
  try {
    rules.checkLeaf(leaf);
  } catch (error) {
    throw asMalformed(error);
  }
  let furthest: { rank: number; failure: Failed } | null = null;
  for (const authority of authorities) {
    const path = findPath(leaf, authority, material);
    if (path === null) continue;
    const steps = [() => checkIssuers(path, rules), ...times.map((at) => () => checkTimes(path, authority.validity, at, rules))];
    const failure = firstFailure(steps);
    if (failure === null) return { path, authority };
    if (furthest === null || failure.rank > furthest.rank) furthest = failure;
  }
  if (furthest !== null) throw new Stop(furthest.failure);
  return fail(rules.codes.untrusted, 'no path of signatures leads from the certificate to a trusted authority');
}

/** Sigstore's rules for the certificate that signs (client-spec §4, "Certificate"). */
export const codeSigningRules: PathRules = {
  purpose: OID.codeSigning,
  checkLeaf: checkCodeSigningLeaf,
  codes: {
    untrusted: 'CERT_CHAIN_UNTRUSTED', profile: 'CERT_CA_PROFILE', tooLong: 'CERT_PATH_TOO_LONG', constraint: 'CERT_NAME_CONSTRAINT',
    notValid: 'CERT_NOT_VALID_THEN', authorityNotValid: 'CERT_AUTHORITY_NOT_VALID_THEN',
  },
};

/** RFC 3161 §2.3: the authority's certificate has one purpose, marked critical. */
export const timeStampingRules: PathRules = {
  purpose: OID.timeStamping,
  checkLeaf: (leaf) => {
    const usage = keyUsageOf(leaf);
    const purposes = extKeyUsageOf(leaf);
    if (basicConstraintsOf(leaf)?.ca === true) fail('TIMESTAMP_AUTHORITY_PROFILE', 'a certificate authority signs the timestamp itself');
    if (purposes?.length !== 1 || purposes[0] !== OID.timeStamping || leaf.extensions.get(OID.extKeyUsage)?.critical !== true) {
      fail('TIMESTAMP_AUTHORITY_PROFILE', "the authority's certificate is not for time stamping alone, marked critical");
    }
    if (usage !== null && !usage.has(KEY_USAGE.digitalSignature) && !usage.has(KEY_USAGE.nonRepudiation)) {
      fail('TIMESTAMP_AUTHORITY_PROFILE', "the authority's key usage does not allow signatures");
    }
    checkCritical(leaf, 'TIMESTAMP_AUTHORITY_PROFILE');
  },
  codes: {
    untrusted: 'TIMESTAMP_AUTHORITY_UNKNOWN', profile: 'TIMESTAMP_AUTHORITY_PROFILE', tooLong: 'TIMESTAMP_AUTHORITY_PROFILE',
    constraint: 'TIMESTAMP_AUTHORITY_PROFILE', notValid: 'TIMESTAMP_AUTHORITY_NOT_VALID_THEN', authorityNotValid: 'TIMESTAMP_AUTHORITY_NOT_VALID_THEN',
  },
};

/**
 * Whether a certificate alone has the profile of what it claims to be: an authority where it says so, else a code-signing leaf.
 *
 * @returns null when it has, else what is wrong
 */
export function profileBreach(certificate: Certificate): Failed | null {
  const failure = firstFailure([() => {
    if (basicConstraintsOf(certificate)?.ca === true) checkAuthority(certificate, codeSigningRules);
    else codeSigningRules.checkLeaf(certificate);
  }]);
  return failure?.failure ?? null;
}

/** Whether `issuer` signed `certificate`: names equal, and the signature holds over the received bytes. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!isSameName(certificate.issuer, issuer.subject)) return false;
  try {
    const scheme = schemeOfBytes(certificate.signatureAlgorithm);
    return scheme !== null && holds(publicKeyOf(issuer.spki, [scheme]), certificate.tbs, certificate.signature);
  } catch (error) {
    if (error instanceof DerError || error instanceof LedgerError) return false;
    throw error;
  }
}

/** The certificate's key. @throws {Stop} KEY_UNSUPPORTED */
export function keyOf(certificate: Certificate): PublicKey {
  try {
    return publicKeyOf(certificate.spki);
  } catch (error) {
    if (error instanceof LedgerError) return fail('KEY_UNSUPPORTED', error.message);
    throw error;
  }
}

function checkCodeSigningLeaf(leaf: Certificate): void {
  const usage = keyUsageOf(leaf);
  if (basicConstraintsOf(leaf)?.ca === true) fail('CERT_LEAF_IS_CA', 'the certificate that signed is a certificate authority');
  if (usage === null || !usage.has(KEY_USAGE.digitalSignature) || usage.has(KEY_USAGE.keyCertSign)) {
    fail('CERT_KEY_USAGE_WRONG', "the certificate's key usage is not digitalSignature");
  }
  if (extKeyUsageOf(leaf)?.includes(OID.codeSigning) !== true) fail('CERT_EKU_WRONG', 'the certificate is not for code signing');
  checkCritical(leaf, 'CERT_EXTENSION_UNKNOWN');
  if (alternativeNamesOf(leaf).length === 0) fail('CERT_SAN_MISSING', 'the certificate names no subject');
}

function checkIssuers(path: Path, rules: PathRules): void {
  path.slice(1).forEach((issuer, i) => {
    checkAuthority(issuer, rules);
    const limit = basicConstraintsOf(issuer)?.pathLength ?? null;
    // RFC 5280 §4.2.1.9: authorities between this one and the leaf, self-issued ones not counted.
    const below = path.slice(1, i + 1).filter((certificate) => !isSelfIssued(certificate)).length;
    if (limit !== null && below > limit) fail(rules.codes.tooLong, `an authority allows ${limit} authorities below it, and ${below} stand there`);
    for (const certificate of path.slice(0, i + 1)) {
      const breach = nameConstraintBreach(issuer, certificate);
      if (breach !== null) fail(rules.codes.constraint, breach);
    }
  });
}

function checkAuthority(authority: Certificate, rules: PathRules): void {
  const { profile } = rules.codes;
  const purposes = extKeyUsageOf(authority);
  if (basicConstraintsOf(authority)?.ca !== true) fail(profile, 'an issuer is no certificate authority');
  // RFC 5280 §4.2.1.9: an authority MUST mark this extension critical.
  if (authority.extensions.get(OID.basicConstraints)?.critical !== true) fail(profile, 'an issuer does not mark its basic constraints critical');
  if (keyUsageOf(authority)?.has(KEY_USAGE.keyCertSign) !== true) fail(profile, "an issuer's key usage does not allow it to sign certificates");
  if (purposes !== null && !purposes.includes(rules.purpose) && !purposes.includes(OID.anyExtKeyUsage)) {
    fail(profile, 'an issuer is limited to other purposes');
  }
  checkCritical(authority, profile);
}

function checkCritical(certificate: Certificate, code: SigstoreCode): void {
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !UNDERSTOOD.has(oid)) fail(code, `the critical extension ${oid} is unknown`);
  }
}

function checkTimes(path: Path, validity: Validity, at: number, rules: PathRules): void {
  const late = path.find((certificate) => at < certificate.notBefore || at > certificate.notAfter);
  if (late !== undefined) fail(rules.codes.notValid, `a certificate on the path is not valid at ${new Date(at).toISOString()}`);
  if (!covers(validity, at)) fail(rules.codes.authorityNotValid, `the trusted root does not count this authority at ${new Date(at).toISOString()}`);
}

/** The first step that does not hold, with its place. */
function firstFailure(steps: readonly (() => void)[]): { rank: number; failure: Failed } | null {
  for (const [rank, step] of steps.entries()) {
    try {
      step();
    } catch (thrown) {
      const error = asMalformed(thrown);
      if (error instanceof Stop && error.verdict.is === 'failed') return { rank, failure: error.verdict };
      throw error;
    }
  }
  return null;
}

/** An extension that is no DER is found only when it is read: the certificate as a whole is then malformed. */
function asMalformed(error: unknown): unknown {
  return error instanceof DerError ? new Stop({ is: 'failed', code: 'CERT_MALFORMED', message: `a certificate is malformed: ${error.message}` }) : error;
}
