// The programs that go into packs: built with the package, or in a checkout when they are asked for.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** By name. Empty where neither a build nor a checkout is at hand: a pack without programs proves as much. */
export function packPrograms(): ReadonlyMap<string, Uint8Array> {
  const here = dirname(fileURLToPath(import.meta.url));
  const built = join(here, '..', 'programs');
  if (existsSync(built)) return filesIn(built);
  const builder = join(here, '..', 'tools', 'bundle.ts');
  if (!existsSync(builder)) return new Map();
  const folder = mkdtempSync(join(tmpdir(), 'stella-programs-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, [builder, folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the programs for packs could not be built: ${stderr}`);
    return filesIn(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function filesIn(folder: string): ReadonlyMap<string, Uint8Array> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.mjs')).sort();
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}
