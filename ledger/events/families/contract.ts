// contract.*: which evidence has to arrive for an artifact.
import { version } from '../family.ts';
import { slugName } from '../names.ts';
import { integer, map, oneOf, set, sha256 } from '../schema.ts';

export const contractEvents = {
  // The contract itself is a payload, canonical JSON (spec/contract.md), with as many `requirements`. The newest one counts.
  'contract.published': [
    version({
      data: map({ name: slugName, semantics: integer(1, 65_535), requirements: integer(1, 1024) }),
      payloads: { contract: { count: 'one', sealed: 'never' } },
      streams: ['contract:{name}'],
    }),
  ],
  // The subjects have to meet the contract from here on, beside those they had to meet before.
  'contract.assigned': [version({ data: map({ name: slugName, subjects: set(sha256, 1, 63) }), streams: ['contract:{name}', 'artifact:{subjects}'] })],
  'contract.unassigned': [
    version({
      data: map({ name: slugName, subjects: set(sha256, 1, 63), reason: oneOf('mistaken', 'retired', 'superseded') }),
      streams: ['contract:{name}', 'artifact:{subjects}'],
    }),
  ],
} as const;
