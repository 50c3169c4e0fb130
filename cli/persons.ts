// Persons on this machine: their names and key files, beside the ledger's own keys. The ledger itself holds pseudonyms alone.
import { existsSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { actingWith, type Intending } from '../actions/person.ts';
import { decodeUtf8, encodeUtf8, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { personOf } from '../ledger/events/index.ts';
import { isJsonObject, parseJson } from '../ledger/json.ts';
import { openKey } from '../ledger/log/key-file.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { readPrivateFile, writePrivateFile } from '../ledger/store/private-files.ts';
import type { AuthorKey } from '../verify/sigstore/index.ts';
import { authorOf, foreignKey, ledgerKeyOn } from './author-key.ts';
import { UsageError, type Call } from './command.ts';
import { idOfKeyFile } from './keys.ts';
import { localActor, passphraseOf, pepperOf, type Place } from './place.ts';

/** Options of every command that a person acts with. */
export const ACTING = {
  as: { type: 'string', takes: 'NAME', help: 'sign as this person, with the key file that "stella person add" made' },
  key: { type: 'string', takes: 'FILE', help: 'sign with this person\'s private key (PEM; passphrase in STELLA_ATTEST_PASSPHRASE)' },
  'key-env': { type: 'boolean', help: 'sign with the private key in STELLA_ATTEST_KEY (PEM)' },
} as const;

/** A person's name: what a file can be called. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export interface PersonOnFile {
  readonly name: string;
  /** Of the key, 64 hexadecimal digits. */
  readonly keyId: string;
  /** Null where the person keeps the private key elsewhere. */
  readonly keyFile: string | null;
}

/** @throws {UsageError} for what cannot be a name */
export function parseName(text: string | undefined): string {
  if (text !== undefined && NAME.test(text)) return text;
  throw new UsageError('name one person, in lower-case letters, digits, dots and hyphens');
}

const folderOf = (place: Place) => join(place.directory, 'keys', 'persons');

export function listPersons(place: Place): PersonOnFile[] {
  const folder = folderOf(place);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((file) => file.endsWith('.json')).sort().map((file) => readPerson(place, file.slice(0, -'.json'.length)));
}

/** @throws {LedgerError} PERSON_UNKNOWN; KEY_FILE_INVALID; SECRETS_EXPOSED when others may read it */
export function readPerson(place: Place, name: string): PersonOnFile {
  const file = join(folderOf(place), `${name}.json`);
  const bytes = readPrivateFile(file);
  if (bytes === null) {
    throw new LedgerError('PERSON_UNKNOWN', `Cannot find the person "${name}"`, {
      hint: `"stella person list" names them; "stella person add ${name}" adds one`,
    });
  }
  const said = parseJson(bytes);
  const keyId = isJsonObject(said) ? said['key'] : undefined;
  if (typeof keyId !== 'string') throw new LedgerError('KEY_FILE_INVALID', `Cannot read "${file}": it names no key`);
  const keyFile = join(folderOf(place), `${name}.key`);
  return { name, keyId, keyFile: existsSync(keyFile) ? keyFile : null };
}

/**
 * Keeps a person's sealed private key. One that was retired is put aside; a crash after that leaves the person without a key, as the
 * retirement did, and the next call makes one.
 *
 * @param retired - ids of keys that serve no more @throws {LedgerError} PERSON_KEY_TAKEN where another is of this name: it would be lost
 */
export function writePersonKey(place: Place, name: string, sealed: Uint8Array, retired: readonly string[]): void {
  const file = join(folderOf(place), `${name}.key`);
  const there = readPrivateFile(file);
  const id = there === null ? null : idOfKeyFile(there);
  if (id !== null && retired.includes(id)) renameSync(file, join(folderOf(place), `${name}.${id.slice(0, 16)}.retired`));
  else if (id !== null) {
    throw new LedgerError('PERSON_KEY_TAKEN', `Cannot make a key for "${name}": there is one in "${file}"`, {
      hint: 'keep it under another name first: what it signed can only be signed by it',
    });
  }
  writePrivateFile(file, sealed);
}

/** Keeps a person's name, and which key is theirs. */
export function writePerson(place: Place, name: string, keyId: string): void {
  writePrivateFile(join(folderOf(place), `${name}.json`), encodeUtf8(`${JSON.stringify({ key: keyId })}\n`));
}

/** Whoever goes by this name on this ledger. The user of this machine is the person of the same name. */
export function pseudonymOf(call: Call, place: Place, name: string): Uint8Array {
  return personOf(sha256, pepperOf(call, place), 'local', name);
}

/** What pseudonyms are called on this machine: by name where it knows one. */
export function namesOf(call: Call, place: Place): (person: Uint8Array | undefined) => string {
  const known = new Map(listPersons(place).map(({ name }) => [formatHex(pseudonymOf(call, place, name)), name]));
  return (person) => (person === undefined ? 'nobody' : known.get(formatHex(person)) ?? formatHex(person));
}

/**
 * The passphrase of a person's key file: `STELLA_PERSON_PASSPHRASE_FILE`, else the ledger's own.
 *
 * One passphrase for everybody is convenient on one's own machine, and worth nothing against whoever knows it.
 */
export async function personPassphraseOf(call: Call): Promise<string> {
  const file = call.env('STELLA_PERSON_PASSPHRASE_FILE');
  return file === undefined ? passphraseOf(call) : decodeUtf8(new Uint8Array(readFileSync(file))).split('\n')[0] as string;
}

/**
 * Who acts: the person of `--as` or of the key given, who signs; else the user of this machine, as the ledger asserts.
 *
 * The ledger's key is not looked for here: a call that is refused must not have made one.
 *
 * @throws {LedgerError} PERSON_UNKNOWN; KEY_PASSPHRASE_WRONG
 */
export async function actingOf(call: Call, place: Place, log: Log): Promise<Intending> {
  const own = await personKey(call, place);
  if (own !== null) return actingWith(log, own);
  return { by: localActor(call, place), assurance: 'asserted', author: () => ledgerKeyOn(call, place, log) };
}

async function personKey(call: Call, place: Place): Promise<AuthorKey | null> {
  const name = call.value('as');
  const given = foreignKey(call);
  if (name === undefined) return given;
  if (given !== null) throw new UsageError('give either --as or a key');
  const { keyFile } = readPerson(place, parseName(name));
  const sealed = keyFile === null ? null : readPrivateFile(keyFile);
  if (sealed === null) throw new LedgerError('PERSON_UNKNOWN', `Cannot sign as "${name}": the private key is not here`, { hint: 'give it with --key FILE' });
  return authorOf(openKey(sealed, await personPassphraseOf(call)));
}
