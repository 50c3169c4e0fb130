// The real witnesses cosign our checkpoints through our witness client: transparency-dev's omniwitness and torchwood's litewitness.
import { spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, Step } from '../client.ts';
import { buildGo, freePort, start, stella, type Started } from '../programs.ts';

/** What differs between the two: how one is started with its key, and the vkey it then signs under. */
interface Witness {
  start(peers: string, scratch: string, logVkey: string, port: number): Promise<{ vkey: string; running: readonly Started[] }>;
}

export const omniwitness: Client = {
  name: 'omniwitness',
  version: '0.0.0-20260701145555-54dbcdd14f82',
  fast: false,
  isBuilt: (peers) => existsSync(join(peers, 'bin/omniwitness')),
  async build(peers) {
    // Its own go.mod asks for a version of formats that the module proxy does not have; this one is the nearest that builds.
    buildGo(peers, 'github.com/transparency-dev/witness@v0.0.0-20260701145555-54dbcdd14f82', 'witness', { omniwitness: './cmd/omniwitness' }, {
      edit: ['-require=github.com/transparency-dev/formats@v0.1.2-0.20260710124811-af9e607161b6'],
    });
  },
  run: (peers, scratch) => cosigning(peers, scratch, { start: startOmniwitness }),
};

export const litewitness: Client = {
  name: 'litewitness',
  version: '0.9.0',
  fast: false,
  isBuilt: (peers) => existsSync(join(peers, 'bin/litewitness')),
  async build(peers) {
    buildGo(peers, 'filippo.io/torchwood@v0.9.0', 'torchwood', { litewitness: './cmd/litewitness' });
  },
  run: (peers, scratch) => cosigning(peers, scratch, { start: startLitewitness }),
};

async function* cosigning(peers: string, scratch: string, witness: Witness): AsyncIterable<Step> {
  writeFileSync(join(scratch, 'pass'), 'interop\n', { mode: 0o600 });
  const common = ['--ledger', 'ledger', '--passphrase-file', 'pass'];
  const { vkey: logVkey } = stella(['init', '--origin', 'ledger.test', ...common], scratch) as { vkey: string };
  const port = await freePort();
  const { vkey, running } = await witness.start(peers, scratch, logVkey, port);
  writeFileSync(join(scratch, 'policy.txt'), `log ${logVkey}\nwitness w1 ${vkey} http://127.0.0.1:${port}\nquorum w1\n`);
  try {
    for (const round of ['first', 'second, grown', 'third, unchanged']) {
      if (round !== 'third, unchanged') {
        writeFileSync(join(scratch, 'doc.txt'), `${round}\n`);
        stella(['add', ...common, 'doc.txt'], scratch);
      }
      const answer = stella(['log', 'witness', ...common, '--policy', 'policy.txt'], scratch) as { cosigned?: unknown[] };
      yield { step: `cosigns the ${round} checkpoint`, ok: answer.cosigned?.length === 1, seen: JSON.stringify(answer) };
    }
    stella(['log', 'prove', '1', ...common, '--out', 'receipt.json'], scratch);
    const verified = stella(['verify', 'receipt.json', '--policy', 'policy.txt'], scratch) as { witnesses?: { name: string; signedAt: string }[] };
    const seen = verified.witnesses?.[0];
    const named = seen?.name === vkey.split('+')[0] && /^20\d\d-/.test(seen?.signedAt ?? '');
    yield { step: 'verify shows which witness signed, and when', ok: named, seen: JSON.stringify(seen) };
  } finally {
    for (const program of running) await program.stop();
  }
}

/** A fresh Ed25519 seed with the two text forms that Go's note package reads (the witness' key type is 0x01 there). */
function noteKey(name: string): { vkey: string; secret: string } {
  const seed = randomBytes(32);
  const key = createPrivateKey({ key: Uint8Array.from([...PKCS8_ED25519, ...seed]) as never, format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const id = createHash('sha256').update(`${name}\n`).update(Uint8Array.of(1)).update(raw).digest('hex').slice(0, 8);
  const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(1, ...bytes));
  return { vkey: `${name}+${id}+${base64(raw)}`, secret: `PRIVATE+KEY+${name}+${id}+${base64(seed)}` };
}

const PKCS8_ED25519 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

async function startOmniwitness(peers: string, scratch: string, logVkey: string, port: number): ReturnType<Witness['start']> {
  const { vkey, secret } = noteKey('witness.test/omni');
  writeFileSync(join(scratch, 'w.key'), `${secret}\n`, { mode: 0o600 });
  writeFileSync(join(scratch, 'logs.yaml'), `Logs:\n  - Origin: ledger.test\n    URL: http://ignored\n    PublicKey: ${logVkey}\n    Feeder: tiles\n`);
  const args = [`--listen=127.0.0.1:${port}`, '--metrics_listen=', '--db_file=w.db', '--private_key_path=w.key', '--additional_logs=logs.yaml'];
  return { vkey, running: [await start(join(peers, 'bin/omniwitness'), args, port, { cwd: scratch })] };
}

async function startLitewitness(peers: string, scratch: string, logVkey: string, port: number): ReturnType<Witness['start']> {
  const name = 'witness.test/lite';
  const must = (program: string, args: string[]): string => {
    const env = { ...process.env, SSH_AUTH_SOCK: join(scratch, 'agent') };
    const ran = spawnSync(program, args, { cwd: scratch, encoding: 'utf8', timeout: 20_000, env });
    if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', 'wl']);
  const agent = await start('ssh-agent', ['-D', '-a', join(scratch, 'agent')], /SSH_AUTH_SOCK|echo Agent/, { cwd: scratch });
  must('ssh-add', ['wl']);
  const fingerprint = must('ssh-keygen', ['-lf', 'wl.pub']).split(' ')[1] as string;
  // witnessctl cannot be built from the module proxy, so the database it would make is made here.
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(join(scratch, 'lw.db'));
  db.exec('CREATE TABLE log(origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL)');
  db.exec('CREATE TABLE key(origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin))');
  db.prepare('INSERT INTO log VALUES(?, 0, ?)').run('ledger.test', '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  db.prepare('INSERT INTO key VALUES(?, ?)').run('ledger.test', logVkey);
  db.close();
  const args = ['-name', name, '-key', fingerprint, '-ssh-agent', join(scratch, 'agent'), '-listen', `127.0.0.1:${port}`, '-db', 'lw.db'];
  const running = await start(join(peers, 'bin/litewitness'), args, port, { cwd: scratch });
  const shown = /vkey[^\n]*?(witness\.test\/lite\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)/.exec(running.printed())?.[1] ?? vkeyOf(name, must('cat', ['wl.pub']));
  return { vkey: shown, running: [running, agent] };
}

/** The cosignature/v1 vkey of an OpenSSH Ed25519 public key, whose last 32 bytes are the key (RFC 8709 §4). */
function vkeyOf(name: string, openSsh: string): string {
  const raw = Uint8Array.from(atob(openSsh.split(' ')[1] as string), (character) => character.charCodeAt(0)).subarray(-32);
  const typed = Uint8Array.of(4, ...raw);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8);
  return `${name}+${id}+${btoa(String.fromCharCode(...typed))}`;
}
