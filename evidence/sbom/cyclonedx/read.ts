// A CycloneDX document, already checked, as components and edges.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { at, objectsAt, textAt, textsAt } from '../../json-view.ts';
import type { Component, ComponentHash, Edge, Sbom } from '../model.ts';
import { hashName, purlQualifier, sourceOfPurl, subjectsOf } from '../names.ts';

export function readBom(bom: Json): Sbom {
  const components: Component[] = [];
  const edges: Edge[] = [];
  const rootObject = at(bom, 'metadata', 'component');
  const root = rootObject === undefined ? null : add(rootObject as JsonObject, '#/metadata/component', components, edges);
  objectsAt(bom, 'components').forEach((component, i) => add(component, `#/components/${i}`, components, edges));
  for (const dependency of objectsAt(bom, 'dependencies')) {
    const from = textAt(dependency, 'ref') ?? '';
    for (const to of textsAt(dependency, 'dependsOn')) edges.push({ from, to, kind: 'depends' });
  }
  const serial = textAt(bom, 'serialNumber');
  return {
    identity: serial === undefined ? null : `${serial}/${String(at(bom, 'version') ?? 1)}`,
    created: textAt(bom, 'metadata', 'timestamp') ?? null,
    root: root?.ref ?? null,
    components,
    edges,
    subjects: root === null ? [] : subjectsOf(root, objectsAt(rootObject, 'properties').map((item) => textAt(item, 'value') ?? '')),
  };
}

/** @param fallback - a name within this reading for a component without `bom-ref`, which then cannot be referred to */
function add(object: JsonObject, fallback: string, components: Component[], edges: Edge[]): Component {
  const component = componentOf(object, fallback);
  components.push(component);
  objectsAt(object, 'components').forEach((inner, i) => {
    const part = add(inner, `${fallback}/components/${i}`, components, edges);
    edges.push({ from: component.ref, to: part.ref, kind: 'contains' });
  });
  return component;
}

function componentOf(object: JsonObject, fallback: string): Component {
  const purl = textAt(object, 'purl');
  const properties = objectsAt(object, 'properties').map((item) => [textAt(item, 'name') ?? '', textAt(item, 'value') ?? ''] as const);
  const valuesOf = (pattern: RegExp) => properties.filter(([name]) => pattern.test(name)).map(([, value]) => value);
  const [group, version, cpe] = [textAt(object, 'group'), textAt(object, 'version'), textAt(object, 'cpe')];
  const source = sourceOf(purl, valuesOf);
  return {
    ref: textAt(object, 'bom-ref') ?? fallback,
    type: textAt(object, 'type') ?? 'library',
    ...(group === undefined || group === '' ? {} : { group }),
    name: textAt(object, 'name') ?? '',
    ...(version === undefined || version === '' ? {} : { version }),
    ...(purl === undefined ? {} : { purl }),
    cpes: [...(cpe === undefined ? [] : [cpe]), ...valuesOf(/^syft:cpe23$/)],
    licences: objectsAt(object, 'licenses').map(licenceOf).filter((licence) => licence !== ''),
    hashes: objectsAt(object, 'hashes').map(hashOf),
    paths: [
      ...objectsAt(object, 'evidence', 'occurrences').map((item) => textAt(item, 'location') ?? ''),
      ...valuesOf(/^(?:syft:location:\d+:path|aquasecurity:trivy:FilePath)$/),
    ].filter((path) => path !== ''),
    // Two digests can name a layer: of its compressed bytes, and of what they unpack to. Both are kept.
    layers: valuesOf(/^(?:syft:location:\d+:layerID|aquasecurity:trivy:Layer(?:Digest|DiffID))$/),
    ...(source === undefined ? {} : { source }),
  };
}

function licenceOf(choice: JsonObject): string {
  return textAt(choice, 'expression') ?? textAt(choice, 'license', 'id') ?? textAt(choice, 'license', 'name') ?? '';
}

function hashOf(hash: JsonObject): ComponentHash {
  return [hashName(textAt(hash, 'alg') ?? ''), (textAt(hash, 'content') ?? '').toLowerCase()];
}

function sourceOf(purl: string | undefined, valuesOf: (pattern: RegExp) => string[]): Component['source'] {
  const [name] = valuesOf(/^aquasecurity:trivy:SrcName$/);
  if (name !== undefined) {
    const [epoch] = valuesOf(/^aquasecurity:trivy:SrcEpoch$/);
    const [version] = valuesOf(/^aquasecurity:trivy:SrcVersion$/);
    const [release] = valuesOf(/^aquasecurity:trivy:SrcRelease$/);
    const whole = version === undefined ? undefined : `${epoch === undefined ? '' : `${epoch}:`}${version}${release === undefined ? '' : `-${release}`}`;
    return whole === undefined ? { name } : { name, version: whole };
  }
  return purl === undefined || purlQualifier(purl, 'upstream') === undefined ? undefined : sourceOfPurl(purl);
}
