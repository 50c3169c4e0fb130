// What the scan command writes: the table for people, files of the formats asked for, and members for JSON.
import { writeFileSync } from 'node:fs';
import { clip } from '../ledger/errors.ts';
import {
  encodeFindings, formatMarkdown, formatTable, sarifOf, vulnsOf, vulnsPredicateType, type FindingsDocument, type Reconciled,
} from '../scanner/index.ts';
import { UsageError, type Call, type Option } from './command.ts';

export const outputOptions: Readonly<Record<string, Option>> = {
  format: { type: 'string', takes: 'table|markdown', help: 'what is printed (else table)' },
  findings: { type: 'string', takes: 'FILE', help: 'write the findings document (spec/findings.md)' },
  sarif: { type: 'string', takes: 'FILE', help: 'write SARIF 2.1.0, for code scanning pages' },
  vulns: { type: 'string', takes: 'FILE', help: 'write an in-toto vulnerability scan predicate, for "stella attest"' },
};

const homepage = 'https://stella-ops.org/ledger';

export interface Shown {
  readonly document: FindingsDocument;
  /** What was scanned, for SARIF results without a file of their own: a path within the repository. */
  readonly artifact: string;
  readonly startedMs: number;
  /** When the snapshot's newest source was fetched, else when it was imported. */
  readonly snapshotMs: number;
}

export function showFindings(call: Call, { document, artifact, startedMs, snapshotMs }: Shown): void {
  const format = call.value('format') ?? 'table';
  if (format !== 'table' && format !== 'markdown') throw new UsageError(`"${clip(format)}" is no format: table or markdown`);
  call.out.say((format === 'table' ? formatTable(document) : formatMarkdown(document)).trimEnd());
  const write = (option: string, make: () => Uint8Array | string) => {
    const file = call.value(option);
    if (file !== undefined) writeFileSync(file, make());
  };
  write('findings', () => encodeFindings(document));
  write('sarif', () => `${JSON.stringify(sarifOf(document, { informationUri: homepage, artifact }), null, 1)}\n`);
  write('vulns', () => {
    const predicate = vulnsOf(document, { scannerUri: homepage, startedMs, finishedMs: call.now(), snapshotMs });
    return `${JSON.stringify(predicate, null, 1)}\n`;
  });
  const vulns = call.value('vulns');
  if (vulns !== undefined) call.out.say(`sign it with "stella attest --predicate ${clip(vulns)} --type ${vulnsPredicateType}"`);
}

/** Differences of each side that are shown to a person; JSON has all of them. */
const shownMax = 20;

export function showReconciled(call: Call, tool: string, reconciled: readonly Reconciled[]): void {
  const count = (side: Reconciled['side']) => reconciled.filter((one) => one.side === side).length;
  call.out.say(`${clip(tool)}: ${count('both')} agreed, ${count('ours')} only ours, ${count('theirs')} only theirs`);
  // What we do not have comes first: it may be our fault.
  for (const side of ['theirs', 'ours'] as const) {
    const differing = reconciled.filter((one) => one.side === side);
    for (const { vulnerability, component, reason } of differing.slice(0, shownMax)) {
      call.out.say(`  only ${side.padEnd(6)}  ${clip(vulnerability)}  ${clip(component)}  ${reason}`);
    }
    if (differing.length > shownMax) call.out.say(`  … ${differing.length - shownMax} more only ${side} (--json has all of them)`);
  }
}
