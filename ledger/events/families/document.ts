// document.*: files of no known format, kept as they arrived.
import { linked, version } from '../family.ts';
import { map, set, sha256 } from '../schema.ts';

export const documentEvents = {
  // The subjects are the artifacts it is about; a document about nothing else is its own subject, unless it is sealed.
  'document.stored': [
    version({
      data: map({ subjects: set(sha256, 1, 64) }),
      payloads: { document: { count: 'one', sealed: 'may' } },
      streams: ['artifact:{subjects}'],
      sameAs: { subjects: 'subjects', role: 'document' },
    }),
  ],
  'document.linked': linked,
} as const;
