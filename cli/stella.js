#!/usr/bin/env node
// The launcher behind `stella`: plain JavaScript that any Node can read. It finds a Node that can run the ledger
// (this one, or the one a checkout installed), or says clearly what is missing instead of crashing in native code.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
if (isNewEnough(process.versions.node)) {
  // A package has only dist (Node does not strip types below node_modules); a checkout has the sources.
  const { run } = existsSync(join(here, 'main.ts')) ? await import('./main.ts') : await import('../dist/cli/main.js');
  await run(process.argv.slice(2));
} else {
  const other = join(here, '..', 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(other)) {
    const child = spawn(other, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('exit', (code, signal) => {
      if (signal) {
        process.removeAllListeners(signal);
        process.kill(process.pid, signal);
      } else process.exitCode = code ?? 1;
    });
  } else {
    process.stderr.write(
      `stella needs Node 22.18 or newer, and this is Node ${process.versions.node}\n` +
        'Install a newer Node, or in a checkout run "npm ci", which brings one along.\n',
    );
    process.exitCode = 6;
  }
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}
