// Waivers: the instant they end, who may approve, what each act does, and which findings a scope covers.
import { describe, expect, test } from 'vitest';
import {
  activeWaivers, covers, waiverState, waiverStates, WAIVER_CODES, type ActProof, type KeyOf, type WaiverState,
} from '../../projections/active-waivers.ts';
import type { Waiver } from '../../projections/waiver.ts';
import { actOf, bytesOf, keyOf, ledgerKey, waiverOf } from './documents.ts';

/** The ledger's own key for attestations, which is 0 all over; no key of a person. */
const noKeys: KeyOf = (id) => (id[0] === 0 ? ledgerKey() : null);
const proof = (keyOf: KeyOf = noKeys, holds: ActProof['holds'] = () => true): ActProof => ({ keyOf, holds });
const approved = (more: Partial<Waiver> = {}) => waiverOf(10, { approvals: [actOf(11, 2)], ...more });
/** Under every semantics, where all signatures hold. */
const codeAt = (waiver: Waiver, t: number, keys = noKeys) => {
  const codes = [1, 2, 3].map((semantics) => codeOf(waiverState(waiver, t, proof(keys), semantics)));
  expect(new Set(codes).size).toBe(1);
  return codes[0];
};
const codeOf = (state: WaiverState) => (state.active ? 'active' : state.code);

describe('a waiver', () => {
  test.each([
    [4999, 'active'],
    [5000, 'WAIVER_EXPIRED'],
    [5001, 'WAIVER_EXPIRED'],
  ])('that expires at 5000 is at %i %s', (t, code) => {
    expect(codeAt(approved(), t)).toBe(code);
  });

  test.each<[string, Partial<Waiver>, string]>([
    ['nobody approved', { approvals: [] }, 'WAIVER_NOT_APPROVED'],
    ['who asked approved', { approvals: [actOf(11, 1)] }, 'WAIVER_SELF_APPROVED'],
    ['who asked approved twice', { approvals: [actOf(11, 1), actOf(12, 1)] }, 'WAIVER_SELF_APPROVED'],
    ['who asked approved, then another', { approvals: [actOf(11, 1), actOf(12, 2)] }, 'active'],
    ['one other approved twice', { approvals: [actOf(11, 2), actOf(12, 2)] }, 'active'],
    ['no person approved', { approvals: [{ ...actOf(11, 2), by: { kind: 'ledger', auth: 'self' } }] }, 'WAIVER_KEY_WRONG'],
    ['no person asked', { by: { kind: 'public', auth: 'none' } }, 'WAIVER_KEY_WRONG'],
    ['it was rejected before', { rejections: [actOf(11, 3)], approvals: [actOf(12, 2)] }, 'WAIVER_REJECTED'],
    ['it was rejected after', { rejections: [actOf(12, 3)] }, 'WAIVER_REJECTED'],
    ['it was revoked', { revocations: [actOf(12, 1)] }, 'WAIVER_REVOKED'],
    ['it was revoked and rejected', { revocations: [actOf(13, 1)], rejections: [actOf(12, 3)] }, 'WAIVER_REVOKED'],
  ])('%s', (_, more, code) => {
    expect(codeAt(approved(more), 2000)).toBe(code);
    if (code !== 'active') expect(WAIVER_CODES).toContain(code);
  });

  test.each([
    ['as long as is taken', 4000, 'active'],
    ['longer', 3999, 'WAIVER_TOO_LONG'],
    ['and none is taken', Number.NEGATIVE_INFINITY, 'WAIVER_TOO_LONG'],
  ])('that lasts from 1000 to 5000, %s, counts from semantics 3 on so', (_, lastsMax, code) => {
    const codes = [1, 2, 3].map((semantics) => codeOf(waiverState(approved({ at: 1000 }), 4999, proof(), semantics, lastsMax)));
    expect(codes).toEqual(['active', 'active', code]);
    expect(codeOf(waiverState(approved({ at: 1000 }), 5000, proof(), 3, lastsMax))).toBe('WAIVER_EXPIRED');
  });

  test('of break-glass needs a second person all the same', () => {
    expect(codeAt(approved({ breakGlass: true, approvals: [] }), 2000)).toBe('WAIVER_NOT_APPROVED');
  });
});

describe('a signed act', () => {
  const signed = (entry: number, person: number, key: number) => actOf(entry, person, { assurance: 'signed', key: bytesOf(key) });
  const waiver = (approval = signed(11, 2, 22)) => waiverOf(10, { ...signed(10, 1, 21), id: 'w', approvals: [approval] });
  const keys = (more: object = {}): KeyOf => (id) => (id[0] === 21 ? keyOf(21, 1) : id[0] === 22 ? keyOf(22, 2, more) : noKeys(id));

  test('counts under its person\'s key', () => expect(codeAt(waiver(), 2000, keys())).toBe('active'));

  test.each<[string, object]>([
    ['another person\'s', { person: bytesOf(3, 16) }],
    ['nobody\'s', { person: undefined }],
    ['not there yet', { added: { entry: 11, at: 1 } }],
    ['never added', { added: undefined }],
    ['ended at its place', { ended: { entry: 9, at: 1, lastSize: 11 } }],
  ])('does not under a key that is %s', (_, more) => expect(codeAt(waiver(), 2000, keys(more))).toBe('WAIVER_KEY_WRONG'));

  test('counts under a key that ended later', () => {
    expect(codeAt(waiver(), 2000, keys({ ended: { entry: 12, at: 1, lastSize: 12 } }))).toBe('active');
  });

  test('does not under an unknown key, the request\'s too', () => {
    expect(codeAt(waiver(), 2000, noKeys)).toBe('WAIVER_KEY_WRONG');
    expect(codeAt(waiver(), 2000, (id) => (id[0] === 22 ? keyOf(22, 2) : null))).toBe('WAIVER_KEY_WRONG');
  });

  test('of two names with one key is one person', () => {
    const one: KeyOf = () => keyOf(21, 1);
    expect(codeAt(waiver(signed(11, 1, 21)), 2000, one)).toBe('WAIVER_SELF_APPROVED');
    const both = waiverOf(10, { ...signed(10, 1, 21), id: 'w', approvals: [signed(11, 2, 21)] });
    for (const semantics of [1, 2]) {
      let asked = 0;
      const twoNames: KeyOf = () => keyOf(21, (asked += 1));
      expect(codeOf(waiverState(both, 2000, proof(twoNames), semantics))).toBe('WAIVER_SELF_APPROVED');
    }
  });

  test.each<[string, number[], string]>([
    ['all hold', [10, 11, 12], 'active'],
    ['the request\'s does not', [11, 12], 'WAIVER_SIGNATURE_WRONG'],
    ['no approval\'s does', [10], 'WAIVER_SIGNATURE_WRONG'],
    ['one approval\'s does', [10, 12], 'active'],
    ['only that of who asked does', [10, 13], 'WAIVER_SELF_APPROVED'],
  ])('counts from semantics 2 on only where its signature holds: %s', (_, holding, code) => {
    const asked = { ...waiver(), approvals: [signed(11, 2, 22), signed(12, 2, 22), signed(13, 1, 21)] };
    const judged = proof(keys(), ({ entry }) => holding.includes(entry));
    expect([1, 2].map((semantics) => codeOf(waiverState(asked, 2000, judged, semantics)))).toEqual(['active', code]);
  });

  test('closes whatever its signature is worth', () => {
    const none = proof(keys(), () => false);
    expect(codeOf(waiverState({ ...waiver(), revocations: [signed(12, 2, 22)] }, 2000, none))).toBe('WAIVER_REVOKED');
    expect(codeOf(waiverState({ ...waiver(), rejections: [signed(12, 2, 22)] }, 2000, none))).toBe('WAIVER_REJECTED');
  });

  test('beside an asserted one: the ledger\'s key says nothing of who is who', () => {
    expect(codeAt(waiverOf(10, { approvals: [actOf(11, 2)] }), 2000)).toBe('active');
    expect(codeAt(waiver(actOf(11, 2)), 2000, keys())).toBe('active');
    // What the ledger asserts, it signs with its own key: until semantics 2 nobody asked with which.
    const asserted = waiver(actOf(11, 2, { key: bytesOf(21) }));
    expect([1, 2].map((semantics) => codeOf(waiverState(asserted, 2000, proof(keys()), semantics)))).toEqual(['active', 'WAIVER_KEY_WRONG']);
  });
});

describe('several waivers', () => {
  test('overlapping ones stand each for itself, once, in the order of the log', () => {
    const [one, other, third] = [approved(), waiverOf(20, { approvals: [actOf(21, 2)], expires: 3000 }), waiverOf(30)];
    const documents = [{ waivers: [one, other] }, { waivers: [third, one] }];
    expect(activeWaivers(documents, 2999, proof()).map(({ entry }) => entry)).toEqual([10, 20]);
    expect(activeWaivers(documents, 3000, proof()).map(({ entry }) => entry)).toEqual([10]);
    expect(activeWaivers(documents, 5000, proof())).toEqual([]);
    const codes = waiverStates(documents, 3000, proof()).map((state) => (state.active ? 'active' : state.code));
    expect(codes).toEqual(['active', 'WAIVER_EXPIRED', 'WAIVER_NOT_APPROVED']);
  });

  test('semantics that nobody knows are a bug of the caller', () => {
    expect(() => waiverState(approved(), 2000, proof(), 4)).toThrow(RangeError);
  });
});

describe('a scope', () => {
  const finding = { ids: ['GHSA-1', 'CVE-2026-0001'], artifact: bytesOf(4), purl: 'pkg:npm/left-pad@1.3.0' };
  const components = (purl: string, versions?: string) => ({ components: [{ purl, ...(versions === undefined ? {} : { versions }) }] });

  test.each<[string, Partial<Waiver> & { noSubjects?: true }, boolean]>([
    ['of the artifact', {}, true],
    ['of another artifact', { subjects: [bytesOf(5)] }, false],
    ['of another vulnerability', { vulnerabilities: ['CVE-2026-0002'] }, false],
    ['of an alias among others', { vulnerabilities: ['CVE-2026-0009', 'GHSA-1'] }, true],
    ['of the component in it', components('pkg:npm/left-pad'), true],
    ['of another component in it', components('pkg:npm/right-pad'), false],
    ['of the component in any artifact', { noSubjects: true, ...components('pkg:npm/left-pad') }, true],
    ['of versions with this one', components('pkg:npm/left-pad', 'vers:npm/>=1.0.0|<1.3.1'), true],
    ['of versions before it', components('pkg:npm/left-pad', 'vers:npm/<1.3.0'), false],
    ['of versions up to it', components('pkg:npm/left-pad', 'vers:npm/<=1.3.0'), true],
    ['of versions in an order of others', components('pkg:npm/left-pad', 'vers:deb/<=1.3.0'), false],
  ])('%s', (_, { noSubjects, ...more }, is) => {
    const waiver: Waiver = waiverOf(10, more);
    if (noSubjects) delete waiver.subjects;
    expect(covers(waiver, finding)).toBe(is);
  });

  test('of components covers nothing without a purl', () => {
    expect(covers(waiverOf(10, components('pkg:npm/left-pad')), { ...finding, purl: null })).toBe(false);
    expect(covers(waiverOf(10), { ...finding, purl: null })).toBe(true);
  });
});
