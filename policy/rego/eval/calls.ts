// Calls: of built-ins, of functions the policy defines, and of what `with` put in their place.
import { type Builtin, BuiltinError, OperandError, type Registered } from '../../builtins/builtin.ts';
import { BUILTINS } from '../../builtins/registry.ts';
import { chargeTree } from '../../builtins/room.ts';
import { type Expr, isRef, type Location, type Term } from '../ast.ts';
import { varsOf } from '../compile/visit.ts';
import { EvaluationError } from '../errors.ts';
import { ARRAY_CELLS, charge, isMetered, textCells } from '../meter.ts';
import { formatTerm } from '../term.ts';
import { isArray, RegoObject, RegoSet, type Value } from '../value.ts';
import type { BodyCompiler } from './bodies.ts';
import type { Get, Machine, Slots, Step } from './machine.ts';
import { constantKey, memberAt, memberOf } from './refs.ts';
import type { Scope } from './scope.ts';
import { compileGet, compileMatch, constantOf, type Match } from './terms.ts';

/** Runs a built-in; its failure is "undefined" unless errors are strict. */
export function callBuiltin(builtin: Registered, m: Machine, args: readonly Value[], at: Location | null): Value | undefined {
  m.spend(1);
  const room = builtin.room !== null && isMetered() ? builtin.room : null;
  if (room !== null) for (let i = 0; i < args.length; i++) room.before(args[i] as Value);
  try {
    const run = runOf(builtin, m);
    // Passing on a list of unknown length costs as much as a short built-in itself.
    const value = args.length === 2 ? run(m, args[0] as Value, args[1] as Value)
      : args.length === 1 ? run(m, args[0] as Value)
      : args.length === 3 ? run(m, args[0] as Value, args[1] as Value, args[2] as Value) : run(m, ...args);
    if (room !== null && value !== undefined) room.after(value);
    return value;
  } catch (cause) {
    return failed(builtin, m, cause, at);
  }
}

/** `callBuiltin` with two operands that are in no list. */
function callOnTwo(builtin: Registered, m: Machine, a: Value, b: Value, at: Location | null): Value | undefined {
  m.spend(1);
  const room = builtin.room !== null && isMetered() ? builtin.room : null;
  if (room !== null) {
    room.before(a);
    room.before(b);
  }
  try {
    const value = runOf(builtin, m)(m, a, b);
    if (room !== null && value !== undefined) room.after(value);
    return value;
  } catch (cause) {
    return failed(builtin, m, cause, at);
  }
}

function runOf(builtin: Builtin, { differences }: Machine): Builtin['run'] {
  return differences === null ? builtin.run : differences.get(builtin.name) ?? builtin.run;
}

function failed(builtin: Builtin, m: Machine, cause: unknown, at: Location | null): undefined {
  if (!(cause instanceof OperandError) && !(cause instanceof BuiltinError)) throw cause;
  if (!m.strict) return undefined;
  const code = cause instanceof OperandError ? 'eval_type_error' : 'eval_builtin_error';
  throw new EvaluationError(code, `${builtin.name}: ${cause.message}`, at);
}

type Invoke = (m: Machine, args: readonly Value[]) => Value | undefined;

export function compileCall(
  expr: Expr, name: string | null, terms: readonly Term[], scope: Scope, bodies: BodyCompiler, next: () => Step,
): Step {
  const [operator, ...rest] = terms as [Term, ...Term[]];
  const label = name ?? '';
  if (label === 'internal.print') return print(rest[0] as Term, expr.loc, scope, bodies, next);
  if (label === 'internal.test_case') return noteCase(rest[0] as Term, scope, bodies, next);
  if (label === 'walk') return walk(rest, scope, bodies, next);
  const builtin = BUILTINS.get(label);
  const arity = bodies.program.compiled.arity(operator);
  const gets = rest.slice(0, arity).map((term) => compileGet(term, scope, bodies));
  const invoke = invoker(builtin, label, operator, expr.loc, bodies);
  const called = () => (builtin === undefined ? caller(gets, invoke) : builtinCaller(builtin, gets, invoke, expr.loc));
  const call = label === 'object.get' ? memberCall(rest, gets, invoke) : called();
  const compute = remembered(call, rest.slice(0, arity), scope);
  const output = rest[arity];
  if (output === undefined) {
    const then = next();
    // A function without a result always succeeds.
    const isVoid = builtin?.type.endsWith('=> none') === true;
    return (m, r) => {
      const value = compute(m, r);
      return (isVoid || (value !== undefined && value !== false)) && then(m, r);
    };
  }
  const match = compileMatch(output, scope, bodies);
  const then = next();
  return (m, r) => {
    const value = compute(m, r);
    return value !== undefined && match(m, r, value) && then(m, r);
  };
}

type Call = (m: Machine, r: Slots) => Value | undefined;

function caller(gets: readonly Get[], invoke: Invoke): Call {
  const [first, second, third] = gets;
  // Nearly all calls have at most three operands: their list is made at once, and no loop is run for them.
  if (gets.length === 1 && first !== undefined) {
    return (m, r) => {
      const a = first(m, r);
      return a === undefined ? undefined : invoke(m, [a]);
    };
  }
  if (gets.length === 2 && first !== undefined && second !== undefined) {
    return (m, r) => {
      const a = first(m, r);
      if (a === undefined) return undefined;
      const b = second(m, r);
      return b === undefined ? undefined : invoke(m, [a, b]);
    };
  }
  if (gets.length === 3 && first !== undefined && second !== undefined && third !== undefined) {
    return (m, r) => {
      const a = first(m, r);
      if (a === undefined) return undefined;
      const b = second(m, r);
      if (b === undefined) return undefined;
      const c = third(m, r);
      return c === undefined ? undefined : invoke(m, [a, b, c]);
    };
  }
  return (m, r) => {
    const args: Value[] = [];
    for (let i = 0; i < gets.length; i++) {
      const value = (gets[i] as Get)(m, r);
      if (value === undefined) return undefined;
      args.push(value);
    }
    return invoke(m, args);
  };
}

/** A comparison or a membership is asked of every element, a hundred thousand times in a gate: none of them makes a list. */
function builtinCaller(builtin: Registered, gets: readonly Get[], invoke: Invoke, at: Location | null): Call {
  const [first, second] = gets;
  if (gets.length !== 2 || first === undefined || second === undefined) return caller(gets, invoke);
  return (m, r) => {
    const a = first(m, r);
    if (a === undefined) return undefined;
    const b = second(m, r);
    if (b === undefined) return undefined;
    return m.mocks === null ? callOnTwo(builtin, m, a, b, at) : invoke(m, [a, b]);
  };
}

/** `object.get` of a constant key: the call that policies make most, over elements that are mostly alike. */
function memberCall(terms: readonly Term[], gets: readonly Get[], invoke: Invoke): Call {
  const [object, , otherwise] = gets;
  const name = terms[1] === undefined ? undefined : constantOf(terms[1]);
  if (typeof name !== 'string' || gets.length !== 3 || object === undefined || otherwise === undefined) return caller(gets, invoke);
  const key = constantKey(name);
  return (m, r) => {
    const given = object(m, r);
    if (given === undefined) return undefined;
    const other = otherwise(m, r);
    if (other === undefined) return undefined;
    if (m.mocks !== null || m.differences !== null || !(given instanceof RegoObject)) return invoke(m, [given, name, other]);
    m.spend(1);
    const found = memberAt(given, key);
    return found === undefined ? other : found;
  };
}

const NONE = Symbol('none');

/**
 * A call whose operands do not change in the loops around it is computed once for each time the outermost of those
 * loops begins anew: `ids(f)` within a loop over ten thousand statements runs once.
 *
 * It is computed where it stands, not before the loop: an error in it must not come up where the loop has no values.
 */
function remembered(call: (m: Machine, r: Slots) => Value | undefined, args: readonly Term[], scope: Scope): (m: Machine, r: Slots) => Value | undefined {
  const names = varsOf(args);
  const depth = scope.depthOf(names);
  if (depth >= scope.loops || args.length === 0) return call;
  const [slot, when, ...inputs] = [scope.layout.fresh(), scope.layout.fresh(), ...[...names].map((name) => scope.slot(name))] as [number, number, ...number[]];
  const copies = inputs.map(() => scope.layout.fresh());
  return (m, r) => {
    let same = r[when] === m.epoch;
    for (let i = 0; same && i < inputs.length; i++) same = r[inputs[i] as number] === r[copies[i] as number];
    if (same) {
      const known = r[slot] as unknown;
      return known === NONE ? undefined : (known as Value);
    }
    const value = call(m, r);
    for (let i = 0; i < inputs.length; i++) r[copies[i] as number] = r[inputs[i] as number];
    r[when] = m.epoch;
    r[slot] = value === undefined ? (NONE as unknown as Value) : value;
    return value;
  };
}

function invoker(builtin: Registered | undefined, name: string, operator: Term, loc: Location | null, bodies: BodyCompiler): Invoke {
  const group = builtin === undefined && isRef(operator) ? bodies.program.functionAt(operator.v.terms) : undefined;
  const direct: Invoke = builtin !== undefined ? (m, args) => callBuiltin(builtin, m, args, loc)
    : group !== undefined ? (m, args) => group.call(m, args, loc) : () => undefined;
  return (m, args) => {
    const mock = m.mocks === null ? undefined : m.mocks.get(name);
    if (mock === undefined) return direct(m, args);
    if ('value' in mock) return mock.value;
    // The replacement calls the original by the same name.
    const { mocks, values } = m;
    const without = new Map(mocks);
    without.delete(name);
    m.mocks = without;
    m.values = new Map();
    const value = mock.call(m, args, loc);
    m.mocks = mocks;
    m.values = values;
    return value;
  };
}

function noteCase(list: Term, scope: Scope, bodies: BodyCompiler, next: () => Step): Step {
  const get = compileGet(list, scope, bodies);
  const then = next();
  return (m, r) => {
    const names = get(m, r);
    if (isArray(names)) {
      charge(ARRAY_CELLS);
      m.cases.push(names);
    }
    return then(m, r);
  };
}

/** `print` shows each operand's values, or that it has none. */
function print(list: Term, loc: Location | null, scope: Scope, bodies: BodyCompiler, next: () => Step): Step {
  const get = compileGet(list, scope, bodies);
  const then = next();
  return (m, r) => {
    const sets = get(m, r);
    if (isArray(sets)) {
      const alternatives = sets.map((set) => (set instanceof RegoSet && set.size > 0 ? set.sorted : ['<undefined>']));
      if (isMetered()) chargePrint(alternatives);
      for (const row of product(alternatives)) {
        m.spendBytes(64);
        m.printed.push({ text: row.map((value) => (typeof value === 'string' ? value : formatTerm(value))).join(' '), location: loc });
      }
    }
    return then(m, r);
  };
}

/** Every row is made before the first is written, and each value is written in as many rows as the others make. */
function chargePrint(lists: readonly (readonly Value[])[]): void {
  const rows = lists.reduce((count, list) => count * list.length, 1);
  charge(2 * rows * (ARRAY_CELLS + textCells(0) + lists.length));
  for (const list of lists) {
    for (const value of list) for (let row = 0; row < rows / list.length; row++) chargeTree(value);
  }
}

function product(lists: readonly (readonly Value[])[]): Value[][] {
  return lists.reduce<Value[][]>((rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])), [[]]);
}

/** `walk(document, [path, value])`: the document and everything in it, each with the keys that lead there. */
function walk(terms: readonly Term[], scope: Scope, bodies: BodyCompiler, next: () => Step): Step {
  const get = compileGet(terms[0] as Term, scope, bodies);
  const output = terms[1];
  scope.loops++;
  const prefix = output === undefined ? null : knownPath(output, scope, bodies);
  const match: Match = output === undefined ? () => true : compileMatch(output, scope, bodies);
  const then = next();
  const go = (m: Machine, r: Slots, value: Value, path: readonly Value[]): boolean => {
    m.spend(1);
    // The path, which is as long as it has to be, and the pair.
    charge(2 * ARRAY_CELLS + 1 + Math.ceil(path.length / 2));
    if (match(m, r, [path, value]) && then(m, r)) return true;
    if (isArray(value)) {
      for (let i = 0; i < value.length; i++) if (go(m, r, value[i] as Value, path.concat([i]))) return true;
    } else if (value instanceof RegoObject) {
      for (const [key, member] of value) if (go(m, r, member, path.concat([key]))) return true;
    } else if (value instanceof RegoSet) {
      for (const member of value.sorted) if (go(m, r, member, path.concat([member]))) return true;
    }
    return false;
  };
  return (m, r) => {
    const value = get(m, r);
    if (value === undefined) return false;
    const path = prefix?.(m, r);
    if (path === undefined || !isArray(path)) return go(m, r, value, []);
    let at: Value | undefined = value;
    for (const key of path) at = at === undefined ? undefined : memberOf(at, key);
    return at !== undefined && match(m, r, [path, at]) && then(m, r);
  };
}

/** The path of a walk's output where it is known before: only what lies there is looked at. */
function knownPath(output: Term, scope: Scope, bodies: BodyCompiler): Get | null {
  const [path] = output.v.t === 'array' && output.v.terms.length === 2 ? output.v.terms : [];
  return path !== undefined && scope.isGround(path) ? compileGet(path, scope, bodies) : null;
}
