// Globs: translated to RE2 patterns, so that a hostile one takes linear time.
import { RE2JS } from 're2js';
import { isArray, type Value } from '../rego/value.ts';
import { sizeOf } from './regex.ts';
import { asString, type Builtin, BuiltinError, type Context, wrongElement, wrongType } from './builtin.ts';

/** Depth of `{…}` in one another: the pattern it becomes is parsed recursively. */
const depthMax = 500;

/**
 * The RE2 pattern of a glob.
 *
 * `*` and `?` stop at the separators, `**` does not; `[a-c]`, `[abc]` and `[!abc]` are classes, `{a,b}` alternatives, `\`
 * takes the next character as it is.
 *
 * @throws {BuiltinError} where the glob does not parse
 */
function translate(glob: string, separators: readonly string[]): string {
  const characters = [...glob];
  const inner = separators.length === 0 ? '(?s:.)' : `[^${separators.map(inClass).join('')}]`;
  let pattern = '^';
  let depth = 0;
  let at = 0;

  /** The class behind a `[`. */
  const range = (): string => {
    let negated = false;
    if (characters[at] === '!') {
      negated = true;
      at += 1;
    }
    if (characters[at] === undefined) throw new BuiltinError('unexpected end of input');
    if (characters[at + 1] === '-') {
      const [low, high] = [characters[at] as string, characters[at + 2]];
      if (high === undefined) throw new BuiltinError('unexpected end of input');
      if (characters[at + 3] === undefined) throw new BuiltinError('unexpected end of input');
      if (characters[at + 3] !== ']') throw new BuiltinError('expected close range character');
      if ((high.codePointAt(0) as number) < (low.codePointAt(0) as number)) {
        throw new BuiltinError(`hi character '${high}' should be greater than lo '${low}'`);
      }
      at += 4;
      return `[${negated ? '^' : ''}${inClass(low)}-${inClass(high)}]`;
    }
    const members: string[] = [];
    for (; characters[at] !== ']'; at++) {
      if (characters[at] === '\\') at += 1;
      if (characters[at] === undefined) throw new BuiltinError('unexpected end of input');
      members.push(characters[at] as string);
    }
    at += 1;
    if (members.length === 0) throw new BuiltinError('unexpected token: "]"');
    return `[${negated ? '^' : ''}${members.map(inClass).join('')}]`;
  };

  while (at < characters.length) {
    const character = characters[at] as string;
    at += 1;
    if (character === '*') {
      if (characters[at] === '*') {
        at += 1;
        pattern += '(?s:.*)';
      } else pattern += `${inner}*`;
    } else if (character === '?') pattern += inner;
    else if (character === '[') pattern += range();
    else if (character === '{') {
      depth += 1;
      if (depth > depthMax) throw new BuiltinError('pattern is nested too deeply');
      pattern += '(?:';
    } else if (character === '}' && depth > 0) {
      depth -= 1;
      pattern += ')';
    } else if (character === ',' && depth > 0) pattern += '|';
    else if (character === '\\') {
      if (at >= characters.length) throw new BuiltinError('trailing backslash');
      pattern += RE2JS.quote(characters[at] as string);
      at += 1;
    } else pattern += RE2JS.quote(character);
  }
  if (depth > 0) throw new BuiltinError('unexpected end of input');
  return `${pattern}$`;
}

/** One character inside a class. */
function inClass(character: string): string {
  return `\\x{${(character.codePointAt(0) as number).toString(16)}}`;
}

function separatorsOf(value: Value): readonly string[] {
  if (value === null) return [];
  if (!isArray(value)) throw wrongType(2, value, 'array', 'null');
  const separators = value.map((element) => {
    if (typeof element !== 'string') throw wrongElement(2, value, element, 'string');
    if ([...element].length !== 1) throw wrongElement(2, value, element, 'rune');
    return element;
  });
  return separators.length === 0 ? ['.'] : separators;
}

function match(context: Context, glob: Value, separators: Value, text: Value): boolean {
  const source = asString(glob, 1);
  const stops = separatorsOf(separators);
  const subject = asString(text, 3);
  context.spend(subject.length);
  const key = `${stops.join('')}\0${source}`;
  return context.cache('glob', key, () => RE2JS.compile(translate(source, stops)), sizeOf).matcher(subject).find();
}

export const globs: readonly Builtin[] = [
  { name: 'glob.match', type: '(string, any<null, array[string]>, string) => boolean', run: match },
  { name: 'glob.quote_meta', type: '(string) => string', run: (_, text: Value) => asString(text, 1).replace(/[*?\\[\]{}]/g, '\\$&') },
];
