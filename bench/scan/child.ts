// One cold scan in a process of its own: component list and snapshot in, findings document out, figures on the last line.
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { scan } from '../../scanner/match/match.ts';
import { encodeFindings } from '../../scanner/match/findings.ts';
import { Snapshot } from '../../scanner/snapshot/open.ts';

const [snapshotPath, listPath, outPath] = process.argv.slice(2) as [string, string, string];
const file = openSync(snapshotPath, 'r');
const snapshot = new Snapshot({
  size: fstatSync(file).size,
  read(offset, length) {
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, offset);
    return bytes;
  },
});
const list = JSON.parse(readFileSync(listPath, 'utf8')) as { components: { 'bom-ref': string; name: string; version: string; purl: string }[] };
const components = list.components.map(({ 'bom-ref': ref, name, version, purl }) => ({ ref, name, version, purl }));
const document = scan({ components }, snapshot, { engineVersion: 'bench' });
if ('stopped' in document) throw new Error(document.stopped);
writeFileSync(outPath, encodeFindings(document));
closeSync(file);
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({
  cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMiB: maxRSS / 1024, findings: document.findings.length, checks: document.counts.records, ...snapshot.touched,
})}\n`);
