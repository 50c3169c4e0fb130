// Where commands write: lines for people, or one JSON object for machines; progress only on a terminal.
import { clip, LedgerError } from '../ledger/errors.ts';
import { UsageError, type Output } from './command.ts';
import { EXIT, exitOf, type ExitName } from './exit.ts';
import { visible } from './visible.ts';

/** An output and its two endings: `end` after a command that ran, `fail` for what it threw. */
export interface EndingOutput extends Output {
  end(exit: ExitName): void;
  fail(error: unknown): ExitName;
}

export function createOutput(words: string, json: boolean): EndingOutput {
  const members: Record<string, unknown> = {};
  let progressShown = false;
  const clear = () => {
    if (progressShown) process.stderr.write('\r\u001B[K');
    progressShown = false;
  };
  const print = (exit: ExitName, more: Readonly<Record<string, unknown>>) =>
    process.stdout.write(`${JSON.stringify({ command: words, ok: exit === 'yes', exit: EXIT[exit], ...more })}\n`);
  return {
    json,
    say(line) {
      clear();
      if (!json) process.stdout.write(`${visible(line)}\n`);
    },
    answer(more) {
      Object.assign(members, more);
    },
    bytes(bytes) {
      clear();
      if (!json) process.stdout.write(bytes);
    },
    warn(line) {
      clear();
      process.stderr.write(`warning: ${visible(line)}\n`);
    },
    progress(text) {
      if (!process.stderr.isTTY || json) return;
      process.stderr.write(`\r\u001B[K${clip(text)}`);
      progressShown = true;
    },
    end(exit) {
      clear();
      if (json) print(exit, members);
    },
    fail(error) {
      clear();
      const { exit, code, message, hint, position } = describe(error);
      if (json) print(exit, { ...members, error: { code, message, ...(hint === null ? {} : { hint }), ...(position === null ? {} : { position }) } });
      else {
        const place = position === null ? '' : ` (at byte ${position})`;
        process.stderr.write(visible(`${code}: ${message}${place}\n${hint === null ? '' : `${hint}\n`}`));
        if (exit === 'bug' && error instanceof Error) process.stderr.write(`This is a bug in stella. Please report it with this:\n${error.stack}\n`);
      }
      return exit;
    },
  };
}

interface Failure {
  exit: ExitName;
  code: string;
  message: string;
  hint: string | null;
  position: number | null;
}

function describe(error: unknown): Failure {
  if (error instanceof LedgerError) {
    const { code, message, hint, position } = error;
    return { exit: exitOf(code), code, message, hint, position };
  }
  if (error instanceof UsageError) return { exit: 'usage', code: 'USAGE', message: error.message, hint: null, position: null };
  const { code, path, message, syscall } = error as NodeJS.ErrnoException;
  const what = ERRNO[code ?? ''];
  // Whatever else a call to the system answers is the system's state, too, and no bug of ours.
  if (code !== undefined && (what !== undefined || syscall !== undefined)) {
    const [said, hint] = what ?? [clip(message), null];
    return { exit: 'environment', code, message: path === undefined ? `Cannot go on: ${said}` : `Cannot use "${clip(path)}": ${said}`, hint, position: null };
  }
  return { exit: 'bug', code: 'BUG', message: message ?? String(error), hint: null, position: null };
}

/** What the operating system says, in words with a next step. */
const ERRNO: Readonly<Record<string, readonly [string, string | null]>> = {
  ENOENT: ['no such file or directory', 'Check the path'],
  EACCES: ['permission denied', 'Run as the user that owns the ledger'],
  EPERM: ['operation not permitted', 'Run as the user that owns the ledger'],
  EISDIR: ['there is a directory where a file is expected', 'Name a file'],
  ENOTDIR: ['a part of the path is no directory', 'Check the path'],
  ELOOP: ['its links lead in a circle', 'Check the path'],
  ENAMETOOLONG: ['the name is too long', 'Check the path'],
  EADDRNOTAVAIL: ['this machine has no such address', 'Choose another with --host'],
  ENOTFOUND: ['no host is known by this name', 'Choose another with --host'],
  ERR_FS_FILE_TOO_LARGE: ['a file is larger than 2 GiB, and no pack', 'Check the path'],
  EADDRINUSE: ['the address is in use', 'Choose another with --port'],
  ENOSPC: ['the disk is full', 'Free some space, then run the same command again; what was acknowledged is kept'],
};
