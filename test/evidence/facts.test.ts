// Facts: the same bytes for the same meaning, and other bytes when any fact-bearing field of any format changes.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeFacts, type Facts, factsSemantics, parseFacts, readDocument } from '../../evidence/index.ts';
import { decodeUtf8, encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { parseJson } from '../../ledger/json.ts';

const sample = (name: string) => readFileSync(new URL(`./samples/${name}`, import.meta.url), 'utf8');

async function factsOf(text: string): Promise<string> {
  const { facts, verdict, deviations } = await readDocument(encodeUtf8(text), { mode: 'strict' });
  if (facts === null) throw new Error(`${verdict} ${JSON.stringify(deviations)}`);
  return decodeUtf8(facts);
}

/** The first CSAF document loads the validator library, which compiles its schemas: seconds on a machine at work. */
const LOADING_MS = 120_000;

/** Every place where a sample says something that facts hold: what it is, the words there, and other words. */
const FACTS: Readonly<Record<string, readonly (readonly [field: string, words: string, others: string])[]>> = {
  'cyclonedx.json': [
    ['name', '"beta"', '"betb"'],
    ['version', '"007"', '"7"'],
    ['type', '"type": "library", "name": "beta"', '"type": "framework", "name": "beta"'],
    ['group', '"org.example"', '"org.exampl"'],
    ['licence', '"MIT"', '"ISC"'],
    ['hash value', '"bb0', '"bb1'],
    ['hash algorithm', '"alg": "SHA-256", "content": "bb', '"alg": "SHA3-256", "content": "bb'],
    ['edge', '"ref": "a", "dependsOn": ["b"]', '"ref": "b", "dependsOn": ["a"]'],
    ['edge removed', '"dependsOn": ["a", "b"]', '"dependsOn": ["a"]'],
    ['containment', '"bom-ref": "a1", "type": "file", "name": "inner"', '"bom-ref": "a1", "type": "file", "name": "innen"'],
    ['layer', 'sha256:cc0', 'sha256:cc1'],
    ['occurrence', '/usr/lib/alpha.so', '/usr/lib/alpha.sp'],
    ['cpe', 'alpha:2.0:*', 'alpha:2.1:*'],
    ['purl', 'debian/alpha@2.0?', 'debian/alpha@2.1?'],
    ['source package', 'alphasrc', 'alphasrd'],
    ['subject', '"aa0', '"aa1'],
    ['vulnerability', 'CVE-2026-0001', 'CVE-2026-0002'],
    ['alias', 'GHSA-0000-0000-0001', 'GHSA-0000-0000-0002'],
    ['status', '"not_affected"', '"in_triage"'],
    ['a status that maps to the same', '"not_affected"', '"false_positive"'],
    ['justification', '"code_not_reachable"', '"code_not_present"'],
    ['a justification that maps to the same', '"code_not_reachable"', '"requires_dependency"'],
    ['impact', '"detail": "never called", ', ''],
    ['time of the statement', '2026-02-03T04:05:06Z', '2026-02-03T04:05:07Z'],
    ['affected product', '"affects": [{ "ref": "a"', '"affects": [{ "ref": "b"'],
    ['affected version', '"version": "2.0", "status"', '"version": "2.1", "status"'],
  ],
  'cyclonedx.xml': [
    ['name', '<c:name>beta<', '<c:name>betb<'],
    ['version', '>007<', '>7<'],
    ['type', 'type="library" bom-ref="b"', 'type="framework" bom-ref="b"'],
    ['group', 'org.example', 'org.exampl'],
    ['licence', '<c:id>MIT', '<c:id>ISC'],
    ['hash value', '>bb0', '>bb1'],
    ['hash algorithm', 'alg="SHA-256">bb', 'alg="SHA3-256">bb'],
    ['edge', '<c:dependency ref="a"><c:dependency ref="b"/>', '<c:dependency ref="b"><c:dependency ref="a"/>'],
    ['containment', '>inner<', '>innen<'],
    ['layer', 'sha256:cc0', 'sha256:cc1'],
    ['occurrence', '/usr/lib/alpha.so', '/usr/lib/alpha.sp'],
    ['purl', 'debian/alpha@2.0?', 'debian/alpha@2.1?'],
    ['status', '>not_affected<', '>in_triage<'],
    ['justification', '>code_not_reachable<', '>code_not_present<'],
    ['affected product', '<c:target><c:ref>a<', '<c:target><c:ref>b<'],
    ['time of the statement', '2026-02-03T04:05:06Z', '2026-02-03T04:05:07Z'],
  ],
  'spdx-2.json': [
    ['name', '"beta"', '"betb"'],
    ['version', '"007"', '"7"'],
    ['type', '"APPLICATION"', '"CONTAINER"'],
    ['licence', '"MIT AND', '"ISC AND'],
    ['extracted licence', '"Own Licence"', '"Own Licences"'],
    ['hash value', '"bb0', '"bb1'],
    ['hash of a file', '"dd0', '"dd1'],
    ['path', '/var/lib/dpkg/status', '/var/lib/dpkg/statu'],
    ['layer', 'sha256:cc0', 'sha256:cc1'],
    ['purl', 'debian/alpha@2.0?', 'debian/alpha@2.1?'],
    ['cpe', 'alpha:2.0:*', 'alpha:2.1:*'],
    ['edge', '"DEPENDENCY_OF"', '"DEPENDS_ON"'],
    ['containment', '"CONTAINS"', '"OTHER"'],
    ['root', '"relatedSpdxElement": "SPDXRef-app" }', '"relatedSpdxElement": "SPDXRef-b" }'],
    ['file name', './usr/lib/alpha.so', './usr/lib/alpha.sp'],
  ],
  'spdx-2.spdx': [
    ['name', 'PackageName: beta', 'PackageName: betb'],
    ['version', 'PackageVersion: 007', 'PackageVersion: 7'],
    ['licence', ': MIT AND', ': ISC AND'],
    ['hash value', 'SHA256: bb0', 'SHA256: bb1'],
    ['path', '/var/lib/dpkg/status', '/var/lib/dpkg/statu'],
    ['edge', 'DEPENDENCY_OF', 'DEPENDS_ON'],
    ['purl', 'debian/alpha@2.0?', 'debian/alpha@2.1?'],
  ],
  'spdx-3.json': [
    ['name', '"beta"', '"betb"'],
    ['version', '"007"', '"7"'],
    ['type', '"application"', '"container"'],
    ['licence', '"simplelicensing_licenseExpression": "MIT"', '"simplelicensing_licenseExpression": "ISC"'],
    ['hash value', '"bb0', '"bb1'],
    ['purl', 'debian/alpha@2.0?', 'debian/alpha@2.1?'],
    ['cpe', 'alpha:2.0:*', 'alpha:2.1:*'],
    ['edge', '"relationshipType": "dependsOn"', '"relationshipType": "other"'],
    ['containment', '"relationshipType": "contains"', '"relationshipType": "other"'],
    ['file name', './usr/lib/alpha.so', './usr/lib/alpha.sp'],
    ['vulnerability', 'CVE-2026-0001', 'CVE-2026-0002'],
    ['justification', 'vulnerableCodeNotInExecutePath', 'componentNotPresent'],
    ['part', '"security_assessedElement": "https://example.org/a"', '"security_assessedElement": "https://example.org/b"'],
    ['product', '"to": ["https://example.org/app"],', '"to": ["https://example.org/b"],'],
    ['impact', ',\n      "security_impactStatement": "never called"', ''],
  ],
  'openvex.json': [
    ['vulnerability', 'CVE-2026-0001', 'CVE-2026-0003'],
    ['alias', 'GHSA-0000-0000-0001', 'GHSA-0000-0000-0002'],
    ['status', '"status": "affected"', '"status": "fixed"'],
    ['justification', 'vulnerable_code_not_in_execute_path', 'component_not_present'],
    ['impact', '"impact_statement": "never called",\n', ''],
    ['action', '"impact_statement": "never called",', '"impact_statement": "never called", "action_statement": "rest",'],
    ['product', 'pkg:oci/shop@sha256%3Aaa', 'pkg:oci/shop@sha256%3Aab'],
    ['cpe', 'shop:1.10:*', 'shop:1.1:*'],
    ['hash', '"aa0', '"aa1'],
    ['part', 'debian/alpha@2.0', 'debian/alpha@2.1'],
    ['time of the statement', '2026-02-03T04:05:06Z', '2026-02-03T04:05:07Z'],
    ['time of the document', '2026-01-02T03:04:05Z', '2026-01-02T03:04:06Z'],
  ],
  'csaf.json': [
    ['vulnerability', 'CVE-2026-0001', 'CVE-2026-0002'],
    ['status', '"known_affected"', '"under_investigation"'],
    ['a status that maps to the same', '"known_affected"', '"last_affected"'],
    ['justification', 'vulnerable_code_not_in_execute_path', 'vulnerable_code_not_present'],
    ['action', '"update", "product_ids": ["P-1"]', '"update", "product_ids": ["P-1", "P-3"]'],
    ['product', 'pkg:oci/shop@1.10', 'pkg:oci/shop@1.1'],
    ['part', 'debian/alpha@2.0', 'debian/alpha@2.1'],
    ['cpe', 'shop:1.10:*', 'shop:1.1:*'],
  ],
  'sarif.json': [
    ['rule', '"ruleId": "R1"', '"ruleId": "R2"'],
    ['level', '"level": "error"', '"level": "note"'],
    ['severity', '"9.1"', '"9.2"'],
    ['path', '"a.c"', '"b.c"'],
    ['base', 'file:///src/', 'file:///srv/'],
    ['line', '"startLine": 7', '"startLine": 8'],
    ['fingerprint', '"f1"', '"f2"'],
    ['suppression', '"accepted"', '"rejected"'],
    ['tool', '"checker"', '"checkers"'],
    ['version of the tool', '"1.2.3"', '"1.2.4"'],
  ],
  'statement.json': [
    ['subject', '"aa0', '"aa1'],
    ['name of the subject', '"shop"', '"shops"'],
    ['predicate type', 'provenance/v1"', 'provenance/v2"'],
    ['builder', 'example.org/builder', 'example.org/builders'],
    ['build type', 'build/1', 'build/2'],
    ['dependency', '"bb0', '"bb1'],
    ['name of the dependency', 'git+https://example.org/shop', 'git+https://example.org/shops'],
    ['start', '03:04:05Z', '03:04:04Z'],
    ['end', '03:05:05Z', '03:05:06Z'],
  ],
};

describe.each(Object.entries(FACTS))('%s', (name, fields) => {
  test.each(fields)('the %s is a fact', async (_, words, others) => {
    const text = sample(name);
    expect(text.split(words).length, 'the words stand in the sample').toBeGreaterThan(1);
    expect(await factsOf(text.replace(words, others))).not.toBe(await factsOf(text));
  }, LOADING_MS);

  test('facts are canonical JSON with their semantics', async () => {
    const text = await factsOf(sample(name));
    expect(decodeUtf8(encodeJcs(parseJson(encodeUtf8(text)) as JcsValue))).toBe(text);
    expect(parseFacts(encodeUtf8(text)).semantics).toBe(factsSemantics);
  });
});

describe('the same meaning', () => {
  test('CycloneDX JSON and XML of one bill of materials', async () => {
    expect(await factsOf(sample('cyclonedx.xml'))).toBe(await factsOf(sample('cyclonedx.json')));
  });

  test('SPDX JSON and tag-value, with its elements in another order', async () => {
    expect(await factsOf(sample('spdx-2.spdx'))).toBe(await factsOf(sample('spdx-2.json')));
  });

  test('members and items in another order, and other names inside the document', async () => {
    const document = JSON.parse(sample('cyclonedx.json')) as { components: object[]; dependencies: object[] };
    const turned = { ...document, components: [...document.components].reverse(), dependencies: [...document.dependencies].reverse() };
    const renamed = JSON.stringify(turned).replaceAll('"a"', '"zz"').replaceAll('"b"', '"aa"');
    expect(await factsOf(renamed)).toBe(await factsOf(sample('cyclonedx.json')));
  });

  test('SPDX 2 and SPDX 3 of one package list agree on what both can say', async () => {
    const [two, three] = await Promise.all(['spdx-2.json', 'spdx-3.json'].map(async (name) => JSON.parse(await factsOf(sample(name))) as Facts));
    const packages = (facts: Facts | undefined) => facts?.components?.filter((one) => one.type !== 'file')
      .map(({ name, version, purl, hashes }) => [name, version, purl, hashes]);
    expect(packages(two)).toEqual(packages(three));
    expect(two?.depends).toHaveLength(2);
  });

  test('what somebody wrote in words, and who wrote it, is no fact', async () => {
    const text = sample('openvex.json');
    for (const [words, others] of [['"never called"', '"not at all"'], ['"Example"', '"Jane Doe <jane@example.org>"'], ['"update"', '"wait"']] as const) {
      expect(await factsOf(text.replace(words, others))).toBe(await factsOf(text));
    }
  });
});

test('an edge is counted once, a component that refers to itself has none, and unknown ends are left out', () => {
  const component = (ref: string) => ({ ref, type: 'library', name: ref, cpes: [], licences: [], hashes: [], paths: [], layers: [] });
  const edges = (['y', 'y', 'x', 'nowhere'] as const).map((to) => ({ from: 'x', to, kind: 'depends' as const }));
  const sbom = { identity: null, created: null, root: 'y', components: [component('y'), component('x')], edges, subjects: [] };
  const facts = parseFacts(encodeFacts({ sbom }));
  expect(facts.depends).toEqual([[0, 1]]);
  expect(facts.components?.[facts.root as number]?.name).toBe('y');
});

test('facts are counted as they are held', async () => {
  const { counts } = await readDocument(encodeUtf8(sample('cyclonedx.json')));
  expect(counts).toEqual({ attestations: 0, components: 4, results: 0, statements: 1 });
});

test('facts of other semantics are refused', () => {
  expect(() => parseFacts(encodeUtf8('{"semantics":2}'))).toThrow(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
  expect(() => parseFacts(encodeUtf8('null'))).toThrow(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
});

test('the worked example of spec/evidence.md', async () => {
  const page = readFileSync(new URL('../../spec/evidence.md', import.meta.url), 'utf8');
  const [, document = '', hex = ''] = /```json\n(.*)\n```[\s\S]*?```\n([0-9a-f\n]+)```/.exec(page) ?? [];
  expect(formatHex(encodeUtf8(await factsOf(document)))).toBe(hex.replaceAll('\n', ''));
});

test('what syft says of one Go package in CycloneDX and in SPDX is one component', async () => {
  const [layer, purl] = [`sha256:${'cd'.repeat(32)}`, 'pkg:golang/golang.org/x/mod@v0.30.0'];
  const properties = [
    ['syft:location:0:layerID', layer], ['syft:location:0:path', '/usr/bin/tool'],
    ['syft:metadata:h1Digest', 'h1:KZaTBSyshWX3MP5jukJcNSuXDQTO+rNpt0J564dX/eg='],
  ].map(([name, value]) => ({ name, value }));
  const module = { type: 'library', name: 'golang.org/x/mod', version: 'v0.30.0', 'bom-ref': 'a', purl, properties };
  const cyclonedx = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [module] };
  const checksums = [{ algorithm: 'SHA256', checksumValue: '299693052cac8565f730fe63ba425c352b970d04cefab369b74279eb8757fde8' }];
  const spdx = {
    spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT', name: 'tool', documentNamespace: 'https://example.org/tool',
    creationInfo: { created: '2026-01-01T00:00:00Z', creators: ['Tool: syft-1.52.0'] },
    packages: [{
      SPDXID: 'SPDXRef-Package', name: 'golang.org/x/mod', versionInfo: 'v0.30.0', downloadLocation: 'NOASSERTION', filesAnalyzed: false, checksums,
      sourceInfo: 'acquired package info from go module information: /usr/bin/tool',
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    }],
    files: [{
      SPDXID: 'SPDXRef-File', fileName: 'usr/bin/tool', checksums: [{ algorithm: 'SHA1', checksumValue: 'aa'.repeat(20) }],
      comment: `layerID: ${layer}`,
    }],
    relationships: [{
      spdxElementId: 'SPDXRef-Package', relatedSpdxElement: 'SPDXRef-File', relationshipType: 'OTHER',
      comment: 'evident-by: indicates the package\'s existence is evident by the given file',
    }],
  };
  const packageOf = async (text: string) => parseFacts(encodeUtf8(await factsOf(text))).components?.find((component) => component.purl === purl);
  const expected = { hashes: [['sha256', checksums[0]?.checksumValue]], layers: [layer], paths: ['/usr/bin/tool'] };
  expect(await packageOf(JSON.stringify(cyclonedx))).toMatchObject(expected);
  expect(await packageOf(JSON.stringify(spdx))).toEqual(await packageOf(JSON.stringify(cyclonedx)));
});

test('facts of texts that take several bytes a character are whole', async () => {
  const names = Array.from({ length: 3_000 }, (_, i) => `${'漢字😀é'.repeat(1 + (i % 7))}${i}`);
  const components = names.map((name) => ({ type: 'library', name }));
  const bytes = encodeUtf8(await factsOf(JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components })));
  const facts = parseFacts(bytes);
  expect(facts.components?.map(({ name }) => name).sort()).toEqual(names.toSorted());
  expect(decodeUtf8(bytes)).toBe(decodeUtf8(encodeJcs(facts as unknown as JcsValue)));
  const view = { sbom: { identity: null, created: null, root: null, subjects: [], edges: [], components: [
    { ref: 'a', type: 'library', name: '\ud800', cpes: [], licences: [], hashes: [], paths: [], layers: [] },
  ] } };
  // JSON.stringify writes a lone surrogate as an escape: what comes out is ASCII, and reads as it was.
  expect(decodeUtf8(encodeFacts(view))).toContain('\\ud800');
});
