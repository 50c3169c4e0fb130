// An SPDX 3 document as a graph: its elements stand in any order and name each other.
import { isJsonObject, type Json, type JsonObject } from '../../../ledger/json.ts';
import { at, objectsAt, textAt } from '../../json-view.ts';

export class Graph {
  /** Every element with its place in the document. */
  readonly elements: readonly { readonly element: JsonObject; readonly pointer: string }[];
  readonly #byId = new Map<string, JsonObject>();

  constructor(document: Json) {
    const list = objectsAt(document, '@graph');
    this.elements = at(document, '@graph') === undefined && isJsonObject(document)
      ? [{ element: document, pointer: '' }]
      : list.map((element, i) => ({ element, pointer: `/@graph/${i}` }));
    for (const { element } of this.elements) {
      const id = idOf(element);
      if (id !== undefined && !this.#byId.has(id)) this.#byId.set(id, element);
    }
  }

  get(id: string): JsonObject | undefined {
    return this.#byId.get(id);
  }

  /** What a member refers to: an element by its name, or one that stands inside. */
  follow(element: JsonObject, member: string): JsonObject | undefined {
    const value = element[member];
    return typeof value === 'string' ? this.get(value) : isJsonObject(value) ? value : undefined;
  }

  ofType(pattern: RegExp): readonly JsonObject[] {
    return this.elements.filter(({ element }) => pattern.test(textAt(element, 'type') ?? '')).map(({ element }) => element);
  }

  /** Relationships of a type, one pair for each end; an end that stands inside is named by its own id. */
  *pairs(type: string): Iterable<readonly [from: string, to: string]> {
    for (const relation of this.ofType(/Relationship$/)) {
      if (textAt(relation, 'relationshipType') !== type) continue;
      const from = refOf(relation['from']);
      if (from === undefined) continue;
      for (const to of endsOf(relation)) yield [from, to];
    }
  }
}

export function idOf(element: JsonObject): string | undefined {
  return textAt(element, 'spdxId') ?? textAt(element, '@id');
}

/** A reference: a name, or an element that stands inside. */
export function refOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : isJsonObject(value) ? idOf(value) : undefined;
}

export function endsOf(relation: JsonObject): string[] {
  const to = relation['to'];
  return (Array.isArray(to) ? to : to === undefined ? [] : [to]).map((end) => refOf(end)).filter((end) => end !== undefined);
}

