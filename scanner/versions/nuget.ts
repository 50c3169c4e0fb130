// NuGet's versions (NuGetVersion): up to four numbers, SemVer labels compared without regard to case, metadata ignored.
import { compareIntegers, defineScheme, parseInteger, type Integer } from './scheme.ts';
import { compareIdentifiers } from './semver.ts';

const NUGET = /^\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const numberMax = 2_147_483_647;

function parseNuget(text: string) {
  const version = text.split('+', 1)[0] as string;
  const hyphen = version.indexOf('-');
  const numbers = (hyphen < 0 ? version : version.slice(0, hyphen)).replace(/^[vV]/, '').split('.');
  return {
    numbers: numbers.map((number) => parseInteger(/^\d*/.exec(number)?.[0] ?? '')),
    pre: hyphen < 0 ? [] : version.slice(hyphen + 1).toLowerCase().split('.'),
  };
}

export const nuget = defineScheme({
  name: 'nuget',
  wellFormed: (text) => NUGET.test(text) && parseNuget(text).numbers.every((number) => number <= numberMax),
  parse: parseNuget,
  order: (a, b) => {
    for (let i = 0; i < Math.max(a.numbers.length, b.numbers.length); i++) {
      const order = compareIntegers(a.numbers[i] ?? (0 as Integer), b.numbers[i] ?? (0 as Integer));
      if (order !== 0) return order;
    }
    if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
    return compareIdentifiers(a.pre, b.pre);
  },
});
