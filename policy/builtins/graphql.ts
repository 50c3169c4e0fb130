// GraphQL: queries and schemas read, checked against each other, and shown as trees. Nothing is ever executed.
import { EMPTY_OBJECT, RegoObject, type Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError, type Context, wrongType } from './builtin.ts';
import { parseQuery } from './graphql/query-parser.ts';
import { checkQuery } from './graphql/rules.ts';
import { parseSchema } from './graphql/schema-parser.ts';
import { checkSchema } from './graphql/schema.ts';
import { GraphqlError } from './graphql/tokens.ts';
import { type Query, queryOf, type Schema, schemaOf, toValue, TreeError } from './graphql/tree.ts';

/** As OPA words it: with its place, and without the last full stop. */
function located<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof GraphqlError ? locatedError([cause]) : cause;
  }
}

const place = ({ at, plain }: GraphqlError) => (at === null ? `input: ${plain}` : `input:${at.line}:${at.column}: ${plain}`);

function locatedError(errors: readonly GraphqlError[], isList = false): BuiltinError {
  const [first] = errors as [GraphqlError];
  const whole = errors.map((error) => place(error) + (isList ? '\n' : '')).join('');
  // Block strings have OPA's columns, which can be below zero: then it does not split its own text.
  if (first.at === null || first.at.column < 0) return new BuiltinError(`GraphQL parse error: ${whole}`);
  const { line, column } = first.at;
  const message = whole.slice(`input:${line}:${column}:`.length).trimStart();
  return new BuiltinError(`${message.endsWith('.\n') ? message.slice(0, -2) : message} in GraphQL string at location ${line}:${column}`);
}

function readQuery(context: Context, given: Value): Query {
  if (given instanceof RegoObject) return queryOf(given);
  const text = asString(given, 1);
  context.spend(text.length);
  return located(() => parseQuery(text));
}

function readSchema(context: Context, given: Value, position: number): Schema {
  if (given instanceof RegoObject) return schemaOf(given);
  const text = asString(given, position);
  context.spend(text.length);
  return located(() => parseSchema(text));
}

function typesOf(schema: Schema) {
  try {
    return checkSchema(schema);
  } catch (cause) {
    if (!(cause instanceof GraphqlError)) throw cause;
    const { line, column } = cause.at ?? { line: -1, column: -1 };
    throw new BuiltinError(`Error in gqlparser SchemaDocument to Schema conversion: input:${line}:${column}: ${cause.plain}`);
  }
}

const isDocument = (value: Value) => typeof value === 'string' || value instanceof RegoObject;

/** The trees of both, once the query was found right. */
function verify(context: Context, query: Value, schema: Value): [RegoObject, RegoObject] {
  if (!isDocument(query)) throw wrongType(0, query, 'string', 'object');
  const document = readQuery(context, query);
  if (!isDocument(schema)) throw wrongType(1, schema, 'string', 'object');
  const definitions = readSchema(context, schema, 2);
  // Before the checks, which write what they find into the trees.
  const trees: [RegoObject, RegoObject] = [toValue(document), toValue(definitions)];
  const errors = checkQuery(context, typesOf(definitions), document);
  if (errors.length > 0) throw locatedError(errors, true);
  return trees;
}

/** Whether it runs through; limits are not swallowed. */
function succeeds<T>(run: () => T): T | null {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof BuiltinError || cause instanceof TreeError) return null;
    throw cause;
  }
}

/** A tree of a policy's making is refused as other content is. */
function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw cause instanceof TreeError ? new BuiltinError(cause.message) : cause;
  }
}

const source = 'any<string, object[any: any]>';

export const graphql: readonly Builtin[] = [
  {
    name: 'graphql.is_valid',
    type: `(${source}, ${source}) => boolean`,
    run: (context, query: Value, schema: Value) => isDocument(query) && isDocument(schema) && succeeds(() => verify(context, query, schema)) !== null,
  },
  {
    name: 'graphql.parse',
    type: `(${source}, ${source}) => array<object[any: any], object[any: any]>`,
    run: (context, query: Value, schema: Value) => refusing(() => verify(context, query, schema)),
  },
  {
    name: 'graphql.parse_and_verify',
    type: `(${source}, ${source}) => array<boolean, object[any: any], object[any: any]>`,
    run: (context, query: Value, schema: Value) => {
      const trees = isDocument(query) && isDocument(schema) ? succeeds(() => verify(context, query, schema)) : null;
      return trees === null ? [false, EMPTY_OBJECT, EMPTY_OBJECT] : [true, ...trees];
    },
  },
  {
    name: 'graphql.parse_query',
    type: '(string) => object[any: any]',
    run: (context, query: Value) => toValue(readQuery(context, asString(query, 1))),
  },
  {
    name: 'graphql.parse_schema',
    type: '(string) => object[any: any]',
    run: (context, schema: Value) => toValue(readSchema(context, asString(schema, 1), 1)),
  },
  {
    name: 'graphql.schema_is_valid',
    type: `(${source}) => boolean`,
    run: (context, schema: Value) => isDocument(schema) && succeeds(() => typesOf(readSchema(context, schema, 1))) !== null,
  },
];
