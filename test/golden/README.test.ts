// The transcripts in the documents are real: each command is run and must print what stands there.
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { demoIn, runDemo } from './demo.ts';
import { runSteps, steady, stepsOf } from './transcript.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', ...globSync('test/golden/*.md', { cwd: root })].filter((page) => stepsOf(readFileSync(join(root, page), 'utf8')).length > 0);

test.each(pages)('%s prints what it shows', { timeout: 120_000 }, (page) => {
  const steps = stepsOf(readFileSync(join(root, page), 'utf8'));
  const directory = mkdtempSync(join(tmpdir(), 'stella-golden-'));
  try {
    const printed = runSteps(steps, directory);
    for (const [i, { command, expected }] of steps.entries()) {
      expect(`$ ${command}\n${steady(printed[i] ?? '<the shell stopped>')}`).toBe(`$ ${command}\n${steady(expected)}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('npm run demo prints what the README shows', { timeout: 1_000_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'stella-golden-'));
  try {
    const shown = demoIn(readFileSync(join(root, 'README.md'), 'utf8'));
    expect(shown).not.toBeNull();
    expect(steady(runDemo(directory))).toBe(steady(shown as string));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
