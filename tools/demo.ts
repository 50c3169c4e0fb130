// npm run demo: the main job on real input, in ./demo-ledger, which stays there for the reader to go on with.
//
// `node tools/demo.ts DIR` does the same in another directory, as the test of the transcript in the README does.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { concatBytes } from '../ledger/bytes.ts';
import { memorySource, readZip } from '../verify/pack/zip-reader.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const home = resolve(process.argv[2] ?? join(root, 'demo-ledger'));
const marker = join(home, '.made-by-npm-run-demo');
const started = performance.now();
let chapters = 0;

if (existsSync(home)) {
  if (!existsSync(marker)) stop(`Cannot begin: ${home} exists and was not made by this demo; move it away`);
  rmSync(home, { recursive: true });
}
// Secrets are refused where others may read them, copies too.
process.umask(0o077);
mkdirSync(home, { recursive: true });
writeFileSync(marker, '');
// The anchor goes where a backup of demo-ledger would not take it along; here that is still the demo's own folder.
const environment = { ...process.env, STELLA_LEDGER: 'ledger', STELLA_PASSPHRASE_FILE: 'passphrase', XDG_STATE_HOME: join(home, 'state') };
writeFileSync(join(home, 'passphrase'), 'only for this demo\n', { mode: 0o600 });
for (const name of ['shop.cdx.json', 'advisories', 'vex-policy.yaml', 'contract.json']) {
  cpSync(join(root, 'tools/demo', name), join(home, name), { recursive: true });
}
cpSync(join(root, 'policy/library'), join(home, 'policy'), { recursive: true });

chapter('A ledger: its own key, its own origin, and an anchor kept apart from the database. Two people, a key each.');
stella('init --origin demo.ledger.test');
stella('person add ann');
stella('person add bob');
stella('trust add --person ann');

chapter('Real input: what this repository is made of, as npm itself states it.');
writeFileSync(join(home, 'sbom.cdx.json'), sbom());
cpSync(join(root, 'package-lock.json'), join(home, 'package-lock.json'));
// npm names its own project by name and version, which is no identity: what the SBOM is about is the lockfile it was made from.
const lockfile = `sha256:${createHash('sha256').update(readFileSync(join(home, 'package-lock.json'))).digest('hex')}`;
stella(`add --subject ${lockfile} sbom.cdx.json package-lock.json`);
stella(`add --subject ${lockfile} sbom.cdx.json`);
note('The second time it is the same event: evidence is recognised, and the original receipt comes back.');

chapter('An image with known holes in it: its bill of materials, signed, so that it is evidence and not hearsay.');
stella('attest --sbom shop.cdx.json --embed --out shop.dsse.json --public-key attest.pub');
stella('trust add --key attest.pub');
stella('add shop.dsse.json');

chapter('Advisories, pinned as one snapshot by its digest; a scan names every component that it could not look up.');
stella('feed import osv:advisories/osv.jsonl kev:advisories/kev.json');
const shop = `sha256:${(JSON.parse(readFileSync(join(home, 'shop.cdx.json'), 'utf8')) as Bom).metadata.component.hashes[0].content}`;
stella(`scan --subject ${shop} --sarif findings.sarif`);
stella(`scan --subject ${lockfile}`);

chapter('What decides: a policy, and a contract that says which evidence has to arrive. The gate denies.');
stella('policy publish --name release --entrypoint data.stella.criticals.allow policy');
stella('contract publish release contract.json');
stella(`contract assign release --subject ${shop}`);
const denied = decision(`gate ${shop} --policy release`, 1);

chapter('What the makers know: VEX, drafted under rules that somebody reviewed, stated by Ann. What nobody judged stays open.');
stella(`vex draft --from findings.sarif --policy vex-policy.yaml --subject ${shop} --out draft.vex.json`);
stella('vex set --from draft.vex.json --as ann');
decision(`gate ${shop} --policy release`, 1);

chapter('What cannot wait: a risk accepted for thirty days, asked for by one person and approved by another. The gate allows.');
const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
writeFileSync(join(home, 'why.txt'), 'Message lookups are switched off; the upgrade ships with the next release.\n');
const log4j = 'pkg:maven/org.apache.logging.log4j/log4j-core';
const terms = `--owner ann --expires ${until} --justification @why.txt`;
stella(`waiver request CVE-2021-44228 CVE-2021-45046 --subject ${shop} --component ${log4j} ${terms} --id log4j --as ann`);
stella('waiver approve log4j --as ann', 3);
stella('waiver approve log4j --as bob');
const allowed = decision(`gate ${shop} --policy release`, 0);

chapter('Both decisions are made again, from the events they were made of: the same, whatever happened since.');
stella('waiver revoke log4j --reason risk-changed --as bob');
stella(`replay ${denied}`);
stella(`replay ${allowed}`);
decision(`gate ${shop} --policy release`, 1);
note('Today the answer is another one: the waiver is gone. What was decided then is still what was decided then.');

chapter('For the auditor: one file with everything about the decision. It verifies with Node alone: no network, no account, no server.');
writeFileSync(join(home, 'log.vkey'), `${vkey()}\n`);
stella(`export pack --decision ${allowed} --out decision.zip`);
unpack('decision.zip', 'auditor', ['verify.mjs', 'replay.mjs']);
run('node auditor/verify.mjs decision.zip --key log.vkey');
run('node auditor/replay.mjs decision.zip --key log.vkey');

chapter('One byte of the pack changed: refused.');
const pack = readFileSync(join(home, 'decision.zip'));
pack[Math.floor(pack.length / 2)] = (pack[Math.floor(pack.length / 2)] as number) ^ 1;
writeFileSync(join(home, 'changed.zip'), pack);
stella('verify changed.zip --key log.vkey', 1);

chapter('An old backup is restored over the ledger: it refuses to sign, and says what is missing and what to do.');
stella('log checkpoint --out first.checkpoint');
cpSync(join(home, 'ledger'), join(home, 'backup'), { recursive: true });
writeFileSync(join(home, 'release-notes.txt'), 'Version 1 is out.\n');
stella('add release-notes.txt');
stella('log consistency --since first.checkpoint');
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

interface Bom {
  readonly metadata: { readonly component: { readonly hashes: readonly [{ readonly content: string }] } };
}

/** Runs one command as a reader would, shows it and what it prints, and stops the demo on another exit code. */
function stella(line: string, exit = 0): string {
  return show(`stella ${line}`, [join(root, 'cli/stella.js'), ...line.split(' ')], exit);
}

/** As `stella`, for a command that records a decision. @returns the decision's entry */
function decision(line: string, exit: number): string {
  return /^ {2}decision (\d+) of /m.exec(stella(line, exit))?.[1] ?? stop('no decision was recorded');
}

/** Runs a program of the pack with Node alone, whichever started this. */
function run(line: string): void {
  show(line, line.split(' ').slice(1), 0);
}

function show(line: string, args: readonly string[], exit: number): string {
  process.stdout.write(`\n$ ${line}\n`);
  const ran = spawnSync(process.execPath, args, { cwd: home, env: environment, encoding: 'utf8' });
  process.stdout.write(ran.stdout + ran.stderr);
  if (ran.status !== exit) stop(`${line} ended with ${ran.status}, expected ${exit}`);
  if (exit !== 0) process.stdout.write(`(exit code ${exit})\n`);
  return ran.stdout;
}

/** Takes members out of a pack, as any unzip does. */
function unpack(file: string, folder: string, members: readonly string[]): void {
  process.stdout.write(`\n$ unzip -q ${file} ${members.join(' ')} -d ${folder}\n`);
  mkdirSync(join(home, folder));
  const read = readZip(memorySource(new Uint8Array(readFileSync(join(home, file)))));
  if (!read.ok) stop(`${file}: ${read.message}`);
  for (const name of members) {
    const member = read.zip.members.find((one) => one.name === name) ?? stop(`${file} has no ${name}`);
    writeFileSync(join(home, folder, name), concatBytes(...read.zip.pieces(member)));
  }
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
