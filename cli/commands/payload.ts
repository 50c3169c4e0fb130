// stella payload: take a payload out of the ledger, which puts on record that somebody did.
import { writeFileSync } from 'node:fs';
import { readPayloadOf } from '../../actions/read-payload.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

const PURPOSES = ['audit', 'incident', 'operation', 'request'] as const;

export const command: Command = {
  usage: 'ENTRY --purpose PURPOSE [--role ROLE] [--out FILE]',
  help: `Writes a payload of an entry, opened where it is sealed. That it was read, by whom and for what, is on record before it is written.`,
  options: {
    purpose: { type: 'string', takes: 'PURPOSE', help: `what for: ${PURPOSES.join(', ')}` },
    role: { type: 'string', takes: 'ROLE', help: 'which payload (else document)' },
    out: { type: 'string', takes: 'FILE', help: 'where to write (else standard output)' },
  },
  examples: [['stella payload 12 --purpose audit --out sbom.json', 'the document that entry 12 names']],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one entry');
    const entry = parseCount(text, 'an index');
    const purpose = PURPOSES.find((one) => one === call.value('purpose'));
    if (purpose === undefined) throw new UsageError(`say what for with --purpose: ${PURPOSES.join(', ')}`);
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const ports = { log, ...payloadsOf(call, place) };
      const { index, role, media, sealed, bytes } = await readPayloadOf(ports, entry, call.value('role') ?? 'document', purpose, localActor(call, place));
      const out = call.value('out');
      if (out === undefined) call.out.bytes(bytes);
      else {
        writeFileSync(out, bytes, { mode: sealed ? 0o600 : 0o644 });
        call.out.say(`wrote the ${role} of entry ${entry} to ${out}; entry ${index} says that it was read`);
      }
      call.out.answer({ index, entry, role, media, sealed, bytes: bytes.length, ...(out === undefined ? {} : { out }) });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
