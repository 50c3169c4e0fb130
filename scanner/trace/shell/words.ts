// Words of the shell language: quoting and expansions (POSIX.1-2017 XCU 2.2, 2.6), and bash's forms of parameters.
import { ShellSyntax, type Node, type Parameter, type Part, type Word } from './syntax.ts';

const META = new Set([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')', '']);
const depthMax = 200;

/** What reads commands inside of words: the parser. */
export abstract class Words {
  protected readonly text: string;
  protected at = 0;
  protected depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Reads commands up to a closing parenthesis, which it leaves. */
  protected abstract commands(): Node;
  /** Parses a text of its own: what stands between backquotes. */
  protected abstract inner(text: string): Node;

  /** Counted from the last place that was asked for: reading goes forward. */
  #counted = { at: 0, line: 1 };

  protected get line(): number {
    let { at, line } = this.#counted.at <= this.at ? this.#counted : { at: 0, line: 1 };
    for (; at < this.at; at++) if (this.text[at] === '\n') line += 1;
    this.#counted = { at, line };
    return line;
  }

  protected fail(what: string): never {
    throw new ShellSyntax(what, this.line);
  }

  protected char(offset = 0): string {
    return this.text[this.at + offset] ?? '';
  }

  /** Reads one word; null at an operator or the end. */
  protected word(): Word | null {
    const parts: Part[] = [];
    const start = this.at;
    for (;;) {
      const char = this.char();
      // `@(a|b)` is a pattern of bash's.
      if (char === '(' && this.at > start && '?*+@!'.includes(this.char(-1))) {
        const end = this.#closing(this.at);
        add(parts, this.text.slice(this.at, end + 1), false);
        this.at = end + 1;
      } else if ((char === '<' || char === '>') && this.char(1) === '(') {
        this.at += 2;
        parts.push({ is: 'process', body: this.#parenthesised(), quoted: true });
      } else if (META.has(char)) break;
      else this.#piece(parts, false);
    }
    return this.at === start ? null : { parts };
  }

  #closing(open: number): number {
    let depth = 0;
    for (let i = open; i < this.text.length; i++) {
      if (this.text[i] === '(') depth += 1;
      else if (this.text[i] === ')' && --depth === 0) return i;
    }
    return this.fail('an unclosed parenthesis');
  }

  #parenthesised(): Node {
    if (++this.depth > depthMax) this.fail('too deep');
    const body = this.commands();
    if (this.char() !== ')') this.fail('an unclosed parenthesis');
    this.at += 1;
    this.depth -= 1;
    return body;
  }

  /** One piece of a word: a quoted run, an expansion or a character. @param within - inside of double quotes */
  #piece(parts: Part[], within: boolean): void {
    const char = this.char();
    if (char === '\\') {
      const next = this.char(1);
      this.at += 2;
      if (next === '\n') return;
      // Between double quotes a backslash escapes these alone.
      if (within && !'$`"\\'.includes(next)) add(parts, `\\${next}`, true);
      else add(parts, next, true);
    } else if (char === "'" && !within) {
      const end = this.text.indexOf("'", this.at + 1);
      if (end < 0) this.fail('an unclosed quote');
      add(parts, this.text.slice(this.at + 1, end), true);
      this.at = end + 1;
    } else if (char === '"') {
      this.at += 1;
      this.#quoted(parts, '"');
    } else if (char === '`') this.#backquoted(parts, within);
    else if (char === '$') this.#dollar(parts, within);
    else {
      add(parts, char, within);
      this.at += 1;
    }
  }

  /** Up to the closing double quote, or the end of a here-document. */
  #quoted(parts: Part[], close: '"' | ''): void {
    if (++this.depth > depthMax) this.fail('too deep');
    const before = parts.length;
    const start = this.at;
    for (;;) {
      const char = this.char();
      if (char === close) break;
      if (char === '') this.fail('an unclosed quote');
      if (char === '"') {
        add(parts, '"', true);
        this.at += 1;
      } else this.#piece(parts, true);
    }
    // Nothing between quotes is an empty field; `"$@"` without parameters is none.
    if (parts.length === before && this.at === start) add(parts, '', true);
    if (close !== '') this.at += 1;
    this.depth -= 1;
  }

  /** A here-document's text: expansions, no quotes. */
  protected document(): Word {
    const parts: Part[] = [];
    this.#quoted(parts, '');
    return { parts };
  }

  #backquoted(parts: Part[], quoted: boolean): void {
    let body = '';
    for (this.at += 1; this.char() !== '`'; this.at++) {
      if (this.char() === '') this.fail('an unclosed backquote');
      if (this.char() === '\\' && '$`\\'.includes(this.char(1))) this.at += 1;
      body += this.char();
    }
    this.at += 1;
    parts.push({ is: 'command', body: this.inner(body), quoted });
  }

  #dollar(parts: Part[], quoted: boolean): void {
    const next = this.char(1);
    if (next === '(' && this.char(2) === '(' && this.#arithmeticEnd(this.at + 3) >= 0) {
      const end = this.#arithmeticEnd(this.at + 3);
      const body = this.wordOf(this.text.slice(this.at + 3, end));
      this.at = end + 2;
      parts.push({ is: 'arithmetic', body, quoted });
    } else if (next === '(') {
      this.at += 2;
      parts.push({ is: 'command', body: this.#parenthesised(), quoted });
    } else if (next === '{') {
      this.at += 2;
      parts.push(this.#braced(quoted));
    } else if (next === "'" && !quoted) {
      this.at += 2;
      add(parts, this.#ansi(), true);
    } else if (next === '"' && !quoted) this.at += 1;
    else {
      const name = /^(?:[A-Za-z_]\w*|[0-9]|[@*#?$!-])/.exec(this.text.slice(this.at + 1, this.at + 260))?.[0];
      if (name === undefined) {
        add(parts, '$', quoted);
        this.at += 1;
        return;
      }
      this.at += 1 + name.length;
      parts.push(parameter(name, quoted));
    }
  }

  /** Where `))` closes an arithmetic expansion; -1 where the parentheses are commands. */
  #arithmeticEnd(start: number): number {
    let depth = 0;
    for (let i = start; i < this.text.length; i++) {
      const char = this.text[i];
      if (char === '(') depth += 1;
      else if (char === ')') {
        if (depth === 0) return this.text[i + 1] === ')' ? i : -1;
        depth -= 1;
      } else if (char === "'" || char === ';') return -1;
    }
    return -1;
  }

  /** A text as the inside of double quotes: arithmetic, here-documents. */
  protected wordOf(text: string): Word {
    const inner = this.reader(text);
    return inner.document();
  }

  /** A reader of another text, of the same kind. */
  protected abstract reader(text: string): Words;

  /** `$'…'` of bash. */
  #ansi(): string {
    const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', e: '\x1b', f: '\f', v: '\v' };
    let text = '';
    for (; this.char() !== "'"; this.at++) {
      if (this.char() === '') this.fail('an unclosed quote');
      if (this.char() !== '\\') {
        text += this.char();
        continue;
      }
      this.at += 1;
      const coded = /^(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3}))/.exec(this.text.slice(this.at, this.at + 3));
      if (coded === null) text += escapes[this.char()] ?? this.char();
      else {
        text += String.fromCharCode(coded[1] === undefined ? Number.parseInt(coded[2] as string, 8) : Number.parseInt(coded[1], 16));
        this.at += coded[0].length - 1;
      }
    }
    this.at += 1;
    return text;
  }

  #braced(quoted: boolean): Parameter {
    let [length, indirect] = [false, false];
    if (this.char() === '#' && /[\w@*]/.test(this.char(1)) && this.char(1) !== '') {
      length = true;
      this.at += 1;
    } else if (this.char() === '!') {
      indirect = true;
      this.at += 1;
    }
    const name = /^(?:[A-Za-z_]\w*|[0-9]+|[@*#?$!-])/.exec(this.text.slice(this.at, this.at + 260))?.[0];
    if (name === undefined) return this.fail('a parameter without name');
    this.at += name.length;
    let index: Parameter['index'] = null;
    if (this.char() === '[') {
      this.at += 1;
      const word = this.#upTo(']', quoted);
      const text = word.parts.length === 1 && word.parts[0]?.is === 'text' ? word.parts[0].text : null;
      index = text === '@' || text === '*' ? text : word;
      this.at += 1;
    }
    if (this.char() === '}') {
      this.at += 1;
      return { ...parameter(name, quoted), length, indirect, index };
    }
    const operator = /^(?::[-=+?]|##?|%%?|\/[/#%]?|\^\^?|,,?|[-=+?:@*])/.exec(this.text.slice(this.at, this.at + 2))?.[0];
    if (operator === undefined) return this.fail('a parameter of an unknown form');
    this.at += operator.length;
    const twoPart = operator.startsWith('/') || operator === ':';
    const argument = this.#upTo(twoPart ? (operator === ':' ? ':}' : '/}') : '}', quoted);
    let second: Word | null = null;
    if (twoPart && this.char() !== '}') {
      this.at += 1;
      second = this.#upTo('}', quoted);
    }
    this.at += 1;
    return { ...parameter(name, quoted), length, indirect, index, operator, argument, second };
  }

  /** A word up to one of some characters, which it leaves. Its own quotes count, even between double quotes. */
  #upTo(ends: string, within: boolean): Word {
    if (++this.depth > depthMax) this.fail('too deep');
    const parts: Part[] = [];
    while (!(this.char() !== '' && ends.includes(this.char()))) {
      if (this.char() === '') this.fail('an unclosed brace');
      // A single quote between double quotes is a character, but in a pattern.
      if (within && this.char() === "'" && !ends.includes('/')) {
        add(parts, "'", true);
        this.at += 1;
      } else this.#piece(parts, false);
    }
    this.depth -= 1;
    return { parts };
  }
}

function parameter(name: string, quoted: boolean): Parameter {
  return { is: 'parameter', name, length: false, indirect: false, index: null, operator: null, argument: null, second: null, quoted };
}

function add(parts: Part[], text: string, quoted: boolean): void {
  const last = parts.at(-1);
  if (last?.is === 'text' && last.quoted === quoted) parts[parts.length - 1] = { ...last, text: last.text + text };
  else parts.push({ is: 'text', text, quoted });
}
