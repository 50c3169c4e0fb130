// Key files: sealed, never readable by others, and refused whatever bit of them changes.
import { argon2Sync } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { openKey, readKeyFile, sealKey } from '../../ledger/log/key-file.ts';
import { portableArgon2id } from '../../ledger/note/argon2.ts';
import { formatVkey, verifyEd25519 } from '../../ledger/note/index.ts';
import { readPrivateFile, writePrivateFile } from '../../ledger/store/private-files.ts';
import { freshDirectory } from '../store/place.ts';
import { origin, signerOf, seedOf } from './kit.ts';

const cheap = { memoryKib: 64, passes: 1, lanes: 1 };
const random = new Uint8Array(28).fill(4);
const file = sealKey(origin, seedOf(1), 'correct horse', random, cheap);

test('opens with its passphrase only, and signs as its key', async () => {
  const signer = openKey(file, 'correct horse');
  const message = encodeUtf8('message');
  expect(verifyEd25519(signer.key.publicKey, message, await signer.sign(message))).toBe(true);
  expect(signer.key).toEqual(signerOf(1).key);
  expect(readKeyFile(file)).toEqual({ name: origin, vkey: formatVkey(signer.key) });
  expect(() => openKey(file, 'wrong horse')).toThrow(expect.objectContaining({ code: 'KEY_PASSPHRASE_WRONG' }));
  expect(() => openKey(file, '')).toThrow(expect.objectContaining({ code: 'KEY_PASSPHRASE_WRONG' }));
  expect(decodeUtf8(file)).not.toContain(formatHex(seedOf(1)));
});

test('any bit changed, and it does not open', () => {
  for (let at = 0; at < file.length - 1; at++) {
    const altered = Uint8Array.from(file);
    altered[at] = (altered[at] as number) ^ 1;
    expect(() => openKey(altered, 'correct horse')).toThrow(LedgerError);
  }
});

test('a file that asks for all memory is refused before it gets any', () => {
  const greedy = decodeUtf8(file).replace('"memoryKib":64', '"memoryKib":4000000000');
  expect(() => openKey(encodeUtf8(greedy), 'correct horse')).toThrow(expect.objectContaining({ code: 'KEY_FILE_INVALID' }));
  for (const other of ['{}', '[]', '{"stella-key":2}', decodeUtf8(file).replace('aes-256-gcm', 'rot13')]) {
    expect(() => readKeyFile(encodeUtf8(other))).toThrow(expect.objectContaining({ code: 'KEY_FILE_INVALID' }));
  }
});

// The known answer is the reference implementation's (argon2id, version 19); the two engines share no code.
test('both engines derive the same key, and the portable one that of a known answer', () => {
  const [password, salt] = [encodeUtf8('password'), encodeUtf8('somesalt')];
  expect(formatHex(portableArgon2id(password, salt, 2, 65_536, 1))).toBe('09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7');
  const own = argon2Sync('argon2id', { message: password, nonce: salt, parallelism: 3, tagLength: 32, memory: 256, passes: 2 });
  expect(own.equals(portableArgon2id(password, salt, 2, 256, 3))).toBe(true);
});

test('the file is its owner\'s alone, and is not used when it is not', () => {
  const path = join(freshDirectory(), 'keys', 'log.key');
  expect(readPrivateFile(path)).toBeNull();
  writePrivateFile(path, file);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readPrivateFile(path)).toEqual(file);
  chmodSync(path, 0o644);
  expect(() => readPrivateFile(path)).toThrow(expect.objectContaining({ code: 'SECRETS_EXPOSED' }));
});
