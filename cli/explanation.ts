// Answers about one vulnerability in words: which record, which rule and bound, which component, and how it got there.
import { clip } from '../ledger/errors.ts';
import type { Explained, Explanation, TraceChain } from '../scanner/index.ts';
import type { Call } from './command.ts';

type Reason = Explained['reasons'][number];

/** What the sources say of a vulnerability beside their ranges, each in its own words; they are linked, and never made one. */
export function statedTexts(records: Explanation['records']): string[] {
  const says = records.flatMap(({ source, score, severity, word, withdrawn }) => {
    const own = score === undefined ? (word === undefined ? null : `"${clip(word)}"`) : `${severity} ${score}`;
    return own === null ? [] : [{ severity, text: `${clip(source)} ${own}${withdrawn === true ? ' (withdrawn)' : ''}` }];
  });
  const differ = new Set(says.flatMap(({ severity }) => severity ?? [])).size > 1;
  const texts = [...new Set(says.map(({ text }) => text))].sort();
  const epss = records.flatMap(({ source, epss: found }) => (found === undefined ? [] : [`EPSS ${clip(found)} by ${clip(source)}`]));
  const exploited = records.filter(({ kev }) => kev === true).map(({ source }) => `known to be exploited by ${clip(source)}`);
  return [...(texts.length === 0 ? [] : [`severity: ${texts.join(', ')}${differ ? '; the sources differ' : ''}`]), ...new Set([...exploited, ...epss])];
}

/** One rule with its bound, about a version. */
export function reasonText(reason: Reason, version: string | null): string {
  const own = clip(version ?? 'no version');
  switch (reason.rule) {
    case 'listed':
      return `${own} stands in the record's list of versions`;
    case 'not_listed':
      return `${own} is not among the record's ${reason.listed} listed versions`;
    case 'in_range': {
      const from = reason.introduced === '0' ? 'every version' : `${clip(reason.introduced)} on`;
      const word = reason.until === 'last_affected' ? 'up to' : 'before';
      const until = reason.bound === undefined ? ', without an end' : ` ${word} ${clip(reason.bound)}`;
      return `range ${reason.range} holds ${own}: from ${from}${until}`;
    }
    case 'before_introduced':
      return `range ${reason.range} begins at ${clip(reason.bound)}, after ${own}`;
    case 'at_or_after_fixed':
      return `range ${reason.range} is fixed in ${clip(reason.bound)}, and ${own} is not before it`;
    case 'after_last_affected':
      return `range ${reason.range} ends after ${clip(reason.bound)}, before ${own}`;
    case 'at_or_after_limit':
      return `range ${reason.range} reaches up to ${clip(reason.bound)}, and ${own} is not before it`;
    case 'version_ill_formed':
      return `range ${reason.range} cannot be compared: "${own}" is no ${reason.scheme} version`;
    case 'bound_ill_formed':
      return `range ${reason.range} cannot be compared: its bound "${clip(reason.bound)}" is no ${reason.scheme} version`;
    case 'range_malformed':
      return `range ${reason.range} is against the schema: ${clip(reason.why)}`;
    case 'range_type_unknown':
      return `range ${reason.range} is of an unknown type, "${clip(reason.type)}"`;
    case 'commit_graph_needed':
      return `range ${reason.range} names commits, which need the repository`;
    case 'no_scheme':
      return `range ${reason.range}: no order of versions is known for ${clip(reason.ecosystem)}`;
    case 'withdrawn':
      return `the record was withdrawn on ${clip(reason.at)}`;
    case 'unversioned':
      return 'the component states no version';
    case 'release_unknown':
      return 'the record answers for one release, and the component does not say of which it is';
    case 'closed_by_owner':
      return `the distribution's package owns the files, and its record ${clip(reason.id)} says not affected`;
    default:
      return reason satisfies never;
  }
}

/**
 * One answer, three or more lines.
 *
 * @param checked - whether it comes out the same from the record's bytes
 * @param chain - how what the image starts comes to the component, where that is known
 */
export function sayAnswer(call: Call, answer: Explained, checked: string | null, chain: TraceChain | null = null): void {
  const { component, outcome, source, id, record, entry, lookup, reasons } = answer;
  call.out.say(`${outcome}  ${clip(component.purl ?? component.name)}`);
  for (const reason of reasons) call.out.say(`    ${reasonText(reason, lookup.version)}`);
  const again = checked === null ? '' : checked === 'same' ? ', computed again' : `: NOT THE SAME, ${checked}`;
  call.out.say(`    record  ${clip(id)} of ${source}, ${record}, entry ${entry}${again}`);
  if (lookup.name !== component.name) call.out.say(`    package ${clip(lookup.ecosystem)} ${clip(lookup.name)}`);
  for (const path of component.paths.slice(0, 4)) call.out.say(`    file    ${clip(path)}`);
  for (const layer of component.layers.slice(0, 4)) call.out.say(`    layer   ${clip(layer)}`);
  if (component.dependencyPath !== undefined) call.out.say(`    way     ${component.dependencyPath.map((name) => clip(name)).join(' > ')}`);
  const { entryTrace } = component;
  if (entryTrace.state === 'unknown' && entryTrace.reason === 'not_traced') return;
  call.out.say(`    entry   ${entryTrace.state === 'unknown' ? `unknown: ${endText(entryTrace.reason, chain)}` : ENTRY[entryTrace.state]}`);
  for (const text of chainLines(chain)) call.out.say(`            ${text}`);
}

const ENTRY = { reached: 'reached', not_reached: 'not reached by anything that the image starts as it is configured' };

function endText(reason: string, chain: TraceChain | null): string {
  const end = chain?.end ?? null;
  if (end === null) return clip(reason);
  return `${clip(reason)}, ${clip(end.detail)}${end.file === '' ? '' : ` (${clip(end.file)}${end.line > 0 ? `, line ${end.line}` : ''})`}`;
}

type Step = TraceChain['steps'][number];

const WHY: Readonly<Record<Step['why'], string>> = {
  class: 'loads a class of', import: 'imports', interprets: 'interprets', library: 'loads the library', linker: 'is linked by', sources: 'sources',
  starts: 'starts',
};

/** Steps at either end of a long chain; JSON has all of them. */
const stepsShown = 6;

function chainLines(chain: TraceChain | null): string[] {
  const lines = (chain?.steps ?? []).map(({ path, why, line, argv, guards, layer }, i) => {
    const command = argv === undefined || argv.length < 2 ? '' : ` (${argv.map((word) => (word === null ? '…' : clip(word))).join(' ')})`;
    const from = line === undefined ? '' : `, from line ${line}`;
    const only = guards.length === 0 ? '' : `, only if ${guards.map((guard) => `line ${guard.line} ${guard.holds ? 'holds' : 'does not hold'}`).join(' and ')}`;
    const brought = layer === null ? '' : `  ${layer.slice(0, 19)}…`;
    return `${i === 0 ? 'the image ' : '> '}${WHY[why]} ${clip(path)}${command}${from}${only}${brought}`;
  });
  if (lines.length <= 2 * stepsShown) return lines;
  return [...lines.slice(0, stepsShown), `… ${lines.length - 2 * stepsShown} more (--json has all of them)`, ...lines.slice(-stepsShown)];
}
