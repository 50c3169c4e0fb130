// findings: what scans found in artifacts, from the scan that first saw it to the one that saw it no more.
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import { payloadOf, type Document } from '../projection.ts';
import type { EventAt } from '../event-at.ts';
import { defineCatchingUp, expectKnown, groupOf, type DocumentsOf } from './definition.ts';

/** Where and when; times are milliseconds since 1970. */
export type Moment = { entry: number; at: number };

/** What differs between the scan that saw it and the one that does not: the components, the advisories, or how they are matched. */
export type ResolvedBy = 'sbom' | 'advisories' | 'engine';

/** What a scan says of a finding beside which it is. */
export type FindingSaid = {
  aliases: string[];
  upstream: string[];
  severity: string;
  score?: string;
  /** The components that have it, each once, sorted. */
  components: { name: string; outcome: string; purl?: string; version?: string }[];
};

/** `was`: what scans said of it before, where this one says something else. */
export type FindingChange = Moment & (
  { is: 'opened' } | { is: 'reopened'; was?: FindingSaid } | { is: 'changed'; was: FindingSaid } | { is: 'resolved'; by: ResolvedBy; seen: Moment }
);

/** One vulnerability of one package in an artifact, by one feed; at `<artifact> <feed> <fingerprint>`. */
export type FindingDocument = Document & FindingSaid & {
  /** SHA-256. */
  artifact: Uint8Array;
  feed: string;
  id: string;
  fingerprint: string;
  /** Open when the newest is not `resolved`. */
  changes: FindingChange[];
};

/** What the newest scan of an artifact on a feed looked at that could be read; at `<artifact> <feed>`. */
export type FindingScanDocument = Document & Moment & {
  findings: Uint8Array;
  snapshot: Uint8Array;
  /** The payload with the components; empty where the event names none. */
  list: Uint8Array;
  open: number;
  /** There is a newer one whose findings were not here: what was open before is left as it was. */
  missing?: true;
};

/** The newest rescan of a feed that found scans to hold; at the feed's name. */
export type RescanDocument = Document & Moment & { snapshot: Uint8Array; holding: Uint8Array };

/** Under which ids findings are kept that have this name too; at the name. */
export type AliasDocument = Document & { ids: string[] };

type Tables = { finding: FindingDocument; scan: FindingScanDocument; rescan: RescanDocument; alias: AliasDocument };

/** What is read of a finding (spec/findings.md). */
interface Found {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly upstream: readonly string[];
  readonly fingerprint: string;
  readonly severity: string;
  readonly score?: string;
  readonly outcome: string;
  readonly component: { readonly name: string; readonly purl: string | null; readonly version: string | null };
}

export const findings = defineCatchingUp<Tables>({
  name: 'findings',
  version: 1,
  tables: {
    finding: {
      columns: { artifact: 'text', vulnerability: 'text', open: 'integer' },
      row: ({ artifact, id, changes }) => ({ artifact: formatHex(artifact), vulnerability: id, open: isOpen({ changes }) ? 1 : 0 }),
    },
    scan: { columns: { artifact: 'text', missing: 'integer' }, row: ({ missing }, key) => ({ artifact: groupOf(key), missing: missing === true ? 1 : null }) },
    rescan: { columns: {}, row: () => ({}) },
    alias: { columns: {}, row: () => ({}) },
  },
  on: {
    async 'scan.completed'(tables, event, open) {
      expectKnown('findings of match semantics', event.data.semantics, 1);
      const key = `${formatHex(event.data.subject[1])} ${event.data.feed}`;
      const [before] = await tables.scan.take([key]);
      const { index: entry, at, data } = event;
      const payload = payloadOf(event, 'findings') as Uint8Array;
      const list = data.sbom?.facts[1] ?? payloadOf(event, 'inventory') ?? new Uint8Array();
      const scan = { entry, at, findings: payload, snapshot: data.snapshot[1], list };
      if (before !== null && before !== undefined && before.missing !== true && equalBytes(before.findings, payload)) {
        tables.scan.put(key, { ...scan, open: before.open });
        return;
      }
      const facts = (await open(payload)) as { readonly format?: string; readonly findings: readonly Found[] } | null;
      if (facts === null) {
        tables.scan.put(key, { ...(before ?? { ...scan, open: 0 }), missing: true });
        return;
      }
      expectKnown('findings of the form', facts.format, 'stella-findings/1');
      await compare(tables, key, event, facts.findings, before ?? null, list);
      tables.scan.put(key, { ...scan, open: new Set(facts.findings.map(({ fingerprint }) => fingerprint)).size });
    },
    'feed.rescanned'({ rescan }, event) {
      const { index: entry, at, data } = event;
      rescan.put(data.feed, { entry, at, snapshot: data.snapshot[1], holding: payloadOf(event, 'holding') as Uint8Array });
    },
  },
});

/** Whether the newest scan still saw it. */
export function isOpen({ changes }: Pick<FindingDocument, 'changes'>): boolean {
  return changes.at(-1)?.is !== 'resolved';
}

async function compare(
  tables: DocumentsOf<Tables>, group: string, event: EventAt<'scan.completed'>, found: readonly Found[], before: FindingScanDocument | null, list: Uint8Array,
): Promise<void> {
  const moment = { entry: event.index, at: event.at };
  const known = await tables.finding.group(group);
  const now = new Map<string, Found[]>();
  for (const one of found) now.set(`${group} ${one.fingerprint}`, [...(now.get(`${group} ${one.fingerprint}`) ?? []), one]);
  const { subject, feed } = event.data;
  for (const [key, same] of now) {
    const document = known.get(key);
    const said = saidBy(same);
    const { id, fingerprint } = same[0] as Found;
    const change = document === undefined ? { is: 'opened' as const, ...moment } : changeOf(document, said, moment);
    if (change === null) continue;
    tables.finding.put(key, { artifact: subject[1], feed, id, fingerprint, ...said, changes: [...(document?.changes ?? []), change] });
  }
  const seen = before === null ? moment : { entry: before.entry, at: before.at };
  const by = before === null || !equalBytes(before.list, list) ? 'sbom' : equalBytes(before.snapshot, event.data.snapshot[1]) ? 'engine' : 'advisories';
  for (const [key, document] of known) {
    if (now.has(key) || !isOpen(document)) continue;
    document.changes.push({ is: 'resolved', by, seen, ...moment });
    tables.finding.put(key, document);
  }
  await addAliases(tables.alias, found);
}

/** @returns null where the scan says nothing new */
function changeOf(document: FindingDocument, said: FindingSaid, moment: Moment): FindingChange | null {
  const was = wordsOf(document);
  const differs = JSON.stringify(was) !== JSON.stringify(said);
  if (!isOpen(document)) return { is: 'reopened', ...moment, ...(differs ? { was } : {}) };
  return differs ? { is: 'changed', ...moment, was } : null;
}

/** With the members in one order, so that their texts can be compared. */
function wordsOf({ aliases, upstream, severity, score, components }: FindingSaid): FindingSaid {
  const each = components.map(({ name, outcome, purl, version }) => (
    { name, outcome, ...(purl === undefined ? {} : { purl }), ...(version === undefined ? {} : { version }) }
  ));
  return { aliases, upstream, severity, ...(score === undefined ? {} : { score }), components: each };
}

/** What a scan says of one fingerprint: several versions of a package may have it. */
function saidBy(same: readonly Found[]): FindingSaid {
  const { aliases, upstream, severity, score } = same[0] as Found;
  const components = new Map(same.map(({ component: { name, purl, version }, outcome }) => {
    const one = { name, outcome, ...(purl === null ? {} : { purl }), ...(version === null ? {} : { version }) };
    return [JSON.stringify(one), one];
  }));
  const sorted = [...components].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return wordsOf({ aliases: [...aliases], upstream: [...upstream], severity, ...(score === undefined ? {} : { score }), components: sorted });
}

/** A time during which scans said the same of a finding. */
export interface Episode {
  readonly from: Moment;
  /** Null while it goes on. */
  readonly to: Moment | null;
  readonly said: FindingSaid;
}

/** When a finding was open, and what it was then, oldest first. */
export function episodesOf(document: FindingDocument): Episode[] {
  const episodes: Episode[] = [];
  let [said, to]: [FindingSaid, Moment | null] = [document, null];
  for (const change of document.changes.toReversed()) {
    const { entry, at } = change;
    if (change.is !== 'resolved') {
      episodes.unshift({ from: { entry, at }, to, said: wordsOf(said) });
      if (change.is !== 'opened' && change.was !== undefined) said = change.was;
    }
    to = { entry, at };
  }
  return episodes;
}

/** Every name that scans ever gave it. */
export function everNamed(document: FindingDocument): string[] {
  return [...new Set(episodesOf(document).flatMap(({ said: { aliases, upstream } }) => [document.id, ...aliases, ...upstream]))];
}

async function addAliases(alias: DocumentsOf<Tables>['alias'], found: readonly Found[]): Promise<void> {
  const ids = new Map<string, Set<string>>();
  for (const { id, aliases, upstream } of found) {
    for (const name of [...aliases, ...upstream]) ids.set(name, (ids.get(name) ?? new Set()).add(id));
  }
  const names = [...ids.keys()];
  const documents = await alias.take(names);
  names.forEach((name, i) => {
    const known = documents[i]?.ids ?? [];
    const all = new Set([...known, ...(ids.get(name) as Set<string>)]);
    if (all.size > known.length) alias.put(name, { ids: [...all].sort() });
  });
}
