// A score's severity in words: apart from the calculator, which a scan does not load.

/** NONE, LOW, MEDIUM, HIGH or CRITICAL as CVSS v3 and v4 name them; v2 has no CRITICAL. */
export type Severity = 'NONE' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL' | 'UNKNOWN';

/** CVSS v3.1 §5 and v4.0 §6 ("Qualitative Severity Rating Scale"); v2 after NVD's scale, which knows no CRITICAL. */
export function severityOf(type: string, score: string): Severity {
  const value = Number(score);
  if (type === 'CVSS_V2') return value >= 7 ? 'HIGH' : value >= 4 ? 'MEDIUM' : 'LOW';
  return value >= 9 ? 'CRITICAL' : value >= 7 ? 'HIGH' : value >= 4 ? 'MEDIUM' : value > 0 ? 'LOW' : 'NONE';
}
