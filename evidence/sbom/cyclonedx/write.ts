// Writing CycloneDX 1.6 in JSON: a bill of materials, VEX statements, or both.
import { encodeJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { asWritable, type Authored, byPart, nameOf, statedAt, timeText, type Writable } from '../../vex/author.ts';
import type { VexJustification, VexProduct, VexStatement, VexStatus } from '../../vex/model.ts';
import type { Component, Sbom } from '../model.ts';

/** What a bill of materials of ours says about itself. */
export interface BomAbout {
  /** `urn:uuid:` and a UUID in lower case. */
  readonly serial: string;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly created: number;
}

type Members = { [key: string]: JcsValue | undefined };

/** Writes components and edges. Refs are kept, so that a document read and written keeps its names. */
export function writeCyclonedx(sbom: Sbom, about: BomAbout): Uint8Array {
  const parents = new Map(sbom.edges.filter(({ kind }) => kind === 'contains').map(({ from, to }) => [to, from]));
  const children = Map.groupBy(sbom.components, ({ ref }) => parents.get(ref));
  const nested = (one: Component): Members => {
    const inner = (children.get(one.ref) ?? []).map(nested);
    return { ...component(one), components: inner.length === 0 ? undefined : inner };
  };
  const top = (children.get(undefined) ?? []).filter(({ ref }) => ref !== sbom.root);
  const root = sbom.components.find(({ ref }) => ref === sbom.root);
  const needs = Map.groupBy(sbom.edges.filter(({ kind }) => kind === 'depends'), ({ from }) => from);
  return encodeJcs({
    ...head(about),
    metadata: { timestamp: timeText(about.created), component: root === undefined ? undefined : nested(root) },
    components: top.map(nested),
    dependencies: [...needs].map(([ref, edges]) => ({ ref, dependsOn: [...new Set(edges.map(({ to }) => to))] })),
  });
}

/**
 * Writes VEX statements. A part of a product is a component inside the product's.
 *
 * @throws {LedgerError} as `asWritable`
 */
export function writeCyclonedxVex(statements: readonly VexStatement[], about: Authored & BomAbout): Uint8Array {
  const tree = new Products();
  const parts = byPart(asWritable(statements, true));
  const vulnerabilities = parts.map(({ statement, part }) => vulnerability(statement, tree.refOf(statement.product, part), about));
  return encodeJcs({
    ...head(about),
    metadata: { timestamp: timeText(about.created), authors: [{ name: about.author }] },
    components: tree.json(),
    vulnerabilities,
  });
}

function head({ serial, version }: BomAbout): Members {
  return { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: serial, version };
}

/** CycloneDX's names of hash algorithms. */
const HASHES: Readonly<Record<string, string>> = {
  md5: 'MD5', sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512',
  'sha3-256': 'SHA3-256', 'sha3-384': 'SHA3-384', 'sha3-512': 'SHA3-512',
  'blake2b-256': 'BLAKE2b-256', 'blake2b-384': 'BLAKE2b-384', 'blake2b-512': 'BLAKE2b-512', blake3: 'BLAKE3',
};

function component(one: Component): Members {
  const [cpe, ...cpes] = one.cpes;
  const [layer, ...layers] = one.layers;
  const properties = [
    ...cpes.map((value) => ({ name: 'syft:cpe23', value })),
    ...(layer === undefined ? [] : [layer, ...layers]).map((value, i) => ({ name: `syft:location:${i}:layerID`, value })),
    ...sourceProperties(one),
  ];
  const hashes = one.hashes.flatMap(([algorithm, content]) => (HASHES[algorithm] === undefined ? [] : [{ alg: HASHES[algorithm], content }]));
  return {
    'bom-ref': one.ref,
    type: one.type,
    group: one.group,
    name: one.name,
    version: one.version,
    purl: one.purl,
    cpe,
    // A name says any licence: an expression beside others, or a licence that is on no list, would not be valid otherwise.
    licenses: one.licences.length === 0 ? undefined : one.licences.map((name) => ({ license: { name } })),
    hashes: hashes.length === 0 ? undefined : hashes,
    evidence: one.paths.length === 0 ? undefined : { occurrences: [...new Set(one.paths)].map((location) => ({ location })) },
    properties: properties.length === 0 ? undefined : properties,
  };
}

/** The source package, where the purl does not name it. */
function sourceProperties({ source, purl }: Component): { name: string; value: string }[] {
  if (source === undefined || purl?.includes('upstream=') === true) return [];
  const { name, version } = source;
  const said = [{ name: 'aquasecurity:trivy:SrcName', value: name }];
  return version === undefined ? said : [...said, { name: 'aquasecurity:trivy:SrcVersion', value: version }];
}

const STATES: Readonly<Record<VexStatus, string>> = {
  not_affected: 'not_affected',
  affected: 'exploitable',
  fixed: 'resolved',
  under_investigation: 'in_triage',
};

/** The words that come back as they were; for the other two CycloneDX has none, and the detail says it. */
const JUSTIFICATIONS: Readonly<Partial<Record<VexJustification, string>>> = {
  vulnerable_code_not_present: 'code_not_present',
  vulnerable_code_not_in_execute_path: 'code_not_reachable',
  inline_mitigations_already_exist: 'protected_by_mitigating_control',
};

function vulnerability(one: Writable, ref: string, about: Authored): JcsValue {
  const justification = one.justification === null ? undefined : JUSTIFICATIONS[one.justification];
  const unsaid = one.justification !== null && justification === undefined ? one.justification.replaceAll('_', ' ') : null;
  const detail = [unsaid, one.impact ?? one.notes].filter((text) => text !== null).join(': ');
  return {
    id: one.vulnerability,
    references: one.aliases.length === 0 ? undefined : one.aliases.map((id) => ({ id, source: { name: /^[A-Z]+/.exec(id)?.[0] ?? 'other' } })),
    analysis: {
      state: STATES[one.status],
      justification,
      detail: detail === '' ? undefined : detail,
      lastUpdated: statedAt(one, about.created),
    },
    recommendation: one.action ?? undefined,
    affects: [{ ref, versions: one.product.versions.length === 0 ? undefined : one.product.versions.map(narrowed) }],
  };
}

/** A version or range as the reader of this format gives it: the word for it first (`unaffected vers:npm/<2.0.0`). */
function narrowed(text: string): JcsValue {
  const [, status = 'unknown', which = text] = /^(affected|unaffected|unknown) (.*)$/s.exec(text) ?? [];
  return which.startsWith('vers:') ? { range: which, status } : { version: which, status };
}

/** The products of the statements as components, parts inside them. */
class Products {
  readonly #roots = new Map<string, { product: VexProduct; parts: Map<string, VexProduct> }>();

  refOf(product: VexProduct, part: VexProduct | null): string {
    const whole = this.#roots.get(nameOf(product)) ?? { product, parts: new Map<string, VexProduct>() };
    this.#roots.set(nameOf(product), whole);
    if (part === null) return nameOf(product);
    whole.parts.set(nameOf(part), part);
    return `${nameOf(product)}#${nameOf(part)}`;
  }

  json(): JcsValue {
    return [...this.#roots].map(([ref, { product, parts }]) => {
      const inner = [...parts].map(([name, part]) => named(`${ref}#${name}`, part));
      return { ...named(ref, product), components: inner.length === 0 ? undefined : inner };
    });
  }
}

function named(ref: string, product: VexProduct): Members {
  const [purl] = product.purls;
  return component({
    ref,
    type: 'application',
    name: nameOf(product),
    ...(purl === undefined ? {} : { purl }),
    cpes: product.cpes,
    licences: [],
    hashes: product.hashes,
    paths: [],
    layers: [],
  });
}
