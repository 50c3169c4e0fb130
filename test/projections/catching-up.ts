// What tests of catching-up projections share: facts for the payloads that random histories name, and digests of what tables hold.
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { digestOf, type EncodedDocument } from '../../projections/digest.ts';
import { openerOf, tablesOf, type CatchingUp } from '../../projections/catch-up/definition.ts';
import { Rebuild } from '../../projections/catch-up/memory.ts';
import { timeline } from '../../projections/catch-up/timeline.ts';
import { tableIn, type CatchUpDb, type CatchUpTables } from '../../projections/catch-up/tables.ts';
import { openSideTables } from '../../ledger/store/side-tables.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { sha256 } from '../log/kit.ts';
import { Dice } from './history.ts';

const VULNERABILITIES = ['CVE-2026-0001', 'CVE-2026-0002', 'GHSA-f82v-jwr5-mffw', 'RHSA-2026:1234'];
const PACKAGES = ['pkg:npm/a', 'pkg:npm/%40scope/b', 'pkg:pypi/b', 'pkg:deb/debian/libssl3', 'pkg:maven/org.x/y'];

/** The payloads of histories have digests of a number and their role's length: which makes them again. */
const ROLES = new Map<string, { role: string; number: number }>();
for (const role of ['facts', 'findings', 'inventory', 'results']) {
  for (let number = 0; number < 256; number++) ROLES.set(formatHex(sha256(Uint8Array.of(number, role.length))), { role, number });
}

/** Facts for a payload of a random history; null for one in five, which is not here. */
export function factsOf(digest: Uint8Array): Uint8Array | null {
  const { role, number } = ROLES.get(formatHex(digest)) ?? { role: '', number: 0 };
  // Few documents, so that the same list and the same findings come again.
  const dice = new Dice(1000 + (number % 40));
  if (number % 5 === 0) return null;
  const purl = () => `${dice.pick(PACKAGES)}@${dice.roll(3)}.0`;
  const components = Array.from({ length: dice.roll(6) }, () => ({
    name: 'c', type: 'library', ...(dice.roll(8) === 0 ? {} : { purl: purl() }), ...(dice.roll(4) === 0 ? { source: { name: `s${dice.roll(2)}` } } : {}),
  }));
  const findings = Array.from({ length: dice.roll(5) }, () => {
    const [id, name] = [dice.pick(VULNERABILITIES), dice.pick(PACKAGES)];
    return {
      aliases: dice.roll(2) === 0 ? [] : ['GHSA-0000-0000-0001'], component: { name, purl: `${name}@${dice.roll(2)}.0`, version: null }, id,
      fingerprint: formatHex(sha256(encodeUtf8(`${id} ${name}`))), outcome: 'affected', severity: dice.pick(['HIGH', 'LOW']), upstream: [],
    };
  });
  const waivers = Array.from({ length: dice.roll(4) }, () => ({ entry: dice.roll(40), why: dice.pick(['WAIVER_ACTIVE', 'WAIVER_EXPIRED']) }));
  const format = role === 'inventory' ? { format: 'stella-inventory/1' } : role === 'findings' ? { format: 'stella-findings/1' } : {};
  return encodeUtf8(JSON.stringify({ ...format, components, findings, semantics: 1, waivers }));
}

export function openTables(directory: string): CatchUpDb {
  return openSideTables<CatchUpTables>(directory) as CatchUpDb;
}

/** What the tables of a projection hold, as a rebuild gives it. */
async function tableDocuments(db: CatchUpDb, projection: CatchingUp): Promise<EncodedDocument[]> {
  const all: EncodedDocument[] = [];
  for (const table of Object.keys(tablesOf(projection))) {
    const rows = await db.selectFrom(tableIn(projection, table)).selectAll().execute();
    for (const { key, document } of rows) all.push({ key: `${table} ${key}`, document: new Uint8Array(document) });
  }
  return all;
}

export async function tableDigest(db: CatchUpDb, projection: CatchingUp): Promise<string> {
  return formatHex(digestOf(projection, await tableDocuments(db, projection)));
}

export async function rebuildOf(
  log: Pick<LogView, 'entryRuns'>, size: number, projection: CatchingUp, payload = async (digest: Uint8Array) => factsOf(digest),
) {
  const rebuild = new Rebuild(projection, openerOf(payload));
  for await (const entries of log.entryRuns(0, size)) for (const entry of entries) await rebuild.add(entry);
  return rebuild;
}

/** A version that is built beside the timeline of today. */
export const nextTimeline: CatchingUp = { ...timeline, version: 2, tables: { ...timeline.tables, second: { columns: {}, row: () => ({}) } } };
