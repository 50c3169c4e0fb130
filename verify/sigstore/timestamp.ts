// RFC 3161 timestamps: that an authority of the trusted root saw the signature, and when (RFC 3161 §2.4, RFC 5652 §5).
import { equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { HASH_OIDS, schemeOfAlgorithm } from './algorithms.ts';
import { timeStampingRules, trustedPath } from './chain.ts';
import {
  booleanOf, childrenOf, childrenOfTagged, type Der, DerError, explicit, implicit, integerBytesOf, oidOf, readTagged, smallIntegerOf, TAG, tagged, timeOf,
} from './der.ts';
import { digestOf, type Hash, holds, publicKeyOf, type Scheme } from './keys.ts';
import type { CertificateAuthority } from './trusted-root.ts';
import { fail, type ProvenTime } from './verdict.ts';
import { basicConstraintsOf, type Certificate, isSameName, OID, parseCertificate } from './x509.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

interface Token {
  readonly time: number;
  readonly imprint: { readonly hash: Hash; readonly digest: Uint8Array };
  /** The content octets of TSTInfo's OCTET STRING: what messageDigest is over. */
  readonly content: Uint8Array;
  readonly embedded: readonly Certificate[];
  readonly signer: { readonly issuer: Uint8Array; readonly serial: Uint8Array } | { readonly keyId: Uint8Array };
  readonly digestHash: Hash;
  readonly scheme: Scheme;
  readonly attributes: ReadonlyMap<string, Der>;
  /** The signed attributes, as the SET that is signed. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Checks a timestamp over a signature.
 *
 * @param response - a TimeStampResp in DER
 * @param signature - the raw bytes of the signature that was stamped
 */
export function verifyTimestamp(response: Uint8Array, signature: Uint8Array, authorities: readonly CertificateAuthority[]): ProvenTime {
  try {
    return checkToken(parseToken(response), signature, authorities);
  } catch (error) {
    if (error instanceof DerError) fail('TIMESTAMP_MALFORMED', `the timestamp is malformed: ${error.message}`);
    throw error;
  }
}

function checkToken(token: Token, signature: Uint8Array, authorities: readonly CertificateAuthority[]): ProvenTime {
  // 1. It is about this signature.
  if (!equalBytes(digestOf(token.imprint.hash, signature), token.imprint.digest)) {
    fail('TIMESTAMP_IMPRINT_MISMATCH', 'the timestamp is over another signature');
  }
  // 2. A trusted authority's certificate is named as the signer.
  const candidates = authorities.flatMap((authority) => signersOf(authority, token).map((certificate) => ({ authority, certificate })));
  if (candidates.length === 0) fail('TIMESTAMP_AUTHORITY_UNKNOWN', 'no authority of the trusted root signed the timestamp');
  // 3. It signed the attributes, and they commit to the content.
  const signers = candidates.filter(({ certificate }) => isSignedBy(token, certificate));
  if (signers.length === 0) fail('TIMESTAMP_SIGNATURE_INVALID', "the timestamp's signature does not hold");
  // 4. Its certificate leads to the authority's anchor, at the stamped time.
  const [first] = signers as [(typeof signers)[0]];
  const trusted = signers.map(({ authority }) => authority);
  const { authority } = trustedPath(first.certificate, trusted, token.embedded, [token.time], timeStampingRules);
  return { at: token.time, source: 'rfc3161', by: authority.uri };
}

/** The certificates of an authority that the token names as its signer. */
function signersOf(authority: CertificateAuthority, token: Token): readonly Certificate[] {
  const [first] = authority.chain;
  // Where the trusted root lists the signing certificate itself, no other one counts.
  const pool = first !== undefined && !isAuthority(first) ? [first] : [...authority.chain, ...token.embedded];
  return pool.filter((certificate) => {
    if ('keyId' in token.signer) {
      const extension = certificate.extensions.get(OID.subjectKeyIdentifier);
      return extension !== undefined && equalBytes(readTagged(extension.value, TAG.octetString).content, token.signer.keyId);
    }
    return isSameName(certificate.issuer, token.signer.issuer) && equalBytes(certificate.serial, token.signer.serial);
  });
}

function isAuthority(certificate: Certificate): boolean {
  return basicConstraintsOf(certificate)?.ca === true;
}

function isSignedBy(token: Token, certificate: Certificate): boolean {
  const { attributes } = token;
  const value = (oid: string): Der | undefined => attributes.get(oid);
  // RFC 5652 §11: the attributes repeat the content's type and digest, so that signing them signs the content.
  if (oidOf(value(CONTENT_TYPE)) !== TST_INFO) return false;
  if (!equalBytes(tagged(value(MESSAGE_DIGEST), TAG.octetString).content, digestOf(token.digestHash, token.content))) return false;
  if (!namesCertificate(attributes, certificate)) return false;
  try {
    return holds(publicKeyOf(certificate.spki, [token.scheme]), token.signedBytes, token.signature);
  } catch (error) {
    if (error instanceof LedgerError) return false; // A key that does not sign with this scheme.
    throw error;
  }
}

/**
 * RFC 5816 §2.2.1: the signed attribute commits to the signer's certificate, against another certificate for the same key.
 *
 * Some authorities leave it out. The trusted root then still names the certificate, so that only a false one refuses.
 */
function namesCertificate(attributes: ReadonlyMap<string, Der>, certificate: Certificate): boolean {
  const v2 = attributes.get(SIGNING_CERTIFICATE_V2);
  if (v2 !== undefined) {
    const [list] = childrenOfTagged(v2, TAG.sequence);
    const parts = [...childrenOfTagged(childrenOfTagged(list, TAG.sequence)[0], TAG.sequence)];
    const algorithm = parts[0]?.tag === TAG.sequence ? HASH_OIDS[oidOf(childrenOf(parts.shift() as Der)[0])] : 'sha256';
    if (algorithm === undefined) throw new DerError('an unknown hash of the signing certificate');
    return equalBytes(tagged(parts[0], TAG.octetString).content, digestOf(algorithm, certificate.raw));
  }
  const v1 = attributes.get(SIGNING_CERTIFICATE);
  if (v1 === undefined) return true;
  const [list] = childrenOfTagged(v1, TAG.sequence);
  const [hash] = childrenOfTagged(childrenOfTagged(list, TAG.sequence)[0], TAG.sequence);
  // SHA-1 here only tells certificates of one trusted authority apart.
  return equalBytes(tagged(hash, TAG.octetString).content, digestOf('sha1', certificate.raw));
}

function parseToken(response: Uint8Array): Token {
  const [status, contentInfo] = childrenOf(readTagged(response, TAG.sequence));
  // PKIStatus granted (0) or grantedWithMods (1).
  if (smallIntegerOf(childrenOfTagged(status, TAG.sequence)[0]) > 1) throw new DerError('the authority did not grant it');
  const [type, wrapped] = childrenOfTagged(contentInfo, TAG.sequence);
  if (oidOf(type) !== SIGNED_DATA) throw new DerError('it is no SignedData');
  const signedData = childrenOfTagged(childrenOfTagged(wrapped, explicit(0))[0], TAG.sequence);
  const [, , encapsulated] = signedData;
  const [contentType, contentWrapped] = childrenOfTagged(encapsulated, TAG.sequence);
  if (oidOf(contentType) !== TST_INFO) throw new DerError('its content is no TSTInfo');
  const content = tagged(childrenOfTagged(contentWrapped, explicit(0))[0], TAG.octetString).content;
  const certificates = signedData.slice(3).find((part) => part.tag === explicit(0));
  const signerInfos = childrenOfTagged(signedData.at(-1), TAG.set);
  // RFC 3161 §2.4.2: no signature but the authority's.
  if (signerInfos.length !== 1) throw new DerError('it has not exactly one signer');
  return {
    ...parseTstInfo(content),
    ...parseSignerInfo(signerInfos[0]),
    content,
    embedded: certificates === undefined ? [] : childrenOf(certificates).map((certificate) => parseCertificate(certificate.raw)),
  };
}

function parseTstInfo(content: Uint8Array): Pick<Token, 'time' | 'imprint'> {
  const [version, , imprint, , time, ...rest] = childrenOf(readTagged(content, TAG.sequence));
  if (smallIntegerOf(version) !== 1) throw new DerError('a TSTInfo of another version');
  const [algorithm, digest] = childrenOfTagged(imprint, TAG.sequence);
  const extensions = rest.find((part) => part.tag === explicit(1));
  const list: readonly Der[] = extensions === undefined ? [] : childrenOf(extensions);
  for (const extension of list) {
    const [, flag] = childrenOfTagged(extension, TAG.sequence);
    if (flag?.tag === TAG.boolean && booleanOf(flag)) throw new DerError('a TSTInfo with an unknown critical extension');
  }
  if (time?.tag !== TAG.generalizedTime) throw new DerError('a TSTInfo without a time');
  return { time: timeOf(time), imprint: { hash: hashOf(algorithm), digest: tagged(digest, TAG.octetString).content } };
}

function parseSignerInfo(info: Der | undefined): Pick<Token, 'signer' | 'digestHash' | 'scheme' | 'attributes' | 'signedBytes' | 'signature'> {
  const [, sid, digestAlgorithm, signed, signatureAlgorithm, signature] = childrenOfTagged(info, TAG.sequence);
  const digestHash = hashOf(digestAlgorithm);
  // RFC 5652 §5.3: signed attributes are a must where the content is not plain data.
  const attributes = new Map<string, Der>();
  for (const attribute of childrenOfTagged(signed, explicit(0))) {
    const [id, values] = childrenOfTagged(attribute, TAG.sequence);
    const [value, ...more] = childrenOfTagged(values, TAG.set);
    const oid = oidOf(id);
    if (value === undefined || more.length > 0 || attributes.has(oid)) throw new DerError(`the attribute ${oid} has not exactly one value`);
    attributes.set(oid, value);
  }
  // RFC 5652 §5.4: what is signed is the same value under the tag of a SET.
  const signedBytes = tagged(signed, explicit(0)).raw.slice();
  signedBytes[0] = TAG.set;
  return {
    signer: signerOf(sid), digestHash, scheme: schemeOf(signatureAlgorithm, digestHash), attributes, signedBytes,
    signature: tagged(signature, TAG.octetString).content,
  };
}

function signerOf(sid: Der | undefined): Token['signer'] {
  if (sid?.tag === implicit(0)) return { keyId: sid.content };
  const [issuer, serial] = childrenOfTagged(sid, TAG.sequence);
  return { issuer: tagged(issuer, TAG.sequence).raw, serial: integerBytesOf(serial) };
}

function schemeOf(algorithm: Der | undefined, digestHash: Hash): Scheme {
  const oid = oidOf(childrenOfTagged(algorithm, TAG.sequence)[0]);
  if (oid === RSA_ENCRYPTION) return { name: 'rsa-pkcs1', hash: digestHash };
  const scheme = schemeOfAlgorithm(algorithm as Der);
  if (scheme === null) throw new DerError(`an unknown signature algorithm ${oid}`);
  return scheme;
}

function hashOf(algorithm: Der | undefined): Hash {
  const oid = oidOf(childrenOfTagged(algorithm, TAG.sequence)[0]);
  const hash = HASH_OIDS[oid];
  if (hash === undefined) throw new DerError(`an unknown hash ${oid}`);
  return hash;
}
