// One model for what a checking program found, whichever program it was.

export interface ReportResult {
  /** The rule, check or vulnerability id. */
  readonly rule: string;
  /** `error`, `warning`, `note` or `none` (SARIF's words), from the report's own severity. */
  readonly level: 'error' | 'warning' | 'note' | 'none';
  /** `fail`, `pass`, `open`, `review`, `notApplicable`, `informational` (SARIF's kinds). */
  readonly kind: string;
  /** The report's own word for how bad it is. */
  readonly severity: string | null;
  /** The package it is about. */
  readonly purl: string | null;
  readonly packageName: string | null;
  readonly packageVersion: string | null;
  /** Where: a file path or URI, and a line. */
  readonly path: string | null;
  readonly line: number | null;
  /** What makes results of two runs comparable. */
  readonly fingerprint: string | null;
  readonly suppressed: boolean;
}

export interface Report {
  readonly tool: string;
  readonly toolVersion: string | null;
  /** Digests of what was looked at, by algorithm. */
  readonly subjects: readonly (readonly [algorithm: string, hex: string])[];
  readonly results: readonly ReportResult[];
}
