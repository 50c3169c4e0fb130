// Writing OpenVEX 0.2.0.
import { encodeJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { asWritable, type Authored, nameOf, statedAt, timeText, type Writable } from '../author.ts';
import type { VexProduct, VexStatement } from '../model.ts';
import { CONTEXT } from './repair.ts';

/** @throws {LedgerError} as `asWritable` */
export function writeOpenvex(statements: readonly VexStatement[], about: Authored): Uint8Array {
  return encodeJcs({
    '@context': CONTEXT,
    '@id': about.id,
    author: about.author,
    timestamp: timeText(about.created),
    version: about.version,
    statements: asWritable(statements).map((one) => statement(one, about)),
  });
}

function statement(one: Writable, { created }: Authored): JcsValue {
  return {
    vulnerability: { name: one.vulnerability, aliases: one.aliases.length === 0 ? undefined : one.aliases },
    timestamp: statedAt(one, created),
    products: [{ ...product(one.product), subcomponents: one.parts.length === 0 ? undefined : one.parts.map(product) }],
    status: one.status,
    justification: one.justification ?? undefined,
    impact_statement: one.impact ?? undefined,
    action_statement: one.action ?? undefined,
    status_notes: one.notes ?? undefined,
  };
}

function product(one: VexProduct): { [key: string]: JcsValue | undefined } {
  const [cpe] = one.cpes;
  const kind = cpe?.startsWith('cpe:2.3:') === true ? 'cpe23' : 'cpe22';
  return {
    '@id': nameOf(one),
    identifiers: cpe === undefined ? undefined : { [kind]: cpe },
    hashes: one.hashes.length === 0 ? undefined : Object.fromEntries(one.hashes.map(([name, value]) => [hashKey(name), value])),
  };
}

/** OpenVEX puts a dash into SHA-2's names. */
function hashKey(name: string): string {
  return name.replace(/^sha(256|384|512)$/, 'sha-$1');
}
