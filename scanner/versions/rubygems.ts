// RubyGems' versions (Gem::Version): segments of digits and letters, letters before numbers, trailing zeros without meaning.
import { compareIntegers, compareText, defineScheme, parseInteger, type Integer } from './scheme.ts';

const GEM = /^\s*[0-9]+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\s*$/;

type Segment = Integer | string;

/** Zeros are dropped at the end of the numeric part and at the end of the pre-release part, as `canonical_segments` does. */
function parseGem(text: string): readonly Segment[] {
  const pieces = text.replaceAll('-', '.pre.').match(/\d+|[a-z]+/gi) ?? [];
  const segments = pieces.map((piece): Segment => (/^\d/.test(piece) ? parseInteger(piece) : piece));
  const firstText = segments.findIndex((segment) => typeof segment === 'string');
  const split = firstText < 0 ? segments.length : firstText;
  return [...withoutTrailingZeros(segments.slice(0, split)), ...withoutTrailingZeros(segments.slice(split))];
}

function withoutTrailingZeros(segments: Segment[]): Segment[] {
  while (segments.at(-1) === 0) segments.pop();
  return segments;
}

function orderGem(a: readonly Segment[], b: readonly Segment[]): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a[i] ?? 0, b[i] ?? 0];
    const [leftIsText, rightIsText] = [typeof left === 'string', typeof right === 'string'];
    const order = leftIsText && rightIsText ? compareText(left as string, right as string)
      : leftIsText !== rightIsText ? (leftIsText ? -1 : 1)
      : compareIntegers(left as Integer, right as Integer);
    if (order !== 0) return order;
  }
  return 0;
}

export const rubygems = defineScheme({ name: 'rubygems', wellFormed: GEM, parse: parseGem, order: orderGem });
