// What a gate reads of a findings document: a member of the policy input for each finding, as it is before VEX and waivers are heard.
//
// Ten thousand findings are 8 MB of JSON, and policies see half of it. The grammar below reads that half out of the text as our scanner
// writes it, in a quarter of the time that objects of all of it take. Whatever is spelt in another way is read whole, and gives the same.
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, jsonBytesMax, parseJson, parseJsonText } from '../../ledger/json.ts';
import type { Finding, FindingsDocument } from '../../scanner/match/findings.ts';
import { idMax, type PolicyInput } from './input-shape.ts';
import { ListWriter, membersTogether, type WrittenList } from './members.ts';
import { textMax } from './shape.ts';
import { TextWindow } from './text-window.ts';

export type FindingMember = PolicyInput['findings'][number];

/** Findings as VEX and waivers find them. */
export interface Findings {
  readonly members: readonly FindingMember[];
  /** Them in canonical JSON, where they are `plain`: each is known to have its shape then. Else null, and nothing is known. */
  readonly written: WrittenList | null;
}

/** The form of a document, as it says, and its findings; null where the form is another than `stella-findings/1`. */
export interface FindingsRead {
  readonly format: string;
  readonly findings: Findings | null;
}

/**
 * Reads a findings document. That members have their shape is asked of the policy input, unless they are plain: see `written`.
 *
 * @throws {LedgerError} as `parseJson` does
 * @see spec/findings.md
 */
export function readFindings(bytes: Uint8Array): FindingsRead {
  const read = bytes.length > jsonBytesMax ? null : readPlain(bytes);
  if (read !== null) return { format, findings: read };
  const document = parseJson(bytes) as unknown as FindingsDocument | null;
  if (document?.format !== format || !Array.isArray(document.findings)) return { format: String(document?.format), findings: null };
  return { format, findings: { members: document.findings.map((finding) => memberOf(finding)), written: null } };
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
// Two digits before the point are more than any score has, and too few for a number beyond the doubles, which JSON has no word for.
const DECIMAL = String.raw`(?:0|[1-9][0-9]?)(?:\.[0-9]+)?`;
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
// Its keys in their order, so that none can stand twice.
const REASON = `\\{${['at', 'bound', 'ecosystem', 'id', 'introduced'].map((name) => maybe(name, STRING)).join('')}`
  + `${['listed', 'range'].map((name) => maybe(name, COUNT)).join('')}${maybe('record', STRING)}"rule":${STRING}`
  + `${['scheme', 'type', 'until', 'version', 'why'].map((name) => `(?:,"${name}":${STRING})?`).join('')}\\}`;
const RECORD_TEXT = `\\{"ecosystem":${STRING},"entry":${COUNT},"fixed":${taken(`"${CHARACTER}+"`)},"id":${STRING},"name":${STRING},"outcome":"([a-z_]+)",`
  + `"reasons":${list(REASON)},"record":${STRING},${maybe('score', STRING)}"severity":${STRING},"source":${STRING},"version":(?:null|${STRING})\\}`;
const AFTER_TEXT = `\\],${maybe('score', `"(${DECIMAL})"`)}${maybe('scoredBy', STRING)}"severity":${oneOf(SEVERITIES)},"upstream":${taken(`"${ID}"`)}\\}`;
// Mostly there is one record, and all of a finding is taken at once. Its groups: 1 aliases, 2 trace, 3 path, 4 purl, 5 conflicts, 6 EPSS,
// 7 fingerprint, 8 from the id to the outcome; of the record 9 fixed versions, 10 outcome; and 11 score, 12 severity, 13 upstream.
const FINDING = new RegExp(
  `\\{"aliases":${taken(`"${ID}"`)},`
  + `"component":\\{${maybe('dependencyPath', list(STRING))}"entryTrace":\\{${maybe('reason', STRING)}"state":${oneOf(TRACES)}\\},`
  + `"layers":${list(STRING)},"name":${STRING},${maybe('ownedBy', STRING)}"paths":\\[(?:"(${CHARACTER}+)"(?:,${STRING})*)?\\],`
  + `"purl":"(${PURL})","refs":${list(STRING)},"version":(?:null|${STRING})\\},`
  + `("conflicts":${list('"(?:fixed|outcome|severity)"')}),${maybe('epss', `"(${DECIMAL})"`)}("fingerprint":"[0-9a-f]{64}"),`
  + `("id":"${ID}","kev":(?:true|false),"outcome":"(?:${OUTCOMES.join('|')})"),"records":\\[(?:${RECORD_TEXT}(?:${AFTER_TEXT})?)?`, 'y',
);
const RECORD = new RegExp(RECORD_TEXT, 'y');
const AFTER = new RegExp(AFTER_TEXT, 'y');

/** The findings of a document that is within the grammar, all of them with the shape of members; null of another, which says nothing about it. */
function readPlain(bytes: Uint8Array): Findings | null {
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
function readList(window: TextWindow, start: number): { findings: Findings; after: string } | null {
  const writer = new ListWriter();
  const members: FindingMember[] = [];
  let texts: string[] = [];
  // Read again as it was written: that gives texts of their own, where a substring keeps all of a window in memory.
  const take = (): boolean => {
    const read = JSON.parse(writer.add(texts)) as FindingMember[];
    for (const member of read) members.push(member);
    texts = [];
    return read.every(isWithinBounds);
  };
  const place: Place = { at: start };
  while (window.text.charCodeAt(place.at) !== CLOSING) {
    const text = memberAt(window.text, place, members.length + texts.length > 0);
    if (text !== null) {
      texts.push(text);
      if (texts.length === membersTogether && !take()) return null;
    } else if (window.slide(place.at)) place.at = 0;
    else return null;
  }
  if (texts.length > 0 && !take()) return null;
  return { findings: { members, written: writer.done() }, after: window.rest(place.at) };
}

interface Place {
  at: number;
}

/**
 * The member of the finding that stands at a place of the text, in canonical JSON; the place is past it then.
 *
 * @param isNext - after a comma @returns null where none is there whole
 */
function memberAt(text: string, place: Place, isNext: boolean): string | null {
  if (isNext && text.charCodeAt(place.at) !== COMMA) return null;
  const finding = takeAt(FINDING, text, isNext ? place.at + 1 : place.at);
  if (finding === null) return null;
  let end = FINDING.lastIndex;
  let versions = finding[10] === 'affected' ? finding[9] as string : '';
  let [score, severity, upstream] = [finding[11], finding[12], finding[13] as string];
  if (severity === undefined) {
    // No record, or several.
    while (finding[10] !== undefined && text.charCodeAt(end) === COMMA) {
      const record = takeAt(RECORD, text, end + 1);
      if (record === null) return null;
      end = RECORD.lastIndex;
      if (record[2] === 'affected') versions = joined(versions, record[1] as string);
    }
    const after = takeAt(AFTER, text, end);
    if (after === null) return null;
    end = AFTER.lastIndex;
    [score, severity, upstream] = [after[1], after[2], after[3] as string];
  }
  place.at = end;
  const [path, epss, said] = [finding[3], finding[6], finding[8] as string];
  const aliases = upstream === '' ? finding[1] : othersIn(said, finding[1] as string, upstream);
  // Keys in ascending order, and what stood together stays so.
  return `{"aliases":[${aliases}],${finding[5]},"entry_trace":"${finding[2]}",${epss === undefined ? '' : `"epss":${numberIn(epss)},`}`
    + `"exploitability":"${said.endsWith('"affected"') ? 'affected' : 'unknown'}",${finding[7]},"fixed_versions":[${onceIn(versions)}],${said},`
    + `${path === undefined ? '' : `"path":"${path}",`}"purl":"${finding[4]}",${score === undefined ? '' : `"score":${numberIn(score)},`}`
    + `"severity":"${severity}","waived":false}`;
}

function isWithinBounds({ aliases, epss = 0, fixed_versions, id, path = '', purl, score = 0 }: FindingMember): boolean {
  return id.length <= idMax && path.length <= textMax && purl.length <= textMax && epss <= 1 && score <= 10
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

const CLOSING = 0x5d;
const COMMA = 0x2c;

/** A number's canonical text (RFC 8785): a short one without zeros at its end has it. */
const numberIn = (decimal: string): string => (decimal.length <= 8 && !(decimal.includes('.') && decimal.endsWith('0')) ? decimal : String(Number(decimal)));

// Lists of texts as they stand between their brackets: none holds a quote.
const joined = (list: string, more: string): string => (list === '' ? more : more === '' ? list : `${list},${more}`);
const textsIn = (list: string): readonly string[] => (list === '' ? [] : list.slice(1, -1).split('","'));
const listOf = (texts: readonly string[]): string => (texts.length === 0 ? '' : `"${texts.join('","')}"`);
const onceIn = (list: string): string => (list.includes(',') ? listOf(sortedOnce(textsIn(list))) : list);

/** @param said - with the finding's id, its first member */
function othersIn(said: string, aliases: string, upstream: string): string {
  const from = '"id":"'.length;
  return listOf(othersOf(said.slice(from, said.indexOf('"', from)), textsIn(aliases), textsIn(upstream)));
}

function othersOf(id: string, aliases: readonly string[], upstream: readonly string[]): readonly string[] {
  const [first] = upstream;
  return upstream.length !== 1 || first === id || aliases.includes(first as string) ? aliases : [...aliases, first as string];
}

const sortedOnce = (texts: readonly string[]): readonly string[] => (texts.length < 2 ? texts : [...new Set(texts)].sort());

// Keys in ascending order: the input is written with JSON.stringify.
function memberOf({ aliases, component, conflicts, epss, fingerprint, id, kev, outcome, records, score, severity, upstream }: Finding): FindingMember {
  // What has no purl was never looked up, so it has no findings; should one appear, the shape refuses the input.
  const { entryTrace, paths: [path], purl } = component;
  return {
    aliases: othersOf(id, aliases, upstream),
    conflicts: conflicts as FindingMember['conflicts'],
    // What is none of the three stands in no member, and the shape refuses it.
    entry_trace: TRACES.find((trace) => trace === entryTrace.state) as FindingMember['entry_trace'],
    ...(epss === undefined ? {} : { epss: Number(epss) }),
    exploitability: outcome === 'affected' ? 'affected' : 'unknown',
    fingerprint,
    fixed_versions: sortedOnce(records.flatMap((record) => (record.outcome === 'affected' ? record.fixed : []))),
    id,
    kev,
    outcome,
    ...(path === undefined ? {} : { path }),
    purl: purl ?? '',
    ...(score === undefined ? {} : { score: Number(score) }),
    severity,
    waived: false,
  };
}
