// The door of ledger/events: the codec of hashed bytes, the envelope, the event families, drafts, and reading them back.
//
//   encodeCbor, decodeCbor           the CBOR profile: one value, one byte string
//   kindOf, decodeEvent              exact bytes to a checked, typed event in its newest shape
//   decodeEnvelope, readEvent        the same in two steps, so that an event of a later time can still be shown
//   prepareDraft, writeEntry         a new event checked and encoded once; its entry written when its place is known
//   skimEntry                        type, time, streams, sameAs and idempotency key of an entry, read in place
//   checkRekorBody                   the other kind of entry: JSON in the form of RFC 8785
//   sameAsOf, idempotencyKeyOf, …    how repeats, persons and keys are recognised
//   seal, open                       sealed payloads (WebCrypto), and the pieces for those who stream
//   EVENTS                           every event type; families.ts is the place where a new family is added
export { asSet } from './compile.ts';
export { cborDepthMax, CborWriter, encodeCbor, major, writeHead, type CborMap, type CborValue } from './cbor.ts';
export { decodeCbor } from './cbor-reader.ts';
export { prepareDraft, streamsOfDraft, writeEntry, type Draft, type NewEvent } from './draft.ts';
export {
  decodeEnvelope, decodeEvent, expectedSameAs, kindOf, looksLikeEvent, readEvent, sealedEvidenceOf, type EntryKind, type Event, type SealedEvidence,
} from './entry.ts';
export { envelopeVersion, paddedSize, type Actor, type Envelope, type Once, type PayloadReference, type StreamTag } from './envelope.ts';
export { EVENTS, type DataOf, type EventName } from './families.ts';
export { rotationMessage, type KeyRecord } from './families/key.ts';
export { formatDigest } from './family.ts';
export { idempotencyKeyOf, keyIdOf, personOf, requestDigestOf, sameAsOf, sealedKeyOf, type Sha256 } from './identity.ts';
export { streamNameBytesMax, streamsMax } from './names.ts';
export { checkRekorBody } from './rekor-body.ts';
export type { Digest, DigestAlgorithm } from './schema.ts';
export {
  commitmentLead, commitmentOf, deriveSealKeys, open, seal, sealLabel, sealNonce, sealSecretBytes, sealTagBytes, type Sealed, type SealKeys,
} from './seal.ts';
export { Skim, skimEntry, skimMember, skimMembers, skimmedText, skimPayload, Span } from './skim.ts';
