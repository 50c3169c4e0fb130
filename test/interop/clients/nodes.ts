// The same bytes on every Node we support, whatever the time zone and the language of the machine: policies decided and formatted.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client, Step } from '../client.ts';
import { Generator } from '../opa/generate.ts';
import { readSeeds } from '../opa/seeds.ts';
import { runProgram } from '../programs.ts';

/** Majors with the exact versions that are installed beside one another. */
const VERSIONS: Readonly<Record<string, string>> = { 22: '22.23.3', 24: '24.21.0', 26: '26.9.0' };
const PLACES = [
  { TZ: 'UTC', LANG: 'C', LC_ALL: 'C' }, { TZ: 'Pacific/Chatham', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
  { TZ: 'America/St_Johns', LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' },
];
const binary = (peers: string, version: string) => join(peers, 'node', version, 'node_modules/node/bin/node');

export const nodes: Client = {
  name: 'nodes',
  version: Object.values(VERSIONS).join(', '),
  fast: true,
  isBuilt: (peers) => Object.values(VERSIONS).some((version) => existsSync(binary(peers, version))),
  async build(peers) {
    for (const version of Object.values(VERSIONS)) {
      const folder = join(peers, 'node', version);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"private": true, "allowScripts": {"node": true}}\n');
      runProgram('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: folder });
    }
  },
  async *run(peers, scratch): AsyncIterable<Step> {
    const generator = new Generator(7, readSeeds());
    const input = generator.input();
    const modules = Array.from({ length: 150 }, (_, i) => ({ name: `p${i}`, text: generator.module(`p${i}`) }));
    writeFileSync(join(scratch, 'modules.json'), JSON.stringify({ input, modules }));
    const script = fileURLToPath(new URL('../opa/decide.ts', import.meta.url));
    const digests = new Map<string, string>();
    for (const [major, version] of Object.entries(VERSIONS)) {
      const node = binary(peers, version);
      if (!existsSync(node)) {
        yield { step: `Node ${major}`, ok: true, seen: 'not run: it is not installed (npm run interop -- nodes --build)' };
        continue;
      }
      for (const place of PLACES) {
        const ran = runProgram(node, [script, join(scratch, 'modules.json')], { cwd: scratch, env: place });
        if (ran.status !== 0) yield { step: `Node ${version} in ${place.TZ} runs`, ok: false, seen: ran.stderr.slice(0, 500) };
        else digests.set(`Node ${version}, ${place.TZ}, ${place.LANG}`, createHash('sha256').update(ran.stdout).digest('hex'));
      }
    }
    const seen = [...digests].map(([where, digest]) => `${where}: ${digest.slice(0, 12)}`).join('; ');
    yield { step: 'policies are decided, explained and formatted to the same bytes', ok: digests.size > 0 && new Set(digests.values()).size === 1, seen };
  },
};
