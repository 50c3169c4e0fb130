// Runs the transcripts of Markdown pages and writes what the commands print into them: npm run transcripts -- PAGE…
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoIn, runDemo, withDemo } from '../test/golden/demo.ts';
import { runSteps, stepsOf } from '../test/golden/transcript.ts';

function demo(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stella-transcript-'));
  try {
    return runDemo(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

for (const page of process.argv.slice(2)) {
  const text = readFileSync(page, 'utf8');
  const steps = stepsOf(text);
  const directory = mkdtempSync(join(tmpdir(), 'stella-transcript-'));
  const printed = runSteps(steps, directory).map((output) => output.replaceAll(directory, '/home/you'));
  rmSync(directory, { recursive: true, force: true });
  let step = 0;
  const filled = text.replace(/^```console\n([\s\S]*?)^```$/gm, (_, block: string) => {
    const lines = block.split('\n').filter((line) => line.startsWith('$ ') || line.startsWith('> '));
    const out: string[] = [];
    for (const [i, line] of lines.entries()) {
      out.push(`${line}\n`);
      if (lines[i + 1]?.startsWith('> ')) continue;
      out.push(printed[step] ?? '');
      step += 1;
    }
    return `\`\`\`console\n${out.join('')}\`\`\``;
  });
  writeFileSync(page, demoIn(filled) === null ? filled : withDemo(filled, demo()));
}
