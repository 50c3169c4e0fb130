// SARIF: verdicts, and for the rule tests of its toolkit whether the file is one by the schema.
import { answer, type Case } from './case.ts';
import { documents } from './documents.ts';
import { readDocument } from '../../../evidence/index.ts';

const verdicts = documents('sarif', ['2.1.0']);

export async function* sarif(one: Case) {
  if (!/finding/.test(one.expect)) {
    yield* verdicts(one);
    return;
  }
  const { verdict, deviations, refusal } = await readDocument(one.bytes(), { format: 'sarif', mode: 'strict' });
  const valid = verdict === 'valid' || verdict === 'valid_with_deviations';
  const wanted = !one.expect.includes('+schema_');
  const why = refusal?.message ?? (deviations[0] === undefined ? '' : `${deviations[0].pointer} ${deviations[0].message}`);
  yield answer(valid === wanted, wanted ? 'valid by the schema' : 'invalid', `${verdict} ${why}`);
}
