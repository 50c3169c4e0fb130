// GraphQL's literals: their text in complaints, and whether they suit the type that is expected of them.
import { quoteGo } from '../../rego/term.ts';
import { suggestion } from './suggest.ts';
import { type Definition, KIND, type Literal, type Type } from './tree.ts';
import { byName, isCompatible, typeText } from './types.ts';
import type { Rule, Walk } from './walk.ts';

const SCALARS = ['Int', 'Float', 'String', 'Boolean', 'ID'];

export function literalText(value: Literal): string {
  switch (value.Kind) {
    case KIND.variable: return `$${value.Raw}`;
    case KIND.string: case KIND.block: return quoteGo(value.Raw);
    case KIND.list: return `[${value.Children.map((child) => literalText(child.Value)).join(',')}]`;
    case KIND.object: return `{${value.Children.map((child) => `${child.Name}:${literalText(child.Value)}`).join(',')}}`;
    default: return value.Raw;
  }
}

/** Whether every number in it fits Go's int64 and float64. A default that needs a variable, which no text can hold, ends there. */
function isReadable(value: Literal, inDefault = false): boolean {
  if (value.Kind === KIND.variable) {
    const given = inDefault ? null : (value.variable?.DefaultValue ?? null);
    return given === null || isReadable(given, true);
  }
  if (value.Kind === KIND.int) return /^-?\d+$/.test(value.Raw) && BigInt.asIntN(64, BigInt(value.Raw)) === BigInt(value.Raw);
  if (value.Kind === KIND.float) return Number.isFinite(Number(value.Raw));
  if (value.Kind === KIND.boolean) return value.Raw === 'true' || value.Raw === 'false';
  return value.Children.every((child) => isReadable(child.Value, inDefault));
}

function mismatch(value: Literal, expected: Type, definition: Definition): string {
  const [type, text] = [typeText(expected), literalText(value)];
  switch (type) {
    case 'Int': case 'Int!': {
      const isWide = /^[-+]?\d+$/.test(value.Raw) && BigInt.asIntN(32, BigInt(value.Raw)) !== BigInt(value.Raw);
      return `Int cannot represent ${isWide ? 'non 32-bit signed integer' : 'non-integer'} value: ${text}`;
    }
    case 'String': case 'String!': case '[String]': return `String cannot represent a non string value: ${text}`;
    case 'Boolean': case 'Boolean!': return `Boolean cannot represent a non boolean value: ${text}`;
    case 'Float': case 'Float!': return `Float cannot represent non numeric value: ${text}`;
    case 'ID': case 'ID!': return `ID cannot represent a non-string and non-integer value: ${text}`;
    default:
      if (definition.Kind === 'ENUM') return `Enum "${type}" cannot represent non-enum value: ${text}.`;
      return `Expected value of type "${type}", found ${text}.`;
  }
}

export function valuesOfCorrectType(walk: Walk): Rule {
  const check = (value: Literal) => {
    const { definition, expected, at } = value;
    if (definition === undefined || expected === undefined) return;
    const type = typeText(expected);
    if (value.Kind === KIND.null && expected.NonNull) walk.complain(at, `Expected value of type "${type}", found ${literalText(value)}.`);
    if (definition.Kind === 'SCALAR' && !SCALARS.includes(definition.Name)) return;
    const complain = (more = '') => walk.complain(at, mismatch(value, expected, definition) + more);
    const oneOf = (...names: string[]) => names.includes(definition.Name);
    if (!isReadable(value)) complain();
    const values = definition.Kind === 'ENUM' ? definition.EnumValues.map(({ Name }) => Name) : [];
    const meant = (quote: string) => suggestion(value.Raw, values, 'Did you mean the enum value', quote);
    switch (value.Kind) {
      case KIND.list:
        if (expected.Elem === null) complain();
        break;
      case KIND.int:
        if (!oneOf('Int', 'Float', 'ID')) complain();
        break;
      case KIND.float:
        if (!oneOf('Float')) complain();
        break;
      case KIND.string: case KIND.block:
        if (definition.Kind === 'ENUM') walk.complain(at, `Enum "${type}" cannot represent non-enum value: ${literalText(value)}.${meant('"')}`);
        else if (!oneOf('String', 'ID')) complain();
        break;
      case KIND.enum:
        if (definition.Kind !== 'ENUM') complain(meant(''));
        else if (!values.includes(value.Raw)) walk.complain(at, `Value "${literalText(value)}" does not exist in "${type}" enum.${meant('"')}`);
        break;
      case KIND.boolean:
        if (!oneOf('Boolean')) complain();
        break;
      case KIND.object:
        checkObject(walk, value, definition);
        break;
      default:
    }
  };
  return { value: check };
}

function checkObject(walk: Walk, { Children, at }: Literal, { Name, Fields, Directives }: Definition): void {
  for (const field of Fields) {
    if (!field.Type.NonNull || field.DefaultValue !== null || byName(Children, field.Name) !== undefined) continue;
    walk.complain(at, `Field "${Name}.${field.Name}" of required type "${typeText(field.Type)}" was not provided.`);
  }
  for (const directive of Directives) {
    if (directive.Name !== 'oneOf') continue;
    const [first] = Children;
    if (first === undefined || Children.length !== 1) walk.complain(at, `OneOf Input Object "${Name}" must specify exactly one key.`);
    else if (first.Value.Kind === KIND.null) walk.complain(first.Value.at, `Field "${Name}.${Fields[0]?.Name ?? ''}" must be non-null.`);
  }
  for (const child of Children) {
    if (byName(Fields, child.Name) !== undefined) continue;
    const near = suggestion(child.Name, Fields.map((field) => field.Name));
    walk.complain(child.at, `Field "${child.Name}" is not defined by type "${Name}".${near}`);
  }
}

export function variablesInAllowedPosition(walk: Walk): Rule {
  const checkVariable = (value: Literal) => {
    const { expected, variable } = value;
    if (value.Kind !== KIND.variable || expected === undefined || variable === undefined || walk.operation === null) return;
    // Where either side has a default, a variable that may be null is as good as one that may not.
    const { DefaultValue } = variable;
    const hasDefault = value.ExpectedTypeHasDefault || (DefaultValue !== null && DefaultValue.Kind !== KIND.null);
    if (isCompatible(variable.Type, hasDefault ? { ...expected, NonNull: false } : expected)) return;
    const types = `of type "${typeText(variable.Type)}" used in position expecting type "${typeText(expected)}"`;
    walk.complain(value.at, `Variable "${literalText(value)}" ${types}.`);
  };
  const checkOneOf = (value: Literal) => {
    const { definition } = value;
    if (value.Kind !== KIND.object || definition === undefined || byName(definition.Directives, 'oneOf') === undefined) return;
    for (const { Value: child } of value.Children) {
      if (child.Kind !== KIND.variable || child.variable === undefined || child.variable.Type.NonNull) continue;
      const needed = `but must be non-nullable to be used for OneOf Input Object "${definition.Name}"`;
      walk.complain(child.variable.at ?? child.at, `Variable "${literalText(child)}" is of type "${typeText(child.variable.Type)}" ${needed}.`);
    }
  };
  return {
    value: (value) => {
      checkVariable(value);
      checkOneOf(value);
    },
  };
}
