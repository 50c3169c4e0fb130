// Layouts: objects with the same keys in the same order keep their values in arrays, and share the table of their keys.
//
// Ten thousand findings as ten thousand maps take some 10 MB, read again by every loop of a policy; as arrays they take 2.
import { Num } from './number.ts';
import { type Key, type Layout as Interface, sortValues } from './value.ts';

/** Objects with more keys are made as maps: they are tables of their own, not one of many. */
const keysMax = 64;
/** Keys after keys that are told apart; objects beyond are made as maps. */
const nodesMax = 4_096;
/** Numbers that are made once for all places where they stand. */
const numbersMax = 4_096;

class Layout implements Interface {
  readonly keys: readonly string[];
  readonly places: readonly number[];
  readonly names: readonly string[];
  readonly #placeOf: ReadonlyMap<Key, number>;

  /** @param names - none twice, none beginning with U+0000 */
  constructor(names: readonly string[]) {
    this.names = names;
    this.#placeOf = new Map(names.map((name, place) => [name, place]));
    this.keys = sortValues([...names]) as string[];
    this.places = this.keys.map((key) => this.#placeOf.get(key) as number);
  }

  placeOf(key: Key): number {
    return this.#placeOf.get(key) ?? -1;
  }
}

/** What stands so far in an object that is being made: the keys that came before. */
export class LayoutNode {
  readonly #layouts: Layouts;
  readonly #before: LayoutNode | null;
  readonly #name: string;
  readonly #depth: number;
  readonly #next = new Map<string, LayoutNode>();
  /** The key that came next most recently: nearly always the one that comes again. */
  #lastName: string | null = null;
  #last: LayoutNode | null = null;
  #layout: Layout | null = null;

  constructor(layouts: Layouts, before: LayoutNode | null, name: string) {
    this.#layouts = layouts;
    this.#before = before;
    this.#name = name;
    this.#depth = before === null ? 0 : before.#depth + 1;
  }

  /** With one more key; null where the object has to be a map: too many keys, one twice, or one that is not its own canonical key. */
  after(name: string): LayoutNode | null {
    if (name === this.#lastName) return this.#last;
    let next = this.#next.get(name);
    if (next === undefined) {
      if (this.#depth === keysMax || name.charCodeAt(0) === 0 || this.names.includes(name) || !this.#layouts.mayGrow()) return null;
      this.#next.set(name, (next = new LayoutNode(this.#layouts, this, name)));
    }
    this.#lastName = name;
    this.#last = next;
    return next;
  }

  /** The keys in the order in which they came. */
  get names(): string[] {
    return this.#before === null ? [] : [...this.#before.names, this.#name];
  }

  get layout(): Layout {
    return (this.#layout ??= new Layout(this.names));
  }
}

/** The layouts of a document, or of documents that are alike. */
export class Layouts {
  readonly empty = new LayoutNode(this, null, '');
  readonly #numbers = new Map<number, Num>();
  #nodes = 0;

  /** A double as a value, null where it is none. Scores are few and stand in ten thousand findings: each is read once. */
  numberOf(double: number): number | Num | null {
    const known = this.#numbers.get(double);
    // As keys of a map the two zeros are one.
    if (known !== undefined && double !== 0) return known;
    const value = Number.isFinite(double) ? Num.parse(Object.is(double, -0) ? '-0' : String(double)) : null;
    if (value instanceof Num && this.#numbers.size < numbersMax) this.#numbers.set(double, value);
    return value;
  }

  /** Of objects with these keys in this order; null where such are maps. */
  of(names: readonly string[]): Interface | null {
    let node: LayoutNode | null = this.empty;
    for (const name of names) node = node?.after(name) ?? null;
    return node?.layout ?? null;
  }

  mayGrow(): boolean {
    return this.#nodes++ < nodesMax;
  }
}
