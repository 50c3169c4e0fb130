// contract:<name>: which evidence has to arrive; for which artifacts stands in theirs.
import { defineProjection, payloadOf, pointerTo, type Document, type Pointer } from './projection.ts';

export type PublishedContract = Pointer & {
  /** Payload with its terms (spec/contract.md), SHA-256. */
  payload: Uint8Array;
  semantics: number;
  requirements: number;
};

export type ContractDocument = Document & {
  name: string;
  /** How often it was published. */
  published: number;
  /** The newest publication is the one that counts. */
  newest?: PublishedContract;
};

export const contract = defineProjection<ContractDocument>({
  name: 'contract',
  version: 1,
  streams: 'contract:',
  begin: (stream) => ({ name: stream.slice('contract:'.length), published: 0 }),
  on: {
    'contract.published'(document, event) {
      const { semantics, requirements } = event.data;
      document.published += 1;
      document.newest = { ...pointerTo(event), payload: payloadOf(event, 'contract') as Uint8Array, semantics, requirements };
    },
  },
  ignores: ['contract.assigned', 'contract.unassigned'],
});
