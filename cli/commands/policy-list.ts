// stella policy list: the policies on record, and every version of one.
import { listPolicies, policyVersions, type PolicyVersion } from '../../actions/publish-policy.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { UsageError, type Command } from '../command.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '[NAME]',
  help: 'Lists each policy as it was published last; with a name, every version of that one, newest first.',
  options: {},
  examples: [
    ['stella policy list', 'what a gate decides by'],
    ['stella policy list gate --json', 'how it came to be, for a program'],
  ],

  async run(call) {
    const [name, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError('name one policy, or none');
    const log = await openForReading(findPlace(call));
    const policies: PolicyVersion[] = [];
    for await (const one of name === undefined ? listPolicies(log) : policyVersions(log, name)) policies.push(one);
    for (const { version, index, event } of policies) {
      const { name: of, bundle, count, entrypoints } = event.data;
      const modules = `${count} ${count === 1 ? 'module' : 'modules'}`;
      call.out.say(`${of}  version ${version}  entry ${index}  ${new Date(event.at).toISOString()}  ${formatHex(bundle[1]).slice(0, 12)}…  ${modules}`);
      for (const entrypoint of entrypoints) call.out.say(`    ${entrypoint}`);
    }
    if (policies.length === 0) call.out.say(name === undefined ? 'no policy was published ("stella policy publish")' : `no policy was published as "${name}"`);
    call.out.answer({ policies: policies.map(policyJson) });
    return 'yes';
  },
};

/** A version's event as members, digests as `sha256:<hex>`. */
export function policyJson({ version, index, event }: PolicyVersion): Record<string, unknown> {
  const { name, bundle, modules, data, capabilities, count, entrypoints, rego, semantics } = event.data;
  const text = ([algorithm, digest]: readonly [string, Uint8Array]) => `${algorithm}:${formatHex(digest)}`;
  return {
    name, version, index, at: event.at, bundle: text(bundle), modules: text(modules), data: text(data), count, entrypoints, rego, semantics,
    capabilities: text(capabilities),
  };
}
