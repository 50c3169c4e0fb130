// Signing keys in files: sealed under a passphrase with Argon2id and AES-256-GCM (spec/log.md, "Key files").
import * as crypto from 'node:crypto';
import { encodeUtf8, formatBase64, parseBase64 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { encodeJcs, formatJcs } from '../jcs.ts';
import { isJsonObject, parseJson, type Json } from '../json.ts';
import { portableArgon2id } from '../note/argon2.ts';
import { ECDSA, formatVkey, p256Signer, parseVkey, type Signer } from '../note/index.ts';
import { nativeSigner } from './signing.ts';

/** How hard a passphrase is to try: RFC 9106 §4, the second recommended option (64 MiB, 3 passes, 4 lanes; 0.2 to 0.9 s). */
export interface KeyCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

export const keyCost: KeyCost = { memoryKib: 65_536, passes: 3, lanes: 4 };

/** A stranger's file must not make a reader take all memory. */
const memoryKibMax = 1_048_576;
const passesMax = 16;
const lanesMax = 16;
const fileBytesMax = 16_384;

/**
 * Seals the secret of an Ed25519 key.
 *
 * @param name - the key's name: a log's origin @param seed - 32 secret bytes @param random - 28 fresh random bytes
 * @returns the file's bytes; everything but `sealed` is authenticated with it
 */
export function sealKey(name: string, seed: Uint8Array, passphrase: string, random: Uint8Array, cost: KeyCost = keyCost): Uint8Array {
  return sealSecret(nativeSigner(name, seed), seed, passphrase, random, cost);
}

/** Seals the secret of a P-256 key, as `sealKey`. @param secret - 32 secret bytes for which `isP256Secret` holds */
export function sealP256Key(name: string, secret: Uint8Array, passphrase: string, random: Uint8Array, cost: KeyCost = keyCost): Uint8Array {
  return sealSecret(p256Signer(name, secret), secret, passphrase, random, cost);
}

function sealSecret({ key: { name, ...rest } }: Signer, seed: Uint8Array, passphrase: string, random: Uint8Array, cost: KeyCost): Uint8Array {
  if (random.length !== 28) throw new RangeError(`${random.length} random bytes`);
  const header = {
    'stella-key': 1, name, vkey: formatVkey({ name, ...rest }),
    kdf: { name: 'argon2id', memoryKib: cost.memoryKib, passes: cost.passes, lanes: cost.lanes, salt: formatBase64(random.subarray(0, 16)) },
    cipher: { name: 'aes-256-gcm', nonce: formatBase64(random.subarray(16)) },
  };
  const key = derive(passphrase, random.subarray(0, 16), cost);
  const cipher = crypto.createCipheriv('aes-256-gcm', key, random.subarray(16)).setAAD(encodeJcs(header));
  const sealed = new Uint8Array(seed.length + 16);
  sealed.set(cipher.update(seed));
  cipher.final();
  sealed.set(cipher.getAuthTag(), seed.length);
  return encodeUtf8(`${formatJcs({ ...header, sealed: formatBase64(sealed) })}\n`);
}

/**
 * Opens a key file.
 *
 * @throws {LedgerError} KEY_FILE_INVALID when it is no key file of ours; KEY_PASSPHRASE_WRONG when the passphrase, or any bit of
 *   the file, is another
 */
export function openKey(file: Uint8Array, passphrase: string): Signer {
  const { header, name, vkey, cost, salt, nonce, sealed } = parseKeyFile(file);
  const decipher = crypto.createDecipheriv('aes-256-gcm', derive(passphrase, salt, cost), nonce).setAAD(encodeJcs(header));
  decipher.setAuthTag(sealed.subarray(-16));
  const seed = new Uint8Array(decipher.update(sealed.subarray(0, -16)));
  try {
    decipher.final();
  } catch (cause) {
    throw new LedgerError('KEY_PASSPHRASE_WRONG', `Cannot open the key of "${name}": the passphrase is wrong, or the file was altered`, { cause });
  }
  // The public key says which kind of secret this is; it is authenticated with it.
  const signer = parseVkey(vkey).type === ECDSA ? p256Signer(name, seed) : nativeSigner(name, seed);
  if (formatVkey(signer.key) !== vkey) throw invalid('its public key is not that of its secret');
  return signer;
}

/** What a key file says without its passphrase: the public key. */
export function readKeyFile(file: Uint8Array): { readonly name: string; readonly vkey: string } {
  const { name, vkey } = parseKeyFile(file);
  return { name, vkey };
}

function parseKeyFile(file: Uint8Array) {
  const parsed = parseJson(file, { bytesMax: fileBytesMax, depthMax: 4 });
  if (!isJsonObject(parsed) || parsed['stella-key'] !== 1) throw invalid('it does not begin as one');
  const { sealed, ...header } = parsed;
  const { kdf, cipher } = header;
  if (!isJsonObject(kdf) || kdf['name'] !== 'argon2id') throw invalid('its key derivation is unknown');
  if (!isJsonObject(cipher) || cipher['name'] !== 'aes-256-gcm') throw invalid('its cipher is unknown');
  const cost = {
    memoryKib: integerIn(kdf['memoryKib'], 8, memoryKibMax), passes: integerIn(kdf['passes'], 1, passesMax), lanes: integerIn(kdf['lanes'], 1, lanesMax),
  };
  return {
    header: header as { [key: string]: string }, cost, name: text(header['name']), vkey: text(header['vkey']),
    salt: bytes(kdf['salt'], 16), nonce: bytes(cipher['nonce'], 12), sealed: bytes(sealed, 48),
  };
}

function derive(passphrase: string, salt: Uint8Array, { memoryKib, passes, lanes }: KeyCost): Uint8Array {
  if (passphrase === '') throw new LedgerError('KEY_PASSPHRASE_WRONG', 'Cannot use an empty passphrase');
  const message = encodeUtf8(passphrase.normalize('NFC'));
  // Node has its own engine from 24.7 on.
  if (crypto.argon2Sync === undefined) return portableArgon2id(message, salt, passes, memoryKib, lanes);
  return crypto.argon2Sync('argon2id', { message, nonce: salt, parallelism: lanes, tagLength: 32, memory: memoryKib, passes });
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : refuse();
}

function bytes(value: Json | undefined, length: number): Uint8Array {
  const found = parseBase64(text(value));
  return found.length === length ? found : refuse();
}

function integerIn(value: Json | undefined, min: number, max: number): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max ? value : refuse();
}

function refuse(): never {
  throw invalid('a part of it is missing, or out of bounds');
}

function invalid(why: string): LedgerError {
  return new LedgerError('KEY_FILE_INVALID', `Cannot read the key file: ${why}`);
}
