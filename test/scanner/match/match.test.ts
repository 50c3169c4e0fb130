// Matching: one document for one input on any machine, every component accounted for, every answer computable again.
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUtf8 } from '../../../ledger/bytes.ts';
import { formatJcs, type JcsValue } from '../../../ledger/jcs.ts';
import type { ScanComponent } from '../../../scanner/match/components.ts';
import { explain, recompute } from '../../../scanner/match/explain.ts';
import { encodeFindings, type FindingsDocument } from '../../../scanner/match/findings.ts';
import type { ScanInput } from '../../../scanner/match/group.ts';
import { scan } from '../../../scanner/match/match.ts';
import { decodeStored } from '../../../scanner/advisories/stored.ts';
import { Snapshot } from '../../../scanner/snapshot/open.ts';
import type { Observation } from '../../../scanner/advisories/observation.ts';
import type { SourceNote } from '../../../scanner/snapshot/format.ts';
import { build, fileOf, observationOf } from '../snapshot/memory.ts';

const v31 = (impact: string) => ({ type: 'CVSS_V3', score: `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/${impact}` });
const range = (ecosystem: string, name: string, introduced: string, fixed: string) => ({
  package: { ecosystem, name },
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced }, { fixed }] }],
});

const observations: Observation[] = [
  observationOf('ghsa', { id: 'GHSA-aaaa', aliases: ['CVE-2024-1'], severity: [v31('C:H/I:H/A:H')], affected: [range('npm', 'left-pad', '0', '1.3.1')] }),
  observationOf('osv', { id: 'OSV-1', aliases: ['CVE-2024-1'], severity: [v31('C:H/I:N/A:N')], affected: [range('npm', 'left-pad', '0', '1.3.0')] }),
  observationOf('pypa', { id: 'PYSEC-2', aliases: ['CVE-2024-2'], affected: [range('PyPI', 'urllib3', '0', '1.26.18')] }),
  observationOf('redhat', { id: 'RHSA-2', upstream: ['CVE-2024-2'], affected: [range('AlmaLinux:8', 'python3-urllib3', '0', '1.24.2-5.el8_9.2')] }),
  observationOf('debian', { id: 'DSA-3', upstream: ['CVE-2024-3'], affected: [range('Debian:12', 'openssl', '0', '3.0.13-1~deb12u1')] }),
  observationOf('go', { id: 'GO-4', aliases: ['CVE-2024-4'], affected: [range('Go', 'stdlib', '0', '1.21.4')] }),
  observationOf('brew', { id: 'BREW-5', affected: [range('Homebrew', 'jq', '0', '1.7_1')] }),
  observationOf('kev', { id: 'CVE-2024-1' }),
];
(observations.at(-1) as { facts?: JcsValue }).facts = { kev: { dateAdded: '2024-02-01' } };
const epss: Observation = { ...observationOf('epss', { id: 'CVE-2024-1' }), facts: { epss: { score: '0.97', percentile: '0.999' } } };
const sources: SourceNote[] = [{ name: 'kev', enriches: true }, { name: 'epss', enriches: true }];

const open = (list: readonly Observation[] = [...observations, epss]) => new Snapshot(fileOf(build(list, sources).bytes));

const components: ScanComponent[] = [
  { ref: 'a', name: 'left-pad', version: '1.3.0', purl: 'pkg:npm/left-pad@1.3.0', paths: ['/b', '/a'], layers: ['sha256:2'] },
  { ref: 'a2', name: 'left-pad', version: '1.3.0', purl: 'pkg:NPM/left-pad@1.3.0', paths: ['/c'] },
  { ref: 'b', name: 'left-pad', version: '1.x', purl: 'pkg:npm/left-pad@1.x' },
  { ref: 'c', name: 'left-pad', purl: 'pkg:npm/left-pad' },
  { ref: 'd', name: 'urllib3', version: '1.24.2', purl: 'pkg:pypi/urllib3@1.24.2' },
  { ref: 'e', name: 'urllib3', version: '1.24.2', purl: 'pkg:pypi/urllib3@1.24.2', ownedBy: 'rpm-fixed' },
  { ref: 'rpm-fixed', name: 'python3-urllib3', version: '1.24.2-5.el8_9.2', purl: 'pkg:rpm/almalinux/python3-urllib3@1.24.2-5.el8_9.2?distro=almalinux-8.9' },
  { ref: 'f', name: 'libssl3', version: '3.0.11-1~deb12u2', purl: 'pkg:deb/debian/libssl3@3.0.11-1~deb12u2?distro=debian-12', source: { name: 'openssl' } },
  { ref: 'g', name: 'libssl3', version: '3.0.11-1~deb12u2', purl: 'pkg:deb/debian/libssl3@3.0.11-1~deb12u2?upstream=openssl' },
  { ref: 'h', name: 'stdlib', version: 'go1.21.3', purl: 'pkg:golang/stdlib@1.21.3' },
  { ref: 'i', name: 'jq', version: '1.7', purl: 'pkg:brew/jq@1.7' },
  { ref: 'j', name: 'no purl', version: '1' },
  { ref: 'k', name: 'odd', version: '1', purl: 'pkg:generic/odd@1' },
  { ref: 'l', name: 'broken', version: '1', purl: 'pkg:npm/%zz@1' },
  { ref: 'm', name: 'clean', version: '1', purl: 'pkg:npm/clean@1.0.0' },
];
const edges = [{ from: 'root', to: 'm' }, { from: 'm', to: 'a' }, { from: 'root', to: 'zz' }, { from: 'zz', to: 'a' }];
const input: ScanInput = { components, root: 'root', edges };

function documentOf(what: ScanInput = input, snapshot = open()): FindingsDocument {
  const found = scan(what, snapshot, { engineVersion: '1.0.0', config: { a: 1 } });
  if ('stopped' in found) throw new Error(found.stopped);
  return found;
}

describe('the document', () => {
  const document = documentOf();

  test('says every outcome once, and the reason of each', () => {
    const short = document.findings.map(({ id, outcome, severity, component, records }) =>
      [component.refs.join(), id, outcome, severity, records.map(({ reasons }) => reasons[0]?.rule).join()]);
    expect(short).toEqual([
      ['i', 'BREW-5', 'unsupported', 'UNKNOWN', 'no_scheme'],
      ['f', 'DSA-3', 'affected', 'UNKNOWN', 'in_range'],
      ['g', 'DSA-3', 'indeterminate', 'UNKNOWN', 'release_unknown'],
      ['h', 'CVE-2024-4', 'affected', 'UNKNOWN', 'in_range'],
      ['c', 'CVE-2024-1', 'unversioned', 'CRITICAL', 'unversioned,unversioned'],
      ['a,a2', 'CVE-2024-1', 'affected', 'CRITICAL', 'in_range,at_or_after_fixed'],
      ['b', 'CVE-2024-1', 'indeterminate', 'CRITICAL', 'version_ill_formed,version_ill_formed'],
      ['d', 'CVE-2024-2', 'affected', 'UNKNOWN', 'in_range'],
    ]);
    expect(document.unmatched.map(({ component, reason }) => [component.name, reason])).toEqual([
      ['no purl', 'no_purl'], ['odd', 'purl_type'], ['broken', 'purl_malformed'],
    ]);
    expect(document.counts).toEqual({
      components: 14, lookups: 11, unmatched: 3, records: 13, affected: 4, not_affected: 3, indeterminate: 3, unsupported: 1, unversioned: 2,
    });
  });

  test('links sources, shows where they differ, and adds what is known of the vulnerability', () => {
    const finding = document.findings.find(({ component }) => component.refs.includes('a'));
    expect(finding).toMatchObject({
      id: 'CVE-2024-1', aliases: ['GHSA-aaaa', 'OSV-1'],
      conflicts: ['fixed', 'outcome', 'severity'], kev: true, epss: '0.97', score: '9.8', severity: 'CRITICAL',
      component: { paths: ['/a', '/b', '/c'], layers: ['sha256:2'], dependencyPath: ['root', 'clean@1', 'left-pad@1.3.0'] },
    });
    expect(finding?.records.map(({ source, outcome, fixed, score }) => [source, outcome, fixed, score])).toEqual([
      ['ghsa', 'affected', ['1.3.1'], '9.8'], ['osv', 'not_affected', ['1.3.0'], '7.5'],
    ]);
  });

  test('takes a score from who speaks of the vulnerability, only where no record about the package has one', () => {
    const nvd = (id: string, impact: string) => observationOf('nvd', { id, severity: [v31(impact)] });
    const records = [...observations, nvd('CVE-2024-4', 'C:H/I:N/A:N'), nvd('CVE-2024-1', 'C:N/I:N/A:L'), nvd('CVE-2024-3', 'C:H/I:H/A:H')];
    const scoredOf = (from: readonly SourceNote[]) => documentOf(input, new Snapshot(fileOf(build(records, from).bytes))).findings
      .flatMap(({ id, severity, score, scoredBy, outcome }) => (outcome === 'affected' ? [[id, severity, score, scoredBy]] : []));
    expect(scoredOf([...sources, { name: 'nvd', enriches: true }])).toEqual([
      // By the CVE that the distribution's record was written for, too.
      ['DSA-3', 'CRITICAL', '9.8', 'nvd'], ['CVE-2024-4', 'HIGH', '7.5', 'nvd'], ['CVE-2024-1', 'CRITICAL', '9.8', undefined],
      ['CVE-2024-2', 'UNKNOWN', undefined, undefined],
    ]);
    expect(scoredOf(sources).map(([, severity]) => severity)).toEqual(['UNKNOWN', 'UNKNOWN', 'CRITICAL', 'UNKNOWN']);
  });

  test('is canonical JSON as it is written', () => {
    expect(decodeUtf8(encodeFindings(document))).toBe(formatJcs(document as unknown as JcsValue));
  });

  test('a lone surrogate in a component\'s name is refused, and text that looks like one is text', () => {
    const named = (name: string) => documentOf({ components: [{ ref: 'a', name, version: '1.3.0', purl: 'pkg:npm/left-pad@1.3.0' }] });
    expect(() => named('left-pad\ud800')).toThrowError(expect.objectContaining({ code: 'INPUT_NOT_UTF8' }) as Error);
    const found = named('left-pad\\ud800');
    expect(decodeUtf8(encodeFindings(found))).toBe(formatJcs(found as unknown as JcsValue));
    expect(found.components).toBe(`sha256:${hash('sha256', formatJcs(found.findings.slice(0, 1).map(({ component }) => component) as unknown as JcsValue))}`);
  });

  test('does not depend on the order of components, edges or records', () => {
    const right = encodeFindings(document);
    const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length });
    fc.assert(fc.property(shuffled(components), shuffled(edges), shuffled([...observations, epss]), (list, ways, records) => {
      expect(encodeFindings(documentOf({ ...input, components: list, edges: ways }, open(records)))).toEqual(right);
    }), { numRuns: 25 });
  });

  test('keeps a finding’s fingerprint over versions, not over packages or vulnerabilities', () => {
    const of = (purl: string) => documentOf({ components: [{ ref: 'x', name: 'left-pad', purl, version: '1' }] }).findings[0]?.fingerprint;
    expect(of('pkg:npm/left-pad@1.2.0')).toBe(of('pkg:npm/left-pad@1.3.0'));
    expect(new Set(document.findings.map(({ fingerprint }) => fingerprint)).size).toBe(6);
  });

  test('a limit ends the scan without a document', () => {
    let asked = 0;
    expect(scan(input, open(), { engineVersion: '1', stop: () => ((asked += 1) > 3 ? 'time' : null) })).toEqual({ stopped: 'time' });
  });
});

describe('a distribution’s package', () => {
  const closedBy = (version: string) => {
    const owner = { version, purl: `pkg:rpm/almalinux/python3-urllib3@${version}?distro=almalinux-8.9` };
    const list = components.map((component) => (component.ref === 'rpm-fixed' ? { ...component, ...owner } : component));
    return documentOf({ components: list }).findings.filter(({ component }) => component.refs.includes('e')).map(({ id, outcome }) => [id, outcome]);
  };

  test('whose fix was backported closes the language’s record', () => {
    expect(closedBy('1.24.2-5.el8_9.2')).toEqual([]);
    const answer = explain('CVE-2024-2', input, open()).answers.find(({ component }) => component.ownedBy !== undefined);
    expect(answer?.reasons[0]).toMatchObject({ rule: 'closed_by_owner', id: 'RHSA-2' });
  });

  test('which is affected itself closes nothing', () => {
    expect(closedBy('1.24.2-4.el8')).toEqual([['CVE-2024-2', 'affected']]);
  });

  test('of which no record speaks closes nothing', () => {
    const silent = observations.filter(({ source }) => source !== 'redhat');
    expect(documentOf(input, open(silent)).findings.some(({ component }) => component.refs.includes('e'))).toBe(true);
  });
});

describe('an explanation', () => {
  const snapshot = open();

  test('answers for what is not reported, too', () => {
    const { ids, answers, records } = explain('GHSA-aaaa', input, snapshot);
    expect(ids).toEqual(['CVE-2024-1', 'GHSA-aaaa', 'OSV-1']);
    expect(records.map(({ source }) => source).sort()).toEqual(['epss', 'ghsa', 'kev', 'osv']);
    const ours = answers.filter(({ component }) => component.refs.includes('a'));
    expect(Object.fromEntries(ours.map(({ source, outcome, reasons }) => [source, [outcome, reasons[0]]]))).toEqual({
      ghsa: ['affected', { rule: 'in_range', range: 0, introduced: '0', until: 'fixed', bound: '1.3.1' }],
      osv: ['not_affected', { rule: 'at_or_after_fixed', range: 0, bound: '1.3.0' }],
    });
  });

  test('of an unknown id says that nothing names it', () => {
    expect(explain('CVE-1999-1', input, snapshot)).toMatchObject({ ids: ['CVE-1999-1'], records: [], answers: [] });
  });

  test('comes out of the record’s stored bytes again, and a changed bound makes it fail', () => {
    const ids = ['CVE-2024-1', 'CVE-2024-2', 'DSA-3', 'GO-4', 'BREW-5'];
    const all = ids.flatMap((id) => explain(id, input, snapshot).answers);
    expect(all.length).toBeGreaterThan(10);
    for (const answer of all) {
      const ref = snapshot.recordsNamed(answer.id).find(([, , , hash]) => answer.record === `sha256:${hash}`);
      const bytes = snapshot.bytesOf(ref as NonNullable<typeof ref>);
      expect(recompute(answer, bytes)).toBe('same');
      const changed = decodeStored(bytes);
      const text = formatJcs(changed as unknown as JcsValue).replace(/"fixed":"([^"]*)"/, '"fixed":"0.0.0-0"');
      expect(recompute(answer, new TextEncoder().encode(text))).toBe('another record');
      // Were the hash not checked, the bound would show all the same wherever it decided.
      const bound = answer.reasons.findLast((reason) => 'bound' in reason);
      if (bound !== undefined) {
        const rules = { ...answer, reasons: answer.reasons.map((reason) => ('bound' in reason ? { ...reason, bound: '9' } : reason)) };
        expect(recompute(rules, bytes)).toBe('another answer');
      }
    }
  });
});
