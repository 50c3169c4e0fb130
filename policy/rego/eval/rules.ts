// One rule compiled: its arguments taken apart, its body searched, its `else` branches in turn.
import { isMultiValue, isVar, type Location, type Rule, type Term } from '../ast.ts';
import { ruleRef } from '../annotations.ts';
import { EvaluationError } from '../errors.ts';
import { equalValues, type Value } from '../value.ts';
import { BodyCompiler } from './bodies.ts';
import type { Get, Machine, Slots, Step } from './machine.ts';
import type { Program } from './program.ts';
import { Layout, Scope } from './scope.ts';
import { compileGet, compileMatch, constantOf, type Match } from './terms.ts';

export class CompiledRule {
  readonly isDefault: boolean;
  readonly isMulti: boolean;
  readonly location: Location;
  /** The head's value where it is a constant in every branch. */
  readonly constant: Value | undefined;
  readonly #id: number;
  readonly #layout = new Layout();
  readonly #match: readonly Match[];
  readonly #body: Step;
  readonly #out: number;
  readonly #else: CompiledRule | null;

  constructor(rule: Rule, program: Program, depth: number, kind: string) {
    this.isDefault = rule.isDefault;
    this.isMulti = isMultiValue(rule.head);
    this.location = rule.loc;
    this.#id = program.register(rule, this.#layout);
    const scope = new Scope(this.#layout);
    const bodies = new BodyCompiler(program);
    this.#out = this.#layout.fresh();
    this.#match = rule.head.args.map((arg) => compileMatch(arg, scope, bodies));
    const path = ruleRef(rule).slice(depth);
    this.#body = bodies.body(rule.body, scope, () => this.#result(rule, path, scope, bodies, kind));
    this.#else = rule.otherwise === null ? null : new CompiledRule(rule.otherwise, program, depth, kind);
    const own = rule.head.value === null ? undefined : constantOf(rule.head.value);
    const other = this.#else === null ? own : this.#else.constant;
    this.constant = own !== undefined && other !== undefined && equalValues(own, other) ? own : undefined;
  }

  /** What happens when the body has an answer. */
  #result(rule: Rule, path: readonly Term[], scope: Scope, bodies: BodyCompiler, kind: string): Step {
    const { head } = rule;
    const out = this.#out;
    const id = this.#id;
    const head_ = (this.isMulti ? head.key : head.value) as Term;
    const value = compileGet(head_, scope, bodies);
    const note = (m: Machine, r: Slots) => void (m.fired.has(id) || m.fired.set(id, r.slice()));
    if (kind === 'set' || kind === 'object') {
      const keys: Get[] = path.map((term) => compileGet(term, scope, bodies));
      return (m, r) => {
        const v = value(m, r);
        const at = keys.map((get) => get(m, r));
        if (v === undefined || at.includes(undefined)) return false;
        note(m, r);
        (r[out] as unknown as (value: Value, path: readonly Value[]) => void)(v, at as Value[]);
        return false;
      };
    }
    const fixed = constantOf(head_) !== undefined;
    return (m, r) => {
      const v = value(m, r);
      if (v === undefined) return false;
      const before = r[out];
      if (before !== undefined && !equalValues(before, v)) {
        const what = head.args.length > 0 ? 'function' : 'rule';
        const same = what === 'function' ? ' for the same inputs' : '';
        throw new EvaluationError('eval_conflict_error', `${what} ${name(rule)} produced conflicting values${same}`, rule.loc);
      }
      note(m, r);
      r[out] = v;
      return fixed;
    };
  }

  /** The value of the first branch that has one. */
  first(m: Machine, args: readonly Value[]): Value | undefined {
    const r = this.#layout.slots();
    for (let i = 0; i < this.#match.length; i++) if (!(this.#match[i] as Match)(m, r, args[i] as Value)) return this.#else?.first(m, args);
    this.#body(m, r);
    const found = r[this.#out];
    return found === undefined ? this.#else?.first(m, args) : found;
  }

  /** Every value of a partial rule, with the keys it stands under. */
  each(m: Machine, found: (value: Value, path: readonly Value[]) => void): void {
    const r = this.#layout.slots();
    r[this.#out] = found as unknown as Value;
    this.#body(m, r);
  }
}

function name(rule: Rule): string {
  return ruleRef(rule).map((term) => (isVar(term) ? term.v.name : term.v.t === 'scalar' ? String(term.v.value) : '_')).join('.');
}
