// What checks of streams answer: one code for each thing a reader would do differently, in order of precedence.

/** Documented in spec/streams.md, in this order. */
export const STREAM_CODES = [
  // A proof that no index can have made.
  'STREAM_PROOF_MALFORMED',
  // A proof of absence by the stream's own leaf, or by one that lies elsewhere.
  'STREAM_PROOF_LEAF_WRONG',
  // The proof is about another index, another version, or another stream.
  'STREAM_PROOF_ROOT_MISMATCH',
  // An event of the stream is missing.
  'STREAM_INCOMPLETE',
  // Two events have one version, or versions do not follow the order of the log.
  'STREAM_FORKED',
  // An event names another event as its previous one.
  'STREAM_PREV_WRONG',
] as const;

export type StreamCode = (typeof STREAM_CODES)[number];
