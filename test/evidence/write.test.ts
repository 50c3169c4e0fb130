// What we write: valid by the official schema of its format, read strictly, and with the same facts when it is read again.
import { describe, expect, test } from 'vitest';
import { sbomReference, verificationSummary, writeStatement } from '../../evidence/attestation/write.ts';
import { encodeFacts, type Facts, parseFacts, readDocument, type Sbom, type VexProduct, type VexStatement } from '../../evidence/index.ts';
import { writeSarif } from '../../evidence/report/sarif/write.ts';
import { writeCyclonedx, writeCyclonedxVex } from '../../evidence/sbom/cyclonedx/write.ts';
import { writeSpdxVex } from '../../evidence/sbom/spdx-3/write.ts';
import { writeCsaf } from '../../evidence/vex/csaf/write.ts';
import { JUSTIFICATIONS } from '../../evidence/vex/words.ts';
import { writeOpenvex } from '../../evidence/vex/openvex/write.ts';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { parseJson } from '../../ledger/json.ts';
import type { View } from '../../evidence/index.ts';

/** The first CSAF document loads the validator library, which compiles its schemas: seconds on a machine at work. */
const LOADING_MS = 120_000;

const created = Date.UTC(2026, 0, 2, 3, 4, 5);
const about = {
  id: 'https://example.org/vex/1',
  version: 2,
  author: 'Example',
  namespace: 'https://example.org',
  created,
  serial: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
};

const product = (purl: string, more: Partial<VexProduct> = {}): VexProduct => ({ id: purl, purls: [purl], cpes: [], hashes: [], versions: [], ...more });
const shop = product('pkg:oci/shop@sha256%3Aaa', { hashes: [['sha256', 'aa'.repeat(32)]], cpes: ['cpe:2.3:a:example:shop:1.10:*:*:*:*:*:*:*'] });
const alpha = product('pkg:deb/debian/alpha@2.0');

const statement = (more: Partial<VexStatement>): VexStatement => ({
  vulnerability: 'CVE-2026-0001',
  aliases: ['GHSA-0000-0000-0001'],
  status: 'under_investigation',
  justification: null,
  words: { status: 'under_investigation', justification: null },
  product: shop,
  parts: [alpha],
  stated: new Date(created).toISOString(),
  impact: null,
  action: null,
  notes: null,
  ...more,
});

const STATEMENTS: Readonly<Record<string, readonly VexStatement[]>> = {
  'under investigation': [statement({})],
  'affected, with what to do': [statement({ status: 'affected', action: 'update to 2.1' })],
  'fixed, of the whole product': [statement({ status: 'fixed', parts: [] })],
  'not affected, with an impact statement': [statement({ status: 'not_affected', impact: 'never called' })],
  'not affected, code not reachable': [statement({ status: 'not_affected', justification: 'vulnerable_code_not_in_execute_path' })],
  'an id that is no CVE': [statement({ vulnerability: 'GHSA-0000-0000-0002', aliases: ['CVE-2026-0002'] })],
  'several, one part in two': [
    statement({}),
    statement({ vulnerability: 'CVE-2026-0003', aliases: [], parts: [alpha, product('pkg:deb/debian/beta@1')] }),
    statement({ vulnerability: 'CVE-2026-0004', aliases: [], product: product('pkg:oci/other'), status: 'affected', action: 'wait' }),
  ],
};

const WRITERS: Readonly<Record<string, (statements: readonly VexStatement[]) => Uint8Array>> = {
  openvex: (statements) => writeOpenvex(statements, about),
  csaf: (statements) => writeCsaf(statements, about),
  cyclonedx: (statements) => writeCyclonedxVex(statements, about),
  'spdx-3': (statements) => writeSpdxVex(statements, about),
};

/** The part of a document's facts that is about statements: a CycloneDX or SPDX document lists its products besides. */
const statementsIn = (facts: Uint8Array | null) => (facts === null ? null : parseFacts(facts).statements);

describe.each(Object.entries(WRITERS))('VEX as %s', (format, write) => {
  test.each(Object.entries(STATEMENTS))('%s', async (_, statements) => {
    const bytes = write(statements);
    const document = await readDocument(bytes, { mode: 'strict' });
    expect([document.format, document.verdict, document.deviations.filter(({ code }) => code !== 'RECOMMENDED')]).toEqual([format, document.verdict, []]);
    expect(['valid', 'valid_with_deviations']).toContain(document.verdict);
    expect(statementsIn(document.facts)).toEqual(statementsIn(encodeFacts({ vex: vexOf(statements) })));
    expect(encodeJcs(parseJson(bytes) as JcsValue)).toEqual(bytes);
  }, LOADING_MS);

  test.each(JUSTIFICATIONS)('justification %s', async (justification) => {
    const statements = [statement({ status: 'not_affected', justification })];
    const { facts } = await readDocument(write(statements), { mode: 'strict' });
    // CycloneDX has no word for two of them: they come back in words, as an impact statement.
    const lost = format === 'cyclonedx' && ['component_not_present', 'vulnerable_code_cannot_be_controlled_by_adversary'].includes(justification);
    expect(statementsIn(facts)?.[0]?.justification).toBe(lost ? undefined : justification);
    expect(statementsIn(facts)?.[0]?.hasImpact).toBe(lost ? true : undefined);
  });

  const BAD: readonly (readonly [string, Partial<VexStatement>])[] = [
    ['no status', { status: null }],
    ['no product', { product: null }],
    ['affected and nothing to do', { status: 'affected' }],
    ['not affected and no reason', { status: 'not_affected' }],
    ['a justification for a fix', { status: 'fixed', justification: 'component_not_present' }],
    ['an action for what is fixed', { status: 'fixed', action: 'update' }],
    ['a product with two purls', { product: product('pkg:a/b', { purls: ['pkg:a/b', 'pkg:a/c'] }) }],
  ];
  test.each(BAD)('refused: %s', (_, more) => {
    expect(() => write([statement(more)])).toThrow(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
  });
});

function vexOf(statements: readonly VexStatement[]): NonNullable<View['vex']> {
  return { identity: null, version: null, author: null, created: null, statements };
}

describe('a bill of materials as CycloneDX 1.6', () => {
  const component = (ref: string, more = {}) => ({ ref, type: 'library', name: ref, cpes: [], licences: [], hashes: [], paths: [], layers: [], ...more });
  const sbom: Sbom = {
    identity: null,
    created: null,
    root: 'shop',
    subjects: [],
    components: [
      component('shop', { type: 'container', version: '1.10', hashes: [['sha256', 'aa'.repeat(32)]] }),
      component('alpha', {
        group: 'org.example',
        version: '2.0',
        purl: 'pkg:deb/debian/alpha@2.0',
        cpes: ['cpe:2.3:a:x:alpha:2.0:*:*:*:*:*:*:*', 'cpe:2.3:a:y:alpha:2.0:*:*:*:*:*:*:*'],
        licences: ['MIT', '(ISC OR Apache-2.0)', 'Own Licence'],
        hashes: [['sha1', 'bb'.repeat(20)], ['sha3-256', 'cc'.repeat(32)]],
        paths: ['/usr/lib/alpha.so', '/var/lib/dpkg/status'],
        layers: ['sha256:dd', 'sha256:ee'],
        source: { name: 'alphasrc', version: '2.0-1' },
      }),
      component('inner', { type: 'file' }),
    ],
    edges: [
      { from: 'shop', to: 'alpha', kind: 'depends' },
      { from: 'alpha', to: 'inner', kind: 'contains' },
    ],
  };

  test('reads back to the same facts', async () => {
    const document = await readDocument(writeCyclonedx(sbom, about), { mode: 'strict' });
    expect([document.format, document.version, document.verdict, document.deviations]).toEqual(['cyclonedx', '1.6', 'valid', []]);
    const { subjects, ...facts } = parseFacts(document.facts as Uint8Array);
    expect(facts).toEqual(parseFacts(encodeFacts({ sbom })));
    expect(subjects).toEqual([['sha256', 'aa'.repeat(32)]]);
  });
});

test('SARIF reads back to the same facts', async () => {
  const result = (rule: string, more = {}) => ({
    rule, level: 'error' as const, kind: 'fail', severity: '9.1', purl: null, packageName: null, packageVersion: null, path: 'a b.c', line: 7,
    fingerprint: null, suppressed: false, message: 'found', ...more,
  });
  const results = [result('CVE-2026-0001'), result('CVE-2026-0002', { suppressed: true, line: null })];
  const report = { tool: 'stella', toolVersion: '1.0', subjects: [], results };
  const document = await readDocument(writeSarif(report), { mode: 'strict' });
  expect([document.format, document.verdict]).toEqual(['sarif', 'valid']);
  const read = parseFacts(document.facts as Uint8Array);
  expect(read.results).toEqual(parseFacts(encodeFacts({ report: { ...report, results: report.results.map((one) => ({ ...one, path: 'a%20b.c' })) } })).results);
});

describe('statements', () => {
  const subject = { name: 'shop', digests: [['sha256', 'aa'.repeat(32)]] as const };
  const factsOf = async (type: string, predicate: JcsValue): Promise<Facts> => {
    const document = await readDocument(writeStatement([subject], type, predicate), { mode: 'strict' });
    expect([document.format, document.verdict, document.deviations]).toEqual(['attestation', 'valid', []]);
    return parseFacts(document.facts as Uint8Array);
  };

  test('a bill of materials by reference', async () => {
    const { type, predicate } = sbomReference({ format: 'CycloneDX', version: '1.6', mediaType: 'application/vnd.cyclonedx+json', sha256: 'bb'.repeat(32) });
    const facts = await factsOf(type, predicate);
    expect(facts.attestations?.[0]?.predicate).toEqual({
      digest: ['sha256', 'bb'.repeat(32)], format: 'CycloneDX', kind: 'sbom-reference', mediaType: 'application/vnd.cyclonedx+json', version: '1.6',
    });
    expect(facts.subjects).toEqual([['sha256', 'aa'.repeat(32)]]);
  });

  test('a verification summary', async () => {
    const { type, predicate } = verificationSummary({
      verifier: 'https://example.org/gate',
      verified: created,
      resource: 'pkg:oci/shop',
      policy: { uri: 'https://example.org/policy', digests: [['sha256', 'cc'.repeat(32)]] },
      inputs: [{ uri: 'https://example.org/sbom', digests: [['sha256', 'dd'.repeat(32)]] }],
      passed: false,
      levels: ['SLSA_BUILD_LEVEL_3'],
    });
    const facts = await factsOf(type, predicate);
    expect(facts.attestations?.[0]?.predicate).toMatchObject({ kind: 'verification', result: 'FAILED', levels: ['SLSA_BUILD_LEVEL_3'], verified: created });
  });

  test('about nothing are refused', () => {
    expect(() => writeStatement([], 'x', {})).toThrow(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
    expect(() => writeStatement([{ name: 'x', digests: [] }], 'x', {})).toThrow(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
  });

  test('are canonical', () => {
    const text = decodeUtf8(writeStatement([subject], 't', { b: 1, a: 2 }));
    expect(text.startsWith('{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":2,"b":1},')).toBe(true);
  });
});
