// YAML as OPA reads and writes it: through JSON, plain scalars by go-yaml's rules, text in go-yaml's styles.
import { isAlias, isMap, isScalar, isSeq, type Document, type Node, parseAllDocuments, type Scalar, type YAMLMap } from 'yaml';
import { formatJson, jsonEntries } from '../rego/json.ts';
import { charge, ENTRY_CELLS, OBJECT_CELLS } from '../rego/meter.ts';
import { Num } from '../rego/number.ts';
import { isArray, isNumber, ObjectBuilder, RegoObject, textOfBytes, type Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError } from './builtin.ts';
import { decodeBase64 } from './encoding.ts';
import { readJson } from './json.ts';

/** Nodes that a document may come to once its aliases are followed: ten lines can name a billion. */
const nodesMax = 1_000_000;
const depthMax = 1_000;

/** Reads the first document. @throws {BuiltinError} where it is no YAML, or has no JSON */
export function readYaml(text: string): Value {
  const [document] = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, strict: true, logLevel: 'silent' }) as Document.Parsed[];
  if (document === undefined) {
    // Directives that no document follows.
    if (/^%/m.test(text)) throw new BuiltinError('yaml: did not find expected <document start>');
    return null;
  }
  // A directive nobody knows is a warning there, and an error in Go.
  const [error] = [...document.errors, ...document.warnings.filter(({ code }) => code === 'BAD_DIRECTIVE')];
  if (error !== undefined) throw new BuiltinError(`yaml: ${error.message.split('\n')[0]}`);
  const { explicit, version } = document.directives.yaml;
  if (explicit === true && version !== '1.1') throw new BuiltinError('yaml: found incompatible YAML document');
  return new Reader(document).value(document.contents, 0);
}

class Reader {
  readonly #document: Document;
  #nodes = 0;

  constructor(document: Document) {
    this.#document = document;
  }

  value(node: Node | null, depth: number): Value {
    this.#nodes += 1;
    charge(OBJECT_CELLS + ENTRY_CELLS);
    if (this.#nodes > nodesMax) throw new BuiltinError('yaml: document contains excessive aliasing');
    if (depth > depthMax) throw new BuiltinError(`yaml: exceeded max depth of ${depthMax}`);
    if (node === null) return null;
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) throw new BuiltinError(`yaml: unknown anchor '${node.source}' referenced`);
      return this.value(target as Node, depth + 1);
    }
    if (isSeq(node)) return node.items.map((item) => this.value(item as Node | null, depth + 1));
    if (isMap(node)) return this.#map(node, depth);
    return isScalar(node) ? scalarValue(node) : null;
  }

  #map(node: YAMLMap, depth: number): Value {
    const object = new ObjectBuilder();
    const merged: (Node | null)[] = [];
    for (const { key, value } of node.items as { key: Node; value: Node | null }[]) {
      if (isScalar(key) && key.type === 'PLAIN' && key.source === '<<') merged.push(value);
      else object.set(keyText(this.value(key, depth + 1)), this.value(value, depth + 1));
    }
    for (const from of merged) for (const source of this.#sources(from)) {
      const value = this.value(source, depth + 1);
      if (!(value instanceof RegoObject)) throw new BuiltinError('yaml: map merge requires map or sequence of maps as the value');
      for (const [key, member] of value) if (object.get(key) === undefined) object.set(key, member);
    }
    return object.build();
  }

  #sources(from: Node | null): (Node | null)[] {
    const target = isAlias(from) ? (from.resolve(this.#document) as Node | undefined) ?? null : from;
    return isSeq(target) ? (target.items as (Node | null)[]) : [target];
  }
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'boolean' || isNumber(key)) return formatJson(key);
  throw new BuiltinError(`json: unsupported map key: ${formatJson(key)}`);
}

function scalarValue(node: Scalar): Value {
  const text = typeof node.value === 'string' ? node.value : (node.source ?? '');
  const tag = node.tag?.replace('tag:yaml.org,2002:', '!!') ?? '';
  if (tag === '!!binary') return textOfBytes(decodeBase64(text.replace(/\s/g, '')));
  const isPlain = node.type === 'PLAIN' || node.type === undefined;
  if (tag === '!!int' || tag === '!!float' || tag === '!!bool' || tag === '!!null' || (isPlain && tag === '')) return plainValue(text);
  return text;
}

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, Value] => [word, null]),
  ...['true', 'True', 'TRUE'].map((word): [string, Value] => [word, true]),
  ...['false', 'False', 'FALSE'].map((word): [string, Value] => [word, false]),
]);

/** What a scalar without quotes means: `yes` and `on` are texts, `0o17`, `017` and `1_000` numbers. */
function plainValue(text: string): Value {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (/^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(text)) {
    throw new BuiltinError(`json: unsupported value: ${/n$/i.test(text) ? 'NaN' : text.startsWith('-') ? '-Inf' : '+Inf'}`);
  }
  if (!/^[-+.0-9]/.test(text)) return text;
  const number = text.replaceAll('_', '');
  const [, sign, digits] = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/.exec(number) ?? [];
  if (digits !== undefined) {
    const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
    const integer = sign === '-' ? -magnitude : magnitude;
    if (integer >= -(1n << 63n) && integer < 1n << 64n) return Num.fromBigInt(integer);
  }
  if (!/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(number)) return text;
  const double = Number(number);
  return Number.isFinite(double) ? (Num.parse(Object.is(double, -0) ? '-0' : String(double)) ?? text) : text;
}

function isYaml(text: Value): boolean {
  if (typeof text !== 'string') return false;
  try {
    readYaml(text);
    return true;
  } catch (cause) {
    if (cause instanceof BuiltinError) return false;
    throw cause;
  }
}

/** Block style throughout, keys in go-yaml's order, texts without quotes where they read back as themselves. */
function writeYaml(value: Value): string {
  // Sets are arrays and every key is text, as in JSON.
  const plain = readJson(formatJson(value));
  return isLeaf(plain) ? `${leaf(plain, 2)}\n` : block(plain, 0);
}

const isLeaf = (value: Value) => (isArray(value) ? value.length === 0 : !(value instanceof RegoObject) || value.size === 0);

/** The lines of a composite, each behind `indent` spaces. */
function block(value: Value, indent: number): string {
  const pad = ' '.repeat(indent);
  if (isArray(value)) {
    return value.map((each) => `${pad}- ${isLeaf(each) ? `${leaf(each, indent + 2)}\n` : block(each, indent + 2).slice(indent + 2)}`).join('');
  }
  const pairs = jsonEntries(value as RegoObject).sort(([a], [b]) => compareKeys(a, b));
  return pairs.map(([key, each]) => {
    const rest = isLeaf(each) ? ` ${leaf(each, indent + 2)}\n` : `\n${block(each, indent + 2)}`;
    return `${pad}${styled(key)}:${rest}`;
  }).join('');
}

/** @param indent - where the lines of a literal text begin */
function leaf(value: Value, indent: number): string {
  if (isArray(value)) return '[]';
  if (value instanceof RegoObject) return '{}';
  if (isNumber(value)) return numberText(value);
  if (typeof value !== 'string') return String(value);
  return value.includes('\n') && isPrintable(value.replaceAll('\t', '')) && !/ (?:\n|$)/.test(value) ? literal(value, indent) : styled(value);
}

/** Integers of 64 bits as they are, everything else as Go writes a double. */
function numberText(n: number | Num): string {
  const integer = Num.toInt(n);
  if (integer !== null) return String(integer);
  const text = Num.textOf(n);
  if (/^\d+$/.test(text) && BigInt(text) < 1n << 64n) return text;
  return Num.textOf(Num.fromDouble(Num.toDouble(n)));
}

/** `|`, the indent where the text begins with a space or a line end, `-` or `+` for its own last line ends. */
function literal(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : ' '.repeat(indent) + line)).join('\n')}`;
}

// oxlint-disable-next-line no-control-regex -- what is not printable is what is looked for
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff\ud800-\udfff]/;

function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

const OLD_BOOLEANS = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const SIXTIES = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIMESTAMP = /^\d{4}-(?:\d{2}-\d{2}$|\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2})/;

/** Without quotes, in single ones, or in double ones where it would read as something else or holds what cannot be printed. */
function styled(text: string): string {
  if (!isText(text) || text.includes('\n') || !isPrintable(text)) return doubleQuoted(text);
  const first = /^(?:---|\.\.\.)|^[#,[\]{}&*!|>'"%@`]|^[-?](?: |$)|^:(?: |$)/;
  if (first.test(text) || /^ | $/.test(text) || /: |:$| #/.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return text;
}

function isText(text: string): boolean {
  if (OLD_BOOLEANS.test(text) || SIXTIES.test(text) || TIMESTAMP.test(text)) return false;
  try {
    return typeof plainValue(text) === 'string';
  } catch (cause) {
    if (cause instanceof BuiltinError) return false;
    throw cause;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0', '\x07': '\\a', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\v': '\\v', '\f': '\\f', '\r': '\\r', '\x1b': '\\e', '"': '\\"', '\\': '\\\\',
  '\x85': '\\N', '\xa0': '\\_', '\u2028': '\\L', '\u2029': '\\P',
};

function doubleQuoted(text: string): string {
  const escaped = [...text].map((c) => {
    const code = c.codePointAt(0) as number;
    if (code !== 0xa0 && c !== '"' && c !== '\\' && c !== '\n' && code < 0x10000 && isPrintable(c)) return c;
    const [letter, width] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8];
    return ESCAPES[c] ?? `\\${letter}${code.toString(16).toUpperCase().padStart(width as number, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

const isLetter = (c: string | undefined) => c !== undefined && /\p{L}/u.test(c);
const isDigit = (c: string | undefined) => c !== undefined && /\p{Nd}/u.test(c);

/** go-yaml's order of keys: numbers inside them by value, letters behind everything else. */
function compareKeys(x: string, y: string): number {
  const [a, b] = [[...x], [...y]];
  let digits = false;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [c, d] = [a[i] as string, b[i] as string];
    if (c === d) {
      digits = isDigit(c);
      continue;
    }
    const [left, right] = [isLetter(c), isLetter(d)];
    const byCode = (c.codePointAt(0) as number) - (d.codePointAt(0) as number);
    if (left && right) return byCode;
    if (left || right) return left === digits ? -1 : 1;
    const numberAt = (text: readonly string[]) => {
      let end = i;
      while (isDigit(text[end])) end++;
      // Zeros before the first difference are no part of a number's value, other digits are.
      const led = (c === '0' || d === '0') && /[1-9][0-9]*$/.test(text.slice(0, i).join(''));
      return { value: BigInt(`${led ? '1' : ''}${text.slice(i, end).join('').replace(/[^0-9]/g, '')}` || '0'), end };
    };
    const [m, n] = [numberAt(a), numberAt(b)];
    if (m.value !== n.value) return m.value < n.value ? -1 : 1;
    return m.end - n.end || byCode;
  }
  return a.length - b.length;
}

export const yaml: readonly Builtin[] = [
  {
    name: 'yaml.marshal',
    type: '(any) => string',
    run: (context, value: Value) => {
      const text = writeYaml(value);
      context.spendBytes(text.length);
      return text;
    },
  },
  {
    name: 'yaml.unmarshal',
    type: '(string) => any',
    run: (context, given: Value) => {
      const text = asString(given, 1);
      context.spend(text.length);
      return readYaml(text);
    },
  },
  { name: 'yaml.is_valid', type: '(string) => boolean', run: (_, text: Value) => isYaml(text) },
];
