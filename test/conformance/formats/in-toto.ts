// in-toto statements by verdict; descriptors and predicates among them are parts of one, asked for on their own.
import { readPredicate } from '../../../evidence/attestation/predicates.ts';
import { descriptorProblem } from '../../../evidence/attestation/statement.ts';
import { parseJson } from '../../../ledger/json.ts';
import { answer, type Case } from './case.ts';
import { documents } from './documents.ts';

const verdicts = documents('attestation', ['1', '0.1']);

export async function* inToto(one: Case) {
  const kind = one.line['kind'];
  if (kind !== 'rd' && kind !== 'provenance') {
    yield* verdicts(one);
    return;
  }
  const json = parseJson(one.bytes());
  const problem = kind === 'rd' ? descriptorProblem(json, '') : (readPredicate('https://slsa.dev/provenance/v1', json, '').deviations[0] ?? null);
  yield answer((problem === null) === (one.expect === 'valid'), one.expect, problem === null ? 'valid' : `${problem.pointer} ${problem.message}`);
}
