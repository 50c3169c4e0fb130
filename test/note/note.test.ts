// Notes, keys, checkpoints and cosignatures, held to outside vectors.
import { readFileSync } from 'node:fs';
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { concatBytes, decodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { formatCheckpointText, parseCheckpoint, parseCheckpointText, signCheckpoint } from '../../ledger/note/checkpoint.ts';
import { cosign } from '../../ledger/note/cosignature.ts';
import { verifyEd25519 } from '../../ledger/note/ed25519.ts';
import { asWitnessKey, COSIGNATURE, cosignatureKey, ecdsaKey, ed25519Key, formatVkey, parseVkey } from '../../ledger/note/keys.ts';
import { formatNote, formatSignatureLine, parseNote, signNote, verifyNote } from '../../ledger/note/note.ts';
import { verifyP256 } from '../../ledger/note/p256.ts';
import { ed25519Signer, witnessSigner } from '../../ledger/note/signer.ts';
import { refusal } from './refusal.ts';

const vectors = JSON.parse(readFileSync(new URL('../vectors/transparency.json', import.meta.url), 'utf8'));
const verifiers = { ed25519: verifyEd25519 };
const log = ed25519Signer(vectors.origin, parseHex(vectors.log_seed_hex));
const witness = witnessSigner(vectors.witness_name, parseHex(vectors.witness_seed_hex));

describe('outside vectors', () => {
  test('the worked example of C2SP signed-note', () => {
    const key = parseVkey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
    const text = 'This is an example message.\n\n'
      + '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
    const note = parseNote(text);
    expect(note.text).toBe('This is an example message.\n');
    expect(formatNote(note)).toBe(text);
    expect(verifyNote(note, [key], verifiers)).toEqual({ verified: [{ key, time: null }], failed: [], unsupported: [] });
    expect(formatVkey(key)).toBe('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
  });

  test('a text with blank lines ends at the last one (C2SP signed-note, the poem)', () => {
    const note = parseNote('Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n'
      + '— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n');
    expect(note.text.endsWith('sole:\n\ned è subito sera.\n')).toBe(true);
    expect(note.signatures.map(({ name }) => name)).toEqual(['quasimodo.example/salvatore']);
  });

  test('the log and witness keys, checkpoint and cosignature of the deterministic vectors', async () => {
    expect(formatVkey(log.key)).toBe(vectors.log_vkey);
    expect(formatVkey(witness.key)).toBe(vectors.witness_vkey_0x04);
    const checkpoint = parseCheckpoint(vectors.checkpoint);
    expect([checkpoint.origin, checkpoint.size, checkpoint.extensions]).toEqual([vectors.origin, 15, []]);
    expect(formatHex(checkpoint.root)).toBe('aca6c38a90af86e5f5199ee0e4105ef2c03a05b27b8daff59e4e36eefdfcddcb');
    const signed = await signCheckpoint(checkpoint, [log]);
    const line = formatSignatureLine(await cosign(checkpoint.note.text, witness, vectors.cosign_time));
    expect(signed + line).toBe(vectors.checkpoint);
    expect(verifyNote(checkpoint.note, [witness.key, log.key], verifiers)).toEqual({
      verified: [{ key: log.key, time: null }, { key: witness.key, time: 1_767_139_200 }], failed: [], unsupported: [],
    });
  });

  test('a line of type 0x06 is ignored where its key is unknown, and unsupported where it is known', () => {
    const { note } = parseCheckpoint(vectors.checkpoint_with_mldsa44);
    expect(note.signatures).toHaveLength(3);
    const keys = [log.key, witness.key];
    expect(verifyNote(note, keys, verifiers).verified.map(({ key }) => key)).toEqual(keys);
    const mlDsa = parseVkey(vectors.witness_vkey_0x06);
    expect([mlDsa.type, mlDsa.publicKey.length]).toEqual([6, 1312]);
    expect(formatVkey(mlDsa)).toBe(vectors.witness_vkey_0x06);
    expect(verifyNote(note, [...keys, mlDsa], verifiers)).toMatchObject({ failed: [], unsupported: [mlDsa] });
  });

  test('a cosignature by another implementation (sunlight, witness.example.org)', () => {
    const key = parseVkey('witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN');
    const signature = parseHex('0000000069546780866d9b3af29cdcb681f4f14dd6bb86d7d639caab2599c0006e17ed9e7d59ce79'
      + 'a8d0b5c566ae0b1afa8aa8b5fc8d69702ca6acc441932c8a8056eb2778206607');
    const text = 'rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n';
    const note = { text, signatures: [{ name: key.name, id: key.id, signature }] };
    expect(verifyNote(note, [key], verifiers).verified).toEqual([{ key, time: 1_767_139_200 }]);
  });

  test('a witness listed with a type 0x01 key cosigns with the type 0x04 key of the same name', () => {
    const listed = ed25519Signer(vectors.witness_name, parseHex(vectors.witness_seed_hex)).key;
    expect(listed.id).not.toBe(witness.key.id);
    expect(asWitnessKey(listed)).toEqual(witness.key);
    expect(asWitnessKey(witness.key)).toBe(witness.key);
    expect(asWitnessKey(listed).type).toBe(COSIGNATURE);
  });
});

describe('what is refused', () => {
  const line = '— a.example AAAAAQE=\n';
  test.each([
    ['nothing', '', 'INPUT_MALFORMED at 0'],
    ['no blank line', 'text\n', 'INPUT_MALFORMED at 5'],
    ['no signature line', 'text\n\n', 'INPUT_MALFORMED at 6'],
    ['no newline at the end', `text\n\n${line.trimEnd()}`, 'INPUT_MALFORMED at 26'],
    ['a blank line after the signatures', `text\n\n${line}\n`, `INPUT_MALFORMED at ${7 + line.length}`],
    ['a carriage return', `text\r\n\n${line}`, 'INPUT_MALFORMED at 4'],
    ['a tab in the text', `te\txt\n\n${line}`, 'INPUT_MALFORMED at 2'],
    ['a NUL at the beginning', `\0text\n\n${line}`, 'INPUT_MALFORMED at 0'],
    ['a NUL', `te\0xt\n\n${line}`, 'INPUT_MALFORMED at 2'],
    ['U+001F, the last control character', `te\x1fxt\n\n${line}`, 'INPUT_MALFORMED at 2'],
    ['a hyphen for the dash', `text\n\n- a.example AAAAAQE=\n`, 'INPUT_MALFORMED at 6'],
    ['two spaces', `text\n\n—  a.example AAAAAQE=\n`, 'INPUT_MALFORMED at 6'],
    ['a space at the end of the line', `text\n\n— a.example AAAAAQE= \n`, 'INPUT_MALFORMED at 6'],
    ['no key name', `text\n\n—  AAAAAQE=\n`, 'INPUT_MALFORMED at 8'],
    ['a plus in the key name', `text\n\n— a+b AAAAAQE=\n`, 'INPUT_MALFORMED at 8'],
    ['a no-break space in the key name', `text\n\n— a\u00a0b AAAAAQE=\n`, 'INPUT_MALFORMED at 8'],
    ['no signature', `text\n\n— a.example\n`, 'INPUT_MALFORMED at 18'],
    ['a key id without a signature', `text\n\n— a.example AAAAAQ==\n`, 'INPUT_MALFORMED at 18'],
    ['base64 without padding', `text\n\n— a.example AAAAAQE\n`, 'INPUT_MALFORMED at 18'],
    ['base64 for URLs', `text\n\n— a.example AAAA_QE=\n`, 'INPUT_MALFORMED at 18'],
    ['base64 with bits after the end', `text\n\n— a.example AAAAAQF=\n`, 'INPUT_NOT_CANONICAL at 18'],
    ['a bad second line', `text\n\n${line}x\n`, `INPUT_MALFORMED at ${6 + line.length}`],
    ['65 signature lines', `text\n\n${line.repeat(65)}`, `INPUT_TOO_LARGE at ${6 + 64 * line.length}`],
    ['more bytes than a note may have', `${'é'.repeat(262_145)}\n\n${line}`, 'INPUT_TOO_LARGE'],
    ['a lone surrogate', `te\ud800xt\n\n${line}`, 'INPUT_NOT_UTF8'],
  ])('%s', (_, text, expected) => {
    expect(refusal(() => parseNote(text))).toBe(expected);
    if (text.isWellFormed()) expect(refusal(() => parseNote(new TextEncoder().encode(text)))).toBe(expected);
  });

  test('the largest note is read, and one byte more is not', () => {
    const largest = `${'x'.repeat(524_288 - 2 - new TextEncoder().encode(line).length)}\n\n${line}`;
    expect(parseNote(largest).signatures).toHaveLength(1);
    expect(refusal(() => parseNote(`x${largest}`))).toBe('INPUT_TOO_LARGE');
  });

  test('a text of one empty line is a text', () => {
    expect(parseNote(`\n\n${line}`).text).toBe('\n');
  });

  test('bytes that are not UTF-8', () => {
    expect(refusal(() => parseNote(Uint8Array.of(0x74, 0xff, 0x0a, 0x0a)))).toBe('INPUT_NOT_UTF8');
  });

  test('sixteen and sixty-four signature lines are read', () => {
    for (const lines of [16, 64]) expect(parseNote(`text\n\n${line.repeat(lines)}`).signatures).toHaveLength(lines);
  });

  test.each([
    ['two lines', 'a\n1\n', 'INPUT_MALFORMED at 4'],
    ['no newline at the end', 'a\n1\nAAAA', 'INPUT_MALFORMED at 8'],
    ['an empty origin', `\n1\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 0'],
    ['an empty extension line', `a\n1\n${'A'.repeat(43)}=\n\n`, 'INPUT_MALFORMED at 49'],
    ['a leading zero', `a\n01\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 2'],
    ['a sign', `a\n+1\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 2'],
    ['a negative size', `a\n-1\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 2'],
    ['a hexadecimal size', `a\n0x1\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 2'],
    ['a space before the size', `a\n 1\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 2'],
    ['an exponent', `a\n1e3\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 2'],
    ['digits of another script', `a\n١\n${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 2'],
    ['2^53', `a\n9007199254740992\n${'A'.repeat(43)}=\n`, 'INPUT_TOO_LARGE at 2'],
    ['a root of 31 bytes', `a\n1\n${'A'.repeat(42)}==\n`, 'INPUT_MALFORMED at 4'],
    ['a root of 35 bytes', `a\n1\nAAAA${'A'.repeat(43)}=\n`, 'INPUT_MALFORMED at 4'],
    ['a root of 33 bytes', `a\n1\n${'A'.repeat(44)}\n`, 'INPUT_MALFORMED at 4'],
    ['a root with bits after the end', `a\n1\n${'A'.repeat(42)}B=\n`, 'INPUT_NOT_CANONICAL at 4'],
  ])('a checkpoint with %s', (_, text, expected) => {
    expect(refusal(() => parseCheckpointText(text))).toBe(expected);
  });

  test('what could not be read back as it was is not written', () => {
    const root = new Uint8Array(32);
    const write = (origin: string, ...extensions: string[]) => refusal(() => formatCheckpointText({ origin, size: 1, root, extensions }));
    expect(write('a', 'more')).toBe(`a\n1\n${'A'.repeat(43)}=\nmore\n`);
    // Read back, this one would be another checkpoint, of size 5.
    expect(write(`a\n5\n${'A'.repeat(43)}=`)).toBe('INPUT_MALFORMED');
    expect(write('a', 'more\nand more')).toBe('INPUT_MALFORMED');
    expect(write('')).toBe('INPUT_MALFORMED at 0');
    expect(write('a', '')).toBe('INPUT_MALFORMED at 49');
  });

  test('refusals name what could not be read', () => {
    expect(() => parseCheckpointText(`a\nx\n${'A'.repeat(43)}=\n`)).toThrow('Cannot read "x" as a tree size: expected decimal digits');
    expect(() => parseCheckpointText('a\n1\nx\n')).toThrow('Cannot read "x" as a hash: expected 32 bytes in base64');
  });

  test('an ECDSA key has the id of its bytes, whatever its name', () => {
    const key = ecdsaKey('rekor.example', Uint8Array.of(1, 2, 3));
    // SHA-256 of 010203 begins with 039058c6.
    expect(key).toEqual({ name: 'rekor.example', id: 0x039058c6, type: 2, publicKey: Uint8Array.of(1, 2, 3) });
    expect(parseVkey(formatVkey(key))).toEqual(key);
  });

  test('a key needs a name that can be written down', () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u2028b', '\x01a', 'a\x01b']) {
      expect(refusal(() => ed25519Signer(name, new Uint8Array(32)))).toBe('INPUT_MALFORMED');
    }
    expect(ed25519Signer('ä/\u{1f600}', new Uint8Array(32)).key.name).toBe('ä/\u{1f600}');
  });

  test('a checkpoint of 2^53 - 1 entries and extension lines is read and written back', () => {
    const text = `a b+c\n9007199254740991\n${'A'.repeat(43)}=\nmore\nand more\n`;
    expect(parseCheckpointText(text)).toMatchObject({ origin: 'a b+c', size: 2 ** 53 - 1, extensions: ['more', 'and more'] });
    expect(formatCheckpointText(parseCheckpointText(text))).toBe(text);
  });

  test.each([
    ['no plus', 'a.example', 'INPUT_MALFORMED'],
    ['an upper-case id', vectors.log_vkey.replace('201854f0', '201854F0'), 'INPUT_MALFORMED'],
    ['another id', vectors.log_vkey.replace('201854f0', '201854f1'), 'INPUT_MALFORMED'],
    ['another name', vectors.log_vkey.replace('ledger', 'ledges'), 'INPUT_MALFORMED'],
    ['an empty name', '+201854f0+AYqI4910CfGV', 'INPUT_MALFORMED'],
    ['a key of 31 bytes', `a+201854f0+${btoa(`\x01${'a'.repeat(31)}`)}`, 'INPUT_MALFORMED'],
    ['nothing after the id', 'a+201854f0+', 'INPUT_MALFORMED'],
    ['a type without a key', 'a+201854f0+AQ==', 'INPUT_MALFORMED'],
    ['base64 without padding', vectors.log_vkey.slice(0, -4) + 'D29', 'INPUT_MALFORMED'],
    ['an id of nine digits', vectors.log_vkey.replace('201854f0', '0201854f0'), 'INPUT_MALFORMED'],
    ['an id of seven digits', vectors.log_vkey.replace('201854f0', '01854f0'), 'INPUT_MALFORMED'],
    ['a type and no key, of an unknown type', 'a+201854f0+/w==', 'INPUT_MALFORMED'],
    ['a control character in its name', vectors.log_vkey.replace('ledger', 'led\x01ger'), 'INPUT_MALFORMED'],
    ['a control character at its beginning', `\x01${vectors.log_vkey}`, 'INPUT_MALFORMED'],
    ["another id than its bytes', of type 0x02", 'a+201854f0+AgECAw==', 'INPUT_MALFORMED'],
    ["another id than its bytes', of type 0x04", vectors.witness_vkey_0x04.replace('b4f59ab9', 'b4f59abA'.toLowerCase()), 'INPUT_MALFORMED'],
  ])('a key with %s', (_, text, expected) => {
    expect(refusal(() => parseVkey(text))).toBe(expected);
  });
});

describe('which signatures count', () => {
  const other = ed25519Signer(vectors.origin, new Uint8Array(32).fill(9));
  const text = 'first\nsecond\n';

  test('a known key whose signature does not hold is named, and so is every one that does', async () => {
    const note = parseNote(await signNote(text, [log, other]));
    expect(verifyNote(note, [log.key, other.key], verifiers).verified).toHaveLength(2);
    const changed = { ...note, text: 'first\nSecond\n' };
    expect(verifyNote(changed, [log.key], verifiers)).toEqual({ verified: [], failed: [log.key], unsupported: [] });
  });

  test('a key that shares only the name, or only the id, is unknown', async () => {
    const note = parseNote(await signNote(text, [log]));
    expect(verifyNote(note, [other.key], verifiers)).toEqual({ verified: [], failed: [], unsupported: [] });
    const sameId = { ...log.key, name: 'elsewhere.example' };
    expect(verifyNote(note, [sameId], verifiers)).toEqual({ verified: [], failed: [], unsupported: [] });
  });

  test('a cosignature holds for its own time and text only', async () => {
    const line = await cosign(text, witness, 1000);
    const check = (signature: Uint8Array, over = text) =>
      verifyNote({ text: over, signatures: [{ ...line, signature }] }, [witness.key], verifiers);
    expect(check(line.signature).verified).toEqual([{ key: witness.key, time: 1000 }]);
    for (const at of [0, 7, 8, 71]) {
      const changed = line.signature.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(check(changed).failed).toEqual([witness.key]);
    }
    expect(check(line.signature, 'first\n').failed).toEqual([witness.key]);
    expect(check(line.signature.slice(0, 71)).failed).toEqual([witness.key]);
    expect(check(line.signature.slice(8)).failed).toEqual([witness.key]);
  });

  test('a cosignature is not a log signature under the same public key, nor the other way round', async () => {
    const asLog = ed25519Signer(vectors.witness_name, parseHex(vectors.witness_seed_hex));
    const signature = await asLog.sign(new TextEncoder().encode(text));
    const line = { name: witness.key.name, id: witness.key.id, signature };
    expect(verifyNote({ text, signatures: [line] }, [witness.key], verifiers).failed).toEqual([witness.key]);
  });

  test('what cannot be read back is not signed', async () => {
    for (const bad of ['no newline', 'tab\t\n', '']) await expect(signNote(bad, [log])).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    await expect(signNote(text, [witness])).rejects.toThrow(RangeError);
    await expect(cosign(text, log, 1)).rejects.toThrow(RangeError);
  });

  test('a cosignature that is cut inside its time, or says a time that no double holds, fails', async () => {
    const { name, id } = witness.key;
    const check = (signature: Uint8Array) => verifyNote({ text, signatures: [{ name, id, signature }] }, [witness.key], verifiers);
    expect(check(new Uint8Array(3)).failed).toEqual([witness.key]);
    const signed = async (time: bigint) => {
      const message = new TextEncoder().encode(`cosignature/v1\ntime ${time}\n${text}`);
      const signature = new Uint8Array(72);
      new DataView(signature.buffer).setBigUint64(0, time);
      signature.set(await witness.sign(message), 8);
      return check(signature);
    };
    expect((await signed(2n ** 53n - 1n)).verified).toEqual([{ key: witness.key, time: 2 ** 53 - 1 }]);
    expect((await signed(2n ** 53n)).failed).toEqual([witness.key]);
  });

  test('ECDSA holds where its engine is given, and is unsupported where it is not', async () => {
    const secret = new Uint8Array(32).fill(5);
    const spki = concatBytes(parseHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'), p256.getPublicKey(secret, false));
    const key = ecdsaKey('rekor.example', spki);
    const note = parseNote(await signNote(text, [{ key, sign: (message) => p256.sign(message, secret, { format: 'der', prehash: true }) }]));
    const both = { ed25519: verifyEd25519, ecdsa: verifyP256 };
    expect(verifyNote(note, [key], both)).toEqual({ verified: [{ key, time: null }], failed: [], unsupported: [] });
    expect(verifyNote(note, [key], verifiers)).toEqual({ verified: [], failed: [], unsupported: [key] });
    expect(verifyNote({ ...note, text: 'other\n' }, [key], both)).toEqual({ verified: [], failed: [key], unsupported: [] });
    const p384 = { ...key, publicKey: new Uint8Array(120) };
    expect(verifyNote(note, [p384], both)).toEqual({ verified: [], failed: [], unsupported: [p384] });
  });

  test('of two keys with one name and id, the one that verifies counts, and one that could fails the note', async () => {
    const note = parseNote(await signNote(text, [log]));
    const unknown = { ...log.key, type: 0xff };
    const wrong = { ...log.key, publicKey: other.key.publicKey };
    expect(verifyNote(note, [wrong, log.key], verifiers)).toEqual({ verified: [{ key: log.key, time: null }], failed: [], unsupported: [] });
    expect(verifyNote(note, [unknown, wrong], verifiers)).toEqual({ verified: [], failed: [unknown], unsupported: [] });
    expect(verifyNote(note, [unknown], verifiers)).toEqual({ verified: [], failed: [], unsupported: [unknown] });
  });

  test('keys of 31 and 33 bytes are no Ed25519 keys', () => {
    for (const length of [0, 31, 33]) {
      expect(refusal(() => ed25519Key('a', new Uint8Array(length)))).toBe('INPUT_MALFORMED');
      expect(refusal(() => cosignatureKey('a', new Uint8Array(length)))).toBe('INPUT_MALFORMED');
    }
    expect(parseVkey('a+00000000+/wE=')).toEqual({ name: 'a', id: 0, type: 0xff, publicKey: Uint8Array.of(1) });
  });

  test('decoded notes keep a byte order mark in the text', () => {
    expect(parseNote(new TextEncoder().encode(`\ufefftext\n\n— a AAAAAQE=\n`)).text).toBe('\ufefftext\n');
    expect(decodeUtf8(new TextEncoder().encode(formatNote(parseNote('t\n\n— a AAAAAQE=\n'))))).toBe('t\n\n— a AAAAAQE=\n');
  });
});
