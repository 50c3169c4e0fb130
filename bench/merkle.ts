// Merkle: interior nodes, tiles from entries, and proofs, in memory and on one core.
import { createHash, hash } from 'node:crypto';
import { assembleProof, foldHashes, Frontier, hasherOf, nobleHasher, planInclusion, verifyInclusion } from '../ledger/merkle/index.ts';
import { createKernel, fatTileBytes } from '../ledger/merkle/kernel.ts';
import type { Bench } from './bench.ts';

/** Calls a second, the best of five runs: on a shared machine every disturbance makes it slower, none faster. */
function rate(seconds: number, perCall: number, call: () => void): number {
  let best = 0;
  for (let run = 0; run < 5; run++) {
    const start = process.hrtime.bigint();
    let calls = 0;
    let spent = 0;
    for (; spent < seconds / 5; spent = Number(process.hrtime.bigint() - start) / 1e9) {
      call();
      calls += 1;
    }
    best = Math.max(best, (calls * perCall) / spent);
  }
  return best;
}

export const merkle: Bench = {
  async *run({ quick }) {
    const seconds = quick ? 1 : 5;
    const pairs = 4096;
    const kernel = createKernel(pairs * 64 + fatTileBytes);
    const bytes = kernel.memory;
    for (let i = 0; i < pairs * 64; i++) bytes[i] = (i * 2_654_435_761) >>> 21;

    const peer = { name: 'node:crypto createHash', version: process.versions.openssl };
    const single = rate(seconds, 256, () => {
      for (let i = 0; i < 256; i++) createHash('sha256').update(bytes.subarray(64 * i, 64 * i + 65)).digest();
    });
    const nodes = rate(seconds, pairs, () => kernel.foldPairs(0, pairs * 32, pairs / 2)) / 2;
    yield { name: `merkle/nodes/${kernel.engine}`, value: nodes, unit: 'nodes/s', peer: { ...peer, value: single }, ratio: nodes / single };

    const entry = new Uint8Array(301).fill(7);
    // latin1Write is Buffer's own, outside its types; `binary` is the same encoding by its older name.
    const arena = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Buffer & { latin1Write(text: string, at: number, length: number): void };
    const tiles = rate(seconds, 256, () => {
      for (let i = 0; i < 256; i++) arena.latin1Write(hash('sha256', entry, 'binary'), 32 * i, 32);
      kernel.foldTile(0, 256);
    });
    yield { name: 'merkle/entries', value: tiles, unit: 'entries/s' };

    const native = hasherOf((message) => new Uint8Array(createHash('sha256').update(message).digest()));
    for (const [name, hasher] of [['noble', nobleHasher], ['crypto', native]] as const) {
      const leaf = hasher.leaf(entry);
      const value = rate(seconds, 256, () => {
        const frontier = new Frontier(hasher);
        for (let i = 0; i < 256; i++) frontier.append(leaf);
      });
      yield { name: `merkle/frontier/${name}`, value, unit: 'leaves/s' };
    }

    const size = 10_000_000;
    const plan = rate(seconds, 1, () => planInclusion(4_999_999, size));
    yield { name: 'merkle/plan/10m', value: 1e6 / plan, unit: 'µs' };
    const leaves = Array.from({ length: 256 }, (_, i) => nobleHasher.leaf(Uint8Array.of(i)));
    const root = foldHashes(leaves);
    const chosen = planInclusion(100, 256);
    const read = chosen.nodes.map(({ level, index }) => foldHashes(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
    const proof = assembleProof(chosen, read, nobleHasher);
    const verified = rate(seconds, 1, () => {
      if (!verifyInclusion(100, 256, leaves[100] as Uint8Array, proof, root).ok) throw new Error('a right proof was refused');
    });
    yield { name: 'merkle/verify/256', value: 1e6 / verified, unit: 'µs' };
  },
};
