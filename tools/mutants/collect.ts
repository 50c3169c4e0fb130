// Stands for `vitest` while mutants run: collects tests without running them. Assertions are vitest's own.
import { expect, vi as theirs } from '../../node_modules/vitest/dist/index.js';

export { expect };

export type Body = (...args: unknown[]) => unknown;

export interface Suite {
  readonly name: string;
  readonly outer: Suite | null;
  readonly before: Body[];
  readonly after: Body[];
  readonly beforeEach: Body[];
  readonly afterEach: Body[];
  readonly skipped: boolean;
}

export interface Test {
  readonly name: string;
  readonly suite: Suite;
  readonly body: Body;
}

let suite: Suite = suiteOf('', null, false);
let tests: Test[] = [];
/** The version of our modules that is loaded: a new one loads each of them again. */
let generation = 0;

export const nextGeneration = (): number => ++generation;
export const theGeneration = (): number => generation;

/** Begins a file. */
export function begin(name: string): void {
  suite = suiteOf(name, null, false);
  tests = [];
}

/** The tests that were named since `begin`. */
export const collected = (): readonly Test[] => tests;

function suiteOf(name: string, outer: Suite | null, skipped: boolean): Suite {
  return { name, outer, before: [], after: [], beforeEach: [], afterEach: [], skipped };
}

function addSuite(name: string, body: Body, skipped: boolean, args: unknown[] = []): void {
  const outer = suite;
  suite = suiteOf(`${outer.name} > ${name}`, outer, skipped || outer.skipped);
  try {
    body(...args);
  } finally {
    suite = outer;
  }
}

/** Adds a test; of two that share a name, the second has a number. */
function addTest(name: string, body: Body, skipped: boolean, args: unknown[] = []): void {
  if (skipped || suite.skipped) return;
  const full = `${suite.name} > ${name}`;
  const namesakes = tests.filter((test) => test.name === full || test.name.startsWith(`${full} #`)).length;
  tests.push({ name: namesakes === 0 ? full : `${full} #${namesakes}`, suite, body: () => body(...args) });
}

type Add = (name: string, body: Body, skipped: boolean, args?: unknown[]) => void;

const each = (add: Add) => (cases: readonly unknown[]) => (name: string, body: Body): void => {
  for (const args of cases) add(name, body, false, Array.isArray(args) ? (args as unknown[]) : [args]);
};

const named = (add: Add) =>
  Object.assign((name: string, body: Body) => add(name, body, false), {
    each: each(add),
    skipIf: (skipped: boolean) => (name: string, body: Body) => add(name, body, skipped),
  });

export const describe = named(addSuite);
export const test = named(addTest);
export const beforeAll = (body: Body): unknown => suite.before.push(body);
export const afterAll = (body: Body): unknown => suite.after.push(body);
export const beforeEach = (body: Body): unknown => suite.beforeEach.push(body);
export const afterEach = (body: Body): unknown => suite.afterEach.push(body);
export const vi = { ...theirs, resetModules: () => void nextGeneration() };
