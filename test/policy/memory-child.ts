// node memory-child.ts SEMANTICS [NAME…]: asks the greedy policies one after the other, and writes a line for each, so that what ends the
// process has a name.
import { compile, parseJson } from '../../policy/index.ts';
import { GREEDY } from './memory-policies.ts';

const [, , semantics, ...names] = process.argv;
for (const name of names.length > 0 ? names : Object.keys(GREEDY)) {
  const policy = compile([{ file: 'p.rego', text: `package p\n\n${GREEDY[name]}\n` }], { semantics: Number(semantics) });
  const { error, stats, defined } = policy.evaluate('data.p.x', { input: parseJson('{}'), clock: 0n });
  process.stdout.write(`${JSON.stringify([name, error?.code ?? (defined ? 'defined' : 'undefined'), stats.cells])}\n`);
}
