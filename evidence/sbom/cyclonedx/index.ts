// CycloneDX 1.2 to 1.7, JSON and XML: recognised, checked against the official schema, read into our model.
import type { Json } from '../../../ledger/json.ts';
import { type Deviation, type Format, type Mode, type Reading, type Source, verdictOf } from '../../document.ts';
import { at, textAt } from '../../json-view.ts';
import { type SchemaName, violationOf } from '../../schemas/index.ts';
import { readBom } from './read.ts';
import { referenceProblems } from './references.ts';
import { reportOf } from './report.ts';
import { vexOf } from './vex.ts';
import { bomOfXml, NAMESPACE, xmlViolationOf } from './xml.ts';

const VERSIONS: readonly string[] = ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7'];
const OLD: readonly string[] = ['1.2', '1.3'];

export const cyclonedx: Format = {
  name: 'cyclonedx',
  claims(source) {
    if (source.syntax === 'xml') return source.root.name === 'bom';
    return source.syntax === 'json' && (at(source.json, 'bomFormat') !== undefined || (textAt(source.json, '$schema')?.includes('cyclonedx.org') ?? false));
  },
  read,
};

async function read(source: Source, mode: Mode): Promise<Reading> {
  const version = versionOf(source);
  if (version === null || !VERSIONS.includes(version)) {
    const stated = version === null ? 'states no version' : `is of version "${version}"`;
    const message = `the document ${stated}, expected one of ${VERSIONS.join(', ')}`;
    // A document that says nothing of its version is broken; one that says another is only unknown here.
    const verdict = version === null ? 'invalid_schema' : 'unsupported_version';
    return { version, verdict, deviations: [{ code: 'SCHEMA_VIOLATED', pointer: '/specVersion', message }], view: {} };
  }
  const schema = `cyclonedx-${version}` as SchemaName;
  const violation = source.syntax === 'xml' ? await xmlViolationOf(source.text, version) : await violationOf(schema, jsonOf(source));
  if (violation !== null) return { version, verdict: 'invalid_schema', deviations: [violation], view: {} };

  const bom = source.syntax === 'xml' ? bomOfXml(source.root) : jsonOf(source);
  const sbom = readBom(bom);
  const { repeated, merged, dangling } = referenceProblems(bom);
  const deviations: Deviation[] = [...repeated, ...merged, ...dangling];
  if (repeated.length > 0 || (merged.length > 0 && mode === 'strict')) return { version, verdict: 'invalid_semantic', deviations, view: {} };
  if (OLD.includes(version)) deviations.unshift({ code: 'VERSION_OLD', pointer: '/specVersion', message: `version ${version} is read with what it has` });
  const vex = vexOf(bom, sbom);
  const report = reportOf(bom, sbom);
  const view = { sbom, ...(vex === null ? {} : { vex }), ...(report === null ? {} : { report }) };
  return { version, verdict: verdictOf(deviations), deviations, view };
}

function versionOf(source: Source): string | null {
  if (source.syntax === 'xml') return source.root.namespace.startsWith(NAMESPACE) ? source.root.namespace.slice(NAMESPACE.length) : null;
  return textAt(jsonOf(source), 'specVersion') ?? null;
}

function jsonOf(source: Source): Json {
  return source.syntax === 'json' ? source.json : null;
}
