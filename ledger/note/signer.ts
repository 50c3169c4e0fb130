// Signers in plain JavaScript, for tests and browsers: about 20 times slower than Node's engine.
import { ed25519 } from '@noble/curves/ed25519.js';
import { cosignatureKey, ed25519Key, type Signer } from './keys.ts';

/** Signs as a log. @param seed - 32 secret bytes (RFC 8032 §5.1.5) */
export function ed25519Signer(name: string, seed: Uint8Array): Signer {
  return { key: ed25519Key(name, ed25519.getPublicKey(seed)), sign: (message) => ed25519.sign(message, seed) };
}

/** Signs as a witness. @param seed - 32 secret bytes (RFC 8032 §5.1.5) */
export function witnessSigner(name: string, seed: Uint8Array): Signer {
  return { key: cosignatureKey(name, ed25519.getPublicKey(seed)), sign: (message) => ed25519.sign(message, seed) };
}
