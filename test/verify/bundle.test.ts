// The verifier as one file: its size, what it cannot do, and the same verdicts without anything of Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, BUNDLES, writeBundles } from '../../tools/bundle.ts';
import type { VerifyCase } from '../../tools/vectors/verify.ts';
import { expected, runCase, type Verifier } from './run-case.ts';

const vectors = new URL('../../spec/vectors/verify/', import.meta.url);
const cases = readdirSync(vectors).map((file): [string, VerifyCase] => [file, JSON.parse(readFileSync(new URL(file, vectors), 'utf8'))]);

const folder = mkdtempSync(join(tmpdir(), 'stella-bundle-'));
beforeAll(() => writeBundles(folder));
afterAll(() => rmSync(folder, { recursive: true }));
const text = (file: string) => readFileSync(join(folder, file), 'utf8');

// Under mutation testing the sources carry every mutant at once: their size says nothing.
describe.skipIf(process.env['STELLA_MUTANTS'] !== undefined)('size and reach', () => {
  test.each([['verify-receipts.mjs', 20_000], ['verify-receipts-p256.mjs', 32_000]])('%s has at most %i bytes, compressed', (file, most) => {
    expect(gzipSync(text(file), { level: 9 }).length).toBeLessThanOrEqual(most);
  });

  test.each(Object.keys(BUNDLES))('%s imports nothing and names no way to the network, the disk or the clock', (file) => {
    expect(text(file).match(/\b(?:import|require)\b\s*[("'{*]|\bfrom\s*["']|node:/g)).toBeNull();
    expect(text(file).match(/\bfetch\b|XMLHttpRequest|WebSocket|EventSource|sendBeacon|process\.|Date\b/g)).toBeNull();
  });

  test('a door that reaches for Node does not bundle', async () => {
    await expect(bundle('tools/vectors/verify.ts')).rejects.toThrow(/Could not resolve "node:/);
  });
});

describe.skipIf(process.env['STELLA_MUTANTS'] !== undefined)('the same verdicts', () => {
  test.each(Object.entries(BUNDLES))('%s in a context that has only what a browser has', async (_, door) => {
    const context = createContext({ TextEncoder, TextDecoder, atob, btoa, crypto });
    runInContext(await bundle(door, 'iife'), context);
    const verifier = runInContext('verifier', context) as Verifier;
    expect(runInContext('typeof process + typeof Buffer + typeof require', context)).toBe('undefinedundefinedundefined');
    for (const [file, one] of cases) {
      const found = runCase(one, verifier);
      // The smallest build answers that it does not check such keys, and only the whole one knows streams.
      const verdict = one.trust.p256 === true && verifier.withP256 === undefined ? { verdict: 'KEY_UNSUPPORTED' } : expected(one);
      expect([file, JSON.parse(JSON.stringify(found))]).toEqual([file, 'stream' in one.evidence && verifier.verifyStream === undefined ? null : verdict]);
    }
  });

  const nodes = (process.env['PATH'] ?? '').split(':').map((place) => join(place, 'node')).filter((node) => existsSync(node));
  test.each([...new Set(nodes)])('verify.mjs under %s', (node) => {
    const script = `import * as verifier from './verify.mjs';
      const [receipt, policy] = process.argv.slice(-2);
      const trust = verifier.trustPolicy(policy);
      const bad = receipt.replace('ZW50cnkgNA', 'ZW50cnkgNB');
      process.stdout.write(JSON.stringify([receipt, bad].map((text) => verifier.verifyReceipt(text, trust)).map((answer) => answer.code ?? answer.index)));`;
    const { evidence, trust } = (cases.find(([file]) => file === 'receipt.json') as [string, VerifyCase])[1];
    const receipt = 'receipt' in evidence ? evidence.receipt : '';
    const { stdout, stderr } = spawnSync(node, ['--input-type=module', '-e', script, '--', receipt, trust.policy], { cwd: folder, encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['[4,"EVIDENCE_MALFORMED"]', '']);
  });
});
