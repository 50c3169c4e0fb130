// Offline Update Kits: a snapshot, policies and trusted roots in one signed file; made, and verified whole before anything is used.
import { encodeUtf8, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { parseJson } from '../ledger/json.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { PolicyErrors, readPolicy } from '../policy/index.ts';
import {
  attestationName, checkKitStatement, encodeKitManifest, isKitMember, kitDamaged, kitStatement, manifestBytesMax, manifestName, membersOf, parseKitManifest,
    Snapshot,
  snapshotName, verifySnapshot, type KitManifest, type KitMember, type SnapshotFile, type Spool,
} from '../scanner/index.ts';
import { crc32 } from '../verify/pack/crc32.ts';
import { readMember, readZip, type Source } from '../verify/pack/zip-reader.ts';
import { writeZip, type ZipContent } from '../verify/pack/zip-writer.ts';
import type { PlacedMember } from '../verify/pack/zip.ts';
import { readTrust, signJson, verifyEnvelope, type AuthorKey, type Trust } from '../verify/sigstore/index.ts';
import { findSnapshot, type Wanted } from './feeds.ts';
import { findPolicy, payloadOfPolicy } from './publish-policy.ts';
import { readPayload } from './sealed-payload.ts';

/** Policies and roots are read into memory. */
const smallBytesMax = 16 * 1024 * 1024;

export interface KitToMake {
  readonly feed: string;
  readonly snapshot: Wanted;
  /** Names of policies, each in its newest version. */
  readonly policies: readonly string[];
  /** Sigstore trusted roots as they are. */
  readonly roots: readonly Uint8Array[];
  /** A URI: who makes the kit. */
  readonly builder: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface MadeKit {
  readonly manifest: KitManifest;
  /** The key that signed it. */
  readonly author: AuthorKey;
  /** The file, in pieces. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/**
 * Makes a kit of what a ledger has on record.
 *
 * @throws {LedgerError} SNAPSHOT_UNKNOWN, POLICY_UNKNOWN, PAYLOAD_MISSING; INPUT_MALFORMED for what is no trusted root
 */
export async function createKit(
  { log, payloads }: { readonly log: Pick<LogView, 'stream'>; readonly payloads: PayloadStore }, asked: KitToMake, key: AuthorKey | (() => Promise<AuthorKey>),
): Promise<MadeKit> {
  const { feed, builder, now } = asked;
  const found = await findSnapshot(log, feed, asked.snapshot);
  const contents: ZipContent[] = [{ name: snapshotName, open: () => payloads.get(found.file.digest) }];
  const add = (name: string, bytes: Uint8Array): KitMember => {
    contents.push({ name, open: () => [bytes] });
    return { name, sha256: formatHex(sha256(bytes)), size: bytes.length };
  };
  const policies = [];
  for (const policy of [...new Set(asked.policies)].sort()) {
    const version = await findPolicy(log, policy);
    const bytes = await readPayload(payloads, payloadOfPolicy(version));
    policies.push({ ...add(`policies/${policy}.json`, bytes), policy, entrypoints: [...version.event.data.entrypoints] });
  }
  const roots = asked.roots.map((bytes) => {
    readTrust([{ kind: 'root', trustedRoot: new TextDecoder().decode(bytes) }]);
    return [formatHex(sha256(bytes)), bytes] as const;
  });
  const opened = await payloads.openAt(found.file.digest);
  const { manifest: { sources } } = new Snapshot(opened, found.name);
  opened.close();
  const manifest: KitManifest = {
    feed,
    snapshot: { name: snapshotName, sha256: formatHex(found.file.digest), size: found.file.size, root: found.name },
    policies,
    roots: [...new Map(roots)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([digest, bytes]) => add(`roots/${digest}.json`, bytes)),
  };
  const bytes = encodeKitManifest(manifest);
  // Asked for now that nothing is missing: the ledger's own may be made, and put on record, by asking.
  const author = typeof key === 'function' ? await key() : key;
  const envelope = await signJson(kitStatement(manifest, sha256(bytes), sources, { builder, madeMs: now }), [author]);
  contents.push({ name: manifestName, open: () => [bytes] }, { name: attestationName, open: () => [encodeUtf8(JSON.stringify(envelope))] });
  return { manifest, author, pieces: writeZip(contents) };
}

export interface KitExpected {
  /** Whose signatures count. */
  readonly trust: Trust;
  /** The builder that is taken. */
  readonly builder: string;
  /** Milliseconds since 1970, for keys that are trusted for an interval. */
  readonly now: number;
}

/** A kit of which everything was verified. */
export interface VerifiedKit {
  /** Digest of the manifest: what names the kit. 32 bytes. */
  readonly digest: Uint8Array;
  readonly manifest: KitManifest;
  /** The envelope as received. */
  readonly attestation: Uint8Array;
  /** Ids of the keys that signed. */
  readonly signers: readonly string[];
  readonly snapshotPieces: () => Iterable<Uint8Array>;
  readonly policies: readonly { readonly policy: string; readonly document: Uint8Array; readonly entrypoints: readonly string[] }[];
  readonly roots: readonly Uint8Array[];
}

/**
 * Verifies a kit whole: its form, who signed and built it, every member's digest, that the snapshot is what its own records make, that
 * policies compile and roots are roots.
 *
 * @param spool - for building the snapshot again
 * @throws {LedgerError} KIT_UNTRUSTED, KIT_BUILDER_WRONG, KIT_DAMAGED, POLICY_INVALID, INPUT_VERSION_UNKNOWN; nothing was changed then
 */
export function verifyKit(source: Source, expected: KitExpected, spool: Spool): VerifiedKit {
  // 1. One form of zip: no byte stands outside of its members.
  const read = readZip(source);
  if (!read.ok) throw kitDamaged(read.message);
  const { zip } = read;
  const members = new Map(zip.members.map((member) => [member.name, member]));
  const bytesOf = (name: string, bytesMax: number): Uint8Array => {
    const member = members.get(name);
    if (member === undefined) throw kitDamaged(`"${name}" is missing`);
    if (member.size > bytesMax) throw kitDamaged(`"${name}" is too large`);
    const bytes = readMember(zip, member);
    if (bytes === null) throw kitDamaged(`"${name}" is damaged`);
    return bytes;
  };
  // 2. The signature, over the received bytes, before anything in them is believed.
  const attestation = bytesOf(attestationName, manifestBytesMax);
  const verdict = verifyEnvelope(attestation, expected.trust, { at: expected.now });
  if (verdict.is !== 'verified') {
    throw new LedgerError('KIT_UNTRUSTED', `Cannot use the kit: ${verdict.message}`, {
      hint: 'nothing was changed; "stella trust add --key FILE" trusts the key that signs your kits',
    });
  }
  // 3. What it says: this manifest, these members, that builder.
  const encoded = bytesOf(manifestName, manifestBytesMax);
  const digest = sha256(encoded);
  const manifest = refusing(() => parseKitManifest(encoded));
  checkKitStatement(refusing(() => parseJson(verdict.payload as Uint8Array)), manifest, digest, expected.builder);
  // 4. The members: exactly those, each with its digest.
  const named = membersOf(manifest);
  const names = new Set([manifestName, attestationName, ...named.map(({ name }) => name)]);
  const other = zip.members.find(({ name }) => !names.has(name));
  if (other !== undefined) throw kitDamaged(`its manifest does not name "${other.name}"`);
  for (const one of named) checkMember(one, members.get(one.name), zip.pieces);
  // 5. The snapshot is what its records make, under the name the manifest gives it.
  const placed = members.get(manifest.snapshot.name) as PlacedMember;
  checkSnapshotIn(fileOf(source, placed), manifest.snapshot.root, spool);
  // 6. Policies compile, roots are roots.
  const policies = manifest.policies.map(({ name, policy, entrypoints }) => {
    const document = bytesOf(name, smallBytesMax);
    checkPolicy(policy, document, entrypoints);
    return { policy, document, entrypoints };
  });
  const roots = manifest.roots.map(({ name }) => {
    const bytes = bytesOf(name, smallBytesMax);
    refusing(() => readTrust([{ kind: 'root', trustedRoot: new TextDecoder().decode(bytes) }]));
    return bytes;
  });
  const signers = verdict.signers.flatMap((signer) => (signer.kind === 'key' ? [signer.keyId] : []));
  return { digest, manifest, attestation, signers, snapshotPieces: () => zip.pieces(placed), policies, roots };
}

function checkMember(member: KitMember, placed: PlacedMember | undefined, pieces: (member: PlacedMember) => Iterable<Uint8Array>): void {
  if (placed === undefined) throw kitDamaged(`"${member.name}" is missing`);
  let crc = 0;
  const summed = function* () {
    for (const piece of pieces(placed)) {
      crc = crc32(piece, crc);
      yield piece;
    }
  };
  if (!isKitMember(member, summed()) || crc !== placed.crc) throw kitDamaged(`"${member.name}" is not what was signed`);
}

/** The snapshot's bytes within the kit's: members are stored as they are, behind a header of 30 bytes, the name and what it says. */
function fileOf(source: Source, { offset, size }: PlacedMember): SnapshotFile {
  const header = source.read(offset, 30);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const start = offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  return {
    size,
    read(from, length) {
      // A damaged footer points anywhere.
      if (from < 0 || length < 0 || from + length > size) throw kitDamaged('its snapshot points outside of itself');
      return source.read(start + from, length).slice();
    },
  };
}

function checkSnapshotIn(file: SnapshotFile, root: string, spool: Spool): void {
  const ok = refusing(() => verifySnapshot(new Snapshot(file, root), spool));
  if (!ok) throw kitDamaged('its snapshot is not what its own records make');
}

function checkPolicy(name: string, document: Uint8Array, entrypoints: readonly string[]): void {
  try {
    const { policy } = readPolicy(document);
    const missing = entrypoints.find((entrypoint) => !policy.has(entrypoint));
    if (entrypoints.length === 0 || missing !== undefined) throw kitDamaged(`its policy "${name}" does not give what it says`);
  } catch (cause) {
    if (!(cause instanceof PolicyErrors)) throw cause;
    throw new LedgerError('POLICY_INVALID', `Cannot use the kit: its policy "${name}" does not compile`, { cause });
  }
}

/** What a reader refuses in a kit is a damaged kit, but for a newer one. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === 'INPUT_VERSION_UNKNOWN' || error.code === 'KIT_DAMAGED') throw error;
    throw new LedgerError('KIT_DAMAGED', `Cannot use the kit: ${error.message}`, { cause: error, hint: 'nothing was changed; fetch the kit again' });
  }
}

