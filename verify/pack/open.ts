// Opening a pack: its form, its manifest and signature, and every member that the manifest names (spec/pack.md, "Verifying", 1 to 4).
import { formatHex } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { sha256 } from '../../ledger/merkle/hash.ts';
import { no } from '../../ledger/verdict.ts';
import { readEvidence } from '../evidence.ts';
import type { PackAnswer } from './codes.ts';
import { crc32 } from './crc32.ts';
import { manifestName, parseManifest, signatureName, type Manifest, type Member, type MemberRole } from './manifest.ts';
import { parseSignature, type ManifestSignature } from './signature.ts';
import type { PlacedMember } from './zip.ts';
import { readMember, readZip, type Source, type Zip } from './zip-reader.ts';

/** SHA-256 over bytes that come in pieces. */
export interface Hashing {
  update(piece: Uint8Array): unknown;
  digest(): Uint8Array;
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

/**
 * Opens a pack and reads all of it once.
 *
 * @param hashing - SHA-256; pure JavaScript when left out
 */
export function openPack(source: Source, hashing: () => Hashing = () => sha256.create()): PackAnswer<{ readonly pack: OpenPack }> {
  // 1. The zip is in its one form.
  const opened = readZip(source);
  if (!opened.ok) return opened;
  const { zip } = opened;
  const placed = new Map(zip.members.map((member) => [member.name, member]));
  // 2. The manifest is the one that was signed, whoever signed it.
  const manifestBytes = bytesOf(zip, placed.get(manifestName));
  const signatureBytes = bytesOf(zip, placed.get(signatureName));
  const signature = readEvidence('the signature', () => parseSignature(present(signatureBytes, signatureName)));
  if (!signature.ok) return signature;
  const digest = formatHex(sha256(manifestBytes ?? new Uint8Array(0)));
  if (manifestBytes !== null && signature.value.manifest !== digest) return no('PACK_SIGNATURE_INVALID', 'the manifest is not the one that was signed');
  const manifest = readEvidence('the manifest', () => parseManifest(present(manifestBytes, manifestName)));
  if (!manifest.ok) return manifest;
  for (const name of [manifestName, signatureName]) {
    if (readMember(zip, placed.get(name) as PlacedMember) === null) return no('EVIDENCE_MALFORMED', `"${name}" has another check sum than the zip says`);
  }
  // 3. Every member that it names is there, and 4. is what it says.
  const { members } = manifest.value;
  const missing = members.find(({ name }) => !placed.has(name));
  if (missing !== undefined) return no('PACK_MEMBER_MISSING', `"${missing.name}" is named by the manifest and not there`);
  const damaged: string[] = [];
  for (const member of members) {
    const stored = placed.get(member.name) as PlacedMember;
    const hash = hashing();
    let crc = 0;
    for (const piece of zip.pieces(stored)) {
      hash.update(piece);
      crc = crc32(piece, crc);
    }
    if (stored.size !== member.size || formatHex(hash.digest()) !== member.sha256) {
      return no('PACK_MEMBER_CHANGED', `"${member.name}" is not what the manifest says`);
    }
    if (crc !== stored.crc) damaged.push(member.name);
  }
  if (damaged.length > 0) return no('EVIDENCE_MALFORMED', `"${damaged[0]}" has another check sum than the zip says`);
  const byName = new Map(members.map((member) => [member.name, member]));
  const unnamed = [...placed.keys()].filter((name) => !byName.has(name) && name !== manifestName && name !== signatureName);
  const read = (name: string) => (byName.has(name) ? bytesOf(zip, placed.get(name)) : null);
  const ofRole = (role: MemberRole) => members.filter((one) => one.role === role);
  return { ok: true, pack: { manifest: manifest.value, digest, signature: signature.value, unnamed, byName, read, members: ofRole } };
}

function bytesOf(zip: Zip, member: PlacedMember | undefined): Uint8Array | null {
  if (member === undefined) return null;
  const bytes = new Uint8Array(member.size);
  let at = 0;
  for (const piece of zip.pieces(member)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function present(bytes: Uint8Array | null, name: string): Uint8Array {
  if (bytes === null) throw new LedgerError('INPUT_MALFORMED', `Cannot read the pack: "${clip(name)}" is missing`);
  return bytes;
}
