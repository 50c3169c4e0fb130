// npm run demo: the main job on real input, in ./demo-ledger, which stays there for the reader to go on with.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const home = join(root, 'demo-ledger');
const marker = join(home, '.made-by-npm-run-demo');
const started = performance.now();
let chapters = 0;

if (existsSync(home)) {
  if (!existsSync(marker)) stop(`Cannot begin: ${home} exists and was not made by this demo; move it away`);
  rmSync(home, { recursive: true });
}
mkdirSync(home);
writeFileSync(marker, '');
// The anchor goes where a backup of demo-ledger would not take it along; here that is still the demo's own folder.
const environment = { ...process.env, STELLA_LEDGER: 'ledger', STELLA_PASSPHRASE_FILE: 'passphrase', XDG_STATE_HOME: join(home, 'state') };
writeFileSync(join(home, 'passphrase'), 'only for this demo\n', { mode: 0o600 });

chapter('A ledger: its own key, its own origin, and an anchor kept apart from the database.');
stella('init --origin demo.ledger.test');

chapter('Real input: what this repository is made of, as npm itself states it, and its lockfile.');
writeFileSync(join(home, 'sbom.cdx.json'), sbom());
cpSync(join(root, 'package-lock.json'), join(home, 'package-lock.json'));
// npm names its own project by name and version, which is no identity: what the SBOM is about is the lockfile it was made from.
const lockfile = `sha256:${createHash('sha256').update(readFileSync(join(home, 'package-lock.json'))).digest('hex')}`;
stella(`add --subject ${lockfile} sbom.cdx.json package-lock.json`);
stella(`add --subject ${lockfile} sbom.cdx.json`);
note('The second time it is the same event: evidence is recognised, and the original receipt comes back.');

chapter('A receipt proves that entry 1 is in the log. It verifies with no network, no account, no server.');
stella('log prove 1 --out receipt.json');
stella('log checkpoint --out first.checkpoint');
writeFileSync(join(home, 'log.vkey'), `${vkey()}\n`);
stella('verify receipt.json --key log.vkey --document sbom.cdx.json');

chapter('One byte of the document changed: the verifier refuses.');
const changed = readFileSync(join(home, 'sbom.cdx.json'));
changed[100] = (changed[100] as number) ^ 1;
writeFileSync(join(home, 'changed.cdx.json'), changed);
stella('verify receipt.json --key log.vkey --document changed.cdx.json', 1);

chapter('One byte of the receipt changed: the verifier refuses.');
const receipt = JSON.parse(readFileSync(join(home, 'receipt.json'), 'utf8')) as { entry: string };
const entry = Uint8Array.from(atob(receipt.entry), (character) => character.charCodeAt(0));
entry[40] = (entry[40] as number) ^ 1;
writeFileSync(join(home, 'changed-receipt.json'), JSON.stringify({ ...receipt, entry: btoa(String.fromCharCode(...entry)) }));
stella('verify changed-receipt.json --key log.vkey', 1);

chapter('The log only grows: what was signed before is a prefix of what is signed now.');
cpSync(join(home, 'ledger'), join(home, 'backup'), { recursive: true });
writeFileSync(join(home, 'release-notes.txt'), 'Version 1 is out.\n');
stella('add release-notes.txt');
stella('log consistency --since first.checkpoint');

chapter('An old backup is restored over the ledger: it refuses to sign, and says what is missing and what to do.');
renameSync(join(home, 'ledger'), join(home, 'ledger-before-the-accident'));
cpSync(join(home, 'backup'), join(home, 'ledger'), { recursive: true });
stella('add release-notes.txt', 4);
stella('status', 4);

chapter('The missing entries come back from a copy whose root matches; then the ledger signs again.');
stella('recover --from ledger-before-the-accident');
stella('fsck');
rmSync(join(home, 'backup'), { recursive: true });

const seconds = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`\nDone in ${seconds} s. Go on there:\n\n  cd ${relative(process.cwd(), home) || '.'}\n`);
process.stdout.write('  export STELLA_LEDGER=ledger STELLA_PASSPHRASE_FILE=passphrase XDG_STATE_HOME=$PWD/state\n');
process.stdout.write('  ../cli/stella.js log\n');

/** Runs one command as a reader would, shows it and what it prints, and stops the demo on another exit code. */
function stella(line: string, exit = 0): void {
  process.stdout.write(`\n$ stella ${line}\n`);
  const ran = spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...line.split(' ')], { cwd: home, env: environment, encoding: 'utf8' });
  process.stdout.write(ran.stdout + ran.stderr);
  if (ran.status !== exit) stop(`stella ${line} ended with ${ran.status}, expected ${exit}`);
  if (exit !== 0) process.stdout.write(`(exit code ${exit})\n`);
}

function vkey(): string {
  const args = [join(root, 'cli/stella.js'), 'key', 'list', '--json'];
  const answer = JSON.parse(spawnSync(process.execPath, args, { cwd: home, env: environment, encoding: 'utf8' }).stdout) as { keys: { vkey: string }[] };
  return (answer.keys[0] as { vkey: string }).vkey;
}

/** This repository's own SBOM, as npm writes it (CycloneDX). */
function sbom(): string {
  const npm = process.env['npm_execpath'];
  const [command, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const ran = spawnSync(command, [...args, 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (ran.status !== 0) stop(`npm sbom ended with ${ran.status}: ${ran.stderr}`);
  return ran.stdout;
}

function chapter(text: string): void {
  chapters += 1;
  process.stdout.write(`\n${chapters}. ${text}\n`);
}

function note(text: string): void {
  process.stdout.write(`   ${text}\n`);
}

function stop(why: string): never {
  process.stderr.write(`\n${why}\n`);
  process.exit(1);
}
