// Runs a script without running it: every path whose condition is not known is taken, and every program that would start is named.
import { Builtins } from './builtins.ts';
import { Expander } from './expand.ts';
import { absolute, type ShellHost, type UnknownReason } from './host.ts';
import { matches } from './pattern.ts';
import { failing, isAssignment, lineOf, matchesText, outputOf, reconverged, restored, sameStatus, truthOf, union } from './flow.ts';
import { parseShell } from './parse.ts';
import { configured, eitherText, isHole, joinTexts, merged, type Guard, type State, type Text } from './state.ts';
import { assignedIn, ShellSyntax, type Node, type Redirect, type Simple, type Word } from './syntax.ts';
import { Conditions, not, type Truth } from './test-command.ts';

const framesMax = 40;
const roundsMax = 150;
/** Rounds without a change of what is known before a loop's variables count as unknown. */
const openRoundsMax = 4;

/** More was to be followed than is followed. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch';
}

export class Shell {
  readonly host: ShellHost;
  readonly expander: Expander;
  readonly conditions: Conditions;
  readonly #builtins: Builtins;

  constructor(host: ShellHost) {
    this.host = host;
    this.expander = new Expander(host, (body, state) => this.#output(body, state));
    this.conditions = new Conditions(host, this.expander);
    this.#builtins = new Builtins(this);
  }

  /** Parses and runs a text; what is not understood is unknown as a whole. */
  text(text: string, state: State, line = 0): State[] {
    let node: Node;
    try {
      node = parseShell(text);
    } catch (error) {
      if (!(error instanceof ShellSyntax)) throw error;
      this.unknown('shell_syntax', error.message, state, line || error.line);
      return [Object.assign(state, { status: null, guards: [...state.guards, { file: state.file, line: line || error.line, holds: true }] })];
    }
    return this.run(node, state, false);
  }

  unknown(reason: UnknownReason, detail: string, state: State, line: number): void {
    this.host.unknown({ reason, detail, file: state.file, line, guards: state.guards });
  }

  /** @param exempt - stands where a failure does not end the script @returns the states after it, each with its flow */
  run(node: Node, state: State, exempt: boolean): State[] {
    if (state.flow !== null) return [state];
    switch (node.is) {
      case 'simple':
        return this.#simple(node, state, exempt);
      case 'sequence': {
        let states = [state];
        for (const item of node.items) states = merged(states.flatMap((one) => this.run(item, one, exempt)));
        return states;
      }
      case 'and':
      case 'or': {
        const before = state.guards;
        const wanted = node.is === 'and';
        const after = this.run(node.left, state, true).flatMap((one) => this.#fork(one, lineOf(node.left), (holds) =>
          (succeeded) => (holds === wanted ? this.run(node.right, succeeded, exempt) : [succeeded])));
        return reconverged(before, after);
      }
      case 'pipeline':
        return this.#pipeline(node.items, node.negated, state, exempt);
      case 'background':
        this.run(node.body, state.clone(), true);
        return [Object.assign(state, { status: 0, touched: true })];
      case 'subshell': {
        const inner = this.#redirected(node.redirects, state.clone(), (one) => this.run(node.body, one, exempt));
        return [Object.assign(state, { status: sameStatus(inner), out: outputOf(inner), written: union(inner),
          touched: inner.some((one) => one.touched) })].flatMap((one) => failing(one, exempt));
      }
      case 'group':
        return this.#redirected(node.redirects, state, (one) => this.run(node.body, one, exempt));
      case 'if':
        return reconverged(state.guards, this.#if(node.branches, 0, node.otherwise, state, exempt));
      case 'while':
        return this.#redirected(node.redirects, state, (one) => reconverged(one.guards, this.#while(node, one, exempt)));
      case 'for':
        return reconverged(state.guards, this.#for(node.name, node.words, node.body, state, exempt));
      case 'loop': {
        this.expander.arithmetic(node.init, state);
        const test: Node = { is: 'arithmetic', body: node.test, line: 0 };
        const step: Node = { is: 'arithmetic', body: node.step, line: 0 };
        return reconverged(state.guards, this.#while({ test, body: node.body, until: false, step }, state, exempt));
      }
      case 'case':
        return reconverged(state.guards, this.#case(node, state, exempt));
      case 'function':
        state.functions.set(node.name, { name: node.name, body: node.body, file: state.file });
        return [Object.assign(state, { status: 0 })];
      case 'condition':
        return failing(this.answered(state, this.conditions.condition(node.of, state)), exempt);
      case 'arithmetic': {
        const value = this.expander.arithmetic(node.body, state);
        return failing(this.answered(state, isHole(value) ? null : value !== '0'), exempt);
      }
    }
  }

  answered(state: State, truth: Truth): State {
    return Object.assign(state, { status: truth === null ? null : truth ? 0 : 1 });
  }

  /** Goes on with success or failure, or with both where it is not known which. */
  #fork(state: State, line: number, then: (holds: boolean) => (state: State) => State[]): State[] {
    if (state.flow !== null) return [state];
    if (state.status !== null) return then(state.status === 0)(state);
    const guard = (holds: boolean): readonly Guard[] => [...state.guards, { file: state.file, line, holds }];
    const failed = Object.assign(state.clone(), { status: 1, guards: guard(false) });
    return [...then(true)(Object.assign(state, { status: 0, guards: guard(true) })), ...then(false)(failed)];
  }

  #if(
    branches: readonly { readonly test: Node; readonly body: Node; readonly line: number }[], at: number, otherwise: Node | null, state: State, exempt: boolean,
  ): State[] {
    const branch = branches[at];
    if (branch === undefined) return otherwise === null ? [Object.assign(state, { status: 0 })] : this.run(otherwise, state, exempt);
    const tested = merged(this.run(branch.test, state, true));
    return tested.flatMap((one) => this.#fork(one, branch.line, (holds) => (next) =>
      (holds ? this.run(branch.body, next, exempt) : this.#if(branches, at + 1, otherwise, next, exempt))));
  }

  #while({ test, body, until, step }: { test: Node; body: Node; until: boolean; step?: Node }, state: State, exempt: boolean): State[] {
    const done: State[] = [];
    const seen = new Set<string>();
    const round = (active: readonly State[]): State[] => {
      const next: State[] = [];
      for (const one of active) {
        for (const tested of merged(this.run(test, one, true))) {
          const after = this.#fork(tested, lineOf(test), (holds) => (state) => {
            if (holds !== until) return this.run(body, state, exempt);
            done.push(Object.assign(state, { status: 0 }));
            return [];
          });
          for (const ended of after) {
            const { flow } = ended;
            if (flow === null || (flow.is === 'continue' && flow.levels <= 1)) {
              ended.flow = null;
              next.push(...(step === undefined ? [ended] : this.run(step, ended, true)));
            } else if (flow.is === 'break' || flow.is === 'continue') {
              ended.flow = flow.levels <= 1 ? null : { is: flow.is, levels: flow.levels - 1 };
              done.push(ended);
            } else done.push(ended);
          }
        }
      }
      return merged(next).filter((one) => {
        const key = one.key();
        return seen.has(key) ? false : seen.add(key);
      });
    };
    let active = [state];
    for (let i = 0; active.length > 0; i++) {
      // A loop that does not end by itself: whatever it assigns may be anything, and one more round shows what it then starts.
      if (i >= roundsMax || (i > openRoundsMax && active.length > 8)) {
        const wide = merged(active.map((one) => this.#widened(one, { is: 'sequence', items: [test, body, ...(step === undefined ? [] : [step])] })));
        done.push(...round(wide), ...wide);
        break;
      }
      active = round(active);
    }
    return merged(done);
  }

  #widened(state: State, body: Node): State {
    const names = assignedIn(body);
    const unknown = (of: string): Text => ({ hole: 'several', of, or: [], complete: false });
    for (const name of names ?? [...state.vars.keys()]) if (name !== 'PATH' && name !== 'IFS') state.vars.set(name, unknown(name));
    if (names === null || names.has('@')) state.args = [{ hole: 'several', of: '$@', or: [], complete: false, many: true }];
    return Object.assign(state, { status: null, input: null });
  }

  #for(name: string, words: readonly Word[] | null, body: Node, state: State, exempt: boolean): State[] {
    const fields = words === null ? [...state.args] : words.flatMap((word) => this.expander.fields(word, state));
    state.status = 0;
    let active: State[] = [state];
    const done: State[] = [];
    const once = (from: readonly State[], value: Text): State[] => {
      const next: State[] = [];
      for (const one of from) {
        one.vars.set(name, value);
        for (const ended of this.run(body, one, exempt)) {
          const { flow } = ended;
          if (flow === null || (flow.is === 'continue' && flow.levels <= 1)) next.push(Object.assign(ended, { flow: null }));
          else if (flow.is === 'break' || flow.is === 'continue') {
            done.push(Object.assign(ended, { flow: flow.levels <= 1 ? null : { is: flow.is, levels: flow.levels - 1 } }));
          } else done.push(ended);
        }
      }
      return merged(next);
    };
    for (const field of fields) {
      if (!isHole(field) || field.many !== true) {
        active = once(active, field);
        continue;
      }
      const value: Text = { hole: field.hole, of: field.of, or: field.or, complete: field.complete };
      let from = active;
      for (let i = 0; i < openRoundsMax && from.length > 0; i++) {
        const after = once(from.map((one) => one.clone()), value);
        const known = new Set(active.map((one) => one.key()));
        from = after.filter((one) => !known.has(one.key()));
        active = merged([...active, ...from]);
      }
      if (from.length > 0) active = merged([...active, ...once(from.map((one) => this.#widened(one.clone(), body)), value)]);
    }
    return merged([...active, ...done]);
  }

  #case({ word, arms, line }: Node & { is: 'case' }, state: State, exempt: boolean): State[] {
    const text = this.expander.text(word, state);
    const done: State[] = [];
    const from = (at: number, one: State): State[] => {
      const arm = arms[at];
      if (arm === undefined) return [Object.assign(one, { status: 0 })];
      let truth: Truth = false;
      for (const pattern of arm.patterns) {
        const parsed = this.expander.pattern(pattern, one);
        const found = matchesText(text, parsed === null ? null : (value) => matches(parsed, value));
        truth = truth === true || found === true ? true : truth === null || found === null ? null : false;
      }
      if (truth === false) return from(at + 1, one);
      const others = truth === null ? one.clone() : null;
      if (others !== null) {
        others.guards = [...others.guards, { file: others.file, line, holds: false }];
        one.guards = [...one.guards, { file: one.file, line, holds: true }];
      }
      let after = this.run(arm.body, one, exempt);
      if (arm.end === ';;&') after = after.flatMap((ended) => from(at + 1, ended));
      for (let next = at + 1; arm.end === ';&' && next < arms.length; next++) {
        after = after.flatMap((ended) => this.run((arms[next] as (typeof arms)[number]).body, ended, exempt));
        if (arms[next]?.end !== ';&') break;
      }
      return [...after, ...(others === null ? [] : from(at + 1, others))];
    };
    done.push(...from(0, Object.assign(state, { status: 0 })));
    return merged(done);
  }

  /** Every command of a pipeline runs in a shell of its own, the next reads what it writes. */
  #pipeline(items: readonly Node[], negated: boolean, state: State, exempt: boolean): State[] {
    if (items.length === 1) {
      return this.run(items[0] as Node, state, true).map((one) => (one.flow === null ? this.answered(one, not(truthOf(one))) : one));
    }
    let input = state.input;
    let [status, written, touched]: [number | null, ReadonlySet<string>, boolean] = [0, state.written, state.touched];
    items.forEach((item, i) => {
      const last = i === items.length - 1;
      const copy = Object.assign(state.clone(), { input, written });
      if (!last) copy.out = [];
      const after = this.run(item, copy, exempt || !last);
      written = union(after);
      touched ||= after.some((one) => one.touched);
      status = sameStatus(after);
      if (last) state.out = outputOf(after);
      else input = eitherText(after.map(({ out }) => joinTexts(out ?? [])));
    });
    state.written = written;
    state.touched = touched;
    state.status = status;
    return negated ? [this.answered(state, not(truthOf(state)))] : failing(state, exempt);
  }

  #output(body: Node, state: State): { text: Text; touched: boolean } {
    state.out = [];
    const after = this.run(body, state, true);
    return { text: after.length === 0 ? '' : eitherText(after.map(({ out }) => joinTexts(out ?? []))), touched: after.some((one) => one.touched) };
  }

  /** Runs something whose input or output goes elsewhere, and gives back where they went before. */
  #redirected(redirects: readonly Redirect[], state: State, run: (state: State) => State[]): State[] {
    if (redirects.length === 0) return run(state);
    const { input, out } = state;
    const takes = this.#redirect(redirects, state);
    return run(state).map((one) => restored(one, takes, input, out));
  }

  #redirect(redirects: readonly Redirect[], state: State): { input: boolean; output: boolean } {
    const takes = { input: false, output: false };
    for (const { operator, fd, target } of redirects) {
      const text = this.expander.text(target, state);
      const cwd = configured(state.cwd);
      const path = configured(text);
      const whole = path === null || cwd === null ? null : absolute(path, cwd);
      if (operator === '<<' || operator === '<<<') {
        takes.input = true;
        state.input = operator === '<<<' ? joinTexts([text, '\n']) : text;
      } else if (operator === '<' || operator === '<>' || operator === '<&') {
        if (fd !== null && fd !== 0) continue;
        takes.input = true;
        state.input = operator !== '<' || whole === null || state.written.has(whole) ? null : this.host.content(whole);
      } else if (operator === '>&' && path !== null && /^(?:\d+|-)$/.test(path)) {
        // Standard output that goes to another descriptor is read by nobody here.
        if ((fd ?? 1) === 1 && path !== '1') [takes.output, state.out] = [true, state.out === null ? null : []];
      } else {
        if (whole === null) this.unknown('file_written', 'a file whose name is computed', state, 0);
        else if (!whole.startsWith('/dev/') && !whole.startsWith('/proc/')) state.written = new Set([...state.written, whole]);
        if ((fd ?? 1) === 1) [takes.output, state.out] = [true, state.out === null ? null : []];
      }
    }
    return takes;
  }

  #simple(node: Simple, state: State, exempt: boolean): State[] {
    if (!this.host.spend()) throw new TooMuch();
    const { input, out } = state;
    const takes = this.#redirect(node.redirects, state);
    const back = (states: readonly State[], keep: boolean): State[] => states.map((one) => (keep ? one : restored(one, takes, input, out)));
    const fields: Text[] = [];
    let vanished: Text | null = null;
    node.words.forEach((word, i) => {
      const found = this.#builtins.declares(fields[0]) && i > 0 && isAssignment(word) ? [this.expander.text(word, state)] : this.expander.fields(word, state);
      if (found.length === 0 && fields.length === 0) vanished ??= this.expander.text(word, state);
      fields.push(...found);
    });
    if (vanished !== null && isHole(vanished)) this.unknown('environment', `a command named by ${(vanished as { of: string }).of}`, state, node.line);
    if (fields.length === 0) {
      const ran = node.assignments.some(({ value }) => 'parts' in value && value.parts.some(({ is }) => is === 'command'));
      for (const assignment of node.assignments) this.assign(assignment, state);
      state.status = ran ? null : 0;
      return back([state], false);
    }
    return back(this.#command(node, fields, state, exempt), fields[0] === 'exec' && fields.length === 1);
  }

  #command(node: Simple, fields: readonly Text[], state: State, exempt: boolean): State[] {
    const [name] = fields;
    const known = name === undefined || isHole(name) ? null : name;
    const called = known === null ? undefined : state.functions.get(known);
    const builtin = known !== null && this.#builtins.has(known);
    const declares = this.#builtins.declares(name);
    // Assignments before a command are its environment; before a declaring one they are what it declares.
    const before = new Map(node.assignments.map((one) => [one.name, [state.vars.get(one.name), state.exported.has(one.name)] as const]));
    for (const assignment of node.assignments) {
      if (declares && known === 'local') this.#builtins.saveLocal(assignment.name, state);
      this.assign(assignment, state);
      if (!declares || known === 'export') state.exported.add(assignment.name);
    }
    const after = called !== undefined ? this.call(called, fields.slice(1), state, exempt)
      : builtin ? this.#builtins.run(known as string, fields.slice(1), state, node.line, exempt)
        : this.start(fields, state, node.line);
    if (!declares && known !== 'exec') {
      for (const one of after) {
        for (const [variable, [value, exported]] of before) {
          if (value === undefined) one.vars.delete(variable);
          else one.vars.set(variable, value);
          if (!exported) one.exported.delete(variable);
        }
      }
    }
    const outside = called === undefined && !builtin;
    for (const one of after) {
      // Whether the script goes on is a condition too.
      if (one.errexit && !exempt && !outside && one.flow === null && one.status === null) one.guards = [...one.guards, { file: one.file, line: node.line,
        holds: true }];
    }
    return after.flatMap((one) => failing(one, exempt));
  }

  /** A program that is no part of the shell. */
  start(fields: readonly Text[], state: State, line: number, how: 'exec' | 'run' = 'run'): State[] {
    this.host.start({ argv: fields, state, line, how });
    if (how === 'exec') return [Object.assign(state, { flow: { is: 'exit' }, status: null })];
    this.#builtins.outside(fields, state);
    return [state];
  }

  assign({ name, index, append, value }: Simple['assignments'][number], state: State): void {
    const old = state.vars.get(name);
    const unknown: Text = { hole: 'computed', of: name, or: [], complete: false };
    if ('elements' in value) {
      const elements = value.elements.flatMap((word) => this.expander.fields(word, state));
      state.vars.set(name, append && Array.isArray(old) ? [...(old as readonly Text[]), ...elements] : append && old !== undefined && old !== null
        ? [old as Text, ...elements] : elements);
      return;
    }
    const text = this.expander.text(value, state);
    if (index !== null) {
      const at = this.expander.arithmetic(index, state);
      const list = Array.isArray(old) ? [...(old as readonly Text[])] : [];
      if (isHole(at) || Number(at) < 0 || Number(at) > list.length) state.vars.set(name, unknown);
      else {
        list[Number(at)] = append ? joinTexts([list[Number(at)] ?? '', text]) : text;
        state.vars.set(name, list);
      }
      return;
    }
    const base = append ? this.expander.value(name, state) : null;
    if (!append || base === null) state.vars.set(name, text);
    else if (Array.isArray(base)) state.vars.set(name, [joinTexts([(base as readonly Text[])[0] ?? '', text]), ...(base as readonly Text[]).slice(1)]);
    else state.vars.set(name, joinTexts([base as Text, text]));
  }

  call({ name, body, file }: { name: string; body: Node; file: string }, args: readonly Text[], state: State, exempt: boolean): State[] {
    if (state.frames.length >= framesMax) {
      this.unknown('limit', `functions call each other ${framesMax} deep`, state, 0);
      return [Object.assign(state, { status: null })];
    }
    return this.within({ name, file }, args, state, (one) => this.run(body, one, exempt));
  }

  /** Runs a function or a sourced file: positional parameters and local variables come back afterwards. */
  within(frame: { name: string; file: string }, args: readonly Text[] | null, state: State, run: (state: State) => State[]): State[] {
    const [before, file] = [state.args, state.file];
    state.frames = [{ name: frame.name, file, saved: new Map() }, ...state.frames];
    state.file = frame.file;
    if (args !== null) state.args = args;
    return run(state).map((one) => {
      const [own, ...rest] = one.frames;
      for (const [variable, value] of own?.saved ?? []) {
        if (value === undefined) one.vars.delete(variable);
        else one.vars.set(variable, value);
      }
      return Object.assign(one, { frames: rest, file, ...(args !== null && { args: before }), ...(one.flow?.is === 'return' && { flow: null }) });
    });
  }
}
