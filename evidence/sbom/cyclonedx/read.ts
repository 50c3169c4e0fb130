// A CycloneDX document, already checked, as components and edges.
import { formatHex } from '../../../ledger/bytes.ts';
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { at, objectsAt, textAt, textsAt } from '../../json-view.ts';
import type { Component, ComponentHash, Edge, Sbom } from '../model.ts';
import { hashName, sourceOfPurl, subjectsOf } from '../names.ts';

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
  const said = propertiesOf(object);
  const occurrences = objectsAt(object, 'evidence', 'occurrences').map((item) => textAt(item, 'location') ?? '');
  const cpe = textAt(object, 'cpe');
  const component: { -readonly [Key in keyof Component]: Component[Key] } = {
    ref: textAt(object, 'bom-ref') ?? fallback,
    type: textAt(object, 'type') ?? 'library',
    name: textAt(object, 'name') ?? '',
    cpes: cpe === undefined ? said.cpes : [cpe, ...said.cpes],
    licences: objectsAt(object, 'licenses').map(licenceOf).filter((licence) => licence !== ''),
    hashes: [...objectsAt(object, 'hashes').map(hashOf), ...said.hashes],
    paths: (occurrences.length === 0 ? said.paths : [...occurrences, ...said.paths]).filter((path) => path !== ''),
    layers: said.layers,
  };
  const [group, version, purl] = [textAt(object, 'group'), textAt(object, 'version'), textAt(object, 'purl')];
  if (group !== undefined && group !== '') component.group = group;
  if (version !== undefined && version !== '') component.version = version;
  if (purl !== undefined) component.purl = purl;
  const source = sourceOf(purl, said);
  if (source !== undefined) component.source = source;
  return component;
}

function licenceOf(choice: JsonObject): string {
  return textAt(choice, 'expression') ?? textAt(choice, 'license', 'id') ?? textAt(choice, 'license', 'name') ?? '';
}

function hashOf(hash: JsonObject): ComponentHash {
  return [hashName(textAt(hash, 'alg') ?? ''), (textAt(hash, 'content') ?? '').toLowerCase()];
}

/** What syft and trivy say in properties, read in one pass: a component has up to a hundred of them. */
interface Said {
  readonly paths: string[];
  /** Two digests can name a layer: of its compressed bytes, and of what they unpack to. Both are kept. */
  readonly layers: string[];
  readonly cpes: string[];
  /** syft's words for the checksum of a Go module, which its SPDX states as a package's SHA-256. */
  readonly hashes: ComponentHash[];
  /** trivy's words for the source package: `SrcName`, `SrcVersion`, `SrcRelease`, `SrcEpoch`. */
  readonly source: Map<string, string>;
}

const TRIVY = 'aquasecurity:trivy:';
const TRIVY_SOURCE = `${TRIVY}Src`;
const TRIVY_PATH = `${TRIVY}FilePath`;
const TRIVY_LAYERS: readonly string[] = [`${TRIVY}LayerDigest`, `${TRIVY}LayerDiffID`];

function propertiesOf(object: JsonObject): Said {
  const said: Said = { paths: [], layers: [], cpes: [], hashes: [], source: new Map() };
  const properties = object['properties'];
  if (!Array.isArray(properties)) return said;
  for (const property of properties as JsonObject[]) {
    const { name, value } = property;
    if (typeof name !== 'string' || typeof value !== 'string') continue;
    if (name.startsWith('syft:')) {
      if (name === 'syft:cpe23') said.cpes.push(value);
      else if (name === 'syft:metadata:h1Digest') said.hashes.push(...moduleHash(value));
      else if (!name.startsWith('syft:location:')) continue;
      else if (name.endsWith(':path')) said.paths.push(value);
      else if (name.endsWith(':layerID')) said.layers.push(value);
    } else if (name.startsWith(TRIVY)) {
      if (name === TRIVY_PATH) said.paths.push(value);
      else if (TRIVY_LAYERS.includes(name)) said.layers.push(value);
      else if (name.startsWith(TRIVY_SOURCE)) said.source.set(name.slice(TRIVY.length), value);
    }
  }
  return said;
}

/** `h1:` and the base64 of a SHA-256 (golang.org/x/mod/sumdb/dirhash). */
function moduleHash(value: string): ComponentHash[] {
  if (!/^h1:[A-Za-z0-9+/]{43}=$/.test(value)) return [];
  return [['sha256', formatHex(Uint8Array.from(atob(value.slice(3)), (letter) => letter.charCodeAt(0)))]];
}

function sourceOf(purl: string | undefined, { source }: Said): Component['source'] {
  const name = source.get('SrcName');
  if (name === undefined) return purl === undefined ? undefined : sourceOfPurl(purl);
  const [version, release, epoch] = [source.get('SrcVersion'), source.get('SrcRelease'), source.get('SrcEpoch')];
  if (version === undefined) return { name };
  return { name, version: `${epoch === undefined ? '' : `${epoch}:`}${version}${release === undefined ? '' : `-${release}`}` };
}
