// An Offline Update Kit's manifest: which members it has, by digest and size, and what each is for (spec/kit.md).
import { createHash } from 'node:crypto';
import { equalBytes } from '../../ledger/bytes.ts';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../../ledger/json.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';

export interface KitMember {
  /** Its name in the zip. */
  readonly name: string;
  /** SHA-256, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

export interface KitPolicy extends KitMember {
  /** The name under which it is published. */
  readonly policy: string;
  readonly entrypoints: readonly string[];
}

export interface KitManifest {
  /** The feed's name where the kit was made; the importer may take another. */
  readonly feed: string;
  readonly snapshot: KitMember & {
    /** `sha256:` and the root that names the snapshot. */
    readonly root: string;
  };
  /** Ascending by name. */
  readonly policies: readonly KitPolicy[];
  /** Sigstore trusted roots, ascending by name. */
  readonly roots: readonly KitMember[];
}

const format = 'stella-kit/1';
export const manifestName = 'manifest.json';
export const attestationName = 'attestation.json';
export const snapshotName = 'snapshot';
/** A manifest names a snapshot and at most this many policies and roots. */
const membersMax = 256;
/** Manifests and attestations are read into memory. */
export const manifestBytesMax = 1024 * 1024;

export function encodeKitManifest({ feed, snapshot, policies, roots }: KitManifest): Uint8Array {
  return encodeJcs({ feed, format, policies, roots, snapshot } as unknown as JcsValue);
}

export function kitDamaged(why: string): LedgerError {
  return new LedgerError('KIT_DAMAGED', `Cannot use the kit: ${why}`, { hint: 'nothing was changed; fetch the kit again' });
}

/** @throws {LedgerError} INPUT_VERSION_UNKNOWN for a kit of another format; KIT_DAMAGED for what is no manifest */
export function parseKitManifest(bytes: Uint8Array): KitManifest {
  const read = parseJson(bytes);
  if (!isJsonObject(read)) throw kitDamaged('its manifest is no object');
  if (read.format !== format) throw new LedgerError('INPUT_VERSION_UNKNOWN',
    `Cannot use the kit: its format is "${clip(String(read.format))}", expected ${format}`);
  const { snapshot } = read;
  const manifest = {
    feed: textAt(read, 'feed'),
    snapshot: isJsonObject(snapshot) ? { ...memberOf(snapshot), root: textAt(snapshot, 'root') } : refuse('snapshot'),
    policies: listAt(read, 'policies').map((one) => ({ ...memberOf(one), policy: textAt(one, 'policy'), entrypoints: textsAt(one, 'entrypoints') })),
    roots: listAt(read, 'roots').map(memberOf),
  };
  // One text for one meaning: an unknown member could be something that a newer reader must heed.
  if (!equalBytes(encodeKitManifest(manifest), bytes)) throw kitDamaged('its manifest has members that are not known');
  return manifest;
}

function memberOf(object: JsonObject): KitMember {
  const { size } = object;
  const digest = textAt(object, 'sha256');
  if (!/^[0-9a-f]{64}$/.test(digest)) refuse('sha256');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) refuse('size');
  return { name: textAt(object, 'name'), sha256: digest, size: size as number };
}

function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : refuse(key);
}

function textsAt(object: JsonObject, key: string): string[] {
  const value = object[key];
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : refuse(key);
}

function listAt(object: JsonObject, key: string): JsonObject[] {
  const value: Json | undefined = object[key];
  if (!Array.isArray(value) || value.length > membersMax) return refuse(key);
  return value.map((one) => (isJsonObject(one) ? one : refuse(key)));
}

function refuse(key: string): never {
  throw kitDamaged(`its manifest has no good "${key}"`);
}

/** Whether a member's bytes are those that the manifest names. */
export function isKitMember({ sha256, size }: KitMember, pieces: Iterable<Uint8Array>): boolean {
  const hash = createHash('sha256');
  let count = 0;
  for (const piece of pieces) {
    hash.update(piece);
    count += piece.length;
  }
  return count === size && hash.digest('hex') === sha256;
}

/** All members that the manifest names. */
export function membersOf({ snapshot, policies, roots }: KitManifest): KitMember[] {
  return [snapshot, ...policies, ...roots];
}
