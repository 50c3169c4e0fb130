// RPM's versions: epoch, version and release, each by rpmvercmp; `~` before the end of a part, `^` after it (rpm-version(7)).
import { compareIntegers, compareText, defineScheme, parseInteger } from './scheme.ts';

/** Epoch digits, then a version and perhaps a release of the characters rpmbuild admits; it refuses `..` too. */
const RPM = /^(?:\d+:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?$/;

function parseRpm(text: string) {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    // No epoch is epoch 0.
    epoch: colon < 0 ? '0' : text.slice(0, colon),
    version: hyphen < 0 ? rest : rest.slice(0, hyphen),
    release: hyphen < 0 ? null : rest.slice(hyphen + 1),
  };
}

/**
 * Compares one part: runs of digits or of letters, whatever separates them.
 *
 * Only ASCII counts as letter or digit; every other character separates, so that `1.1.α` equals `1.1.β` as in rpm.
 */
export function compareRpmPart(a: string, b: string): number {
  let [i, j] = [0, 0];
  for (;;) {
    i = skipSeparators(a, i);
    j = skipSeparators(b, j);
    const [left, right] = [a[i], b[j]];
    if (left === '~' || right === '~') {
      if (left !== right) return left === '~' ? -1 : 1;
      i += 1;
      j += 1;
      continue;
    }
    if (left === '^' || right === '^') {
      if (left === right) {
        i += 1;
        j += 1;
        continue;
      }
      // 1.0 < 1.0^git1 < 1.0.1: after the end of the other part, before whatever else follows there.
      if (left === undefined) return -1;
      if (right === undefined) return 1;
      return left === '^' ? -1 : 1;
    }
    if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
    const digits = /[0-9]/.test(left);
    const run = digits ? /[0-9]*/y : /[A-Za-z]*/y;
    const [one, other] = [stickyMatch(run, a, i), stickyMatch(run, b, j)];
    // Numbers are newer than letters.
    if (other === '') return digits ? 1 : -1;
    const order = digits ? compareIntegers(parseInteger(one), parseInteger(other)) : compareText(one, other);
    if (order !== 0) return order;
    i += one.length;
    j += other.length;
  }
}

function stickyMatch(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function skipSeparators(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[A-Za-z0-9~^]/.test(text[at] as string)) at += 1;
  return at;
}

export const rpm = defineScheme({
  name: 'rpm',
  wellFormed: (text) => RPM.test(text) && !text.includes('..'),
  parse: parseRpm,
  order: (a, b) =>
    compareRpmPart(a.epoch, b.epoch)
    || compareRpmPart(a.version, b.version)
    || Number(a.release !== null) - Number(b.release !== null)
    || compareRpmPart(a.release ?? '', b.release ?? ''),
});
