// Terms of Rego: scalars, refs, calls, collections, comprehensions, template strings, and infix operators by precedence.
import { distinctTerms, type Expr, formatNode, isAssignment, isEquality, isVar, type Location, reference, scalar, Term, valueName, variable } from './ast.ts';
import type { PolicyError } from './errors.ts';
import { Num } from './number.ts';
import { isKeyword, ParserState, shown } from './parser-state.ts';

/** Infix operators from the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ['equal', 'neq', 'lt', 'gt', 'lte', 'gte'], ['|'], ['&'], ['plus', 'minus'], ['mul', 'div', 'rem'],
];
const LEVEL_OF: ReadonlyMap<string, number> = new Map(LEVELS.flatMap((operators, level) => operators.map((type) => [type, level])));

const NONE: readonly PolicyError[] = [];

interface Remembered {
  readonly term: Term | null;
  readonly after: ReturnType<TermParser['save']>;
  readonly added: readonly PolicyError[];
}

export abstract class TermParser extends ParserState {
  /** Terms already read, by where they begin: trying a comprehension, then a set, would else be exponential in nesting. */
  protected remembered = new Map<number, Remembered>();

  protected abstract body(end: string): Expr[] | null;
  protected abstract literal(): Expr | null;

  /** A term with infix operators, `in` included; outside lists, `k, v in xs` as well. */
  protected infix(): Term | null {
    return this.nested(() => this.membership(null, true, this.loc));
  }

  protected infixInList(): Term | null {
    return this.nested(() => this.membership(null, false, this.loc));
  }

  private membership(given: Term | null, pairs: boolean, start: Location): Term | null {
    const lhs = given ?? this.level(0, start);
    if (lhs === null) return null;
    if (pairs && this.is(',')) {
      const mark = this.save();
      this.scan();
      const middle = this.level(0, start);
      if (middle !== null && this.is('in')) {
        const found = this.memberCall('member_3', [lhs, middle], start, pairs);
        if (found !== null) return found;
      }
      this.restore(mark);
    }
    this.keywordAsRef();
    if (this.is('in')) {
      const found = this.memberCall('member_2', [lhs], start, pairs);
      if (found !== null) return found;
    }
    return lhs;
  }

  private memberCall(name: string, operands: Term[], start: Location, pairs: boolean): Term | null {
    const loc = this.loc;
    this.scan();
    const rhs = this.level(0, this.loc);
    if (rhs === null) return null;
    const operator = reference([variable('internal', loc), scalar(name, loc)], loc);
    const call = new Term({ t: 'call', terms: [operator, ...operands, rhs] }, this.span(operands[0]?.loc ?? start));
    return this.is('in') ? this.membership(call, pairs, start) : call;
  }

  /** A term and the operators after it, none looser than `loosest`; the operands of one bind tighter than it. */
  private level(loosest: number, start: Location): Term | null {
    let lhs = this.term();
    for (let tightest = LEVELS.length; lhs !== null;) {
      const level = LEVEL_OF.get(this.type);
      if (level === undefined || level < loosest || level > tightest) break;
      const loc = this.loc;
      const operator = reference([variable(shown(this.type), loc)], loc);
      this.scan();
      const rhs = this.level(level + 1, this.loc);
      tightest = rhs === null ? level - 1 : level;
      if (rhs === null) continue;
      const from: Location = lhs.loc ?? start;
      lhs = new Term({ t: 'call', terms: [operator, lhs, rhs] }, this.span({ ...from, offset: start.offset }));
    }
    return lhs;
  }

  protected term(): Term | null {
    return this.nested(() => {
      // A keyword taken as a name reads differently from the same place.
      const place = this.loc.offset * 2 + (this.is('identifier') ? 1 : 0);
      const known = this.remembered.get(place);
      if (known !== undefined) {
        this.restore({ ...known.after, errors: known.added.length === 0 ? this.errors : [...this.errors, ...known.added] });
        return known.term;
      }
      const before = this.errors.length;
      const term = this.freshTerm();
      this.remembered.set(place, { term, after: this.save(), added: this.errors.length === before ? NONE : this.errors.slice(before) });
      return term;
    });
  }

  private freshTerm(): Term | null {
    // `and(x, y)` is a call of the built-in even where `and` is a keyword.
    if ((this.is('and') || this.is('or')) && this.peek() === '(') this.type = 'identifier';
    let minus: Location | null = null;
    let term: Term | null = null;
    switch (this.type) {
      case 'null': case 'true': case 'false':
        term = scalar(this.is('null') ? null : this.is('true'), this.loc);
        break;
      case 'minus': {
        const loc = this.loc;
        const mark = this.save();
        this.scan();
        if (this.is('identifier') || this.is('contains')) {
          minus = loc;
          term = this.name();
        } else {
          this.restore(mark);
          term = this.number();
        }
        break;
      }
      case '.': case 'number': term = this.number(); break;
      case 'string': term = this.string(); break;
      case 'template-string-part': case 'template-string-end': term = this.template(false); break;
      case 'raw-template-string-part': case 'raw-template-string-end': term = this.template(true); break;
      case 'identifier': case 'contains': term = this.name(); break;
      case '[': term = this.nested(() => this.array()); break;
      case '{': term = this.nested(() => this.setOrObject()); break;
      case '(': term = this.group(); break;
      default: this.illegal();
    }
    term = this.finish(term, false);
    if (minus === null || term === null) return term;
    const operator = reference([variable('minus')]);
    return new Term({ t: 'call', terms: [operator, scalar(0, minus), term] }, this.span(minus));
  }

  private group(): Term | null {
    const start = this.loc;
    this.scan();
    const inner = this.infix();
    if (inner === null) return null;
    if (!this.is(')')) {
      this.error(this.loc, 'non-terminated expression');
      return null;
    }
    inner.loc = { ...(inner.loc ?? start), offset: start.offset, end: this.end };
    return inner;
  }

  /** Goes past a term, and on into a ref or call where a bracket or dot follows without white space. */
  private finish(head: Term | null, skipSpace: boolean): Term | null {
    if (head === null) return null;
    const start = this.loc;
    this.scan(skipSpace);
    if (this.is('(') || this.is('.') || this.is('[')) return this.ref(head, start);
    if (this.is('whitespace')) this.scan();
    return rootAsRef(head);
  }

  protected headFinish(head: Term): Term | null {
    const start = this.loc;
    this.scan(false);
    const infix = LEVELS.flat();
    if (infix.includes(this.type)) this.illegal();
    else if (this.is('whitespace')) this.scan(true);
    if (this.is('(') || this.is('.') || this.is('[')) return this.ref(head, start);
    if (this.is('whitespace')) this.scan();
    return rootAsRef(head);
  }

  private number(): Term | null {
    const loc = this.loc;
    let prefix = '';
    if (this.is('minus')) {
      prefix = '-';
      this.scan();
      if (!this.is('number') && !this.is('.')) return this.illegal('expected number');
    }
    if (this.is('.')) {
      prefix += '.';
      this.scan();
      if (!this.is('number')) return this.illegal('expected number');
    }
    const lit = this.token.lit;
    if (!prefix.endsWith('.') && /^0[^.eE]/.test(lit)) return this.illegal('expected number without leading zero');
    // `.5` is a number here; JSON wants the zero before it.
    const value = Num.parse((prefix + lit).replace(/^(-?)\./, '$10.'));
    if (value === null) {
      this.error(this.loc, 'number too big');
      return null;
    }
    return scalar(value, loc);
  }

  private string(): Term | null {
    const { lit } = this.token;
    const loc = this.loc;
    if (lit.startsWith('`')) return lit.length < 2 ? null : scalar(lit.slice(1, -1), loc);
    const text = unescape(lit);
    if (text === null) {
      this.error(loc, `illegal string literal: ${lit}`);
      return null;
    }
    return scalar(text, loc);
  }

  private template(raw: boolean): Term | null {
    const start = this.loc;
    if (this.version === 0) {
      this.error(start, 'template strings are not supported by current capabilities');
      return null;
    }
    const parts: (Term | Expr)[] = [];
    for (;;) {
      const { lit } = this.token;
      const text = raw ? lit.slice(1, -1) : unescape(`"${lit.slice(1, -1)}"`);
      if (text === null) {
        this.error(this.loc, `illegal template-string part: ${lit}`);
        return null;
      }
      if (text !== '') parts.push(scalar(text, this.loc));
      if (this.type.endsWith('-end')) break;
      const comments = this.commentCount;
      this.scan();
      const commented = this.commentCount !== comments;
      const expr = this.literal();
      if (expr === null) {
        this.error(this.loc, 'invalid template-string expression');
        return null;
      }
      const wrong = unfitForTemplate(expr);
      if (wrong !== null) {
        this.error(expr.loc ?? this.loc, `unexpected ${wrong} in template-string expression`);
        return null;
      }
      const simple = expr.s.k === 'term' && expr.s.term.v.t === 'scalar' && !commented;
      parts.push(simple && expr.s.k === 'term' ? expr.s.term : expr);
      if (!this.is('}')) {
        this.error(this.loc, 'expected } to end template string expression');
        return null;
      }
      this.scan(false);
    }
    return new Term({ t: 'template', parts, raw }, this.span(start, this.end));
  }

  protected keywordAllowedInRef(type: string): boolean {
    return isKeyword(type, this.version) || this.isWord(type);
  }

  /** A keyword followed at once by a dot or bracket is a name. */
  protected keywordAsRef(): boolean {
    if (!this.keywordAllowedInRef(this.type) || (this.peek() !== '.' && this.peek() !== '[')) return false;
    this.type = 'identifier';
    return true;
  }

  protected name(): Term {
    const { lit } = this.token;
    return variable(lit === '_' ? `$${this.wildcard++}` : lit, this.loc);
  }

  private ref(head: Term, start: Location): Term | null {
    return this.nested(() => {
      const from = { ...(head.loc ?? start), offset: start.offset };
      if (!['var', 'array', 'object', 'set', 'arraycomp', 'objectcomp', 'setcomp', 'call'].includes(head.v.t)) {
        this.error(head.loc ?? start, `illegal ref (head cannot be ${valueName(head)})`);
      }
      const terms = [head];
      for (;;) {
        switch (this.type) {
          case '.':
            this.scan(false);
            if (!this.is('identifier') && !this.keywordAllowedInRef(this.type)) return this.illegal('expected identifier');
            terms.push(scalar(this.token.lit, this.loc));
            this.scan(false);
            break;
          case '(': return this.callAndOn(reference(terms, this.span(from, this.loc.offset)), start, from);
          case '[': {
            this.scan();
            const key = this.infix();
            if (key === null) return null;
            if (!this.is(']')) return this.illegal('expected [');
            terms.push(key);
            this.scan(false);
            break;
          }
          case 'whitespace': {
            const loc = this.span(from);
            this.scan();
            return reference(terms, loc);
          }
          default: return reference(terms, this.span(from));
        }
      }
    });
  }

  private callAndOn(operator: Term, start: Location, from: Location): Term | null {
    const call = this.call(operator, from);
    if (call === null) return null;
    if (this.is('whitespace')) this.scan();
    else if (this.is('.') || this.is('[')) return this.ref(call, start);
    return call;
  }

  private call(operator: Term, from: Location): Term | null {
    this.scan();
    const operands = this.is(')') ? [] : this.list(')', []);
    if (operands === null) return null;
    const loc = this.span(from, this.end);
    this.scan(false);
    if (operands.length === 0 && formatNode(operator) === 'set') return new Term({ t: 'set', terms: [] }, loc);
    return new Term({ t: 'call', terms: [operator, ...operands] }, loc);
  }

  /** Terms up to `end`, a trailing comma allowed; the current token is then `end`. */
  private list(end: string, terms: Term[]): Term[] | null {
    while (!this.is(end)) {
      const term = this.infixInList();
      if (term === null) return null;
      terms.push(term);
      if (this.is(',')) this.scan();
      else if (!this.is(end)) return this.illegal(`expected "," or "${end}"`);
    }
    return terms;
  }

  private array(): Term | null {
    const start = this.loc;
    const done = (v: Term['v']) => new Term(v, this.span(start, this.end));
    this.scan();
    if (this.is(']')) return done({ t: 'array', terms: [] });
    const bare = !this.is(',');
    if (!bare) this.scan();
    const mark = this.save();
    const head = this.term();
    if (head === null) return null;
    if (this.is(']')) return done({ t: 'array', terms: [head] });
    if (this.is(',')) {
      this.scan();
      const terms = this.list(']', [head]);
      return terms && done({ t: 'array', terms });
    }
    if (this.is('|') && bare) {
      this.scan();
      const body = this.body(']');
      if (body !== null) return done({ t: 'arraycomp', head, body });
      if (!this.is(',')) return null;
    }
    this.restore(mark);
    const terms = this.list(']', []);
    return terms && done({ t: 'array', terms });
  }

  private setOrObject(): Term | null {
    const start = this.loc;
    const done = (v: Term['v'] | null) => v && new Term(v, this.span(start, this.end));
    this.scan();
    if (this.is('}')) return done({ t: 'object', pairs: [] });
    const bare = !this.is(',');
    if (!bare) this.scan();
    const mark = this.save();
    const head = this.term();
    if (head === null) return null;
    if ((this.is('|') && bare) || this.is('}') || this.is(',')) return done(this.set(mark, head, bare));
    if (this.is(':')) return done(this.object(head, bare));
    this.restore(mark);
    const again = this.infixInList();
    if (again === null) return null;
    if (this.is('}') || this.is(',')) return done(this.set(mark, again, false));
    if (this.is(':')) return done(this.object(again, bare));
    return this.illegal('non-terminated set');
  }

  private set(mark: ReturnType<TermParser['save']>, head: Term, comprehension: boolean): Term['v'] | null {
    if (this.is('}')) return { t: 'set', terms: [head] };
    if (this.is(',')) {
      this.scan();
      const terms = this.list('}', [head]);
      return terms && { t: 'set', terms: distinctTerms(terms) };
    }
    if (comprehension) {
      this.scan();
      const body = this.body('}');
      if (body !== null) return { t: 'setcomp', head, body };
      if (!this.is(',')) return null;
    }
    this.restore(mark);
    const terms = this.list('}', []);
    return terms && { t: 'set', terms: distinctTerms(terms) };
  }

  private object(key: Term, comprehension: boolean): Term['v'] | null {
    this.scan();
    const mark = this.save();
    const value = this.term();
    if (value === null) return null;
    if (comprehension) {
      if (this.is('}') || this.is(',')) return this.objectRest(key, value, true);
      if (this.is('|')) {
        const found = this.objectRest(key, value, true);
        if (found !== null) return found;
      }
    }
    this.restore(mark);
    const again = this.infixInList();
    if (again === null) return null;
    if (this.is('}') || this.is(',')) return this.objectRest(key, again, false);
    return this.illegal('non-terminated object');
  }

  private objectRest(key: Term, value: Term, comprehension: boolean): Term['v'] | null {
    if (this.is('}')) return { t: 'object', pairs: [[key, value]] };
    if (this.is('|')) {
      if (!comprehension) return this.illegal('non-terminated object');
      this.scan();
      const body = this.body('}');
      return body && { t: 'objectcomp', key, head: value, body };
    }
    this.scan();
    const pairs = this.pairs([[key, value]]);
    return pairs && { t: 'object', pairs };
  }

  private pairs(found: [Term, Term][]): [Term, Term][] | null {
    while (!this.is('}')) {
      const key = this.infixInList();
      if (key === null) return null;
      if (!this.is(':')) return this.illegal('expected ":"');
      this.scan();
      const value = this.infixInList();
      if (value === null) return null;
      found.push([key, value]);
      if (this.is(',')) this.scan();
      else if (!this.is('}')) return this.illegal('expected "," or "}"');
    }
    return found;
  }
}

/** `input` and `data` alone are refs of one term. */
function rootAsRef(head: Term): Term {
  return isVar(head) && (head.v.name === 'input' || head.v.name === 'data') ? reference([head], head.loc) : head;
}

function unescape(quoted: string): string | null {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return (JSON.parse(quoted) as string).toWellFormed();
  } catch {
    return null;
  }
}

function unfitForTemplate(expr: Expr): string | null {
  if (expr.negated) return "negation ('not')";
  if (isEquality(expr)) return "unification ('=')";
  if (isAssignment(expr)) return "assignment (':=')";
  if (expr.s.k === 'every' || expr.s.k === 'some') return `'${expr.s.k}'`;
  return null;
}
