// Rego's tokens: the whole source at once, so that the parser goes back by an index.
import type { Location, Source } from './ast.ts';

/** OPA's name of each token, as its messages print it; `&` and `|` are printed `and` and `or`. */
export interface Token {
  readonly type: string;
  /** The source text; of a template's part, with the escapes of `\{` removed. */
  readonly lit: string;
  readonly loc: Location;
  readonly errors: readonly string[];
}

const SYMBOLS: Readonly<Record<string, string>> = {
  '[': '[', ']': ']', '{': '{', '}': '}', '(': '(', ')': ')', ',': ',', ':': ':', ':=': 'assign', '+': 'plus', '-': 'minus', '*': 'mul',
  '/': 'div', '%': 'rem', '&': '&', '|': '|', '=': 'eq', '==': 'equal', '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte', '!=': 'neq', ';': ';',
  '.': '.',
};

const isDigit = (unit: number) => unit >= 48 && unit <= 57;
const isLetter = (unit: number) => (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || unit === 95;
const isFollow = (unit: number) => isLetter(unit) || isDigit(unit) || (unit >= 0x80 && /\p{Nd}/u.test(String.fromCharCode(unit)));
const isSpace = (unit: number) => unit === 32 || unit === 9 || unit === 10 || unit === 13;
const SPACE = { type: 'whitespace', lit: ' ' };
const NEWLINE = { type: 'whitespace', lit: '\n' };
const IDENTIFIER = { type: 'identifier' };
const NO_ERRORS: readonly string[] = [];

/** Splits a source into tokens, white space and comments included; the last is `eof`. */
export function tokenize(source: Source): Token[] {
  return new Scanner(source).run();
}

class Scanner {
  readonly #source: Source;
  readonly #text: string;
  #at = 0;
  #row = 1;
  #lineStart = 0;
  #errors: readonly string[] = NO_ERRORS;
  /** Columns count code points; nearly every source has one unit for each. */
  readonly #astral: boolean;
  readonly #tokens: Token[] = [];
  /** For each open template string: whether it is raw, and how many braces are open inside its expression. */
  readonly #templates: { raw: boolean; depth: number }[] = [];

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
    this.#astral = /[\udc00-\udfff]/.test(source.text);
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  run(): Token[] {
    for (;;) {
      const start = this.#at;
      // OPA counts a line's end as the start of the next line, and the end of the file as its last character.
      const newline = this.#text[start] === '\n';
      const atEnd = start >= this.#text.length;
      const row = newline ? this.#row + 1 : this.#row;
      const col = newline ? 0 : this.#column(start) - (atEnd ? 1 : 0);
      const { type, lit } = this.#next();
      const text = lit ?? this.#text.slice(start, this.#at);
      if (type !== 'identifier') this.#newlines(start);
      const loc = { source: this.#source, row, col, offset: start, end: this.#at };
      this.#tokens.push({ type, lit: text, loc, errors: this.#errors });
      this.#errors = NO_ERRORS;
      if (type === 'eof') return this.#tokens;
    }
  }

  #fail(message: string): void {
    this.#errors = [...this.#errors, message];
  }

  #column(at: number): number {
    const start = this.#lineStart;
    if (!this.#astral) return at - start + 1;
    let astral = 0;
    for (let i = start; i < at; i++) {
      const unit = this.#text.charCodeAt(i);
      if (unit >= 0xdc00 && unit < 0xe000) astral++;
    }
    return at - start + 1 - astral;
  }

  #newlines(from: number): void {
    for (let i = from; i < this.#at; i++) {
      if (this.#text.charCodeAt(i) !== 10) continue;
      this.#row++;
      this.#lineStart = i + 1;
    }
  }

  #next(): { type: string; lit?: string } {
    const c = this.#text[this.#at];
    if (c === undefined) return { type: 'eof', lit: '' };
    const two = this.#text.slice(this.#at, this.#at + 2);
    const unit = c.charCodeAt(0);
    if (isSpace(unit)) return this.#space();
    if (isLetter(unit)) return this.#identifier();
    if (isDigit(unit)) return this.#number();
    if (c === '#') return this.#comment();
    if (c === '"') return this.#string();
    if (c === '`') return this.#rawString();
    if (c === '$') return this.#dollar(two);
    const open = this.#templates.at(-1);
    if (open !== undefined && c === '{') open.depth++;
    if (open !== undefined && c === '}' && open.depth-- === 0) {
      this.#at++;
      // The closing brace is a token of its own, then the template goes on: both come from one place in the text.
      this.#push('}', this.#at - 1);
      this.#templates.pop();
      return this.#template(open.raw, this.#at - 1);
    }
    const symbol = SYMBOLS[two] === undefined || two.length < 2 ? c : two;
    this.#at += symbol.length;
    const type = SYMBOLS[symbol];
    if (type !== undefined) return { type };
    if (c === '!') this.#fail('illegal ! character');
    else if (c === '\u00a0') this.#fail('illegal non-breaking space character, use a regular space instead');
    else if (c === '\0') this.#fail('illegal null character');
    else if (c === '\ufeff') this.#fail('illegal byte-order mark');
    else if (c >= '\ud800' && c < '\udc00') this.#at++;
    return { type: 'illegal' };
  }

  #push(type: string, start: number): void {
    const loc = { source: this.#source, row: this.#row, col: this.#column(start), offset: start, end: this.#at };
    this.#tokens.push({ type, lit: type, loc, errors: [] });
  }

  /** A run of white space is one token: a line's end where it holds one. */
  #space(): { type: string; lit: string } {
    let lines = false;
    for (let unit = this.#text.charCodeAt(this.#at); isSpace(unit); unit = this.#text.charCodeAt(++this.#at)) lines ||= unit === 10;
    return lines ? NEWLINE : SPACE;
  }

  #identifier(): { type: string } {
    while (this.#at < this.#text.length && isFollow(this.#text.charCodeAt(this.#at))) this.#at++;
    return IDENTIFIER;
  }

  #digits(): boolean {
    const start = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#at > start;
  }

  #number(): { type: string } {
    this.#digits();
    if (this.#text[this.#at] === '.') {
      this.#at++;
      if (!this.#digits()) this.#fail('expected fraction');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++;
      if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at++;
      if (!this.#digits()) this.#fail('expected exponent');
    }
    if (isLetter(this.#text.charCodeAt(this.#at))) {
      this.#fail('illegal number format');
      while (this.#at < this.#text.length && isFollow(this.#text.charCodeAt(this.#at))) this.#at++;
    }
    return { type: 'number' };
  }

  #comment(): { type: string; lit: string } {
    const start = this.#at;
    const end = this.#text.indexOf('\n', start);
    this.#at = end < 0 ? this.#text.length : end;
    return { type: 'comment', lit: this.#text.slice(start, this.#at) };
  }

  /** One escape after a backslash; false where it is none. */
  #escape(extra: string): boolean {
    const c = this.#text[this.#at] ?? '';
    if (c === '' || !`\\"/bfnrtu${extra}`.includes(c)) return false;
    this.#at += c === 'u' ? 5 : 1;
    return true;
  }

  #string(): { type: string } {
    this.#at++;
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined || c === '\n') {
        this.#fail('non-terminated string');
        return { type: 'string' };
      }
      this.#at++;
      if (c === '"') return { type: 'string' };
      if (c === '\\' && !this.#escape('')) this.#fail('illegal escape sequence');
    }
  }

  #rawString(): { type: string } {
    const end = this.#text.indexOf('`', this.#at + 1);
    if (end < 0) this.#fail('non-terminated string');
    this.#at = end < 0 ? this.#text.length : end + 1;
    return { type: 'string' };
  }

  #dollar(two: string): { type: string; lit?: string } {
    this.#at++;
    if (two !== '$"' && two !== '$`') {
      this.#fail('illegal $ character');
      return { type: 'illegal' };
    }
    this.#at++;
    return this.#template(two === '$`', this.#at - 1);
  }

  /** A template's text up to its end or its next expression. @param start - the delimiter before the text */
  #template(raw: boolean, start: number): { type: string; lit: string } {
    const name = raw ? 'raw-template-string' : 'template-string';
    let text = this.#text[start] as string;
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined || (!raw && c === '\n')) {
        this.#fail('non-terminated string');
        return { type: `${name}-part`, lit: text };
      }
      this.#at++;
      if (c === (raw ? '`' : '"')) return { type: `${name}-end`, lit: text + c };
      if (c === '{') {
        this.#templates.push({ raw, depth: 0 });
        return { type: `${name}-part`, lit: text + c };
      }
      if (c === '\\' && this.#text[this.#at] === '{') {
        this.#at++;
        text += '{';
      } else if (c === '\\' && !raw) {
        const from = this.#at;
        if (!this.#escape('')) this.#fail('illegal escape sequence');
        text += c + this.#text.slice(from, this.#at);
      } else text += c;
    }
  }
}
