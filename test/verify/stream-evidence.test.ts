// Evidence about a stream as JSON: exactly what is read, and with which code anything else is refused.
import { describe, expect, test } from 'vitest';
import { formatBase64 } from '../../ledger/bytes.ts';
import { formatStreamEvidence, parseStreamEvidence, type StreamEvidence } from '../../verify/index.ts';
import { refusal } from '../note/refusal.ts';

const hash = (byte: number) => new Uint8Array(32).fill(byte);
const placed = { entry: Uint8Array.of(1, 2), index: 4, proof: [hash(7)] };
const present: StreamEvidence = {
  stream: 'trust', checkpoint: 'text', events: [placed],
  head: { stated: placed, proof: { claim: 'present', siblings: [hash(1), hash(2)], version: 1, index: 4 } },
};
const absent: StreamEvidence = { ...present, events: [], head: { stated: placed, proof: { claim: 'absent', siblings: [] } } };
const another: StreamEvidence = {
  ...present, head: { stated: placed, proof: { claim: 'absent', siblings: [hash(1)], leaf: { key: hash(3), version: 2, index: 9 } } },
};

type Members = Record<string, unknown>;
const members = JSON.parse(formatStreamEvidence(present)) as Members & { events: Members[]; head: Members };
const change = (to: Members) => JSON.stringify({ ...members, ...to });
const changeEvent = (to: Members) => change({ events: [{ ...members.events[0], ...to }] });
const changeHead = (to: Members) => change({ head: { ...members.head, ...to } });
const absentHead = (JSON.parse(formatStreamEvidence(another)) as { head: Members & { leaf: Members } }).head;
const changeLeaf = (to: Members) => change({ head: { ...absentHead, leaf: { ...absentHead.leaf, ...to } } });

describe('evidence about a stream', () => {
  const all: [string, StreamEvidence][] = [['present', present], ['absent', absent], ['absent beside another', another], ['none', { ...present, head: null }]];
  test.each(all)('is what was written: %s', (_, evidence) => {
    const text = formatStreamEvidence(evidence);
    expect(parseStreamEvidence(text)).toEqual(evidence);
    expect(parseStreamEvidence(new TextEncoder().encode(text))).toEqual(evidence);
    expect(text.endsWith('}\n')).toBe(true);
  });

  test('the bounds themselves are read', () => {
    const proof = Array.from({ length: 63 }, () => formatBase64(hash(0)));
    expect(parseStreamEvidence(changeEvent({ proof, entry: formatBase64(new Uint8Array(65_535)) })).events[0]!.proof).toHaveLength(63);
  });

  test.each([
    ['an array', '[]', 'INPUT_MALFORMED', 'it is no object'],
    ['no format', '{}', 'INPUT_MALFORMED', 'it names no format'],
    ['another format', change({ format: 'stella-stream/2' }), 'INPUT_VERSION_UNKNOWN', 'format "stella-stream/2", expected "stella-stream/1"'],
    ['another member', change({ more: 1 }), 'INPUT_MALFORMED', 'it has a member "more"'],
    ['a member missing', change({ head: undefined }), 'INPUT_MALFORMED', '"head" is missing'],
    ['a member twice', formatStreamEvidence(present).replace('{', '{"stream": "trust",'), 'INPUT_DUPLICATE_KEY at 53', 'key'],
    ['a stream that is no text', change({ stream: 1 }), 'INPUT_MALFORMED', '"stream" is no text'],
    ['a checkpoint that is no text', change({ checkpoint: null }), 'INPUT_MALFORMED', '"checkpoint" is no text'],
    ['events that are no array', change({ events: {} }), 'INPUT_MALFORMED', '"events" is no array'],
    ['an event that is no object', change({ events: [1] }), 'INPUT_MALFORMED', 'an event is no object'],
    ['an event with another member', changeEvent({ more: 1 }), 'INPUT_MALFORMED', 'it has a member "more"'],
    ['an event without an index', changeEvent({ index: undefined }), 'INPUT_MALFORMED', '"index" is missing'],
    ['an entry that is no text', changeEvent({ entry: 1 }), 'INPUT_MALFORMED', '"entry" is no text'],
    ['an entry of 65,536 bytes', changeEvent({ entry: formatBase64(new Uint8Array(65_536)) }), 'INPUT_TOO_LARGE', 'an entry of 65536 bytes'],
    ['64 hashes', changeEvent({ proof: Array.from({ length: 64 }, () => '') }), 'INPUT_TOO_LARGE', '64 hashes, expected at most 63'],
    ['hashes that are no array', changeEvent({ proof: 1 }), 'INPUT_MALFORMED', '"hashes" is no array'],
    ['a hash that is no text', changeEvent({ proof: [1] }), 'INPUT_MALFORMED', '"hash" is no text'],
    ['an index in quotes', changeEvent({ index: '1' }), 'INPUT_MALFORMED', '"index" is no integer from 0 to 2^53 - 1'],
    ['an index below zero', changeEvent({ index: -1 }), 'INPUT_MALFORMED', '"index" is no integer from 0 to 2^53 - 1'],
    ['an index of one half', changeEvent({ index: 0.5 }), 'INPUT_MALFORMED', '"index" is no integer from 0 to 2^53 - 1'],
    ['a head that is no object', change({ head: [] }), 'INPUT_MALFORMED', 'its head is no object'],
    ['a head that claims something else', changeHead({ claim: 'maybe' }), 'INPUT_MALFORMED', 'its head claims neither presence nor absence'],
    ['a present head with a leaf', changeHead({ leaf: null }), 'INPUT_MALFORMED', 'it has a member "leaf"'],
    ['a present head without a version', changeHead({ version: undefined }), 'INPUT_MALFORMED', '"version" is missing'],
    ['a version in quotes', changeHead({ version: '1' }), 'INPUT_MALFORMED', '"version" is no integer from 0 to 2^53 - 1'],
    ['a head with an index in quotes', changeHead({ index: '1' }), 'INPUT_MALFORMED', '"index" is no integer from 0 to 2^53 - 1'],
    ['an absent head with a version', change({ head: { ...absentHead, version: 1 } }), 'INPUT_MALFORMED', 'it has a member "version"'],
    ['a leaf that is no object', change({ head: { ...absentHead, leaf: 1 } }), 'INPUT_MALFORMED', 'a leaf is no object'],
    ['a leaf with another member', changeLeaf({ more: 1 }), 'INPUT_MALFORMED', 'it has a member "more"'],
    ['a leaf whose key is no text', changeLeaf({ key: 1 }), 'INPUT_MALFORMED', '"key" is no text'],
    ['a leaf whose version is no number', changeLeaf({ version: '' }), 'INPUT_MALFORMED', '"version" is no integer from 0 to 2^53 - 1'],
    ['a leaf whose index is no number', changeLeaf({ index: '' }), 'INPUT_MALFORMED', '"index" is no integer from 0 to 2^53 - 1'],
    ['arrays too deep', change({ events: [{ ...members.events[0], proof: [[[['']]]] }] }), 'INPUT_TOO_DEEP', ''],
  ])('%s is refused', (_, text, code, message) => {
    expect(String(refusal(() => parseStreamEvidence(text))).replace(code.includes(' at ') ? '' : / at .*/, '')).toBe(code);
    expect(() => parseStreamEvidence(text)).toThrow(message);
  });
});
