// node tools/policy/static.ts: asks `opa check -f json` about every case and records what it says in test/policy/static.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { staticCases, type StaticCase } from './static-cases.ts';

interface OpaError {
  readonly code: string;
  readonly message: string;
  readonly location?: { readonly file: string; readonly row: number; readonly col: number };
}

const opa = join(homedir(), '.cache/stella-ledger/peers/bin/opa');
const cases = [...staticCases()];
const recorded = cases.map((found) => ({ ...found, errors: check(found) }));
const failing = recorded.filter(({ errors }) => errors.length > 0);
const write = (name: string, rows: readonly unknown[]) => {
  const path = fileURLToPath(new URL(`../../test/policy/static/${name}.json`, import.meta.url));
  writeFileSync(path, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
};
write('failing', failing);
write('compiling', recorded.filter(({ errors }) => errors.length === 0).map(({ kind, version, strict, modules }) => ({ kind, version, strict, modules })));
process.stdout.write(`${failing.length} fail, ${recorded.length - failing.length} compile\n`);

function check({ modules, version, strict }: StaticCase): [string, number, number, string, string][] {
  const folder = mkdtempSync(join(tmpdir(), 'static-'));
  modules.forEach((text, i) => writeFileSync(join(folder, `m${i}.rego`), text));
  const flags = ['check', '-f', 'json', ...(strict ? ['--strict'] : []), ...(version === 0 ? ['--v0-compatible'] : []), '.'];
  let text = '';
  try {
    text = execFileSync(opa, flags, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string };
    text = stdout.trim() === '' ? stderr : stdout;
  }
  rmSync(folder, { recursive: true });
  const { errors } = (text.trim() === '' ? { errors: [] } : JSON.parse(text)) as { errors?: OpaError[] };
  return (errors ?? []).map(({ code, message, location }) => [location?.file ?? '', location?.row ?? 0, location?.col ?? 0, code, message]);
}
