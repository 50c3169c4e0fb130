// cosign in both directions: its bundles come in as verified, ours pass its own verification. Loopback only.
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodeUtf8, formatHex, parseBase64 } from '../../../ledger/bytes.ts';
import {
  type AuthorKey, authorKeyOf, authorKeyOfSeed, entryJson, formatBundle, hashedRekordBody, parsePublicKey, readTrust, type Recordable, recordableOf,
  recordableOfMessage, signJson, verifyBundle,
} from '../../../verify/sigstore/index.ts';
import { digestOf } from '../../../verify/sigstore/keys.ts';
import { OwnLog } from '../../sigstore/own-log.ts';
import type { Client, Step } from '../client.ts';
import { ledgerSteps } from './cosign-ledger.ts';
import { expected, olderSteps } from './cosign-older.ts';

const version = '3.1.3';
const artifact = encodeUtf8('an artifact that cosign and the ledger sign\n');
const predicateType = 'https://example.test/predicate/1';

export const cosign: Client = {
  name: 'cosign',
  version,
  fast: false,
  isBuilt: (peers) => existsSync(join(peers, 'bin/cosign')),
  build,
  run,
};

async function* run(peers: string, scratch: string): AsyncIterable<Step> {
  const log = new OwnLog();
  const server = await serve(log);
  const at = (name: string) => join(scratch, name);
  // cosign asks for a passphrase on the terminal unless the variable is there; HOME keeps its files in the scratch folder.
  const env = { PATH: process.env['PATH'] ?? '', HOME: scratch, COSIGN_PASSWORD: '' };
  const cli = async (...argv: string[]) => await promisify(execFile)(join(peers, 'bin/cosign'), argv, { cwd: scratch, env, timeout: 60_000 });
  const refuses = async (...argv: string[]) => await cli(...argv).then(() => false, () => true);
  try {
    writeFileSync(at('artifact'), artifact);
    writeFileSync(at('other'), 'another artifact\n');
    writeFileSync(at('predicate.json'), '{"a":1}');
    writeFileSync(at('root.json'), log.trustedRoot);
    const rekor = `url=http://127.0.0.1:${(server.address() as AddressInfo).port},api-version=2,start-time=2026-01-01T00:00:00Z,operator=test`;
    await cli('signing-config', 'create', `--rekor=${rekor}`, '--rekor-config=ANY', '--out=config.json');
    await cli('generate-key-pair');
    const shared = ['--signing-config=config.json', '--trusted-root=root.json', '--yes'];

    // 1. What cosign makes with a local key, verified by us.
    const trust = readTrust([{ kind: 'key', publicKey: readFileSync(at('cosign.pub'), 'utf8') }, { kind: 'root', trustedRoot: log.trustedRoot }]);
    const ours = (bundle: string, bytes: Uint8Array) => verifyBundle(new Uint8Array(readFileSync(at(bundle))), { bytes }, trust);
    await cli('sign-blob', '--key=cosign.key', '--bundle=signed.json', ...shared, 'artifact');
    yield expected('its sign-blob bundle comes in', ours('signed.json', artifact), 'verified');
    yield expected('with another artifact it fails', ours('signed.json', encodeUtf8('another artifact\n')), 'MESSAGE_DIGEST_MISMATCH');
    await cli('attest-blob', '--key=cosign.key', '--predicate=predicate.json', `--type=${predicateType}`, '--bundle=attested.json', ...shared, 'artifact');
    yield expected('its attest-blob bundle comes in', ours('attested.json', artifact), 'verified');
    yield expected('with another artifact it fails', ours('attested.json', encodeUtf8('another artifact\n')), 'SUBJECT_MISMATCH');

    // 2. What we make, verified by cosign.
    for (const [name, author] of Object.entries(authors())) {
      writeFileSync(at('ours.pub'), pemOf(author));
      const verify = ['--key=ours.pub', '--trusted-root=root.json'];
      writeFileSync(at('ours-attested.json'), await attest(author, log));
      const attestation = ['verify-blob-attestation', ...verify, '--bundle=ours-attested.json', `--type=${predicateType}`];
      yield await passed(`our attestation by an ${name} key passes verify-blob-attestation`, cli(...attestation, 'artifact'));
      yield { step: `and not for another artifact (${name})`, ok: await refuses(...attestation, 'other') };
      if (name !== 'Ed25519') {
        writeFileSync(at('ours-signed.json'), await sign(author, log));
        const blob = ['verify-blob', ...verify, '--bundle=ours-signed.json'];
        yield await passed(`our signature by an ${name} key passes verify-blob`, cli(...blob, 'artifact'));
        yield { step: `and not for another artifact (${name})`, ok: await refuses(...blob, 'other') };
      }
      writeFileSync(at('ours.dsse'), JSON.stringify(await signJson(statement(), [author])));
      const bare = ['verify-blob-attestation', '--key=ours.pub', '--signature=ours.dsse', '--insecure-ignore-tlog', `--type=${predicateType}`];
      yield await passed(`our bare envelope by an ${name} key passes verify-blob-attestation`, cli(...bare, 'artifact'));
      yield { step: `and not for another artifact (${name})`, ok: await refuses(...bare, 'other') };
    }
    // 3. Its formats of before.
    const inside = async (more: Readonly<Record<string, string>>, ...argv: string[]) =>
      await promisify(execFile)(join(peers, 'bin/cosign'), argv, { cwd: scratch, env: { ...env, ...more }, timeout: 60_000 });
    yield* olderSteps(inside, scratch);

    // 4. What the command line makes, on a ledger of its own.
    const told = (error: { stderr?: string }) => String(error.stderr ?? error).trim().slice(-300);
    const said = async (...argv: string[]) => await cli(...argv).then(() => null, told);
    yield* ledgerSteps(said, scratch);
  } finally {
    server.close();
  }
}

function authors(): Record<string, AuthorKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { 'P-256': authorKeyOf(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string), Ed25519: authorKeyOfSeed(new Uint8Array(32).fill(3)) };
}

function statement() {
  const sha256 = formatHex(digestOf('sha256', artifact));
  return { _type: 'https://in-toto.io/Statement/v1', subject: [{ name: 'artifact', digest: { sha256 } }], predicateType, predicate: { a: 1 } };
}

async function attest(author: AuthorKey, log: OwnLog): Promise<string> {
  const envelope = await signJson(statement(), [author]);
  const entry = await log.append(hashedRekordBody(recordableOf(envelope, author.key)));
  return formatBundle({ content: { envelope }, key: author.key, entries: [entry] });
}

async function sign(author: AuthorKey, log: OwnLog): Promise<string> {
  const message = recordableOfMessage(artifact, new Uint8Array(await author.sign(artifact)), author.key);
  return formatBundle({ content: { message }, key: author.key, entries: [await log.append(hashedRekordBody(message))] });
}

function pemOf(author: AuthorKey): string {
  return author.key.object.export({ type: 'spki', format: 'pem' }) as string;
}

async function passed(step: string, command: Promise<unknown>): Promise<Step> {
  const seen = await command.then(() => null, (error: { stderr?: string }) => String(error.stderr ?? error).trim().slice(0, 300));
  return seen === null ? { step, ok: true } : { step, ok: false, seen };
}

/** The one call of Rekor v2 that cosign makes to sign: an entry is appended, and its proof answered (rekor-tiles v2). */
async function serve(log: OwnLog): Promise<Server> {
  const server = createServer((request, response) => {
    void append(request, log).then(
      (entry) => response.writeHead(201, { 'content-type': 'application/json' }).end(entry),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

async function append(request: IncomingMessage, log: OwnLog): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { hashedRekordRequestV002: asked } = JSON.parse(body) as { hashedRekordRequestV002: RekorRequest };
  const { content, verifier } = asked.signature;
  const publicKey = parseBase64(verifier.publicKey.rawBytes);
  parsePublicKey(verifier.publicKey.rawBytes);
  const hash = `sha${/_(256|384|512)$/.exec(verifier.keyDetails)?.[1] ?? 256}` as Recordable['hash'];
  const record = { signature: parseBase64(content), hash, digest: parseBase64(asked.digest), verifier: { publicKey, keyDetails: verifier.keyDetails } };
  return JSON.stringify(entryJson(await log.append(hashedRekordBody(record))));
}

interface RekorRequest {
  digest: string;
  signature: { content: string; verifier: { keyDetails: string; publicKey: { rawBytes: string } } };
}

/** 102 MB, 150 s on two cores and a download of 25 s. */
async function build(peers: string): Promise<void> {
  const module = `github.com/sigstore/cosign/v3@v${version}`;
  const env = { ...process.env, GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };
  const run = promisify(execFile);
  const { stdout } = await run('go', ['mod', 'download', '-json', module], { env });
  const source = join(peers, 'src/cosign');
  await run('rm', ['-rf', source]);
  await run('mkdir', ['-p', join(peers, 'src')]);
  await run('cp', ['-r', (JSON.parse(stdout) as { Dir: string }).Dir, source]);
  await run('chmod', ['-R', 'u+w', source]);
  const flags = ['-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', join(peers, 'bin/cosign')];
  await run('go', ['build', ...flags, './cmd/cosign'], { cwd: source, env, maxBuffer: 1 << 26 });
}
