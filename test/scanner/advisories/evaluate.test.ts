// OSV's evaluation: each rule, each outcome, the ways other scanners err, and the naive reading as oracle.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidateOf, evaluate, prepareRecord, type Evaluation } from '../../../scanner/advisories/evaluate.ts';
import { checkOsv, type OsvAffected, type OsvEvent, type OsvRecord } from '../../../scanner/advisories/osv.ts';
import { naiveAffected } from './naive.ts';

function recordOf(ecosystem: string, affected: Partial<OsvAffected>, more: Partial<OsvRecord> = {}): OsvRecord {
  return { id: 'X-1', affected: [{ package: { ecosystem, name: 'p' }, ...affected }], ...more };
}

function ask(record: OsvRecord, version: string | null, name = 'p', ecosystem = record.affected?.[0]?.package?.ecosystem ?? ''): Evaluation | null {
  return evaluate(prepareRecord(record), candidateOf({ ecosystem, name, version }));
}

const range = (...events: OsvEvent[]): Partial<OsvAffected> => ({ ranges: [{ type: 'SEMVER', events }] });

describe('a range', () => {
  const record = recordOf('npm', range({ fixed: '2.0.0' }, { introduced: '1.0.0' }, { introduced: '3.0.0' }, { fixed: '3.1.0' }));
  test.each([
    ['0.9.0', 'not_affected', { rule: 'before_introduced', range: 0, bound: '1.0.0' }],
    ['1.0.0-rc.1', 'not_affected', { rule: 'before_introduced', range: 0, bound: '1.0.0' }],
    ['1.0.0', 'affected', { rule: 'in_range', range: 0, introduced: '1.0.0', until: 'fixed', bound: '2.0.0' }],
    ['1.9.9', 'affected', { rule: 'in_range', range: 0, introduced: '1.0.0', until: 'fixed', bound: '2.0.0' }],
    ['2.0.0', 'not_affected', { rule: 'at_or_after_fixed', range: 0, bound: '2.0.0' }],
    ['3.0.0', 'affected', { rule: 'in_range', range: 0, introduced: '3.0.0', until: 'fixed', bound: '3.1.0' }],
    ['3.1.0', 'not_affected', { rule: 'at_or_after_fixed', range: 0, bound: '3.1.0' }],
  ])('%s is %s', (version, outcome, reason) => {
    expect(ask(record, version)).toEqual({ outcome, entry: 0, reasons: [reason] });
  });

  test('last_affected is affected itself, and nothing after it', () => {
    const last = recordOf('npm', range({ introduced: '1.0.0' }, { last_affected: '1.5.0' }));
    expect(ask(last, '1.5.0')?.reasons).toEqual([{ rule: 'in_range', range: 0, introduced: '1.0.0', until: 'last_affected', bound: '1.5.0' }]);
    expect(ask(last, '1.5.1')?.reasons).toEqual([{ rule: 'after_last_affected', range: 0, bound: '1.5.0' }]);
  });

  test('a limit shuts out what is at or after it; "*" and any higher limit let it in', () => {
    const limited = recordOf('npm', range({ introduced: '0' }, { limit: '2.0.0' }));
    expect(ask(limited, '1.9.9')?.outcome).toBe('affected');
    expect(ask(limited, '2.0.0')?.reasons).toEqual([{ rule: 'at_or_after_limit', range: 0, bound: '2.0.0' }]);
    expect(ask(recordOf('npm', range({ introduced: '0' }, { limit: '2.0.0' }, { limit: '*' })), '9.0.0')?.outcome).toBe('affected');
    expect(ask(recordOf('npm', range({ introduced: '0' }, { limit: '2.0.0' }, { limit: '3.0.0' })), '2.5.0')?.outcome).toBe('affected');
  });

  test('several events at one version: an end closes what was open and the next beginning opens it again', () => {
    for (const events of [
      [{ introduced: '0' }, { fixed: '2.0.0' }, { introduced: '2.0.0' }, { fixed: '3.0.0' }],
      [{ fixed: '3.0.0' }, { introduced: '2.0.0' }, { fixed: '2.0.0' }, { introduced: '0' }],
    ]) {
      expect(['1.0.0', '2.0.0', '2.5.0', '3.0.0'].map((version) => ask(recordOf('npm', range(...events)), version)?.outcome)).toEqual([
        'affected', 'affected', 'affected', 'not_affected',
      ]);
    }
    for (const events of [[{ introduced: '2.0.0' }, { fixed: '2.0.0' }], [{ fixed: '2.0.0' }, { introduced: '2.0.0' }]]) {
      expect(['1.0.0', '2.0.0', '3.0.0'].map((version) => ask(recordOf('npm', range(...events)), version)?.outcome)).toEqual([
        'not_affected', 'not_affected', 'not_affected',
      ]);
    }
    const once = recordOf('npm', range({ introduced: '2.0.0' }, { last_affected: '2.0.0' }));
    expect(['1.0.0', '2.0.0', '2.0.1'].map((version) => ask(once, version)?.outcome)).toEqual(['not_affected', 'affected', 'not_affected']);
  });
});

describe('never silence', () => {
  test('an ill-formed version is indeterminate, unless `versions` lists it literally', () => {
    const record = recordOf('npm', { ...range({ introduced: '0' }, { fixed: '2.0.0' }), versions: ['latest'] });
    expect(ask(record, '1.x')).toEqual({ outcome: 'indeterminate', entry: 0, reasons: [{ rule: 'version_ill_formed', range: 0, scheme: 'semver' }] });
    expect(ask(record, 'latest')?.reasons).toEqual([{ rule: 'listed', version: 'latest' }]);
  });

  test('an ill-formed bound is indeterminate, also where a comparison would have answered', () => {
    const record = recordOf('npm', range({ introduced: '0' }, { fixed: '2.x' }));
    expect(ask(record, '1.0.0')?.reasons).toEqual([{ rule: 'bound_ill_formed', range: 0, scheme: 'semver', bound: '2.x' }]);
    const beside = { ranges: [...(record.affected?.[0]?.ranges ?? []), { type: 'SEMVER', events: [{ introduced: '0' }] }] };
    expect(ask(recordOf('npm', beside), '1.0.0')?.outcome).toBe('affected');
  });

  test.each([
    [[{ fixed: '1.0.0' }], 'no event says introduced'],
    [[{ introduced: '0' }, { fixed: '1.0.0' }, { last_affected: '0.9.0' }], 'fixed and last_affected stand in one range'],
    [[{ introduced: '0', fixed: '1.0.0' }], 'an event needs exactly one of introduced, fixed, last_affected and limit'],
    [[{ introduced: '0' }, {}], 'an event needs exactly one of introduced, fixed, last_affected and limit'],
  ])('events against the schema are indeterminate: %j', (events, why) => {
    const reasons = [{ rule: 'range_malformed', range: 0, why }];
    expect(ask(recordOf('npm', range(...events)), '0.5.0')).toEqual({ outcome: 'indeterminate', entry: 0, reasons });
  });

  test('a component without a version is unversioned', () => {
    expect(ask(recordOf('npm', range({ introduced: '0' })), null)?.outcome).toBe('unversioned');
    expect(ask(recordOf('npm', range({ introduced: '0' })), '')?.outcome).toBe('unversioned');
  });

  test('an ecosystem without a known order is unsupported, its lists are not', () => {
    const record = recordOf('Homebrew', { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2_1' }] }], versions: ['1_2'] });
    expect(ask(record, '1_3')?.reasons).toEqual([{ rule: 'no_scheme', range: 0, ecosystem: 'Homebrew' }]);
    expect(ask(record, '1_2')?.outcome).toBe('affected');
  });

  test('commits need a graph: the list decides, and without one the answer is unsupported', () => {
    const git = { type: 'GIT', events: [{ introduced: '0' }, { fixed: 'a'.repeat(40) }] };
    expect(ask(recordOf('PyPI', { ranges: [git] }), '1.0')).toEqual({ outcome: 'unsupported', entry: 0, reasons: [{ rule: 'commit_graph_needed', range: 0 }] });
    expect(ask(recordOf('PyPI', { ranges: [git], versions: ['1.0'] }), '2.0')?.reasons).toEqual([{ rule: 'not_listed', listed: 1 }]);
    expect(ask(recordOf('PyPI', { ranges: [git], versions: ['1.0'] }), '1.0')?.outcome).toBe('affected');
  });

  test('a withdrawn record is kept and matches nothing', () => {
    const record = recordOf('npm', range({ introduced: '0' }), { withdrawn: '2024-01-01T00:00:00Z' });
    expect(ask(record, '1.0.0')?.reasons).toEqual([{ rule: 'withdrawn', at: '2024-01-01T00:00:00Z' }]);
  });

  test('a record about another package says nothing', () => {
    expect(ask(recordOf('npm', range({ introduced: '0' })), '1.0.0', 'q')).toBeNull();
    expect(ask(recordOf('npm', range({ introduced: '0' })), '1.0.0', 'p', 'PyPI')).toBeNull();
  });
});

describe('where other scanners are wrong', () => {
  test('a version that is one range’s fixed and the next one’s introduced is affected', () => {
    const record = recordOf('Packagist', {
      ranges: [
        { type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '4.1.0' }] },
        { type: 'ECOSYSTEM', events: [{ introduced: '4.1.0' }, { fixed: '4.1.22' }] },
      ],
    });
    expect(ask(record, '4.1.0')?.reasons).toEqual([{ rule: 'in_range', range: 1, introduced: '4.1.0', until: 'fixed', bound: '4.1.22' }]);
  });

  test('a filled versions list does not silence the range beside it', () => {
    const record = recordOf('PyPI', { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '0.9.4' }] }], versions: ['0.9.1', '0.9.2'] });
    expect(ask(record, '0.9.3')?.outcome).toBe('affected');
    expect(ask(record, '0.9.4')?.outcome).toBe('not_affected');
  });

  test('a Go pseudo-version is below 0.0.0 and yet after "introduced: 0"', () => {
    const record = recordOf('Go', range({ introduced: '0' }, { fixed: '0.0.0-20260101000000-abcdefabcdef' }));
    expect(ask(record, 'v0.0.0-20250101000000-0123456789ab')?.outcome).toBe('affected');
    expect(ask(record, 'v0.0.0-20260601000000-0123456789ab')?.outcome).toBe('not_affected');
    expect(ask(recordOf('Go', range({ introduced: '0' })), 'v0.0.0-20250101000000-0123456789ab')?.outcome).toBe('affected');
  });

  test.each([
    ['npm', 'jQuery', 'jquery', false],
    ['Go', 'github.com/0xERR0R/blocky', 'github.com/0xerr0r/blocky', false],
    ['Go', 'github.com/0xERR0R/blocky', 'github.com/0xERR0R/blocky', true],
    ['PyPI', 'Zope.Interface', 'zope_interface', true],
    ['NuGet', 'Newtonsoft.Json', 'newtonsoft.json', true],
    ['Packagist', 'Symfony/Symfony', 'symfony/symfony', true],
    ['Maven', 'org.A:b', 'org.a:b', false],
  ])('in %s, are %s and %s one package? %s', (ecosystem, named, asked, same) => {
    const record: OsvRecord = { id: 'X-1', affected: [{ package: { ecosystem, name: named }, versions: ['1.0.0'] }] };
    expect(ask(record, '1.0.0', asked, ecosystem)?.outcome ?? null).toBe(same ? 'affected' : null);
  });

  test.each(['go1.21.3', '1.21.3', 'v1.21.3', 'go1.21.3 X:nocoverageredesign'])('the Go toolchain as %s', (version) => {
    const affected = { package: { ecosystem: 'Go', name: 'stdlib' }, ...range({ introduced: '1.21.0-0' }, { fixed: '1.21.4' }) };
    const record: OsvRecord = { id: 'X-1', affected: [affected] };
    expect(ask(record, version, 'stdlib', 'Go')?.outcome).toBe('affected');
    expect(ask(record, 'go1.21.4', 'stdlib', 'Go')?.outcome).toBe('not_affected');
    expect(ask(record, 'go1.21', 'stdlib', 'Go')?.outcome).toBe('affected');
    expect(ask(record, 'go1.21rc2', 'stdlib', 'Go')?.outcome).toBe('affected');
  });

  test('a GIT range listed first hides no range after it', () => {
    const record = recordOf('PyPI', { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }, { type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] });
    expect(ask(record, '1.0')?.outcome).toBe('affected');
  });

  test('a release is matched to its own records, and to those of no release', () => {
    const record = recordOf('Debian:12', { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2-3+deb12u1' }] }] });
    expect(ask(record, '1.2-3', 'p', 'Debian:12')?.outcome).toBe('affected');
    expect(ask(record, '1.2-3', 'p', 'Debian:11')).toBeNull();
    expect(ask(recordOf('Ubuntu:22.04:LTS', { versions: ['1'] }), '1', 'p', 'Ubuntu:22.04')?.outcome).toBe('affected');
    expect(ask(recordOf('Ubuntu:Pro:22.04:LTS', { versions: ['1'] }), '1', 'p', 'Ubuntu:22.04')).toBeNull();
  });
});

test('the prepared evaluation answers as the naive reading does', () => {
  const version = fc.constantFrom('0.1.0', '1.0.0-rc.1', '1.0.0', '1.1.0', '2.0.0', '2.0.1', '3.0.0');
  const end = fc.constantFrom('fixed', 'last_affected', 'limit');
  // Bounds of one range differ, so that the schema's pseudocode leaves no order open.
  const bounds = fc.uniqueArray(version, { minLength: 1, maxLength: 5 });
  const events = fc.tuple(bounds, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), end).map(([list, begins, kind]): OsvEvent[] =>
    list.map((bound, i) => (begins[i] === true || i === 0 ? { introduced: bound } : { [kind]: bound })));
  fc.assert(fc.property(fc.array(events, { maxLength: 3 }), fc.uniqueArray(version), version, (ranges, versions, asked) => {
    const affected = { package: { ecosystem: 'npm', name: 'p' }, ranges: ranges.map((list) => ({ type: 'SEMVER', events: list })), versions };
    expect(ask({ id: 'X-1', affected: [affected] }, asked)?.outcome).toBe(naiveAffected(affected, 'npm', asked) ? 'affected' : 'not_affected');
  }), { numRuns: 5_000 });
});

describe('a record of another shape is refused, naming the member', () => {
  test.each([
    [null, 'the record'],
    [{ id: 1 }, 'id'],
    [{ id: '' }, 'id'],
    [{ id: 'A', aliases: 'B' }, 'aliases'],
    [{ id: 'A', affected: {} }, 'affected'],
    [{ id: 'A', affected: [{ package: { ecosystem: 'npm' } }] }, 'affected[0].package.name'],
    [{ id: 'A', affected: [{ versions: [1] }] }, 'affected[0].versions[0]'],
    [{ id: 'A', affected: [{ ranges: [{ type: 'SEMVER', events: [{ introduced: 0 }] }] }] }, 'affected[0].ranges[0].events[0].introduced'],
    [{ id: 'A', severity: [{ type: 'CVSS_V3', score: 9.8 }] }, 'severity[0].score'],
  ])('%j', (value, at) => {
    const message = expect.stringContaining(`advisory: ${at},`) as string;
    expect(() => checkOsv(value)).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED', message }) as Error);
  });

  test('null counts as absent', () => {
    expect(checkOsv({ id: 'A', aliases: null, affected: [{ ranges: null, versions: null }] })).toEqual({ id: 'A', affected: [{}] });
  });
});
