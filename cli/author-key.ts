// Keys that attestations are signed with: the ledger's own, one in a file, or one in an environment variable.
import { readFileSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';
import { addAttestationKey } from '../actions/add-key.ts';
import { readKeys } from '../actions/rotate-key.ts';
import { concatBytes, decodeUtf8, formatBase64 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { openKey, sealKey } from '../ledger/log/key-file.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import { ed25519Spki } from '../ledger/spki.ts';
import type { Signer } from '../ledger/note/index.ts';
import { authorKeyOf, parsePublicKey, type AuthorKey } from '../verify/sigstore/index.ts';
import { UsageError, type Call } from './command.ts';
import { addKey, listKeys } from './keys.ts';
import { localActor, openForReading, openForWriting, passphraseOf, type Place } from './place.ts';

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
 * The log says which one serves; a file says nothing but what it holds. A file that no entry names was made by a call that was killed
 * before its entry, or by "stella key new": it is taken before another is made, and only where none serves.
 *
 * @throws {LedgerError} KEY_MISSING when one serves whose file is not here; KEY_PASSPHRASE_WRONG
 */
async function findLedgerKey(call: Call, place: Place, log: Pick<LogView, 'stream'>): Promise<{ readonly key: AuthorKey; readonly isOnRecord: boolean }> {
  const files = listKeys(place, 'attestation');
  const keys = await readKeys(log);
  const serving = keys.filter(({ use, ended }) => use === 'attestation' && ended === null);
  const passphrase = await passphraseOf(call);
  for (const { id } of serving) {
    const file = files.find((one) => one.id === id);
    if (file !== undefined) return { key: authorOf(openKey(file.bytes, passphrase)), isOnRecord: true };
  }
  const [missing] = serving;
  if (missing !== undefined) {
    throw new LedgerError('KEY_MISSING', `Cannot sign for this ledger: the file of its attestation key ${missing.id.slice(0, 16)}… is not here`, {
      hint: 'take it from a backup of the keys; where it is lost, "stella key new --use attestation", then "stella key rotate"',
    });
  }
  const unused = files.find(({ id }) => keys.every((key) => key.id !== id));
  // 1. The file. A crash before the entry leaves a key that no entry names, which the next call takes.
  const { bytes } = unused ?? addKey(place, sealKey(place.origin, call.random(32), passphrase, call.random(28)), 'attestation');
  return { key: authorOf(openKey(bytes, passphrase)), isOnRecord: false };
}

/** @param log - as it is read; where the key has to be put on record, `write` opens it for that, and closes what it opened */
async function recordedKey(
  call: Call, place: Place, log: Pick<LogView, 'stream'>, write: (work: (log: Log) => Promise<void>) => Promise<void>,
): Promise<AuthorKey> {
  const { key, isOnRecord } = await findLedgerKey(call, place, log);
  if (isOnRecord) return key;
  // 2. The entry. Nothing is signed with the key before it.
  await write(async (writing) => {
    const { index } = await addAttestationKey(writing, key.key, localActor(call, place));
    call.out.warn(`a new key for this ledger's attestations, entry ${index}: back up ${place.directory}/keys/attestation`);
  });
  return key;
}

/** The ledger's key for attestations, on record. @throws {LedgerError} KEY_MISSING when one serves whose file is not here; KEY_PASSPHRASE_WRONG */
export function ledgerKeyOn(call: Call, place: Place, log: Log): Promise<AuthorKey> {
  return recordedKey(call, place, log, (work) => work(log));
}

/** The same on a ledger that is not: it is opened, and closed, for a new key alone. */
export async function ledgerKeyIn(call: Call, place: Place): Promise<AuthorKey> {
  return recordedKey(call, place, await openForReading(place), async (work) => {
    const log = await openForWriting(call, place);
    await work(log).finally(() => log.close());
  });
}

/** A key from a key file, for signing statements. */
export function authorOf(signer: Signer): AuthorKey {
  return { key: parsePublicKey(formatBase64(concatBytes(ed25519Spki, signer.key.publicKey))), sign: (message) => signer.sign(message) };
}

/** A public key as PEM. */
export function pemOf({ key }: AuthorKey): string {
  return createPublicKey({ key: key.spki as never, format: 'der', type: 'spki' }).export({ format: 'pem', type: 'spki' }).toString();
}

