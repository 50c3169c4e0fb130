// Every built-in function by name. How a family is added is said at the top of builtin.ts.
import { aggregates } from './aggregates.ts';
import { arrays } from './arrays.ts';
import { aws } from './aws.ts';
import type { Builtin, Registered } from './builtin.ts';
import { comparison } from './comparison.ts';
import { core } from './core.ts';
import { encoding } from './encoding.ts';
import { hashes } from './hashes.ts';
import { jsonSchema } from './json-schema.ts';
import { json } from './json.ts';
import { jwt } from './jwt.ts';
import { net } from './net.ts';
import { numbers } from './numbers.ts';
import { objects } from './objects.ts';
import { privateKeys } from './private-keys.ts';
import { refusals } from './refused.ts';
import { sets } from './sets.ts';
import { strings } from './strings.ts';
import { globs } from './glob.ts';
import { globsMatch } from './globs-match.ts';
import { graphs } from './graph.ts';
import { graphql } from './graphql.ts';
import { regex } from './regex.ts';
import { roomOf } from './room.ts';
import { rego } from './rego.ts';
import { semver } from './semver.ts';
import { templates } from './template/render.ts';
import { units } from './units.ts';
import { time } from './time.ts';
import { types } from './types.ts';
import { yaml } from './yaml.ts';
import { uri } from './uri.ts';
import { uuid } from './uuid.ts';
import { x509Chains } from './x509-chain.ts';
import { x509 } from './x509.ts';

/** One line a family, in alphabetical order. */
const FAMILIES: readonly (readonly Builtin[])[] = [
  aggregates,
  arrays,
  aws,
  comparison,
  core,
  encoding,
  hashes,
  json,
  jsonSchema,
  jwt,
  net,
  numbers,
  objects,
  privateKeys,
  refusals,
  sets,
  strings,
  globs,
  globsMatch,
  graphs,
  graphql,
  regex,
  rego,
  semver,
  templates,
  units,
  time,
  types,
  uri,
  uuid,
  x509,
  x509Chains,
  yaml,
];

export const BUILTINS: ReadonlyMap<string, Registered> =
  new Map(FAMILIES.flat().map((builtin) => [builtin.name, { ...builtin, room: roomOf(builtin.name) }]));
