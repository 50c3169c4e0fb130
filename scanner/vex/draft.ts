// Drafts of VEX: for each finding the first rule of a reviewed policy that fits it; what nobody has judged is under investigation.
import { parseDocument } from 'yaml';
import type { VexJustification, VexProduct, VexStatement, VexStatus } from '../../evidence/index.ts';
import { JUSTIFICATIONS, STATUSES } from '../../evidence/vex/words.ts';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../../ledger/json.ts';
import { formatPurl, parsePurl, type Purl } from '../purl/purl.ts';

/** What a draft is made for: a vulnerability in a package, as a scan or another tool's SARIF found it. */
export interface Judged {
  readonly vulnerability: string;
  readonly aliases: readonly string[];
  /** Null where it names no package: then the draft is about the artifact as a whole. */
  readonly purl: string | null;
  /** `affected` or `indeterminate`, or another tool's failure, which counts as the first. */
  readonly outcome: string;
  /** `reached`, `not_reached` or `unknown`. */
  readonly entryTrace: string;
}

export interface VexRule {
  readonly vulnerabilities?: readonly string[];
  /** Package URLs; without a version, every version. */
  readonly packages?: readonly string[];
  readonly outcome?: string;
  readonly entryTrace?: string;
  readonly status: VexStatus;
  readonly justification: VexJustification | null;
  readonly impact: string | null;
  readonly action: string | null;
}

const format = 'stella-vex-policy/1';
const CONDITIONS = ['vulnerabilities', 'packages', 'outcome', 'entryTrace'];
const OUTCOMES = ['affected', 'indeterminate'];
const TRACES = ['not_reached', 'reached', 'unknown'];

/**
 * Reads a VEX policy, in YAML or JSON (spec/vex-policy.md).
 *
 * @throws {LedgerError} VEX_POLICY_INVALID with the JSON pointer of what is wrong
 */
export function readVexPolicy(bytes: Uint8Array): readonly VexRule[] {
  const document = parseDocument(decodeUtf8(bytes), { version: '1.2', schema: 'core', uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw invalid('', clip(error.message));
  const root = closed(document.toJS({ maxAliasCount: 0 }) as Json, '', ['format', 'reviewed', 'rules']);
  if (root['format'] !== format) throw invalid('/format', `expected "${format}"`);
  // Rules that nobody has looked at would be statements that nobody has made.
  const reviewed = closed(root['reviewed'], '/reviewed', ['by', 'on']);
  if (typeof reviewed['by'] !== 'string' || reviewed['by'] === '') throw invalid('/reviewed/by', 'expected who reviewed the rules');
  if (typeof reviewed['on'] !== 'string' || !isDate(reviewed['on'])) throw invalid('/reviewed/on', 'expected a date, "2026-12-31"');
  return list(root['rules'], '/rules').map((one, i) => ruleOf(one, `/rules/${i}`));
}

/** A day that the calendar has: JavaScript takes the 30th of February for the 2nd of March. */
function isDate(text: string): boolean {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

function ruleOf(value: Json, at: string): VexRule {
  const rule = closed(value, at, ['when', 'status', 'justification', 'impact', 'action']);
  const when = closed(rule['when'], `${at}/when`, CONDITIONS);
  if (Object.keys(when).length === 0) throw invalid(`${at}/when`, `expected at least one of ${CONDITIONS.join(', ')}`);
  const status = word(rule['status'], `${at}/status`, STATUSES) as VexStatus;
  const justification = rule['justification'] === undefined ? null : (word(rule['justification'], `${at}/justification`, JUSTIFICATIONS) as VexJustification);
  const [impact, action] = ['impact', 'action'].map((name) => textOrNull(rule[name], `${at}/${name}`)) as [string | null, string | null];
  if (status === 'not_affected' && justification === null && impact === null) throw invalid(at, '"not_affected" needs a justification or an impact');
  if (status === 'affected' && action === null) throw invalid(at, '"affected" needs an action');
  if (status !== 'not_affected' && (justification !== null || impact !== null)) throw invalid(at, 'only "not_affected" has a justification and an impact');
  if (status !== 'affected' && action !== null) throw invalid(at, 'only "affected" has an action');
  return {
    status, justification, impact, action,
    ...(when['vulnerabilities'] === undefined ? {} : { vulnerabilities: texts(when['vulnerabilities'], `${at}/when/vulnerabilities`) }),
    ...(when['packages'] === undefined ? {} : { packages: packagesOf(when['packages'], `${at}/when/packages`) }),
    ...(when['outcome'] === undefined ? {} : { outcome: word(when['outcome'], `${at}/when/outcome`, OUTCOMES) }),
    ...(when['entryTrace'] === undefined ? {} : { entryTrace: word(when['entryTrace'], `${at}/when/entryTrace`, TRACES) }),
  };
}

export interface Draft {
  readonly statements: readonly VexStatement[];
  /** How many of them a rule decided; the others are under investigation. */
  readonly decided: number;
}

/**
 * Drafts statements about one product.
 *
 * @returns one for each finding, in their order
 */
export function draftVex(findings: readonly Judged[], rules: readonly VexRule[], product: VexProduct): Draft {
  let decided = 0;
  const statements = findings.map((finding): VexStatement => {
    const rule = rules.find((one) => fits(one, finding));
    if (rule !== undefined) decided += 1;
    const { status, justification, impact, action } = rule ?? { status: 'under_investigation' as const, justification: null, impact: null, action: null };
    const part = finding.purl === null ? [] : [{ id: finding.purl, purls: [finding.purl], cpes: [], hashes: [], versions: [] }];
    return {
      vulnerability: finding.vulnerability, aliases: finding.aliases, status, justification, words: { status, justification }, product, parts: part,
      stated: null, impact, action, notes: null,
    };
  });
  return { statements, decided };
}

function fits({ vulnerabilities, packages, outcome, entryTrace }: VexRule, finding: Judged): boolean {
  const names = [finding.vulnerability, ...finding.aliases];
  if (vulnerabilities !== undefined && !vulnerabilities.some((id) => names.includes(id))) return false;
  if (outcome !== undefined && outcome !== finding.outcome) return false;
  if (entryTrace !== undefined && entryTrace !== finding.entryTrace) return false;
  return packages === undefined || (finding.purl !== null && packages.some((purl) => isAbout(purl, finding.purl as string)));
}

/** A package without a version is about every version of it; qualifiers that the rule names must be there. */
function isAbout(said: string, found: string): boolean {
  const [a, b] = [parsePurl(said), parsePurl(found)];
  const bare = (purl: Purl) => formatPurl({ ...purl, version: null, qualifiers: {}, subpath: null });
  if (bare(a) !== bare(b) || (a.version !== null && a.version !== b.version)) return false;
  return Object.entries(a.qualifiers).every(([key, value]) => b.qualifiers[key] === value);
}

/**
 * What a SARIF log found: its failures, and what it left open. Results about no vulnerability are passed over.
 *
 * @param isVulnerability - whether a rule's id is a vulnerability's
 */
export function judgedOfSarif(bytes: Uint8Array, isVulnerability: (rule: string) => boolean): Judged[] {
  const log = parseJson(bytes);
  const runs = isJsonObject(log) && Array.isArray(log['runs']) ? log['runs'].filter(isJsonObject) : [];
  return runs.flatMap((run) => (Array.isArray(run['results']) ? run['results'].filter(isJsonObject) : [])).flatMap((result): Judged[] => {
    const rule = result['ruleId'];
    const kind = result['kind'] ?? 'fail';
    if (typeof rule !== 'string' || !isVulnerability(rule) || (kind !== 'fail' && kind !== 'open')) return [];
    const properties = isJsonObject(result['properties']) ? result['properties'] : {};
    const { purl, outcome, entryTrace } = properties;
    const trace = isJsonObject(entryTrace) ? entryTrace['state'] : undefined;
    return [{
      vulnerability: rule, aliases: [], purl: purlIn(typeof purl === 'string' ? purl : logicalName(result)),
      outcome: typeof outcome === 'string' ? outcome : kind === 'fail' ? 'affected' : 'indeterminate',
      entryTrace: typeof trace === 'string' ? trace : 'unknown',
    }];
  });
}

function logicalName(result: JsonObject): string | null {
  const [location] = Array.isArray(result['locations']) ? result['locations'] : [];
  const [logical] = isJsonObject(location) && Array.isArray(location['logicalLocations']) ? location['logicalLocations'] : [];
  const name = isJsonObject(logical) ? logical['fullyQualifiedName'] : undefined;
  return typeof name === 'string' ? name : null;
}

/** A purl that can be read, or none: a draft about a name that nobody can match would only look like one. */
function purlIn(text: string | null): string | null {
  if (text === null) return null;
  try {
    parsePurl(text);
    return text;
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}

function packagesOf(value: Json, at: string): readonly string[] {
  const purls = texts(value, at);
  const wrong = purls.findIndex((purl) => purlIn(purl) === null);
  if (wrong >= 0) throw invalid(`${at}/${wrong}`, `"${clip(purls[wrong] as string)}" is no package URL`);
  return purls;
}

function texts(value: Json, at: string): readonly string[] {
  return list(value, at).map((one, i) => {
    if (typeof one !== 'string' || one === '') throw invalid(`${at}/${i}`, 'expected a text');
    return one;
  });
}

function textOrNull(value: Json | undefined, at: string): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string' || value === '') throw invalid(at, 'expected a text');
  return value;
}

function word(value: Json | undefined, at: string, words: readonly string[]): string {
  if (typeof value === 'string' && words.includes(value)) return value;
  throw invalid(at, `expected one of ${words.join(', ')}`);
}

function list(value: Json | undefined, at: string): readonly Json[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw invalid(at, 'expected an array with at least one item');
}

function closed(value: Json | undefined, at: string, members: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw invalid(at, 'expected an object');
  const unknown = Object.keys(value).find((key) => !members.includes(key));
  if (unknown !== undefined) throw invalid(`${at}/${clip(unknown)}`, `unknown member, expected ${members.join(', ')}`);
  return value;
}

function invalid(pointer: string, why: string): LedgerError {
  const place = pointer === '' ? '' : ` at ${pointer}`;
  return new LedgerError('VEX_POLICY_INVALID', `Cannot read VEX policy${place}: ${why}`, { hint: 'spec/vex-policy.md has an example' });
}
