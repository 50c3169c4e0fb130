// Documents as the scanner takes them: the components of a bill of materials, the results of another scanner's report.
import { clip, LedgerError } from '../ledger/errors.ts';
import { parseFacts } from '../evidence/facts.ts';
import { inputOfFacts, type ScanInput, type TheirResult } from '../scanner/index.ts';
import type { EvidenceRead } from './read-evidence.ts';

const VALID: ReadonlySet<string> = new Set(['valid', 'valid_with_deviations']);

/**
 * The component list of a bill of materials, out of its facts as a scan on record takes it.
 *
 * @param name - the document's, for the refusal
 * @throws {LedgerError} EVIDENCE_INVALID when it is none, or no valid one
 */
export function componentsIn({ components, facts, format, verdict }: EvidenceRead, name: string): ScanInput {
  if (components === null || facts === null || !VALID.has(verdict)) throw unfit(name, 'no valid bill of materials', format, verdict);
  return inputOfFacts(parseFacts(facts));
}

/** @throws {LedgerError} EVIDENCE_INVALID when it is no report about packages */
export function resultsIn({ results, facts, format, verdict }: EvidenceRead, name: string): { tool: string; results: TheirResult[] } {
  if (results === null || facts === null || !VALID.has(verdict)) throw unfit(name, 'no report that is read', format, verdict);
  const { results: all = [], tool } = parseFacts(facts);
  const about = all.filter(({ purl, packageName }) => purl !== undefined || packageName !== undefined);
  if (about.length === 0 && all.length > 0) throw unfit(name, 'a report that names no packages', format, verdict);
  return {
    tool: tool === undefined ? (format ?? name) : `${tool.name}${tool.version === undefined ? '' : ` ${tool.version}`}`,
    results: about.map(({ rule, purl, packageName, packageVersion }) => ({
      vulnerability: rule, purl: purl ?? null, name: packageName ?? null, version: packageVersion ?? null,
    })),
  };
}

function unfit(name: string, what: string, format: string | null, verdict: string): LedgerError {
  return new LedgerError('EVIDENCE_INVALID', `Cannot scan with "${clip(name)}": it is ${what} (${format ?? 'no known format'}, ${verdict})`, {
    hint: '"stella inspect" says what is wrong with it',
  });
}
