// What a Ruby file loads (Kernel#require, #require_relative, #load, Module#autoload): names it states, and whether there are others.
import type { ScriptEnds } from './scripts.ts';

/** `feature`: looked for along the load path; `file`: absolute; `lib`: a folder to look in; `gem`: a program of a gem, as `gem/program`. */
export interface RubyLoad {
  readonly is: 'feature' | 'file' | 'gem' | 'lib';
  readonly name: string;
}

interface Token {
  /** `text` may have holes: the code of each stands in `parts` between its pieces. */
  readonly is: 'end' | 'mark' | 'name' | 'run' | 'symbol' | 'text' | 'variable' | 'words';
  readonly text: string;
  readonly line: number;
  readonly parts?: readonly (string | { readonly code: string })[];
  /** A blank stands before it. */
  readonly apart: boolean;
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };
/** Words behind which an expression begins, and so a pattern may. */
const BEGINNING = /^(?:and|or|not|if|unless|while|until|when|in|return|then|else|elsif|do|puts|p|raise|case|yield|split|match|match\?|sub|gsub|scan|grep)$/;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const waiting: { tag: string; raw: boolean; run: boolean; place: number }[] = [];
  let [at, line, apart] = [0, 1, true];
  const push = (is: Token['is'], text: string, parts?: Token['parts']) => {
    tokens.push({ is, text, line, apart, ...(parts !== undefined && { parts }) });
    apart = false;
  };
  const lineEnd = (from: number) => (source.indexOf('\n', from) < 0 ? source.length : source.indexOf('\n', from));
  const begins = (): boolean => {
    const before = tokens.at(-1);
    if (before === undefined || before.is === 'end' || (before.is === 'name' && BEGINNING.test(before.text))) return true;
    if (before.is === 'mark') return !/^[)\]}]$/.test(before.text);
    // `name /x/` is a call with a pattern, `name / x` divides.
    return before.is === 'name' && apart && !/^\s/.test(source.slice(at + 1, at + 2)) && source[at + 1] !== '=';
  };
  while (at < source.length) {
    const char = source[at] as string;
    if (char === '\n') {
      tokens.push({ is: 'end', text: '', line, apart: true });
      [apart, line, at] = [true, line + 1, at + 1];
      for (const { tag, raw, run, place } of waiting.splice(0)) {
        let text = '';
        while (at < source.length) {
          const end = lineEnd(at);
          const one = source.slice(at, end);
          [at, line] = [Math.min(end + 1, source.length), line + 1];
          if (one.trim() === tag) break;
          text += `${one}\n`;
        }
        tokens[place] = { ...(tokens[place] as Token), is: run ? 'run' : 'text', text, ...(!raw && { parts: partsOf(text) }) };
      }
      if (/^=begin\b/.test(source.slice(at, at + 7))) {
        const cut = /^=end\b.*$/m.exec(source.slice(at));
        const end = cut === null ? source.length : at + cut.index + cut[0].length;
        line += source.slice(at, end).split('\n').length - 1;
        at = end;
      }
      if (/^__END__\s*(?:\n|$)/.test(source.slice(at, at + 20))) break;
    } else if (/\s/.test(char)) [apart, at] = [true, at + 1];
    else if (char === '\\' && source[at + 1] === '\n') [apart, line, at] = [true, line + 1, at + 2];
    else if (char === '#') at = lineEnd(at);
    else if (char === '"' || char === '`' || char === "'") quoted(char === '`' ? 'run' : 'text', at, char !== "'");
    else if (char === '/' && begins()) quoted('symbol', at, true);
    else if (char === '%' && begins() && /^%[qQwWiIxrs]?[^\w\s=]/.test(source.slice(at, at + 3))) {
      const [, kind = ''] = /^%([qQwWiIxrs]?)/.exec(source.slice(at)) as unknown as string[];
      quoted(/[wWiI]/.test(kind) ? 'words' : kind === 'x' ? 'run' : /[rs]/.test(kind) ? 'symbol' : 'text', at + 1 + kind.length, !/[qwis]/.test(kind));
    } else if (/^<<[~-]?(?:"\w+"|'\w+'|`\w+`|[A-Z_]\w*)/.test(source.slice(at, at + 80)) && (begins() || apart)) {
      const [whole, quote, tag] = /^<<[~-]?(["'`]?)(\w+)["'`]?/.exec(source.slice(at)) as unknown as [string, string, string];
      waiting.push({ tag, raw: quote === "'", run: quote === '`', place: tokens.length });
      push('text', '');
      at += whole.length;
    } else if (char === '?' && begins() && /^\?[^\s\w]|^\?\w(?!\w)/.test(source.slice(at, at + 3))) {
      push('text', source[at + 1] as string);
      at += 2;
    } else if (/^:(?:[A-Za-z_"])/.test(source.slice(at, at + 2)) && source[at - 1] !== ':') {
      if (source[at + 1] === '"') {
        quoted('symbol', at + 1, true);
        continue;
      }
      const name = (/^:\w+[?!=]?/.exec(source.slice(at, at + 120)) as RegExpExecArray)[0];
      push('symbol', name);
      at += name.length;
    } else if (/^(?:\$(?:\w+|.)|@@?\w+)/.test(source.slice(at, at + 3))) {
      const name = (/^(?:\$(?:\w+|.)|@@?\w+)/.exec(source.slice(at, at + 120)) as RegExpExecArray)[0];
      push('variable', name);
      at += name.length;
    } else if (/[A-Za-z_\u0080-\uffff]/.test(char)) {
      const name = (/^[\w\u0080-\uffff]+(?:[?!](?![=~]))?/.exec(source.slice(at, at + 200)) as RegExpExecArray)[0];
      // `name:` is a key.
      const isKey = source[at + name.length] === ':' && source[at + name.length + 1] !== ':' && tokens.at(-1)?.text !== '?';
      push(isKey ? 'symbol' : 'name', name);
      at += name.length + (isKey ? 1 : 0);
    } else if (/\d/.test(char)) {
      const number = (/^\d\w*/.exec(source.slice(at, at + 200)) as RegExpExecArray)[0];
      push('variable', number);
      at += number.length;
    } else {
      const mark = ['::', '<<', '&.', '=>', '||', '&&'].find((one) => source.startsWith(one, at)) ?? char;
      push('mark', mark);
      at += mark.length;
    }
  }
  tokens.push({ is: 'end', text: '', line, apart: true });
  return tokens;

  function quoted(is: Token['is'], start: number, hasHoles: boolean): void {
    const open = source[start] as string;
    const close = CLOSING[open] ?? open;
    let [i, depth] = [start + 1, 1];
    for (; i < source.length; i++) {
      if (source[i] === '\\') i += 1;
      else if (hasHoles && source.startsWith('#{', i)) i = holeEnd(source, i + 2);
      else if (source[i] === close && (depth -= 1) === 0) break;
      else if (source[i] === open && open !== close) depth += 1;
    }
    const text = source.slice(start + 1, i);
    push(is, text, hasHoles ? partsOf(text) : undefined);
    line += text.split('\n').length - 1;
    at = Math.min(i + 1, source.length);
    if (is === 'symbol') while (/[imxounse]/.test(source[at] ?? '')) at += 1;
  }
}

/** The place of the brace that ends a hole. */
function holeEnd(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '{') depth += 1;
    else if (text[i] === '}' && (depth -= 1) === 0) return i;
  }
  return text.length;
}

function partsOf(text: string): (string | { code: string })[] {
  const parts: (string | { code: string })[] = [];
  let from = 0;
  for (let i = text.indexOf('#{'); i >= 0; i = text.indexOf('#{', from)) {
    const end = holeEnd(text, i + 2);
    parts.push(text.slice(from, i), { code: text.slice(i + 2, end) });
    from = end + 1;
  }
  return [...parts, text.slice(from)];
}

const STARTING = /^(?:system|exec|spawn|popen|popen[23]e?|capture[23]e?|pipeline\w*|syscall)$/;
const STARTERS = /^(?:open3|pty|shell|childprocess|posix-spawn|tty-command|terrapin)$/;
const LOADERS = /^(?:fiddle|fiddle\/import|ffi|dl)$/;

export function rubySource(source: string, path: string, depth = 0): { loads: RubyLoad[]; ends: ScriptEnds } {
  const tokens = tokensOf(source);
  const at = (i: number): Token => tokens[i] ?? { is: 'end', text: '', line: 0, apart: true };
  const loads: RubyLoad[] = [];
  const ends: { -readonly [K in keyof ScriptEnds]: number | null } = { dynamic: null, evaluates: null, starts: null, loads: null };
  const folder = path.replace(/\/[^/]*$/, '') || '/';
  for (let i = 0; i < tokens.length; i++) {
    const { is, text, line, parts = [] } = at(i);
    if (is === 'run') ends.starts ??= line;
    for (const part of depth > 8 ? [] : parts) {
      if (typeof part === 'string') continue;
      const inner = rubySource(part.code, path, depth + 1);
      loads.push(...inner.loads);
      for (const key of ['dynamic', 'evaluates', 'starts', 'loads'] as const) if (inner.ends[key] !== null) ends[key] ??= line;
    }
    if (is === 'variable' && /^\$(?:LOAD_PATH|:|-I)$/.test(text) && (at(i + 1).text === '<<' || /^(?:unshift|push|prepend|append|insert|concat)$/.test(
      at(i + 2).text))) {
      const name = constant(tokens, at(i + 1).text === '<<' ? i + 2 : i + 3, path);
      if (name === null) ends.dynamic ??= line;
      else loads.push({ is: 'lib', name });
    }
    const [before, next] = [at(i - 1), at(i + 1)];
    const receiver = before.text === '.' || before.text === '&.' || before.text === '::' ? at(i - 2).text : null;
    if (is !== 'name' || before.text === 'def' || next.text === '=') continue;
    const own = receiver === null || receiver === 'Kernel' || receiver === 'self';
    if (own && /^(?:require|require_relative|load|autoload)$/.test(text) && (next.is !== 'mark' || next.text === '(') && next.is !== 'end') {
      const start = next.text === '(' ? i + 2 : i + 1;
      const name = constant(tokens, text === 'autoload' ? behind(tokens, start) : start, path);
      const program = text === 'load' ? gemProgram(tokens, start) : null;
      if (program !== null) loads.push({ is: 'gem', name: program });
      else if (name === null) ends.dynamic ??= line;
      else {
        loads.push(text === 'require_relative' ? { is: 'file', name: `${folder}/${name}` } : { is: 'feature', name });
        if (STARTERS.test(name)) ends.starts ??= line;
        if (LOADERS.test(name)) ends.loads ??= line;
      }
    } else if (receiver === 'Bundler' && text === 'require') ends.dynamic ??= line;
    else if (text === 'autoload' && receiver !== null && at(i + 1).is !== 'end') {
      const name = constant(tokens, behind(tokens, next.text === '(' ? i + 2 : i + 1), path);
      if (name === null) ends.dynamic ??= line;
      else loads.push({ is: 'feature', name });
    } else if (/^(?:eval|instance_eval|class_eval|module_eval)$/.test(text) && isText(at(next.text === '(' ? i + 2 : i + 1))) ends.evaluates ??= line;
    else if (text === 'eval' && (receiver === null || receiver === 'Kernel') && next.is !== 'end') ends.evaluates ??= line;
    else if (STARTING.test(text) && (own || /^(?:IO|Open3|PTY|Process|Kernel)$/.test(receiver ?? '')) && (next.text === '(' || (next.is !== 'mark' && next.is
      !== 'end'))) ends.starts ??= line;
    // `open` of Kernel starts what follows a bar.
    else if (text === 'open' && own && (next.text === '(' || next.apart) && next.is !== 'end') {
      const first = at(next.text === '(' ? i + 2 : i + 1);
      if (!(first.is === 'text' && /^[^|#]/.test(first.text))) ends.starts ??= line;
    }
  }
  return { loads, ends };
}

/** What an evaluation takes where it takes no block. */
function isText({ is, text }: Token): boolean {
  return is === 'text' || is === 'variable' || (is === 'name' && text !== 'do');
}

/** The place behind the first comma. */
function behind(tokens: readonly Token[], start: number): number {
  for (let i = start; i < tokens.length && tokens[i]?.is !== 'end'; i++) if (tokens[i]?.text === ',') return i + 1;
  return tokens.length;
}

/** `load Gem.activate_bin_path('gem', 'program', …)`: what RubyGems writes into `bin`. */
function gemProgram(tokens: readonly Token[], start: number): string | null {
  const [gem, dot, name, open, first, comma, second] = tokens.slice(start, start + 7);
  const isCall = gem?.text === 'Gem' && dot?.text === '.' && /^(?:activate_)?bin_path$/.test(name?.text ?? '') && open?.text === '(' && comma?.text === ',';
  return isCall && first?.is === 'text' && second?.is === 'text' ? `${first.text}/${second.text}` : null;
}

/** A text that is known without running it; null for others. */
function constant(tokens: readonly Token[], start: number, path: string): string | null {
  let i = start;
  const folder = path.replace(/\/[^/]*$/, '') || '/';
  const dirname = (text: string) => text.replace(/\/[^/]*$/, '') || '/';
  const call = (): string[] | null => {
    if (tokens[i]?.text !== '(') return null;
    const found: string[] = [];
    do {
      i += 1;
      while (tokens[i]?.is === 'end') i += 1;
      const one = value();
      if (one === null) return null;
      found.push(one);
    } while (tokens[i]?.text === ',');
    if (tokens[i]?.text !== ')') return null;
    i += 1;
    return found;
  };
  const value = (): string | null => {
    const token = tokens[i];
    if (token === undefined) return null;
    i += 1;
    if (token.is === 'text') {
      const pieces = (token.parts ?? [token.text]).map((part) => (typeof part === 'string' ? part : constant(tokensOf(part.code), 0, path)));
      return pieces.includes(null) ? null : pieces.join('');
    }
    if (token.text === '__dir__') return folder;
    if (token.text === '__FILE__') return path;
    if (token.text !== 'File' || tokens[i]?.text !== '.') return null;
    const method = tokens[i + 1]?.text;
    i += 2;
    const list = call();
    if (list === null || list.length === 0) return null;
    if (method === 'join') return list.join('/');
    if (method === 'dirname') return dirname(list[0] as string);
    if (method === 'realpath' || method === 'absolute_path') return list[0] as string;
    if (method !== 'expand_path' || (list.length === 1 && !(list[0] as string).startsWith('/'))) return null;
    return (list[0] as string).startsWith('/') ? (list[0] as string) : `${list[1]}/${list[0]}`;
  };
  const found = value();
  const next = tokens[i];
  const isEnd = next === undefined || next.is === 'end' || [')', ',', ';', '}'].includes(next.text) || /^(?:if|unless|rescue|and|or|do|end)$/.test(next.text);
  return isEnd ? found : null;
}
