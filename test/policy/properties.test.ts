// Properties of the language over random modules: printed and parsed again, in another order of rules and modules. The seed is printed.
import { describe, expect, test } from 'vitest';
import { compile, type Evaluation, formatJson, formatModule, parseJson, PolicyErrors, type Value } from '../../policy/index.ts';
import { parseModule } from '../../policy/rego/parser.ts';
import { Generator, randomOf } from '../interop/opa/generate.ts';
import { readSeeds } from '../interop/opa/seeds.ts';
import { commentsOf, treeOf } from './tree.ts';

const seed = Number(process.env['STELLA_FUZZ_SEED'] ?? String(20_261_121));
const count = 60;

/** Modules that compile, with their packages' names and an input. */
function made(): { modules: { name: string; text: string }[]; input: Value } {
  const generator = new Generator(seed, readSeeds());
  const input = parseJson(generator.input());
  const modules = Array.from({ length: count }, (_, i) => ({ name: `p${i}`, text: generator.module(`p${i}`) })).filter(({ text }) => {
    try {
      compile([{ file: 'm', text }]);
      return true;
    } catch (error) {
      if (error instanceof PolicyErrors) return false;
      throw error;
    }
  });
  return { modules, input };
}

const { modules, input } = made();
const shown = ({ defined, value, error }: Evaluation) => (error === null ? (defined ? formatJson(value) : 'undefined') : error.code);

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => [random(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item);
}

/** The module with its rules in another order; METADATA, which belongs to what stands below it, is left out. */
function reordered(text: string, random: () => number): string {
  const bare = text.split('\n').filter((line) => !line.startsWith('#')).join('\n');
  const { rules } = parseModule('m', bare, 1);
  const starts = rules.map(({ loc }) => loc.offset);
  const chunks = starts.map((start, i) => bare.slice(start, starts[i + 1]).trimEnd());
  return `${bare.slice(0, starts[0])}${shuffled(chunks, random).join('\n\n')}\n`;
}

describe(`random modules, seed ${seed}`, () => {
  test('most compile', () => expect(modules.length).toBeGreaterThan(count / 2));

  test('printed and parsed they have the same tree and comments, and printed again the same text', () => {
    for (const { text } of modules) {
      const formatted = formatModule('m', text);
      expect(treeOf(formatted, 1)).toBe(treeOf(text, 1));
      expect(commentsOf(formatted, 1)).toEqual(commentsOf(text, 1));
      expect(formatModule('m', formatted)).toBe(formatted);
    }
  });

  test('the order of rules changes nothing', () => {
    const random = randomOf(seed);
    for (const { name, text } of modules) {
      const ask = (module: string) => shown(compile([{ file: 'm', text: module }]).evaluate(`data.f.${name}`, { input, clock: 0n }));
      expect([text, ask(reordered(text, random))]).toEqual([text, ask(text.split('\n').filter((line) => !line.startsWith('#')).join('\n'))]);
    }
  });

  test('neither the order nor the names of the files change a result', () => {
    const random = randomOf(seed + 1);
    const sources = modules.map(({ name, text }) => ({ file: `${name}.rego`, text }));
    const one = compile(sources);
    const other = compile(shuffled(sources, random).map(({ text }, i) => ({ file: `${i}.rego`, text })));
    for (const { name } of modules) {
      const ask = (policy: typeof one) => shown(policy.evaluate(`data.f.${name}`, { input, clock: 0n }));
      expect([name, ask(other)]).toEqual([name, ask(one)]);
    }
  });
});

