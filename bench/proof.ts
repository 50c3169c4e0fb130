// Inclusion proofs of a stored ledger at 1 and 10 million entries: random places, each proof verified now and then.
import { leafHash, verifyInclusion } from '../ledger/merkle/index.ts';
import type { Bench } from './bench.ts';
import { BenchLedger, percentiles } from './ledger.ts';

const proofs = 5_000;

export const proof: Bench = {
  async *run({ quick, left }) {
    const ledger = new BenchLedger();
    const log = await ledger.create(true, 'raw');
    for (const size of quick ? [100_000] : [1_000_000, 10_000_000]) {
      while (log.published.size < size) {
        const first = log.published.size;
        const calls = Array.from({ length: 8 }, (_, call) => {
          const count = Math.min(4_000, Math.max(0, size - first - 4_000 * call));
          const drafts = Array.from({ length: count }, (__, i) => numbered(first + 4_000 * call + i));
          return count === 0 ? [] : log.append([{ drafts }]);
        });
        await Promise.all(calls);
      }
      const name = size >= 1e6 ? `proof/${size / 1e6}m` : `proof/${size / 1000}k`;
      const took: number[] = [];
      let random = 42;
      for (let i = 0; i < proofs; i++) {
        random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
        const index = Math.floor((random / 2 ** 32) * size);
        const began = performance.now();
        const hashes = await log.proveInclusion(index, size);
        took.push(1000 * (performance.now() - began));
        if (i % 100 > 0) continue;
        const verdict = verifyInclusion(index, size, leafHash(await log.entry(index)), hashes, await log.rootAt(size));
        if (!verdict.ok) throw new Error(verdict.message);
      }
      const { p50, p99 } = percentiles(took);
      yield { name, value: p50, unit: 'µs, median' };
      yield { name: `${name}/p99`, value: p99, unit: 'µs' };
    }
    await log.close();
    await ledger.remove();
    if (quick) left('1 and 10 million entries');
  },
};

function numbered(index: number): Uint8Array {
  const entry = new Uint8Array(16);
  new DataView(entry.buffer).setFloat64(0, index);
  return entry;
}
