// npm run bench -- packs: a decision exported, verified and made again from its pack, in this process and by the program inside.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { addAttestationKey } from '../actions/add-key.ts';
import { exportPack } from '../actions/export-pack.ts';
import { gate } from '../actions/gate.ts';
import { PackStates } from '../actions/pack-state.ts';
import { publishPolicy } from '../actions/publish-policy.ts';
import { replayPack } from '../actions/replay-pack.ts';
import { hashing, nodeEngines, sha256Of } from '../cli/programs/arguments.ts';
import { allVkeys } from '../cli/vkeys.ts';
import { concatBytes, encodeUtf8 } from '../ledger/bytes.ts';
import { openPayloads } from '../ledger/store/payloads.ts';
import { openSecrets } from '../ledger/store/secrets.ts';
import { PolicyShelf } from '../policy/gate/decide.ts';
import { parseJson, type RegoObject } from '../policy/index.ts';
import { program, PROGRAMS } from '../tools/bundle.ts';
import { trustKeys } from '../verify/index.ts';
import { memorySource, verifyPack } from '../verify/pack/index.ts';
import { authorKeyOfSeed } from '../verify/sigstore/index.ts';
import type { Bench, Result } from './bench.ts';
import { CONFIG, fill, subject } from './gate.ts';
import { BenchLedger } from './ledger.ts';
import { hasTime, published, timed, type Cost } from './processes.ts';

const by = { kind: 'person', auth: 'local', person: new Uint8Array(16) } as const;

export const bench: Bench = {
  async *run({ quick, left }): AsyncIterable<Result> {
    if (quick) left('10,000 findings');
    for (const findings of quick ? [1_000] : [1_000, 10_000]) yield* packs(findings);
  },
};

/** One artifact with so many findings, each under an id and an alias: twice as many streams were read, most of them absent. */
async function* packs(findings: number): AsyncIterable<Result> {
  const ledger = new BenchLedger();
  const log = await ledger.create(true, 'event', true);
  const payloads = openPayloads(join(ledger.directory, 'payloads'));
  const secrets = openSecrets(join(ledger.directory, 'secrets'));
  try {
    const put = async (role: string, value: unknown) => {
      const bytes = encodeUtf8(JSON.stringify(value));
      const stored = await payloads.put([bytes], bytes.length);
      return { role, size: stored.size, media: 'application/json', digest: ['sha256', stored.digest] as const };
    };
    await fill(log, put, findings);
    const modules = globSync('policy/library/*.rego').filter((file) => !file.endsWith('_test.rego'))
      .map((file) => ({ file: basename(file), text: readFileSync(file, 'utf8') }));
    const bundle = { modules, data: parseJson(CONFIG) as RegoObject, revision: '', regoVersion: 1 as const };
    const pepper = new Uint8Array(32);
    await publishPolicy({ log, payloads, pepper }, { name: 'release', bundle, entrypoints: ['data.stella.gate.allow'] }, by);
    const author = authorKeyOfSeed(new Uint8Array(32).fill(7));
    await addAttestationKey(log, author.key, by);
    const { appended } = await gate({ log, payloads, pepper, policies: new PolicyShelf(), now: Date.now }, { artifact: subject[1], policy: 'release' }, by);
    const vkeys = await allVkeys(log);
    const signer = { id: author.key.id, sign: (message: Uint8Array) => author.sign(message) };
    const programs = new Map(await Promise.all(['replay.mjs', 'verify.mjs'].map(async (file): Promise<[string, Uint8Array]> =>
      [file, encodeUtf8(await program(PROGRAMS[file as keyof typeof PROGRAMS]))])));
    const name = `${findings / 1_000}k`;

    const started = performance.now();
    const exported = await exportPack({ log, payloads, secrets, signer, vkeys }, { kind: 'decision', decision: appended.index }, by, { programs });
    const pieces: Uint8Array[] = [];
    for await (const piece of exported.bytes()) pieces.push(piece);
    const pack = concatBytes(...pieces);
    yield { name: `export/pack/${name}`, value: (performance.now() - started) / 1_000, unit: 's' };
    yield { name: `export/pack/${name}/size`, value: pack.length / 2 ** 20, unit: 'MiB' };

    const trust = trustKeys(exported.manifest.origin, vkeys);
    const [verifying, replaying]: [number[], number[]] = [[], []];
    for (let i = 0; i < 5; i++) {
      const began = performance.now();
      const answer = verifyPack(memorySource(pack), trust, nodeEngines);
      if (!answer.ok) throw new TypeError(`${answer.code}: ${answer.message}`);
      const verified = performance.now();
      const { verdict } = await replayPack(answer, { hashing, states: new PackStates(answer, sha256Of) });
      if (verdict.is !== 'SAME') throw new TypeError(`the replay says ${JSON.stringify(verdict)}`);
      verifying.push((verified - began) / 1_000);
      replaying.push((performance.now() - began) / 1_000);
    }
    yield { name: `verify/pack/${name}`, value: median(verifying), unit: 's' };
    yield { name: `replay/pack/${name}`, value: median(replaying), unit: 's, verified first' };

    const [file, key, launcher] = [join(ledger.directory, 'pack.zip'), join(ledger.directory, 'log.vkey'), await published(ledger.directory)];
    writeFileSync(file, pack);
    writeFileSync(key, `${vkeys[0]}\n`);
    for (const [program, bytes] of programs) writeFileSync(join(ledger.directory, program), bytes);
    const at = (program: string) => join(ledger.directory, program);
    yield* cold(`verify/pack/${name}/cold`, 'node verify.mjs', [at('verify.mjs'), file, '--key', key], at('time'));
    yield* cold(`replay/pack/${name}/cold`, 'node replay.mjs', [at('replay.mjs'), file, '--key', key], at('time'));
    yield* cold(`replay/pack/${name}/stella`, '"stella replay" as published', [launcher, 'replay', file, '--key', key], at('time'));
  } finally {
    await log.close();
    await ledger.remove();
  }
}

/** A program in processes of their own, with their start: nothing is compiled, and nothing was read. The first, which warms the page cache, is left out. */
function* cold(name: string, what: string, args: readonly string[], out: string): Generator<Result> {
  const runs = Array.from({ length: 8 }, (): Partial<Cost> & Pick<Cost, 'wallMs'> => {
    if (hasTime) return timed(args, out);
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new TypeError(stderr);
    return { wallMs: performance.now() - started };
  }).slice(1);
  const taken = runs.map(({ wallMs }) => wallMs / 1_000);
  yield { name, value: median(taken), unit: `s, ${what} with its start (least ${Math.min(...taken).toFixed(2)})` };
  const used = runs.flatMap(({ cpuMs }) => (cpuMs === undefined ? [] : [cpuMs / 1_000]));
  if (used.length > 0) yield { name: `${name}/cpu`, value: median(used), unit: `s of CPU, all threads (least ${Math.min(...used).toFixed(2)})` };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
