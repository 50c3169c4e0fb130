// What every VEX document that we write says about itself, and the statements it may hold.
import { clip, LedgerError } from '../../ledger/errors.ts';
import type { VexProduct, VexStatement, VexStatus } from './model.ts';

/** A document we are the author of. */
export interface Authored {
  /** A URI that names the document; SPDX names its elements below it. */
  readonly id: string;
  /** At least 1. */
  readonly version: number;
  readonly author: string;
  /** The author's own URI. */
  readonly namespace: string;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** A statement that can be written: its status has a word in every format. */
export interface Writable extends VexStatement {
  readonly status: VexStatus;
  readonly product: VexProduct;
}

/**
 * Checks what every format asks of a statement, so that none writes a document another would refuse.
 *
 * @throws {LedgerError} INPUT_MALFORMED for a statement without status or product; "affected" without an action; "not affected"
 *   without justification or impact; either with any other status; a product with several names of one kind; a part with versions
 * @param saysVersions - whether the format can narrow a product by versions
 */
export function asWritable(statements: readonly VexStatement[], saysVersions = false): readonly Writable[] {
  return statements.map((one) => {
    const refuse = (why: string): never => {
      throw new LedgerError('INPUT_MALFORMED', `Cannot write a statement about "${clip(one.vulnerability)}": ${why}`);
    };
    const { status, product } = one;
    if (one.vulnerability === '') refuse('no vulnerability');
    if (status === null) return refuse('no status');
    if (product === null) return refuse('no product');
    if (status === 'affected' && one.action === null) refuse('"affected" needs an action statement');
    if (status === 'not_affected' && one.justification === null && one.impact === null) refuse('"not_affected" needs a justification or an impact statement');
    if (status !== 'not_affected' && one.justification !== null) refuse('only "not_affected" has a justification');
    if (status !== 'not_affected' && one.impact !== null) refuse('only "not_affected" has an impact statement');
    if (status !== 'affected' && one.action !== null) refuse('only "affected" has an action statement');
    for (const named of [product, ...one.parts]) {
      if (named.purls.length > 1 || named.cpes.length > 1) refuse('a product has several names of one kind');
      if (named.versions.length > 0 && !(saysVersions && named === product && one.parts.length === 0)) {
        refuse('it is narrowed by versions, which only a product can be, and only in CycloneDX');
      }
    }
    return { ...one, status, product };
  });
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** When a statement was made, in our spelling; the document's time where it does not say. */
export function statedAt(statement: VexStatement, created: number): string {
  const ms = statement.stated === null ? Number.NaN : Date.parse(statement.stated);
  return timeText(Number.isNaN(ms) ? created : ms);
}

/** The name a product goes by: its purl, else a CPE, else what it is called. */
export function nameOf(product: VexProduct): string {
  return product.purls[0] ?? product.cpes[0] ?? product.id;
}

/** Statements with one part each. */
export function byPart<Statement extends VexStatement>(statements: readonly Statement[]): { statement: Statement; part: VexProduct | null }[] {
  return statements.flatMap((statement) => (statement.parts.length === 0 ? [null] : statement.parts).map((part) => ({ statement, part })));
}

