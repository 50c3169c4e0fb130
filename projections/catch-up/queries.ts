// What the tables of catching-up projections answer, each answer of one size: that of the cursor in the same snapshot.
import { isSought, packageName, readPurl, type PackageSought } from '../purls.ts';
import { decodeDocument } from '../encoded.ts';
import type { DecisionDocument, AppliedDocument } from './decisions.ts';
import { entryKey, groupOf, type CatchingUp } from './definition.ts';
import { decisions } from './decisions.ts';
import { everNamed, findings, type FindingDocument, type FindingScanDocument, type RescanDocument } from './findings.ts';
import { inventory, type BillDocument, type PackageDocument } from './inventory.ts';
import { readCursors, tableIn, type CatchUpDb, type CatchUpTable } from './tables.ts';
import { timeline, type EntriesDocument } from './timeline.ts';

/** Keys or numbers that a query asks for, at most. */
const askedMax = 500;

/** Reads in one snapshot. @returns null where this version's tables do not answer: they are being built, or there are none */
export async function readAt<T>(db: CatchUpDb, projection: CatchingUp, read: (db: CatchUpDb, size: number) => Promise<T>): Promise<T | null> {
  return db.transaction().execute(async (snapshot) => {
    const cursor = (await readCursors(snapshot)).find(({ name, version }) => name === projection.name && version === projection.version);
    return cursor === undefined || cursor.serving !== 1 ? null : read(snapshot, cursor.size);
  });
}

/** A list of components that counts, of an artifact. */
export interface BillFound {
  /** SHA-256. */
  readonly artifact: Uint8Array;
  readonly entry: number;
  /** Those sought that it has, sorted. */
  readonly purls: readonly string[];
}

/** Where packages are used, in no order. */
export async function findUses(db: CatchUpDb, sought: PackageSought): Promise<BillFound[]> {
  const byNumber = await listsWith(db, sought);
  const found: BillFound[] = [];
  for (const bill of await billsOf(db, [...byNumber.keys()])) {
    const purls = [...(byNumber.get(bill.number) as Set<string>)].sort();
    for (const artifact of bill.subjects) found.push({ artifact, entry: bill.entry, purls });
  }
  return found;
}

async function listsWith(db: CatchUpDb, sought: PackageSought): Promise<Map<number, Set<string>>> {
  const name = sought.is === 'purl' ? packageName(sought.purl) : sought.is === 'versions' ? sought.name : null;
  const begins = sought.is === 'prefix' ? sought.prefix : `${name} `;
  const rows = await db.selectFrom(tableIn(inventory, 'package')).select(['key', 'document'])
    .where('key', '>=', begins).where('key', '<', `${begins}\u{10ffff}`).execute();
  const byNumber = new Map<number, Set<string>>();
  for (const { key, document } of rows) {
    // What begins alike may be of another package, whose name has a space.
    if (name !== null && groupOf(key) !== name) continue;
    for (const { purl, lists } of (decodeDocument(document) as PackageDocument).purls) {
      const is = readPurl(purl);
      if (is === null || !isSought(sought, is)) continue;
      for (const number of lists) byNumber.set(number, (byNumber.get(number) ?? new Set()).add(purl));
    }
  }
  return byNumber;
}

async function billsOf(db: CatchUpDb, numbers: readonly number[]): Promise<BillDocument[]> {
  return readBy(numbers, async (some) => {
    const rows = await db.selectFrom(tableIn(inventory, 'bill')).select('document').where('number', 'in', some).execute();
    return rows.map(({ document }) => decodeDocument(document) as BillDocument);
  });
}

/** The bills whose components were not here when they were to be read. */
export async function findMissingBills(db: CatchUpDb): Promise<BillDocument[]> {
  const lists = await db.selectFrom(tableIn(inventory, 'list')).select('number').where('missing', '=', 1).execute();
  return billsOf(db, lists.map(({ number }) => number as number));
}

/** The lists with a component that is meant, and perhaps a few more: which source a purl was built from is kept for the lists of a run together. */
export async function findLists(
  db: CatchUpDb, isMeant: (component: { readonly purl: string; readonly source?: { readonly name: string } }) => boolean,
): Promise<Set<number>> {
  const numbers = new Set<number>();
  const table = tableIn(inventory, 'package');
  for (let after = ''; ; ) {
    const rows = await db.selectFrom(table).select(['key', 'document']).where('key', '>', after).orderBy('key').limit(1000).execute();
    for (const { document } of rows) {
      for (const { purl, lists, sources = [] } of (decodeDocument(document) as PackageDocument).purls) {
        const all = [{ purl }, ...sources.map((name) => ({ purl, source: { name } }))];
        if (all.some(isMeant)) for (const number of lists) numbers.add(number);
      }
    }
    const last = rows.at(-1);
    if (rows.length < 1000 || last === undefined) return numbers;
    after = last.key;
  }
}

/** The numbers of all lists that were read, by the hexadecimal of their digests. */
export async function listNumbers(db: CatchUpDb): Promise<Map<string, number>> {
  const rows = await db.selectFrom(tableIn(inventory, 'list')).select(['key', 'number']).where('missing', 'is', null).execute();
  return new Map(rows.map(({ key, number }) => [key, number as number]));
}

/** The findings of an artifact on all feeds, or of a vulnerability in all artifacts, by any name it ever had. Resolved ones too. */
export async function findFindings(db: CatchUpDb, of: { readonly artifact: string } | { readonly names: readonly string[] }): Promise<FindingDocument[]> {
  const table = tableIn(findings, 'finding');
  if ('artifact' in of) {
    const rows = await db.selectFrom(table).select('document').where('artifact', '=', of.artifact).orderBy('key').execute();
    return rows.map(({ document }) => decodeDocument(document) as FindingDocument);
  }
  const aliases = await readBy(of.names, (some) => db.selectFrom(tableIn(findings, 'alias')).select('document').where('key', 'in', some).execute());
  const ids = [...new Set([...of.names, ...aliases.flatMap(({ document }) => (decodeDocument(document) as unknown as { ids: string[] }).ids)])];
  const rows = await readBy(ids, (some) => db.selectFrom(table).select(['key', 'document']).where('vulnerability', 'in', some).execute());
  rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  const all = rows.map(({ document }) => decodeDocument(document) as FindingDocument);
  // An id may have been given the name in another scan than this finding's.
  return all.filter((finding) => everNamed(finding).some((name) => of.names.includes(name)));
}

/** The newest scan of an artifact with each feed that findings are from, by feed. */
export async function findScans(db: CatchUpDb, artifact: string): Promise<Map<string, FindingScanDocument>> {
  const rows = await db.selectFrom(tableIn(findings, 'scan')).select(['key', 'document']).where('artifact', '=', artifact).orderBy('key').execute();
  return new Map(rows.map(({ key, document }) => [key.slice(artifact.length + 1), decodeDocument(document) as FindingScanDocument]));
}

/** The newest rescans by feed. */
export async function findRescans(db: CatchUpDb): Promise<Map<string, RescanDocument>> {
  return all<RescanDocument>(db, tableIn(findings, 'rescan'));
}

export interface DecisionsSought {
  /** In hexadecimal. */
  readonly artifact?: string;
  readonly policy?: string;
  readonly limit: number;
}

/** Decisions, newest first. */
export async function findDecisions(db: CatchUpDb, { artifact, policy, limit }: DecisionsSought): Promise<DecisionDocument[]> {
  let query = db.selectFrom(tableIn(decisions, 'decision')).select('document').orderBy('entry', 'desc').limit(limit);
  if (artifact !== undefined) query = query.where('artifact', '=', artifact);
  if (policy !== undefined) query = query.where('policy', '=', policy);
  return (await query.execute()).map(({ document }) => decodeDocument(document) as DecisionDocument);
}

/** Of waivers, by the entries that asked for them: the decisions they counted in. */
export async function findApplied(db: CatchUpDb, entries: readonly number[]): Promise<Map<number, AppliedDocument>> {
  const rows = await readBy(entries.map(entryKey), (some) =>
    db.selectFrom(tableIn(decisions, 'applied')).select(['key', 'document']).where('key', 'in', some).execute());
  return new Map(rows.map(({ key, document }) => [Number(key), decodeDocument(document) as AppliedDocument]));
}

/** Decisions whose results were not here: what they applied is not known. */
export async function countUnreadDecisions(db: CatchUpDb): Promise<number> {
  const query = db.selectFrom(tableIn(decisions, 'decision')).select(({ fn }) => fn.countAll<number>().as('count')).where('missing', '=', 1);
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/**
 * Entries that an actor made, or that are of a type, newest first, by actor or type.
 *
 * @param begins - the pseudonym or its beginning, or the whole type
 */
export async function findEntries(db: CatchUpDb, by: 'actor' | 'type', begins: string): Promise<Map<string, number[]>> {
  const table = tableIn(timeline, by);
  const from = by === 'actor' ? begins : `${begins} `;
  const rows = await db.selectFrom(table).select(['key', 'document']).where('key', '>=', from).where('key', '<', `${from}\u{10ffff}`).execute();
  const found = new Map<string, number[]>();
  for (const { key, document } of rows) found.set(groupOf(key), [...(found.get(groupOf(key)) ?? []), ...(decodeDocument(document) as EntriesDocument).entries]);
  for (const entries of found.values()) entries.sort((a, b) => b - a);
  return found;
}

async function all<D>(db: CatchUpDb, table: CatchUpTable): Promise<Map<string, D>> {
  const rows = await db.selectFrom(table).select(['key', 'document']).orderBy('key').execute();
  return new Map(rows.map(({ key, document }) => [key, decodeDocument(document) as D]));
}

async function readBy<K, T>(keys: readonly K[], read: (some: readonly K[]) => Promise<readonly T[]>): Promise<T[]> {
  const found: T[] = [];
  for (let at = 0; at < keys.length; at += askedMax) found.push(...(await read(keys.slice(at, at + askedMax))));
  return found;
}
