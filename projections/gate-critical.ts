// Every gate-critical projection. A new one is a file beside this one and one line here; a new event type is one line in each
// projection whose streams it can stand in (test/projections/registry.test.ts says which).
import type { EventName } from '../ledger/events/index.ts';
import { artifact, type ArtifactDocument } from './artifact.ts';
import { contract, type ContractDocument } from './contract.ts';
import { feed, type FeedDocument } from './feed.ts';
import { key, type KeyDocument } from './key.ts';
import { policy, type PolicyDocument } from './policy.ts';
import { isStreamOf, type Document, type Projection } from './projection.ts';
import { trust, type TrustDocument } from './trust.ts';
import { vulnerability, type VulnerabilityDocument } from './vulnerability.ts';
import { mainOf } from './walk.ts';
import { waiver, type WaiverDocument } from './waiver.ts';

/** The documents by their projection's name. */
export type Documents = {
  artifact: ArtifactDocument;
  vulnerability: VulnerabilityDocument;
  waiver: WaiverDocument;
  policy: PolicyDocument;
  contract: ContractDocument;
  feed: FeedDocument;
  trust: TrustDocument;
  key: KeyDocument;
};

export type ProjectionName = keyof Documents;

export const PROJECTIONS: { readonly [N in ProjectionName]: Projection<Documents[N]> } = {
  artifact, vulnerability, waiver, policy, contract, feed, trust, key,
};

/** The same, as a list in the order of their names' bytes. */
export const projectionList = Object.values(PROJECTIONS).sort((a, b) => (a.name < b.name ? -1 : 1)) as unknown as readonly Projection[];

/** The projection that folds a stream, or null for a stream that none folds (`ledger`, `disclosure:…`). */
export function projectionOf(stream: string): Projection<Document> | null {
  return projectionList.find((projection) => isStreamOf(projection, stream)) ?? null;
}

/** Whether an event in a stream can change its document: one that no document reads moves nothing that a decision stands on. */
export function moves(stream: string, type: EventName): boolean {
  return (mainOf(type) ?? type) in (projectionOf(stream)?.on ?? {});
}
