// The command line as a stranger meets it: help, wrong calls, refusals, the JSON contract, and a ledger moved about.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../cli/commands.ts';
import { EXIT } from '../../cli/exit.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-cli-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function stella(args: string, env: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args.split(' ')], {
    cwd: home,
    encoding: 'utf8',
    timeout: 60_000,
    input: '',
    env: { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE_FILE: 'pass', XDG_STATE_HOME: join(home, 'state'), ...env },
  });
}

function json(args: string, env: Record<string, string> = {}): Record<string, unknown> {
  const { stdout } = stella(`${args} --json`, env);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Starts a server and waits for its address. */
async function serve(args: string): Promise<{ url: string; stop: () => void }> {
  const env = { PATH: process.env['PATH'] ?? '', XDG_STATE_HOME: join(home, 'state') };
  const child = spawn(process.execPath, [join(root, 'cli/stella.js'), ...args.split(' ')], { cwd: home, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  for await (const part of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    printed += part;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    if (url !== undefined) return { url, stop: () => void child.kill('SIGTERM') };
  }
  throw new Error(`the server ended: ${printed}`);
}

describe('help', () => {
  test('every command has a line in the overview, help with examples, and a row in spec/cli.md', async () => {
    const overview = stella('--help');
    expect(overview.status).toBe(0);
    const page = readFileSync(join(root, 'spec/cli.md'), 'utf8');
    for (const { words, summary, load } of COMMANDS) {
      expect(overview.stdout).toContain(`  ${words} `);
      expect(overview.stdout).toContain(summary);
      const command = await load();
      expect(command.examples.length).toBeGreaterThan(0);
      for (const [line, what] of command.examples) {
        expect(line).toContain(`stella ${words}`);
        expect(what).not.toBe('');
      }
      for (const { help } of Object.values(command.options)) expect(help).not.toBe('');
      expect(page).toContain(`| \`${words}\` |`);
    }
  });

  test('the table of exit codes in spec/cli.md is the table in the code', () => {
    const page = readFileSync(join(root, 'spec/cli.md'), 'utf8');
    for (const [name, code] of Object.entries(EXIT)) expect(page).toContain(`| ${code} | ${name} |`);
  });
});

describe('a wrong call', () => {
  test.each([
    ['nothing', 2, 'no such command'],
    ['key', 2, 'needs one more word'],
    ['show', 2, 'name one thing'],
    ['show 01', 2, '"01" is not an index'],
    ['show 1 --nosuch', 2, '--nosuch'],
    ['verify', 2, 'name one file'],
    ['log consistency', 2, '--since'],
    ['recover', 2, '--from'],
    ['verify /nowhere/at/all', 6, 'no such file'],
    ['status --ledger nowhere', 6, 'stella init'],
  ])('stella %s ends with %i and says "%s"', (args, status, said) => {
    const ran = stella(args);
    expect(ran.stderr).toContain(said);
    expect(ran.status).toBe(status);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });
});

describe('one ledger', { timeout: 120_000 }, () => {
  beforeAll(() => {
    writeFileSync(join(home, 'pass'), 'for tests\n', { mode: 0o600 });
    writeFileSync(join(home, 'a.txt'), 'a\n');
    expect(json('init --origin cli.ledger.test')).toMatchObject({ ok: true, exit: 0, command: 'init', size: 1 });
    expect(json('add a.txt')).toMatchObject({ ok: true, entries: [{ file: 'a.txt', index: 1, repeated: false }] });
  }, 120_000);

  test('is refused a second time, and without its passphrase', () => {
    expect(json('init')).toMatchObject({ ok: false, exit: 4, error: { code: 'ANCHOR_TAKEN' } });
    writeFileSync(join(home, 'wrong'), 'another\n');
    expect(json('add a.txt', { STELLA_PASSPHRASE_FILE: 'wrong' })).toMatchObject({ exit: 6, error: { code: 'KEY_PASSPHRASE_WRONG' } });
    expect(json('add a.txt', { STELLA_PASSPHRASE_FILE: '' })).toMatchObject({ ok: false });
  });

  test('a tag is no subject, and an entry that is not there is named', () => {
    const tag = json('add a.txt --subject registry.test/app:1.0');
    expect(tag).toMatchObject({ exit: 3, error: { code: 'INPUT_MALFORMED', hint: expect.stringContaining('digest') } });
    expect(json('show 99')).toMatchObject({ exit: 3, error: { code: 'ENTRY_MISSING' } });
  });

  test('a copied ledger that was started elsewhere stops the first one; a mirror brings the entries back', async () => {
    cpSync(join(home, 'ledger'), join(home, 'copy'), { recursive: true });
    // The copy names the same anchor: its start takes the next epoch, and its entry moves the head.
    writeFileSync(join(home, 'b.txt'), 'b\n');
    expect(json('add b.txt --ledger copy')).toMatchObject({ ok: true });
    expect(json('add a.txt')).toMatchObject({ exit: 4, error: { code: 'LOG_ROLLED_BACK' } });
    const status = json('status');
    expect(status).toMatchObject({ exit: 4, able: false, stored: 2, anchored: { size: 3 }, refusal: { code: 'LOG_ROLLED_BACK' } });
    const mirror = await serve('serve --ledger copy --port 0');
    try {
      expect(json(`recover --from ${mirror.url}`)).toMatchObject({ ok: true, before: 2, size: 3, payloads: 0 });
    } finally {
      mirror.stop();
    }
    // Tiles hold entries, not documents: those come from a directory.
    expect(json('fsck')).toMatchObject({ ok: true, faults: [], payloadsMissing: 1 });
    expect(json('recover --from copy')).toMatchObject({ ok: true, before: 3, size: 3, payloads: 1 });
    expect(json('fsck')).toMatchObject({ ok: true, faults: [], payloadsMissing: 0 });
  });

  test('a lost anchor is refused, and comes back from a head that somebody kept', () => {
    stella('log checkpoint --out kept.checkpoint');
    const { anchor } = json('status') as { anchor: string };
    rmSync(anchor);
    expect(json('add a.txt')).toMatchObject({ exit: 4, error: { code: 'ANCHOR_MISSING' } });
    expect(json('status')).toMatchObject({ exit: 4, refusal: { code: 'ANCHOR_MISSING' } });
    expect(json('recover --checkpoint kept.checkpoint')).toMatchObject({ ok: true, anchored: 3 });
    expect(json('status')).toMatchObject({ ok: true, able: true });
  });
});

/** A Node on this machine that is too old for the ledger, or null. */
const older = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'node')).find((node) => {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  return major !== undefined && (Number(major) < 22 || (Number(major) === 22 && Number(minor) < 18));
});

test.skipIf(older === undefined)('an older Node is told what is missing, where a checkout brings no newer one', () => {
  mkdirSync(join(home, 'alone/cli'), { recursive: true });
  cpSync(join(root, 'cli/stella.js'), join(home, 'alone/cli/stella.js'));
  writeFileSync(join(home, 'alone/package.json'), '{"type":"module"}');
  const ran = spawnSync(older as string, [join(home, 'alone/cli/stella.js'), 'status'], { encoding: 'utf8' });
  expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining('stella needs Node 22.18 or newer')]);
});

test.skipIf(older === undefined)('an older Node hands over to the one that the checkout brings', () => {
  const ran = spawnSync(older as string, [join(root, 'cli/stella.js'), '--version'], { encoding: 'utf8' });
  expect([ran.status, ran.stdout]).toEqual([0, expect.stringMatching(/^stella \d+\.\d+\.\d+\n$/)]);
});
