// The door of the signature verifier: bundles, envelopes, trust, verdicts. Node only (node:crypto); it makes no network call.
export { type Artifact } from './artifact.ts';
export {
  type AuthorKey, authorKeyOf, authorKeyOfSeed, type BundleParts, type EnvelopeJson, formatBundle, signJson, STATEMENT_TYPE, unnamed,
} from './author.ts';
export { verifyBareSignature, verifyCosignBundle } from './cosign.ts';
export { BUNDLE_MEDIA_TYPE, bundleBytesMax, bundleItemsMax } from './bundle.ts';
export { type Envelope, type EnvelopeSignature, preAuthEncoding } from './dsse.ts';
export { type EnvelopeOptions, verifyEnvelope } from './envelope.ts';
export { type PublicKey, parsePublicKey, publicKeyOfJwk } from './keys.ts';
export {
  dsseBody, entryJson, type EntryProof, formatTrustedRoot, hashedRekordBody, type LogKey, logIdOf, pemOfSpki, type Recordable, recordableOf,
  recordableOfMessage, signPromise,
} from './rekor.ts';
export { readTrust, type Trust, type TrustEntry } from './trust.ts';
export { parseTrustedRoot, type TrustedRoot, trustedRootOf } from './trusted-root.ts';
export {
  type Failed, type LoggedEntry, type Missing, type ProvenTime, SIGSTORE_CODES, type SignatureOnly, type SignatureVerdict, type Signer, type SigstoreCode,
  type Unverifiable, type Verified,
} from './verdict.ts';
export { type BundleOptions, verifyBundle } from './verify.ts';
