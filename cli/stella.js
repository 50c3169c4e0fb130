#!/usr/bin/env node
// The launcher behind `stella`: plain JavaScript that any Node can read. It finds a Node that can run the ledger
// (this one, or the one a checkout installed), or says clearly what is missing instead of crashing in native code.
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
if (isNewEnough(process.versions.node)) {
  keepCompiled();
  // A package has only dist (Node does not strip types below node_modules); a checkout has the sources.
  const { run } = existsSync(join(here, 'main.ts')) ? await import('./main.ts') : await import('../dist/cli/main.js');
  await run(process.argv.slice(2));
  // All is done and said. To end here spares taking a heap apart that the kernel takes back at once.
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
  process.exit();
} else {
  const other = join(here, '..', 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(other)) {
    const { spawn } = await import('node:child_process');
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

// Half of what a short command takes is compiling what it loads: Node keeps that in the user's cache, and checks it by the
// source's hash. Where there is no place for it, or NODE_DISABLE_COMPILE_CACHE is set, everything is compiled each time.
function keepCompiled() {
  try {
    const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stella-ledger', 'compiled');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    nodeModule.enableCompileCache(folder);
  } catch {
    // A home that is missing or cannot be written is no reason not to run.
  }
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}
