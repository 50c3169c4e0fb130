// node decide.ts MODULES: what modules give, with the rules that fired, the steps, the errors and the layout, as text on standard output.
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { compile, encodePolicy, formatJson, formatModule, parseJson, PolicyErrors, RegoObject } from '../../../policy/index.ts';

const { input, modules } = JSON.parse(readFileSync(argv[2] as string, 'utf8')) as { input: string; modules: { name: string; text: string }[] };
for (const { name, text } of modules) {
  try {
    const policy = compile([{ file: `${name}.rego`, text }]);
    const { defined, value, fired, stats, error } = policy.evaluate(`data.f.${name}`, { input: parseJson(input), clock: 1_795_219_200_000_000_000n });
    const rules = fired.map(({ path, row, bindings }) => `${path}:${row} ${[...bindings].map(([key, bound]) => `${key}=${formatJson(bound)}`).join(' ')}`);
    const shown = defined ? formatJson(value) : `undefined ${error?.code ?? ''}`;
    process.stdout.write(`${name} ${shown} ${stats.steps}\n${rules.join('\n')}\n${formatModule(name, text)}`);
    process.stdout.write(encodePolicy({ modules: [{ file: name, text }], data: RegoObject.of([]), revision: '', regoVersion: 1 }));
  } catch (error) {
    if (!(error instanceof PolicyErrors)) throw error;
    process.stdout.write(`${error.message}\n`);
  }
}
