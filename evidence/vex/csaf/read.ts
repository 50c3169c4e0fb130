// A CSAF document, already checked, as VEX statements: one for each vulnerability, product and status.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { at, objectsAt, textAt, textsAt } from '../../json-view.ts';
import { hashName } from '../../sbom/names.ts';
import type { Vex, VexProduct, VexStatement } from '../model.ts';
import { CSAF_STATUSES, JUSTIFICATIONS } from '../words.ts';

/** A product and, where a relationship made it, the product it is part of. */
interface Product {
  readonly product: VexProduct;
  readonly within: VexProduct | null;
}

export function vexOfCsaf(document: Json): Vex {
  const products = productsOf(at(document, 'product_tree'));
  const listed = objectsAt(document, 'product_tree', 'product_groups');
  const groups = new Map(listed.map((group) => [textAt(group, 'group_id') ?? '', textsAt(group, 'product_ids')]));
  const created = textAt(document, 'document', 'tracking', 'current_release_date') ?? null;
  return {
    identity: textAt(document, 'document', 'tracking', 'id') ?? null,
    version: textAt(document, 'document', 'tracking', 'version') ?? null,
    author: textAt(document, 'document', 'publisher', 'name') ?? null,
    created,
    statements: objectsAt(document, 'vulnerabilities').flatMap((one) => statementsOf(one, products, groups, created)),
  };
}

type Groups = ReadonlyMap<string, readonly string[]>;

function statementsOf(vulnerability: JsonObject, products: ReadonlyMap<string, Product>, groups: Groups, created: string | null): VexStatement[] {
  const ids = [textAt(vulnerability, 'cve'), ...objectsAt(vulnerability, 'ids').map((id) => textAt(id, 'text'))].filter((id) => id !== undefined);
  const flags = aboutProducts(objectsAt(vulnerability, 'flags'), groups);
  const impacts = aboutProducts(objectsAt(vulnerability, 'threats').filter((threat) => threat['category'] === 'impact'), groups);
  const remediations = aboutProducts(objectsAt(vulnerability, 'remediations'), groups);
  const notes = objectsAt(vulnerability, 'notes').map((note) => textAt(note, 'text')).find((text) => text !== undefined) ?? null;
  return Object.entries(CSAF_STATUSES).flatMap(([word, status]) => textsAt(vulnerability, 'product_status', word).map((id): VexStatement => {
    const { product, within } = products.get(id) ?? { product: { id, purls: [], cpes: [], hashes: [], versions: [] }, within: null };
    const flag = textAt(flags.get(id), 'label') ?? null;
    return {
      vulnerability: ids[0] ?? '',
      aliases: ids.slice(1),
      status,
      justification: JUSTIFICATIONS.find((one) => one === flag) ?? null,
      words: { status: word, justification: flag },
      product: within ?? product,
      parts: within === null ? [] : [product],
      stated: textAt(flags.get(id), 'date') ?? textAt(impacts.get(id), 'date') ?? textAt(remediations.get(id), 'date') ?? created,
      impact: textAt(impacts.get(id), 'details') ?? null,
      action: textAt(remediations.get(id), 'details') ?? null,
      notes,
    };
  }));
}

/** Entries by the products they name, directly or through a group; the first that names one counts. */
function aboutProducts(entries: readonly JsonObject[], groups: Groups): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const entry of entries) {
    const ids = [...textsAt(entry, 'product_ids'), ...textsAt(entry, 'group_ids').flatMap((group) => groups.get(group) ?? [])];
    for (const id of ids) if (!found.has(id)) found.set(id, entry);
  }
  return found;
}

/** Every product by its id: full names, leaves of branches, and what relationships compose. */
function productsOf(tree: Json | undefined): ReadonlyMap<string, Product> {
  const products = new Map<string, Product>();
  const add = (full: Json | undefined, within: VexProduct | null) => {
    const id = textAt(full, 'product_id');
    if (id !== undefined) products.set(id, { product: productOf(id, full), within });
  };
  for (const full of objectsAt(tree, 'full_product_names')) add(full, null);
  const visit = (branches: readonly JsonObject[]) => {
    for (const branch of branches) {
      add(at(branch, 'product'), null);
      visit(objectsAt(branch, 'branches'));
    }
  };
  visit(objectsAt(tree, 'branches'));
  for (const relationship of objectsAt(tree, 'relationships')) {
    const whole = products.get(textAt(relationship, 'relates_to_product_reference') ?? '')?.product ?? null;
    const part = products.get(textAt(relationship, 'product_reference') ?? '')?.product;
    const id = textAt(relationship, 'full_product_name', 'product_id');
    if (id === undefined) continue;
    const own = productOf(id, at(relationship, 'full_product_name'));
    // The composed product is the part as it stands in the whole: it has the part's names unless it brings its own.
    const named = own.purls.length + own.cpes.length + own.hashes.length > 0 || part === undefined ? own : { ...part, id };
    products.set(id, { product: named, within: whole });
  }
  return products;
}

function productOf(id: string, full: Json | undefined): VexProduct {
  const helper = at(full, 'product_identification_helper');
  const [purl, cpe] = [textAt(helper, 'purl'), textAt(helper, 'cpe')];
  return {
    id,
    purls: purl === undefined ? [] : [purl],
    cpes: cpe === undefined ? [] : [cpe],
    hashes: objectsAt(helper, 'hashes').flatMap((file) => objectsAt(file, 'file_hashes')).map((hash) => [
      hashName(textAt(hash, 'algorithm') ?? ''),
      (textAt(hash, 'value') ?? '').toLowerCase(),
    ] as const),
    versions: [],
  };
}
