// What readers of reports share: one way to answer, the words for levels, and what a broken shape is.
import type { Json } from '../../ledger/json.ts';
import { type Deviation, type Format, type Source, verdictOf } from '../document.ts';
import { at } from '../json-view.ts';
import type { Report, ReportResult } from './model.ts';

/** A format of a report without an official schema: what it must have, and how it is read. */
export interface ReportReader {
  readonly name: string;
  claims(json: Json): boolean;
  version(json: Json): string | null;
  /** Lists that must be lists where they are there, as paths. */
  readonly lists: readonly (readonly string[])[];
  read(json: Json): Report;
}

export function reportFormat(reader: ReportReader): Format {
  return {
    name: reader.name,
    claims: (source: Source) => source.syntax === 'json' && reader.claims(source.json),
    async read(source: Source) {
      const json = source.syntax === 'json' ? source.json : null;
      const version = reader.version(json);
      const wrong = reader.lists.filter((path) => at(json, ...path) !== undefined && at(json, ...path) !== null && !Array.isArray(at(json, ...path)));
      const deviations = wrong.map((path): Deviation => ({ code: 'SCHEMA_VIOLATED', pointer: `/${path.join('/')}`, message: 'expected a list' }));
      if (deviations.length > 0) return { version, verdict: 'invalid_schema', deviations, view: {} };
      return { version, verdict: verdictOf([]), deviations: [], view: { report: reader.read(json) } };
    },
  };
}

/** A severity in anybody's words as one of SARIF's levels. */
export function levelOf(severity: string | null | undefined): ReportResult['level'] {
  switch (severity?.toLowerCase()) {
    case 'critical':
    case 'high':
    case 'error':
      return 'error';
    case 'medium':
    case 'moderate':
    case 'warning':
      return 'warning';
    case 'none':
      return 'none';
    default:
      return 'note';
  }
}

/** A result with nothing but its rule, to be filled. */
export function resultOf(rule: string, more: Partial<ReportResult>): ReportResult {
  return {
    rule,
    level: 'note',
    kind: 'fail',
    severity: null,
    purl: null,
    packageName: null,
    packageVersion: null,
    path: null,
    line: null,
    fingerprint: null,
    suppressed: false,
    ...more,
  };
}

/** `sha256:…` as a named digest; nothing for anything else. */
export function digestsIn(texts: readonly (string | undefined)[]): (readonly [algorithm: string, hex: string])[] {
  const found = texts.flatMap((text) => {
    const match = /(?:^|@)(sha256|sha512):([0-9a-f]{64}(?:[0-9a-f]{64})?)$/.exec(text ?? '');
    return match === null ? [] : [[match[1] as string, match[2] as string] as const];
  });
  return [...new Map(found.map((digest) => [digest[1], digest])).values()];
}
