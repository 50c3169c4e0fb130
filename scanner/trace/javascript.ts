// What a JavaScript or TypeScript file loads, by its tokens: literal requires and imports, and whether there are others.

export interface Loaded {
  /** As written, with the way they are asked for: packages answer differently. */
  readonly modules: readonly { readonly name: string; readonly how: 'import' | 'require' }[];
  /** Loads what is computed; with the line. */
  readonly dynamic: number | null;
  /** Runs text as code. */
  readonly evaluates: number | null;
  /** Native code or other processes by the runtime's own inner doors. */
  readonly native: number | null;
}

interface Token {
  readonly is: 'name' | 'text' | 'mark' | 'other';
  readonly text: string;
  readonly line: number;
}

const REGEX_AFTER = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'else', 'do', 'instanceof', 'yield', 'await']);

/** @returns null where it cannot be read as JavaScript */
export function loadedBy(source: string): Loaded | null {
  const tokens = tokensOf(source);
  return tokens === null ? null : findLoads(tokens);
}

function tokensOf(source: string): Token[] | null {
  const tokens: Token[] = [];
  /** For each open template, the depth of braces at which its text goes on. */
  const templates: number[] = [];
  let [at, line, depth] = [source.startsWith('#!') ? Math.max(0, source.indexOf('\n')) : 0, 1, 0];
  const push = (is: Token['is'], text: string) => tokens.push({ is, text, line });
  const template = (): boolean => {
    const start = at;
    for (; at < source.length; at++) {
      const char = source[at];
      if (char === '\\') at += 1;
      else if (char === '\n') line += 1;
      else if (char === '`') {
        at += 1;
        return true;
      } else if (char === '$' && source[at + 1] === '{') {
        templates.push(depth);
        depth += 1;
        at += 2;
        push('other', source.slice(start, at));
        return true;
      }
    }
    return false;
  };
  while (at < source.length) {
    const char = source[at] as string;
    if (char === '\n') line += 1;
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    if (source.startsWith('//', at)) {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
    } else if (source.startsWith('/*', at)) {
      const end = source.indexOf('*/', at + 2);
      if (end < 0) return null;
      for (let i = source.indexOf('\n', at); i >= 0 && i < end; i = source.indexOf('\n', i + 1)) line += 1;
      at = end + 2;
    } else if (char === '"' || char === "'") {
      let [text, i] = ['', at + 1];
      for (; source[i] !== char; i++) {
        if (source[i] === undefined || source[i] === '\n') return null;
        if (source[i] === '\\') {
          i += 1;
          if (source[i] === '\n') line += 1;
          // An escape in a module's name is none that anybody writes: such a name is not found.
          text += `\\${source[i]}`;
        } else text += source[i];
      }
      push('text', text);
      at = i + 1;
    } else if (char === '`') {
      const start = at + 1;
      at += 1;
      const before = tokens.length;
      if (!template()) return null;
      if (tokens.length === before) push('text', source.slice(start, at - 1));
    } else if (/[A-Za-z_$\u0080-\uffff]/.test(char)) {
      let end = at + 1;
      while (end < source.length && /[\w$\u0080-\uffff]/.test(source[end] as string)) end += 1;
      push('name', source.slice(at, end));
      at = end;
    } else if (/[0-9]/.test(char)) {
      let end = at + 1;
      while (end < source.length && /[\w.]/.test(source[end] as string)) end += 1;
      push('other', '0');
      at = end;
    } else if (char === '/' && regexMayStand(tokens.at(-1))) {
      const end = regexEnd(source, at);
      if (end < 0) {
        push('mark', '/');
        at += 1;
      } else {
        push('other', '/');
        at = end;
      }
    } else {
      if (char === '{') depth += 1;
      if (char === '}') {
        depth -= 1;
        if (templates.at(-1) === depth) {
          templates.pop();
          at += 1;
          if (!template()) return null;
          continue;
        }
      }
      push('mark', char);
      at += 1;
    }
  }
  return templates.length === 0 ? tokens : null;
}

function regexMayStand(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.is === 'name') return REGEX_AFTER.has(before.text);
  return before.is === 'mark' && before.text !== ')' && before.text !== ']';
}

function regexEnd(source: string, at: number): number {
  let set = false;
  for (let i = at + 1; i < source.length; i++) {
    const char = source[i];
    if (char === '\n') return -1;
    if (char === '\\') i += 1;
    else if (char === '[') set = true;
    else if (char === ']') set = false;
    else if (char === '/' && !set) {
      i += 1;
      while (/[a-z]/.test(source[i] ?? '')) i += 1;
      return i;
    }
  }
  return -1;
}

function findLoads(tokens: readonly Token[]): Loaded {
  const modules: { name: string; how: 'import' | 'require' }[] = [];
  let [dynamic, evaluates, native]: [number | null, number | null, number | null] = [null, null, null];
  const at = (i: number) => tokens[i] ?? { is: 'other', text: '', line: 0 };
  const requires = new Set(['require']);
  tokens.forEach(({ is, text }, i) => {
    // `const load = createRequire(…)` makes another `require`.
    if (is === 'name' && text === 'createRequire' && at(i + 1).text === '(') {
      const name = at(i - 1).text === '=' ? at(i - 2) : at(i - 1).text === '.' && at(i - 3).text === '=' ? at(i - 4) : null;
      if (name?.is === 'name') requires.add(name.text);
      else dynamic ??= at(i).line;
    }
  });
  for (let i = 0; i < tokens.length; i++) {
    const { is, text, line } = at(i);
    if (is !== 'name') continue;
    const property = at(i - 1).text === '.' && at(i - 1).is === 'mark';
    const literal = (open: number): string | null =>
      (at(open).text === '(' && at(open + 1).is === 'text' && [')', ','].includes(at(open + 2).text) ? at(open + 1).text : null);
    if (requires.has(text)) {
      const isKey = at(i + 1).text === ':' && !property && ['{', ','].includes(at(i - 1).text);
      if (at(i - 1).text === 'typeof' || isKey || (text !== 'require' && at(i + 1).text === '=')) continue;
      const open = at(i + 1).text === '.' && at(i + 2).text === 'resolve' ? i + 3 : i + 1;
      const name = literal(open);
      if (name !== null) modules.push({ name, how: 'require' });
      else if (at(i + 1).text === '.' && ['main', 'cache', 'extensions'].includes(at(i + 2).text)) continue;
      else dynamic ??= line;
    } else if (text === 'import' && !property) {
      if (at(i + 1).text === '(') {
        const name = literal(i + 1);
        if (name === null) dynamic ??= line;
        else modules.push({ name, how: 'import' });
      } else if (at(i + 1).is === 'text') modules.push({ name: at(i + 1).text, how: 'import' });
      else if (at(i + 1).text !== '.') {
        const name = fromClause(tokens, i + 1);
        if (name !== null) modules.push({ name, how: 'import' });
      } else if (at(i + 2).text === 'glob') dynamic ??= line;
    } else if (text === 'export' && !property && ['{', '*', 'type'].includes(at(i + 1).text)) {
      const name = fromClause(tokens, i + 1);
      if (name !== null) modules.push({ name, how: 'import' });
    } else if (text === 'eval' && at(i + 1).text === '(' && at(i - 1).text !== 'function') evaluates ??= line;
    else if (text === 'Function' && at(i + 1).text === '(' && !property) evaluates ??= line;
    else if (['dlopen', 'binding', '_linkedBinding', 'getBuiltinModule'].includes(text) && property) native ??= line;
    else if (text === '_load' && property) dynamic ??= line;
    else if (text === 'Worker' && at(i - 1).text === 'new') {
      // `new Worker(new URL('./x.js', import.meta.url))`.
      const name = literal(i + 1) ?? (at(i + 2).text === 'new' && at(i + 3).text === 'URL' && at(i + 4).text === '(' && at(i + 5).is === 'text'
        ? at(i + 5).text : null);
      if (name === null) dynamic ??= line;
      else modules.push({ name: /^[./]/.test(name) ? name : `./${name}`, how: 'import' });
    }
  }
  return { modules, dynamic, evaluates, native };
}

/** The module of `… from 'x'`, which ends at the first text or at what cannot stand before it. */
function fromClause(tokens: readonly Token[], start: number): string | null {
  for (let i = start; i < tokens.length && i < start + 4000; i++) {
    const { is, text } = tokens[i] as Token;
    if (is === 'text') return tokens[i - 1]?.text === 'from' ? text : null;
    if (is === 'other' || (is === 'mark' && !['{', '}', ',', '*'].includes(text))) return null;
  }
  return null;
}
