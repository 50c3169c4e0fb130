// stella log trusted-root: what Sigstore's clients verify this log's entries under.
import { writeFileSync } from 'node:fs';
import { trustedRootOf } from '../../actions/rekor.ts';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import type { Command } from '../command.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '[--out FILE]',
  takesWords: false,
  help: `Writes the Sigstore trusted root of this log: its name, its keys, and when each of them counts. Give it to those who verify bundles of
"stella attest --bundle" with cosign or another client, by a way they trust: whoever holds another root believes another log.`,
  options: { out: { type: 'string', takes: 'FILE', help: 'where to write (else standard output)' } },
  examples: [
    ['stella log trusted-root --out root.json', 'then: cosign verify-blob-attestation --trusted-root root.json --bundle …'],
  ],

  async run(call) {
    const text = await trustedRootOf(await openForReading(findPlace(call)));
    const file = call.value('out');
    if (file === undefined) call.out.bytes(encodeUtf8(`${text}\n`));
    else {
      writeFileSync(file, `${text}\n`);
      call.out.say(`wrote the trusted root to ${file}`);
    }
    call.out.answer({ trustedRoot: JSON.parse(text) as JcsValue, ...(file === undefined ? {} : { out: file }) });
    return 'yes';
  },
};
