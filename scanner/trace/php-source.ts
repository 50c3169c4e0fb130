// What a PHP file includes, and which classes it names (PHP manual, "include", "Name resolution rules"): what is stated, and whether there is more.
import type { ScriptEnds } from './scripts.ts';

export interface PhpSource {
  /** Constants by name that are known without running it. */
  readonly constants: ReadonlyMap<string, string>;
  /** Paths as `include` gets them. */
  readonly includes: readonly string[];
  /** Full names of classes, without a leading backslash; a class loader may look for them. */
  readonly classes: readonly string[];
  /** Whether a class is named by what is computed, or a loader of the file's own looks for classes. */
  readonly looksUp: number | null;
  readonly ends: ScriptEnds;
}

export interface PhpToken {
  /** `text` is known, `mixed` holds variables. */
  readonly is: 'mark' | 'mixed' | 'name' | 'run' | 'text' | 'variable';
  readonly text: string;
  readonly line: number;
}

export function phpTokens(source: string): PhpToken[] {
  const tokens: PhpToken[] = [];
  let [at, line] = [0, 1];
  const skip = (end: number) => {
    for (let i = at; i < end; i++) if (source[i] === '\n') line += 1;
    at = end;
  };
  const push = (is: PhpToken['is'], text: string, end: number) => {
    tokens.push({ is, text, line });
    skip(end);
  };
  const found = (text: string, from: number) => (source.indexOf(text, from) < 0 ? source.length : source.indexOf(text, from));
  const outside = () => {
    const open = /<\?(?:php\b|=|(?!xml))/i.exec(source.slice(at));
    skip(open === null ? source.length : at + open.index + open[0].length);
  };
  outside();
  while (at < source.length) {
    const char = source[at] as string;
    if (/\s/.test(char)) skip(at + 1);
    else if (source.startsWith('?>', at)) {
      push('mark', ';', at + 2);
      outside();
    } else if ((char === '#' && source[at + 1] !== '[') || source.startsWith('//', at)) skip(Math.min(found('\n', at), found('?>', at)));
    else if (source.startsWith('/*', at)) skip(Math.min(found('*/', at + 2) + 2, source.length));
    else if (char === "'" || char === '"' || char === '`') {
      let end = at + 1;
      while (end < source.length && source[end] !== char) end += source[end] === '\\' ? 2 : 1;
      const text = source.slice(at + 1, end);
      if (char === "'") push('text', text.replaceAll(/\\([\\'])/g, '$1'), end + 1);
      else if (char === '`') push('run', text, end + 1);
      else push(/(?<!\\)\$[A-Za-z_{]|\{\$/.test(text) ? 'mixed' : 'text', text.replaceAll(/\\([\\"$])/g, '$1'), end + 1);
    } else if (/^<<<[ \t]*(?:"\w+"|'\w+'|\w+)/.test(source.slice(at, at + 80))) {
      const [whole, quote, tag] = /^<<<[ \t]*(["']?)(\w+)["']?/.exec(source.slice(at)) as unknown as [string, string, string];
      const start = found('\n', at + whole.length) + 1;
      const close = new RegExp(`^[ \\t]*${tag}\\b`, 'm').exec(source.slice(start));
      const end = close === null ? source.length : start + close.index;
      const text = source.slice(start, end).replace(/\n$/, '');
      push(quote !== "'" && /\$[A-Za-z_{]|\{\$/.test(text) ? 'mixed' : 'text', text, end + (close?.[0].length ?? 0));
    } else if (char === '$' && /[A-Za-z_\u0080-\uffff]/.test(source[at + 1] ?? '')) {
      const name = (/^\$[\w\u0080-\uffff]+/.exec(source.slice(at, at + 120)) as RegExpExecArray)[0];
      push('variable', name, at + name.length);
    } else if (/[A-Za-z_\\\u0080-\uffff]/.test(char)) {
      const name = (/^[\w\\\u0080-\uffff]+/.exec(source.slice(at, at + 300)) as RegExpExecArray)[0];
      push('name', name, at + name.length);
    } else {
      const mark = ['?->', '->', '::', '=>', '&&', '||', '??'].find((one) => source.startsWith(one, at)) ?? char;
      push('mark', mark, at + mark.length);
    }
  }
  return tokens;
}

const STARTING = /^(?:exec|system|passthru|shell_exec|popen|proc_open|pcntl_exec|mail|mb_send_mail|expect_popen)$/;
/** Functions that look for the class their argument names. */
const NAMING = /^\\?(?:class_exists|interface_exists|call_user_func(?:_array)?|is_callable|is_a|unserialize)$/;
const INCLUDING = /^(?:include|require)(?:_once)?$/;
const KEYWORDS = new Set(('abstract and array as break callable case catch class clone const continue declare default do echo else elseif empty enddeclare'
  + ' endfor endforeach endif endswitch endwhile enum extends final finally fn for foreach function global goto if implements include include_once'
  + ' instanceof insteadof interface isset list match namespace new or print private protected public readonly require require_once return static'
  + ' switch throw trait try unset use var while xor yield self parent true false null int float string bool mixed void never iterable object').split(' '));

export function phpSource(source: string, path: string, known: ReadonlyMap<string, string>): PhpSource {
  const tokens = phpTokens(source);
  const at = (i: number): PhpToken => tokens[i] ?? { is: 'mark', text: ';', line: 0 };
  const includes: string[] = [];
  const classes = new Set<string>();
  const ends: { -readonly [K in keyof ScriptEnds]: number | null } = { dynamic: null, evaluates: null, starts: null, loads: null };
  let looksUp: number | null = null;
  const values = new Map(known);
  const assigned = new Set<string>();
  let space = '';
  const aliases = new Map<string, string>();
  const full = (name: string): string => {
    if (name.startsWith('\\')) return name.slice(1);
    const [first = '', ...rest] = name.split('\\');
    if (first.toLowerCase() === 'namespace') return [space, ...rest].filter((part) => part !== '').join('\\');
    const alias = aliases.get(first.toLowerCase());
    return alias === undefined ? (space === '' ? name : `${space}\\${name}`) : [alias, ...rest].join('\\');
  };
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const { is, text, line } = at(i);
    const [before, next] = [at(i - 1), at(i + 1)];
    if (is === 'mark' && text === '{') depth += 1;
    if (is === 'mark' && text === '}') depth -= 1;
    if (is === 'run') ends.starts ??= line;
    // A class may be named by a text.
    if (is === 'text' && /^\\?[A-Z]\w*(?:\\[A-Z]\w*)+$/.test(text)) classes.add(text.replace(/^\\/, ''));
    if (is === 'variable' && next.text === '=' && next.is === 'mark' && at(i + 2).text !== '=') {
      const value = constant(tokens, i + 2, path, values);
      // What is set to two things is not known.
      if (value === null || (assigned.has(text) && values.get(text) !== value)) values.delete(text);
      else values.set(text, value);
      assigned.add(text);
    }
    if (is === 'variable' && next.text === '::' && at(i + 2).text !== 'class') looksUp ??= line;
    if (is !== 'name') continue;
    const word = text.toLowerCase();
    const isMember = /^(?:\?->|->|::)$/.test(before.text) || before.text === 'function' || before.text === 'const';
    if (word === 'namespace' && next.is === 'name' && !isMember) space = next.text;
    else if (word === 'use' && before.text !== ')' && !isMember) used(i + 1);
    else if (INCLUDING.test(word) && !isMember && next.text !== '=>') {
      const name = constant(tokens, i + 1, path, values);
      if (name === null) ends.dynamic ??= line;
      else includes.push(name);
    } else if (word === 'define' && next.text === '(' && at(i + 2).is === 'text') {
      const value = constant(tokens, i + 4, path, values);
      if (value !== null) values.set(at(i + 2).text, value);
    } else if (isMember && before.text !== 'const') continue;
    else if (before.text === 'const' && next.text === '=') {
      const value = constant(tokens, i + 2, path, values);
      if (value !== null) values.set(text, value);
    } else if ((word === 'eval' || word === 'create_function' || word === 'assert') && next.text === '(' && !(word === 'assert' && at(i + 2).is !== 'text')) {
      ends.evaluates ??= line;
    } else if (STARTING.test(word.replace(/^\\/, '')) && next.text === '(' && before.text !== 'new') ends.starts ??= line;
    else if (word.replace(/^\\/, '') === 'dl' || word === 'ffi' || word === '\\ffi') ends.loads ??= line;
    else if (/^\\?(?:spl_autoload_register|__autoload)$/.test(word)) looksUp ??= line;
    else if (word === 'new' && (next.is === 'variable' || next.text === '(')) looksUp ??= line;
    else if (NAMING.test(word) && at(i + 2).is !== 'text') looksUp ??= line;
    else if (!KEYWORDS.has(word) && !(next.text === '(' && before.text !== 'new' && before.text !== '[') && next.text !== '=>') classes.add(full(text));
  }
  const constants = new Map([...values].filter(([name]) => !name.startsWith('$')));
  return { constants, includes, classes: [...classes], looksUp, ends };

  /** `use A\B, C\{D, E as F};` */
  function used(start: number): void {
    let [prefix, name, alias]: [string, string, string | null] = ['', '', null];
    const enter = () => {
      if (name === '') return;
      const whole = `${prefix}${name}`.replace(/^\\/, '');
      aliases.set((alias ?? whole.replace(/^.*\\/, '')).toLowerCase(), depth > 0 && space !== '' && !whole.includes('\\') ? full(whole) : whole);
      classes.add(aliases.get((alias ?? whole.replace(/^.*\\/, '')).toLowerCase()) as string);
      [name, alias] = ['', null];
    };
    for (let i = start; i < tokens.length; i++) {
      const { is, text } = at(i);
      if (text === ';' || text === '(') break;
      if (text === '{') {
        // A trait with rules of its own.
        if (!name.endsWith('\\')) break;
        [prefix, name] = [name, ''];
      } else if (text === ',' || text === '}') enter();
      else if (is === 'name' && text.toLowerCase() === 'as') alias = at((i += 1)).text;
      else if (is === 'name' && text !== 'function' && text !== 'const') name = text;
    }
    enter();
  }
}

/**
 * A text that is known without running it; null for others.
 *
 * @param values - of variables and constants
 */
export function constant(tokens: readonly PhpToken[], start: number, path: string, values: ReadonlyMap<string, string>): string | null {
  let i = start;
  const dirname = (text: string) => text.replace(/\/+[^/]*$/, '') || '/';
  const one = (): string | null => {
    const token = tokens[i];
    if (token === undefined) return null;
    i += 1;
    if (token.is === 'text') return token.text;
    if (token.is === 'variable') return values.get(token.text) ?? null;
    if (token.text === '(') {
      const inner = joined();
      return tokens[i]?.text === ')' && (i += 1) > 0 ? inner : null;
    }
    if (token.is === 'mixed') {
      const text = token.text.replaceAll(/\{?(\$\w+)\}?/g, (whole, name: string) => values.get(name) ?? whole);
      return text.includes('$') ? null : text;
    }
    const name = token.text.replace(/^\\/, '');
    if (name === '__DIR__') return dirname(path);
    if (name === '__FILE__') return path;
    if (name === 'DIRECTORY_SEPARATOR') return '/';
    if (!/^(?:dirname|realpath)$/.test(name) || tokens[i]?.text !== '(') return values.get(name) ?? null;
    i += 1;
    let inner = joined();
    let levels = 1;
    if (tokens[i]?.text === ',' && /^\d$/.test(tokens[i + 1]?.text ?? '')) {
      levels = Number(tokens[i + 1]?.text);
      i += 2;
    }
    if (tokens[i]?.text !== ')' || inner === null) return null;
    i += 1;
    if (name === 'dirname') for (let n = 0; n < levels; n++) inner = dirname(inner);
    return inner;
  };
  const joined = (): string | null => {
    let text = one();
    while (text !== null && tokens[i]?.text === '.') {
      i += 1;
      const more = one();
      text = more === null ? null : text + more;
    }
    return text;
  };
  const found = joined();
  const next = tokens[i];
  return next === undefined || [';', ',', ')', ']', '}'].includes(next.text) || /^(?:or|and)$/i.test(next.text) ? found : null;
}
