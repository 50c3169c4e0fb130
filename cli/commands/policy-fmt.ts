// stella policy fmt: policies in one layout, with their comments and the same meaning.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import { formatModule, type PolicyError, PolicyErrors } from '../../policy/index.ts';
import { UsageError, type Command } from '../command.ts';
import { sayPolicyErrors, V0 } from '../policies.ts';

export const command: Command = {
  usage: '[--v0] [--write | --check] PATH…',
  help: `Prints modules in the layout of "opa fmt": the same syntax tree, every comment, and no change the second time. With --check it only
names those that are not in it, and exits 1 when there is one.`,
  options: {
    ...V0,
    write: { type: 'boolean', short: 'w', help: 'write the files instead of printing them' },
    check: { type: 'boolean', help: 'name the files that would change' },
  },
  examples: [
    ['stella policy fmt --write policies/', 'every .rego file below'],
    ['stella policy fmt --check policies/', 'in CI'],
  ],

  async run(call) {
    if (call.positionals.length === 0) throw new UsageError('name a .rego file or a directory');
    const [write, check] = [call.flag('write'), call.flag('check')];
    if (write && check) throw new UsageError('give --write or --check');
    const changed: string[] = [];
    const errors: PolicyError[] = [];
    const files = call.positionals.flatMap((path) => (statSync(path).isDirectory() ? modulesIn(path) : [path]));
    for (const file of files) {
      try {
        const text = decodeUtf8(new Uint8Array(readFileSync(file)));
        const formatted = formatModule(file, text, call.flag('v0') ? 0 : 1);
        if (formatted !== text) changed.push(file);
        if (write && formatted !== text) writeFileSync(file, formatted);
        else if (!write && !check) call.out.bytes(encodeUtf8(formatted));
      } catch (error) {
        if (!(error instanceof PolicyErrors)) throw error;
        errors.push(...error.errors);
      }
    }
    if (write || check) for (const file of changed) call.out.say(file);
    call.out.answer({ files: files.length, changed, errors: [] });
    if (errors.length > 0) return sayPolicyErrors(call, new PolicyErrors(errors));
    return check && changed.length > 0 ? 'no' : 'yes';
  },
};

function modulesIn(directory: string): string[] {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.rego'));
  return found.map((entry) => join(entry.parentPath, entry.name)).sort();
}
