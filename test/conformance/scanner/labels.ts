// Suite `labels`: people's judgements of other scanners' matches, against our evaluation; figures by ecosystem, with reasons.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ecosystemBase, nameKey } from '../../../scanner/advisories/ecosystems.ts';
import { candidateOf, evaluate, type Evaluation } from '../../../scanner/advisories/evaluate.ts';
import type { Outcome, Suite } from '../suite.ts';
import { readRecords, type ReadRecord, type Records } from './records.ts';

interface Label {
  id: string;
  label: string;
  vuln: string;
  cve?: string;
  pkg?: string;
  ver?: string;
}

const reasons = new Map<string, number>();
const figures = new Map<string, { tp: number; fp: number; fn: number; tn: number }>();

/** Records by every id they carry. */
function recordsById(records: Records): ReadonlyMap<string, readonly ReadRecord[]> {
  const byId = new Map<string, ReadRecord[]>();
  for (const prepared of records.all) {
    const { id, aliases = [], upstream = [] } = prepared.record;
    for (const name of new Set([id, ...aliases, ...upstream])) byId.set(name, [...(byId.get(name) ?? []), prepared]);
  }
  return byId;
}

/** Why people and records differ: labels carry no package type, so most speak of a distribution's build of the same name. */
function reasonOf(label: Label, ecosystem: string, evaluations: readonly Evaluation[]): string {
  const distroBuild = /(?:[.+~-](?:el|fc|amzn|deb|ubuntu|dfsg|r)\d*)|:\d/.test(label.ver ?? '');
  if (evaluations.some(({ outcome }) => outcome === 'indeterminate')) {
    return `${ecosystem}: the version is ill-formed there${distroBuild ? ' (a distribution’s)' : ''}`;
  }
  if (label.label === 'FP') return `${ecosystem}: labelled false where the record's rule holds: a package type the label does not carry, or a backported fix`;
  return `${ecosystem}: labelled true outside the record's ranges: another source knew of more versions`;
}

function* judge(records: Records, labels: readonly Label[]): Generator<Outcome> {
  const byId = recordsById(records);
  const said = new Map<string, Set<string>>();
  const keyOf = ({ vuln, pkg, ver }: Label) => `${vuln}\n${pkg}\n${ver}`;
  for (const label of labels) said.set(keyOf(label), (said.get(keyOf(label)) ?? new Set()).add(label.label));
  for (const label of labels) {
    const skip = (reason: string): Outcome => ({ suite: 'labels', id: label.id, is: 'skipped', reason });
    if (label.label !== 'TP' && label.label !== 'FP') yield skip('neither true nor false');
    else if (!label.pkg || !label.ver) yield skip('names no package or version');
    else if ((said.get(keyOf(label))?.size ?? 0) > 1) yield skip('contradicts another label');
    else {
      const { pkg, ver } = label;
      const candidates = new Set([...(byId.get(label.vuln) ?? []), ...(byId.get(label.cve ?? '') ?? [])]);
      const joined = [...candidates].flatMap((prepared) => prepared.entries
        .filter(({ ecosystem, name }) => nameKey(ecosystem, pkg) === name)
        .map(({ ecosystem }) => {
          const evaluation = evaluate(prepared, candidateOf({ ecosystem, name: pkg, version: ver })) as Evaluation;
          return { ecosystem, evaluation };
        }));
      if (joined.length === 0) yield skip('no record here names that vulnerability and package');
      else {
        const ecosystem = ecosystemBase(joined[0]?.ecosystem as string);
        const affected = joined.some(({ evaluation }) => evaluation.outcome === 'affected');
        const row = figures.get(ecosystem) ?? { tp: 0, fp: 0, fn: 0, tn: 0 };
        figures.set(ecosystem, row);
        row[label.label === 'TP' ? (affected ? 'tp' : 'fn') : affected ? 'fp' : 'tn'] += 1;
        const suite = `labels/${ecosystem}`;
        if ((label.label === 'TP') === affected) yield { suite, id: label.id, is: 'agreed' };
        else {
          const reason = reasonOf(label, ecosystem, joined.map(({ evaluation }) => evaluation));
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
          const got = `${affected ? 'affected' : 'not affected'}: ${pkg} ${ver} ${label.vuln}`;
          yield { suite, id: label.id, is: 'disagreed', expected: label.label, got };
        }
      }
    }
  }
}

export const suite: Suite = {
  argument: 'labels',
  needs: ['scanner/osv', 'scanner/labels'],
  async *outcomes(corpora) {
    const folder = join(corpora, 'scanner/labels');
    const labels = globSync('*.jsonl*', { cwd: folder }).sort().flatMap((file) => {
      const bytes = readFileSync(join(folder, file));
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Label);
    });
    yield* judge(readRecords(corpora), labels);
  },
  figures: () => [
    ...[...figures].sort().map(([ecosystem, { tp, fp, fn, tn }]) => {
      const [precision, recall] = [tp / (tp + fp), tp / (tp + fn)];
      return `labels ${ecosystem}: TP ${tp}, FP ${fp}, FN ${fn}, TN ${tn}; precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`;
    }),
    ...[...reasons].sort().map(([reason, count]) => `labels differ ${count} times, ${reason}`),
  ],
};
