// Flow of states: joining what branches come to, and what a command's end means for what follows.
import { eitherText, isHole, joinTexts, mapText, merged, type Guard, type State, type Text } from './state.ts';
import type { Node, Word } from './syntax.ts';
import type { Truth } from './test-command.ts';

/** Several states never share the list they write to. */
export function restored(state: State, takes: { input: boolean; output: boolean }, input: Text | null, out: readonly Text[] | null): State {
  if (takes.output) state.out = out === null ? null : [...out];
  if (takes.input) state.input = input;
  return state;
}

/** `set -e`: what certainly fails ends the script. A program whose status is not known is taken to succeed. */
export function failing(state: State, exempt: boolean): State[] {
  if (state.errexit && !exempt && state.flow === null && state.status !== null && state.status !== 0) state.flow = { is: 'exit' };
  return [state];
}

export function outputOf(states: readonly State[]): Text[] | null {
  const [first] = states;
  if (first === undefined || first.out === null) return null;
  return states.length === 1 ? first.out : [eitherText(states.map(({ out }) => joinTexts(out ?? [])))];
}

export function truthOf({ status }: State): Truth {
  return status === null ? null : status === 0;
}

/** Where all branches go on in one and the same state, what decided between them decides nothing any more. */
export function reconverged(before: readonly Guard[], after: readonly State[]): State[] {
  const states = merged(after);
  const [first] = states;
  if (first === undefined || states.some(({ flow }) => flow !== null)) return states;
  if (states.length > 1) {
    // Often they differ by their last command's status alone, and nothing asks for it.
    const status = sameStatus(states);
    if (new Set(states.map((state) => Object.assign(state.clone(), { status }).key())).size > 1) return states;
    first.status = status;
  }
  first.guards = before;
  return [first];
}

export function sameStatus(states: readonly State[]): number | null {
  const [first] = states;
  return first !== undefined && states.every(({ status }) => status === first.status) ? first.status : null;
}

export function union(states: readonly State[]): ReadonlySet<string> {
  return states.length === 1 ? (states[0] as State).written : new Set(states.flatMap(({ written }) => [...written]));
}

export function matchesText(text: Text, ask: ((value: string) => boolean) | null): Truth {
  if (ask === null) return null;
  const answer = mapText(text, 'case', (value) => String(ask(value)));
  if (!isHole(answer)) return answer === 'true';
  return answer.complete && answer.or.length === 1 ? answer.or[0] === 'true' : null;
}

export function isAssignment({ parts }: Word): boolean {
  const [first] = parts;
  return first?.is === 'text' && !first.quoted && /^[A-Za-z_]\w*\+?=/.test(first.text);
}

/** A line to name a condition by. */
export function lineOf(node: Node): number {
  switch (node.is) {
    case 'simple':
    case 'condition':
    case 'arithmetic':
    case 'for':
    case 'case':
      return node.line;
    case 'and':
    case 'or':
      return lineOf(node.left);
    case 'pipeline':
    case 'sequence':
      return node.items[0] === undefined ? 0 : lineOf(node.items[0]);
    case 'if':
      return node.branches[0]?.line ?? 0;
    default:
      return 0;
  }
}
