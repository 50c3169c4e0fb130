// Inventory: which components artifacts are made of, by the facts of their bills of materials, and where a package is used.
import { isSought, readPurl, type PackageSought } from './purls.ts';

/** What is read of the facts of a bill of materials (spec/evidence.md, section 5). */
export interface InventoryFacts {
  readonly components?: readonly { readonly purl?: string; readonly name: string; readonly version?: string }[];
}

/** A bill of materials that counts. */
export interface InventoryEntry {
  /** SHA-256. */
  readonly artifact: Uint8Array;
  /** Index of the entry. */
  readonly entry: number;
}

/**
 * A fold over bills of materials: components by purl, and the entries whose lists hold them.
 *
 * Each purl is kept once; an entry costs a number for each of its components.
 */
export class Inventory {
  /** The places of their entries; most purls are in one list, and a number alone needs no array. */
  readonly #purls = new Map<string, number | number[]>();
  readonly #entries: InventoryEntry[] = [];
  #components = 0;

  /** Components taken in, those without purl too. */
  get components(): number {
    return this.#components;
  }

  /** Distinct purls. */
  get packages(): number {
    return this.#purls.size;
  }

  add(entry: InventoryEntry, { components = [] }: InventoryFacts): void {
    const place = this.#entries.push(entry) - 1;
    this.#components += components.length;
    for (const { purl } of components) {
      if (purl === undefined) continue;
      const places = this.#purls.get(purl);
      if (places === undefined) this.#purls.set(purl, place);
      else if (typeof places === 'object') {
        if (places[places.length - 1] !== place) places.push(place);
      } else if (places !== place) this.#purls.set(purl, [places, place]);
    }
  }

  /**
   * Where packages are used.
   *
   * @returns in the order in which entries were taken in, each with the purls it has of those sought, sorted
   */
  whereUsed(sought: PackageSought): (InventoryEntry & { readonly purls: readonly string[] })[] {
    const found = new Map<number, string[]>();
    for (const [text, places] of this.#purls) {
      const is = readPurl(text);
      if (is === null || !isSought(sought, is)) continue;
      for (const place of typeof places === 'number' ? [places] : places) found.set(place, [...(found.get(place) ?? []), text]);
    }
    return [...found].sort(([a], [b]) => a - b).map(([place, purls]) => ({ ...(this.#entries[place] as InventoryEntry), purls: purls.sort() }));
  }
}
