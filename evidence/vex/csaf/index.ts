// CSAF 2.0: schema, the mandatory tests of §6.1 and the optional ones of §6.2, and its product statements as VEX.
import type { Json } from '../../../ledger/json.ts';
import { type Format, type Reading, type Source, verdictOf } from '../../document.ts';
import { at, textAt } from '../../json-view.ts';
import { violationOf } from '../../schemas/index.ts';
import { vexOfCsaf } from './read.ts';
import { runCsafTests } from './tests.ts';

export const csaf: Format = {
  name: 'csaf',
  claims(source) {
    return source.syntax === 'json' && ['csaf_version', 'tracking'].some((member) => at(source.json, 'document', member) !== undefined);
  },
  read,
};

async function read(source: Source): Promise<Reading> {
  const document: Json = source.syntax === 'json' ? source.json : null;
  const version = textAt(document, 'document', 'csaf_version') ?? null;
  if (version !== null && version !== '2.0') {
    const deviations = [{ code: 'SCHEMA_VIOLATED', pointer: '/document/csaf_version', message: 'expected "2.0"' }] as const;
    return { version, verdict: 'unsupported_version', deviations, view: {} };
  }
  const violation = await violationOf('csaf-2.0', document);
  if (violation !== null) return { version, verdict: 'invalid_schema', deviations: [violation], view: {} };
  const { broken, recommended } = await runCsafTests(document);
  if (broken.length > 0) return { version, verdict: 'invalid_semantic', deviations: [...broken, ...recommended], view: {} };
  return { version, verdict: verdictOf(recommended), deviations: recommended, view: { vex: vexOfCsaf(document) } };
}
