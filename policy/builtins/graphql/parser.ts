// Reads GraphQL queries and schemas (specification of October 2021, sections 2 and 3) with OPA's complaints.
import { quoteGo } from '../../rego/term.ts';
import { BuiltinError } from '../builtin.ts';
import { GraphqlError, Scanner, type Token, type TokenKind } from './tokens.ts';
import { type Argument, type Comments, type Directive, KIND, type Literal, type Position, type Type } from './tree.ts';

/** Braces, brackets and selections inside one another: every later walk recurses. */
const depthMax = 1_000;

const show = ({ kind, value }: Token) => (value === '' ? kind : `${kind} ${quoteGo(value)}`);

/** What queries and schemas have in common; each subclass reads one of them. */
export class Parser {
  readonly #scanner: Scanner;
  #next: Token | null = null;
  #depth = 0;
  /** The token taken last, comments included. */
  protected before: Token | null = null;
  /** The comments before the next token, once it was looked at. */
  protected comment: Comments | null = null;

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  protected peek(): Token {
    if (this.#next !== null) return this.#next;
    let token = this.#scanner.next();
    const comments: { Value: string }[] = [];
    for (; token.kind === 'Comment'; token = this.#scanner.next()) {
      comments.push({ Value: token.value });
      this.before = token;
    }
    if (comments.length > 0) this.comment = { List: comments };
    this.#next = token;
    return token;
  }

  protected take(): Token {
    const token = this.peek();
    if (token.error !== null) throw token.error;
    this.#next = null;
    this.comment = null;
    this.before = token;
    return token;
  }

  protected here(): Position {
    return this.peek().at;
  }

  protected fail(token: Token, message: string): GraphqlError {
    return new GraphqlError(token.at, message);
  }

  protected unexpected(token = this.peek()): GraphqlError {
    return this.fail(token, `Unexpected ${show(token)}`);
  }

  /** @returns the comments that stood before it */
  protected expect(kind: TokenKind): Comments | null {
    const token = this.peek();
    const { comment } = this;
    if (token.kind !== kind) throw this.fail(token, `Expected ${kind}, found ${token.kind}`);
    this.take();
    return comment;
  }

  /** @returns the comments that stood before it */
  protected expectWord(word: string): Comments | null {
    const token = this.peek();
    const { comment } = this;
    if (token.kind !== 'Name' || token.value !== word) throw this.fail(token, `Expected ${quoteGo(word)}, found ${show(token)}`);
    this.take();
    return comment;
  }

  protected skip(kind: TokenKind): boolean {
    if (this.peek().kind !== kind) return false;
    this.take();
    return true;
  }

  protected name(): string {
    const token = this.peek();
    this.expect('Name');
    return token.value;
  }

  protected nested<T>(read: () => T): T {
    this.#depth++;
    if (this.#depth > depthMax) throw new BuiltinError(`GraphQL string is nested more than ${depthMax} levels deep`);
    const node = read();
    this.#depth--;
    return node;
  }

  protected many(open: TokenKind, close: TokenKind, read: () => void): void {
    if (!this.skip(open)) return;
    while (this.peek().kind !== close) read();
    this.take();
  }

  /** At least one; @returns the comments before the closing token */
  protected some(open: TokenKind, close: TokenKind, read: () => void): Comments | null {
    if (!this.skip(open)) return null;
    if (this.peek().kind === close) throw this.fail(this.peek(), `expected at least one definition, found ${this.peek().kind}`);
    while (this.peek().kind !== close) read();
    const { comment } = this;
    this.take();
    return comment;
  }

  protected operationType(): string {
    const token = this.take();
    if (token.value === 'query' || token.value === 'mutation' || token.value === 'subscription') return token.value;
    throw this.unexpected(token);
  }

  protected variable(): string {
    this.expect('$');
    return this.name();
  }

  protected type(): Type {
    return this.nested(() => {
      const type: Type = { NamedType: '', Elem: null, NonNull: false, at: null };
      if (this.skip('[')) {
        type.at = this.here();
        type.Elem = this.type();
        this.expect(']');
      } else {
        type.at = this.here();
        type.NamedType = this.name();
      }
      type.NonNull = this.skip('!');
      return type;
    });
  }

  protected directives(constant: boolean): Directive[] {
    const directives: Directive[] = [];
    while (this.skip('@')) {
      const at = this.here();
      directives.push({ Name: this.name(), Arguments: this.arguments(constant), Location: '', at });
    }
    return directives;
  }

  protected arguments(constant: boolean): Argument[] {
    const read: Argument[] = [];
    this.some('(', ')', () => read.push(this.#named(constant)));
    return read;
  }

  #named(constant: boolean): Argument {
    const at = this.here();
    const Comment = this.comment;
    const Name = this.name();
    this.expect(':');
    return { Name, Value: this.literal(constant), Comment, at };
  }

  /** @param constant - variables are refused */
  protected literal(constant: boolean): Literal {
    return this.nested(() => {
      const token = this.peek();
      const { at } = token;
      const literal = (Kind: number, Raw: string): Literal => ({ Raw, Children: [], Kind, ExpectedTypeHasDefault: false, at });
      if (token.kind === '[' || token.kind === '{') return this.#composite(token.kind, constant, literal);
      if (token.kind === '$') {
        if (constant) throw this.unexpected();
        return literal(KIND.variable, this.variable());
      }
      const kind = literalKind(token);
      if (kind === null) throw this.unexpected();
      this.take();
      return literal(kind, token.value);
    });
  }

  #composite(open: '[' | '{', constant: boolean, literal: (kind: number, raw: string) => Literal): Literal {
    const Comment = this.comment;
    const isList = open === '[';
    const composite = { ...literal(isList ? KIND.list : KIND.object, ''), Comment };
    this.many(open, isList ? ']' : '}', () => {
      composite.Children.push(isList ? { Name: '', Value: this.literal(constant), Comment: null, at: null } : this.#named(constant));
    });
    return composite;
  }
}

function literalKind({ kind, value }: Token): number | null {
  switch (kind) {
    case 'Int': return KIND.int;
    case 'Float': return KIND.float;
    case 'String': return KIND.string;
    case 'BlockString': return KIND.block;
    case 'Name': return value === 'true' || value === 'false' ? KIND.boolean : value === 'null' ? KIND.null : KIND.enum;
    default: return null;
  }
}
