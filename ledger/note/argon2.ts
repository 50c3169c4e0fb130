// Argon2id in plain JavaScript, for Nodes whose own engine has none: five times slower.
import { argon2id } from '@noble/hashes/argon2.js';

/** @param memory - KiB @returns 32 bytes @see RFC 9106 */
export function portableArgon2id(password: Uint8Array, salt: Uint8Array, passes: number, memory: number, lanes: number): Uint8Array {
  return argon2id(password, salt, { t: passes, m: memory, p: lanes, dkLen: 32 });
}
