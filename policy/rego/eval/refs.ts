// Refs: a document, then keys one after the other; a free key iterates, in the order of the keys.
import { isVar, type Term } from '../ast.ts';
import { charge, MEMBER_CELLS, SET_CELLS } from '../meter.ts';
import { Num } from '../number.ts';
import { type Key, keyOf, type Layout, RegoObject, RegoSet, isArray, type Value } from '../value.ts';
import type { BodyCompiler } from './bodies.ts';
import type { DocumentNode } from './documents.ts';
import type { Get, Machine, Slots, Step, Then } from './machine.ts';
import type { Scope } from './scope.ts';
import { compileGet, compileMatch, constantOf, type Match } from './terms.ts';

type KeyPlan = ConstantKey | { readonly is: 'ground'; readonly get: Get } | { readonly is: 'free'; readonly match: Match };

interface ConstantKey {
  readonly is: 'constant';
  readonly value: Value;
  readonly key: Key;
  /** The layout that was met last, and where the key's value stands in it: a loop's elements are mostly alike. */
  layout: Layout | null;
  place: number;
}

function planKeys(terms: readonly Term[], scope: Scope, bodies: BodyCompiler): KeyPlan[] {
  return terms.map((term) => {
    const value = constantOf(term);
    if (value !== undefined) return constantKey(value);
    if (scope.isGround(term)) return { is: 'ground', get: compileGet(term, scope, bodies) };
    return { is: 'free', match: compileMatch(term, scope, bodies) };
  });
}

export function constantKey(value: Value): ConstantKey {
  return { is: 'constant', value, key: keyOf(value), layout: null, place: -1 };
}

/** `-0` and `1.0` are indexes as well, `1e0` is none. */
function elementAt(elements: readonly Value[], index: Value): Value | undefined {
  if (typeof index === 'number') return elements[index];
  const integer = index instanceof Num ? Num.toInt(index) : null;
  return typeof integer === 'number' ? elements[integer] : undefined;
}

export function memberOf(value: Value, key: Value): Value | undefined {
  if (value instanceof RegoObject) return value.find(keyOf(key));
  if (isArray(value)) return elementAt(value, key);
  return value instanceof RegoSet ? value.members.get(keyOf(key)) : undefined;
}

/** As `memberOf`, in base data: there a number also finds the key that is its text. */
function baseMember(value: Value, key: Value): Value | undefined {
  const found = memberOf(value, key);
  return found === undefined && typeof key === 'number' && value instanceof RegoObject ? value.find(String(key)) : found;
}

export function memberAt(value: Value, plan: ConstantKey): Value | undefined {
  if (value instanceof RegoObject) {
    const { layout } = value;
    if (layout === null) return value.find(plan.key);
    if (layout !== plan.layout) {
      plan.layout = layout;
      plan.place = layout.placeOf(plan.key);
    }
    return plan.place < 0 ? undefined : value.values[plan.place];
  }
  if (isArray(value)) return elementAt(value, plan.value);
  return value instanceof RegoSet ? value.members.get(plan.key) : undefined;
}

/** A ref whose keys are all bound: one value or none. */
export function compileGroundRef(terms: readonly Term[], scope: Scope, bodies: BodyCompiler): Get {
  const [head, ...rest] = terms as [Term, ...Term[]];
  if (isVar(head) && head.v.name === 'data') {
    const found = bodies.dataGet(rest, scope);
    if (found !== null) return found;
    let value: Value | undefined;
    const steps = bodies.dataSteps(rest, scope.nested(), () => (_m, _r, v) => {
      value = v;
      return true;
    });
    return (m, r) => {
      value = undefined;
      steps(m, r);
      return value;
    };
  }
  const keys = planKeys(rest, scope, bodies);
  const get = compileGet(head, scope, bodies);
  if (keys.length === 1 && keys[0]?.is === 'constant') {
    const [only] = keys as [ConstantKey];
    return (m, r) => {
      const value = get(m, r);
      return value === undefined ? undefined : memberAt(value, only);
    };
  }
  return (m, r) => {
    const value = get(m, r);
    return value === undefined ? undefined : follow(m, r, value, keys);
  };
}

/** Keys without free ones. */
export function follow(m: Machine, r: Slots, from: Value, keys: readonly KeyPlan[], inBase = false): Value | undefined {
  let value: Value | undefined = from;
  for (let i = 0; i < keys.length && value !== undefined; i++) {
    const plan = keys[i] as KeyPlan;
    if (inBase) {
      const key = plan.is === 'constant' ? plan.value : (plan as { get: Get }).get(m, r);
      value = key === undefined ? undefined : baseMember(value, key);
    } else if (plan.is === 'constant') value = memberAt(value, plan);
    else {
      const key: Value | undefined = (plan as { get: Get }).get(m, r);
      value = key === undefined ? undefined : memberOf(value, key);
    }
  }
  return value;
}

export function groundKeys(terms: readonly Term[], scope: Scope, bodies: BodyCompiler): KeyPlan[] | null {
  return terms.every((term) => scope.isGround(term)) ? planKeys(terms, scope, bodies) : null;
}

/** Goes on with every member that fits the key. */
function memberStep(plan: KeyPlan, then: Then, inBase = false): Then {
  if (inBase && plan.is !== 'free') {
    const get: Get = plan.is === 'constant' ? () => plan.value : plan.get;
    return (m, r, value) => {
      const key = get(m, r);
      const member = key === undefined ? undefined : baseMember(value, key);
      return member !== undefined && then(m, r, member);
    };
  }
  if (plan.is === 'constant') {
    return (m, r, value) => {
      const member = memberAt(value, plan);
      return member !== undefined && then(m, r, member);
    };
  }
  if (plan.is === 'ground') {
    return (m, r, value) => {
      const key = plan.get(m, r);
      const member = key === undefined ? undefined : memberOf(value, key);
      return member !== undefined && then(m, r, member);
    };
  }
  const { match } = plan;
  return (m, r, value) => {
    if (isArray(value)) {
      m.spend(value.length);
      for (let i = 0; i < value.length; i++) if (match(m, r, i) && then(m, r, value[i] as Value)) return true;
    } else if (value instanceof RegoObject) {
      m.spend(value.size);
      for (const key of value.keys) if (match(m, r, key) && then(m, r, value.get(key) as Value)) return true;
    } else if (value instanceof RegoSet) {
      m.spend(value.size);
      for (const member of value.sorted) if (match(m, r, member) && then(m, r, member)) return true;
    }
    return false;
  };
}

/** The keys of a ref over a plain value. @param then - made once the keys have bound what they bind */
export function compileKeys(terms: readonly Term[], scope: Scope, bodies: BodyCompiler, then: () => Then): Then {
  const keys = planKeys(terms, scope, bodies);
  return keys.reduceRight((next, plan) => memberStep(plan, next), then());
}

/** A ref from `data`, where rules stand in a tree over base data. */
export function compileDataKeys(root: DocumentNode, terms: readonly Term[], scope: Scope, bodies: BodyCompiler, then: () => Then): Step {
  const keys = planKeys(terms, scope, bodies);
  const last = then();
  // plain[i] follows keys from i on over a value; tree[i] from i on where rules may still lie below.
  const plain: Then[] = [];
  const inBase: Then[] = [];
  plain[keys.length] = last;
  inBase[keys.length] = last;
  for (let i = keys.length - 1; i >= 0; i--) {
    plain[i] = memberStep(keys[i] as KeyPlan, plain[i + 1] as Then);
    inBase[i] = memberStep(keys[i] as KeyPlan, inBase[i + 1] as Then, true);
  }
  type InTree = (m: Machine, r: Slots, node: DocumentNode, base: Value | undefined) => boolean;
  const tree: InTree[] = [];
  tree[keys.length] = (m, r, node, base) => {
    const value = node.document(m, base);
    return value !== undefined && last(m, r, value);
  };
  const enter = (i: number, m: Machine, r: Slots, child: DocumentNode | undefined, base: Value | undefined): boolean => {
    if (child === undefined || m.hidden?.has(child) === true) return base !== undefined && (inBase[i] as Then)(m, r, base);
    if (child.group === null) return (tree[i] as InTree)(m, r, child, base);
    const value = child.group.value(m);
    return value !== undefined && (plain[i] as Then)(m, r, value);
  };
  for (let i = keys.length - 1; i >= 0; i--) {
    const plan = keys[i] as KeyPlan;
    if (plan.is === 'free') {
      tree[i] = (m, r, node, base) => {
        const names = new Map<Key, Value>();
        for (const child of node.visible) names.set(keyOf(child.key), child.key);
        const inBase = base instanceof RegoObject ? base.keys : isArray(base) ? base.map((_, n) => n) : base instanceof RegoSet ? base.sorted : [];
        charge(2 * (SET_CELLS + MEMBER_CELLS * (names.size + inBase.length)));
        for (const key of inBase) names.set(keyOf(key), key);
        for (const key of RegoSet.of(names.values()).sorted) {
          if (plan.match(m, r, key) && enter(i + 1, m, r, node.child(key), base === undefined ? undefined : baseMember(base, key))) return true;
        }
        return false;
      };
    } else {
      const get: Get = plan.is === 'constant' ? () => plan.value : plan.get;
      tree[i] = (m, r, node, base) => {
        const key = get(m, r);
        if (key === undefined) return false;
        return enter(i + 1, m, r, node.child(key), base === undefined ? undefined : baseMember(base, key));
      };
    }
  }
  return (m, r) => (m.hidden?.has(root) === true ? (inBase[0] as Then)(m, r, m.data) : (tree[0] as InTree)(m, r, root, m.data));
}
