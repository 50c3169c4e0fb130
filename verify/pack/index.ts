// The door of packs: written, opened and verified with no network.
export { auditEntries, type PackAudit } from './audit.ts';
export { PACK_CODES, type PackAnswer, type PackCode, type PackFault } from './codes.ts';
export { crc32 } from './crc32.ts';
export {
  encodeManifest, manifestName, parseManifest, signatureName, type Manifest, type Member, type MemberRole, type Scope, type Withheld,
} from './manifest.ts';
export { openPack, type Engines, type Hashing, type OpenPack } from './open.ts';
export { openedPayload, payloadId, payloadName } from './payloads.ts';
export { pinsDiffer, readPins, type PinsRead } from './pins.ts';
export { receiptName, type PackEntry } from './receipts.ts';
export { countBefore } from './scope.ts';
export { signManifest, type PackSigner } from './signature.ts';
export { encodePackStreams, type DecisionTree, type PackStream, type PackStreams } from './streams.ts';
export { formatUpdate, parseUpdate, type PackUpdate } from './update.ts';
export { checkpointName, keysName, streamsName, verifyPack, type FaultyPack, type PackOptions, type VerifiedPack, type WholeStream } from './verify.ts';
export { memorySource, type Source } from './zip-reader.ts';
export { writeZip, type ZipContent } from './zip-writer.ts';
export { describeScope, reportPack, type PackReport } from './report.ts';
