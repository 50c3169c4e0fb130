// stella waiver request: ask that a risk be accepted for a time.
import { readFileSync } from 'node:fs';
import { requestWaiver } from '../../actions/waiver.ts';
import { decodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { ACTING, actingOf, parseName, pseudonymOf } from '../persons.ts';
import { findPlace, openDocuments, openForWriting } from '../place.ts';
import { parseSubject } from '../subjects.ts';
import { parseTime } from '../times.ts';

const RESPONSES = ['can_not_fix', 'rollback', 'update', 'will_not_fix', 'workaround_available'] as const;

export const command: Command = {
  usage: 'VULNERABILITY… (--subject sha256:HEX | --component PURL)… --owner NAME --expires TIME --justification TEXT [OPTIONS]',
  help: `Asks that a risk be accepted until a time. What it covers stays "affected": a waiver is no statement that something is safe. It
counts once another person approves it, and ends by itself; nothing is renewed. The justification is kept sealed, so that it can
be erased. With --as or --key the request is signed by that person, otherwise it is asserted by this ledger.`,
  options: {
    subject: { type: 'string', multiple: true, takes: 'sha256:HEX', help: 'an artifact it is for; may be repeated' },
    component: { type: 'string', multiple: true, takes: 'PURL', help: 'a package it is for, without version; may be repeated' },
    versions: { type: 'string', takes: 'VERS', help: 'which versions of the one --component: vers:npm/>=1.0.0|<1.3.1' },
    owner: { type: 'string', takes: 'NAME', help: 'the person who answers for the risk: whoever asks, or one of "stella person list"' },
    expires: { type: 'string', takes: 'TIME', help: 'when it ends, in UTC: 2026-12-31 (the end of that day) or 2026-12-31T12:00:00Z' },
    justification: { type: 'string', takes: 'TEXT', help: 'why, in words; @FILE reads a file' },
    response: { type: 'string', multiple: true, takes: 'WORD', help: `what is done about it: ${RESPONSES.join(', ')} (will_not_fix when left out)` },
    'break-glass': { type: 'boolean', help: 'marked: it was not asked for in the usual way' },
    id: { type: 'string', takes: 'ID', help: 'its id: lower-case letters, digits, hyphens (else one is made)' },
    ...ACTING,
  },
  examples: [
    ['stella waiver request CVE-2026-1234 --subject sha256:4f2c…9a --owner ann --expires 2026-12-31 --justification @why.txt --as ann',
      'then "stella waiver approve ID --as bob"'],
  ],

  async run(call) {
    const place = findPlace(call);
    const [owner, expires, justification] = ['owner', 'expires', 'justification'].map((name) => call.value(name));
    if (call.positionals.length === 0) throw new UsageError('name the vulnerabilities it is about');
    if (owner === undefined || expires === undefined || justification === undefined) {
      throw new UsageError('a waiver has an --owner, an end (--expires) and a --justification');
    }
    const components = componentsOf(call);
    const subjects = call.values('subject').map(parseSubject);
    if (subjects.length + components.length === 0) throw new UsageError('say what it is for: --subject sha256:… or --component pkg:…');
    const waiver = call.value('id') ?? `w-${formatHex(call.random(6))}`;
    const request = {
      waiver, vulnerabilities: call.positionals, subjects, components, responses: responsesOf(call), breakGlass: call.flag('break-glass'),
      owner: pseudonymOf(call, place, parseName(owner)), ownerName: owner, expires: parseTime(expires, 'end'), justification: textOf(justification),
    };
    const log = await openForWriting(call, place);
    try {
      const acting = await actingOf(call, place, log);
      const { documents, close } = await openDocuments(place, log);
      const ports = { log, documents, ...payloadsOf(call, place), now: () => call.now() };
      const { index, tooLongFor } = await requestWaiver(ports, request, acting).finally(close);
      call.out.say(`entry ${index}: waiver ${waiver} requested (${acting.assurance}), until ${new Date(request.expires).toISOString()}`);
      call.out.say(`It counts when another person approves it: stella waiver approve ${waiver} --as NAME`);
      for (const policy of tooLongFor) call.out.warn(`the policy "${policy}" takes no waiver for so long: before it this one counts for nothing`);
      call.out.answer({
        index, waiver, expires: new Date(request.expires).toISOString(), assurance: acting.assurance, ...(tooLongFor.length === 0 ? {} : { tooLongFor }),
        size: log.published.size,
      });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};

function componentsOf(call: Call) {
  const purls = call.values('component');
  const versions = call.value('versions');
  if (versions !== undefined && purls.length !== 1) throw new UsageError('--versions are those of one --component');
  return purls.map((purl) => ({ purl, ...(versions === undefined ? {} : { versions }) }));
}

function responsesOf(call: Call) {
  const words = call.values('response');
  const known = words.map((word) => RESPONSES.find((one) => one === word));
  if (known.includes(undefined)) throw new UsageError(`--response is one of ${RESPONSES.join(', ')}`);
  return known.length === 0 ? ['will_not_fix' as const] : (known as (typeof RESPONSES)[number][]);
}

export function textOf(text: string): string {
  return text.startsWith('@') ? decodeUtf8(new Uint8Array(readFileSync(text.slice(1)))) : text;
}
