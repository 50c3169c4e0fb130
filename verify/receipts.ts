// The smaller door, for readers of receipts under Ed25519 checkpoints: everything here is at most 20 kB, compressed.
export { verifyGrowth } from './growth.ts';
export { verifyCheckpoint, verifyReceipt, verifyTlogProof } from './inclusion.ts';
export { trustKeys, trustPolicy } from './trust.ts';
