// Bodies as chains of steps: each expression tests or binds and calls the next; a loop tries the next for each of its values.
import { Expr, isEquality, isRef, isVar, operatorOf, type Term, type TermValue } from '../ast.ts';
import { equalValues, type Key, keyOf, ObjectBuilder, RegoSet, isArray, RegoObject, type Value } from '../value.ts';
import { EvaluationError } from '../errors.ts';
import { charge, ENTRY_CELLS, LIST_CELLS, LIST_ELEMENT_CELLS, MEMBER_CELLS, OBJECT_CELLS, SET_CELLS } from '../meter.ts';
import { compileCall } from './calls.ts';
import { joinStep } from './joins.ts';
import type { Get, Slots, Step, Then } from './machine.ts';
import type { Program } from './program.ts';
import { compileDataKeys, compileKeys, follow, groundKeys } from './refs.ts';
import type { Scope } from './scope.ts';
import { compileGet, compileMatch, compileUnify, headBound } from './terms.ts';
import { withStep } from './with.ts';

type Comprehension = Extract<TermValue, { body: Expr[] }>;

export class BodyCompiler {
  readonly program: Program;

  constructor(program: Program) {
    this.program = program;
  }

  /** @param last - made when everything in the body is bound */
  body(body: readonly Expr[], scope: Scope, last: () => Step): Step {
    return this.#from(body, 0, scope, last);
  }

  #from(body: readonly Expr[], i: number, scope: Scope, last: () => Step): Step {
    const expr = body[i];
    if (expr === undefined) return last();
    const joined = this.program.traced ? null : joinStep(body, i, scope, this);
    if (joined !== null) return joined(() => this.#from(body, i + 1, scope, last));
    return this.expr(expr, scope, () => this.#from(body, i + 1, scope, last));
  }

  /** One expression and what follows it. */
  expr(expr: Expr, scope: Scope, next: () => Step): Step {
    const step = expr.with.length > 0 ? withStep(expr, scope, this, next) : this.plain(expr, scope, next);
    const { loc } = expr;
    if (!this.program.traced || loc === null) return step;
    return (m, r) => {
      m.visited.add(loc);
      return step(m, r);
    };
  }

  plain(expr: Expr, scope: Scope, next: () => Step): Step {
    if (expr.negated) {
      const inner = new Expr(expr.s, expr.loc);
      const test = this.plain(inner, scope.nested(), () => found);
      const then = next();
      return (m, r) => !test(m, r) && then(m, r);
    }
    const s = expr.s;
    switch (s.k) {
      case 'term': return this.#term(s.term, scope, next);
      case 'call': {
        const [, a, b] = s.terms;
        if (isEquality(expr) && s.terms.length === 3) return compileUnify(a as Term, b as Term, scope, this, next);
        return compileCall(expr, operatorOf(expr), s.terms, scope, this, next);
      }
      case 'not': {
        const test = this.body(s.body, scope.nested(), () => found);
        const then = next();
        return (m, r) => !test(m, r) && then(m, r);
      }
      case 'and': case 'or': {
        const lhs = this.body(s.lhs, scope.nested(), () => found);
        const rhs = this.body(s.rhs, scope.nested(), () => found);
        const then = next();
        if (s.k === 'and') return (m, r) => lhs(m, r) && rhs(m, r) && then(m, r);
        return (m, r) => (lhs(m, r) || rhs(m, r)) && then(m, r);
      }
      case 'every': return this.#every(s, scope, next);
      default: throw new TypeError('a declaration is left after rewriting');
    }
  }

  #term(term: Term, scope: Scope, next: () => Step): Step {
    if (isRef(term) && !scope.isGround(term)) return this.refSteps(term.v.terms, scope, () => {
      const then = next();
      return (m, r, value) => value !== false && then(m, r);
    });
    const get = compileGet(term, scope, this);
    const then = next();
    return (m, r) => {
      const value = get(m, r);
      return value !== undefined && value !== false && then(m, r);
    };
  }

  #every(s: Expr['s'] & { k: 'every' }, scope: Scope, next: () => Step): Step {
    const domain = compileGet(s.domain, scope, this);
    const inner = scope.nested();
    const slot = (term: Term | null) => (isVar(term) ? inner.bind(term.v.name) : -1);
    const [key, value] = [slot(s.key), slot(s.value)];
    const test = this.body(s.body, inner, () => found);
    const then = next();
    const holds = (m: Parameters<Step>[0], r: Slots, k: Value, v: Value) => {
      m.spend(1);
      if (key >= 0) r[key] = k;
      if (value >= 0) r[value] = v;
      return test(m, r);
    };
    return (m, r) => {
      const all = domain(m, r);
      if (isArray(all)) {
        for (let i = 0; i < all.length; i++) if (!holds(m, r, i, all[i] as Value)) return false;
      } else if (all instanceof RegoSet) {
        for (const member of all.sorted) if (!holds(m, r, member, member)) return false;
      } else if (all instanceof RegoObject) {
        for (const [k, v] of all) if (!holds(m, r, k, v)) return false;
      } else return false;
      return then(m, r);
    };
  }

  /** One pair of a unification; what it binds is bound for what is compiled after it. */
  pair(a: Term, b: Term, scope: Scope): (then: Step) => Step {
    const [ga, gb] = [scope.isGround(a), scope.isGround(b)];
    if (ga && gb) {
      const [x, y] = [compileGet(a, scope, this), compileGet(b, scope, this)];
      return (then) => (m, r) => {
        const left = x(m, r);
        if (left === undefined) return false;
        const right = y(m, r);
        return right !== undefined && equalValues(left, right) && then(m, r);
      };
    }
    if (ga || gb) {
      const [ground, other] = ga ? [a, b] : [b, a];
      if (isRef(other)) return this.#iterate(other, scope, ground);
      const get = compileGet(ground, scope, this);
      if (isVar(other)) {
        const slot = scope.bind(other.v.name);
        return (then) => (m, r) => {
          const value = get(m, r);
          if (value === undefined) return false;
          r[slot] = value;
          return then(m, r);
        };
      }
      const match = compileMatch(other, scope, this);
      return (then) => (m, r) => {
        const value = get(m, r);
        return value !== undefined && match(m, r, value) && then(m, r);
      };
    }
    const [source, other] = headBound(a, scope) ? [a, b] : [b, a];
    return this.#iterate(source, scope, other);
  }

  /** A ref with free keys, each of whose values is matched with the other side. */
  #iterate(source: Term, scope: Scope, other: Term): (then: Step) => Step {
    let after: Step = () => false;
    const step = this.refSteps((source.v as { terms: Term[] }).terms, scope, (): Then => {
      if (isRef(other) && !scope.isGround(other)) {
        const slot = scope.layout.fresh();
        const inner = this.refSteps(other.v.terms, scope, () => (m, r, value) => equalValues(r[slot] as Value, value) && after(m, r));
        return (m, r, value) => {
          r[slot] = value;
          return inner(m, r);
        };
      }
      const match = compileMatch(other, scope, this);
      return (m, r, value) => match(m, r, value) && after(m, r);
    });
    return (then) => {
      after = then;
      return step;
    };
  }

  /** Every value of a ref; free keys are bound as it goes. */
  refSteps(terms: readonly Term[], scope: Scope, then: () => Then): Step {
    const [head, ...rest] = terms as [Term, ...Term[]];
    scope.loops++;
    if (isVar(head) && head.v.name === 'data') return this.dataSteps(rest, scope, then);
    const get = compileGet(head, scope, this);
    const steps = compileKeys(rest, scope, this, then);
    return (m, r) => {
      const value = get(m, r);
      return value !== undefined && steps(m, r, value);
    };
  }

  dataSteps(terms: readonly Term[], scope: Scope, then: () => Then): Step {
    return compileDataKeys(this.program.root, terms, scope, this, then);
  }

  /** A ref from `data` whose path to the rules is constant: no tree to walk unless `with` replaced something. */
  dataGet(terms: readonly Term[], scope: Scope): Get | null {
    let node = this.program.root;
    for (const [i, term] of terms.entries()) {
      const child = term.v.t === 'scalar' ? node.child(term.v.value) : null;
      if (child === null) return null;
      const rest = child === undefined ? terms : terms.slice(i + 1);
      const keys = child === undefined || child.group !== null ? groundKeys(rest, scope, this) : [];
      if (keys === null) return null;
      if (child === undefined) return (m, r) => follow(m, r, m.data, keys, true);
      if (child.group !== null) {
        const { group } = child;
        let found: Value | undefined;
        const slow = this.dataSteps(terms, scope.nested(), () => (_m, _r, value) => {
          found = value;
          return true;
        });
        return (m, r) => {
          if (m.hidden !== null) {
            found = undefined;
            slow(m, r);
            return found;
          }
          const value = group.value(m);
          return value === undefined ? undefined : follow(m, r, value, keys);
        };
      }
      node = child;
    }
    return null;
  }

  comprehension(v: Comprehension, scope: Scope): Get {
    const inner = scope.nested();
    const out = scope.layout.fresh();
    // What it collects stands in a slot, so that it may be open in several invocations at once.
    const sink = <T>(r: Slots) => r[out] as unknown as T;
    const body = (last: () => Step) => this.body(v.body, inner, last);
    const open = (r: Slots, into: unknown) => void (r[out] = into as Value);
    if (v.t === 'arraycomp') {
      const run = body(() => {
        const head = compileGet(v.head, inner, this);
        return (m, r) => {
          const value = head(m, r);
          if (value === undefined) return false;
          charge(LIST_ELEMENT_CELLS);
          sink<Value[]>(r).push(value);
          return false;
        };
      });
      return (m, r) => {
        charge(LIST_CELLS);
        const values: Value[] = [];
        open(r, values);
        run(m, r);
        return values;
      };
    }
    if (v.t === 'setcomp') {
      const run = body(() => {
        const head = compileGet(v.head, inner, this);
        return (m, r) => {
          const value = head(m, r);
          if (value === undefined) return false;
          const members = sink<Map<Key, Value>>(r);
          const key = keyOf(value);
          if (members.has(key)) return false;
          charge(MEMBER_CELLS);
          members.set(key, value);
          return false;
        };
      });
      return (m, r) => {
        charge(SET_CELLS);
        const members = new Map<Key, Value>();
        open(r, members);
        run(m, r);
        return new RegoSet(members);
      };
    }
    const run = body(() => {
      const [key, head] = [compileGet((v as { key: Term }).key, inner, this), compileGet(v.head, inner, this)];
      return (m, r) => {
        const [k, value] = [key(m, r), head(m, r)];
        if (k === undefined || value === undefined) return false;
        const object = sink<ObjectBuilder>(r);
        const before = object.get(k);
        if (before !== undefined && !equalValues(before, value)) {
          throw new EvaluationError('eval_conflict_error', 'object keys must be unique', v.head.loc);
        }
        charge(ENTRY_CELLS);
        object.set(k, value);
        return false;
      };
    });
    return (m, r) => {
      charge(OBJECT_CELLS);
      const object = new ObjectBuilder();
      open(r, object);
      run(m, r);
      return object.build();
    };
  }
}

const found: Step = () => true;
