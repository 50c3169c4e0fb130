// stella show: one entry, decoded; or what is on record about a thing, as it stands or as it stood.
import { decodeEnvelope, kindOf, type Envelope } from '../../ledger/events/index.ts';
import { formatBase64, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import type { LogView } from '../../ledger/log/view.ts';
import type { ExitName } from '../exit.ts';
import { readThing } from '../../projections/things.ts';
import { Erasures } from '../../actions/erasures.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { describeEntry } from '../event-lines.ts';
import { lifeMembers, livesOf, sayLives } from '../findings.ts';
import { parseCount } from '../numbers.ts';
import { plain, printPlain } from '../plain.ts';
import { findPlace, openDocuments, openForReading, type Place } from '../place.ts';
import { describeState, findState, stateMembers } from '../states.ts';
import { markOf } from '../superseded.ts';
import { namedThing, thingPorts } from '../thing-ports.ts';
import { expectDecision, findThing } from '../things.ts';
import { showUses } from '../uses.ts';

export const command: Command = {
  usage: 'THING [--at STATE] [--bytes]',
  help: `Shows the entry at an index: what it says, and its leaf hash. Or what is on record about a thing: an artifact or key by its
digest or the beginning of it, with the life of each finding; a vulnerability, waiver, policy, contract or feed by its name; what a
person did by person:PSEUDONYM or person:NAME; decision:N; and where a package is used by its purl, or with * at the end by how its
name or version begins. --at shows it as it was: @~10, @1234, @2026-10-01.`,
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
    const [said, ...others] = call.positionals;
    if (said === undefined || others.length > 0) throw new UsageError('name one thing');
    // One spelling of an index: 01 is none.
    if (/^\d+$/.test(said)) parseCount(said, 'an index');
    const place = findPlace(call);
    const text = namedThing(call, place, said);
    const thing = readThing(text);
    const log = await openForReading(place);
    if (thing.kind === 'index') {
      if (call.value('at') !== undefined) throw new UsageError('--at is for what changes: an entry says the same for ever');
      await expectDecision(text, thing.index, { log, size: log.published.size });
      return showEntry(call, place, log, thing.index);
    }
    if (call.flag('bytes')) throw new UsageError('--bytes is for an entry: name its index');
    return showThing(call, place, log, text);
  },
};

async function showEntry(call: Call, place: Place, log: LogView, index: number): Promise<ExitName> {
  const entry = await log.entry(index);
  const leaf = formatHex(leafHash(entry));
  if (call.flag('bytes')) call.out.bytes(entry);
  else {
    const kind = (await log.readControl()).genesis.kinds.includes('raw') && index > 0 ? null : kindOf(entry);
    call.out.say(`entry ${index} of ${log.published.size}  ${entry.length} bytes  leaf ${leaf}`);
    const mark = kind === 'event' ? await markOf(call, place, log, index) : null;
    if (mark !== null) {
      call.out.say(mark.words);
      call.out.answer({ superseded: mark.member });
    }
    if (kind === 'event') {
      const envelope = showEvent(entry, call.out.say, call.out.answer);
      if (envelope !== null) await showErased(call, log, index, envelope).catch((error: unknown) => {
        // An event of a later time in its stream: the entry is shown all the same.
        if (!(error instanceof LedgerError)) throw error;
        call.out.warn(`whether its payloads were erased cannot be told: ${error.message}`);
      });
    }
    else if (kind === 'rekor') call.out.say(new TextDecoder().decode(entry));
    else call.out.say(`${formatHex(entry.subarray(0, 64))}${entry.length > 64 ? '…' : ''}`);
  }
  call.out.answer({ index, size: log.published.size, leaf, bytes: formatBase64(entry) });
  return 'yes';
}

/** An entry cannot say of itself what became of its payloads. */
async function showErased(call: Call, log: LogView, index: number, envelope: Envelope): Promise<void> {
  const said = new Erasures(log);
  const erased = [];
  for (const { role, commitment } of envelope.payloads ?? []) {
    const at = commitment === undefined ? null : await said.find(envelope, index, commitment[1]);
    if (at === null) continue;
    call.out.say(`its ${role} was erased: entry ${at} says so`);
    erased.push({ role, entry: at });
  }
  if (erased.length > 0) call.out.answer({ erased });
}

function showEvent(entry: Uint8Array, say: (line: string) => void, answer: (members: Record<string, unknown>) => void): Envelope | null {
  try {
    const envelope = decodeEnvelope(entry);
    const said = plain(envelope);
    for (const line of printPlain(said)) say(line);
    answer({ event: said });
    return envelope;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    say(`${error.code}: ${error.message}`);
    answer({ error: { code: error.code, message: error.message } });
    return null;
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
    const named = vulnerabilityIn(text);
    // What scans found stands in no stream: a vulnerability may be known from them alone.
    const early = named === null ? null : await livesOf(call, { place, log, documents, state }, { names: [named] });
    const found = await findThing(text, thingPorts(call, place, log, documents, state.size)).catch((error: unknown) => {
      if (early !== null && early.length > 0 && error instanceof LedgerError && error.code === 'NAME_UNKNOWN') return { streams: [], entries: [] };
      throw error;
    });
    for (const { stream, document } of found.streams) {
      call.out.say(stream);
      if (document !== null) for (const line of printPlain(plain(document))) call.out.say(line);
    }
    for (const index of found.entries.slice(0, eventsMax)) {
      const { time, type, by } = describeEntry(await log.entry(index), false);
      call.out.say(`  entry ${String(index).padEnd(8)} ${time ?? ''}  ${type.padEnd(22)} ${by}`);
    }
    if (found.entries.length > eventsMax) call.out.say(`  … ${found.entries.length - eventsMax} older ones ("stella timeline ${text}" lists them)`);
    const artifact = artifactIn(found.streams.map(({ stream }) => stream));
    const lives = artifact === null ? (early ?? []) : await livesOf(call, { place, log, documents, state }, { artifact });
    sayLives(call, lives);
    call.out.answer({ thing: text, streams: found.streams.map((one) => plain(one)), entries: found.entries, findings: lives.map(lifeMembers) });
    call.out.say(`as of ${describeState(state)}`);
    call.out.answer({ at: stateMembers(state) });
    return 'yes';
  } finally {
    await close();
  }
}

/** The name of a vulnerability, where the text may be one. */
function vulnerabilityIn(text: string): string | null {
  const thing = readThing(text);
  // Ids of vulnerabilities begin with a capital letter, and all other names with none.
  if (thing.kind === 'name') return /^[A-Z]/.test(thing.name) ? thing.name : null;
  return thing.kind === 'stream' && thing.stream.startsWith('vuln:') ? thing.stream.slice('vuln:'.length) : null;
}

function artifactIn(streams: readonly string[]): string | null {
  return streams.map((stream) => /^artifact:sha256:([0-9a-f]{64})$/.exec(stream)?.[1]).find((hex) => hex !== undefined) ?? null;
}
