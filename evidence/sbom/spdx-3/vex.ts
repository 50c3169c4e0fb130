// The security part of an SPDX 3 graph: VEX relationships as statements, one for each product they name.
import type { JsonObject } from '../../../ledger/json.ts';
import { objectsAt, textAt } from '../../json-view.ts';
import type { Vex, VexProduct, VexStatement } from '../../vex/model.ts';
import { justificationOfSpdx, SPDX_CLASSES } from '../../vex/words.ts';
import type { Component, Sbom } from '../model.ts';
import { endsOf, type Graph, refOf } from './graph.ts';

/** @returns null where the graph holds no VEX relationship */
export function vexOfGraph(graph: Graph, sbom: Sbom): Vex | null {
  const relations = graph.ofType(/^security_Vex/);
  if (relations.length === 0) return null;
  const byRef = new Map(sbom.components.map((component) => [component.ref, component]));
  const [document] = graph.ofType(/^SpdxDocument$/);
  const info = document === undefined ? undefined : graph.follow(document, 'creationInfo');
  const creators = info?.['createdBy'];
  const author = textAt(graph.get(refOf(Array.isArray(creators) ? creators[0] : creators) ?? ''), 'name');
  return {
    identity: sbom.identity,
    version: null,
    author: author ?? null,
    created: sbom.created,
    statements: relations.flatMap((relation) => statementsOf(graph, relation, byRef)),
  };
}

function statementsOf(graph: Graph, relation: JsonObject, byRef: ReadonlyMap<string, Component>): VexStatement[] {
  const type = textAt(relation, 'type') ?? '';
  const from = refOf(relation['from']) ?? '';
  const names = namesOf(graph.get(from), from);
  const word = textAt(relation, 'security_justificationType') ?? null;
  const assessed = refOf(relation['security_assessedElement']);
  const info = graph.follow(relation, 'creationInfo');
  const common = {
    vulnerability: names[0] as string,
    aliases: names.slice(1),
    status: (Object.hasOwn(SPDX_CLASSES, type) ? SPDX_CLASSES[type]?.status : undefined) ?? null,
    justification: word === null ? null : justificationOfSpdx(word),
    words: { status: textAt(relation, 'relationshipType') ?? type, justification: word },
    parts: assessed === undefined ? [] : [productOf(assessed, byRef)],
    stated: textAt(relation, 'security_modifiedTime') ?? textAt(relation, 'security_publishedTime') ?? textAt(info, 'created') ?? null,
    impact: textAt(relation, 'security_impactStatement') ?? null,
    action: textAt(relation, 'security_actionStatement') ?? null,
    notes: textAt(relation, 'security_statusNotes') ?? null,
  };
  return endsOf(relation).map((to) => ({ ...common, product: productOf(to, byRef) }));
}

/** The vulnerability's names, a CVE first. */
function namesOf(vulnerability: JsonObject | undefined, id: string): string[] {
  const identifiers = objectsAt(vulnerability, 'externalIdentifier').map((one) => textAt(one, 'identifier') ?? '').filter((text) => text !== '');
  const name = textAt(vulnerability, 'name');
  const all = [...new Set([...identifiers, ...(name === undefined ? [] : [name])])].sort((a, b) => Number(b.startsWith('CVE-')) - Number(a.startsWith('CVE-')));
  return all.length > 0 ? all : [id];
}

function productOf(ref: string, byRef: ReadonlyMap<string, Component>): VexProduct {
  const component = byRef.get(ref);
  return {
    id: ref,
    purls: component?.purl === undefined ? [] : [component.purl],
    cpes: component?.cpes ?? [],
    hashes: component?.hashes ?? [],
    versions: [],
  };
}
