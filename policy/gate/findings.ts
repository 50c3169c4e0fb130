// What a gate reads of a findings document: a member of the policy input for each finding, as it is before VEX and waivers are heard.
//
// Ten thousand findings are 8 MB of JSON, and policies see half of it. The grammar below reads that half out of the text as our scanner
// writes it, in a quarter of the time that objects of all of it take. Whatever is spelt in another way is read whole, and gives the same.
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, jsonBytesMax, parseJson, parseJsonText } from '../../ledger/json.ts';
import type { Finding, FindingsDocument } from '../../scanner/match/findings.ts';
import { idMax, type PolicyInput } from './input-shape.ts';
import { textMax } from './shape.ts';
import { TextWindow } from './text-window.ts';

export type FindingMember = PolicyInput['findings'][number];

/** Findings as VEX and waivers find them. */
export interface Findings {
  readonly members: readonly FindingMember[];
  /** Each is known to have its shape, and none of its texts needs an escape; else nothing is known. */
  readonly plain: boolean;
}

/** The form of a document, as it says, and its findings; null where the form is another than `stella-findings/1`. */
export interface FindingsRead {
  readonly format: string;
  readonly findings: Findings | null;
}

/**
 * Reads a findings document. That members have their shape is asked of the policy input, unless they are `plain`.
 *
 * @throws {LedgerError} as `parseJson` does
 * @see spec/findings.md
 */
export function readFindings(bytes: Uint8Array): FindingsRead {
  const read = bytes.length > jsonBytesMax ? null : readPlain(bytes);
  if (read !== null) return { format, findings: { members: read, plain: true } };
  const document = parseJson(bytes) as unknown as FindingsDocument | null;
  if (document?.format !== format || !Array.isArray(document.findings)) return { format: String(document?.format), findings: null };
  return { format, findings: { members: document.findings.map((finding) => memberOf(partsOf(finding))), plain: false } };
}

const format = 'stella-findings/1';

/**
 * The names of a finding's vulnerability, its own first.
 *
 * A distribution's record about exactly one upstream vulnerability is about that one; a record about several is about none of
 * them alone, so that closing one of them closes nothing.
 */
export const namesOf = ({ id, aliases, upstream }: Pick<Finding, 'id' | 'aliases' | 'upstream'>): readonly string[] => [id, ...othersOf(id, aliases, upstream)];

/** The same of a member, whose aliases are all its other names. */
export const namesIn = ({ id, aliases }: Pick<FindingMember, 'id' | 'aliases'>): readonly string[] => [id, ...aliases];

/** The purl of a finding's component; null where it has none, and then the shape refuses the finding. */
export const purlOf = ({ purl }: Pick<FindingMember, 'purl'>): string | null => (purl === '' ? null : purl);

// The grammar: a document in RFC 8785 form whose findings have the shape of their members and whose strings have no escapes. Groups are
// what is taken. Lengths and the bounds of numbers are looked at afterwards.
const CHARACTER = String.raw`[^"\\\x00-\x1f]`;
const STRING = `"${CHARACTER}*"`;
const COUNT = '(?:0|[1-9][0-9]{0,14})';
const DECIMAL = String.raw`(?:0|[1-9][0-9]*)(?:\.[0-9]+)?`;
const PURL = String.raw`pkg:[A-Za-z0-9.+-]+/[^"\\\x00-\x1f\u2028\u2029]+`;
const ID = '[A-Za-z0-9][A-Za-z0-9._:+/-]*';
const OUTCOMES = ['affected', 'indeterminate', 'unsupported', 'unversioned'] as const;
const SEVERITIES = ['CRITICAL', 'HIGH', 'LOW', 'MEDIUM', 'NONE', 'UNKNOWN'] as const;
const TRACES = ['not_reached', 'reached', 'unknown'] as const;
const oneOf = (words: readonly string[]) => `"(${words.join('|')})"`;
const list = (of: string) => `\\[(?:${of}(?:,${of})*)?\\]`;
const taken = (of: string) => `\\[((?:${of}(?:,${of})*)?)\\]`;
const maybe = (name: string, of: string) => `(?:"${name}":${of},)?`;

const BEFORE = new RegExp(
  `\\{"components":${STRING},"config":${STRING},"counts":\\{[^{}]*\\},"engine":\\{[^{}]*\\},"findings":\\[`, 'y',
);
const FINDING = new RegExp(
  `\\{"aliases":${taken(`"${ID}"`)},`
  + `"component":\\{${maybe('dependencyPath', list(STRING))}"entryTrace":\\{${maybe('reason', STRING)}"state":${oneOf(TRACES)}\\},`
  + `"layers":${list(STRING)},"name":${STRING},${maybe('ownedBy', STRING)}"paths":\\[(?:"(${CHARACTER}+)"(?:,${STRING})*)?\\],`
  + `"purl":"(${PURL})","refs":${list(STRING)},"version":(?:null|${STRING})\\},`
  + `"conflicts":${taken('"(?:fixed|outcome|severity)"')},${maybe('epss', `"(${DECIMAL})"`)}"fingerprint":"([0-9a-f]{64})","id":"(${ID})",`
  + `"kev":(true|false),"outcome":${oneOf(OUTCOMES)},"records":\\[`, 'y',
);
// Its keys in their order, so that none can stand twice.
const REASON = `\\{${['at', 'bound', 'ecosystem', 'id', 'introduced'].map((name) => maybe(name, STRING)).join('')}`
  + `${['listed', 'range'].map((name) => maybe(name, COUNT)).join('')}${maybe('record', STRING)}"rule":${STRING}`
  + `${['scheme', 'type', 'until', 'version', 'why'].map((name) => `(?:,"${name}":${STRING})?`).join('')}\\}`;
const RECORD = new RegExp(
  `\\{"ecosystem":${STRING},"entry":${COUNT},"fixed":${taken(`"${CHARACTER}+"`)},"id":${STRING},"name":${STRING},"outcome":"([a-z_]+)",`
  + `"reasons":${list(REASON)},"record":${STRING},${maybe('score', STRING)}"severity":${STRING},"source":${STRING},"version":(?:null|${STRING})\\}`, 'y',
);
const AFTER = new RegExp(
  `\\],${maybe('score', `"(${DECIMAL})"`)}${maybe('scoredBy', STRING)}"severity":${oneOf(SEVERITIES)},"upstream":${taken(`"${ID}"`)}\\}`, 'y',
);

/** The findings of a document that is within the grammar, all of them with the shape of members; null of another, which says nothing about it. */
function readPlain(bytes: Uint8Array): readonly FindingMember[] | null {
  try {
    const window = new TextWindow(bytes);
    while (takeAt(BEFORE, window.text, 0) === null) if (!window.slide(0)) return null;
    const start = BEFORE.lastIndex;
    const before = window.text.slice(0, start);
    const read = readList(window, start);
    // What stands around the list is read strictly, and has to be a document of no findings.
    const rest = read === null ? null : parseJsonText(`${before}${read.after}`);
    const isDocument = isJsonObject(rest) && rest['format'] === format && Array.isArray(rest['findings']) && rest['findings'].length === 0;
    return isDocument && read !== null ? read.findings : null;
  } catch (error) {
    // The strict reader says what is wrong, and where. A list of millions takes more stack than regular expressions have.
    if (error instanceof LedgerError || error instanceof RangeError) return null;
    throw error;
  }
}

/** @param start - past the opening bracket @returns with the text from the closing one on; null where a finding is outside the grammar */
function readList(window: TextWindow, start: number): { findings: readonly FindingMember[]; after: string } | null {
  const findings: FindingMember[] = [];
  let some: Parts[] = [];
  let at = start;
  while (window.text.charCodeAt(at) !== CLOSING) {
    const parts = partsAt(window.text, at, findings.length + some.length > 0);
    if (parts !== null) {
      at = AFTER.lastIndex;
      some.push(parts);
      if (some.length < together) continue;
      addMembers(some, findings);
      some = [];
    } else if (window.slide(at)) at = 0;
    else return null;
  }
  addMembers(some, findings);
  return { findings, after: window.rest(at) };
}

/** The finding that stands at a place of the text, up to `AFTER.lastIndex`; null where none is there whole. @param isNext - after a comma */
function partsAt(text: string, start: number, isNext: boolean): Parts | null {
  let at = start;
  if (isNext && text.charCodeAt(at++) !== COMMA) return null;
  const finding = takeAt(FINDING, text, at);
  if (finding === null) return null;
  at = FINDING.lastIndex;
  let fixed: readonly string[] = NONE;
  for (let records = 0; text.charCodeAt(at) !== CLOSING; records++) {
    if (records > 0 && text.charCodeAt(at++) !== COMMA) return null;
    const record = takeAt(RECORD, text, at);
    if (record === null) return null;
    at = RECORD.lastIndex;
    if (record[2] === 'affected') fixed = fixed.length === 0 ? textsIn(record[1]) : [...fixed, ...textsIn(record[1])];
  }
  const after = takeAt(AFTER, text, at);
  if (after === null) return null;
  const id = finding[8] as string;
  // By their places: taking a list apart by a pattern makes as much garbage again as the list.
  const parts = {
    aliases: othersOf(id, textsIn(finding[1]), textsIn(after[3])), conflicts: textsIn(finding[5]), entry_trace: word(finding[2]), epss: finding[6],
    fingerprint: finding[7], fixed_versions: sortedOnce(fixed), id, kev: finding[9] === 'true', outcome: word(finding[10]), path: finding[3],
    purl: finding[4], score: after[1], severity: word(after[2]),
  } as Parts;
  return isWithinBounds(parts) ? parts : null;
}

/** So many findings are read before members are made of them. */
const together = 256;

/** Makes members with texts of their own: a substring keeps the whole document in memory, and is compared at half the speed. */
function addMembers(some: readonly Parts[], findings: FindingMember[]): void {
  const texts: string[] = [];
  for (const { aliases, fingerprint, fixed_versions, id, path = '', purl } of some) {
    texts.push(fingerprint, id, path, purl);
    for (let i = 0; i < aliases.length; i++) texts.push(aliases[i] as string);
    for (let i = 0; i < fixed_versions.length; i++) texts.push(fixed_versions[i] as string);
  }
  // None of them needs an escape. This is the fastest way to copy many texts.
  const own = JSON.parse(`["${texts.join('","')}"]`) as string[];
  let at = 0;
  const next = () => own[at++] as string;
  const nextOf = (list: readonly string[]) => (list.length === 0 ? NONE : own.slice(at, (at += list.length)));
  for (const { aliases, conflicts, entry_trace, epss, fixed_versions, kev, outcome, path, score, severity } of some) {
    const fingerprint = next();
    const id = next();
    const first = next();
    const purl = next();
    findings.push(memberOf({
      aliases: nextOf(aliases), conflicts, entry_trace, epss, fingerprint, fixed_versions: nextOf(fixed_versions), id, kev, outcome,
      path: path === undefined ? undefined : first, purl, score, severity,
    }));
  }
}

function isWithinBounds({ aliases, epss = '0', fixed_versions, id, path = '', purl, score = '0' }: Parts): boolean {
  return id.length <= idMax && path.length <= textMax && purl.length <= textMax && Number(epss) <= 1 && Number(score) <= 10
    && areShort(aliases, idMax) && areShort(fixed_versions, textMax);
}

function areShort(texts: readonly string[], max: number): boolean {
  for (let i = 0; i < texts.length; i++) if ((texts[i] as string).length > max) return false;
  return true;
}

function takeAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}

const WORDS = new Map([...OUTCOMES, ...SEVERITIES, ...TRACES].map((word) => [word as string, word]));
/** One of few words, once for all findings. */
const word = (found: string | undefined) => WORDS.get(found as string);

const CLOSING = 0x5d;
const COMMA = 0x2c;
const NONE: readonly string[] = [];

/** The texts of a list between its brackets: none holds a quote, and mostly there is one. */
function textsIn(list: string | undefined): readonly string[] {
  if (list === undefined || list === '') return NONE;
  const inner = list.slice(1, -1);
  return inner.includes('"') ? inner.split('","') : [inner];
}

function partsOf({ aliases, component, conflicts, epss, fingerprint, id, kev, outcome, records, score, severity, upstream }: Finding): Parts {
  return {
    aliases: othersOf(id, aliases, upstream), conflicts: conflicts as Parts['conflicts'], entry_trace: traceOf(component.entryTrace.state), epss, fingerprint,
    fixed_versions: sortedOnce(records.flatMap((record) => (record.outcome === 'affected' ? record.fixed : []))), id, kev, outcome,
    // What has no purl was never looked up, so it has no findings; should one appear, the shape refuses the input.
    path: component.paths[0], purl: component.purl ?? '', score, severity,
  };
}

/** What is none of the three stands in no member, and the shape refuses it. */
const traceOf = (state: string) => TRACES.find((trace) => trace === state) as Parts['entry_trace'];

function othersOf(id: string, aliases: readonly string[], upstream: readonly string[]): readonly string[] {
  const [first] = upstream;
  return upstream.length !== 1 || first === id || aliases.includes(first as string) ? aliases : [...aliases, first as string];
}

const sortedOnce = (texts: readonly string[]): readonly string[] => (texts.length < 2 ? texts : [...new Set(texts)].sort());

/** A member but for what VEX and waivers say, with its numbers as the scanner writes them. */
type Parts = Omit<FindingMember, 'epss' | 'exploitability' | 'path' | 'score' | 'waived'> & { readonly [K in 'epss' | 'path' | 'score']: string | undefined };

// Keys in ascending order: the input is written with JSON.stringify. Nearly always nothing is absent, and one literal is made and
// read twice as fast as an object that grows.
function memberOf({ aliases, conflicts, entry_trace, epss, fingerprint, fixed_versions, id, kev, outcome, path, purl, score, severity }: Parts): FindingMember {
  const exploitability = outcome === 'affected' ? 'affected' : 'unknown';
  if (epss !== undefined && path !== undefined && score !== undefined) {
    return {
      aliases, conflicts, entry_trace, epss: Number(epss), exploitability, fingerprint, fixed_versions, id, kev, outcome, path, purl, score: Number(score),
      severity, waived: false,
    };
  }
  return {
    aliases, conflicts, entry_trace, ...(epss === undefined ? {} : { epss: Number(epss) }), exploitability, fingerprint, fixed_versions, id, kev, outcome,
    ...(path === undefined ? {} : { path }), purl, ...(score === undefined ? {} : { score: Number(score) }), severity, waived: false,
  };
}
