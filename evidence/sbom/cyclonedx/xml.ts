// CycloneDX in XML: checked against the official XML schema, then turned into the shape of its JSON for one reader.
import { LedgerError } from '../../../ledger/errors.ts';
import type { Json, JsonObject } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { childOf, childrenOf, childText, type XmlElement } from '../../xml.ts';

export const NAMESPACE = 'http://cyclonedx.org/schema/bom/';

/**
 * Checks the document against the official XSD, in a worker of its own.
 *
 * @param text - already parsed once, so it has no document type: libxml2 would call one valid
 */
export async function xmlViolationOf(text: string, version: string): Promise<Deviation | null> {
  const [{ validateXML }, { default: xsd }] = await Promise.all([import('xmllint-wasm'), import('../../schemas/xsd.generated.js')]);
  // The text is handed over as UTF-8: a declaration that says otherwise would make libxml2 decode it twice.
  const contents = text.replace(/^<\?xml[^>]*\?>/, '');
  const checked = validateXML({
    xml: [{ fileName: 'bom.xml', contents }],
    schema: [{ fileName: 'bom.xsd', contents: xsd[`bom-${version}`] as string }],
    preload: [{ fileName: 'spdx.xsd', contents: xsd['spdx'] as string }],
    initialMemoryPages: 256,
    // 64 KiB a page. libxml2 needs up to ten times the document.
    maxMemoryPages: Math.min(32_768, 512 + Math.ceil(contents.length / 4096)),
  });
  const result = await checked.catch((cause: unknown) => {
    const hint = 'send it as CycloneDX JSON';
    throw new LedgerError('INPUT_TOO_LARGE', `Cannot check XML of ${contents.length} characters: the validator stopped`, { cause, hint });
  });
  if (result.valid) return null;
  const [error] = result.errors;
  return { code: 'SCHEMA_VIOLATED', pointer: error?.loc ? `line ${error.loc.lineNumber}` : '', message: error?.message.trim() ?? 'not valid' };
}

/** The document in the shape of CycloneDX JSON, as far as our model reads it. */
export function bomOfXml(root: XmlElement): Json {
  const metadata = childOf(root, 'metadata');
  const main = childOf(metadata, 'component');
  return withoutAbsent({
    serialNumber: root.attributes['serialNumber'],
    version: root.attributes['version'] === undefined ? undefined : Number(root.attributes['version']),
    metadata: withoutAbsent({
      timestamp: childText(metadata, 'timestamp')?.trim(),
      component: main === undefined ? undefined : component(main),
      tools: toolsOf(childOf(metadata, 'tools')),
      authors: childrenOf(childOf(metadata, 'authors'), 'author').map((author) => withoutAbsent({ name: childText(author, 'name') })),
    }),
    components: children(root, 'components', 'component', component),
    dependencies: children(root, 'dependencies', 'dependency', dependency),
    vulnerabilities: children(root, 'vulnerabilities', 'vulnerability', vulnerability),
  });
}

/** Tools as a list, whichever of both forms they stand in. */
function toolsOf(element: XmlElement | undefined): Json[] | undefined {
  const tools = [...childrenOf(element, 'tool'), ...childrenOf(childOf(element, 'components'), 'component')];
  return element === undefined ? undefined : tools.map((tool) => withoutAbsent({ name: childText(tool, 'name'), version: childText(tool, 'version') }));
}

function component(element: XmlElement): JsonObject {
  const licences = childOf(element, 'licenses');
  return withoutAbsent({
    'bom-ref': element.attributes['bom-ref'],
    type: element.attributes['type'],
    group: childText(element, 'group'),
    name: childText(element, 'name'),
    version: childText(element, 'version'),
    purl: childText(element, 'purl'),
    cpe: childText(element, 'cpe'),
    licenses: licences?.children.map((choice) => (choice.name === 'expression'
      ? { expression: choice.text }
      : { license: withoutAbsent({ id: childText(choice, 'id'), name: childText(choice, 'name') }) })),
    hashes: children(element, 'hashes', 'hash', (hash) => ({ alg: hash.attributes['alg'] ?? '', content: hash.text.trim() })),
    evidence: evidence(childOf(element, 'evidence')),
    properties: properties(element),
    components: children(element, 'components', 'component', component),
  });
}

function evidence(element: XmlElement | undefined): JsonObject | undefined {
  return element === undefined
    ? undefined
    : withoutAbsent({ occurrences: children(element, 'occurrences', 'occurrence', (one) => withoutAbsent({ location: childText(one, 'location') })) });
}

function properties(element: XmlElement): Json[] | undefined {
  return children(element, 'properties', 'property', (one) => ({ name: one.attributes['name'] ?? '', value: one.text }));
}

function dependency(element: XmlElement): JsonObject {
  const refs = (name: string) => childrenOf(element, name).map((inner) => inner.attributes['ref'] ?? '');
  const [dependsOn, provides] = [refs('dependency'), refs('provides')];
  return withoutAbsent({
    ref: element.attributes['ref'],
    dependsOn: dependsOn.length === 0 ? undefined : dependsOn,
    provides: provides.length === 0 ? undefined : provides,
  });
}

function vulnerability(element: XmlElement): JsonObject {
  const analysis = childOf(element, 'analysis');
  const responses = childrenOf(childOf(analysis, 'responses'), 'response').map((one) => one.text);
  return withoutAbsent({
    'bom-ref': element.attributes['bom-ref'],
    id: childText(element, 'id'),
    references: children(element, 'references', 'reference', (one) => withoutAbsent({ id: childText(one, 'id') })),
    ratings: children(element, 'ratings', 'rating', (one) => withoutAbsent({ severity: childText(one, 'severity') })),
    recommendation: childText(element, 'recommendation'),
    published: childText(element, 'published')?.trim(),
    updated: childText(element, 'updated')?.trim(),
    analysis: analysis === undefined ? undefined : withoutAbsent({
      state: childText(analysis, 'state'),
      justification: childText(analysis, 'justification'),
      response: responses.length === 0 ? undefined : responses,
      detail: childText(analysis, 'detail'),
      firstIssued: childText(analysis, 'firstIssued')?.trim(),
      lastUpdated: childText(analysis, 'lastUpdated')?.trim(),
    }),
    affects: children(element, 'affects', 'target', (target) => withoutAbsent({
      ref: childText(target, 'ref'),
      versions: children(target, 'versions', 'version', (one) => withoutAbsent({
        version: childText(one, 'version'),
        range: childText(one, 'range'),
        status: childText(one, 'status'),
      })),
    })),
  });
}

function children(element: XmlElement, list: string, name: string, read: (child: XmlElement) => Json): Json[] | undefined {
  const holder = childOf(element, list);
  return holder === undefined ? undefined : childrenOf(holder, name).map((child) => read(child));
}

function withoutAbsent(members: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter((member): member is [string, Json] => member[1] !== undefined));
}
