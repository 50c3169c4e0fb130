// GraphQL text as tokens, with OPA's positions. See the GraphQL specification of October 2021, section 2.1.
import { BuiltinError } from '../builtin.ts';
import type { Position } from './tree.ts';

/** A punctuator is its own kind. */
export type TokenKind =
  | '<Invalid>' | '<EOF>' | 'Name' | 'Int' | 'Float' | 'String' | 'BlockString' | 'Comment'
  | '!' | '$' | '&' | '(' | ')' | '...' | ':' | '=' | '@' | '[' | ']' | '{' | '}' | '|';

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly at: Position;
  /** Why the token is invalid: thrown only when it is taken, for the parser's own complaint comes first. */
  readonly error: GraphqlError | null;
}

/** What is wrong, and where; `at` null where the tree came without positions. */
export class GraphqlError extends BuiltinError {
  readonly at: Position | null;
  readonly plain: string;

  constructor(at: Position | null, plain: string) {
    super(plain);
    this.at = at;
    this.plain = plain;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '/': '/', '\\': '\\', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export class Scanner {
  /** Code points. */
  readonly #text: readonly string[];
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = [...text];
  }

  get length(): number {
    return this.#text.length;
  }

  next(): Token {
    this.#space();
    const start = this.#at;
    const c = this.#text[start];
    if (c === undefined) return this.#token('<EOF>', start, '');
    if ('!$&():=@[]{}|'.includes(c)) {
      this.#at++;
      return this.#token(c as TokenKind, start, '');
    }
    if (this.#text.slice(start, start + 3).join('') === '...') {
      this.#at += 3;
      return this.#token('...', start, '');
    }
    if (c === '#') return this.#run('Comment', (next) => next >= ' ' || next === '\t');
    if (/[A-Za-z_]/.test(c)) return this.#run('Name', (next) => /\w/.test(next));
    if (/[-0-9]/.test(c)) return this.#number();
    if (c === '"') return this.#text[start + 1] === '"' && this.#text[start + 2] === '"' ? this.#block() : this.#string();
    if (c < ' ') return this.#invalid(`Cannot contain the invalid character "\\u${hex4(c)}"`);
    if (c === "'") return this.#invalid('Unexpected single quote character (\'), did you mean to use a double quote (")?');
    return this.#invalid(`Cannot parse the unexpected character "${c}".`);
  }

  #token(kind: TokenKind, start: number, value: string): Token {
    return { kind, value, at: { line: this.#line, column: start - this.#lineStart + 1 }, error: null };
  }

  #invalid(message: string): Token {
    const at = { line: this.#line, column: this.#at - this.#lineStart + 1 };
    return { kind: '<Invalid>', value: '', at, error: new GraphqlError(at, message) };
  }

  #space(): void {
    for (;;) {
      const c = this.#text[this.#at];
      if (c !== '\t' && c !== ' ' && c !== ',' && c !== '\n' && c !== '\r' && c !== '\ufeff') return;
      this.#at++;
      if (c !== '\n' && c !== '\r') continue;
      this.#line++;
      this.#lineStart = this.#at;
      // OPA's line begins between CR and LF, so columns there are one more.
      if (c === '\r' && this.#text[this.#at] === '\n') this.#at++;
    }
  }

  #run(kind: TokenKind, goesOn: (c: string) => boolean): Token {
    const start = this.#at++;
    while (this.#at < this.#text.length && goesOn(this.#text[this.#at] as string)) this.#at++;
    return this.#token(kind, start, this.#text.slice(start, this.#at).join(''));
  }

  #take(characters: string): boolean {
    const c = this.#text[this.#at];
    if (c === undefined || !characters.includes(c)) return false;
    this.#at++;
    return true;
  }

  #digits(): number {
    const start = this.#at;
    while (this.#take('0123456789'));
    return this.#at - start;
  }

  #number(): Token {
    const start = this.#at;
    const next = () => (this.#at < this.#text.length ? `"${this.#text[this.#at]}"` : '<EOF>');
    let kind: TokenKind = 'Int';
    this.#take('-');
    if (this.#take('0')) {
      const digits = this.#digits();
      this.#at -= digits;
      if (digits > 0) return this.#invalid(`Invalid number, unexpected digit after 0: ${next()}.`);
    } else if (this.#digits() === 0) return this.#invalid(`Invalid number, expected digit but got: ${next()}.`);
    if (this.#take('.')) {
      kind = 'Float';
      if (this.#digits() === 0) return this.#invalid(`Invalid number, expected digit but got: ${next()}.`);
    }
    if (this.#take('eE')) {
      kind = 'Float';
      this.#take('+-');
      if (this.#digits() === 0) return this.#invalid(`Invalid number, expected digit but got: ${next()}.`);
    }
    return this.#token(kind, start, this.#text.slice(start, this.#at).join(''));
  }

  #string(): Token {
    // OPA's column is the first character's, not the quote's.
    const start = ++this.#at;
    let value = '';
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined || c === '\n' || c === '\r') return this.#invalid('Unterminated string.');
      if (c < ' ' && c !== '\t') return this.#invalid(`Invalid character within String: "\\u${hex4(c)}".`);
      if (c === '"') {
        const token = this.#token('String', start, value);
        this.#at++;
        return token;
      }
      this.#at++;
      if (c !== '\\') {
        value += c;
        continue;
      }
      const escape = this.#text[this.#at];
      if (escape === undefined) return this.#invalid('Invalid character escape sequence.');
      if (escape === 'u') {
        const digits = this.#text.slice(this.#at + 1, this.#at + 5).join('');
        const whole = this.#at + 5 < this.#text.length;
        if (!whole) return this.#invalid(`Invalid character escape sequence: \\${this.#text.slice(this.#at).join('')}.`);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) return this.#invalid(`Invalid character escape sequence: \\u${digits}.`);
        value += String.fromCharCode(Number.parseInt(digits, 16)).toWellFormed();
        this.#at += 5;
      } else {
        const plain = ESCAPES[escape];
        if (plain === undefined) return this.#invalid(`Invalid character escape sequence: \\${escape}.`);
        value += plain;
        this.#at++;
      }
    }
  }

  #block(): Token {
    this.#at += 3;
    const start = this.#at;
    let raw = '';
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined) return this.#invalid('Unterminated string.');
      if (c === '"') {
        let quotes = 1;
        while (this.#text[this.#at + quotes] === '"') quotes++;
        if (quotes >= 3) {
          const token = this.#token('BlockString', start, blockValue(raw + '"'.repeat(quotes - 3)));
          this.#at += quotes;
          return token;
        }
      }
      if (c < ' ' && c !== '\t' && c !== '\n' && c !== '\r') return this.#invalid(`Invalid character within String: "\\u${hex4(c)}".`);
      if (c === '\\' && this.#text.slice(this.#at + 1, this.#at + 4).join('') === '"""') {
        raw += '"""';
        this.#at += 4;
        continue;
      }
      if (c === '\r' && this.#text[this.#at + 1] === '\n') this.#at++;
      this.#at++;
      raw += c === '\r' ? '\n' : c;
      if (c === '\n' || c === '\r') {
        this.#line++;
        this.#lineStart = this.#at;
      }
    }
  }
}

function hex4(c: string): string {
  return c.charCodeAt(0).toString(16).padStart(4, '0');
}

/** @see GraphQL specification, BlockStringValue(); the first line counts for the common indent too, as OPA has it */
function blockValue(raw: string): string {
  const lines = raw.split('\n');
  const indents = lines.map((line) => line.search(/[^ \t]/)).filter((indent) => indent >= 0);
  const common = indents.length === 0 ? 0 : indents.reduce((a, b) => Math.min(a, b));
  const cut = lines.map((line, i) => (i === 0 ? line : line.slice(common)));
  const isBlank = (line: string | undefined) => line !== undefined && /^[ \t]*$/.test(line);
  while (isBlank(cut[0])) cut.shift();
  while (isBlank(cut.at(-1))) cut.pop();
  return cut.join('\n');
}
