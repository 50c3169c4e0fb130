// The evidence commands as processes: exit codes and JSON, in a directory of their own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attestation, cyclonedx, image, newKey } from '../actions/kit.ts';

const stellaFile = fileURLToPath(new URL('../../cli/stella.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'stella-cli-'));
const environment = { ...process.env, STELLA_LEDGER: 'ledger', STELLA_PASSPHRASE_FILE: 'passphrase', XDG_STATE_HOME: join(directory, 'state') };

interface Answer {
  readonly exit: number | null;
  readonly json: Record<string, unknown>;
  readonly stderr: string;
}

function stella(...args: string[]): Answer {
  const ran = spawnSync(process.execPath, [stellaFile, ...args, '--json'], { cwd: directory, env: environment, encoding: 'utf8', timeout: 60_000 });
  return { exit: ran.status, json: JSON.parse(ran.stdout) as Record<string, unknown>, stderr: ran.stderr };
}

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

beforeAll(async () => {
  write('passphrase', 'test\n');
  write('app.cdx.json', cyclonedx());
  write('tag.cdx.json', cyclonedx({ metadata: { component: { type: 'container', name: 'app', version: 'latest' } } }));
  write('wrong.cdx.json', cyclonedx({ components: [{ name: 'zlib' }] }));
  write('newer.cdx.json', cyclonedx({ specVersion: '9.9' }));
  write('broken.cdx.json', cyclonedx().slice(0, -1));
  write('note.txt', 'hello\n');
  const { author, pem } = newKey();
  write('signer.pub', pem);
  write('signed.json', await attestation(author));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('inspect needs no ledger, and its exit code is the verdict', () => {
  test.each([
    ['app.cdx.json', 0, { format: 'cyclonedx', version: '1.6', verdict: 'valid', would: { events: ['sbom.ingested'] } }],
    ['tag.cdx.json', 0, { verdict: 'valid', would: { refusal: { code: 'SUBJECT_UNKNOWN' } } }],
    ['wrong.cdx.json', 1, { verdict: 'invalid_schema', deviations: [{ code: 'SCHEMA_VIOLATED' }], would: { refusal: { code: 'EVIDENCE_INVALID' } } }],
    ['newer.cdx.json', 5, { verdict: 'unsupported_version', would: { refusal: { code: 'EVIDENCE_VERSION_UNKNOWN' } } }],
    ['broken.cdx.json', 3, { verdict: 'refused', refusal: { code: 'INPUT_MALFORMED' }, would: { refusal: { code: 'INPUT_MALFORMED' } } }],
    ['note.txt', 0, { format: null, would: { events: ['document.stored'] } }],
    ['signed.json', 0, { format: 'attestation', signatures: [{ is: 'unverifiable', missing: 'key' }], would: { events: ['attestation.recorded'] } }],
  ])('%s', (file, exit, members) => {
    const answer = spawnSync(process.execPath, [stellaFile, 'inspect', file, '--json'], {
      cwd: directory, env: { ...environment, STELLA_LEDGER: undefined }, encoding: 'utf8', timeout: 60_000,
    });
    expect(answer.status).toBe(exit);
    expect(JSON.parse(answer.stdout)).toMatchObject({ command: 'inspect', exit, ...members });
  });
});

test('from a refusal to a signature that counts', { timeout: 120_000 }, () => {
  expect(stella('init').exit).toBe(0);
  expect(stella('add', 'note.txt', 'tag.cdx.json')).toMatchObject({ exit: 3, json: { error: { code: 'SUBJECT_UNKNOWN' } } });
  expect(stella('trust', 'add', '--key', 'signer.pub', '--from', '2020-01-01')).toMatchObject({ exit: 0, json: { index: 1, kind: 'key' } });
  expect(stella('add', 'app.cdx.json', 'signed.json', 'note.txt').json).toMatchObject({
    ok: true, size: 5,
    entries: [
      { type: 'sbom.ingested', index: 2, verdict: 'valid' },
      { type: 'attestation.recorded', index: 3, signatures: [{ is: 'verified', signers: [{ kind: 'key' }] }] },
      { type: 'document.stored', index: 4, format: null },
    ],
  });
  expect(stella('trust', 'list').json).toMatchObject({ trust: [{ entry: 1, kind: 'key', from: Date.UTC(2020, 0), to: null, removed: null }] });
  expect(stella('trust', 'remove', '1', '--reason', 'compromised')).toMatchObject({ exit: 0, json: { index: 5 } });
  expect(stella('trust', 'remove', '1', '--reason', 'compromised')).toMatchObject({ exit: 3, json: { error: { code: 'TRUST_UNKNOWN' } } });
  expect(stella('trust', 'list').json).toMatchObject({ trust: [] });
});

test('superseded: said once, and shown wherever it would have counted', { timeout: 120_000 }, () => {
  const where = { cwd: directory, env: environment, encoding: 'utf8', timeout: 60_000 } as const;
  const plain = (...args: string[]) => spawnSync(process.execPath, [stellaFile, ...args], where).stdout;
  write('later.cdx.json', cyclonedx({ version: 2 }));
  write('gate.rego', 'package gate\n\nimport rego.v1\n\ndefault allow := true\n');
  expect(stella('policy', 'publish', '--name', 'release', '--entrypoint', 'data.gate.allow', 'gate.rego')).toMatchObject({ exit: 0 });
  const { entries: [{ index: later }] } = stella('add', 'later.cdx.json').json as { entries: [{ index: number }] };
  expect(stella('evidence', 'supersede', String(later), '--reason', 'wrong')).toMatchObject({ exit: 2, json: { error: { code: 'USAGE' } } });
  const done = stella('evidence', 'supersede', String(later), '--reason', 'corrected', '--by', '2');
  const index = later + 1;
  const answered = { index, count: 1, superseded: later, type: 'sbom.ingested', reason: 'corrected', by: 2, alike: [], size: index + 1 };
  expect(done).toMatchObject({ exit: 0, json: answered });
  expect(stella('evidence', 'supersede', String(later), '--reason', 'mistaken')).toMatchObject({ exit: 3, json: { error: { code: 'EVIDENCE_SUPERSEDED' } } });
  expect(stella('evidence', 'supersede', '4', '--reason', 'mistaken')).toMatchObject({ exit: 3, json: { error: { code: 'EVIDENCE_UNKNOWN' } } });
  expect(stella('evidence', 'supersede', '2', '--by', '3', '--reason', 'mistaken')).toMatchObject({ exit: 3, json: { error: { code: 'SUCCESSOR_WRONG' } } });
  expect(stella('evidence', 'supersede', '999', '--reason', 'mistaken')).toMatchObject({ exit: 3, json: { error: { code: 'ENTRY_MISSING' } } });

  const superseded = { by: index, reason: 'corrected', successor: 2 };
  const words = `superseded by entry ${index}: corrected, entry 2 in its place`;
  expect(stella('show', String(later)).json).toMatchObject({ superseded });
  expect(stella('show', '2').json).not.toHaveProperty('superseded');
  expect(plain('show', String(later)).split('\n')[1]).toBe(words);
  expect(stella('add', 'later.cdx.json').json).toMatchObject({ entries: [{ index: later, repeated: true, superseded }] });
  expect(plain('add', 'later.cdx.json')).toContain(`       it counts no more: ${words}\n`);
  expect(plain('timeline', `sha256:${image}`)).toMatch(new RegExp(`^ +${index} .* evidence\\.superseded `));
  const gated = stella('gate', `sha256:${image}`, '--policy', 'release').json;
  expect(gated).toMatchObject({ superseded: [{ entry: later, type: 'sbom.ingested', ...superseded }] });
  expect(plain('decision', 'show', String(gated['decision']))).toContain(`  not counted: entry ${later}, sbom.ingested, ${words}\n`);
  expect(stella('fsck')).toMatchObject({ exit: 0, json: { faults: [] } });
});

test('attest with a key of the caller needs no ledger', async () => {
  const { generateKeyPairSync } = await import('node:crypto');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  write('key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  const answer = stella('attest', '--ledger', 'nowhere', '--sbom', 'app.cdx.json', '--key', 'key.pem', '--out', 'out.json');
  const predicateType = 'https://stella-ops.org/attestations/sbom/1';
  expect(answer).toMatchObject({ exit: 0, json: { predicateType, subjects: [`sha256:${image}`], out: 'out.json' } });
  expect(JSON.parse(readFileSync(join(directory, 'out.json'), 'utf8'))).toEqual(answer.json['attestation']);
  expect(stella('inspect', 'out.json', '--blob', 'app.cdx.json')).toMatchObject({ exit: 0, json: { blob: true } });
  expect(stella('inspect', 'out.json', '--blob', 'tag.cdx.json')).toMatchObject({ exit: 1, json: { blob: false } });
});

test.each([
  [['add']],
  [['inspect']],
  [['trust', 'add']],
  [['trust', 'add', '--key', 'signer.pub', '--from', '2026-02-30']],
  [['trust', 'add', '--issuer', 'https://issuer.example']],
  [['trust', 'remove', '1']],
  [['evidence', 'supersede', '1']],
  [['evidence', 'supersede', '--reason', 'mistaken']],
  [['evidence', 'supersede', '1', '--reason', 'mistaken', '--by', '01']],
  [['attest', '--sbom', 'app.cdx.json', '--type', 'x:y']],
  [['attest', '--predicate', 'app.cdx.json']],
  [['inspect', 'app.cdx.json', '--blob', 'app.cdx.json']],
])('%j is a wrong call', (args) => {
  expect(stella(...args)).toMatchObject({ exit: 2, json: { error: { code: 'USAGE' } } });
});
