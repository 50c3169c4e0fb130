// Version schemes by name: the orders and grammars that matching, policies and pages share.
import { alpine } from './alpine.ts';
import { cran } from './cran.ts';
import { debian } from './debian.ts';
import { hackage } from './hackage.ts';
import { maven } from './maven.ts';
import { nuget } from './nuget.ts';
import { packagist } from './packagist.ts';
import { pep440 } from './pep440.ts';
import { pub } from './pub.ts';
import { rpm } from './rpm.ts';
import { rubygems } from './rubygems.ts';
import type { Scheme } from './scheme.ts';
import { semver } from './semver.ts';

export type { Scheme } from './scheme.ts';
export { versionLengthMax } from './scheme.ts';

export const SCHEMES = { semver, pep440, maven, rubygems, packagist, nuget, debian, rpm, alpine, cran, hackage, pub } as const satisfies Record<string, Scheme>;

export type SchemeName = keyof typeof SCHEMES;
