// Roots and proofs against the recursive definitions, for every index and size up to 512.
import { describe, expect, test } from 'vitest';
import {
  emptyRoot, Frontier, inclusionLength, leafHash, nobleHasher, nodeHash, planConsistency, planInclusion, planSubtreeConsistency,
  planSubtreeInclusion, proveConsistency, proveInclusion, assembleProof, isSubtree, verifyConsistency, verifyInclusion, verifySubtreeConsistency,
  verifySubtreeInclusion, verifyWitnessConsistency, type Hasher, type NodeAddress, type ProofPlan,
} from '../../ledger/merkle/index.ts';
import { equalBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { effort } from '../effort.ts';
import { entries, SlowTree } from './slow-tree.ts';

const sizeMax = effort(512, 66);
const tree = new SlowTree(entries(sizeMax));
const leaf = (index: number) => tree.leaves[index] as Uint8Array;
const yes = { ok: true };

/** The perfect nodes of the slow tree, as any store would serve them. */
function node({ level, index }: NodeAddress): Uint8Array {
  return tree.root(index * 2 ** level, (index + 1) * 2 ** level);
}
const assemble = (plan: ProofPlan) => assembleProof(plan, plan.nodes.map(node), remembering);
const hex = (proof: readonly Uint8Array[]) => proof.map(formatHex);

const same = (proof: readonly Uint8Array[], expected: readonly Uint8Array[]) =>
  proof.length === expected.length && proof.every((hash, i) => equalBytes(hash, expected[i] as Uint8Array));

/** Remembers each pair of arrays it has hashed: the proofs up to 512 take two million hashes, of five thousand pairs. */
const seen = new Map<Uint8Array, Map<Uint8Array, Uint8Array>>();
const remembering: Hasher = {
  leaf: leafHash,
  node(left, right) {
    const row = seen.get(left) ?? new Map<Uint8Array, Uint8Array>();
    const hash = row.get(right) ?? nodeHash(left, right);
    seen.set(left, row.set(right, hash));
    return hash;
  },
};

describe('hashes', () => {
  test('a leaf and a node are prefixed and an empty tree is SHA-256 of nothing', () => {
    expect(formatHex(leafHash(new Uint8Array()))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(formatHex(leafHash(Uint8Array.of(0x61)))).toBe(formatHex(nobleHasher.leaf(Uint8Array.of(0x61))));
    const [left, right] = [leafHash(Uint8Array.of(1)), leafHash(Uint8Array.of(2))];
    expect(formatHex(nodeHash(left, right))).not.toBe(formatHex(leafHash(parseHex(formatHex(left) + formatHex(right)))));
    expect(formatHex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(() => nodeHash(left.subarray(1), right)).toThrow(RangeError);
    expect(() => nodeHash(left, right.subarray(1))).toThrow(RangeError);
  });
});

describe(`every index and size up to ${sizeMax}`, () => {
  test('the frontier has the root of the definition at every size', () => {
    const frontier = new Frontier();
    for (let size = 0; size <= sizeMax; size++) {
      expect(frontier.size).toBe(size);
      expect(formatHex(frontier.root())).toBe(formatHex(tree.root(0, size)));
      expect(hex(frontier.hashes)).toEqual(hex(frontier.addresses.map(node)));
      if (size < sizeMax) frontier.append(leaf(size));
    }
  });

  test('inclusion proofs are those of the definition and verify', () => {
    for (let size = 1; size <= sizeMax; size++) {
      for (let index = 0; index < size; index++) {
        const proof = assemble(planInclusion(index, size));
        const expected = tree.path(index, 0, size);
        if (!same(proof, expected)) expect([index, size, hex(proof)]).toEqual([index, size, hex(expected)]);
        if (inclusionLength(index, size) !== proof.length) expect(inclusionLength(index, size)).toBe(proof.length);
        const verdict = verifyInclusion(index, size, leaf(index), proof, tree.root(0, size), remembering);
        if (!verdict.ok) expect([index, size, verdict]).toEqual([index, size, yes]);
      }
    }
  });

  test('consistency proofs are those of the definition and verify', () => {
    for (let size = 1; size <= sizeMax; size++) {
      for (let old = 1; old <= size; old++) {
        const proof = assemble(planConsistency(old, size));
        const expected = tree.subproof(0, old, 0, size);
        if (!same(proof, expected)) expect([old, size, hex(proof)]).toEqual([old, size, hex(expected)]);
        const verdict = verifyConsistency(old, size, tree.root(0, old), tree.root(0, size), proof, remembering);
        if (!verdict.ok) expect([old, size, verdict]).toEqual([old, size, yes]);
      }
    }
  });
});

describe('every subtree up to 64', () => {
  test('its inclusion and consistency proofs are those of the definition and verify', () => {
    let checked = 0;
    for (let size = 1; size <= 64; size++) {
      for (let start = 0; start < size; start++) {
        for (let end = start + 1; end <= size; end++) {
          if (!isSubtree(start, end)) continue;
          checked += 1;
          const root = tree.root(start, end);
          const proof = assemble(planSubtreeConsistency(start, end, size));
          if (!same(proof, tree.subproof(start, end, 0, size))) expect([start, end, size]).toBe('other');
          const verdict = verifySubtreeConsistency(start, end, size, root, tree.root(0, size), proof, remembering);
          if (!verdict.ok) expect([start, end, size, verdict]).toEqual([start, end, size, yes]);
          if (size < 64) continue;
          for (let index = start; index < end; index++) {
            const path = assemble(planSubtreeInclusion(index, start, end));
            if (!same(path, tree.path(index, start, end))) expect([index, start, end]).toBe('other');
            const within = verifySubtreeInclusion(index, start, end, leaf(index), path, root, remembering);
            if (!within.ok) expect([index, start, end, within]).toEqual([index, start, end, yes]);
          }
        }
      }
    }
    expect(checked).toBeGreaterThan(5000);
  });
});

describe('a store', () => {
  test('is asked once, with all nodes of a proof', async () => {
    const asked: NodeAddress[][] = [];
    const read = async (addresses: readonly NodeAddress[]) => {
      asked.push([...addresses]);
      return addresses.map(node);
    };
    expect(hex(await proveInclusion(5, 7, read))).toEqual(hex(tree.path(5, 0, 7)));
    expect(hex(await proveConsistency(3, 7, read))).toEqual(hex(tree.subproof(0, 3, 0, 7)));
    // RFC 9162 §2.1.5: PATH(5, D7) is [e, j, k] hashed over d4, d6 and d0 to d3; PROOF(3, D7) is [c, d, g, l].
    expect(asked).toEqual([
      [{ level: 0, index: 4 }, { level: 0, index: 6 }, { level: 2, index: 0 }],
      [{ level: 0, index: 2 }, { level: 0, index: 3 }, { level: 1, index: 0 }, { level: 1, index: 2 }, { level: 0, index: 6 }],
    ]);
  });

  test('that reads too few is a bug', async () => {
    await expect(proveInclusion(5, 7, async () => [])).rejects.toThrow(RangeError);
  });
});

describe('the empty tree', () => {
  const root7 = tree.root(0, 7);
  test.each([
    ['strict, 0 to 7', () => verifyConsistency(0, 7, emptyRoot(), root7, []), 'PROOF_OLD_EMPTY'],
    ['strict, 0 to 0', () => verifyConsistency(0, 0, emptyRoot(), emptyRoot(), []), 'PROOF_OLD_EMPTY'],
    ['strict, 0 to a size that is none', () => verifyConsistency(0, -1, emptyRoot(), root7, []), 'PROOF_RANGE_WRONG'],
    ['witness, 0 to 7', () => verifyWitnessConsistency(0, 7, emptyRoot(), root7, []), 'yes'],
    ['witness, 0 to 7 with a proof', () => verifyWitnessConsistency(0, 7, emptyRoot(), root7, [root7]), 'PROOF_LENGTH_WRONG'],
    ['witness, 0 to 7 from another root', () => verifyWitnessConsistency(0, 7, root7, root7, []), 'PROOF_OLD_ROOT_MISMATCH'],
    ['witness, 0 to 0', () => verifyWitnessConsistency(0, 0, emptyRoot(), emptyRoot(), []), 'yes'],
    ['witness, 0 to 0 with another root', () => verifyWitnessConsistency(0, 0, emptyRoot(), root7, []), 'PROOF_ROOT_MISMATCH'],
    ['witness, 7 to 7', () => verifyWitnessConsistency(7, 7, root7, root7, []), 'yes'],
    ['witness, 3 to 7', () => verifyWitnessConsistency(3, 7, tree.root(0, 3), root7, tree.subproof(0, 3, 0, 7)), 'yes'],
    ['subtree, 3 to 3', () => verifySubtreeConsistency(3, 3, 7, emptyRoot(), root7, []), 'yes'],
  ])('%s', (_, verify, expected) => {
    const verdict = verify();
    expect(verdict.ok ? 'yes' : verdict.code).toBe(expected);
  });
});
