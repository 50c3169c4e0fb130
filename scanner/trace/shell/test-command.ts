// Conditions: `test`, `[` and `[[`, answered with true, false, or null where the answer is not known.
import type { Expander } from './expand.ts';
import { absolute, type ShellHost } from './host.ts';
import { matches } from './pattern.ts';
import { configured, isHole, valuesOf, type State, type Text } from './state.ts';
import type { Condition } from './syntax.ts';

export type Truth = boolean | null;

const BINARY = new Set(['=', '==', '!=', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-nt', '-ot', '-ef', '<', '>']);

export function not(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

export function both(a: Truth, b: Truth): Truth {
  return a === false || b === false ? false : a === null || b === null ? null : true;
}

export function either(a: Truth, b: Truth): Truth {
  return not(both(not(a), not(b)));
}

/** The same answer for every value the texts can have, or none. */
function decide(texts: readonly Text[], ask: (values: readonly string[]) => Truth): Truth {
  let all: string[][] = [[]];
  for (const text of texts) {
    const { or, complete } = valuesOf(text);
    if (!complete || (isHole(text) && text.many === true)) return null;
    all = all.flatMap((values) => or.map((value) => [...values, value]));
    if (all.length > 256) return null;
  }
  const answers = new Set(all.map(ask));
  return answers.size === 1 ? ([...answers][0] as Truth) : null;
}

export class Conditions {
  readonly #host: ShellHost;
  readonly #expander: Expander;

  constructor(host: ShellHost, expander: Expander) {
    this.#host = host;
    this.#expander = expander;
  }

  /** `[[ … ]]`. */
  condition(of: Condition, state: State): Truth {
    switch (of.is) {
      case 'not':
        return not(this.condition(of.of, state));
      case 'and': {
        const left = this.condition(of.left, state);
        return left === false ? false : both(left, this.condition(of.right, state));
      }
      case 'or': {
        const left = this.condition(of.left, state);
        return left === true ? true : either(left, this.condition(of.right, state));
      }
      case 'unary':
        return this.#unary(of.operator, this.#expander.text(of.operand, state), state);
      case 'binary': {
        const left = this.#expander.text(of.left, state);
        // Another's regular expression is not run: it could hang.
        if (of.operator === '=~') return null;
        if (of.operator === '=' || of.operator === '==' || of.operator === '!=') {
          const pattern = this.#expander.pattern(of.right, state);
          const found = pattern === null ? null : decide([left], ([value]) => matches(pattern, value as string));
          return of.operator === '!=' ? not(found) : found;
        }
        return this.#binary(of.operator, left, this.#expander.text(of.right, state));
      }
    }
  }

  /** `test` with its arguments, by their number first (POSIX.1-2017 XCU, test). */
  test(args: readonly Text[], state: State): Truth {
    if (args.some((arg) => isHole(arg) && arg.many === true)) return null;
    const operator = (i: number) => (typeof args[i] === 'string' ? (args[i] as string) : '');
    if (args.length === 0) return false;
    if (args.length === 1) return this.#unary('-n', args[0] as Text, state);
    if (args.length === 3 && BINARY.has(operator(1))) return this.#binary(operator(1), args[0] as Text, args[2] as Text);
    if (args.length === 2 && operator(0) === '!') return not(this.test(args.slice(1), state));
    if (args.length === 4 && operator(0) === '!') return not(this.test(args.slice(1), state));
    const reader = { at: 0 };
    const truth = this.#or(args, reader, state);
    return reader.at === args.length ? truth : null;
  }

  #or(args: readonly Text[], reader: { at: number }, state: State): Truth {
    let truth = this.#and(args, reader, state);
    while (args[reader.at] === '-o') {
      reader.at += 1;
      truth = either(truth, this.#and(args, reader, state));
    }
    return truth;
  }

  #and(args: readonly Text[], reader: { at: number }, state: State): Truth {
    let truth = this.#primary(args, reader, state);
    while (args[reader.at] === '-a') {
      reader.at += 1;
      truth = both(truth, this.#primary(args, reader, state));
    }
    return truth;
  }

  #primary(args: readonly Text[], reader: { at: number }, state: State): Truth {
    const [first, second, third] = args.slice(reader.at, reader.at + 3);
    if (first === undefined) return null;
    if (typeof second === 'string' && BINARY.has(second) && third !== undefined) {
      reader.at += 3;
      return this.#binary(second, first, third);
    }
    if (first === '!') {
      reader.at += 1;
      return not(this.#primary(args, reader, state));
    }
    if (first === '(') {
      reader.at += 1;
      const truth = this.#or(args, reader, state);
      if (args[reader.at] !== ')') return null;
      reader.at += 1;
      return truth;
    }
    if (typeof first === 'string' && /^-[a-zA-Z]$/.test(first) && second !== undefined) {
      reader.at += 2;
      return this.#unary(first, second, state);
    }
    reader.at += 1;
    return this.#unary('-n', first, state);
  }

  #binary(operator: string, left: Text, right: Text): Truth {
    const numbers: Readonly<Record<string, (a: number, b: number) => boolean>> = {
      '-eq': (a, b) => a === b, '-ne': (a, b) => a !== b, '-lt': (a, b) => a < b, '-le': (a, b) => a <= b, '-gt': (a, b) => a > b, '-ge': (a, b) => a >= b,
    };
    return decide([left, right], ([a, b]) => {
      const [one, two] = [a as string, b as string];
      if (operator === '=' || operator === '==') return one === two;
      if (operator === '!=') return one !== two;
      const compare = numbers[operator];
      if (compare === undefined) return null;
      // What is no number is an error, and so no truth.
      return /^\s*[-+]?\d{1,15}\s*$/.test(one) && /^\s*[-+]?\d{1,15}\s*$/.test(two) ? compare(Number(one), Number(two)) : null;
    });
  }

  #unary(operator: string, operand: Text, state: State): Truth {
    if (operator === '-n') return decide([operand], ([value]) => value !== '');
    if (operator === '-z') return decide([operand], ([value]) => value === '');
    if (operator === '-v') {
      const name = configured(operand);
      const value = name === null || !/^\w+$/.test(name) ? undefined : this.#expander.value(name, state);
      return value === undefined ? null : value === null ? false : typeof value === 'string' || Array.isArray(value) ? true : null;
    }
    const path = configured(operand);
    const cwd = configured(state.cwd);
    if (path === null || cwd === null || isHole(operand)) return null;
    if (path === '') return false;
    const whole = absolute(path, cwd);
    // What is not in the image may be there later: in a volume, or once a program has run that makes files. What is there, stays.
    const found = this.#host.look(whole);
    if (state.written.has(whole)) return null;
    if (found === null) {
      const mayAppear = state.touched || /^\/(?:dev|proc|sys|run|tmp)\//.test(whole)
        || this.#host.volumes.some((volume) => `${whole}/`.startsWith(`${volume}/`));
      return mayAppear || !/^-[abcdefghLprsuwx]$/.test(operator) ? null : false;
    }
    switch (operator) {
      case '-e':
        return true;
      case '-f':
        return found.is === 'file';
      case '-d':
        return found.is === 'directory';
      case '-h':
      case '-L':
        return this.#host.isLink(whole);
      case '-s':
        return found.is === 'directory' || found.size > 0 ? true : null;
      case '-x':
        return found.is === 'directory' || (found.mode & 0o111) !== 0;
      default:
        return null;
    }
  }
}
