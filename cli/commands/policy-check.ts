// stella policy check: does a policy compile, and if not, every reason, at its place.
import { compile, PolicyErrors } from '../../policy/index.ts';
import { type Command } from '../command.ts';
import { complaintJson, complaintLine, readPolicies, sayPolicyErrors, V0 } from '../policies.ts';

export const command: Command = {
  usage: '[--v0] [--strict] PATH…',
  help: `Compiles modules (files, directories, .tar.gz bundles) together and tells every error with OPA's code, text and place. A policy
that reads the clock compiles and is warned about: a decision made again later is decided by the recorded clock.
Exit code 1 when there are errors.`,
  options: { ...V0, strict: { type: 'boolean', help: 'also refuse unused imports, variables and arguments (OPA\'s --strict)' } },
  examples: [
    ['stella policy check policies/', 'every error, a line each'],
    ['stella policy check --v0 --json old.rego', 'the language before OPA 1.0, for a program'],
  ],

  async run(call) {
    try {
      const { modules, data, regoVersion, digests } = readPolicies(call, call.positionals);
      const { warnings, entrypoints } = compile(modules, { data, regoVersion, strict: call.flag('strict') });
      for (const warning of warnings) call.out.say(`warning: ${complaintLine(warning)}`);
      call.out.say(`${modules.length} ${modules.length === 1 ? 'module compiles' : 'modules compile'}`);
      call.out.answer({ errors: [], warnings: warnings.map(complaintJson), modules: modules.length, entrypoints, rego: regoVersion, digests });
      return 'yes';
    } catch (error) {
      if (error instanceof PolicyErrors) return sayPolicyErrors(call, error);
      throw error;
    }
  },
};
