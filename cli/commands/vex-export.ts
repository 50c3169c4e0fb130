// stella vex export: what we say about an artifact, for whoever uses it.
import { writeFileSync } from 'node:fs';
import { exportVex, VEX_FORMATS } from '../../actions/export-vex.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { findPlace, openDocuments, openForReading } from '../place.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '--subject sha256:HEX [--format FORMAT] [--out FILE]',
  takesWords: false,
  help: `Writes one VEX document about an artifact: of our own statements those that count in a gate, in the words they were made in (of one
person the newest, of several who contradict each other the worse, and what nobody trusted has made is left out); and "affected", with what
is done about it, for each risk that a waiver accepts. An accepted risk is a risk still. It is not signed: "stella attest --predicate" signs
it.`,
  options: {
    subject: { type: 'string', takes: 'sha256:HEX', help: 'the artifact' },
    format: { type: 'string', takes: 'FORMAT', help: `${VEX_FORMATS.join(', ')} (openvex when left out)` },
    out: { type: 'string', takes: 'FILE', help: 'where to write (else standard output)' },
  },
  examples: [['stella vex export --subject sha256:4f2c…9a --format csaf --out app.csaf.json', 'for customers who read CSAF']],

  async run(call) {
    const [subject, out, name = 'openvex'] = [call.value('subject'), call.value('out'), call.value('format')];
    const format = VEX_FORMATS.find((one) => one === name);
    if (subject === undefined) throw new UsageError('name the artifact with --subject');
    if (format === undefined) throw new UsageError(`--format is one of ${VEX_FORMATS.join(', ')}`);
    const place = findPlace(call);
    const log = await openForReading(place);
    const { documents, close } = await openDocuments(place, log);
    const ports = { log, documents, ...payloadsOf(call, place) };
    const exported = exportVex(ports, parseSubject(subject), format, call.now(), call.random(16));
    const { document, statements, unreadable, untrusted, waivers } = await exported.finally(close);
    for (const index of unreadable) call.out.warn(`what entry ${index} says was erased, or is not here: it is left out`);
    for (const index of untrusted) call.out.warn(`entry ${index} is by nobody whom this ledger trusts: what it states is left out`);
    if (out === undefined) call.out.bytes(document);
    else {
      writeFileSync(out, document);
      const count = statements.length === 1 ? 'one statement' : `${statements.length} statements`;
      call.out.say(`${count}, ${waivers.length} of accepted risks, as ${format} to ${out}`);
    }
    call.out.answer({
      statements: statements.length, format, waivers: waivers.map(({ id }) => id), unreadable, untrusted, ...(out === undefined ? {} : { out }),
    });
    return 'yes';
  },
};
