// Suite `osv`: what api.osv.dev answered, against our evaluation over the records at hand; every extra by the naive reading.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ecosystemCovers, nameKey, versionText } from '../../../scanner/advisories/ecosystems.ts';
import { candidateOf, evaluate } from '../../../scanner/advisories/evaluate.ts';
import { naiveAffected } from '../../scanner/advisories/naive.ts';
import type { Outcome, Suite } from '../suite.ts';
import { readRecords, type Records } from './records.ts';

interface Line {
  query: { commit?: string; version?: string; package?: { ecosystem?: string; name: string; purl?: string } };
  vulns: string[];
}

const suiteName = 'osv';
let extras = 0;

function judge(records: Records, { query, vulns }: Line, id: string): Outcome {
  const { ecosystem, name } = query.package ?? {};
  if (query.commit !== undefined) return { suite: suiteName, id, is: 'skipped', reason: 'a commit, which needs the graph' };
  if (ecosystem === 'GIT') return { suite: suiteName, id, is: 'skipped', reason: 'ecosystem GIT, which needs the graph' };
  if (ecosystem === undefined || name === undefined) return { suite: suiteName, id, is: 'skipped', reason: 'names no package' };
  const component = candidateOf({ ecosystem, name, version: query.version ?? null });
  const found = records.of(ecosystem, component.nameKey).flatMap((prepared) => {
    const evaluation = evaluate(prepared, component);
    return evaluation?.outcome === 'affected' ? [prepared.record] : [];
  });
  const missing = vulns.filter((wanted) => records.ids.has(wanted) && !found.some((record) => record.id === wanted));
  const extra = found.filter((record) => !vulns.includes(record.id));
  // A snapshot newer than the recorded answer holds more records; each extra must follow from OSV's rule all the same.
  const unfounded = extra.filter((record) => record.withdrawn !== undefined || !(record.affected ?? []).some((affected) => {
    const named = affected.package ?? { ecosystem: '', name: '' };
    const same = nameKey(named.ecosystem, named.name) === component.nameKey && ecosystemCovers(named.ecosystem, ecosystem);
    return same && naiveAffected(affected, named.ecosystem, versionText(ecosystem, name, query.version ?? ''));
  }));
  extras += extra.length;
  if (missing.length === 0 && unfounded.length === 0) return { suite: suiteName, id, is: 'agreed' };
  const got = `missing ${missing.join(' ') || 'none'}, unfounded ${unfounded.map((record) => record.id).join(' ') || 'none'}`;
  return { suite: suiteName, id, is: 'disagreed', expected: vulns.join(' ') || 'none', got };
}

export const suite: Suite = {
  argument: 'osv',
  needs: ['scanner/osv', 'scanner/goldens/osv.dev-querybatch.jsonl'],
  async *outcomes(corpora) {
    const records = readRecords(corpora);
    extras = 0;
    for (const [i, line] of readFileSync(join(corpora, 'scanner/goldens/osv.dev-querybatch.jsonl'), 'utf8').split('\n').entries()) {
      if (line !== '') yield judge(records, JSON.parse(line) as Line, `line ${i + 1}`);
    }
  },
  figures: () => [`osv: ${extras} more ids than the recorded answers, each confirmed by the naive reading`],
};
