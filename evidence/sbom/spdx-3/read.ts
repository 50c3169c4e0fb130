// The software part of an SPDX 3 graph as components and edges.
import type { JsonObject } from '../../../ledger/json.ts';
import { objectsAt, textAt, textsAt } from '../../json-view.ts';
import type { Component, ComponentHash, Edge, Sbom } from '../model.ts';
import { hashName, licencesOf, sourceOfPurl, subjectsOf } from '../names.ts';
import { type Graph, idOf } from './graph.ts';

const ARTIFACTS = /^(?:software_(?:Package|File|Snippet)|ai_AIPackage|dataset_DatasetPackage)$/;

export function readGraph(graph: Graph): Sbom {
  const licences = licencesByElement(graph);
  const components = graph.ofType(ARTIFACTS).map((element) => componentOf(element, licences.get(idOf(element) ?? '')));
  const known = new Set(components.map((component) => component.ref));
  const edges: Edge[] = [];
  for (const [word, kind] of [['dependsOn', 'depends'], ['contains', 'contains'], ['hasDynamicLink', 'depends'], ['hasStaticLink', 'depends']] as const) {
    for (const [from, to] of graph.pairs(word)) if (known.has(from) && known.has(to)) edges.push({ from, to, kind });
  }
  const [document] = graph.ofType(/^SpdxDocument$/);
  const root = rootOf(graph, document, known);
  const rootComponent = components.find((component) => component.ref === root);
  return {
    identity: document === undefined ? null : (idOf(document) ?? null),
    created: document === undefined ? null : (textAt(graph.follow(document, 'creationInfo'), 'created') ?? null),
    root,
    components,
    edges,
    subjects: rootComponent === undefined ? [] : subjectsOf(rootComponent, []),
  };
}

/** The one artifact that document and bill of materials lead to; null where they name several. */
function rootOf(graph: Graph, document: JsonObject | undefined, known: ReadonlySet<string>): string | null {
  const found = new Set<string>();
  const visited = new Set<string>();
  const visit = (id: string) => {
    if (visited.has(id)) return;
    visited.add(id);
    if (known.has(id)) found.add(id);
    else for (const next of textsAt(graph.get(id), 'rootElement')) visit(next);
  };
  for (const id of textsAt(document, 'rootElement')) visit(id);
  return found.size === 1 ? ([...found][0] as string) : null;
}

function componentOf(element: JsonObject, licences: readonly string[] | undefined): Component {
  const identifiers = objectsAt(element, 'externalIdentifier');
  const ofType = (pattern: RegExp) => identifiers.filter((one) => pattern.test(textAt(one, 'externalIdentifierType') ?? ''));
  const named = (pattern: RegExp) => ofType(pattern).map((one) => textAt(one, 'identifier') ?? '');
  const purl = textAt(element, 'software_packageUrl') ?? named(/^packageUrl$/)[0];
  const version = textAt(element, 'software_packageVersion');
  const source = purl === undefined ? undefined : sourceOfPurl(purl);
  const name = textAt(element, 'name') ?? '';
  const file = textAt(element, 'type') === 'software_File';
  return {
    ref: idOf(element) ?? '',
    type: file ? 'file' : (PURPOSES[textAt(element, 'software_primaryPurpose') ?? ''] ?? 'library'),
    name: file ? name.replace(/^\.\//, '') : name,
    ...(version === undefined || version === '' ? {} : { version }),
    ...(purl === undefined ? {} : { purl }),
    cpes: named(/^cpe2[23]$/),
    licences: licences ?? [],
    hashes: objectsAt(element, 'verifiedUsing').filter((one) => textAt(one, 'type') === 'Hash').map(hashOf),
    paths: file && name !== '' ? [name.replace(/^\.\//, '')] : [],
    layers: [],
    ...(source === undefined ? {} : { source }),
  };
}

/** SPDX's purposes that CycloneDX has a word for. */
const PURPOSES: Readonly<Record<string, string>> = {
  application: 'application',
  framework: 'framework',
  library: 'library',
  container: 'container',
  operatingSystem: 'operating-system',
  device: 'device',
  firmware: 'firmware',
  file: 'file',
  model: 'machine-learning-model',
  data: 'data',
};

function hashOf(hash: JsonObject): ComponentHash {
  return [hashName(textAt(hash, 'algorithm') ?? ''), (textAt(hash, 'hashValue') ?? '').toLowerCase()];
}

/** What is declared counts before what was concluded, as in SPDX 2. */
function licencesByElement(graph: Graph): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const word of ['hasConcludedLicense', 'hasDeclaredLicense']) {
    for (const [from, to] of graph.pairs(word)) {
      const licences = licencesOf(expressionOf(graph, to), new Map());
      if (licences.length > 0) found.set(from, licences);
    }
  }
  return found;
}

function expressionOf(graph: Graph, id: string): string | undefined {
  const listed = /^https?:\/\/spdx\.org\/licenses\/(.+)$/.exec(id)?.[1];
  const element = graph.get(id);
  const said = textAt(element, 'simplelicensing_licenseExpression') ?? listed ?? textAt(element, 'name');
  return said === undefined || /^(?:NOASSERTION|NONE|.*\/(?:NoAssertion|None)License)$/.test(said) ? undefined : said;
}
