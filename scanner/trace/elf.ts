// What an ELF program needs and may do: interpreter, libraries, imported functions (System V gABI, "Dynamic Linking").

export interface Elf {
  readonly wide: boolean;
  readonly machine: number;
  /** The dynamic linker; null in libraries and static programs. */
  readonly interpreter: string | null;
  /** Null in static programs. */
  readonly needed: readonly string[] | null;
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
  /** Functions and data that it takes from libraries. */
  readonly imports: ReadonlySet<string>;
}

const symbolsMax = 400_000;
const decoder = new TextDecoder('latin1');

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** @returns null where it is damaged */
export function readElf(bytes: Uint8Array): Elf | null {
  try {
    return isElf(bytes) && bytes.length >= 52 ? read(bytes) : null;
  } catch (error) {
    // A pointer out of the file.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function read(bytes: Uint8Array): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [wide, little] = [bytes[4] === 2, bytes[5] === 1];
  const half = (at: number) => view.getUint16(at, little);
  const int = (at: number) => view.getUint32(at, little);
  const word = (at: number) => (wide ? Number(view.getBigUint64(at, little)) : int(at));
  const text = (at: number) => {
    const end = bytes.indexOf(0, at);
    if (at < 0 || at > bytes.length || end < 0) throw new RangeError('text');
    return decoder.decode(bytes.subarray(at, Math.min(end, at + 4096)));
  };
  const segments = Array.from({ length: half(wide ? 56 : 44) }, (_, i) => {
    const at = word(wide ? 32 : 28) + i * half(wide ? 54 : 42);
    return wide
      ? { type: int(at), offset: word(at + 8), address: word(at + 16), size: word(at + 32) }
      : { type: int(at), offset: word(at + 4), address: word(at + 8), size: word(at + 16) };
  });
  const offsetOf = (address: number) => {
    const load = segments.find((one) => one.type === 1 && address >= one.address && address < one.address + one.size);
    if (load === undefined) throw new RangeError('address');
    return address - load.address + load.offset;
  };
  const interpreter = segments.find(({ type }) => type === 3);
  const dynamic = segments.find(({ type }) => type === 2);
  const base = { wide, machine: half(18), interpreter: interpreter === undefined ? null : text(interpreter.offset) };
  if (dynamic === undefined) return { ...base, needed: null, rpath: [], runpath: [], imports: new Set() };
  const tags: [tag: number, value: number][] = [];
  for (let at = dynamic.offset; at + (wide ? 16 : 8) <= dynamic.offset + dynamic.size; at += wide ? 16 : 8) {
    const tag = word(at);
    if (tag === 0) break;
    tags.push([tag, word(at + (wide ? 8 : 4))]);
  }
  const valueOf = (wanted: number) => tags.find(([tag]) => tag === wanted)?.[1];
  const strings = offsetOf(valueOf(5) ?? -1);
  const named = (wanted: number) => tags.filter(([tag]) => tag === wanted).map(([, value]) => text(strings + value));
  const paths = (wanted: number) => named(wanted).flatMap((list) => list.split(':')).filter((path) => path !== '');
  const imports = new Set<string>();
  const symbols = valueOf(6);
  if (symbols !== undefined) {
    const size = wide ? 24 : 16;
    const count = symbolCount(valueOf(4), valueOf(0x6ffffef5), offsetOf, int);
    for (let i = 1, at = offsetOf(symbols) + size; i < Math.min(count, symbolsMax); i++, at += size) {
      if (half(at + (wide ? 6 : 14)) === 0) imports.add(text(strings + int(at)));
    }
  }
  return { ...base, needed: named(1), rpath: paths(15), runpath: paths(29), imports };
}

/** The old table counts all symbols; the new one begins behind those that are taken from elsewhere, which are all that is wanted. */
function symbolCount(old: number | undefined, gnu: number | undefined, offsetOf: (address: number) => number, int: (at: number) => number): number {
  if (old !== undefined) return int(offsetOf(old) + 4);
  return gnu === undefined ? 0 : int(offsetOf(gnu) + 4);
}

/** Directories in which the dynamic linker looks when a program names none: glibc's and musl's, by machine. */
export function libraryFolders(machine: number, wide: boolean): readonly string[] {
  const triplet = { 62: 'x86_64-linux-gnu', 183: 'aarch64-linux-gnu', 3: 'i386-linux-gnu', 40: 'arm-linux-gnueabihf', 243: 'riscv64-linux-gnu',
    21: 'powerpc64le-linux-gnu', 22: 's390x-linux-gnu' }[machine];
  const ofMachine = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`, `/usr/local/lib/${triplet}`];
  return [...ofMachine, ...(wide ? ['/lib64', '/usr/lib64'] : []), '/lib', '/usr/lib', '/usr/local/lib'];
}
