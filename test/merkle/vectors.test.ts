// Another implementation's log, byte for byte: a round trip of our own can never see a wrong constant.
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeUtf8, formatBase64, formatHex, parseBase64, parseHex } from '../../ledger/bytes.ts';
import {
  assembleProof, decodeBundle, encodeBundle, foldHashes, Frontier, hashesOf, leafHash, nobleHasher, planConsistency, planInclusion, proveInclusion,
  nodesFromTiles, verifyConsistency, verifyInclusion, type NodeAddress,
} from '../../ledger/merkle/index.ts';

interface Vector {
  entries: string[];
  roots: Record<string, string>;
  bundle: string;
  tile: string;
  inclusion: { index: number; size: number; proof: string[] };
  consistency: { old: number; new: number; proof: string[] };
}

const vector = JSON.parse(readFileSync(new URL('../../spec/vectors/merkle/fifteen-entries.json', import.meta.url), 'utf8')) as Vector;
const entries = vector.entries.map(encodeUtf8);
const hashes: Uint8Array[] = [];
beforeEach(() => void hashes.splice(0, 15, ...entries.map((entry) => leafHash(entry))));
const root = (size: number) => parseBase64(vector.roots[size] as string);
const node = ({ level, index }: NodeAddress) => foldHashes(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));

describe('the 15-entry log of Tessera', () => {
  test('has these roots', () => {
    const frontier = new Frontier();
    const found: Record<string, string> = {};
    for (const hash of hashes) {
      frontier.append(hash);
      if (String(frontier.size) in vector.roots) found[frontier.size] = formatBase64(frontier.root());
    }
    expect(found).toEqual(vector.roots);
    expect(formatBase64(foldHashes(hashes))).toBe(vector.roots[15]);
  });

  test('has this bundle and this tile', () => {
    expect(formatHex(encodeBundle(entries))).toBe(vector.bundle);
    expect(decodeBundle(parseHex(vector.bundle), 15)).toEqual(entries);
    expect(hashes.map(formatHex).join('')).toBe(vector.tile);
    expect(hashesOf(parseHex(vector.tile), 15).map(formatHex)).toEqual(hashes.map(formatHex));
  });

  test('has these proofs', async () => {
    const { inclusion, consistency } = vector;
    const proof = inclusion.proof.map(parseBase64);
    const plan = planInclusion(inclusion.index, inclusion.size);
    expect(assembleProof(plan, plan.nodes.map(node), nobleHasher).map(formatBase64)).toEqual(inclusion.proof);
    expect(verifyInclusion(inclusion.index, inclusion.size, leafHash(encodeUtf8('five')), proof, root(15))).toEqual({ ok: true });
    const read = nodesFromTiles(15, async () => [parseHex(vector.tile)]);
    expect((await proveInclusion(inclusion.index, inclusion.size, read)).map(formatBase64)).toEqual(inclusion.proof);

    const older = planConsistency(consistency.old, consistency.new);
    expect(assembleProof(older, older.nodes.map(node), nobleHasher).map(formatBase64)).toEqual(consistency.proof);
    expect(verifyConsistency(8, 15, root(8), root(15), consistency.proof.map(parseBase64))).toEqual({ ok: true });
  });
});
