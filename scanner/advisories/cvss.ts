// CVSS scores computed from vectors (v2, v3.0, v3.1, v4.0), once, when a snapshot is built.
import calculator from 'ae-cvss-calculator';
import type { OsvRecord, OsvSeverity } from './osv.ts';

export interface Score {
  /** OSV's word: `CVSS_V2`, `CVSS_V3`, `CVSS_V4`. */
  readonly type: string;
  readonly vector: string;
  /** With one decimal, such as `9.8`: text, so that no reader can turn it into another number. */
  readonly score: string;
}

const VECTOR_MAX = 512;

/** The base score of a vector; null where it is no complete vector of its version. */
export function cvssScore(type: string, vector: string): string | null {
  if (vector.length > VECTOR_MAX) return null;
  const made = vectorOf(type, vector);
  if (made === null || !made.isBaseFullyDefined()) return null;
  const score = made.calculateScores(false).overall;
  return typeof score === 'number' && Number.isFinite(score) && score >= 0 && score <= 10 ? score.toFixed(1) : null;
}

function vectorOf(type: string, vector: string) {
  const { Cvss2, Cvss3P0, Cvss3P1, Cvss4P0 } = calculator;
  try {
    if (type === 'CVSS_V2') return wellFormed(vector.replace(/^\(|\)$/g, ''), '') ? new Cvss2(vector.replace(/^\(|\)$/g, '')) : null;
    if (type === 'CVSS_V3' && wellFormed(vector, 'CVSS:3.1/')) return new Cvss3P1(vector);
    if (type === 'CVSS_V3' && wellFormed(vector, 'CVSS:3.0/')) return new Cvss3P0(vector);
    if (type === 'CVSS_V4' && wellFormed(vector, 'CVSS:4.0/')) return new Cvss4P0(vector);
  } catch {
    // The library throws on what it cannot read; a score we cannot compute is none, and the vector stays in the record.
  }
  return null;
}

/** `AV:N/AC:L/…`, each metric once. */
function wellFormed(vector: string, prefix: string): boolean {
  if (!vector.startsWith(prefix)) return false;
  const metrics = vector.slice(prefix.length).split('/');
  const names = metrics.map((metric) => metric.split(':', 1)[0]);
  return metrics.every((metric) => /^[A-Za-z]{1,3}:[A-Za-z]{1,8}$/.test(metric)) && new Set(names).size === names.length;
}

/** The scores of a record's own severities and of its packages', each vector once, newest CVSS first. */
export function scoresOf(record: OsvRecord): Score[] {
  const all: readonly OsvSeverity[] = [...(record.severity ?? []), ...(record.affected ?? []).flatMap(({ severity }) => severity ?? [])];
  const vectors = new Map(all.map(({ type, score }) => [`${type} ${score}`, { type, vector: score }]));
  return [...vectors.values()].flatMap(({ type, vector }) => {
    const score = cvssScore(type, vector);
    return score === null ? [] : [{ score, type, vector }];
  }).sort((a, b) => (a.type === b.type ? (a.vector < b.vector ? -1 : 1) : a.type > b.type ? -1 : 1));
}
