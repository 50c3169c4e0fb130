// What a Perl file loads (perlfunc, "use", "require", "do"; perlop, "Quote-Like Operators"): names it states, and whether there are others.
import type { ScriptEnds } from './scripts.ts';

/** `module`: a package's name; `file`: a path or a part of one; `lib`: a folder to look in first; `native`, `split`: of the file's own packages. */
export interface PerlLoad {
  readonly is: 'file' | 'lib' | 'module' | 'native' | 'split';
  readonly name: string;
}

export interface PerlSource {
  readonly loads: readonly PerlLoad[];
  readonly ends: ScriptEnds;
}

interface Token {
  /** `words` are of `qw`; `text` interpolates, `raw` does not; `run` is a command. */
  readonly is: 'mark' | 'name' | 'raw' | 'run' | 'text' | 'variable' | 'words';
  readonly text: string;
  readonly line: number;
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };
/** Words after which a slash begins a pattern. */
const OPERATORS = /^(?:and|or|not|xor|x|if|unless|while|until|return|split|grep|map|join|push|unshift|when|lt|gt|le|ge|eq|ne|cmp|print)$/;

/** The text up to the end that belongs to a delimiter, nested where it nests. @returns the place behind it */
function delimited(source: string, start: number): [text: string, end: number] {
  const open = source[start] as string;
  const close = CLOSING[open] ?? open;
  let depth = 1;
  let at = start + 1;
  for (; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (char === close && (depth -= 1) === 0) break;
    else if (char === open && close !== open) depth += 1;
  }
  return [source.slice(start + 1, at), Math.min(at + 1, source.length)];
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const waiting: { tag: string; indented: boolean; raw: boolean; place: number }[] = [];
  let [at, line] = [0, 1];
  const push = (is: Token['is'], text: string) => void tokens.push({ is, text, line });
  const skip = (end: number) => {
    for (let i = at; i < end; i++) if (source[i] === '\n') line += 1;
    at = end;
  };
  const lineEnd = (from: number) => (source.indexOf('\n', from) < 0 ? source.length : source.indexOf('\n', from));
  while (at < source.length) {
    const char = source[at] as string;
    const before = tokens.at(-1);
    if (char === '\n') {
      skip(at + 1);
      for (const { tag, indented, raw, place } of waiting.splice(0)) {
        let text = '';
        while (at < source.length) {
          const end = lineEnd(at);
          const one = source.slice(at, end);
          skip(Math.min(end + 1, source.length));
          if ((indented ? one.trim() : one) === tag) break;
          text += `${one}\n`;
        }
        tokens[place] = { ...(tokens[place] as Token), is: raw ? 'raw' : 'text', text };
      }
      if (/^=[A-Za-z]/.test(source.slice(at, at + 2))) {
        const cut = /^=cut\b.*$/m.exec(source.slice(at));
        skip(cut === null ? source.length : at + cut.index + cut[0].length);
      }
    } else if (/\s/.test(char)) at += 1;
    else if (char === '#') at = lineEnd(at);
    else if (char === "'" || char === '"' || char === '`') {
      const [text, end] = delimited(source, at);
      push(char === "'" ? 'raw' : char === '"' ? 'text' : 'run', text);
      skip(end);
    } else if (/[$@%&]/.test(char) && /^[$@%&]#?\$*(?:\{\^?\w+\}|::|[A-Za-z_])/.test(source.slice(at, at + 80))) {
      const name = (/^[$@%&]#?\$*(?:\{\^?\w+\}|(?:::)?\w+(?:(?:::|')[A-Za-z_]\w*)*(?:::)?)/.exec(source.slice(at, at + 200)) ?? [char])[0];
      push('variable', name);
      at += name.length;
    } else if (char === '$' && /^\$(?:#[{$]|\^\w|[^\s\w{])/.test(source.slice(at, at + 3))) {
      push('variable', source.slice(at, at + 2));
      at += 2;
    } else if (/[A-Za-z_]/.test(char)) {
      const name = (/^\w+(?:(?:::|')[A-Za-z_]\w*)*(?:::)?/.exec(source.slice(at, at + 200)) ?? [char])[0].replace(/'.*$/s, (part) =>
        (/^'\w/.test(part) && /^(?:q|qq|qw|qx|qr|m|s|y|tr)$/.test(source.slice(at).split("'", 1)[0] as string) ? '' : part));
      const isKey = before?.text === '->' || /^\s*=>/.test(source.slice(at + name.length, at + name.length + 20))
        || (before?.text === '{' && source[at + name.length] === '}');
      if (!isKey && /^__(?:END|DATA)__$/.test(name)) break;
      if (!isKey && /^(?:q|qq|qw|qx|qr|m|s|y|tr)$/.test(name) && before?.text !== 'sub') {
        const rest = /^(\s*)(\S)/.exec(source.slice(at + name.length));
        const [, space = '', delimiter = ''] = rest ?? [];
        if (delimiter !== '' && !/[,;)\w]/.test(delimiter) && !(delimiter === '#' && space !== '') && !(delimiter === '=' && /^\s|^[=~>]/.test(
          source.slice(at + name.length + space.length + 1)))) {
          quoteLike(name, at + name.length + space.length);
          continue;
        }
      }
      push('name', name.replaceAll("'", '::'));
      at += name.length;
    } else if (source.startsWith('<<', at) && /^<<~?(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z_]\w*)/.test(source.slice(at, at + 100))) {
      const [whole, tilde, double, single, bare] = /^<<(~?)(?:"([^"\n]*)"|'([^'\n]*)'|([A-Za-z_]\w*))/.exec(source.slice(at)) as unknown as string[];
      waiting.push({ tag: double ?? single ?? bare ?? '', indented: tilde === '~', raw: single !== undefined, place: tokens.length });
      push('text', '');
      at += (whole as string).length;
    } else if (char === '/' && (before === undefined || (before.is === 'mark' && !/[)\]}]/.test(before.text)) || (before.is === 'name'
      && OPERATORS.test(before.text)))) quoteLike('m', at);
    else if (/\d/.test(char)) {
      const number = (/^\d[\w]*(?:\.\d\w*)*/.exec(source.slice(at, at + 200)) as RegExpExecArray)[0];
      push('variable', number);
      at += number.length;
    } else {
      const mark = ['->', '=>', '::', '||', '&&', '//'].find((one) => source.startsWith(one, at)) ?? char;
      push('mark', mark);
      at += mark.length;
    }
  }
  return tokens;

  function quoteLike(name: string, start: number): void {
    const [text, first] = delimited(source, start);
    let end = first;
    const open = source[start] as string;
    let replacement = '';
    if (/^(?:s|y|tr)$/.test(name)) {
      const second = CLOSING[open] === undefined ? end - 1 : end + (/^\s*/.exec(source.slice(end)) as RegExpExecArray)[0].length;
      [replacement, end] = delimited(source, second);
      if (CLOSING[open] === undefined) [replacement, end] = delimited(`${source.slice(0, second)}${open}${source.slice(second + 1)}`, second);
    }
    const flags = /^[a-z]*/.exec(source.slice(end))?.[0] ?? '';
    if (name === 'qw') push('words', text);
    else if (name === 'q') push('raw', text);
    else if (name === 'qq') push('text', text);
    else if (name === 'qx') push('run', text);
    // A pattern is a value: a slash behind it divides.
    else push('variable', '');
    const code = name === 's' && flags.includes('e') ? replacement : /\(\?\??\{/.test(text) && /^(?:m|qr|s)$/.test(name) ? text : '';
    const place = line;
    skip(/^(?:m|qr|s|y|tr)$/.test(name) ? end + flags.length : end);
    // The replacement of `s///e` is code, and `s///ee` runs what it gives.
    if (code !== '' && code !== source) tokens.push({ is: 'mark', text: ';', line: place }, ...tokensOf(code).map((one) => ({ ...one, line: place })));
    if (flags.split('e').length > 2 && name === 's') tokens.push({ is: 'name', text: 'eval', line: place }, { is: 'variable', text: '$_', line: place });
  }
}

/** Core modules that load or start what their callers name. */
const NAMED_BY_CALLERS = /^(?:Module::Load(?:::Conditional)?|Module::Pluggable|Module::Runtime|Class::Load|UNIVERSAL::require|autobox|Safe)$/;
const STARTERS = /^(?:IPC::(?:Open[23]|Cmd|Run3?|System::Simple)|Proc::\w+|Expect|Shell|Inline(?:::\w+)?)$/;
/** Methods of file handles, whose package is loaded when one is called. */
const HANDLE = /^(?:autoflush|opened|getlines?|printflush|blocking|untaint|sync|ungetc)$/;
const STARTING = /^(?:system|exec|readpipe|open[23]|run3|capture|systemx|capturex)$/;

export function perlSource(source: string, path: string, depth = 0): PerlSource {
  const tokens = tokensOf(source);
  const at = (i: number): Token => tokens[i] ?? { is: 'mark', text: ';', line: 0 };
  const loads: PerlLoad[] = [];
  const ends: { -readonly [K in keyof ScriptEnds]: number | null } = { dynamic: null, evaluates: null, starts: null, loads: null };
  const add = (is: PerlLoad['is'], name: string) => void loads.push({ is, name });
  const module = (name: string, line: number) => {
    add('module', name);
    if (NAMED_BY_CALLERS.test(name)) ends.dynamic ??= line;
    if (STARTERS.test(name)) ends.starts ??= line;
  };
  const included = (next: number, line: number) => {
    const folders = constantList(tokens, next, path);
    for (const folder of folders ?? []) add('lib', folder);
    if (folders === null) ends.dynamic ??= line;
  };
  for (let i = 0; i < tokens.length; i++) {
    const { is, text, line } = at(i);
    const before = at(i - 1);
    if (is === 'mark' && text === '*' && at(i + 1).text === '!') add('module', 'Errno');
    if (is === 'run') ends.starts ??= line;
    const adding = before.text === '(' ? at(i - 2).text : before.text;
    if (is === 'variable' && text === '@INC' && /^(?:unshift|push)$/.test(adding)) {
      included(i + 2, line);
    } else if (is === 'variable' && text === '@INC' && at(i + 1).text === '=') ends.dynamic ??= line;
    else if (is === 'variable' && /^[%$][+-]$|^[%$]\{\^CAPTURE/.test(text)) add('module', 'Tie::Hash::NamedCapture');
    else if (is === 'text' && text.includes(':encoding(')) for (const name of ['PerlIO::encoding', 'Encode']) add('module', name);
    if (is === 'variable' && text === '$!' && at(i + 1).text === '{') add('module', 'Errno');
    if (is === 'name' && before.text === '->' && HANDLE.test(text)) add('module', 'IO::File');
    if (is === 'name' && before.text === '->' && text === 'require') ends.dynamic ??= line;
    if (is !== 'name' || before.text === '->' || before.text === 'sub' || at(i + 1).text === '=>' || (before.text === '{' && at(i + 1).text === '}')) continue;
    const next = at(i + 1);
    if (text === 'package' && next.is === 'name') {
      if (/XSLoader|DynaLoader|\bbootstrap\b/.test(source)) add('native', next.text);
      if (/AutoLoader/.test(source)) add('split', next.text);
    } else if ((text === 'use' || text === 'no') && next.is === 'name' && !/^v\d/.test(next.text)) {
      const name = next.text;
      module(name, line);
      const words = constantList(tokens, i + 2, path);
      if (name === 'lib' && text === 'use') included(i + 2, line);
      else if (name === 'parent' || name === 'base') {
        if (words === null) ends.dynamic ??= line;
        else if (!words.includes('-norequire')) for (const one of words) module(one, line);
      } else if (name === 'autouse' || name === 'aliased' || name === 'if') {
        const named = name === 'if' ? behindComma(tokens, i + 2) : at(i + 2);
        if (named !== null && (named.is === 'name' || named.is === 'raw' || named.is === 'text')) module(named.text, line);
        else ends.dynamic ??= line;
      }
    } else if (text === 'require' && next.is === 'name' && !/^v\d/.test(next.text) && at(i + 2).text !== '(') module(next.text, line);
    else if (text === 'require' || (text === 'do' && next.text !== '{')) {
      if (/^(?:\d|[;)}]$)/.test(next.text) || (next.is === 'name' && /^v\d/.test(next.text))) continue;
      const names = constantList(tokens, i + 1, path);
      if (names?.length === 1) add('file', names[0] as string);
      else ends.dynamic ??= line;
    } else if (text === 'eval' && next.text !== '{') {
      const inner = next.text === '(' ? at(i + 2) : next;
      const isWhole = inner.is === 'raw' || (inner.is === 'text' && !/(?<!\\)[$@]/.test(inner.text));
      if (!isWhole || depth > 4) ends.evaluates ??= line;
      // The first line of scripts that a shell may have started.
      else if (!/^\s*exec\s.*perl.*\$0/s.test(inner.text)) {
        const read = perlSource(inner.text, path, depth + 1);
        loads.push(...read.loads);
        for (const key of ['dynamic', 'evaluates', 'starts', 'loads'] as const) if (read.ends[key] !== null) ends[key] ??= line;
      }
    } else if (STARTING.test(text) && !(text === 'exec' && next.text === '=')) ends.starts ??= line;
    else if (text === 'glob') add('module', 'File::Glob');
    else if (text === 'open' && opensPipe(tokens, i + 1)) ends.starts ??= line;
  }
  return { loads, ends };
}

/** The token behind the first comma of a list. */
function behindComma(tokens: readonly Token[], start: number): Token | null {
  let depth = 0;
  for (let i = start; i < tokens.length; i++) {
    const { text, is } = tokens[i] as Token;
    if (is !== 'mark') continue;
    if ('([{'.includes(text)) depth += 1;
    else if (')]}'.includes(text)) depth -= 1;
    else if (text === ';') return null;
    else if (depth === 0 && (text === ',' || text === '=>')) return tokens[i + 1] ?? null;
  }
  return null;
}

/** `open` of two arguments may start a program where its text is not known, or says so; one of three says so in the second. */
function opensPipe(tokens: readonly Token[], start: number): boolean {
  const list: Token[][] = [[]];
  let depth = 0;
  for (let i = start; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.is === 'mark' && '([{'.includes(token.text)) depth += 1;
    else if (token.is === 'mark' && ')]}'.includes(token.text)) depth -= 1;
    if (depth < 0 || (token.is === 'mark' && token.text === ';') || (token.is === 'name' && /^(?:or|and)$/.test(token.text))) break;
    if (depth <= 1 && token.is === 'mark' && token.text === ',') list.push([]);
    else list.at(-1)?.push(token);
    if (depth === 0 && token.text === ')') break;
  }
  const [mode, ...more] = list.slice(1);
  const first = mode?.[0];
  if (mode === undefined || first === undefined) return false;
  if (first.is !== 'raw' && first.is !== 'text') return more.length === 0 || first.is === 'variable';
  return /^\s*\||\|\s*$/.test(first.text) || (more.length === 0 && /^\s*\$/.test(first.text));
}

/** The texts of a list that are known without running it; null where one is not. */
function constantList(tokens: readonly Token[], start: number, path: string): string[] | null {
  const found: string[] = [];
  let [i, current]: [number, string | null] = [start, null];
  const folder = path.replace(/\/[^/]*$/, '') || '/';
  const one = (): string | null => {
    const token = tokens[i] as Token | undefined;
    if (token === undefined) return null;
    i += 1;
    if (token.is === 'raw') return token.text.replaceAll(/\\(['\\])/g, '$1');
    if (token.is === 'text') {
      const text = token.text.replaceAll(/\$\{?(?:FindBin::)?(?:Real)?Bin\b\}?/g, () => folder);
      return /(?<!\\)[$@]/.test(text) ? null : text.replaceAll(/\\(.)/g, '$1');
    }
    if (token.is === 'variable') return /^\$(?:FindBin::)?(?:Real)?Bin$/.test(token.text) ? folder : null;
    if (token.text === '__FILE__') return path;
    if (token.is === 'name' && /^(?:File::Basename::)?dirname$|^(?:Cwd::)?(?:abs_path|realpath)$/.test(token.text)) {
      const isOpen = tokens[i]?.text === '(';
      if (isOpen) i += 1;
      const inner = joined();
      if (isOpen && tokens[i]?.text === ')') i += 1;
      return inner === null ? null : token.text.endsWith('dirname') ? inner.replace(/\/[^/]*$/, '') || '/' : inner;
    }
    return null;
  };
  const joined = (): string | null => {
    let text = one();
    while (text !== null && tokens[i]?.text === '.' && tokens[i]?.is === 'mark') {
      i += 1;
      const more = one();
      text = more === null ? null : text + more;
    }
    return text;
  };
  for (let token = tokens[i]; token !== undefined && token.text !== ';' && token.text !== '}'; token = tokens[i]) {
    if (token.is === 'words') {
      found.push(...token.text.split(/\s+/).filter((word) => word !== ''));
      i += 1;
    } else if (token.is === 'mark' && /^(?:[(),]|=>)$/.test(token.text)) i += 1;
    else if (token.is === 'mark' && token.text === '-' && tokens[i + 1]?.is === 'name') {
      found.push(`-${tokens[i + 1]?.text}`);
      i += 2;
    } else if (token.is === 'name' && /^(?:or|and|if|unless|for|foreach|while|until)$/.test(token.text)) break;
    else if (token.is === 'mark' && /^(?:\|\||&&|\/\/|\?)$/.test(token.text)) break;
    else {
      current = joined();
      if (current === null) return null;
      found.push(current);
    }
  }
  return found;
}
