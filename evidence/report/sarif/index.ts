// SARIF 2.1.0: results of any static checker, checked against the official schema.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { type Format, type Reading, type Source, verdictOf } from '../../document.ts';
import { at, listAt, objectsAt, textAt } from '../../json-view.ts';
import { violationOf } from '../../schemas/index.ts';
import type { Report, ReportResult } from '../model.ts';
import { resultOf } from '../read.ts';

export const sarif: Format = {
  name: 'sarif',
  claims(source) {
    if (source.syntax !== 'json') return false;
    return /sarif/i.test(textAt(source.json, '$schema') ?? '') || (at(source.json, 'runs') !== undefined && at(source.json, 'version') !== undefined);
  },
  read,
};

async function read(source: Source): Promise<Reading> {
  const json = source.syntax === 'json' ? source.json : null;
  const version = textAt(json, 'version') ?? null;
  if (version !== null && version !== '2.1.0') {
    return { version, verdict: 'unsupported_version', deviations: [{ code: 'SCHEMA_VIOLATED', pointer: '/version', message: 'expected "2.1.0"' }], view: {} };
  }
  const violation = await violationOf('sarif-2.1.0', json);
  if (violation !== null) return { version, verdict: 'invalid_schema', deviations: [violation], view: {} };
  return { version, verdict: verdictOf([]), deviations: [], view: { report: reportOf(json) } };
}

function reportOf(json: Json): Report {
  const runs = objectsAt(json, 'runs');
  return {
    tool: runs.map((run) => textAt(run, 'tool', 'driver', 'name') ?? '').join(' '),
    toolVersion: textAt(runs[0], 'tool', 'driver', 'semanticVersion') ?? textAt(runs[0], 'tool', 'driver', 'version') ?? null,
    subjects: [],
    results: runs.flatMap((run) => {
      const rules = rulesOf(run);
      return objectsAt(run, 'results').map((result) => resultIn(run, result, ruleOf(rules, result)));
    }),
  };
}

function resultIn(run: JsonObject, result: JsonObject, rule: Json | undefined): ReportResult {
  const kind = textAt(result, 'kind') ?? 'fail';
  const location = objectsAt(result, 'locations')[0];
  const artifact = at(location, 'physicalLocation', 'artifactLocation');
  const line = at(location, 'physicalLocation', 'region', 'startLine');
  const prints = { ...(at(result, 'partialFingerprints') as JsonObject | undefined), ...(at(result, 'fingerprints') as JsonObject | undefined) };
  const severity = at(rule, 'properties', 'security-severity');
  return resultOf(textAt(result, 'ruleId') ?? textAt(result, 'rule', 'id') ?? textAt(rule, 'id') ?? '', {
    // §3.27.10: a level that is not there comes from the rule, and is "warning" for a failure, "none" for anything else.
    level: levelIn(textAt(result, 'level') ?? (kind === 'fail' ? (textAt(rule, 'defaultConfiguration', 'level') ?? 'warning') : 'none')),
    kind,
    severity: typeof severity === 'string' || typeof severity === 'number' ? String(severity) : null,
    path: uriOf(run, artifact),
    line: typeof line === 'number' ? line : null,
    fingerprint: Object.entries(prints).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${String(value)}`).join(' ') || null,
    // §3.27.23: a suppression that was rejected or is under review suppresses nothing.
    suppressed: objectsAt(result, 'suppressions').some((one) => (textAt(one, 'status') ?? 'accepted') === 'accepted'),
  });
}

interface Rules {
  readonly list: readonly Json[];
  readonly byId: ReadonlyMap<string, Json>;
}

function rulesOf(run: JsonObject): Rules {
  const list = listAt(run, 'tool', 'driver', 'rules');
  return { list, byId: new Map(list.map((rule) => [textAt(rule, 'id') ?? '', rule])) };
}

function ruleOf({ list, byId }: Rules, result: JsonObject): Json | undefined {
  const index = at(result, 'ruleIndex') ?? at(result, 'rule', 'index');
  const id = textAt(result, 'ruleId');
  return (typeof index === 'number' ? list[index] : undefined) ?? (id === undefined ? undefined : byId.get(id));
}

function levelIn(level: string): ReportResult['level'] {
  return level === 'error' || level === 'warning' || level === 'note' ? level : 'none';
}

/** Bases of bases are followed this far: a longer chain, or a loop, would be followed anew for each result. */
const basesMax = 16;

/** Follows `uriBaseId` to its end, as far as bases are given (§3.14.14). */
function uriOf(run: JsonObject, artifact: Json | undefined): string | null {
  const index = at(artifact, 'index');
  const listed = typeof index === 'number' ? listAt(run, 'artifacts')[index] : undefined;
  let here = at(artifact, 'uri') === undefined ? at(listed, 'location') : artifact;
  let uri = textAt(here, 'uri') ?? null;
  for (let steps = 0; uri !== null && steps < basesMax; steps++) {
    const base = textAt(here, 'uriBaseId');
    if (base === undefined) break;
    here = at(run, 'originalUriBaseIds', base);
    uri = `${textAt(here, 'uri') ?? ''}${uri}`;
  }
  return uri;
}
