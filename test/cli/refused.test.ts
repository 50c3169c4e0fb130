// Calls that are refused for what the call or the ledger says: they leave no entry and no file behind, a new key least of all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-refused-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const image = `sha256:${'a1'.repeat(32)}`;

function json(line: string): Record<string, unknown> {
  const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };
  const { stdout } = spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...line.split(' '), '--json'], { cwd: home, encoding: 'utf8', input: '', env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** How many entries there are, and every file of keys, secrets and payloads. */
const left = () => [
  json('status')['size'],
  readdirSync(join(home, 'ledger'), { recursive: true }).map(String).filter((name) => /^(keys|payloads|secrets)/.test(name)).sort(),
];
let [sealed, before] = [0, [] as unknown[]];

beforeAll(() => {
  writeFileSync(join(home, 'p.json'), '{}');
  writeFileSync(join(home, 'big.json'), '{"a":12345678901234567890123}');
  writeFileSync(join(home, 'words.txt'), 'words');
  json('init --origin refused.example');
  json('person add ann');
  sealed = (json(`add --seal --subject ${image} words.txt`)['entries'] as { index: number }[])[0]?.index as number;
  expect(json(`hold place --artifact ${image} --basis audit`)).toMatchObject({ ok: true });
  expect(readdirSync(join(home, 'ledger/keys'))).not.toContain('attestation');
  before = left();
}, 60_000);

const waiver = `--subject ${image} --expires 2999-12-31 --justification why`;
const vex = `vex set CVE-2026-1 --subject ${image} --status`;

test.each([
  ['an owner who is nobody', 'PERSON_UNKNOWN', `waiver request CVE-2026-1 ${waiver} --owner nobody-known`],
  ['an end that is past', 'WAIVER_INVALID', `waiver request CVE-2026-1 --subject ${image} --justification why --owner ann --expires 2020-01-01`],
  ['a spelling that no advisory has', 'WAIVER_INVALID', `waiver request cve-2026-1 ${waiver} --owner ann`],
  ['an id of another grammar', 'EVENT_INVALID', `waiver request CVE-2026-1 ${waiver} --owner ann --id Not_An_Id`],
  ['a waiver that is not there', 'WAIVER_UNKNOWN', 'waiver approve w-none'],
  ['a waiver that is not there', 'WAIVER_UNKNOWN', 'waiver revoke w-none --reason fixed --justification why'],
  ['VEX in a spelling that no advisory has', 'EVIDENCE_INVALID', `vex set cve-2026-1 --subject ${image} --status fixed`],
  ['VEX that breaks the rules of VEX', 'INPUT_MALFORMED', `${vex} not_affected`],
  ['VEX about no vulnerability id', 'EVIDENCE_INVALID', `vex set ?? --subject ${image} --status fixed`],
  ['a contract that nobody published', 'CONTRACT_UNKNOWN', `contract assign none --subject ${image}`],
  ['a bundle of a ledger that takes no Rekor entries', 'ENTRY_KIND_UNKNOWN', `attest --subject ${image} --type urn:example:p --predicate p.json --bundle`],
  ['a predicate that no signature can be made over', 'INPUT_NOT_CANONICAL', `attest --subject ${image} --type urn:example:p --predicate big.json`],
  ['a kit of a feed that was never imported', 'SNAPSHOT_UNKNOWN', 'kit create --builder https://x.example/k --out o.kit'],
  ['a pack of a decision that is not there', 'ENTRY_MISSING', 'export pack --decision 99'],
  ['a pack of what is no decision', 'ENTRY_MISSING', 'export pack --decision 1'],
  ['a pack of an artifact that nothing is about', 'SUBJECT_UNKNOWN', `export pack --artifact sha256:${'b2'.repeat(32)}`],
  ['a hold on an entry that is not there', 'ENTRY_MISSING', 'hold place --entry 99 --basis audit --justification why'],
  ['a hold on what is no stream', 'USAGE', 'hold place --stream nonsense --basis audit --justification why'],
  ['erasing before its time is over', 'RETENTION_RUNS', 'erase SEALED --basis not-needed'],
  ['erasing what is held', 'PAYLOAD_HELD', 'erase SEALED --basis court-order'],
  ['erasing what is not there', 'ENTRY_MISSING', 'erase 99 --basis court-order'],
])('%s: %s, and nothing is left behind', { timeout: 60_000 }, (_, code, line) => {
  expect(json(line.replace('SEALED', String(sealed)))).toMatchObject({ ok: false, error: { code } });
  expect(left()).toEqual(before);
});
