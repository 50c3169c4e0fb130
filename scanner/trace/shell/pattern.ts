// Patterns of the shell (POSIX.1-2017 XCU 2.13): in cases, in parameters, in file names. No regular expressions: theirs could hang.

/** A pattern's pieces: literal characters, `?`, `*`, and bracket expressions. */
export type Pattern = readonly (string | { readonly any: true } | { readonly run: true } | { readonly set: string; readonly negated: boolean })[];

/** A pattern made of pieces, of which quoted ones stand for themselves; null for what is not understood (bash's extended patterns). */
export function parsePattern(pieces: readonly { readonly text: string; readonly quoted: boolean }[]): Pattern | null {
  const pattern: (Pattern[number])[] = [];
  const chars = pieces.flatMap(({ text, quoted }) => [...text].map((char) => ({ char, quoted })));
  for (let i = 0; i < chars.length; i++) {
    const { char, quoted } = chars[i] as { char: string; quoted: boolean };
    if (quoted) pattern.push(char);
    else if ('?*+@!'.includes(char) && chars[i + 1]?.char === '(' && chars[i + 1]?.quoted === false) return null;
    else if (char === '?') pattern.push({ any: true });
    else if (char === '*') pattern.push({ run: true });
    else if (char === '[') {
      const end = chars.findIndex((one, j) => j > i + (/[!^]/.test(chars[i + 1]?.char ?? '') ? 2 : 1) && one.char === ']' && !one.quoted);
      if (end < 0) {
        pattern.push('[');
        continue;
      }
      let body = chars.slice(i + 1, end).map((one) => one.char).join('');
      const negated = /^[!^]/.test(body);
      if (negated) body = body.slice(1);
      if (/\[[:.=]/.test(`${body}]`) && chars[end + 1]?.char === ']') {
        const named = classesOf(`${body}]`);
        if (named === null) return null;
        pattern.push({ set: named, negated });
        i = end + 1;
        continue;
      }
      pattern.push({ set: body, negated });
      i = end;
    } else if (char === '\\' && i + 1 < chars.length) pattern.push((chars[++i] as { char: string }).char);
    else pattern.push(char);
  }
  return pattern;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9', alpha: 'A-Za-z', digit: '0-9', lower: 'a-z', upper: 'A-Z', space: ' \t\n\r\f\v', blank: ' \t', xdigit: '0-9A-Fa-f',
  punct: '!"#$%&\'()*+,./:;<=>?@[\\]^_`{|}~-',
};

/** A bracket expression of one named class alone; others are not understood. */
function classesOf(body: string): string | null {
  const name = /^\[:([a-z]+):\]$/.exec(body)?.[1];
  return name === undefined ? null : (CLASSES[name] ?? null);
}

/** Whether the whole text matches. */
export function matches(pattern: Pattern, text: string): boolean {
  const chars = [...text];
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < chars.length) {
    const piece = pattern[p];
    if (piece !== undefined && typeof piece === 'object' && 'run' in piece) {
      [star, mark] = [p, t];
      p += 1;
    } else if (piece !== undefined && fits(piece, chars[t] as string)) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      // Only the last run has to be taken back: what stood before it cannot match better.
      p = star + 1;
      mark += 1;
      t = mark;
    } else return false;
  }
  while (p < pattern.length && typeof pattern[p] === 'object' && 'run' in (pattern[p] as object)) p += 1;
  return p === pattern.length;
}

function fits(piece: Pattern[number], char: string): boolean {
  if (typeof piece === 'string') return piece === char;
  if (!('set' in piece)) return true;
  let found = false;
  const set = [...piece.set];
  for (let i = 0; i < set.length; i++) {
    const [from, dash, to] = [set[i] as string, set[i + 1], set[i + 2]];
    if (dash === '-' && to !== undefined) {
      if (from <= char && char <= to) found = true;
      i += 2;
    } else if (from === char) found = true;
  }
  return found !== piece.negated;
}

/** Longest text a prefix or suffix is cut from; what is longer is not computed. */
export const cutTextMax = 4096;

/** `${text#pattern}` and its kin. */
export function cut(text: string, pattern: Pattern, operator: '#' | '##' | '%' | '%%'): string {
  const lengths = Array.from({ length: text.length + 1 }, (_, i) => i);
  if (operator.length === 2) lengths.reverse();
  const front = operator.startsWith('#');
  const found = lengths.find((length) => matches(pattern, front ? text.slice(0, length) : text.slice(text.length - length)));
  return found === undefined ? text : front ? text.slice(found) : text.slice(0, text.length - found);
}

/** `${text/pattern/by}`: the longest match at the first place, or at all places. */
export function replaced(text: string, pattern: Pattern, by: string, operator: string): string {
  if (operator === '/#' || operator === '/%') {
    const rest = cut(text, pattern, operator === '/#' ? '##' : '%%');
    const whole = rest === text && !matches(pattern, '');
    return whole ? text : operator === '/#' ? by + rest : rest + by;
  }
  let out = '';
  for (let at = 0; at < text.length; ) {
    let end = -1;
    for (let to = text.length; to > at && end < 0; to--) if (matches(pattern, text.slice(at, to))) end = to;
    if (end < 0) {
      out += text[at];
      at += 1;
      continue;
    }
    out += by;
    at = end;
    if (operator === '/') return out + text.slice(at);
  }
  return out;
}
