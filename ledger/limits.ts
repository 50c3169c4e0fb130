// The bounds that hold everywhere. Each is part of the specification (spec/), because a verifier must share it.

/** An entry's largest size in bytes: tile bundles carry a 16-bit length (C2SP tlog-tiles). */
export const entryBytesMax = 65_535;

/** A signed note's largest size in bytes: room for every signature line, each with a post-quantum signature of 5 kB. */
export const noteBytesMax = 524_288;

/** Signature lines a note may carry. C2SP signed-note asks for at least 16. */
export const noteSignaturesMax = 64;

/** Hashes in one proof: a tree of 2^53 entries needs 53; C2SP tlog-witness allows 63. */
export const proofHashesMax = 63;

/** A trust policy file's largest size in bytes. */
export const policyBytesMax = 1_048_576;

/** Logs, witnesses and groups in one trust policy, together. C2SP tlog-policy asks for at least 32 of each. */
export const policyMembersMax = 512;
