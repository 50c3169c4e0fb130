// Findings as a gate reads them: within the grammar or read whole, the same members come of the same document, and bad ones are refused alike.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { namesIn, namesOf, readFindings, type FindingMember, type FindingsRead } from '../../policy/gate/findings.ts';
import { findingShape } from '../../policy/gate/input-shape.ts';
import { baseList, changedList } from '../../policy/gate/members.ts';
import { fromPlain, Layouts } from '../../policy/index.ts';
import { plainValue } from '../../policy/gate/plain-member.ts';
import { complaintOf } from '../../policy/gate/shape.ts';
import { encodeFindings, type Finding, type FindingsDocument } from '../../scanner/match/findings.ts';

const name = fc.string({ unit: fc.constantFrom(...'aB7.-/@é名😀\u2028{}[],: '), maxLength: 24 });
const filled = name.map((text) => `x${text}`);
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,20}$/);
const decimal = (most: number) => fc.integer({ min: 0, max: most * 10_000 }).map((n) => String(n / 10_000));
const oneOf = <T extends string>(...words: T[]): fc.Arbitrary<T> => fc.constantFrom(...words);
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const some = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 });

const reason = fc.oneof(
  fc.record({ rule: oneOf('listed'), version: name }),
  fc.record({ bound: name, introduced: name, range: fc.nat(9), rule: oneOf('in_range'), until: oneOf('fixed', 'limit') }),
  fc.record({ range: fc.nat(9), rule: oneOf('version_ill_formed'), scheme: name }),
  fc.record({ id: name, record: name, rule: oneOf('closed_by_owner') }),
  fc.constant({ rule: 'unversioned' as const }),
);
const record = fc.record({
  ecosystem: name, entry: fc.nat(99), fixed: some(filled), id: name, name, outcome: oneOf('affected', 'not_affected', 'indeterminate'),
  reasons: some(reason), record: name, score: maybe(decimal(10)), severity: oneOf('HIGH', 'UNKNOWN'), source: name,
  version: fc.option(name),
});
const finding: fc.Arbitrary<Finding> = fc.record({
  aliases: some(id),
  component: fc.record({
    dependencyPath: maybe(some(name)),
    entryTrace: fc.oneof(fc.record({ state: oneOf('reached', 'not_reached') }), fc.record({ reason: name, state: oneOf('unknown') })),
    layers: some(name), name, ownedBy: maybe(name), paths: some(filled),
    purl: name.map((text) => `pkg:npm/x${text.replaceAll('\u2028', '')}`),
    refs: some(name), version: fc.option(name),
  }),
  conflicts: fc.subarray(['fixed', 'outcome', 'severity']),
  epss: maybe(decimal(1)),
  fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
  id,
  kev: fc.boolean(),
  outcome: oneOf('affected', 'indeterminate', 'unsupported', 'unversioned'),
  records: some(record),
  score: maybe(decimal(10)),
  scoredBy: maybe(name),
  severity: oneOf('NONE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL', 'UNKNOWN'),
  upstream: some(id),
});

const layouts = new Layouts();

const documentOf = (findings: readonly Finding[]): FindingsDocument => ({
  components: 'sha256:0', config: 'sha256:1',
  counts: { affected: 1, components: 1, indeterminate: 0, lookups: 1, not_affected: 0, records: 1, unmatched: 0, unsupported: 0, unversioned: 0 },
  engine: { match: 1, version: '0.1.0' }, findings, format: 'stella-findings/1', snapshot: 'sha256:2', unmatched: [],
});

/** The same document read whole: a space before it is outside the grammar, and no part of JSON's meaning. */
const readWhole = (bytes: Uint8Array): FindingsRead => readFindings(concatBytes(encodeUtf8(' '), bytes));

/** What came of it, or the code it was refused with. */
function attempt(read: () => FindingsRead): FindingsRead | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof LedgerError || error instanceof TypeError) return error instanceof LedgerError ? error.code : 'TypeError';
    throw error;
  }
}

const isPlain = ({ findings }: FindingsRead): boolean => findings !== null && findings.written !== null;

const membersIn = (read: FindingsRead | string) => (typeof read === 'string' ? read : { format: read.format, members: read.findings?.members ?? null });

describe('a document as the scanner writes it', () => {
  test('is within the grammar, and read as the whole of it is: every member has its shape, and is written as JSON writes it', () => {
    fc.assert(fc.property(some(finding), (findings) => {
      const bytes = encodeFindings(documentOf(findings));
      const read = readFindings(bytes);
      expect(isPlain(read)).toBe(true);
      const whole = readWhole(bytes);
      expect(isPlain(whole)).toBe(false);
      expect(membersIn(read)).toEqual(membersIn(whole));
      const { members = [], written } = read.findings ?? {};
      const text = decodeUtf8(concatBytes(...written?.pieces ?? []));
      expect(text).toBe(formatJcs(members as unknown as JcsValue));
      const [starts, all] = [[...written?.starts ?? []], encodeUtf8(text)];
      const each = starts.slice(1).map((end, i) => decodeUtf8(all.subarray(starts[i], end - 1)));
      expect(each).toEqual(members.map((one) => formatJcs(one as unknown as JcsValue)));
      members.forEach((member, i) => {
        expect(complaintOf(findingShape.shape, member)).toBe(null);
        expect(plainValue(member, layouts)).toEqual(fromPlain(member, layouts, true));
        expect(namesIn(member)).toEqual(namesOf(findings[i] as Finding));
      });
    }), { numRuns: 1_000 });
  });

  test('with quotes, control characters and backslashes in its texts is read whole', () => {
    fc.assert(fc.property(finding, fc.constantFrom('"', '\\', '\n', '\u0000', '"],"upstream":["'), (one, odd) => {
      const bytes = encodeFindings(documentOf([{ ...one, component: { ...one.component, paths: [`x${odd}`] } }]));
      const read = readFindings(bytes);
      expect(isPlain(read)).toBe(false);
      expect(read.findings?.members[0]?.path).toBe(`x${odd}`);
    }));
  });

  test('is read a little at a time, wherever that ends', () => {
    const [base] = fc.sample(finding, { numRuns: 1, seed: 1 }) as [Finding];
    const path = 'xé😀é名';
    const findings = Array.from({ length: 400 }, (_, i): Finding => ({
      ...base, id: `CVE-${i}`, component: { ...base.component, paths: [path], name: 'é'.repeat(100) }, records: base.records.slice(0, i % 3),
    }));
    const whole = membersIn(readWhole(encodeFindings(documentOf(findings))));
    // Each byte of a finding once at the end of what is decoded at once: within a character, a name, a number, between two findings.
    const length = encodeUtf8(JSON.stringify(findings[2])).length;
    for (let shift = 0; shift < length; shift++) {
      const read = readFindings(encodeFindings({ ...documentOf(findings), components: 'x'.repeat(shift) }));
      expect(isPlain(read)).toBe(true);
      if (shift % 64 === 0) expect(membersIn(read)).toEqual(whole);
      else expect(read.findings?.members.every((member, i) => member.id === `CVE-${i}` && member.path === path)).toBe(true);
    }
    // What stands before the list, a finding, and what follows, each longer than all that is decoded at first.
    const long = 'é'.repeat(300_000);
    for (const document of [
      { ...documentOf(findings), components: long }, documentOf([{ ...base, component: { ...base.component, name: long } }, base]),
      { ...documentOf(findings), snapshot: long },
    ]) {
      const bytes = encodeFindings(document);
      expect(isPlain(readFindings(bytes))).toBe(true);
      expect(membersIn(readFindings(bytes))).toEqual(membersIn(readWhole(bytes)));
    }
  });

  test.each([
    '0', '0.0', '0.00000', '0.10', '0.1', '1', '1.0', '1.000000', '0.000001', '0.0000001', '0.0000010', '0.99999999', '0.12345678901234567890',
    `0.${'3'.repeat(500)}`, `0.${'0'.repeat(400)}1`,
  ])('gives the number of a score that is spelt %s', (spelt) => {
    const [one] = fc.sample(finding, { numRuns: 1, seed: 2 }) as [Finding];
    const bytes = encodeFindings(documentOf([{ ...one, epss: spelt, score: spelt }]));
    const { members = [], written } = readFindings(bytes).findings ?? {};
    expect(members).toEqual(readWhole(bytes).findings?.members);
    expect(decodeUtf8(concatBytes(...written?.pieces ?? []))).toBe(formatJcs(members as unknown as JcsValue));
  });

  test.each([1, 63, 64, 65, 127, 128, 129])('%i findings are written so that any of them can be changed', (count) => {
    const [base] = fc.sample(finding, { numRuns: 1, seed: 4 }) as [Finding];
    const paths = ['p', 'é', '😀\u2028'];
    const findings = Array.from({ length: count }, (_, i): Finding =>
      ({ ...base, id: `CVE-${i}`, component: { ...base.component, paths: [paths[i % 3] as string] } }));
    const { members = [], written = null } = readFindings(encodeFindings(documentOf(findings))).findings ?? {};
    if (written === null) throw new TypeError('it is not plain');
    const list = baseList(members, findingShape, { sound: true, written, value: (member) => plainValue(member, layouts) });
    expect([...list.starts]).toEqual([...baseList(members, findingShape).starts]);
    for (const places of [[], [0], [count - 1], [63, 64], [62, 65, 127, 128], [...members.keys()]]) {
      const there = places.filter((place) => place < count);
      const changes = new Map(there.map((place) => [place, { ...members[place] as FindingMember, path: 'ü', waived: true }]));
      const changed = changedList(list, changes);
      const expected = members.map((member, i) => changes.get(i) ?? member);
      expect(decodeUtf8(concatBytes(...changed.pieces))).toBe(formatJcs(expected as unknown as JcsValue));
      expect(changed.members).toEqual(expected);
    }
  });

  test('more than 256 findings come in their order', () => {
    const [base] = fc.sample(finding, { numRuns: 1, seed: 1 }) as [Finding];
    for (const count of [0, 1, 255, 256, 257, 1_000]) {
      const findings = Array.from({ length: count }, (_, i) => ({ ...base, id: `CVE-${i}`, aliases: Array.from({ length: i % 3 }, (__, k) => `A-${i}-${k}`) }));
      const read = readFindings(encodeFindings(documentOf(findings)));
      const members = read.findings?.members ?? [];
      expect(isPlain(read)).toBe(true);
      expect(members.map((member) => [...namesIn(member)])).toEqual(findings.map((one) => [...namesOf(one)]));
    }
  });
});

describe('a document that is none, or is another', () => {
  test('is read or refused as the strict reader does, whatever byte of it is another', () => {
    const bytes = encodeFindings(documentOf(fc.sample(finding, { numRuns: 1, seed: 7 })));
    const values = [...'"\\}],:0a '].map((character) => character.charCodeAt(0)).concat(0x00, 0x0a, 0x80, 0xff);
    let plain = 0;
    // The first two tell UTF-16 too.
    for (let at = 2; at < bytes.length; at++) {
      for (const value of values) {
        const changed = bytes.slice();
        changed[at] = value;
        const read = attempt(() => readFindings(changed));
        expect(membersIn(read)).toEqual(membersIn(attempt(() => readWhole(changed))));
        if (typeof read === 'string' || !isPlain(read)) continue;
        plain += 1;
        expect(read.findings?.members.every((member) => complaintOf(findingShape.shape, member) === null)).toBe(true);
      }
    }
    expect(plain).toBeGreaterThan(1_000);
  });

  test('is read or refused as the strict reader does, whatever part of it stands twice or is missing', () => {
    const bytes = encodeFindings(documentOf(fc.sample(finding, { numRuns: 2, seed: 9 })));
    const place = fc.integer({ min: 2, max: bytes.length });
    fc.assert(fc.property(place, place, place, (a, b, c) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const without = concatBytes(bytes.subarray(0, from), bytes.subarray(to));
      const twice = concatBytes(bytes.subarray(0, c), bytes.subarray(from, to), bytes.subarray(c));
      for (const changed of [without, twice]) expect(membersIn(attempt(() => readFindings(changed)))).toEqual(membersIn(attempt(() => readWhole(changed))));
    }), { numRuns: 2_000 });
  });

  test('of which a list of findings stands in another place, or in two', () => {
    const inner = decodeUtf8(encodeFindings(documentOf(fc.sample(finding, { numRuns: 1, seed: 3 }))));
    const list = inner.slice(inner.indexOf('"findings":['), inner.indexOf(',"format"'));
    const end = '"format":"stella-findings/1","snapshot":"","unmatched":[]}';
    const cases: [string, string | number][] = [
      [`{"components":"","config":"","counts":{},"engine":{},${list},${end}`, 1],
      [`{"components":"","config":"","counts":{},"engine":{${list}},"findings":[],${end}`, 0],
      [`{"components":"","config":"","counts":{},"engine":{},${list},"findings":[],${end}`, 'INPUT_DUPLICATE_KEY'],
      [`{"components":"","config":"","counts":{},"engine":{},"findings":[],${list},${end}`, 'INPUT_DUPLICATE_KEY'],
      [`{"components":"","config":"","counts":{},"engine":{},"findings":{${list}},${end}`, 'stella-findings/1'],
      [`{"components":"","config":"","counts":{},"engine":{},${list},"format":"stella-findings/2"}`, 'stella-findings/2'],
      ['null', 'undefined'],
    ];
    for (const [text, expected] of cases) {
      const read = attempt(() => readFindings(encodeUtf8(text)));
      expect(typeof read === 'string' ? read : read.findings?.members.length ?? read.format).toBe(expected);
    }
  });

  test('of which one list is longer than the stack of regular expressions is read whole', () => {
    const [one] = fc.sample(finding, { numRuns: 1, seed: 5 }) as [Finding];
    const bytes = encodeFindings(documentOf([{ ...one, component: { ...one.component, refs: Array.from({ length: 6_000_000 }, () => '') } }]));
    const { findings } = readFindings(bytes);
    expect(findings?.written).toBe(null);
    expect(findings?.members[0]?.id).toBe(one.id);
  });

  test.each([
    ['an id', (one: Finding): Finding => ({ ...one, id: 'C'.repeat(128) })], ['an alias', (one: Finding): Finding => ({ ...one, aliases: ['G'.repeat(128)] })],
    ['a path', (one: Finding): Finding => ({ ...one, component: { ...one.component, paths: ['p'.repeat(4_097)] } })],
    ['a purl', (one: Finding): Finding => ({ ...one, component: { ...one.component, purl: `pkg:npm/${'p'.repeat(4_097)}` } })],
    ['an EPSS score', (one: Finding): Finding => ({ ...one, epss: '1.1' })], ['a score', (one: Finding): Finding => ({ ...one, score: '10.1' })],
    ['an EPSS score beyond the doubles', (one: Finding): Finding => ({ ...one, epss: '9'.repeat(400) })],
    ['a score beyond the doubles', (one: Finding): Finding => ({ ...one, score: `1${'0'.repeat(309)}.5` })],
    ['no purl', (one: Finding): Finding => ({ ...one, component: { ...one.component, purl: null } })],
  ])('of which %s is out of bounds is not known to have its shape, and has not', (_, change) => {
    const [one] = fc.sample(finding, { numRuns: 1, seed: 11 }) as [Finding];
    const { findings } = readFindings(encodeFindings(documentOf([change(one)])));
    expect(findings?.written).toBe(null);
    expect(complaintOf(findingShape.shape, findings?.members[0])).not.toBe(null);
  });
});
