// Writing CSAF 2.0 in its VEX profile.
import { encodeJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { asWritable, type Authored, byPart, nameOf, statedAt, timeText, type Writable } from '../author.ts';
import type { VexProduct, VexStatement, VexStatus } from '../model.ts';

const PRODUCT_STATUS: Readonly<Record<VexStatus, string>> = {
  not_affected: 'known_not_affected',
  affected: 'known_affected',
  fixed: 'fixed',
  under_investigation: 'under_investigation',
};

/**
 * Writes a document of category `csaf_vex`.
 *
 * CSAF dates what is said about not affected and affected products only: other statements come back with the document's time.
 *
 * @throws {LedgerError} as `asWritable`
 */
export function writeCsaf(statements: readonly VexStatement[], about: Authored): Uint8Array {
  const tree = new ProductTree();
  const rows = byPart(asWritable(statements)).map(({ statement, part }) => ({ statement, id: tree.idOf(statement.product, part) }));
  const names = [...new Set(rows.map(({ statement }) => statement.vulnerability))];
  const time = timeText(about.created);
  return encodeJcs({
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { category: 'other', name: about.author, namespace: about.namespace },
      title: `VEX by ${about.author}`,
      tracking: {
        id: about.id,
        status: 'final',
        version: String(about.version),
        initial_release_date: time,
        current_release_date: time,
        // A version that is not the first has a history from 1 on: §6.1.21 asks for every number.
        revision_history: Array.from({ length: about.version }, (_, i) => ({ date: time, number: String(i + 1), summary: `Version ${i + 1}` })),
      },
    },
    product_tree: tree.json(),
    vulnerabilities: names.map((name) => vulnerability(rows.filter(({ statement }) => statement.vulnerability === name), about)),
  });
}

interface Row {
  readonly statement: Writable;
  readonly id: string;
}

function vulnerability(rows: readonly Row[], about: Authored): JcsValue {
  const [{ statement: first }] = rows as [Row];
  const isCve = /^CVE-\d{4}-\d{4,}$/.test(first.vulnerability);
  const aliases = [...new Set(rows.flatMap(({ statement }) => statement.aliases))];
  const ids = [...(isCve ? [] : [first.vulnerability]), ...aliases].map((text) => ({ system_name: systemOf(text), text }));
  const status: { [key: string]: string[] } = {};
  for (const { statement, id } of rows) (status[PRODUCT_STATUS[statement.status]] ??= []).push(id);
  const said = (make: (row: Row) => JcsValue | null) => {
    const items = rows.map((row) => make(row)).filter((item) => item !== null);
    return items.length === 0 ? undefined : items;
  };
  const notes = [...new Set(rows.map(({ statement }) => statement.notes).filter((note) => note !== null))];
  return {
    cve: isCve ? first.vulnerability : undefined,
    ids: ids.length === 0 ? undefined : ids,
    notes: (notes.length === 0 ? [`Statements about ${first.vulnerability}`] : notes).map((text) => ({ category: 'description', text })),
    product_status: status,
    flags: said(({ statement, id }) => (statement.justification === null
      ? null
      : { label: statement.justification, product_ids: [id], date: statedAt(statement, about.created) })),
    threats: said(({ statement, id }) => (statement.impact === null
      ? null
      : { category: 'impact', details: statement.impact, product_ids: [id], date: statedAt(statement, about.created) })),
    remediations: said(({ statement, id }) => (statement.action === null
      ? null
      : { category: 'mitigation', details: statement.action, product_ids: [id], date: statedAt(statement, about.created) })),
  };
}

/** Who gives names of that form. */
function systemOf(id: string): string {
  return /^[A-Z]+/.exec(id)?.[0] ?? 'other';
}

/** Products by what names them, and parts of products as relationships. */
class ProductTree {
  readonly #products = new Map<string, { id: string; product: VexProduct }>();
  readonly #parts = new Map<string, { id: string; whole: string; part: string; name: string }>();

  idOf(product: VexProduct, part: VexProduct | null): string {
    const whole = this.#add(product);
    if (part === null) return whole;
    const inner = this.#add(part);
    const key = `${whole} ${inner}`;
    const known = this.#parts.get(key);
    if (known !== undefined) return known.id;
    const id = `CSAFPID-P${this.#parts.size + 1}`;
    this.#parts.set(key, { id, whole, part: inner, name: `${nameOf(part)} in ${nameOf(product)}` });
    return id;
  }

  #add(product: VexProduct): string {
    const key = JSON.stringify([product.purls, product.cpes, product.hashes, product.purls.length + product.cpes.length === 0 ? product.id : '']);
    const known = this.#products.get(key);
    if (known !== undefined) return known.id;
    const unnamed = product.purls.length + product.cpes.length + product.hashes.length === 0;
    // A product that nothing else names keeps its own id, because readers know it by that.
    const id = unnamed ? product.id : `CSAFPID-${this.#products.size + 1}`;
    this.#products.set(key, { id, product });
    return id;
  }

  json(): JcsValue {
    const names = [...this.#products.values()].map(({ id, product }) => ({
      product_id: id,
      name: nameOf(product),
      product_identification_helper: identifiers(product),
    }));
    const relationships = [...this.#parts.values()].map(({ id, whole, part, name }) => ({
      category: 'default_component_of',
      product_reference: part,
      relates_to_product_reference: whole,
      full_product_name: { product_id: id, name },
    }));
    return { full_product_names: names, relationships: relationships.length === 0 ? undefined : relationships };
  }
}

function identifiers({ purls, cpes, hashes }: VexProduct): JcsValue | undefined {
  if (purls.length + cpes.length + hashes.length === 0) return undefined;
  const files = [{ filename: 'artifact', file_hashes: hashes.map(([algorithm, value]) => ({ algorithm, value })) }];
  return { purl: purls[0], cpe: cpes[0], hashes: hashes.length === 0 ? undefined : files };
}
