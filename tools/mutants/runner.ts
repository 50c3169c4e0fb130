// A Stryker plugin that runs a room's tests in this process: it loads our modules afresh for each mutant, and runs the tests
// that reach it. Vitest's own workers take 0.5 to 5 s a mutant to begin with, this 0.1 s.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { begin, collected, nextGeneration, theGeneration, type Suite, type Test } from './collect.ts';

/** What instrumented code reads and writes (Stryker's `__stryker__`). */
interface Instruments {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: unknown;
}

interface TestResult {
  id: string;
  name: string;
  timeSpentMs: number;
  /** 0: passed, 1: failed. */
  status: 0 | 1;
  failureMessage?: string;
}

interface MutantRun {
  testFilter?: readonly string[];
  hitLimit?: number;
  activeMutant: { id: string };
}

/** A test that takes longer (milliseconds of a core) is asked after the others, and only about what it reaches itself. */
const slowMs = 100;
/** Where Stryker's processes leave notes for the later ones. */
const notes = process.env['STELLA_MUTANTS_NOTES'] ?? '';
/** What each test, and each file's loading, took of a core, in milliseconds. */
const costFile = join(notes, 'cost.json');
/** With a mutant a test may take so many times what it took without, and so many milliseconds more: what takes longer does not end. */
const [costFactor, costMore] = [3, 3000];
/** Stands for the code of a test file outside its tests: what it reaches, all tests of the file can notice. */
const loading = (file: string): string => `${file} > (loading)`;

/** The copy under test: Stryker goes there after it has loaded this file. */
let root = process.cwd();
const here = fileURLToPath(new URL('.', import.meta.url));
const inPlaceOf = (file: string): string => pathToFileURL(join(here, file)).href;
const ours = new Map([['vitest', inPlaceOf('collect.ts')], ['fast-check', inPlaceOf('fast-check.ts')]]);
const sources = new Map<string, string>();

class Runner {
  /** When this process has taken so many milliseconds of a core, it is ended; 0 while nothing runs. */
  readonly #due = new Float64Array(new SharedArrayBuffer(8));
  #cost: Readonly<Record<string, number>> | null = null;
  /** How many mutants each test has killed. */
  readonly #kills = new Map<string, number>();
  readonly #instruments: Instruments = ((globalThis as { __stryker__?: Instruments }).__stryker__ ??= {});

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: true };
  }

  init(): void {
    root = process.cwd();
    process.env['NODE_ENV'] = 'test';
    new Worker(new URL('watch.ts', import.meta.url), { workerData: this.#due }).unref();
    registerHooks({
      resolve(specifier, context, next) {
        const found = ours.get(specifier);
        if (found !== undefined) return { url: found, shortCircuit: true };
        const resolved = next(specifier, context);
        return isOurs(resolved.url) ? { ...resolved, url: `${resolved.url.split('?')[0]}?${theGeneration()}` } : resolved;
      },
      load(url, context, next) {
        if (!isOurs(url)) return next(url, context);
        const path = fileURLToPath(url.split('?')[0] as string);
        let source = sources.get(path);
        if (source === undefined) sources.set(path, (source = stripTypeScriptTypes(readFileSync(path, 'utf8'))));
        return { format: 'module', source, shortCircuit: true };
      },
    });
  }

  async dryRun(): Promise<object> {
    const results: TestResult[] = [];
    const cost: Record<string, number> = {};
    for (const file of testFiles()) {
      // Each file alone, so that what a module does when it is first loaded is on the account of each file that loads it.
      nextGeneration();
      const result: TestResult = { id: loading(file), name: loading(file), timeSpentMs: 0, status: 0 };
      results.push(result);
      const [from, start] = [performance.now(), taken()];
      const tests = await this.#load(file);
      cost[result.id] = taken() - start;
      for (const test of tests) {
        const before = taken();
        results.push(await this.#run(test));
        cost[test.name] = taken() - before;
      }
      await this.#end(tests);
      result.timeSpentMs = performance.now() - from;
    }
    writeFileSync(costFile, JSON.stringify(cost));
    return { status: 'complete', tests: results, mutantCoverage: this.#instruments.mutantCoverage };
  }

  async mutantRun({ testFilter, hitLimit, activeMutant }: MutantRun): Promise<object> {
    // Whoever was ended in it has left its note: this is the second try.
    const note = join(notes, `mutant-${activeMutant.id}`);
    if (existsSync(note)) return { status: 'timeout', reason: 'ended by the runner' };
    writeFileSync(note, '');
    this.#cost ??= JSON.parse(readFileSync(costFile, 'utf8')) as Record<string, number>;
    const isSlow = (name: string): boolean => this.#costOf(name) > slowMs;
    const wanted = testFilter === undefined ? null : new Set(testFilter);
    const files = testFiles().filter((file) => wanted === null || [...wanted].some((id) => id.startsWith(`${file} > `)));
    Object.assign(this.#instruments, { activeMutant: activeMutant.id, hitCount: hitLimit === undefined ? undefined : 0, hitLimit });
    nextGeneration();
    let nrOfTests = 0;
    const killed = (by: string, failureMessage: string): object => {
      const { hitCount } = this.#instruments;
      if (hitLimit !== undefined && hitCount !== undefined && hitCount > hitLimit) {
        return { status: 'timeout', reason: `Hit limit reached (${hitCount}/${hitLimit})` };
      }
      this.#kills.set(by, this.#killsOf(by) + 1);
      return { status: 'killed', killedBy: [by], failureMessage, nrOfTests };
    };
    // What killed the mutants before this one will most often kill this one too.
    const byKills = (a: string, b: string): number => this.#killsOf(b) - this.#killsOf(a);
    const sumOf = (file: string): number => [...this.#kills].reduce((sum, [id, kills]) => (id.startsWith(`${file} > `) ? sum + kills : sum), 0);
    const killsOfFile = new Map(files.map((file) => [file, sumOf(file)]));
    const loaded: Test[] = [];
    const waiting: Test[] = [];
    try {
      for (const file of files.sort((a, b) => (killsOfFile.get(b) as number) - (killsOfFile.get(a) as number))) {
        let tests: readonly Test[];
        try {
          tests = await this.#load(file);
        } catch (error) {
          return killed(loading(file), String(error));
        }
        loaded.push(...tests);
        const all = wanted === null || wanted.has(loading(file));
        const reaching = tests.filter(({ name }) => wanted?.has(name) === true || (all && !isSlow(name)));
        waiting.push(...reaching.filter(({ name }) => isSlow(name)));
        for (const test of reaching.filter(({ name }) => !isSlow(name)).sort((a, b) => byKills(a.name, b.name))) {
          nrOfTests += 1;
          const { status, failureMessage = '' } = await this.#run(test);
          if (status !== 0) return killed(test.name, failureMessage);
        }
      }
      for (const test of waiting) {
        nrOfTests += 1;
        const { status, failureMessage = '' } = await this.#run(test);
        if (status !== 0) return killed(test.name, failureMessage);
      }
      return { status: 'survived', nrOfTests };
    } finally {
      this.#instruments.activeMutant = undefined;
      await this.#end(loaded);
      this.#due[0] = 0;
      rmSync(note);
    }
  }

  #killsOf(id: string): number {
    return this.#kills.get(id) ?? 0;
  }

  #costOf(id: string): number {
    return this.#cost?.[id] ?? 0;
  }

  /** Begins a test, or the loading of a file. */
  #enter(id: string): void {
    this.#instruments.currentTestId = id;
    // Without a mutant nothing is known of what it costs.
    if (this.#cost !== null) this.#due[0] = taken() + costFactor * this.#costOf(id) + costMore;
  }

  async #load(file: string): Promise<readonly Test[]> {
    this.#enter(loading(file));
    begin(file);
    await import(pathToFileURL(resolve(root, file)).href);
    return collected();
  }

  readonly #begun = new Set<Suite>();

  async #run({ name, suite, body }: Test): Promise<TestResult> {
    const from = performance.now();
    const suites = chain(suite);
    const result: TestResult = { id: name, name, timeSpentMs: 0, status: 0 };
    this.#enter(name);
    try {
      for (const each of suites.filter((one) => !this.#begun.has(one))) {
        this.#begun.add(each);
        for (const hook of each.before) await hook();
      }
      try {
        for (const hook of suites.flatMap(({ beforeEach }) => beforeEach)) await hook();
        await body();
      } finally {
        for (const hook of suites.flatMap(({ afterEach }) => afterEach)) await hook();
      }
    } catch (error) {
      Object.assign(result, { status: 1, failureMessage: String(error) });
    }
    result.timeSpentMs = performance.now() - from;
    return result;
  }

  async #end(tests: readonly Test[]): Promise<void> {
    for (const suite of new Set(tests.flatMap((test) => chain(test.suite)))) {
      if (!this.#begun.has(suite)) continue;
      for (const hook of suite.after) await hook();
    }
    this.#begun.clear();
  }
}

/** What this process took of a core so far, in milliseconds. */
function taken(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const chain = (suite: Suite): readonly Suite[] => [...(suite.outer === null ? [] : chain(suite.outer)), suite];

/** Whether a module is of the copy under test, not of a package nor of these tools. */
function isOurs(url: string): boolean {
  return url.startsWith(`${pathToFileURL(root).href}/`) && !url.includes('/node_modules/') && !url.includes('/tools/mutants/') && /\.ts(\?|$)/.test(url);
}

function testFiles(): readonly string[] {
  const folders = (process.env['STELLA_MUTANTS_TESTS'] ?? '').split(',').filter((folder) => existsSync(folder));
  const isTest = (name: string) => name.endsWith('.test.ts');
  return folders.flatMap((folder) => (isTest(folder) ? [folder] : readdirSync(folder).filter(isTest).map((name) => `${folder}/${name}`)));
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'here', factory: () => new Runner() }];
