// What a command is, and what it is given: words, options, output, the clock and randomness.
import type { ExitName } from './exit.ts';

/** One option, in the form that `--help` prints it. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly short?: string;
  /** What the option takes, in capitals, for help: `DIR`, `FILE`, `N`. Left out for a boolean. */
  readonly takes?: string;
  readonly help: string;
}

export interface Command {
  /** How the arguments go, after the command's words: `[OPTIONS] FILE…`. */
  readonly usage: string;
  /** False where all that it is given are options: anything else is refused, for it would count for nothing. */
  readonly takesWords?: false;
  /** What it does and what its result means; a few short lines. */
  readonly help: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Real commands with what each is for. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  run(call: Call): Promise<ExitName>;
}

/** One invocation. Nothing below `cli/` reads the clock, the environment or the terminal; it comes from here. */
export interface Call {
  readonly words: string;
  readonly positionals: readonly string[];
  /** The string option, or undefined. */
  value(name: string): string | undefined;
  values(name: string): readonly string[];
  flag(name: string): boolean;
  readonly out: Output;
  /** Milliseconds since 1970. */
  now(): number;
  /** @param length - bytes */
  random(length: number): Uint8Array;
  env(name: string): string | undefined;
}

/**
 * Where a command writes. With `--json` exactly one JSON object goes to standard output and no other text; without it,
 * lines for people. Progress is drawn on a terminal's standard error and nowhere else.
 */
export interface Output {
  readonly json: boolean;
  /** A line for people; nothing with `--json`. */
  say(line: string): void;
  /** Adds members to the JSON answer (spec/cli.md lists each command's); nothing without `--json`. */
  answer(members: Readonly<Record<string, unknown>>): void;
  /** Bytes as they are, to standard output (an entry, a checkpoint); nothing with `--json`. */
  bytes(bytes: Uint8Array): void;
  /** A warning on standard error, in both forms. */
  warn(line: string): void;
  progress(text: string): void;
}

/** A wrong call: exit code 2, with the command's usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
