// Terms whose variables are all bound, as functions that compute their values; and patterns, as functions that take values apart.
import { isVar, type Term } from '../ast.ts';
import { varsOf } from '../compile/visit.ts';
import { ARRAY_CELLS, charge, ENTRY_CELLS, MEMBER_CELLS, OBJECT_CELLS, SET_CELLS } from '../meter.ts';
import { equalValues, isArray, RegoObject, RegoSet, type Value } from '../value.ts';
import type { BodyCompiler } from './bodies.ts';
import type { Get, Machine, Slots, Step } from './machine.ts';
import { compileGroundRef } from './refs.ts';
import type { Scope } from './scope.ts';

/** The value of a ground term without closures' effects, where it is a constant of the policy. */
export function constantOf(term: Term): Value | undefined {
  const v = term.v;
  if (v.t === 'scalar') return v.value;
  if (v.t === 'array' || v.t === 'set') {
    const values = v.terms.map(constantOf);
    if (values.some((value) => value === undefined)) return undefined;
    return v.t === 'array' ? values as Value[] : RegoSet.of(values as Value[]);
  }
  if (v.t !== 'object') return undefined;
  const pairs = v.pairs.map(([key, value]) => [constantOf(key), constantOf(value)] as const);
  return pairs.some((pair) => pair.includes(undefined)) ? undefined : RegoObject.of(pairs as [Value, Value][]);
}

/** @param term - every variable in it bound */
export function compileGet(term: Term, scope: Scope, bodies: BodyCompiler): Get {
  const constant = constantOf(term);
  if (constant !== undefined) return () => constant;
  const v = term.v;
  switch (v.t) {
    case 'var': {
      if (v.name === 'input') return (m) => m.input;
      const slot = scope.slot(v.name);
      return (_, r) => r[slot];
    }
    case 'ref': return compileGroundRef(v.terms, scope, bodies);
    case 'array': {
      const parts = v.terms.map((part) => compileGet(part, scope, bodies));
      const cells = ARRAY_CELLS + Math.ceil(parts.length / 2);
      return (m, r) => {
        const values = all(parts, m, r);
        if (values !== undefined) charge(cells);
        return values;
      };
    }
    case 'set': {
      const parts = v.terms.map((part) => compileGet(part, scope, bodies));
      if (parts.length === 1) {
        const [only] = parts as [Get];
        return (m, r) => {
          const value = only(m, r);
          if (value === undefined) return undefined;
          charge(SET_CELLS);
          return RegoSet.of([value]);
        };
      }
      return (m, r) => {
        const values = all(parts, m, r);
        if (values === undefined) return undefined;
        charge(SET_CELLS + MEMBER_CELLS * values.length);
        return RegoSet.of(values);
      };
    }
    case 'object': {
      const keys = v.pairs.map(([key]) => compileGet(key, scope, bodies));
      const values = v.pairs.map(([, value]) => compileGet(value, scope, bodies));
      return (m, r) => {
        const [k, x] = [all(keys, m, r), all(values, m, r)];
        if (k === undefined || x === undefined) return undefined;
        charge(OBJECT_CELLS + ENTRY_CELLS * k.length);
        return RegoObject.of(k.map((key, i): [Value, Value] => [key, x[i] as Value]));
      };
    }
    case 'arraycomp': case 'setcomp': case 'objectcomp': return bodies.comprehension(v, scope);
    default: throw new TypeError(`a ${v.t} is left after rewriting`);
  }
}

/** Lists of just their length: one that grows has room for sixteen more. */
function all(parts: readonly Get[], m: Machine, r: Slots): Value[] | undefined {
  const [first, second, third] = parts;
  if (first !== undefined && parts.length <= 3) {
    const a = first(m, r);
    if (a === undefined) return undefined;
    if (second === undefined) return [a];
    const b = second(m, r);
    if (b === undefined) return undefined;
    if (third === undefined) return [a, b];
    const c = third(m, r);
    return c === undefined ? undefined : [a, b, c];
  }
  const values: Value[] = [];
  for (let i = 0; i < parts.length; i++) {
    const value = (parts[i] as Get)(m, r);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values.slice();
}

/** Takes a value apart, binding what is free; false where it does not fit. */
export type Match = (m: Machine, r: Slots, value: Value) => boolean;

export function compileMatch(pattern: Term, scope: Scope, bodies: BodyCompiler): Match {
  const v = pattern.v;
  if (isVar(pattern) && !scope.isBound(pattern.v.name)) {
    const slot = scope.bind(pattern.v.name);
    return (_, r, value) => {
      r[slot] = value;
      return true;
    };
  }
  if (scope.isGround(pattern)) {
    const get = compileGet(pattern, scope, bodies);
    return (m, r, value) => {
      const own = get(m, r);
      return own !== undefined && equalValues(own, value);
    };
  }
  if (v.t === 'array') {
    const parts = inOrder(v.terms, scope).map((i) => [i, compileMatch(v.terms[i] as Term, scope, bodies)] as const);
    const size = v.terms.length;
    return (m, r, value) => isArray(value) && value.length === size && parts.every(([i, match]) => match(m, r, value[i] as Value));
  }
  if (v.t === 'object') {
    const keys = v.pairs.map(([key]) => compileGet(key, scope, bodies));
    const order = inOrder(v.pairs.map(([, value]) => value), scope);
    const parts = order.map((i) => [keys[i] as Get, compileMatch((v.pairs[i] as [Term, Term])[1], scope, bodies)] as const);
    return (m, r, value) => value instanceof RegoObject && value.size === parts.length && parts.every(([get, match]) => {
      const key = get(m, r);
      const member = key === undefined ? undefined : value.get(key);
      return member !== undefined && match(m, r, member);
    });
  }
  throw new TypeError(`a ${v.t} cannot be matched`);
}

/** Free variables first: a later part may read what they bind. */
function inOrder(terms: readonly Term[], scope: Scope): number[] {
  const free = (i: number) => (scope.isFree(terms[i] as Term) ? 0 : 1);
  return terms.map((_, i) => i).sort((a, b) => free(a) - free(b) || a - b);
}

/** A unification as steps: each pair once one of its sides can be computed. */
export function compileUnify(a: Term, b: Term, scope: Scope, bodies: BodyCompiler, next: () => Step): Step {
  const pairs: [Term, Term][] = [];
  const split = (x: Term, y: Term): boolean => {
    if (x.v.t === 'array' && y.v.t === 'array') {
      if (x.v.terms.length !== y.v.terms.length) return false;
      return x.v.terms.every((part, i) => split(part, (y.v as { terms: Term[] }).terms[i] as Term));
    }
    if (x.v.t === 'object' && y.v.t === 'object' && [...x.v.pairs, ...y.v.pairs].every(([key]) => constantOf(key) !== undefined)) {
      const [left, right] = [dedupe(x.v.pairs), dedupe(y.v.pairs)];
      if (left.length !== right.length) return false;
      return left.every(([key, value]) => {
        const other = right.find(([k]) => equalValues(constantOf(k) as Value, constantOf(key) as Value));
        return other !== undefined && split(value, other[1]);
      });
    }
    pairs.push([x, y]);
    return true;
  };
  if (!split(a, b)) return () => false;
  const ordered: ((then: Step) => Step)[] = [];
  while (pairs.length > 0) {
    const i = bestPair(pairs, scope);
    const [x, y] = pairs.splice(i, 1)[0] as [Term, Term];
    ordered.push(bodies.pair(x, y, scope));
  }
  return ordered.reduceRight((then, make) => make(then), next());
}

function dedupe(pairs: readonly [Term, Term][]): [Term, Term][] {
  return pairs.filter(([key], i) => !pairs.slice(i + 1).some(([other]) => equalValues(constantOf(other) as Value, constantOf(key) as Value)));
}

/** Both sides ground, then one side, then a ref that iterates. */
function bestPair(pairs: readonly [Term, Term][], scope: Scope): number {
  const rank = ([x, y]: [Term, Term]): number => {
    const [g, h] = [scope.isGround(x), scope.isGround(y)];
    if (g && h) return 0;
    if (g || h) return 1;
    return headBound(x, scope) || headBound(y, scope) ? 2 : 3;
  };
  let best = 0;
  for (let i = 1; i < pairs.length; i++) if (rank(pairs[i] as [Term, Term]) < rank(pairs[best] as [Term, Term])) best = i;
  return best;
}

export function headBound(term: Term, scope: Scope): boolean {
  return term.v.t === 'ref' && [...varsOf(term.v.terms[0] as Term)].every((name) => scope.isBound(name));
}
