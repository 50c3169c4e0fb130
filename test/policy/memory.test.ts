// Memory: what a policy makes is counted, the same whatever ran before and wherever it runs, and none ends the process.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BUILTINS } from '../../policy/builtins/registry.ts';
import { ROOMS } from '../../policy/builtins/room.ts';
import { compile, fromPlain, parseJson, type Policy, type Value } from '../../policy/index.ts';
import { CELLS_MOST, TEST_SEMANTICS } from '../../policy/semantics.ts';
import { GREEDY } from './memory-policies.ts';

const child = fileURLToPath(new URL('memory-child.ts', import.meta.url));

/** What a process with so much heap says of each policy, and how it ended. */
function asked(heapMiB: number, semantics: number, names: readonly string[]) {
  const { stdout, status } = spawnSync(process.execPath, [`--max-old-space-size=${heapMiB}`, child, String(semantics), ...names], { encoding: 'utf8' });
  return { status, said: stdout.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as [string, string]).slice(0, 2)) };
}

const ended = (names: readonly string[]) => ({ status: 0, said: names.map((name) => [name, 'eval_memory_error']) });

describe('policies that would take all memory end with a code, and not with the process', () => {
  test('each of them, in a twentieth of the heap with a twentieth of the cells', () => {
    const names = Object.keys(GREEDY);
    expect(asked(112, TEST_SEMANTICS, names)).toEqual(ended(names));
  }, 400_000);

  test('in a heap of 1 GiB with all cells', () => {
    // The last but one only fails here: in hot code, what is read and not wanted is not read.
    const names = [
      'array comprehension', 'array literals', 'walking', 'numbers.range', 'concat of other letters', 'array.concat', 'sprintf of a width',
      'a set as a key in a set in a set', 'replaces in long texts',
    ];
    expect(asked(1_024, 2, names)).toEqual(ended(names));
  }, 400_000);

  test('and every rule of counting is about a built-in that there is', () => {
    expect([...ROOMS.keys()].filter((name) => !BUILTINS.has(name))).toEqual([]);
  });
});

const head = 'package p\n\nimport rego.v1\n\n';
const clock = 0n;

function cellsOf(policy: Policy, input: Value, entrypoints = ['data.p.a', 'data.p.b'], data = parseJson('{}')): number {
  const { error, stats } = policy.evaluateAll(entrypoints, { input, data, clock });
  expect(error).toBe(null);
  return stats.cells;
}

describe('what is counted', () => {
  test.each([
    // Constants of the policy are there already; what is answered is written out.
    ['a := [1, 2]', 12],
    ['a := [x | some x in [1, 2]]', 16 + 12],
    ['a := {x | some x in [1, 2]}', 24 + 12],
    ['a := {x: 1 | some x in [1, 2]}', 26 + 20],
    ['a contains x if some x in [1, 2]', 24 + 12],
    ['a[x] := 1 if some x in [1, 2]', 62 + 20],
    // The format's ten units, a list of one, its number in the text, and the text written out.
    ['a := sprintf("%d bottles", [input.n])', 4 + 4 + 1 + 8],
  ])('%s', (rule, cells) => {
    const policy = compile([{ file: 'a.rego', text: `${head}${rule}\n` }]);
    expect(cellsOf(policy, parseJson('{"n": 10}'), ['data.p.a'])).toBe(cells);
  });

  const rules = `a := {[x.id, y] | some x in input.xs; some y in x.ys; regex.match(sprintf("^%s", [y]), y); known(x.id); seen(x)}
b contains {"id": x.id, "at": i} if { some i, x in input.xs; some w in input.ws; w.id == x.id; glob.match("v*", [], x.id); not [x.id, "z"] in a }
c := count(walked) if walked := [p | walk(input, [p, _])]
d := strings.render_template("{{range .xs}}{{.id}} {{end}}", input)
known(t) if startswith(t, "v")
seen(o) if o.id in {x.id | some x in input.xs}
`;
  const plain = {
    xs: Array.from({ length: 40 }, (_, i) => ({ id: `v${i % 30}`, ys: [`y${i}`, 'z'], n: i / 8 })), ws: Array.from({ length: 20 }, (_, i) => ({ id: `v${i}` })),
  };
  const paths = ['data.p.a', 'data.p.b', 'data.p.c', 'data.p.d'];
  const fresh = () => compile([{ file: 'a.rego', text: head + rules }]);

  test('is the same at each evaluation, whatever was compiled, remembered or asked before', () => {
    const policy = fresh();
    const input = parseJson(JSON.stringify(plain));
    const first = cellsOf(policy, input, paths);
    expect(first).toBeGreaterThan(1_000);
    expect(cellsOf(policy, input, paths)).toBe(first);
    const warm = fresh();
    for (const path of paths) cellsOf(warm, fromPlain({ ...plain, xs: plain.xs.slice(3) }), [path]);
    expect(cellsOf(warm, input, paths)).toBe(first);
    // An evaluation that came to its end in the middle of something leaves nothing behind.
    expect(warm.evaluateAll(paths, { input, clock, limits: { steps: 50 } }).error?.code).toBe('eval_limit_error');
    expect(cellsOf(warm, input, paths)).toBe(first);
  });

  test('is the same in whatever order documents are asked for, and however the input was made', () => {
    const input = parseJson(JSON.stringify(plain));
    const first = cellsOf(fresh(), input, paths);
    expect(cellsOf(fresh(), input, paths.toReversed())).toBe(first);
    expect(cellsOf(fresh(), fromPlain(plain), paths)).toBe(first);
    // The keys of objects in another order, and so in other layouts.
    const turned = { ws: plain.ws, xs: plain.xs.map(({ id, ys, n }) => ({ n, ys, id })) };
    expect(cellsOf(fresh(), parseJson(JSON.stringify(turned)), paths)).toBe(first);
  });

  test('of the shipped policies leaves twenty times as much', () => {
    const folder = fileURLToPath(new URL('../../policy/library/', import.meta.url));
    const modules = globSync('*.rego', { cwd: folder }).filter((file) => !file.endsWith('_test.rego'))
      .map((file) => ({ file: basename(file), text: readFileSync(folder + file, 'utf8') }));
    const data = parseJson('{"stella": {"config": {"require": ["criticals", "exploits", "inclusion", "licences", "provenance", "sbom"]}}}');
    const severities = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];
    const findings = Array.from({ length: 1_000 }, (_, i) => ({
      id: `CVE-2026-${10_000 + i}`, purl: `pkg:npm/package-${i % 500}@1.${i % 7}.0`, aliases: [`GHSA-${i}`], severity: severities[i % 4],
      exploitability: 'affected', epss: 0.00042, kev: false,
    }));
    const input = fromPlain({ findings, vex: [], waivers: [], attestations: [] });
    const cells = cellsOf(compile(modules, { data }), input, ['data.stella.gate.allow', 'data.stella.gate.deny'], data);
    expect(cells * 50 * 20).toBeLessThan(CELLS_MOST);
  });
});
