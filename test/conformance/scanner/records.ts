// The corpora's advisory records, indexed by package and by every id they carry.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ecosystemBase } from '../../../scanner/advisories/ecosystems.ts';
import { prepareRecord, type PreparedRecord } from '../../../scanner/advisories/evaluate.ts';
import { checkOsv, type OsvRecord } from '../../../scanner/advisories/osv.ts';

export interface ReadRecord extends PreparedRecord {
  record: OsvRecord;
}

export interface Records {
  all: readonly ReadRecord[];
  ids: ReadonlySet<string>;
  /** Records with an entry for the package; the name as `nameKey` spells it. */
  of(ecosystem: string, nameKey: string): readonly ReadRecord[];
}

export function readRecords(corpora: string): Records {
  const folder = join(corpora, 'scanner/osv');
  const all: ReadRecord[] = [];
  const byPackage = new Map<string, ReadRecord[]>();
  for (const file of globSync('*.jsonl', { cwd: folder }).sort()) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      if (line === '') continue;
      const record = checkOsv(JSON.parse(line));
      const prepared = { ...prepareRecord(record), record };
      all.push(prepared);
      for (const key of new Set(prepared.entries.map(({ ecosystem, name }) => `${ecosystemBase(ecosystem)}\n${name}`))) {
        byPackage.set(key, [...(byPackage.get(key) ?? []), prepared]);
      }
    }
  }
  return { all, ids: new Set(all.map(({ record }) => record.id)), of: (ecosystem, name) => byPackage.get(`${ecosystemBase(ecosystem)}\n${name}`) ?? [] };
}
