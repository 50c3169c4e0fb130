// Bodies of Rego: literals with `not`, `some`, `every`, `with`, and the logical operators of `future.keywords.and` and `or`.
import { Expr, isVar, type Location, plainRef, type Term, textAt } from './ast.ts';
import { LogicParser } from './parser-logic.ts';

/** Infix words that are plain names until imported, with what the import would allow. */
const INFIX_WORDS: Readonly<Record<string, string>> = { in: 'x in xs', and: 'x and y', or: 'x or y' };

export class BodyParser extends LogicParser {
  protected body(end: string): Expr[] | null {
    return this.nested(() => this.query(false, end));
  }

  /** Literals up to `end`. @param single - a statement of a file, which ends where the next begins */
  protected query(single: boolean, end: string): Expr[] | null {
    if (this.is(end)) {
      this.error(this.loc, 'found empty body');
      return null;
    }
    const body: Expr[] = [];
    for (;;) {
      const expr = this.literal();
      if (expr === null) return null;
      body.push(expr);
      if (this.is(';')) {
        this.scan();
        continue;
      }
      if (this.is(end) || single) return body;
      if (!this.skippedNewline) {
        if (this.errors.length === 0) {
          this.hintInfix();
          this.illegal(`expected \\n or ; or ${end}`);
        }
        return null;
      }
    }
  }

  protected literal(): Expr | null {
    const start = this.loc;
    const expr = this.literalAt();
    if (expr === null) return null;
    expr.loc = this.span(start);
    if (expr.s.k === 'not' && !expr.s.explicit) for (const inner of expr.s.body) inner.loc = expr.loc;
    return expr;
  }

  private literalAt(): Expr | null {
    if (this.logical && this.is('{')) {
      const operand = this.leadingBody();
      if (operand !== undefined) return operand;
    }
    if (this.logical && this.is('(')) {
      const group = this.group_(false, '');
      if (group !== undefined) return group && this.foldLogical(group);
    }
    if (this.keywordAsRef()) return this.literalExpr(null);
    let not: Location | null = null;
    if (this.isNegation()) {
      not = this.loc;
      this.scan();
    }
    if (not !== null && this.notBodies && this.is('{')) {
      const negated = this.notBody(not);
      return negated && this.foldLogical({ body: [negated], explicit: false, loc: negated.loc as Location });
    }
    if (this.is('some')) return not === null ? this.some() : this.illegal("illegal negation of 'some'");
    if (this.is('every')) return not === null ? this.every() : this.illegal("illegal negation of 'every'");
    return this.literalExpr(not);
  }

  private literalExpr(not: Location | null): Expr | null {
    const mark = this.save();
    const start = this.loc;
    if (not !== null && this.notBodies && this.is('(')) {
      const group = this.group_(true, 'not ');
      if (group === null) return null;
      if (group !== undefined) {
        const loc = this.span(not);
        const negated = new Expr({ k: 'not', body: group.body, explicit: group.explicit }, loc);
        return this.foldLogical({ body: [negated], explicit: false, loc });
      }
    }
    let expr = this.expr();
    if (expr === null) return null;
    let withLoc: Location | null = null;
    if (this.is('with')) {
      withLoc = this.loc;
      const withs = this.withs();
      if (withs === null) return null;
      expr.with = withs;
    }
    this.hintEvery(expr, mark);
    if (not !== null && this.notBodies) {
      const withs = expr.with;
      expr.with = [];
      const loc = this.span(not);
      expr = new Expr({ k: 'not', body: [expr], explicit: false }, loc);
      expr.with = withs;
    } else expr.negated = not !== null;
    if (!this.atLogical()) return expr;
    if (withLoc !== null) {
      this.withOnOperand(withLoc);
      return null;
    }
    expr.loc ??= this.span(start);
    if (not === null && textAt(expr.loc).startsWith('{')) {
      const empty = expr.s.k === 'term' && expr.s.term.v.t === 'object' && expr.s.term.v.pairs.length === 0;
      if (empty) this.error(expr.loc, 'found empty body');
      else this.braceLedOperand(expr.loc, textAt(expr.loc), this.type);
      return null;
    }
    const chain = this.orChain({ body: [expr], explicit: false, loc: expr.loc });
    return chain && this.attachWith(chain);
  }

  private some(): Expr | null {
    const start = this.loc;
    const mark = this.save();
    this.scan();
    const term = this.infix();
    if (term?.v.t === 'call') {
      const name = plainRef(term.v.terms[0]);
      const wanted = name === 'internal.member_2' ? 3 : name === 'internal.member_3' ? 4 : null;
      if (wanted === null) return this.illegal('expected `x in xs` or `x, y in xs` expression');
      if (term.v.terms.length !== wanted) return this.illegal('illegal domain');
      return this.attachWith(new Expr({ k: 'some', symbols: [term], loc: start }, start));
    }
    this.restore(mark);
    this.hintSomeIn();
    const symbols: Term[] = [];
    do {
      this.scan();
      if (!this.is('identifier')) return this.illegal('expected var');
      symbols.push(this.name());
      this.scan();
    } while (this.is(','));
    return new Expr({ k: 'some', symbols, loc: start }, start);
  }

  private every(): Expr | null {
    const start = this.loc;
    this.scan();
    const term = this.infix();
    if (term === null) return null;
    const terms = term.v.t === 'call' ? term.v.terms : [];
    const name = plainRef(terms[0]);
    if (name !== 'internal.member_2' && name !== 'internal.member_3') return this.illegal('expected `x[, y] in xs { ... }` expression');
    const pair = name === 'internal.member_3';
    if (terms.length !== (pair ? 4 : 3)) return this.illegal('illegal domain');
    const [key, value, domain] = pair ? terms.slice(1) : [null, ...terms.slice(1)];
    if (pair && !isVar(key)) return this.illegal('expected key to be a variable');
    if (!isVar(value)) return this.illegal('expected value to be a variable');
    if (!this.is('{')) return this.illegal('missing body');
    this.scan();
    const body = this.body('}');
    if (body === null) return null;
    this.scan();
    return this.attachWith(new Expr({ k: 'every', key: key ?? null, value, domain: domain as Term, body, loc: start }, start));
  }

  /** Runs a reading as if every future keyword were imported; the state is as before afterwards. */
  private asIfImported(read: () => boolean): boolean {
    const mark = this.save();
    const { keywords, remembered } = this;
    for (const word of ['in', 'every', 'contains', 'if', 'not', 'and', 'or']) this.addKeyword(word);
    this.remembered = new Map();
    const found = read();
    this.keywords = keywords;
    this.remembered = remembered;
    this.restore(mark);
    return found;
  }

  private isMembership(term: Term | null): boolean {
    return term?.v.t === 'call' && (plainRef(term.v.terms[0]) ?? '').startsWith('internal.member_');
  }

  private hintSomeIn(): void {
    if (this.version === 1) return;
    const found = this.asIfImported(() => {
      this.scan();
      return this.isMembership(this.infix());
    });
    if (found) this.hint('`import future.keywords.in` for `some x in xs` expressions');
  }

  private hintEvery(expr: Expr, mark: ReturnType<BodyParser['save']>): void {
    if (this.version === 1 || expr.s.k !== 'term' || !isVar(expr.s.term) || expr.s.term.v.name !== 'every') return;
    const found = this.asIfImported(() => {
      this.restore(mark);
      return this.every()?.s.k === 'every';
    });
    if (found) this.hint('`import future.keywords.every` for `every x in xs { ... }` expressions');
  }

  private hintInfix(): void {
    if (this.hints.length > 0) return;
    let word = 'in';
    if (this.is('identifier')) word = this.token.lit;
    else if (this.is(',')) {
      const found = this.asIfImported(() => {
        this.scan();
        return this.isMembership(this.infix());
      });
      if (!found) return;
    } else return;
    const example = INFIX_WORDS[word];
    if (example !== undefined) this.hint(`\`import future.keywords.${word}\` for \`${example}\` expressions`);
  }
}
