// Programs and images made for traces: ELF files with what the linker reads, and a trace of a tree with one call.
import { concatBytes, encodeUtf8 } from '../../../ledger/bytes.ts';
import { analyzeFiles, LayeredFiles, readTar } from '../../../scanner/index.ts';
import { entryPointOf, traceEntryPoint, type TraceDocument } from '../../../scanner/trace/trace.ts';
import { tar, type Member } from '../image/make.ts';

export interface Program {
  needed?: readonly string[];
  imports?: readonly string[];
  interpreter?: string;
  runpath?: string;
  /** Bytes behind everything. */
  tail?: string;
  /** No dynamic section at all. */
  isStatic?: boolean;
}

/** A 64-bit little-endian ELF file for x86-64: one segment for all, a dynamic section, symbols. */
export function elf({ needed = [], imports = [], interpreter, runpath, tail = '', isStatic = false }: Program = {}): Uint8Array {
  const texts: string[] = ['', ...needed, ...imports, ...(runpath === undefined ? [] : [runpath])];
  const offsets = new Map<string, number>();
  let strings = '';
  for (const text of texts) {
    offsets.set(text, strings.length);
    strings += `${text}\0`;
  }
  const segments = 2 + (interpreter === undefined ? 0 : 1);
  const interpreterAt = 64 + 56 * segments;
  const stringsAt = interpreterAt + (interpreter === undefined ? 0 : interpreter.length + 1);
  const symbolsAt = Math.ceil((stringsAt + strings.length) / 8) * 8;
  const hashAt = symbolsAt + 24 * (imports.length + 1);
  const dynamicAt = hashAt + 16;
  const tags: [number, number][] = [
    ...needed.map((name): [number, number] => [1, offsets.get(name) as number]), ...(runpath === undefined ? []
      : [[29, offsets.get(runpath) as number] as [number, number]]),
    [5, stringsAt], [6, symbolsAt], [4, hashAt], [0, 0],
  ];
  const size = dynamicAt + 16 * tags.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const big = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true);
  view.setUint16(18, 62, true);
  big(32, 64);
  view.setUint16(54, 56, true);
  view.setUint16(56, isStatic ? 1 : segments, true);
  const segment = (i: number, type: number, offset: number, length: number) => {
    view.setUint32(64 + 56 * i, type, true);
    for (const [at, value] of [[8, offset], [16, offset], [24, offset], [32, length], [40, length]] as const) big(64 + 56 * i + at, value);
  };
  segment(0, 1, 0, size);
  segment(1, 2, dynamicAt, 16 * tags.length);
  if (interpreter !== undefined) segment(2, 3, interpreterAt, interpreter.length + 1);
  bytes.set(encodeUtf8(interpreter ?? ''), interpreterAt);
  bytes.set(encodeUtf8(strings), stringsAt);
  imports.forEach((name, i) => view.setUint32(symbolsAt + 24 * (i + 1), offsets.get(name) as number, true));
  view.setUint32(hashAt, 1, true);
  view.setUint32(hashAt + 4, imports.length + 1, true);
  tags.forEach(([tag, value], i) => {
    big(dynamicAt + 16 * i, tag);
    big(dynamicAt + 16 * i + 8, value);
  });
  return concatBytes(bytes, encodeUtf8(tail));
}

export const program = (path: string, more: Program = {}): Member => ({ path, content: elf(more), mode: 0o755 });
export const script = (path: string, content: string): Member => ({ path, content, mode: 0o755 });

export interface Config {
  Entrypoint?: readonly string[];
  Cmd?: readonly string[];
  Env?: readonly string[];
  WorkingDir?: string;
  User?: string;
  Volumes?: Readonly<Record<string, object>>;
}

export function trace(members: readonly Member[], config: Config): TraceDocument {
  const files = new LayeredFiles();
  files.apply('sha256:0', readTar(tar(members)));
  return traceEntryPoint(entryPointOf({ config: config as never }), files, analyzeFiles(files));
}

/** Commands that are started, words joined by blanks; `?` for a word that is not known. */
export function started(document: TraceDocument): string[] {
  return document.steps.filter(({ why }) => why === 'starts').map(({ argv = [] }) => argv.map((word) => word ?? '?').join(' '));
}

/** A class file that refers to classes and calls methods (`class.name`), with nothing else in it. */
export function classFile(classes: readonly string[], methods: readonly string[] = []): Uint8Array {
  const pool: Uint8Array[] = [];
  const half = (value: number) => Uint8Array.of(value >> 8, value & 0xff);
  const text = (value: string) => pool.push(concatBytes(Uint8Array.of(1), half(value.length), encodeUtf8(value)));
  const named = (value: string) => pool.push(concatBytes(Uint8Array.of(7), half(text(value))));
  for (const name of classes) named(name);
  // Two places for one constant, which readers forget.
  pool.push(concatBytes(Uint8Array.of(5), new Uint8Array(8)), new Uint8Array());
  for (const method of methods) {
    const owner = named(method.slice(0, method.lastIndexOf('.')));
    const name = text(method.slice(method.lastIndexOf('.') + 1));
    const type = text('()V');
    const both = pool.push(concatBytes(Uint8Array.of(12), half(name), half(type)));
    pool.push(concatBytes(Uint8Array.of(10), half(owner), half(both)));
  }
  return concatBytes(Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61), half(pool.length + 1), ...pool, new Uint8Array(14));
}

/** A zip archive of stored members. */
export function zip(members: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(members)) {
    const [bytes, label] = [typeof content === 'string' ? encodeUtf8(content) : content, encodeUtf8(name)];
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    local.setUint32(18, bytes.length, true);
    local.setUint32(22, bytes.length, true);
    local.setUint16(26, label.length, true);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    central.setUint32(20, bytes.length, true);
    central.setUint32(24, bytes.length, true);
    central.setUint16(28, label.length, true);
    central.setUint32(42, at, true);
    parts.push(new Uint8Array(local.buffer), label, bytes);
    directory.push(new Uint8Array(central.buffer), label);
    at += 30 + label.length + bytes.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, directory.length / 2, true);
  end.setUint16(8, directory.length / 2, true);
  end.setUint32(16, at, true);
  return concatBytes(...parts, ...directory, new Uint8Array(end.buffer));
}
