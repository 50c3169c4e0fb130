// What a shell script runs in: the image's files, its user, and who is told what it starts.
import type { Guard, State, Text } from './state.ts';

/** Why a trace does not know what runs. Each covers components that might run all the same. */
export type UnknownReason =
  // The script.
  | 'alias' | 'command_computed' | 'environment' | 'evaluated_text' | 'limit' | 'shell_syntax' | 'sourced_computed'
  // Files.
  | 'file_absent' | 'file_kind' | 'file_written' | 'program_absent'
  // Programs.
  | 'launcher_options' | 'loads_libraries' | 'starts_programs' | 'static_binary' | 'unread'
  // Interpreters.
  | 'dynamic_import' | 'evaluates_code' | 'interpreter_options' | 'language_not_followed' | 'reflection' | 'shared_archive'
  // Packages.
  | 'files_not_listed'
  // What only who runs the image decides.
  | 'interactive' | 'no_entry_point';

export interface Unknown {
  readonly reason: UnknownReason;
  readonly detail: string;
  readonly file: string;
  readonly line: number;
  readonly guards: readonly Guard[];
}

export interface Start {
  readonly argv: readonly Text[];
  readonly state: State;
  readonly line: number;
  /** `exec` replaces the shell. */
  readonly how: 'exec' | 'run';
}

export interface User {
  /** Null where the name is in no `passwd`. */
  readonly uid: number | null;
  readonly gid: number | null;
  readonly name: string | null;
  readonly home: string | null;
}

export interface ShellHost {
  readonly user: User;
  /** Directories that the image declares as volumes: what lies there when it runs is not the image's. */
  readonly volumes: readonly string[];
  start(start: Start): void;
  unknown(unknown: Unknown): void;
  /** Text of a file in the image; null where there is none. Being read as a script makes it reached. */
  source(path: string, state: State, line: number): string | null;
  /** Where a program lies, after PATH; null where nowhere. */
  which(name: string, path: string, cwd: string): string | null;
  /** What lies at an absolute path. */
  look(path: string): { readonly is: 'file'; readonly size: number; readonly mode: number; readonly path: string } | { readonly is: 'directory' } | null;
  isLink(path: string): boolean;
  /** Names in a directory, ascending. */
  list(directory: string): readonly string[];
  content(path: string): string | null;
  /** Counts a step. @returns false when there were too many */
  spend(): boolean;
}

/** A path from the root, made of a possibly relative one. */
export function absolute(path: string, cwd: string): string {
  const parts: string[] = [];
  for (const part of `${path.startsWith('/') ? '' : `${cwd}/`}${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
