// The rules a GraphQL query is held to (specification of October 2021, section 5), in the order in which OPA asks them: by name.
import { quoteGo } from '../../rego/term.ts';
import type { Context } from '../builtin.ts';
import { fragmentsOnCompositeTypes, maxIntrospectionDepth, noFragmentCycles, noUnusedFragments, possibleFragmentSpreads } from './fragments.ts';
import { literalText, valuesOfCorrectType, variablesInAllowedPosition } from './literals.ts';
import { overlappingFields } from './overlap.ts';
import { nearNames, orList, suggestion } from './suggest.ts';
import type { GraphqlError } from './tokens.ts';
import { type Argument, type ArgumentDefinition, type Definition, KIND, type Position, type Query, type Selection } from './tree.ts';
import { byName, innermost, isInput, isLeaf, type Types, typeText } from './types.ts';
import { type Rule, type RuleMaker, Walk } from './walk.ts';
import { compareStrings } from '../../rego/value.ts';

const RULES: readonly RuleMaker[] = [
  fieldsOnCorrectType,
  fragmentsOnCompositeTypes,
  knownArgumentNames,
  knownDirectives,
  knownFragmentNames,
  knownRootType,
  knownTypeNames,
  loneAnonymousOperation,
  maxIntrospectionDepth,
  noFragmentCycles,
  noUndefinedVariables,
  noUnusedFragments,
  noUnusedVariables,
  overlappingFields,
  possibleFragmentSpreads,
  providedRequiredArguments,
  scalarLeafs,
  singleFieldSubscriptions,
  uniqueArgumentNames,
  uniqueDirectivesPerLocation,
  uniqueFragmentNames,
  uniqueInputFieldNames,
  uniqueOperationNames,
  uniqueVariableNames,
  valuesOfCorrectType,
  variablesAreInputTypes,
  variablesInAllowedPosition,
];

/** What is wrong with a query, in order. */
export function checkQuery(context: Context, types: Types, query: Query): readonly GraphqlError[] {
  return new Walk(types, query, context).run(RULES);
}

function fieldsOnCorrectType(walk: Walk): Rule {
  return {
    field: ({ parent, definition, Name, at }) => {
      if (parent === undefined || definition !== undefined) return;
      const types = typesWith(walk, parent, Name);
      const names = parent.Kind === 'OBJECT' || parent.Kind === 'INTERFACE' ? parent.Fields.map((field) => field.Name) : [];
      const near = nearNames(Name, names);
      const meant = types.length > 0 ? `to use an inline fragment on ${orList(types)}` : near.length > 0 ? orList(near) : '';
      walk.complain(at, `Cannot query field "${Name}" on type "${parent.Name}".${meant === '' ? '' : ` Did you mean ${meant}?`}`);
    },
  };
}

/** The types an abstract one may be that have the field, those most implemented first. */
function typesWith({ types }: Walk, parent: Definition, name: string): string[] {
  if (parent.Kind !== 'INTERFACE' && parent.Kind !== 'UNION') return [];
  const uses = new Map<string, number>();
  const objects: string[] = [];
  for (const type of types.possible.get(parent.Name) ?? []) {
    if (byName(type.Fields, name) === undefined) continue;
    objects.push(type.Name);
    for (const above of type.Interfaces) {
      if (byName(types.types.get(above)?.Fields ?? [], name) !== undefined) uses.set(above, (uses.get(above) ?? 0) + 1);
    }
  }
  const count = (type: string) => uses.get(type) ?? 0;
  return [...uses.keys(), ...objects].sort((a, b) => count(b) - count(a) || compareStrings(a, b));
}

function knownArgumentNames(walk: Walk): Rule {
  const check = (given: readonly Argument[], known: readonly ArgumentDefinition[], place: string, at: Position | null) => {
    for (const { Name } of given) {
      if (byName(known, Name) !== undefined) continue;
      walk.complain(at, `Unknown argument "${Name}" on ${place}.${suggestion(Name, known.map((argument) => argument.Name))}`);
    }
  };
  return {
    field: ({ definition, parent, Name, Arguments, at }) => {
      if (definition !== undefined && parent !== undefined) check(Arguments, definition.Arguments, `field "${parent.Name}.${Name}"`, at);
    },
    directive: ({ definition, Name, Arguments, at }) => {
      if (definition !== undefined) check(Arguments, definition.Arguments, `directive "@${Name}"`, at);
    },
  };
}

function knownDirectives(walk: Walk): Rule {
  const seen = new Set<string>();
  return {
    directive: ({ definition, Name, Location, at }) => {
      if (definition === undefined) {
        walk.complain(at, `Unknown directive "@${Name}".`);
        return;
      }
      if (definition.Locations.includes(Location)) return;
      const place = `${Name} ${at?.line} ${at?.column}`;
      if (!seen.has(place)) walk.complain(at, `Directive "@${Name}" may not be used on ${Location}.`);
      seen.add(place);
    },
  };
}

function knownFragmentNames(walk: Walk): Rule {
  return { spread: ({ definition, Name, at }) => (definition === undefined ? walk.complain(at, `Unknown fragment "${Name}".`) : undefined) };
}

function knownRootType(walk: Walk): Rule {
  return {
    operation: (operation) => {
      if (walk.rootOf(operation) === undefined) walk.complain(operation.at, `Schema does not support operation type "${operation.Operation}"`);
    },
  };
}

function knownTypeNames(walk: Walk): Rule {
  return {
    variable: (variable) => {
      const name = innermost(variable.Type);
      if (walk.typeNamed(name) === undefined) walk.complain(variable.at, `Unknown type "${name}".`);
    },
    inline: ({ TypeCondition: name, at }) => {
      if (name !== '' && walk.typeNamed(name) === undefined) walk.complain(at, `Unknown type "${name}".`);
    },
    fragment: ({ TypeCondition: name, at }) => {
      if (walk.typeNamed(name) !== undefined) return;
      walk.complain(at, `Unknown type "${name}".${suggestion(name, [...walk.types.types.keys()].sort(compareStrings))}`);
    },
  };
}

function loneAnonymousOperation(walk: Walk): Rule {
  return {
    operation: ({ Name, at }) => {
      if (Name === '' && walk.query.Operations.length > 1) walk.complain(at, 'This anonymous operation must be the only defined operation.');
    },
  };
}

function noUndefinedVariables(walk: Walk): Rule {
  return {
    value: (value) => {
      if (walk.operation === null || value.Kind !== KIND.variable || value.variable !== undefined) return;
      const { Name } = walk.operation;
      walk.complain(value.at, `Variable "${literalText(value)}" is not defined${Name === '' ? '' : ` by operation "${Name}"`}.`);
    },
  };
}

function noUnusedVariables(walk: Walk): Rule {
  return {
    operation: ({ Name, VariableDefinitions }) => {
      for (const { Used, Variable, at } of VariableDefinitions) {
        if (!Used) walk.complain(at, `Variable "$${Variable}" is never used${Name === '' ? '' : ` in operation "${Name}"`}.`);
      }
    },
  };
}

function providedRequiredArguments(walk: Walk): Rule {
  const check = (given: readonly Argument[], known: readonly ArgumentDefinition[], place: string, at: Position | null) => {
    for (const { Name, Type: type, DefaultValue } of known) {
      if (!type.NonNull || DefaultValue !== null || byName(given, Name) !== undefined) continue;
      walk.complain(at, `${place} argument "${Name}" of type "${typeText(type)}" is required, but it was not provided.`);
    }
  };
  return {
    field: ({ definition, Name, Arguments, at }) => (definition === undefined ? undefined : check(Arguments, definition.Arguments, `Field "${Name}"`, at)),
    directive: ({ definition, Name, Arguments, at }) => {
      if (definition !== undefined) check(Arguments, definition.Arguments, `Directive "@${Name}"`, at);
    },
  };
}

function scalarLeafs(walk: Walk): Rule {
  return {
    field: ({ definition, Name, SelectionSet, at }) => {
      const type = definition === undefined ? undefined : walk.typeNamed(innermost(definition.Type));
      if (definition === undefined || type === undefined) return;
      if (isLeaf(type) && SelectionSet.length > 0) {
        walk.complain(at, `Field "${Name}" must not have a selection since type "${type.Name}" has no subfields.`);
      }
      if (!isLeaf(type) && SelectionSet.length === 0) {
        const needed = `Field "${Name}" of type "${typeText(definition.Type)}" must have a selection of subfields.`;
        walk.complain(at, `${needed} Did you mean "${Name} { ... }"?`);
      }
    },
  };
}

function singleFieldSubscriptions(walk: Walk): Rule {
  return {
    operation: ({ Operation, Name, SelectionSet }) => {
      if (walk.types.subscription === undefined || Operation !== 'subscription') return;
      const fields = topFields(walk, SelectionSet);
      const name = Name === '' ? 'Anonymous Subscription' : `Subscription ${quoteGo(Name)}`;
      const second = fields[1];
      if (second !== undefined) walk.complain(second.at, `${name} must select only one top level field.`);
      for (const field of fields) {
        if (field.name.startsWith('__')) walk.complain(field.at, `${name} must not select an introspection top level field.`);
      }
    },
  };
}

/** The fields of a set and of the fragments in it, each name once. */
function topFields(walk: Walk, set: readonly Selection[]): { name: string; at: Position | null }[] {
  const found = new Map<string, Position | null>();
  const entered = new Set<string>();
  const collect = (selections: readonly Selection[]) => walk.nested(() => {
    for (const selection of selections) {
      if (selection.kind === 'inline') collect(selection.SelectionSet);
      else if (selection.kind === 'spread') {
        // An unknown fragment ends its set, as OPA has it.
        if (selection.definition === undefined) return;
        if (entered.has(selection.definition.Name)) continue;
        entered.add(selection.definition.Name);
        collect(selection.definition.SelectionSet);
      } else if (!found.has(selection.Name)) found.set(selection.Name, selection.at);
    }
  });
  collect(set);
  return [...found].map(([name, at]) => ({ name, at }));
}

/** Complains of each second use of a name; of further ones too where `always`. */
function checkUnique(walk: Walk, names: readonly { name: string; at: Position | null }[], message: (name: string) => string, always = false): void {
  const counts = new Map<string, number>();
  for (const { name, at } of names) {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count === 2 || (always && count > 2)) walk.complain(at, message(name));
  }
}

function uniqueArgumentNames(walk: Walk): Rule {
  const check = ({ Arguments }: { readonly Arguments: readonly Argument[] }) =>
    checkUnique(walk, Arguments.map(({ Name: name, at }) => ({ name, at })), (name) => `There can be only one argument named "${name}".`);
  return { field: check, directive: check };
}

function uniqueDirectivesPerLocation(walk: Walk): Rule {
  return {
    directives: (directives) => {
      const once = directives.filter(({ definition }) => definition?.IsRepeatable !== true).map(({ Name: name, at }) => ({ name, at }));
      checkUnique(walk, once, (name) => `The directive "@${name}" can only be used once at this location.`, true);
    },
  };
}

function uniqueFragmentNames(walk: Walk): Rule {
  const seen = new Set<string>();
  return {
    fragment: ({ Name, at }) => {
      if (seen.has(Name)) walk.complain(at, `There can be only one fragment named "${Name}".`);
      seen.add(Name);
    },
  };
}

function uniqueInputFieldNames(walk: Walk): Rule {
  return {
    value: ({ Kind, Children }) => {
      if (Kind !== KIND.object) return;
      checkUnique(walk, Children.map(({ Name: name, at }) => ({ name, at })), (name) => `There can be only one input field named "${name}".`, true);
    },
  };
}

function uniqueOperationNames(walk: Walk): Rule {
  const seen = new Set<string>();
  return {
    operation: ({ Name, at }) => {
      if (seen.has(Name)) walk.complain(at, `There can be only one operation named "${Name}".`);
      seen.add(Name);
    },
  };
}

function uniqueVariableNames(walk: Walk): Rule {
  return {
    operation: ({ VariableDefinitions }) => {
      const names = VariableDefinitions.map(({ Variable: name, at }) => ({ name, at }));
      checkUnique(walk, names, (name) => `There can be only one variable named "$${name}".`);
    },
  };
}

function variablesAreInputTypes(walk: Walk): Rule {
  return {
    operation: ({ VariableDefinitions }) => {
      for (const { definition, Variable, Type: type, at } of VariableDefinitions) {
        if (definition !== undefined && !isInput(definition)) walk.complain(at, `Variable "$${Variable}" cannot be non-input type "${typeText(type)}".`);
      }
    },
  };
}
