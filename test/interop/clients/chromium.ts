// Chromium: the verifier and every signature vector in a real browser, without a network, answer as in Node.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../../tools/bundle.ts';
import type { VerifyCase } from '../../../tools/vectors/verify.ts';
import { runVectors, type Vectors } from '../../browser/run-vectors.ts';
import type { Client } from '../client.ts';
import { runProgram } from '../programs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const program = names.flatMap((name) => (process.env['PATH'] ?? '').split(':').map((place) => join(place, name))).find((file) => existsSync(file));

export const chromium: Client = {
  name: 'chromium',
  version: program === undefined ? 'of the distribution' : (/\d+(?:\.\d+)+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown'),
  fast: false,
  isBuilt: () => program !== undefined,
  build: () => Promise.reject(new Error('install Chromium: apt-get install chromium')),
  async *run(_, scratch) {
    const vectors = readVectors();
    // No policy of content lets anything in, and no name resolves: what the page computes, it computes alone.
    const policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; script-src \'unsafe-inline\'">';
    const script = (text: string) => `<script>${text.replaceAll('</script', '<\\/script')}</script>`;
    const carried = script(`const vectors = ${JSON.stringify(vectors).replaceAll('<', '\\u003c')};`);
    const page = `<!doctype html><meta charset="utf-8">${policy}<body>${carried}${script(await bundle('test/browser/page.ts', 'iife'))}`;
    writeFileSync(join(scratch, 'page.html'), page);
    const flags = [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--host-resolver-rules=MAP * ~NOTFOUND',
      `--user-data-dir=${join(scratch, 'profile')}`, '--virtual-time-budget=100000', '--timeout=100000', '--dump-dom',
    ];
    const ran = runProgram(program as string, [...flags, `file://${join(scratch, 'page.html')}`], { cwd: scratch });
    // Only the body was written over: the head's text stays before it.
    const text = /<body>answers (.*)<\/body>/s.exec(ran.stdout)?.[1];
    const failure = text === undefined ? { seen: `${ran.stdout.slice(-300)} ${ran.stderr.slice(-300)}` } : {};
    yield { step: 'it runs the verifier', ok: text !== undefined, ...failure };
    if (text === undefined) return;
    const unescaped = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&nbsp;', '\u00a0').replaceAll('&amp;', '&');
    const there = JSON.parse(unescaped) as Record<keyof Vectors, unknown[]>;
    const here = JSON.parse(JSON.stringify(await runVectors(vectors))) as Record<keyof Vectors, unknown[]>;
    for (const name of Object.keys(here) as (keyof Vectors)[]) {
      const [ours, theirs] = [here[name], there[name]];
      const differing = ours.findIndex((answer, i) => JSON.stringify(answer) !== JSON.stringify(theirs[i]));
      const ok = ours.length > 0 && ours.length === theirs.length && differing < 0;
      const seen = ok ? `${ours.length} cases` : `case ${differing}: ${JSON.stringify(ours[differing])} in Node, ${JSON.stringify(theirs[differing])} here`;
      yield { step: `${name}: as in Node`, ok, seen };
    }
    const holds = vectors.ed25519.every((one, i) => (one as unknown as { holds: boolean }).holds === there.ed25519[i]);
    yield { step: 'ed25519: as libsodium and OpenSSL', ok: holds };
  },
};

function readVectors(): Vectors {
  const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, never>;
  const cases = (name: string) => read(`test/vectors/${name}.json`)['cases'] as never;
  const folder = 'spec/vectors/verify';
  const verify = Object.fromEntries(readdirSync(join(root, folder)).map((file): [string, VerifyCase] => [file, read(join(folder, file)) as never]));
  const sealed = [{ secret: '08'.repeat(32), plaintext: '6a757374' }, { secret: '01'.repeat(32), plaintext: '' }];
  return { ed25519: cases('ed25519'), p256: cases('p256'), base64: cases('base64'), notes: cases('notes'), verify, sealed };
}
