// Random policies and inputs, decided here and by OPA: whole results compared byte for byte, whole lists of errors too.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, formatModule, PolicyErrors, RegoObject, type Value } from '../../../policy/index.ts';
import { parseJson as readJson } from '../../../policy/rego/json.ts';
import { type Ran, runProgram } from '../programs.ts';
import { CALLABLE, CALLABLE_BEFORE, Generator } from './generate.ts';
import { type Errors, errorsOf, evalOutput, type OpaServer, writeModules } from './judge.ts';
import { countUses, PRODUCTIONS } from './productions.ts';
import { readSeeds } from './seeds.ts';

export interface FuzzReport {
  pairs: number;
  /** Refused here; of those, how many whole lists of errors are OPA's. */
  refused: number;
  refusedEqual: number;
  /** Compile, and have a value that is not empty. */
  decided: number;
  equal: number;
  /** End in an error while they are evaluated, here and there. */
  failed: number;
  formatted: number;
  formattedEqual: number;
  readonly uses: Map<string, number>;
  readonly differences: string[];
  /** What OPA itself does not survive, by cause: where this engine ends at a limit, OPA panics or goes on for ever. */
  readonly faults: Map<string, number>;
  /** One module of each batch that `opa fmt` lays out otherwise, as a patch. */
  readonly layouts: string[];
}

export interface FuzzPorts {
  readonly opa: string;
  readonly scratch: string;
  readonly server: OpaServer;
  readonly seed: number;
  readonly pairs: number;
}

const BATCH = 500;
/** Of twenty modules: one in the language before, two that are made wrong. */
const kindOf = (i: number) => (i % 20 === 0 ? 'before' : i % 10 === 1 ? 'wild' : 'module');

/** Every production and function of the table. */
export const rowsOf = (uses: ReadonlyMap<string, number>): [string, number][] =>
  [...PRODUCTIONS, ...[...CALLABLE, ...CALLABLE_BEFORE].map((name) => `${name}()`)].map((row) => [row, uses.get(row) ?? 0]);

export async function fuzz(ports: FuzzPorts): Promise<FuzzReport> {
  const report: FuzzReport = {
    pairs: 0, refused: 0, refusedEqual: 0, decided: 0, equal: 0, failed: 0, formatted: 0, formattedEqual: 0, uses: new Map(), differences: [],
    faults: new Map(), layouts: [],
  };
  const generator = new Generator(ports.seed, readSeeds(), report.uses);
  while (report.pairs < ports.pairs) {
    const input = generator.input();
    const [now, before] = [new Map<string, string>(), new Map<string, string>()];
    for (let i = 0; i < BATCH && report.pairs < ports.pairs; i++) {
      const name = `p${report.pairs}`;
      const kind = kindOf(report.pairs++);
      (kind === 'before' ? before : now).set(name, generator[kind](name));
    }
    await runBatch(ports, report, now, input, 1);
    await runBatch(ports, report, before, input, 0);
  }
  return report;
}

type Ours = { readonly value: Value } | { readonly failed: string } | { readonly refused: Errors };

async function runBatch(ports: FuzzPorts, report: FuzzReport, modules: ReadonlyMap<string, string>, input: string, version: 0 | 1): Promise<void> {
  const { opa, scratch, server } = ports;
  const folder = join(scratch, 'all');
  const flags = version === 0 ? ['--v0-compatible'] : [];
  const read = readJson(input);
  writeFileSync(join(scratch, 'input.json'), input);
  const ours = new Map([...modules].map(([name, text]) => [name, decide(name, text, read, version, report)] as const));
  const differ = (name: string, here: string, there: string) =>
    report.differences.push(`${modules.get(name)}\nhere  ${here.slice(0, 800)}\nthere ${there.slice(0, 800)}`);

  const deciding = new Map([...modules].filter(([name]) => 'value' in (ours.get(name) as Ours)));
  for (const [name, one] of ours) {
    if ('value' in one) continue;
    const text = modules.get(name) as string;
    if ('failed' in one) compareFailure(ports, report, name, text, one.failed, flags, differ);
    else {
      report.refused += 1;
      const theirs = version === 1 ? await server.load([text]) : checkAlone(ports, text, flags);
      if (JSON.stringify(theirs) === JSON.stringify(one.refused)) report.refusedEqual += 1;
      else differ(name, JSON.stringify(one.refused), JSON.stringify(theirs));
    }
  }

  writeModules(folder, deciding);
  const checked = runProgram(opa, ['check', '-f', 'json', '-m', '100000', ...flags, folder], { cwd: scratch });
  if (checked.status !== 0) {
    const { errors } = JSON.parse(checked.stdout || checked.stderr) as { errors: { message: string; location?: { file: string } }[] };
    for (const { message, location } of errors) {
      const name = /(p\d+)\.rego$/.exec(location?.file ?? '')?.[1] ?? '';
      if (!deciding.delete(name)) continue;
      differ(name, 'compiles', message);
      rmSync(join(folder, `${name}.rego`));
    }
  }
  const values = new Map([...deciding.keys()].map((name) => [name, (ours.get(name) as { value: Value }).value]));
  const odd = [...otherwise(ports, folder, flags, values)];
  report.equal += deciding.size - odd.length;
  for (const [name, own, there] of odd) differ(name, own, there);
  compareFormats(ports, report, folder, deciding, version);
}

/** Which modules have another result there: all asked at once, then by halves, since one OPA takes as long to start as a hundred modules. */
function* otherwise(ports: FuzzPorts, folder: string, flags: readonly string[], values: ReadonlyMap<string, Value>): Iterable<[string, string, string]> {
  if (values.size === 0) return;
  const names = [...values.keys()];
  const files = names.flatMap((name) => ['-d', join(folder, `${name}.rego`)]);
  const [name] = names as [string];
  const query = names.length === 1 ? `data.f.${name}` : 'data.f';
  const own = evalOutput(query, names.length === 1 ? (values.get(name) as Value) : RegoObject.of([...values]));
  const { stdout, stderr } = runProgram(ports.opa, ['eval', '-f', 'json', ...flags, ...files, '-i', 'input.json', query], { cwd: ports.scratch });
  if (stdout === own) return;
  if (names.length === 1) yield [name, own, stdout === '' ? stderr : stdout];
  const half = names.length >> 1;
  if (half === 0) return;
  yield* otherwise(ports, folder, flags, new Map([...values].slice(0, half)));
  yield* otherwise(ports, folder, flags, new Map([...values].slice(half)));
}

/** What this engine makes of a module; counts what it uses when it decides. */
function decide(name: string, text: string, input: Value, version: 0 | 1, report: FuzzReport): Ours {
  try {
    const { value, defined, error } = compile([{ file: 'm0.rego', text }], { regoVersion: version }).evaluate(`data.f.${name}`, { input, clock: 0n });
    if (error !== null) return { failed: error.code };
    if (!defined || !(value instanceof RegoObject)) throw new Error(`data.f.${name} is undefined`);
    if ([...value].some(([, member]) => !isEmpty(member))) report.decided += 1;
    if (version === 1) countUses(text, report.uses);
    else for (const [, called] of text.matchAll(/([a-z][\w.]*)\(/g)) report.uses.set(`${called}()`, (report.uses.get(`${called}()`) ?? 0) + 1);
    return { value };
  } catch (cause) {
    if (!(cause instanceof PolicyErrors)) throw new Error(`${String(cause)} in\n${text}`, { cause });
    return { refused: cause.errors.map(({ code, message, location }) => [code, message, location?.row ?? 0, location?.col ?? 0] as const) };
  }
}

function isEmpty(value: Value): boolean {
  return value === '' || (typeof value === 'object' && value !== null && 'size' in value && value.size === 0) || (Array.isArray(value) && value.length === 0);
}

type Differ = (name: string, here: string, there: string) => void;

function compareFailure(
  { opa, scratch }: FuzzPorts, report: FuzzReport, name: string, text: string, code: string, flags: readonly string[], differ: Differ,
): void {
  writeFileSync(join(scratch, 'one.rego'), text);
  const timeout = code === 'eval_limit_error' ? 10_000 : 60_000;
  const ran = runProgram(opa, ['eval', '-f', 'json', ...flags, '-d', 'one.rego', '-i', 'input.json', `data.f.${name}`], { cwd: scratch, timeout });
  const fault = code === 'eval_limit_error' ? faultOf(ran) : null;
  if (fault !== null) {
    report.faults.set(fault, (report.faults.get(fault) ?? 0) + 1);
    return;
  }
  const { errors = [] } = JSON.parse(ran.stdout === '' ? '{}' : ran.stdout) as { errors?: { code?: string }[] };
  if (errors[0]?.code === code) report.failed += 1;
  else differ(name, code, `${ran.stdout}${ran.stderr}`);
}

/** Why OPA has no answer at all: that is its own fault, and nothing to compare. */
function faultOf({ status, stdout, stderr }: Ran): string | null {
  if (stderr.includes('ETIMEDOUT')) return 'no end within 10 s';
  const panic = /^(?:panic|fatal error|runtime): (.{0,60})/m.exec(stderr);
  if (panic !== null) return panic[0];
  return status === null && stdout === '' ? 'killed' : null;
}

function checkAlone({ opa, scratch }: FuzzPorts, text: string, flags: readonly string[]): Errors | null {
  writeFileSync(join(scratch, 'm0.rego'), text);
  const ran = runProgram(opa, ['check', '-f', 'json', ...flags, 'm0.rego'], { cwd: scratch });
  return ran.status === 0 ? null : errorsOf((JSON.parse(ran.stdout || ran.stderr) as { errors: [] }).errors);
}

function compareFormats({ opa, scratch }: FuzzPorts, report: FuzzReport, folder: string, modules: ReadonlyMap<string, string>, version: 0 | 1): void {
  const ours = new Map([...modules].map(([name, text]) => [name, formatModule(name, text, version)]));
  writeModules(folder, ours);
  // What is in the layout of `opa fmt` already is listed by none.
  const flags = version === 0 ? ['--v0-compatible'] : [];
  const { stdout } = runProgram(opa, ['fmt', '-l', ...flags, folder], { cwd: scratch });
  const listed = stdout.split('\n').filter((line) => line.endsWith('.rego'));
  report.formatted += ours.size;
  report.formattedEqual += ours.size - listed.length;
  const [first] = listed;
  if (first !== undefined) report.layouts.push(runProgram(opa, ['fmt', '-d', ...flags, first], { cwd: scratch }).stdout);
}

