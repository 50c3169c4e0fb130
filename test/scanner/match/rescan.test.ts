// Rescan: only lists that a change concerns are looked at, and no other list's findings would have changed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Observation } from '../../../scanner/advisories/observation.ts';
import {
  changesBetween, concerned, encodeFindings, footprintOf, rescanList, scan, Snapshot, type Changes, type FindingsDocument, type ScanComponent,
} from '../../../scanner/index.ts';
import { build, fileOf, observationOf } from '../snapshot/memory.ts';

const name = fc.integer({ min: 0, max: 30 }).map((n) => `p${n}`);
const id = fc.integer({ min: 0, max: 25 });
const aliasNumbers = fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { maxLength: 2 });
const record = fc.tuple(id, aliasNumbers, fc.uniqueArray(name, { maxLength: 2 }), fc.boolean(), fc.integer({ min: 1, max: 3 }))
  .map(([n, aliases, names, kev, fixed]): Observation => ({
    ...observationOf(`s${n % 3}`, {
      id: `R-${n}`,
      aliases: aliases.map((alias) => `CVE-2024-${alias}`),
      affected: names.map((one) => {
        return { package: { ecosystem: 'npm', name: one }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: `${fixed}.0.0` }] }] };
      }),
    }),
    ...(kev && { facts: { kev: { dateAdded: '2024-01-01' } } }),
  }));
/** The first owns some of the others: the owner is of the same ecosystem here, and closes all the same. */
const componentOf = (one: string, i: number, isOwned = false): ScanComponent =>
  ({ ref: String(i), name: one, version: `${1 + (i % 3)}.5.0`, purl: `pkg:npm/${one}@${1 + (i % 3)}.5.0`, ...(isOwned && i > 0 && { ownedBy: '0' }) });
const list = fc.tuple(fc.array(name, { maxLength: 4 }), fc.nat({ max: 3 })).map(([names, owned]) => names.map((one, i) => componentOf(one, i, i === owned)));

const open = (records: readonly Observation[]) => new Snapshot(fileOf(build(records, [{ name: 's0', enriches: true }]).bytes));
const findingsOf = (components: readonly ScanComponent[], snapshot: Snapshot) => scan({ components }, snapshot, { engineVersion: '1' }) as FindingsDocument;

test('a list no change concerns keeps its findings, and looking at what changed gives what a full scan gives', () => {
  let [spared, all] = [0, 0];
  const change = fc.tuple(fc.array(record, { maxLength: 3 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(fc.property(fc.array(record, { maxLength: 25 }), change, fc.array(list, { maxLength: 12 }), (records, [more, drop], lists) => {
    const [before, after] = [open(records), open([...records.slice(drop), ...more])];
    const changes = changesBetween(before, after) as Changes;
    const isConcerned = concerned(changes);
    for (const components of lists) {
      const document = findingsOf(components, before);
      all += 1;
      const again = rescanList({ components }, document, before, after, changes, { engineVersion: '1' }) as FindingsDocument;
      expect(encodeFindings(again)).toEqual(encodeFindings(findingsOf(components, after)));
      if (isConcerned(footprintOf(components, document))) continue;
      spared += 1;
      expect(findingsOf(components, after).findings).toEqual(document.findings);
    }
  }), { numRuns: 150 });
  expect(spared).toBeGreaterThan(all / 5);
});
