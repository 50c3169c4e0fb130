// stella waiver show: what was asked for, by whom, and what became of it.
import { checkAct, publicKeyOf, readWaiver } from '../../actions/waiver.ts';
import type { ActEvent } from '../../policy/gate/act-statement.ts';
import { openRecorded } from '../../actions/erasures.ts';
import { decodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { formatDigest, type Event } from '../../ledger/events/index.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { namesOf } from '../persons.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: 'ID',
  help: `Shows a waiver: what it covers, until when, and each act on it, with whether the act's signature holds. Names are those this
machine knows; a justification is shown where it can be opened.`,
  options: {},
  examples: [['stella waiver show w-1f0c22d7a9b3', 'who asked, who approved']],

  async run(call) {
    const [waiver, ...others] = call.positionals;
    if (waiver === undefined || others.length > 0) throw new UsageError('name one waiver of "stella waiver list"');
    const place = findPlace(call);
    const log = await openForReading(place);
    const ports = { log, ...payloadsOf(call, place) };
    const { acts } = await readWaiver(log, waiver);
    const [{ event: { data } }] = acts;
    const names = namesOf(call, place);
    const subjects = (data.subjects ?? []).map(formatDigest);
    const components = (data.components ?? []).map(({ purl, versions }) => (versions === undefined ? purl : `${purl} ${versions}`));
    call.out.say(`waiver ${waiver}: ${data.vulnerabilities.join(', ')}${data.breakGlass ? '  (break-glass)' : ''}`);
    for (const one of [...subjects, ...components]) call.out.say(`  for ${one}`);
    call.out.say(`  until ${new Date(data.expires).toISOString()}, owner ${names(data.owner)}, ${data.responses.join(', ')}`);
    const { origin } = (await log.readControl()).genesis;
    const told = [];
    for (const { index, event } of acts) {
      const spki = await publicKeyOf(log, event.data.key);
      const holds = spki !== null && await checkAct(ports, origin, event as ActEvent, spki);
      const why = await whyOf(index, event, ports);
      const act = event.type.slice('waiver.'.length);
      const reason = 'reason' in event.data ? `, ${event.data.reason}` : '';
      call.out.say(`  entry ${index}: ${act} by ${names(event.by.person)}${reason}  ${event.data.assurance}${holds ? '' : ', SIGNATURE DOES NOT HOLD'}`);
      if (why !== null) call.out.say(`    ${why}`);
      const { assurance, key } = event.data;
      told.push({ index, act, at: event.at, person: formatHex(event.by.person ?? new Uint8Array()), assurance, key: formatHex(key), holds });
    }
    call.out.answer({
      waiver, vulnerabilities: data.vulnerabilities, subjects, components: data.components ?? [],
      owner: formatHex(data.owner), expires: new Date(data.expires).toISOString(), breakGlass: data.breakGlass, responses: data.responses, acts: told,
    });
    return told.every(({ holds }) => holds) ? 'yes' : 'no';
  },
};

/** What a person wrote; null where nothing was, or it was erased. */
async function whyOf(index: number, event: Event, ports: Parameters<typeof openRecorded>[0]): Promise<string | null> {
  const commitment = event.payloads?.find(({ role }) => role === 'justification')?.commitment;
  if (commitment === undefined) return null;
  const opened = await openRecorded(ports, event, index, commitment[1]);
  return opened === null ? '(the justification was erased, or is not here)' : `"${decodeUtf8(opened)}"`;
}
