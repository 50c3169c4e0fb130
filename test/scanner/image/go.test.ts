// Build information of Go binaries, against `go version -m` where Go is there, and the form that Go wrote before 1.18.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../../ledger/bytes.ts';
import { goBuildInfo, type GoModule } from '../../../scanner/image/go.ts';

function go(args: readonly string[], env: Record<string, string> = {}, cwd = tmpdir()): string | null {
  try {
    return execFileSync('go', args, { cwd, env: { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', CGO_ENABLED: '0', ...env }, encoding: 'utf8',
      stdio: 'pipe', timeout: 240_000 });
  } catch {
    return null;
  }
}

const root = go(['env', 'GOROOT'])?.trim() ?? null;
const directory = mkdtempSync(join(tmpdir(), 'go-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What Go's own reader says, by the same rule: a module with a version, or the one in its place. */
function said(file: string): { goVersion: string; modules: GoModule[] } | null {
  const lines = go(['version', '-m', file])?.split('\n');
  const goVersion = /: (\S+)/.exec(lines?.[0] ?? '')?.[1];
  if (lines === undefined || goVersion === undefined) return null;
  const modules: GoModule[] = [];
  for (const [kind, path, version] of lines.slice(1).map((line) => line.trim().split('\t'))) {
    if (kind === '=>') modules.pop();
    if ((kind === 'mod' || kind === 'dep' || kind === '=>') && path !== undefined && version !== undefined) modules.push({ path, version });
  }
  return { goVersion, modules: modules.filter(({ version }) => version !== '(devel)') };
}

describe.skipIf(root === null)('as go version -m reads it (needs Go)', () => {
  test('of the toolchain itself', () => {
    const folders = [join(root as string, 'bin'), ...readdirSync(join(root as string, 'pkg/tool')).map((name) => join(root as string, 'pkg/tool', name))];
    const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name))).filter((file) => statSync(file).isFile());
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) expect([file, goBuildInfo(new Uint8Array(readFileSync(file)))]).toEqual([file, said(file)]);
  });

  // A fresh machine compiles the standard library for each of these first.
  test('of ELF, PE and Mach-O, of either byte order, stripped too', { timeout: 900_000 }, () => {
    const module = (name: string, more = '') => `module ${name}\n\ngo 1.21\n${more}`;
    mkdirSync(join(directory, 'local'));
    mkdirSync(join(directory, 'other'));
    writeFileSync(join(directory, 'local/go.mod'), module('example.com/local'));
    writeFileSync(join(directory, 'local/l.go'), 'package local\n\nfunc Hello() { println("hi") }\n');
    writeFileSync(join(directory, 'go.mod'), module('example.com/app', '\nrequire example.com/local v1.2.3\n\nreplace example.com/local => ./local\n'));
    writeFileSync(join(directory, 'main.go'), 'package main\n\nimport "example.com/local"\n\nfunc main() { local.Hello() }\n');
    const targets = process.env['GO_TARGETS']?.split(' ') ?? ['linux/amd64', 'windows/amd64', 'darwin/arm64'];
    let built = 0;
    for (const [i, target] of targets.entries()) {
      const [GOOS, GOARCH] = target.split('/') as [string, string];
      const out = `app-${i}`;
      if (go(['build', ...(i % 2 === 1 ? ['-ldflags=-s -w'] : []), '-o', out, '.'], { GOOS, GOARCH }, directory) === null) continue;
      built += 1;
      const found = goBuildInfo(new Uint8Array(readFileSync(join(directory, out))));
      expect([target, found]).toEqual([target, said(join(directory, out))]);
      expect(found?.goVersion).toMatch(/^go1\./);
    }
    expect(built).toBeGreaterThan(0);
  });
});

describe('before Go 1.18: addresses of texts', () => {
  const modules = 'path\texample.com/x\nmod\texample.com/x\tv1.0.0\th1:a\ndep\tgolang.org/x/net\tv0.1.0\th1:b\n';
  /** An ELF file mapped at an address, with the section, two headers and two texts. */
  function old(wide: boolean, little: boolean): Uint8Array {
    const [base, width] = [0x400000, wide ? 8 : 4];
    const texts = ['go1.16.9', `${'m'.repeat(16)}${modules}${'m'.repeat(16)}`].map(encodeUtf8);
    const segment = wide ? 64 : 52;
    const info = 128;
    const headers = info + 32;
    const places = [headers + 4 * width, headers + 4 * width + (texts[0] as Uint8Array).length];
    const bytes = concatBytes(new Uint8Array(places[0] as number), ...texts, new Uint8Array(64));
    const view = new DataView(bytes.buffer);
    const word = (at: number, value: number) => (wide ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little));
    bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
    word(wide ? 32 : 28, segment);
    view.setUint16(wide ? 54 : 42, wide ? 56 : 32, little);
    view.setUint16(wide ? 56 : 44, 1, little);
    view.setUint32(segment, 1, little);
    view.setUint32(segment + (wide ? 4 : 24), 6, little);
    for (const [at, value] of wide ? [[8, info], [16, base + info], [32, bytes.length - info]] as const : [[4, info], [8, base + info],
      [16, bytes.length - info]] as const) {
      word(segment + at, value);
    }
    bytes.set(concatBytes(Uint8Array.of(0xff), encodeUtf8(' Go buildinf:'), Uint8Array.of(width, little ? 0 : 1)), info);
    texts.forEach((text, i) => {
      word(info + 16 + i * width, base + headers + 2 * i * width);
      word(headers + 2 * i * width, base + (places[i] as number));
      word(headers + 2 * i * width + width, text.length);
    });
    return bytes;
  }

  test.each([[true, true], [true, false], [false, true], [false, false]])('wide %s, little-endian %s', (wide, little) => {
    const bytes = old(wide, little);
    expect(goBuildInfo(bytes)).toEqual({ goVersion: 'go1.16.9', modules: [{ path: 'example.com/x', version: 'v1.0.0' },
      { path: 'golang.org/x/net', version: 'v0.1.0' }] });
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 0xff;
      goBuildInfo(changed);
      goBuildInfo(bytes.subarray(0, at));
    }
  });
});
