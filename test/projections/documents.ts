// Documents for tests, made as folds make them, with only what a test is about.
import type { DataOf } from '../../ledger/events/index.ts';
import type { VexPointer } from '../../projections/evidence.ts';
import type { KeyDocument } from '../../projections/key.ts';
import type { TrustDocument, TrustedEntry } from '../../projections/trust.ts';
import type { Waiver, WaiverAct } from '../../projections/waiver.ts';

export const bytesOf = (fill: number, length = 32) => new Uint8Array(length).fill(fill);
export const personOf = (fill: number) => ({ kind: 'person', auth: 'token', person: bytesOf(fill, 16) }) as const;

export function actOf(entry: number, person: number, more: Partial<WaiverAct> = {}): WaiverAct {
  return { entry, at: 1000 + entry, by: personOf(person), assurance: 'asserted', key: bytesOf(0), statement: bytesOf(9), ...more };
}

export function waiverOf(entry: number, more: Partial<Waiver> = {}): Waiver {
  return {
    ...actOf(entry, 1), id: `w-${entry}`, vulnerabilities: ['CVE-2026-0001'], subjects: [bytesOf(4)], owner: bytesOf(1, 16), expires: 5000, breakGlass: false,
    responses: ['will_not_fix'], approvals: [], rejections: [], revocations: [], ...more,
  };
}

/** A person's key, which is `fill` all over. */
export function keyOf(fill: number, person: number, more: Partial<KeyDocument> = {}): KeyDocument {
  return { last: 1, id: bytesOf(fill), person: bytesOf(person, 16), added: { entry: 1, at: 1 }, ...more };
}

/** The ledger's key for what it asserts: the one that `actOf` names. */
export function ledgerKey(): KeyDocument {
  return { last: 0, id: bytesOf(0), record: { id: bytesOf(0), use: 'attestation', algorithm: 'ed25519', public: bytesOf(0, 44) }, added: { entry: 0, at: 0 } };
}

export function trustOf(...entries: Partial<TrustedEntry>[]): TrustDocument {
  return { last: 1, entries: entries.map((entry, i) => ({ entry: i, at: 1, by: personOf(1), ...entry })) };
}

export const holdsUnder = (fill: number): DataOf<'attestation.recorded'>['signatures'][number] => ({ outcome: 'holds', keys: [['sha256', bytesOf(fill)]] });

export function vexPointerOf(entry: number, more: Partial<VexPointer> = {}): VexPointer {
  return {
    entry, at: 1000 + entry, by: personOf(1), facts: bytesOf(entry), semantics: 1, deviations: 0, format: 'openvex', statements: 1,
    vulnerabilities: ['CVE-2026-0001'], signatures: [holdsUnder(7)], ...more,
  };
}
