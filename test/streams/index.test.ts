// The stream index against outside vectors, and against a plain map with a slow, obvious trie.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUint64, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { pureSlots, StreamHeads, StreamIndex, StreamProofs, streamKeyOf, verifyStreamProof, type Slots, type StreamProof } from '../../ledger/streams/index.ts';
import { listAt, nodeWords, slotsAtOnce } from '../../ledger/streams/slots.ts';
import vectors from '../../spec/vectors/streams/index.json' with { type: 'json' };

interface JsonProof {
  readonly stream: string;
  readonly claim: string;
  readonly siblings: readonly string[];
  readonly version?: number;
  readonly index?: number;
  readonly leaf?: { readonly key: string; readonly version: number; readonly index: number };
}

function proofOf(json: JsonProof): StreamProof {
  const siblings = json.siblings.map((hash) => parseHex(hash));
  if (json.claim === 'present') return { claim: 'present', siblings, version: json.version as number, index: json.index as number };
  return json.leaf === undefined ? { claim: 'absent', siblings } : { claim: 'absent', siblings, leaf: { ...json.leaf, key: parseHex(json.leaf.key) } };
}

function indexOf(streams: readonly { readonly name: string; readonly version: number; readonly index: number }[]): StreamIndex {
  const heads = new StreamHeads();
  for (const { name, version, index } of streams) heads.advance(streamKeyOf(name), version, index);
  return new StreamIndex(heads);
}

type Head = { readonly key: Uint8Array; readonly version: number; readonly index: number };
const zero = new Uint8Array(32);
const bit = (key: Uint8Array, depth: number) => ((key[depth >> 3] as number) >> (7 - (depth % 8))) & 1;

let hashed = 0;
/** Hashes as the index asks for them, and counts. */
function counting(): Slots {
  const pure = pureSlots();
  return {
    get words() {
      return pure.words;
    },
    grow: (slots) => pure.grow(slots),
    hashNodes(count) {
      hashed += count;
      pure.hashNodes(count);
    },
    hashLeaves(count) {
      hashed += count;
      pure.hashLeaves(count);
    },
  };
}

/** The specification's root, word for word. */
function slowRoot(heads: readonly Head[], depth = 0): Uint8Array {
  const [first] = heads;
  if (first === undefined) return zero;
  if (heads.length === 1) return sha256(concatBytes(Uint8Array.of(2), first.key, encodeUint64(first.version), encodeUint64(first.index)));
  const side = (want: number) => slowRoot(heads.filter(({ key }) => bit(key, depth) === want), depth + 1);
  return sha256(concatBytes(Uint8Array.of(3), side(0), side(1)));
}

/** What is hashed again when some of the streams have moved: their leaves, and the nodes above those. */
function hashesAbove(moved: ReadonlySet<string>, keys: readonly Uint8Array[], depth = 0): number {
  if (!keys.some((key) => moved.has(formatHex(key)))) return 0;
  if (keys.length === 1) return 1;
  return [0, 1].reduce((sum, want) => sum + hashesAbove(moved, keys.filter((key) => bit(key, depth) === want), depth + 1), 1);
}

describe('vectors', () => {
  test.each(vectors.cases.map((one) => [one.name, one] as const))('%s', (_, { streams, root, proofs }) => {
    const index = indexOf(streams);
    expect(formatHex(index.root())).toBe(root);
    for (const json of proofs as JsonProof[]) {
      expect(index.prove(streamKeyOf(json.stream))).toEqual(proofOf(json));
      expect(verifyStreamProof(parseHex(root), json.stream, proofOf(json))).toEqual({ ok: true });
    }
  });

  const CODE: Readonly<Record<string, string>> = {
    'present said absent by its own leaf': 'STREAM_PROOF_LEAF_WRONG',
    'leaf of another branch': 'STREAM_PROOF_LEAF_WRONG',
    // Both then end beside an absent child, where no path of an index ends.
    'sibling dropped': 'STREAM_PROOF_MALFORMED',
    'sibling added': 'STREAM_PROOF_MALFORMED',
  };

  test.each(vectors.rejected.map((one) => [one.name, one] as const))('a lie: %s', (name, { case: of, proof }) => {
    const { root } = vectors.cases.find((one) => one.name === of) as { root: string };
    const verdict = verifyStreamProof(parseHex(root), proof.stream, proofOf(proof as JsonProof));
    expect(verdict).toMatchObject({ ok: false, code: CODE[name] ?? 'STREAM_PROOF_ROOT_MISMATCH' });
  });
});

describe('malformed proofs', () => {
  const index = indexOf([{ name: 'ledger', version: 2, index: 5 }, { name: 'trust', version: 1, index: 3 }]);
  const root = index.root();
  const present = index.prove(streamKeyOf('trust')) as StreamProof & { claim: 'present' };
  const absent = index.prove(streamKeyOf('policy:x')) as StreamProof & { claim: 'absent' };
  const leaf = { key: streamKeyOf('ledger'), version: 2, index: 5 };
  test.each<[string, StreamProof, string]>([
    ['257 siblings', { ...present, siblings: Array.from({ length: 257 }, () => new Uint8Array(32).fill(1)) }, '257 siblings, where keys have 256 bits'],
    ['a short sibling', { ...present, siblings: [...present.siblings.slice(1), new Uint8Array(31)] }, 'a sibling that is not of 32 bytes'],
    ['a lone leaf beside nothing', { ...present, siblings: [...present.siblings, zero] }, 'a path that goes on where its subtree holds one stream at most'],
    ['version 0', { ...present, version: 0 }, 'the version 0'],
    ['a fraction for a version', { ...present, version: 1.5 }, 'the version 1.5'],
    ['a version beyond safe integers', { ...present, version: 2 ** 53 }, 'the version 9007199254740992'],
    ['index -1', { ...present, index: -1 }, 'the index -1'],
    ['an index beyond safe integers', { ...present, index: 2 ** 53 }, 'the index 9007199254740992'],
    ['no index', { ...present, index: Number.NaN }, 'the index NaN'],
    ['a leaf with a short key', { ...absent, leaf: { ...leaf, key: leaf.key.slice(1) } }, 'a leaf whose key is not of 32 bytes'],
    ['a leaf of version 0', { ...absent, leaf: { ...leaf, version: 0 } }, 'the version 0'],
  ])('%s', (_, proof, message) => {
    expect(verifyStreamProof(root, 'trust', proof)).toEqual({ ok: false, code: 'STREAM_PROOF_MALFORMED', message });
  });

  test('a key has 256 bits, and no proof is longer than that', () => {
    const siblings = Array.from({ length: 256 }, () => new Uint8Array(32).fill(1));
    expect(verifyStreamProof(root, 'trust', { ...present, siblings })).toMatchObject({ ok: false, code: 'STREAM_PROOF_ROOT_MISMATCH' });
  });

  test('the messages name the stream', () => {
    expect(verifyStreamProof(zero, 'trust', present)).toEqual({
      ok: false,
      code: 'STREAM_PROOF_ROOT_MISMATCH',
      message: 'the proof that trust is present does not lead to this root',
    });
  });
});

describe('against a plain map', () => {
  // Few names, so that streams are touched again and again, and roots are asked for in between.
  const step = fc.record({ name: fc.integer({ min: 0, max: 60 }).map((n) => `waiver:${n}`), ask: fc.integer({ min: 0, max: 5 }) });

  test('roots and proofs of random histories', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (history) => {
        const plain = new Map<string, Head>();
        const heads = new StreamHeads();
        const index = new StreamIndex(heads);
        history.forEach(({ name, ask }, at) => {
          const key = streamKeyOf(name);
          const version = (plain.get(name)?.version ?? 0) + 1;
          plain.set(name, { key, version, index: at });
          index.touch(heads.advance(key, version, at));
          if (ask > 0) return;
          const root = slowRoot([...plain.values()]);
          expect(formatHex(index.root())).toBe(formatHex(root));
          for (const asked of [name, 'waiver:0', 'waiver:61', 'ledger']) {
            const proof = index.prove(streamKeyOf(asked));
            const there = plain.get(asked);
            expect(proof).toMatchObject(there === undefined ? { claim: 'absent' } : { claim: 'present', version: there.version, index: there.index });
            expect(verifyStreamProof(root, asked, proof)).toEqual({ ok: true });
          }
        });
        // Built at once, the index is the same.
        expect(formatHex(new StreamIndex(heads).root())).toBe(formatHex(slowRoot([...plain.values()])));
      }),
      { numRuns: 150 },
    );
  });

  test('tampering is found with its exact code', () => {
    const streams = Array.from({ length: 300 }, (_, i) => ({ name: `waiver:${i}`, version: 1 + (i % 7), index: 10 * i }));
    const index = indexOf(streams);
    const root = index.root();
    const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at % 32 ? byte ^ (1 << (at % 8)) : byte));
    const crimes: Record<string, { expect: string; apply: (proof: StreamProof, at: number) => StreamProof }> = {
      'a bit of a sibling': {
        expect: 'STREAM_PROOF_ROOT_MISMATCH',
        apply: (p, at) => ({ ...p, siblings: p.siblings.map((hash, i) => (i === at % p.siblings.length ? flip(hash, at) : hash)) }),
      },
      'the last sibling left off': { expect: 'STREAM_PROOF_ROOT_MISMATCH', apply: (p) => ({ ...p, siblings: p.siblings.slice(0, -1) }) },
      'one version more': {
        expect: 'STREAM_PROOF_ROOT_MISMATCH',
        apply: (p) => (p.claim === 'present' ? { ...p, version: p.version + 1 } : p),
      },
    };
    fc.assert(
      fc.property(fc.nat({ max: 299 }), fc.nat(), fc.constantFrom(...Object.keys(crimes)), (i, at, crime) => {
        const name = `waiver:${i}`;
        const proof = index.prove(streamKeyOf(name));
        const { apply, expect: code } = crimes[crime] as (typeof crimes)[string];
        expect(verifyStreamProof(root, name, proof)).toEqual({ ok: true });
        // Cut before an absent child, a proof is malformed rather than wrong.
        const verdict = verifyStreamProof(root, name, apply(proof, at));
        expect(verdict.ok ? 'accepted' : verdict.code).toBe(endsAbsent(apply(proof, at)) ? 'STREAM_PROOF_MALFORMED' : code);
      }),
      { numRuns: 1_000 },
    );
  });

  test('many proofs under one root are answered as each by itself', () => {
    let sharedHashes = 0;
    const counted = (bytes: Uint8Array) => {
      sharedHashes++;
      return sha256(bytes);
    };
    const kinds = ['honest', 'sibling', 'version', 'shorter', 'longer', 'swapped', 'leaf', 'absent'] as const;
    const asked = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 300 }), fc.constantFrom('honest', 'honest', 'honest', ...kinds));
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.array(asked, { maxLength: 40 }), (count, steps) => {
        const index = indexOf(Array.from({ length: count }, (_, i) => ({ name: `waiver:${i}`, version: 1 + (i % 7), index: 10 * i })));
        const root = index.root();
        const proofs = new StreamProofs(root, counted);
        for (const [i, at, kind] of steps) {
          const [name, honest] = [`waiver:${i}`, index.prove(streamKeyOf(`waiver:${i}`))];
          const proof = kind === 'honest' ? honest : spoilt(kind, at, honest, index.prove(streamKeyOf(`waiver:${at}`)));
          expect(proofs.verify(name, proof)).toEqual(verifyStreamProof(root, name, proof));
        }
      }),
      { numRuns: 500 },
    );
    // A second time nothing but names is hashed: what was shown stays shown.
    const index = indexOf(Array.from({ length: 30 }, (_, i) => ({ name: `waiver:${i}`, version: 1, index: i })));
    const names = Array.from({ length: 500 }, (_, i) => `waiver:${i}`);
    const proofs = new StreamProofs(index.root(), counted);
    for (const name of names) expect(proofs.verify(name, index.prove(streamKeyOf(name)))).toEqual({ ok: true });
    sharedHashes = 0;
    for (const name of names) expect(proofs.verify(name, index.prove(streamKeyOf(name)))).toEqual({ ok: true });
    expect(sharedHashes).toBe(names.length);
  });

  test('a leaf that was shown vouches for itself only', () => {
    const index = indexOf(Array.from({ length: 20 }, (_, i) => ({ name: `waiver:${i}`, version: 3, index: 10 + i })));
    const proofs = new StreamProofs(index.root());
    const honest = index.prove(streamKeyOf('waiver:7')) as StreamProof & { claim: 'present' };
    for (const lie of [{ index: 18 }, { version: 4 }, { index: 16, version: 2 }]) {
      expect(proofs.verify('waiver:7', honest)).toEqual({ ok: true });
      expect(proofs.verify('waiver:7', { ...honest, ...lie })).toMatchObject({ ok: false, code: 'STREAM_PROOF_ROOT_MISMATCH' });
    }
  });

  test('a claim of absence that was shown speaks for the names whose path ends there, and for no other', () => {
    const index = indexOf(Array.from({ length: 40 }, (_, i) => ({ name: `waiver:${i}`, version: 1, index: i })));
    const root = index.root();
    const names = Array.from({ length: 120 }, (_, i) => `waiver:${i}`);
    // Each claim is one object, however often it is asked about: the streams of the leaves are among the names.
    const claims = names.map((name) => index.prove(streamKeyOf(name))).filter(({ claim }) => claim === 'absent');
    const proofs = new StreamProofs(root);
    const codes = new Set<string>();
    for (const claim of claims) {
      // A second time when it was shown: now the leaf's own name comes after those that it speaks of.
      for (const name of [...names, ...names]) {
        const verdict = proofs.verify(name, claim);
        expect(verdict).toEqual(verifyStreamProof(root, name, claim));
        codes.add(verdict.ok ? 'ok' : verdict.code);
      }
    }
    expect([...codes].sort()).toEqual(['STREAM_PROOF_LEAF_WRONG', 'STREAM_PROOF_ROOT_MISMATCH', 'ok']);
  });

  function spoilt(kind: string, at: number, proof: StreamProof, other: StreamProof): StreamProof {
    const { siblings } = proof;
    const flipped = (hash: Uint8Array) => hash.map((byte, i) => (i === at % 32 ? byte ^ (1 << (at % 8)) : byte));
    if (kind === 'sibling') return { ...proof, siblings: siblings.map((hash, i) => (i === at % siblings.length ? flipped(hash) : hash)) };
    if (kind === 'shorter') return { ...proof, siblings: siblings.slice(0, -1) };
    if (kind === 'longer') return { ...proof, siblings: [...siblings, new Uint8Array(32).fill(7)] };
    if (kind === 'swapped') return other;
    if (kind === 'absent') return { claim: 'absent', siblings };
    if (proof.claim === 'present') return { ...proof, version: proof.version + (kind === 'version' ? 1 : 0), index: proof.index + (kind === 'leaf' ? 1 : 0) };
    if (proof.leaf === undefined) return { ...proof, leaf: { key: streamKeyOf('waiver:1'), version: 1, index: 0 } };
    return { ...proof, leaf: kind === 'leaf' ? { ...proof.leaf, key: flipped(proof.leaf.key) } : { ...proof.leaf, version: proof.leaf.version + 1 } };
  }

  function endsAbsent({ siblings }: StreamProof): boolean {
    return siblings[siblings.length - 1]?.every((byte) => byte === 0) ?? false;
  }

  test('keys that share 40 bits', () => {
    const heads = new StreamHeads();
    const keys = [0, 1, 2, 3].map((last) => Uint8Array.from({ length: 32 }, (_, i) => (i === 5 ? last << 6 : i > 5 ? last : 0xa5)));
    keys.forEach((key, i) => heads.advance(key, i + 1, 7 * i));
    expect(formatHex(new StreamIndex(heads).root())).toBe(formatHex(slowRoot(keys.map((key, i) => ({ key, version: i + 1, index: 7 * i })))));
  });

  test('keys that share all but their last bit', () => {
    const heads = new StreamHeads();
    const keys = [0, 1].map((last) => new Uint8Array(32).fill(0x5a).with(31, last));
    keys.forEach((key, i) => heads.advance(key, 1, i));
    const index = new StreamIndex(heads);
    expect(formatHex(index.root())).toBe(formatHex(slowRoot(keys.map((key, i) => ({ key, version: 1, index: i })))));
    expect(index.prove(keys[1] as Uint8Array).siblings).toHaveLength(256);
  });

  test('thousands of streams, whose nodes are numbered anew as they come', () => {
    const heads = new StreamHeads();
    const index = new StreamIndex(heads, counting());
    const plain = new Map<string, Head>();
    const move = (name: string, version: number, at: number) => {
      const key = streamKeyOf(name);
      index.touch(heads.advance(key, version, at));
      if (version === 0) plain.delete(name);
      else plain.set(name, { key, version, index: at });
    };
    for (const [stage, count] of [600, 1_500, 1_700, 5_000].entries()) {
      for (let i = plain.size; i < count; i++) move(`waiver:${i}`, 1, i);
      // Old ones move on, some go back to nothing and come again; few of them, so that most nodes stay as they are.
      for (let i = 0; i < count; i += 97) move(`waiver:${i}`, stage + 2, 10 * i);
      for (let i = 1; i < count; i += 353) move(`waiver:${i}`, 0, 0);
      expect(formatHex(index.root())).toBe(formatHex(slowRoot([...plain.values()])));
      for (let i = 1; i < count; i += 353) move(`waiver:${i}`, 1, i);
      hashed = 0;
      const root = index.root();
      expect(formatHex(root)).toBe(formatHex(slowRoot([...plain.values()])));
      const moved = Array.from({ length: count }, (_, i) => i).filter((i) => i % 353 === 1).map((i) => formatHex(streamKeyOf(`waiver:${i}`)));
      expect(hashed).toBe(hashesAbove(new Set(moved), [...plain.values()].map(({ key }) => key)));
      for (let i = 0; i <= count; i += 61) {
        const name = `waiver:${i}`;
        expect(verifyStreamProof(root, name, index.prove(streamKeyOf(name)))).toEqual({ ok: true });
      }
    }
    // Nothing moved: nothing is hashed.
    hashed = 0;
    index.root();
    expect(hashed).toBe(0);
  });

  test('all streams move at once, where a full trie takes slots up to a power of two', () => {
    const heads = new StreamHeads();
    const index = new StreamIndex(heads);
    const plain: Head[] = [];
    for (let i = 0; i < 8_192; i++) {
      const key = new Uint8Array(32).with(0, i >> 5).with(1, (i & 31) << 3);
      plain.push({ key, version: 1, index: i });
      index.touch(heads.advance(key, 1, i));
      if (i < 8_190) continue;
      for (const [ordinal, head] of plain.entries()) {
        plain[ordinal] = { ...head, version: i };
        heads.set(ordinal, i, head.index);
        index.touch(ordinal);
      }
      expect(formatHex(index.root()), `${i}`).toBe(formatHex(slowRoot(plain)));
    }
  });

  test('a stream that moves again and again is hashed once, for the next root', () => {
    const heads = new StreamHeads();
    const index = new StreamIndex(heads, counting());
    const names = ['ledger', 'trust', 'waiver:1'];
    for (let i = 0; i < 5_000; i++) index.touch(heads.advance(streamKeyOf(names[i % 3] as string), 1 + i, i));
    hashed = 0;
    index.root();
    const keys = names.map((name) => streamKeyOf(name));
    expect(hashed).toBe(hashesAbove(new Set(keys.map(formatHex)), keys));
  });

  test('streams that come and go, again and again, take no more room', () => {
    const heads = new StreamHeads();
    const slots = pureSlots();
    const index = new StreamIndex(heads, slots);
    const before = slots.words.length;
    for (let i = 0; i < 12_000; i++) {
      index.touch(heads.advance(streamKeyOf(`waiver:${i % 12}`), Math.floor(i / 12) % 2, 7));
      if (i % 12 === 11) index.root();
    }
    expect(slots.words.length).toBe(before);
  });

  test('nodes that are hashed together lie together, whatever the order in which streams came and moved', () => {
    const heads = new StreamHeads();
    let [steps, near, before, calls] = [0, 0, 0, 0];
    const pure = pureSlots();
    const watched: Slots = {
      get words() {
        return pure.words;
      },
      grow: (slots) => pure.grow(slots),
      hashLeaves(count) {
        calls += 1;
        pure.hashLeaves(count);
      },
      hashNodes(count) {
        for (let i = 0; i < count; i++) {
          const pair = pure.words[listAt + nodeWords * i] as number;
          steps += 1;
          // A pair is a line of the processor's memory: of those near by, it has the next ones on their way.
          if (Math.abs(pair - before) <= 8) near += 1;
          before = pair;
        }
        pure.hashNodes(count);
      },
    };
    const index = new StreamIndex(heads, watched);
    for (let i = 0; i < 4_000; i++) index.touch(heads.advance(streamKeyOf(`waiver:${i}`), 1, i));
    index.root();
    [steps, near, calls] = [0, 0, 0];
    for (let i = 0; i < 4_000; i++) index.touch((i * 1_237) % 4_000);
    index.root();
    const keys = Array.from({ length: 4_000 }, (_, i) => streamKeyOf(`waiver:${i}`));
    expect(steps + keys.length).toBe(hashesAbove(new Set(keys.map(formatHex)), keys));
    // With one call for each leaf, four at a time would be one at a time.
    expect(calls).toBe(Math.ceil(4_000 / slotsAtOnce));
    // 0.87; in the order of creation it would be 0.27, and with streams hashed as they moved 0.04.
    expect(near / steps).toBeGreaterThan(0.8);
  });

  test('streams that come one by one, each under a root of its own, where the tables of the index grow', () => {
    const heads = new StreamHeads();
    const index = new StreamIndex(heads);
    const plain: Head[] = [];
    const check = () => expect(formatHex(index.root())).toBe(formatHex(slowRoot(plain)));
    for (let i = 0; i < 1_030; i++) {
      const key = streamKeyOf(`waiver:${i}`);
      index.touch(heads.advance(key, 1, i));
      plain.push({ key, version: 1, index: i });
      if (i > 1_020) check();
    }
    for (let i = 1_020; i < 1_030; i++) {
      const { key } = plain[i] as Head;
      index.touch(heads.advance(key, 2, 2 * i));
      plain[i] = { key, version: 2, index: 2 * i };
      check();
    }
  });

  test('what a proof holds is the reader\'s own', () => {
    const heads = new StreamHeads();
    for (const [i, name] of ['ledger', 'trust', 'waiver:1', 'waiver:2', 'waiver:3', 'waiver:4'].entries()) heads.advance(streamKeyOf(name), 1, i);
    const index = new StreamIndex(heads);
    const asked = ['ledger', 'trust', 'policy:a', 'policy:b', 'policy:c'].map((name) => streamKeyOf(name));
    const [root, proofs] = [formatHex(index.root()), asked.map((key) => structuredClone(index.prove(key)))];
    index.root().fill(0);
    for (const key of asked) {
      const proof = index.prove(key);
      for (const sibling of proof.siblings) sibling.fill(0);
      if (proof.claim === 'absent') proof.leaf?.key.fill(0);
    }
    expect(proofs.some((proof) => proof.claim === 'absent' && proof.leaf !== undefined)).toBe(true);
    expect([formatHex(index.root()), asked.map((key) => index.prove(key))]).toEqual([root, proofs]);
  });

  test('streams that go back, to nothing too, and come forward again', () => {
    const step = fc.array(fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const heads = new StreamHeads();
        const index = new StreamIndex(heads);
        const plain = new Map<string, Head>();
        for (const moves of steps) {
          for (const [stream, version] of moves) {
            const key = streamKeyOf(`s${stream}`);
            index.touch(heads.advance(key, version, 7 * version));
            plain.delete(formatHex(key));
            if (version > 0) plain.set(formatHex(key), { key, version, index: 7 * version });
          }
          expect(index.root()).toEqual(slowRoot([...plain.values()]));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a place without events is not in the index', () => {
    const heads = new StreamHeads();
    heads.advance(streamKeyOf('ledger'), 1, 0);
    const root = formatHex(new StreamIndex(heads).root());
    const ordinal = heads.advance(streamKeyOf('trust'), 0, 0);
    const index = new StreamIndex(heads);
    expect(formatHex(index.root())).toBe(root);
    expect(index.prove(streamKeyOf('trust'))).toMatchObject({ claim: 'absent', leaf: { index: 0 } });
    heads.advance(streamKeyOf('trust'), 1, 3);
    index.touch(ordinal);
    expect(index.prove(streamKeyOf('trust'))).toMatchObject({ claim: 'present', version: 1, index: 3 });
  });
});

describe('heads', () => {
  test('forty thousand streams are found again', () => {
    const heads = new StreamHeads();
    for (let i = 0; i < 40_000; i++) expect(heads.advance(streamKeyOf(`waiver:${i}`), 1, i)).toBe(i);
    expect(heads.count).toBe(40_000);
    expect(heads.advance(streamKeyOf('waiver:17000'), 2, 2 ** 40)).toBe(17_000);
    expect([heads.version(17_000), heads.index(17_000), formatHex(heads.key(17_000))]).toEqual([2, 2 ** 40, formatHex(sha256(encodeUtf8('waiver:17000')))]);
    expect([heads.find(streamKeyOf('waiver:39999')), heads.find(streamKeyOf('waiver:40000'))]).toEqual([39_999, -1]);
  });

  test('streams whose keys begin alike are kept apart', () => {
    const heads = new StreamHeads();
    const keys = Array.from({ length: 50 }, (_, i) => new Uint8Array(32).fill(0xff).with(31, i));
    keys.forEach((key, i) => heads.advance(key, i + 1, i));
    expect(keys.map((key) => heads.version(heads.find(key)))).toEqual(keys.map((_, i) => i + 1));
  });
});
