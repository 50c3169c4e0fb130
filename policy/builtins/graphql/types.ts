// A checked GraphQL schema by its names, and what types say of one another.
import type { Definition, DirectiveDefinition, Type } from './tree.ts';

export interface Types {
  query: Definition | undefined;
  mutation: Definition | undefined;
  subscription: Definition | undefined;
  readonly types: Map<string, Definition>;
  readonly directives: Map<string, DirectiveDefinition>;
  /** Objects that an interface, union or object may turn out to be, by its name. */
  readonly possible: Map<string, Definition[]>;
}

export function typeText({ NamedType, Elem, NonNull }: Type): string {
  return (Elem === null ? NamedType : `[${typeText(Elem)}]`) + (NonNull ? '!' : '');
}

/** The name inside all lists. */
export function innermost(type: Type): string {
  return type.NamedType !== '' || type.Elem === null ? type.NamedType : innermost(type.Elem);
}

export const isLeaf = ({ Kind }: Definition) => Kind === 'ENUM' || Kind === 'SCALAR';
export const isComposite = ({ Kind }: Definition) => Kind === 'OBJECT' || Kind === 'INTERFACE' || Kind === 'UNION';
export const isInput = ({ Kind }: Definition) => Kind === 'SCALAR' || Kind === 'ENUM' || Kind === 'INPUT_OBJECT';

/** Whether a value of one type may stand where the other is asked for. */
export function isCompatible(given: Type, asked: Type): boolean {
  if (given.NamedType !== asked.NamedType) return false;
  if (given.Elem !== null && (asked.Elem === null || !isCompatible(given.Elem, asked.Elem))) return false;
  return !asked.NonNull || given.NonNull;
}

export function byName<T extends { readonly Name: string }>(list: readonly T[], name: string): T | undefined {
  return list.find(({ Name }) => Name === name);
}
