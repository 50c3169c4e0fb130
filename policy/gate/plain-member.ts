// A plain finding's member (findings.ts) in its other two forms: as it is written, and as policies see it. None of its texts needs an escape.
import { fromPlain, RegoObject, type Layouts, type Value } from '../index.ts';
import type { FindingMember } from './findings.ts';

/** A plain member's canonical JSON (RFC 8785): as `JSON.stringify` writes it, in half the time. */
export function writePlain(member: FindingMember): string {
  const { aliases, conflicts, entry_trace, epss, exploitability, fingerprint, fixed_versions, id, kev, outcome, path, purl, score, severity, waived } = member;
  if (epss === undefined || path === undefined || score === undefined) return JSON.stringify(member);
  return `{"aliases":${writeTexts(aliases)},"conflicts":${writeTexts(conflicts)},"entry_trace":"${entry_trace}","epss":${epss},`
    + `"exploitability":"${exploitability}","fingerprint":"${fingerprint}","fixed_versions":${writeTexts(fixed_versions)},"id":"${id}","kev":${kev},`
    + `"outcome":"${outcome}","path":"${path}","purl":"${purl}","score":${score},"severity":"${severity}","waived":${waived}}`;
}

/** A plain member as policies see it: as `fromPlain` makes it, in a quarter of the time. */
export function plainValue(member: FindingMember, layouts: Layouts): Value {
  const { aliases, conflicts, entry_trace, epss, exploitability, fingerprint, fixed_versions, id, kev, outcome, path, purl, score, severity, waived } = member;
  const layout = epss === undefined || path === undefined || score === undefined ? null : layouts.of(MEMBER_KEYS);
  if (layout === null) return fromPlain(member, layouts, true);
  return RegoObject.laidOut(layout, [
    aliases, conflicts, entry_trace, fromPlain(epss, layouts), exploitability, fingerprint, fixed_versions, id, kev, outcome, path as string, purl,
    fromPlain(score, layouts), severity, waived,
  ]);
}

const MEMBER_KEYS = [
  'aliases', 'conflicts', 'entry_trace', 'epss', 'exploitability', 'fingerprint', 'fixed_versions', 'id', 'kev', 'outcome', 'path', 'purl', 'score', 'severity',
  'waived',
] as const satisfies readonly (keyof FindingMember)[];

const writeTexts = (texts: readonly string[]): string => (texts.length === 0 ? '[]' : `["${texts.length === 1 ? texts[0] : texts.join('","')}"]`);
