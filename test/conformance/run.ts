// npm run conformance -- [SUITE…] [--corpora DIR] [--json FILE]: outside suites, on whatever cases lie in the corpora.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { count, type Count } from './suite.ts';
import { SUITES } from './suites.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { corpora: { type: 'string', default: '.cache/corpora' }, json: { type: 'string' }, all: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !(name in SUITES));
if (unknown.length > 0) {
  process.stderr.write(`Cannot run "${unknown.join(' ')}": no such suite, expected ${Object.keys(SUITES).join(', ')}\n`);
  process.exit(2);
}

const counts = new Map<string, Count>();
const notRun: string[] = [];
const figures: string[] = [];
for (const argument of positionals.length > 0 ? positionals : Object.keys(SUITES)) {
  const suite = await SUITES[argument]!();
  const missing = suite.needs.find((folder) => !existsSync(join(values.corpora, folder)));
  if (missing !== undefined) {
    notRun.push(`not run: ${argument} (no ${missing} below ${values.corpora}; unpack the corpora there)`);
    continue;
  }
  for await (const outcome of suite.outcomes(values.corpora)) count(counts, outcome);
  figures.push(...(suite.figures?.() ?? []));
}

const rows = [...counts.values()];
const width = Math.max(5, ...rows.map((row) => row.name.length));
process.stdout.write(`${'suite'.padEnd(width)}    cases   agreed  skipped disagreed\n`);
for (const row of rows) {
  const numbers = [row.cases, row.agreed, row.skipped, row.disagreed.length].map((n) => String(n).padStart(8)).join(' ');
  process.stdout.write(`${row.name.padEnd(width)} ${numbers}\n`);
}
const known = explained();
const unexplained: string[] = [];
for (const row of rows) {
  for (const [i, { id, expected, got }] of row.disagreed.entries()) {
    if (!known(row.name, id)) unexplained.push(`${row.name} ${id}`);
    const note = known(row.name, id) ? ' (explained)' : '';
    if (values.all || i < 20) process.stdout.write(`  ${row.name} ${id}: expected ${expected}, got ${got}${note}\n`);
    else if (i === 20) process.stdout.write(`  … ${row.disagreed.length - 20} more of ${row.name} (--all shows them)\n`);
  }
}
for (const line of [...figures, ...notRun]) process.stdout.write(`${line}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ suites: rows }, null, 1)}\n`);

const sum = (of: (row: Count) => number) => rows.reduce((total, row) => total + of(row), 0);
const [passed, disagreed, skipped] = [sum((row) => row.agreed), sum((row) => row.disagreed.length), sum((row) => row.skipped) + notRun.length];
const explanations = 'test/conformance/exceptions.md';
process.stdout.write(`\n${disagreed} disagreements, ${disagreed - unexplained.length} of them explained in ${explanations}\n`);
process.stdout.write(`conformance: ${passed} passed, ${unexplained.length} failed, ${skipped} skipped\n`);
if (unexplained.length > 0) process.exitCode = 1;

/** Which disagreements test/conformance/exceptions.md names, each in backquotes as `suite id` or `suite *` with a reason. */
function explained(): (suite: string, id: string) => boolean {
  const path = new URL('./exceptions.md', import.meta.url);
  const named = new Set(existsSync(path) ? [...readFileSync(path, 'utf8').matchAll(/`([^`\n]+)`/g)].map((match) => match[1]) : []);
  return (suite, id) => named.has(`${suite} ${id}`) || named.has(`${suite} *`);
}
