// What we say about an artifact, as one VEX document: our own statements on record, and the risks that are accepted for a time.
import { equalBytes } from '../ledger/bytes.ts';
import { formatDigest, type Digest } from '../ledger/events/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { VexStatement } from '../evidence/index.ts';
import { VEX_WRITERS, type VexFormat } from '../evidence/vex/writers.ts';
import { activeWaivers, covers } from '../projections/active-waivers.ts';
import type { Waiver } from '../projections/waiver.ts';
import { proveActs } from './act-statement.ts';
import { aboutOf, packageOf, productOf } from './vex.ts';
import { vexSaid, type Said, type SaidPorts } from './vex-said.ts';

export { VEX_FORMATS, type VexFormat } from '../evidence/vex/writers.ts';

/** With `documents` at the published size. */
export interface ExportPorts extends SaidPorts {
  readonly log: Pick<LogView, 'stream' | 'entry' | 'readControl'>;
}

export interface VexExport extends Pick<Said, 'untrusted' | 'unreadable'> {
  readonly document: Uint8Array;
  readonly statements: readonly VexStatement[];
  /** Those that the document says something of. */
  readonly waivers: readonly Waiver[];
}

/**
 * Writes what we say about an artifact at `at`: of our own statements those that count (`vexSaid`), as they were written; and, for what
 * none of them speaks of, `affected` for each waiver in force, with what is done about the risk.
 *
 * @param at - milliseconds since 1970 @param random - 16 bytes
 * @throws {LedgerError} EVIDENCE_INVALID when there is nothing to say; INPUT_MALFORMED for what the format cannot say
 */
export async function exportVex(ports: ExportPorts, subject: Digest<'sha256'>, format: VexFormat, at: number, random: Uint8Array): Promise<VexExport> {
  const said = await vexSaid(ports, subject, at);
  const { unreadable, untrusted } = said;
  const risks = (await waiversOf(ports, subject, at)).map((waiver) => ({ waiver, statements: acceptedRisk(waiver, subject, said) }))
    .filter((risk) => risk.statements.length > 0);
  const statements = [...said.statements, ...risks.flatMap((risk) => risk.statements)];
  if (statements.length === 0) {
    const hint = untrusted.length === 0
      ? 'state something with "stella vex set"'
      : `entry ${untrusted[0]} is by nobody whom this ledger trusts: "stella trust add --person NAME"`;
    throw new LedgerError('EVIDENCE_INVALID', `Cannot export VEX: nothing of ours counts for ${formatDigest(subject)}`, { hint });
  }
  const { origin } = (await ports.log.readControl()).genesis;
  const document = VEX_WRITERS[format](statements, aboutOf(origin, { by: { kind: 'ledger', auth: 'self' } }, at, random));
  return { document, statements, unreadable, untrusted, waivers: risks.map(({ waiver }) => waiver) };
}

async function waiversOf(ports: ExportPorts, subject: Digest<'sha256'>, at: number): Promise<Waiver[]> {
  const all = [...(await ports.documents.all('waiver')).values()].flatMap(({ waivers }) => waivers);
  const about = all.filter((waiver) => waiver.subjects === undefined || names(waiver, subject));
  return activeWaivers([{ waivers: about }], at, await proveActs(ports, about));
}

const names = ({ subjects = [] }: Waiver, subject: Digest<'sha256'>) => subjects.some((one) => equalBytes(one, subject[1]));

/**
 * An accepted risk is a risk still: `affected`, with what is done about it.
 *
 * Of what scans found it is said under the finding's own names and of the components that the waiver covers: the vulnerabilities of one
 * waiver are no names of one another. What they did not find is said where the waiver names this very artifact.
 */
function acceptedRisk(waiver: Waiver, subject: Digest<'sha256'>, { found, statements }: Said): VexStatement[] {
  const { id, vulnerabilities, components = [], expires, responses } = waiver;
  const action = `risk accepted until ${new Date(expires).toISOString()} (waiver ${id}): ${responses.join(', ').replaceAll('_', ' ')}`;
  const affected = (vulnerability: string, aliases: readonly string[], purls: readonly string[]): VexStatement => ({
    vulnerability, aliases, status: 'affected', justification: null, words: { status: 'affected', justification: null }, product: productOf(subject),
    parts: purls.map((purl) => packageOf(purl)), stated: null, impact: null, action, notes: null,
  });
  const covered = found.filter(({ ids, purl }) => covers(waiver, { ids, artifact: subject[1], purl }));
  const byName = Map.groupBy(covered.filter(({ isSaid }) => !isSaid), ({ ids: [name = ''] }) => name);
  const risks = [...byName].map(([name, all]) => {
    const aliases = [...new Set(all.flatMap(({ ids }) => ids))].filter((one) => one !== name);
    return affected(name, aliases, [...new Set(all.flatMap(({ purl }) => purl ?? []))].sort());
  });
  const isSpoken = (name: string) => covered.some(({ ids }) => ids.includes(name))
    || statements.some(({ vulnerability, aliases }) => vulnerability === name || aliases.includes(name));
  const unfound = names(waiver, subject) ? vulnerabilities.filter((name) => !isSpoken(name)) : [];
  return [...risks, ...unfound.map((name) => affected(name, [], [...new Set(components.map(({ purl }) => purl))]))];
}
