// Fields of one response name must be one field (GraphQL specification, section 5.3.2). The letters are the steps of the
// algorithm that graphql-js describes: every pair of fields is compared once, fragments by their names.
import { compareStrings } from '../../rego/value.ts';
import type { Argument, Field, Literal, Position, Selection, Spread, Type } from './tree.ts';
import { KIND } from './tree.ts';
import { isLeaf, typeText } from './types.ts';
import type { Rule, Walk } from './walk.ts';

interface Conflict {
  readonly name: string;
  readonly message: string;
  readonly below: readonly Conflict[];
  readonly at: Position | null;
}

/** Fields by response name, in the order of their first appearance. */
type FieldsByName = Map<string, Field[]>;

export function overlappingFields(walk: Walk): Rule {
  const comparer = new Comparer(walk);
  const check = (set: readonly Selection[]) => {
    for (const conflict of comparer.within(set)) {
      const advice = 'Use different aliases on the fields to fetch both if this was intentional.';
      walk.complain(conflict.at, `Fields "${conflict.name}" conflict because ${reason(conflict)}. ${advice}`);
    }
  };
  return {
    operation: ({ SelectionSet }) => check(SelectionSet),
    // A fragment's fields are looked at with the operations that spread it.
    field: ({ SelectionSet }) => (walk.operation === null ? undefined : check(SelectionSet)),
    inline: ({ SelectionSet }) => check(SelectionSet),
    fragment: ({ SelectionSet }) => check(SelectionSet),
  };
}

function reason({ message, below }: Conflict): string {
  if (below.length === 0) return message;
  return below.map((conflict) => `subfields "${conflict.name}" conflict because ${reason(conflict)}`).join(' and ');
}

class Comparer {
  readonly #walk: Walk;
  /** Pairs of fragments that were compared, and whether as parts of types that exclude each other. */
  readonly #pairs = new Map<string, Map<string, boolean>>();
  #compared = new Set<string>();

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  within(set: readonly Selection[]): Conflict[] {
    const conflicts: Conflict[] = [];
    if (set.length === 0) return conflicts;
    const { fields, spreads } = this.#collect(set);
    // A
    for (const list of fields.values()) {
      for (const [i, a] of list.entries()) for (const b of list.slice(i + 1)) this.#compare(conflicts, false, a, b);
    }
    this.#compared = new Set();
    for (const [i, a] of spreads.entries()) {
      // B, then C
      this.#withFragment(conflicts, false, fields, a);
      for (const b of spreads.slice(i + 1)) this.#fragments(conflicts, false, a, b);
    }
    return conflicts;
  }

  #collect(set: readonly Selection[]): { fields: FieldsByName; spreads: Spread[] } {
    const fields: FieldsByName = new Map();
    const spreads: Spread[] = [];
    const collect = (selections: readonly Selection[]) => {
      this.#walk.context.spend(selections.length);
      for (const selection of selections) {
        if (selection.kind === 'spread') spreads.push(selection);
        else if (selection.kind === 'inline') collect(selection.SelectionSet);
        else {
          const name = responseName(selection);
          const list = fields.get(name);
          if (list === undefined) fields.set(name, [selection]);
          else list.push(selection);
        }
      }
    };
    collect(set);
    return { fields, spreads };
  }

  #withFragment(conflicts: Conflict[], exclusive: boolean, fields: FieldsByName, spread: Spread): void {
    if (this.#compared.has(spread.Name)) return;
    this.#compared.add(spread.Name);
    if (spread.definition === undefined) return;
    const other = this.#collect(spread.definition.SelectionSet);
    if (sameFields(fields, other.fields)) return;
    // D, then E
    this.#between(conflicts, exclusive, fields, other.fields);
    for (const further of other.spreads) {
      if (further.Name !== spread.Name) this.#walk.nested(() => this.#withFragment(conflicts, exclusive, fields, further));
    }
  }

  #fragments(conflicts: Conflict[], exclusive: boolean, a: Spread, b: Spread): void {
    if (a.Name === b.Name || this.#hasPair(a.Name, b.Name, exclusive)) return;
    this.#addPair(a.Name, b.Name, exclusive);
    this.#addPair(b.Name, a.Name, exclusive);
    const [left, right] = [a.definition, b.definition];
    if (left === undefined || right === undefined) return;
    const [first, second] = [this.#collect(left.SelectionSet), this.#collect(right.SelectionSet)];
    // F, then G
    this.#between(conflicts, exclusive, first.fields, second.fields);
    for (const further of second.spreads) this.#walk.nested(() => this.#fragments(conflicts, exclusive, a, further));
    for (const further of first.spreads) this.#walk.nested(() => this.#fragments(conflicts, exclusive, further, b));
  }

  #hasPair(a: string, b: string, exclusive: boolean): boolean {
    const found = this.#pairs.get(a)?.get(b);
    // Having been compared as parts of one type says what comparing them as parts of two would say.
    return found !== undefined && (exclusive || !found);
  }

  #addPair(a: string, b: string, exclusive: boolean): void {
    const known = this.#pairs.get(a) ?? new Map<string, boolean>();
    this.#pairs.set(a, known.set(b, exclusive));
  }

  #between(conflicts: Conflict[], exclusive: boolean, first: FieldsByName, second: FieldsByName): void {
    for (const [name, list] of first) {
      for (const a of list) for (const b of second.get(name) ?? []) this.#compare(conflicts, exclusive, a, b);
    }
  }

  #compare(conflicts: Conflict[], exclusive: boolean, a: Field, b: Field): void {
    const conflict = this.#walk.nested(() => this.#conflict(exclusive, a, b));
    if (conflict !== null) conflicts.push(conflict);
  }

  #conflict(parentsExclude: boolean, a: Field, b: Field): Conflict | null {
    const [above, beside] = [a.parent, b.parent];
    if (above === undefined || beside === undefined) return null;
    const [first, second] = [a.definition, b.definition];
    const areObjects = above.Kind === 'OBJECT' && beside.Kind === 'OBJECT';
    const exclusive = parentsExclude || (above.Name !== beside.Name && areObjects && first !== undefined && second !== undefined);
    const because = (message: string): Conflict => ({ name: responseName(a), message, below: [], at: b.at });
    if (!exclusive) {
      if (a.Name !== b.Name) return because(`"${a.Name}" and "${b.Name}" are different fields`);
      if (!sameArguments(a.Arguments, b.Arguments)) return because('they have differing arguments');
    }
    if (first !== undefined && second !== undefined && this.#typesConflict(first.Type, second.Type)) {
      return because(`they return conflicting types "${typeText(first.Type)}" and "${typeText(second.Type)}"`);
    }
    const below = this.#below(exclusive, a.SelectionSet, b.SelectionSet);
    return below.length === 0 ? null : { ...because(''), below };
  }

  #below(exclusive: boolean, a: readonly Selection[], b: readonly Selection[]): Conflict[] {
    const conflicts: Conflict[] = [];
    const [first, second] = [this.#collect(a), this.#collect(b)];
    // H, I both ways, J
    this.#between(conflicts, exclusive, first.fields, second.fields);
    for (const [fields, spreads] of [[first.fields, second.spreads], [second.fields, first.spreads]] as const) {
      for (const spread of spreads) {
        this.#compared = new Set();
        this.#withFragment(conflicts, exclusive, fields, spread);
      }
    }
    for (const left of first.spreads) for (const right of second.spreads) this.#fragments(conflicts, exclusive, left, right);
    return conflicts;
  }

  #typesConflict(a: Type, b: Type): boolean {
    if (a.Elem !== null && b.Elem !== null) return this.#typesConflict(a.Elem, b.Elem);
    if (a.Elem !== null || b.Elem !== null || a.NonNull !== b.NonNull) return true;
    const [first, second] = [this.#walk.typeNamed(a.NamedType), this.#walk.typeNamed(b.NamedType)];
    return first !== undefined && second !== undefined && isLeaf(first) && isLeaf(second) && first.Name !== second.Name;
  }
}

const responseName = ({ Alias, Name }: Field) => (Alias === '' ? Name : Alias);

/** Whether both are the very same fields: a fragment is not compared with itself. */
function sameFields(a: FieldsByName, b: FieldsByName): boolean {
  if (a.size !== b.size) return false;
  for (const [name, list] of a) {
    const other = b.get(name);
    if (other?.length !== list.length || list.some((field, i) => field !== other[i])) return false;
  }
  return true;
}

function sameArguments(a: readonly Argument[], b: readonly Argument[]): boolean {
  return a.length === b.length && a.every((one) => b.some((other) => one.Name === other.Name && sameLiteral(one.Value, other.Value)));
}

/** The fields of an input object have no order, the elements of a list have one. */
function sameLiteral(a: Literal, b: Literal): boolean {
  if (a.Kind !== b.Kind || a.Raw !== b.Raw || a.Children.length !== b.Children.length) return false;
  const inOrder = ({ Kind, Children }: Literal) => (Kind === KIND.object ? [...Children].sort((x, y) => compareStrings(x.Name, y.Name)) : Children);
  const others = inOrder(b);
  return inOrder(a).every((child, i) => child.Name === others[i]?.Name && sameLiteral(child.Value, (others[i] as { Value: Literal }).Value));
}
