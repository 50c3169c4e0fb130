// What a Python file imports, by its logical lines: literal imports, and whether there are others (Python reference, "The import system").

export interface PythonImport {
  /** Dotted; empty in `from . import x`. */
  readonly name: string;
  /** Leading dots. */
  readonly level: number;
  /** What `from … import` names. */
  readonly members: readonly string[];
}

export interface PythonImports {
  readonly imports: readonly PythonImport[];
  /** Lines of what is not followed; null where there is none. */
  readonly dynamic: number | null;
  readonly evaluates: number | null;
  readonly starts: number | null;
  readonly loads: number | null;
}

interface Token {
  /** A name, a text's content, a line's end, or one character. */
  readonly is: 'end' | 'mark' | 'name' | 'text';
  readonly text: string;
  readonly line: number;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let [at, line, depth] = [0, 1, 0];
  while (at < source.length) {
    const char = source[at] as string;
    if (char === '\n') {
      if (depth === 0) tokens.push({ is: 'end', text: '', line });
      line += 1;
      at += 1;
    } else if (char === '\\' && source[at + 1] === '\n') {
      line += 1;
      at += 2;
    } else if (/\s/.test(char)) at += 1;
    else if (char === '#') {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
    } else if (char === '"' || char === "'") {
      const raw = tokens.at(-1);
      const isRaw = raw?.is === 'name' && /^[bru]{0,2}r[b]?$/i.test(raw.text) && source[at - 1] !== ' ';
      const quote = source.startsWith(char.repeat(3), at) ? char.repeat(3) : char;
      let i = at + quote.length;
      const start = [i, line] as const;
      while (i < source.length && !source.startsWith(quote, i)) {
        if (source[i] === '\n') {
          if (quote.length === 1) break;
          line += 1;
        } else if (source[i] === '\\' && (!isRaw || source[i + 1] === char || source[i + 1] === '\\')) {
          if (source[i + 1] === '\n') line += 1;
          i += 1;
        }
        i += 1;
      }
      tokens.push({ is: 'text', text: source.slice(start[0], i), line: start[1] });
      at = i + (source.startsWith(quote, i) ? quote.length : 0);
    } else if (/[A-Za-z_\u0080-\uffff]/.test(char)) {
      let end = at + 1;
      while (end < source.length && /[\w\u0080-\uffff]/.test(source[end] as string)) end += 1;
      tokens.push({ is: 'name', text: source.slice(at, end), line });
      at = end;
    } else {
      if ('([{'.includes(char)) depth += 1;
      else if (')]}'.includes(char)) depth = Math.max(0, depth - 1);
      tokens.push({ is: 'mark', text: char, line });
      at += 1;
    }
  }
  tokens.push({ is: 'end', text: '', line });
  return tokens;
}

const STARTING = /^(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|startfile)$/;
const STARTERS = new Set(['subprocess', 'pty', 'popen2', 'commands', 'pexpect', 'sh', 'plumbum', 'webbrowser']);
const LOADERS = new Set(['ctypes', 'cffi', '_ctypes']);

export function importsOf(source: string): PythonImports {
  const tokens = tokensOf(source);
  const at = (i: number): Token => tokens[i] ?? { is: 'end', text: '', line: 0 };
  const imports: PythonImport[] = [];
  let [dynamic, evaluates, starts]: [number | null, number | null, number | null] = [null, null, null];
  let loads: number | null = null;
  const noteModule = (name: string, members: readonly string[], line: number) => {
    const [first] = name.split('.', 1);
    if (STARTERS.has(first as string) || (first === 'os' && members.some((member) => STARTING.test(member)))
      || members.includes('create_subprocess_exec')) starts ??= line;
    if (LOADERS.has(first as string)) loads ??= line;
  };
  let [begins, nested] = [true, 0];
  for (let i = 0; i < tokens.length; i++) {
    const { is, text, line } = at(i);
    const wasBegin = begins;
    if (is === 'mark' && '([{'.includes(text)) nested += 1;
    if (is === 'mark' && ')]}'.includes(text)) nested = Math.max(0, nested - 1);
    // A statement begins after a line's end, `;` and the `:` of what it stands in.
    begins = is === 'end' || (is === 'mark' && nested === 0 && (text === ';' || text === ':'));
    if (is === 'end') nested = 0;
    if (is !== 'name') continue;
    if (wasBegin && text === 'import') {
      for (let j = i + 1; at(j).is === 'name'; ) {
        const [name, next] = dotted(tokens, j);
        imports.push({ name, level: 0, members: [] });
        noteModule(name, [], line);
        j = at(next).text === 'as' ? next + 2 : next;
        if (at(j).text !== ',') break;
        j += 1;
      }
    } else if (wasBegin && text === 'from') {
      let j = i + 1;
      let level = 0;
      for (; at(j).text === '.'; j++) level += 1;
      const [name, next] = at(j).is === 'name' && at(j).text !== 'import' ? dotted(tokens, j) : ['', j];
      if (at(next).text !== 'import') continue;
      const members: string[] = [];
      for (let k = next + 1; at(k).is !== 'end' && at(k).text !== ';'; k++) {
        if (at(k).text === '*') members.push('*');
        else if (at(k).is === 'name' && at(k - 1).text !== 'as' && at(k).text !== 'as') members.push(at(k).text);
      }
      imports.push({ name, level, members });
      if (level === 0) noteModule(name, members, line);
    } else if ((text === '__import__' || text === 'import_module' || text === 'import_string' || text === 'load_entry_point') && at(i + 1).text === '('
      && at(i - 1).text !== 'def') {
      if (at(i + 2).is === 'text' && [')', ','].includes(at(i + 3).text) && /^[\w.]+$/.test(at(i + 2).text) && !at(i + 2).text.startsWith('.')) {
        imports.push({ name: at(i + 2).text, level: 0, members: [] });
        noteModule(at(i + 2).text, [], line);
      } else dynamic ??= line;
    } else if (['entry_points', 'iter_entry_points', 'run_module', 'run_path', 'spec_from_file_location', 'find_spec'].includes(text)
      && at(i - 1).text !== 'def' && at(i + 1).text === '(') {
      dynamic ??= line;
    } else if ((text === 'exec' || text === 'eval') && at(i + 1).text === '(' && at(i - 1).text !== '.' && at(i - 1).text !== 'def') evaluates ??= line;
    else if (at(i - 1).text === '.' && at(i - 2).text === 'os' && STARTING.test(text)) starts ??= line;
    else if (/^create_subprocess_(?:exec|shell)$|^subprocess_(?:exec|shell)$/.test(text)) starts ??= line;
  }
  return { imports, dynamic, evaluates, starts, loads };
}

function dotted(tokens: readonly Token[], start: number): [name: string, next: number] {
  let [name, i] = [tokens[start]?.text ?? '', start + 1];
  while (tokens[i]?.text === '.' && tokens[i + 1]?.is === 'name') {
    name += `.${tokens[i + 1]?.text}`;
    i += 2;
  }
  return [name, i];
}
