// The same door with ECDSA over P-256, for logs that sign in the manner of Rekor v1: at most 32 kB, compressed.
export { withP256 } from './p256.ts';
export * from './receipts.ts';
