// Entries, read: kinds by the first byte, bounds, what a refusal tells to do, and bodies in the manner of Rekor.
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { readEvent, sealedEvidenceOf } from '../../ledger/events/entry.ts';
import type { Envelope } from '../../ledger/events/envelope.ts';
import { checkRekorBody, decodeEnvelope, decodeEvent, encodeCbor, expectedSameAs, kindOf, type CborMap } from '../../ledger/events/index.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { codeOf, families, type FamilyVectors } from './vectors.ts';

function refused(act: () => unknown): { code: string; message: string; position: number | null; hint: string | null } {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError) return { code: error.code, message: error.message, position: error.position, hint: error.hint };
    throw error;
  }
  throw new Error('accepted');
}

const event = (family: string, holds: (event: CborMap) => boolean): CborMap =>
  ((families.get(family) as FamilyVectors).golden.find((one) => holds(one.event)) as { event: CborMap }).event;
const without = (map: CborMap, key: string): CborMap => Object.fromEntries(Object.entries(map).filter(([one]) => one !== key));
const payloadsOf = (one: CborMap) => (one.payloads ?? []) as readonly CborMap[];
const sealed = (one: CborMap) => payloadsOf(one).some(({ role, commitment }) => role === 'document' && commitment !== undefined);
const stored = event('document', ({ sameAs }) => sameAs !== undefined);
const hint = 'read it with a newer version of Stella Ledger';

describe('kinds', () => {
  test.each([
    [[], null], [[0xa0], null], [[0xa1], 'event'], [[0xb7], 'event'], [[0xb8], null], [[0x7a], null], [[0x7b], 'rekor'], [[0x7c], null], [[0xff], null],
  ])('of %j', (bytes, kind) => {
    expect(kindOf(Uint8Array.from(bytes))).toBe(kind);
  });

  test('the largest entry is read', () => {
    expect(codeOf(() => decodeEnvelope(new Uint8Array(65_535)))).toBe('ENTRY_KIND_UNKNOWN');
    expect(codeOf(() => decodeEnvelope(new Uint8Array(65_536)))).toBe('INPUT_TOO_LARGE');
    expect(refused(() => decodeEnvelope(Uint8Array.of(0)))).toMatchObject({ code: 'ENTRY_KIND_UNKNOWN', position: 0 });
  });
});

describe('what is of a later time', () => {
  test.each<[string, CborMap, string]>([
    ['an envelope', { ...stored, v: 2 }, 'EVENT_VERSION_UNKNOWN'],
    ['a version of its data', { ...stored, schema: 2 }, 'EVENT_VERSION_UNKNOWN'],
    ['a type', { ...stored, type: 'document.dreamt' }, 'EVENT_UNKNOWN'],
  ])('%s is refused with what to do', (_, later, code) => {
    expect(refused(() => decodeEvent(encodeCbor(later)))).toMatchObject({ code, hint });
  });

  test.each([[0], [-1], ['1'], [true]])('an envelope of version %j is none', (v) => {
    expect(codeOf(() => decodeEvent(encodeCbor({ ...stored, v })))).toBe('EVENT_INVALID');
  });
});

describe('what an event must carry', () => {
  test('evidence its sameAs, and nothing else one', () => {
    expect(refused(() => decodeEvent(encodeCbor(without(stored, 'sameAs'))))).toMatchObject({
      code: 'EVENT_INVALID', message: 'Cannot accept document.stored: no sameAs',
    });
    const other = { ...event('document', sealed), sameAs: new Uint8Array(16) };
    expect(refused(() => decodeEvent(encodeCbor(other)))).toMatchObject({
      code: 'EVENT_INVALID', message: 'Cannot accept document.stored: a sameAs, which only evidence that is not sealed has',
    });
    const ended = event('ledger', ({ type }) => type === 'ledger.ended');
    expect(codeOf(() => decodeEvent(encodeCbor({ ...ended, sameAs: new Uint8Array(16) })))).toBe('EVENT_INVALID');
  });

  test('each stream that follows from its data, in their order', () => {
    const assigned = event('contract', ({ streams }) => (streams as readonly CborMap[]).length > 1);
    const streams = assigned.streams as readonly CborMap[];
    expect(codeOf(() => decodeEvent(encodeCbor(assigned)))).toBe('accepted');
    for (const wrong of [
      ...streams.map((_, at) => streams.map((tag, i) => (i === at ? { ...tag, name: 'ledger' } : tag))),
      streams.toReversed(), streams.slice(1), [...streams, { name: 'ledger', version: 1 }],
    ]) expect(codeOf(() => decodeEvent(encodeCbor({ ...assigned, streams: wrong })))).toBe('EVENT_STREAMS_WRONG');
    expect(refused(() => decodeEvent(encodeCbor({ ...assigned, streams: streams.slice(1) }))).message).toBe(
      `Cannot accept ${String(assigned.type)}: its streams do not follow from its data, expected ${streams.map(({ name }) => String(name)).join(' ')}`,
    );
  });

  test('an event of the newest version is not copied', () => {
    const decoded = decodeEnvelope(encodeCbor(stored));
    expect(readEvent(decoded)).toBe(decoded);
  });

  test('sealed evidence is told from what is not sealed, and from what is no evidence', () => {
    const open = decodeEnvelope(encodeCbor(stored));
    const closed = event('document', sealed);
    const decoded = decodeEnvelope(encodeCbor(closed));
    const document = payloadsOf(closed).find(({ role }) => role === 'document') as { commitment: [string, Uint8Array] };
    const [, commitment] = document.commitment;
    expect(sealedEvidenceOf(decoded)).toEqual({ subjects: (closed.data as CborMap).subjects, role: 'document', commitment });
    const [facts] = payloadsOf(stored).map((one) => ({ ...one, role: 'facts' }));
    expect(sealedEvidenceOf({ ...decoded, payloads: [facts, ...(decoded.payloads ?? [])] } as unknown as Envelope)?.commitment).toEqual(commitment);
    expect([sealedEvidenceOf(open), expectedSameAs(decoded, sha256), expectedSameAs(open, sha256)]).toEqual([null, null, stored.sameAs]);
    const ended = decodeEnvelope(encodeCbor(event('ledger', ({ type }) => type === 'ledger.ended')));
    expect([sealedEvidenceOf(ended), expectedSameAs(ended, sha256)]).toEqual([null, null]);
    expect(sealedEvidenceOf({ ...decoded, payloads: undefined } as unknown as Envelope)).toBe(null);
  });
});

describe('payloads', () => {
  const payload = (role: string, more: object = {}) =>
    ({ role, size: 1024, media: 'text/plain', digest: ['sha256', new Uint8Array(32).fill(role.length)], ...more });
  const asSealed = { digest: undefined, commitment: ['sha256', new Uint8Array(32).fill(9)] };
  const plain = (map: object): CborMap => Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined)) as CborMap;
  const packed = event('export', ({ type }) => type === 'export.packed');
  const person = { kind: 'person', auth: 'oidc', person: new Uint8Array(16) };
  const read = (of: CborMap, payloads: readonly object[], by: object = { kind: 'public', auth: 'none' }) => {
    const decoded = { ...of, by, payloads: payloads.map(plain) } as unknown as Envelope;
    try {
      readEvent(decoded);
    } catch (error) {
      if (error instanceof LedgerError) return error.message.replace(/^Cannot accept [a-z_.]+: /, '');
      throw error;
    }
    return 'accepted';
  };
  const pack = [payload('manifest'), payload('signature')];

  test.each<[string, readonly object[], object | undefined, string]>([
    ['all that must be there', pack, undefined, 'accepted'],
    ['many, where many may be', [...pack, payload('material'), payload('material', { size: 2 })], undefined, 'accepted'],
    ['one that is missing', [payload('manifest')], undefined, 'a payload of role "signature" is missing'],
    ['the other one missing', [payload('signature')], undefined, 'a payload of role "manifest" is missing'],
    ['two where one may be', [...pack, payload('manifest', { size: 2 })], undefined, 'two payloads of role "manifest"'],
    ['one that has no place', [...pack, payload('facts')], undefined, 'a payload of role "facts" has no place in it'],
    ['one that is named as every object has it', [...pack, payload('constructor')], undefined, 'a payload of role "constructor" has no place in it'],
    ['a sealed one where none may be', [payload('manifest', asSealed), payload('signature')], undefined, 'the payload of role "manifest" must not be sealed'],
    ['an authorisation of nobody', [...pack, payload('authorisation')], undefined, 'a payload of role "authorisation" has no place in it'],
    ['an authorisation of a person', [...pack, payload('authorisation')], person, 'accepted'],
    ['a sealed authorisation', [...pack, payload('authorisation', asSealed)], person, 'accepted'],
    ['two authorisations', [...pack, payload('authorisation'), payload('authorisation', { size: 2 })], person, 'two payloads of role "authorisation"'],
  ])('%s', (_, payloads, by, expected) => {
    expect(read(packed, payloads, by)).toBe(expected);
  });

  test('what a person wrote is sealed', () => {
    const held = event('payload', ({ type }) => type === 'payload.hold_released');
    expect(read(held, [payload('justification', asSealed)])).toBe('accepted');
    expect(read(held, [payload('justification')])).toBe('the payload of role "justification" must be sealed');
    expect(read(held, [])).toBe('accepted');
  });
});

describe('bodies in the manner of Rekor', () => {
  test.each([
    ['{}', 'accepted'],
    ['{"a":1,"b":[]}', 'accepted'],
    ['{"b":[],"a":1}', 'INPUT_NOT_CANONICAL'],
    ['{"a":1 }', 'INPUT_NOT_CANONICAL'],
    ['[]', 'ENTRY_KIND_UNKNOWN'],
    ['"a"', 'ENTRY_KIND_UNKNOWN'],
    ['{', 'INPUT_MALFORMED'],
    [`{"a":"${'x'.repeat(65_535 - 8)}"}`, 'accepted'],
    [`{"a":"${'x'.repeat(65_535 - 7)}"}`, 'INPUT_TOO_LARGE'],
  ])('%.20s', (text, code) => {
    expect(codeOf(() => checkRekorBody(encodeUtf8(text)))).toBe(code);
  });
});
