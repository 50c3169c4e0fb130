// Random policies, decided by this engine and by `opa eval`: `node tools/policy/fuzz.ts [policies] [seed]`. Prints what differs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILTINS } from '../../policy/builtins/registry.ts';
import { compile, formatJson, parseJson, PolicyErrors, type RegoObject, type Value } from '../../policy/index.ts';
import { parseFunctionType } from '../../policy/rego/compile/types.ts';

const OPA = process.env['OPA'] ?? join(homedir(), '.cache/stella-ledger/peers/bin/opa');
const [count, seed] = [Number(process.argv[2] ?? 2_000), Number(process.argv[3] ?? 1)];
const BATCH = 400;
// What differs by design, writes, or takes its answer from outside.
const LEFT_OUT = new RegExp(
  '^(?:internal\\.|io\\.jwt\\.|time\\.(?:now_ns|format|date|clock|weekday|diff|add_date)|rego\\.|opa\\.|print$|trace$|walk$|'
    + 'crypto\\.(?:x509|parse)|providers\\.|graphql\\.|regex\\.globs|assign$|eq$|numbers\\.range)',
);

/** Mulberry32. */
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const below = (n: number) => Math.floor(random() * n);
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

const called = new Map<string, number>();
const functions = [...BUILTINS.values()].filter(({ name, mark }) => mark === undefined && !LEFT_OUT.test(name));
const INPUT = '{"a": [1, 2, {"b": null, "c": "x"}], "o": {"k": "v", "n": 1.50, "d": {"e": [true, false]}}, "s": "a,b", '
  + '"z": [], "i": 7, "t": [[1, "x"], [2, "y"]]}';
const REFS = [
  'input.a', 'input.a[_]', 'input.o', 'input.o.k', 'input.o[_]', 'input.o.d.e[_]', 'input.s', 'input.z', 'input.i', 'input.none', 'input.t[_][0]', 'input',
];
const SCALARS = [
  '0', '1', '2', '-1', '1.5', '1.0', '1e3', '10000000000000000000001', '"a"', '"b"', '"x"', '""', '"a,b"', '"é"', 'true', 'false', 'null', '"1"',
];

function term(depth: number, vars: readonly string[]): string {
  const inner = () => term(depth - 1, vars);
  const list = () => Array.from({ length: below(3) }, inner);
  const kind = depth <= 0 ? below(3) : below(13);
  switch (kind) {
    case 0: return pick(SCALARS);
    case 1: return vars.length > 0 ? pick(vars) : pick(SCALARS);
    case 2: return pick(REFS);
    case 3: return `[${list().join(', ')}]`;
    case 4: return `{${[inner(), ...list()].join(', ')}}`;
    case 5: return `{${list().map((value) => `${pick(SCALARS)}: ${value}`).join(', ')}}`;
    case 6: return `[v${depth} | ${body(depth - 1, vars, `v${depth}`)}]`;
    case 7: return `{v${depth} | ${body(depth - 1, vars, `v${depth}`)}}`;
    case 8: return `{k${depth}: ${inner()} | some k${depth} in ${collection(depth - 1, vars)}}`;
    case 9: return operation(depth - 1, vars);
    default: return call(depth, vars);
  }
}

const collection = (depth: number, vars: readonly string[]) => typed({ k: pick(['array', 'set', 'object', 'array']) }, depth, vars);

function operation(depth: number, vars: readonly string[]): string {
  const [k, operators] = pick([['number', ['+', '-', '*', '/', '%']], ['set', ['|', '&', '-']], ['any', ['==', '!=', '<', '<=', '>', '>=']]] as const);
  return `(${typed({ k }, depth, vars)} ${pick(operators)} ${typed({ k }, depth, vars)})`;
}

function call(depth: number, vars: readonly string[]): string {
  const { name, type } = pick(functions);
  called.set(name, (called.get(name) ?? 0) + 1);
  const args = parseFunctionType(type).args;
  return `${name}(${args.map((arg) => typed(arg, depth - 1, vars)).join(', ')})`;
}

interface Typed {
  readonly k: string;
}

function typed(type: unknown, depth: number, vars: readonly string[]): string {
  const { k } = (type ?? { k: 'any' }) as Typed;
  if (random() < 0.3) return pick([...vars.filter(() => k === 'any' || random() < 0.2), ...REFS]);
  switch (k) {
    case 'string': return pick([
      '"a"', '"b,c"', '"A1"', 'input.s', '""', '"é-ß"', '"1.2.3"', '"10.0.0.0/8"', '"[a-c]+"', '"YQ=="', '"2026-01-02T03:04:05Z"',
      '"%v|%d"', '"5Mi"',
    ]);
    case 'number': return pick(['0', '1', '-2', '3.7', 'input.i', '100', '1e2']);
    case 'boolean': return pick(['true', 'false']);
    case 'array': return pick(['[]', '[1, 2, 3]', '["a", "b"]', 'input.a', 'input.z', '[[1, 2], [3]]', '["a", 1, null]']);
    case 'set': return pick(['set()', '{1, 2}', '{"a", "b"}', '{{1}, {2}}', '{null, 1}']);
    case 'object': return pick(['{}', '{"a": 1}', 'input.o', '{"a": {"b": 2}}', '{1: 2}']);
    default: return term(depth, vars);
  }
}

function body(depth: number, vars: readonly string[], own: string): string {
  const known = [...vars, own];
  const bind = pick([
    `some ${own} in ${collection(depth, vars)}`, `${own} := ${term(depth, vars)}`, `${own} = ${term(depth, vars)}`,
    `some _, ${own} in ${collection(depth, vars)}`,
  ]);
  const rest = Array.from({ length: below(3) }, () => pick([
    () => term(depth, known), () => `not ${term(depth, known)}`, () => `${own} ${pick(['==', '!=', '<', '>'])} ${pick(REFS)}`,
    () => `every e${depth} in ${collection(depth, known)} { ${term(depth, [...known, `e${depth}`])} }`,
    () => `${term(depth, known)} in ${collection(depth, known)}`,
    () => `[${own}, w${depth}] = [${own}, ${term(depth, known)}]`, () => `${term(depth, known)} with input as ${pick(['1', '{"a": [3]}', '{}'])}`,
  ])());
  return [bind, ...rest].join('; ');
}

function policy(name: string): string {
  const rules = Array.from({ length: 1 + below(4) }, (_, i): string => pick([
    () => `r${i} := ${term(3, [])}`, () => `r${i} contains x if { ${body(2, [], 'x')} }`, () => `r${i}[x] := ${term(1, ['x'])} if { ${body(2, [], 'x')} }`,
    () => `default r${i} := "d"\n\nr${i} := x if { ${body(2, [], 'x')} }`, () => `r${i} := x if { ${body(2, [], 'x')} } else := ${term(1, [])}`,
    () => `f${i}(x) := ${term(2, ['x'])}\n\nr${i} := [y | some z in ${collection(1, [])}; y := f${i}(z)]`, () => `r${i} if { ${body(2, [], 'x')} }`,
    () => `r${i}.a[x].b := y if { ${body(1, [], 'x')}; ${body(1, ['x'], 'y')} }`,
  ])());
  return `package f.${name}\n\n${rules.join('\n\n')}\n`;
}

function opa(args: readonly string[]): { out: string; ok: boolean } {
  try {
    return { out: execFileSync(OPA, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] }), ok: true };
  } catch (cause) {
    return { out: (cause as { stdout: string }).stdout, ok: false };
  }
}

const total = { made: 0, refused: 0, defined: 0, equal: 0, empty: 0 };
const differences: string[] = [];

function runBatch(folder: string): void {
  const texts = new Map<string, string>();
  for (let i = 0; i < BATCH; i++) texts.set(`p${total.made++}`, policy(`p${total.made - 1}`));
  const dir = mkdtempSync(join(folder, 'b'));
  mkdirSync(join(dir, 'all'));
  const ours = new Map<string, Value | string>();
  for (const [name, text] of texts) {
    const file = join(dir, 'all', `${name}.rego`);
    writeFileSync(file, text);
    try {
      const { value, error } = compile([{ file: `${name}.rego`, text }]).evaluate(`data.f.${name}`, { input: parseJson(INPUT), clock: 0n });
      ours.set(name, error === null ? (value as Value) : error.code);
    } catch (cause) {
      if (!(cause instanceof PolicyErrors)) differences.push(`${text}\nours throws ${String(cause)}`);
      else ours.set(name, 'refused');
    }
  }
  writeFileSync(join(dir, 'input.json'), INPUT);
  for (const [name, text] of texts) {
    if (ours.get(name) !== 'refused') continue;
    total.refused++;
    rmSync(join(dir, 'all', `${name}.rego`));
    // What is refused here must be refused there; a sample, since each takes a process.
    writeFileSync(join(dir, 'one.rego'), text);
    if (random() < 0.05 && opa(['check', join(dir, 'one.rego')]).ok) differences.push(`${text}\nrefused here only`);
  }
  compareAll(dir, texts, ours);
}

function compareAll(dir: string, texts: ReadonlyMap<string, string>, ours: ReadonlyMap<string, Value | string>): void {
  const evaluated = [...ours].filter(([, value]) => typeof value !== 'string').map(([name]) => name);
  for (const [name, value] of ours) if (typeof value === 'string' && value !== 'refused') rmSync(join(dir, 'all', `${name}.rego`));
  const check = opa(['check', '-f', 'json', '-m', '10000', join(dir, 'all')]);
  if (!check.ok) {
    const { errors } = JSON.parse(check.out === '' ? '{"errors": []}' : check.out) as { errors: { message: string; location: { file: string } }[] };
    for (const file of new Set(errors.map(({ location }) => location.file))) {
      const name = /(p\d+)\.rego$/.exec(file)?.[1] ?? '';
      differences.push(`${texts.get(name)}\nrefused there only: ${errors.find(({ location }) => location.file === file)?.message}`);
      rmSync(file);
      evaluated.splice(evaluated.indexOf(name), 1);
    }
  }
  const { out, ok } = opa(['eval', '-f', 'raw', '-d', join(dir, 'all'), '-i', join(dir, 'input.json'), 'data.f']);
  if (!ok) {
    // One that ends in an error ends them all: each by itself.
    for (const name of evaluated) {
      const single = opa(['eval', '-f', 'raw', '-d', join(dir, 'all', `${name}.rego`), '-i', join(dir, 'input.json'), `data.f.${name}`]);
      compareOne(texts.get(name) as string, ours.get(name) as Value, single.ok ? single.out.trim() : 'error');
    }
    return;
  }
  const theirs = parseJson(out) as RegoObject;
  for (const name of evaluated) compareOne(texts.get(name) as string, ours.get(name) as Value, formatJson(theirs.get(name) as Value));
}

function compareOne(text: string, value: Value, theirs: string): void {
  total.defined++;
  const own = formatJson(value);
  if (/^\{(?:"r\d":(?:\[\]|\{\}),?)*\}$/.test(own)) total.empty++;
  if (own === theirs) total.equal++;
  else differences.push(`${text}\nours ${own.slice(0, 600)}\nopa  ${theirs.slice(0, 600)}`);
}

const folder = mkdtempSync(join(tmpdir(), 'rego-fuzz-'));
while (total.made < count) runBatch(folder);
rmSync(folder, { recursive: true });
for (const difference of differences.slice(0, 40)) process.stdout.write(`${difference}\n${'-'.repeat(60)}\n`);
const least = Math.min(...functions.map(({ name }) => called.get(name) ?? 0));
process.stdout.write(`${JSON.stringify(total)} ${differences.length} differ; ${functions.length} built-ins, the least called ${least} times\n`);
