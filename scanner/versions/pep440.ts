// Python's versions (PEP 440, "Summary of permitted suffixes and relative ordering"), with older texts below all of them.
import { compareIntegers, compareLists, compareText, defineScheme, parseInteger, type Integer } from './scheme.ts';

const PRE = '(?<preName>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preNumber>\\d+)?';
const POST = '-(?<postImplicit>\\d+)|[-_.]?(?<postName>post|rev|r)[-_.]?(?<postNumber>\\d+)?';
const DEV = '(?<devName>dev)[-_.]?(?<devNumber>\\d+)?';
const LOCAL = '(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*)';
const PEP440 = new RegExp(
  `^v?(?:(?<epoch>\\d+)!)?(?<release>\\d+(?:\\.\\d+)*)(?:[-_.]?${PRE})?(?:${POST})?(?:[-_.]?${DEV})?(?:\\+${LOCAL})?$`,
  'i',
);

interface Pep440 {
  epoch: Integer;
  /** Without trailing zeros: 1.0 equals 1. */
  release: readonly Integer[];
  /** Where `a`, `b` and `rc` stand among the versions of one release, and their number. */
  pre: readonly [number, Integer];
  post: Integer;
  dev: Integer;
  local: readonly (Integer | string)[] | null;
}

/** Versions from before PEP 440, by their parts. */
interface Legacy {
  legacy: readonly string[];
}

const PRE_RANK: Readonly<Record<string, number>> = { a: 1, alpha: 1, b: 2, beta: 2, c: 3, rc: 3, pre: 3, preview: 3 };
const [DEV_ONLY, NO_PRE] = [0, 4];

function parsePep440(text: string): Pep440 | Legacy {
  const trimmed = trimPython(text);
  const found = PEP440.exec(trimmed)?.groups;
  if (found === undefined) return { legacy: legacyParts(trimmed) };
  const release = (found.release as string).split('.').map(parseInteger);
  while (release.length > 1 && release.at(-1) === 0) release.pop();
  const hasPost = found.postImplicit !== undefined || found.postName !== undefined;
  const hasDev = found.devName !== undefined;
  const preName = found.preName?.toLowerCase();
  // 1.0.dev1 comes before 1.0a1, which comes before 1.0; 1.0.post1.dev1 comes after 1.0.
  const preRank = preName !== undefined ? (PRE_RANK[preName] as number) : !hasPost && hasDev ? DEV_ONLY : NO_PRE;
  return {
    epoch: parseInteger(found.epoch ?? ''),
    release,
    pre: [preRank, parseInteger(found.preNumber ?? '')],
    post: hasPost ? parseInteger(found.postImplicit ?? found.postNumber ?? '') : -1,
    dev: hasDev ? parseInteger(found.devNumber ?? '') : Infinity,
    local: found.local === undefined ? null : found.local.toLowerCase().split(/[-_.]/).map((part) => (/^\d+$/.test(part) ? parseInteger(part) : part)),
  };
}

function orderPep440(a: Pep440 | Legacy, b: Pep440 | Legacy): number {
  if ('legacy' in a || 'legacy' in b) {
    if ('legacy' in a && 'legacy' in b) return compareLists<string>(a.legacy, b.legacy, '', compareText);
    return 'legacy' in a ? -1 : 1;
  }
  return compareIntegers(a.epoch, b.epoch)
    || compareLists<Integer>(a.release, b.release, 0, compareIntegers)
    || a.pre[0] - b.pre[0]
    || compareIntegers(a.pre[1], b.pre[1])
    || compareIntegers(a.post, b.post)
    || compareIntegers(a.dev, b.dev)
    || compareLocal(a.local, b.local);
}

/** PEP 440, "Local version identifiers": numbers above texts, and any local version above none. */
function compareLocal(a: Pep440['local'], b: Pep440['local']): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a[i] as Integer | string, b[i] as Integer | string];
    const [leftIsText, rightIsText] = [typeof left === 'string', typeof right === 'string'];
    if (leftIsText !== rightIsText) return leftIsText ? -1 : 1;
    const order = left < right ? -1 : left > right ? 1 : 0;
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const LEGACY_WORD: Readonly<Record<string, string>> = { pre: 'c', preview: 'c', '-': 'final-', rc: 'c', dev: '@' };

/** setuptools' order before PEP 440: digits padded to eight places, words marked with `*`, a pre-release undoing what it follows. */
function legacyParts(text: string): string[] {
  const parts: string[] = [];
  for (const piece of [...(text.toLowerCase().match(/\d+|[a-z]+|\.|-|[^\da-z.-]+/g) ?? []), 'final']) {
    const word = LEGACY_WORD[piece] ?? piece;
    if (word === '.') continue;
    if (/^\d/.test(word)) {
      while (parts.at(-1) === '00000000') parts.pop();
      parts.push(word.padStart(8, '0'));
      continue;
    }
    const marked = `*${word}`;
    if (marked < '*final') while (parts.at(-1) === '*final-') parts.pop();
    while (parts.at(-1) === '00000000') parts.pop();
    parts.push(marked);
  }
  return parts;
}

/** PEP 440 allows white space around a version, ASCII's as in `\s`. */
function trimPython(text: string): string {
  return text.replace(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, '');
}

export const pep440 = defineScheme({ name: 'pep440', wellFormed: (text) => PEP440.test(trimPython(text)), parse: parsePep440, order: orderPep440 });
