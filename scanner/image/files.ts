// The files of an image or a root file system: layers on top of each other, with whiteouts and links, read when asked for.
import { wholeOf } from './stored.ts';
import type { TarMember } from './tar.ts';

export interface File {
  /** From the root, without a leading slash. */
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  /** Digest of the layer that brought it; null in a root file system. */
  readonly layer: string | null;
  /** A hard link to a file of a layer below: its bytes are not its layer's. */
  readonly isLinked?: true;
  read(): Uint8Array;
}

/** Where analyzers look. `cli/` gives a directory, images give their layers. */
export interface FileTree {
  /** Every regular file, ascending by path. */
  files(): Iterable<File>;
  /** The file at a path, symbolic links followed within the tree; null where there is none. */
  get(path: string): File | null;
  /** Every symbolic link with its target as it stands; left out by trees that have none. */
  links?(): Iterable<readonly [path: string, target: string]>;
}

interface Entry {
  file: File | null;
  link: string | null;
}

const linksMax = 32;

/** Layers applied in their order, as OCI's image specification says ("Applying Changesets"). */
export class LayeredFiles implements FileTree {
  readonly #entries = new Map<string, Entry>();
  /** Names in each folder: what lies below one is found without looking at all there is. */
  readonly #names = new Map<string, Set<string>>();
  #sorted: readonly File[] | null = null;

  apply(layer: string, members: Iterable<TarMember>): void {
    this.#sorted = null;
    const added = new Map<string, Entry>();
    const all = [...members];
    for (const { path } of all) {
      const slash = path.lastIndexOf('/');
      const [folder, name] = [path.slice(0, slash + 1), path.slice(slash + 1)];
      // Whiteouts hide what lower layers brought, never what their own layer brings.
      if (name === '.wh..wh..opq') this.#removeBelow(folder.slice(0, -1));
      else if (name.startsWith('.wh.')) this.#remove(folder + name.slice(4));
    }
    for (const { path, kind, mode, link, content } of all) {
      if (path.slice(path.lastIndexOf('/') + 1).startsWith('.wh.')) continue;
      if (kind === 'file') added.set(path, { file: { path, size: content.size, mode, layer, read: () => wholeOf(content) }, link: null });
      else if (kind === 'symlink') added.set(path, { file: null, link });
      else if (kind === 'hardlink') {
        const here = added.get(link.replace(/^\.?\/+/, ''));
        const target = here ?? this.#entries.get(link.replace(/^\.?\/+/, ''));
        if (target?.file) added.set(path, { file: { ...target.file, path, layer, ...(here === undefined && { isLinked: true as const }) }, link: null });
      } else if (kind === 'directory') {
        this.#entries.delete(path);
        continue;
      } else continue;
      // A file in place of a folder takes the folder's contents away.
      if (!this.#entries.has(path)) this.#removeBelow(path);
    }
    for (const [path, entry] of added) this.#enter(path, entry);
  }

  #enter(path: string, entry: Entry): void {
    this.#entries.set(path, entry);
    for (let end = path.length; end > 0; ) {
      const slash = path.lastIndexOf('/', end - 1);
      const folder = path.slice(0, Math.max(0, slash));
      const name = path.slice(slash + 1, end);
      const names = this.#names.get(folder);
      if (names === undefined) this.#names.set(folder, new Set([name]));
      else if (names.has(name)) return;
      else names.add(name);
      end = slash;
    }
  }

  #remove(path: string): void {
    this.#entries.delete(path);
    this.#removeBelow(path);
  }

  #removeBelow(folder: string): void {
    for (const name of this.#names.get(folder) ?? []) this.#remove(folder === '' ? name : `${folder}/${name}`);
    this.#names.delete(folder);
  }

  *files(): Iterable<File> {
    if (this.#sorted === null) {
      const files = [...this.#entries.values()].flatMap(({ file }) => (file === null ? [] : [file]));
      this.#sorted = files.sort((a, b) => (a.path < b.path ? -1 : 1));
    }
    const sorted = this.#sorted;
    yield* sorted;
  }

  *links(): Iterable<readonly [path: string, target: string]> {
    for (const [path, { link }] of this.#entries) if (link !== null) yield [path, link];
  }

  get(path: string): File | null {
    let parts = path.split('/').filter((part) => part !== '' && part !== '.');
    for (let links = 0; links <= linksMax; links++) {
      const linked = this.#firstLink(parts);
      if (linked === null) return this.#entries.get(parts.join('/'))?.file ?? null;
      parts = linked;
    }
    return null;
  }

  /** The path with its first symbolic link replaced; null where there is none on the way. */
  #firstLink(parts: readonly string[]): string[] | null {
    for (let i = 1; i <= parts.length; i++) {
      const link = this.#entries.get(parts.slice(0, i).join('/'))?.link ?? null;
      if (link === null) continue;
      const from = link.startsWith('/') ? [] : parts.slice(0, i - 1);
      const resolved: string[] = [...from];
      for (const part of [...link.split('/'), ...parts.slice(i)]) {
        if (part === '..') resolved.pop();
        else if (part !== '' && part !== '.') resolved.push(part);
      }
      return resolved;
    }
    return null;
  }
}
