// Rules about GraphQL's fragments: where they may be spread, cycles, names (specification, sections 5.5 and 5.3).
import type { Definition, Field, Fragment, Selection, Spread } from './tree.ts';
import { isComposite } from './types.ts';
import type { Rule, Walk } from './walk.ts';

/** Lists of types inside one another that a query may ask introspection for. */
const introspectionDepth = 3;
const LISTS = new Set(['fields', 'interfaces', 'possibleTypes', 'inputFields']);

export function fragmentsOnCompositeTypes(walk: Walk): Rule {
  return {
    inline: ({ TypeCondition, at }) => {
      const type = walk.typeNamed(TypeCondition);
      if (type !== undefined && !isComposite(type)) walk.complain(at, `Fragment cannot condition on non composite type "${TypeCondition}".`);
    },
    fragment: ({ Name, TypeCondition, definition, at }) => {
      if (definition === undefined || TypeCondition === '' || isComposite(definition)) return;
      walk.complain(at, `Fragment "${Name}" cannot condition on non composite type "${TypeCondition}".`);
    },
  };
}

export function maxIntrospectionDepth(walk: Walk): Rule {
  const entered = new Set<string>();
  const isTooDeep = (set: readonly Selection[], depth: number): boolean =>
    walk.nested(() => set.some((selection) => {
      if (selection.kind === 'field') return fieldIsTooDeep(selection, depth);
      if (selection.kind === 'inline') return isTooDeep(selection.SelectionSet, depth);
      const { Name, definition } = selection;
      if (definition === undefined || entered.has(Name)) return false;
      entered.add(Name);
      const answer = isTooDeep(definition.SelectionSet, depth);
      entered.delete(Name);
      return answer;
    }));
  const fieldIsTooDeep = ({ Name, SelectionSet }: Field, depth: number): boolean => {
    const below = LISTS.has(Name) ? depth + 1 : depth;
    return below >= introspectionDepth || isTooDeep(SelectionSet, below);
  };
  return {
    field: (field) => {
      if ((field.Name === '__schema' || field.Name === '__type') && fieldIsTooDeep(field, 0)) {
        walk.complain(field.at, 'Maximum introspection depth exceeded');
      }
    },
  };
}

export function noFragmentCycles(walk: Walk): Rule {
  const visited = new Set<string>();
  const check = (root: Fragment) => {
    const path: Spread[] = [];
    const started = new Map<string, number>();
    const visit = (fragment: Fragment) => {
      if (visited.has(fragment.Name)) return;
      visited.add(fragment.Name);
      const spreads = spreadsIn(fragment.SelectionSet);
      started.set(fragment.Name, path.length);
      for (const spread of spreads) {
        const from = started.get(spread.Name);
        const via = path.slice(from).map(({ Name }) => `"${Name}"`).join(', ');
        path.push(spread);
        const next = walk.fragmentNamed(spread.Name);
        if (from !== undefined) walk.complain(spread.at, `Cannot spread fragment "${spread.Name}" within itself${via === '' ? '' : ` via ${via}`}.`);
        else if (next !== undefined) walk.nested(() => visit(next));
        path.pop();
      }
      started.delete(fragment.Name);
    };
    visit(root);
  };
  return { fragment: check };
}

/** The spreads in a set and below it; of sets on one level the last comes first, as OPA has it. */
function spreadsIn(set: readonly Selection[]): Spread[] {
  const spreads: Spread[] = [];
  const sets = [set];
  for (let next = sets.pop(); next !== undefined; next = sets.pop()) {
    for (const selection of next) {
      if (selection.kind === 'spread') spreads.push(selection);
      else sets.push(selection.SelectionSet);
    }
  }
  return spreads;
}

export function noUnusedFragments(walk: Walk): Rule {
  const used = new Set<string>();
  let inFragments = false;
  return {
    spread: ({ Name }) => (inFragments ? undefined : void used.add(Name)),
    fragment: ({ Name, at }) => {
      inFragments = true;
      if (!used.has(Name)) walk.complain(at, `Fragment "${Name}" is never used.`);
    },
  };
}

export function possibleFragmentSpreads(walk: Walk): Rule {
  const { possible } = walk.types;
  const isPossible = (parent: Definition | undefined, name: string) => {
    const fragment = walk.typeNamed(name);
    if (parent === undefined || !isComposite(parent) || fragment === undefined || !isComposite(fragment)) return true;
    const parents = parent.Kind === 'OBJECT' ? [parent] : (possible.get(parent.Name) ?? []);
    const names = new Set(parents.map(({ Name }) => Name));
    return (possible.get(name) ?? []).some(({ Name }) => names.has(Name));
  };
  const never = (parent: Definition | undefined, name: string) => `as objects of type "${parent?.Name}" can never be of type "${name}"`;
  return {
    inline: ({ parent, TypeCondition, at }) => {
      if (!isPossible(parent, TypeCondition)) walk.complain(at, `Fragment cannot be spread here ${never(parent, TypeCondition)}.`);
    },
    spread: ({ parent, definition, Name, at }) => {
      if (definition === undefined || isPossible(parent, definition.TypeCondition)) return;
      walk.complain(at, `Fragment "${Name}" cannot be spread here ${never(parent, definition.TypeCondition)}.`);
    },
  };
}
