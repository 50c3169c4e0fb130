// Keys that sign statements, as files and on record: the log says which one serves, whatever files lie there.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-keys-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const image = `sha256:${'a1'.repeat(32)}`;
const folder = join(home, 'ledger/keys/attestation');
const environment = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };

interface Answer {
  readonly exit: number | null;
  readonly json: Record<string, unknown> & { readonly id: string; readonly keyId: string };
  readonly stderr: string;
}

function stella(line: string, more: Record<string, string> = {}): Answer {
  const ran = spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...line.split(' '), '--json'], {
    cwd: home, encoding: 'utf8', input: '', env: { ...environment, ...more }, timeout: 120_000,
  });
  return { exit: ran.status, json: JSON.parse(ran.stdout) as Answer['json'], stderr: ran.stderr };
}

const attest = (more = '') => stella(`attest --subject ${image} --type https://example.org/p --predicate p.json --out out.json${more}`);
const newKey = () => stella('key new --use attestation').json.id;
const rows = () => (stella('key list').json['keys'] as { id: string; use: string; state: string; lastSize: number | null; vkey: string | null }[])
  .filter(({ use }) => use === 'attestation').map(({ id, state, lastSize, vkey }) => [id, state, lastSize, vkey]);
const size = () => stella('status').json['size'] as number;

beforeAll(() => {
  writeFileSync(join(home, 'p.json'), '{}');
  expect(stella('init --origin keys.example').exit).toBe(0);
}, 60_000);

describe('the key for attestations', () => {
  let [first, second] = ['', ''];

  test('made by a call that was killed before its entry, it is put on record by the next, and no other is made', { timeout: 120_000 }, () => {
    // What a kill leaves: the file, or half of a file under another name.
    first = newKey();
    writeFileSync(join(folder, '0000000000000000.key.new'), 'half a', { mode: 0o600 });
    expect(rows()).toEqual([[first, 'unused', null, null]]);
    const { exit, json, stderr } = attest();
    expect([exit, json.keyId]).toEqual([0, first]);
    expect(stderr).toContain('a new key for this ledger\'s attestations, entry 1: back up ');
    expect(attest()).toMatchObject({ exit: 0, json: { keyId: first }, stderr: '' });
    expect(size()).toBe(2);
    expect(rows()).toEqual([[first, 'attestation', null, null]]);
  });

  test('gives way to another in one step, which a file alone does not do', { timeout: 120_000 }, () => {
    expect(attest(' --public-key first.pem').exit).toBe(0);
    expect(stella('trust add --key first.pem')).toMatchObject({ exit: 0, json: { index: 2 } });
    // Several, so that one of them has a name before the serving one's.
    const unused = Array.from({ length: 3 }, newKey);
    expect(attest().json.keyId).toBe(first);
    second = unused[0] as string;
    expect(stella('key new --use signing')).toMatchObject({ exit: 2 });
    const rotated = stella(`key rotate ${second} --reason superseded`);
    const answer = { index: 3, use: 'attestation', to: second, retired: [first], reason: 'superseded', lastSize: 3, size: 5 };
    expect(rotated).toMatchObject({ exit: 0, json: answer });
    expect(rotated.stderr).toContain(`entry 2 still trusts ${first.slice(0, 16)}…: `);
    expect(rows()).toEqual([
      [second, 'attestation', null, null], ...unused.slice(1).sort().map((id) => [id, 'unused', null, null]), [first, 'retired', 3, null],
    ]);
    expect(attest().json.keyId).toBe(second);
    for (const id of [first, second]) expect(stella(`key rotate ${id}`)).toMatchObject({ exit: 3, json: { error: { code: 'KEY_TAKEN' } } });
    expect(size()).toBe(5);
  });

  test('is not another one because its file is not here, nor the one before it', { timeout: 120_000 }, () => {
    const file = join(folder, `${second.slice(0, 16)}.key`);
    renameSync(file, join(home, 'lost.key'));
    expect(attest()).toMatchObject({ exit: 6, json: { error: { code: 'KEY_MISSING' } } });
    expect(stella('export pack --full --out full.zip')).toMatchObject({ exit: 6, json: { error: { code: 'KEY_MISSING' } } });
    renameSync(join(home, 'lost.key'), file);
    expect(attest().json.keyId).toBe(second);
    expect(stella('export pack --full --out full.zip')).toMatchObject({ exit: 0 });
    writeFileSync(join(home, 'log.vkey'), `${stella('status').json['vkey'] as string}\n`);
    rmSync(file);
    const third = newKey();
    expect(stella(`key rotate ${third} --reason lost`)).toMatchObject({ exit: 0, json: { retired: [second], reason: 'lost' } });
    expect(attest().json.keyId).toBe(third);
    // What the lost key signed stays good.
    expect(stella('verify full.zip --key log.vkey')).toMatchObject({ exit: 0, json: { verdict: 'OK' } });
  });

  test('one that does not open is not put on record', { timeout: 120_000 }, () => {
    const [before, other] = [size(), stella('key new --use attestation', { STELLA_PASSPHRASE: 'another' }).json.id];
    expect(stella(`key rotate ${other}`)).toMatchObject({ exit: 6, json: { error: { code: 'KEY_PASSPHRASE_WRONG' } } });
    expect(size()).toBe(before);
    rmSync(join(folder, `${other.slice(0, 16)}.key`));
  });

  test('retired without a successor: the next call that needs one takes or makes another', { timeout: 120_000 }, () => {
    const { keyId } = attest().json;
    expect(stella(`key retire ${keyId}`)).toMatchObject({ exit: 2 });
    expect(stella(`key retire ${keyId} --reason compromised`)).toMatchObject({ exit: 0, json: { key: keyId, reason: 'compromised' } });
    expect(stella(`key retire ${keyId} --reason compromised`)).toMatchObject({ exit: 3, json: { error: { code: 'KEY_UNKNOWN' } } });
    expect(stella('key retire 00 --reason lost')).toMatchObject({ exit: 2 });
    const unused = rows().filter(([, state]) => state === 'unused').map(([id]) => id);
    const next = attest().json.keyId;
    expect(unused).toContain(next);
    expect(rows()[0]).toEqual([next, 'attestation', null, null]);
  });
});

test('a checkpoint key gives way to none that does something else, nor to a file that is no key', { timeout: 120_000 }, () => {
  const keys = join(home, 'ledger/keys');
  const { keyId } = attest().json;
  const [signing] = (stella('key list').json['keys'] as { id: string; use: string }[]).filter(({ use }) => use === 'checkpoint');
  const before = size();
  const copy = join(keys, 'copy.key');
  renameSync(join(folder, `${keyId.slice(0, 16)}.key`), copy);
  expect(stella(`key rotate ${keyId}`)).toMatchObject({ exit: 3, json: { error: { code: 'KEY_TAKEN', hint: 'make another with "stella key new"' } } });
  expect(stella(`key rotate ${signing?.id}`)).toMatchObject({ exit: 3, json: { error: { code: 'KEY_TAKEN' } } });
  copyFileSync(copy, join(folder, `${keyId.slice(0, 16)}.key`));
  expect(stella(`key rotate ${keyId}`)).toMatchObject({ exit: 2, json: { error: { message: expect.stringContaining('copy.key') } } });
  writeFileSync(copy, 'no key at all\n');
  const error = { code: 'KEY_FILE_INVALID', message: expect.stringContaining('copy.key') };
  expect(stella(`key rotate ${signing?.id}`)).toMatchObject({ exit: 6, json: { error } });
  rmSync(copy);
  expect(size()).toBe(before);
  const next = stella('key new').json.id;
  expect(stella(`key rotate ${next}`)).toMatchObject({ exit: 0, json: { use: 'checkpoint', to: next } });
  expect(stella(`key rotate ${signing?.id}`)).toMatchObject({ exit: 3, json: { error: { code: 'KEY_TAKEN' } } });
  expect(size()).toBe(before + 1);
});

test('a person\'s key ends, and the person goes on with a new one', { timeout: 120_000 }, () => {
  const person = stella('person add ann').json as unknown as { key: string; person: string };
  const asked = `waiver request CVE-2026-0001 --subject ${image} --owner ann --expires 2999-12-31 --justification planned --as ann --id`;
  expect(stella(`${asked} w-1`).exit).toBe(0);
  expect(stella('person add ann')).toMatchObject({ exit: 3, json: { error: { code: 'PERSON_KEY_TAKEN' } } });
  expect(stella(`key retire ${person.key.slice(0, 12)} --reason lost`)).toMatchObject({ exit: 0, json: { key: person.key } });
  expect(stella(`${asked} w-2`)).toMatchObject({ exit: 3, json: { error: { code: 'PERSON_UNKNOWN' } } });
  const again = stella('person add ann').json as unknown as { key: string; person: string };
  expect([again.person, again.key === person.key]).toEqual([person.person, false]);
  expect(stella(`${asked} w-2`)).toMatchObject({ exit: 0, json: { assurance: 'signed' } });
  expect(readdirSync(join(home, 'ledger/keys/persons')).sort()).toEqual([`ann.${person.key.slice(0, 16)}.retired`, 'ann.json', 'ann.key']);
  expect(stella('waiver show w-1')).toMatchObject({ exit: 0, json: { acts: [{ holds: true }] } });
  expect(stella('fsck')).toMatchObject({ exit: 0, json: { faults: [] } });
});
