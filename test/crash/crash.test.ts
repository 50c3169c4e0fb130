// A short run of the crash harness in every test run: each numbered step once, some flips, a full disk, the parsers.
import { expect, test } from 'vitest';
import { STEPS } from '../../ledger/log/steps.ts';
import { flipRounds } from './flips.ts';
import { fullDiskRounds } from './full-disk.ts';
import { fuzz } from './fuzz.ts';
import { killRounds } from './kills.ts';
import { randomOf } from './place.ts';

const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
const random = randomOf(seed);

test(`a writer killed at every numbered step loses nothing that it acknowledged (seed ${seed})`, { timeout: 240_000 }, async () => {
  // Two of three rounds are at a step.
  const { figures, violations } = await killRounds(seed, (round) => round < Math.ceil((STEPS.length * 3) / 2));
  expect(violations).toEqual([]);
  expect(figures.steps).toBe(STEPS.length);
});

test(`fsck notices a flip in every table and column (seed ${seed})`, { timeout: 240_000 }, async () => {
  const { figures, violations } = await flipRounds(random, 1, 4);
  expect(violations).toEqual([]);
  expect(figures.columns).toBeGreaterThan(10);
  expect(figures.columnFlips).toBeGreaterThan(0.8 * figures.columns);
});

test(`a full disk refuses and loses nothing (seed ${seed})`, { timeout: 240_000 }, async () => {
  const { figures, violations } = await fullDiskRounds(random, 1);
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ rounds: 1, refused: 1 });
});

test(`hostile bytes get a code from every parser (seed ${seed})`, { timeout: 120_000 }, () => {
  const { figures, violations } = fuzz(random, () => false);
  expect(violations).toEqual([]);
  expect(figures.inputs).toBeGreaterThan(20_000);
});
