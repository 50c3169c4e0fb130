// stella vex set: what we say about a vulnerability in what we ship.
import { readFileSync } from 'node:fs';
import {
  packageOf, productOf, statementsIn, stateVex, type VexJustification, type VexStatement, type VexStatus, type VexToState,
} from '../../actions/vex.ts';
import { reportVex } from '../vex-report.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { ACTING, actingOf } from '../persons.ts';
import { findPlace, openForWriting } from '../place.ts';
import { parseSubject } from '../subjects.ts';
import { textOf } from './waiver-request.ts';

const STATUSES: readonly VexStatus[] = ['not_affected', 'affected', 'fixed', 'under_investigation'];
const JUSTIFICATIONS: readonly VexJustification[] = [
  'component_not_present', 'vulnerable_code_not_present', 'vulnerable_code_not_in_execute_path', 'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
];
/** CycloneDX's word for the versions that a statement of this status narrows itself to. */
const VERSIONS: Readonly<Record<VexStatus, string>> = { affected: 'affected', not_affected: 'unaffected', fixed: 'unaffected', under_investigation: 'unknown' };

export const command: Command = {
  usage: '(VULNERABILITY (--subject sha256:HEX | --product PURL) --status STATUS [OPTIONS] | --from FILE)',
  help: `States whether a vulnerability affects an artifact or a package, and puts it on record as OpenVEX, signed by the person of --as or
--key, or asserted by this ledger. "not_affected" needs a justification or an impact, "affected" an action. What was stated before
is not removed: the newest statement of an author counts. --from takes a document of ours, such as a reviewed draft of "stella
vex draft", whole.`,
  options: {
    subject: { type: 'string', takes: 'sha256:HEX', help: 'the artifact it is about' },
    product: { type: 'string', takes: 'PURL', help: 'the package it is about, wherever it is' },
    component: { type: 'string', multiple: true, takes: 'PURL', help: 'the part of it that brings the vulnerability; may be repeated' },
    versions: { type: 'string', takes: 'VERS', help: 'which versions of --product: vers:npm/>=1.0.0|<1.3.1 (the document is CycloneDX then)' },
    status: { type: 'string', takes: 'STATUS', help: STATUSES.join(', ') },
    justification: { type: 'string', takes: 'WORD', help: `for not_affected: ${JUSTIFICATIONS.join(', ')}` },
    impact: { type: 'string', takes: 'TEXT', help: 'for not_affected: why, in words; @FILE reads a file' },
    action: { type: 'string', takes: 'TEXT', help: 'for affected: what to do; @FILE reads a file' },
    alias: { type: 'string', multiple: true, takes: 'ID', help: 'another id of the vulnerability; may be repeated' },
    from: { type: 'string', takes: 'FILE', help: 'state everything that this VEX document says' },
    seal: { type: 'boolean', help: 'seal the document, so that its words can be erased; what it says still counts' },
    ...ACTING,
  },
  examples: [
    ['stella vex set CVE-2026-1234 --subject sha256:4f2c…9a --status not_affected --justification vulnerable_code_not_present --as ann', 'signed by Ann'],
    ['stella vex set --from reviewed.vex.json --as ann', 'a draft that Ann reviewed'],
  ],

  async run(call) {
    const place = findPlace(call);
    const stated = await statedIn(call);
    const log = await openForWriting(call, place);
    try {
      const acting = await actingOf(call, place, log);
      const ports = { log, ...payloadsOf(call, place), now: () => call.now() };
      const { index, format } = await stateVex(ports, { ...stated, seal: call.flag('seal') }, acting);
      for (const { vulnerability, status, product, parts } of stated.statements.slice(0, shownMax)) {
        call.out.say(`${vulnerability}  ${status}  ${product?.id ?? ''}${parts.map(({ id }) => `  ${id}`).join('')}`);
      }
      if (stated.statements.length > shownMax) call.out.say(`… ${stated.statements.length - shownMax} more`);
      const count = stated.statements.length;
      call.out.say(`entry ${index}: ${count === 1 ? 'one statement' : `${count} statements`}, ${format} (${acting.assurance})`);
      await reportVex(call, place, log, [index]);
      call.out.answer({ index, statements: stated.statements.length, format, assurance: acting.assurance, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};

const shownMax = 10;

async function statedIn(call: Call): Promise<VexToState> {
  const file = call.value('from');
  if (file !== undefined) {
    if (call.positionals.length > 0) throw new UsageError('--from brings its own vulnerabilities');
    return statementsIn(new Uint8Array(readFileSync(file)));
  }
  const [vulnerability, ...others] = call.positionals;
  const [subject, purl, status, versions] = ['subject', 'product', 'status', 'versions'].map((name) => call.value(name));
  if (vulnerability === undefined || others.length > 0) throw new UsageError('name one vulnerability, or a document with --from');
  if ((subject === undefined) === (purl === undefined)) throw new UsageError('say what it is about: either --subject sha256:… or --product pkg:…');
  if (versions !== undefined && purl === undefined) throw new UsageError('--versions are those of --product');
  const known = word(status, 'status', STATUSES);
  const justification = call.value('justification') === undefined ? null : word(call.value('justification'), 'justification', JUSTIFICATIONS);
  const [impact, action] = ['impact', 'action'].map((name) => (call.value(name) === undefined ? null : textOf(call.value(name) as string)));
  const digest = subject === undefined ? null : parseSubject(subject);
  const product = digest === null ? packageOf(purl as string, versions === undefined ? [] : [`${VERSIONS[known]} ${versions}`]) : productOf(digest);
  const statement: VexStatement = {
    vulnerability, aliases: call.values('alias'), status: known, justification, words: { status: known, justification }, product,
    parts: call.values('component').map((part) => packageOf(part)), stated: null, impact: impact ?? null, action: action ?? null, notes: null,
  };
  return { statements: [statement], subjects: digest === null ? [] : [digest] };
}

function word<T extends string>(text: string | undefined, option: string, words: readonly T[]): T {
  const found = words.find((one) => one === text);
  if (found === undefined) throw new UsageError(`--${option} is one of ${words.join(', ')}`);
  return found;
}
