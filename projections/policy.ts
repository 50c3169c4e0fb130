// policy:<name>: the rules that count under a name, published whole.
import { defineProjection, payloadOf, pointerTo, type Document, type Pointer } from './projection.ts';
import type { DataOf } from '../ledger/events/index.ts';

/** One publication. Digests are SHA-256, 32 bytes. */
export type PublishedPolicy = Pointer & Pick<DataOf<'policy.published'>, 'count' | 'entrypoints' | 'rego' | 'semantics'> & {
  /** Payload that a gate and a replay compile. */
  payload: Uint8Array;
  bundle: Uint8Array;
  modules: Uint8Array;
  data: Uint8Array;
  capabilities: Uint8Array;
};

export type PolicyDocument = Document & {
  name: string;
  /** How often it was published. */
  published: number;
  /** The newest publication is the one that counts. */
  newest?: PublishedPolicy;
};

export const policy = defineProjection<PolicyDocument>({
  name: 'policy',
  version: 1,
  streams: 'policy:',
  begin: (stream) => ({ name: stream.slice('policy:'.length), published: 0 }),
  on: {
    'policy.published'(document, event) {
      const { bundle, modules, data, capabilities, count, entrypoints, rego, semantics } = event.data;
      document.published += 1;
      document.newest = {
        ...pointerTo(event), payload: payloadOf(event, 'bundle') as Uint8Array, count, entrypoints, rego, semantics,
        bundle: bundle[1], modules: modules[1], data: data[1], capabilities: capabilities[1],
      };
    },
  },
  ignores: [],
});
