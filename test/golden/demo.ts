// The transcript of `npm run demo` that stands in the README: where it is, and how it is made.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const block = /(<!-- npm run demo -->\n+```text\n)([\s\S]*?)(^```$)/m;

/** What the page shows of the demo, or null where it shows nothing. */
export function demoIn(markdown: string): string | null {
  return block.exec(markdown)?.[2] ?? null;
}

export function withDemo(markdown: string, printed: string): string {
  return markdown.replace(block, (_, before: string, __, after: string) => `${before}${printed}${after}`);
}

/** Runs the demo in a directory. @throws when it does not come to its end */
export function runDemo(directory: string): string {
  const home = join(directory, 'demo-ledger');
  const ran = spawnSync(process.execPath, [join(root, 'tools/demo.ts'), home], { cwd: root, encoding: 'utf8', timeout: 900_000, maxBuffer: 1 << 26 });
  if (ran.status !== 0) throw new Error(`the demo ended with ${ran.status}: ${ran.stdout.slice(-2000)}${ran.stderr}`);
  const [text] = ran.stdout.split('\nDone in ');
  return `${(text as string).replaceAll(home, '/home/you/demo-ledger').trim()}\n`;
}
