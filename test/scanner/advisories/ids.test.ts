// The order of ids: against a reading that cuts them into runs of digits and single characters.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareIds } from '../../../scanner/advisories/aliases.ts';

test('digits by value, all else by code units, CVE before GHSA before the rest', () => {
  const ids = ['CVE-2024-9', 'CVE-2024-10', 'CVE-2024-010', 'CVE-2024-10a', 'CVE-2025-1', 'GHSA-2x', 'GHSA-10x', 'PYSEC-1', 'RUSTSEC-1'];
  expect(ids.toReversed().toSorted(compareIds)).toEqual([
    'CVE-2024-9', 'CVE-2024-010', 'CVE-2024-10', 'CVE-2024-10a', 'CVE-2025-1', 'GHSA-2x', 'GHSA-10x', 'PYSEC-1', 'RUSTSEC-1',
  ]);
});

test('as the runs say, whatever two ids have in common', () => {
  const id = fc.array(fc.constantFrom('CVE-', 'GHSA-', '0', '00', '1', '9', '10', '-', 'a', 'é'), { maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(fc.property(id, id, (a, b) => {
    expect(Math.sign(compareIds(a, b))).toBe(Math.sign(naive(a, b)));
  }), { numRuns: 3000 });
});

function naive(a: string, b: string): number {
  const rank = (text: string) => (text.startsWith('CVE-') ? 0 : text.startsWith('GHSA-') ? 1 : 2);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const runs = (text: string): string[] => text.match(/[0-9]+|[^0-9]/g) ?? [];
  const [left, right] = [runs(a), runs(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i] as string, right[i] as string];
    const order = /^[0-9]/.test(x) && /^[0-9]/.test(y) ? Number(BigInt(x) - BigInt(y)) : x.charCodeAt(0) - y.charCodeAt(0);
    if (order !== 0) return order;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}
