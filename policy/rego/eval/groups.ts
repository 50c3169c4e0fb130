// The rules at one place: their value, their set or object, or their function, computed once for each scope.
import { formatRef, isGroundRef, isMultiValue, type Location, type Rule } from '../ast.ts';
import { ruleRef } from '../annotations.ts';
import type { RuleNode } from '../compile/tree.ts';
import { EvaluationError } from '../errors.ts';
import { charge, ENTRY_CELLS, MEMBER_CELLS, OBJECT_CELLS, SET_CELLS, unmetered } from '../meter.ts';
import { equalValues, type Key, keyOf, ObjectBuilder, RegoSet, type Value } from '../value.ts';
import type { Machine } from './machine.ts';
import { type Memo, Texts, UNDEFINED } from './memo.ts';
import { CompiledRule } from './rules.ts';
import type { Program } from './program.ts';
import { isShort } from './short.ts';

type Kind = 'function' | 'complete' | 'set' | 'object';

/** Marks what is being computed; no policy's value is this one. */
const PENDING = Symbol('pending');

/** What is under construction, and what is made of it. */
const BRANCH_CELLS = 2 * OBJECT_CELLS;
const LEAF_CELLS = 2 * ENTRY_CELLS + 5;

/** An object under construction: leaves are values of rules and never merge. */
class Branch {
  readonly members = new Map<Key, { key: Value; at: Branch | { leaf: Value } | { set: Map<Key, Value> } }>();

  build(): Value {
    const object = new ObjectBuilder();
    for (const { key, at } of this.members.values()) {
      object.set(key, at instanceof Branch ? at.build() : 'leaf' in at ? at.leaf : new RegoSet(at.set));
    }
    return object.build();
  }
}

export class RuleGroup {
  readonly kind: Kind;
  readonly path: string;
  /** Whether its rules are short functions. */
  readonly isShort: boolean;
  readonly #tree: RuleNode;
  readonly #depth: number;
  #rules: CompiledRule[] | null = null;
  #default: CompiledRule | null = null;
  #texts: Texts | null = null;
  #program: Program | null = null;
  /** The one value all rules have, if it is one constant: then the first success ends the search. */
  #constant: Value | undefined;

  constructor(tree: RuleNode) {
    this.#tree = tree;
    const [first] = tree.rules as [Rule];
    const ground = tree.rules.every(({ head }) => isGroundRef(head.ref));
    this.kind = first.head.args.length > 0 ? 'function' : !ground ? 'object' : isMultiValue(first.head) ? 'set' : 'complete';
    const full = ruleRef(first);
    const prefix = full.findIndex((term, i) => i > 0 && term.v.t !== 'scalar');
    this.#depth = prefix < 0 ? full.length : prefix;
    this.path = formatRef(full);
    this.isShort = this.kind === 'function' && tree.rules.every(isShort);
  }

  /** Compiled when first evaluated: a policy of a thousand rules whose gate reads ten compiles ten. */
  #compiled(m: Machine): CompiledRule[] {
    if (this.#rules === null) {
      const program = this.#program as Program;
      const own = unmetered(() => this.#tree.rules.map((rule) => new CompiledRule(rule, program, this.#depth, this.kind)));
      this.#default = own.find(({ isDefault }) => isDefault) ?? null;
      this.#rules = own.filter(({ isDefault }) => !isDefault);
      const [first] = this.#rules;
      const constant = first?.constant;
      const same = constant !== undefined && this.#rules.every((rule) => rule.constant !== undefined && equalValues(rule.constant, constant));
      this.#constant = same ? constant : undefined;
    }
    m.spend(1);
    return this.#rules;
  }

  attach(program: Program): void {
    this.#program = program;
  }

  /** The document these rules define, or undefined. */
  value(m: Machine): Value | undefined {
    if (this.kind === 'function') return undefined;
    const known = m.values.get(this);
    if (known === UNDEFINED) return undefined;
    if (known !== undefined && known !== PENDING) return known as Value;
    if (known === PENDING) throw new EvaluationError('eval_internal_error', `rule ${this.path} reads itself`, null);
    const { values } = m;
    values.set(this, PENDING);
    m.enter();
    let value: Value | undefined;
    try {
      value = this.kind === 'complete' ? this.#complete(m) : this.kind === 'set' ? this.#set(m) : this.#object(m).build();
    } catch (cause) {
      // Whoever goes on after the failure must meet it again, not a rule that seems to read itself.
      values.delete(this);
      throw cause;
    }
    m.depth--;
    values.set(this, value === undefined ? UNDEFINED : value);
    return value;
  }

  #complete(m: Machine): Value | undefined {
    let value: Value | undefined;
    for (const rule of this.#compiled(m)) {
      const found = rule.first(m, []);
      if (found === undefined) continue;
      if (value === undefined) value = found;
      else if (!equalValues(value, found)) throw this.#conflict(rule);
      if (this.#constant !== undefined) return value;
    }
    return value === undefined ? this.#default?.first(m, []) : value;
  }

  #set(m: Machine): Value {
    charge(SET_CELLS);
    const members = new Map<Key, Value>();
    for (const rule of this.#compiled(m)) rule.each(m, (value) => void addMember(members, value));
    return new RegoSet(members);
  }

  #object(m: Machine): Branch {
    charge(BRANCH_CELLS);
    const root = new Branch();
    for (const rule of this.#compiled(m)) {
      rule.each(m, (value, path) => this.#insert(root, path, value, rule.isMulti, rule));
    }
    const below = (node: RuleNode, path: readonly Value[]): void => {
      for (const child of node.sorted) {
        const here = [...path, child.key];
        const group = this.#program?.groupOf(child);
        const value = group?.value(m);
        if (value !== undefined) this.#insert(root, here, value, false, null);
        if (group === undefined) below(child, here);
      }
    };
    below(this.#tree, []);
    return root;
  }

  #insert(root: Branch, path: readonly Value[], value: Value, multi: boolean, rule: CompiledRule | null): void {
    let branch = root;
    for (const [i, key] of path.entries()) {
      const canonical = keyOf(key);
      const found = branch.members.get(canonical);
      if (i < path.length - 1) {
        if (found === undefined) {
          charge(BRANCH_CELLS + LEAF_CELLS);
          const at = new Branch();
          branch.members.set(canonical, { key, at });
          branch = at;
        } else if (found.at instanceof Branch) branch = found.at;
        else throw this.#keysConflict(rule);
      } else if (multi) {
        const at = found?.at;
        if (at === undefined) {
          charge(SET_CELLS + MEMBER_CELLS + LEAF_CELLS);
          branch.members.set(canonical, { key, at: { set: new Map([[keyOf(value), value]]) } });
        } else if ('set' in at) addMember(at.set, value);
        else throw this.#keysConflict(rule);
      } else if (found === undefined) {
        charge(LEAF_CELLS);
        branch.members.set(canonical, { key, at: { leaf: value } });
      } else if (!('leaf' in found.at) || !equalValues(found.at.leaf, value)) throw this.#keysConflict(rule);
    }
  }

  #keysConflict(rule: CompiledRule | null): EvaluationError {
    return new EvaluationError('eval_conflict_error', 'object keys must be unique', rule?.location ?? null);
  }

  #conflict(rule: CompiledRule): EvaluationError {
    const what = this.kind === 'function' ? `function ${this.path} produced conflicting values for the same inputs`
      : `rule ${this.path} produced conflicting values`;
    return new EvaluationError('eval_conflict_error', what, rule.location);
  }

  /** A function's answer; remembered by its only operand, where it has one and is not short. */
  call(m: Machine, args: readonly Value[], at: Location | null): Value | undefined {
    if (args.length !== 1 || (m.asksShort && this.isShort && typeof args[0] === 'string')) return this.#apply(m, args, at);
    let known = m.values.get(this) as Memo | undefined;
    if (known === undefined) m.values.set(this, (known = m.memo((this.#texts ??= new Texts()))));
    const [arg] = args as [Value];
    const slot = known.slotOf(arg);
    const found = known.find(arg, slot);
    if (found !== undefined) return found === UNDEFINED ? undefined : found;
    const value = this.#apply(m, args, at);
    known.keep(arg, slot, value === undefined ? UNDEFINED : value);
    return value;
  }

  #apply(m: Machine, args: readonly Value[], at: Location | null): Value | undefined {
    m.enter();
    let value: Value | undefined;
    for (const rule of this.#compiled(m)) {
      const found = rule.first(m, args);
      if (found === undefined) continue;
      if (value === undefined) value = found;
      else if (!equalValues(value, found)) throw this.#conflict(rule);
      if (this.#constant !== undefined) break;
    }
    if (value === undefined) value = this.#default?.first(m, args);
    m.depth--;
    void at;
    return value;
  }
}

function addMember(members: Map<Key, Value>, value: Value): void {
  const key = keyOf(value);
  if (members.has(key)) return;
  charge(MEMBER_CELLS);
  members.set(key, value);
}
