// Runs before every npm script of a checkout: installs what package-lock.json names, once per lockfile.
// Plain JavaScript for Node 20, because the Node that the project runs on is itself one of the things installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const stamp = `${root}node_modules/.stella-installed`;
const wanted = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .update(`${process.platform}-${process.arch}`)
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  process.stderr.write('Installing what package-lock.json names (once) …\n');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  // npm prints its summary on standard output, which belongs to the script that follows (it may be JSON). It would warn that this Node is too
  // old for what is installed, which runs on a Node that is installed with it.
  const run = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout ?? ''}\nCannot install the dependencies: npm ci ended with ${run.status ?? run.signal ?? run.error}\n`);
    process.stderr.write('Check that the npm registry is reachable, then run the same command again.\n');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
