// Regular expressions: RE2's syntax and its linear time, through re2js; a pattern's size is bounded.
import { RE2JS } from 're2js';
import { charge, textCells } from '../rego/meter.ts';
import { bytesOfText, type Value } from '../rego/value.ts';
import { asCount, asString, type Builtin, BuiltinError, type Context } from './builtin.ts';

/** The longest pattern, in UTF-16 units, and the largest compiled program, in instructions. */
const patternLengthMax = 65_536;
const programSizeMax = 100_000;

/** Compiles a pattern, once for each policy. @throws {BuiltinError} with Go's text where the pattern is wrong or too large */
export function patternOf(context: Context, pattern: string): RE2JS {
  return context.cache('regex', pattern, () => compile(pattern), sizeOf);
}

/** What an instruction takes, and its place in the lists of a search. */
const INSTRUCTION_CELLS = 16;

export function sizeOf(pattern: RE2JS): number {
  return INSTRUCTION_CELLS * pattern.programSize();
}

function compile(pattern: string): RE2JS {
  if (pattern.length > patternLengthMax) throw new BuiltinError(`error parsing regexp: expression too large`);
  // A byte that is no UTF-8 stands as half a pair.
  if (!pattern.isWellFormed()) throw new BuiltinError('error parsing regexp: invalid UTF-8');
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (cause) {
    throw new BuiltinError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  if (compiled.programSize() > programSizeMax) throw new BuiltinError('error parsing regexp: expression too large');
  return compiled;
}

function isValid(pattern: string): boolean {
  try {
    compile(pattern);
    return true;
  } catch {
    return false;
  }
}

/** One match: the whole, then the groups; a group that took no part is null. */
interface Found {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | null)[];
}

/** A match with its list of groups, and what is made of it. */
const MATCH_CELLS = 12;
const GROUP_CELLS = 6;

/**
 * Successive matches as Go's `FindAll…` gives them: an empty match directly behind the one before is not counted.
 *
 * @param most - negative for all
 */
function findAll(context: Context, pattern: RE2JS, text: string, most: number): Found[] {
  const found: Found[] = [];
  const matcher = pattern.matcher(text);
  let previousEnd = -1;
  context.spend(text.length);
  for (let at = 0; at <= text.length && found.length !== most && matcher.find(at);) {
    const [start, end] = [matcher.start(), matcher.end()];
    if (end > at || start !== previousEnd) {
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i));
      found.push({ start, end, groups });
      context.spend(groups.length);
      charge(MATCH_CELLS + GROUP_CELLS * groups.length);
    }
    // Behind an empty match the search goes on one code point further.
    at = end > at ? end : at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
    previousEnd = end;
  }
  return found;
}

/** @see Go package regexp, Split: no leading empty field for an empty match at the start */
function split(context: Context, pattern: RE2JS, source: string, text: string): string[] {
  if (source.length > 0 && text.length === 0) return [''];
  const parts: string[] = [];
  let from = 0;
  let to = 0;
  for (const { start, end } of findAll(context, pattern, text, -1)) {
    to = start;
    if (end !== 0) parts.push(text.slice(from, to));
    from = end;
  }
  if (to !== text.length) parts.push(text.slice(from));
  return parts;
}

/** `$1`, `${1}`, `$name`, `$$`; the name of `$1x` is `1x`. @see Go package regexp, Expand */
function expand(template: string, { groups }: Found, names: Readonly<Record<string, number>>): string {
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    const index = /^\d+$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? (names[name] as number) : -1;
    return groups[index] ?? '';
  });
}

/** A template can name a group as often as it has room for. */
function expandedMax(template: string, references: number, { groups }: Found): number {
  return references === 0 ? template.length : template.length + references * Math.max(...groups.map((group) => group?.length ?? 0));
}

function replace(context: Context, text: string, source: string, template: string): string {
  const pattern = patternOf(context, source);
  const names = pattern.namedGroups();
  const references = template.split('$').length - 1;
  let out = '';
  let from = 0;
  for (const match of findAll(context, pattern, text, -1)) {
    charge(textCells(match.start - from + expandedMax(template, references, match)));
    const piece = text.slice(from, match.start) + expand(template, match, names);
    context.spendBytes(piece.length);
    out += piece;
    from = match.end;
  }
  return out + text.slice(from);
}

/**
 * A template: text outside the delimiters is literal, inside it is a pattern.
 *
 * @throws {BuiltinError} where delimiters are not balanced or a part is no pattern
 */
function templatePattern(template: string, open: string, close: string): string {
  let pattern = '^';
  let level = 0;
  let from = 0;
  for (let i = 0; i < template.length; i++) {
    if (template[i] === open) {
      if (level === 0) {
        pattern += RE2JS.quote(template.slice(from, i));
        from = i + 1;
      }
      level += 1;
    } else if (template[i] === close) {
      level -= 1;
      if (level < 0) break;
      if (level === 0) {
        const part = template.slice(from, i);
        compile(`^${part}$`);
        pattern += `(${part})`;
        from = i + 1;
      }
    }
  }
  if (level !== 0) throw new BuiltinError(`unbalanced braces in "${template}"`);
  return `${pattern}${RE2JS.quote(template.slice(from))}$`;
}

function matchTemplate(context: Context, template: string, text: string, open: string, close: string): boolean {
  // A character is a byte here, as OPA counts them.
  const [first, last] = [bytesOfText(open).length, bytesOfText(close).length];
  if (first !== 1) throw new BuiltinError(`start delimiter has to be exactly one character long but is ${first} long`);
  // OPA counts the start delimiter here too.
  if (last !== 1) throw new BuiltinError(`end delimiter has to be exactly one character long but is ${first} long`);
  const key = `${open}${close}${template}`;
  return context.cache('regex template', key, () => compile(templatePattern(template, open, close)), sizeOf).matcher(text).find();
}

function match(context: Context, pattern: Value, text: Value): boolean {
  const [source, subject] = [asString(pattern, 1), asString(text, 2)];
  context.spend(subject.length);
  return patternOf(context, source).matcher(subject).find();
}

export const regex: readonly Builtin[] = [
  { name: 'regex.match', type: '(string, string) => boolean', run: match },
  { name: 're_match', type: '(string, string) => boolean', run: match },
  { name: 'regex.is_valid', type: '(string) => boolean', run: (_, pattern: Value) => typeof pattern === 'string' && isValid(pattern) },
  {
    name: 'regex.split',
    type: '(string, string) => array[string]',
    run: (context, pattern: Value, text: Value) => {
      const [source, subject] = [asString(pattern, 1), asString(text, 2)];
      return split(context, patternOf(context, source), source, subject);
    },
  },
  {
    name: 'regex.find_n',
    type: '(string, string, number) => array[string]',
    run: (context, pattern: Value, text: Value, most: Value) => {
      const [source, subject, count] = [asString(pattern, 1), asString(text, 2), asCount(most, 3)];
      return findAll(context, patternOf(context, source), subject, count).map(({ groups }) => groups[0] ?? '');
    },
  },
  {
    name: 'regex.find_all_string_submatch_n',
    type: '(string, string, number) => array[array[string]]',
    run: (context, pattern: Value, text: Value, most: Value) => {
      const [source, subject, count] = [asString(pattern, 1), asString(text, 2), asCount(most, 3)];
      return findAll(context, patternOf(context, source), subject, count).map(({ groups }) => groups.map((group) => group ?? ''));
    },
  },
  {
    name: 'regex.replace',
    type: '(string, string, string) => string',
    run: (context, text: Value, pattern: Value, template: Value) => replace(context, asString(text, 1), asString(pattern, 2), asString(template, 3)),
  },
  {
    name: 'regex.template_match',
    type: '(string, string, string, string) => boolean',
    run: (context, template: Value, text: Value, open: Value, close: Value) =>
      matchTemplate(context, asString(template, 1), asString(text, 2), asString(open, 3), asString(close, 4)),
  },
];
