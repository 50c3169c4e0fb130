// Opening a pack: its form, its manifest and signature, and every member that the manifest names (spec/pack.md, "Verifying", 1 to 4).
import { formatHex } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { sha256 as pureSha256 } from '../../ledger/merkle/hash.ts';
import type { VerifySignature } from '../../ledger/note/ed25519.ts';
import { no } from '../../ledger/verdict.ts';
import { readEvidence } from '../evidence.ts';
import type { PackAnswer } from './codes.ts';
import { crc32 as pureCrc32 } from './crc32.ts';
import { manifestName, parseManifest, signatureName, type Manifest, type Member, type MemberRole } from './manifest.ts';
import { parseSignature, type ManifestSignature } from './signature.ts';
import type { PlacedMember } from './zip.ts';
import { pieceBytes, readMember, readZip, type Source } from './zip-reader.ts';

/** What is read into memory at once is no larger, whatever the zip says: nobody has signed for it yet. */
const memberBytesMax = 512 * 1024 * 1024;
const READ_WHOLE: ReadonlySet<MemberRole> = new Set(['checkpoint', 'keys', 'receipt', 'streams'] as const);

/** SHA-256 over bytes that come in pieces. */
export interface Hashing {
  update(piece: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** What a platform computes faster than this verifier does by itself: each is of pure JavaScript where it is left out. */
export interface Engines {
  /** SHA-256 over pieces. */
  readonly hashing?: () => Hashing;
  /** SHA-256 of one message, as a fresh array. */
  readonly sha256?: (message: Uint8Array) => Uint8Array;
  /** The same of a well-formed text's UTF-8. */
  readonly sha256OfText?: (text: string) => Uint8Array;
  /** The check sum of zip files, of `bytes` after what gave `before`. */
  readonly crc32?: (bytes: Uint8Array, before: number) => number;
  /** Signatures of checkpoints and of the manifest, strictly: `strictEd25519` over the platform's. */
  readonly ed25519?: VerifySignature;
}

/** A pack whose members are what its manifest says. Who signed it, and whether it proves anything, is not asked yet. */
export interface OpenPack {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest, hexadecimal: what the export's event commits to. */
  readonly digest: string;
  readonly signature: ManifestSignature;
  /** Members that the manifest does not name: they count for nothing. */
  readonly unnamed: readonly string[];
  readonly byName: ReadonlyMap<string, Member>;
  /** A member's bytes, checked; null where there is none of this name. */
  read(name: string): Uint8Array | null;
  /** All members of a role, ascending by name. */
  members(role: MemberRole): readonly Member[];
}

/** Opens a pack and reads all of it once. */
export function openPack(source: Source, engines: Engines = {}): PackAnswer<{ readonly pack: OpenPack }> {
  const { hashing = () => pureSha256.create(), sha256 = pureSha256, crc32 = pureCrc32 } = engines;
  // 1. The zip is in its one form.
  const opened = readZip(source);
  if (!opened.ok) return opened;
  const { zip } = opened;
  const placed = new Map(zip.members.map((member) => [member.name, member]));
  // 2. The manifest is the one that was signed, whoever signed it.
  const unread = [manifestName, signatureName].find((name) => (placed.get(name)?.size ?? 0) > memberBytesMax);
  if (unread !== undefined) return no('EVIDENCE_MALFORMED', `"${unread}" has ${placed.get(unread)?.size} bytes, expected at most ${memberBytesMax}`);
  const bytesOf = (member: PlacedMember | undefined) => (member === undefined ? null : zip.bytes(member));
  const manifestBytes = bytesOf(placed.get(manifestName));
  const signatureBytes = bytesOf(placed.get(signatureName));
  const signature = readEvidence('the signature', () => parseSignature(present(signatureBytes, signatureName)));
  if (!signature.ok) return signature;
  const digest = formatHex(sha256(manifestBytes ?? new Uint8Array(0)));
  if (manifestBytes !== null && signature.value.manifest !== digest) return no('PACK_SIGNATURE_INVALID', 'the manifest is not the one that was signed');
  const manifest = readEvidence('the manifest', () => parseManifest(present(manifestBytes, manifestName)));
  if (!manifest.ok) return manifest;
  for (const name of [manifestName, signatureName]) {
    if (readMember(zip, placed.get(name) as PlacedMember, crc32) === null) return no('EVIDENCE_MALFORMED', `"${name}" has another check sum than the zip says`);
  }
  // 3. Every member that it names is there, and 4. is what it says.
  const { members } = manifest.value;
  const missing = members.find(({ name }) => !placed.has(name));
  if (missing !== undefined) return no('PACK_MEMBER_MISSING', `"${missing.name}" is named by the manifest and not there`);
  const damaged: string[] = [];
  for (const member of members) {
    const stored = placed.get(member.name) as PlacedMember;
    if (READ_WHOLE.has(member.role) && stored.size > memberBytesMax) {
      return no('EVIDENCE_MALFORMED', `"${member.name}" has ${stored.size} bytes, expected at most ${memberBytesMax}`);
    }
    let crc = 0;
    const summed = (piece: Uint8Array) => {
      crc = crc32(piece, crc);
      return piece;
    };
    const hash = stored.size > pieceBytes ? hashing() : null;
    if (hash !== null) for (const piece of zip.pieces(stored)) hash.update(summed(piece));
    const found = hash === null ? sha256(summed(zip.bytes(stored))) : hash.digest();
    if (stored.size !== member.size || formatHex(found) !== member.sha256) {
      return no('PACK_MEMBER_CHANGED', `"${member.name}" is not what the manifest says`);
    }
    if (crc !== stored.crc) damaged.push(member.name);
  }
  if (damaged.length > 0) return no('EVIDENCE_MALFORMED', `"${damaged[0]}" has another check sum than the zip says`);
  const byName = new Map(members.map((member) => [member.name, member]));
  const unnamed = [...placed.keys()].filter((name) => !byName.has(name) && name !== manifestName && name !== signatureName);
  const read = (name: string) => (byName.has(name) ? bytesOf(placed.get(name)) : null);
  const ofRole = (role: MemberRole) => members.filter((one) => one.role === role);
  return { ok: true, pack: { manifest: manifest.value, digest, signature: signature.value, unnamed, byName, read, members: ofRole } };
}

function present(bytes: Uint8Array | null, name: string): Uint8Array {
  if (bytes === null) throw new LedgerError('INPUT_MALFORMED', `Cannot read the pack: "${clip(name)}" is missing`);
  return bytes;
}
