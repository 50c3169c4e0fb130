// Reads GraphQL's type system documents: definitions and extensions.
import { Parser } from './parser.ts';
import type {
  ArgumentDefinition, Comments, Definition, DirectiveDefinition, EnumValue, FieldDefinition, Schema, SchemaDefinition,
} from './tree.ts';

interface Description {
  readonly text: string;
  readonly comment: Comments | null;
}

const nothing: Description = { text: '', comment: null };

const KINDS: Readonly<Record<string, string>> = {
  scalar: 'SCALAR', type: 'OBJECT', interface: 'INTERFACE', union: 'UNION', enum: 'ENUM', input: 'INPUT_OBJECT',
};

const LOCATIONS = new Set(
  'QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR OBJECT'
    .concat(' FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION')
    .split(' '),
);

/** @throws {GraphqlError} at the first thing that is wrong */
export function parseSchema(text: string): Schema {
  return new SchemaParser(text).document();
}

class SchemaParser extends Parser {
  document(): Schema {
    const schema: Schema = { Schema: [], SchemaExtension: [], Directives: [], Definitions: [], Extensions: [], Comment: null };
    while (this.peek().kind !== '<EOF>') {
      const description = this.#description();
      const { kind, value } = this.peek();
      if (kind !== 'Name') throw this.unexpected();
      if (Object.hasOwn(KINDS, value)) schema.Definitions.push(this.#definition(description, value, false));
      else if (value === 'schema') schema.Schema.push(this.#schema(description));
      else if (value === 'directive') schema.Directives.push(this.#directive(description));
      else if (value === 'extend') {
        if (description.text !== '' && this.before !== null) throw this.unexpected(this.before);
        this.#extension(schema);
      } else throw this.unexpected();
    }
    schema.Comment = this.comment;
    return schema;
  }

  #description(): Description {
    const { kind, value } = this.peek();
    if (kind !== 'BlockString' && kind !== 'String') return nothing;
    const { comment } = this;
    this.take();
    return { text: value, comment };
  }

  #schema(description: Description): SchemaDefinition {
    const comment = this.expectWord('schema');
    const definition: SchemaDefinition = {
      Description: description.text,
      BeforeDescriptionComment: description.comment,
      AfterDescriptionComment: comment,
      at: this.here(),
      Directives: this.directives(true),
      OperationTypes: [],
      EndOfDefinitionComment: null,
    };
    definition.EndOfDefinitionComment = this.some('{', '}', () => {
      const at = this.here();
      const Comment = this.comment;
      const Operation = this.operationType();
      this.expect(':');
      definition.OperationTypes.push({ Operation, Type: this.name(), Comment, at });
    });
    return definition;
  }

  #extension(schema: Schema): void {
    const comment = this.expectWord('extend');
    const { value } = this.peek();
    if (value === 'schema') {
      const extension = { ...this.#schema(nothing), AfterDescriptionComment: comment };
      if (extension.Directives.length + extension.OperationTypes.length === 0) throw this.unexpected();
      schema.SchemaExtension.push(extension);
      return;
    }
    if (!Object.hasOwn(KINDS, value)) throw this.unexpected();
    const extension = { ...this.#definition(nothing, value, true), AfterDescriptionComment: comment };
    const { Interfaces, Directives, Fields, Types, EnumValues } = extension;
    if ([Interfaces, Directives, Fields, Types, EnumValues].every((list) => list.length === 0)) throw this.unexpected();
    schema.Extensions.push(extension);
  }

  #definition(description: Description, word: string, extends_: boolean): Definition {
    const comment = this.expectWord(word);
    const definition: Definition = {
      Kind: KINDS[word] as string,
      Description: description.text,
      BeforeDescriptionComment: description.comment,
      AfterDescriptionComment: comment,
      at: this.here(),
      Name: this.name(),
      Interfaces: word === 'type' || (word === 'interface' && !extends_) ? this.#interfaces() : [],
      Directives: this.directives(word !== 'input' || !extends_),
      Fields: [],
      Types: [],
      EnumValues: [],
      BuiltIn: false,
      EndOfDefinitionComment: null,
      typesAt: [],
    };
    if (word === 'type' || word === 'interface') {
      definition.EndOfDefinitionComment = this.some('{', '}', () => definition.Fields.push(this.#field()));
    } else if (word === 'input') {
      definition.EndOfDefinitionComment = this.some('{', '}', () => definition.Fields.push({ ...this.#argument(), Arguments: [] }));
    } else if (word === 'enum') {
      definition.EndOfDefinitionComment = this.some('{', '}', () => definition.EnumValues.push(this.#enumValue()));
    } else if (word === 'union') this.#members(definition);
    return definition;
  }

  #interfaces(): string[] {
    if (this.peek().value !== 'implements') return [];
    this.take();
    this.skip('&');
    const names = [this.name()];
    while (this.skip('&')) names.push(this.name());
    return names;
  }

  #members({ Types, typesAt }: Definition): void {
    if (!this.skip('=')) return;
    this.skip('|');
    do {
      typesAt.push(this.here());
      Types.push(this.name());
    } while (this.skip('|'));
  }

  /** What fields, arguments and values of enums begin with; a comment before a description counts only if there is text. */
  #head() {
    const { text, comment } = this.#description();
    const at = this.here();
    return {
      Description: text,
      BeforeDescriptionComment: text === '' ? null : comment,
      AfterDescriptionComment: this.comment,
      at,
      Name: this.name(),
    };
  }

  #enumValue(): EnumValue {
    return { ...this.#head(), Directives: this.directives(true) };
  }

  #field(): FieldDefinition {
    const head = this.#head();
    const Arguments = this.#arguments();
    this.expect(':');
    return { ...head, Arguments, Type: this.type(), DefaultValue: null, Directives: this.directives(true) };
  }

  #arguments(): ArgumentDefinition[] {
    const list: ArgumentDefinition[] = [];
    this.some('(', ')', () => list.push(this.#argument()));
    return list;
  }

  #argument(): ArgumentDefinition {
    const head = this.#head();
    this.expect(':');
    return { ...head, Type: this.type(), DefaultValue: this.skip('=') ? this.literal(true) : null, Directives: this.directives(true) };
  }

  #directive(description: Description): DirectiveDefinition {
    const comment = this.expectWord('directive');
    this.expect('@');
    const head = {
      at: this.here(),
      Description: description.text,
      BeforeDescriptionComment: description.comment,
      AfterDescriptionComment: comment,
      Name: this.name(),
      Arguments: this.#arguments(),
    };
    const { kind, value } = this.peek();
    const IsRepeatable = kind === 'Name' && value === 'repeatable';
    if (IsRepeatable) this.take();
    this.expectWord('on');
    return { ...head, IsRepeatable, Locations: this.#locations() };
  }

  #locations(): string[] {
    this.skip('|');
    const names: string[] = [];
    do {
      const token = this.peek();
      const name = this.name();
      if (!LOCATIONS.has(name)) throw this.unexpected(token);
      names.push(name);
    } while (this.skip('|'));
    return names;
  }
}
