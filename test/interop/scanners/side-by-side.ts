// A scanner and ours on long lists and real documents: what each finds on one set of records, who is right by OSV's rule, and what it costs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentList, corpusObservations, writeSnapshot } from '../../../bench/scan/material.ts';
import { checkOsv, type OsvRecord } from '../../../scanner/advisories/osv.ts';
import type { FindingsDocument } from '../../../scanner/index.ts';
import type { Step } from '../client.ts';
import { compareFindings } from './compare.ts';
import { writeDatabases } from './databases.ts';
import { realLists } from './lists.ts';
import { cyclonedxOf, measured, runScanner, type ListedComponent, type ScannerCost, type ScannerName } from './programs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const corpora = process.env['STELLA_CORPORA'] ?? join(root, '.cache/corpora');

/** The least memory that any of the scanners run so far took for a list. */
const least = new Map<string, { readonly name: ScannerName; readonly rssMiB: number }>();

export async function* sideBySide(name: ScannerName, bin: string, scratch: string): AsyncIterable<Step> {
  if (!existsSync(join(corpora, 'scanner/osv'))) return;
  const records: OsvRecord[] = [...new Map([...corpusObservations(corpora)].map(({ osv }) => checkOsv(osv)).map((one) => [one.id, one])).values()];
  const folder = join(scratch, 'corpus');
  mkdirSync(folder, { recursive: true });
  const databases = await writeDatabases(folder, bin, records);
  const snapshot = join(folder, 'snapshot');
  writeSnapshot(snapshot, folder, corpusObservations(corpora));
  const made = [1000, 5000].map((count) => {
    const { components } = componentList(corpusObservations(corpora), count) as { components: ListedComponent[] };
    return { title: `bench-${count}`, components };
  });
  for (const { title, components } of [...made, ...(await realLists(corpora))]) {
    const file = join(folder, `${title}.cdx.json`);
    writeFileSync(file, cyclonedxOf(components));
    const run = runScanner(name, bin, databases, file, join(folder, `${name}.json`));
    const ours = runOurs(file, snapshot, join(folder, 'ours.json'));
    const compared = compareFindings(records, components, ours.findings, run.found);
    const { both, theirs, jaccard, missed, invented, undecided, against } = compared;
    const classes = Object.entries(missed).map(([is, keys]) => `${is} ${keys.length}`).join(', ') || 'nothing';
    const open = `undecided for us: ${undecided.version.length} for an ill-formed version, ${undecided.bound.length} for an ill-formed bound`;
    yield {
      step: `${title}: each difference is decided by OSV’s rule, and none against us`,
      ok: against.length === 0 && undecided.other.length === 0,
      seen: `${components.length} components; ours ${compared.ours}, theirs ${theirs}, both ${both}, Jaccard ${jaccard.toFixed(3)}; it misses: ${classes}; `
        + `it invents: ${invented.slice(0, 3).join(', ') || 'nothing'}${invented.length > 3 ? ` and ${invented.length - 3} more` : ''}; ${open}`
        + (against.length + undecided.other.length === 0 ? '' : `; against us: ${[...against, ...undecided.other].slice(0, 10).join(', ')}`),
    };
    const known = least.get(title);
    const smallest = known === undefined || run.rssMiB < known.rssMiB ? { name, rssMiB: run.rssMiB } : known;
    least.set(title, smallest);
    yield {
      step: `${title}: what it costs`, ok: true,
      seen: `${costText(run)}; a cold "stella scan" ${costText(ours)}; `
        + `the smallest memory of a peer so far ${smallest.rssMiB.toFixed(0)} MiB (${smallest.name})`,
    };
  }
}

function costText({ wallMs, cpuMs, rssMiB }: ScannerCost): string {
  return `${(wallMs / 1000).toFixed(1)} s, ${(cpuMs / 1000).toFixed(1)} s of CPU, ${rssMiB.toFixed(0)} MiB`;
}

/** `stella scan` as a process, cold. */
function runOurs(file: string, snapshot: string, out: string): ScannerCost & Pick<FindingsDocument, 'findings'> {
  const args = [join(root, 'cli/stella.js'), 'scan', file, '--dry-run', '--snapshot-file', snapshot, '--findings', out];
  return { ...measured(`${out}.time`, process.execPath, args), findings: (JSON.parse(readFileSync(out, 'utf8')) as FindingsDocument).findings };
}
