// Texts and bodies that logs, witnesses, mirrors and readers exchange: tlog-proof, add-checkpoint, add-entries.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../ledger/merkle/index.ts';
import { parseCheckpoint } from '../../ledger/note/checkpoint.ts';
import { cosign } from '../../ledger/note/cosignature.ts';
import { verifyEd25519 } from '../../ledger/note/ed25519.ts';
import { asWitnessKey, parseVkey } from '../../ledger/note/keys.ts';
import { decodeUpload, encodePackage, encodeUploadHeader, packagesOf, parseMirrorInfo, readMirrorAnswer } from '../../ledger/note/mirror.ts';
import { formatNote, formatSignatureLine, verifyNote } from '../../ledger/note/note.ts';
import { ed25519Signer } from '../../ledger/note/signer.ts';
import { formatTlogProof, parseTlogProof } from '../../ledger/note/tlog-proof.ts';
import { addSignatures, formatAddCheckpoint, parseAddCheckpoint, readWitnessAnswer } from '../../ledger/note/witness.ts';
import { nodeSigner } from './node-engine.ts';
import { refusal } from './refusal.ts';

const vectors = JSON.parse(readFileSync(new URL('../vectors/transparency.json', import.meta.url), 'utf8'));
const verifiers = { ed25519: verifyEd25519 };
const witness = parseVkey(vectors.witness_vkey_0x04);
const hash = 'yiM+eia4w1wsk/Ukx7kF56IQVkDW3MWUaUz/VtJu+yU=';

describe('tlog-proof', () => {
  const text: string = vectors.tlog_proof_index4;

  test('the deterministic vector is read, written back, and proves its entry', () => {
    const read = parseTlogProof(text);
    expect([read.extra, read.index, read.checkpoint.size]).toEqual([null, 4, 15]);
    expect(verifyInclusion(4, 15, leafHash(encodeUtf8('five')), read.proof, read.checkpoint.root)).toEqual({ ok: true });
    expect(formatTlogProof(read)).toBe(text);
    expect(parseTlogProof(encodeUtf8(text))).toEqual(read);
  });

  test('extra data is kept', () => {
    const extra = text.replace('index', 'extra AQID\nindex');
    expect(parseTlogProof(extra).extra).toEqual(Uint8Array.of(1, 2, 3));
    expect(formatTlogProof(parseTlogProof(extra))).toBe(extra);
  });

  test('a proof without hashes is read', () => {
    const none = `c2sp.org/tlog-proof@v1\nindex 0\n\n${vectors.checkpoint}`;
    expect(parseTlogProof(none).proof).toEqual([]);
    expect(formatTlogProof(parseTlogProof(none))).toBe(none);
  });

  test.each([
    ['nothing', '', 'INPUT_MALFORMED at 0'],
    ['another version', text.replace('@v1', '@v2'), 'INPUT_VERSION_UNKNOWN at 0'],
    ['another header', text.replace('tlog-proof', 'tlog-poof'), 'INPUT_MALFORMED at 0'],
    ['no header', text.slice(text.indexOf('\n') + 1), 'INPUT_MALFORMED at 0'],
    ['no index', text.replace('index 4\n', ''), 'INPUT_MALFORMED at 23'],
    ['an index with a leading zero', text.replace('index 4', 'index 04'), 'INPUT_MALFORMED at 29'],
    ['two indexes', text.replace('index 4', 'index 4\nindex 4'), 'INPUT_MALFORMED at 31'],
    ['extra data after the index', text.replace('index 4', 'index 4\nextra AQID'), 'INPUT_MALFORMED at 31'],
    ['extra data that is not base64', text.replace('index 4', 'extra AQI\nindex 4'), 'INPUT_MALFORMED at 29'],
    ['extra data with bits after the end', text.replace('index 4', 'extra AQJ=\nindex 4'), 'INPUT_NOT_CANONICAL at 29'],
    ['a short hash', text.replace(hash, hash.slice(4)), 'INPUT_MALFORMED at 31'],
    ['a hash with bits after the end', text.replace(hash, hash.replace('yU=', 'yV=')), 'INPUT_NOT_CANONICAL at 31'],
    ['carriage returns', text.replaceAll('\n', '\r\n'), `INPUT_MALFORMED at ${text.replaceAll('\n', '\r\n').length}`],
    ['64 hashes', text.replace(hash, Array(61).fill(hash).join('\n')), 'INPUT_MALFORMED at 2866'],
    ['no checkpoint', text.slice(0, text.indexOf('\n\n') + 2), `INPUT_MALFORMED at ${text.indexOf('\n\n') + 2}`],
    ['a bad checkpoint', text.replace('\n15\n', '\n015\n'), `INPUT_MALFORMED at ${text.indexOf('\n15\n') + 1}`],
    ['an enormous text', 'x'.repeat(1_048_577), 'INPUT_TOO_LARGE'],
    ['a text of the largest size', 'x'.repeat(1_048_576), 'INPUT_MALFORMED at 1048576'],
    ['a blank line at its beginning', `\n\n${vectors.checkpoint}`, 'INPUT_MALFORMED at 0'],
  ])('%s is refused', (_, bad, expected) => {
    expect(refusal(() => parseTlogProof(bad))).toBe(expected);
  });

  test('refusals name what could not be read', () => {
    expect(() => parseTlogProof('')).toThrow('Cannot read proof: no blank line before the checkpoint');
    expect(() => parseTlogProof(text.replace('index 4', 'index x'))).toThrow('Cannot read "x" as an index');
    expect(() => parseAddCheckpoint('')).toThrow('Cannot read request: no blank line before the checkpoint');
  });

  test('63 hashes are read', () => {
    expect(parseTlogProof(text.replace(hash, Array(60).fill(hash).join('\n'))).proof).toHaveLength(63);
  });
});

describe('add-checkpoint', () => {
  const body: string = vectors.add_checkpoint_request_8_to_15;
  const request = parseAddCheckpoint(body);

  test('the deterministic vector is read, written back, and consistent', () => {
    expect([request.oldSize, request.proof.length, request.checkpoint.size]).toEqual([8, 1, 15]);
    expect(formatAddCheckpoint(request)).toBe(body);
    const root8 = parseHex('6c2f95c2fac96da94d5637e4748f24520b3b989a17aea897084edb8270f6f296');
    expect(verifyConsistency(8, 15, root8, request.checkpoint.root, request.proof)).toEqual({ ok: true });
  });

  test.each([
    ['nothing', '', 'INPUT_MALFORMED at 0'],
    ['no old size', body.replace('old 8\n', ''), 'INPUT_MALFORMED at 0'],
    ['a negative old size', body.replace('old 8', 'old -8'), 'INPUT_MALFORMED at 4'],
    ['64 hashes', body.replace('old 8\n', `old 8\n${`${hash}\n`.repeat(63)}`), 'INPUT_MALFORMED at 2841'],
    ['a bad hash', body.replace('old 8\n', 'old 8\nAAAA\n'), 'INPUT_MALFORMED at 6'],
    ['a bad checkpoint', body.replace('\n15\n', '\n+15\n'), `INPUT_MALFORMED at ${body.indexOf('\n15\n') + 1}`],
    ['an enormous text', 'x'.repeat(1_048_577), 'INPUT_TOO_LARGE'],
  ])('%s is refused', (_, bad, expected) => {
    expect(refusal(() => parseAddCheckpoint(bad))).toBe(expected);
  });

  const cosignature = `${vectors.checkpoint.split('\n').at(-2)}\n`;
  const answer = (status: number, text = '', asked = request, keys = [witness]) =>
    readWitnessAnswer(asked, { status, body: encodeUtf8(text) }, keys, verifiers);
  const again = { ...request, oldSize: 15, proof: [] };

  test('a cosignature is taken, with its time, and stands under the checkpoint', () => {
    const found = answer(200, cosignature);
    expect(found).toMatchObject({ is: 'cosigned', witnesses: [{ key: witness, time: 1_767_139_200 }] });
    if (found.is !== 'cosigned') return;
    const cosigned = addSignatures(request.checkpoint, found.signatures);
    expect(formatNote(cosigned.note)).toBe(vectors.checkpoint);
    expect(formatNote(addSignatures(cosigned, found.signatures).note)).toBe(vectors.checkpoint);
    expect(parseCheckpoint(formatNote(cosigned.note))).toEqual(cosigned);
  });

  test('lines by others are ignored, and never taken', () => {
    const log = `${body.split('\n').at(-2)}\n`;
    const found = answer(200, log + cosignature);
    expect(found).toMatchObject({ is: 'cosigned', signatures: [{ name: witness.name }] });
    const logKey = parseVkey(vectors.log_vkey);
    expect(answer(200, log + cosignature, request, [witness, logKey])).toMatchObject({ signatures: [{ name: witness.name }] });
  });

  const other = asWitnessKey(ed25519Signer('other.example', new Uint8Array(32).fill(7)).key);
  test.each([
    ['no line', () => answer(200), { is: 'unreadable' }],
    ['a page of HTML', () => answer(200, '<html>'), { is: 'unreadable' }],
    [
      'a cosignature by somebody else', () => answer(200, cosignature, request, [other]),
      { is: 'unreadable', message: expect.stringContaining('no cosignature') },
    ],
    [
      'a cosignature that does not hold', () => answer(200, cosignature.replace('pVGeAr', 'pVGeBr')),
      { is: 'unreadable', message: expect.stringContaining('does not hold') },
    ],
    ['409 with the size it stands at', () => answer(409, '3\n'), { is: 'elsewhere', size: 3 }],
    ['409 with a size beyond ours', () => answer(409, '20\n'), { is: 'elsewhere', size: 20 }],
    ['409 with a size and no newline', () => answer(409, '3'), { is: 'elsewhere', size: 3 }],
    ['409 at equal size with an empty body (another root)', () => answer(409, '', again), { is: 'inconsistent' }],
    ['409 at equal size with that size', () => answer(409, '15\n', again), { is: 'inconsistent' }],
    ['409 with an empty body between sizes', () => answer(409), { is: 'unreadable' }],
    ['409 with the very size that was named', () => answer(409, '8\n'), { is: 'unreadable' }],
    ['409 with words', () => answer(409, 'no\n'), { is: 'unreadable' }],
    ['422', () => answer(422), { is: 'inconsistent' }],
    ['404', () => answer(404), { is: 'unknown' }],
    ['403, as litewitness says it', () => answer(403), { is: 'unknown' }],
    ['500, as omniwitness says it', () => answer(500), { is: 'busy' }],
    ['503', () => answer(503), { is: 'busy' }],
    ['429', () => answer(429), { is: 'busy' }],
    ['400', () => answer(400), { is: 'unreadable' }],
    ['302', () => answer(302), { is: 'unreadable' }],
    ['not UTF-8', () => readWitnessAnswer(request, { status: 200, body: Uint8Array.of(0xff, 0x0a) }, [witness], verifiers), { is: 'unreadable' }],
  ])('%s', (_, found, expected) => {
    expect(found()).toMatchObject(expected);
  });
});

describe('a witness answer', () => {
  const request = parseAddCheckpoint(vectors.add_checkpoint_request_8_to_15);
  const again = { ...request, oldSize: 15, proof: [] };
  const cosignature = `${vectors.checkpoint.split('\n').at(-2)}\n`;
  const broken = cosignature.replace('pVGeAr', 'pVGeBr');
  const other = nodeSigner('witness', 'other.example', new Uint8Array(32).fill(7));
  const answer = (status: number, text = '', asked = request, keys = [witness]) =>
    readWitnessAnswer(asked, { status, body: encodeUtf8(text) }, keys, verifiers);

  test.each([
    ['the witness holds another root of size 15', () => answer(409, '', again)],
    ['the witness answered 409 without another size', () => answer(409)],
    ['the witness answered 409 without another size', () => answer(409, '3\n4\n')],
    ['the witness answered 409 without another size', () => answer(409, '\n3')],
    ['the witness refused the proof from 8 to 15', () => answer(422)],
    ['the witness answered 404: it does not know this origin or its key', () => answer(404)],
    ['the witness answered 500: a fault, or it does not know this origin or its key', () => answer(500)],
    ['the witness answered 429', () => answer(429)],
    ['the witness answered 400', () => answer(400)],
    ['a cosignature by this witness does not hold', () => answer(200, cosignature + broken)],
    ['a cosignature by this witness does not hold', () => answer(200, broken + cosignature)],
  ])('%s', (message, ask) => {
    expect(ask()).toMatchObject({ message });
  });

  test('of a log key among the witness keys no line is taken', () => {
    const line = `${vectors.add_checkpoint_request_8_to_15.split('\n').at(-2)}\n`;
    const keys = [parseVkey(vectors.log_vkey), witness];
    const found = answer(200, line + cosignature, request, keys);
    expect(found).toMatchObject({ is: 'cosigned', witnesses: [{ key: witness }], signatures: [{ name: witness.name }] });
    expect(answer(200, line, request, keys)).toMatchObject({ is: 'unreadable' });
  });

  test('two witnesses in one answer are both taken, and stand beside each other', async () => {
    const { text } = request.checkpoint.note;
    const second = await cosign(text, other, 9);
    const found = answer(200, cosignature + formatSignatureLine(second), request, [witness, other.key]);
    expect(found).toMatchObject({ is: 'cosigned', witnesses: [{ time: 1_767_139_200 }, { time: 9 }] });
    if (found.is !== 'cosigned') return;
    const both = addSignatures(request.checkpoint, found.signatures);
    expect(both.note.signatures).toHaveLength(3);
    // A newer line of one key replaces its older one alone, by name and id.
    const newer = await cosign(text, other, 10);
    const sameName = { ...newer, id: newer.id ^ 1 };
    const sameId = { ...newer, name: 'elsewhere.example' };
    expect(addSignatures(both, [newer]).note.signatures).toEqual([...both.note.signatures.slice(0, 2), newer]);
    // Among several that are added, each replaces its own.
    expect(addSignatures(both, [sameName, newer]).note.signatures).toEqual([...both.note.signatures.slice(0, 2), sameName, newer]);
    expect(addSignatures(both, [sameName, sameId]).note.signatures).toEqual([...both.note.signatures, sameName, sameId]);
  });

  test('the old size is named where it cannot be read', () => {
    expect(() => parseAddCheckpoint(vectors.add_checkpoint_request_8_to_15.replace('old 8', 'old x'))).toThrow('Cannot read "x" as a tree size');
  });
});

describe('add-entries', () => {
  test('packages end at multiples of 256', () => {
    expect([...packagesOf(0, 0)]).toEqual([]);
    expect([...packagesOf(0, 256)]).toEqual([{ subtreeStart: 0, start: 0, end: 256 }]);
    expect([...packagesOf(300, 1000)]).toEqual([
      { subtreeStart: 256, start: 300, end: 512 }, { subtreeStart: 512, start: 512, end: 768 }, { subtreeStart: 768, start: 768, end: 1000 },
    ]);
    const far = 2 ** 48 + 255;
    expect([...packagesOf(far, far + 2)]).toEqual([
      { subtreeStart: 2 ** 48, start: far, end: far + 1 }, { subtreeStart: 2 ** 48 + 256, start: far + 1, end: far + 2 },
    ]);
  });

  const header = { origin: 'a.example', start: 255, end: 258, ticket: Uint8Array.of(9) };
  const packages = [
    { entries: [Uint8Array.of(1, 2)], proof: [new Uint8Array(32).fill(3)] },
    { entries: [new Uint8Array(0), Uint8Array.of(4)], proof: [] },
  ];
  const upload = [encodeUploadHeader(header), ...packages.map(encodePackage)].reduce((a, b) => Uint8Array.of(...a, ...b));

  test('an upload in hexadecimal', () => {
    expect(formatHex(upload)).toBe(
      `0009${formatHex(encodeUtf8('a.example'))}00000000000000ff0000000000000102000109`
      + `0002010201${'03'.repeat(32)}000000010400`,
    );
    expect(decodeUpload(upload)).toEqual({ header, packages, complete: true });
  });

  test('an upload that is cut keeps its whole packages', () => {
    const headerLength = encodeUploadHeader(header).length;
    const first = headerLength + encodePackage(packages[0]!).length;
    for (let length = 0; length < upload.length; length++) {
      const cut = upload.slice(0, length);
      if (length < headerLength) expect(refusal(() => decodeUpload(cut))).toBe(`INPUT_MALFORMED at ${length}`);
      else expect(decodeUpload(cut)).toEqual({ header, packages: length < first ? [] : packages.slice(0, 1), complete: false });
    }
  });

  test.each([
    ['bytes after the last package', Uint8Array.of(...upload, 0), `INPUT_MALFORMED at ${upload.length}`],
    ['an end before the start', encodeUploadHeader({ ...header, end: 254 }), 'INPUT_MALFORMED at 30'],
    ['a start of 2^53', Uint8Array.of(0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0), 'INPUT_TOO_LARGE at 2'],
    ['64 hashes', Uint8Array.of(...encodeUploadHeader(header), 0, 0, 64), 'INPUT_MALFORMED at 32'],
  ])('%s is refused', (_, bad, expected) => {
    expect(refusal(() => decodeUpload(bad))).toBe(expected);
  });

  test('nothing is written that could not be read', () => {
    const hashes = Array.from({ length: 64 }, () => new Uint8Array(32));
    expect(refusal(() => encodePackage({ entries: [], proof: hashes }))).toBe('INPUT_TOO_LARGE');
    expect(refusal(() => encodePackage({ entries: [new Uint8Array(65_536)], proof: [] }))).toBe('INPUT_TOO_LARGE');
    expect(encodePackage({ entries: [new Uint8Array(65_535)], proof: [] })).toHaveLength(65_538);
    expect(encodePackage({ entries: [], proof: hashes.slice(1) })).toHaveLength(1 + 63 * 32);
    expect(() => encodePackage({ entries: [new Uint8Array(65_536)], proof: [] })).toThrow('Cannot write entry: 65536 bytes');
    expect(() => encodeUploadHeader({ ...header, origin: 'a'.repeat(65_536) })).toThrow('Cannot write origin: 65536 bytes');
    expect(() => encodeUploadHeader({ ...header, ticket: new Uint8Array(65_536) })).toThrow('Cannot write ticket: 65536 bytes');
  });

  test('the largest of everything is read', () => {
    const last = { ...header, start: 2 ** 53 - 1, end: 2 ** 53 - 1 };
    expect(decodeUpload(encodeUploadHeader(last))).toEqual({ header: last, packages: [], complete: true });
    const proof = Array.from({ length: 63 }, (_, i) => new Uint8Array(32).fill(i));
    const one = { ...header, start: 7, end: 8 };
    const whole = Uint8Array.of(...encodeUploadHeader(one), ...encodePackage({ entries: [Uint8Array.of(1)], proof }));
    expect(decodeUpload(whole)).toEqual({ header: one, packages: [{ entries: [Uint8Array.of(1)], proof }], complete: true });
  });

  test('an upload is what was written (property)', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 4 });
    const number = fc.integer({ min: 0, max: 700 });
    fc.assert(fc.property(number, number, fc.string(), bytes, hashes, fc.infiniteStream(bytes), (start, count, name, ticket, proof, stream) => {
      if (!name.isWellFormed()) return;
      const head = { origin: name, start, end: start + count, ticket };
      const made = [...packagesOf(start, start + count)].map((range) => ({
        entries: [...stream.take(range.end - range.start)], proof,
      }));
      const whole = [encodeUploadHeader(head), ...made.map(encodePackage)];
      const joined = new Uint8Array(whole.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of whole) {
        joined.set(part, at);
        at += part.length;
      }
      expect(decodeUpload(joined)).toEqual({ header: head, packages: made, complete: true });
    }), { numRuns: 30 });
  });

  test('mirror info', () => {
    expect(parseMirrorInfo('20\n7\nAQID\n')).toEqual({ size: 20, next: 7, ticket: Uint8Array.of(1, 2, 3) });
    expect(parseMirrorInfo('20\n7\n\n').ticket).toEqual(new Uint8Array(0));
    for (const [bad, expected] of [
      ['', 'INPUT_MALFORMED at 0'], ['20\n7\n', 'INPUT_MALFORMED at 0'], ['20\n7\nAQID', 'INPUT_MALFORMED at 0'], ['20\n7\nAQID\n\n', 'INPUT_MALFORMED at 0'],
      ['x\n7\nAQID\n', 'INPUT_MALFORMED at 0'], ['20\n07\nAQID\n', 'INPUT_MALFORMED at 3'], ['20\n7\nAQI\n', 'INPUT_MALFORMED at 5'],
    ]) expect(refusal(() => parseMirrorInfo(bad as string))).toBe(expected);
    expect(() => parseMirrorInfo('x\n7\n\n')).toThrow('Cannot read "x" as a tree size');
    expect(() => parseMirrorInfo('7\nx\n\n')).toThrow('Cannot read "x" as a next entry');
  });

  const { note: { text } } = parseCheckpoint(vectors.checkpoint);
  const answer = (status: number, body = '') => readMirrorAnswer(text, { status, body: encodeUtf8(body) }, [witness], verifiers);
  test.each([
    ['200', () => answer(200, `${vectors.checkpoint.split('\n').at(-2)}\n`), { is: 'cosigned' }],
    ['200 without a line', () => answer(200), { is: 'unreadable' }],
    ['202', () => answer(202, '15\n9\n\n'), { is: 'resume', size: 15, next: 9 }],
    ['409', () => answer(409, '15\n9\nAQ==\n'), { is: 'resume', size: 15, next: 9, ticket: Uint8Array.of(1) }],
    ['409 with words', () => answer(409, 'no'), { is: 'unreadable', message: 'Cannot read upload: expected three lines' }],
    ['404', () => answer(404), { is: 'unknown', message: 'the mirror does not know this origin' }],
    ['422', () => answer(422), { is: 'inconsistent', message: 'the mirror refused a proof, or has no pending checkpoint' }],
    ['429', () => answer(429), { is: 'busy', message: 'the mirror answered 429' }],
    ['500', () => answer(500), { is: 'busy', message: 'the mirror answered 500' }],
    ['400', () => answer(400), { is: 'unreadable', message: 'the mirror answered 400' }],
  ])('a mirror answers %s', (_, found, expected) => {
    expect(found()).toMatchObject(expected);
  });

  test('the cosigned checkpoint of the vectors verifies under both keys', () => {
    const keys = [parseVkey(vectors.log_vkey), witness];
    expect(verifyNote(parseCheckpoint(vectors.checkpoint).note, keys, verifiers).verified).toHaveLength(2);
  });
});
