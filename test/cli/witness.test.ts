// A witness on this machine cosigns: its time is kept, and the next start holds the clock against it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { cosign, formatSignatureLine, formatVkey, parseAddCheckpoint, witnessSigner } from '../../ledger/note/index.ts';

const launcher = fileURLToPath(new URL('../../cli/stella.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-witness-'));
const witness = witnessSigner('witness.example', new Uint8Array(32).fill(5));
const hour = 3600;
/** What the witness says of the time, in seconds from the right one. */
let ahead = 0;
let documents = 0;

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', async () => {
    const { checkpoint } = parseAddCheckpoint(encodeUtf8(body));
    response.end(formatSignatureLine(await cosign(checkpoint.note.text, witness, Math.floor(Date.now() / 1000) + ahead)));
  });
});

function stella(args: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE_FILE: 'pass', XDG_STATE_HOME: join(home, 'state') };
  const child = spawn(process.execPath, [launcher, ...args.split(' ')], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '', stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

/** A document that is new: one that is known needs no clock. */
function addFresh(): ReturnType<typeof stella> {
  writeFileSync(join(home, 'document'), `document ${(documents += 1)}\n`);
  return stella('add document');
}

beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  writeFileSync(join(home, 'pass'), 'a passphrase\n');
  expect((await stella('init --origin log.example.org')).status).toBe(0);
  const vkey = (await stella('key list')).stdout.split(/\s/).find((word) => word.startsWith('log.example.org+'));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  writeFileSync(join(home, 'policy'), `log ${vkey}\nwitness W ${formatVkey(witness.key)} ${url}\nquorum W\n`);
});
afterAll(() => {
  server.close();
  rmSync(home, { recursive: true, force: true });
});

test('a witness whose time is right changes nothing', async () => {
  expect(await stella('log witness --policy policy')).toMatchObject({ status: 0, stdout: expect.stringContaining('the quorum is met') });
  expect((await addFresh()).status).toBe(0);
});

// An accepted time counts no more, and nor does an older one: the later one comes last.
test.each([-25, 25])('a witness %i hours away: nothing is appended until it signs again, or the clock is accepted', async (hours) => {
  ahead = hours * hour;
  expect((await stella('log witness --policy policy')).status).toBe(0);
  expect(await addFresh()).toMatchObject({ status: 4, stderr: expect.stringContaining('CLOCK_DOUBTED') });
  ahead = 0;
  await stella('log witness --policy policy');
  expect((await addFresh()).status).toBe(0);
  ahead = hours * hour;
  await stella('log witness --policy policy');
  expect((await stella('clock accept')).status).toBe(0);
  expect((await addFresh()).status).toBe(0);
});

test('what was kept is verified again, and refused where it is something else', async () => {
  ahead = 48 * hour;
  await stella('log witness --policy policy');
  const file = join(home, 'ledger', 'witnessed.json');
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { note: string };
  // One digit of the signature: no witness signed that, so nobody stated a time.
  const at = kept.note.length - 10;
  const altered = kept.note.slice(0, at) + (kept.note[at] === 'A' ? 'B' : 'A') + kept.note.slice(at + 1);
  writeFileSync(file, JSON.stringify({ ...kept, note: altered }));
  expect((await addFresh()).status).toBe(0);
  writeFileSync(file, '{}');
  expect((await addFresh()).stderr).toContain('log witness');
});
