// Reads a JSON Schema (drafts 4, 6, 7) with OPA's complaints; references are followed while it is read.
import type { RE2JS } from 're2js';
import { jsonEntries, quoteJson } from '../../rego/json.ts';
import { Num } from '../../rego/number.ts';
import { isArray, isNumber, RegoObject, type Value } from '../../rego/value.ts';
import { BuiltinError, type Context } from '../builtin.ts';
import { patternOf } from '../regex.ts';
import { type Draft, draftOf, HYBRID } from './drafts.ts';
import { References } from './references.ts';

/** Schemas inside one another, references among them. */
const depthMax = 1_000;

export const TYPES = ['array', 'boolean', 'integer', 'number', 'null', 'object', 'string'] as const;

/** A schema, its keywords checked; what a keyword does not say is null or empty. */
export class Schema {
  readonly draft: Draft;
  /** The name it stands under among `properties`. */
  readonly property: string;
  pass: boolean | null = null;
  target: Schema | null = null;
  readonly types: string[] = [];
  readonly properties: Schema[] = [];
  readonly patternProperties: { readonly pattern: RE2JS; readonly schema: Schema }[] = [];
  additionalProperties: boolean | Schema | null = null;
  propertyNames: Schema | null = null;
  readonly dependencies = new Map<string, readonly string[] | Schema>();
  readonly items: Schema[] = [];
  /** One schema for every element, rather than one for each. */
  itemsAreAlike = false;
  additionalItems: boolean | Schema | null = null;
  contains: Schema | null = null;
  uniqueItems = false;
  multipleOf: number | Num | null = null;
  maximum: number | Num | null = null;
  exclusiveMaximum: number | Num | null = null;
  minimum: number | Num | null = null;
  exclusiveMinimum: number | Num | null = null;
  readonly bounds: Partial<Record<Bound, number>> = {};
  pattern: { readonly text: string; readonly compiled: RE2JS } | null = null;
  format = '';
  required: readonly string[] = [];
  const: string | null = null;
  enum: readonly string[] | null = null;
  readonly oneOf: Schema[] = [];
  readonly anyOf: Schema[] = [];
  readonly allOf: Schema[] = [];
  not: Schema | null = null;
  /** `if`, `then` and `else`: an object with a `then` of its own would pass for a promise. */
  condition: Schema | null = null;
  whenTrue: Schema | null = null;
  whenFalse: Schema | null = null;

  constructor(property: string, draft: Draft) {
    this.property = property;
    this.draft = draft;
  }
}

type Bound = 'minLength' | 'maxLength' | 'minProperties' | 'maxProperties' | 'minItems' | 'maxItems';

/** @throws {BuiltinError} at the first thing that is wrong */
export function compileSchema(context: Context, document: Value): Schema {
  const references = new References(document);
  return new Compiler(context, references).schema(document, '', draftOf(document) ?? HYBRID);
}

const wrong = (expected: string, given: string) => new BuiltinError(`Invalid type. Expected: ${expected}, given: ${given}`);

/** The JSON text of a value, its numbers as doubles: what `const`, `enum` and `uniqueItems` compare. */
export function plainText(value: Value): string {
  if (isNumber(value)) {
    const double = Num.toDouble(value);
    if (!Number.isFinite(double)) throw new BuiltinError(`json: cannot unmarshal number ${Num.textOf(value)} into Go value of type float64`);
    return Object.is(double, -0) ? '-0' : String(double);
  }
  if (typeof value === 'string') return quoteJson(value, true);
  if (isArray(value)) return `[${value.map(plainText).join(',')}]`;
  if (value instanceof RegoObject) return `{${jsonEntries(value).map(([key, member]) => `${quoteJson(key, true)}:${plainText(member)}`).join(',')}}`;
  return String(value);
}

const isSchema = (value: Value) => typeof value === 'boolean' || value instanceof RegoObject;

class Compiler {
  readonly #context: Context;
  readonly #references: References;
  readonly #known = new Map<string, Schema>();
  #depth = 0;

  constructor(context: Context, references: References) {
    this.#context = context;
    this.#references = references;
  }

  schema(node: Value, property: string, draft: Draft): Schema {
    return this.fill(node, new Schema(property, draft));
  }

  fill(node: Value, schema: Schema): Schema {
    this.#context.spend(1);
    if (typeof node === 'boolean' && schema.draft >= 6) {
      schema.pass = node;
      return schema;
    }
    if (!(node instanceof RegoObject)) throw new BuiltinError('Expected: Valid Schema, given: Invalid JSON');
    this.#depth++;
    if (this.#depth > depthMax) throw new BuiltinError(`schemas are nested more than ${depthMax} levels deep`);
    this.#keywords(node, schema);
    this.#depth--;
    return schema;
  }

  #keywords(node: RegoObject, schema: Schema): void {
    const { draft } = schema;
    const sub = (value: Value, property = '') => this.schema(value, property, draft);
    const id = textOf(node, draft === 4 || (draft === HYBRID && node.has('id')) ? 'id' : '$id');
    if (id !== null) this.#references.of(node, id);
    const definitions = node.get('definitions');
    if (definitions !== undefined) {
      if (!(definitions instanceof RegoObject)) throw wrong('Array Of Schemas', 'definitions');
      for (const [, value] of definitions) {
        if (!isSchema(value)) throw wrong('Array Of Schemas', 'definitions');
        sub(value);
      }
    }
    textOf(node, 'title');
    textOf(node, 'description');
    if (this.#reference(node, schema)) return;
    readTypes(node.get('type'), schema);
    this.#objectKeywords(node, schema, sub);
    this.#arrayKeywords(node, schema, sub);
    readNumbers(node, schema);
    readBounds(node, schema, 'minLength', 'maxLength');
    const pattern = textOf(node, 'pattern');
    if (pattern !== null) schema.pattern = { text: pattern, compiled: this.#pattern(pattern, 'pattern must be a valid regex') };
    schema.format = textOf(node, 'format') ?? '';
    readBounds(node, schema, 'minProperties', 'maxProperties');
    schema.required = readRequired(listOf(node, 'required'));
    readBounds(node, schema, 'minItems', 'maxItems');
    const unique = node.get('uniqueItems');
    if (unique !== undefined && typeof unique !== 'boolean') throw new BuiltinError('uniqueItems must be of a boolean');
    schema.uniqueItems = unique === true;
    const contains = node.get('contains');
    if (contains !== undefined && draft >= 6) schema.contains = sub(contains);
    const constant = node.get('const');
    if (constant !== undefined && draft >= 6) schema.const = plainText(constant);
    schema.enum = readEnum(listOf(node, 'enum'));
    for (const keyword of ['oneOf', 'anyOf', 'allOf'] as const) schema[keyword].push(...(listOf(node, keyword) ?? []).map((value) => sub(value)));
    for (const [keyword, field] of [['not', 'not'], ['if', 'condition'], ['then', 'whenTrue'], ['else', 'whenFalse']] as const) {
      const value = node.get(keyword);
      if (value === undefined || (keyword !== 'not' && draft < 7)) continue;
      if (!isSchema(value)) throw new BuiltinError(`${keyword} must be of an object`);
      schema[field] = sub(value);
    }
  }

  /** @returns whether it was read through to the reference's end, so that nothing beside it counts */
  #reference(node: RegoObject, schema: Schema): boolean {
    const written = textOf(node, '$ref');
    if (written === null) return false;
    const reference = this.#references.of(node, written);
    const known = this.#known.get(reference);
    if (known !== undefined) {
      schema.target = known;
      return false;
    }
    const place = this.#references.follow(reference);
    const target = new Schema('', place.draft ?? schema.draft);
    // Before it is read, for it may refer to itself.
    this.#known.set(reference, target);
    if (!isSchema(place.node)) throw new BuiltinError('Valid Schema must be of type object');
    schema.target = this.fill(place.node, target);
    return true;
  }

  #pattern(text: string, complaint: string): RE2JS {
    try {
      return patternOf(this.#context, text);
    } catch (cause) {
      throw cause instanceof BuiltinError ? new BuiltinError(complaint) : cause;
    }
  }

  #objectKeywords(node: RegoObject, schema: Schema, sub: (value: Value, property?: string) => Schema): void {
    const properties = node.get('properties');
    if (properties !== undefined) {
      if (!(properties instanceof RegoObject)) throw new BuiltinError('Properties must be of type object');
      for (const [name, value] of properties) schema.properties.push(sub(value, String(name)));
    }
    const additional = node.get('additionalProperties');
    if (additional !== undefined) {
      if (!isSchema(additional)) throw wrong('boolean/Valid Schema', 'additionalProperties');
      schema.additionalProperties = typeof additional === 'boolean' ? additional : sub(additional);
    }
    const patterns = node.get('patternProperties');
    if (patterns !== undefined) {
      if (!(patterns instanceof RegoObject)) throw wrong('Valid Schema', 'patternProperties');
      for (const [text, value] of patterns) {
        const pattern = this.#pattern(String(text), `Invalid regex pattern '${String(text)}'`);
        schema.patternProperties.push({ pattern, schema: sub(value) });
      }
    }
    const names = node.get('propertyNames');
    if (names !== undefined && schema.draft >= 6) {
      if (!isSchema(names)) throw wrong('Valid Schema', 'patternProperties');
      schema.propertyNames = sub(names);
    }
    const dependencies = node.get('dependencies');
    if (dependencies === undefined) return;
    if (!(dependencies instanceof RegoObject)) throw new BuiltinError('dependencies must be of type object');
    for (const [name, value] of dependencies) {
      const isList = isArray(value) && value.every((element) => typeof element === 'string');
      if (!isList && !isSchema(value)) throw new BuiltinError('Dependency must be of type Schema Or Array Of Strings');
      schema.dependencies.set(String(name), isList ? (value as readonly string[]) : sub(value));
    }
  }

  #arrayKeywords(node: RegoObject, schema: Schema, sub: (value: Value) => Schema): void {
    const items = node.get('items');
    if (items !== undefined) {
      for (const item of isArray(items) ? items : [items]) {
        if (!isSchema(item)) throw wrong('Valid Schema/Array Of Schemas', 'items');
        schema.items.push(sub(item));
      }
      schema.itemsAreAlike = !isArray(items);
    }
    const additional = node.get('additionalItems');
    if (additional === undefined) return;
    if (!isSchema(additional)) throw wrong('boolean/Valid Schema', 'additionalItems');
    schema.additionalItems = typeof additional === 'boolean' ? additional : sub(additional);
  }
}

function textOf(node: RegoObject, key: string): string | null {
  const value = node.get(key);
  if (value === undefined || typeof value === 'string') return value ?? null;
  throw wrong('string', key);
}

function listOf(node: RegoObject, key: string): readonly Value[] | null {
  const value = node.get(key);
  if (value === undefined || isArray(value)) return value ?? null;
  throw new BuiltinError(`${key} must be of an array`);
}

function readTypes(given: Value | undefined, { types }: Schema): void {
  if (given === undefined) return;
  for (const type of isArray(given) ? given : [given]) {
    if (typeof type !== 'string') throw wrong('type', 'string/Array Of Strings');
    if (!(TYPES as readonly string[]).includes(type)) {
      const valid = `Expected valid values are:[${TYPES.join(' ')}]`;
      throw new BuiltinError(`has a primitive type that is NOT VALID -- given: /${type}/ ${valid}`);
    }
    if (types.includes(type)) throw new BuiltinError(`${type} type is duplicated`);
    types.push(type);
  }
}

function readNumbers(node: RegoObject, schema: Schema): void {
  const multiple = node.get('multipleOf');
  if (multiple !== undefined) {
    if (!isNumber(multiple)) throw wrong('Number', 'multipleOf');
    if (Num.compare(multiple, 0) <= 0) throw new BuiltinError('multipleOf must be strictly greater than 0');
    schema.multipleOf = multiple;
  }
  readLimit(node, schema, 'minimum', 'exclusiveMinimum');
  readLimit(node, schema, 'maximum', 'exclusiveMaximum');
}

/** Draft 4 says whether the limit itself is excluded, later ones give another limit. */
function readLimit(node: RegoObject, schema: Schema, key: 'minimum' | 'maximum', exclusiveKey: 'exclusiveMinimum' | 'exclusiveMaximum'): void {
  const limit = node.get(key);
  if (limit !== undefined) {
    if (!isNumber(limit)) throw new BuiltinError(`${key} must be of a Number`);
    schema[key] = limit;
  }
  const exclusive = node.get(exclusiveKey);
  if (exclusive === undefined) return;
  if (typeof exclusive === 'boolean' && (schema.draft === 4 || schema.draft === HYBRID)) {
    if (schema[key] === null) throw new BuiltinError(`${exclusiveKey} cannot be used without ${key}`);
    if (exclusive) [schema[exclusiveKey], schema[key]] = [schema[key], null];
  } else if (isNumber(exclusive) && schema.draft !== 4) schema[exclusiveKey] = exclusive;
  else throw wrong(schema.draft === 4 ? 'boolean' : schema.draft === HYBRID ? 'boolean/number' : 'number', exclusiveKey);
}

function readBounds(node: RegoObject, { bounds }: Schema, low: Bound, high: Bound): void {
  for (const key of [low, high]) {
    const value = node.get(key);
    if (value === undefined) continue;
    const integer = isNumber(value) ? Num.toInt(value) : null;
    if (integer === null) throw new BuiltinError(`${key} must be of an integer`);
    if (integer < 0) throw new BuiltinError(`${key} must be greater than or equal to 0`);
    bounds[key] = Number(integer);
  }
  if (low !== 'minItems' && (bounds[low] ?? 0) > (bounds[high] ?? Infinity)) throw new BuiltinError(`${low} cannot be greater than ${high}`);
}

function readRequired(given: readonly Value[] | null): readonly string[] {
  const required: string[] = [];
  for (const name of given ?? []) {
    if (typeof name !== 'string') throw wrong('string', 'required');
    if (required.includes(name)) throw new BuiltinError('required items must be unique');
    required.push(name);
  }
  return required;
}

function readEnum(given: readonly Value[] | null): readonly string[] | null {
  const texts = given?.map(plainText) ?? null;
  if (texts !== null && new Set(texts).size < texts.length) throw new BuiltinError('enum items must be unique');
  return texts;
}
