// Drafts of VEX from a SARIF log and a reviewed policy: nothing here goes on record.
import { draftVex, judgedOfSarif, readVexPolicy, type Draft } from '../scanner/index.ts';
import type { VexProduct, VexStatement } from '../evidence/index.ts';
import { writeOpenvex } from '../evidence/vex/openvex/write.ts';
import { VULNERABILITY } from './plan-evidence.ts';
import { aboutOf } from './vex.ts';

/** Ids of advisories: a source's name, then a year and a number, or GitHub's, Debian's and Alpine's own shapes. `CWE-79` is none. */
const ADVISORY = /^(?:[A-Za-z]+(?:-[A-Za-z]+)*-(?:19|20)\d\d[-:]\d+|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|D[LST]A-\d+(?:-\d+)?)/;

/** @throws {LedgerError} VEX_POLICY_INVALID; the codes of `parseJson` */
export function draftFromSarif(sarif: Uint8Array, policy: Uint8Array, product: VexProduct): Draft {
  const rules = readVexPolicy(policy);
  return draftVex(judgedOfSarif(sarif, (rule) => VULNERABILITY.test(rule) && ADVISORY.test(rule)), rules, product);
}

/** A draft as OpenVEX, by nobody yet: whoever states it becomes its author. @param now - milliseconds since 1970 @param random - 16 bytes */
export function writeDraft(statements: readonly VexStatement[], now: number, random: Uint8Array): Uint8Array {
  return writeOpenvex(statements, aboutOf('draft.invalid', { by: { kind: 'public', auth: 'none' } }, now, random));
}
