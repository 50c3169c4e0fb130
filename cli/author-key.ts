// Keys that attestations are signed with: the ledger's own, one in a file, or one in an environment variable.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { concatBytes, decodeUtf8, formatBase64 } from '../ledger/bytes.ts';
import { openKey, sealKey } from '../ledger/log/key-file.ts';
import { ed25519Spki } from '../ledger/spki.ts';
import type { Signer } from '../ledger/note/index.ts';
import { readPrivateFile, writePrivateFile } from '../ledger/store/private-files.ts';
import { authorKeyOf, parsePublicKey, type AuthorKey } from '../verify/sigstore/index.ts';
import { UsageError, type Call } from './command.ts';
import { passphraseOf, type Place } from './place.ts';

/** The environment variable that may hold a private key in PEM, and the one for its passphrase. */
const KEY_VARIABLE = 'STELLA_ATTEST_KEY';
const PASSPHRASE_VARIABLE = 'STELLA_ATTEST_PASSPHRASE';

/** A key from a file or the environment; null when the ledger's own is meant. @throws {LedgerError} INPUT_MALFORMED */
export function foreignKey(call: Call): AuthorKey | null {
  const file = call.value('key');
  const fromEnvironment = call.flag('key-env');
  if (file !== undefined && fromEnvironment) throw new UsageError('give either --key or --key-env');
  if (file === undefined && !fromEnvironment) return null;
  const pem = file === undefined ? call.env(KEY_VARIABLE) : decodeUtf8(new Uint8Array(readFileSync(file)));
  if (pem === undefined) throw new UsageError(`--key-env needs a private key in ${KEY_VARIABLE}`);
  return authorKeyOf(pem, call.env(PASSPHRASE_VARIABLE));
}

/**
 * The key this ledger signs attestations with: another than the one it signs checkpoints with, made when first needed.
 *
 * @returns the key, and whether it was made now, for then it belongs on record
 */
export async function ledgerKey(call: Call, place: Place): Promise<{ readonly key: AuthorKey; readonly isNew: boolean }> {
  const folder = join(place.directory, 'keys', 'attestation');
  const [name] = existsSync(folder) ? readdirSync(folder).filter((one) => one.endsWith('.key')).sort() : [];
  const known = name === undefined ? null : readPrivateFile(join(folder, name));
  const passphrase = await passphraseOf(call);
  if (known !== null) return { key: authorOf(openKey(known, passphrase)), isNew: false };
  const sealed = sealKey(place.origin, call.random(32), passphrase, call.random(28));
  const key = authorOf(openKey(sealed, passphrase));
  writePrivateFile(join(folder, `${key.key.id.slice(0, 16)}.key`), sealed);
  return { key, isNew: true };
}

/** A key from a key file, for signing statements. */
export function authorOf(signer: Signer): AuthorKey {
  return { key: parsePublicKey(formatBase64(concatBytes(ed25519Spki, signer.key.publicKey))), sign: (message) => signer.sign(message) };
}

/** A public key as PEM. */
export function pemOf({ key }: AuthorKey): string {
  return createPublicKey({ key: key.spki as never, format: 'der', type: 'spki' }).export({ format: 'pem', type: 'spki' }).toString();
}

