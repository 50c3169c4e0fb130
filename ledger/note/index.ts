// The door of the notes' room: keys, notes, checkpoints, cosignatures, trust policies, witnesses and mirrors.
export { type Checkpoint, formatCheckpointText, parseCheckpoint, parseCheckpointText, signCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
export { cosign, cosignedMessage } from './cosignature.ts';
export { isStrictPoint, strictEd25519, verifyEd25519, type VerifySignature } from './ed25519.ts';
export {
  asWitnessKey, COSIGNATURE, cosignatureKey, ECDSA, ecdsaKey, ED25519, ed25519Key, formatKeyId, formatVkey, type NoteKey, parseVkey, type Signer,
} from './keys.ts';
export {
  decodeUpload, encodePackage, encodeUploadHeader, type EntryPackage, type MirrorAnswer, packagesOf, parseMirrorInfo, readMirrorAnswer, type UploadHeader,
} from './mirror.ts';
export {
  formatNote, formatSignatureLine, type Note, type NoteSignature, type NoteSigners, parseNote, parseSignatureLines, signNote, type Verifiers, verifyNote,
} from './note.ts';
export { isP256Secret, p256Signer, verifyP256 } from './p256.ts';
export { meetsQuorum, parsePolicy, type PolicyGroup, type PolicyLog, type PolicyWitness, type TrustPolicy } from './policy.ts';
export { ed25519Signer, witnessSigner } from './signer.ts';
export { formatTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.ts';
export {
  type AddCheckpoint, addSignatures, formatAddCheckpoint, type HttpAnswer, parseAddCheckpoint, readWitnessAnswer, type WitnessAnswer,
} from './witness.ts';
