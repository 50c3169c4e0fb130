// SPDX 2.2 and 2.3, JSON and tag-value: recognised, checked against the official schema, read into our model.
import type { Json } from '../../../ledger/json.ts';
import { type Deviation, type Format, type Mode, type Reading, type Source, verdictOf } from '../../document.ts';
import { at, copyJson, textAt } from '../../json-view.ts';
import { violationOf } from '../../schemas/index.ts';
import { identifierProblems, readSpdx } from './read.ts';
import { repairSpdx } from './repair.ts';
import { parseTagValue } from './tag-value.ts';

const VERSIONS: readonly string[] = ['SPDX-2.2', 'SPDX-2.3'];

export const spdx2: Format = {
  name: 'spdx-2',
  claims(source) {
    if (source.syntax === 'text') return /^\s*(?:#.*\n\s*)*SPDXVersion:/.test(source.text.slice(0, 10_000));
    return source.syntax === 'json' && at(source.json, 'spdxVersion') !== undefined;
  },
  read,
};

async function read(source: Source, mode: Mode): Promise<Reading> {
  const given = source.syntax === 'text' ? parseTagValue(source.text) : source.syntax === 'json' ? source.json : null;
  const version = textAt(given, 'spdxVersion') ?? null;
  if (version === null || !VERSIONS.includes(version)) {
    const message = `expected ${VERSIONS.join(' or ')}`;
    const verdict = version === null ? 'invalid_schema' : 'unsupported_version';
    return { version, verdict, deviations: [{ code: 'SCHEMA_VIOLATED', pointer: '/spdxVersion', message }], view: {} };
  }
  // The schema of 2.3 asks for less than that of 2.2 and knows more words: it reads both.
  let document: Json = given;
  const repairs: Deviation[] = [];
  let violation = await violationOf('spdx-2.3', document);
  if (violation !== null && mode === 'tolerant') {
    document = copyJson(document);
    repairs.push(...repairSpdx(document));
    violation = await violationOf('spdx-2.3', document);
  }
  if (violation !== null) return { version, verdict: 'invalid_schema', deviations: [...repairs, violation], view: {} };
  const { repeated, dangling } = identifierProblems(document);
  const deviations = [...repairs, ...repeated, ...dangling];
  if (repeated.length > 0) return { version, verdict: 'invalid_semantic', deviations, view: {} };
  return { version, verdict: verdictOf(deviations), deviations, view: { sbom: readSpdx(document) } };
}
