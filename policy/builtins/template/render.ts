// `strings.render_template`: Go's text/template over plain data, within the limits of an evaluation.
import { charge, isMetered, textCells } from '../../rego/meter.ts';
import { formatJson, quoteJson } from '../../rego/json.ts';
import { formatTerm } from '../../rego/term.ts';
import { Num } from '../../rego/number.ts';
import { bytesOfText, compareStrings, isArray, isNumber, RegoObject, RegoSet, textOfBytes, type Value } from '../../rego/value.ts';
import { type Builtin, BuiltinError, asObject, asString, type Context } from '../builtin.ts';
import { sprintf } from '../go-format.ts';
import { chargeTree } from '../room.ts';
import { type Arg, type CommandNode, type Node, parseTemplate, type Pipe, type Template } from './parser.ts';

/** A number of a template's own text: Go's int (a bigint), or a float64. Numbers of the data are texts, as `json.Number` is one. */
class Literal {
  readonly number: bigint | number;

  constructor(number: bigint | number) {
    this.number = number;
  }
}

/** For each character of a template, and for each item of a range that counts. */
const TEMPLATE_CELLS = 16;
const ITEM_CELLS = 8;

/** Undefined: nothing is there. */
type Go = Value | Literal | undefined;

const fail = (message: string): never => {
  throw new BuiltinError(`template: ${message}`);
};

class Signal {
  readonly is: 'break' | 'continue';

  constructor(is: 'break' | 'continue') {
    this.is = is;
  }
}

export const templates: readonly Builtin[] = [
  {
    name: 'strings.render_template',
    type: '(string, object[string: any]) => string',
    run: (context, text: Value, data: Value) => {
      const template = asString(text, 1);
      const values = asObject(data, 2);
      context.spend(template.length);
      mustBeJson(values);
      return new Renderer(context, values).render(context.cache('template', template, () => parseTemplate(template), () => TEMPLATE_CELLS * template.length));
    },
  },
];

/** OPA reads the variables from their text as if it were JSON: sets, keys that are no text and Go's own escapes are errors. */
function mustBeJson(value: Value): void {
  if (value instanceof RegoSet) fail('a set is no JSON');
  else if (isArray(value)) value.forEach(mustBeJson);
  else if (value instanceof RegoObject) {
    for (const [key, member] of value) {
      if (typeof key !== 'string') fail('a key of an object is no text');
      mustBeJson(key);
      mustBeJson(member);
    }
  } else if (typeof value === 'string' && /\\[xavU]/.test(formatTerm(value).replaceAll('\\\\', ''))) fail('invalid character in string escape code');
}

class Renderer {
  readonly #context: Context;
  readonly #root: Value;
  #out = '';
  #named: Template['named'] = new Map();
  #vars: [string, Go][];

  constructor(context: Context, root: Value) {
    this.#context = context;
    this.#root = root;
    this.#vars = [['$', root]];
  }

  render({ nodes, named }: Template): string {
    this.#named = named;
    this.#list(nodes, this.#root);
    return this.#out.replaceAll('<no value>', '<undefined>');
  }

  #write(text: string): void {
    this.#context.spendBytes(text.length);
    charge(textCells(text.length));
    this.#out += text;
  }

  #list(nodes: readonly Node[], dot: Go): void {
    for (const node of nodes) {
      this.#context.spend(1);
      switch (node.is) {
        case 'text': this.#write(node.text); break;
        case 'action': {
          const value = this.#pipe(node.pipe, dot);
          this.#chargeShown(value);
          if (node.pipe.names.length === 0) this.#write(printed(value));
          break;
        }
        case 'break': case 'continue': throw new Signal(node.is);
        case 'template': this.#template(node.name, node.pipe === null ? undefined : this.#pipe(node.pipe, dot)); break;
        case 'range': this.#scoped(() => this.#range(node, dot)); break;
        default: this.#scoped(() => {
          const value = this.#pipe(node.pipe, dot);
          if (truth(value)) this.#list(node.body, node.is === 'with' ? value : dot);
          else if (node.otherwise !== null) this.#list(node.otherwise, dot);
        });
      }
    }
  }

  #template(name: string, dot: Go): void {
    const nodes = this.#named.get(name) ?? fail(`template ${JSON.stringify(name)} not defined`);
    const around = this.#vars;
    this.#vars = [['$', dot]];
    this.#list(nodes, dot);
    this.#vars = around;
  }

  /** What shows a value makes texts of all that is in it, and escapes each character of them. */
  #chargeShown(value: Go): void {
    if (!isMetered() || value === undefined || value instanceof Literal) return;
    chargeTree(value);
    if (typeof value === 'string') charge(value.length);
  }

  #scoped(run: () => void): void {
    const { length } = this.#vars;
    try {
      run();
    } finally {
      this.#vars.length = length;
    }
  }

  #range({ pipe, body, otherwise }: Node & { is: 'range' | 'if' | 'with' }, dot: Go): void {
    const value = this.#pipe({ ...pipe, names: [] }, dot);
    // Counted before the list is made: its length is a number in the template.
    if (value instanceof Literal) {
      const count = Math.max(0, Number(value.number));
      this.#context.spend(count);
      charge(ITEM_CELLS * count);
    }
    const items = itemsOf(value);
    const [first, second] = pipe.names;
    for (const [key, item] of items) {
      this.#context.spend(1);
      this.#scoped(() => {
        // One name is the element's, unless the range counts; of two the first is the index.
        if (first !== undefined) this.#bind(first, second === undefined && !(value instanceof Literal) ? item : key, pipe.makes);
        if (second !== undefined) this.#bind(second, item, pipe.makes);
        try {
          this.#list(body, item);
        } catch (signal) {
          if (!(signal instanceof Signal)) throw signal;
          if (signal.is === 'break') items.length = 0;
        }
      });
      if (items.length === 0) return;
    }
    if (items.length === 0 && otherwise !== null) this.#list(otherwise, dot);
  }

  #bind(name: string, value: Go, makes: boolean): void {
    if (makes) this.#vars.push([name, value]);
    else {
      const known = this.#vars.findLast(([other]) => other === name);
      if (known === undefined) fail(`undefined variable: ${name}`);
      else known[1] = value;
    }
  }

  #pipe({ names, makes, commands }: Pipe, dot: Go): Go {
    let value: Go;
    for (const [i, command] of commands.entries()) value = this.#command(command, dot, i === 0 ? [] : [value]);
    for (const name of names) this.#bind(name, value, makes);
    return value;
  }

  #command([first, ...args]: CommandNode, dot: Go, last: readonly Go[]): Go {
    if (first?.is === 'function') return this.#call(first.name, args, dot, last);
    if (args.length + last.length > 0) fail("can't give argument to non-function");
    if (first?.is === 'nil') fail('nil is not a command');
    return this.#arg(first as Arg, dot);
  }

  #arg(arg: Arg, dot: Go): Go {
    switch (arg.is) {
      case 'dot': return dot;
      case 'nil': return undefined;
      case 'value': return typeof arg.value === 'bigint' || typeof arg.value === 'number' ? new Literal(arg.value) : arg.value;
      case 'var': return this.#vars.findLast(([name]) => name === arg.name)?.[1];
      case 'function': return this.#call(arg.name, [], dot, []);
      case 'pipe': return this.#pipe(arg.pipe, dot);
      case 'field': return arg.names.reduce(field, this.#arg(arg.on, dot));
    }
  }

  #call(name: string, args: readonly Arg[], dot: Go, last: readonly Go[]): Go {
    if (name === 'and' || name === 'or') {
      let value: Go;
      const all = [...args.map((arg) => () => this.#arg(arg, dot)), ...last.map((one) => () => one)];
      if (all.length === 0) fail(`wrong number of args for ${name}: want at least 1 got 0`);
      for (const get of all) {
        value = get();
        if (truth(value) === (name === 'or')) return value;
      }
      return value;
    }
    const values = [...args.map((arg) => this.#arg(arg, dot)), ...last];
    this.#context.spend(values.length);
    for (const value of values) this.#chargeShown(value);
    return apply(name, values);
  }
}

/** A member of a map; nothing where there is none. */
function field(on: Go, name: string): Go {
  if (on === undefined) return undefined;
  if (on instanceof RegoObject) return on.get(name);
  return fail(on === null ? `nil pointer evaluating interface {}.${name}` : `can't evaluate field ${name}`);
}

function itemsOf(value: Go): [Go, Go][] {
  if (value === undefined || value === null) return [];
  if (value instanceof Literal) {
    const count = typeof value.number === 'bigint' ? Number(value.number) : fail("range can't iterate over a float");
    return Array.from({ length: Math.max(0, count) }, (_, i) => [new Literal(BigInt(i)), new Literal(BigInt(i))]);
  }
  if (value instanceof RegoObject) return membersOf(value);
  const list = value instanceof RegoSet ? value.sorted : value;
  return isArray(list) ? list.map((item, i) => [new Literal(BigInt(i)), item]) : fail("range can't iterate over it");
}

function membersOf(object: RegoObject): [string, Value][] {
  const members = [...object].map(([key, member]): [string, Value] => [typeof key === 'string' ? key : formatJson(key), member]);
  return members.sort(([a], [b]) => compareStrings(a, b));
}

function truth(value: Go): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value !== '';
  if (value instanceof Literal) return Number(value.number) !== 0;
  // A number of the data is a text that is never empty.
  if (isNumber(value)) return true;
  return isArray(value) ? value.length > 0 : value.size > 0;
}

/** As Go's `fmt.Sprint` shows it inside other values; numbers of the data by their text. */
function shown(value: Go): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (value instanceof Literal) return typeof value.number === 'bigint' ? String(value.number) : sprintf('%v', [value.number]);
  if (isNumber(value)) return Num.textOf(value);
  if (isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (value instanceof RegoSet) return `[${value.sorted.map(shown).join(' ')}]`;
  return `map[${membersOf(value).map(([key, member]) => `${key}:${shown(member)}`).join(' ')}]`;
}

const printed = (value: Go) => (value === undefined || value === null ? '<no value>' : shown(value));

/** `fmt.Sprint`: a space between operands where neither is a string. */
function sprint(values: readonly Go[]): string {
  return values.map((value, i) => {
    const spaced = i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string' && !isText(value) && !isText(values[i - 1]);
    return `${spaced ? ' ' : ''}${shown(value)}`;
  }).join('');
}

/** Of Go's kind string: a string, or a number of the data. */
function isText(value: Go): value is string | number | Num {
  return typeof value === 'string' || (value !== undefined && !(value instanceof Literal) && isNumber(value));
}

function apply(name: string, values: readonly Go[]): Go {
  const want = (count: number) => (values.length === count ? values : fail(`wrong number of args for ${name}: want ${count} got ${values.length}`));
  switch (name) {
    case 'not': return !truth(want(1)[0]);
    case 'len': return new Literal(BigInt(lengthOf(want(1)[0])));
    case 'index': return values.slice(1).reduce(indexed, values[0]);
    case 'slice': return sliced(values);
    case 'print': return sprint(values);
    case 'println': return `${values.map(shown).join(' ')}\n`;
    case 'printf': return format(values);
    case 'html': return escapeHtml(sprint(values));
    case 'js': return quoteJson(sprint(values), true).slice(1, -1).replaceAll("'", "\\'").replaceAll('=', '\\u003D').replace(/\\u00[0-9a-f]{2}/g, upperHex);
    case 'urlquery': return escapeQuery(sprint(values));
    case 'eq': return equal(values);
    case 'ne': return !equal(want(2));
    case 'lt': return less(want(2));
    case 'le': return less(want(2)) || equal(values);
    case 'gt': return !less(want(2)) && !equal(values);
    case 'ge': return !less(want(2));
    default: return fail(`error calling ${name}: it is no function`);
  }
}

const upperHex = (escape: string) => `\\u${escape.slice(2).toUpperCase()}`;

function lengthOf(value: Go): number {
  if (isText(value)) return bytesOfText(typeof value === 'string' ? value : Num.textOf(value)).length;
  if (value instanceof RegoObject || value instanceof RegoSet) return value.size;
  if (value !== undefined && !(value instanceof Literal) && isArray(value)) return value.length;
  return fail('error calling len: it has no length');
}

function indexed(on: Go, key: Go): Go {
  if (on === undefined || on === null) return fail('error calling index: index of untyped nil');
  if (on instanceof RegoObject) return isText(key) ? on.get(shown(key)) : fail('error calling index: value has another type than string');
  const list: Go = on instanceof RegoSet ? on.sorted : on;
  if (!(key instanceof Literal) || typeof key.number !== 'bigint') return fail('error calling index: cannot index slice/array with it');
  const at = Number(key.number);
  if (typeof list === 'string') {
    const bytes = bytesOfText(list);
    return at >= 0 && at < bytes.length ? new Literal(BigInt(bytes[at] as number)) : fail(`error calling index: index out of range: ${at}`);
  }
  if (list instanceof Literal || !isArray(list)) return fail("error calling index: can't index item");
  return at >= 0 && at < list.length ? list[at] : fail(`error calling index: index out of range: ${at}`);
}

function sliced([on, ...bounds]: readonly Go[]): Go {
  const integer = (bound: Go) => (bound instanceof Literal && typeof bound.number === 'bigint' ? Number(bound.number) : fail('error calling slice'));
  const [from = 0, to] = bounds.map(integer);
  const bytes = typeof on === 'string' ? bytesOfText(on) : null;
  const list = bytes ?? (on !== undefined && !(on instanceof Literal) && isArray(on) ? on : fail("error calling slice: can't slice item"));
  const end = to ?? list.length;
  if (from < 0 || end > list.length || from > end || bounds.length > 3) fail('error calling slice: index out of range');
  return bytes === null ? (list as readonly Value[]).slice(from, end) : textOfBytes(bytes.slice(from, end));
}

function equal([first, ...others]: readonly Go[]): boolean {
  if (others.length === 0) fail('error calling eq: missing argument for comparison');
  return others.some((other) => {
    const [a, b] = [kindOf(first), kindOf(other)];
    if (a === 'nil' || b === 'nil') return a === b;
    if (a === 'other' || b === 'other') fail('error calling eq: non-comparable type');
    if (a !== b) fail('error calling eq: incompatible types for comparison');
    return first instanceof Literal && other instanceof Literal ? first.number === other.number : shown(first) === shown(other);
  });
}

function less([a, b]: readonly Go[]): boolean {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return fail('error calling lt: incompatible types for comparison');
  if (a instanceof Literal && b instanceof Literal) return a.number < b.number;
  return kind === 'text' ? compareStrings(shown(a), shown(b)) < 0 : fail('error calling lt: invalid type for comparison');
}

function kindOf(value: Go): string {
  if (value === undefined || value === null) return 'nil';
  if (isText(value)) return 'text';
  if (value instanceof Literal) return typeof value.number === 'bigint' ? 'int' : 'float';
  return typeof value === 'boolean' ? 'boolean' : 'other';
}

/** `printf`: numbers of the data are texts of the type `json.Number`, whatever verb asks for them. */
function format([pattern, ...values]: readonly Go[]): string {
  if (!isText(pattern)) return fail('error calling printf: the format is no string');
  let next = 0;
  const verbs = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%])/g;
  const text = shown(pattern).replace(verbs, (verb, flags: string, width: string | undefined, _precision, letter: string) => {
    if (letter === '%') return '%%';
    const value = values[next++];
    if (next > values.length) return `%!${letter}(MISSING)`.replaceAll('%', '%%');
    return rendered(verb as string, `${flags}${width ?? ''}`, letter, value).replaceAll('%', '%%');
  });
  const extra = values.length > next ? `%%!(EXTRA ${values.slice(next).map((value) => `${typeOf(value)}=${shown(value)}`).join(', ')})` : '';
  return sprintf(text + extra, []);
}

function rendered(verb: string, width: string, letter: string, value: Go): string {
  if (letter === 'T') return typeOf(value);
  if (value === undefined || value === null) return letter === 'v' ? sprintf(`%${width}s`, ['<nil>']) : `%!${letter}(<nil>)`;
  if (letter === 'v') return sprintf(`%${width}s`, [shown(value)]);
  if (value instanceof Literal) return sprintf(verb, [value.number]);
  if (typeof value === 'boolean' && letter === 't') return sprintf(`%${width}s`, [String(value)]);
  const inner = (member: Go) => (member === null ? '<nil>' : rendered(verb, width, letter, member));
  if (isArray(value)) return `[${value.map(inner).join(' ')}]`;
  if (value instanceof RegoSet) return `[${value.sorted.map(inner).join(' ')}]`;
  if (value instanceof RegoObject) return `map[${membersOf(value).map(([key, member]) => `${inner(key)}:${inner(member)}`).join(' ')}]`;
  if (isText(value) && 'sqxX'.includes(letter)) return sprintf(verb, [shown(value)]);
  // A verb that does not fit shows the value with the same width and precision.
  return `%!${letter}(${typeOf(value)}=${sprintf(`${verb.slice(0, -1)}s`, [shown(value)])})`;
}

function typeOf(value: Go): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (value instanceof Literal) return typeof value.number === 'bigint' ? 'int' : 'float64';
  if (isNumber(value)) return 'json.Number';
  return value instanceof RegoObject ? 'map[string]interface {}' : '[]interface {}';
}

function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&#34;', "'": '&#39;', '\0': '\ufffd' };
  return text.replace(/[<>&"'\0]/g, (character) => escapes[character] as string);
}

function escapeQuery(text: string): string {
  return [...bytesOfText(text)].map((byte) => {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(character)) return character;
    return character === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
