// The zip: one form for one content, read by others' programs, and every other form refused.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 as nodeCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import { crc32 } from '../../verify/pack/crc32.ts';
import { directoryHeader, endRecords, isMemberName, localHeader, type PlacedMember } from '../../verify/pack/zip.ts';
import { manifestName, openPack, signatureName } from '../../verify/pack/index.ts';
import { memorySource, readMember, readZip, type Source, type Zip } from '../../verify/pack/zip-reader.ts';
import { writeZip } from '../../verify/pack/zip-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'stella-zip-'));
afterAll(() => rmSync(folder, { recursive: true }));

const has = (program: string) => spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;

type Contents = readonly (readonly [name: string, text: string])[];

async function zipOf(contents: Contents): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeZip(contents.map(([name, text]) => ({ name, open: () => [encodeUtf8(text)] })))) pieces.push(piece);
  return concatBytes(...pieces);
}

interface HandMade {
  readonly member: PlacedMember;
  readonly local?: Uint8Array;
  readonly line?: Uint8Array;
  readonly data: Uint8Array;
}

/** A zip put together by hand, from members and headers that a test has changed. */
function handMade(members: readonly HandMade[], gap: Uint8Array = new Uint8Array(0)): Uint8Array {
  const body = concatBytes(...members.flatMap(({ member, local, data }) => [local ?? localHeader(member), data]), gap);
  const lines = concatBytes(...members.map(({ member, line }) => line ?? directoryHeader(member)));
  return concatBytes(body, lines, endRecords(members.length, body.length, lines.length));
}

function one(name: string, text: string, offset = 0) {
  const data = encodeUtf8(text);
  return { member: { name, size: data.length, crc: crc32(data), offset }, data };
}

function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

const open = (bytes: Uint8Array | Source): Zip => {
  const answer = readZip(bytes instanceof Uint8Array ? memorySource(bytes) : bytes);
  if (!answer.ok) throw new Error(answer.message);
  return answer.zip;
};
const codeOf = (bytes: Uint8Array): string => {
  const answer = readZip(memorySource(bytes));
  return answer.ok ? 'OK' : answer.code;
};

const sample: Contents = [['manifest.json', '{}\n'], ['payloads/aa', 'payload'], ['receipts/1.json', ''], ['README.md', '# A pack\n']];

describe('the check sum', () => {
  test('its constant', () => {
    expect(crc32(encodeUtf8('123456789'))).toBe(0xcbf43926);
  });

  test('is zlib\'s, whole and in two parts', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      expect(crc32(bytes)).toBe(nodeCrc32(bytes));
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(nodeCrc32(bytes));
    }));
  });
});

describe('one form', () => {
  test('the worked example of spec/pack.md', async () => {
    const spec = readFileSync(new URL('../../spec/pack.md', import.meta.url), 'utf8');
    const block = /## Worked example: the zip[\s\S]*?```\n([\s\S]*?)```/.exec(spec)?.[1] ?? '';
    const hex = block.split('\n').map((line) => /^([0-9a-f ]+?)(?: {2}|$)/.exec(line)?.[1]?.replaceAll(' ', '') ?? '').join('');
    expect(Array.from(await zipOf([['a', 'hi']]), (byte) => byte.toString(16).padStart(2, '0')).join('')).toBe(hex);
  });

  test('the order of members given does not matter, and what is read is what was written', async () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}){0,2}$/);
    const contents = fc.uniqueArray(fc.tuple(name, fc.string({ maxLength: 40 })), { maxLength: 12, selector: ([first]) => first });
    await fc.assert(fc.asyncProperty(contents, fc.infiniteStream(fc.double({ noNaN: true })), async (members, order) => {
      const bytes = await zipOf(members);
      const shuffled = members.map((member) => [order.next().value as number, member] as const).sort(([a], [b]) => a - b).map(([, member]) => member);
      expect(await zipOf(shuffled)).toEqual(bytes);
      const zip = open(bytes);
      const read = zip.members.map((member) => [member.name, decodeUtf8(readMember(zip, member) as Uint8Array)]);
      expect(read).toEqual(members.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([member, text]) => [member, text]));
    }), { numRuns: 60 });
  });

  test.each(['', '/a', 'a/', 'a//b', '..', '../a', 'a/../b', './a', 'a/.b', '.a', 'a\\b', 'C:a', 'a b', 'ä', 'a\n', 'a'.repeat(256)])(
    'no member is called %j', async (name) => {
      expect(isMemberName(name)).toBe(false);
      await expect(zipOf([[name, '']])).rejects.toThrow(RangeError);
      expect(codeOf(handMade([one(name, 'x')]))).toBe('EVIDENCE_MALFORMED');
    });

  test('two of one name, and bytes that change between the passes, are refused', async () => {
    await expect(zipOf([['a', '1'], ['a', '2']])).rejects.toThrow('two members are called a');
    let times = 0;
    const changing = { name: 'a', open: () => [Uint8Array.of((times += 1))] };
    await expect((async () => { for await (const piece of writeZip([changing])) void piece; })()).rejects.toThrow('changed while');
  });
});

describe('programs of others take it', () => {
  test.skipIf(!has('python3'))('Python\'s zipfile: names, contents, no compression, no extra field, the date', async () => {
    const file = join(folder, 'sample.zip');
    writeFileSync(file, await zipOf(sample));
    const script = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
rows = [[i.filename, z.read(i).decode(), i.compress_type, i.extra.hex(), list(i.date_time), i.flag_bits] for i in z.infolist()]
print(json.dumps(rows + [z.comment.decode()]))`;
    const { stdout, stderr } = spawnSync('python3', ['-c', script, file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const sorted = sample.toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect(JSON.parse(stdout)).toEqual([...sorted.map(([name, text]) => [name, text, 0, '', [1980, 1, 1, 0, 0, 0], 0]), '']);
  });

  test.skipIf(!has('unzip'))('unzip: tests it, and gives the files plain permissions', async () => {
    const file = join(folder, 'sample2.zip');
    writeFileSync(file, await zipOf(sample));
    expect(spawnSync('unzip', ['-tqq', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const out = join(folder, 'out');
    mkdirSync(out);
    expect(spawnSync('unzip', ['-qq', file, '-d', out]).status).toBe(0);
    expect(readFileSync(join(out, 'payloads/aa'), 'utf8')).toBe('payload');
    expect(statSync(join(out, 'payloads/aa')).mode & 0o777).toBe(0o644);
  });

  test.skipIf(!has('python3'))('65,535 members, which need zip64', async () => {
    const file = join(folder, 'many.zip');
    const bytes = await zipOf(Array.from({ length: 65_535 }, (_, i) => [`m/${i}`, ''] as const));
    writeFileSync(file, bytes);
    const script = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(len(z.infolist()), z.testzip())';
    expect(spawnSync('python3', ['-c', script, file], { encoding: 'utf8' })).toMatchObject({ stdout: '65535 None\n', stderr: '' });
    expect(open(bytes).members.length).toBe(65_535);
    expect([endRecords(65_534, 0, 0).length, endRecords(65_535, 0, 0).length]).toEqual([22, 98]);
  }, 60_000);

  test.skipIf(!has('python3'))('members and places beyond 4 GiB, in a file with holes', () => {
    const crc = 0x1234abcd;
    const members: PlacedMember[] = [{ name: 'a', size: 2 ** 32 - 1, crc, offset: 0 }];
    members.push({ name: 'b', size: 2, crc: nodeCrc32('hi'), offset: localHeader(members[0] as PlacedMember).length + 2 ** 32 - 1 });
    const [a, b] = members as [PlacedMember, PlacedMember];
    const at = b.offset + localHeader(b).length + 2;
    const lines = concatBytes(directoryHeader(a), directoryHeader(b));
    const parts: [number, Uint8Array][] = [
      [0, localHeader(a)], [b.offset, concatBytes(localHeader(b), encodeUtf8('hi'))], [at, concatBytes(lines, endRecords(2, at, lines.length))],
    ];
    const size = at + lines.length + endRecords(2, at, lines.length).length;
    const source: Source = {
      size,
      read(from, length) {
        const bytes = new Uint8Array(Math.min(length, size - from));
        for (const [start, part] of parts) {
          for (let i = Math.max(start, from); i < Math.min(start + part.length, from + bytes.length); i++) bytes[i - from] = part[i - start] as number;
        }
        return bytes;
      },
    };
    const zip = open(source);
    expect(zip.members).toEqual(members);
    expect(readMember(zip, zip.members[1] as PlacedMember)).toEqual(encodeUtf8('hi'));
    const file = join(folder, 'holes.zip');
    const writing = `import sys
f = open(sys.argv[1], 'wb')
for line in sys.stdin:
    at, data = line.split()
    f.seek(int(at)); f.write(bytes.fromhex(data))
f.close()
import zipfile
z = zipfile.ZipFile(sys.argv[1])
print([(i.filename, i.file_size, i.header_offset) for i in z.infolist()], z.read('b'))`;
    const input = parts.map(([start, part]) => `${start} ${Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('')}\n`).join('');
    const { stdout, stderr } = spawnSync('python3', ['-c', writing, file], { encoding: 'utf8', input });
    expect([stdout, stderr]).toEqual([`[('a', 4294967295, 0), ('b', 2, ${b.offset})] b'hi'\n`, '']);
    if (existsSync(file)) rmSync(file);
  });
});

describe('every other form is refused', () => {
  test('what Python writes: compressed, or stored with its own dates', async () => {
    if (!has('python3')) return;
    for (const how of ['ZIP_DEFLATED', 'ZIP_STORED']) {
      const file = join(folder, `${how}.zip`);
      spawnSync('python3', ['-c', `import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w', zipfile.${how}).writestr('a', 'hi' * 50)`, file]);
      expect(codeOf(new Uint8Array(readFileSync(file)))).toBe('EVIDENCE_MALFORMED');
    }
  });

  test('any changed byte outside a member\'s own bytes', async () => {
    const bytes = await zipOf([['a', 'hi'], ['b/c', 'there']]);
    const zip = open(bytes);
    const own = new Set(zip.members.flatMap((member) => {
      const start = member.offset + localHeader(member).length;
      return Array.from({ length: member.size }, (_, i) => start + i);
    }));
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const changed = patched(bytes, at, (bytes[at] as number) ^ flip);
        if (!own.has(at)) expect([at, flip, codeOf(changed)]).toEqual([at, flip, 'EVIDENCE_MALFORMED']);
        else expect(open(changed).members.some((member) => readMember(open(changed), member) === null)).toBe(true);
      }
    }
  });

  test('any cut, and anything before, between or behind', async () => {
    const bytes = await zipOf([['a', 'hi'], ['b', 'there']]);
    for (let length = 0; length < bytes.length; length++) expect(codeOf(bytes.subarray(0, length))).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(concatBytes(bytes, Uint8Array.of(0)))).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(concatBytes(Uint8Array.of(0), bytes))).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(handMade([one('a', 'hi')], encodeUtf8('hidden')))).toBe('EVIDENCE_MALFORMED');
    const first = one('a', 'hi');
    const start = localHeader(first.member).length + 2;
    expect(codeOf(handMade([first, one('b', 'x', start)]))).toBe('OK');
    // Two names for one place, and a place that overlaps another.
    expect(codeOf(handMade([first, one('b', 'hi')]))).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(handMade([first, one('b', 'x', start - 1)]))).toBe('EVIDENCE_MALFORMED');
  });

  test('two members of one name; another order has a code of its own', () => {
    const first = one('b', 'hi');
    const start = localHeader(first.member).length + 2;
    expect(codeOf(handMade([first, one('b', 'hi', start)]))).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(handMade([first, one('a', 'hi', start)]))).toBe('PACK_REORDERED');
    expect(codeOf(handMade([one('', ''), one('a', 'hi', 30)]))).toBe('EVIDENCE_MALFORMED');
  });

  test('a local header that tells another name than the directory', () => {
    const { member, data } = one('a', 'hi');
    expect(codeOf(handMade([{ member, data, local: localHeader({ ...member, name: 'b' }) }]))).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(handMade([{ member, data, local: localHeader({ ...member, crc: 1 }) }]))).toBe('EVIDENCE_MALFORMED');
  });

  test('zip64 where it is not needed, and a directory that is said to be elsewhere', () => {
    const { member, data } = one('a', 'hi');
    const body = concatBytes(localHeader(member), data);
    const line = directoryHeader(member);
    const far = endRecords(0xffff, body.length, line.length);
    new DataView(far.buffer).setBigUint64(24, 1n, true);
    new DataView(far.buffer).setBigUint64(32, 1n, true);
    expect(codeOf(concatBytes(body, line, far))).toBe('EVIDENCE_MALFORMED');
    for (const [at, bytes] of [[2 ** 31, 10], [0, line.length], [body.length, line.length + 1], [body.length, 0]] as const) {
      expect(codeOf(concatBytes(body, line, endRecords(1, at, bytes)))).toBe('EVIDENCE_MALFORMED');
    }
    expect(codeOf(concatBytes(body, line, endRecords(2, body.length, line.length)))).toBe('EVIDENCE_MALFORMED');
    expect(codeOf(endRecords(0, 0, 0))).toBe('OK');
  });

  test('random bytes never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      const ended = concatBytes(bytes, endRecords(1, 0, bytes.length));
      expect(['EVIDENCE_MALFORMED', 'PACK_REORDERED']).toContain(codeOf(ended));
      expect(codeOf(bytes)).toBe('EVIDENCE_MALFORMED');
    }));
  });
});

describe('a file with holes, of gigabytes that nobody sent', () => {
  /** Reads zeros where nothing lies, and fails where more is asked for than a reader's memory has. */
  function sparse(size: number, laid: readonly (readonly [at: number, bytes: Uint8Array])[]): Source {
    return {
      size,
      read(at, length) {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
        if (bytes.length > 2 ** 29) throw new RangeError(`${bytes.length} bytes at once`);
        for (const [start, piece] of laid) {
          const [from, to] = [Math.max(at, start), Math.min(at + bytes.length, start + piece.length)];
          if (from < to) bytes.set(piece.subarray(from - start, to - start), from - at);
        }
        return bytes;
      },
    };
  }
  const huge = 3 * 2 ** 30;

  test.each([[manifestName, '"manifest.json" has 3221225472 bytes'], [signatureName, '"manifest.dsse.json" has 3221225472 bytes']])('%s', (name, says) => {
    const sizes = [signatureName, manifestName].map((one) => ({ name: one, size: one === name ? huge : 0, crc: 0 }));
    const laid: [number, Uint8Array][] = [];
    const lines: Uint8Array[] = [];
    let at = 0;
    for (const member of sizes) {
      const header = localHeader(member);
      laid.push([at, header]);
      lines.push(directoryHeader({ ...member, offset: at }));
      at += header.length + member.size;
    }
    const directory = concatBytes(...lines);
    const end = concatBytes(directory, endRecords(2, at, directory.length));
    const answer = openPack(sparse(at + end.length, [...laid, [at, end]]));
    expect(answer).toMatchObject({ ok: false, code: 'EVIDENCE_MALFORMED', message: expect.stringContaining(says) });
  });

  test('its directory, and what stands behind it', () => {
    const far = endRecords(1, 0, huge);
    expect(readZip(sparse(huge + far.length, [[huge, far]]))).toMatchObject({ code: 'EVIDENCE_MALFORMED', message: expect.stringContaining('a directory of') });
    const end = endRecords(0, 0, 0);
    expect(readZip(sparse(huge, [[huge - end.length, end]]))).toMatchObject({ code: 'EVIDENCE_MALFORMED', message: expect.stringContaining('its end') });
  });
});
