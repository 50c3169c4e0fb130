// JSON: reading and writing text, and removing, filtering and patching by paths.
import { LedgerError } from '../../ledger/errors.ts';
import { charge, ENTRY_CELLS, OBJECT_CELLS, textCells } from '../rego/meter.ts';
import { formatJson, jsonEntries, parseJson, quoteJson } from '../rego/json.ts';
import { equalValues, isArray, ObjectBuilder, RegoObject, RegoSet, typeName, type Value } from '../rego/value.ts';
import { formatTerm } from '../rego/term.ts';
import { asArray, asObject, asString, type Builtin, BuiltinError, OperandError, wrongType } from './builtin.ts';

export function readJson(text: string): Value {
  try {
    return parseJson(text);
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new BuiltinError(cause.message);
  }
}

function isJson(text: Value): boolean {
  if (typeof text !== 'string') return false;
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

/** Indented as Go's `MarshalIndent` has it: empty containers stay on one line. */
function prettyJson(value: Value, prefix: string, indent: string, level = 0): string {
  const line = (depth: number) => `\n${prefix}${indent.repeat(depth)}`;
  // A line for each member, and the last.
  const size = value instanceof RegoSet || value instanceof RegoObject ? value.size : isArray(value) ? value.length : 0;
  charge((size + 1) * textCells(prefix.length + indent.length * (level + 1)));
  const wrap = (open: string, items: string[], close: string) => `${open}${line(level + 1)}${items.join(`,${line(level + 1)}`)}${line(level)}${close}`;
  if (value instanceof RegoSet || isArray(value)) {
    const items = isArray(value) ? value : value.sorted;
    return items.length === 0 ? '[]' : wrap('[', items.map((item) => prettyJson(item, prefix, indent, level + 1)), ']');
  }
  if (!(value instanceof RegoObject)) return formatJson(value, true);
  const pairs = jsonEntries(value).map(([key, member]) => `${quoteJson(key, true)}: ${prettyJson(member, prefix, indent, level + 1)}`);
  return pairs.length === 0 ? '{}' : wrap('{', pairs, '}');
}

function marshalWith(value: Value, options: Value): string {
  const given = asObject(options, 2);
  let pretty: boolean | null = null;
  let [prefix, indent] = ['', '\t'];
  for (const [key, option] of given) {
    if (key === 'pretty') {
      if (typeof option !== 'boolean') throw new OperandError(2, 'key pretty failed cast to bool');
      pretty = option;
    } else if (key === 'prefix' || key === 'indent') {
      if (typeof option !== 'string') throw new OperandError(2, `key ${key} failed cast to string: operand 0 must be string but got ${typeName(option)}`);
      if (key === 'prefix') prefix = option;
      else indent = option;
    } else throw new OperandError(2, `object contained unknown key ${formatTerm(key)}`);
  }
  const implied = given.has('prefix') || given.has('indent');
  return pretty ?? implied ? prefix + prettyJson(value, prefix, indent) : formatJson(value, true);
}

/** The segments of a path: a pointer with `/`, or an array of keys. */
function parsePath(path: Value): readonly Value[] {
  if (isArray(path)) return path;
  if (typeof path !== 'string') {
    throw new OperandError(2, `must be one of {set, array} containing string paths or array of path segments but got ${typeName(path)}`);
  }
  if (path === '') return [];
  return path.replace(/^\/+/, '').split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parsePaths(paths: Value): (readonly Value[])[] {
  if (isArray(paths)) return paths.map(parsePath);
  if (paths instanceof RegoSet) return paths.sorted.map(parsePath);
  throw wrongType(2, paths, 'set', 'array');
}

/** Paths as nested objects with null where one ends; a shorter path covers what goes on below it. */
function pathTree(paths: readonly (readonly Value[])[]): RegoObject {
  const root: Branch = new Map();
  for (const path of paths) {
    let node: Branch | null = root;
    for (const [i, key] of path.entries()) {
      if (node === null) break;
      const name = formatTerm(key);
      const child = node.get(name);
      if (i === path.length - 1) node.set(name, { key, below: null });
      else if (child === undefined) {
        const below: Branch = new Map();
        node.set(name, { key, below });
        node = below;
      } else node = child.below;
    }
  }
  return built(root);
}

type Branch = Map<string, { key: Value; below: Branch | null }>;

function built(branch: Branch): RegoObject {
  return RegoObject.of([...branch.values()].map(({ key, below }): [Value, Value] => [key, below === null ? null : built(below)]));
}

/** Without what the tree names; undefined where the value itself is named. */
function without(value: Value, tree: Value | undefined): Value | undefined {
  if (tree === null) return undefined;
  if (!(tree instanceof RegoObject)) return value;
  const kept = (pairs: Iterable<readonly [Value, Value]>): [Value, Value][] => {
    return [...pairs].flatMap(([key, member]): [Value, Value][] => {
      const left = without(member, tree.get(key));
      return left === undefined ? [] : [[key, left]];
    });
  };
  if (value instanceof RegoObject) return RegoObject.of(kept(value));
  if (value instanceof RegoSet) return RegoSet.of(kept(value.sorted.map((member) => [member, member] as const)).map(([, member]) => member));
  // Paths name an array's elements by text.
  if (isArray(value)) return kept(value.map((member, i) => [String(i), member] as const)).map(([, member]) => member);
  return value;
}

/** Only what the tree names. */
function only(value: Value, tree: Value): Value {
  if (!(tree instanceof RegoObject)) return value;
  if (value instanceof RegoObject) {
    const pairs = [...value].filter(([key]) => tree.has(key));
    return RegoObject.of(pairs.map(([key, member]): [Value, Value] => [key, only(member, tree.get(key) as Value)]));
  }
  if (value instanceof RegoSet) return RegoSet.of(value.sorted.filter((member) => tree.has(member)).map((member) => only(member, tree.get(member) as Value)));
  if (isArray(value)) return value.flatMap((member, i) => (tree.has(String(i)) ? [only(member, tree.get(String(i)) as Value)] : []));
  return value;
}

const noPath = (path: readonly Value[]) => new BuiltinError(`path ${formatTerm(path)} does not exist in object term`);

/** An index into an array, as text or number; `-` is the place after the last. */
function indexIn(key: Value, length: number, insert: boolean): number {
  if (key === '-' && insert) return length;
  const text = typeof key === 'string' ? key : typeof key === 'number' ? String(key) : '';
  if (!/^(?:0|[1-9]\d*)$/.test(text)) throw new BuiltinError(`invalid array index: ${formatTerm(key)}`);
  const index = Number(text);
  if (index >= length + (insert ? 1 : 0)) throw new BuiltinError(`index for array insertion out of bounds: ${text}`);
  return index;
}

function valueAt(value: Value, path: readonly Value[]): Value {
  let at: Value | undefined = value;
  for (const key of path) {
    if (at instanceof RegoObject) at = at.get(key);
    else if (isArray(at)) at = at[indexIn(key, at.length, false)];
    else if (at instanceof RegoSet) at = at.has(key) ? key : undefined;
    else at = undefined;
    if (at === undefined) throw noPath(path);
  }
  return at as Value;
}

/** A copy with one place changed: `put` undefined removes. */
function edited(value: Value, path: readonly Value[], put: Value | undefined, whole = path): Value {
  const [key, ...rest] = path;
  if (key === undefined) return put ?? null;
  const size = isArray(value) ? value.length : value instanceof RegoObject || value instanceof RegoSet ? value.size : 0;
  charge(OBJECT_CELLS + ENTRY_CELLS * (size + 1) + rest.length);
  const last = rest.length === 0;
  if (value instanceof RegoObject) {
    const old = value.get(key);
    if (old === undefined && (!last || put === undefined)) throw noPath(whole);
    const builder = new ObjectBuilder();
    for (const [k, v] of value) builder.set(k, v);
    if (!last) builder.set(key, edited(old as Value, rest, put, whole));
    else if (put === undefined) builder.delete(key);
    else builder.set(key, put);
    return builder.build();
  }
  if (isArray(value)) {
    const index = indexIn(key, value.length, last && put !== undefined);
    if (!last) return value.with(index, edited(value[index] as Value, rest, put, whole));
    return put === undefined ? value.toSpliced(index, 1) : value.toSpliced(index, 0, put);
  }
  if (value instanceof RegoSet) {
    if (last && put !== undefined) {
      if (!equalValues(key, put)) throw new BuiltinError(`set key ${formatTerm(key)} does not equal value to be inserted ${formatTerm(put)}`);
      return RegoSet.of([...value.sorted, put]);
    }
    if (!value.has(key)) throw noPath(whole);
    const others = value.sorted.filter((member) => !equalValues(member, key));
    return RegoSet.of(last ? others : [...others, edited(key, rest, put, whole)]);
  }
  throw noPath(whole);
}

function patch(document: Value, operations: readonly Value[]): Value | undefined {
  let result: Value | undefined = document;
  for (const operation of operations) {
    if (!(operation instanceof RegoObject)) throw new BuiltinError('must be an array of JSON-Patch objects, but at least one element is not an object');
    const need = (name: string): Value => {
      const value = operation.get(name);
      if (value === undefined) throw new BuiltinError(`missing required attribute '${name}'`);
      return value;
    };
    const at = need('path');
    const op = need('op');
    if (typeof op !== 'string') throw new BuiltinError(`attribute 'op' must be a string but found: ${typeName(op)}`);
    const path = parsePath(at);
    const deleted: () => never = () => {
      throw new BuiltinError('deleted node encountered');
    };
    // Once the whole document is removed, only another whole document can follow.
    const current: Value = result ?? (op === 'add' && path.length === 0 ? null : deleted());
    if (op === 'add') result = edited(current, path, need('value'));
    else if (op === 'remove') result = path.length === 0 ? undefined : edited(current, path, undefined);
    else if (op === 'replace') {
      valueAt(current, path);
      const value = need('value');
      result = path.length === 0 ? value : edited(edited(current, path, undefined), path, value);
    } else if (op === 'move' || op === 'copy') {
      const from = parsePath(need('from'));
      const chunk = valueAt(current, from);
      if (op === 'move' && from.length === 0 && path.length > 0) deleted();
      result = edited(op === 'copy' || from.length === 0 ? current : edited(current, from, undefined), path, chunk);
    } else if (op === 'test') {
      const found = valueAt(current, path);
      const value = need('value');
      if (!equalValues(found, value)) {
        throw new BuiltinError(`value from EditTree != patch value.\n\nExpected: ${formatTerm(value)}\n\nFound: ${formatTerm(found)}`);
      }
    } else throw new BuiltinError(`unrecognized op: '${op}'`);
  }
  return result;
}

const paths = 'any<array[any<string, array[any]>], set[any<string, array[any]>]>';

export const json: readonly Builtin[] = [
  { name: 'json.marshal', type: '(any) => string', run: (_, value: Value) => formatJson(value, true) },
  {
    name: 'json.marshal_with_options',
    type: '(any, object<indent: string, prefix: string, pretty: boolean>[string: any]) => string',
    run: (_, value: Value, options: Value) => marshalWith(value, options),
  },
  { name: 'json.unmarshal', type: '(string) => any', run: (context, text: Value) => {
    context.spend(asString(text, 1).length);
    return readJson(asString(text, 1));
  } },
  { name: 'json.is_valid', type: '(string) => boolean', run: (_, text: Value) => isJson(text) },
  {
    name: 'json.remove',
    type: `(object[any: any], ${paths}) => object[any: any]`,
    run: (_, object: Value, named: Value) => without(asObject(object, 1), pathTree(parsePaths(named))),
  },
  {
    name: 'json.filter',
    type: `(object[any: any], ${paths}) => object[any: any]`,
    run: (_, object: Value, named: Value) => only(asObject(object, 1), pathTree(parsePaths(named))),
  },
  {
    name: 'json.patch',
    type: '(any, array[object<op: string, path: any>[any: any]]) => any',
    run: (_, document: Value, operations: Value) => patch(document, asArray(operations, 2)),
  },
];
