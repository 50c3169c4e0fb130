// GraphQL's syntax tree, under the names and numbers that policies see, and as Rego values both ways.
//
// Names with a capital letter are what a policy sees; names in small letters are our own and never shown.
import { Num } from '../../rego/number.ts';
import { isArray, isNumber, RegoObject, type Value } from '../../rego/value.ts';

/** One-based; columns count code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Comments {
  List: { Value: string }[];
}

export interface Type {
  NamedType: string;
  Elem: Type | null;
  NonNull: boolean;
  at: Position | null;
}

export const KIND = { variable: 0, int: 1, float: 2, string: 3, block: 4, boolean: 5, null: 6, enum: 7, list: 8, object: 9 } as const;

export interface Literal {
  Raw: string;
  Children: { Name: string; Value: Literal; Comment: Comments | null; at: Position | null }[];
  Kind: number;
  ExpectedTypeHasDefault: boolean;
  at: Position | null;
  /** Found by the walk (walk.ts), as are those of directives, fields and spreads. */
  definition?: Definition | undefined;
  variable?: VariableDefinition | undefined;
  expected?: Type | undefined;
}

export interface Argument {
  Name: string;
  Value: Literal;
  Comment: Comments | null;
  at: Position | null;
}

export interface Directive {
  Name: string;
  Arguments: Argument[];
  Location: string;
  at: Position | null;
  definition?: DirectiveDefinition | undefined;
}

export interface Field {
  kind: 'field';
  definition?: FieldDefinition | undefined;
  parent?: Definition | undefined;
  Alias: string;
  Name: string;
  Arguments: Argument[];
  Directives: Directive[];
  SelectionSet: Selection[];
  Comment: Comments | null;
  at: Position | null;
}

export interface Spread {
  kind: 'spread';
  definition?: Fragment | undefined;
  parent?: Definition | undefined;
  Name: string;
  Directives: Directive[];
  Comment: Comments | null;
  at: Position | null;
}

export interface Inline {
  kind: 'inline';
  parent?: Definition | undefined;
  TypeCondition: string;
  Directives: Directive[];
  SelectionSet: Selection[];
  Comment: Comments | null;
  at: Position | null;
}

export type Selection = Field | Spread | Inline;

export interface VariableDefinition {
  Variable: string;
  Type: Type;
  DefaultValue: Literal | null;
  Directives: Directive[];
  Used: boolean;
  definition?: Definition | undefined;
  Comment: Comments | null;
  at: Position | null;
}

export interface Operation {
  Operation: string;
  Name: string;
  VariableDefinitions: VariableDefinition[];
  Directives: Directive[];
  SelectionSet: Selection[];
  Comment: Comments | null;
  at: Position | null;
}

export interface Fragment {
  definition?: Definition | undefined;
  Name: string;
  VariableDefinition: VariableDefinition[];
  TypeCondition: string;
  Directives: Directive[];
  SelectionSet: Selection[];
  Comment: Comments | null;
  at: Position | null;
}

export interface Query {
  Operations: Operation[];
  Fragments: Fragment[];
  Comment: Comments | null;
}

interface Described {
  Description: string;
  BeforeDescriptionComment: Comments | null;
  AfterDescriptionComment: Comments | null;
  at: Position | null;
}

export interface ArgumentDefinition extends Described {
  Name: string;
  DefaultValue: Literal | null;
  Type: Type;
  Directives: Directive[];
}

export interface FieldDefinition extends ArgumentDefinition {
  Arguments: ArgumentDefinition[];
}

export interface EnumValue extends Described {
  Name: string;
  Directives: Directive[];
}

export interface Definition extends Described {
  Kind: string;
  Name: string;
  Directives: Directive[];
  Interfaces: string[];
  Fields: FieldDefinition[];
  Types: string[];
  EnumValues: EnumValue[];
  BuiltIn: boolean;
  EndOfDefinitionComment: Comments | null;
  /** Of each of `Types`; empty where they were not read from text. */
  typesAt: Position[];
}

export interface DirectiveDefinition extends Described {
  Name: string;
  Arguments: ArgumentDefinition[];
  Locations: string[];
  IsRepeatable: boolean;
}

export interface SchemaDefinition extends Described {
  Directives: Directive[];
  OperationTypes: { Operation: string; Type: string; Comment: Comments | null; at: Position | null }[];
  EndOfDefinitionComment: Comments | null;
}

export interface Schema {
  Schema: SchemaDefinition[];
  SchemaExtension: SchemaDefinition[];
  Directives: DirectiveDefinition[];
  Definitions: Definition[];
  Extensions: Definition[];
  Comment: Comments | null;
}

/** The tree as a policy sees it: without positions, and without what is null or holds nothing. */
export function toValue(node: object): RegoObject {
  return RegoObject.of(Object.entries(node).flatMap(([name, member]): [string, Value][] => {
    const value = /^[A-Z]/.test(name) ? memberValue(member) : undefined;
    return value === undefined ? [] : [[name, value]];
  }));
}

function memberValue(member: unknown): Value | undefined {
  if (typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean') return member;
  if (typeof member !== 'object' || member === null) return undefined;
  if (Array.isArray(member)) {
    const values = member.map(memberValue).filter((value) => value !== undefined);
    return values.length > 0 ? values : undefined;
  }
  const object = toValue(member);
  return object.size > 0 ? object : undefined;
}

type Shape = 'string' | 'boolean' | 'int' | readonly [Shape] | (() => Fields) | 'selections';
type Fields = Readonly<Record<string, Shape>>;

const COMMENTS: Fields = { List: [() => ({ Value: 'string' })] };
const comment = () => COMMENTS;
const TYPE: Fields = { NamedType: 'string', Elem: () => TYPE, NonNull: 'boolean' };
const type = () => TYPE;
const CHILD: Fields = { Name: 'string', Value: () => LITERAL, Comment: comment };
const LITERAL: Fields = { Raw: 'string', Children: [() => CHILD], Kind: 'int', ExpectedTypeHasDefault: 'boolean', Comment: comment };
const literal = () => LITERAL;
const DIRECTIVE: Fields = { Name: 'string', Arguments: [() => CHILD], Location: 'string' };
const directives: Shape = [() => DIRECTIVE];
const VARIABLE: Fields = { Variable: 'string', Type: type, DefaultValue: literal, Directives: directives, Comment: comment, Used: 'boolean' };
const FIELD: Fields = { Alias: 'string', Name: 'string', Arguments: [() => CHILD], Directives: directives, SelectionSet: 'selections' };
const SPREAD: Fields = { Name: 'string', Directives: directives, Comment: comment };
const INLINE: Fields = { TypeCondition: 'string', Directives: directives, SelectionSet: 'selections' };
const OPERATION: Fields = { Operation: 'string', Name: 'string', VariableDefinitions: [() => VARIABLE], Directives: directives, SelectionSet: 'selections' };
const FRAGMENT: Fields = { Name: 'string', VariableDefinition: [() => VARIABLE], ...INLINE };
const QUERY: Fields = { Operations: [() => OPERATION], Fragments: [() => FRAGMENT], Comment: comment };
const DESCRIBED: Fields = { Description: 'string', BeforeDescriptionComment: comment, AfterDescriptionComment: comment };
const ARGUMENT_DEFINITION: Fields = { ...DESCRIBED, Name: 'string', DefaultValue: literal, Type: type, Directives: directives };
const FIELD_DEFINITION: Fields = { ...ARGUMENT_DEFINITION, Arguments: [() => ARGUMENT_DEFINITION] };
const ENUM_VALUE: Fields = { ...DESCRIBED, Name: 'string', Directives: directives };
const DEFINITION: Fields = {
  ...DESCRIBED,
  Kind: 'string',
  Name: 'string',
  Directives: directives,
  Interfaces: ['string'],
  Fields: [() => FIELD_DEFINITION],
  Types: ['string'],
  EnumValues: [() => ENUM_VALUE],
  BuiltIn: 'boolean',
  EndOfDefinitionComment: comment,
};
const DIRECTIVE_DEFINITION: Fields = {
  ...DESCRIBED, Name: 'string', Arguments: [() => ARGUMENT_DEFINITION], Locations: ['string'], IsRepeatable: 'boolean',
};
const ENTRY: Fields = { Operation: 'string', Type: 'string', Comment: comment };
const SCHEMA_DEFINITION: Fields = { ...DESCRIBED, Directives: directives, OperationTypes: [() => ENTRY], EndOfDefinitionComment: comment };
const SCHEMA: Fields = {
  Schema: [() => SCHEMA_DEFINITION],
  SchemaExtension: [() => SCHEMA_DEFINITION],
  Directives: [() => DIRECTIVE_DEFINITION],
  Definitions: [() => DEFINITION],
  Extensions: [() => DEFINITION],
  Comment: comment,
};

/** These are never null, so a tree of a policy's making that leaves one out is refused rather than half read. */
const NEEDED = new Map<Fields, string>([[VARIABLE, 'Type'], [ARGUMENT_DEFINITION, 'Type'], [FIELD_DEFINITION, 'Type'], [CHILD, 'Value']]);

/** A member has another type than the tree has there; its message is all a policy sees. */
export class TreeError extends Error {
  override readonly name = 'TreeError';
}

/** A query that a policy made or changed. @throws {TreeError} */
export function queryOf(value: RegoObject): Query {
  return read(value, QUERY) as unknown as Query;
}

/** A schema that a policy made or changed. @throws {TreeError} */
export function schemaOf(value: RegoObject): Schema {
  return read(value, SCHEMA) as unknown as Schema;
}

function read(value: Value, fields: Fields): Record<string, unknown> {
  if (!(value instanceof RegoObject)) throw new TreeError('expected an object');
  const node: Record<string, unknown> = { at: null, typesAt: [] };
  for (const [name, shape] of Object.entries(fields)) node[name] = readMember(value.get(name) ?? null, shape);
  const needed = NEEDED.get(fields);
  if (needed !== undefined && node[needed] === null) throw new TreeError(`${needed} is missing`);
  return node;
}

function readMember(value: Value, shape: Shape): unknown {
  if (shape === 'string' || shape === 'boolean') {
    if (value === null) return shape === 'string' ? '' : false;
    if (typeof value !== shape) throw new TreeError(`expected a ${shape}`);
    return value;
  }
  if (shape === 'int') {
    const integer = value === null ? 0 : isNumber(value) ? Num.toInt(value) : null;
    if (typeof integer !== 'number' || integer < 0 || integer > KIND.object) throw new TreeError('expected the number of a kind');
    return integer;
  }
  if (shape === 'selections') return list(value).flatMap((element) => selection(element));
  if (typeof shape === 'function') return value === null ? null : read(value, shape());
  return list(value).filter((element) => element !== null).map((element) => readMember(element, shape[0]));
}

function list(value: Value): readonly Value[] {
  if (value === null) return [];
  if (!isArray(value)) throw new TreeError('expected an array');
  return value;
}

/** OPA takes whatever can be a field for one; what fits nothing it leaves out. */
function selection(value: Value): unknown[] {
  for (const [kind, fields] of [['field', FIELD], ['spread', SPREAD], ['inline', INLINE]] as const) {
    try {
      return [{ kind, ...read(value, fields) }];
    } catch (cause) {
      if (!(cause instanceof TreeError)) throw cause;
    }
  }
  return [];
}
