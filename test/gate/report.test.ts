// What a decision is written as: SARIF and JUnit that others read, and statements that read back as what they say.
import { expect, test } from 'vitest';
import { signStatement } from '../../actions/attest.ts';
import { junitOf, markdownOf, sarifText, textOf, type Told } from '../../actions/gate-report.ts';
import { DECISION_PREDICATE, decisionStatement, summaryStatement } from '../../actions/gate-statements.ts';
import { readPayload } from '../../actions/sealed-payload.ts';
import { readDocument } from '../../evidence/index.ts';
import { decodeUtf8, encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { WARNINGS } from '../../policy/gate/codes.ts';
import type { FindingsDocument } from '../../scanner/match/findings.ts';
import { readTrust, verifyEnvelope } from '../../verify/sigstore/index.ts';
import { newKey } from '../actions/kit.ts';
import { app, day, Gates, noCriticals } from './kit.ts';

/** A denial with a finding that VEX closes, one that a waiver covers, and one that nothing does; or an allow without the last. */
async function decided(outcome: 'allow' | 'deny'): Promise<{ told: Told; findings: FindingsDocument }> {
  const gates = await Gates.begin();
  await gates.trust('vendor');
  const names = ['closed', 'waived', ...(outcome === 'deny' ? ['open<&>'] : [])];
  const sbom = await gates.sbom(app, names.map((name) => `pkg:npm/${encodeURIComponent(name)}@1.0.0`));
  await gates.feed('osv', 'snapshot 1', gates.world.clock.wall);
  await gates.scan(app, sbom, names.map((name, i) => ({ id: `CVE-2026-000${i + 1}`, purl: `pkg:npm/${encodeURIComponent(name)}@1.0.0` })));
  await gates.vex(app, [{ vulnerability: 'CVE-2026-0001', part: 'pkg:npm/closed@1.0.0' }], 'vendor');
  const request = await gates.request('w-1', 'CVE-2026-0002', gates.world.clock.wall + day);
  await gates.act('waiver.approved', 'w-1', 'CVE-2026-0002', request);
  await gates.policy('release', noCriticals);
  const { appended, data, decided: { shown } } = await gates.gate();
  expect(data.outcome).toBe(outcome);
  const told = { origin: 'ledger.example', index: appended.index, at: gates.world.clock.wall, data, results: shown.results, input: shown.input };
  const findings = await readPayload(gates.payloads, (data.findings as NonNullable<typeof data.findings>).digest[1]);
  return { told, findings: JSON.parse(decodeUtf8(findings)) as FindingsDocument };
}

test.each(['allow', 'deny'] as const)('%s: SARIF is valid, and says of each finding what VEX and waivers make of it', async (outcome) => {
  const { told, findings } = await decided(outcome);
  const text = sarifText(told, findings);
  const { format, verdict, deviations } = await readDocument(encodeUtf8(text));
  expect([format, verdict, deviations]).toEqual(['sarif', 'valid', []]);
  const [run] = (JSON.parse(text) as { runs: { results: { ruleId: string; suppressions?: unknown[] }[]; properties: object }[] }).runs;
  expect(run?.properties).toMatchObject({ outcome, policy: 'release' });
  const suppressed = Object.fromEntries(run?.results.map(({ ruleId, suppressions }) => [ruleId, (suppressions ?? []).length > 0]) ?? []);
  expect(suppressed).toEqual({ 'CVE-2026-0001': true, 'CVE-2026-0002': true, ...(outcome === 'deny' ? { 'CVE-2026-0003': false } : {}) });
});

test.each(['allow', 'deny'] as const)('%s: JUnit reads back, with a failure exactly where it denies', async (outcome) => {
  const { told } = await decided(outcome);
  const { format, verdict, view } = await readDocument(encodeUtf8(junitOf(told)));
  expect([format, verdict]).toEqual(['junit', 'valid']);
  const failed = view.report?.results.filter(({ kind }) => kind === 'fail') ?? [];
  expect(failed.length > 0).toBe(outcome === 'deny');
});

test.each(['allow', 'deny'] as const)('%s: the verification summary verifies, and reads back as SLSA reads it', async (outcome) => {
  const { told } = await decided(outcome);
  const { author, pem } = newKey();
  const { envelope } = await signStatement(summaryStatement(told, told.input), author);
  const bytes = encodeUtf8(JSON.stringify(envelope));
  expect(verifyEnvelope(bytes, readTrust([{ kind: 'key', publicKey: pem }]))).toMatchObject({ is: 'verified' });
  const { verdict, deviations, view } = await readDocument(bytes);
  expect([verdict, deviations]).toEqual(['valid', []]);
  expect(view.attestations?.[0]).toMatchObject({
    predicateType: 'https://slsa.dev/verification_summary/v1',
    subjects: [{ digests: [['sha256', formatHex(app[1])]] }],
    predicate: { kind: 'verification', result: outcome === 'allow' ? 'PASSED' : 'FAILED' },
  });
});

test('the decision\'s own statement is about the artifact, and holds the event\'s data', async () => {
  const { told } = await decided('deny');
  const { author } = newKey();
  const { envelope } = await signStatement(decisionStatement(told), author);
  const statement = JSON.parse(atob(envelope.payload)) as { predicateType: string; subject: unknown; predicate: Record<string, unknown> };
  expect(statement).toMatchObject({ predicateType: DECISION_PREDICATE, subject: [{ digest: { sha256: formatHex(app[1]) } }] });
  expect(JSON.stringify(statement.predicate)).toContain('"outcome":"deny"');
  expect((await readDocument(encodeUtf8(JSON.stringify(envelope)))).verdict).toBe('valid');
});

test('Markdown and text name every denial, and nothing of a stranger breaks out of them', async () => {
  const { told } = await decided('deny');
  expect(textOf(told).join('\n')).toMatch(/DENY[\s\S]*POLICY_DENIED[\s\S]*CVE-2026-0003/);
  const markdown = markdownOf(told);
  expect(markdown).toContain('CVE\\-2026\\-0003');
  expect(markdown).not.toMatch(/<(?!details|\/details|summary|\/summary|br)/);
});

test('what was weakened is said wherever somebody could take the answer for a whole one', async () => {
  const { told } = await decided('allow');
  const weak: Told = { ...told, data: { ...told.data, weakened: ['EFFECTIVE_TIME_GIVEN', 'SNAPSHOT_STALE'] } };
  const { predicate } = summaryStatement(weak, weak.input) as unknown as { predicate: { verifiedLevels: string[] } };
  expect(predicate.verifiedLevels).toEqual(['SLSA_BUILD_LEVEL_UNEVALUATED', 'STELLA_WEAKENED_EFFECTIVE_TIME_GIVEN', 'STELLA_WEAKENED_SNAPSHOT_STALE']);
  const { view, verdict } = await readDocument(encodeUtf8(junitOf(weak)));
  expect([verdict, view.report?.results.filter(({ kind }) => kind === 'fail')]).toEqual(['valid', []]);
  expect(junitOf(weak)).toContain('tests="3" failures="0" errors="0" skipped="2"');
  expect((JSON.parse(sarifText(weak, null)) as { runs: { properties: object }[] }).runs[0]?.properties).toMatchObject({ weakened: weak.data.weakened });
  expect([textOf(weak).join(), markdownOf(weak)]).toEqual([expect.stringContaining('WEAKENED: EFFECTIVE'), expect.stringContaining('**Weakened:** EFFECTIVE')]);
});

test('every warning says what it means', async () => {
  const { told } = await decided('allow');
  const text = textOf({ ...told, data: { ...told.data, warnings: [...WARNINGS, 'OF_LATER'] } });
  const lines = text.filter((line) => line.startsWith('  warning '));
  expect(lines.slice(0, -1).filter((line) => !/^ {2}warning [A-Z_]+: [a-z]/.test(line))).toEqual([]);
  expect(lines.at(-1)).toBe('  warning OF_LATER');
});
