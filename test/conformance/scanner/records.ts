// The corpora's advisory records, indexed by package and by every id they carry.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ecosystemBase } from '../../../scanner/advisories/ecosystems.ts';
import { prepareRecord, type PreparedRecord } from '../../../scanner/advisories/evaluate.ts';
import { checkOsv } from '../../../scanner/advisories/osv.ts';

export interface Records {
  all: readonly PreparedRecord[];
  ids: ReadonlySet<string>;
  /** Records with an entry for the package; the name as `nameKey` spells it. */
  of(ecosystem: string, nameKey: string): readonly PreparedRecord[];
}

export function readRecords(corpora: string): Records {
  const folder = join(corpora, 'scanner/osv');
  const all: PreparedRecord[] = [];
  const byPackage = new Map<string, PreparedRecord[]>();
  for (const file of globSync('*.jsonl', { cwd: folder }).sort()) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      if (line === '') continue;
      const prepared = prepareRecord(checkOsv(JSON.parse(line)));
      all.push(prepared);
      for (const key of new Set(prepared.entries.map(({ ecosystem, name }) => `${ecosystemBase(ecosystem)}\n${name}`))) {
        byPackage.set(key, [...(byPackage.get(key) ?? []), prepared]);
      }
    }
  }
  return { all, ids: new Set(all.map(({ record }) => record.id)), of: (ecosystem, name) => byPackage.get(`${ecosystemBase(ecosystem)}\n${name}`) ?? [] };
}
