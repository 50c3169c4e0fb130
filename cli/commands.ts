// The one place where a command is added: its words, its line in `stella --help`, and where it lives.
import type { Command } from './command.ts';

export interface Entry {
  readonly words: string;
  readonly summary: string;
  readonly group: 'Ledger' | 'Proofs' | 'Operation' | 'Keys';
  load(): Promise<Command>;
}

export const COMMANDS: readonly Entry[] = [
];
