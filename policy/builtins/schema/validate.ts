// Holds a document against a JSON Schema and says what is wrong with it, in OPA's words and with its choice of the nearest match.
import { formatFloat, fromInteger, layOut } from '../../rego/big-float.ts';
import { charge, textCells } from '../../rego/meter.ts';
import { Num } from '../../rego/number.ts';
import { isArray, isNumber, RegoObject, typeName, type Value } from '../../rego/value.ts';
import { BuiltinError, type Context } from '../builtin.ts';
import { plainText, type Schema } from './compile.ts';
import { hasFormat } from './formats.ts';

/** Schemas inside one another; a reference that leads back to itself comes to its end here. */
const depthMax = 1_000;

/** A fault, and the object that is made of it. */
const FAULT_CELLS = 48;

export interface Fault {
  /** Where in the document, such as `a.0.b`; `(Root)` for the whole. */
  readonly field: string;
  readonly type: string;
  readonly description: string;
}

/** What was found, and how much fitted: of several schemas the one with the best score is explained. */
class Result {
  readonly faults: Fault[] = [];
  score = 0;

  merge(other: Result): void {
    for (const fault of other.faults) this.faults.push(fault);
    this.score += other.score;
  }

  get valid(): boolean {
    return this.faults.length === 0;
  }
}

/** @returns what is wrong, in order; empty where nothing is */
export function validate(context: Context, schema: Schema, document: Value): readonly Fault[] {
  return new Validator(context).sub(schema, document, '(Root)').faults;
}

class Validator {
  readonly #context: Context;
  #depth = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  sub(schema: Schema, node: Value, path: string): Result {
    const result = new Result();
    this.#schema(schema, node, result, path);
    return result;
  }

  #fault(result: Result, path: string, type: string, description: string): void {
    const field = path.startsWith('(Root).') ? path.slice('(Root).'.length) : path;
    this.#context.spendBytes(field.length + description.length);
    charge(FAULT_CELLS + textCells(field.length + description.length));
    result.faults.push({ field, type, description });
    result.score -= 2;
  }

  #schema(schema: Schema, node: Value, result: Result, path: string): void {
    this.#context.spend(1);
    if (schema.pass !== null) {
      if (!schema.pass) this.#fault(result, path, 'false', 'False always fails validation');
      return;
    }
    this.#depth++;
    if (this.#depth > depthMax) throw new BuiltinError(`schemas are nested more than ${depthMax} levels deep`);
    if (schema.target === null) this.#keywords(schema, node, result, path);
    else this.#schema(schema.target, node, result, path);
    this.#depth--;
  }

  #keywords(schema: Schema, node: Value, result: Result, path: string): void {
    const type = isNumber(node) && Num.toBigInt(node) !== null ? 'integer' : typeName(node);
    const { types } = schema;
    if (types.length > 0 && !types.includes(type) && !(type === 'integer' && types.includes('number'))) {
      const expected = types.length > 1 ? `[${types.join(',')}]` : types[0];
      this.#fault(result, path, 'invalid_type', `Invalid type. Expected: ${expected}, given: ${type}`);
      return;
    }
    this.#combinations(schema, node, result, path);
    if (isNumber(node)) this.#number(schema, node, result, path);
    if (isArray(node)) this.#array(schema, node, result, path);
    if (node instanceof RegoObject) this.#object(schema, node, result, path);
    this.#common(schema, node, result, path);
    if (typeof node === 'string') this.#string(schema, node, result, path);
    if (node instanceof RegoObject) {
      for (const property of schema.properties) {
        const value = node.get(property.property);
        if (value !== undefined) this.#schema(property, value, result, `${path}.${property.property}`);
      }
    }
    result.score += 1;
  }

  #combinations(schema: Schema, node: Value, result: Result, path: string): void {
    const fault = (type: string, description: string) => this.#fault(result, path, type, description);
    if (schema.anyOf.length > 0) {
      let best: Result | null = null;
      const fits = schema.anyOf.some((each) => {
        const found = this.sub(each, node, path);
        if (!found.valid && (best === null || found.score > best.score)) best = found;
        return found.valid;
      });
      if (!fits) {
        fault('number_any_of', 'Must validate at least one schema (anyOf)');
        if (best !== null) result.merge(best);
      }
    }
    if (schema.oneOf.length > 0) this.#oneOf(schema, node, result, path);
    if (schema.allOf.length > 0) {
      let fitting = 0;
      for (const each of schema.allOf) {
        const found = this.sub(each, node, path);
        if (found.valid) fitting += 1;
        result.merge(found);
      }
      if (fitting < schema.allOf.length) fault('number_all_of', 'Must validate all the schemas (allOf)');
    }
    if (schema.not !== null && this.sub(schema.not, node, path).valid) fault('number_not', 'Must not validate the schema (not)');
    if (node instanceof RegoObject) this.#dependencies(schema, node, result, path);
    if (schema.condition !== null) {
      const holds = this.sub(schema.condition, node, path).valid;
      const next = holds ? schema.whenTrue : schema.whenFalse;
      const found = next === null ? null : this.sub(next, node, path);
      if (found !== null && !found.valid) {
        if (holds) fault('condition_then', 'Must validate "then" as "if" was valid');
        else fault('condition_else', 'Must validate "else" as "if" was not valid');
        result.merge(found);
      }
    }
    result.score += 1;
  }

  #oneOf({ oneOf }: Schema, node: Value, result: Result, path: string): void {
    let fitting = 0;
    let best: Result | null = null;
    for (const each of oneOf) {
      const found = this.sub(each, node, path);
      if (found.valid) fitting += 1;
      else if (fitting === 0 && (best === null || found.score > best.score)) best = found;
    }
    if (fitting === 1) return;
    this.#fault(result, path, 'number_one_of', 'Must validate one and only one schema (oneOf)');
    if (fitting === 0 && best !== null) result.merge(best);
  }

  #dependencies({ dependencies }: Schema, node: RegoObject, result: Result, path: string): void {
    if (dependencies.size === 0) return;
    for (const key of node.keys) {
      const needed = dependencies.get(String(key));
      if (needed === undefined) continue;
      if ('draft' in needed) this.#schema(needed, node, result, path);
      else for (const name of needed) if (!node.has(name)) this.#fault(result, path, 'missing_dependency', `Has a dependency on ${name}`);
    }
  }

  #common(schema: Schema, node: Value, result: Result, path: string): void {
    const field = path.startsWith('(Root).') ? path.slice('(Root).'.length) : path;
    if (schema.const !== null && plainText(node) !== schema.const) this.#fault(result, path, 'const', `${field} does not match: ${schema.const}`);
    if (schema.enum !== null && !schema.enum.includes(plainText(node))) {
      this.#fault(result, path, 'enum', `${field} must be one of the following: ${schema.enum.join(', ')}`);
    }
    if (schema.format !== '' && typeof node === 'string' && !hasFormat(schema.format, node)) {
      this.#fault(result, path, 'format', `Does not match format '${schema.format}'`);
    }
    result.score += 1;
  }

  #array(schema: Schema, node: readonly Value[], result: Result, path: string): void {
    const { items, additionalItems, bounds } = schema;
    const fault = (type: string, description: string) => this.#fault(result, path, type, description);
    const [first] = items;
    for (const [i, value] of node.entries()) {
      const each = schema.itemsAreAlike ? first : (items[i] ?? (items.length > 0 && additionalItems !== null ? additionalItems : undefined));
      if (typeof each === 'object') result.merge(this.sub(each, value, `${path}.${i}`));
    }
    if (!schema.itemsAreAlike && items.length > 0 && node.length > items.length && additionalItems === false) {
      fault('array_no_additional_items', 'No additional items allowed on array');
    }
    if (node.length < (bounds.minItems ?? 0)) fault('array_min_items', `Array must have at least ${bounds.minItems} items`);
    if (node.length > (bounds.maxItems ?? Infinity)) fault('array_max_items', `Array must have at most ${bounds.maxItems} items`);
    if (schema.uniqueItems) {
      const seen = new Map<string, number>();
      for (const [j, value] of node.entries()) {
        const text = plainText(value);
        const i = seen.get(text);
        if (i !== undefined) fault('unique', `array items[${i},${j}] must be unique`);
        seen.set(text, j);
      }
    }
    if (schema.contains !== null) this.#contains(schema.contains, node, result, path);
    result.score += 1;
  }

  #contains(wanted: Schema, node: readonly Value[], result: Result, path: string): void {
    let best: Result | null = null;
    const fits = node.some((value, i) => {
      const found = this.sub(wanted, value, `${path}.${i}`);
      if (!found.valid && (best === null || found.score > best.score)) best = found;
      return found.valid;
    });
    if (fits) return;
    this.#fault(result, path, 'contains', 'At least one of the items must match');
    if (best !== null) result.merge(best);
  }

  #object(schema: Schema, node: RegoObject, result: Result, path: string): void {
    const { bounds } = schema;
    const fault = (type: string, description: string) => this.#fault(result, path, type, description);
    if (node.size < (bounds.minProperties ?? 0)) fault('array_min_properties', `Must have at least ${bounds.minProperties} properties`);
    if (node.size > (bounds.maxProperties ?? Infinity)) fault('array_max_properties', `Must have at most ${bounds.maxProperties} properties`);
    for (const name of schema.required) {
      if (node.has(name)) result.score += 1;
      else fault('required', `${name} is required`);
    }
    const named = new Set(schema.properties.map(({ property }) => property));
    for (const [key, value] of node) {
      const name = String(key);
      const matched = this.#patterns(schema, name, value, result, path);
      if (matched || named.has(name)) continue;
      const { additionalProperties: rest } = schema;
      if (rest === false) fault('additional_property_not_allowed', `Additional property ${name} is not allowed`);
      else if (rest !== null && rest !== true) result.merge(this.sub(rest, value, `${path}.${name}`));
    }
    if (schema.propertyNames !== null) {
      for (const key of node.keys) {
        const found = this.sub(schema.propertyNames, key, path);
        if (found.valid) continue;
        fault('invalid_property_name', `Property name of "${String(key)}" does not match`);
        result.merge(found);
      }
    }
    result.score += 1;
  }

  #patterns({ patternProperties }: Schema, name: string, value: Value, result: Result, path: string): boolean {
    let matched = false;
    for (const { pattern, schema } of patternProperties) {
      this.#context.spend(name.length);
      if (!pattern.matcher(name).find()) continue;
      matched = true;
      result.merge(this.sub(schema, value, `${path}.${name}`));
    }
    if (matched) result.score += 1;
    return matched;
  }

  #string({ bounds, pattern }: Schema, node: string, result: Result, path: string): void {
    const length = [...node].length;
    const shall = 'String length must be';
    if (length < (bounds.minLength ?? 0)) this.#fault(result, path, 'string_gte', `${shall} greater than or equal to ${bounds.minLength}`);
    if (length > (bounds.maxLength ?? Infinity)) this.#fault(result, path, 'string_lte', `${shall} less than or equal to ${bounds.maxLength}`);
    this.#context.spend(node.length);
    if (pattern !== null && !pattern.compiled.matcher(node).find()) {
      this.#fault(result, path, 'pattern', `Does not match pattern '${pattern.text}'`);
    }
    result.score += 1;
  }

  #number(schema: Schema, node: number | Num, result: Result, path: string): void {
    const fault = (type: string, description: string) => this.#fault(result, path, type, description);
    const { multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum } = schema;
    if (multipleOf !== null && !isMultiple(node, multipleOf)) fault('multiple_of', `Must be a multiple of ${floatText(multipleOf)}`);
    if (maximum !== null && Num.compare(node, maximum) > 0) fault('number_lte', `Must be less than or equal to ${floatText(maximum)}`);
    if (exclusiveMaximum !== null && Num.compare(node, exclusiveMaximum) >= 0) fault('number_lt', `Must be less than ${floatText(exclusiveMaximum)}`);
    if (minimum !== null && Num.compare(node, minimum) < 0) fault('number_gte', `Must be greater than or equal to ${floatText(minimum)}`);
    if (exclusiveMinimum !== null && Num.compare(node, exclusiveMinimum) <= 0) {
      fault('number_gt', `Must be greater than ${floatText(exclusiveMinimum)}`);
    }
    result.score += 1;
  }
}

/** Exactly, in decimals: 0.3 is a multiple of 0.1. */
function isMultiple(value: number | Num, of: number | Num): boolean {
  const [a, b] = [decimalOf(value), decimalOf(of)];
  const exponent = Math.min(a.exponent, b.exponent);
  return (a.digits * 10n ** BigInt(a.exponent - exponent)) % (b.digits * 10n ** BigInt(b.exponent - exponent)) === 0n;
}

function decimalOf(n: number | Num): { digits: bigint; exponent: number } {
  return typeof n === 'number' ? { digits: BigInt(n), exponent: 0 } : n.decimal;
}

/** As Go prints a `big.Float`: integers in exponent form too, from 1e6 on. */
function floatText(n: number | Num): string {
  const integer = Num.toBigInt(n);
  if (integer === null) return formatFloat(Num.toFloat(n));
  const text = formatFloat(fromInteger(integer < 0n ? -integer : integer));
  return (integer < 0n ? '-' : '') + (integer === 0n ? '0' : layOut(text.replace(/0+$/, ''), text.length));
}
