// The shell's grammar as data: what the parser makes of a script and the interpreter walks.

/** A piece of a word; `quoted` keeps it from being split, from being a pattern, and from vanishing when it is empty. */
export type Part =
  | { readonly is: 'text'; readonly text: string; readonly quoted: boolean }
  | Parameter
  | { readonly is: 'command'; readonly body: Node; readonly quoted: boolean }
  | { readonly is: 'arithmetic'; readonly body: Word; readonly quoted: boolean }
  /** Process substitution: what it is a name of exists while the shell runs. */
  | { readonly is: 'process'; readonly body: Node; readonly quoted: boolean };

export interface Parameter {
  readonly is: 'parameter';
  /** A name, digits, or one of `@ * # ? - $ !`. */
  readonly name: string;
  /** `${#name}`. */
  readonly length: boolean;
  /** `${!name}`. */
  readonly indirect: boolean;
  /** What stands in brackets; `@` and `*` mean all elements. */
  readonly index: Word | '@' | '*' | null;
  /** `:-`, `-`, `:=`, `=`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/`, `//`, `/#`, `/%`, `:`, `^`, `^^`, `,`, `,,`, `@`; null for none. */
  readonly operator: string | null;
  readonly argument: Word | null;
  /** After the second `/`, or the length after `:offset:`. */
  readonly second: Word | null;
  readonly quoted: boolean;
}

export interface Word {
  readonly parts: readonly Part[];
}

export interface Assignment {
  readonly name: string;
  readonly index: Word | null;
  readonly append: boolean;
  readonly value: Word | { readonly elements: readonly Word[] };
}

export interface Redirect {
  /** `<`, `>`, `>>`, `>|`, `<>`, `>&`, `<&`, `&>`, `&>>`, `<<`, `<<<`. */
  readonly operator: string;
  readonly fd: number | null;
  /** The file, or the text of a here-document. */
  readonly target: Word;
}

export interface Simple {
  readonly is: 'simple';
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
  readonly line: number;
}

export interface Arm {
  readonly patterns: readonly Word[];
  readonly body: Node;
  readonly end: ';;' | ';&' | ';;&';
}

/** `[[ … ]]`. */
export type Condition =
  | { readonly is: 'not'; readonly of: Condition }
  | { readonly is: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly is: 'unary'; readonly operator: string; readonly operand: Word }
  | { readonly is: 'binary'; readonly operator: string; readonly left: Word; readonly right: Word };

export type Node =
  | Simple
  | { readonly is: 'sequence'; readonly items: readonly Node[] }
  | { readonly is: 'pipeline'; readonly items: readonly Node[]; readonly negated: boolean }
  | { readonly is: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly is: 'background' | 'subshell' | 'group'; readonly body: Node; readonly redirects: readonly Redirect[] }
  | { readonly is: 'if'; readonly branches: readonly { readonly test: Node; readonly body: Node; readonly line: number }[]; readonly otherwise: Node | null }
  | { readonly is: 'while'; readonly until: boolean; readonly test: Node; readonly body: Node; readonly redirects: readonly Redirect[] }
  | { readonly is: 'for'; readonly name: string; readonly words: readonly Word[] | null; readonly body: Node; readonly line: number }
  | { readonly is: 'loop'; readonly init: Word; readonly test: Word; readonly step: Word; readonly body: Node }
  | { readonly is: 'case'; readonly word: Word; readonly arms: readonly Arm[]; readonly line: number }
  | { readonly is: 'function'; readonly name: string; readonly body: Node }
  | { readonly is: 'condition'; readonly of: Condition; readonly line: number }
  | { readonly is: 'arithmetic'; readonly body: Word; readonly line: number };

/** The script leaves what is understood here: nothing is known of what it runs. */
export class ShellSyntax extends Error {
  override readonly name = 'ShellSyntax';
  readonly line: number;

  constructor(what: string, line: number) {
    super(what);
    this.line = line;
  }
}

/** Variables a piece of script may assign, for widening loops; `null` where that cannot be said. */
export function assignedIn(node: Node): ReadonlySet<string> | null {
  const names = new Set<string>();
  let all = false;
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) walk(one);
    else if (typeof value === 'object' && value !== null) {
      const one = value as Simple | (Node & { is: 'for' }) | Parameter | { readonly is: 'arithmetic' };
      if (one.is === 'simple') {
        for (const { name } of one.assignments) names.add(name);
        const [command, ...words] = one.words.map(literalOf);
        // What a function, a sourced file or computed text does is not looked up here.
        if (command === null || (command !== undefined && !QUIET.has(command))) all = true;
        if (command === 'shift' || command === 'set') names.add('@');
        if (command !== undefined && command !== null && NAMING.has(command)) {
          for (const word of words) {
            if (word === null) all = true;
            else names.add(word.split('=', 1)[0] as string);
          }
        }
      } else if (one.is === 'for') names.add(one.name);
      else if (one.is === 'parameter' && ['=', ':='].includes(one.operator ?? '')) names.add(one.name);
      else if (one.is === 'arithmetic') all = true;
      for (const inner of Object.values(value)) walk(inner);
    }
  };
  walk(node);
  return all ? null : names;
}

const NAMING = new Set(['read', 'export', 'local', 'readonly', 'declare', 'typeset', 'unset', 'getopts', 'printf', 'mapfile', 'readarray']);
/** Commands that are no functions in any script worth reading, and change no variables but those they name. */
const QUIET = new Set([...NAMING, 'shift', 'set', '[', 'test', 'echo', ':', 'true', 'false', 'cd', 'break', 'continue', 'exit', 'exec']);

/** The text of a word without expansions; null where it has some. */
export function literalOf(word: Word): string | null {
  let text = '';
  for (const part of word.parts) {
    if (part.is !== 'text') return null;
    text += part.text;
  }
  return text;
}
