// Alias closure: ids that name one vulnerability, whichever records say so (symmetric and transitive; upstream and related are neither).
import { clip, LedgerError } from '../../ledger/errors.ts';

/** More ids than any real vulnerability has; a source that links everything to everything is refused, not followed. */
export const clusterIdsMax = 1024;

/** A union-find over ids, so that closure costs memory for ids alone and no second reading of the records. */
export class AliasClusters {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #parent: number[] = [];

  intern(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const number = this.#texts.push(id) - 1;
    this.#numbers.set(id, number);
    this.#parent.push(number);
    return number;
  }

  text(number: number): string {
    return this.#texts[number] as string;
  }

  link(a: number, b: number): void {
    const [one, other] = [this.#root(a), this.#root(b)];
    if (one !== other) this.#parent[Math.max(one, other)] = Math.min(one, other);
  }

  #root(number: number): number {
    let at = number;
    while (this.#parent[at] !== at) {
      const above = this.#parent[this.#parent[at] as number] as number;
      this.#parent[at] = above;
      at = above;
    }
    return at;
  }

  /** @throws {LedgerError} INPUT_TOO_LARGE when a cluster has more than `clusterIdsMax` ids */
  resolve(): { othersOf(ids: readonly number[]): string[] } {
    const members = new Map<number, string[]>();
    for (const [number, text] of this.#texts.entries()) {
      const root = this.#root(number);
      const known = members.get(root);
      if (known === undefined) members.set(root, [text]);
      else if (known.push(text) > clusterIdsMax) {
        throw new LedgerError('INPUT_TOO_LARGE', `Cannot link aliases: more than ${clusterIdsMax} ids are one with "${clip(text)}"`, {
          hint: 'leave out the source that links unrelated records',
        });
      }
    }
    return {
      // Ids of the cluster that the record does not name itself, ascending.
      othersOf: (ids) => {
        const own = new Set(ids.map((id) => this.text(id)));
        return (members.get(this.#root(ids[0] as number)) ?? []).filter((id) => !own.has(id)).sort();
      },
    };
  }
}

/** CVE before GHSA before the rest, then by year and number rather than letter by letter. @param ids - at least one */
export function preferredId(ids: readonly string[]): string {
  return ids.reduce((a, b) => (compareIds(b, a) < 0 ? b : a));
}

/** The order in which ids of one vulnerability are shown. */
export function compareIds(a: string, b: string): number {
  return rankOf(a) - rankOf(b) || natural(a, b);
}

function rankOf(id: string): number {
  return id.startsWith('CVE-') ? 0 : id.startsWith('GHSA-') ? 1 : 2;
}

/** Text by code units, runs of digits by value. */
function natural(a: string, b: string): number {
  if (a === b) return 0;
  // Two ids have most of their letters in common: what is equal decides nothing, but for the digits right before the difference.
  let i = 0;
  while (i < a.length && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  while (i > 0 && isDigit(a.charCodeAt(i - 1))) i -= 1;
  let j = i;
  while (i < a.length && j < b.length) {
    const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
    if (endA > i && endB > j) {
      const [x, y] = [a.slice(i, endA).replace(/^0+(?=.)/, ''), b.slice(j, endB).replace(/^0+(?=.)/, '')];
      if (x !== y) return x.length - y.length || (x < y ? -1 : 1);
      [i, j] = [endA, endB];
    } else {
      const order = a.charCodeAt(i) - b.charCodeAt(j);
      if (order !== 0) return order;
      i += 1;
      j += 1;
    }
  }
  return a.length - i - (b.length - j) || (a < b ? -1 : a > b ? 1 : 0);
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
