// The files of an image or a root file system: layers on top of each other, with whiteouts and links, read when asked for.
import type { TarMember } from './tar.ts';

export interface File {
  /** From the root, without a leading slash. */
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  /** Digest of the layer that brought it; null in a root file system. */
  readonly layer: string | null;
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

  apply(layer: string, members: Iterable<TarMember>): void {
    const added = new Map<string, Entry>();
    const all = [...members];
    for (const { path } of all) {
      const slash = path.lastIndexOf('/');
      const [folder, name] = [path.slice(0, slash + 1), path.slice(slash + 1)];
      // Whiteouts hide what lower layers brought, never what their own layer brings.
      if (name === '.wh..wh..opq') this.#removeBelow(folder);
      else if (name.startsWith('.wh.')) this.#remove(folder + name.slice(4));
    }
    for (const { path, kind, mode, link, bytes } of all) {
      if (path.slice(path.lastIndexOf('/') + 1).startsWith('.wh.')) continue;
      if (kind === 'file') added.set(path, { file: { path, size: bytes.length, mode, layer, read: () => bytes }, link: null });
      else if (kind === 'symlink') added.set(path, { file: null, link });
      else if (kind === 'hardlink') {
        const target = added.get(link.replace(/^\.?\/+/, '')) ?? this.#entries.get(link.replace(/^\.?\/+/, ''));
        if (target?.file) added.set(path, { file: { ...target.file, path, layer }, link: null });
      } else if (kind === 'directory') {
        if (this.#entries.has(path)) this.#entries.delete(path);
        continue;
      } else continue;
      // A file in place of a folder takes the folder's contents away.
      if (!this.#entries.has(path)) this.#removeBelow(`${path}/`);
    }
    for (const [path, entry] of added) this.#entries.set(path, entry);
  }

  #remove(path: string): void {
    this.#entries.delete(path);
    this.#removeBelow(`${path}/`);
  }

  #removeBelow(folder: string): void {
    for (const path of this.#entries.keys()) if (path.startsWith(folder)) this.#entries.delete(path);
  }

  *files(): Iterable<File> {
    for (const [, { file }] of [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))) if (file !== null) yield file;
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
