// key:<id>: what became of a key that signs for this ledger or for a person.
import type { DataOf, KeyRecord } from '../ledger/events/index.ts';
import { equalBytes, parseHex } from '../ledger/bytes.ts';
import { defineProjection, type Document } from './projection.ts';

/** Where the fold is, an id is 32 bytes, a person 16; times are milliseconds since 1970. */
export type KeyDocument = Document & {
  id: Uint8Array;
  /** Absent where no event has shown the key itself. */
  record?: KeyRecord;
  /** For a person's key: whose it is. */
  person?: Uint8Array;
  /** The event that it serves from. */
  added?: { entry: number; at: number };
  /** It serves no more: a successor follows it, or none. It signs no checkpoint larger than `lastSize`. */
  ended?: { entry: number; at: number; lastSize: number; successor?: Uint8Array; reason?: DataOf<'key.retired'>['reason'] };
};

export const key = defineProjection<KeyDocument>({
  name: 'key',
  version: 1,
  streams: 'key:',
  begin: (stream) => ({ id: parseHex(stream.slice('key:'.length), 32) }),
  on: {
    'ledger.created': (document, { index, at, data }) => serve(document, data.keys, { entry: index, at }),
    'key.added'(document, { index, at, data }) {
      serve(document, [data.key], { entry: index, at });
      if (data.person !== undefined) document.person = data.person;
    },
    'key.rotated'(document, { index, at, data }) {
      serve(document, [data.to], { entry: index, at });
      if (equalBytes(data.from, document.id)) document.ended ??= { entry: index, at, lastSize: data.lastSize, successor: data.to.id };
    },
    'key.retired'(document, { index, at, data }) {
      document.ended ??= { entry: index, at, lastSize: data.lastSize, reason: data.reason };
    },
  },
  ignores: ['rekor.recorded'],
});

/** The event shows the key itself, which serves from here on. */
function serve(document: KeyDocument, records: readonly KeyRecord[], added: { entry: number; at: number }): void {
  const record = records.find(({ id }) => equalBytes(id, document.id));
  if (record !== undefined) Object.assign(document, { record, added: document.added ?? added });
}
