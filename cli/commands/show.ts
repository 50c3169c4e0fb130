// stella show: one entry, decoded; or what is on record about a thing, as it stands or as it stood.
import { decodeEnvelope, kindOf } from '../../ledger/events/index.ts';
import { formatBase64, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import type { LogView } from '../../ledger/log/view.ts';
import type { ExitName } from '../exit.ts';
import { readThing } from '../../projections/things.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { describeEntry } from '../event-lines.ts';
import { parseCount } from '../numbers.ts';
import { plain, printPlain } from '../plain.ts';
import { findPlace, openDocuments, openForReading, type Place } from '../place.ts';
import { describeState, findState, stateMembers } from '../states.ts';
import { findThing } from '../things.ts';
import { showUses } from '../uses.ts';

export const command: Command = {
  usage: 'THING [--at STATE] [--bytes]',
  help: `Shows the entry at an index: what it says, and its leaf hash. Or what is on record about a thing: an artifact or key by its
digest or the beginning of it, a vulnerability, waiver, policy, contract or feed by its name, what a person did by person:PSEUDONYM,
and where a package is used by its purl, or with * at the end by how its name or version begins. --at shows it as it was: @~10, @1234, @2026-10-01.`,
  options: {
    at: { type: 'string', takes: 'STATE', help: 'as it was then (else @)' },
    bytes: { type: 'boolean', help: 'the exact stored bytes of an entry, on standard output' },
  },
  examples: [
    ['stella show 7', 'what entry 7 says'],
    ['stella show 4f2c9a', 'the artifact whose digest begins so'],
    ['stella show CVE-2026-0001 --at @2026-10-01', 'what was known of it then'],
    ['stella show pkg:npm/left-pad', 'which artifacts contain it'],
    ['stella show pkg:npm/@angular/*', 'or any of these'],
    ['stella show 7 --bytes | sha256sum', 'its bytes, for another program'],
  ],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one thing');
    // One spelling of an index: 01 is none.
    if (/^\d+$/.test(text)) parseCount(text, 'an index');
    const thing = readThing(text);
    const place = findPlace(call);
    const log = await openForReading(place);
    if (thing.kind === 'index') return showEntry(call, log, thing.index);
    if (call.flag('bytes')) throw new UsageError('--bytes is for an entry: name its index');
    return showThing(call, place, log, text);
  },
};

async function showEntry(call: Call, log: LogView, index: number): Promise<ExitName> {
  const entry = await log.entry(index);
  const leaf = formatHex(leafHash(entry));
  if (call.flag('bytes')) call.out.bytes(entry);
  else {
    const kind = (await log.readControl()).genesis.kinds.includes('raw') && index > 0 ? null : kindOf(entry);
    call.out.say(`entry ${index} of ${log.published.size}  ${entry.length} bytes  leaf ${leaf}`);
    if (kind === 'event') showEvent(entry, call.out.say, call.out.answer);
    else if (kind === 'rekor') call.out.say(new TextDecoder().decode(entry));
    else call.out.say(`${formatHex(entry.subarray(0, 64))}${entry.length > 64 ? '…' : ''}`);
  }
  call.out.answer({ index, size: log.published.size, leaf, bytes: formatBase64(entry) });
  return 'yes';
}

function showEvent(entry: Uint8Array, say: (line: string) => void, answer: (members: Record<string, unknown>) => void): void {
  try {
    const envelope = plain(decodeEnvelope(entry));
    for (const line of printPlain(envelope)) say(line);
    answer({ event: envelope });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    say(`${error.code}: ${error.message}`);
    answer({ error: { code: error.code, message: error.message } });
  }
}

/** Events of a thing shown beside its documents. */
const eventsMax = 20;

async function showThing(call: Call, place: Place, log: LogView, text: string): Promise<ExitName> {
  const state = await findState(call.value('at') ?? '@', log);
  const thing = readThing(text);
  if (thing.kind === 'purl') return showUses(call, { place, log, state }, thing.purl);
  const { queries, close } = await openDocuments(place, log);
  try {
    const { DocumentReader } = await import('../../projections/reader.ts');
    const documents = new DocumentReader(state.size, log, queries);
    const found = await findThing(text, { log, documents, size: state.size });
    for (const { stream, document } of found.streams) {
      call.out.say(stream);
      if (document !== null) for (const line of printPlain(plain(document))) call.out.say(line);
    }
    for (const index of found.entries.slice(0, eventsMax)) {
      const { time, type, by } = describeEntry(await log.entry(index), false);
      call.out.say(`  entry ${String(index).padEnd(8)} ${time ?? ''}  ${type.padEnd(22)} ${by}`);
    }
    if (found.entries.length > eventsMax) call.out.say(`  … ${found.entries.length - eventsMax} older ones ("stella timeline ${text}" lists them)`);
    call.out.answer({ thing: text, streams: found.streams.map((one) => plain(one)), entries: found.entries });
    call.out.say(`as of ${describeState(state)}`);
    call.out.answer({ at: stateMembers(state) });
    return 'yes';
  } finally {
    await close();
  }
}
