// Streams derived from data by templates: names in the order of their bytes, none twice, and never too many or too long.
import { describe, expect, test } from 'vitest';
import { LedgerError } from '../../ledger/errors.ts';
import { asSet, type CborMap } from '../../ledger/events/index.ts';
import { compileTemplate, deriveStreams, StreamNames } from '../../ledger/events/streams-of.ts';

const names = new StreamNames();

function derived(templates: readonly string[], data: CborMap): string[] {
  deriveStreams(templates.map(compileTemplate), data, names);
  return Array.from({ length: names.count }, (_, i) => names.text(i));
}

function refusal(templates: readonly string[], data: CborMap): LedgerError {
  try {
    derived(templates, data);
  } catch (error) {
    if (error instanceof LedgerError) return error;
  }
  throw new Error('accepted');
}

const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const hex = (byte: number) => byte.toString(16).padStart(2, '0').repeat(32);

describe('streams of data', () => {
  test('a constant, a text, a byte string, a digest, and each of a list, wherever the path leads', () => {
    const data = { by: { key: bytes(1) }, subjects: [['sha256', bytes(2)], ['sha256', bytes(3)]], list: [{ id: 'CVE-1' }, { id: 'CVE-2' }, {}] };
    expect(derived(['ledger', 'key:{by.key}', 'artifact:{subjects}', 'vuln:{list.id}', 'feed:{absent.name}'], data)).toEqual([
      'ledger', 'vuln:CVE-1', 'vuln:CVE-2', `key:${hex(1)}`, `artifact:sha256:${hex(2)}`, `artifact:sha256:${hex(3)}`,
    ]);
    // A pair of text and bytes is a digest; three are a list.
    expect(derived(['x:{list}'], { list: ['ab', Uint8Array.of(0xff), 'cde'] })).toEqual(['x:ab', 'x:ff', 'x:cde']);
  });

  test.each([
    [['b', 'a', 'c']], [['c', 'b', 'a']], [['a', 'a']], [['b', 'b', 'a']], [['a', 'b', 'a', 'c', 'b']],
    [['c', 'a', 'b', 'a', 'c']], [['bb', 'a', 'ccc', 'aa', 'bb', 'a']],
  ])('%j come sorted by their bytes, each once', (list) => {
    // What an earlier call left behind the names must not matter.
    derived(['x:{list}'], { list: Array.from({ length: 64 }, (_, i) => `${i}`.repeat(1 + (i % 3))) });
    expect(derived(['x:{list}'], { list })).toEqual(asSet(list.map((name) => `x:${name}`)));
  });

  test('what is no template is a name', () => {
    expect(derived(['1x:{a}'], { a: 'b' })).toEqual(['1x:{a}']);
    expect(derived(['x:{a}1'], { a: 'b' })).toEqual(['x:{a}1']);
  });

  test('none, and more than 64, are refused with what to do instead', () => {
    const hint = 'name more subjects in a linked event of the same batch';
    const numbered = (count: number) => ({ list: Array.from({ length: count }, (_, i) => `${i}`) });
    expect(refusal(['x:{list}'], {})).toMatchObject({ code: 'EVENT_INVALID', hint });
    expect(derived(['x:{list}'], numbered(64))).toHaveLength(64);
    expect(refusal(['x:{list}'], numbered(65))).toMatchObject({ code: 'EVENT_INVALID', hint });
    expect(refusal(['x:{list}'], numbered(192)).message).toContain('192 streams');
    expect(refusal(['x:{list}'], numbered(193))).toMatchObject({ code: 'EVENT_INVALID', message: 'Cannot accept event: more than 64 streams' });
  });

  test('a name of 255 bytes is the longest', () => {
    expect(derived(['x:{a}'], { a: 'a'.repeat(253) })).toEqual([`x:${'a'.repeat(253)}`]);
    expect(refusal(['x:{a}'], { a: 'a'.repeat(254) })).toMatchObject({ code: 'EVENT_INVALID', message: 'Cannot accept event: a stream name of 256 bytes' });
  });
});
