// What findings look like outside: SARIF by its own schema, the vulns predicate, tables that a hostile name cannot break.
import { describe, expect, test } from 'vitest';
import { readDocument } from '../../../evidence/index.ts';
import { formatMarkdown, formatTable, sarifOf, scan, Snapshot, vulnsOf, type FindingsDocument } from '../../../scanner/index.ts';
import { build, fileOf, observationOf } from '../snapshot/memory.ts';

const hostile = 'a|b\u001b[31m<img src=x>`';
const { bytes } = build([
  observationOf('s', {
    id: 'GHSA-1', aliases: ['CVE-2024-9'], severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [{ package: { ecosystem: 'npm', name: 'x' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }] }],
  }),
]);
const document = scan({
  components: [
    { ref: '1', name: 'x', version: '1.0.0', purl: 'pkg:npm/x@1.0.0', paths: ['/app/a b/package.json'] },
    { ref: '2', name: hostile, version: '1.x', purl: 'pkg:npm/x@1.x' },
    { ref: '3', name: 'y', version: '1' },
  ],
}, new Snapshot(fileOf(bytes)), { engineVersion: '1.2.3' }) as FindingsDocument;

describe('SARIF', () => {
  const log = sarifOf(document, { artifact: 'bom.json' }) as { runs: { results: Record<string, unknown>[]; tool: { driver: { rules: unknown[] } } }[] };

  test('is valid by the official schema and the rules of SARIF', async () => {
    const read = await readDocument(new TextEncoder().encode(JSON.stringify(log)), { mode: 'strict' });
    expect([read.format, read.verdict, read.deviations]).toEqual(['sarif', 'valid', []]);
  });

  test('names what is affected as a failure and what is undecided as open', () => {
    expect(log.runs[0]?.results.map(({ ruleId, kind, level, message, partialFingerprints }) => [ruleId, kind, level, message, partialFingerprints])).toEqual([
      ['CVE-2024-9', 'fail', 'error', { text: 'x 1.0.0 is affected by CVE-2024-9; fixed in 2.0.0' }, { 'stellaFinding/v1': document.findings[0]?.fingerprint }],
      ['CVE-2024-9', 'open', 'none', { text: `${hostile} 1.x: whether CVE-2024-9 affects it is indeterminate (version_ill_formed)` },
        { 'stellaFinding/v1': document.findings[1]?.fingerprint }],
    ]);
    expect(log.runs[0]?.tool.driver.rules).toHaveLength(1);
  });
});

test('the vulns predicate carries the snapshot as its database', () => {
  expect(vulnsOf(document, { scannerUri: 'https://example.org/scanner', startedMs: 0, finishedMs: 1000, snapshotMs: 0 })).toMatchObject({
    scanner: {
      uri: 'https://example.org/scanner', version: '1.2.3', db: { version: document.snapshot, lastUpdate: '1970-01-01T00:00:00.000Z' },
      result: [{ id: 'CVE-2024-9', severity: [{ method: 'stella', score: 'CRITICAL' }, { method: 'CVSS', score: '9.8' }] }],
    },
    metadata: { scanStartedOn: '1970-01-01T00:00:00.000Z', scanFinishedOn: '1970-01-01T00:00:01.000Z' },
  });
});

test('the table shows every finding and every component that could not be looked up', () => {
  expect(formatTable(document)).toBe(`SEVERITY      VULNERABILITY  PACKAGE               VERSION  FIXED IN  OUTCOME
CRITICAL 9.8  CVE-2024-9     x                     1.0.0    2.0.0     affected
CRITICAL 9.8  CVE-2024-9     a|b·[31m<img src=x>\`  1.x      2.0.0     indeterminate: version_ill_formed

3 components, 2 findings (1 affected, 1 undecided)
1 component could not be looked up: 1 no_purl
snapshot ${document.snapshot}
`);
});

test('Markdown shows a hostile name and does not obey it', () => {
  const text = formatMarkdown(document);
  for (const piece of ['<img', '\u001b', '`']) expect(text).not.toContain(piece);
  expect(text.split('\n').filter((line) => line.startsWith('|')).map((line) => line.split(' | ').length)).toEqual([6, 6, 6, 6]);
});
