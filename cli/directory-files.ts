// A directory of this machine as analyzers read it: files by path, symbolic links followed within the directory and never out of it.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { File, FileTree } from '../scanner/index.ts';

const linksMax = 32;

export class DirectoryFiles implements FileTree {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  *files(): Iterable<File> {
    const found: string[] = [];
    const walk = (folder: string) => {
      for (const entry of readdirSync(join(this.#root, folder), { withFileTypes: true })) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) walk(path);
        else if (entry.isFile()) found.push(path);
      }
    };
    walk('');
    for (const path of found.sort()) yield this.#file(path);
  }

  *links(): Iterable<readonly [path: string, target: string]> {
    for (const entry of readdirSync(this.#root, { withFileTypes: true, recursive: true })) {
      if (!entry.isSymbolicLink()) continue;
      const whole = join(entry.parentPath, entry.name);
      yield [relative(this.#root, whole), readlinkSync(whole)];
    }
  }

  get(path: string): File | null {
    let parts = path.split('/').filter((part) => part !== '' && part !== '.');
    for (let links = 0; links <= linksMax; links++) {
      const next = this.#step(parts);
      if (!Array.isArray(next)) return next;
      parts = next;
    }
    return null;
  }

  /** The file, or null, or the path with its first symbolic link replaced. */
  #step(parts: readonly string[]): File | null | string[] {
    for (let i = 1; i <= parts.length; i++) {
      const here = parts.slice(0, i).join('/');
      const stat = lstatSync(join(this.#root, here), { throwIfNoEntry: false });
      if (stat === undefined) return null;
      if (!stat.isSymbolicLink()) continue;
      const target = readlinkSync(join(this.#root, here));
      // An absolute link is one from the image's root, which is this directory.
      const resolved = target.startsWith('/') ? [] : parts.slice(0, i - 1);
      for (const part of [...target.split('/'), ...parts.slice(i)]) {
        if (part === '..') resolved.pop();
        else if (part !== '' && part !== '.') resolved.push(part);
      }
      return resolved;
    }
    const path = parts.join('/');
    return lstatSync(join(this.#root, path)).isFile() ? this.#file(path) : null;
  }

  #file(path: string): File {
    const { size, mode } = lstatSync(join(this.#root, path));
    return { path, size, mode: mode & 0o7777, layer: null, read: () => new Uint8Array(readFileSync(join(this.#root, path))) };
  }
}
