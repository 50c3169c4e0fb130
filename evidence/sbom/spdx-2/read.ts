// An SPDX 2 document, already checked, as components and edges.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { below, objectsAt, textAt, textsAt } from '../../json-view.ts';
import type { Component, ComponentHash, Edge, Sbom } from '../model.ts';
import { hashName, licencesOf, sourceOfPurl, subjectsOf } from '../names.ts';

const DOCUMENT = 'SPDXRef-DOCUMENT';

/** Every identifier that stands twice, and every relationship that leads nowhere. */
export function identifierProblems(document: Json): { repeated: Deviation[]; dangling: Deviation[] } {
  const repeated: Deviation[] = [];
  const known = new Set<string>([textAt(document, 'SPDXID') ?? DOCUMENT]);
  for (const list of ['packages', 'files', 'snippets']) {
    objectsAt(document, list).forEach((one, i) => {
      const id = textAt(one, 'SPDXID') ?? '';
      if (known.has(id)) repeated.push({ code: 'IDENTIFIER_REPEATED', pointer: below('', list, i, 'SPDXID'), message: 'this SPDXID stands twice' });
      known.add(id);
    });
  }
  const dangling: Deviation[] = [];
  const isKnown = (id: string) => known.has(id) || id === 'NONE' || id === 'NOASSERTION' || id.startsWith('DocumentRef-');
  objectsAt(document, 'relationships').forEach((relationship, i) => {
    for (const end of ['spdxElementId', 'relatedSpdxElement']) {
      if (isKnown(textAt(relationship, end) ?? '')) continue;
      dangling.push({ code: 'REFERENCE_DANGLING', pointer: below('', 'relationships', i, end), message: 'this reference leads nowhere in the document' });
    }
  });
  return { repeated, dangling };
}

export function readSpdx(document: Json): Sbom {
  const extracted = new Map(objectsAt(document, 'hasExtractedLicensingInfos').map((one) => [textAt(one, 'licenseId') ?? '', textAt(one, 'name')]));
  const edges: Edge[] = [];
  const described: string[] = [...textsAt(document, 'documentDescribes')];
  const generatedFrom = new Map<string, string>();
  const evidentBy = new Map<string, string[]>();
  for (const one of objectsAt(document, 'relationships')) {
    const [from, to, word] = [textAt(one, 'spdxElementId') ?? '', textAt(one, 'relatedSpdxElement') ?? '', textAt(one, 'relationshipType') ?? ''];
    if (word === 'DESCRIBES' && from === DOCUMENT) described.push(to);
    else if (word === 'DESCRIBED_BY' && to === DOCUMENT) described.push(from);
    else if (word === 'GENERATED_FROM') generatedFrom.set(from, to);
    else if (word === 'OTHER' && textAt(one, 'comment')?.startsWith('evident-by:') === true) evidentBy.set(from, [...(evidentBy.get(from) ?? []), to]);
    else if (from !== DOCUMENT && to !== DOCUMENT) edges.push(...edgeOf(from, to, word));
  }
  for (const one of objectsAt(document, 'packages')) {
    for (const file of textsAt(one, 'hasFiles')) edges.push({ from: textAt(one, 'SPDXID') ?? '', to: file, kind: 'contains' });
  }
  const packages = new Map(objectsAt(document, 'packages').map((one) => [textAt(one, 'SPDXID') ?? '', one]));
  const files = new Map(objectsAt(document, 'files').map((one) => [textAt(one, 'SPDXID') ?? '', fileOf(one, extracted)]));
  const components = [
    ...objectsAt(document, 'packages').map((one) => {
      const id = textAt(one, 'SPDXID') ?? '';
      const found = packageOf(one, extracted, packages.get(generatedFrom.get(id) ?? ''));
      // syft says of the file by which it knows a package, and not of the package, in which layer it is.
      const layers = (evidentBy.get(id) ?? []).flatMap((file) => files.get(file)?.layers ?? []);
      return layers.length === 0 ? found : { ...found, layers: [...new Set([...found.layers, ...layers])] };
    }),
    ...files.values(),
  ];
  const known = new Set(components.map((component) => component.ref));
  const roots = new Set(described.filter((ref) => known.has(ref)));
  const root = roots.size === 1 ? ([...roots][0] as string) : null;
  const rootComponent = components.find((component) => component.ref === root);
  return {
    identity: textAt(document, 'documentNamespace') ?? null,
    created: textAt(document, 'creationInfo', 'created') ?? null,
    root,
    components,
    edges,
    subjects: rootComponent === undefined ? [] : subjectsOf(rootComponent, wordsOf(packages.get(rootComponent.ref))),
  };
}

/** Which way a relationship points: `X_DEPENDENCY_OF` names the dependency first. */
function edgeOf(from: string, to: string, word: string): Edge[] {
  if (word === 'DEPENDS_ON') return [{ from, to, kind: 'depends' }];
  if (/^(?:[A-Z]+_)?DEPENDENCY_OF$/.test(word)) return [{ from: to, to: from, kind: 'depends' }];
  if (word === 'CONTAINS') return [{ from, to, kind: 'contains' }];
  if (word === 'CONTAINED_BY' || word === 'PACKAGE_OF') return [{ from: to, to: from, kind: 'contains' }];
  return [];
}

function packageOf(one: JsonObject, extracted: ReadonlyMap<string, string | undefined>, generatedFrom: JsonObject | undefined): Component {
  const references = objectsAt(one, 'externalRefs');
  const ofType = (type: RegExp) => references.filter((reference) => type.test(textAt(reference, 'referenceType') ?? ''));
  const locators = (type: RegExp) => ofType(type).map((reference) => textAt(reference, 'referenceLocator') ?? '');
  const [purl] = locators(/^purl$/);
  const words = wordsOf(one);
  const said = (name: string) => words.flatMap((text) => (text.startsWith(`${name}: `) ? [text.slice(name.length + 2)] : []));
  const version = asserted(textAt(one, 'versionInfo'));
  const source = sourceOf(one, purl, generatedFrom);
  return {
    ref: textAt(one, 'SPDXID') ?? '',
    type: (textAt(one, 'primaryPackagePurpose') ?? 'LIBRARY').toLowerCase().replaceAll('_', '-'),
    name: textAt(one, 'name') ?? '',
    ...(version === undefined ? {} : { version }),
    ...(purl === undefined ? {} : { purl }),
    cpes: locators(/^cpe2[23]Type$/),
    licences: licencesOf(asserted(textAt(one, 'licenseDeclared')) ?? asserted(textAt(one, 'licenseConcluded')), extracted),
    hashes: objectsAt(one, 'checksums').map(hashOf),
    // syft and trivy say in words where they found a package.
    paths: [...pathsOf(textAt(one, 'sourceInfo') ?? ''), ...said('FilePath')],
    layers: [...said('LayerDigest'), ...said('LayerDiffID')],
    ...(source === undefined ? {} : { source }),
  };
}

function wordsOf(one: JsonObject | undefined): string[] {
  return [...textsAt(one, 'attributionTexts'), ...objectsAt(one, 'annotations').map((annotation) => textAt(annotation, 'comment') ?? '')];
}

function pathsOf(sourceInfo: string): string[] {
  const list = /^(?:acquired package info from [^:]*: |package found in: )(.+)$/.exec(sourceInfo)?.[1];
  return list === undefined ? [] : list.split(', ').map((path) => path.trim());
}

function sourceOf(one: JsonObject, purl: string | undefined, generatedFrom: JsonObject | undefined): Component['source'] {
  const built = /^built package from: (\S+)(?: (\S+))?$/.exec(textAt(one, 'sourceInfo') ?? '');
  if (built !== null) return built[2] === undefined ? { name: built[1] as string } : { name: built[1] as string, version: built[2] };
  const upstream = purl === undefined ? undefined : sourceOfPurl(purl);
  if (upstream !== undefined || generatedFrom === undefined) return upstream;
  const version = asserted(textAt(generatedFrom, 'versionInfo'));
  const name = textAt(generatedFrom, 'name') ?? '';
  return version === undefined ? { name } : { name, version };
}

function fileOf(one: JsonObject, extracted: ReadonlyMap<string, string | undefined>): Component {
  const path = (textAt(one, 'fileName') ?? '').replace(/^\.\//, '');
  return {
    ref: textAt(one, 'SPDXID') ?? '',
    type: 'file',
    name: path,
    cpes: [],
    licences: licencesOf(asserted(textAt(one, 'licenseConcluded')), extracted),
    hashes: objectsAt(one, 'checksums').map(hashOf),
    paths: [path],
    layers: [...(textAt(one, 'comment') ?? '').matchAll(/layerID: (sha256:[0-9a-f]{64})/g)].map((match) => match[1] as string),
  };
}

function hashOf(checksum: JsonObject): ComponentHash {
  return [hashName(textAt(checksum, 'algorithm') ?? ''), (textAt(checksum, 'checksumValue') ?? '').toLowerCase()];
}

/** NOASSERTION and NONE are values that say nothing about which. */
function asserted(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === 'NOASSERTION' || text === 'NONE' ? undefined : text;
}
