// npm run bench -- [NAME…] [--quick] [--json FILE]: measures; never part of a timed test.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Result } from './bench.ts';
import { BENCHES } from './benches.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(`Cannot run "${unknown.join(' ')}": no such bench, expected ${Object.keys(BENCHES).join(', ')}\n`);
  process.exit(2);
}

const results: Result[] = [];
const leftOut: string[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
  const bench = await BENCHES[name]!();
  for await (const result of bench.run({ quick: values.quick, left: (what) => leftOut.push(`${name}: ${what}`) })) {
    results.push(result);
    const peer = result.peer === undefined ? '' : `   ${result.peer.name} ${result.peer.version}: ${figure(result.peer.value)} ${result.unit}`;
    const ratio = result.ratio === undefined ? '' : `   ratio ${result.ratio.toFixed(2)}`;
    process.stdout.write(`${result.name.padEnd(32)} ${figure(result.value).padStart(14)} ${result.unit}${peer}${ratio}\n`);
  }
}
for (const what of leftOut) process.stdout.write(`left out: ${what}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ results }, null, 1)}\n`);

function figure(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(4);
}
