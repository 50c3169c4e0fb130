// Tessera: its fsck reads the whole log that we serve, and its client library proves every entry in it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../client.ts';
import { buildGo, runProgram, serveLedger, stella } from '../programs.ts';

const ENTRIES = 600; // More than two full tiles, and a partial one.

export const client: Client = {
  name: 'tessera',
  version: '1.0.4',
  fast: true,
  isBuilt: (peers) => ['tessera-fsck', 'stella-proof'].every((binary) => existsSync(join(peers, 'bin', binary))),
  async build(peers) {
    const commands = {
      'tessera-posix': './cmd/conformance/posix',
      'tessera-hammer': './internal/hammer',
      'tessera-fsck': './cmd/fsck',
      'stella-proof': './cmd/stella-proof',
    };
    buildGo(peers, 'github.com/transparency-dev/tessera@v1.0.4', 'tessera', commands, { copy: { './go/stella-proof': 'cmd/stella-proof' } });
  },
  async *run(peers, scratch) {
    writeFileSync(join(scratch, 'pass'), 'interop\n', { mode: 0o600 });
    const common = ['--ledger', 'ledger', '--passphrase-file', 'pass'];
    const { vkey } = stella(['init', '--origin', 'ledger.test', ...common], scratch) as { vkey: string };
    writeFileSync(join(scratch, 'log.vkey'), `${vkey}\n`);
    const files = Array.from({ length: ENTRIES }, (_, i) => {
      writeFileSync(join(scratch, `doc-${i}.txt`), `document ${i}\n`);
      return `doc-${i}.txt`;
    });
    stella(['add', ...common, ...files], scratch);

    const served = await serveLedger(scratch, common);
    try {
      const args = [`--storage_url=${served.url}/`, '--public_key=log.vkey', '--ui=false', '--N=2'];
      const fsck = runProgram(join(peers, 'bin/tessera-fsck'), args, { cwd: scratch });
      // Its exit status is 0 on corruption too: only the success line says something.
      const said = /Successfully fsck'd log with size (\d+)/.exec(fsck.stderr + fsck.stdout);
      const whole = said !== null && Number(said[1]) > ENTRIES;
      yield { step: 'fsck reads every tile, bundle and the checkpoint', ok: whole, seen: said?.[0] ?? fsck.stderr.slice(-300) };
      const proofs = runProgram(join(peers, 'bin/stella-proof'), [`${served.url}/`, vkey], { cwd: scratch });
      const seen = (proofs.stdout || proofs.stderr).trim();
      yield { step: 'the client verifies every inclusion proof, and consistency from every size', ok: proofs.status === 0, seen };
      const other = vkey.replace(/^[^+]+/, 'other.test');
      const foreign = runProgram(join(peers, 'bin/stella-proof'), [`${served.url}/`, other], { cwd: scratch });
      yield { step: 'under another key it refuses', ok: foreign.status === 1, seen: foreign.stderr.trim() };
    } finally {
      await served.stop();
    }
  },
};
