// Dart's Pub: SemVer in which build metadata is ordered too (pub_semver, `Version.compareTo`).
import { defineScheme } from './scheme.ts';
import { compareIdentifiers, orderSemver, parseSemver } from './semver.ts';

const PUB = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

export const pub = defineScheme({
  name: 'pub',
  wellFormed: PUB,
  parse: (text) => {
    const version = parseSemver(text);
    return { ...version, builds: version.build === '' ? [] : version.build.split('.') };
  },
  // A build comes after the same version without one, as the longer list does.
  order: (a, b) => orderSemver(a, b) || compareIdentifiers(a.builds, b.builds),
});
