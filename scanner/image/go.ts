// The build information Go writes into binaries (debug/buildinfo): the toolchain's version and the modules it linked.

export interface GoModule {
  readonly path: string;
  readonly version: string;
}

export interface GoBuild {
  /** Such as `go1.22.3`. */
  readonly goVersion: string;
  /** The main module first, unless it has no version; replaced modules as what replaced them. */
  readonly modules: readonly GoModule[];
}

/** The magic's text; the byte 0xff stands before it. */
const magic = new TextEncoder().encode(' Go buildinf:');
const decoder = new TextDecoder('latin1');

/**
 * Finds build information in an ELF, PE or Mach-O binary; null where there is none.
 *
 * It stands 16-byte aligned in a section of its own (`.go.buildinfo`, `__go_buildinfo`) or at the start of the data segment; only
 * these places are looked at, because a program that reads build information holds the magic bytes among its own constants.
 */
export function goBuildInfo(bytes: Uint8Array): GoBuild | null {
  for (const [start, end] of dataRegions(bytes)) {
    const at = findMagic(bytes, start, Math.min(end, bytes.length));
    if (at !== null) return readBuildInfo(bytes, at) ?? readPointers(bytes, at);
  }
  return null;
}

/** `\xff Go buildinf:`, 14 bytes. */
function findMagic(bytes: Uint8Array, start: number, end: number): number | null {
  for (let at = start; at + 32 <= end; at += 16) {
    if (bytes[at] === 0xff && magic.every((byte, i) => bytes[at + 1 + i] === byte)) return at;
  }
  return null;
}

/** Since Go 1.18 both texts follow inline: flags 2, then length-prefixed version and module list. */
function readBuildInfo(bytes: Uint8Array, at: number): GoBuild | null {
  if (((bytes[at + 15] as number) & 2) === 0) return null;
  const version = textAt(bytes, at + 32);
  const modules = version === null ? null : textAt(bytes, version.next);
  if (version === null || modules === null || !/^(?:go|devel)/.test(version.text)) return null;
  // The list stands between two 16-byte marks.
  const list = modules.text.length >= 33 && modules.text.at(-17) === '\n' ? modules.text.slice(16, -16) : '';
  return { goVersion: version.text, modules: modulesOf(list) };
}

/** Before Go 1.18 two addresses follow, of the headers (address, length) of both texts; the byte before the flags is their width. */
function readPointers(bytes: Uint8Array, at: number): GoBuild | null {
  const [width, flags] = [bytes[at + 14] as number, bytes[at + 15] as number];
  if ((flags & 2) !== 0 || (width !== 4 && width !== 8)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = (flags & 1) === 0;
  const mapped = segmentsOf(bytes, view);
  const word = (from: number) => (width === 8 ? Number(view.getBigUint64(from, little)) : view.getUint32(from, little));
  const offsetOf = (address: number): number | null => {
    const segment = mapped.find((one) => address >= one.address && address < one.address + one.size);
    return segment === undefined ? null : address - segment.address + segment.offset;
  };
  const text = (place: number): string | null => {
    const header = offsetOf(word(place));
    const start = header === null ? null : offsetOf(word(header));
    const length = header === null ? 0 : word(header + width);
    return start === null || start + length > bytes.length ? null : decoder.decode(bytes.subarray(start, start + length));
  };
  try {
    const [version, modules] = [text(at + 16), text(at + 16 + width)];
    if (version === null || !/^(?:go|devel)/.test(version)) return null;
    const list = modules !== null && modules.length >= 33 && modules.at(-17) === '\n' ? modules.slice(16, -16) : '';
    return { goVersion: version, modules: modulesOf(list) };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

interface Segment {
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

/** Where addresses lie in the file. */
function segmentsOf(bytes: Uint8Array, view: DataView): Segment[] {
  if (view.getUint32(0) === 0x7f454c46) {
    const [wide, little] = [bytes[4] === 2, bytes[5] === 1];
    const word = (at: number) => (wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
    return Array.from({ length: view.getUint16(wide ? 56 : 44, little) }, (_, i) => word(wide ? 32 : 28) + i * view.getUint16(wide ? 54 : 42, little))
      .filter((at) => view.getUint32(at, little) === 1)
      .map((at) => ({ offset: word(at + (wide ? 8 : 4)), address: word(at + (wide ? 16 : 8)), size: word(at + (wide ? 32 : 16)) }));
  }
  if (view.getUint16(0) === 0x4d5a) {
    const pe = view.getUint32(60, true);
    // PE32+ keeps its base in eight bytes.
    const base = view.getUint16(pe + 24, true) === 0x20b ? Number(view.getBigUint64(pe + 48, true)) : view.getUint32(pe + 52, true);
    const sections = pe + 24 + view.getUint16(pe + 20, true);
    return Array.from({ length: view.getUint16(pe + 6, true) }, (_, i) => sections + 40 * i)
      .map((at) => ({ address: base + view.getUint32(at + 12, true), size: view.getUint32(at + 16, true), offset: view.getUint32(at + 20, true) }));
  }
  const little = view.getUint8(0) !== 0xfe;
  const wide = (view.getUint32(0, little) & 1) === 1;
  const found: Segment[] = [];
  for (let i = 0, at = wide ? 32 : 28; i < view.getUint32(16, little); i++, at += view.getUint32(at + 4, little)) {
    if (view.getUint32(at, little) !== (wide ? 0x19 : 1)) continue;
    const word = (from: number) => (wide ? Number(view.getBigUint64(from, little)) : view.getUint32(from, little));
    found.push(wide ? { address: word(at + 24), offset: word(at + 40), size: word(at + 48) } : { address: word(at + 24), offset: word(at + 32),
      size: word(at + 36) });
  }
  return found;
}

function textAt(bytes: Uint8Array, at: number): { text: string; next: number } | null {
  let [length, shift, start] = [0, 1, at];
  for (;;) {
    const byte = bytes[start];
    if (byte === undefined || start - at > 4) return null;
    length += (byte & 0x7f) * shift;
    shift *= 128;
    start += 1;
    if (byte < 0x80) break;
  }
  return start + length > bytes.length ? null : { text: decoder.decode(bytes.subarray(start, start + length)), next: start + length };
}

function modulesOf(list: string): GoModule[] {
  const modules: GoModule[] = [];
  for (const line of list.split('\n')) {
    const [kind, path, version] = line.split('\t');
    if (path === undefined || version === undefined) continue;
    // `=>` replaces the module before it; a replacement by a folder has no version.
    if (kind === '=>') modules.pop();
    if ((kind === 'mod' || kind === 'dep' || kind === '=>') && version !== '' && version !== '(devel)') modules.push({ path, version });
    else if (kind === 'mod' || kind === 'dep') modules.push({ path, version: version || '(devel)' });
  }
  return modules.filter(({ version }) => version !== '(devel)');
}

type Region = readonly [start: number, end: number];

function dataRegions(bytes: Uint8Array): Region[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64) return [];
  try {
    if (view.getUint32(0) === 0x7f454c46) return elfRegions(bytes, view);
    if (view.getUint16(0) === 0x4d5a) return peRegions(bytes, view);
    if ([0xfeedface, 0xfeedfacf].includes(view.getUint32(0, true)) || [0xfeedface, 0xfeedfacf].includes(view.getUint32(0))) return machoRegions(bytes, view);
  } catch (error) {
    // Reading past the end: a cut binary has no build information to find.
    if (!(error instanceof RangeError)) throw error;
  }
  return [];
}

function elfRegions(bytes: Uint8Array, view: DataView): Region[] {
  const [wide, little] = [bytes[4] === 2, bytes[5] === 1];
  const word = (at: number) => (wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const [sections, sectionSize, sectionCount] = wide
    ? [word(40), view.getUint16(58, little), view.getUint16(60, little)]
    : [word(32), view.getUint16(46, little), view.getUint16(48, little)];
  const names = view.getUint16(wide ? 62 : 50, little);
  const section = (i: number) => {
    const at = sections + i * sectionSize;
    const [offset, size] = wide ? [word(at + 24), word(at + 32)] : [word(at + 16), word(at + 20)];
    return { name: view.getUint32(at, little), offset, size };
  };
  const found: Region[] = [];
  if (sectionCount > 0 && names < sectionCount) {
    const texts = section(names);
    for (let i = 0; i < sectionCount; i++) {
      const { name, offset, size } = section(i);
      if (nameAt(bytes, texts.offset + name) === '.go.buildinfo') found.push([offset, offset + size]);
    }
  }
  // Stripped of its sections, a binary still has its writable segment.
  const [programs, programSize, programCount] = wide
    ? [word(32), view.getUint16(54, little), view.getUint16(56, little)]
    : [word(28), view.getUint16(42, little), view.getUint16(44, little)];
  for (let i = 0; i < programCount; i++) {
    const at = programs + i * programSize;
    const flags = view.getUint32(wide ? at + 4 : at + 24, little);
    const [offset, size] = wide ? [word(at + 8), word(at + 32)] : [word(at + 4), word(at + 16)];
    if (view.getUint32(at, little) === 1 && (flags & 2) !== 0) found.push([offset, offset + Math.min(size, 65_536)]);
  }
  return found;
}

function peRegions(bytes: Uint8Array, view: DataView): Region[] {
  const pe = view.getUint32(60, true);
  if (view.getUint32(pe) !== 0x50450000) return [];
  const sections = pe + 24 + view.getUint16(pe + 20, true);
  return Array.from({ length: view.getUint16(pe + 6, true) }, (_, i) => sections + 40 * i)
    .filter((at) => ['.data', '.go.buil'].includes(nameAt(bytes, at, 8)) || (view.getUint32(at + 36, true) & 0x80000000) !== 0)
    .map((at): Region => [view.getUint32(at + 20, true), view.getUint32(at + 20, true) + view.getUint32(at + 16, true)]);
}

function machoRegions(bytes: Uint8Array, view: DataView): Region[] {
  const little = view.getUint8(0) !== 0xfe;
  const wide = (view.getUint32(0, little) & 1) === 1;
  const found: Region[] = [];
  let at = wide ? 32 : 28;
  for (let i = 0; i < view.getUint32(16, little); i++) {
    const [command, size] = [view.getUint32(at, little), view.getUint32(at + 4, little)];
    if (command === (wide ? 0x19 : 1)) {
      const [first, length, count] = wide ? [at + 72, 80, view.getUint32(at + 64, little)] : [at + 56, 68, view.getUint32(at + 48, little)];
      for (let j = 0; j < count; j++) {
        const section = first + length * j;
        const offset = view.getUint32(section + (wide ? 48 : 40), little);
        const bytesIn = wide ? Number(view.getBigUint64(section + 40, little)) : view.getUint32(section + 36, little);
        if (['__go_buildinfo', '__data'].includes(nameAt(bytes, section, 16))) found.push([offset, offset + bytesIn]);
      }
    }
    if (size === 0) break;
    at += size;
  }
  return found;
}

function nameAt(bytes: Uint8Array, at: number, max = 64): string {
  const name = bytes.subarray(at, at + max);
  const end = name.indexOf(0);
  return decoder.decode(end < 0 ? name : name.subarray(0, end));
}
