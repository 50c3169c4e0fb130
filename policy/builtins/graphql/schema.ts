// Checks a GraphQL schema (specification of October 2021, section 3) in the order in which OPA complains.
import { quoteGo } from '../../rego/term.ts';
import { compareStrings } from '../../rego/value.ts';
import { prelude } from './prelude.ts';
import { GraphqlError } from './tokens.ts';
import type { ArgumentDefinition, Definition, Directive, DirectiveDefinition, FieldDefinition, Position, Schema, SchemaDefinition, Type } from './tree.ts';
import { KIND } from './tree.ts';
import { byName, innermost, isCompatible, isInput, type Types, typeText } from './types.ts';

const BUILT_IN_DIRECTIVES = new Set(['include', 'skip', 'deprecated', 'specifiedBy', 'defer', 'oneOf']);

/** Input objects inside one another: their check recurses. */
const cycleDepthMax = 1_000;

/**
 * The schema's types by name, the built-in ones among them.
 *
 * @throws {GraphqlError} at the first thing that is wrong
 */
export function checkSchema(given: Schema): Types {
  const base = prelude();
  const types: Types = { query: undefined, mutation: undefined, subscription: undefined, types: new Map(), directives: new Map(), possible: new Map() };
  const definitions = declare(types, [...base.Definitions, ...given.Definitions], given.Extensions);
  for (const definition of definitions) notePossible(types, definition);
  for (const directive of [...base.Directives, ...given.Directives]) {
    if (types.directives.has(directive.Name) && !BUILT_IN_DIRECTIVES.has(directive.Name)) {
      throw new GraphqlError(directive.at, `Cannot redeclare directive ${directive.Name}.`);
    }
    types.directives.set(directive.Name, directive);
  }
  const [, second] = given.Schema;
  if (second !== undefined) {
    throw new GraphqlError(second.at, 'Cannot have multiple schema entry points, consider schema extensions instead.');
  }
  for (const part of [...given.Schema, ...given.SchemaExtension]) enter(types, part);
  const byText = <T>(map: Map<string, T>) => [...map].sort(([a], [b]) => compareStrings(a, b)).map(([, definition]) => definition);
  for (const definition of byText(types.types)) checkDefinition(types, definition);
  checkInputCycles(types, byText(types.types).filter(({ Kind }) => Kind === 'INPUT_OBJECT'));
  for (const directive of byText(types.directives)) {
    checkName(directive.at, directive.Name);
    checkArguments(types, directive.Arguments, directive);
  }
  if (given.Schema.length === 0) {
    types.query ??= types.types.get('Query');
    types.mutation ??= types.types.get('Mutation');
    types.subscription ??= types.types.get('Subscription');
  }
  types.query?.Fields.push(...introspection());
  return types;
}

/** The fields every query has: `__schema` and `__type(name:)`. */
function introspection(): FieldDefinition[] {
  const named = (NamedType: string, NonNull: boolean): Type => ({ NamedType, Elem: null, NonNull, at: null });
  const field = (Name: string, type: Type): FieldDefinition => ({
    Name, Type: type, Arguments: [], DefaultValue: null, Directives: [], Description: '',
    BeforeDescriptionComment: null, AfterDescriptionComment: null, at: null,
  });
  return [field('__schema', named('__Schema', true)), { ...field('__type', named('__Type', false)), Arguments: [field('name', named('String', true))] }];
}

function declare({ types }: Types, definitions: Definition[], extensions: readonly Definition[]): Definition[] {
  for (const definition of definitions) {
    if (types.has(definition.Name)) throw new GraphqlError(definition.at, `Cannot redeclare type ${definition.Name}.`);
    types.set(definition.Name, copy(definition));
  }
  for (const extension of extensions) {
    const { Name, Kind } = extension;
    const definition = types.get(Name);
    if (definition === undefined) {
      types.set(Name, { ...copy(extension), BuiltIn: false });
      continue;
    }
    if (definition.Kind !== Kind) {
      throw new GraphqlError(extension.at, `Cannot extend type ${Name} because the base type is a ${definition.Kind}, not ${Kind}.`);
    }
    definition.Directives.push(...extension.Directives);
    definition.Interfaces.push(...extension.Interfaces);
    definition.Fields.push(...extension.Fields);
    definition.Types.push(...extension.Types);
    definition.typesAt.push(...extension.typesAt);
    definition.EnumValues.push(...extension.EnumValues);
  }
  return [...types.values()];
}

/** Extensions and introspection are added to copies: the tree a policy sees stays as it was written. */
function copy(definition: Definition): Definition {
  const { Directives, Interfaces, Fields, Types: members, typesAt, EnumValues } = definition;
  const lists = { Directives: [...Directives], Interfaces: [...Interfaces], Fields: [...Fields], EnumValues: [...EnumValues] };
  return { ...definition, ...lists, Types: [...members], typesAt: [...typesAt] };
}

function notePossible({ types, possible }: Types, definition: Definition): void {
  const note = (name: string, member: Definition | undefined) => {
    const list = possible.get(name) ?? [];
    possible.set(name, list);
    if (member !== undefined) list.push(member);
  };
  if (definition.Kind === 'UNION') for (const name of definition.Types) note(definition.Name, types.get(name));
  if (definition.Kind !== 'INPUT_OBJECT' && definition.Kind !== 'OBJECT' && definition.Kind !== 'INTERFACE') return;
  for (const name of definition.Interfaces) note(name, definition);
  if (definition.Kind !== 'INTERFACE') note(definition.Name, definition);
}

function enter(types: Types, part: SchemaDefinition): void {
  for (const { Operation, Type: name, at } of part.OperationTypes) {
    const definition = types.types.get(name);
    if (definition === undefined) throw new GraphqlError(at, `Schema root ${Operation} refers to a type ${name} that does not exist.`);
    if (Operation === 'query' || Operation === 'mutation' || Operation === 'subscription') types[Operation] = definition;
  }
  checkDirectives(types, part.Directives, 'SCHEMA', null, true);
}

function checkDefinition(types: Types, definition: Definition): void {
  const { Kind, Name, Fields, at } = definition;
  for (const field of Fields) {
    checkName(field.at, field.Name);
    checkType(types, field.Type);
    checkArguments(types, field.Arguments, null);
    checkDirectives(types, field.Directives, Kind === 'INPUT_OBJECT' ? 'INPUT_FIELD_DEFINITION' : 'FIELD_DEFINITION', null, true);
  }
  for (const name of definition.Types) {
    const member = types.types.get(name);
    if (member === undefined) throw new GraphqlError(at, `Undefined type ${quoteGo(name)}.`);
    if (member.Kind !== 'OBJECT') throw new GraphqlError(at, `${Kind} type ${quoteGo(name)} must be OBJECT.`);
  }
  for (const name of definition.Interfaces) checkImplements(types, definition, name);
  if (Kind === 'OBJECT' || Kind === 'INTERFACE') {
    if (Fields.length === 0) throw new GraphqlError(at, `${Kind} ${Name}: must define one or more fields.`);
    for (const field of Fields) {
      if (kindOf(types, field) === 'INPUT_OBJECT') {
        throw new GraphqlError(field.at, `${Kind} ${Name}: field must be one of SCALAR, OBJECT, INTERFACE, UNION, ENUM.`);
      }
    }
  } else if (Kind === 'ENUM') checkEnum(types, definition);
  else if (Kind === 'INPUT_OBJECT') {
    if (Fields.length === 0) throw new GraphqlError(at, `${Kind} ${Name}: must define one or more input fields.`);
    for (const field of Fields) {
      const kind = kindOf(types, field);
      if (kind === 'OBJECT' || kind === 'INTERFACE' || kind === 'UNION') {
        throw new GraphqlError(field.at, `${kind} ${field.Name}: field must be one of SCALAR, ENUM, INPUT_OBJECT.`);
      }
    }
  }
  const repeatedField = repeated(Fields);
  if (repeatedField !== null) throw new GraphqlError(repeatedField.at, `Field ${Name}.${repeatedField.Name} can only be defined once.`);
  const repeatedValue = repeated(definition.EnumValues);
  if (repeatedValue !== null) throw new GraphqlError(repeatedValue.at, `Enum value ${Name}.${repeatedValue.Name} can only be defined once.`);
  const aligned = definition.typesAt.length === definition.Types.length;
  const member = repeated(definition.Types.map((name, i) => ({ Name: name, at: aligned ? (definition.typesAt[i] ?? at) : at })));
  if (member !== null) throw new GraphqlError(member.at, `Union type ${Name} can only include type ${member.Name} once.`);
  if (!definition.BuiltIn) checkName(at, Name);
  // These come from the definition and its extensions, which are places of their own: repetition is no fault.
  checkDirectives(types, definition.Directives, Kind, null, false);
}

/** The first repetition of the first name that is repeated. */
function repeated<T extends { readonly Name: string }>(list: readonly T[]): T | null {
  const counts = new Map<string, T[]>();
  for (const item of list) counts.set(item.Name, [...(counts.get(item.Name) ?? []), item].slice(0, 2));
  for (const [, second] of counts.values()) if (second !== undefined) return second;
  return null;
}

const kindOf = ({ types }: Types, field: FieldDefinition) => types.get(innermost(field.Type))?.Kind;

function checkEnum(types: Types, { Kind, Name, EnumValues, at }: Definition): void {
  if (EnumValues.length === 0) throw new GraphqlError(at, `${Kind} ${Name}: must define one or more unique enum values.`);
  for (const value of EnumValues) {
    if (['true', 'false', 'null'].includes(value.Name)) throw new GraphqlError(at, `${Kind} ${Name}: non-enum value ${value.Name}.`);
    checkDirectives(types, value.Directives, 'ENUM_VALUE', null, true);
  }
}

function checkType({ types }: Types, type: Type): void {
  const name = innermost(type);
  if (!types.has(name)) throw new GraphqlError(type.at, `Undefined type ${name}.`);
}

function checkName(at: Position | null, name: string): void {
  if (name.startsWith('__')) throw new GraphqlError(at, `Name "${name}" must not begin with "__", which is reserved by GraphQL introspection.`);
}

function checkArguments(types: Types, list: readonly ArgumentDefinition[], directive: DirectiveDefinition | null): void {
  for (const { Name, Type: type, Directives, at } of list) {
    checkName(at, Name);
    checkType(types, type);
    const definition = types.types.get(innermost(type)) as Definition;
    if (!isInput(definition)) {
      throw new GraphqlError(at, `cannot use ${typeText(type)} as argument ${Name} because ${definition.Kind} is not a valid input type`);
    }
    checkDirectives(types, Directives, 'ARGUMENT_DEFINITION', directive, true);
  }
}

function checkDirectives({ directives }: Types, list: readonly Directive[], location: string, within: DirectiveDefinition | null, once: boolean): void {
  const seen = new Set<string>();
  for (const { Name, Arguments, at } of list) {
    checkName(at, Name);
    if (within?.Name === Name) throw new GraphqlError(at, `Directive ${Name} cannot refer to itself.`);
    const definition = directives.get(Name);
    if (definition === undefined) throw new GraphqlError(at, `Undefined directive ${Name}.`);
    if (once && seen.has(Name) && !definition.IsRepeatable) {
      throw new GraphqlError(at, `The directive ${Name} can only be used once at this location.`);
    }
    seen.add(Name);
    if (!definition.Locations.includes(location)) throw new GraphqlError(at, `Directive ${Name} is not applicable on ${location}.`);
    for (const argument of Arguments) {
      if (byName(definition.Arguments, argument.Name) === undefined) {
        throw new GraphqlError(argument.at, `Undefined argument ${argument.Name} for directive ${Name}.`);
      }
    }
    for (const argument of definition.Arguments) {
      if (!argument.Type.NonNull || argument.DefaultValue !== null) continue;
      const given = byName(Arguments, argument.Name);
      if (given === undefined || given.Value.Kind === KIND.null) {
        throw new GraphqlError(at, `Argument ${argument.Name} for directive ${Name} cannot be null.`);
      }
    }
  }
}

function checkImplements(types: Types, definition: Definition, name: string): void {
  const { at } = definition;
  const asked = types.types.get(name);
  if (asked === undefined) throw new GraphqlError(at, `Undefined type ${quoteGo(name)}.`);
  if (asked.Kind !== 'INTERFACE') throw new GraphqlError(at, `${quoteGo(name)} is a non interface type ${asked.Kind}.`);
  const start = `For ${definition.Name} to implement ${name}`;
  for (const wanted of asked.Fields) {
    const found = byName(definition.Fields, wanted.Name);
    if (found === undefined) throw new GraphqlError(at, `${start} it must have a field called ${wanted.Name}.`);
    if (!isCovariant(types, wanted.Type, found.Type)) {
      throw new GraphqlError(found.at, `${start} the field ${wanted.Name} must have type ${typeText(wanted.Type)}.`);
    }
    const same = `${start} the field ${wanted.Name} must have the same arguments but`;
    for (const argument of wanted.Arguments) {
      const given = byName(found.Arguments, argument.Name);
      if (given === undefined) throw new GraphqlError(found.at, `${same} it is missing ${argument.Name}.`);
      if (!isCompatible(argument.Type, given.Type)) throw new GraphqlError(given.at, `${same} ${argument.Name} has the wrong type.`);
    }
    for (const argument of found.Arguments) {
      if (byName(wanted.Arguments, argument.Name) !== undefined || !argument.Type.NonNull || argument.DefaultValue !== null) continue;
      const optional = `any additional arguments on ${found.Name} must be optional or have a default value`;
      throw new GraphqlError(argument.at, `${start} ${optional} but ${argument.Name} is required.`);
    }
  }
  for (const further of asked.Interfaces) {
    if (definition.Interfaces.includes(further)) continue;
    if (further === definition.Name) {
      throw new GraphqlError(at, `Type ${definition.Name} cannot implement ${name} because it would create a circular reference.`);
    }
    throw new GraphqlError(at, `Type ${definition.Name} must implement ${further} because it is implemented by ${name}.`);
  }
}

function isCovariant(types: Types, wanted: Type, found: Type): boolean {
  if (wanted.NonNull && !found.NonNull) return false;
  if (wanted.Elem === null) {
    if (wanted.NamedType === found.NamedType) return true;
    return types.possible.get(wanted.NamedType)?.some(({ Name }) => Name === found.NamedType) ?? false;
  }
  return found.Elem !== null && isCovariant(types, wanted.Elem, found.Elem);
}

/** An input object that needs one of itself can never be written down. A nullable field or a list breaks the chain. */
function checkInputCycles({ types }: Types, inputs: readonly Definition[]): void {
  const visited = new Set<string>();
  const started = new Map<string, number>();
  const path: FieldDefinition[] = [];
  const visit = (definition: Definition) => {
    if (visited.has(definition.Name)) return;
    visited.add(definition.Name);
    if (path.length > cycleDepthMax) throw new GraphqlError(definition.at, `Input objects contain one another more than ${cycleDepthMax} levels deep`);
    started.set(definition.Name, path.length);
    for (const field of definition.Fields) {
      if (!field.Type.NonNull || field.Type.NamedType === '') continue;
      const next = types.get(field.Type.NamedType);
      if (next?.Kind !== 'INPUT_OBJECT') continue;
      path.push(field);
      const from = started.get(next.Name);
      if (from !== undefined) {
        const cycle = path.slice(from);
        const names = cycle.map(({ Name }) => Name).join('.');
        const through = `through a series of non-null fields: ${quoteGo(names)}.`;
        throw new GraphqlError(cycle[0]?.at ?? null, `Cannot reference Input Object ${quoteGo(next.Name)} within itself ${through}`);
      }
      visit(next);
      path.pop();
    }
    started.delete(definition.Name);
  };
  for (const definition of inputs) visit(definition);
}
