// Walks a GraphQL query along its schema: says of every node what it stands for, then asks the rules.
import type { Context } from '../builtin.ts';
import { GraphqlError } from './tokens.ts';
import type {
  Argument, ArgumentDefinition, Definition, Directive, Field, FieldDefinition, Fragment, Inline, Literal, Operation, Position, Query, Selection,
  Spread, VariableDefinition,
} from './tree.ts';
import { KIND } from './tree.ts';
import { byName, innermost, type Types } from './types.ts';

/** Selections inside one another, through fragments too. */
const depthMax = 1_000;

/** What a rule looks at, after everything inside it. */
export interface Rule {
  readonly operation?: (operation: Operation) => void;
  readonly field?: (field: Field) => void;
  readonly fragment?: (fragment: Fragment) => void;
  readonly inline?: (inline: Inline) => void;
  readonly spread?: (spread: Spread) => void;
  readonly directive?: (directive: Directive) => void;
  readonly directives?: (directives: readonly Directive[]) => void;
  readonly value?: (value: Literal) => void;
  readonly variable?: (variable: VariableDefinition) => void;
}

export type RuleMaker = (walk: Walk) => Rule;

const TYPENAME: FieldDefinition = {
  Name: '__typename',
  Type: { NamedType: 'String', Elem: null, NonNull: false, at: null },
  Arguments: [],
  DefaultValue: null,
  Directives: [],
  Description: '',
  BeforeDescriptionComment: null,
  AfterDescriptionComment: null,
  at: null,
};

export class Walk {
  readonly types: Types;
  readonly query: Query;
  readonly context: Context;
  readonly errors: GraphqlError[] = [];
  /** Null while a fragment is walked by itself. */
  operation: Operation | null = null;
  #rules: readonly Rule[] = [];
  #entered = new Set<string>();
  #depth = 0;

  constructor(types: Types, query: Query, context: Context) {
    this.types = types;
    this.query = query;
    this.context = context;
  }

  /** @returns what the rules complained of, in order */
  run(makers: readonly RuleMaker[]): readonly GraphqlError[] {
    this.#rules = makers.map((make) => make(this));
    for (const operation of this.query.Operations) {
      this.#entered = new Set();
      this.#operation(operation);
    }
    for (const fragment of this.query.Fragments) {
      this.#entered = new Set();
      fragment.definition = this.typeNamed(fragment.TypeCondition);
      this.#directives(fragment.Directives, 'FRAGMENT_DEFINITION');
      this.#selections(fragment.definition, fragment.SelectionSet);
      for (const rule of this.#rules) rule.fragment?.(fragment);
    }
    return this.errors;
  }

  complain(at: Position | null, message: string): void {
    this.errors.push(new GraphqlError(at, message));
  }

  typeNamed(name: string): Definition | undefined {
    return this.types.types.get(name);
  }

  fragmentNamed(name: string): Fragment | undefined {
    return byName(this.query.Fragments, name);
  }

  rootOf({ Operation: operation }: Operation): Definition | undefined {
    if (operation === 'mutation' || operation === 'subscription') return this.types[operation];
    return operation === 'query' || operation === '' ? this.types.query : undefined;
  }

  /** Counts a step, and how deep it is. @throws {GraphqlError} beyond the limit */
  nested<T>(visit: () => T): T {
    this.context.spend(1);
    this.#depth++;
    if (this.#depth > depthMax) throw new GraphqlError(null, `selections are nested more than ${depthMax} levels deep`);
    const result = visit();
    this.#depth--;
    return result;
  }

  #operation(operation: Operation): void {
    this.operation = operation;
    const { VariableDefinitions } = operation;
    for (const variable of VariableDefinitions) {
      variable.definition = this.typeNamed(innermost(variable.Type));
      for (const rule of this.#rules) rule.variable?.(variable);
      const { DefaultValue: value } = variable;
      if (value === null) continue;
      value.expected = variable.Type;
      value.definition = variable.definition;
    }
    for (const { DefaultValue: value, Directives } of VariableDefinitions) {
      if (value !== null) this.#value(value);
      this.#directives(Directives, 'VARIABLE_DEFINITION');
    }
    this.#directives(operation.Directives, operation.Operation === '' ? 'QUERY' : operation.Operation.toUpperCase());
    this.#selections(this.rootOf(operation), operation.SelectionSet);
    for (const rule of this.#rules) rule.operation?.(operation);
    this.operation = null;
  }

  #directives(directives: readonly Directive[], location: string): void {
    for (const directive of directives) {
      const definition = this.types.directives.get(directive.Name);
      directive.definition = definition;
      directive.Location = location;
      for (const argument of directive.Arguments) this.#argument(definition, argument);
      for (const rule of this.#rules) rule.directive?.(directive);
    }
    for (const rule of this.#rules) rule.directives?.(directives);
  }

  #argument(of: { readonly Arguments: readonly ArgumentDefinition[] } | undefined, { Name, Value: value }: Argument): void {
    const definition = byName(of?.Arguments ?? [], Name);
    if (definition !== undefined) this.#expect(value, definition);
    this.#value(value);
  }

  #expect(value: Literal, { Type: type, DefaultValue }: ArgumentDefinition): void {
    value.expected = type;
    value.ExpectedTypeHasDefault = DefaultValue !== null && DefaultValue.Kind !== KIND.null;
    value.definition = this.typeNamed(innermost(type));
  }

  #value(value: Literal): void {
    this.context.spend(1);
    if (value.Kind === KIND.variable && this.operation !== null) {
      value.variable = this.operation.VariableDefinitions.find(({ Variable }) => Variable === value.Raw);
      if (value.variable !== undefined) value.variable.Used = true;
    }
    if (value.Kind === KIND.object) {
      for (const { Name, Value: child } of value.Children) {
        const field = byName(value.definition?.Fields ?? [], Name);
        if (field !== undefined) this.#expect(child, field);
        this.#value(child);
      }
    }
    if (value.Kind === KIND.list) {
      const element = value.expected?.Elem ?? null;
      for (const { Value: child } of value.Children) {
        if (element !== null) {
          child.expected = element;
          child.definition = value.definition;
        }
        this.#value(child);
      }
    }
    for (const rule of this.#rules) rule.value?.(value);
  }

  #selections(parent: Definition | undefined, set: readonly Selection[]): void {
    this.nested(() => {
      for (const selection of set) {
        this.context.spend(1);
        selection.parent = parent;
        if (selection.kind === 'field') this.#field(parent, selection);
        else if (selection.kind === 'inline') this.#inline(parent, selection);
        else this.#spread(selection);
      }
    });
  }

  #field(parent: Definition | undefined, field: Field): void {
    const definition = field.Name === '__typename' ? TYPENAME : byName(parent?.Fields ?? [], field.Name);
    field.definition = definition;
    for (const argument of field.Arguments) this.#argument(definition, argument);
    this.#directives(field.Directives, 'FIELD');
    this.#selections(definition === undefined ? undefined : this.typeNamed(innermost(definition.Type)), field.SelectionSet);
    for (const rule of this.#rules) rule.field?.(field);
  }

  #inline(parent: Definition | undefined, inline: Inline): void {
    this.#directives(inline.Directives, 'INLINE_FRAGMENT');
    this.#selections(inline.TypeCondition === '' ? parent : this.typeNamed(inline.TypeCondition), inline.SelectionSet);
    for (const rule of this.#rules) rule.inline?.(inline);
  }

  #spread(spread: Spread): void {
    const fragment = this.fragmentNamed(spread.Name);
    spread.definition = fragment;
    this.#directives(spread.Directives, 'FRAGMENT_SPREAD');
    // Once for each operation, so that fragments which spread each other come to an end.
    if (fragment !== undefined && !this.#entered.has(fragment.Name)) {
      this.#entered.add(fragment.Name);
      this.#directives(fragment.Directives, 'FRAGMENT_DEFINITION');
      this.#selections(this.typeNamed(fragment.TypeCondition), fragment.SelectionSet);
    }
    for (const rule of this.#rules) rule.spread?.(spread);
  }
}
