// stella policy show: a policy as it was published, its modules and its data.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPolicy, policyVersions, type PolicyVersion } from '../../actions/publish-policy.ts';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { type Bundle, formatJson } from '../../policy/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { jsonOf } from '../json.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';
import { policyJson } from './policy-list.ts';

export const command: Command = {
  usage: 'NAME [--version N] [--module FILE] [--out DIR]',
  help: 'Shows a policy as it was published last, or as version N: its digests and modules; with --module the text of one.',
  options: {
    version: { type: 'string', takes: 'N', help: 'an earlier version' },
    module: { type: 'string', takes: 'FILE', help: 'print this module, as it was published' },
    out: { type: 'string', takes: 'DIR', help: 'write modules and data.json there' },
  },
  examples: [
    ['stella policy show gate', 'what decides'],
    ['stella policy show gate --version 2 --out gate-2/', 'take an earlier one out'],
  ],

  async run(call) {
    const [name, ...others] = call.positionals;
    if (name === undefined || others.length > 0) throw new UsageError('name one policy');
    const place = findPlace(call);
    const found = await versionOf(call, await openForReading(place), name);
    const { bundle } = await loadPolicy(openPlacePayloads(place), found);
    const wanted = call.value('module');
    if (wanted !== undefined) {
      const module = bundle.modules.find(({ file }) => file === wanted);
      if (module === undefined) throw new UsageError(`policy "${name}" has no module "${clip(wanted)}"`);
      call.out.bytes(encodeUtf8(module.text));
    } else sayPolicy(call, found, bundle);
    const directory = call.value('out');
    if (directory !== undefined) writeOut(directory, bundle);
    call.out.answer({ ...policyJson(found), revision: bundle.revision, files: bundle.modules, content: jsonOf(bundle.data) });
    return 'yes';
  },
};

async function versionOf(call: Call, log: LogView, name: string): Promise<PolicyVersion> {
  const text = call.value('version');
  const wanted = text === undefined ? null : parseCount(text, 'a version');
  for await (const found of policyVersions(log, name)) if (wanted === null || found.version === wanted) return found;
  throw new LedgerError('POLICY_UNKNOWN', `Cannot show policy "${clip(name)}": it has no ${wanted === null ? 'version' : `version ${wanted}`}`, {
    hint: '"stella policy list" names those there are',
  });
}

function sayPolicy(call: Call, { version, index, event }: PolicyVersion, { modules, data, revision, digests, regoVersion }: Bundle): void {
  call.out.say(`policy ${event.data.name}, version ${version}: entry ${index}, ${new Date(event.at).toISOString()}`);
  call.out.say(`  bundle   ${digests.bundle}`);
  if (revision !== '') call.out.say(`  revision ${clip(revision)}`);
  call.out.say(`  rego     ${regoVersion === 1 ? 'v1' : 'v0'}, semantics ${event.data.semantics}`);
  for (const entrypoint of event.data.entrypoints) call.out.say(`  answers  ${entrypoint}`);
  for (const { file, text } of modules) call.out.say(`  module   ${clip(file)} (${encodeUtf8(text).length} bytes)`);
  const json = formatJson(data);
  if (json !== '{}') call.out.say(`  data     ${json.length <= 200 ? json : `${json.slice(0, 199)}…`}`);
}

function writeOut(directory: string, { modules, data }: Bundle): void {
  for (const { file, text } of modules) {
    // Whoever published chose the names; none of them leads out of the directory.
    if (file.startsWith('/') || file.includes('\\') || file.split('/').includes('..')) {
      throw new LedgerError('INPUT_MALFORMED', `Cannot write module "${clip(file)}": its name leads outside`);
    }
    mkdirSync(join(directory, dirname(file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'data.json'), `${formatJson(data)}\n`);
}
