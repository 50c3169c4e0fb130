// What a refused event is told: where it is wrong, and what was expected there.
import { describe, expect, test } from 'vitest';
import { parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { decodeEvent } from '../../ledger/events/index.ts';
import { families, type FamilyVectors } from './vectors.ts';

function messageOf(family: string, name: string): string {
  const { hex } = (families.get(family) as FamilyVectors).refused.find((one) => one.name === name) as { hex: string };
  try {
    decodeEvent(parseHex(hex));
  } catch (error) {
    if (error instanceof LedgerError) return error.message;
    throw error;
  }
  return 'accepted';
}

const invalid = 'Cannot accept event: event';

describe('a refusal says where', () => {
  test.each([
    ['ledger', 'an origin with a port', 'Cannot accept ledger.created: data.origin "log.example.org:443" is not a host name'],
    ['ledger', 'a tree id with its top bit set', 'Cannot accept ledger.created: data does not hold to: the top bit of treeId is clear'],
    ['ledger', 'a later format', 'Cannot accept ledger.created: data.format is not an integer from 1 to 1'],
    ['ledger', 'a reason in words of its own',
      'Cannot accept ledger.clock_set: data.reason "the battery was empty" is not one of drift, behind, outside'],
    ['ledger', 'the stream left off', 'Cannot accept ledger.ended: its streams do not follow from its data, expected ledger'],
    ['key', 'rotated without the new key’s signature', 'Cannot accept key.rotated: data.signatures.to is missing'],
    ['document', 'no subject', 'Cannot accept document.stored: data.subjects is not an array of 1 to 64 items'],
    ['document', 'a subject without a digest', 'Cannot accept document.stored: data.subjects[0] is not a digest [algorithm, bytes] with sha256'],
    ['document', 'subjects out of order', 'Cannot accept document.stored: data.subjects[1] is out of order in a set, which is sorted by encoded bytes'],
    ['document', 'a subject twice', 'Cannot accept document.stored: data.subjects[1] stands there twice'],
    ['document', 'no payload', 'Cannot accept document.stored: a payload of role "document" is missing'],
    ['document', 'two documents', 'Cannot accept document.stored: two payloads of role "document"'],
    ['document', 'an unknown key in the data', 'Cannot accept document.stored: data.name is not a key of this map'],
    ['document', 'an unknown key in the envelope', `${invalid}.note is not a key of this map`],
    ['document', 'a claimed time that is no time', `${invalid}.claimed.text "Tuesday, says ann@example.org" is not a time as text`],
    ['document', 'a second version without the one before', `${invalid}.streams[0] does not hold to: prev is there exactly when version is larger than 1`],
    ['document', 'a later version of its data', 'Cannot read document.stored: version 2, expected at most 1'],
    ['payload', 'a justification that is not sealed', 'Cannot accept payload.hold_released: the payload of role "justification" must be sealed'],
  ])('%s: %s', (family, name, message) => {
    expect(messageOf(family, name)).toBe(message);
  });
});
