// Which bill of materials counts: whatever the order in which files come, how often, and in how many envelopes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { alikeSboms, countingSbom, countingSbomBefore } from '../../projections/counting-sbom.ts';
import type { AttestationPointer, SbomPointer } from '../../projections/evidence.ts';
import { bytesOf, holdsUnder, trustOf } from './documents.ts';

const trust = trustOf({ key: bytesOf(7) });
const noReferences = () => [];

/** @param facts - what stands for the digest of its facts, and for what it lists before the dot: `a.1` and `a.2` list the same */
interface Made {
  readonly facts: string;
  readonly claimed?: number;
  readonly signed?: boolean;
}

const digestOf = (text: string) => Uint8Array.from({ length: 32 }, (_, i) => text.charCodeAt(i % text.length));
const pointer = (entry: number, facts: string) => ({
  entry, at: 1000 + entry, by: { kind: 'person', auth: 'key' } as const, facts: digestOf(facts), semantics: 1, deviations: 0,
});

/** A document of these, in the order of the log: an attestation beside each that is signed. */
function documentOf(made: readonly Made[]) {
  const sboms = made.map(({ facts, claimed }, i): SbomPointer => (
    { ...pointer(2 * i + 1, facts), format: 'cyclonedx', components: 1, ...(claimed === undefined ? {} : { claimed }) }
  ));
  const attestations = made.flatMap(({ facts, signed = true }, i): AttestationPointer[] => (
    signed ? [{ ...pointer(2 * i, facts), envelope: 'dsse', signatures: [holdsUnder(7)] }] : []
  ));
  const listed = new Map(made.map(({ facts }) => [formatHex(digestOf(facts)), facts.split('.')[0] as string]));
  const entryOf = (place: number | undefined) => (place === undefined ? null : 2 * place + 1);
  return { document: { sboms, attestations }, listedIn: ({ facts }: SbomPointer) => listed.get(formatHex(facts)) ?? null, entryOf };
}

/** The places of the one that counts, of those left aside, and of those that say they are older. */
function told(...made: readonly Made[]) {
  const { document, listedIn } = documentOf(made);
  const { sbom, aside, older } = countingSbom(document, trust, noReferences, listedIn);
  const places = (all: readonly SbomPointer[]) => all.map(({ entry }) => (entry - 1) / 2);
  return [sbom === null ? null : (sbom.entry - 1) / 2, places(aside), places(older)];
}

describe('of signed ones', () => {
  test.each<[string, readonly Made[], unknown]>([
    ['one alone', [{ facts: 'a' }], [0, [], []]],
    ['the last to come, where none says when it was made', [{ facts: 'a' }, { facts: 'b' }], [1, [], []]],
    ['no older one in another envelope', [{ facts: 'a.1' }, { facts: 'b' }, { facts: 'a.2' }], [1, [], []]],
    ['no older one in the same file again', [{ facts: 'a' }, { facts: 'b' }, { facts: 'a' }], [1, [], []]],
    ['the last to be made', [{ facts: 'a', claimed: 20 }, { facts: 'b', claimed: 10 }], [0, [], [1]]],
    ['of two made at once the last to come', [{ facts: 'a', claimed: 10 }, { facts: 'b', claimed: 10 }], [1, [], []]],
    ['no older one of the same time', [{ facts: 'a.1', claimed: 10 }, { facts: 'b', claimed: 10 }, { facts: 'a.2', claimed: 10 }], [1, [], []]],
    ['one that lists the same and was made later', [{ facts: 'a.1', claimed: 10 }, { facts: 'b', claimed: 20 }, { facts: 'a.2', claimed: 30 }], [2, [], []]],
    ['none of a time to come before it came', [{ facts: 'a', claimed: 1e9 }, { facts: 'b' }], [1, [], []]],
    ['one without a time by when it came', [{ facts: 'a', claimed: 1002 }, { facts: 'b' }, { facts: 'c', claimed: 1002 }], [1, [], [2]]],
    ['none beside one that nobody signed', [{ facts: 'a', claimed: 10 }, { facts: 'b', claimed: 20, signed: false }], [0, [1], []]],
    ['none where nobody signed any: the last to come', [{ facts: 'a', claimed: 20, signed: false }, { facts: 'b', claimed: 10, signed: false }], [1, [], []]],
  ])('counts %s', (_, made, expected) => expect(told(...made)).toEqual(expected));

  test('those alike are the ones that have to be read', () => {
    const made = [{ facts: 'a', claimed: 1 }, { facts: 'b', claimed: 1 }, { facts: 'c' }, { facts: 'c' }, { facts: 'd', claimed: 2 }];
    const { document, entryOf } = documentOf(made);
    expect(alikeSboms(document, trust, noReferences).map(({ entry }) => entry)).toEqual([entryOf(0), entryOf(1)]);
  });

  test('what cannot be read is itself alone', () => {
    const { document, entryOf } = documentOf([{ facts: 'a.1' }, { facts: 'b' }, { facts: 'a.2' }]);
    expect(countingSbom(document, trust, noReferences, () => null).sbom?.entry).toBe(entryOf(2));
  });

  test('under gate semantics 3 the last whose facts were new', () => {
    const { document, entryOf } = documentOf([{ facts: 'a.1', claimed: 10 }, { facts: 'b', claimed: 20 }, { facts: 'a.2', claimed: 10 }]);
    expect(countingSbomBefore(document, trust, noReferences).sbom?.entry).toBe(entryOf(2));
  });

  test('nobody changes what counts by sending again what is there, in whatever envelope', () => {
    const one = fc.record({ facts: fc.constantFrom('a.1', 'b.1', 'c.1'), claimed: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }) });
    fc.assert(fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(5), { maxLength: 5 }), fc.nat(3), (made, again, envelope) => {
      const first = made as readonly Made[];
      const more = again.map((place) => first[place % first.length] as Made)
        .map(({ facts, ...rest }): Made => ({ ...rest, facts: facts.replace('.1', `.${envelope + 2}`) }));
      expect(told(...first, ...more)[0]).toBe(told(...first)[0]);
    }));
  });
});
