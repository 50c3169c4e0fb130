// Decisions' inputs, as "stella gate --write-input" writes them, given to OPA: the same policy says the same.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decodeUtf8 } from '../../../ledger/bytes.ts';
import { formatJson, parseJson, RegoObject } from '../../../policy/index.ts';
import { app, day, Gates } from '../../gate/kit.ts';
import type { Step } from '../client.ts';
import { runProgram } from '../programs.ts';

const CONFIG = '{"stella": {"config": {"builders": {"https://b.example": 3}, '
  + '"require": ["criticals", "exploits", "inclusion", "licences", "provenance", "sbom"]}}}';
const critical = { id: 'CVE-2026-1', aliases: ['GHSA-1'], purl: 'pkg:npm/a@1.0.0' };

/** States of one artifact, one after another; the shipped policies decide in each. */
const STATES: readonly ((gates: Gates) => Promise<unknown>)[] = [
  async (gates) => {
    const sbom = await gates.sbom(app, [critical.purl, 'pkg:npm/b@2.0.0']);
    await gates.scan(app, sbom, [critical, { ...critical, id: 'CVE-2026-2', aliases: [], epss: '0.97' }]);
  },
  (gates) => gates.attestation(app, 'vendor', { builder: 'https://b.example', kind: 'provenance', version: '1' }),
  (gates) => gates.trust('vendor'),
  (gates) => gates.vex(app, [{ vulnerability: 'GHSA-1' }, { vulnerability: 'CVE-2026-2', status: 'fixed' }], 'vendor'),
  (gates) => gates.vex(app, [{ vulnerability: 'CVE-2026-1', status: 'affected' }], 'vendor'),
  async (gates) => gates.act('waiver.approved', 'w-1', 'CVE-2026-1', await gates.request('w-1', 'CVE-2026-1', gates.world.clock.wall + day)),
  async (gates) => gates.scan(app, await gates.sbom(app, [critical.purl]), []),
];

export async function* gates(opaBin: string, scratch: string): AsyncIterable<Step> {
  const files = globSync('policy/library/*.rego').filter((file) => !file.endsWith('_test.rego'));
  const modules = Object.fromEntries(files.map((file) => [basename(file), readFileSync(file, 'utf8')]));
  const ledger = await Gates.begin();
  await ledger.policy('release', modules, CONFIG, ['data.stella.gate.allow']);
  await ledger.feed('osv', 'snapshot 1');
  const outcomes: string[] = [];
  let equal = 0;
  for (const change of STATES) {
    await change(ledger);
    const { data, decided } = await ledger.gate();
    outcomes.push(data.outcome);
    writeFileSync(join(scratch, 'input.json'), JSON.stringify(decided.shown.input, null, 2));
    writeFileSync(join(scratch, 'data.json'), CONFIG);
    const query = '{"allow": data.stella.gate.allow, "deny": data.stella.gate.deny}';
    const folder = join(process.cwd(), 'policy/library');
    const ran = runProgram(opaBin, ['eval', '-f', 'raw', '-d', folder, '-d', 'data.json', '-i', 'input.json', query], { cwd: scratch });
    const answers = parseJson(decodeUtf8(new TextEncoder().encode(decided.shown.results.answers ?? '{}')));
    const ours = answers instanceof RegoObject ? answers.get('data.stella.gate.allow') : undefined;
    if (ours !== undefined && formatJson(ours) === formatJson(parseJson(ran.stdout))) equal += 1;
  }
  const both = outcomes.includes('allow') && outcomes.includes('deny');
  const ok = both && equal === STATES.length;
  yield { step: 'opa eval says what the gate said, on the inputs it wrote', ok, seen: `${equal} of ${STATES.length}, ${outcomes.join(', ')}` };
}
