// Joins: a loop over a collection whose elements a later test picks by equality asks an index instead of looking at all.
//
// `some v in input.vex; v.vulnerability in ids(f); …` is tried for each finding. The loop's elements are indexed by the path
// the test reads (`vulnerability`), and only those under one of the wanted values are tried; the test itself runs all the
// same. An element left out would have failed that test, so answers, their order and what fires are as without an index.
import { type Expr, isEquality, isRef, isVar, operandsOf, operatorOf, type Term } from '../ast.ts';
import { varsOf } from '../compile/visit.ts';
import { BUILTINS } from '../../builtins/registry.ts';
import { endsAll, EvaluationError } from '../errors.ts';
import { charge, SET_CELLS } from '../meter.ts';
import { isArray, type Key, keyOf, RegoObject, RegoSet, type Value } from '../value.ts';
import type { BodyCompiler } from './bodies.ts';
import type { Get, Machine, Slots, Step } from './machine.ts';
import { memberOf } from './refs.ts';
import type { Scope } from './scope.ts';
import { compileGet, constantOf } from './terms.ts';

/** A loop `element = collection[key]`. */
interface Loop {
  readonly element: string;
  readonly key: string;
  readonly collection: readonly Term[];
}

/** How a test picks elements: by a member at a path that equals, is in, or holds the wanted value. */
interface Filter {
  readonly path: readonly Value[];
  readonly wanted: Term;
  readonly how: 'equals' | 'in' | 'holds';
  /** Expressions between the loop and the test that the wanted value needs; none depends on the loop. */
  readonly needs: readonly Expr[];
}

/** Below this an index costs more than it saves. */
const sizeMin = 16;

/** @returns how to compile the loop at `i` with an index, or null where no test after it allows one */
export function joinStep(body: readonly Expr[], i: number, scope: Scope, bodies: BodyCompiler): ((next: () => Step) => Step) | null {
  const loop = loopOf(body[i] as Expr, scope);
  const filter = loop && filterAfter(body, i, loop, scope);
  if (loop === null || filter === null) return null;
  return (next) => compileJoin(body[i] as Expr, loop, filter, scope, bodies, next);
}

function loopOf(expr: Expr, scope: Scope): Loop | null {
  if (!isEquality(expr) || expr.negated || expr.with.length > 0) return null;
  const [a, b] = operandsOf(expr) as [Term, Term];
  const [element, source] = isVar(a) ? [a, b] : [b, a];
  if (!isVar(element) || scope.isBound(element.v.name) || !isRef(source)) return null;
  const collection = source.v.terms.slice(0, -1);
  const key = source.v.terms.at(-1) as Term;
  if (collection.length === 0 || !isVar(key) || scope.isBound(key.v.name) || key.v.name === element.v.name) return null;
  return collection.every((term) => scope.isGround(term)) ? { element: element.v.name, key: key.v.name, collection } : null;
}

function filterAfter(body: readonly Expr[], i: number, loop: Loop, scope: Scope): Filter | null {
  const paths = new Map<string, readonly Value[]>([[loop.element, []]]);
  const outside = new Map<string, Expr[]>();
  const known = (term: Term): boolean => [...varsOf(term)].every((name) => scope.isBound(name) || outside.has(name));
  const needs = (term: Term) => [...new Set([...varsOf(term)].flatMap((name) => outside.get(name) ?? []))];
  const pathOf = (term: Term): readonly Value[] | null => {
    if (isVar(term)) return paths.get(term.v.name) ?? null;
    if (!isRef(term) || !isVar(term.v.terms[0])) return null;
    const base = paths.get(term.v.terms[0].v.name);
    const keys = term.v.terms.slice(1).map(constantOf);
    return base === undefined || keys.includes(undefined) ? null : [...base, ...(keys as Value[])];
  };
  const filter = (path: readonly Value[] | null, wanted: Term, how: Filter['how']): Filter | null => {
    return path !== null && path.length > 0 && known(wanted) ? { path, wanted, how, needs: needs(wanted) } : null;
  };
  for (const expr of body.slice(i + 1)) {
    if (expr.with.length > 0) return null;
    // A negated test is passed over: it only takes elements away.
    if (expr.negated || expr.s.k !== 'call') {
      if (mayFail(expr)) return null;
      continue;
    }
    const operands = operandsOf(expr);
    const [a, b] = operands as [Term, Term];
    if (isEquality(expr)) {
      const [target, source] = isFresh(a, scope, paths, outside) ? [a, b] : [b, a];
      if (isVar(target) && isFresh(target, scope, paths, outside)) {
        const path = pathOf(source);
        if (path !== null) paths.set(target.v.name, path);
        else if (known(source) && !mayFail(expr)) outside.set(target.v.name, [...needs(source), expr]);
        else return null;
        continue;
      }
      const found = filter(pathOf(a), b, 'equals') ?? filter(pathOf(b), a, 'equals');
      if (found !== null) return found;
      return null;
    }
    const name = operatorOf(expr) ?? '';
    if (name === 'internal.member_2' && operands.length === 2) {
      const found = filter(pathOf(a), b, 'in') ?? filter(pathOf(b), a, 'holds');
      if (found !== null) return found;
    }
    const output = operands.at(-1);
    const inputs = operands.slice(0, -1);
    if (isVar(output) && isFresh(output, scope, paths, outside) && inputs.every(known)) {
      outside.set(output.v.name, [...inputs.flatMap(needs), expr]);
    } else if (mayFail(expr)) return null;
  }
  return null;
}

function isFresh(term: Term, scope: Scope, paths: ReadonlyMap<string, unknown>, outside: ReadonlyMap<string, unknown>): boolean {
  return isVar(term) && !scope.isBound(term.v.name) && !paths.has(term.v.name) && !outside.has(term.v.name);
}

/** Whether an expression can end the evaluation or be seen: then no element before it may be left out. */
function mayFail(expr: Expr): boolean {
  const name = operatorOf(expr);
  if (expr.s.k === 'term') return expr.s.term.v.t !== 'var' && expr.s.term.v.t !== 'scalar' && readsRules(expr.s.term);
  if (name === null || name === 'internal.print' || !BUILTINS.has(name)) return true;
  return operandsOf(expr).some((term) => readsRules(term) || term.v.t.endsWith('comp'));
}

function readsRules(term: Term): boolean {
  return varsOf(term).has('data');
}

/** Of an index: a pair with its place in the list, and a place under a key. */
const ENTRY_CELLS = 6;
const PLACE_CELLS = 8;

function sizeOf(collection: Value): number {
  if (isArray(collection)) return collection.length;
  return collection instanceof RegoSet || collection instanceof RegoObject ? collection.size : 0;
}

/** Elements by the value at a path, each with its place in the collection. */
class Index {
  readonly #places = new Map<Key, number[]>();
  readonly entries: readonly (readonly [Value, Value])[];

  constructor(collection: Value, path: readonly Value[], each: boolean) {
    charge(SET_CELLS + ENTRY_CELLS * sizeOf(collection));
    this.entries = entriesOf(collection);
    for (const [place, [, element]] of this.entries.entries()) {
      let value: Value | undefined = element;
      for (const key of path) value = value === undefined ? undefined : memberOf(value, key);
      if (value === undefined) continue;
      for (const member of each ? membersOf(value) : [value]) this.#add(keyOf(member), place);
    }
  }

  #add(key: Key, place: number): void {
    charge(PLACE_CELLS);
    const places = this.#places.get(key);
    if (places === undefined) this.#places.set(key, [place]);
    else if (places.at(-1) !== place) places.push(place);
  }

  under(value: Value): readonly number[] {
    return this.#places.get(keyOf(value)) ?? [];
  }

  /** Places under any of several values, in the order of the collection. */
  underAny(values: readonly Value[]): readonly number[] {
    const found = values.map((value) => this.under(value)).filter((places) => places.length > 0);
    if (found.length < 2) return found[0] ?? [];
    return [...new Set(found.flat())].sort((a, b) => a - b);
  }
}

function entriesOf(collection: Value): (readonly [Value, Value])[] {
  if (isArray(collection)) return collection.map((value, i) => [i, value] as const);
  if (collection instanceof RegoSet) return collection.sorted.map((value) => [value, value] as const);
  return collection instanceof RegoObject ? [...collection] : [];
}

function membersOf(collection: Value): readonly Value[] {
  if (isArray(collection)) return collection;
  if (collection instanceof RegoSet) return collection.sorted;
  return collection instanceof RegoObject ? [...collection.members()] : [];
}

/** An evaluation's indexes by collection, which never change; each made when a collection is looped over for the second time. */
export type Indexes = Map<object, Map<string, Index | 'seen'>>;

function indexOf({ indexes }: Machine, collection: Value, name: string, path: readonly Value[], each: boolean): Index | null {
  if (typeof collection !== 'object' || collection === null) return null;
  if (sizeOf(collection) < sizeMin) return null;
  let named = indexes.get(collection);
  if (named === undefined) {
    charge(SET_CELLS);
    indexes.set(collection, (named = new Map()));
  }
  const known = named.get(name);
  if (known instanceof Index) return known;
  if (known === undefined) {
    named.set(name, 'seen');
    return null;
  }
  const made = new Index(collection, path, each);
  named.set(name, made);
  return made;
}

function compileJoin(expr: Expr, loop: Loop, filter: Filter, scope: Scope, bodies: BodyCompiler, next: () => Step): Step {
  const collection = compileGet(loop.collection.length === 1 ? loop.collection[0] as Term : asRef(loop.collection), scope, bodies);
  let wanted: Value | undefined;
  const inner = scope.nested();
  const probe = bodies.body(filter.needs, inner, () => {
    const get: Get = compileGet(filter.wanted, inner, bodies);
    return (m, r) => {
      wanted = get(m, r);
      return true;
    };
  });
  let then: Step = () => false;
  const all = bodies.plain(expr, scope, () => (m, r) => then(m, r));
  const [elementSlot, keySlot] = [scope.slot(loop.element), scope.slot(loop.key)];
  then = next();
  const name = `${filter.how} ${String(keyOf(filter.path))}`;
  return (m, r) => {
    // With strict errors an element left out could have ended the evaluation.
    const value = m.strict ? undefined : collection(m, r);
    const index = value === undefined ? null : indexOf(m, value, name, filter.path, filter.how === 'holds');
    if (index === null) return all(m, r);
    wanted = undefined;
    if (!attempt(probe, m, r)) return all(m, r);
    if (wanted === undefined) return false;
    const places = filter.how === 'in' ? index.underAny(membersOf(wanted)) : index.under(wanted);
    m.spend(places.length + 1);
    for (const place of places) {
      const [key, element] = index.entries[place] as readonly [Value, Value];
      r[keySlot] = key;
      r[elementSlot] = element;
      if (then(m, r)) return true;
    }
    return false;
  };
}

/** Whether a probe ran: one that fails is left to fail where the policy has it. */
function attempt(probe: Step, m: Machine, r: Slots): boolean {
  const { depth, values } = m;
  try {
    probe(m, r);
    return true;
  } catch (cause) {
    if (!(cause instanceof EvaluationError) || endsAll(cause)) throw cause;
    m.depth = depth;
    m.values = new Map(values);
    return false;
  }
}

function asRef(terms: readonly Term[]): Term {
  return { v: { t: 'ref', terms: [...terms] }, loc: null };
}
