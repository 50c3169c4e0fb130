// CSAF: verdicts, the findings of the optional tests by their number, and the rule for file names.
import { basename } from 'node:path';
import { readDocument } from '../../../evidence/index.ts';
import { csafFileName } from '../../../evidence/vex/csaf/file-name.ts';
import { answer, type Case } from './case.ts';
import { documents } from './documents.ts';

const verdicts = documents('csaf', ['2.0']);

export async function* csaf(one: Case) {
  const group = one.line['group'];
  if (group === 'informative') {
    yield { is: 'skipped' as const, reason: 'informative test' };
  } else if (one.expect === 'finding_optional' || one.expect === 'no_finding') {
    const { deviations, verdict } = await readDocument(one.bytes(), { format: 'csaf', mode: 'strict' });
    const found = deviations.some((deviation) => deviation.message.startsWith(`test ${String(one.line['test_id'])}:`));
    yield answer(found === (one.expect === 'finding_optional'), one.expect, `${verdict}, ${found ? 'found' : 'not found'}`);
  } else if (one.expect.startsWith('filename_')) {
    const name = basename(one.files[0] as string).replace(/^(?:in)?valid__/, '');
    const document = JSON.parse(new TextDecoder().decode(one.bytes())) as { document: { tracking: { id: string } } };
    const right = csafFileName(document.document.tracking.id);
    yield answer((name === right) === (one.expect === 'filename_valid'), one.expect, `${name}, the rule gives ${right}`);
  } else yield* verdicts(one);
}
