// policy.*: the rules a gate decides by, put on record whole. Publishing the same policy again is another event.
import { version } from '../family.ts';
import { entrypointName, slugName } from '../names.ts';
import { integer, map, set, sha256 } from '../schema.ts';

export const policyEvents = {
  // What was compiled before it came on record: its digests (spec/policy.md), what may be asked of it, and under which engine.
  'policy.published': [
    version({
      data: map({
        name: slugName,
        bundle: sha256,
        modules: sha256,
        count: integer(1),
        data: sha256,
        entrypoints: set(entrypointName, 1, 16),
        rego: integer(0, 1),
        semantics: integer(1, 65_535),
        capabilities: sha256,
      }),
      // A gate and a replay compile from it, so it can neither be sealed nor erased.
      payloads: { bundle: { count: 'one', sealed: 'never' } },
      streams: ['policy:{name}'],
    }),
  ],
} as const;
