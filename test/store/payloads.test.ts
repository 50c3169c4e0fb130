// Payloads and secrets: streamed, content-addressed, checked on the way out, and gone when they are erased.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8, equalBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { openPayloads } from '../../ledger/store/payloads.ts';
import { openSecrets } from '../../ledger/store/secrets.ts';
import { freshDirectory } from './place.ts';

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return concatBytes(...all);
}

const hello = encodeUtf8('hello');
const helloDigest = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const fileIn = (directory: string) => join(directory, helloDigest.slice(0, 2), helloDigest);

describe('payloads', () => {
  test('are stored under their SHA-256 and come back', async () => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    const stored = await payloads.put([hello.subarray(0, 2), hello.subarray(2)], 100);
    expect({ ...stored, digest: formatHex(stored.digest) }).toEqual({ digest: helloDigest, size: 5 });
    expect(await bytesOf(payloads.get(stored.digest))).toEqual(hello);
    expect(await payloads.has(stored.digest)).toBe(true);
    expect(statSync(fileIn(directory)).mode & 0o077).toBe(0);
    expect((await payloads.put([hello], 5)).digest).toEqual(stored.digest);
    const listed: string[] = [];
    for await (const digest of payloads.list()) listed.push(formatHex(digest));
    expect(listed).toEqual([helloDigest]);
    const empty = await payloads.put([], 0);
    expect(await bytesOf(payloads.get(empty.digest))).toHaveLength(0);
  });

  test('come whole and checked to who looks at them, in memory that is lent', async () => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    // One is larger than the memory that is kept.
    const all = [0, 1, 5, 70_000, 3_000_000, 17 * 2 ** 20].map((size, i) => new Uint8Array(size).fill(i + 1));
    const digests = await Promise.all(all.map(async (bytes) => (await payloads.put([bytes], bytes.length)).digest));
    // Many at once: nobody sees another's bytes.
    const seen = await Promise.all([...digests.keys(), ...digests.keys()].map((i) =>
      payloads.look(digests[i] as Uint8Array, (bytes) => equalBytes(bytes, all[i] as Uint8Array))));
    expect(seen).toEqual(Array.from({ length: 2 * all.length }, () => true));
    // What is kept is used again: that is why nobody may go on looking.
    const views: Uint8Array[] = [];
    for (const digest of digests.slice(1, 4)) await payloads.look(digest, (bytes) => views.push(bytes));
    expect(new Set(views.map(({ buffer }) => buffer)).size).toBe(1);
    expect([views[0]?.[0], views[1]?.[0]]).toEqual([4, 4]);

    await expect(payloads.look(digests[2] as Uint8Array, () => { throw new RangeError('not that'); })).rejects.toThrow('not that');
    const { digest } = await payloads.put([hello], 5);
    for (const altered of ['hellO', 'hell', '', 'hello!']) {
      writeFileSync(fileIn(directory), altered);
      await expect(payloads.look(digest, () => 'looked')).rejects.toMatchObject({ code: 'PAYLOAD_CORRUPT' });
    }
    await payloads.remove(digest);
    await expect(payloads.look(digest, () => 'looked')).rejects.toMatchObject({ code: 'PAYLOAD_MISSING' });
  });

  test('that come in pieces of any sizes are stored as they come', async () => {
    const payloads = openPayloads(freshDirectory());
    const bytes = new Uint8Array(2_500_000).map((_, i) => i % 251);
    const block = 512 * 1024;
    for (const sizes of [[1, block], [block - 1, 1, 1], [block, block], [block + 1, 3], [7, 2 * block, 7], [100_000], [4_096, 0, 1]]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0, size = 0; at < bytes.length; at += size, i++) {
        size = sizes[i % sizes.length] as number;
        pieces.push(bytes.subarray(at, at + size));
      }
      const { digest, size } = await payloads.put(pieces, bytes.length);
      expect([formatHex(digest), size]).toEqual([createHash('sha256').update(bytes).digest('hex'), bytes.length]);
      expect(await payloads.look(digest, (stored) => equalBytes(stored, bytes))).toBe(true);
      await payloads.remove(digest);
    }
  });

  test.each([
    ['nothing', []], ['one', [5]], ['many of one byte', Array.from({ length: 300 }, () => 1)], ['an empty one among others', [3, 0, 4]],
    ['larger than a block', [65_535, 2, 200_000, 65_536]],
  ])('that there is room for are written in pieces, flushed and kept: %s', async (_, sizes) => {
    const directory = freshDirectory();
    const steps: string[] = [];
    const payloads = openPayloads(directory, (step) => void steps.push(step));
    const pieces = sizes.map((size, i) => new Uint8Array(size).map((__, k) => (31 * i + k) & 0xff));
    const bytes = concatBytes(...pieces);
    const digest = new Uint8Array(createHash('sha256').update(bytes).digest());
    for (const isFlushed of [true, false]) {
      const one = await payloads.reserve();
      one.write(pieces);
      if (isFlushed) one.flush();
      // Written from then on: whoever wrote them has his memory back.
      for (const piece of pieces) piece.fill(0xee);
      expect(await payloads.has(digest)).toBe(false);
      expect(await one.keep(digest)).toEqual({ digest, size: bytes.length });
      expect(await payloads.look(digest, (stored) => equalBytes(stored, bytes))).toBe(true);
      pieces.forEach((piece, i) => piece.set(bytes.subarray(sizes.slice(0, i).reduce((sum, size) => sum + size, 0)).subarray(0, piece.length)));
      // Once it is kept there is nothing to give up.
      await one.drop();
      expect(await payloads.has(digest)).toBe(true);
      await payloads.remove(digest);
    }
    expect(steps).toEqual([1, 2].flatMap(() => ['payload 1: written', 'payload 2: named', 'payload 3: flushed']));
    expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
  });

  test('that there is room for, given up or under a wrong digest', async () => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    const [unused, dropped, wrong] = [await payloads.reserve(), await payloads.reserve(), await payloads.reserve()];
    dropped.write([hello]);
    dropped.flush();
    await Promise.all([unused.drop(), dropped.drop()]);
    wrong.write([encodeUtf8('other')]);
    await wrong.keep(parseHex(helloDigest));
    // It was believed, and whoever reads it finds that.
    await expect(payloads.look(parseHex(helloDigest), () => 'looked')).rejects.toMatchObject({ code: 'PAYLOAD_CORRUPT' });
    expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
  });

  test('that there is room for, but not on the disk, are refused when they are to be kept, and leave nothing', async () => {
    const directory = freshDirectory();
    const script = `
      import { openPayloads } from ${JSON.stringify(new URL('../../ledger/store/payloads.ts', import.meta.url).href)};
      const one = await openPayloads(${JSON.stringify(directory)}).reserve();
      one.write([new Uint8Array(100_000)]);
      one.flush();
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log(await one.keep(new Uint8Array(32)).then(() => 'kept', ({ code }) => code));
      await one.drop();`;
    // No file may be longer than some 16 KB.
    const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -f 16; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script]);
    expect(stdout).toBe('STORE_FAILED\n');
    expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
    expect(readdirSync(directory)).toEqual(['arriving']);
  });

  test('are stored when the names of all folders above them are flushed, whoever of two made these', async () => {
    const directory = freshDirectory();
    const script = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      import { sep } from 'node:path';
      const directory = ${JSON.stringify(directory)};
      const [steps, { open }] = [[], fs.promises];
      // Folders are flushed slowly, those above others most of all.
      fs.promises.open = async (path, ...rest) => {
        const handle = await open(path, ...rest);
        const within = path.slice(directory.length);
        const sync = handle.sync.bind(handle);
        handle.sync = async () => {
          await new Promise((resolve) => setTimeout(resolve, rest[0] === 'r' ? 300 - 60 * within.split(sep).length : 0));
          await sync();
          if (rest[0] === 'r') steps.push(within.replaceAll(sep, '/'));
        };
        return handle;
      };
      syncBuiltinESMExports();
      const { openPayloads } = await import(${JSON.stringify(new URL('../../ledger/store/payloads.ts', import.meta.url).href)});
      const payloads = openPayloads(directory + sep + 'a' + sep + 'b');
      await Promise.all([1, 2].map(() => payloads.put([new TextEncoder().encode('hello')], 5).then(() => steps.push('stored'))));
      console.log(steps.join(' '));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const [before] = stdout.split(' stored') as [string];
    // Those of a and b, then of 2c, and then of the payload.
    expect([...new Set(before.split(' '))]).toEqual(['/a/b', '/a', '', '/a/b/2c']);
    expect(before.split(' ').filter((folder) => folder === '/a/b')).toHaveLength(2);
  });

  test('that there is room for take their bytes once, and before they are flushed', async () => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    const [twice, late] = [await payloads.reserve(), await payloads.reserve()];
    twice.write([hello]);
    expect(() => twice.write([hello])).toThrow(TypeError);
    late.flush();
    expect(() => late.write([hello])).toThrow(TypeError);
    expect(await twice.keep(parseHex(helloDigest))).toEqual({ digest: parseHex(helloDigest), size: 5 });
    await late.drop();
    expect(readFileSync(fileIn(directory), 'utf8')).toBe('hello');
    expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
  });

  test('of which it turns out when the file is closed that they are not on the disk are refused, and leave nothing', async () => {
    const directory = freshDirectory();
    const script = `
      import { closeSync, openSync } from 'node:fs';
      import { openPayloads } from ${JSON.stringify(new URL('../../ledger/store/payloads.ts', import.meta.url).href)};
      const payloads = openPayloads(${JSON.stringify(directory)});
      // The number that the next file gets.
      const next = () => { const file = openSync('/dev/null'); closeSync(file); return file; };
      const code = (keeping) => keeping.then(() => 'kept', ({ name, code }) => name + ' ' + code);
      await payloads.reserve().then((one) => one.drop());
      const file = next();
      const one = await payloads.reserve();
      one.write([new Uint8Array(5)]);
      one.flush();
      await new Promise((resolve) => setTimeout(resolve, 300));
      closeSync(file);
      console.log(await code(one.keep(new Uint8Array(32))));
      const gone = next();
      const other = await payloads.reserve();
      closeSync(gone);
      console.log(await code(other.drop()));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout).toBe('LedgerError STORE_FAILED\nkept\n');
    expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
    expect(readdirSync(directory)).toEqual(['arriving']);
  });

  test('that cannot be removed do not hide why they had to be', async () => {
    const directory = freshDirectory();
    const arriving = join(directory, 'arriving');
    // A folder in the file's place is not removed as a file is.
    const block = () => {
      for (const name of readdirSync(arriving)) {
        rmSync(join(arriving, name));
        mkdirSync(join(arriving, name));
      }
    };
    const payloads = openPayloads(directory, () => {
      block();
      throw new Error('stopped');
    });
    await expect(payloads.put([hello], 5)).rejects.toThrow('stopped');
    rmSync(arriving, { recursive: true });
    const one = await payloads.reserve();
    one.write([hello]);
    await expect(one.keep(parseHex(helloDigest))).rejects.toThrow('stopped');
    await one.drop();
    expect(readdirSync(arriving)).toHaveLength(1);
    expect(await payloads.has(parseHex(helloDigest))).toBe(false);
  });

  test('one that is too large, or stops in the middle, leaves nothing', async () => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    await expect(payloads.put([hello], 4)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    async function* breaking() {
      yield hello;
      throw new Error('connection lost');
    }
    await expect(payloads.put(breaking(), 100)).rejects.toThrow('connection lost');
    expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
    expect(readdirSync(directory)).toEqual(['arriving']);
  });

  test('one that was altered, cut or removed is found when it is read', async () => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    const { digest } = await payloads.put([hello], 100);
    for (const altered of ['hellO', 'hell', '', 'hello!']) {
      writeFileSync(fileIn(directory), altered);
      await expect(bytesOf(payloads.get(digest))).rejects.toMatchObject({ code: 'PAYLOAD_CORRUPT' });
    }
    expect(await payloads.remove(digest)).toBe(true);
    expect(await payloads.remove(digest)).toBe(false);
    await expect(bytesOf(payloads.get(digest))).rejects.toMatchObject({ code: 'PAYLOAD_MISSING' });
  });

  test.each([0, 1, 65_535, 65_536, 65_537, 2 ** 24, 2 ** 24 + 1])('%i bytes come back as they went in, and a changed last one is found', async (size) => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    const bytes = new Uint8Array(size).map((_, i) => (i * 31 + (i >>> 8)) & 0xff);
    const { digest } = await payloads.put([bytes], size);
    const read = await bytesOf(payloads.get(digest));
    expect(equalBytes(read, bytes)).toBe(true);
    if (size === 0) return;
    bytes[size - 1] = (bytes[size - 1] as number) ^ 1;
    const hex = formatHex(digest);
    writeFileSync(join(directory, hex.slice(0, 2), hex), bytes);
    await expect(bytesOf(payloads.get(digest))).rejects.toMatchObject({ code: 'PAYLOAD_CORRUPT' });
  });

  test('100 MB pass in bounded memory', async () => {
    const directory = freshDirectory();
    const script = `
      import { openPayloads } from ${JSON.stringify(new URL('../../ledger/store/payloads.ts', import.meta.url).href)};
      const payloads = openPayloads(${JSON.stringify(directory)});
      function* pieces() { for (let i = 0; i < 1600; i++) yield new Uint8Array(65536).fill(i); }
      const before = process.memoryUsage.rss();
      let most = 0;
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
      const { digest, size } = await payloads.put(pieces(), 2 ** 27);
      let read = 0;
      for await (const piece of payloads.get(digest)) read += piece.length;
      clearInterval(watch);
      process.stdout.write(JSON.stringify({ size, read, grown: most - before, digest: Buffer.from(digest).toString('hex') }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const { size, read, grown, digest } = JSON.parse(stdout) as { size: number; read: number; grown: number; digest: string };
    expect({ size, read }).toEqual({ size: 104_857_600, read: 104_857_600 });
    // The cap: 64 MB above an idle process, most of it buffers that wait for the collector.
    expect(grown).toBeLessThan(64 * 2 ** 20);
    const hash = createHash('sha256');
    for (let i = 0; i < 1600; i++) hash.update(new Uint8Array(65_536).fill(i));
    expect(digest).toBe(hash.digest('hex'));
  });

  test('what a stopped store left is tidied away', async () => {
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    await payloads.put([hello], 100);
    for (const name of ['half', 'young']) writeFileSync(join(directory, 'arriving', name), 'hel');
    utimesSync(join(directory, 'arriving', 'half'), 1_000, 1_000);
    expect(await payloads.tidy(1_000_000)).toBe(0);
    expect(await payloads.tidy(1_000_001)).toBe(1);
    // Whoever writes it may still be at it.
    expect(readdirSync(join(directory, 'arriving'))).toEqual(['young']);
    expect(readFileSync(fileIn(directory), 'utf8')).toBe('hello');
  });
});

describe('secrets', () => {
  const commitment = new Uint8Array(32).fill(1);
  const secret = new Uint8Array(32).fill(7);

  test('are kept by commitment, and destroyed for good', async () => {
    const directory = join(freshDirectory(), 'secrets');
    const secrets = openSecrets(directory);
    expect(await secrets.get(commitment)).toBeNull();
    await secrets.put(commitment, secret);
    expect(await openSecrets(directory).get(commitment)).toEqual(secret);
    expect(await secrets.destroy(commitment)).toBe(true);
    expect(await secrets.destroy(commitment)).toBe(false);
    expect(await secrets.get(commitment)).toBeNull();
    const left: Uint8Array[] = [];
    for await (const one of secrets.list()) left.push(one);
    expect(left).toEqual([]);
  });

  test('where others may read them they are not used', () => {
    const directory = join(freshDirectory(), 'secrets');
    openSecrets(directory);
    chmodSync(directory, 0o750);
    expect(() => openSecrets(directory)).toThrow(expect.objectContaining({ code: 'SECRETS_EXPOSED' }));
  });
});

test('where a sealed payload lies is found by its commitment, and is no payload itself', async () => {
  const payloads = openPayloads(freshDirectory());
  const [commitment, digest] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  expect(await payloads.findSealed(commitment)).toBeNull();
  await payloads.nameSealed(commitment, digest);
  expect(await payloads.findSealed(commitment)).toEqual(digest);
  for await (const listed of payloads.list()) expect(listed).toBeNull();
  await payloads.unnameSealed(commitment);
  expect(await payloads.findSealed(commitment)).toBeNull();
  await payloads.unnameSealed(commitment);
});

test('what is staged is no payload until it is kept; dropping it touches no payload of the same bytes', async () => {
  const directory = freshDirectory();
  const payloads = openPayloads(directory);
  const first = await payloads.stage([hello], 5);
  expect([formatHex(first.digest), first.size, await payloads.has(first.digest)]).toEqual([helloDigest, 5, false]);
  const second = await payloads.stage([hello], 5);
  await first.keep();
  await second.drop();
  await first.drop();
  expect(await bytesOf(payloads.get(first.digest))).toEqual(hello);
  expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
  await expect(payloads.stage([hello], 4)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(readdirSync(join(directory, 'arriving'))).toEqual([]);
});
