// inventory: which components artifacts are made of, by the facts of their bills of materials and by what scans saw in images.
import type { DataOf } from '../../ledger/events/index.ts';
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import type { EventAt } from '../event-at.ts';
import { payloadOf, type Document } from '../projection.ts';
import { namedBy } from '../purls.ts';
import { chunkKey, defineCatchingUp, entryKey, expectKnown, type DocumentsOf, type OpenFacts } from './definition.ts';

/** One event that says what artifacts are made of; at the key of its entry. Digests are SHA-256. */
export type BillDocument = Document & {
  entry: number;
  kind: 'sbom' | 'scan';
  /** The artifacts it counts for. */
  subjects: Uint8Array[];
  /** Those for which it counts no more, as the entry `by` says. */
  gone: { artifact: Uint8Array; by: number }[];
  /** The payload with its components. */
  list: Uint8Array;
  /** What packages name the list by: the first entry that brought it. */
  number: number;
};

/** A list of components; at the hexadecimal of its digest. */
export type ListDocument = Document & {
  number: number;
  components: number;
  /** Its payload was not here when it was to be read: nothing in `package` is from it. */
  missing?: true;
};

/** The lists of a run of the log that hold a package; at its name (`pkg:npm/left-pad`), a space, and the run's number. */
export type PackageDocument = Document & {
  /** By purl as it stands in the lists, sorted. */
  purls: { purl: string; lists: number[]; sources?: string[] }[];
};

/** The newest scan of an artifact on a feed; at `<artifact> <feed>`. */
export type LookedAtDocument = Document & { entry: number };

type Tables = { bill: BillDocument; list: ListDocument; package: PackageDocument; looked: LookedAtDocument };

interface ListFacts {
  readonly components?: readonly { readonly purl?: string; readonly source?: { readonly name: string } }[];
}

export const inventory = defineCatchingUp<Tables>({
  name: 'inventory',
  version: 1,
  tables: {
    bill: {
      columns: { number: 'integer', entry: 'integer' },
      row: ({ number, entry, subjects }) => ({ entry, number: subjects.length > 0 ? number : null }),
    },
    list: { columns: { number: 'integer', missing: 'integer' }, row: ({ number, missing }) => ({ number, missing: missing === true ? 1 : null }) },
    package: { columns: {}, row: () => ({}) },
    looked: { columns: {}, row: () => ({}) },
  },
  on: {
    async 'sbom.ingested'(tables, event, open) {
      expectKnown('facts of semantics', event.data.semantics, 1);
      await bring(tables, event, { kind: 'sbom', subjects: subjectsOf(event.data), list: payloadOf(event, 'facts') as Uint8Array }, open);
    },
    async 'sbom.linked'({ bill }, { index, data }) {
      const [main] = await bill.take([entryKey(index - data.back)]);
      if (main === null || main === undefined) return;
      main.subjects.push(...subjectsOf(data).filter((artifact) => !main.subjects.some((known) => equalBytes(known, artifact))));
      bill.put(entryKey(main.entry), main);
    },
    // For the artifacts that it names, as the artifacts' own documents have it.
    'evidence.superseded': async ({ bill }, { index, data }) => supersede(bill, data.entry, 'sbom', index, subjectsOf(data)),
    async 'scan.completed'(tables, event, open) {
      const { subject, feed } = event.data;
      const key = `${formatHex(subject[1])} ${feed}`;
      const [before] = await tables.looked.take([key]);
      if (before !== null && before !== undefined) await supersede(tables.bill, before.entry, 'scan', event.index, [subject[1]]);
      tables.looked.put(key, { entry: event.index });
      const list = payloadOf(event, 'inventory');
      if (list !== undefined) await bring(tables, event, { kind: 'scan', subjects: [subject[1]], list }, open);
    },
  },
});

const subjectsOf = ({ subjects = [] }: { readonly subjects?: DataOf<'sbom.linked'>['subjects'] }) => subjects.map(([, digest]) => digest);

async function supersede(
  bill: DocumentsOf<Tables>['bill'], entry: number, kind: BillDocument['kind'], by: number, artifacts: readonly Uint8Array[],
): Promise<void> {
  const [found] = await bill.take([entryKey(entry)]);
  if (found?.kind !== kind) return;
  const isNamed = (subject: Uint8Array) => artifacts.some((artifact) => equalBytes(artifact, subject));
  found.gone.push(...found.subjects.filter(isNamed).map((artifact) => ({ artifact, by })));
  found.subjects = found.subjects.filter((subject) => !isNamed(subject));
  bill.put(entryKey(entry), found);
}

async function bring(
  tables: DocumentsOf<Tables>, { index }: EventAt, bill: Pick<BillDocument, 'kind' | 'subjects' | 'list'>, open: OpenFacts,
): Promise<void> {
  const key = formatHex(bill.list);
  const [known] = await tables.list.take([key]);
  const number = known?.number ?? index;
  // What was not here then may be here now.
  if (known === null || known === undefined || known.missing === true) {
    const facts = (await open(bill.list)) as (ListFacts & { readonly format?: string }) | null;
    if (facts !== null && bill.kind === 'scan') expectKnown('an inventory of the form', facts.format, 'stella-inventory/1');
    const components = facts?.components ?? [];
    if (facts !== null) await addPackages(tables.package, components, number);
    tables.list.put(key, { number, components: components.length, ...(facts === null ? { missing: true } : {}) });
  }
  tables.bill.put(entryKey(index), { entry: index, number, gone: [], ...bill });
}

type Component = NonNullable<ListFacts['components']>[number];

async function addPackages(packages: DocumentsOf<Tables>['package'], components: readonly Component[], number: number): Promise<void> {
  const waiting = components.filter((component) => !add(packages, component, number));
  if (waiting.length === 0) return;
  await packages.take([...new Set(waiting.map(({ purl }) => chunkKey(namedBy(purl as string) as string, number)))]);
  for (const component of waiting) add(packages, component, number);
}

/** @returns false where the package's document is to be read first */
function add(packages: DocumentsOf<Tables>['package'], { purl, source }: Component, number: number): boolean {
  const name = purl === undefined ? null : namedBy(purl);
  if (purl === undefined || name === null) return true;
  const key = chunkKey(name, number);
  const held = packages.held(key);
  if (held === undefined) return false;
  const document = held ?? { purls: [] };
  addTo(document.purls, purl, number, source !== undefined && source.name.isWellFormed() ? source.name : null);
  packages.put(key, document);
  return true;
}

function addTo(purls: PackageDocument['purls'], purl: string, number: number, source: string | null): void {
  let [low, high] = [0, purls.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((purls[middle] as { purl: string }).purl < purl) low = middle + 1;
    else high = middle;
  }
  let found = purls[low];
  if (found?.purl !== purl) purls.splice(low, 0, (found = { purl, lists: [number] }));
  // A list that has it twice is added once: it is the only one that is added now.
  else if (found.lists.at(-1) !== number) found.lists.push(number);
  if (source !== null && found.sources?.includes(source) !== true) found.sources = [...(found.sources ?? []), source].sort();
}
