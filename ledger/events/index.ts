// The door of ledger/events: the codec of hashed bytes, the envelope, the event families, drafts, and reading them back.
//
// encodeCbor / decodeCbor    the CBOR profile: one value, one byte string (spec/entry.md)
export { cborDepthMax, encodeCbor, type CborMap, type CborValue } from './cbor.ts';
export { decodeCbor } from './cbor-reader.ts';
