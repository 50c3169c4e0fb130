// The door: each guard with its code, each verdict, each repair listed, and no stranger's document that makes it throw.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detect, FORMATS } from '../../evidence/detect.ts';
import { readDocument, type Mode } from '../../evidence/index.ts';
import { parseSource } from '../../evidence/source.ts';
import { concatBytes, encodeUtf8, formatBase64 } from '../../ledger/bytes.ts';

const folder = new URL('./samples/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const read = (text: string, mode: Mode = 'tolerant') => readDocument(encodeUtf8(text), { mode });

/** The verdict, with the code of a refusal or the codes and places of deviations. */
async function answer(bytes: Uint8Array | string, mode: Mode = 'tolerant'): Promise<unknown[]> {
  const { verdict, refusal, deviations } = await readDocument(typeof bytes === 'string' ? encodeUtf8(bytes) : bytes, { mode });
  return [verdict, ...(refusal === null ? [] : [refusal.code]), ...deviations.map(({ code, pointer }) => `${code} ${pointer}`)];
}

const bom = (more: object) => JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, ...more });
const xml = (inside: string, before = '') => `<?xml version="1.0"?>${before}<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1">${inside}</bom>`;
const library = (name: string, more = {}) => ({ type: 'library', name, ...more });

describe('guards', () => {
  test.each<[string, string | Uint8Array, unknown[]]>([
    ['no JSON', '{"a"', ['refused', 'INPUT_MALFORMED']],
    ['a key twice', '{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}', ['refused', 'INPUT_DUPLICATE_KEY']],
    ['depth', bom({ components: [] }).replace('[]', '['.repeat(1_000_000)), ['refused', 'INPUT_TOO_DEEP']],
    ['depth with nothing else', '['.repeat(1_000_000), ['refused', 'INPUT_TOO_DEEP']],
    ['depth of objects', '{"a":'.repeat(200_000), ['refused', 'INPUT_TOO_DEEP']],
    ['depth on lines of their own', '{"a":\n'.repeat(200_000), ['refused', 'INPUT_TOO_DEEP']],
    ['more values than any document has', `[${'[],'.repeat(8_400_000)}0]`, ['refused', 'INPUT_TOO_LARGE']],
    ['so many lines of one value', '{}\n'.repeat(16_800_000), ['refused', 'INPUT_TOO_LARGE']],
    ['as much in one value', `["${'x'.repeat(17_000_000)}"]`, ['refused', 'FORMAT_UNKNOWN']],
    ['more values than any document has, in an envelope', JSON.stringify({
      payloadType: 'application/vnd.in-toto+json', signatures: [{ sig: 'MA==' }],
      payload: Buffer.from(`{"a":[${'[],'.repeat(8_400_000)}0]}`).toString('base64'),
    }), ['invalid_schema', 'SCHEMA_VIOLATED /payload']],
    ['more elements than any document has', xml('<a/>'.repeat(4_200_000)), ['refused', 'INPUT_TOO_LARGE']],
    ['as many attributes', xml('<a b="" c=""/>'.repeat(1_400_000)), ['refused', 'INPUT_TOO_LARGE']],
    ['broken UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), ['refused', 'INPUT_NOT_UTF8']],
    ['a lone surrogate', '{"a":"\\ud800"}', ['refused', 'INPUT_NOT_UTF8']],
    ['no format', '{"hello":"world"}', ['refused', 'FORMAT_UNKNOWN']],
    ['a list', '[1,2,3]', ['refused', 'FORMAT_UNKNOWN']],
    ['plain text', 'hello', ['refused', 'FORMAT_UNKNOWN']],
    ['nothing', '', ['refused', 'FORMAT_UNKNOWN']],
    ['an external entity', xml('&x;', '<!DOCTYPE bom [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), ['refused', 'INPUT_DOCTYPE']],
    ['an entity bomb', xml('&b;', '<!DOCTYPE bom [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'), ['refused', 'INPUT_DOCTYPE']],
    ['a document type after a comment', xml('', '<!-- x -->\n<!doctype bom>'), ['refused', 'INPUT_DOCTYPE']],
    ['an unknown entity', xml('&x;'), ['refused', 'INPUT_MALFORMED']],
    ['an unclosed element', '<bom>', ['refused', 'INPUT_MALFORMED']],
    ['a control character by reference', xml('&#1;'), ['refused', 'INPUT_MALFORMED']],
    ['UTF-7', '<?xml version="1.0" encoding="UTF-7"?><bom/>', ['refused', 'INPUT_NOT_UTF8']],
    ['deep XML', `${'<a>'.repeat(129)}`, ['refused', 'INPUT_TOO_DEEP']],
  ])('%s', async (_, document, expected) => {
    expect(await answer(document)).toEqual(expected);
  });

  test('a prototype’s name as a member is an unknown member', async () => {
    expect(await answer('{"bomFormat":"CycloneDX","specVersion":"1.6","__proto__":{"components":[]}}')).toEqual(['invalid_schema', 'SCHEMA_VIOLATED ']);
    expect(await answer(bom({ constructor: 1 }))).toEqual(['invalid_schema', 'SCHEMA_VIOLATED ']);
  });

  test('what is nested too deep, a bracket a line, is refused in little memory', () => {
    const code = `
      import { readDocument } from ${JSON.stringify(new URL('../../evidence/index.ts', import.meta.url).href)};
      const bytes = new TextEncoder().encode('{"a":\\n'.repeat(4_000_000));
      process.stdout.write((await readDocument(bytes)).refusal.code);
    `;
    // 24 MB of text in 128 MB: as a list of lines it takes 200 MB and more.
    const { stdout } = spawnSync(process.execPath, ['--max-old-space-size=128', '--input-type=module', '-e', code], { encoding: 'utf8' });
    expect(stdout).toBe('INPUT_TOO_DEEP');
  }, 60_000);

  test('a byte order mark and UTF-16 are read, and listed', async () => {
    const text = bom({ components: [library('é')] });
    const utf16 = (bigEndian: boolean) => {
      const bytes = new Uint8Array(2 * text.length + 2);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, 0xfeff, !bigEndian);
      for (let i = 0; i < text.length; i++) view.setUint16(2 * i + 2, text.charCodeAt(i), !bigEndian);
      return bytes;
    };
    for (const bytes of [concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), encodeUtf8(text)), utf16(false), utf16(true)]) {
      expect(await answer(bytes)).toEqual(['valid_with_deviations', 'ENCODING_UNUSUAL ']);
    }
    expect((await readDocument(utf16(true))).facts).toEqual((await read(text)).facts);
  });

  test('an integer beyond 2^53 is rounded in the view, and listed', async () => {
    expect(await answer(bom({ version: 1 }).replace('"version":1', '"version":9007199254740993'))).toEqual(['valid_with_deviations', 'INTEGER_ROUNDED ']);
  });

  test('forty thousand equal-looking components take linear time, and forty thousand equal ones are refused', async () => {
    const started = performance.now();
    const components = Array.from({ length: 40_000 }, (_, i) => library('x', { properties: [{ name: String(i) }] }));
    expect((await read(bom({ components }))).verdict).toBe('valid');
    expect((await read(bom({ components: components.map(() => library('x')) }))).verdict).toBe('invalid_schema');
    expect(performance.now() - started).toBeLessThan(20_000);
  }, 60_000);

  test.each<[string, object]>([
    ['SARIF: a result and a rule, thirty thousand times', {
      version: '2.1.0',
      runs: [{
        tool: { driver: { name: 'x', rules: Array.from({ length: 30_000 }, (_, i) => ({ id: `r${i}` })) } },
        results: Array.from({ length: 30_000 }, (_, i) => ({ ruleId: `r${29_999 - i}`, message: { text: 'x' } })),
      }],
    }],
    ['SPDX: described thirty thousand times', {
      spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT', name: 'x', documentNamespace: 'https://x.example',
      creationInfo: { created: '2026-01-01T00:00:00Z', creators: ['Tool: x'] },
      packages: Array.from({ length: 30_000 }, (_, i) => ({ SPDXID: `SPDXRef-${i}`, name: 'x', downloadLocation: 'NONE' })),
      documentDescribes: Array.from({ length: 30_000 }, (_, i) => `SPDXRef-${29_999 - i}`),
    }],
    ['CycloneDX: a root with thirty thousand hashes', {
      bomFormat: 'CycloneDX', specVersion: '1.6', version: 1,
      metadata: { component: library('x', { hashes: Array.from({ length: 30_000 }, (_, i) => ({ alg: 'MD5', content: i.toString(16).padStart(32, '0') })) }) },
    }],
  ])('%s, in linear time', async (_, document) => {
    const started = performance.now();
    expect((await read(JSON.stringify(document), 'strict')).verdict).toBe('valid');
    expect(performance.now() - started).toBeLessThan(20_000);
  }, 60_000);

  test('any bytes, and any sample with a piece replaced, get an answer', async () => {
    const samples = readdirSync(folder).filter((name) => !name.endsWith('.xml') && name !== 'csaf.json').map(sample);
    const piece = fc.constantFrom('', 'null', '[]', '{}', '"x"', '1', '"__proto__":1,', ',', '\u0000', 'é');
    const place = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(fc.asyncProperty(fc.constantFrom(...samples), place, fc.nat(20), piece, async (text, where, length, put) => {
      const at = Math.floor(where * text.length);
      const { verdict } = await read(text.slice(0, at) + put + text.slice(at + length));
      expect(verdict).toMatch(/^(valid|invalid|refused|unsupported)/);
    }), { numRuns: 300 });
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      expect((await readDocument(bytes)).verdict).toBe('refused');
    }), { numRuns: 200 });
  }, 60_000);
});

describe('formats are told from content', () => {
  test.each([
    ['cyclonedx.json', 'cyclonedx'], ['cyclonedx.xml', 'cyclonedx'], ['spdx-2.json', 'spdx-2'], ['spdx-2.spdx', 'spdx-2'], ['spdx-3.json', 'spdx-3'],
    ['openvex.json', 'openvex'], ['csaf.json', 'csaf'], ['sarif.json', 'sarif'], ['statement.json', 'attestation'],
  ])('%s is %s, whatever the hint', async (name, format) => {
    const source = await parseSource(encodeUtf8(sample(name)), () => {});
    for (const hint of [undefined, ...FORMATS.map((one) => one.name)]) expect(detect(source, hint)?.name).toBe(format);
    expect(FORMATS.filter((one) => one.claims(source)).map((one) => one.name)).toEqual([format]);
  });

  const vulnerability = { VulnerabilityID: 'CVE-2026-0001', Severity: 'HIGH', PkgName: 'a' };
  const match = { vulnerability: { id: 'CVE-2026-0001', severity: 'Low' }, artifact: { name: 'a' } };
  const via = ['b', { source: 7, name: 'a', severity: 'moderate', url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc' }];
  const checks = [{ name: 'Fuzzing', score: 0 }, { name: 'SAST', score: 10 }];
  const status = { ruleTypeName: 'secret_scanning', status: 'failure', severity: { value: 'high' }, entityInfo: { name: 'org/repo' } };
  test.each<[string, object, string, number]>([
    ['trivy', { SchemaVersion: 2, ArtifactName: 'x', Results: [{ Target: 't', Vulnerabilities: [vulnerability] }] }, 'CVE-2026-0001', 1],
    ['grype', { matches: [match], descriptor: { name: 'grype', version: '1' } }, 'CVE-2026-0001', 1],
    ['osv-scanner', { results: [{ source: { path: 'p' }, packages: [{ package: { name: 'a' }, vulnerabilities: [{ id: 'GHSA-0' }] }] }] }, 'GHSA-0', 1],
    ['npm-audit', { auditReportVersion: 2, vulnerabilities: { a: { name: 'a', via } } }, 'GHSA-aaaa-bbbb-cccc', 1],
    ['scorecard', { scorecard: { version: 'v5' }, repo: { name: 'r', commit: '0'.repeat(40) }, checks }, 'Fuzzing', 2],
    ['minder', { ruleEvaluationStatus: [status] }, 'secret_scanning', 1],
  ])('%s', async (format, document, rule, results) => {
    const found = await read(JSON.stringify(document), 'strict');
    expect([found.format, found.verdict, found.view.report?.results.length, found.view.report?.results[0]?.rule]).toEqual([format, 'valid', results, rule]);
  });

  test('junit', async () => {
    const cases = '<testcase classname="a" name="b"><failure/></testcase><testcase name="c"><skipped/></testcase>';
    const { format, view } = await read(`<testsuites><testsuite>${cases}</testsuite></testsuites>`);
    expect(format).toBe('junit');
    expect(view.report?.results.map(({ rule, kind, level }) => [rule, kind, level])).toEqual([['a.b', 'fail', 'error'], ['c', 'notApplicable', 'none']]);
  });
});

describe('verdicts', () => {
  const twoNames = bom({ components: [library('a', { 'bom-ref': 'x' }), library('b', { 'bom-ref': 'x' })] });
  const oneTwice = bom({ metadata: { component: library('a', { 'bom-ref': 'x' }) }, components: [library('a', { 'bom-ref': 'x' })] });
  const otherContext = sample('spdx-3.json').replace('3.0.1/spdx-context', '3.0.0/spdx-context');
  const bundle = '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.9+json"}';
  test.each<[string, string, Mode, unknown[]]>([
    ['a version that is not read', bom({ specVersion: '1.1' }), 'strict', ['unsupported_version', 'SCHEMA_VIOLATED /specVersion']],
    ['an old version', bom({ specVersion: '1.3' }), 'strict', ['valid_with_deviations', 'VERSION_OLD /specVersion']],
    ['no version', '{"bomFormat":"CycloneDX"}', 'strict', ['invalid_schema', 'SCHEMA_VIOLATED /specVersion']],
    ['a name twice', twoNames, 'tolerant', ['invalid_semantic', 'IDENTIFIER_REPEATED /components/1/bom-ref']],
    ['the same component twice, strictly', oneTwice, 'strict',
      ['invalid_semantic', 'IDENTIFIER_REPEATED /components/0/bom-ref']],
    ['the same component twice', oneTwice, 'tolerant',
      ['valid_with_deviations', 'IDENTIFIER_REPEATED /components/0/bom-ref']],
    ['an edge to nowhere', bom({ dependencies: [{ ref: 'x' }] }), 'strict', ['valid_with_deviations', 'REFERENCE_DANGLING /dependencies/0/ref']],
    ['SARIF 2.0', '{"version":"2.0.0","runs":[]}', 'strict', ['unsupported_version', 'SCHEMA_VIOLATED /version']],
    ['a bundle of version 0.9', bundle, 'strict', ['unsupported_version', 'SCHEMA_VIOLATED /mediaType']],
    ['SPDX 3 with another context', otherContext, 'strict', ['unsupported_version', 'SCHEMA_VIOLATED /@context']],
    ['SPDX’s own spelling', sample('spdx-2.json').replace('PACKAGE-MANAGER', 'PACKAGE_MANAGER'), 'tolerant',
      ['valid_with_deviations', 'REPAIRED /packages/1/externalRefs/0/referenceCategory']],
    ['SPDX’s own spelling, strictly', sample('spdx-2.json').replace('PACKAGE-MANAGER', 'PACKAGE_MANAGER'), 'strict',
      ['invalid_schema', 'SCHEMA_VIOLATED /packages/1/externalRefs/0/referenceCategory']],
  ])('%s', async (_, document, mode, expected) => {
    expect(await answer(document, mode)).toEqual(expected);
  });
});

describe('the samples of the vision, as they stand', () => {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'registry:5000/myimg', digest: { sha256: 'IMAGE_DIGEST_SHA256' } }],
    predicateType: 'https://stella-ops.org/attestations/sbom/1',
    predicate: { sbomFormat: 'CycloneDX', sbomVersion: '1.6', mediaType: 'application/vnd.cyclonedx+json', location: 'sha256:SBOM_BLOB_SHA256' },
  };
  const predicate = { ...statement.predicate, location: `sha256:${'bb'.repeat(32)}` };
  const filled = { ...statement, subject: [{ name: 'x', digest: { sha256: 'aa'.repeat(32) } }], predicate };

  test('the statement: its placeholders are no digests', async () => {
    expect(await answer(JSON.stringify(statement))).toEqual(['invalid_schema', 'SCHEMA_VIOLATED /subject/0/digest/sha256']);
    expect(await answer(JSON.stringify(filled))).toEqual(['valid']);
  });

  test('the envelope: its placeholders happen to be base64url, and hold no statement', async () => {
    const payloadType = 'application/vnd.in-toto+json';
    const envelope = (payload: string, sig: string) => JSON.stringify({ payloadType, payload, signatures: [{ keyid: 'KEY_ID_OR_CERT_ID', sig }] });
    expect((await answer(envelope('BASE64URL_OF_CANONICAL_STATEMENT_JSON', 'BASE64URL_SIGNATURE')))[0]).toBe('invalid_schema');
    // Base64url and standard base64 carry the same statement, with padding or without.
    for (const alphabet of [(text: string) => text, (text: string) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')]) {
      const { verdict, view } = await read(envelope(alphabet(formatBase64(encodeUtf8(JSON.stringify(filled)))), 'AAA'));
      expect([verdict, view.attestations?.[0]?.predicate?.kind, view.attestations?.[0]?.subjects[0]?.name]).toEqual(['valid', 'sbom-reference', 'x']);
    }
  });

  test('the VEX document: six repairs, one of them a word that OpenVEX does not know', async () => {
    const document = JSON.stringify({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      author: 'Stella Ops Security',
      timestamp: '2025-10-29T00:00:00Z',
      statements: [{
        vulnerability: 'CVE-2025-0001',
        products: ['pkg:purl/example@1.2.3?arch=amd64'],
        status: 'under_investigation',
        justification: 'analysis_ongoing',
        timestamp: '2025-10-29T00:00:00Z',
      }],
    });
    expect((await answer(document, 'strict'))[0]).toBe('invalid_schema');
    expect(await answer(document)).toEqual([
      'valid_with_deviations', 'REPAIRED /@id', 'REPAIRED /version', 'REPAIRED /statements/0/vulnerability', 'REPAIRED /statements/0/products/0',
      'REPAIRED /statements/0/justification', 'RULE_VIOLATED /statements/0/products/0/@id',
    ]);
  });
});

test('a CycloneDX document is a bill of materials, VEX and a report, each as far as it says so', async () => {
  const vulnerability = (id: string, more = {}) => ({ id, affects: [{ ref: 'a' }], ratings: [{ severity: 'low' }, { severity: 'critical' }], ...more });
  const { view, verdict } = await read(bom({
    metadata: { tools: { components: [library('scanner', { version: '2' })] } },
    components: [library('a', { 'bom-ref': 'a', version: '1', purl: 'pkg:npm/a@1' })],
    vulnerabilities: [vulnerability('CVE-2026-0001'), vulnerability('CVE-2026-0002', { analysis: { state: 'in_triage' } })],
  }), 'strict');
  expect(verdict).toBe('valid');
  expect(view.vex?.statements.map((one) => one.vulnerability)).toEqual(['CVE-2026-0002']);
  expect([view.report?.tool, view.report?.toolVersion]).toEqual(['scanner', '2']);
  expect(view.report?.results).toMatchObject([{ rule: 'CVE-2026-0001', level: 'error', severity: 'critical', purl: 'pkg:npm/a@1', packageVersion: '1' }]);
});

describe('a document inside a statement', () => {
  const about = (predicate: unknown, predicateType = 'https://cyclonedx.org/bom') => JSON.stringify({
    _type: 'https://in-toto.io/Statement/v0.1', subject: [{ name: 'x', digest: { sha256: 'aa'.repeat(32) } }], predicateType, predicate,
  });
  const inner = JSON.parse(sample('cyclonedx.json')) as object;

  test('is read beside it, as itself or as cosign of old wrapped it', async () => {
    for (const predicate of [inner, { Data: inner }]) {
      const { verdict, view } = await read(about(predicate));
      expect([verdict, view.sbom?.components.length, view.vex?.statements.length, view.attestations?.length]).toEqual(['valid', 4, 1, 1]);
    }
  });

  test('that is broken is listed, and the statement stands', async () => {
    expect(await answer(about({ ...inner, specVersion: 1 }))).toEqual(['valid_with_deviations', 'RULE_VIOLATED /predicate']);
  });

  test('of an unknown type is kept as it is', async () => {
    const { view } = await read(about({ anything: 1 }, 'https://example.org/own/1'));
    expect(view.attestations?.[0]).toMatchObject({ predicateType: 'https://example.org/own/1', predicate: null, content: { anything: 1 } });
  });
});
