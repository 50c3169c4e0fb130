// Kills a writing process at every numbered step and at random, and holds it to every acknowledgement it gave.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import { STEPS, type Step } from '../../ledger/log/steps.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import { parseCheckpoint, verifyEd25519, verifyNote } from '../../ledger/note/index.ts';
import { faultsIn, makePlace, openBusyPlace, randomOf, signer, tableFaultsIn } from './place.ts';

/** What the writer acknowledged: an entry's leaf at an index, and the signed checkpoint it was under. */
interface Ack {
  readonly index: number;
  readonly leaf: string;
  readonly note: string;
}

export interface KillFigures {
  rounds: number;
  atSteps: number;
  /** How many of the numbered steps a writer was killed at. */
  steps: number;
  atRandom: number;
  acknowledged: number;
}

/** After so many rounds a fresh ledger: checking reads all of it each time. */
const roundsPerLedger = 12;
/** Ledgers that are written and killed side by side: a process takes longer to start than to be killed. */
const lanes = 2;

/**
 * Runs rounds of kills. What happens in a round follows from the seed and the round's number alone.
 *
 * @param goOn - asked before each round
 * @returns what was done, and every violation with the round that shows it
 */
export async function killRounds(seed: number, goOn: (round: number) => boolean): Promise<{ figures: KillFigures; violations: string[] }> {
  const figures: KillFigures = { rounds: 0, atSteps: 0, steps: 0, atRandom: 0, acknowledged: 0 };
  const violations: string[] = [];
  const steps = new Set<Step>();
  const base = mkdtempSync(join(tmpdir(), 'stella-crash-'));
  let next = 0;
  const lane = async (): Promise<void> => {
    let place: Where | null = null;
    let acks: Ack[] = [];
    for (let done = 0; goOn(next); done++) {
      const round = next++;
      if (place === null || done % roundsPerLedger === 0) {
        place = await freshPlace(base, round);
        acks = [];
      }
      // Two rounds at a step for every one at a random moment, which may fall between any two instructions.
      const atStep = round % 3 !== 2;
      const step = atStep ? (STEPS[(round - Math.floor(round / 3)) % STEPS.length] as Step) : null;
      const what = `round ${round}, ${step ?? 'at a random moment'}`;
      const random = randomOf(seed + round);
      const given = await runWriter(place, Math.floor(random() * 2 ** 31), round % 2 === 0 ? 'lone' : 'busy', step, random, base);
      if (given.unexpected !== null) violations.push(`${what}: ${given.unexpected}`);
      acks.push(...given.acks);
      violations.push(...(await check(place, acks)).map((violation) => `${what}: ${violation}`));
      figures.rounds += 1;
      figures[atStep ? 'atSteps' : 'atRandom'] += 1;
      figures.acknowledged += given.acks.length;
      if (step !== null) steps.add(step);
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return { figures: { ...figures, steps: steps.size }, violations };
}

interface Where {
  readonly directory: string;
  readonly anchor: string;
}

async function freshPlace(base: string, round: number): Promise<Where> {
  const home = join(base, String(round));
  mkdirSync(home);
  const where = { directory: join(home, 'ledger'), anchor: join(home, 'anchor') };
  await makePlace(where.directory, where.anchor);
  return where;
}

/** Runs the writer until it kills itself at `step`, or until this process kills it. */
function runWriter(
  { directory, anchor }: Where, seed: number, kind: 'lone' | 'busy', step: Step | null, random: () => number, base: string,
): Promise<{ acks: Ack[]; unexpected: string | null }> {
  const hits = step?.startsWith('start') === true ? 1 : 1 + Math.floor(random() * 6);
  const script = fileURLToPath(new URL('./writer.ts', import.meta.url));
  // Compiled code is kept between rounds: it halves the time that a writer takes to start.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(base, 'compiled') };
  const child = spawn(process.execPath, [script, directory, anchor, String(seed), step ?? '-', String(hits), kind], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  let errors = '';
  const lifeMs = Math.floor(random() * 400);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    // At a random moment of its life: the clock begins when it is ready to write.
    if (output === '' && step === null) setTimeout(() => child.kill('SIGKILL'), lifeMs);
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
  return new Promise((resolve) => {
    child.once('close', (_, signal) => {
      clearTimeout(late);
      const lines = output.split('\n').slice(0, -1).filter((line) => line.startsWith('ack '));
      const acks = lines.map((line) => JSON.parse(line.slice(4)) as Ack);
      resolve({ acks, unexpected: signal === 'SIGKILL' ? null : `the writer ended by itself: ${errors.slice(0, 500)}` });
    });
  });
}

/**
 * What must hold after a kill: the ledger starts; each acknowledged entry is where it was said to be; every signed checkpoint
 * is of a prefix of the tree as it is now; fsck is clean, and the tables, caught up where the writer kept none, are a rebuild's.
 */
async function check({ directory, anchor }: Where, acks: readonly Ack[]): Promise<string[]> {
  const violations: string[] = [];
  const log = await openBusyPlace(directory, anchor);
  try {
    const leaves: string[] = [];
    for await (const entry of log.entries()) leaves.push(formatHex(leafHash(entry)));
    for (const { index, leaf } of acks) {
      if (leaves[index] !== leaf) violations.push(`entry ${index} was acknowledged, and is ${leaves[index] === undefined ? 'gone' : 'another one'}`);
    }
    for (const note of new Set(acks.map((ack) => ack.note))) {
      const signed = parseCheckpoint(note);
      const { verified } = verifyNote(signed.note, [signer.key], { ed25519: verifyEd25519 });
      if (verified.length !== 1) violations.push(`the checkpoint of size ${signed.size} is not signed`);
      if (signed.size > log.published.size) violations.push(`size ${signed.size} was signed, and the log has ${log.published.size}`);
      else if (!equalBytes(await log.rootAt(signed.size), signed.root)) violations.push(`the root of size ${signed.size} is not the signed one: a fork`);
    }
  } finally {
    await log.close();
  }
  const { faults } = await faultsIn(directory, anchor);
  faults.push(...(await tableFaultsIn(directory)));
  return [...violations, ...faults.map(({ where, what }) => `fsck: ${where}: ${what}`)];
}
