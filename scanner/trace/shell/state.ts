// What a shell knows at one point of a script: texts that may have holes, variables, positional parameters, and how it came there.
import type { Node } from './syntax.ts';

/** Why a text is not known. */
export type HoleReason = 'environment' | 'output' | 'input' | 'computed' | 'several' | 'runtime';

export interface Hole {
  readonly hole: HoleReason;
  /** The variable, the command or the operation. */
  readonly of: string;
  /** Values it can have: of the image as configured first. */
  readonly or: readonly string[];
  /** There are no others. */
  readonly complete: boolean;
  /** Stands for any number of fields, none among them. */
  readonly many?: true;
}

export type Text = string | Hole;
/** A variable: a text, an array, or unset for certain. */
export type Value = Text | readonly Text[] | null;

const alternativesMax = 12;
/** Longer texts are not known. */
const textLengthMax = 1 << 20;

export function isHole(text: Text): text is Hole {
  return typeof text !== 'string';
}

interface Values {
  readonly or: readonly string[];
  readonly complete: boolean;
}

/** All values that are known to be possible, and whether these are all. */
export function valuesOf(text: Text): Values {
  return isHole(text) ? text : { or: [text], complete: true };
}

/** The value of the image as configured; null where it is not known. */
export function configured(text: Text): string | null {
  if (!isHole(text)) return text;
  return text.many !== true && text.or.length === 1 && (text.complete || text.hole === 'environment') ? (text.or[0] as string) : null;
}

/** Maps every value a text can have; `change` answers null where it cannot say. */
export function mapText(text: Text, of: string, change: (value: string) => string | null): Text {
  if (!isHole(text)) return change(text) ?? { hole: 'computed', of, or: [], complete: false };
  const changed = text.or.map(change);
  const known = changed.filter((value) => value !== null);
  return { ...text, or: [...new Set(known)], complete: text.complete && known.length === changed.length };
}

export function joinTexts(texts: readonly Text[]): Text {
  let out: Text = '';
  for (const text of texts) {
    if (!isHole(out) && !isHole(text)) {
      out += text;
      // A loop that doubles a text would fill memory.
      if (out.length > textLengthMax) out = { hole: 'computed', of: 'a long text', or: [], complete: false };
      continue;
    }
    const before: Text = out;
    const a: Values = valuesOf(before);
    const b: Values = valuesOf(text);
    const all = a.or.flatMap((left) => b.or.map((right) => (left.length + right.length > textLengthMax ? null : left + right)));
    const or = [...new Set(all)].filter((one) => one !== null);
    const { hole, of }: Hole = isHole(before) ? before : (text as Hole);
    out = { hole, of, or: or.slice(0, alternativesMax), complete: a.complete && b.complete && or.length <= alternativesMax && !all.includes(null) };
  }
  return out;
}

/** One text for several that are possible. */
export function eitherText(texts: readonly Text[]): Text {
  const [first, ...rest] = texts as [Text, ...Text[]];
  if (rest.every((text) => JSON.stringify(text) === JSON.stringify(first))) return first;
  const or = [...new Set(texts.flatMap((text) => valuesOf(text).or))];
  const hole = texts.find(isHole) ?? { hole: 'several', of: 'branches' };
  const many = texts.some((text) => isHole(text) && text.many === true);
  const complete = texts.every((text) => valuesOf(text).complete) && or.length <= alternativesMax;
  return { hole: hole.hole, of: hole.of, or: or.slice(0, alternativesMax), complete, ...(many && { many: true as const }) };
}

/** A condition that was not known and was taken for true or false. */
export interface Guard {
  readonly file: string;
  readonly line: number;
  readonly holds: boolean;
}

export type Flow = { readonly is: 'break' | 'continue'; readonly levels: number } | { readonly is: 'return' | 'exit' };

export interface ShellFunction {
  readonly name: string;
  readonly body: Node;
  readonly file: string;
}

export class State {
  vars: Map<string, Value>;
  exported: Set<string>;
  args: readonly Text[];
  functions: Map<string, ShellFunction>;
  /** Exit status of the last command; null where it is not known. */
  status: number | null = 0;
  flow: Flow | null = null;
  guards: readonly Guard[] = [];
  errexit = false;
  noglob = false;
  cwd: Text;
  /** `$0`. */
  name: string;
  /** The file that is read, for lines and `BASH_SOURCE`. */
  file: string;
  /** Names of functions and sourced files around, innermost first, with the file each stands in. */
  frames: readonly { readonly name: string; readonly file: string; readonly saved: Map<string, Value | undefined> }[] = [];
  /** What goes to standard output is kept: inside of a command substitution or a pipeline. */
  out: Text[] | null = null;
  /** What can be read from standard input; null where that is not known. */
  input: Text | null = null;
  /** A program ran that may have made files: what the image lacks may be there by now. */
  touched = false;
  /** Files that the script itself wrote: what lies there is another content than the image's. */
  written: ReadonlySet<string> = new Set();

  constructor(from: Pick<State, 'vars' | 'exported' | 'args' | 'functions' | 'cwd' | 'name' | 'file'>) {
    this.vars = from.vars;
    this.exported = from.exported;
    this.args = from.args;
    this.functions = from.functions;
    this.cwd = from.cwd;
    this.name = from.name;
    this.file = from.file;
  }

  clone(): State {
    const copy = new State({ ...this, vars: new Map(this.vars), exported: new Set(this.exported), functions: new Map(this.functions) });
    return Object.assign(copy, {
      status: this.status, flow: this.flow, guards: this.guards, errexit: this.errexit, noglob: this.noglob, frames: this.frames,
      out: this.out === null ? null : [...this.out], input: this.input, touched: this.touched, written: this.written,
    });
  }

  /** What further commands depend on; guards are how it came here. */
  key(): string {
    return JSON.stringify([
      [...this.vars].sort(([a], [b]) => (a < b ? -1 : 1)), [...this.exported].sort(), this.args, functionsKey(this), this.status, this.flow,
      this.errexit, this.noglob, this.cwd, this.file, this.frames.map(({ name }) => name), this.out, this.input, this.touched, [...this.written],
    ]);
  }
}

/** Functions of one name may have other bodies on other paths. */
const bodies = new WeakMap<Node, number>();
let bodyCount = 0;

function functionsKey({ functions }: State): string {
  const idOf = (body: Node): number => {
    const known = bodies.get(body);
    if (known !== undefined) return known;
    bodyCount += 1;
    bodies.set(body, bodyCount);
    return bodyCount;
  };
  return [...functions.values()].map(({ name, body }) => `${name} ${idOf(body)}`).join();
}

/** At most this many states are told apart; more are joined. */
const statesMax = 24;

/** Drops what is known twice, the one with fewer conditions stays; joins what is too many. */
export function merged(states: readonly State[]): State[] {
  if (states.length < 2) return [...states];
  const byKey = new Map<string, State>();
  for (const state of states) {
    const key = state.key();
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, state);
    else if (state.guards.length < known.guards.length) known.guards = state.guards;
  }
  const distinct = [...byKey.values()];
  if (distinct.length <= statesMax) return distinct;
  // Only variables are joined: positional parameters are what the script starts in the end.
  const groups = new Map<string, State[]>();
  for (const state of distinct) {
    const key = JSON.stringify([state.args, state.flow, state.file, state.frames.length, state.errexit, functionsKey(state)]);
    groups.set(key, [...(groups.get(key) ?? []), state]);
  }
  const joined = [...groups.values()].map(joinStates);
  if (joined.length <= statesMax) return joined;
  // Then these too, never what ends with what goes on.
  const coarse = new Map<string, State[]>();
  for (const state of joined) {
    const key = JSON.stringify([state.flow, state.file, state.frames.length, state.errexit, functionsKey(state)]);
    coarse.set(key, [...(coarse.get(key) ?? []), state]);
  }
  return [...coarse.values()].map(joinStates);
}

function joinStates(states: readonly State[]): State {
  const [first, ...rest] = states as [State, ...State[]];
  if (rest.length === 0) return first;
  const joined = first.clone();
  joined.guards = states.reduce((a, { guards }) => (guards.length < a.length ? guards : a), first.guards);
  for (const name of new Set(states.flatMap(({ vars }) => [...vars.keys()]))) {
    const values = states.map(({ vars }) => vars.get(name));
    const same = values.every((value) => JSON.stringify(value) === JSON.stringify(values[0]) && (value === undefined) === (values[0] === undefined));
    if (same) continue;
    const texts = values.map((value) => (value === null || value === undefined ? '' : value));
    // Some unset and some empty are told apart by scripts: then other values are possible too.
    const open = values.some((value) => value === null || value === undefined);
    const either: Text = texts.every((text) => !Array.isArray(text)) ? eitherText(texts as Text[]) : { hole: 'several', of: name, or: [], complete: false };
    joined.vars.set(name, open && isHole(either) ? { ...either, complete: false } : either);
  }
  if (states.some(({ args }) => JSON.stringify(args) !== JSON.stringify(first.args))) {
    joined.args = [{ hole: 'several', of: '$@', or: [], complete: false, many: true }];
  }
  if (states.some(({ cwd }) => JSON.stringify(cwd) !== JSON.stringify(first.cwd))) joined.cwd = eitherText(states.map(({ cwd }) => cwd));
  joined.status = states.every(({ status }) => status === first.status) ? first.status : null;
  for (const { functions, exported, written } of rest) {
    for (const [name, one] of functions) if (!joined.functions.has(name)) joined.functions.set(name, one);
    for (const name of exported) joined.exported.add(name);
    joined.written = new Set([...joined.written, ...written]);
  }
  joined.touched = states.some(({ touched }) => touched);
  joined.input = null;
  if (joined.out !== null) joined.out = [{ hole: 'several', of: 'output', or: [], complete: false, many: true }];
  return joined;
}
