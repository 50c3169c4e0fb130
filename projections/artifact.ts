// artifact:<digest>: which evidence is on record about an artifact, and how it relates to others.
import type { DataOf } from '../ledger/events/index.ts';
import { attestationPointer, reportPointer, sbomPointer, supersede, vexPointer } from './evidence.ts';
import type { AttestationPointer, ReportPointer, SbomPointer, VexPointer } from './evidence.ts';
import type { EventAt } from './event-at.ts';
import { at, entry, itemOf } from './items.ts';
import { adds, addsOnce, counts, defineProjection, payloadOf, pointerTo, type Document, type Pointer } from './projection.ts';

type Related = DataOf<'artifact.related'>;

/** One scan. Digests are SHA-256, 32 bytes. */
export type ScanPointer = Pointer & Pick<DataOf<'scan.completed'>, 'feed' | 'engine' | 'semantics' | 'components' | 'unmatched' | 'outcomes' | 'severities'> & {
  /** Payload with the findings (spec/findings.md). */
  findings: Uint8Array;
  /** Payload with the list of components, where no bill of materials on record was scanned. */
  inventory?: Uint8Array;
  sbom?: { entry: number; facts: Uint8Array };
  snapshot: Uint8Array;
  config: Uint8Array;
};

/** Each list in the order of the log. */
export type ArtifactDocument = Document & {
  sboms: SbomPointer[];
  attestations: AttestationPointer[];
  reports: ReportPointer[];
  vex: VexPointer[];
  /** The newest scan with each feed, in the order of the feeds' names. */
  scans: ScanPointer[];
  /** Scans that failed since, the newest with each feed. */
  failures: (Pointer & Pick<DataOf<'scan.failed'>, 'feed' | 'reason'>)[];
  /** Files of no known format: how many, and where the newest stands. */
  documents: { count: number; newest?: number };
  /** `artifact.related` events that name it: as the index of platforms, as one of them, or with other digests of its bytes. */
  relations: ({ entry: number } & Related)[];
  /** The contracts it has to meet, by the entries that assigned it. */
  contracts: { name: string; entry: number; at: number }[];
};

const assignedContract = itemOf<'contract.assigned', ArtifactDocument['contracts'][number]>((data) => ({ name: data('name'), entry, at }));

export const artifact = defineProjection<ArtifactDocument>({
  name: 'artifact',
  version: 1,
  streams: 'artifact:',
  begin: () => ({ sboms: [], attestations: [], reports: [], vex: [], scans: [], failures: [], documents: { count: 0 }, relations: [], contracts: [] }),
  on: {
    'sbom.ingested': adds('sboms', sbomPointer),
    'attestation.recorded': adds('attestations', attestationPointer),
    'attestation.checked'({ attestations }, { index, data }) {
      const checked = attestations.find(({ entry }) => entry === data.entry);
      if (checked !== undefined) Object.assign(checked, { signatures: data.signatures, checked: index });
    },
    'report.ingested': adds('reports', reportPointer),
    'vex.stated': adds('vex', vexPointer),
    'scan.completed'(document, event) {
      document.scans = byFeed(document.scans, scanPointer(event));
      document.failures = document.failures.filter(({ feed }) => feed !== event.data.feed);
    },
    'scan.failed'(document, event) {
      document.failures = byFeed(document.failures, { ...pointerTo(event), feed: event.data.feed, reason: event.data.reason });
    },
    'document.stored': counts('documents'),
    'evidence.superseded': ({ sboms, attestations, reports, vex }, event) => supersede([sboms, attestations, reports, vex], event),
    'contract.assigned': addsOnce('contracts', 'name', assignedContract),
    'contract.unassigned'(document, { data }) {
      document.contracts = document.contracts.filter(({ name }) => name !== data.name);
    },
    'artifact.related': adds('relations', ({ index, data }: EventAt<'artifact.related'>) => ({ entry: index, ...data })),
  },
  reads: { 'contract.assigned': ['name'], 'contract.unassigned': ['name'], 'document.stored': [] },
  // A waiver is looked up by its vulnerabilities, wherever it holds.
  ignores: ['decision.recorded', 'export.packed', 'rekor.recorded', 'waiver.requested', 'waiver.approved', 'waiver.rejected', 'waiver.revoked'],
});

/** Puts the newest of a feed in the place of the one before it. */
function byFeed<T extends { feed: string }>(list: readonly T[], newest: T): T[] {
  return [...list.filter(({ feed }) => feed !== newest.feed), newest].sort((a, b) => (a.feed < b.feed ? -1 : 1));
}

function scanPointer(event: EventAt<'scan.completed'>): ScanPointer {
  const { feed, engine, semantics, components, unmatched, outcomes, severities, sbom, snapshot, config } = event.data;
  const inventory = payloadOf(event, 'inventory');
  return {
    ...pointerTo(event), feed, engine, semantics, components, unmatched, outcomes, severities, snapshot: snapshot[1], config: config[1],
    findings: payloadOf(event, 'findings') as Uint8Array, ...(inventory === undefined ? {} : { inventory }),
    ...(sbom === undefined ? {} : { sbom: { entry: sbom.entry, facts: sbom.facts[1] } }),
  };
}
