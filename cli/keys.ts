// The key files of a ledger's directory, each named by its key's id.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { keyRecordOf } from '../ledger/log/control.ts';
import { readKeyFile } from '../ledger/log/key-file.ts';
import { parseVkey } from '../ledger/note/index.ts';
import { readPrivateFile, writePrivateFile } from '../ledger/store/private-files.ts';
import type { RetireReason } from '../actions/rotate-key.ts';
import { UsageError, type Call } from './command.ts';
import type { Place } from './layout.ts';

export interface KeyOnFile {
  /** SHA-256 of its SubjectPublicKeyInfo, 64 hexadecimal digits: as entries name it. */
  readonly id: string;
  readonly vkey: string;
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** What the ledger itself signs with them: checkpoints and Rekor's notes, or statements. */
export type KeyFolder = 'attestation' | 'checkpoint';

const folderOf = (place: Place, of: KeyFolder) => join(place.directory, 'keys', ...(of === 'attestation' ? [of] : []));

/** @throws {LedgerError} SECRETS_EXPOSED when others may read one; KEY_FILE_INVALID */
export function listKeys(place: Place, of: KeyFolder = 'checkpoint'): KeyOnFile[] {
  const folder = folderOf(place, of);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.key')).sort();
  return names.map((name) => join(folder, name)).map((file) => {
    const bytes = readPrivateFile(file) as Uint8Array;
    return { ...read(file, bytes), file, bytes };
  });
}

/** @throws {LedgerError} KEY_FILE_INVALID, which names the file: one that is no key stops every command that looks for one */
function read(file: string, bytes: Uint8Array): Pick<KeyOnFile, 'id' | 'vkey'> {
  try {
    const { vkey } = readKeyFile(bytes);
    return { id: keyIdOf(vkey), vkey };
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new LedgerError('KEY_FILE_INVALID', `Cannot read "${file}": it is no key file`, {
      cause, hint: 'put it elsewhere, or take the key from a backup: files in this folder that end in .key are keys',
    });
  }
}

/** @throws {LedgerError} KEY_MISSING */
export function findKey(place: Place, id: string): KeyOnFile {
  const key = listKeys(place).find((found) => found.id === id);
  if (key !== undefined) return key;
  throw new LedgerError('KEY_MISSING', `Cannot find the file of key ${id.slice(0, 16)}… in "${join(place.directory, 'keys')}"`, {
    hint: 'take it from a backup of the keys',
  });
}

/** Stores a key file under its id. @returns the file */
export function addKey(place: Place, bytes: Uint8Array, of: KeyFolder = 'checkpoint'): KeyOnFile {
  const { vkey } = readKeyFile(bytes);
  const id = keyIdOf(vkey);
  const file = join(folderOf(place, of), `${id.slice(0, 16)}.key`);
  if (existsSync(file)) throw new LedgerError('KEY_FILE_INVALID', `Cannot write "${file}": there is a key of this name already`);
  writePrivateFile(file, bytes);
  return { id, vkey, file, bytes };
}

/** @throws {LedgerError} KEY_FILE_INVALID */
export function idOfKeyFile(bytes: Uint8Array): string {
  return keyIdOf(readKeyFile(bytes).vkey);
}

function keyIdOf(vkey: string): string {
  return formatHex(keyRecordOf({ key: parseVkey(vkey) }).id);
}

/** Why a key that signs statements ends, as entries have it. */
export const RETIRE_REASONS = ['compromised', 'lost', 'superseded', 'unused'] as const satisfies readonly RetireReason[];

/** @param otherwise - where the call says none @throws {UsageError} */
export function retireReasonOf(call: Call, otherwise?: RetireReason): RetireReason {
  const said = call.value('reason') ?? otherwise;
  const reason = RETIRE_REASONS.find((one) => one === said);
  if (reason === undefined) throw new UsageError(`say why with --reason: ${RETIRE_REASONS.join(', ')}`);
  return reason;
}
