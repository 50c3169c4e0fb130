// The VEX part of a CycloneDX document: what `vulnerabilities[].analysis` says, one statement for each affected product.
import { type Json, jsonDepthMax, type JsonObject } from '../../../ledger/json.ts';
import { at, objectsAt, textAt, textsAt } from '../../json-view.ts';
import type { Vex, VexProduct, VexStatement } from '../../vex/model.ts';
import { CYCLONEDX_JUSTIFICATIONS, CYCLONEDX_STATES } from '../../vex/words.ts';
import type { Sbom } from '../model.ts';

/** @returns null where no vulnerability of the document carries an analysis */
export function vexOf(bom: Json, sbom: Sbom): Vex | null {
  const analysed = objectsAt(bom, 'vulnerabilities').filter((one) => textAt(one, 'analysis', 'state') !== undefined);
  if (analysed.length === 0) return null;
  const byRef = new Map(sbom.components.map((component) => [component.ref, component]));
  const within = new Map(sbom.edges.filter(({ kind }) => kind === 'contains').map(({ from, to }) => [to, from]));
  const serial = textAt(bom, 'serialNumber') ?? null;
  return {
    identity: serial,
    version: String(at(bom, 'version') ?? 1),
    author: textAt(bom, 'metadata', 'supplier', 'name') ?? textAt(objectsAt(bom, 'metadata', 'authors')[0], 'name') ?? null,
    created: sbom.created,
    statements: analysed.flatMap((vulnerability) => statementsOf(vulnerability, sbom.created, (ref, target) => {
      const named = productOf(ref, target, byRef);
      const whole = outermost(ref, within);
      return whole === ref ? { product: named, parts: [] } : { product: productOf(whole, {}, byRef), parts: [named] };
    })),
  };
}

type About = (ref: string, target: JsonObject) => Pick<VexStatement, 'product' | 'parts'>;

function statementsOf(vulnerability: JsonObject, created: string | null, about: About): VexStatement[] {
  const state = textAt(vulnerability, 'analysis', 'state') ?? '';
  const justification = textAt(vulnerability, 'analysis', 'justification') ?? null;
  const actions = [textAt(vulnerability, 'recommendation'), textAt(vulnerability, 'workaround'), ...textsAt(vulnerability, 'analysis', 'response')];
  const status = CYCLONEDX_STATES[state] ?? null;
  const detail = textAt(vulnerability, 'analysis', 'detail') ?? null;
  const common = {
    vulnerability: textAt(vulnerability, 'id') ?? '',
    aliases: objectsAt(vulnerability, 'references').map((one) => textAt(one, 'id') ?? '').filter((id) => id !== ''),
    status,
    justification: justification === null ? null : (CYCLONEDX_JUSTIFICATIONS[justification] ?? null),
    words: { status: state, justification },
    stated: textAt(vulnerability, 'analysis', 'lastUpdated') ?? textAt(vulnerability, 'analysis', 'firstIssued') ?? created,
    impact: status === 'not_affected' ? detail : null,
    action: actions.find((text) => text !== undefined && text !== '') ?? null,
    notes: status === 'not_affected' ? null : detail,
  };
  const targets = objectsAt(vulnerability, 'affects');
  if (targets.length === 0) return [{ ...common, product: null, parts: [] }];
  return targets.map((target) => ({ ...common, ...about(textAt(target, 'ref') ?? '', target) }));
}

/** A component that stands inside another is a part of it: the outermost one is the product. */
function outermost(ref: string, within: ReadonlyMap<string, string>): string {
  let here = ref;
  // Nesting is bounded as the document is; a name that stands twice could make a ring of it.
  for (let steps = 0; steps < jsonDepthMax; steps++) {
    const parent = within.get(here);
    if (parent === undefined) return here;
    here = parent;
  }
  return here;
}

function productOf(ref: string, target: JsonObject, byRef: ReadonlyMap<string, Sbom['components'][number]>): VexProduct {
  const component = byRef.get(ref);
  // A BOM-Link ends with the other document's bom-ref, which is a purl as often as not.
  const linked = /^urn:cdx:[^#]+#(.+)$/.exec(ref)?.[1];
  const purl = component?.purl ?? [ref, linked].find((text) => text?.startsWith('pkg:') === true);
  return {
    id: ref,
    purls: purl === undefined ? [] : [purl],
    cpes: component?.cpes ?? [],
    hashes: component?.hashes ?? [],
    versions: objectsAt(target, 'versions').map((one) => `${textAt(one, 'status') ?? 'affected'} ${textAt(one, 'version') ?? textAt(one, 'range') ?? ''}`),
  };
}
