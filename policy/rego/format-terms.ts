// Terms and expressions of formatted Rego; lists break where the source breaks them.
import { type Expr, formatNode, isWildcard, type Location, operatorOf, plainRef, Term, textAt, type With } from './ast.ts';
import type { FormatWriter } from './format-writer.ts';
import { isKeyword } from './parser-state.ts';
import { quoteGo } from './term.ts';

const INFIX: Readonly<Record<string, string>> = {
  plus: '+', minus: '-', mul: '*', div: '/', rem: '%', and: '&', or: '|', eq: '=', equal: '==', assign: ':=', neq: '!=', gt: '>', lt: '<',
  gte: '>=', lte: '<=',
};

/** A place within a source as a location of its own. */
export function placeAt(loc: Location, offset: number): Location {
  let row = loc.row;
  for (let i = loc.source.text.indexOf('\n', loc.offset); i >= 0 && i < offset; i = loc.source.text.indexOf('\n', i + 1)) row++;
  return { ...loc, row, offset, end: offset };
}

/** Whether nothing but space stands before a place on its line. */
export function beginsLine({ source: { text }, offset }: Location): boolean {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset).trim() === '';
}

/** Where a bracketed thing ends: its last character. */
export const closeOf = (loc: Location) => placeAt(loc, loc.end - 1);

const startsWithParen = (term: Term) => term.loc !== null && textAt(term.loc).startsWith('(');
const isMembership = (term: Term): term is Term & { v: { t: 'call'; terms: Term[] } } =>
  term.v.t === 'call' && (plainRef(term.v.terms[0]) ?? '').startsWith('internal.member_');
const isUnion = (term: Term): term is Term & { v: { t: 'call'; terms: Term[] } } => term.v.t === 'call' && plainRef(term.v.terms[0]) === 'or';
const isInfix = (term: Term | undefined) => term?.v.t === 'call' && term.v.terms.length === 3 && INFIX[plainRef(term.v.terms[0]) ?? ''] !== undefined;

type Logical = Extract<Expr['s'], { k: 'and' | 'or' }>;

export class TermFormatter {
  protected readonly w: FormatWriter;
  protected readonly version: 0 | 1;

  /** A union that begins a rule's body in braces: it would be read as the comprehension that the braces and it make. */
  protected leading: Expr | Term | null = null;

  constructor(w: FormatWriter, version: 0 | 1) {
    this.w = w;
    this.version = version;
  }

  protected body(body: readonly Expr[]): void {
    const [first] = body;
    if (first !== undefined && first.loc !== null) this.w.insertComments(first.loc);
    for (const [i, expr] of body.entries()) {
      const before = body[i - 1]?.loc;
      if (before !== undefined && before !== null && expr.loc !== null && expr.loc.row > closeOf(before).row + 1) this.w.blankLine();
      this.w.ensureLine();
      this.expr(expr);
      this.w.endLine();
    }
  }

  protected expr(expr: Expr): void {
    if (expr.loc !== null) this.w.insertComments(expr.loc);
    this.w.ensureLine();
    if (expr.negated) this.w.write('not ');
    const grouped = this.leading === expr;
    if (grouped) this.w.write('(');
    this.statement(expr);
    if (grouped) this.w.write(')');
    this.withs(expr.with);
  }

  private withs(withs: readonly With[]): void {
    let indented = false;
    for (const { target, value, loc } of withs) {
      if (beginsLine(loc)) {
        if (!indented) this.w.up();
        indented = true;
        this.w.endLine();
        this.w.insertComments(loc);
        this.w.ensureLine();
        this.w.write('with ');
      } else {
        this.w.insertComments(loc);
        this.w.write(' with ');
      }
      this.term(target);
      this.w.write(' as ');
      this.term(value);
    }
    if (indented) this.w.down();
  }

  private statement(expr: Expr): void {
    const s = expr.s;
    switch (s.k) {
      case 'term': this.term(s.term); break;
      case 'call': this.exprCall(expr); break;
      case 'some': {
        this.w.write('some ');
        const [only] = s.symbols;
        if (only?.v.t === 'call') this.membership(only.v.terms.slice(1), false);
        else for (const [i, symbol] of s.symbols.entries()) this.w.write(`${i === 0 ? '' : ', '}${formatNode(symbol)}`);
        break;
      }
      case 'every':
        this.w.write('every ');
        if (s.key !== null) {
          this.term(s.key);
          this.w.write(', ');
        }
        this.term(s.value);
        this.w.write(' in ');
        this.term(s.domain);
        this.w.write(' ');
        if (s.body.length === 1) this.inlineBody(s.body, expr.loc);
        else this.braced(s.body, expr.loc);
        break;
      case 'not':
        this.w.write('not ');
        this.operand(s.body, s.explicit, expr.loc, []);
        break;
      default: if (this.chain(s, expr.loc)) this.w.down();
    }
  }

  /**
   * Operands of `and` and `or`, those that were on lines of their own below the first.
   *
   * @returns whether the chain was indented
   */
  private chain(s: Logical, loc: Location | null): boolean {
    const [first] = s.lhs as [Expr];
    const inner = first.s;
    const nested = !s.explicitLhs && (inner.k === 'and' || inner.k === 'or') && first.with.length === 0 && !(s.k === 'and' && inner.k === 'or');
    let indented = false;
    if (nested) indented = this.chain(inner as Logical, first.loc);
    else this.operand(s.lhs, s.explicitLhs, bodyLoc(s.lhs) ?? loc, s.k === 'or' ? ['and', 'or'] : ['and']);
    this.w.write(` ${s.k}`);
    if (startRow(s.rhs, s.explicitRhs) > endRow(s.lhs, s.explicitLhs)) {
      if (!indented) this.w.up();
      indented = true;
      this.w.endLine();
      this.w.startLine();
    } else this.w.write(' ');
    this.operand(s.rhs, s.explicitRhs, bodyLoc(s.rhs) ?? loc, s.k === 'or' ? ['and'] : ['']);
    return indented;
  }

  /** A body in braces on lines of its own. */
  protected braced(body: readonly Expr[], loc: Location | null): void {
    this.w.write('{');
    this.w.endLine();
    this.w.up();
    this.body(body);
    if (loc !== null) this.w.insertComments(closeOf(loc));
    this.w.down();
    this.w.startLine();
    this.w.write('}');
  }

  /** What `not`, `and` and `or` stand before or between. @param tight - operators that bind tighter than this place allows unbracketed */
  private operand(body: readonly Expr[], explicit: boolean, loc: Location | null, bare: readonly string[]): void {
    const [only] = body as [Expr];
    if (explicit) this.inlineBody(body, loc);
    else {
      const logical = only.s.k === 'and' || only.s.k === 'or';
      // An operand that begins with a brace would be read as a body.
      const grouped = logical ? !bare.includes(only.s.k) || only.with.length > 0 : (bare.length > 0 && only.with.length > 0) || beginsWithBrace(only);
      if (grouped) this.w.write('(');
      this.bare(only);
      if (grouped) this.w.write(')');
    }
  }

  /** A body in braces: on one line where it stands on one. */
  private inlineBody(body: readonly Expr[], loc: Location | null): void {
    const [first] = body as [Expr];
    const last = body.at(-1)?.loc ?? null;
    if (first.loc === null || last === null || closeOf(last).row !== loc?.row || this.w.commentBefore(first.loc.row)) return this.braced(body, loc);
    this.w.write('{ ');
    for (const [i, expr] of body.entries()) {
      if (i > 0) this.w.write('; ');
      this.bare(expr);
    }
    this.w.write(' }');
  }

  private bare(expr: Expr): void {
    if (expr.negated) this.w.write('not ');
    this.statement(expr);
    this.withs(expr.with);
  }

  private exprCall(expr: Expr): void {
    const terms = (expr.s as { terms: Term[] }).terms;
    const name = operatorOf(expr) ?? '';
    if (name.startsWith('internal.member_')) this.membership(terms.slice(1), false);
    else if (INFIX[name] === undefined || terms.length < 3) this.plainCall(terms, expr.loc);
    else this.infix(name, terms, (term) => this.term(term, term === this.leading));
  }

  private infix(name: string, [, lhs, rhs, result]: readonly Term[], write: (term: Term) => void): void {
    if (result !== undefined) {
      write(result);
      this.w.write(' = ');
    }
    write(lhs as Term);
    this.w.write(` ${INFIX[name]} `);
    write(rhs as Term);
  }

  private membership(operands: readonly Term[], parens: boolean): void {
    const paired = operands.length === 3;
    if (paired && parens) this.w.write('(');
    for (const [i, operand] of operands.entries()) {
      if (i > 0) this.w.write(i === operands.length - 1 ? ' in ' : ', ');
      // `a in b in c` is `(a in b) in c`: any other grouping needs its parentheses.
      const grouped = isMembership(operand) && (paired || i > 0) && operand.v.terms.length === 3;
      if (grouped) this.w.write('(');
      this.term(operand, true);
      if (grouped) this.w.write(')');
    }
    if (paired && parens) this.w.write(')');
  }

  private plainCall(terms: readonly Term[], loc: Location | null): void {
    const [operator, ...operands] = terms as [Term, ...Term[]];
    this.term(operator);
    this.w.write('(');
    this.list(operands, null, loc === null ? null : closeOf(loc), (term) => this.element(term));
    this.w.write(')');
  }

  /**
   * @param parens - around an infix call: it is an operand of another
   * @param asText - a text in brackets stands in plain quotes, however it was written
   */
  protected term(term: Term, parens = false, asText = false): void {
    const { v, loc } = term;
    switch (v.t) {
      case 'scalar': this.w.write(asText ? formatNode(term) : scalarText(term)); break;
      case 'var': this.w.write(isWildcard(v.name) ? '_' : v.name); break;
      case 'ref': this.ref(v.terms, (name) => isKeyword(name, 1)); break;
      case 'call': this.call(v.terms, loc, parens); break;
      case 'array': this.bracketed('[', ']', v.terms, loc, (element) => this.term(element, isUnion(element))); break;
      case 'set':
        if (v.terms.length === 0) this.w.write('set()');
        else this.bracketed('{', '}', v.terms, loc, (element) => this.term(element, isUnion(element)));
        break;
      case 'object': this.object(v.pairs, loc); break;
      case 'arraycomp': this.comprehension('[', ']', null, v.head, v.body, loc); break;
      case 'setcomp': this.comprehension('{', '}', null, v.head, v.body, loc); break;
      case 'objectcomp': this.comprehension('{', '}', v.key, v.head, v.body, loc); break;
      case 'template': this.template(v.parts, v.raw); break;
    }
  }

  private call(terms: readonly Term[], loc: Location | null, parens: boolean): void {
    const name = plainRef(terms[0]) ?? '';
    if (name.startsWith('internal.member_')) this.membership(terms.slice(1), true);
    else if (INFIX[name] === undefined || terms.length !== 3) this.plainCall(terms, loc);
    else {
      if (parens) this.w.write('(');
      this.infix(name, terms, (term) => this.term(term, true));
      if (parens) this.w.write(')');
    }
  }

  /**
   * A union that is an argument keeps its parentheses; as a member it always has them, else it could begin a comprehension.
   *
   * One that begins with those of its first operand gets them too: OPA would take these for its own the next time, and add them.
   */
  private element(term: Term): void {
    this.term(term, isUnion(term) && (startsWithParen(term) || isInfix(term.v.terms[1])));
  }

  private bracketed<T extends Term>(open: string, close: string, terms: readonly T[], loc: Location | null, write: (term: T) => void): void {
    this.w.write(open);
    this.list(terms, loc, loc === null ? null : closeOf(loc), write);
    this.w.write(close);
  }

  private object(pairs: readonly (readonly [Term, Term])[], loc: Location | null): void {
    const keys = pairs.map(([key]) => key);
    this.bracketed('{', '}', keys, loc, (key) => {
      const [, value] = pairs.find(([other]) => other === key) as [Term, Term];
      this.term(key, isUnion(key));
      this.w.write(': ');
      this.term(value, isUnion(value));
    });
  }

  /**
   * Terms between brackets: on one line, or as many as they have in the source.
   *
   * @param open - where the brackets begin: a first term on a line below stays there; null where it may come up
   */
  protected list<T extends Term>(terms: readonly T[], open: Location | null, close: Location | null, write: (term: T) => void): void {
    const lines = linesOf(terms);
    const broken = lines.length > 1 || (open !== null && (terms[0]?.loc?.row ?? 0) > open.row);
    if (broken) this.w.startList(terms[0]?.loc?.row ?? 0);
    for (const [i, line] of lines.entries()) {
      for (const [j, term] of line.entries()) {
        if (j > 0) this.w.write(', ');
        if (term.loc !== null) this.w.insertComments(term.loc);
        this.w.ensureLine();
        write(term);
      }
      if (i < lines.length - 1) {
        this.w.write(',');
        this.w.endLine();
        this.w.startLine();
      }
    }
    if (broken) {
      this.w.write(',');
      this.w.endLine();
      if (close !== null) this.w.insertComments(close);
      this.w.down();
      this.w.startLine();
    }
  }

  /** @param staysQuoted - which names in brackets do not become names after a dot */
  protected ref(terms: readonly Term[], staysQuoted: (name: string) => boolean): void {
    const [head, ...rest] = terms as [Term, ...Term[]];
    this.term(head, head.v.t === 'call' && startsWithParen(head));
    for (const part of rest) {
      const name = part.v.t === 'scalar' && typeof part.v.value === 'string' ? part.v.value : null;
      if (name !== null && isPlainName(name, part, staysQuoted)) this.w.write(`.${name}`);
      else {
        this.w.write('[');
        this.term(part, false, name !== null);
        this.w.write(']');
      }
    }
  }

  private comprehension(open: string, close: string, key: Term | null, head: Term, body: readonly Expr[], loc: Location | null): void {
    this.w.write(open);
    const first = key ?? head;
    const row = (at: Location | null | undefined) => at?.row ?? 0;
    if (row(first.loc) > row(loc)) {
      this.w.endLine();
      this.w.startLine();
    }
    if (key !== null) {
      this.term(key, isUnion(key));
      this.w.write(': ');
    }
    // A membership is no more a head without its parentheses than a sum is; OPA drops them, and cannot read what it wrote.
    const grouped = isMembership(head) && head.v.terms.length === 3;
    if (grouped) this.w.write('(');
    this.term(head, true);
    if (grouped) this.w.write(')');
    this.w.write(' |');
    const rows = body.map((expr) => row(expr.loc));
    const broken = (rows[0] as number) > row(head.loc) || rows.some((other, i) => i > 0 && other > (rows[i - 1] as number));
    if (broken) {
      this.w.endLine();
      this.w.up();
      this.body(body);
      if (loc !== null) this.w.insertComments(closeOf(loc));
      this.w.down();
      this.w.startLine();
    } else {
      this.w.write(' ');
      for (const [i, expr] of body.entries()) {
        if (i > 0) this.w.write('; ');
        this.expr(expr);
      }
      if (loc !== null) this.w.insertComments(closeOf(loc));
    }
    this.w.write(close);
  }

  private template(parts: readonly (Term | Expr)[], raw: boolean): void {
    this.w.write(raw ? '$`' : '$"');
    for (const part of parts) {
      if (part instanceof Term && part.v.t === 'scalar' && typeof part.v.value === 'string' && !isWrittenInBraces(part)) {
        this.w.write(raw ? part.v.value.replaceAll('{', '\\{') : quoteGo(part.v.value).slice(1, -1).replaceAll('{', '\\{'));
      } else {
        this.w.write('{');
        if (part instanceof Term) this.term(part);
        else this.expr(part);
        this.w.write('}');
      }
    }
    this.w.write(raw ? '`' : '"');
  }
}

/** From the brace before a body to the one after it. */
function bodyLoc(body: readonly Expr[]): Location | null {
  const [first, last] = [body[0]?.loc, body.at(-1)?.loc];
  if (first === undefined || last === undefined || first === null || last === null) return null;
  const { text } = first.source;
  const open = text.lastIndexOf('{', first.offset - 1);
  const close = text.indexOf('}', last.end);
  return open < 0 || close < 0 ? null : { ...first, row: first.row - text.slice(open, first.offset).split('\n').length + 1, offset: open, end: close + 1 };
}

/** A text of a template stands between its quotes; one that is an expression has quotes of its own. */
function isWrittenInBraces(term: Term): boolean {
  // The place of a text begins at the quote or brace before it, that of an expression at its own first character.
  return term.loc !== null && /^["`]/.test(textAt(term.loc));
}

function scalarText(term: Term): string {
  const value = (term.v as { value: unknown }).value;
  const text = term.loc === null ? '' : textAt(term.loc);
  if (typeof value === 'string' && /^["`]/.test(text)) return text;
  return typeof value === 'string' ? quoteGo(value) : formatNode(term);
}

/** Terms in the order of the source, a line for each row that begins one. */
function linesOf<T extends Term>(terms: readonly T[]): T[][] {
  const lines: T[][] = [[]];
  let last = 0;
  for (const [i, term] of terms.entries()) {
    const row = term.loc?.row ?? last;
    if (i > 0 && row > last) lines.push([]);
    last = row;
    (lines.at(-1) as T[]).push(term);
  }
  return lines;
}


/** A name written in brackets stays there where it must; anything else that can stand after a dot does. */
/** The union, or the one that begins it, with which an expression begins. */
export function leadingUnion(expr: Expr): Expr | Term | null {
  const s = expr.s;
  if (expr.negated) return null;
  if ((s.k === 'and' || s.k === 'or') && !s.explicitLhs) {
    const [lhs] = s.lhs as [Expr];
    return beginsWithBrace(lhs) || lhs.with.length > 0 ? null : leadingUnion(lhs);
  }
  if (s.k !== 'call') return null;
  if (operatorOf(expr) === 'or' && s.terms.length === 3) return expr;
  const lead = INFIX[operatorOf(expr) ?? ''] === undefined ? undefined : s.terms.length === 3 ? s.terms[1] : s.terms.at(-1);
  return lead !== undefined && isUnion(lead) ? lead : null;
}

/** The row an operand begins in, its brace included. */
function startRow([first]: readonly Expr[], explicit: boolean): number {
  const loc = first?.loc ?? null;
  if (loc === null) return 0;
  if (!explicit) return loc.row;
  const { text } = loc.source;
  return loc.row - (text.slice(text.lastIndexOf('{', loc.offset - 1), loc.offset).split('\n').length - 1);
}

/** The row an operand ends in, its brace included. */
function endRow(body: readonly Expr[], explicit: boolean): number {
  const loc = body.at(-1)?.loc ?? null;
  if (loc === null) return Infinity;
  return placeAt(loc, explicit ? Math.max(loc.source.text.indexOf('}', loc.end), loc.offset) : loc.end - 1).row;
}

function beginsWithBrace({ s }: Expr): boolean {
  if (s.k === 'term') return termBeginsWithBrace(s.term);
  if (s.k !== 'call' || INFIX[plainRef(s.terms[0]) ?? ''] === undefined) return false;
  return termBeginsWithBrace((s.terms.length === 4 ? s.terms[3] : s.terms[1]) as Term);
}

function termBeginsWithBrace({ v }: Term): boolean {
  switch (v.t) {
    case 'set': return v.terms.length > 0;
    case 'object': case 'setcomp': case 'objectcomp': return true;
    case 'ref': return termBeginsWithBrace(v.terms[0] as Term);
    case 'call': return v.terms.length === 3 && INFIX[plainRef(v.terms[0]) ?? ''] !== undefined && termBeginsWithBrace(v.terms[1] as Term);
    default: return false;
  }
}

function isPlainName(name: string, { loc }: Term, staysQuoted: (name: string) => boolean): boolean {
  const quoted = loc !== null && /^["`]/.test(textAt(loc));
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !(quoted && staysQuoted(name));
}
