// Local variables: `:=`, `some`, `every` and arguments get names of their own, so that scopes no longer matter afterwards.
import { BUILTINS } from '../../builtins/registry.ts';
import {
  Expr, formatNode, isAssignment, isRef, isScalar, isVar, isWildcard, plainRef, reference, type Rule, scalar, type Term, valueName, variable,
  type With,
} from '../ast.ts';
import type { PolicyError } from '../errors.ts';
import type { NameMaker } from './names.ts';
import { declaredIn } from './resolve.ts';
import { equalityOutputs } from './safety.ts';
import { branches, headTerms, isComprehension, renameVars, SAFETY, varsOf, walk } from './visit.ts';

type Occurrence = 'arg' | 'seen' | 'assigned' | 'declared';

interface Scope {
  readonly names: Map<string, string>;
  readonly occurrence: Map<string, Occurrence>;
  readonly count: Map<string, number>;
}

const newScope = (): Scope => ({ names: new Map(), occurrence: new Map(), count: new Map() });

const REDECLARED: Readonly<Record<Occurrence, (name: string) => string>> = {
  seen: (name) => `var ${name} referenced above`,
  assigned: (name) => `var ${name} assigned above`,
  declared: (name) => `var ${name} declared above`,
  arg: (name) => `arg ${name} redeclared`,
};

const fail = (message: string, at: { loc: Term['loc'] }): PolicyError => ({ code: 'rego_compile_error', message, location: at.loc });

export interface LocalErrors {
  readonly errors: PolicyError[];
  /** Unused variables and arguments: they do not end the compilation. */
  readonly unused: PolicyError[];
}

/** Rewrites one rule and its `else` branches in place. @param rewritten - filled with generated name → written name */
export function rewriteRuleLocals(rule: Rule, maker: NameMaker, rewritten: Map<string, string>, strict: boolean): LocalErrors {
  const errors: PolicyError[] = [];
  const unused: PolicyError[] = [];
  const argScope = newScope();
  const unusedArgs = strict ? varsOf(rule.head.args) : new Set<string>();
  const argument = new LocalRewriter(maker, rewritten, false, [argScope]);
  argument.arguments(rule.head.args);
  errors.push(...argument.errors);
  for (const branch of branches(rule)) {
    if (branch !== rule) renameVars(branch.head.args, (name) => argScope.names.get(name));
    const rewriter = new LocalRewriter(maker, rewritten, strict, [copyScope(argScope)]);
    rewriter.rule(branch, unusedArgs);
    errors.push(...rewriter.errors);
    unused.push(...rewriter.unused);
    for (const arg of unusedArgs) if (rewriter.countOf(arg) > 1) unusedArgs.delete(arg);
  }
  for (const arg of unusedArgs) {
    if (!isWildcard(arg)) unused.push(fail(`unused argument ${arg}. (hint: use _ (wildcard variable) instead)`, rule.head));
  }
  return { errors, unused };
}

/** Rewrites a query's body; its own variables keep their names. */
export function rewriteQueryLocals(body: readonly Expr[], maker: NameMaker, rewritten: Map<string, string>): { body: Expr[]; errors: PolicyError[] } {
  const rewriter = new LocalRewriter(maker, rewritten, false, [newScope()]);
  const result = rewriter.body(body, new Set());
  return { body: result, errors: rewriter.errors };
}

const copyScope = (scope: Scope): Scope => ({
  names: new Map(scope.names), occurrence: new Map(scope.occurrence), count: new Map(scope.count),
});

class LocalRewriter {
  readonly #maker: NameMaker;
  readonly #rewritten: Map<string, string>;
  readonly #strict: boolean;
  readonly #scopes: Scope[];
  readonly errors: PolicyError[] = [];
  readonly unused: PolicyError[] = [];

  constructor(maker: NameMaker, rewritten: Map<string, string>, strict: boolean, scopes: Scope[]) {
    this.#maker = maker;
    this.#rewritten = rewritten;
    this.#strict = strict;
    this.#scopes = scopes;
  }

  get #scope(): Scope {
    return this.#scopes.at(-1) as Scope;
  }

  #insert(name: string, generated: string, occurrence: Occurrence): void {
    this.#scope.names.set(name, generated);
    this.#scope.occurrence.set(name, occurrence);
    this.#scope.count.set(name, 1);
    if (name !== generated) this.#rewritten.set(generated, name);
  }

  #find<T>(of: (scope: Scope) => ReadonlyMap<string, T>, name: string): T | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const found = of(this.#scopes[i] as Scope).get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #declared(name: string): string | undefined {
    return this.#find((scope) => scope.names, name);
  }

  #seen(name: string): void {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const { count } = this.#scopes[i] as Scope;
      const n = count.get(name);
      if (n !== undefined) return void count.set(name, n + 1);
    }
    this.#scope.count.set(name, 1);
  }

  countOf(name: string): number {
    return this.#find((scope) => scope.count, name) ?? 0;
  }

  /** A new name for a declared variable, or undefined after an error. */
  #declare(name: string, occurrence: Occurrence, at: { loc: Term['loc'] }): string | undefined {
    const before = this.#scope.occurrence.get(name);
    if (before !== undefined) {
      this.errors.push(fail(REDECLARED[before](name), at));
      return undefined;
    }
    const generated = this.#maker.make();
    this.#insert(name, generated, occurrence);
    return generated;
  }

  arguments(args: readonly Term[]): void {
    const visit = (term: Term): boolean => {
      const v = term.v;
      if (v.t === 'var') {
        let generated = this.#declared(v.name);
        if (generated === undefined) this.#insert(v.name, (generated = this.#maker.make()), 'arg');
        else this.#seen(v.name);
        term.v = { t: 'var', name: generated };
        return true;
      }
      if (v.t === 'object') {
        for (const [, value] of v.pairs) walk(value, { term: visit });
        return true;
      }
      if (v.t === 'call') this.errors.push(fail('rule arguments cannot contain calls', term));
      return v.t !== 'ref' && v.t !== 'array';
    };
    walk(args, { term: visit });
  }

  rule(rule: Rule, unusedArgs: Set<string>): void {
    const { head } = rule;
    const scalars = headTerms(rule).every(isScalar);
    const used = new Set<string>();
    if (!scalars) {
      for (const term of headTerms(rule)) this.#headClosures(term);
      varsOf(head.ref.slice(1), {}, used);
      if (head.key !== null) varsOf(head.key, {}, used);
      if (head.value !== null) {
        const inValue = varsOf(head.value);
        for (const name of inValue) {
          used.add(name);
          unusedArgs.delete(name);
        }
      }
    }
    this.#shadowBuiltins(rule);
    rule.body = this.body(rule.body, used);
    if (scalars) return;
    const { names } = this.#scope;
    renameVars([...head.args, ...head.ref.slice(1), ...(head.key === null ? [] : [head.key]), ...(head.value === null ? [] : [head.value])],
      (name) => names.get(name));
  }

  /** Comprehensions and template strings in a head have scopes of their own, and see nothing of the body's. */
  #headClosures(term: Term): void {
    walk(term, {
      term: (part) => {
        if (!isComprehension(part) && part.v.t !== 'template') return false;
        const nested = new LocalRewriter(this.#maker, this.#rewritten, this.#strict, [newScope()]);
        const closure = nested.#comprehension(part) || nested.#template(part);
        this.errors.push(...nested.errors);
        this.unused.push(...nested.unused);
        return closure;
      },
    });
  }

  /** A variable named like a built-in gets another name: later stages would take it for the function. */
  #shadowBuiltins(rule: Rule): void {
    const names = [...varsOf(rule.body, SAFETY)].filter((name) => BUILTINS.has(name)).sort();
    if (names.length === 0) return;
    const declared = declaredIn(rule.body);
    const inWith = new Set<string>();
    walk(rule.body, { with: (w) => void varsOf([w.target, w.value], { skipCallHead: true }, inWith) });
    for (const name of names) {
      if (declared.has(name) || inWith.has(name) || this.#declared(name) !== undefined) continue;
      this.#insert(name, this.#maker.make(), 'seen');
    }
  }

  body(body: readonly Expr[], used: ReadonlySet<string>): Expr[] {
    const rewritten: Expr[] = [];
    for (const expr of body) {
      const result = this.#statement(expr);
      if (result !== null) rewritten.push(result);
    }
    if (rewritten.length === 0) rewritten.push(new Expr({ k: 'term', term: scalar(true) }, body[0]?.loc ?? null));
    if (this.#strict) this.#checkAssigned(body, used);
    this.#checkDeclared(body, used, rewritten);
    return rewritten;
  }

  #nestedBody(body: readonly Expr[], used: ReadonlySet<string> = new Set()): Expr[] {
    this.#scopes.push(newScope());
    const result = this.body(body, used);
    this.#scopes.pop();
    return result;
  }

  #statement(expr: Expr): Expr | null {
    const s = expr.s;
    if (isAssignment(expr)) return this.#assignment(expr);
    if (s.k === 'some') return this.#some(expr);
    if (s.k === 'every') return this.#every(expr);
    if (s.k === 'not') return this.#not(expr);
    if (s.k === 'and' || s.k === 'or') return this.#logical(expr);
    return this.#plain(expr);
  }

  #plain(expr: Expr): Expr {
    walk(expr, { term: (term) => this.#term(term), with: (w) => this.#with(w) });
    return expr;
  }

  #recursive(term: Term): void {
    walk(term, { term: (part) => this.#term(part) });
  }

  #assignment(expr: Expr): Expr {
    if (expr.negated) {
      this.errors.push(fail('cannot assign vars inside negated expression', expr));
      return expr;
    }
    const s = expr.s;
    if (s.k !== 'call' || s.terms.length !== 3) return expr;
    const before = this.errors.length;
    const [operator, lhs, rhs] = s.terms as [Term, Term, Term];
    this.#recursive(rhs);
    for (const w of expr.with) this.#recursive(w.value);
    walk(lhs, { term: (term) => this.#assignee(term) });
    if (this.errors.length === before) {
      s.terms[0] = reference([variable('eq', operator.loc)], operator.loc);
      expr.fromAssignment = true;
    }
    return expr;
  }

  #assignee(term: Term): boolean {
    const v = term.v;
    const root = plainRef(term);
    if (v.t === 'var' || (v.t === 'ref' && (root === 'input' || root === 'data'))) {
      const generated = this.#declare(root as string, 'assigned', term);
      if (generated !== undefined) term.v = { t: 'var', name: generated };
      return true;
    }
    if (v.t === 'array') return false;
    if (v.t === 'object') {
      for (const [, value] of v.pairs) walk(value, { term: (part) => this.#assignee(part) });
      return true;
    }
    this.errors.push(fail(`cannot assign to ${valueName(term)}`, term));
    return true;
  }

  #some(expr: Expr): Expr | null {
    const s = expr.s as Expr['s'] & { k: 'some' };
    for (const symbol of s.symbols) {
      if (isVar(symbol)) {
        if (this.#declare(symbol.v.name, 'declared', s) === undefined) return null;
      } else if (symbol.v.t === 'call') return this.#someIn(expr, symbol.v.terms, s);
    }
    return null;
  }

  #someIn(expr: Expr, terms: readonly Term[], s: { loc: Term['loc'] }): Expr | null {
    const pair = terms.length === 4;
    const key = pair ? terms[1] as Term : variable(this.#maker.make());
    const [value, container] = terms.slice(-2) as [Term, Term];
    const bound = varsOf([key, value], { skipRefHead: true, skipObjectKeys: true, skipClosures: true });
    const domain = varsOf(container, { skipClosures: true });
    const before = this.errors.length;
    for (const name of [...bound].sort()) {
      if (domain.has(name) && !isWildcard(name)) this.errors.push(fail(`var ${name} assigned before`, s));
    }
    if (this.errors.length > before) return null;
    const rhs = reference(isRef(container) ? [...container.v.terms, key] : [container, key], container.loc);
    expr.s = { k: 'call', terms: [reference([variable('eq')]), value, rhs] };
    for (const name of [...equalityOutputs(expr, varsOf(container))].sort()) {
      if (this.#declare(name, 'declared', s) === undefined) return null;
    }
    return this.#plain(expr);
  }

  #every(expr: Expr): Expr | null {
    const s = expr.s as Expr['s'] & { k: 'every' };
    this.#recursive(s.domain);
    this.#scopes.push(newScope());
    const declare = (term: Term): boolean => {
      if (!isVar(term) || isWildcard(term.v.name)) return true;
      const generated = this.#declare(term.v.name, 'declared', s);
      if (generated !== undefined) term.v = { t: 'var', name: generated };
      return generated !== undefined;
    };
    let result: Expr | null = null;
    if (s.key === null) s.key = variable(this.#maker.make());
    else if (!declare(s.key)) {
      this.#scopes.pop();
      return null;
    }
    if (declare(s.value)) {
      s.body = this.body(s.body, new Set());
      result = this.#plain(expr);
    }
    this.#scopes.pop();
    return result;
  }

  #not(expr: Expr): Expr {
    const s = expr.s as Expr['s'] & { k: 'not' };
    if (!s.explicit) {
      const before = this.errors.length;
      this.#implicit(s.body, 'cannot assign vars inside negated expression');
      return this.errors.length > before ? expr : this.#plain(expr);
    }
    this.#scopes.push(newScope());
    s.body = this.body(s.body, new Set());
    const result = this.#plain(expr);
    this.#scopes.pop();
    return result;
  }

  #logical(expr: Expr): Expr {
    const s = expr.s as Expr['s'] & { k: 'and' | 'or' };
    const before = this.errors.length;
    const side = (body: Expr[], explicit: boolean) => {
      if (explicit) return this.#nestedBody(body);
      this.#implicit(body, `cannot assign vars inside implicit ${s.k} operand`);
      return body;
    };
    s.lhs = side(s.lhs, s.explicitLhs);
    s.rhs = side(s.rhs, s.explicitRhs);
    return this.errors.length > before ? expr : this.#plain(expr);
  }

  /** An operand without braces binds nothing outside, so an assignment in it would be dead. */
  #implicit(body: Expr[], message: string): void {
    for (const expr of body) {
      if (isAssignment(expr)) this.errors.push(fail(message, expr));
      else if (expr.s.k === 'not') this.#not(expr);
      else if (expr.s.k === 'and' || expr.s.k === 'or') this.#logical(expr);
    }
  }

  /** One term; true where what is below it was handled. */
  #term(term: Term): boolean {
    const v = term.v;
    switch (v.t) {
      case 'var': {
        const generated = this.#declared(v.name);
        if (generated !== undefined) {
          if (generated !== v.name) term.v = { t: 'var', name: generated };
          this.#seen(v.name);
        } else if (!this.#scope.occurrence.has(v.name)) this.#insert(v.name, v.name, 'seen');
        return true;
      }
      case 'ref': {
        const root = plainRef(term);
        if (root !== 'input' && root !== 'data') return false;
        const occurrence = this.#find((scope) => scope.occurrence, root);
        if (occurrence !== undefined && occurrence !== 'seen') {
          const generated = this.#declared(root) as string;
          if (generated !== root) term.v = { t: 'var', name: generated };
        }
        return true;
      }
      case 'call': {
        const operator = v.terms[0] as Term;
        for (const name of varsOf(operator)) {
          const generated = this.#declared(name);
          if (generated !== undefined && generated !== name) this.errors.push(fail(`called function ${formatNode(operator)} shadowed`, term));
        }
        return false;
      }
      default: return this.#comprehension(term);
    }
  }

  #comprehension(term: Term): boolean {
    const v = term.v;
    if (v.t !== 'arraycomp' && v.t !== 'setcomp' && v.t !== 'objectcomp') return false;
    const heads = v.t === 'objectcomp' ? [v.key, v.head] : [v.head];
    const used = varsOf(heads);
    this.#scopes.push(newScope());
    v.body = this.body(v.body, used);
    for (const head of heads) this.#recursive(head);
    this.#scopes.pop();
    return true;
  }

  #template(term: Term): boolean {
    if (term.v.t !== 'template') return false;
    for (const part of term.v.parts) {
      if (!(part instanceof Expr)) continue;
      this.#scopes.push(newScope());
      this.#plain(part);
      this.#scopes.pop();
    }
    return true;
  }

  #with(w: With): boolean {
    this.#recursive(w.target);
    const shadow = this.#declared('input');
    // `input` may be shadowed, but the target of `with` is always the document.
    if (shadow !== undefined) {
      const { target } = w;
      const { v } = target;
      if (v.t === 'var' && v.name === shadow) target.v = { t: 'ref', terms: [variable('input', target.loc)] };
      else if (v.t === 'ref' && plainRef(v.terms[0]) === shadow) (v.terms[0] as Term).v = { t: 'var', name: 'input' };
    }
    this.#recursive(w.value);
    return true;
  }

  #checkAssigned(body: readonly Expr[], used: ReadonlySet<string>): void {
    if (this.errors.length > 0 || this.unused.length > 0) return;
    const { occurrence, names } = this.#scope;
    const left = new Map<string, string>();
    for (const [name, how] of occurrence) {
      const generated = names.get(name) as string;
      if (how === 'assigned' && !isWildcard(name) && this.countOf(name) <= 1 && !used.has(generated)) left.set(generated, name);
    }
    for (const name of used) {
      const generated = this.#declared(name);
      if (generated !== undefined) left.delete(generated);
    }
    for (const [generated, name] of [...left].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const at = body.find((expr) => varsOf(expr).has(generated)) ?? body[0] as Expr;
      this.unused.push(fail(`assigned var ${name} unused`, at));
    }
  }

  /** A variable declared by `some` and never used is an error in every mode. */
  #checkDeclared(body: readonly Expr[], used: ReadonlySet<string>, rewritten: readonly Expr[]): void {
    if (this.errors.length > 0 || this.unused.length > 0) return;
    const { occurrence, names } = this.#scope;
    if (![...occurrence.values()].includes('declared')) return;
    const present = varsOf(rewritten);
    for (const name of used) present.add(this.#declared(name) ?? name);
    for (const [name, how] of occurrence) {
      const generated = names.get(name) as string;
      if (how !== 'declared' || present.has(generated) || used.has(generated) || name.startsWith('__local')) continue;
      const at = body.find((expr) => declaredIn([expr]).has(name)) ?? body[0] as Expr;
      this.unused.push(fail(`declared var ${name} unused`, at));
    }
  }
}
