// The bounds that hold everywhere. Each is part of the specification (spec/), because a verifier must share it.

/** An entry's largest size in bytes: tile bundles carry a 16-bit length (C2SP tlog-tiles). */
export const entryBytesMax = 65_535;
