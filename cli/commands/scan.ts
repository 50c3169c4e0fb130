// stella scan: an artifact's components against a snapshot, and the result on record.
import { openFileAt } from '../../ledger/store/file-at.ts';
import { clip } from '../../ledger/errors.ts';
import { Snapshot } from '../../scanner/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import type { ExitName } from '../exit.ts';
import { feedOption, snapshotOption } from '../feeds.ts';
import { parseCount } from '../numbers.ts';
import { inputOf, scanUnrecorded, type Asked } from '../scan-input.ts';
import { outputOptions } from '../scan-output.ts';
import { parsePlatform, readTarget, type Target } from '../scan-target.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '[OPTIONS] [FILE|DIRECTORY]',
  help: `Matches the components of an artifact with a snapshot of advisories, and records what was found with all that it depends on: the
component list, the snapshot, the engine. The same inputs give the same bytes anywhere. Takes a bill of materials (recorded first, as by
"stella add"), an image (OCI layout, or an archive of one or of "docker save"), a directory or root file system (with --subject), or
with --subject alone what is on record. A limit that is reached is recorded as a failed scan, never as a clean one.
The exit code is 0 whatever was found: deciding is the gate's work. 5: there is no result.`,
  options: {
    subject: { type: 'string', takes: 'sha256:HEX', help: 'the artifact, where the file does not say; of an image its own, or that of a platform in it' },
    feed: feedOption,
    snapshot: snapshotOption,
    platform: { type: 'string', takes: 'OS/ARCH', help: 'which image of several' },
    reconcile: { type: 'string', multiple: true, takes: 'REPORT', help: 'the report of Trivy, Grype, OSV-Scanner or npm audit beside ours; may be repeated' },
    ...outputOptions,
    timeout: { type: 'string', takes: 'SECONDS', help: 'give up after so long' },
    'max-memory': { type: 'string', takes: 'MIB', help: 'give up above so much memory' },
    'dry-run': { type: 'boolean', help: 'record nothing' },
    'snapshot-file': { type: 'string', takes: 'FILE', help: 'with --dry-run: a snapshot file instead of the ledger\'s; needs no ledger' },
  },
  examples: [
    ['stella scan image.cdx.json --sarif findings.sarif', 'a bill of materials, and its findings for a code scanning page'],
    ['stella scan app.tar', 'an image as "docker save" or a registry tool writes it'],
    ['stella scan --subject sha256:4f2c…9a --snapshot 2026-10-01', 'what is on record of an artifact, by what was known that day'],
    ['stella scan image.cdx.json --reconcile trivy.json', 'what both found, and why the rest differs'],
  ],

  async run(call) {
    const [path, ...others] = call.positionals;
    const subject = call.value('subject');
    if (others.length > 0) throw new UsageError('name one file or directory');
    if (path === undefined && subject === undefined) throw new UsageError('name a file or a directory, or an artifact on record with --subject');
    const given = subject === undefined ? null : parseSubject(subject);
    const asked: Asked = { given, stop: limitsOf(call), started: call.now() };
    // What opens a ledger is loaded where one is opened.
    const ledger = call.flag('dry-run') ? null : await import('../scan-ledger.ts');
    const wanted = { platform: parsePlatform(call.value('platform')), digest: subject };
    const target = path === undefined ? null : await readTarget(path, wanted, ledger?.layerCacheOf(call) ?? null);
    if (wanted.platform !== undefined && target?.is !== 'image') throw new UsageError('--platform says which image of several: name one that holds them');
    if (target !== null && target.is !== 'document') sayUnreadable(call, target);
    return ledger === null ? dryRun(call, target, asked) : ledger.recorded(call, target, asked);
  },
};

async function dryRun(call: Call, target: Target | null, asked: Asked): Promise<ExitName> {
  const file = call.value('snapshot-file');
  if (file === undefined) return (await import('../scan-ledger.ts')).unrecorded(call, target, asked);
  if (target === null) throw new UsageError('with --snapshot-file, name a file or a directory to scan');
  const opened = openFileAt(file, `"${file}"`);
  try {
    return await scanUnrecorded(call, target, asked, { input: await inputOf(target), snapshot: new Snapshot(opened), snapshotMs: asked.started });
  } finally {
    opened.close();
  }
}

function sayUnreadable(call: Call, { analysis }: Exclude<Target, { is: 'document' }>): void {
  for (const { path, why } of analysis.unreadable) call.out.warn(`${clip(path)}: ${clip(why)}; nothing is known of what it holds`);
}

/** How often memory is looked at: asking takes longer than matching a component. */
const askEvery = 32;

function limitsOf(call: Call): Asked['stop'] {
  const [timeout, memory] = [call.value('timeout'), call.value('max-memory')];
  const endsAt = timeout === undefined ? Infinity : performance.now() + 1000 * parseCount(timeout, 'a number of seconds');
  const bytesMax = memory === undefined ? Infinity : parseCount(memory, 'a number of MiB') * 2 ** 20;
  let asked = 0;
  return () => {
    asked += 1;
    if (asked % askEvery !== 1) return null;
    if (performance.now() >= endsAt) return 'time';
    return bytesMax !== Infinity && process.memoryUsage.rss() > bytesMax ? 'memory' : null;
  };
}
