// Alpine's versions (apk-tools): digits{.digits}[letter]{_suffix[digits]}[~hash][-r digits], compared token by token.
import { compareIntegers, compareText, defineScheme, parseInteger, type Integer } from './scheme.ts';

const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'];
/** The first four come before the version they are appended to, the others after it. */
const preSuffixes = 4;

const ALPINE = new RegExp(`^\\d+(?:\\.\\d+)*[a-z]?(?:_(?:${SUFFIXES.join('|')})\\d*)*(?:~[0-9a-f]+)?(?:-r\\d+)?$`);

/** In the order in which apk ranks them: of two different kinds at one place, the later one makes the lower version. */
const KINDS = ['number', 'letter', 'suffix', 'suffixNumber', 'hash', 'revision', 'empty', 'end', 'invalid'] as const;
type Kind = (typeof KINDS)[number];

interface Token {
  kind: Kind;
  text: string;
  value: Integer;
}

/** Which kinds may follow: apk reads each token once, in this order, save that suffixes and numbers after letters repeat. */
function mayFollow(kind: Kind, next: Kind): boolean {
  if (kind === 'empty' || KINDS.indexOf(next) >= KINDS.indexOf(kind)) return true;
  return (next === 'suffix' && kind === 'suffixNumber') || (next === 'number' && kind === 'letter');
}

function parseAlpine(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let kind: Kind = 'number';
  let at = 0;
  while (kind !== 'end' && kind !== 'invalid') {
    const token = tokenAt(kind, text, at);
    if (token === null) return [...tokens, { kind: 'invalid', text: '', value: 0 }];
    // `1..2` has a component without digits: ill-formed, and below every component that has some.
    if (token.kind === 'number' && token.text === '' && at > 0) token.kind = 'empty';
    tokens.push(token);
    at += token.text.length;
    const [next, skip] = kindAt(token.kind, text, at);
    kind = mayFollow(token.kind, next) ? next : 'invalid';
    at += skip;
  }
  return [...tokens, { kind, text: '', value: 0 }];
}

/** The kind of the token that begins at `at`, after one of `kind`, and how many characters announce it. */
function kindAt(kind: Kind, text: string, at: number): readonly [Kind, number] {
  const character = text[at];
  if (character === undefined) return ['end', 0];
  if ((kind === 'number' || kind === 'empty') && /[a-z]/.test(character)) return ['letter', 0];
  if (kind === 'letter' && /\d/.test(character)) return ['number', 0];
  if (kind === 'suffix' && /\d/.test(character)) return ['suffixNumber', 0];
  if (character === '.') return ['number', 1];
  if (character === '_') return ['suffix', 1];
  if (character === '~') return ['hash', 1];
  if (character === '-' && text[at + 1] === 'r' && !/[^\d-]/.test(text[at + 2] ?? '-')) return ['revision', 2];
  return ['invalid', 0];
}

/** The token of that kind at `at`; null where none can be read. */
function tokenAt(kind: Kind, text: string, at: number): Token | null {
  if (kind === 'letter') return { kind, text: text[at] as string, value: text.charCodeAt(at) };
  if (kind === 'suffix') {
    const index = SUFFIXES.findIndex((suffix) => text.startsWith(suffix, at));
    return index < 0 ? null : { kind, text: SUFFIXES[index] as string, value: index - preSuffixes };
  }
  const run = kind === 'hash' ? /[0-9a-f]*/y : /\d*/y;
  run.lastIndex = at;
  const found = run.exec(text)?.[0] ?? '';
  if (kind === 'hash') return found === '' ? null : { kind, text: found, value: 0 };
  return { kind, text: found, value: parseInteger(found) };
}

function orderAlpine(a: readonly Token[], b: readonly Token[]): number {
  for (let i = 0; ; i++) {
    const [left, right] = [a[i] as Token, b[i] as Token];
    if (left.kind !== right.kind) {
      if (left.kind === 'suffix' && right.kind !== 'invalid' && left.value < 0) return -1;
      if (right.kind === 'suffix' && left.kind !== 'invalid' && right.value < 0) return 1;
      return KINDS.indexOf(right.kind) - KINDS.indexOf(left.kind);
    }
    if (left.kind === 'end' || left.kind === 'invalid') return 0;
    // Components after the first are compared as text where either has a leading zero: 1.05 is 1.0 and a bit, below 1.1.
    const asText = left.kind === 'hash' || (left.kind === 'number' && i > 0 && (left.text.startsWith('0') || right.text.startsWith('0')));
    const order = asText ? compareText(left.text, right.text) : compareIntegers(left.value, right.value);
    if (order !== 0) return order;
  }
}

export const alpine = defineScheme({ name: 'alpine', wellFormed: ALPINE, parse: parseAlpine, order: orderAlpine });
