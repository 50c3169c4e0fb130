// A decision told: lines for people, Markdown for a pull request, JUnit and SARIF for the pages that show them.
import { formatHex } from '../ledger/bytes.ts';
import { clip } from '../ledger/errors.ts';
import { DENIALS, type WarningCode } from '../policy/gate/codes.ts';
import type { PolicyInput } from '../policy/gate/input-shape.ts';
import { waiverLine, type Results } from '../policy/gate/decision.ts';
import { sarifOf } from '../scanner/output/sarif.ts';
import type { FindingsDocument } from '../scanner/match/findings.ts';
import type { OnRecord } from './gate-statements.ts';

export interface Told extends OnRecord {
  /** Null where its payload is not here. */
  readonly results: Omit<Results, 'answers'> | null;
  readonly input: PolicyInput | null;
}

/** What each code asks for next; a decision says it beside the code. */
const NEXT: Readonly<Record<string, string>> = {
  ARTIFACT_UNKNOWN: 'put its evidence on record with "stella add"',
  POLICY_UNPUBLISHED: 'publish it with "stella policy publish", or name one of "stella policy list"',
  POLICY_UNREADABLE: 'run "stella fsck", and publish the policy again',
  ENTRYPOINT_UNKNOWN: 'name one of those that "stella policy show" lists',
  CONTRACT_UNREADABLE: 'publish it with "stella contract publish"',
  EVIDENCE_MISSING: 'add the evidence that is missing',
  FEED_UNNAMED: 'name the feed whose scan counts: --feed NAME',
  SCAN_MISSING: 'run "stella scan" for this artifact',
  SCAN_FAILED: 'run "stella scan" again',
  SCAN_OUTDATED: 'run "stella scan --subject DIGEST": another bill of materials counts than the one that was scanned',
  SNAPSHOT_STALE: 'run "stella feed import" with newer advisories, then "stella rescan"',
  PAYLOAD_UNAVAILABLE: 'restore the payload from a backup; "stella fsck" names what is missing',
  PAYLOAD_NEWER: 'use the release that recorded it, or a later one',
  INPUT_INVALID: 'the note below names the place: correct the evidence that it comes from',
  EVALUATION_FAILED: 'correct the policy: "stella policy eval" shows where it fails',
  EVALUATION_LIMIT: 'make the policy cheaper, or raise the limit',
  EVALUATION_MEMORY: 'make the policy build less: what it made is counted, and nobody can raise that',
  RESULT_UNDEFINED: 'give the policy a default, such as "default allow := false"',
  RESULT_MALFORMED: '"allow" must be true or false, and a rule that denies gives texts',
  POLICY_DENIED: 'the policy says no: see below',
  STATE_MOVED: 'what was read kept changing: ask again',
};

/** @returns null for a code without advice */
export const nextStep = (code: string): string | null => NEXT[code] ?? null;

/** Codes as they are found, not as sets are sorted; one of a later release comes last. */
export function inOrder(codes: readonly string[] = []): readonly string[] {
  return [...DENIALS.filter((code) => codes.includes(code)), ...codes.filter((code) => !(DENIALS as readonly string[]).includes(code))];
}

/** What each warning means, in as few words as it takes. */
const MEANS: Readonly<Record<WarningCode, string>> = {
  CLOCK_NOT_IN_INPUT: 'the policy calls time.now_ns; let it read input.effective_time',
  SNAPSHOT_SUPERSEDED: 'a newer snapshot of the feed is on record than the one scanned with',
  SBOM_UNTRUSTED: 'a newer bill of materials was left aside: nobody trusted has signed it, and the one that counts is signed',
  SBOM_OLDER: 'a signed bill of materials came later than the one that counts, and says that it was made earlier',
  SBOM_UNSCANNED: 'the scan is of an image or a directory, and not of the bill of materials on record',
  COMPONENTS_UNMATCHED: 'the scanner could not look up every component',
  VEX_CONFLICT: 'trusted issuers contradict each other, and the worst status counts',
  VEX_UNMATCHED: 'statements meant for this artifact match no component that has the vulnerability ("stella vex list --unmatched" tells why)',
  VEX_UNTRUSTED: 'statements that nobody trusted has signed count for nothing',
  WAIVER_BREAK_GLASS: 'a waiver in force was granted as break-glass',
  WAIVER_EXPIRED: 'a waiver that names a finding is over',
  WAIVER_TOO_LONG: 'a waiver that names a finding lasts longer than data.stella.config.waiver_days of the policy, and counts for nothing',
  WAIVER_OVERLAPPING: 'two waivers in force cover one finding: taking one of them back changes nothing',
  POLICY_WARNED: 'the policy warns',
};

/** A warning with what it means; one of a later release stands alone. */
const warningText = (code: string): string => (Object.hasOwn(MEANS, code) ? `${code}: ${MEANS[code as WarningCode]}` : code);

/** A stranger's text on one line of a terminal. */
const shown = (text: string) => clip(text, 400);

/** Lines for a terminal: the answer first, then why, then what it stands on. */
export function textOf({ index, at, data, results, origin }: Told): string[] {
  const { outcome, warnings = [], weakened = [], counts, artifact, policy, tree, effective } = data;
  const codes = inOrder(data.codes);
  const lines = [
    `${outcome.toUpperCase()}  sha256:${formatHex(artifact[1])}`,
    `  policy ${policy}${data.published === undefined ? '' : `, entry ${data.published.entry}`}`,
  ];
  for (const code of codes) lines.push(`  ${code}: ${NEXT[code] ?? ''}`);
  for (const { text } of results?.denials ?? []) lines.push(`  deny: ${shown(text)}`);
  for (const note of results?.notes ?? []) lines.push(`  note: ${shown(note)}`);
  for (const { text } of results?.warnings ?? []) lines.push(`  warn: ${shown(text)}`);
  for (const code of warnings) lines.push(`  warning ${warningText(code)}`);
  for (const { vuln_id, purl, status, entries } of results?.conflicts ?? []) {
    lines.push(`  VEX_CONFLICT: ${vuln_id} in ${shown(purl)}: entries ${entries.join(' and ')} contradict each other, ${status} counts`);
  }
  const mattered = results?.weakened ?? [];
  if (weakened.length > 0) lines.push(`  WEAKENED: ${weakened.join(', ')}${mattered.length === 0 ? '' : ` (${mattered.join(', ')} would have denied)`}`);
  if (counts !== undefined) {
    const { findings, affected, notAffected, fixed, investigated, unknown, waived, missing } = counts;
    const closed = `${notAffected} not affected, ${fixed} fixed`;
    const counted = `${affected} affected (${waived} waived), ${closed}, ${investigated} under investigation, ${unknown} unknown`;
    lines.push(`  ${findings} finding${findings === 1 ? '' : 's'}: ${counted}`);
    if (missing > 0) lines.push(`  missing evidence: ${results?.missing.join(', ') ?? missing}`);
  }
  for (const waiver of results?.waivers ?? []) lines.push(`  ${waiverLine(waiver)}`);
  const late = Math.abs(at - effective) > 300_000 ? `, as of ${new Date(effective).toISOString()}` : '';
  lines.push(`  decision ${index} of ${origin}, recorded ${new Date(at).toISOString()}${late}, on the first ${tree.size} entries`);
  return lines;
}

/** Markdown, as a pull request shows it. */
export function markdownOf(told: Told): string {
  const { index, data, results, input, origin } = told;
  const { outcome, warnings = [], weakened = [], artifact, policy } = data;
  const codes = inOrder(data.codes);
  const about = `Artifact \`sha256:${formatHex(artifact[1])}\`, policy \`${policy}\`, decision ${index} of \`${origin}\``;
  const lines = [`## Gate: ${outcome === 'allow' ? '✅ allow' : '❌ deny'}`, '', about, ''];
  for (const code of codes) lines.push(`- **${code}** ${NEXT[code] ?? ''}`);
  for (const { text } of results?.denials ?? []) lines.push(`- deny: ${escapeMarkdown(text)}`);
  for (const { text } of results?.warnings ?? []) lines.push(`- warn: ${escapeMarkdown(text)}`);
  for (const note of results?.notes ?? []) lines.push(`- ${escapeMarkdown(note)}`);
  for (const code of warnings) lines.push(`- warning \`${code}\`${warningText(code).slice(code.length)}`);
  for (const waiver of results?.waivers ?? []) lines.push(`- ${escapeMarkdown(waiverLine(waiver))}`);
  if (weakened.length > 0) lines.push('', `> **Weakened:** ${weakened.join(', ')}`);
  const open = (input?.findings ?? []).filter(({ exploitability }) => exploitability !== 'not_affected' && exploitability !== 'fixed');
  if (open.length > 0) {
    lines.push('', '| vulnerability | component | severity | status | waived |', '| --- | --- | --- | --- | --- |');
    for (const { id, purl, severity, exploitability, waived } of open.slice(0, 100)) {
      lines.push(`| ${escapeMarkdown(id)} | ${escapeMarkdown(purl)} | ${severity} | ${exploitability} | ${waived ? 'yes' : 'no'} |`);
    }
    if (open.length > 100) lines.push('', `and ${open.length - 100} more`);
  }
  return `${lines.join('\n')}\n`;
}

/** JUnit: one case for each entrypoint and for each code that is not the policy's, so that a CI page names what failed; weakened ones are skipped. */
export function junitOf({ data, results }: Told): string {
  const { codes = [], entrypoints = [], outcome, weakened = [] } = data;
  const denied = (entrypoint: string) => (results?.denials ?? []).filter((message) => message.entrypoint === entrypoint).map(({ text }) => text);
  const policyCodes = new Set(['POLICY_DENIED', 'RESULT_UNDEFINED', 'RESULT_MALFORMED']);
  const asked = data.result !== undefined;
  const cases: { name: string; failures: readonly string[] }[] = [
    ...entrypoints.map((name) => ({ name, failures: denied(name) })),
    ...codes.filter((code) => !policyCodes.has(code)).map((code) => ({ name: code, failures: [NEXT[code] ?? code] })),
  ];
  // Where no rule says why, the answer itself is the failure.
  if (outcome === 'deny' && cases.every(({ failures }) => failures.length === 0)) cases.push({ name: 'allow', failures: [codes.join(', ')] });
  const failed = cases.filter(({ failures }) => failures.length > 0).length;
  const body = cases.map(({ name, failures }) => {
    const start = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(`gate.${data.policy}`)}"`;
    const skipped = !asked && failures.length === 0 ? '><skipped/></testcase>' : '/>';
    const failing = failures.map((text) => `<failure message="${escapeXml(text)}"/>`).join('');
    return failures.length === 0 ? `${start}${skipped}\n` : `${start}>${failing}</testcase>\n`;
  });
  const passedOver = weakened.map((code) =>
    `    <testcase name="${escapeXml(code)}" classname="${escapeXml(`gate.${data.policy}`)}"><skipped message="weakened"/></testcase>\n`);
  const skippedCount = (asked ? 0 : cases.length - failed) + weakened.length;
  const attributes = `tests="${cases.length + weakened.length}" failures="${failed}" errors="0" skipped="${skippedCount}"`;
  const suite = `  <testsuite name="${escapeXml(data.policy)}" ${attributes}>\n${body.join('')}${passedOver.join('')}  </testsuite>\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suite}</testsuites>\n`;
}

/** SARIF of what was found, each result with what VEX and waivers say of it: suppressed where it is closed or accepted. */
export function sarifText({ data, input }: Told, findings: FindingsDocument | null): string {
  const document = findings ?? emptyFindings(data.findings === undefined ? '' : formatHex(data.findings.snapshot[1]));
  const sarif = sarifOf(document) as { runs: { results: { suppressions?: object[]; properties: object }[]; properties: object }[] };
  const [run] = sarif.runs;
  (run?.results ?? []).forEach((result, i) => {
    const judged = input?.findings[i];
    if (judged === undefined) return;
    const { exploitability, waived } = judged;
    const closed = exploitability === 'not_affected' || exploitability === 'fixed';
    // SARIF 2.1.0 §3.35: a result that is suppressed is still a result.
    const justification = closed ? `VEX: ${exploitability}` : 'accepted risk: waived';
    result.suppressions = closed || waived ? [{ kind: 'external', status: 'accepted', justification }] : [];
    Object.assign(result.properties, { exploitability, waived });
  });
  const { outcome, codes = [], policy, weakened = [] } = data;
  if (run !== undefined) Object.assign(run.properties, { outcome, codes, policy, ...(weakened.length === 0 ? {} : { weakened }) });
  return `${JSON.stringify(sarif, null, 2)}\n`;
}

function emptyFindings(snapshot: string): FindingsDocument {
  const counts = { components: 0, lookups: 0, records: 0, unmatched: 0, affected: 0, indeterminate: 0, not_affected: 0, unsupported: 0, unversioned: 0 };
  return { components: '', config: '', counts, engine: { match: 1, version: '0.0.0' }, findings: [], format: 'stella-findings/1', snapshot, unmatched: [] };
}

/** Strangers' names stand in tables: a bar or a bracket of theirs must not become ours. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~-]/g, (character) => `\\${character}`).replace(/\s+/g, ' ');
}

function escapeXml(text: string): string {
  // Control characters may not stand in XML 1.0 at all, escaped or not.
  const clean = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
  return clean.replace(/[&<>"\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}
