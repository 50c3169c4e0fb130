// Events and documents as lines for people.
import { expect, test } from 'vitest';
import { plain, printPlain } from '../../cli/plain.ts';

test('times are dates too, wherever they stand; other numbers, and what is no number, are not', () => {
  const waiver = { at: 1_795_322_796_178, entry: 19, expires: 1_797_983_999_999, by: { kind: 'person' }, expiresSoon: false };
  const attestation = { claimed: { at: 1, text: 'x' }, signatures: [{ proven: true }, { proven: Number.MAX_SAFE_INTEGER }] };
  const document = { at: 0, waivers: [waiver], attestations: [attestation], digest: ['sha256', new Uint8Array(2)] };
  expect(printPlain(plain(document)).map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
    'at 0 1970-01-01T00:00:00.000Z',
    'waivers.0.at 1795322796178 2026-11-22T04:46:36.178Z',
    'waivers.0.entry 19',
    'waivers.0.expires 1797983999999 2026-12-22T23:59:59.999Z',
    'waivers.0.by.kind person',
    'waivers.0.expiresSoon false',
    'attestations.0.claimed.at 1 1970-01-01T00:00:00.001Z',
    'attestations.0.claimed.text x',
    'attestations.0.signatures.0.proven true',
    'attestations.0.signatures.1.proven 9007199254740991',
    'digest sha256:0000',
  ]);
});
