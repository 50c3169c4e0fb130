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

/** CVE before GHSA before the rest, then by year and number rather than letter by letter. */
export function preferredId(ids: readonly string[]): string {
  return ids.toSorted(compareIds)[0] as string;
}

/** The order in which ids of one vulnerability are shown. */
export function compareIds(a: string, b: string): number {
  const rank = (id: string) => (id.startsWith('CVE-') ? 0 : id.startsWith('GHSA-') ? 1 : 2);
  return rank(a) - rank(b) || natural(a, b);
}

function natural(a: string, b: string): number {
  const [left, right] = [a.split(/(\d+)/), b.split(/(\d+)/)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [one, other] = [left[i] as string, right[i] as string];
    const digits = i % 2 === 1;
    const [x, y] = digits ? [one.replace(/^0+(?=.)/, ''), other.replace(/^0+(?=.)/, '')] : [one, other];
    const order = (digits ? x.length - y.length : 0) || (x < y ? -1 : x > y ? 1 : 0);
    if (order !== 0) return order;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}
