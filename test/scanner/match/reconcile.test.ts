// Reconciling: every result of another scanner gets its counterpart or the reason why it has none.
import { expect, test } from 'vitest';
import { reconcile, scan, Snapshot, type FindingsDocument, type ScanComponent } from '../../../scanner/index.ts';
import { build, fileOf, observationOf } from '../snapshot/memory.ts';

const range = (ecosystem: string, name: string, fixed: string) => {
  return { package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] };
};
const { bytes } = build([
  observationOf('a', { id: 'GHSA-1', aliases: ['CVE-2024-1'], affected: [range('npm', 'x', '2.0.0')] }),
  observationOf('a', { id: 'GHSA-2', aliases: ['CVE-2024-2'], affected: [range('npm', 'x', '1.0.0')] }),
  observationOf('a', { id: 'GHSA-3', aliases: ['CVE-2024-3'], withdrawn: '2024-01-01T00:00:00Z', affected: [range('npm', 'x', '9.0.0')] }),
  observationOf('a', { id: 'GHSA-4', aliases: ['CVE-2024-4'], affected: [range('npm', 'other', '9.0.0')] }),
  observationOf('a', { id: 'GHSA-5', aliases: ['CVE-2024-5'], affected: [range('PyPI', 'y', '2.0')] }),
  observationOf('d', { id: 'ALSA-5', upstream: ['CVE-2024-5'], affected: [range('AlmaLinux:8', 'python3-y', '1.0-2')] }),
  observationOf('a', { id: 'GHSA-6', affected: [range('npm', 'z', '2.0.0')] }),
]);
const snapshot = new Snapshot(fileOf(bytes));
const components: ScanComponent[] = [
  { ref: '1', name: 'x', version: '1.5.0', purl: 'pkg:npm/x@1.5.0' },
  { ref: '2', name: 'y', version: '1.0', purl: 'pkg:pypi/y@1.0', ownedBy: '3' },
  { ref: '3', name: 'python3-y', version: '1.0-2', purl: 'pkg:rpm/almalinux/python3-y@1.0-2?distro=almalinux-8' },
  { ref: '4', name: 'z', version: '1.x', purl: 'pkg:npm/z@1.x' },
  { ref: '5', name: 'odd', version: '1', purl: 'pkg:generic/odd@1' },
];
const document = scan({ components }, snapshot, { engineVersion: '1' }) as FindingsDocument;
const their = (vulnerability: string, purl: string | null, name: string | null = null, version: string | null = null) => {
  return { vulnerability, purl, name, version };
};

test('each side’s results meet by alias cluster, or say why not', () => {
  const theirs = [
    their('GHSA-1', 'pkg:npm/x@1.5.0?arch=any'), their('CVE-2024-2', null, 'x', '1.5.0'), their('CVE-2024-3', 'pkg:npm/x@1.5.0'),
    their('CVE-2024-4', 'pkg:npm/x@1.5.0'), their('CVE-1999-1', 'pkg:npm/x@1.5.0'), their('CVE-2024-5', 'pkg:pypi/y@1.0'), their('GHSA-6', 'pkg:npm/z@1.x'),
    their('CVE-1', 'pkg:generic/odd@1'),
    their('CVE-2024-1', 'pkg:npm/unknown@1'),
  ];
  const answers = reconcile(document, theirs, { components }, snapshot);
  expect(answers.map(({ component, vulnerability, side, reason }) => [component, vulnerability, side, reason])).toEqual([
    ['pkg:generic/odd@1', 'CVE-1', 'theirs', 'component_unmatched'],
    ['pkg:npm/unknown@1', 'CVE-2024-1', 'theirs', 'component_unknown'],
    ['pkg:npm/x@1.5.0', 'CVE-1999-1', 'theirs', 'vulnerability_unknown'],
    ['pkg:npm/x@1.5.0', 'CVE-2024-1', 'both', null],
    ['pkg:npm/x@1.5.0', 'CVE-2024-2', 'theirs', 'not_affected'],
    ['pkg:npm/x@1.5.0', 'CVE-2024-3', 'theirs', 'withdrawn'],
    ['pkg:npm/x@1.5.0', 'CVE-2024-4', 'theirs', 'package_not_named'],
    ['pkg:npm/z@1.x', 'GHSA-6', 'theirs', 'undecided'],
    ['pkg:pypi/y@1.0', 'CVE-2024-5', 'theirs', 'closed_by_owner'],
  ]);
});

test('what they do not report is ours alone', () => {
  expect(reconcile(document, [], { components }, snapshot)).toEqual([
    { component: 'pkg:npm/x@1.5.0', vulnerability: 'CVE-2024-1', side: 'ours', reason: 'not_reported' },
  ]);
});

test('results meet by what tools without purls call a package', () => {
  const named: ScanComponent[] = [
    { ref: '1', group: 'org.a', name: 'b', version: '1.0', purl: 'pkg:maven/org.a/b@1.0' },
    { ref: '2', group: '@s', name: 'c', version: '1.0.0', purl: 'pkg:npm/%40s/c@1.0.0' },
    { ref: '3', name: 'c', version: '3.0.0', purl: 'pkg:npm/%40s/c@3.0.0' },
    { ref: '4', name: 'example.org/d', version: 'v1.0.0', purl: 'pkg:golang/example.org/d@v1.0.0' },
  ];
  const known = new Snapshot(fileOf(build([
    observationOf('a', { id: 'CVE-1', affected: [range('Maven', 'org.a:b', '2.0')] }),
    observationOf('a', { id: 'CVE-2', affected: [range('npm', '@s/c', '2.0.0')] }),
    observationOf('a', { id: 'CVE-3', affected: [range('Go', 'example.org/d', '2.0.0')] }),
  ]).bytes));
  const ours = scan({ components: named }, known, { engineVersion: '1' }) as FindingsDocument;
  const sides = (...theirs: ReturnType<typeof their>[]) => reconcile(ours, theirs, { components: named }, known)
    .filter(({ side }) => side !== 'ours').map(({ component, vulnerability, side, reason }) => [component, vulnerability, side, reason]);
  const maven = [['pkg:maven/org.a/b@1.0', 'CVE-1', 'both', null]];
  // osv-scanner writes the one or the other, by its version.
  expect(sides(their('CVE-1', null, 'org.a:b', '1.0'))).toEqual(maven);
  expect(sides(their('CVE-1', null, 'org.a/b', '1.0'))).toEqual(maven);
  expect(sides(their('CVE-3', null, 'example.org/d', '1.0.0'))).toEqual([['pkg:golang/example.org/d@v1.0.0', 'CVE-3', 'both', null]]);
  // npm audit names no version: whichever has it is meant.
  expect(sides(their('CVE-2', null, '@s/c'))).toEqual([['pkg:npm/%40s/c@1.0.0', 'CVE-2', 'both', null]]);
  expect(sides(their('CVE-9', null, '@s/c'))).toEqual([
    ['pkg:npm/%40s/c@1.0.0', 'CVE-9', 'theirs', 'vulnerability_unknown'], ['pkg:npm/%40s/c@3.0.0', 'CVE-9', 'theirs', 'vulnerability_unknown'],
  ]);
  expect(sides(their('CVE-1', null, 'org.a:b', '9.0'))).toEqual([['org.a:b@9.0', 'CVE-1', 'theirs', 'component_unknown']]);
});
