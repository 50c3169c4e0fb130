// Importers: what each feed's record becomes, and that a record which cannot be read is named instead of lost.
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../../ledger/bytes.ts';
import { candidateOf, evaluate, prepareRecord } from '../../../scanner/advisories/evaluate.ts';
import type { OsvRecord } from '../../../scanner/advisories/osv.ts';
import type { FeedFile, Imported } from '../../../scanner/import/feed.ts';
import { importFriendsOfPhp, importNodeSecurity, importRubyAdvisories, npmIntervals } from '../../../scanner/import/languages.ts';
import { osvRanges } from '../../../scanner/import/intervals.ts';
import { importEpss, importKev, importNvd } from '../../../scanner/import/nvd.ts';
import { importOsv } from '../../../scanner/import/osv.ts';
import { readZip } from '../../../scanner/import/zip.ts';

const file = (path: string, content: string | object): FeedFile => {
  return { path, bytes: encodeUtf8(typeof content === 'string' ? content : JSON.stringify(content)) };
};
const osvOf = (imported: Iterable<Imported>): OsvRecord[] =>
  [...imported].map((one) => (one.is === 'observation' ? (one.observation.osv as unknown as OsvRecord) : ({ id: `refused ${one.where} ${one.why}` })));
const outcomes = (record: OsvRecord, ecosystem: string, name: string, versions: readonly string[]) =>
  versions.map((version) => evaluate(prepareRecord(record), candidateOf({ ecosystem, name, version }))?.outcome);

/** A zip as other programs write it: packed or stored members, and the directory. */
function zip(members: readonly { name: string; content: string; method?: 0 | 8; size?: number }[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, content, method = 8, size } of members) {
    const bytes = encodeUtf8(content);
    const packed = method === 0 ? bytes : new Uint8Array(deflateRawSync(bytes));
    const header = new DataView(new ArrayBuffer(46));
    header.setUint32(0, 0x02014b50, true);
    header.setUint16(10, method, true);
    header.setUint32(20, packed.length, true);
    header.setUint32(24, size ?? bytes.length, true);
    header.setUint16(28, name.length, true);
    header.setUint32(42, at, true);
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    local.setUint16(26, name.length, true);
    parts.push(new Uint8Array(local.buffer), encodeUtf8(name), packed);
    directory.push(new Uint8Array(header.buffer), encodeUtf8(name));
    at += 30 + name.length + packed.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, members.length, true);
  end.setUint32(16, at, true);
  return concatBytes(...parts, ...directory, new Uint8Array(end.buffer));
}

describe('OSV', () => {
  const packed = { name: 'A-1.json', content: JSON.stringify({ id: 'A-1', affected: [] }) };

  test('from a zip, a directory and JSON lines', () => {
    const files = [
      { path: 'npm/all.zip', bytes: zip([packed, { name: 'B.json', content: '{"id":"B-1"}', method: 0 }, { name: 'notes.txt', content: 'x' }]) },
      file('dir/C.json', { id: 'C-1' }), file('lines.jsonl', '{"id":"D-1"}\n\n{"id":"D-2"}\n'), file('README.md', 'no'),
    ];
    expect(osvOf(importOsv(files, 's')).map(({ id }) => id)).toEqual(['A-1', 'B-1', 'C-1', 'D-1', 'D-2']);
  });

  test('a record that cannot be read is named, and the others are read', () => {
    const imported = [...importOsv([file('x.jsonl', '{"id":"A"}\n{"id":"B","id":"C"}\n{"id":5}\nnot json\n{"id":"D"}')], 's')];
    expect(imported.map((one) => (one.is === 'refused' ? [one.where, one.code] : (one.observation.osv as { id: string }).id))).toEqual([
      'A', ['x.jsonl:2', 'INPUT_DUPLICATE_KEY'], ['x.jsonl:3', 'INPUT_MALFORMED'], ['x.jsonl:4', 'INPUT_MALFORMED'], 'D',
    ]);
  });
});

describe('a zip archive', () => {
  const good = zip([{ name: 'a', content: 'text '.repeat(50) }]);
  test.each([
    ['no end record', good.slice(0, 30), 'INPUT_MALFORMED'],
    ['a directory elsewhere', good.map((byte, i) => (i === good.length - 6 ? byte + 1 : byte)), 'INPUT_MALFORMED'],
    ['a member longer than it says', zip([{ name: 'a', content: 'text '.repeat(50), size: 10 }]), 'INPUT_MALFORMED'],
    ['a member shorter than it says', zip([{ name: 'a', content: 'text', size: 5000 }]), 'INPUT_MALFORMED'],
    ['a member of a size nobody unpacks', zip([{ name: 'a', content: 'text', size: 0x7fffffff }]), 'INPUT_TOO_LARGE'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(() => [...readZip(bytes)]).toThrowError(expect.objectContaining({ code }) as Error);
  });

  test('of any bytes is read or refused, never more', () => {
    for (let i = 0; i < good.length; i++) {
      const changed = good.slice();
      changed[i] = (changed[i] as number) ^ 0xff;
      try {
        for (const { bytes } of readZip(changed)) expect(bytes.length).toBeLessThan(1000);
      } catch (error) {
        expect(['INPUT_MALFORMED', 'INPUT_TOO_LARGE', 'INPUT_NOT_UTF8']).toContain((error as { code?: string }).code);
      }
    }
  });
});

describe('what speaks of vulnerabilities', () => {
  test('NVD: text, vectors and UTC times; products match nothing', () => {
    const cve = {
      id: 'CVE-2024-0001', published: '2024-01-02T03:04:05.678', descriptions: [{ lang: 'es', value: 'no' }, { lang: 'en', value: 'yes' }],
      metrics: { cvssMetricV31: [{ cvssData: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' } }] },
      references: [{ url: 'https://example.org/1' }], configurations: [{ nodes: [] }],
    };
    const [record] = osvOf(importNvd([file('p.json', { vulnerabilities: [{ cve }] })], 'nvd'));
    expect(record).toEqual({
      id: 'CVE-2024-0001', published: '2024-01-02T03:04:05.678Z', details: 'yes', references: [{ type: 'WEB', url: 'https://example.org/1' }],
      severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    });
  });

  test('KEV and EPSS keep the publisher’s own words and digits', () => {
    const catalogue = { vulnerabilities: [{ cveID: 'CVE-2024-0002', dateAdded: '2024-05-01', dueDate: '2024-05-22' }, { cveID: 'x' }] };
    const kev = [...importKev([file('k.json', catalogue)], 'kev')];
    const facts = { kev: { dateAdded: '2024-05-01', dueDate: '2024-05-22' } };
    expect(kev[0]).toMatchObject({ observation: { osv: { id: 'CVE-2024-0002' }, facts } });
    expect(kev[1]).toMatchObject({ is: 'refused', where: 'k.json#vulnerabilities/1' });
    const head = ['#model_version:v2025.03.14,score_date:2025-06-01T00:00:00+0000', 'cve,epss,percentile'];
    const csv = [...head, 'CVE-2024-0003,0.94358,0.99950', 'CVE-2024-0004,1.5,0.1', ''];
    const epss = [...importEpss([file('e.csv', csv.join('\n'))], 'epss')];
    const scored = { epss: { score: '0.94358', percentile: '0.99950', date: '2025-06-01' } };
    expect(epss[0]).toMatchObject({ observation: { osv: { id: 'CVE-2024-0003' }, facts: scored } });
    expect(epss[1]).toMatchObject({ is: 'refused', where: 'e.csv:4' });
  });

  test('a page that is none is refused as a whole', () => {
    expect([...importNvd([file('p.json', '[]')], 'nvd')]).toMatchObject([{ is: 'refused', where: 'p.json' }]);
    expect([...importNvd([file('p.json', '{')], 'nvd')]).toMatchObject([{ is: 'refused', where: 'p.json' }]);
  });
});

describe('feeds of languages', () => {
  test('ruby-advisory-db: what is neither patched nor unaffected is vulnerable', () => {
    const ids = 'gem: rack\ncve: 2024-0005\nghsa: aaaa-bbbb-cccc\ntitle: T\ncvss_v3: 7.5\n';
    const yaml = `${ids}unaffected_versions:\n- "< 1.0"\npatched_versions:\n- "~> 1.4.5"\n- ">= 2.0.1"\n`;
    const [record] = osvOf(importRubyAdvisories([file('gems/rack/CVE-2024-0005.yml', yaml)], 'ruby')) as [OsvRecord];
    expect(record.aliases).toEqual(['CVE-2024-0005', 'GHSA-aaaa-bbbb-cccc']);
    expect(record.affected?.[0]?.ranges?.map(({ events }) => events)).toEqual([
      [{ introduced: '1.0' }, { fixed: '1.4.5' }], [{ introduced: '1.5' }, { fixed: '2.0.1' }],
    ]);
    const versions = ['0.9', '1.0', '1.4.4', '1.4.5', '1.4.9', '1.5', '2.0.0', '2.0.1', '3.0'];
    const affected = versions.filter((_, i) => outcomes(record, 'RubyGems', 'rack', versions)[i] === 'affected');
    expect(affected).toEqual(['1.0', '1.4.4', '1.5', '2.0.0']);
  });

  test('FriendsOfPHP: each branch is a range of its own', () => {
    const branches = '  "1.x":\n    time: 2024-01-01 00:00:00\n    versions: [">=1.0", "<1.2.3"]\n  master:\n    versions: [">=2.0", "<=2.1"]\n';
    const yaml = `title: T\ncve: CVE-2024-0006\nbranches:\n${branches}reference: composer://a/b\n`;
    const [record] = osvOf(importFriendsOfPhp([file('a/b/CVE-2024-0006.yaml', yaml)], 'fop')) as [OsvRecord];
    expect(record.affected?.[0]?.ranges?.map(({ events }) => events)).toEqual([
      [{ introduced: '1.0' }, { fixed: '1.2.3' }], [{ introduced: '2.0' }, { last_affected: '2.1' }],
    ]);
  });

  test('Node.js security working group', () => {
    const record = { id: 7, module_name: 'x', vulnerable_versions: '<1.2.3 || >=2.0.0 <=2.1.0', cves: ['CVE-2024-0007'], title: 'T' };
    const [osv] = osvOf(importNodeSecurity([file('7.json', record)], 'nswg')) as [OsvRecord];
    expect(outcomes(osv, 'npm', 'x', ['1.2.2', '1.2.3', '2.0.0', '2.1.0', '2.1.1'])).toEqual([
      'affected', 'not_affected', 'affected', 'affected', 'not_affected',
    ]);
  });

  test.each([
    ['*', [[{ introduced: '0' }]]],
    ['1.2.3', [[{ introduced: '1.2.3' }, { last_affected: '1.2.3' }]]],
    ['^1.2.3', [[{ introduced: '1.2.3' }, { fixed: '2.0.0-0' }]]],
    ['^0.2.3', [[{ introduced: '0.2.3' }, { fixed: '0.3.0-0' }]]],
    ['^0.0.3', [[{ introduced: '0.0.3' }, { fixed: '0.0.4-0' }]]],
    ['~1.2', [[{ introduced: '1.2.0' }, { fixed: '1.3.0-0' }]]],
    ['1.x', [[{ introduced: '1.0.0' }, { fixed: '2.0.0-0' }]]],
    ['<= 1.0', [[{ introduced: '0' }, { fixed: '1.1.0-0' }]]],
    ['>1.2.3', [[{ introduced: '1.2.4-0' }]]],
    ['1.2 - 2.3.4', [[{ introduced: '1.2.0' }, { last_affected: '2.3.4' }]]],
    ['>=1.0.0 <1.5.0 || 2.0.0', [[{ introduced: '1.0.0' }, { fixed: '1.5.0' }], [{ introduced: '2.0.0' }, { last_affected: '2.0.0' }]]],
    ['>=2.0.0 <1.0.0', []],
  ])('npm’s range %s', (range, events) => {
    expect(osvRanges('SEMVER', npmIntervals(range)).ranges.map((found) => (found as { events: unknown }).events)).toEqual(events);
  });

  test('what OSV cannot say stands in a note', () => {
    const yaml = 'branches:\n  m:\n    versions: [">1.0", "<2.0"]\nreference: composer://a/b\n';
    const [imported] = [...importFriendsOfPhp([file('a/b/x.yaml', yaml)], 'fop')];
    const notes = ['converted to OSV ranges', 'the source says "> 1.0", which OSV can only say as introduced at 1.0'];
    expect(imported).toMatchObject({ observation: { notes } });
  });

  test.each([
    ['gem: [\n'], ['- a\n'], ['gem: x\npatched_versions: ["%% 1"]\n'], ['a: &a [*a]\ngem: *a\n'], ['gem: x\ngem: y\n'],
  ])('YAML that is no record is refused: %j', (yaml) => {
    expect([...importRubyAdvisories([file('gems/x/y.yml', yaml)], 'ruby')]).toMatchObject([{ is: 'refused', where: 'gems/x/y.yml' }]);
  });
});
