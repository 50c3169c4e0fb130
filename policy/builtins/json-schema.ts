// JSON Schema, drafts 4, 6 and 7: documents held against schemas, and schemas against their grammar. Nothing is ever fetched.
import { formatJson } from '../rego/json.ts';
import { isArray, RegoObject, type Value } from '../rego/value.ts';
import { type Builtin, BuiltinError, type Context } from './builtin.ts';
import { readJson } from './json.ts';
import { compileSchema, type Schema } from './schema/compile.ts';
import { validate } from './schema/validate.ts';

/** JSON text, or an object or array as its JSON would be: sets are arrays, every key is text. */
function documentOf(given: Value): Value {
  if (typeof given === 'string') {
    try {
      return readJson(given);
    } catch (cause) {
      throw cause instanceof BuiltinError ? new BuiltinError('invalid JSON string') : cause;
    }
  }
  if (given instanceof RegoObject || isArray(given)) return readJson(formatJson(given));
  throw new BuiltinError('wrong type, expected string or object');
}

/** For each character of a schema's text: a keyword becomes an object of some fifty members. */
const SCHEMA_CELLS = 16;

function schemaOf(context: Context, given: Value): Schema {
  const text = typeof given === 'string' ? given : formatJson(given);
  context.spend(text.length);
  return context.cache('json schema', `${typeof given} ${text}`, () => compileSchema(context, documentOf(given)), () => SCHEMA_CELLS * text.length);
}

function match(context: Context, document: Value, schema: Value): Value {
  const read = documentOf(document);
  const faults = validate(context, schemaOf(context, schema), read).map(({ field, type, description }) =>
    RegoObject.of([['error', `${field}: ${description}`], ['type', type], ['field', field], ['desc', description]]));
  return [faults.length === 0, faults];
}

function verify(context: Context, schema: Value): Value {
  try {
    schemaOf(context, schema);
    return [true, null];
  } catch (cause) {
    if (cause instanceof BuiltinError) return [false, `jsonschema: ${cause.message}`];
    throw cause;
  }
}

const source = 'any<string, object[any: any]>';

export const jsonSchema: readonly Builtin[] = [
  {
    name: 'json.match_schema',
    type: `(${source}, ${source}) => array<boolean, array[object<desc: string, error: string, field: string, type: string>]>`,
    run: match,
  },
  { name: 'json.verify_schema', type: `(${source}) => array<boolean, any<null, string>>`, run: verify },
];
