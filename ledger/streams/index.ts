// The door of ledger/streams: which events concern what, proven.
//
//   streamKeyOf                 a stream's place in the index
//   StreamHeads                 version and newest event of every stream, by key; compact
//   StreamIndex                 the trie over any such table: touch(ordinal) as streams move, root() and prove(key) when asked
//   verifyStreamProof           what a proof claims about a stream under an index root
//   StreamProofs                the same for many proofs under one root, hashing what they share once
//   verifyStreamHistory         versions 1 to n of a stream, without a gap, linked by `prev`
//   Audit                       every entry of a log read in full: kinds, streams, versions, links, index roots, recognition
export { Audit, AUDIT_CODES, type AuditCode, type AuditFinding } from './audit.ts';
export { STREAM_CODES, type StreamCode } from './codes.ts';
export { StreamHeads, type HeadsByOrdinal } from './heads.ts';
export { HeadsBefore, indexedEveryMax } from './heads-before.ts';
export { verifyStreamHistory, type StreamEvent } from './history.ts';
export { rememberKeys, streamKeyOf, type StreamKeys } from './index-hash.ts';
export { verifyStreamProof, type StreamHead, type StreamProof } from './proof.ts';
export { pureSlots, type Slots } from './slots.ts';
export { StreamProofs } from './proofs.ts';
export { StreamIndex } from './stream-index.ts';
