// What fields owe to each other: each rule of the envelope and of the families, asked directly on both sides of what it says.
import { describe, expect, test } from 'vitest';
import { parseHex } from '../../ledger/bytes.ts';
import { envelope, paddedSize } from '../../ledger/events/envelope.ts';
import { EVENTS, type EventName } from '../../ledger/events/families.ts';
import type { Rule, Schema, Shape } from '../../ledger/events/schema.ts';
import { compile } from '../../ledger/events/compile.ts';

/** Every rule of a shape, with the rules of what stands in it. */
function rulesOf(shape: Shape): Rule[] {
  if (shape.kind === 'array') return rulesOf(shape.of);
  return shape.kind === 'map' ? [...shape.rules, ...Object.values(shape.fields).flatMap((field) => rulesOf(field.shape))] : [];
}

const bytes = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const digest = (byte: number) => ['sha256', bytes(byte)];
const key = (use: string, id: number) => ({ use, id: bytes(id) });
const ed25519 = parseHex(`302a300506032b6570032100${'07'.repeat(32)}`);
const p256 = parseHex(`3059301306072a8648ce3d020106082a8648ce3d03010703420004${'07'.repeat(64)}`);
const all = { published: {}, entrypoints: [], input: {}, result: {}, counts: {} };
const without = (name: string) => ({ outcome: 'allow', ...Object.fromEntries(Object.entries(all).filter(([one]) => one !== name)) });

/** The rule, what holds to it, and what does not. */
const CASES: readonly (readonly [EventName | 'envelope', string, readonly object[], readonly object[]])[] = [
  ['envelope', 'person is there exactly when kind is person or service',
    [{ kind: 'person', person: bytes(1) }, { kind: 'service', person: bytes(1) }, { kind: 'ledger' }, { kind: 'public' }],
    [{ kind: 'person' }, { kind: 'service' }, { kind: 'ledger', person: bytes(1) }, { kind: 'public', person: bytes(1) }]],
  ['envelope', 'auth is self exactly when kind is ledger, and none exactly when kind is public',
    [{ kind: 'ledger', auth: 'self' }, { kind: 'public', auth: 'none' }, { kind: 'person', auth: 'oidc' }],
    [{ kind: 'ledger', auth: 'none' }, { kind: 'ledger', auth: 'key' }, { kind: 'person', auth: 'self' }, { kind: 'public', auth: 'self' },
      { kind: 'public', auth: 'key' }, { kind: 'person', auth: 'none' }]],
  ['envelope', 'prev is there exactly when version is larger than 1', [{ version: 1 }, { version: 2, prev: 0 }], [{ version: 1, prev: 0 }, { version: 2 }]],
  ['envelope', 'either digest or commitment', [{ digest: digest(1) }, { commitment: digest(1) }], [{}, { digest: digest(1), commitment: digest(1) }]],
  ['envelope', 'the size of a sealed payload is padded',
    [{ size: 3 }, { commitment: digest(1), size: 1024 }, { commitment: digest(1), size: 2 ** 40 }],
    [{ commitment: digest(1), size: 512 }, { commitment: digest(1), size: 1025 }]],
  ['ledger.created', 'the top bit of treeId is clear', [{ treeId: bytes(0x7f, 8) }], [{ treeId: bytes(0x80, 8) }]],
  ['ledger.created', 'kinds is [raw], [event] or [event, rekor]',
    [{ kinds: ['raw'] }, { kinds: ['event'] }, { kinds: ['event', 'rekor'] }],
    [{ kinds: ['rekor'] }, { kinds: ['raw', 'event'] }, { kinds: ['raw', 'rekor'] }]],
  ['ledger.created', 'keys have one checkpoint key and, where kinds has rekor, one rekor key; no id stands there twice',
    [{ kinds: ['event'], keys: [key('checkpoint', 1), key('release', 2)] }, { kinds: ['event', 'rekor'], keys: [key('checkpoint', 1), key('rekor', 2)] }],
    [{ kinds: ['event'], keys: [key('release', 2)] }, { kinds: ['event'], keys: [key('checkpoint', 1), key('checkpoint', 2)] },
      { kinds: ['event'], keys: [key('checkpoint', 1), key('rekor', 2)] }, { kinds: ['event', 'rekor'], keys: [key('checkpoint', 1)] },
      { kinds: ['event', 'rekor'], keys: [key('checkpoint', 1), key('rekor', 2), key('rekor', 3)] },
      { kinds: ['event'], keys: [key('checkpoint', 1), key('release', 1)] }]],
  ['ledger.created', 'public is a SubjectPublicKeyInfo of the algorithm, with an uncompressed point on P-256',
    [{ algorithm: 'ed25519', public: ed25519 }, { algorithm: 'ecdsa-p256', public: p256 }],
    [{ algorithm: 'ecdsa-p256', public: ed25519 }, { algorithm: 'ed25519', public: p256 }, { algorithm: 'ed25519', public: Uint8Array.of(...ed25519, 0) },
      { algorithm: 'ecdsa-p256', public: p256.subarray(0, 90) }, { algorithm: 'ecdsa-p256', public: p256.with(26, 2) },
      { algorithm: 'ed25519', public: ed25519.with(0, 0x31) }, { algorithm: 'ed25519', public: ed25519.with(11, 1) }]],
  ['ledger.restored', 'before is not larger than size', [{ before: 0, size: 1 }, { before: 2, size: 2 }], [{ before: 3, size: 2 }]],
  ['key.added', 'person is there exactly when the use is person',
    [{ key: { use: 'person' }, person: bytes(1) }, { key: { use: 'release' } }], [{ key: { use: 'person' } }, { key: { use: 'release' }, person: bytes(1) }]],
  ['key.rotated', 'from is another key than to.id', [{ from: bytes(1), to: { id: bytes(2) } }], [{ from: bytes(1), to: { id: bytes(1) } }]],
  ['trust.added', 'exactly one of key, identity and root', [{ key: {} }, { identity: bytes(1) }, { root: digest(1) }],
    [{}, { key: {}, root: digest(1) }, { key: {}, identity: bytes(1) }, { identity: bytes(1), root: digest(1) },
      { key: {}, identity: bytes(1), root: digest(1) }]],
  ['trust.added', 'from is not after to, and a root has neither',
    [{ root: digest(1) }, {}, { from: 1 }, { to: 1 }, { from: 1, to: 1 }, { from: 1, to: 2 }],
    [{ root: digest(1), from: 1 }, { root: digest(1), to: 1 }, { root: digest(1), from: 1, to: 2 }, { from: 2, to: 1 }]],
  ['attestation.recorded', 'code is there unless the outcome is holds',
    [{ outcome: 'holds' }, { outcome: 'holds', code: 'A' }, { outcome: 'fails', code: 'A' }],
    [{ outcome: 'fails' }, { outcome: 'open' }]],
  ['attestation.recorded', 'what holds, holds under a key or an identity',
    [{ outcome: 'fails' }, { outcome: 'holds', keys: [] }, { outcome: 'holds', identities: [] }, { outcome: 'holds', keys: [], identities: [] }],
    [{ outcome: 'holds' }]],
  ['vex.stated', 'not both signatures and authored', [{}, { signatures: [] }, { authored: {} }], [{ signatures: [], authored: {} }]],
  ['document.linked', 'at least one subject or vulnerability', [{ subjects: [] }, { vulnerabilities: [] }, { subjects: [], vulnerabilities: [] }], [{}]],
  ['evidence.superseded', 'at least one subject or vulnerability', [{ subjects: [] }, { vulnerabilities: [] }, { subjects: [], vulnerabilities: [] }], [{}]],
  ['waiver.requested', 'at least one of subjects and components', [{ subjects: [] }, { components: [] }, { subjects: [], components: [] }], [{}]],
  ['artifact.related', 'either digests or platforms', [{ digests: [] }, { platforms: [] }], [{}, { digests: [], platforms: [] }]],
  ['audit.payload_read', 'either digest or commitment', [{ digest: digest(1) }, { commitment: digest(1) }], [{}, { digest: digest(1), commitment: digest(1) }]],
  ['decision.recorded', 'codes are there exactly when the outcome is deny',
    [{ outcome: 'allow' }, { outcome: 'deny', codes: ['A_B'] }], [{ outcome: 'deny' }, { outcome: 'allow', codes: ['A_B'] }]],
  ['decision.recorded', 'what allows has published, entrypoints, input, result and counts',
    [{ outcome: 'deny' }, { outcome: 'deny', ...all }, { outcome: 'allow', ...all }], [{ outcome: 'allow' }, ...Object.keys(all).map(without)]],
  ['decision.recorded', 'findings and semantics.match are there together',
    [{ semantics: {} }, { findings: {}, semantics: { match: 1 } }], [{ findings: {}, semantics: {} }, { semantics: { match: 1 } }]],
  ['export.period_packed', 'from is not after to', [{ from: 1, to: 1 }, { from: 1, to: 2 }], [{ from: 2, to: 1 }]],
  ['export.period_packed', 'start is before end, and end not beyond the tree',
    [{ start: 0, end: 1, tree: { size: 1 } }, { start: 0, end: 1, tree: { size: 2 } }],
    [{ start: 1, end: 1, tree: { size: 1 } }, { start: 2, end: 1, tree: { size: 3 } }, { start: 0, end: 2, tree: { size: 1 } }]],
];

const shapesOf = (type: string): Shape[] => (type === 'envelope' ? [envelope.shape] : EVENTS[type as EventName].map(({ data }) => data.shape));

describe('rules', () => {
  test.each(CASES)('%s: %s', (type, says, good, bad) => {
    const rules = shapesOf(type).flatMap(rulesOf).filter((rule) => rule.says === says);
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) {
      for (const value of good) expect(rule.holds(value as never), JSON.stringify(value)).toBe(true);
      for (const value of bad) expect(rule.holds(value as never), JSON.stringify(value)).toBe(false);
    }
  });

  test('none is left out', () => {
    const asked = new Set(CASES.map(([, says]) => says));
    const every = ['envelope', ...Object.keys(EVENTS)].flatMap((type) => shapesOf(type).flatMap(rulesOf)).map(({ says }) => says);
    expect(every.filter((says) => !asked.has(says))).toEqual([]);
  });
});

describe('names that only one family has', () => {
  const field = (type: EventName, ...path: string[]): Shape =>
    path.reduce((shape, name) => {
      const map = shape.kind === 'array' ? shape.of : shape;
      return ((map as Shape & { kind: 'map' }).fields[name] as { shape: Shape }).shape;
    }, shapesOf(type)[0] as Shape);
  const accepts = (shape: Shape, text: string) => compile({ shape } as Schema<unknown>).check(text) === null;

  test('sources of advisories', () => {
    const source = field('feed.imported', 'sources', 'name');
    for (const good of ['ghsa', 'nvd-2.0', '7', `a${'.'.repeat(62)}`]) {
      expect([accepts(source, good), accepts(source, `\n${good}`), accepts(source, `${good}\n`)], good).toEqual([true, false, false]);
    }
    for (const bad of ['', '-a', '.a', 'GHSA', 'a b', `a${'.'.repeat(63)}`]) expect(accepts(source, bad), bad).toBe(false);
  });

  test('versions of the engine', () => {
    const engine = field('scan.completed', 'engine');
    for (const good of ['0.1.0', '1.0.0-rc.1', '999999.999999.999999', `1.0.0-${'a'.repeat(32)}`]) {
      expect([accepts(engine, good), accepts(engine, `\n${good}`), accepts(engine, `${good}\n`)], good).toEqual([true, false, false]);
    }
    for (const bad of ['1.0', '1.0.0-', '1.0.0-RC', '1.0.0+1', '1000000.0.0', '1.1000000.0', '1.0.1000000', `1.0.0-${'a'.repeat(33)}`, 'v1.0.0',
      '1x0.0', '1.0x0', '.0.0',
      '1..0', '1.0.']) {
      expect(accepts(engine, bad), bad).toBe(false);
    }
  });

  test('a size is padded from 1,024 on', () => {
    expect([0, 1024, 1025, 2048, 2049].map(paddedSize)).toEqual([1024, 1024, 2048, 2048, 4096]);
  });
});
