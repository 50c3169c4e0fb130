// Where a parse stands: the tokens, which names are keywords now, the errors so far, and how to go back.
import type { Location, Source } from './ast.ts';
import type { PolicyError } from './errors.ts';
import { tokenize, type Token } from './scanner.ts';

export const KEYWORDS = ['package', 'import', 'as', 'default', 'else', 'not', 'some', 'with', 'null', 'true', 'false'] as const;
const BASE = new Set<string>(KEYWORDS);
/** Names that an import turns into keywords; the first four are ordinary keywords of v1. */
export const FUTURE_V0 = ['in', 'every', 'contains', 'if'] as const;
export const FUTURE_V1 = ['not', 'and', 'or'] as const;
const FUTURE = new Set<string>([...FUTURE_V0, ...FUTURE_V1]);

/** Words of the language version, which may follow a dot and begin a ref. */
export function isKeyword(word: string, version: 0 | 1): boolean {
  return BASE.has(word) || (version === 1 && (FUTURE_V0 as readonly string[]).includes(word));
}

/** How OPA's messages print a token. */
export const shown = (type: string) => (type === '&' ? 'and' : type === '|' ? 'or' : type);

/** Rules inside one another that a parse may have open: beyond it the answer is an error, never a stack overflow. */
const depthMax = 3_000;

interface Mark {
  readonly index: number;
  readonly type: string;
  readonly lastEnd: number;
  readonly skippedNewline: boolean;
  readonly errors: readonly PolicyError[];
  readonly hints: readonly string[];
  readonly wildcard: number;
  readonly comments: number;
}

export class ParserState {
  readonly source: Source;
  readonly version: 0 | 1;
  protected readonly tokens: Token[];
  protected index = -1;
  /** The current token's type, after keywords were recognised. */
  protected type = '';
  protected lastEnd = 0;
  protected skippedNewline = false;
  protected errors: readonly PolicyError[] = [];
  protected hints: readonly string[] = [];
  protected wildcard = 0;
  protected commentCount = 0;
  protected readonly comments: Token[] = [];
  protected keywords: ReadonlySet<string>;
  protected notBodies = false;
  #depth = 0;

  constructor(source: Source, version: 0 | 1) {
    this.source = source;
    this.version = version;
    this.tokens = tokenize(source);
    this.keywords = new Set<string>(version === 1 ? FUTURE_V0 : []);
  }

  protected get token(): Token {
    return this.tokens[this.index] as Token;
  }

  protected get loc(): Location {
    return this.token.loc;
  }

  protected get end(): number {
    return this.token.loc.end;
  }

  protected classify(token: Token): string {
    if (token.errors.length > 0) return 'illegal';
    if (token.type !== 'identifier') return token.type;
    return BASE.has(token.lit) || this.keywords.has(token.lit) ? token.lit : 'identifier';
  }

  protected isWord(word: string): boolean {
    return BASE.has(word) || this.keywords.has(word);
  }

  protected addKeyword(word: string): void {
    // `every` is of no use without `in`.
    this.keywords = new Set([...this.keywords, word, ...(word === 'every' ? ['in'] : [])]);
  }

  /** Whether the current token is of a type; a call, so that its answer is not taken to hold after the next scan. */
  protected is(type: string): boolean {
    return this.type === type;
  }

  /** The next token; white space too where it decides (after a name, whether a bracket belongs to it). */
  protected scan(skipSpace = true): void {
    if (!this.is('whitespace')) {
      this.lastEnd = this.index < 0 ? 0 : this.end;
      this.skippedNewline = false;
    }
    for (;;) {
      if (this.index < this.tokens.length - 1) this.index++;
      const token = this.token;
      this.type = this.classify(token);
      for (const message of token.errors) this.error(token.loc, message);
      if (this.is('whitespace')) {
        if (token.lit === '\n') this.skippedNewline = true;
        if (skipSpace) continue;
      }
      if (!this.is('comment')) return;
      this.comments[this.commentCount++] = token;
    }
  }

  protected save(): Mark {
    const { index, type, lastEnd, skippedNewline, errors, hints, wildcard } = this;
    return { index, type, lastEnd, skippedNewline, errors, hints, wildcard, comments: this.commentCount };
  }

  protected restore(mark: Mark): void {
    this.index = mark.index;
    this.type = mark.type;
    this.lastEnd = mark.lastEnd;
    this.skippedNewline = mark.skippedNewline;
    this.errors = mark.errors;
    this.hints = mark.hints;
    this.wildcard = mark.wildcard;
    this.commentCount = mark.comments;
  }

  /** The type of the token right after this one, white space included. */
  protected peek(): string {
    const next = this.tokens[this.index + 1];
    return next === undefined ? 'eof' : this.classify(next);
  }

  /** From a place to the end of what was read last. */
  protected span(start: Location, end = this.lastEnd): Location {
    return { ...start, end };
  }

  protected error(location: Location, message: string): void {
    const hint = this.hints.length === 0 ? '' : ` (hint${this.hints.length > 1 ? 's' : ''}: ${this.hints.join(', ')})`;
    this.errors = [...this.errors, { code: 'rego_parse_error', message: message + hint, location }];
    this.hints = [];
  }

  protected hint(text: string): void {
    this.hints = [...this.hints, text];
  }

  protected illegal(note = ''): null {
    if (this.is('illegal')) {
      this.error(this.loc, 'illegal token');
      return null;
    }
    const name = shown(this.type);
    // `&` and `|` print as keywords' names, but a keyword is recognised by the token, and the old ones by the name.
    const kind = BASE.has(name) || FUTURE.has(this.type) ? 'keyword' : 'token';
    this.error(this.loc, `unexpected ${name} ${kind}${note === '' ? '' : `: ${note}`}`);
    return null;
  }

  /** Runs a nested rule; null beyond the depth allowed. */
  protected nested<T>(read: () => T | null): T | null {
    if (++this.#depth > depthMax) {
      this.error(this.loc, 'max parsing recursion depth exceeded');
      this.#depth--;
      return null;
    }
    const result = read();
    this.#depth--;
    return result;
  }
}
