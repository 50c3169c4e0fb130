// npm run bench -- policy: a gate over findings and VEX statements as people write it, three ways, beside `opa eval` and `opa bench`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, formatJson, parseJson } from '../policy/index.ts';
import type { Bench, Result } from './bench.ts';
import { gateInput, gatePolicies } from './policy-gate.ts';

const clock = 1_795_219_200_000_000_000n;
const opa = join(homedir(), '.cache/stella-ledger/peers/bin/opa');

/** Answers of OPA 1.22.0 (`opa eval -f raw`), the first eight digits of their SHA-256. */
const DIGESTS: Readonly<Record<string, string>> = { '100x10': '10edd1ab', '1000x100': 'a9d5752e', '10000x1000': 'f61a0365' };

export const policy: Bench = {
  async *run({ quick, left }): AsyncIterable<Result> {
    const sizes: [number, number][] = quick ? [[1_000, 100]] : [[1_000, 100], [10_000, 1_000]];
    if (quick) left('10,000 findings × 1,000 statements');
    for (const [findings, statements] of sizes) yield* gates(findings, statements, quick);
    yield* compileTime(quick);
    yield { name: 'policy/memory', value: process.memoryUsage().rss / 2 ** 20, unit: 'MiB resident' };
  },
};

function* gates(findings: number, statements: number, quick: boolean): Iterable<Result> {
  const size = `${findings}x${statements}`;
  const text = gateInput(findings, statements);
  const input = parseJson(text);
  for (const [name, module] of Object.entries(gatePolicies)) {
    const compiled = compile([{ file: 'gate.rego', text: module }]);
    const { wall, cpu } = measure(() => {
      const { value } = compiled.evaluate('data.gate.deny', { clock, input });
      return () => {
        const digest = createHash('sha256').update(`${formatJson(value)}\n`).digest('hex').slice(0, 8);
        if (digest !== DIGESTS[size]) throw new Error(`policy/${name} of ${size} answers ${digest}, OPA ${DIGESTS[size]}`);
      };
    }, quick ? 10 : 40);
    const peer = quick || name !== 'index' ? null : measureOpa(module, text);
    const result = { name: `policy/${name}/${size}`, value: wall, unit: 'ms warm' };
    yield peer === null ? result : { ...result, peer: { name: 'opa bench', version: '1.22.0', value: peer }, ratio: wall / peer };
    yield { name: `policy/${name}/${size}/cpu`, value: cpu, unit: 'ms CPU warm' };
  }
}

/**
 * Medians of fifteen runs after those that warm up: by then the engine's own code is compiled.
 *
 * CPU time is that of all threads, the collector's and the compiler's too; beside other work it alone can be compared.
 *
 * @param run - what is measured; it gives what checks the answer, which is not
 */
function measure(run: () => () => void, warmUp: number): { wall: number; cpu: number; first: number } {
  const [walls, cpus]: [number[], number[]] = [[], []];
  for (let i = 0; i < warmUp + 15; i++) {
    const before = process.cpuUsage();
    const start = performance.now();
    const check = run();
    walls.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpus.push((user + system) / 1000);
    check();
  }
  return { wall: median(walls.slice(-15)), cpu: median(cpus.slice(-15)), first: walls[0] as number };
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;
}

/** Milliseconds an evaluation takes in `opa bench`, or null where OPA is not there. */
function measureOpa(module: string, input: string): number | null {
  if (!existsSync(opa)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'bench-policy-'));
  writeFileSync(join(folder, 'gate.rego'), module);
  writeFileSync(join(folder, 'input.json'), input);
  const flags = ['bench', '-f', 'json', '--benchmem=false', '-d', 'gate.rego', '-i', 'input.json', 'data.gate.deny'];
  const { N, T } = JSON.parse(execFileSync(opa, flags, { cwd: folder, encoding: 'utf8' })) as { N: number; T: number };
  rmSync(folder, { recursive: true });
  return T / N / 1e6;
}

function* compileTime(quick: boolean): Iterable<Result> {
  const modules = globSync('policy/library/*.rego').filter((file) => !file.endsWith('_test.rego')).map((file) => ({ file, text: readFileSync(file, 'utf8') }));
  const { wall, cpu, first } = measure(() => {
    compile(modules);
    return () => undefined;
  }, quick ? 30 : 300);
  yield { name: 'policy/compile/library', value: wall, unit: 'ms warm' };
  yield { name: 'policy/compile/library/cpu', value: cpu, unit: 'ms CPU warm' };
  yield { name: 'policy/compile/library/first', value: first, unit: 'ms, after the benches before it' };
}
