// Merkle proofs with known verdicts, such as those of transparency-dev/merkle: one line of EXPECTED.jsonl holds many vectors,
// and each is a case.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { verifyConsistency, verifyInclusion, verifySubtreeConsistency, verifySubtreeInclusion } from '../../ledger/merkle/index.ts';
import type { Outcome, Suite } from './suite.ts';

/** A vector's members, as the four kinds of proof name them; JSON may say null for a proof without hashes. */
interface Vector {
  leafIdx?: number;
  treeSize?: number;
  start?: number;
  end?: number;
  size?: number;
  size1?: number;
  size2?: number;
  leafHash?: string;
  root?: string;
  root1?: string;
  root2?: string;
  proof?: string[] | null;
  wantErr?: boolean;
}

interface Line {
  id: string;
  files: string[];
  expect: string;
}

export const merkle: Suite = {
  argument: 'merkle',
  needs: ['formats/merkle'],
  async *outcomes(corpora) {
    const folder = join(corpora, 'formats/merkle');
    for (const list of globSync('*/EXPECTED.jsonl', { cwd: folder }).sort()) {
      const lines = readFileSync(join(folder, list), 'utf8').split('\n').filter((line) => line !== '');
      for (const line of lines.map((text) => JSON.parse(text) as Line)) yield* outcomesOf(folder, line);
    }
  },
};

function* outcomesOf(folder: string, line: Line): Iterable<Outcome> {
  for (const file of line.files) {
    const content = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Vector | Vector[];
    for (const [i, vector] of (Array.isArray(content) ? content : [content]).entries()) {
      const [kind, got] = answer(vector);
      const case_ = { suite: `merkle/${kind}`, id: `${line.id}#${line.files.length > 1 ? `${file}#` : ''}${i}` };
      const expected = expectedOf(line, vector);
      // A refusal is a code; a verifier that throws disagrees, whatever was expected.
      const agreed = /^[A-Z_]+$/.test(got) ? expected === 'refused' : expected === got;
      yield agreed ? { ...case_, is: 'agreed' } : { ...case_, is: 'disagreed', expected, got };
    }
  }
}

function expectedOf(line: Line, vector: Vector): string {
  if (line.expect !== 'wantErr_field' || typeof vector.wantErr !== 'boolean') return `a known label instead of "${line.expect}"`;
  return vector.wantErr ? 'refused' : 'accepted';
}

/** The kind of a vector, by what it has, and our verdict: "accepted" or the code. */
function answer(vector: Vector): [string, string] {
  const [number, bytes] = [(value: number | undefined) => value ?? Number.NaN, (text: string | undefined) => parseBase64(text ?? '')];
  const proof = () => (vector.proof ?? []).map(parseBase64);
  const [index, start, end] = [number(vector.leafIdx), number(vector.start), number(vector.end)];
  if (vector.leafIdx !== undefined && vector.start !== undefined) {
    return ['subtree-inclusion', codeOf(() => verifySubtreeInclusion(index, start, end, bytes(vector.leafHash), proof(), bytes(vector.root)))];
  }
  if (vector.leafIdx !== undefined) {
    return ['inclusion', codeOf(() => verifyInclusion(index, number(vector.treeSize), bytes(vector.leafHash), proof(), bytes(vector.root)))];
  }
  const roots = () => [bytes(vector.root1), bytes(vector.root2)] as const;
  if (vector.start !== undefined) {
    return ['subtree-consistency', codeOf(() => verifySubtreeConsistency(start, end, number(vector.size), ...roots(), proof()))];
  }
  return ['consistency', codeOf(() => verifyConsistency(number(vector.size1), number(vector.size2), ...roots(), proof()))];
}

function codeOf(verify: () => ReturnType<typeof verifyConsistency>): string {
  try {
    const verdict = verify();
    return verdict.ok ? 'accepted' : verdict.code;
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    return `thrown: ${String(error)}`;
  }
}
