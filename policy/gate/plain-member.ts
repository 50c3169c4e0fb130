// A plain finding's member (findings.ts) as policies see it.
import { fromPlain, RegoObject, type Layouts, type Value } from '../index.ts';
import type { FindingMember } from './findings.ts';

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
