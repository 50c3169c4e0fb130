// JSONTestSuite against the strict reader, and RFC 8785's test data against the canonical writer.
import { equalBytes, decodeUtf8 } from '../../../ledger/bytes.ts';
import { LedgerError } from '../../../ledger/errors.ts';
import { encodeJcs } from '../../../ledger/jcs.ts';
import { parseJson } from '../../../ledger/json.ts';
import { answer, type Case } from './case.ts';

export async function* json(one: Case) {
  const got = codeOf(() => parseJson(one.bytes()));
  // Two of the files that other readers accept name a key twice, which this reader refuses by design.
  const accepts = got === 'parsed' || got === 'INPUT_DUPLICATE_KEY';
  if (one.expect === 'accept') yield answer(accepts, 'parsed', got);
  else if (one.expect === 'reject') yield answer(got !== 'parsed' && !got.startsWith('threw'), 'refused', got);
  else if (one.expect === 'implementation_defined') yield answer(!got.startsWith('threw'), 'any answer', got);
  else yield answer(false, one.expect, 'an unknown label');
}

export async function* jcs(one: Case) {
  const output = one.bytes(one.files.findIndex((file) => file.endsWith('output.json')));
  const ours = encodeJcs(parseJson(one.bytes(one.files.findIndex((file) => file.endsWith('input.json')))));
  // The published outputs end with or without a line feed; the canonical form has none.
  const theirs = output.at(-1) === 0x0a ? output.subarray(0, -1) : output;
  yield answer(one.expect === 'canonical_equal' && equalBytes(ours, theirs), decodeUtf8(theirs).slice(0, 80), decodeUtf8(ours).slice(0, 80));
}

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'parsed';
  } catch (error) {
    return error instanceof LedgerError ? error.code : `threw ${String(error)}`;
  }
}
