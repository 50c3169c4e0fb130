// How advisories write the names that people type.

/** CVE and GHSA stand in capitals there: in another spelling what is said or accepted is about nothing that is ever found. */
export function asAdvisoriesWrite(id: string): string {
  return id.replace(/^(?:cve|ghsa)-/i, (start) => start.toUpperCase());
}
