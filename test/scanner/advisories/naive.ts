// OSV's rule read naively, as the schema's pseudocode stands: the oracle for our prepared evaluation. Knows nothing of it.
import { schemeOf } from '../../../scanner/advisories/ecosystems.ts';
import { EVENT_KINDS, type OsvAffected, type OsvEvent, type OsvRange } from '../../../scanner/advisories/osv.ts';
import { SCHEMES, type Scheme } from '../../../scanner/versions/index.ts';

/** Whether the version is in `versions`, or in one of the ranges. @param version - spelled as the record spells versions */
export function naiveAffected(affected: OsvAffected, ecosystem: string, version: string): boolean {
  return (affected.versions ?? []).includes(version) || (affected.ranges ?? []).some((range) => naiveInRange(range, ecosystem, version));
}

function naiveInRange(range: OsvRange, ecosystem: string, version: string): boolean {
  const scheme = range.type === 'SEMVER' ? SCHEMES.semver : range.type === 'ECOSYSTEM' ? schemeOf(ecosystem) : null;
  if (scheme === null) return false;
  const limits = range.events.flatMap(({ limit }) => (limit === undefined ? [] : [limit]));
  if (limits.length > 0 && !limits.some((limit) => limit === '*' || scheme.compare(version, limit) < 0)) return false;
  let vulnerable = false;
  for (const event of range.events.toSorted((a, b) => compareBounds(scheme, boundOf(a), boundOf(b)))) {
    if (event.introduced !== undefined && (event.introduced === '0' || scheme.compare(version, event.introduced) >= 0)) vulnerable = true;
    else if (event.fixed !== undefined && scheme.compare(version, event.fixed) >= 0) vulnerable = false;
    else if (event.last_affected !== undefined && scheme.compare(version, event.last_affected) > 0) vulnerable = false;
  }
  return vulnerable;
}

function boundOf(event: OsvEvent): string {
  return event[EVENT_KINDS.find((kind) => event[kind] !== undefined) ?? 'introduced'] ?? '0';
}

function compareBounds(scheme: Scheme, a: string, b: string): number {
  if (a === '0' || b === '0') return Number(b === '0') - Number(a === '0');
  return scheme.compare(a, b);
}
