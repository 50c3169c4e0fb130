// A full reader against honest random logs, and against logs in which exactly one thing is wrong.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { asSet, decodeCbor, encodeCbor, prepareDraft, streamsOfDraft, writeEntry, type Actor, type Digest, type NewEvent } from '../../ledger/events/index.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { Audit, indexedEveryMax, StreamHeads, StreamIndex, streamKeyOf } from '../../ledger/streams/index.ts';
import { families } from '../events/vectors.ts';

type Changed = Record<string, unknown> & { data: Record<string, unknown>; streams: Record<string, unknown>[] };

const self: Actor = { kind: 'ledger', auth: 'self' };
const genesis = families.get('ledger')?.golden[0]?.event as unknown as { data: never };
const digest = (text: string): Digest<'sha256'> => ['sha256', sha256(encodeUtf8(text))];
const stored = (subjects: readonly string[], document: string): NewEvent => ({
  type: 'document.stored',
  by: { kind: 'public', auth: 'none' },
  data: { subjects: asSet(subjects.map(digest)) },
  payloads: [{ role: 'document', size: document.length, media: 'text/plain', digest: digest(document) }],
});

/** A writer as simple as can be: what the log does, without a log. */
class Writer {
  readonly entries: Uint8Array[] = [];
  readonly heads = new StreamHeads();
  at = 1_795_267_127_000;

  add(event: NewEvent): this {
    const draft = prepareDraft(event, sha256);
    const keys = streamsOfDraft(draft).map((name) => streamKeyOf(name));
    const heads = keys.map((key) => this.heads.find(key)).map((ordinal) => (ordinal < 0 ? [0, 0] : [this.heads.version(ordinal), this.heads.index(ordinal)]));
    const arena = new Uint8Array(draft.entryBytesMax);
    const end = writeEntry(draft, this.at, heads.map(([version]) => (version as number) + 1), heads.map(([, index]) => index as number), 0, arena, 0);
    keys.forEach((key, i) => this.heads.advance(key, (heads[i]?.[0] as number) + 1, this.entries.length));
    this.entries.push(arena.slice(0, end));
    return this;
  }

  begin(): this {
    return this.add({ type: 'ledger.created', by: self, data: genesis.data });
  }

  /** The root of the stream index as it stands. */
  root(): Uint8Array {
    return new StreamIndex(this.heads).root();
  }

  decided(artifact: string, size: number, root: Uint8Array): this {
    const decision = families.get('decision')?.golden[1]?.event as unknown as NewEvent<'decision.recorded'> & { data: object };
    const { type, by, payloads, data } = decision;
    return this.add({
      type, by, payloads: payloads ?? [], data: { ...data, artifact: digest(artifact), tree: { size, root: digest('any') }, index: ['sha256', root] },
    });
  }

  indexed(): this {
    return this.add({ type: 'ledger.indexed', by: self, data: { size: this.entries.length, root: ['sha256', new StreamIndex(this.heads).root()] } });
  }
}

function findings(entries: readonly Uint8Array[]): string[] {
  const audit = new Audit();
  return entries.flatMap((entry) => audit.add(entry).map(({ index, code }) => `${index} ${code}`));
}

function changed(entry: Uint8Array, change: (event: Changed) => void): Uint8Array {
  const event = decodeCbor(entry) as unknown as Changed;
  change(event);
  return encodeCbor(event as never);
}

const honest = () => new Writer().begin().add(stored(['app', 'lib'], 'a')).add(stored(['app'], 'b')).indexed().add(stored(['app'], 'c')).indexed();

describe('an audit', () => {
  test('finds nothing in honest logs', () => {
    const subjects = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.option(subjects), { maxLength: 25 }), (steps) => {
        const writer = new Writer().begin();
        steps.forEach((step, i) => {
          writer.at += i % 3;
          if (step === null) writer.indexed();
          else writer.add(stored(step, `document ${i}`));
        });
        const audit = new Audit();
        expect(writer.entries.flatMap((entry) => audit.add(entry))).toEqual([]);
        expect(audit.size).toBe(writer.entries.length);
        expect(audit.index.root()).toEqual(new StreamIndex(writer.heads).root());
      }),
      { numRuns: 30 },
    );
  });

  test.each<[string, number, (event: Changed) => void, string[]]>([
    ['a tag left off', 1, (e) => e.streams.shift(), ['1 AUDIT_STREAMS_WRONG', '3 AUDIT_INDEX_WRONG', '5 AUDIT_INDEX_WRONG']],
    ['a tag of another stream', 1, (e) => ((e.streams[0] as { name: string }).name = 'trust'),
      ['1 AUDIT_STREAMS_WRONG', '3 AUDIT_INDEX_WRONG', '5 AUDIT_INDEX_WRONG']],
    ['a version forked', 4, (e) => Object.assign(e.streams[0] as object, { version: 2, prev: 1 }),
      ['4 AUDIT_VERSION_WRONG', '4 AUDIT_PREV_WRONG', '5 AUDIT_INDEX_WRONG']],
    ['a version left out', 4, (e) => Object.assign(e.streams[0] as object, { version: 4 }), ['4 AUDIT_VERSION_WRONG', '5 AUDIT_INDEX_WRONG']],
    ['an old head pinned', 4, (e) => Object.assign(e.streams[0] as object, { prev: 1 }), ['4 AUDIT_PREV_WRONG']],
    ['an index with a false root', 3, (e) => ((e.data.root as Digest)[1][0]! ^= 1), ['3 AUDIT_INDEX_WRONG']],
    ['an index over fewer entries', 3, (e) => (e.data.size = 2), ['3 AUDIT_INDEX_WRONG']],
    ['evidence recognised as other evidence', 2, (e) => (e.sameAs = new Uint8Array(16)), ['2 AUDIT_RECOGNITION_WRONG']],
    ['a time that goes back', 4, (e) => (e.at = 5), ['4 AUDIT_ORDER_WRONG']],
    ['a cause that is not earlier', 2, (e) => (e.cause = [0, 2]), ['2 AUDIT_ORDER_WRONG']],
    ['a type of a later time', 2, (e) => (e.type = 'document.dreamt'), ['2 AUDIT_EVENT_UNKNOWN']],
    ['a shape of a later time', 2, (e) => (e.schema = 2), ['2 AUDIT_EVENT_UNKNOWN']],
    ['an unknown key', 5, (e) => (e.data.note = 1), ['5 AUDIT_ENTRY_INVALID']],
  ])('%s', (_, at, change, expected) => {
    expect(findings(honest().entries.map((entry, i) => (i === at ? changed(entry, change) : entry)))).toEqual(expected);
  });

  test('decisions state the index of a size before them, whatever came between', () => {
    const step = fc.record({ subjects: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 }), back: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), fc.boolean(), (steps, lies) => {
        const writer = new Writer().begin();
        const roots = [new Uint8Array(32), writer.root()];
        for (const [i, { subjects, back }] of steps.entries()) {
          if (i % 3 === 2) {
            const size = Math.max(1, writer.entries.length - back);
            writer.decided(subjects[0] as string, size, roots[size] as Uint8Array);
          } else if (i % 7 === 6) writer.indexed();
          else writer.add(stored(subjects, `document ${i}`));
          roots.push(writer.root());
        }
        expect(findings(writer.entries)).toEqual([]);
        const size = writer.entries.length;
        // Each entry moves a stream, so each size has another root.
        const [stated, root] = lies ? [size - 1, roots[size]] : [size + 1, roots[size]];
        expect(findings(writer.decided('a', stated, root as Uint8Array).entries)).toEqual([`${size} AUDIT_INDEX_WRONG`]);
      }),
      { numRuns: 60 },
    );
  });

  test('a decision looks back 65,536 entries and no further', () => {
    const body = encodeUtf8('{}');
    for (const [bodies, expected] of [[indexedEveryMax - 1, 0], [indexedEveryMax, 1]] as const) {
      const audit = new Audit();
      audit.add(parseHex(families.get('ledger')?.golden[1]?.hex as string));
      const decided = new Writer().begin().decided('app', 1, audit.index.root()).entries[1] as Uint8Array;
      for (let i = 0; i <= bodies; i++) audit.add(body);
      expect(audit.add(decided).filter(({ code }) => code === 'AUDIT_INDEX_WRONG')).toHaveLength(expected);
    }
  });

  test('the beginning and the end', () => {
    const { entries } = new Writer().begin().add({ type: 'ledger.ended', by: self, data: { reason: 'moved' } });
    const more = honest().entries[1] as Uint8Array;
    expect(findings([more])).toEqual(['0 AUDIT_GENESIS_WRONG']);
    expect(findings([encodeUtf8('{}')])).toEqual(['0 AUDIT_GENESIS_WRONG']);
    expect(findings([...entries.slice(0, 1), entries[0] as Uint8Array]).filter((found) => found.includes('GENESIS'))).toEqual(['1 AUDIT_GENESIS_WRONG']);
    expect(findings([...entries, more])).toEqual(['2 AUDIT_ENDED']);
  });

  test('a key whose id is not its hash', () => {
    const [first] = new Writer().begin().entries as [Uint8Array];
    const lied = changed(first, (e) => {
      const [key] = e.data.keys as { id: Uint8Array }[];
      (key as { id: Uint8Array }).id = new Uint8Array(32);
      Object.assign(e.streams[1] as object, { name: `key:${'0'.repeat(64)}` });
    });
    expect(findings([lied])).toEqual(['0 AUDIT_RECOGNITION_WRONG']);
  });

  test.each(['key.added', 'key.rotated'])('%s with an id that is not its hash', (type) => {
    const golden = families.get('key')?.golden.find((one) => (one.event as { type: string }).type === type)?.event as unknown as NewEvent;
    const { entries } = new Writer().begin().add({ type, by: golden.by, data: golden.data, payloads: golden.payloads ?? [] } as NewEvent);
    expect(findings(entries)).toEqual([]);
    const lied = changed(entries[1] as Uint8Array, (e) => {
      const key = (e.data.key ?? e.data.to) as { id: Uint8Array };
      const hex = formatHex(key.id);
      key.id = new Uint8Array(32).fill(0xff);
      for (const tag of e.streams) if (tag.name === `key:${hex}`) tag.name = `key:${'f'.repeat(64)}`;
      e.streams.sort((a, b) => compareBytes(encodeCbor(a.name as string), encodeCbor(b.name as string)));
    });
    expect(findings([entries[0] as Uint8Array, lied])).toEqual(['1 AUDIT_RECOGNITION_WRONG']);
  });

  test('what a ledger takes is said by its first entry alone', () => {
    const [plain, more] = honest().entries as [Uint8Array, Uint8Array];
    const raw = parseHex(families.get('ledger')?.golden[2]?.hex as string);
    expect(findings([plain, raw, encodeUtf8('{')]).filter((found) => found.startsWith('2 '))).toContain('2 AUDIT_KIND_WRONG');
    expect(findings([more, encodeUtf8('{}')])).toEqual(['0 AUDIT_GENESIS_WRONG', '1 AUDIT_KIND_WRONG']);
  });

  test('a cause that is earlier', () => {
    const caused = { ...stored(['a'], 'a'), cause: [0] } as NewEvent;
    expect(findings(new Writer().begin().add(caused).entries)).toEqual([]);
  });

  test('only links look back as links do', () => {
    const linked: NewEvent = { type: 'document.linked', by: self, data: { back: 1, subjects: [digest('x')] } };
    const later = changed(new Writer().begin().add(stored(['a'], 'a')).add(linked).entries[2] as Uint8Array, (e) => {
      e.schema = 2;
      e.data.back = 9;
    });
    expect(findings([...new Writer().begin().add(stored(['a'], 'a')).entries, later])).toEqual(['2 AUDIT_EVENT_UNKNOWN']);
    const golden = families.get('rekor')?.golden[0]?.event as unknown as NewEvent<'rekor.recorded'>;
    const recorded = { type: golden.type, by: golden.by, data: { ...golden.data, back: 5 }, payloads: golden.payloads ?? [] } as NewEvent;
    expect(findings(new Writer().begin().add(recorded).entries)).toEqual(['1 AUDIT_ORDER_WRONG']);
  });

  test('a link beyond the beginning', () => {
    const linked = (back: number): NewEvent => ({ type: 'document.linked', by: self, data: { back, subjects: [digest('x')] } });
    expect(findings(new Writer().begin().add(stored(['a'], 'a')).add(linked(1)).entries)).toEqual([]);
    expect(findings(new Writer().begin().add(linked(1)).entries)).toEqual(['1 AUDIT_ORDER_WRONG']);
  });

  test('a clock that was set back', () => {
    const writer = new Writer().begin();
    writer.at -= 1000;
    writer.add({ type: 'ledger.clock_set', by: { kind: 'person', auth: 'local', person: new Uint8Array(16) }, data: { from: 2, to: 1, reason: 'behind' } });
    expect(findings(writer.add(stored(['a'], 'a')).entries)).toEqual([]);
  });

  test('Rekor bodies where the genesis admits them, and no others', () => {
    const body = encodeUtf8('{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}');
    const loose = encodeUtf8('{"kind":"hashedrekord", "apiVersion":"0.0.1"}');
    const [plain] = new Writer().begin().entries as [Uint8Array];
    const admitting = parseHex(families.get('ledger')?.golden[1]?.hex as string);
    expect(findings([admitting, body])).toEqual([]);
    expect(findings([admitting, loose])).toEqual(['1 AUDIT_ENTRY_INVALID']);
    expect(findings([admitting, encodeUtf8('{"a":1,"a":2}')])).toEqual(['1 AUDIT_ENTRY_INVALID']);
    expect(findings([plain, body])).toEqual(['1 AUDIT_KIND_WRONG']);
    expect(findings([admitting, Uint8Array.of(0)])).toEqual(['1 AUDIT_ENTRY_INVALID']);
  });

  test('a raw ledger is not decoded after its genesis', () => {
    const raw = parseHex(families.get('ledger')?.golden[2]?.hex as string);
    expect(findings([raw, new Uint8Array(0), encodeUtf8('{'), raw])).toEqual([]);
  });

  test('a stream index is due 65,536 entries after the last one', () => {
    const admitting = parseHex(families.get('ledger')?.golden[1]?.hex as string);
    const audit = new Audit();
    audit.add(admitting);
    const root = audit.index.root();
    const indexed = new Writer().begin().add({ type: 'ledger.indexed', by: self, data: { size: 1, root: ['sha256', root] } }).entries[1] as Uint8Array;
    expect(audit.add(indexed)).toEqual([]);
    const body = encodeUtf8('{}');
    const found = Array.from({ length: indexedEveryMax + 10 }, () => audit.add(body)).flat();
    expect(found).toMatchObject([{ index: indexedEveryMax + 1, code: 'AUDIT_INDEX_MISSING', message: 'no stream index since entry 1' }]);
  });
});
