// The `stella` command: finds the command, reads its options, and turns refusals and verdicts into exit codes.
import { parseArgs } from 'node:util';
import { clip } from '../ledger/errors.ts';
import { UsageError, type Call, type Command, type Option } from './command.ts';
import { COMMANDS, type Entry } from './commands.ts';
import { EXIT, type ExitName } from './exit.ts';
import { createOutput } from './output.ts';
import { productVersion } from './version.ts';

/** Options that every command takes. */
const GLOBAL: Readonly<Record<string, Option>> = {
  ledger: { type: 'string', takes: 'DIR', help: 'the ledger directory (else $STELLA_LEDGER, else ./ledger)' },
  'passphrase-file': { type: 'string', takes: 'FILE', help: 'holds the passphrase of the key files (else $STELLA_PASSPHRASE_FILE)' },
  json: { type: 'boolean', help: 'print one JSON object for machines (spec/cli.md)' },
  help: { type: 'boolean', short: 'h', help: 'show this' },
};

/** Runs one command and sets the process' exit code. @param args - the arguments after `stella` */
export async function run(args: readonly string[]): Promise<void> {
  // A reader that stops early (`stella log | head`) is no error, and no answer: a denial is one whoever listens, so the command goes on
  // to its own status. It once ended with 0 there, and `set -o pipefail` took a denial for an allow.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const json = args.includes('--json');
  const entry = find(args);
  if (entry === null) {
    process.exitCode = EXIT[general(args)];
    return;
  }
  const output = createOutput(entry.words, json);
  let exit: ExitName;
  try {
    const command = await entry.load();
    const rest = args.slice(entry.words.split(' ').length);
    const { values, positionals } = read(rest, command);
    if (values['help'] === true) {
      process.stdout.write(helpOf(entry, command));
      return;
    }
    const [word] = positionals;
    if (command.takesWords === false && word !== undefined) throw new UsageError(`"${clip(word)}" is one word too many: it takes options alone`);
    exit = await command.run(callOf(entry, values, positionals, output));
    output.end(exit);
  } catch (error) {
    exit = output.fail(error);
    if (error instanceof UsageError && !json) {
      const { usage } = await entry.load();
      process.stderr.write(`Usage: stella ${entry.words} ${usage}\nSee "stella ${entry.words} --help"\n`);
    }
  }
  process.exitCode = EXIT[exit];
}

/** The command that the first words name, the longest match first. */
function find(args: readonly string[]): Entry | null {
  const matches = COMMANDS.filter(({ words }) => words.split(' ').every((word, i) => args[i] === word));
  return matches.sort((a, b) => b.words.length - a.words.length)[0] ?? null;
}

function read(rest: readonly string[], command: Command): { values: Record<string, unknown>; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries({ ...GLOBAL, ...command.options }).map(([name, { type, multiple, short }]) => [
      name,
      { type, ...(multiple === undefined ? {} : { multiple }), ...(short === undefined ? {} : { short }) },
    ]),
  );
  try {
    return parseArgs({ args: [...rest], options, allowPositionals: true, strict: true });
  } catch (cause) {
    // Some of Node's own words are of several lines.
    throw new UsageError((cause instanceof Error ? cause.message : String(cause)).replaceAll('\n', ' '), { cause });
  }
}

function callOf(entry: Entry, values: Record<string, unknown>, positionals: readonly string[], out: Call['out']): Call {
  return {
    words: entry.words,
    positionals,
    value: (name) => values[name] as string | undefined,
    values: (name) => (values[name] as string[] | undefined) ?? [],
    flag: (name) => values[name] === true,
    out,
    now: () => Date.now(),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    env: (name) => process.env[name],
  };
}

/** Everything that names no command: help, version, a group's word alone, or a mistake. */
function general(args: readonly string[]): ExitName {
  const word = args[0];
  if (word === '--version' || word === '-V') {
    process.stdout.write(`stella ${productVersion()}\n`);
    return 'yes';
  }
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
    process.stdout.write(overview());
    return word === undefined ? 'usage' : 'yes';
  }
  const below = COMMANDS.filter(({ words }) => words.startsWith(`${word} `));
  if (args.includes('--json')) {
    const message = below.length > 0 ? `"${clip(word)}" needs one more word` : `Cannot run "${clip(word)}": no such command`;
    process.stdout.write(`${JSON.stringify({ command: clip(word), ok: false, exit: EXIT.usage, error: { code: 'USAGE', message } })}\n`);
    return 'usage';
  }
  if (below.length > 0) {
    process.stderr.write(`stella ${word} needs one more word:\n${rowsOf(below)}`);
    return 'usage';
  }
  process.stderr.write(`Cannot run "${clip(word)}": no such command\nSee "stella --help"\n`);
  return 'usage';
}

function overview(): string {
  const groups = [...new Set(COMMANDS.map(({ group }) => group))];
  return [
    'stella keeps every supply-chain action as one append-only event in one transparency log,',
    'and proves it: each receipt verifies with no network and no account.\n',
    'Usage: stella COMMAND [OPTIONS]\n',
    ...groups.map((group) => `${group}\n${rowsOf(COMMANDS.filter((entry) => entry.group === group))}`),
    `Options of every command\n${optionRows(GLOBAL)}`,
    'See "stella COMMAND --help" for its options and examples. Exit codes: 0 yes, 1 no, 2 wrong call,',
    '3 refused input, 4 refused by the ledger\'s state, 5 cannot tell, 6 environment (spec/cli.md).\n',
  ].join('\n');
}

function rowsOf(entries: readonly Entry[]): string {
  return entries.map(({ words, summary }) => `  ${words.padEnd(18)} ${summary}\n`).join('');
}

function optionRows(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(([name, { takes, help, short }]) => {
      const shown = `${short === undefined ? '' : `-${short}, `}--${name}${takes === undefined ? '' : ` ${takes}`}`;
      return `  ${shown.padEnd(24)} ${help}\n`;
    })
    .join('');
}

function helpOf(entry: Entry, command: Command): string {
  const own = Object.keys(command.options).length === 0 ? [] : [`Options\n${optionRows(command.options)}`];
  return [
    `${entry.summary}\n`,
    `Usage: stella ${entry.words} ${command.usage}\n`,
    `${command.help}\n`,
    ...own,
    `Options of every command\n${optionRows(GLOBAL)}`,
    `Examples\n${command.examples.map(([line, what]) => `  ${line}\n      ${what}\n`).join('')}`,
  ].join('\n');
}

