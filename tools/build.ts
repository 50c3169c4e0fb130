// Builds what is published: JavaScript and declarations in dist/, with the same modes under any umask.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundles, writePrograms, writeTools } from './bundle.ts';
import { writeCommandLine } from './command-line.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (tsc.status !== 0) process.exit(1);
// tsc emits nothing for generated JavaScript and shipped policies, which are published as they lie here.
for (const file of globSync('{evidence/**/*.generated.{js,d.ts},policy/library/**}', { cwd: root, withFileTypes: true })) {
  const path = join(file.parentPath, file.name);
  if (file.isFile()) cpSync(path, join(root, 'dist', relative(root, path)));
}
await writeCommandLine(join(root, 'dist/cli'));
await writeBundles(join(root, 'dist/bundle'));
await writePrograms(join(root, 'dist/programs'));
await writeTools(join(root, 'dist/tools'));
// npm packs modes as they are: without this, two clones under two umasks pack two digests.
for (const entry of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
  chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}
