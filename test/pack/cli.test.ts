// Packs on the command line: exported, checked by the command and by the program in the pack, with no network interface, on an older Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { membersOf } from './kit.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-pack-cli-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const artifact = `sha256:${'a1'.repeat(32)}`;
const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };

function run(program: string, args: readonly string[]) {
  return spawnSync(program, args, { cwd: home, encoding: 'utf8', timeout: 120_000, input: '', env });
}
const stella = (args: string) => run(process.execPath, [join(root, 'cli/stella.js'), ...args.split(' ')]);
const json = (args: string) => JSON.parse(stella(`${args} --json`).stdout) as Record<string, unknown>;
const read = (name: string) => new Uint8Array(readFileSync(join(home, name)));

beforeAll(() => {
  expect(stella('init --origin pack.example').status).toBe(0);
  writeFileSync(join(home, 'notes.txt'), 'notes\n');
  expect(stella(`add --subject ${artifact} notes.txt`).status).toBe(0);
  // Somebody else's, which no pack of the artifact holds.
  writeFileSync(join(home, 'others.txt'), 'of another\n');
  expect(stella(`add --subject sha256:${'b2'.repeat(32)} others.txt`).status).toBe(0);
  writeFileSync(join(home, 'log.vkey'), `${(json('status') as { vkey: string }).vkey}\n`);
  const exported = json(`export pack --artifact ${artifact} --out a.zip`);
  expect(exported).toMatchObject({ ok: true, scope: { kind: 'artifact', artifact }, payloads: 1, withheld: [], receipt: 'a.zip.receipt.json' });
  expect(exported['sha256']).toBe(createHash('sha256').update(read('a.zip')).digest('hex'));
  for (const [name, bytes] of membersOf(read('a.zip'))) if (name.endsWith('.mjs')) writeFileSync(join(home, name), bytes);
}, 120_000);

/** Every Node at hand, the oldest that the programs promise among them where it is there. */
const nodes = (process.env['PATH'] ?? '').split(':').map((place) => join(place, 'node')).filter((node, i, all) => existsSync(node) && all.indexOf(node) === i);

test('the whole log in a pack: each decision is made again from it, and all documents are as the ledger has them', () => {
  const [denied, again] = [json(`gate ${artifact} --policy none`), json(`gate ${artifact} --policy none`)];
  expect([denied, again]).toMatchObject([{ exit: 1 }, { exit: 1 }]);
  expect(json('export pack --full --out full.zip')).toMatchObject({ ok: true, scope: { kind: 'period', start: 0 } });
  expect(stella(`export pack --full --artifact ${artifact}`).status).toBe(2);
  const all = json('replay full.zip --key log.vkey --full') as { decisions: { decision: number; notes: string[] }[] };
  expect(all).toMatchObject({ ok: true, verdict: 'SAME', counts: { SAME: 2, DRIFT: 0, CANNOT: 0 }, level: 'AUDITED' });
  // Every entry is in it: the command, and the program without a ledger, say what a full reader may.
  const verified = json('verify full.zip --key log.vkey');
  expect(verified).toMatchObject({ verdict: 'OK', level: 'AUDITED' });
  expect(verified['proven']).toContain('every entry is there: streams, index and trees were recomputed from them');
  expect(run(process.execPath, ['verify.mjs', 'full.zip', '--key', 'log.vkey']).stdout).toMatch(/^YES {2}AUDITED {2}entries 0 to /);
  expect(all.decisions.map(({ decision }) => decision)).toEqual([denied['decision'], again['decision']]);
  const last = json(`replay ${again['decision']} --full`);
  expect(last).toMatchObject({ verdict: 'SAME', notes: [expect.stringMatching(/ entries read: documents [0-9a-f]{64}$/)] });
  expect(all.decisions[1]?.notes).toEqual(last['notes']);
  expect(json('replay a.zip --key log.vkey')).toMatchObject({ exit: 5, code: 'DECISION_UNKNOWN' });
  expect(json('fsck')).toMatchObject({ ok: true, faults: [] });
});

describe('verify', () => {
  test('with the key: yes, with what is proven; without: all holds, and whose log it is was not proven', () => {
    expect(json('verify a.zip --key log.vkey')).toMatchObject({ verdict: 'OK', exit: 0, level: 'HEAD', exported: { index: 5 } });
    expect(json('verify a.zip')).toMatchObject({ verdict: 'TRUST_EMPTY', exit: 5, level: 'HEAD' });
    const digest = createHash('sha256').update(read('replay.mjs')).digest('hex');
    expect(stella('verify a.zip --key log.vkey').stdout).toContain(`  not vouched for: the program replay.mjs, sha256:${digest}; compare it`);
    expect(json('verify a.zip --key log.vkey --audit ledger')).toMatchObject({ verdict: 'OK', level: 'AUDITED' });
    expect(json('verify a.zip --key log.vkey --receipt nothing.json')).toMatchObject({ ok: false, error: { code: 'ENOENT' } });
  });

  test.each(nodes)('the program in the pack says the same: %s', (node) => {
    const same = JSON.parse(stella('verify a.zip --key log.vkey --json').stdout) as Record<string, unknown>;
    const { status, stdout, stderr } = run(node, ['verify.mjs', 'a.zip', '--key', 'log.vkey', '--json']);
    expect([status, stderr]).toEqual([0, '']);
    const { program, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ ...rest, exit: 0 }).toEqual(same);
    expect(program).toBe(createHash('sha256').update(read('verify.mjs')).digest('hex'));
    const lines = (text: string) => text.split('\n').filter((line) => line.startsWith('YES') || line.startsWith('     '));
    expect(lines(run(node, ['verify.mjs', 'a.zip', '--key', 'log.vkey']).stdout)).toEqual(lines(stella('verify a.zip --key log.vkey').stdout));
    expect(run(node, ['verify.mjs', 'a.zip']).status).toBe(5);
    expect(run(node, ['verify.mjs']).status).toBe(2);
    expect(run(node, ['verify.mjs', 'log.vkey', '--key', 'log.vkey']).stdout).toContain('NO  EVIDENCE_MALFORMED');
  });

  test('a reader who does not listen changes no status, of the command nor of the program', () => {
    const quiet = (program: string, file: string) => {
      const line = `set -o pipefail; "${process.execPath}" "${program}" ${file} --key log.vkey 2>errors.txt | true`;
      return [run('bash', ['-c', line]).status, new TextDecoder().decode(read('errors.txt'))];
    };
    writeFileSync(join(home, 'cut.zip'), read('a.zip').subarray(1));
    for (const program of ['verify.mjs', `${join(root, 'cli/stella.js')}" "verify`]) {
      expect([quiet(program, 'a.zip'), quiet(program, 'cut.zip')]).toEqual([[0, ''], [1, '']]);
    }
  }, 60_000);

  test('one byte changed: no', () => {
    const bytes = read('a.zip');
    const at = new TextDecoder('latin1').decode(bytes).indexOf('notes\n');
    bytes[at] = 0x4e;
    writeFileSync(join(home, 'changed.zip'), bytes);
    expect(json('verify changed.zip --key log.vkey')).toMatchObject({ verdict: 'PACK_MEMBER_CHANGED', exit: 1 });
    expect(run(process.execPath, ['verify.mjs', 'changed.zip', '--key', 'log.vkey']).stdout).toContain('NO  PACK_MEMBER_CHANGED');
  });

  const alone = spawnSync('unshare', ['-n', 'true']).status === 0;
  test.skipIf(!alone)('with no network interface at all (not run where a namespace is not permitted)', () => {
    const { status, stdout } = run('unshare', ['-n', process.execPath, 'verify.mjs', 'a.zip', '--key', 'log.vkey']);
    expect([status, stdout.split(' ')[0]]).toEqual([0, 'YES']);
    expect(run('unshare', ['-n', process.execPath, join(root, 'cli/stella.js'), 'verify', 'a.zip', '--key', 'log.vkey']).status).toBe(0);
  });

  test('the program holds no way to the network', () => {
    const text = readFileSync(join(home, 'verify.mjs'), 'utf8');
    const modules = new Set([...text.matchAll(/(?:from|import|require\()\s*["'](?:node:)?([a-z_/]+)["']/g)].map((match) => match[1]));
    // Digests, the pack's file, the command line, check sums: none of them opens a connection.
    expect([...modules].sort()).toEqual(['crypto', 'fs', 'util', 'zlib']);
    expect(text.match(/\bfetch\(|XMLHttpRequest|WebSocket|EventSource/g)).toBeNull();
  });
});

// A store's packages are 270 files, and opening them a tenth of what a replay takes.
test.each(['replay', 'verify'])('"stella %s" of a pack opens no store: what does is loaded where it is asked for', async (name) => {
  const entry = `cli/commands/${name}.ts`;
  const { metafile: { inputs } } = await build({
    absWorkingDir: root, entryPoints: [entry], bundle: true, write: false, metafile: true, format: 'esm', platform: 'node', packages: 'external',
  });
  const found = new Set([entry]);
  for (const file of found) for (const { path, kind } of inputs[file]?.imports ?? []) if (kind !== 'dynamic-import') found.add(path);
  expect([...found]).toContain('verify/pack/verify.ts');
  expect([...found].filter((path) => ['better-sqlite3', 'kysely', 'pg'].includes(path))).toEqual([]);
});

describe('after a rotation of the log\'s key', () => {
  test('the present key and an update show that the pack is of this log', () => {
    const { id } = json('key new') as { id: string };
    expect(json(`key rotate ${id}`)).toMatchObject({ ok: true });
    writeFileSync(join(home, 'new.vkey'), `${(json('status') as { vkey: string }).vkey}\n`);
    expect(json('log consistency --since a.zip --out now.update')).toMatchObject({ ok: true, verdict: 'OK' });
    expect(json('verify a.zip --key new.vkey')).toMatchObject({ verdict: 'SIGNATURE_MISSING', exit: 1 });
    // The receipt beside it is of the old key as well, and no update begins at its size: it shows nothing today, and refuses nothing.
    const lacks = 'that the log recorded this pack: the receipt\'s own checkpoint gives KEY_RETIRED; ask for "stella log prove 5"';
    const [old, fresh] = [read('a.zip.receipt.json'), 'verify a.zip --key new.vkey --update now.update'];
    expect(json(fresh)).toMatchObject({ verdict: 'OK', level: 'HEAD', exported: null, notProven: expect.arrayContaining([lacks]) });
    expect(stella('log prove 5 --out a.zip.receipt.json').status).toBe(0);
    expect(json(fresh)).toMatchObject({ verdict: 'OK', exported: { index: 5 }, notProven: expect.not.arrayContaining([lacks]) });
    writeFileSync(join(home, 'a.zip.receipt.json'), old);
    expect(run(process.execPath, ['verify.mjs', 'a.zip', '--key', 'new.vkey', '--update', 'now.update']).status).toBe(0);
    rmSync(join(home, 'a.zip.receipt.json'));
    expect(json(fresh)).toMatchObject({ verdict: 'OK', level: 'HEAD' });
    expect(json('verify a.zip --retired log.vkey --key new.vkey')).toMatchObject({ verdict: 'KEY_RETIRED', exit: 5 });
  });
});

describe('export', () => {
  test('again: the same bytes', () => {
    expect(json('export pack --again 5 --out again.zip')).toMatchObject({ ok: true, index: 5 });
    expect(read('again.zip')).toEqual(read('a.zip'));
  });

  test.each([
    ['export pack', 2], [`export pack --artifact ${artifact} --decision 1`, 2], ['export pack --from 2026-01-01', 2],
    ['export pack --from 2026-02-01 --to 2026-01-01', 2], ['export pack --decision 1', 3], ['export pack --from 2001-01-01 --to 2001-01-02', 3],
    [`export pack --artifact sha256:${'00'.repeat(32)}`, 3], ['export pack --again 1', 3],
  ])('%s: exit code %i', (args, status) => {
    expect(stella(args).status).toBe(status);
  });
});
