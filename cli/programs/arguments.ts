// What the programs inside packs are given on their command line, and how they end: without the rest of the ledger's code.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LedgerError } from '../../ledger/errors.ts';
import { parseVkey } from '../../ledger/note/keys.ts';
import { type Trust, trustKeys, trustPolicy } from '../../verify/trust.ts';
import type { Hashing, PackOptions, Source } from '../../verify/pack/index.ts';

/** A file that is read in places: a pack need not fit into memory. */
export function openSource(file: string): Source & { close(): void } {
  const handle = openSync(file, 'r');
  const { size } = fstatSync(handle);
  return {
    size,
    read(at, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
      for (let got = 0; got < bytes.length; ) {
        const count = readSync(handle, bytes, got, bytes.length - got, at + got);
        if (count === 0) return bytes.subarray(0, got);
        got += count;
      }
      return bytes;
    },
    close: () => closeSync(handle),
  };
}

export const nodeHashing = (): Hashing => {
  const hash = createHash('sha256');
  return { update: (piece) => hash.update(piece), digest: () => new Uint8Array(hash.digest()) };
};

export const sha256Of = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** SHA-256 of a file, hexadecimal. */
export function digestOfFile(file: string): string {
  const source = openSource(file);
  const hash = createHash('sha256');
  for (let at = 0; at < source.size; at += 1 << 20) hash.update(source.read(at, 1 << 20));
  source.close();
  return hash.digest('hex');
}

export interface TrustFlags {
  readonly keys: readonly string[];
  readonly policy: string | undefined;
  /** Keys that once signed: a vkey, and `@SIZE` where the last size it may have signed is known. */
  readonly retired: readonly string[];
  readonly bestEffort: boolean;
}

/** What a reader trusts; null where nothing was said. @throws {LedgerError} for what is no key and no policy */
export function trustFrom({ keys, policy, retired, bestEffort }: TrustFlags): Trust | null {
  const witnessing = bestEffort ? 'best-effort' : 'required';
  const old = retired.map((given) => {
    const [, text = given, size] = /^(.*?)(?:@([0-9]+))?$/s.exec(given) ?? [];
    const key = parseVkey(vkeyOf(text));
    return { origin: key.name, key, lastSize: size === undefined ? null : Number(size) };
  });
  if (policy !== undefined) return trustPolicy(new Uint8Array(readFileSync(policy)), { witnessing, retired: old });
  if (keys.length === 0 && old.length === 0) return null;
  const current = keys.map((given) => trustKeys(parseVkey(vkeyOf(given)).name, [vkeyOf(given)], { witnessing }));
  return { ...trustKeys('', [], { witnessing, retired: old }), logs: [...current, trustKeys('', [], { retired: old })].flatMap(({ logs }) => logs) };
}

function vkeyOf(given: string): string {
  return /^\S+\+[0-9a-f]{8}\+\S+$/.test(given) ? given : readFileSync(given, 'utf8').trim();
}

/** The receipt that lies beside a pack, where it does. */
export function receiptBeside(file: string, given: string | undefined): { receipt: Uint8Array } | Record<string, never> {
  const path = given ?? `${file}.receipt.json`;
  return given !== undefined || existsSync(path) ? { receipt: new Uint8Array(readFileSync(path)) } : {};
}

export interface ProgramCall {
  readonly file: string;
  readonly trust: Trust | null;
  readonly options: PackOptions;
  readonly json: boolean;
  /** One decision of the pack, where the program takes such an option. */
  readonly decision: number | undefined;
  /** SHA-256 of the program itself. */
  readonly own: string;
}

/** Exit codes of spec/cli.md, as far as a program in a pack has them. */
export const exits = { yes: 0, no: 1, usage: 2, input: 3, cannot: 5 } as const;

/** Runs a program of a pack: reads its call, prints what it answers, and sets the exit code. @param program - its own file's address */
export async function runProgram(
  program: string, usage: string, run: (call: ProgramCall) => Promise<number> | number, takes: { readonly decision?: true } = {},
): Promise<void> {
  const own = createHash('sha256').update(readFileSync(new URL(program))).digest('hex');
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        key: { type: 'string', multiple: true }, retired: { type: 'string', multiple: true }, policy: { type: 'string' }, update: { type: 'string' },
        receipt: { type: 'string' }, decision: { type: 'string' }, 'best-effort': { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' },
      },
    });
    const [file, ...others] = positionals;
    const { decision } = values;
    const isWrong = decision !== undefined && (takes.decision !== true || !/^(0|[1-9][0-9]{0,15})$/.test(decision));
    if (values.help === true || file === undefined || others.length > 0 || isWrong) {
      process.stdout.write(`${usage}\nthis program  sha256:${own}\n`);
      process.exitCode = values.help === true ? exits.yes : exits.usage;
      return;
    }
    const trust = trustFrom({ keys: values.key ?? [], policy: values.policy, retired: values.retired ?? [], bestEffort: values['best-effort'] === true });
    const update = values.update === undefined ? {} : { update: new Uint8Array(readFileSync(values.update)) };
    const options = { hashing: nodeHashing, ...update, ...receiptBeside(file, values.receipt) };
    process.exitCode = await run({ file, trust, options, json: values.json === true, own, decision: decision === undefined ? undefined : Number(decision) });
  } catch (error) {
    const isInput = error instanceof LedgerError || (error as { code?: string }).code !== undefined;
    if (!isInput) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = error instanceof LedgerError ? exits.input : exits.usage;
  }
}
