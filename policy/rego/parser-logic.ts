// Operands of Rego's logic: `not { … }`, `and`, `or` and their groups, and the `with` that may follow.
import { BUILTINS } from '../builtins/registry.ts';
import { Expr, type Location, operatorOf, plainRef, reference, type Term, textAt, valueName, variable, type With } from './ast.ts';
import { shown } from './parser-state.ts';
import { TermParser } from './parser-terms.ts';

/** An operand of `and` or `or`: a body in braces is explicit. */
interface Operand {
  readonly body: Expr[];
  readonly explicit: boolean;
  readonly loc: Location;
}

export abstract class LogicParser extends TermParser {
  protected get logical(): boolean {
    return this.isWord('and') || this.isWord('or');
  }

  protected atLogical(): boolean {
    return this.is('and') || this.is('or');
  }

  protected isNegation(): boolean {
    return this.is('not') && this.peek() !== '.' && this.peek() !== '[';
  }

  protected expr(): Expr | null {
    const lhs = this.infix();
    if (lhs === null) return null;
    if (this.is('assign') || this.is('eq')) {
      const loc = this.loc;
      const operator = reference([variable(this.type, loc)], loc);
      this.scan();
      const rhs = this.infix();
      return rhs && new Expr({ k: 'call', terms: [operator, lhs, rhs] });
    }
    return lhs.v.t === 'call' ? new Expr({ k: 'call', terms: lhs.v.terms }) : new Expr({ k: 'term', term: lhs });
  }

  protected withs(): With[] | null {
    const withs: With[] = [];
    do {
      const start = this.loc;
      this.scan();
      if (!this.is('identifier')) return this.illegal('expected ident');
      const target = this.term();
      if (target === null) return null;
      if (target.v.t !== 'ref' && target.v.t !== 'var') this.illegal('expected with target path');
      if (!this.is('as')) return this.illegal('expected as keyword');
      this.scan();
      const value = this.infix();
      if (value === null) return null;
      withs.push({ target, value, loc: this.span(start) });
    } while (this.is('with'));
    return withs;
  }

  protected attachWith(expr: Expr): Expr | null {
    if (this.is('with')) {
      const withs = this.withs();
      if (withs === null) return null;
      expr.with = withs;
    }
    return expr;
  }

  protected notBody(not: Location): Expr | null {
    const brace = this.loc;
    const mark = this.save();
    this.scan();
    const empty = this.is('}');
    const body = this.body('}');
    if (body === null) {
      if (empty) return null;
      const failed = this.save();
      this.restore(mark);
      const term = this.infix();
      if (term === null) {
        this.restore(failed);
        return null;
      }
      const operand = textAt(this.span(brace));
      this.hint(`write \`not (${operand})\` to negate the value, or \`not {${operand}}\` for a body holding it`);
      this.error(brace, `\`{...}\` in an operand position must contain expression(s), got: ${valueName(braceLed(term))}`);
      return null;
    }
    this.scan();
    if (isAmbiguousUnion(body)) {
      this.ambiguousUnion(brace, body, 'not ');
      return null;
    }
    return new Expr({ k: 'not', body, explicit: true }, this.span(not));
  }

  /** `{ body } and …` at the start of a literal; undefined where the braces are something else. */
  protected leadingBody(): Expr | null | undefined {
    const mark = this.save();
    const remembered = new Map(this.remembered);
    const start = this.loc;
    this.scan();
    const body = this.body('}');
    if (body !== null) {
      this.scan();
      if (this.atLogical()) {
        if (isAmbiguousUnion(body)) {
          this.ambiguousUnion(start, body, '');
          return null;
        }
        const chain = this.orChain({ body, explicit: true, loc: start });
        return chain && this.attachWith(chain);
      }
    }
    this.restore(mark);
    this.remembered = remembered;
    return undefined;
  }

  protected foldLogical({ body, explicit, loc }: Operand): Expr | null {
    if (!this.atLogical()) return this.attachWith(body[0] as Expr);
    const chain = this.orChain({ body, explicit, loc });
    return chain && this.attachWith(chain);
  }

  protected orChain(first: Operand): Expr | null {
    return this.nested(() => {
      let lhs: Operand | null = this.is('and') ? this.andChain(first) : first;
      while (lhs !== null && this.is('or')) {
        this.scan();
        let rhs = this.operand('or');
        if (rhs === null) return null;
        if (this.is('and')) rhs = this.andChain(rhs);
        if (rhs === null) return null;
        lhs = this.join('or', lhs, rhs);
      }
      return lhs && (lhs.body[0] as Expr);
    });
  }

  protected andChain(first: Operand): Operand | null {
    return this.nested(() => {
      let lhs = first;
      while (this.is('and')) {
        this.scan();
        const rhs = this.operand('and');
        if (rhs === null) return null;
        lhs = this.join('and', lhs, rhs);
      }
      return lhs;
    });
  }

  protected join(k: 'and' | 'or', lhs: Operand, rhs: Operand): Operand {
    for (const side of [lhs, rhs]) this.checkVoid(side.body, k);
    const loc = this.span(lhs.loc);
    const joined = new Expr({ k, lhs: lhs.body, rhs: rhs.body, explicitLhs: lhs.explicit, explicitRhs: rhs.explicit }, loc);
    return { body: [joined], explicit: false, loc };
  }

  /** @param operator - empty where the caller only tries and goes back on failure */
  protected operand(operator: string): Operand | null {
    if (this.is('{')) return this.bodyOperand(operator);
    let not: Location | null = null;
    if (this.isNegation()) {
      not = this.loc;
      this.scan();
    }
    if (not !== null && this.notBodies && this.is('{')) {
      const negated = this.notBody(not);
      return negated && { body: [negated], explicit: false, loc: negated.loc as Location };
    }
    if (this.is('(') && this.logical && (not === null || this.notBodies)) {
      const group = this.group_(true, not === null ? '' : 'not ');
      if (group === null) return null;
      if (group !== undefined) {
        if (not === null) return group;
        const loc = this.span(not);
        return { body: [new Expr({ k: 'not', body: group.body, explicit: group.explicit }, loc)], explicit: false, loc };
      }
    }
    const start = this.loc;
    let expr = this.expr();
    if (expr === null) return null;
    expr.loc ??= this.span(start);
    if (not !== null && this.notBodies) expr = new Expr({ k: 'not', body: [expr], explicit: false }, this.span(not));
    else if (not !== null) expr.negated = true;
    return { body: [expr], explicit: false, loc: expr.loc as Location };
  }

  protected bodyOperand(operator: string): Operand | null {
    const start = this.loc;
    const mark = this.save();
    this.scan();
    const empty = this.is('}');
    const body = this.body('}');
    if (body !== null) {
      this.scan();
      if (isAmbiguousUnion(body)) this.ambiguousUnion(start, body, '');
      return { body, explicit: true, loc: start };
    }
    if (empty || operator === '') return null;
    const failed = this.save();
    this.restore(mark);
    if (this.infix() === null) this.restore(failed);
    else this.braceLedOperand(start, textAt(this.span(start)), operator);
    return null;
  }

  /** Parentheses round logical operands; undefined where they hold a term, null after an error. */
  protected group_(isOperand: boolean, prefix: string): Operand | null | undefined {
    return this.nested<{ group: Operand | null | undefined }>(() => ({ group: this.groupAt(isOperand, prefix) }))?.group;
  }

  protected groupAt(isOperand: boolean, prefix: string): Operand | null | undefined {
    const mark = this.save();
    const open = this.loc;
    const back = () => this.restore(mark);
    this.scan();
    if (this.is(')')) {
      if (isOperand) {
        this.error(open, 'empty parenthesized group');
        return null;
      }
      return back() as undefined;
    }
    const lhs = this.operand('');
    if (lhs === null) return back() as undefined;
    if (this.atLogical()) {
      const chain = this.orChain(lhs);
      const whole = chain && this.attachWith(chain);
      return whole && this.close() ? { body: [whole], explicit: false, loc: this.span(open) } : null;
    }
    const [only] = lhs.body as [Expr];
    if (this.is('with') && !lhs.explicit && lhs.body.length === 1) {
      const withLoc = this.loc;
      if (this.attachWith(only) === null) return null;
      if (this.atLogical()) {
        this.withOnOperand(withLoc);
        return null;
      }
      if (!this.close()) return null;
      if (isOperand || this.atLogical()) return { ...lhs, explicit: false, loc: this.span(open) };
      return back() as undefined;
    }
    if (lhs.explicit) {
      const braces = textAt(this.span(lhs.loc));
      back();
      this.scan();
      const term = this.term();
      back();
      if (term !== null) return undefined;
      this.hint(`drop the parens to keep the body: \`${prefix}${braces}\``);
      this.error(open, '`(...)` in an operand position cannot contain a body');
      return null;
    }
    const nested = lhs.body.length === 1 && (only.s.k === 'and' || only.s.k === 'or' || only.s.k === 'not' || only.negated);
    if (!nested) return back() as undefined;
    return this.close() ? { ...lhs, explicit: false, loc: this.span(open) } : null;
  }

  protected close(): boolean {
    if (!this.is(')')) {
      this.error(this.loc, 'expected ) to close parenthesized group');
      return false;
    }
    this.scan();
    return true;
  }

  protected withOnOperand(loc: Location): void {
    const word = shown(this.type);
    this.hint(`Wrap the operand in \`(...)\` or \`{...}\` to scope, or move \`with\` after the \`${word}\` expression to apply it to the whole expression`);
    this.error(loc, `\`with\` modifier is not allowed on operand of \`${word}\``);
  }

  protected braceLedOperand(loc: Location, operand: string, operator: string): void {
    this.hint(`wrap the operand to keep the value: \`(${operand}) ${operator} ...\``);
    this.error(loc, `operand of \`${operator}\` cannot begin with \`{\` unless the braces hold a body`);
  }

  protected ambiguousUnion(start: Location, body: Expr[], prefix: string): void {
    const braces = textAt(this.span(start));
    const first = (body[0] as Expr).loc as Location;
    const at = first.offset - start.offset;
    const inner = textAt(first);
    const union = `${braces.slice(0, at)}(${inner})${braces.slice(at + inner.length)}`;
    this.hint(`write \`${prefix}(${braces})\` for the comprehension, or \`${prefix}${union}\` for the set union`);
    this.error(start, 'ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, not as a comprehension');
  }

  protected checkVoid(body: readonly Expr[], operator: string): void {
    const names = body.map((expr) => (expr.negated ? null : operatorOf(expr)));
    if (!names.every((name) => name !== null && BUILTINS.get(name)?.type.endsWith('=> none') === true)) return;
    const name = names[0] as string;
    this.hint(`\`${name}\` produces no value and always succeeds, so the operand can never fail; move it out of the operand,`
      + ' or add an expression that can fail');
    this.error((body[0] as Expr).loc as Location, `operand of \`${operator}\` cannot consist only of calls to \`${name}\``);
  }
}

/** A body whose first expression is a bare infix `|`: in braces it reads as a comprehension too. */
function isAmbiguousUnion(body: readonly Expr[]): boolean {
  const first = body[0];
  if (first === undefined || first.s.k !== 'call' || operatorOf(first) !== 'or') return false;
  const operator = (first.s.terms[0] as Term).loc;
  return operator !== null && textAt(operator) === '|' && (first.loc === null || !textAt(first.loc).trimStart().startsWith('('));
}

const INFIX_CALLS = new Set(['plus', 'minus', 'mul', 'div', 'rem', 'and', 'or', 'eq', 'equal', 'assign', 'neq', 'gt', 'lt', 'gte', 'lte',
  'internal.member_2', 'internal.member_3']);

/** What the leading brace of a term opens: the leftmost operand of infix calls. */
function braceLed(term: Term): Term {
  return term.v.t === 'call' && INFIX_CALLS.has(plainRef(term.v.terms[0]) ?? '') ? braceLed(term.v.terms[1] as Term) : term;
}
