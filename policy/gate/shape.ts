// Shapes of JSON as data, from which a strict check, a type and a JSON Schema follow: the policy input has one truth.

/** A shape of a JSON value. Objects are closed: a member that is not named makes a value another one. */
export type JsonShape =
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Member>; /** How many may not be absent. */ readonly required: number;
    /** In their order. */ readonly list: readonly Named[] }
  | { readonly kind: 'array'; readonly of: JsonShape }
  | { readonly kind: 'text'; readonly pattern?: RegExp; readonly max: number }
  | { readonly kind: 'oneOf'; readonly values: readonly string[] }
  | { readonly kind: 'integer' }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' };

interface Named {
  readonly name: string;
  readonly member: Member;
}

interface Member {
  /** Among the members of its object, from 0. */
  readonly place: number;
  readonly shape: JsonShape;
  readonly optional: boolean;
  /** For people: what it is. */
  readonly says?: string;
}

/** A shape with the type of its values. */
export interface Shaped<T> {
  readonly shape: JsonShape;
  readonly optional?: boolean;
  readonly says?: string;
  /** Never set: it only carries `T`. */
  readonly type?: T;
}

export interface OptionalShaped<T> extends Shaped<T> {
  readonly optional: true;
}

export type ShapeType<S> = S extends Shaped<infer T> ? T : never;

type Members = Readonly<Record<string, Shaped<unknown>>>;
type OptionalNames<M> = { [K in keyof M]: M[K] extends OptionalShaped<unknown> ? K : never }[keyof M];
type ObjectOf<M> = { readonly [K in Exclude<keyof M, OptionalNames<M>>]: ShapeType<M[K]> } & { readonly [K in OptionalNames<M>]?: ShapeType<M[K]> };

export function object<M extends Members>(members: M): Shaped<ObjectOf<M>> {
  const shaped = Object.entries(members).map(([name, { shape, optional: may = false, says }], place): [string, Member] =>
    [name, says === undefined ? { place, shape, optional: may } : { place, shape, optional: may, says }]);
  const list = shaped.map(([name, member]) => ({ name, member }));
  return { shape: { kind: 'object', members: new Map(shaped), required: shaped.filter(([, { optional: may }]) => !may).length, list } };
}

export function array<T>(of: Shaped<T>): Shaped<readonly T[]> {
  return { shape: { kind: 'array', of: of.shape } };
}

/** Longest text of which the shape says nothing else, in UTF-16 code units. */
export const textMax = 4096;

/** @param max - in UTF-16 code units; an empty text is no name of anything */
export function text(pattern?: RegExp, max = textMax): Shaped<string> {
  return { shape: pattern === undefined ? { kind: 'text', max } : { kind: 'text', pattern, max } };
}

export function oneOf<const V extends readonly string[]>(...values: V): Shaped<V[number]> {
  return { shape: { kind: 'oneOf', values } };
}

export const integer: Shaped<number> = { shape: { kind: 'integer' } };
export const boolean: Shaped<boolean> = { shape: { kind: 'boolean' } };

export function number(min: number, max: number): Shaped<number> {
  return { shape: { kind: 'number', min, max } };
}

export function optional<T>(of: Shaped<T>): OptionalShaped<T> {
  return { ...of, optional: true };
}

/** Says what a member is, for the schema's readers. */
export function said<S extends Shaped<unknown>>(says: string, of: S): S {
  return { ...of, says };
}

/** @returns what is wrong, as JSON pointer and reason, or null when the value has the shape */
export function complaintOf(shape: JsonShape, value: unknown): string | null {
  const complaint = complaintIn(shape, value);
  return complaint === null || complaint.startsWith('/') ? complaint : `/${complaint}`;
}

// The pointer is put together on the way out, where something is wrong: for ten thousand findings in order none is ever made.
function complaintIn(shape: JsonShape, value: unknown): string | null {
  switch (shape.kind) {
    case 'object':
      return objectComplaint(shape, value);
    case 'array': {
      if (!Array.isArray(value)) return ' is no array';
      for (let i = 0; i < value.length; i++) {
        const complaint = complaintIn(shape.of, value[i]);
        if (complaint !== null) return `/${i}${complaint}`;
      }
      return null;
    }
    case 'text':
      if (typeof value !== 'string' || value === '') return ' is no text';
      if (value.length > shape.max) return ` is longer than ${shape.max}`;
      return shape.pattern === undefined || shape.pattern.test(value) ? null : ' is of another form';
    case 'oneOf':
      return typeof value === 'string' && shape.values.includes(value) ? null : ` is none of ${shape.values.join(', ')}`;
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= 0 ? null : ' is no integer from 0 on';
    case 'number':
      return typeof value === 'number' && value >= shape.min && value <= shape.max ? null : ` is no number from ${shape.min} to ${shape.max}`;
    case 'boolean':
      return typeof value === 'boolean' ? null : ' is not true or false';
    default:
      return shape satisfies never;
  }
}

function objectComplaint({ members, required, list }: JsonShape & { kind: 'object' }, value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ' is no object';
  const object = value as Readonly<Record<string, unknown>>;
  let missing = required;
  let place = 0;
  for (const name of Object.keys(object)) {
    // Members mostly stand in the shape's order, where the next one need not be looked up.
    const next = list[place];
    const member = next !== undefined && next.name === name ? next.member : members.get(name);
    if (member === undefined) return `/${name} is not part of the policy input`;
    place = member.place + 1;
    const complaint = complaintIn(member.shape, object[name]);
    if (complaint !== null) return `/${name}${complaint}`;
    if (!member.optional) missing--;
  }
  if (missing === 0) return null;
  for (const [name, { optional: may }] of members) if (!may && !Object.hasOwn(object, name)) return `/${name} is missing`;
  throw new TypeError('an object has more of its members than it has');
}

/** The shape as JSON Schema (2020-12), without `$schema` and `$id`. */
export function schemaOf(shape: JsonShape): Record<string, unknown> {
  switch (shape.kind) {
    case 'object': {
      const entries = [...shape.members];
      return {
        type: 'object',
        additionalProperties: false,
        required: entries.filter(([, { optional: may }]) => !may).map(([name]) => name),
        properties: Object.fromEntries(entries.map(([name, { shape: inner, says }]) =>
          [name, { ...(says === undefined ? {} : { description: says }), ...schemaOf(inner) }])),
      };
    }
    case 'array':
      return { type: 'array', items: schemaOf(shape.of) };
    case 'text':
      return { type: 'string', minLength: 1, maxLength: shape.max, ...(shape.pattern === undefined ? {} : { pattern: shape.pattern.source }) };
    case 'oneOf':
      return { enum: shape.values };
    case 'integer':
      return { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
    case 'number':
      return { type: 'number', minimum: shape.min, maximum: shape.max };
    case 'boolean':
      return { type: 'boolean' };
    default:
      return shape satisfies never;
  }
}
