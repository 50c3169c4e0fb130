// Contracts: what is read, and that nothing misspelt is.
import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { readContract } from '../../projections/contract-document.ts';

const page = readFileSync(new URL('../../spec/contract.md', import.meta.url), 'utf8');
const example = JSON.parse((/```json\n([\s\S]*?)```/.exec(page) as RegExpExecArray)[1] as string) as { require: { anyOf: Record<string, unknown>[] }[] };

const read = (value: unknown) => readContract(encodeUtf8(JSON.stringify(value)));

/** `code at pointer` of a refusal. */
function refusal(change: (contract: typeof example) => void): string {
  const contract = structuredClone(example);
  change(contract);
  try {
    read(contract);
  } catch (error) {
    if (error instanceof LedgerError) return `${error.code} ${/ at (\S+):/.exec(error.message)?.[1] ?? ''}`;
    throw error;
  }
  return 'accepted';
}

const first = (contract: typeof example) => contract.require[0]?.anyOf[0] as Record<string, unknown>;

describe('the example', () => {
  test('is read', () => {
    expect(read(example).contract).toEqual({
      requirements: [
        { id: 'bill-of-materials', anyOf: [{ kind: 'sbom', formats: ['cyclonedx', 'spdx-3'] }] },
        { id: 'provenance', anyOf: [{ kind: 'attestation', predicateTypes: ['https://slsa.dev/provenance/v1'], signers: 'trusted' }] },
        { id: 'fresh-scan', anyOf: [{ kind: 'scan', maxAge: 604_800_000 }] },
      ],
    });
  });

  test('has one canonical form, whatever its members\' order', () => {
    const { format, require } = JSON.parse(JSON.stringify(example)) as { format: string; require: unknown };
    const canonical = read({ require, format }).canonical;
    expect(canonical).toEqual(read(example).canonical);
    expect(decodeUtf8(canonical)).toMatch(/^\{"format":"stella-contract\/1","require":\[\{"anyOf":\[\{"formats":/);
  });
});

describe('feeds of a scan', () => {
  const change = structuredClone(example);
  Object.assign(change.require[2]?.anyOf[0] as object, { feeds: ['osv', 'vendor/own'] });

  test('are semantics 2; without them a contract is what it was', () => {
    expect([read(example).semantics, read(change).semantics]).toEqual([1, 2]);
    expect(read(change).contract.requirements[2]?.anyOf).toEqual([{ kind: 'scan', feeds: ['osv', 'vendor/own'], maxAge: 604_800_000 }]);
    expect(readContract(encodeUtf8(JSON.stringify(example)), 1)).toEqual(read(example));
  });

  test('are an unknown member under semantics 1, as they were', () => {
    expect(() => readContract(encodeUtf8(JSON.stringify(change)), 1)).toThrow(
      'Cannot read contract at /require/2/anyOf/0/feeds: unknown member, expected kind, formats, predicateTypes, signers, maxAge',
    );
  });
});

describe('refused', () => {
  test.each<[string, string, (contract: typeof example) => void]>([
    ['another format', '/format', (one) => Object.assign(one, { format: 'stella-contract/2' })],
    ['an unknown member', '/note', (one) => Object.assign(one, { note: 'x' })],
    ['no requirement', '/require', (one) => Object.assign(one, { require: [] })],
    ['an id twice', '/require', (one) => Object.assign(one.require[1] as object, { id: 'bill-of-materials' })],
    ['an id with a space', '/require/0/id', (one) => Object.assign(one.require[0] as object, { id: 'a b' })],
    ['nothing that would do', '/require/0/anyOf', (one) => Object.assign(one.require[0] as object, { anyOf: [] })],
    ['an unknown kind', '/require/0/anyOf/0/kind', (one) => Object.assign(first(one), { kind: 'SBOM' })],
    ['a misspelt condition', '/require/0/anyOf/0/maxage', (one) => Object.assign(first(one), { maxage: '1d' })],
    ['an age of nothing', '/require/0/anyOf/0/maxAge', (one) => Object.assign(first(one), { maxAge: '0d' })],
    ['an age without a unit', '/require/0/anyOf/0/maxAge', (one) => Object.assign(first(one), { maxAge: 30 })],
    ['signers of what is not signed', '/require/0/anyOf/0/signers', (one) => Object.assign(first(one), { signers: 'trusted' })],
    ['a signer by name', '/require/1/anyOf/0/signers/0', (one) => Object.assign(one.require[1]?.anyOf[0] as object, { signers: ['ann@example.org'] })],
    ['a predicate type of an SBOM', '/require/0/anyOf/0/predicateTypes', (one) => Object.assign(first(one), { predicateTypes: ['a:b'] })],
    ['feeds of a bill of materials', '/require/0/anyOf/0/feeds', (one) => Object.assign(first(one), { feeds: ['osv'] })],
    ['no feed', '/require/2/anyOf/0/feeds', (one) => Object.assign(one.require[2]?.anyOf[0] as object, { feeds: [] })],
    ['a feed that is no name', '/require/2/anyOf/0/feeds/0', (one) => Object.assign(one.require[2]?.anyOf[0] as object, { feeds: ['OSV'] })],
    ['formats of a scan', '/require/2/anyOf/0/formats', (one) => Object.assign(one.require[2]?.anyOf[0] as object, { formats: ['sarif'] })],
  ])('%s', (_, pointer, change) => {
    expect(refusal(change)).toBe(`CONTRACT_INVALID ${pointer}`);
  });

  test.each(['', '[]', 'null', '{"format":"stella-contract/1"}', '{"require":1,"require":2}'])('%j', (text) => {
    expect(() => readContract(encodeUtf8(text))).toThrow(LedgerError);
  });
});
