// An SBOM's components as evidence reads them are what a scan takes, with the way from the root to each.
import { expect, test } from 'vitest';
import { readDocument } from '../../../evidence/index.ts';
import { scan, Snapshot, type FindingsDocument } from '../../../scanner/index.ts';
import { build, fileOf, observationOf } from '../snapshot/memory.ts';

test('CycloneDX in, findings out', async () => {
  const bom = {
    bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component: { type: 'application', 'bom-ref': 'root', name: 'app' } },
    components: [
      { type: 'library', 'bom-ref': 'a', name: 'a', version: '1.0.0', purl: 'pkg:npm/a@1.0.0' },
      { type: 'library', 'bom-ref': 'b', name: 'b', version: '1.0.0', purl: 'pkg:npm/b@1.0.0' },
    ],
    dependencies: [{ ref: 'root', dependsOn: ['a'] }, { ref: 'a', dependsOn: ['b'] }],
  };
  const { view } = await readDocument(new TextEncoder().encode(JSON.stringify(bom)));
  const sbom = view.sbom as NonNullable<typeof view.sbom>;
  const { bytes } = build([observationOf('s', {
    id: 'GHSA-1', affected: [{ package: { ecosystem: 'npm', name: 'b' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.1' }] }] }],
  })]);
  const { findings } = scan(sbom, new Snapshot(fileOf(bytes)), { engineVersion: '1' }) as FindingsDocument;
  expect(findings.map(({ id, component }) => [id, component.refs, component.dependencyPath])).toEqual([['GHSA-1', ['b'], ['app', 'a@1.0.0', 'b@1.0.0']]]);
});
