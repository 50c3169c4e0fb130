// Debian's versions (deb-version(7), Debian Policy 5.6.12): epoch, upstream version, revision; `~` before everything.
import { compareIntegers, defineScheme, parseInteger } from './scheme.ts';

/** A colon may stand in the upstream version only after an epoch, a hyphen only before a revision, which holds neither. */
const DEBIAN = /^(?:\d+:\d[A-Za-z0-9.+~:-]*|\d[A-Za-z0-9.+~-]*)$/;
const REVISION = /^[A-Za-z0-9.+~]+$/;
const epochMax = 2_147_483_647;

function parseDebian(text: string) {
  const colon = text.indexOf(':');
  const hyphen = text.lastIndexOf('-');
  const hasEpoch = colon >= 0 && /^\d+$/.test(text.slice(0, colon));
  const start = hasEpoch ? colon + 1 : 0;
  const end = hyphen > start ? hyphen : text.length;
  return { epoch: hasEpoch ? parseInteger(text.slice(0, colon)) : 0, upstream: text.slice(start, end), revision: text.slice(end + 1) };
}

/**
 * Compares one part as dpkg does: a stretch of non-digits, then a number, and so on to the end of both.
 *
 * @see deb-version(7), "Sorting algorithm"
 */
function comparePart(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a.charCodeAt(i))) || (j < b.length && !isDigit(b.charCodeAt(j)))) {
      const order = weight(a, i) - weight(b, j);
      if (order !== 0) return order;
      i += 1;
      j += 1;
    }
    const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
    const order = compareIntegers(parseInteger(a.slice(i, endA)), parseInteger(b.slice(j, endB)));
    if (order !== 0) return order;
    [i, j] = [endA, endB];
  }
  return 0;
}

/** `~` before the end of the part, the end (and a digit) before letters, letters before everything else. */
function weight(text: string, at: number): number {
  if (at >= text.length) return 0;
  const code = text.charCodeAt(at);
  if (code === 0x7e) return -1;
  if (isDigit(code)) return 0;
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) ? code : code + 256;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

export const debian = defineScheme({
  name: 'debian',
  wellFormed: (text) => {
    const hyphen = text.lastIndexOf('-');
    return DEBIAN.test(text) && (hyphen < 0 || REVISION.test(text.slice(hyphen + 1))) && parseDebian(text).epoch <= epochMax;
  },
  parse: parseDebian,
  order: (a, b) => compareIntegers(a.epoch, b.epoch) || comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision),
});
