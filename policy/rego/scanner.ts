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

const letter = /[A-Za-z_]/;
const digit = /[0-9]/;
const follow = /[A-Za-z_0-9\u0080-\uffff]/;
const isFollow = (c: string) => (c < '\u0080' ? follow.test(c) : /\p{Nd}/u.test(c));

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
  #errors: string[] = [];
  readonly #tokens: Token[] = [];
  /** For each open template string: whether it is raw, and how many braces are open inside its expression. */
  readonly #templates: { raw: boolean; depth: number }[] = [];

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
  }

  run(): Token[] {
    for (;;) {
      const start = this.#at;
      // OPA counts a line's end as the start of the next line, and the end of the file as its last character.
      const newline = this.#text[start] === '\n';
      const atEnd = start >= this.#text.length;
      const [row, col] = newline ? [this.#row + 1, 0] : [this.#row, this.#column(start) - (atEnd ? 1 : 0)];
      const { type, lit } = this.#next();
      const text = lit ?? this.#text.slice(start, this.#at);
      this.#newlines(start);
      const loc = { source: this.#source, row, col, offset: start, end: this.#at };
      this.#tokens.push({ type, lit: text, loc, errors: this.#errors });
      this.#errors = [];
      if (type === 'eof') return this.#tokens;
    }
  }

  /** Columns count code points; nearly every line is ASCII. */
  #column(at: number): number {
    const start = this.#lineStart;
    let astral = 0;
    for (let i = start; i < at; i++) {
      const unit = this.#text.charCodeAt(i);
      if (unit >= 0xdc00 && unit < 0xe000) astral++;
    }
    return at - start + 1 - astral;
  }

  #newlines(from: number): void {
    for (let i = this.#text.indexOf('\n', from); i >= 0 && i < this.#at; i = this.#text.indexOf('\n', i + 1)) {
      this.#row++;
      this.#lineStart = i + 1;
    }
  }

  #next(): { type: string; lit?: string } {
    const c = this.#text[this.#at];
    if (c === undefined) return { type: 'eof', lit: '' };
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (c === ' ' || c === '\t' || c === '\n' || c === '\r') {
      this.#at++;
      return { type: 'whitespace', lit: c };
    }
    if (letter.test(c)) return this.#identifier();
    if (digit.test(c)) return this.#number();
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
    if (c === '!') this.#errors.push('illegal ! character');
    else if (c === '\u00a0') this.#errors.push('illegal non-breaking space character, use a regular space instead');
    else if (c === '\0') this.#errors.push('illegal null character');
    else if (c === '\ufeff') this.#errors.push('illegal byte-order mark');
    else if (c >= '\ud800' && c < '\udc00') this.#at++;
    return { type: 'illegal' };
  }

  #push(type: string, start: number): void {
    const loc = { source: this.#source, row: this.#row, col: this.#column(start), offset: start, end: this.#at };
    this.#tokens.push({ type, lit: type, loc, errors: [] });
  }

  #identifier(): { type: string } {
    while (this.#at < this.#text.length && isFollow(this.#text[this.#at] as string)) this.#at++;
    return { type: 'identifier' };
  }

  #digits(): boolean {
    const start = this.#at;
    while (digit.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#at > start;
  }

  #number(): { type: string } {
    this.#digits();
    if (this.#text[this.#at] === '.') {
      this.#at++;
      if (!this.#digits()) this.#errors.push('expected fraction');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++;
      if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at++;
      if (!this.#digits()) this.#errors.push('expected exponent');
    }
    if (letter.test(this.#text[this.#at] ?? '')) {
      this.#errors.push('illegal number format');
      while (this.#at < this.#text.length && isFollow(this.#text[this.#at] as string)) this.#at++;
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
        this.#errors.push('non-terminated string');
        return { type: 'string' };
      }
      this.#at++;
      if (c === '"') return { type: 'string' };
      if (c === '\\' && !this.#escape('')) this.#errors.push('illegal escape sequence');
    }
  }

  #rawString(): { type: string } {
    const end = this.#text.indexOf('`', this.#at + 1);
    if (end < 0) this.#errors.push('non-terminated string');
    this.#at = end < 0 ? this.#text.length : end + 1;
    return { type: 'string' };
  }

  #dollar(two: string): { type: string; lit?: string } {
    this.#at++;
    if (two !== '$"' && two !== '$`') {
      this.#errors.push('illegal $ character');
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
        this.#errors.push('non-terminated string');
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
        if (!this.#escape('')) this.#errors.push('illegal escape sequence');
        text += c + this.#text.slice(from, this.#at);
      } else text += c;
    }
  }
}
