// scan.mjs: a scan on record, made again with nothing but Node. Bundled into one file by tools/bundle.ts.
import { hash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openFileAt } from '../../ledger/store/file-at.ts';
import { encodeFindings } from '../../scanner/match/findings.ts';
import { decodeList } from '../../scanner/match/inventory.ts';
import { scan } from '../../scanner/match/match.ts';
import type { SnapshotFile } from '../../scanner/snapshot/format.ts';
import { Snapshot } from '../../scanner/snapshot/open.ts';
import { isPart, openPart } from '../../scanner/snapshot/part-file.ts';

const usage = `node scan.mjs LIST SNAPSHOT ENGINE [OUT]

Matches a component list (the facts of a bill of materials, or an inventory) with a snapshot, or the part of one that a decision
pack carries, and prints the digest of the findings: the one that "scan.completed" pins, when LIST, SNAPSHOT and the ENGINE version
are the ones that it pins. Writes the findings to OUT.`;

const [list, snapshotFile, engineVersion, out] = process.argv.slice(2);
if (list === undefined || snapshotFile === undefined || engineVersion === undefined) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
const opened = openFileAt(snapshotFile, snapshotFile);
const file: SnapshotFile = isPart(opened) ? openPart(new Uint8Array(readFileSync(snapshotFile))) : opened;
const snapshot = new Snapshot(file);
const document = scan(decodeList(new Uint8Array(readFileSync(list))), snapshot, { engineVersion });
opened.close();
if ('stopped' in document) throw new TypeError('a scan without a limit stopped');
const bytes = encodeFindings(document);
if (out !== undefined) writeFileSync(out, bytes);
const { counts, findings } = document;
const { userCPUTime, systemCPUTime } = process.resourceUsage();
const said = `${JSON.stringify({
  findings: `sha256:${hash('sha256', bytes)}`, count: findings.length, snapshot: snapshot.digest, checks: counts.records, touched: snapshot.touched,
  cost: { cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMiB: peakKilobytes() / 1024 },
})}\n`;
// To end here spares taking a heap apart that the kernel takes back at once.
process.stdout.write(said, () => process.exit());

/** Linux counts what the starting process held as this one's `maxRSS`; the high-water mark of its own memory does not. */
function peakKilobytes(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
}
