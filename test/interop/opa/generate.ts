// Random Rego: whole modules with every kind of rule, statement and term, and calls of given functions with arguments that fit.
import { BUILTINS } from '../../../policy/builtins/registry.ts';
import { parseFunctionType, type Type } from '../../../policy/rego/compile/types.ts';
import type { Seeds } from './seeds.ts';

/** Mulberry32. @returns numbers in [0, 1) */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const OTHER_INPUT = '{"ns": [4, 5], "ss": ["q"], "i": 2, "s": "t", "b": true, "rows": [], "a": [1]}';

type Kind = 'number' | 'string' | 'boolean' | 'array' | 'set' | 'object' | 'any';
const KINDS: readonly Kind[] = ['number', 'string', 'boolean', 'array', 'set', 'object'];

/** What answers differently by design, or has its own spelling: operators, what `print` shows, the recorded clock. */
const LEFT_OUT = /^(?:internal\.|assign$|eq$|equal$|neq$|lte?$|gte?$|time\.now_ns$)/;

/** Functions that the language of OPA 1.x no longer has. */
const DEPRECATED = new Set([
  'all', 'any', 'cast_array', 'cast_boolean', 'cast_null', 'cast_object', 'cast_set', 'cast_string', 'net.cidr_overlap', 're_match', 'set_diff',
]);

/** Functions that a random policy may call: in the language of now, and those that only the one before has. */
export const CALLABLE: readonly string[] = [...BUILTINS.values()]
  .filter(({ name, mark }) => mark !== 'refused' && !LEFT_OUT.test(name) && !DEPRECATED.has(name)).map(({ name }) => name).sort();
export const CALLABLE_BEFORE: readonly string[] = [...DEPRECATED].sort();

interface Scope {
  readonly vars: readonly { readonly name: string; readonly kind: Kind }[];
}

export class Generator {
  readonly #random: () => number;
  readonly #seeds: Seeds;
  readonly #uses: ReadonlyMap<string, number>;
  #fresh = 0;
  #turn = 0;
  /** How deep the module being made may nest. */
  #budget = 0;
  #logic = false;

  /** @param uses - what has been called so far, counted by the caller */
  constructor(seed: number, seeds: Seeds, uses: ReadonlyMap<string, number> = new Map()) {
    this.#random = randomOf(seed);
    this.#seeds = seeds;
    this.#uses = uses;
  }

  below = (n: number) => Math.floor(this.#random() * n);
  pick = <T>(list: readonly T[]): T => list[this.below(list.length)] as T;
  #chance = (p: number) => this.#random() < p;
  #name = (prefix: string) => `${prefix}${this.#fresh++}`;

  /** An input with the members that modules refer to, each of its own shape. */
  input(): string {
    const number = () => this.pick(['0', '1', '7', '-3', '1.50', '1e3', '12345678901234567890', '0.1', String(this.below(1000))]);
    const text = () => this.pick(['"a"', '"b"', '"x"', '""', '"a,b"', '"é"', '"CRITICAL"', '"1.2.3"', '"\\ud83d\\ude00"']);
    const list = (of: () => string) => `[${Array.from({ length: 1 + this.below(4) }, of).join(', ')}]`;
    const object = (of: () => string) => `{${['k', 'n', 'm'].map((key) => `"${key}": ${of()}`).join(', ')}}`;
    return `{"a": ${list(() => this.pick([number, text, () => 'null', () => 'true'])())}, "ns": ${list(number)}, "ss": ${list(text)}, "i": ${number()}, `
      + `"s": ${text()}, "b": ${this.pick(['true', 'false'])}, "o": {"k": ${text()}, "n": ${number()}, "d": ${object(number)}}, `
      + `"rows": ${list(() => `{"id": ${text()}, "n": ${number()}, "on": ${this.pick(['true', 'false'])}}`)}, "z": []}`;
  }

  /** A module whose package is `f.<name>`. */
  module(name: string): string {
    this.#fresh = 0;
    this.#budget = 2 + this.below(2);
    this.#logic = this.#chance(0.35);
    const lines = [...this.#metadata('package'), `package f.${name}`, ''];
    if (this.#logic) lines.push('import rego.v2');
    if (this.#chance(0.2)) lines.push('import input.o as whole', `import data.f.${name}.r0 as first`);
    const calls = Array.from({ length: 2 }, (_, i) => `c${i} := ${this.#nextCall()}`);
    const rules = Array.from({ length: 2 + this.below(3) }, (_, i) => this.#rule(`r${i}`, name));
    return `${lines.join('\n')}\n\n${[...rules, ...calls].join('\n\n')}\n`;
  }

  /** A module in the language before OPA 1.0. */
  before(name: string): string {
    const call = () => this.#callOf(CALLABLE_BEFORE[this.#turn++ % CALLABLE_BEFORE.length] as string, { vars: [] });
    const rules = [
      () => `r0 = x { x = ${call()} }`, () => `r1[x] { x := input.ns[_]; not x == ${this.#scalar('number')} }`, () => `r2[k] = v { v := input.o[k] }`,
      () => `r3 { ${call()} }\n\nr3 { input.b }`, () => `f4(x) = y { y := x + 1 } else = 0 { true }\n\nr4 = [y | y := f4(input.ns[_])]`,
      () => `r5 = ${this.#term(this.pick(KINDS.slice(0, 2)), 0, { vars: [] })}`, () => `default r6 = "none"\n\nr6 = x { x := ${call()}; input.i > 3 }`,
    ].map((make) => make());
    return `package f.${name}\n\n${rules.join('\n\n')}\n\nc0 = ${call()}\n`;
  }

  /** One that is likely wrong: a term of any kind anywhere, unsafe names, rules that conflict. */
  wild(name: string): string {
    const good = this.module(name);
    const broken = this.pick([
      (text: string) => text.replace(/:= /, ':= unbound + '), (text: string) => text.replace(/ if \{/, ' if {\n\tnot_there'),
      (text: string) => text.replace(/\bcount\(/, 'count(1, '), (text: string) => `${text}\nr0(x) := x\n`, (text: string) => text.replace('"', ''),
      (text: string) => text.replace(/\]/, ''), (text: string) => `${text}\nloop if loop\n`, (text: string) => `${text}\nw := 1 + "a"\n`,
      (text: string) => text.replace(/ := /, ' = = '), (text: string) => `${text}\np contains x\n`, (text: string) => `${text}\nq if { x := 1; x := 2 }\n`,
    ]);
    return broken(good);
  }

  #metadata(kind: string): string[] {
    return this.#chance(0.1) ? ['# METADATA', `# title: a ${kind}`, '# custom:', `#   n: ${this.below(9)}`] : [];
  }

  /** Functions in turn, and now and then one of those that modules which decided have called least: some seldom compile. */
  #nextCall(): string {
    const least = this.#turn % 4 === 0 ? this.#least(CALLABLE) : null;
    return this.#callOf(least ?? CALLABLE[this.#turn++ % CALLABLE.length] as string, { vars: [] });
  }

  #least(names: readonly string[]): string {
    this.#turn++;
    const count = (name: string) => this.#uses.get(`${name}()`) ?? 0;
    return this.pick(names.toSorted((a, b) => count(a) - count(b)).slice(0, 20));
  }

  #callOf(name: string, scope: Scope): string {
    const seeds = this.#seeds.get(name) ?? [];
    const made = seeds.length > 0 && this.#chance(0.75) ? this.pick(seeds) : null;
    const { args, variadic } = parseFunctionType(BUILTINS.get(name)?.type as string);
    const wanted = variadic === null ? args : [variadic];
    const operands = made ?? wanted.map((arg) => this.#fitting(arg, scope)).join(', ');
    if (name === 'walk') return `[pv | walk(${operands}, pv)]`;
    return name === 'print' ? `[1 | print(${operands})]` : `${name}(${operands})`;
  }

  #fitting(type: Type | null, scope: Scope): string {
    if (type === null) return this.#term('any', 1, scope);
    switch (type.k) {
      case 'number': case 'string': case 'boolean': return this.#term(type.k, 1, scope);
      case 'null': return 'null';
      case 'set': return `{${[...new Set([this.#fitting(type.of, scope), this.#fitting(type.of, scope)])].join(', ')}}`;
      case 'array': return `[${(type.open === null ? type.items : [type.open, type.open]).map((item) => this.#fitting(item, scope)).join(', ')}]`;
      case 'object': {
        const members = [...type.members.values()].map(({ key, type: of }) => `${JSON.stringify(key)}: ${this.#fitting(of, scope)}`);
        const open = type.open === null ? [] : [`"k": ${this.#fitting(type.open.value, scope)}`];
        return `{${[...members, ...open].join(', ')}}`;
      }
      case 'any': return type.of.length === 0 ? this.#term('any', 1, scope) : this.#fitting(this.pick(type.of), scope);
      default: return '1';
    }
  }

  #rule(name: string, module: string): string {
    const none: Scope = { vars: [] };
    const depth = this.#budget;
    const body = () => this.#body(depth - 1, none);
    const kind = this.pick(KINDS);
    const made = this.pick([
      () => `${name} := ${this.#term(kind, depth, none)}`,
      () => { const { text, scope } = body(); return `${name} := ${this.#term(kind, 1, scope)} if {\n${text}\n}`; },
      () => { const { text } = body(); return `${name} if {\n${text}\n}`; },
      () => { const { text, scope } = body(); return `${name} contains ${this.#term(kind, 1, scope)} if {\n${text}\n}`; },
      () => { const { text, scope } = body(); return `${name}[${this.#term('string', 0, scope)}] := ${this.#term(kind, 1, scope)} if {\n${text}\n}`; },
      () => `default ${name} := ${this.#scalar(kind)}\n\n${name} := ${this.#term(kind, 1, none)} if ${this.#truth(1, none)}`,
      () => {
        const { text, scope } = body();
        return `${name} := ${this.#term(kind, 1, scope)} if {\n${text}\n} else := ${this.#scalar(kind)} if {\n\tinput.b\n} else := 0`;
      },
      () => { const { text, scope } = body(); return `${name}.p[${this.#term('string', 0, scope)}].q := ${this.#term(kind, 1, scope)} if {\n${text}\n}`; },
      () => { const { text, scope } = body(); return `${name}.p[${this.#term('string', 0, scope)}] contains ${this.#term(kind, 1, scope)} if {\n${text}\n}`; },
      () => {
        const of = this.pick(['number', 'string'] as const);
        const inner: Scope = { vars: [{ name: 'x', kind: of }, { name: 'y', kind: 'any' }] };
        return `f_${name}(x, [y, _]) := ${this.#term(kind, 1, inner)} if {\n\tis_${of}(x)\n}\n\nf_${name}(${this.#scalar(of)}, "lit") := 5\n\n`
          + `${name} := [v | some z in input.${of === 'number' ? 'ns' : 'ss'}; v := f_${name}(z, [z, 1])]`;
      },
      () => {
        const inner: Scope = { vars: [{ name: 'x', kind: 'number' }] };
        const clauses = `default f_${name}(_) := "none"\n\nf_${name}(x) := ${this.#term(kind, 1, inner)} if x > 3`;
        return `${clauses}\n\n${name} := {k: v | some k, e in input.ns; v := f_${name}(e)}`;
      },
      () => `${name}_base contains x if some x in input.ns\n\n${name}_base contains x if some x in input.ss\n\n`
        + `${name} := [v | ${this.pick([`some v in ${name}_base`, `data.f.${module}.${name}_base[v]`, `${name}_base[v]`])}]`,
    ])();
    return [...this.#metadata('rule'), made].join('\n');
  }

  /** Statements one to a line, and what they bind. */
  #body(depth: number, scope: Scope): { text: string; scope: Scope } {
    let inner = scope;
    const lines: string[] = [];
    for (let i = 1 + this.below(3); i > 0; i--) {
      const made = this.#statement(depth, inner);
      lines.push(`\t${made.text}`);
      inner = made.scope;
    }
    return { text: lines.join('\n'), scope: inner };
  }

  #bound(scope: Scope, ...vars: { name: string; kind: Kind }[]): Scope {
    return { vars: [...scope.vars, ...vars] };
  }

  #statement(depth: number, scope: Scope): { text: string; scope: Scope } {
    const v = this.#name('v');
    const w = this.#name('w');
    const kind = this.pick(KINDS);
    const same = (text: string) => ({ text, scope });
    const truth = () => this.#truth(depth - 1, scope);
    return this.pick([
      () => ({ text: `${v} := ${this.#term(kind, depth, scope)}`, scope: this.#bound(scope, { name: v, kind }) }),
      () => ({ text: `${v} = ${this.#term(kind, depth, scope)}`, scope: this.#bound(scope, { name: v, kind }) }),
      () => ({ text: `some ${v} in ${this.#term('array', depth, scope)}`, scope: this.#bound(scope, { name: v, kind: 'any' }) }),
      () => ({ text: `some ${v} in input.ns`, scope: this.#bound(scope, { name: v, kind: 'number' }) }),
      () => ({ text: `some ${v}, ${w} in input.rows`, scope: this.#bound(scope, { name: v, kind: 'number' }, { name: w, kind: 'object' }) }),
      () => ({ text: `some ${v}; ${w} := input.ss[${v}]`, scope: this.#bound(scope, { name: v, kind: 'number' }, { name: w, kind: 'string' }) }),
      () => ({ text: `input.rows[${v}].id = ${w}`, scope: this.#bound(scope, { name: v, kind: 'number' }, { name: w, kind: 'string' }) }),
      () => ({
        text: `[${v}, {"k": ${w}}] = [${this.#term(kind, 1, scope)}, {"k": input.i}]`,
        scope: this.#bound(scope, { name: v, kind }, { name: w, kind: 'number' }),
      }),
      () => ({ text: `{"n": ${v}, "on": _, "id": ${w}} = input.rows[_]`, scope: this.#bound(scope, { name: v, kind: 'number' }, { name: w, kind: 'string' }) }),
      () => same(truth()),
      () => same(`not ${truth()}`),
      () => {
        const domain = this.pick(['input.ns', 'input.z', '[1, 2]', '{3}']);
        return same(`every ${v} in ${domain} { ${v} ${this.pick(['>', '<=', '!='])} ${this.#term('number', 0, scope)} }`);
      },
      () => same(`every ${v}, ${w} in ${this.pick(['input.ss', 'input.o.d'])} { ${v} != "q"; ${w} != 17 }`),
      () => same(`${truth()} with input.i as ${this.#term('number', 0, scope)}`),
      () => same(`${truth()} with data.extra as ${this.#scalar(kind)} with input as ${OTHER_INPUT}`),
      () => same(`count(input.ns) == 7 with count as 7`),
      () => ({ text: `walk(input.o, [${v}, ${w}])`, scope: this.#bound(scope, { name: v, kind: 'array' }, { name: w, kind: 'any' }) }),
      () => same(this.#logic ? this.#logical(depth, scope) : truth()),
      () => same(this.#logic ? this.#notBody(depth, scope) : `not ${truth()}`),
    ])();
  }

  /** A negated body binds for itself what it reads. */
  #notBody(depth: number, scope: Scope): string {
    const v = this.#name('v');
    const truth = () => this.#truth(depth - 1, scope);
    return this.pick([
      () => `not { ${truth()} }`, () => `not { ${truth()}; ${truth()} }`, () => `not { ${v} := ${this.#term('number', 1, scope)}; ${v} > 3 }`,
      () => `not { some ${v} in input.ns; ${v} == ${this.#scalar('number')} }`, () => `not { input.ss[_] == ${this.#scalar('string')}; not { ${truth()} } }`,
    ])();
  }

  #logical(depth: number, scope: Scope): string {
    const truth = () => this.#truth(depth - 1, scope);
    return this.pick([
      () => `${truth()} or ${truth()}`, () => `${truth()} and ${truth()}`, () => `${truth()} and (${truth()} or ${truth()})`,
      () => `not { ${truth()} }`, () => `not (${truth()} and ${truth()})`, () => `{ ${truth()}; ${truth()} } or ${truth()}`,
    ])();
  }

  /** Something that holds, or does not. */
  #truth(depth: number, scope: Scope): string {
    const kind = this.pick(KINDS);
    const comparison = () => `${this.#term(kind, depth, scope)} ${this.pick(['==', '!=', '<', '<=', '>', '>='])} ${this.#term(kind, depth, scope)}`;
    return this.pick([
      comparison, comparison, () => `${this.#term(kind, depth, scope)} in ${this.#term('array', 1, scope)}`, () => `input.o.${this.pick(['k', 'n', 'd', 'q'])}`,
      () => `"k", ${this.#term('any', 0, scope)} in input.o`, () => this.#callReturning('boolean', scope),
      () => `input.a[_] ${this.pick(['==', '!='])} ${this.#term('any', 0, scope)}`, () => `count(${this.#term('array', depth, scope)}) > ${this.below(3)}`,
      () => `is_${this.pick(['number', 'string', 'array', 'object', 'set', 'null', 'boolean'])}(${this.#term('any', depth, scope)})`,
    ])();
  }

  #scalar(kind: Kind): string {
    const of: Readonly<Record<Kind, readonly string[]>> = {
      number: ['0', '1', '2', '-1', '1.5', '1.0', '1e3', '0.1', '10000000000000000000001', '3.14159'],
      string: ['"a"', '"b"', '"x"', '""', '"é\\n"', '`raw "q"`', '"CRITICAL"', '"\\u00e9"'],
      boolean: ['true', 'false'], array: ['[]', '[1, "a"]', '[null, true]'], set: ['set()', '{1, 2}', '{"a"}'], object: ['{}', '{"k": 1}', '{1: "n"}'],
      any: ['null', '1', '"a"', 'true', '[1]', '{2}', '{"k": null}'],
    };
    return this.pick(of[kind]);
  }

  #term(kind: Kind, depth: number, scope: Scope): string {
    const fitting = scope.vars.filter((one) => one.kind === kind || kind === 'any');
    if (fitting.length > 0 && this.#chance(0.4)) return this.pick(fitting).name;
    if (depth <= 0) return this.#chance(0.6) ? this.#scalar(kind) : this.#ref(kind);
    const inner = (of: Kind) => this.#term(of, depth - 1, scope);
    const any = () => inner(this.pick(KINDS));
    const v = this.#name('e');
    const within: Scope = this.#bound(scope, { name: v, kind: 'number' });
    switch (kind) {
      case 'number': return this.pick([
        () => this.#scalar(kind), () => this.#ref(kind), () => `${inner('number')} ${this.pick(['+', '-', '*', '/', '%'])} ${inner('number')}`,
        () => `(${inner('number')} - ${inner('number')}) * 2`, () => this.#callReturning(kind, scope), () => `-input.i`, () => `count(${inner('set')})`,
      ])();
      case 'string': return this.pick([
        () => this.#scalar(kind), () => this.#ref(kind), () => this.#callReturning(kind, scope),
        () => `$"<{${inner('number')} + 0}> {${this.#ref('string')}} \\{"`,
        () => `sprintf("%v %d %s", [${any()}, ${inner('number')}, ${inner('string')}])`, () => `$\`{${this.#ref('any')}}\``,
      ])();
      case 'boolean': return this.pick([() => this.#scalar(kind), () => this.#callReturning(kind, scope), () => `${inner('number')} > ${inner('number')}`])();
      case 'array': return this.pick([
        () => this.#scalar(kind), () => this.#ref(kind), () => `[${any()}, ${any()}]`,
        () => `[${v} | some ${v} in input.ns; ${this.#truth(depth - 1, within)}]`,
        () => `[[i${v}, ${v}] | ${v} := input.ns[i${v}]]`, () => this.#callReturning(kind, scope), () => `array.concat(${inner('array')}, ${inner('array')})`,
      ])();
      case 'set': return this.pick([
        () => this.#scalar(kind), () => `{${[...new Set([any(), any()])].join(', ')}}`,
        () => `{${v} | some ${v} in ${this.pick(['input.ns', 'input.ss', 'input.a'])}}`,
        () => `${inner('set')} ${this.pick(['|', '&', '-'])} ${inner('set')}`, () => this.#callReturning(kind, scope),
      ])();
      case 'object': return this.pick([
        () => this.#scalar(kind), () => this.#ref(kind), () => `{"a": ${any()}, ${inner('number')}: ${any()}}`,
        () => `{k${v}: ${v} | some k${v}, ${v} in input.ns}`, () => this.#callReturning(kind, scope), () => `object.union(${inner('object')}, {"z": ${any()}})`,
      ])();
      default: return any();
    }
  }

  #ref(kind: Kind): string {
    const of: Readonly<Record<Kind, readonly string[]>> = {
      number: ['input.i', 'input.o.n', 'input.ns[0]', 'input.o.d["k"]', 'input.rows[0].n'],
      string: ['input.s', 'input.o["k"]', 'input.ss[0]', 'input.rows[0].id'],
      boolean: ['input.b', 'input.rows[0].on'], array: ['input.a', 'input.ns', 'input.ss', 'input.rows', 'input.z'], set: ['{x | some x in input.ns}'],
      object: ['input.o', 'input.o.d', 'input.rows[0]'], any: ['input.a[0]', 'input.o', 'input.s', 'input.none', 'input'],
    };
    return this.pick(of[kind]);
  }

  readonly #byResult = new Map<string, string[]>();

  #callReturning(kind: Kind, scope: Scope): string {
    if (this.#byResult.size === 0) {
      for (const name of CALLABLE) {
        const result = parseFunctionType(BUILTINS.get(name)?.type as string).result?.k ?? '';
        if (!['walk', 'print', 'trace'].includes(name)) this.#byResult.set(result, [...(this.#byResult.get(result) ?? []), name]);
      }
    }
    return this.#callOf(this.pick(this.#byResult.get(kind) ?? ['count']), scope);
  }
}
