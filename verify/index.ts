// The door of the offline verifier: it makes no network call, for it imports nothing that could.
export { openCheckpoint, type Signed, type Witnessed } from './checkpoint.ts';
export { type Answer, type Refused, VERIFY_CODES, type VerifyCode } from './codes.ts';
export { type Update, verifyGrowth } from './growth.ts';
export { type Beside, type Included, verifyCheckpoint, verifyReceipt, verifyTlogProof } from './inclusion.ts';
export { withP256 } from './p256.ts';
export { formatReceipt, parseReceipt, type Receipt } from './receipt.ts';
export { formatStreamEvidence, parseStreamEvidence, type Placed, type StreamEvidence } from './stream-evidence.ts';
export { type Complete, LEVELS, type Level, type StreamOptions, verifyStream } from './streams.ts';
export { type LogKey, type Trust, trustKeys, type TrustOptions, trustPolicy } from './trust.ts';
