// npm run crash -- [--minutes N] [--seed S] [--json FILE]: kills, flips, full disks and hostile bytes, all from one seed.
import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { bigPayloadRounds } from './big-payload.ts';
import { flipRounds } from './flips.ts';
import { fullDiskRounds } from './full-disk.ts';
import { fuzz } from './fuzz.ts';
import { killRounds } from './kills.ts';
import { randomOf } from './place.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' }, json: { type: 'string' } } });
const seed = values.seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : Number(values.seed);
const minutes = Number(values.minutes);
if (!Number.isSafeInteger(seed) || seed < 0 || !(minutes > 0)) {
  process.stderr.write('Cannot run: --minutes takes a positive number and --seed an integer from 0 on\n');
  process.exit(2);
}
process.stdout.write(`seed ${seed} (again with --seed ${seed})\n`);

const random = randomOf(seed);
const started = performance.now();
const isBefore = (share: number) => performance.now() - started < minutes * 60_000 * share;
const violations: string[] = [];
const figures: Record<string, number> = {};

function take(name: string, { figures: found, violations: broken }: { figures: object; violations: string[] }): void {
  for (const [key, value] of Object.entries(found)) figures[`${name}.${key}`] = value as number;
  violations.push(...broken.map((violation) => `${name}: ${violation}`));
  process.stdout.write(`${name.padEnd(10)} ${JSON.stringify(found)}${broken.length > 0 ? `  ${broken.length} VIOLATIONS` : ''}\n`);
}

// Most of the time for kills, 200 rounds where it suffices; what is left over goes to the parsers.
take('kills', await killRounds(seed, (round) => round < 200 && isBefore(0.85)));
take('flips', await flipRounds(random, 3, Math.ceil(minutes * 20)));
take('fullDisk', await fullDiskRounds(random, Math.ceil(minutes * 4)));
take('payloads', await bigPayloadRounds(random, 3));
take('fuzz', fuzz(random, () => isBefore(1)));

for (const violation of violations) process.stdout.write(`VIOLATION  ${violation}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ seed, figures, violations }, null, 1)}\n`);
process.stdout.write(`${violations.length} violations\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
