// Go's text/template, read: text, actions between braces, pipelines of commands, and templates by name.
import { BuiltinError } from '../builtin.ts';

export type Arg =
  | { readonly is: 'dot' } | { readonly is: 'nil' } | { readonly is: 'value'; readonly value: string | boolean | bigint | number }
  | { readonly is: 'field'; readonly on: Arg; readonly names: readonly string[] } | { readonly is: 'var'; readonly name: string }
  | { readonly is: 'function'; readonly name: string } | { readonly is: 'pipe'; readonly pipe: Pipe };

/** A function or a value, then its arguments. */
export type CommandNode = readonly Arg[];

export interface Pipe {
  readonly names: readonly string[];
  /** `:=` makes its names, `=` sets them. */
  readonly makes: boolean;
  readonly commands: readonly CommandNode[];
}

export type Node =
  | { readonly is: 'text'; readonly text: string } | { readonly is: 'action'; readonly pipe: Pipe } | { readonly is: 'break' | 'continue' }
  | { readonly is: 'template'; readonly name: string; readonly pipe: Pipe | null }
  | { readonly is: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[] | null };

type Token = readonly [type: 'space' | 'punct' | 'word' | 'field' | 'var' | 'string' | 'number' | 'char', text: string];

const fail = (message: string): never => {
  throw new BuiltinError(`template: ${message}`);
};

const TOKEN = new RegExp([
  String.raw`(?<space>[ \t\r\n]+)`, String.raw`(?<string>"(?:[^"\\\n]|\\.)*"|` + '`[^`]*`)', String.raw`(?<char>'(?:[^'\\\n]|\\.)+')`,
  String.raw`(?<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?))`,
  String.raw`(?<field>\.[\p{L}_][\p{L}\p{Nd}_]*)`, String.raw`(?<var>\$[\p{L}\p{Nd}_]*)`, String.raw`(?<word>[\p{L}_][\p{L}\p{Nd}_]*)`,
  String.raw`(?<punct>:=|[=|().,])`,
].join('|'), 'yu');

export interface Template {
  readonly nodes: readonly Node[];
  /** What `define` and `block` name. */
  readonly named: ReadonlyMap<string, readonly Node[]>;
}

/** @throws {BuiltinError} where Go refuses it */
export function parseTemplate(text: string): Template {
  return new TemplateParser(text).template();
}

class TemplateParser {
  readonly #text: string;
  #at = 0;
  #tokens: readonly Token[] = [];
  #next = 0;
  #trim = false;
  /** Names of variables that are known here. */
  #names: string[] = ['$'];
  #loops = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readonly #named = new Map<string, readonly Node[]>();

  template(): Template {
    const { nodes, end } = this.#list();
    return end === null ? { nodes, named: this.#named } : fail(`unexpected {{${end}}}`);
  }

  /** Nodes up to a word that ends a list, or the end of the text. */
  #list(): { nodes: Node[]; end: string | null } {
    const nodes: Node[] = [];
    for (;;) {
      const open = this.#text.indexOf('{{', this.#at);
      let plain = this.#text.slice(this.#at, open < 0 ? undefined : open);
      if (this.#trim) plain = plain.replace(/^[ \t\r\n]+/, '');
      this.#trim = false;
      if (open >= 0 && /^- ?[ \t\r\n]/.test(this.#text.slice(open + 2, open + 5))) plain = plain.replace(/[ \t\r\n]+$/, '');
      if (plain !== '') nodes.push({ is: 'text', text: plain });
      if (open < 0) {
        this.#at = this.#text.length;
        return { nodes, end: null };
      }
      if (!this.#action(open + 2)) continue;
      const word = this.#peek()?.[1] ?? '';
      if (word === 'end' || word === 'else') return { nodes, end: word };
      const node = this.#node(word);
      if (node !== null) nodes.push(node);
    }
  }

  /** Reads an action's tokens; false for a comment. */
  #action(start: number): boolean {
    let at = start;
    if (/^-[ \t\r\n]/.test(this.#text.slice(at, at + 2))) at += 1;
    const comment = /^[ \t\r\n]*\/\*[\s\S]*?\*\/([ \t\r\n]+-)?\}\}/.exec(this.#text.slice(at));
    if (comment !== null) {
      this.#at = at + comment[0].length;
      this.#trim = comment[1] !== undefined;
      return false;
    }
    const tokens: Token[] = [];
    for (;;) {
      const close = /^([ \t\r\n]+-)?\}\}/.exec(this.#text.slice(at, at + 200)) ?? /^[ \t\r\n]+-\}\}/.exec(this.#text.slice(at));
      if (close !== null) {
        this.#at = at + close[0].length;
        this.#trim = close[0].length > 2;
        break;
      }
      TOKEN.lastIndex = at;
      const found = TOKEN.exec(this.#text);
      if (found === null) return at >= this.#text.length ? fail('unclosed action') : fail(`unexpected ${JSON.stringify(this.#text[at])} in action`);
      const [type, text] = Object.entries(found.groups as Record<string, string | undefined>).find(([, value]) => value !== undefined) as [Token[0], string];
      tokens.push([type, text]);
      at = TOKEN.lastIndex;
    }
    this.#tokens = tokens.at(-1)?.[0] === 'space' ? tokens.slice(0, -1) : tokens;
    this.#next = this.#tokens[0]?.[0] === 'space' ? 1 : 0;
    return true;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #skipSpace(): void {
    if (this.#peek()?.[0] === 'space') this.#next++;
  }

  #endAction(what: string): void {
    this.#skipSpace();
    const token = this.#peek();
    if (token !== undefined) fail(`unexpected ${token[1]} in ${what}`);
  }

  /** Null for a definition, which stands for nothing where it stands. */
  #node(word: string): Node | null {
    if (word === 'if' || word === 'with' || word === 'range') {
      this.#next++;
      return this.#control(word);
    }
    if (word === 'break' || word === 'continue') {
      this.#next++;
      if (this.#loops === 0) fail(`{{${word}}} outside {{range}}`);
      this.#endAction(word);
      return { is: word };
    }
    if (word === 'define' || word === 'template' || word === 'block') {
      this.#next++;
      return this.#namedNode(word);
    }
    const pipe = this.#pipe('command');
    this.#endAction('command');
    return { is: 'action', pipe };
  }

  #namedNode(is: 'define' | 'template' | 'block'): Node | null {
    this.#skipSpace();
    const [type, text] = this.#peek() ?? [];
    const name = type === 'string' ? (this.#term(this.#peek() as Token) as { value: string }).value : fail(`unexpected ${text} in ${is} clause`);
    this.#skipSpace();
    const pipe = is === 'define' || (is === 'template' && this.#peek() === undefined) ? null : this.#pipe(is);
    this.#endAction(is);
    if (is === 'template') return { is, name, pipe };
    // A definition knows no variables of the text around it.
    const [names, loops] = [this.#names, this.#loops];
    this.#names = ['$'];
    this.#loops = 0;
    const { nodes, end } = this.#list();
    if (end !== 'end') fail(`unexpected ${end === null ? 'EOF' : `{{${end}}}`} in ${is}`);
    this.#next++;
    this.#endAction('end');
    [this.#names, this.#loops] = [names, loops];
    this.#named.set(name, nodes);
    return is === 'define' ? null : { is: 'template', name, pipe };
  }

  #control(is: 'if' | 'with' | 'range'): Node {
    const known = this.#names.length;
    const pipe = this.#pipe(is);
    this.#endAction(is);
    if (is === 'range') this.#loops++;
    const { nodes: body, end } = this.#list();
    let otherwise: readonly Node[] | null = null;
    if (is === 'range') this.#loops--;
    if (end === null) fail('unexpected EOF');
    this.#next++;
    if (end === 'else') {
      this.#skipSpace();
      const chained = this.#peek()?.[1];
      if (chained === 'if' || chained === 'with') {
        if (is === 'range' || chained !== is) fail(`unexpected <${chained}> in input`);
        this.#next++;
        otherwise = [this.#control(chained)];
        this.#names.length = known;
        return { is, pipe, body, otherwise };
      }
      this.#endAction('else');
      const rest = this.#list();
      if (rest.end !== 'end') fail('expected end; found {{else}}');
      this.#next++;
      otherwise = rest.nodes;
    }
    this.#endAction('end');
    this.#names.length = known;
    return { is, pipe, body, otherwise };
  }

  #pipe(within: string): Pipe {
    this.#skipSpace();
    const start = this.#next;
    const names: string[] = [];
    let makes = false;
    const [type, text] = this.#peek() ?? [];
    if (type === 'var') {
      const read = [text as string];
      this.#next++;
      this.#skipSpace();
      if (within === 'range' && this.#peek()?.[1] === ',') {
        this.#next++;
        this.#skipSpace();
        read.push(this.#peek()?.[0] === 'var' ? (this.#peek() as Token)[1] : fail('range can only initialize variables'));
        this.#next++;
        this.#skipSpace();
      }
      const sign = this.#peek()?.[1];
      if (sign === ':=' || sign === '=') {
        this.#next++;
        makes = sign === ':=';
        names.push(...read);
      } else this.#next = start;
    }
    const commands: CommandNode[] = [];
    for (;;) {
      commands.push(this.#command(within));
      this.#skipSpace();
      if (this.#peek()?.[1] !== '|') break;
      this.#next++;
    }
    for (const [i, command] of commands.entries()) {
      const [first] = command as [Arg];
      if (i > 0 && ['dot', 'nil', 'value'].includes(first.is)) fail(`non executable command in pipeline stage ${i + 1}`);
    }
    if (makes) this.#names.push(...names);
    for (const name of names) if (!this.#names.includes(name)) fail(`undefined variable "${name}"`);
    return { names, makes, commands };
  }

  #command(within: string): CommandNode {
    const args: Arg[] = [];
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand === null) break;
      args.push(operand);
      const token = this.#peek();
      if (token !== undefined && token[0] !== 'space' && token[1] !== '|' && token[1] !== ')') fail(`unexpected ${token[1]} in operand`);
    }
    return args.length === 0 ? fail(`missing value for ${within}`) : args;
  }

  #operand(): Arg | null {
    const token = this.#peek();
    if (token === undefined || token[1] === '|' || token[1] === ')') return null;
    const term = this.#term(token);
    const names: string[] = [];
    for (let next = this.#peek(); next?.[0] === 'field'; next = this.#peek()) {
      names.push(next[1].slice(1));
      this.#next++;
    }
    if (names.length === 0) return term;
    if (term.is === 'value' || term.is === 'nil') fail('unexpected . after term');
    return { is: 'field', on: term, names };
  }

  #term([type, text]: Token): Arg {
    if (type === 'field') return { is: 'dot' };
    this.#next++;
    switch (type) {
      case 'word': return this.#word(text);
      case 'var': return this.#names.includes(text) ? { is: 'var', name: text } : fail(`undefined variable "${text}"`);
      case 'string': return { is: 'value', value: text.startsWith('`') ? text.slice(1, -1) : unquote(text) };
      case 'char': return { is: 'value', value: BigInt([...unquote(`"${text.slice(1, -1)}"`)][0]?.codePointAt(0) ?? 0) };
      case 'number': return { is: 'value', value: numberOf(text) };
      default:
    }
    if (text === '.') return { is: 'dot' };
    if (text !== '(') return fail(`unexpected ${JSON.stringify(text)} in operand`);
    const pipe = this.#pipe('parenthesized pipeline');
    this.#skipSpace();
    if (this.#peek()?.[1] !== ')') fail('unclosed left paren');
    this.#next++;
    return { is: 'pipe', pipe };
  }

  #word(text: string): Arg {
    if (text === 'true' || text === 'false') return { is: 'value', value: text === 'true' };
    if (text === 'nil') return { is: 'nil' };
    return FUNCTIONS.has(text) ? { is: 'function', name: text } : fail(`function "${text}" not defined`);
  }
}

export const FUNCTIONS: ReadonlySet<string> = new Set([
  'and', 'or', 'not', 'len', 'index', 'slice', 'print', 'printf', 'println', 'html', 'js', 'urlquery', 'call', 'eq', 'ne', 'lt', 'le', 'gt', 'ge',
]);

function unquote(text: string): string {
  const short: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'" };
  return text.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g, (_, x, u, long, octal, one) => {
    const code = (x ?? u ?? long) as string | undefined;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal as string, 8));
    return short[one as string] ?? fail('invalid syntax');
  });
}

function numberOf(text: string): bigint | number {
  const clean = text.replaceAll('_', '');
  const sign = clean.startsWith('-') ? -1n : 1n;
  const bare = clean.replace(/^[+-]/, '');
  if (/^(?:0|[1-9]\d*|0[xXoObB][0-9a-fA-F]+)$/.test(bare)) return sign * BigInt(bare.toLowerCase());
  if (/^0[0-7]+$/.test(bare)) return sign * BigInt(`0o${bare.slice(1)}`);
  const value = Number(clean);
  return Number.isNaN(value) ? fail(`bad number syntax: ${JSON.stringify(text)}`) : value;
}
