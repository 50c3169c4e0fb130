// The image's files as a running program sees them: paths resolved link by link, directories listed, libraries and programs found.
import { decodeText } from '../../ledger/text.ts';
import type { File, FileTree } from '../image/files.ts';

const linksMax = 40;
/** A script longer than this is no script. */
export const sourceBytesMax = 4 * 1024 * 1024;

export interface Resolved {
  /** Without a leading slash, no link left on the way. */
  readonly path: string;
  /** Links that were followed: whoever owns one of them is reached too. */
  readonly links: readonly string[];
}

export class TraceFiles {
  readonly #files = new Map<string, File>();
  readonly #links: ReadonlyMap<string, string>;
  readonly #names = new Map<string, Set<string>>();
  readonly #folders = new Map<string, Resolved | null>();

  constructor(tree: FileTree) {
    this.#links = new Map(tree.links?.() ?? []);
    for (const file of tree.files()) {
      this.#files.set(file.path, file);
      this.#enter(file.path);
    }
    for (const path of this.#links.keys()) this.#enter(path);
  }

  #enter(path: string): void {
    for (let end = path.length; end >= 0; ) {
      const slash = path.lastIndexOf('/', end - 1);
      const folder = slash < 0 ? '' : path.slice(0, slash);
      const names = this.#names.get(folder);
      const name = path.slice(slash + 1, end);
      if (names === undefined) this.#names.set(folder, new Set([name]));
      else if (names.has(name)) return;
      else names.add(name);
      end = slash;
    }
  }

  /** @param path - absolute or without leading slash @returns null where links lead nowhere or round */
  resolve(path: string, depth = 0): Resolved | null {
    const parts: string[] = [];
    for (const part of path.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    if (parts.length === 0) return { path: '', links: [] };
    const name = parts.pop() as string;
    const folder = this.#folder(parts.join('/'), depth);
    if (folder === null) return null;
    const whole = folder.path === '' ? name : `${folder.path}/${name}`;
    const target = this.#links.get(whole);
    if (target === undefined) return { path: whole, links: folder.links };
    if (depth >= linksMax) return null;
    const next = this.resolve(target.startsWith('/') ? target : `${folder.path}/${target}`, depth + 1);
    return next === null ? null : { path: next.path, links: [...folder.links, whole, ...next.links] };
  }

  #folder(path: string, depth: number): Resolved | null {
    if (path === '') return { path: '', links: [] };
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const found = this.resolve(path, depth);
    this.#folders.set(path, found);
    return found;
  }

  get(path: string): File | null {
    const resolved = this.resolve(path);
    return resolved === null ? null : (this.#files.get(resolved.path) ?? null);
  }

  isFolder(path: string): boolean {
    const resolved = this.resolve(path);
    return resolved !== null && (resolved.path === '' || this.#names.has(resolved.path)) && !this.#files.has(resolved.path);
  }

  isLink(path: string): boolean {
    const slash = path.lastIndexOf('/');
    const folder = this.resolve(path.slice(0, Math.max(0, slash)));
    return folder !== null && this.#links.has(`${folder.path}${folder.path === '' ? '' : '/'}${path.slice(slash + 1)}`);
  }

  /** Names in a directory, ascending. */
  list(path: string): readonly string[] {
    const resolved = this.resolve(path);
    return resolved === null ? [] : [...(this.#names.get(resolved.path) ?? [])].sort();
  }

  /** Every file, ascending by path. */
  all(): Iterable<File> {
    return this.#files.values();
  }

  /** A file's text; null for what is none. */
  text(path: string): string | null {
    const file = this.get(path);
    return file === null ? null : textOf(file);
  }

  /** A program by its name, after PATH: a regular file that may be executed. */
  which(name: string, path: string, cwd: string): string | null {
    for (const folder of path.split(':')) {
      const whole = `${folder.startsWith('/') ? folder : `${cwd}/${folder}`}/${name}`;
      const file = this.get(whole);
      if (file !== null && (file.mode & 0o111) !== 0) return whole;
    }
    return null;
  }
}

export function textOf(file: File): string | null {
  if (file.size > sourceBytesMax) return null;
  const bytes = file.read();
  if (bytes.subarray(0, 1024).includes(0)) return null;
  try {
    return decodeText(bytes).text;
  } catch {
    // Scripts in older encodings: bytes as they are.
    return new TextDecoder('latin1').decode(bytes);
  }
}
