// Findings for people: a table for terminals, and the same as Markdown.
import { clip } from '../../ledger/errors.ts';
import type { Severity } from '../advisories/severity.ts';
import type { Finding, FindingsDocument } from '../match/findings.ts';

const ORDER: readonly Severity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NONE', 'UNKNOWN'];
const HEADS = ['severity', 'vulnerability', 'package', 'version', 'fixed in', 'outcome'] as const;

/** The worst first; equal severities in the document's order. */
function rowsOf({ findings }: FindingsDocument): string[][] {
  const worstFirst = findings.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return worstFirst.map((finding) => [
    `${finding.severity}${finding.score === undefined ? '' : ` ${finding.score}`}${finding.kev ? ' KEV' : ''}`,
    finding.id,
    clip(finding.component.name),
    clip(finding.component.version ?? '-'),
    clip(fixedOf(finding).join(', ') || '-'),
    outcomeOf(finding),
  ]);
}

function outcomeOf({ outcome, records, conflicts }: Finding): string {
  // What its source took back contradicts nobody.
  const stands = records.filter(({ reasons }) => reasons[0]?.rule !== 'withdrawn');
  const differ = conflicts.length === 0 || stands.length < 2 ? '' : `; sources differ: ${conflicts.join(', ')}`;
  const rules = new Set(records.filter((record) => record.outcome === outcome).map(({ reasons }) => reasons[0]?.rule));
  return `${outcome === 'affected' ? outcome : `${outcome}: ${[...rules].join(', ')}`}${differ}`;
}

function fixedOf({ records }: Finding): string[] {
  return [...new Set(records.flatMap(({ fixed }) => fixed))];
}

function summary({ counts, findings, snapshot, unmatched }: FindingsDocument): string[] {
  const affected = findings.filter(({ outcome }) => outcome === 'affected').length;
  const reasons = new Map<string, number>();
  for (const { reason } of unmatched) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const not = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return [
    `${many(counts.components, 'component')}, ${many(findings.length, 'finding')} (${affected} affected, ${findings.length - affected} undecided)`,
    ...(unmatched.length === 0 ? [] : [`${many(unmatched.length, 'component')} could not be looked up: ${not}`]),
    `snapshot ${snapshot}`,
  ];
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function formatTable(document: FindingsDocument): string {
  const rows = [HEADS.map((head) => head.toUpperCase()), ...rowsOf(document)];
  const widths = HEADS.map((_, i) => rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), 0));
  const lines = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] as number)).join('  ').trimEnd());
  return [...(rows.length === 1 ? [] : [...lines, '']), ...summary(document), ''].join('\n');
}

export function formatMarkdown(document: FindingsDocument): string {
  // A stranger's name may hold what Markdown or HTML would act on.
  const cell = (text: string) => text.replace(/[\\`*_{}[\]<>()#+!|&-]/g, (character) => `&#${character.charCodeAt(0)};`);
  const rows = rowsOf(document).map((row) => `| ${row.map(cell).join(' | ')} |`);
  const table = rows.length === 0 ? [] : [`| ${HEADS.join(' | ')} |`, `| ${HEADS.map(() => '---').join(' | ')} |`, ...rows, ''];
  return [...table, ...summary(document).map((line) => `${cell(line)}  `), ''].join('\n');
}
