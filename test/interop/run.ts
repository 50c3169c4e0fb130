// npm run interop -- [CLIENT…] [--build | --build-fast] [--json FILE]: real clients against this project, on loopback.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Step } from './client.ts';
import { CLIENTS } from './clients.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { build: { type: 'boolean', default: false }, 'build-fast': { type: 'boolean', default: false }, json: { type: 'string' } },
});
const unknown = positionals.filter((name) => !(name in CLIENTS));
if (unknown.length > 0) {
  process.stderr.write(`Cannot run "${unknown.join(' ')}": no such client, expected ${Object.keys(CLIENTS).join(', ')}\n`);
  process.exit(2);
}

const peers = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stella-ledger', 'peers');
mkdirSync(join(peers, 'bin'), { recursive: true });
const report: { name: string; version: string; steps: Step[] }[] = [];
const skipped: { name: string; reason: string }[] = [];

for (const name of positionals.length > 0 ? positionals : Object.keys(CLIENTS)) {
  const client = await CLIENTS[name]!();
  if (!client.isBuilt(peers) && (values.build || (values['build-fast'] && client.fast))) {
    process.stderr.write(`Building ${name} ${client.version} …\n`);
    await client.build(peers).catch((error: unknown) => process.stderr.write(`  ${String(error)}\n`));
  }
  if (!client.isBuilt(peers)) {
    skipped.push({ name, reason: `${name} ${client.version} is not built (npm run interop -- ${name} --build)` });
    continue;
  }
  const scratch = mkdtempSync(join(tmpdir(), `stella-interop-${name}-`));
  const steps: Step[] = [];
  try {
    for await (const step of client.run(peers, scratch)) {
      steps.push(step);
      process.stdout.write(`${step.ok ? 'ok  ' : 'FAIL'} ${name}: ${step.step}${step.seen === undefined ? '' : ` (${step.seen})`}\n`);
    }
  } catch (error) {
    steps.push({ step: 'run to the end', ok: false, seen: String(error) });
    process.stdout.write(`FAIL ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  report.push({ name, version: client.version, steps });
}

for (const { reason } of skipped) process.stdout.write(`not run: ${reason}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ clients: report, skipped }, null, 1)}\n`);
const steps = report.flatMap((client) => client.steps);
const failed = steps.filter((step) => !step.ok).length;
process.stdout.write(`\ninterop: ${steps.length - failed} passed, ${failed} failed, ${skipped.length} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
