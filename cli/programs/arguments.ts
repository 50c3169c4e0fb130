// What the programs inside packs are given on their command line, and how they end: without the rest of the ledger's code.
import * as crypto from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as zlib from 'node:zlib';
import { LedgerError } from '../../ledger/errors.ts';
import { concatBytes } from '../../ledger/bytes.ts';
import { ed25519Spki } from '../../ledger/spki.ts';
import { strictEd25519, verifyEd25519 } from '../../ledger/note/ed25519.ts';
import { parseVkey } from '../../ledger/note/keys.ts';
import { type Trust, trustKeys, trustPolicy } from '../../verify/trust.ts';
import type { Engines, PackOptions, Source } from '../../verify/pack/index.ts';
import { memorySource } from '../../verify/pack/zip-reader.ts';

/** Files up to this size are read once; of larger ones a part at a time, for a pack need not fit into memory. */
const wholeBytesMax = 128 * 1024 * 1024;

export function openSource(file: string): Source & { close(): void } {
  const handle = openSync(file, 'r');
  const { size } = fstatSync(handle);
  const read = (at: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
    for (let got = 0; got < bytes.length; ) {
      // One call reads less than 2 GiB.
      const count = readSync(handle, bytes, got, Math.min(bytes.length - got, 1 << 30), at + got);
      if (count === 0) return bytes.subarray(0, got);
      got += count;
    }
    return bytes;
  };
  if (size > wholeBytesMax) return { size, read, close: () => closeSync(handle) };
  const bytes = read(0, size);
  closeSync(handle);
  return { ...memorySource(bytes), close: () => undefined };
}

/** What Node 20 has from 20.12 and from 20.15 on. */
const { hash } = crypto as unknown as { readonly hash?: (algorithm: string, message: Uint8Array | string, encoding: 'latin1') => string };
const { crc32 } = zlib as { readonly crc32?: NonNullable<Engines['crc32']> };

/** A digest as a text of its bytes takes a third of the time of one that makes an array of its own. */
export function sha256Of(bytes: Uint8Array): Uint8Array {
  if (hash === undefined) return new Uint8Array(crypto.createHash('sha256').update(bytes).digest());
  return bytesOf(hash('sha256', bytes, 'latin1'));
}

/** The same of a text's UTF-8, with no array in between. */
const sha256OfText = hash === undefined ? undefined : (text: string) => bytesOf(hash('sha256', text, 'latin1'));

function bytesOf(latin1: string): Uint8Array {
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = latin1.charCodeAt(i);
  return bytes;
}

/** The same over what comes in pieces. */
export const hashing: NonNullable<Engines['hashing']> = () => {
  const running = crypto.createHash('sha256');
  return { update: (piece) => running.update(piece), digest: () => new Uint8Array(running.digest()) };
};

/** Node's own. */
export const nodeEngines: Engines = {
  hashing,
  sha256: sha256Of,
  ...(sha256OfText === undefined ? {} : { sha256OfText }),
  ...(crc32 === undefined ? {} : { crc32 }),
  // In JavaScript the first signature of a process takes 20 ms, most of it for a table of the curve's points.
  ed25519: strictEd25519((key, message, signature) => {
    try {
      const spki = concatBytes(ed25519Spki, key);
      return crypto.verify(null, message, { key: spki as never, format: 'der', type: 'spki' }, signature);
    } catch {
      // The bytes are no point of the curve; or this Node may not check such signatures, as where only FIPS's are allowed.
      return verifyEd25519(key, message, signature);
    }
  }),
};

/**
 * SHA-256 of all of a file, hexadecimal.
 *
 * Another thread would be given a copy: of 25 MB its pages alone take longer than hashing them here, 25 ms and 13.
 */
export function digestOf(source: Source): string {
  const running = crypto.createHash('sha256');
  for (let at = 0; at < source.size; at += 1 << 20) running.update(source.read(at, 1 << 20));
  return running.digest('hex');
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

/** Runs a program of a pack: reads its call, prints what it answers, and ends with the exit code. @param program - its own file's address */
export async function runProgram(
  program: string, usage: string, run: (call: ProgramCall) => Promise<number> | number, takes: { readonly decision?: true } = {},
): Promise<void> {
  await answerCall(program, usage, run, takes);
  // All is said. To end here spares taking a heap apart that the kernel takes back at once.
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
  process.exit();
}

async function answerCall(
  program: string, usage: string, run: (call: ProgramCall) => Promise<number> | number, takes: { readonly decision?: true },
): Promise<void> {
  const own = crypto.createHash('sha256').update(readFileSync(new URL(program))).digest('hex');
  // Whoever stops listening changes no status.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
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
    const options = { ...nodeEngines, ...update, ...receiptBeside(file, values.receipt) };
    process.exitCode = await run({ file, trust, options, json: values.json === true, own, decision: decision === undefined ? undefined : Number(decision) });
  } catch (error) {
    const isInput = error instanceof LedgerError || (error as { code?: string }).code !== undefined;
    if (!isInput) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = error instanceof LedgerError ? exits.input : exits.usage;
  }
}
