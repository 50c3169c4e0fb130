// Writing VEX statements as SPDX 3.0.1.
import { encodeJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { asWritable, type Authored, byPart, nameOf, statedAt, timeText, type Writable } from '../../vex/author.ts';
import type { VexProduct, VexStatement } from '../../vex/model.ts';
import { justificationToSpdx, SPDX_CLASSES } from '../../vex/words.ts';
import { CONTEXT } from './index.ts';

type Members = { [key: string]: JcsValue | undefined };

/**
 * Writes one relationship for each statement and part, as the model asks.
 *
 * @throws {LedgerError} as `asWritable`
 */
export function writeSpdxVex(statements: readonly VexStatement[], about: Authored): Uint8Array {
  const elements = new Elements(about.id);
  const agent = elements.add('agent', about.author, (spdxId) => ({ type: 'Organization', spdxId, name: about.author }));
  const relations = byPart(asWritable(statements)).map(({ statement, part }, i) => relation(statement, part, i + 1, elements, about));
  const products = elements.ids('product');
  return encodeJcs({
    '@context': CONTEXT,
    '@graph': [
      { type: 'CreationInfo', '@id': '_:creation', specVersion: '3.0.1', created: seconds(timeText(about.created)), createdBy: [agent] },
      ...elements.json(),
      ...relations,
      {
        type: 'SpdxDocument',
        spdxId: `${about.id}#document`,
        creationInfo: '_:creation',
        rootElement: products.slice(0, 1),
        profileConformance: ['core', 'software', 'security'],
      },
    ],
  });
}

function relation(one: Writable, part: VexProduct | null, number: number, elements: Elements, about: Authored): JcsValue {
  const [type, { type: relationshipType }] = Object.entries(SPDX_CLASSES).find(([, { status }]) => status === one.status) as [string, { type: string }];
  return {
    type,
    spdxId: `${about.id}#statement-${number}`,
    creationInfo: '_:creation',
    from: elements.add('vulnerability', [one.vulnerability, ...one.aliases].join(' '), (spdxId) => vulnerability(spdxId, one)),
    relationshipType,
    to: [elements.product(one.product)],
    security_assessedElement: part === null ? undefined : elements.product(part),
    security_publishedTime: seconds(statedAt(one, about.created)),
    security_justificationType: one.justification === null ? undefined : justificationToSpdx(one.justification),
    // The class decides which of them it may carry.
    security_impactStatement: one.status === 'not_affected' ? (one.impact ?? undefined) : undefined,
    security_actionStatement: one.status === 'affected' ? (one.action ?? undefined) : undefined,
    security_statusNotes: one.notes ?? undefined,
  };
}

function vulnerability(spdxId: string, one: Writable): Members {
  const identifier = (id: string) => ({
    type: 'ExternalIdentifier',
    externalIdentifierType: /^CVE-\d{4}-\d{4,}$/.test(id) ? 'cve' : 'securityOther',
    identifier: id,
  });
  return { type: 'security_Vulnerability', spdxId, externalIdentifier: [one.vulnerability, ...one.aliases].map(identifier) };
}

/** Elements by what they are, each once. */
class Elements {
  readonly #base: string;
  readonly #known = new Map<string, Members>();
  readonly #counts = new Map<string, number>();

  constructor(base: string) {
    this.#base = base;
  }

  add(kind: string, key: string, make: (spdxId: string) => Members): string {
    const known = this.#known.get(`${kind} ${key}`);
    if (known !== undefined) return known['spdxId'] as string;
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    const spdxId = `${this.#base}#${kind}-${number}`;
    this.#known.set(`${kind} ${key}`, { ...make(spdxId), creationInfo: '_:creation' });
    return spdxId;
  }

  product(product: VexProduct): string {
    const { purls, cpes, hashes } = product;
    const unnamed = purls.length + cpes.length + hashes.length === 0;
    return this.add('product', JSON.stringify([purls, cpes, hashes, unnamed ? product.id : '']), (spdxId) => ({
      type: 'software_Package',
      // A product that nothing else names keeps its own id, because readers know it by that.
      spdxId: unnamed ? product.id : spdxId,
      name: nameOf(product),
      software_packageUrl: purls[0],
      externalIdentifier: cpes.length === 0 ? undefined : cpes.map((identifier) => ({
        type: 'ExternalIdentifier',
        externalIdentifierType: identifier.startsWith('cpe:2.3:') ? 'cpe23' : 'cpe22',
        identifier,
      })),
      verifiedUsing: hashes.length === 0 ? undefined : hashes.map(([name, hashValue]) => ({ type: 'Hash', algorithm: name.replaceAll('-', '_'), hashValue })),
    }));
  }

  ids(kind: string): string[] {
    return [...this.#known].filter(([key]) => key.startsWith(`${kind} `)).map(([, members]) => members['spdxId'] as string);
  }

  json(): Members[] {
    return [...this.#known.values()];
  }
}

/** SPDX's times have whole seconds. */
function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}
