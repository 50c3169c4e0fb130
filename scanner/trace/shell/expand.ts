// Word expansions (POSIX.1-2017 XCU 2.6): parameters, command substitution, arithmetic, field splitting, file names.
import { evaluateArithmetic } from './arithmetic.ts';
import { absolute, type ShellHost } from './host.ts';
import { cut, cutTextMax, matches, parsePattern, replaced, type Pattern } from './pattern.ts';
import { configured, eitherText, isHole, joinTexts, mapText, valuesOf, type Hole, type State, type Text, type Value } from './state.ts';
import type { Node, Parameter, Word } from './syntax.ts';

/** A piece of a word after expansion; `list` pieces are the fields of `"$@"` and its kin. */
type Piece = { readonly text: Text; readonly quoted: boolean; readonly split: boolean } | { readonly list: readonly Text[]; readonly quoted: boolean };

/** Runs commands for their output; the interpreter. */
export type Substitute = (body: Node, state: State) => { readonly text: Text; readonly touched: boolean };

const fieldsMax = 4096;

export class Expander {
  readonly #host: ShellHost;
  readonly #substitute: Substitute;

  constructor(host: ShellHost, substitute: Substitute) {
    this.#host = host;
    this.#substitute = substitute;
  }

  /** A word as one text: in assignments, cases, redirections. */
  text(word: Word, state: State): Text {
    return joinTexts(this.#pieces(word, state).map((piece) => ('list' in piece ? joinList(piece.list) : piece.text)));
  }

  /** A word as a pattern: what is quoted stands for itself; null where it is not known or not understood. */
  pattern(word: Word, state: State): Pattern | null {
    const pieces: { text: string; quoted: boolean }[] = [];
    for (const piece of this.#pieces(word, state)) {
      const text = 'list' in piece ? joinList(piece.list) : piece.text;
      if (isHole(text)) return null;
      pieces.push({ text, quoted: piece.quoted });
    }
    return parsePattern(pieces);
  }

  /** A word as fields. */
  fields(word: Word, state: State): Text[] {
    const fields: Text[] = [];
    // The field that is being made: null where nothing has begun one.
    let current: { text: Text; quoted: boolean }[] | null = null;
    const finish = () => {
      if (current !== null) fields.push(...this.#named(current, state));
      current = null;
      if (fields.length > fieldsMax) fields.splice(fieldsMax, fields.length, { hole: 'computed', of: 'many words', or: [], complete: false, many: true });
    };
    const push = (text: Text, quoted: boolean) => (current ??= []).push({ text, quoted });
    for (const piece of this.#pieces(word, state)) {
      if ('list' in piece) {
        piece.list.forEach((text, i) => {
          if (i > 0) finish();
          if (piece.quoted) push(text, true);
          else if (isHole(text)) push(text, false);
          else splitText(text, ifsOf(state)).forEach((part, j) => {
            if (j > 0) finish();
            push(part, false);
          });
        });
      } else if (!piece.split || piece.quoted) push(piece.text, piece.quoted);
      else if (isHole(piece.text)) splitHole(piece.text, push, finish, ifsOf(state));
      else {
        const { text } = piece;
        const parts = splitText(text, ifsOf(state));
        if (/^[ \t\n]/.test(text) && current !== null) finish();
        parts.forEach((part, j) => {
          if (j > 0) finish();
          push(part, false);
        });
        if (/[ \t\n]$/.test(text) && parts.length > 0) finish();
      }
    }
    finish();
    return fields;
  }

  /** A field, or the files it names. */
  #named(pieces: readonly { text: Text; quoted: boolean }[], state: State): Text[] {
    const text = joinTexts(pieces.map((piece) => piece.text));
    const only = pieces.length === 1 ? (pieces[0] as { text: Text }).text : null;
    if (only !== null && isHole(only)) return [only];
    const known = pieces.every((piece): piece is { text: string; quoted: boolean } => !isHole(piece.text));
    if (!known || state.noglob || !pieces.some((piece) => !piece.quoted && /[*?[]/.test(piece.text))) return [text];
    const found = this.#glob(pieces, state);
    return found.length === 0 ? [text] : found;
  }

  #glob(pieces: readonly { text: string; quoted: boolean }[], state: State): string[] {
    const segments: { text: string; quoted: boolean }[][] = [[]];
    for (const { text, quoted } of pieces) {
      text.split('/').forEach((part, i) => {
        if (i > 0) segments.push([]);
        (segments.at(-1) as { text: string; quoted: boolean }[]).push({ text: part, quoted });
      });
    }
    const cwd = configured(state.cwd) ?? '/';
    let paths = [''];
    segments.forEach((segment, i) => {
      const plain = segment.map(({ text }) => text).join('');
      if (!segment.some(({ text, quoted }) => !quoted && /[*?[]/.test(text))) {
        paths = paths.map((path) => (i === 0 ? plain : `${path}/${plain}`));
        return;
      }
      const pattern = parsePattern(segment);
      paths = paths.flatMap((path) => {
        const names = this.#host.list(absolute(i === 0 ? '.' : path === '' ? '/' : path, cwd));
        const fitting = names.filter((name) => pattern !== null && (!name.startsWith('.') || plain.startsWith('.')) && matches(pattern, name));
        return fitting.map((name) => (i === 0 ? name : `${path}/${name}`));
      });
    });
    const wild = paths.filter((path) => this.#host.look(absolute(path, cwd)) !== null || this.#host.isLink(absolute(path, cwd)));
    return wild.slice(0, fieldsMax);
  }

  #pieces(word: Word, state: State): Piece[] {
    return word.parts.flatMap((part, i): Piece[] => {
      switch (part.is) {
        case 'text': {
          const tilde = i === 0 && !part.quoted ? /^~([\w-]*)(?=\/|$)/.exec(part.text) : null;
          if (tilde === null) return [{ text: part.text, quoted: part.quoted, split: false }];
          const home: Text = tilde[1] === '' ? this.#text('HOME', state) : { hole: 'runtime', of: part.text, or: [], complete: false };
          return [{ text: joinTexts([home, part.text.slice(tilde[0].length)]), quoted: true, split: false }];
        }
        case 'command': {
          const text = mapText(this.#within(part.body, state), 'output', (value) => value.replace(/\n+$/, ''));
          return [{ text, quoted: part.quoted, split: true }];
        }
        case 'arithmetic':
          return [{ text: this.arithmetic(part.body, state), quoted: part.quoted, split: true }];
        case 'process':
          this.#within(part.body, state);
          return [{ text: { hole: 'runtime', of: 'process substitution', or: [], complete: false }, quoted: true, split: false }];
        default:
          return this.#parameter(part, state);
      }
    });
  }

  /** In a shell of its own, of which only the files it makes stay. */
  #within(body: Node, state: State): Text {
    const { text, touched } = this.#substitute(body, state.clone());
    state.touched ||= touched;
    return text;
  }

  arithmetic(body: Word, state: State): Text {
    const text = this.text(body, state);
    const unknown: Hole = { hole: 'computed', of: 'arithmetic', or: [], complete: false };
    if (isHole(text)) return unknown;
    const value = evaluateArithmetic(text, (name) => configuredOnly(this.#text(name, state)), (name, result) => state.vars.set(name, result));
    if (value !== null) return String(value);
    // What it would have assigned is not known either.
    for (const [, name] of text.matchAll(/([A-Za-z_]\w*)\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|([A-Za-z_]\w*)\s*(?:\+\+|--)/g)) {
      if (name !== undefined) state.vars.set(name, unknown);
    }
    return unknown;
  }

  #text(name: string, state: State): Text {
    const value = this.value(name, state);
    return value === null ? '' : Array.isArray(value) ? ((value as readonly Text[])[0] ?? '') : (value as Text);
  }

  /** A variable's or parameter's value; null where it is certainly unset. */
  value(name: string, state: State): Value {
    const runtime = (or: readonly string[] = []): Hole => ({ hole: 'runtime', of: name, or, complete: false });
    if (/^[1-9]\d*$/.test(name)) {
      const before = state.args.slice(0, Number(name));
      const many = before.find((arg) => isHole(arg) && arg.many === true);
      return many !== undefined ? { ...(many as Hole), or: [], many: undefined as never } : (state.args[Number(name) - 1] ?? null);
    }
    switch (name) {
      case '@':
      case '*':
        return state.args;
      case '#':
        return state.args.some((arg) => isHole(arg) && arg.many === true) ? runtime() : String(state.args.length);
      case '?':
        return state.status === null ? runtime() : String(state.status);
      case '0':
        return state.name;
      case '-':
        return '';
      case '$':
      case '!':
        return runtime();
    }
    const known = state.vars.get(name);
    if (known !== undefined) return known;
    switch (name) {
      case 'PWD':
        return state.cwd;
      case 'UID':
      case 'EUID':
        return this.#host.user.uid === null ? runtime() : String(this.#host.user.uid);
      case 'HOME':
        return this.#host.user.home ?? runtime();
      case 'IFS':
        return ' \t\n';
      case 'FUNCNAME':
        return state.frames.length === 0 ? [] : [...state.frames.map((frame) => frame.name), 'main'];
      case 'BASH_SOURCE':
        return [state.file, ...state.frames.map((frame) => frame.file)];
      case 'PATH':
        return '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
      case 'HOSTNAME':
      case 'RANDOM':
      case 'SECONDS':
      case 'PPID':
      case 'LINENO':
      case 'BASH_VERSION':
      case 'BASH_REMATCH':
      case 'OPTARG':
      case 'OSTYPE':
      case 'MACHTYPE':
        return runtime();
      default:
        // Nobody set it: of the image as configured it is unset, and who runs the image may set it.
        return { hole: 'environment', of: name, or: [''], complete: false };
    }
  }

  #parameter(part: Parameter, state: State): Piece[] {
    let { name } = part;
    if (part.indirect) {
      const pointed = this.#text(name, state);
      if (isHole(pointed) || !/^\w+$/.test(pointed) || part.index !== null) {
        const of = `\${!${name}}`;
        return [{ text: { hole: 'computed', of, or: [], complete: false, ...(part.operator !== null && { many: true as const }) }, quoted: part.quoted,
          split: true }];
      }
      name = pointed;
    }
    const value = this.value(name, state);
    const all = name === '@' || name === '*' || part.index === '@' || part.index === '*';
    if (all && !(typeof value === 'object' && value !== null && !Array.isArray(value))) {
      const list = value === null ? [] : Array.isArray(value) ? (value as readonly Text[]) : [value as Text];
      return this.#list(part, list, state, name === '@' || part.index === '@');
    }
    let text: Text | null = value === null ? null : Array.isArray(value) ? ((value as readonly Text[])[0] ?? null) : (value as Text);
    if (part.index !== null && typeof part.index === 'object') {
      const index = this.arithmetic(part.index, state);
      if (Array.isArray(value) && !isHole(index)) {
        const list = value as readonly Text[];
        text = list[Number(index) < 0 ? list.length + Number(index) : Number(index)] ?? null;
      } else if (Array.isArray(value) || !isHole(value as Text)) text = { hole: 'computed', of: name, or: [], complete: false };
    }
    if (part.length) return [{ text: mapText(text ?? '', name, (one) => String([...one].length)), quoted: part.quoted, split: true }];
    return [{ text: this.#operated(part, name, text, state), quoted: part.quoted, split: true }];
  }

  /** All of `$@` or an array, each a field of its own between quotes. */
  #list(part: Parameter, list: readonly Text[], state: State, at: boolean): Piece[] {
    const { quoted } = part;
    const many = list.some((text) => isHole(text) && text.many === true);
    if (part.length) {
      return [{ text: many ? { hole: 'computed', of: part.name, or: [], complete: false } : String(list.length), quoted, split: true }];
    }
    let shown = list;
    const { operator } = part;
    if (operator === ':' && part.argument !== null) {
      const offset = this.arithmetic(part.argument, state);
      const length = part.second === null ? String(list.length + 1) : this.arithmetic(part.second, state);
      if (many || isHole(offset) || isHole(length)) shown = [{ hole: 'computed', of: part.name, or: [], complete: false, many: true }];
      else {
        // `$@` counts from 1 and has `$0` before it.
        const whole = part.name === '@' || part.name === '*' ? [state.name, ...list] : list;
        const start = Number(offset) < 0 ? Math.max(0, whole.length + Number(offset)) : Number(offset);
        shown = whole.slice(start, start + Number(length));
      }
    } else if (operator !== null && /^:?[-=+?]$/.test(operator)) {
      const empty = list.length === 0 || (operator.startsWith(':') && list.every((text) => text === ''));
      const takesArgument = operator.endsWith('+') ? !empty : empty && !operator.endsWith('?');
      if (takesArgument && part.argument !== null) return this.#pieces(part.argument, state).map((piece) => (quoted ? { ...piece, quoted } : piece));
      if (operator.endsWith('+')) return [{ list: [], quoted }];
    } else if (operator !== null) shown = list.map((text) => this.#operated(part, part.name, text, state));
    return at || !quoted ? [{ list: shown, quoted }] : [{ text: joinList(shown), quoted, split: false }];
  }

  #operated({ operator, argument, second }: Parameter, name: string, text: Text | null, state: State): Text {
    if (operator === null) return text ?? '';
    const word = (): Text => (argument === null ? '' : this.text(argument, state));
    if (/^:?[-=+?]$/.test(operator)) {
      const outside = text !== null && isHole(text) && text.hole === 'environment';
      // Without a colon only an unset variable counts, and what nobody set is unset as configured.
      const isEmpty = (value: string) => value === '' && (operator.startsWith(':') || outside);
      const kind = operator.at(-1);
      if (text === null) {
        const other = kind === '+' ? '' : word();
        if (kind === '=') state.vars.set(name, other);
        return other;
      }
      if (!isHole(text)) return kind === '+' ? (isEmpty(text) ? '' : word()) : isEmpty(text) && kind !== '?' ? this.#assigned(kind === '=' ? name : null,
        word(), state) : text;
      const other = kind === '?' ? text : word();
      const options = text.or.map((value): Text => (kind === '+' ? (isEmpty(value) ? '' : other) : isEmpty(value) && kind !== '?' ? other : value));
      if (options.length === 0) return kind === '+' ? eitherText(['', other]) : { ...text, or: valuesOf(other).or };
      const result = eitherText(options);
      const open: Text = text.complete ? result : { hole: text.hole, of: text.of, or: valuesOf(result).or, complete: false };
      return kind === '=' ? this.#assigned(name, open, state) : open;
    }
    const source = text ?? '';
    if (operator === ':') {
      const [offset, length] = [argument === null ? '0' : this.arithmetic(argument, state), second === null ? null : this.arithmetic(second, state)];
      if (isHole(offset) || (length !== null && isHole(length))) return { hole: 'computed', of: name, or: [], complete: false };
      return mapText(source, name, (value) => {
        const start = Number(offset) < 0 ? Math.max(0, value.length + Number(offset)) : Number(offset);
        return value.slice(start, length === null ? undefined : Number(length) < 0 ? value.length + Number(length) : start + Number(length));
      });
    }
    if (/^[\^,]/.test(operator)) {
      const change = (one: string) => (operator.startsWith('^') ? one.toUpperCase() : one.toLowerCase());
      return mapText(source, name, (value) => (operator.length === 2 ? change(value) : change(value.slice(0, 1)) + value.slice(1)));
    }
    const pattern = argument === null ? [] : this.pattern(argument, state);
    if (operator.startsWith('/')) {
      const by = second === null ? '' : this.text(second, state);
      return mapText(source, name, (value) => (pattern === null || isHole(by) || value.length > 512 ? null : replaced(value, pattern, by, operator)));
    }
    if (/^(?:##?|%%?)$/.test(operator)) {
      return mapText(source, name, (value) => (pattern === null || value.length > cutTextMax ? null : cut(value, pattern, operator as '#')));
    }
    return { hole: 'computed', of: name, or: [], complete: false };
  }

  #assigned(name: string | null, text: Text, state: State): Text {
    if (name !== null) state.vars.set(name, text);
    return text;
  }
}

/** Only what is known beyond doubt counts in arithmetic. */
function configuredOnly(text: Text): string | null {
  return isHole(text) ? null : text;
}

function ifsOf(state: State): string | null {
  const ifs = state.vars.get('IFS');
  return ifs === undefined || ifs === null ? ' \t\n' : typeof ifs === 'string' ? ifs : null;
}

function joinList(list: readonly Text[]): Text {
  return joinTexts(list.flatMap((text, i) => (i === 0 ? [text] : [' ', text])));
}

/** Field splitting; blanks around are dropped, other separators divide. */
function splitText(text: string, ifs: string | null): string[] {
  if (ifs === null || ifs === '') return text === '' ? [] : [text];
  const blanks = [...ifs].filter((char) => ' \t\n'.includes(char)).join('');
  const fields: string[] = [];
  let [current, open] = ['', false];
  for (const char of text) {
    if (!ifs.includes(char)) {
      current += char;
      open = true;
    } else if (open || !blanks.includes(char)) {
      fields.push(current);
      [current, open] = ['', false];
    }
  }
  if (open) fields.push(current);
  return fields;
}

/** An unquoted text that is not known: its configured value's fields, or any number of fields. */
function splitHole(hole: Hole, push: (text: Text, quoted: boolean) => void, finish: () => void, ifs: string | null): void {
  const { or, ...rest } = hole;
  const split = or.map((value) => splitText(value, ifs));
  if (or.length === 1 && hole.many !== true && (hole.complete || hole.hole === 'environment')) {
    (split[0] as string[]).forEach((part, i) => {
      if (i > 0) finish();
      push({ ...rest, or: [part] }, false);
    });
  } else if (or.length > 0 && hole.complete && split.every((fields) => fields.length === 1)) push({ ...rest, or: split.flat() }, false);
  else push({ ...rest, or, many: true }, false);
}
