// The drafts of JSON Schema that are known, and the schemas they give for schemas.
import { fromPlain } from '../../rego/json.ts';
import { RegoObject, type Value } from '../../rego/value.ts';
import { BuiltinError } from '../builtin.ts';

/** `HYBRID` is what holds where nothing says which: all keywords of all of them. */
export const HYBRID = 99;
export type Draft = 4 | 6 | 7 | typeof HYBRID;

const DRAFTS: Readonly<Record<string, Draft>> = {
  'http://json-schema.org/draft-04/schema': 4,
  'http://json-schema.org/draft-06/schema': 6,
  'http://json-schema.org/draft-07/schema': 7,
};

const withoutEmptyFragment = (uri: string) => uri.replace(/#$/, '');

/**
 * The draft a document names in `$schema`.
 *
 * @returns null where it names none, or one that is not known
 * @throws {BuiltinError} where the document can be no schema
 */
export function draftOf(document: Value): Draft | null {
  if (typeof document === 'boolean') return null;
  if (!(document instanceof RegoObject)) throw new BuiltinError('schema is invalid');
  const named = document.get('$schema');
  if (named === undefined) return null;
  if (typeof named !== 'string') throw new BuiltinError('$schema must be of type string');
  return DRAFTS[withoutEmptyFragment(named)] ?? null;
}

/** The schema of schemas at an address without its fragment; null where there is none here. */
export function metaSchema(uri: string): Value | null {
  const draft = DRAFTS[uri];
  return draft === undefined ? null : fromPlain(draft === 4 ? draft4() : laterDraft(draft, uri));
}

type Plain = Readonly<Record<string, unknown>>;

const self = { $ref: '#' };
const definition = (name: string) => ({ $ref: `#/definitions/${name}` });
const map = (of: unknown) => ({ type: 'object', additionalProperties: of });
const text = { type: 'string' };
const number = { type: 'number' };
const boolean = { type: 'boolean' };
const orSchemas = { anyOf: [self, definition('schemaArray')] };
const types = {
  anyOf: [definition('simpleTypes'), { type: 'array', items: definition('simpleTypes'), minItems: 1, uniqueItems: true }],
};
const simpleTypes = { enum: ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] };
const schemaArray = { type: 'array', minItems: 1, items: self };
const dependencies = map({ anyOf: [self, definition('stringArray')] });
const enumerated = { type: 'array', minItems: 1, uniqueItems: true };

function common(bound: string, boundFromZero: string): Plain {
  const maximum = definition(bound);
  const minimum = definition(boundFromZero);
  return {
    title: text, description: text, maximum: number, minimum: number, maxLength: maximum, minLength: minimum,
    pattern: { type: 'string', format: 'regex' }, items: orSchemas, maxItems: maximum, minItems: minimum, uniqueItems: boolean,
    maxProperties: maximum, minProperties: minimum, required: definition('stringArray'), definitions: map(self), properties: map(self),
    patternProperties: map(self), dependencies, enum: enumerated, type: types, format: text, allOf: definition('schemaArray'),
    anyOf: definition('schemaArray'), oneOf: definition('schemaArray'), not: self, default: {},
  };
}

function draft4(): Plain {
  const orBoolean = { anyOf: [boolean, self] };
  return {
    id: 'http://json-schema.org/draft-04/schema#',
    $schema: 'http://json-schema.org/draft-04/schema#',
    definitions: {
      schemaArray,
      simpleTypes,
      positiveInteger: { type: 'integer', minimum: 0 },
      positiveIntegerDefault0: { allOf: [definition('positiveInteger'), { default: 0 }] },
      stringArray: { type: 'array', items: text, minItems: 1, uniqueItems: true },
    },
    type: 'object',
    properties: {
      ...common('positiveInteger', 'positiveIntegerDefault0'),
      id: text, $schema: text, multipleOf: { type: 'number', minimum: 0, exclusiveMinimum: true },
      exclusiveMaximum: boolean, exclusiveMinimum: boolean, additionalItems: orBoolean, additionalProperties: orBoolean,
    },
    dependencies: { exclusiveMaximum: ['maximum'], exclusiveMinimum: ['minimum'] },
  };
}

function laterDraft(draft: Draft, uri: string): Plain {
  const reference = { type: 'string', format: 'uri-reference' };
  const since7 = {
    $comment: text, readOnly: boolean, contentMediaType: text, contentEncoding: text,
    ...Object.fromEntries(['if', 'then', 'else'].map((keyword) => [keyword, self])),
    patternProperties: { ...map(self), propertyNames: { format: 'regex' } },
  };
  return {
    $id: `${uri}#`,
    $schema: `${uri}#`,
    definitions: {
      schemaArray,
      simpleTypes,
      nonNegativeInteger: { type: 'integer', minimum: 0 },
      nonNegativeIntegerDefault0: { allOf: [definition('nonNegativeInteger'), { default: 0 }] },
      stringArray: { type: 'array', items: text, uniqueItems: true },
    },
    type: ['object', 'boolean'],
    properties: {
      ...common('nonNegativeInteger', 'nonNegativeIntegerDefault0'),
      $id: reference, $schema: { type: 'string', format: 'uri' }, $ref: reference, examples: { type: 'array' },
      multipleOf: { type: 'number', exclusiveMinimum: 0 }, exclusiveMaximum: number, exclusiveMinimum: number, additionalItems: self,
      additionalProperties: self, contains: self, propertyNames: self, const: {}, ...(draft === 7 ? since7 : {}),
    },
  };
}
