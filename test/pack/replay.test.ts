// Replay from packs: real decisions, whatever came since; and what is missing or changed, with its own answer.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { exportPack, type ExportOptions } from '../../actions/export-pack.ts';
import { cannotVerify, replayPack } from '../../actions/replay-pack.ts';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { decodeEvent } from '../../ledger/events/index.ts';
import { memorySource, verifyPack } from '../../verify/pack/index.ts';
import { program, PROGRAMS } from '../../tools/bundle.ts';
import { app, day, Gates, noCriticals } from '../gate/kit.ts';
import { memorySecrets } from '../actions/kit.ts';
import { by } from '../log/kit.ts';
import { author, bytesOf, membersOf, packSigner, resigned, trust, vkeys, zipped } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };
const folder = mkdtempSync(join(tmpdir(), 'stella-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function packOf(gates: Gates, decision: number, options: ExportOptions = {}): Promise<Uint8Array> {
  const { log, payloads } = gates;
  return bytesOf(await exportPack({ log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys }, { kind: 'decision', decision }, by, options));
}

async function replayed(pack: Uint8Array): Promise<string> {
  const answer = verifyPack(memorySource(pack), trust);
  if (!answer.ok) {
    const replay = cannotVerify(answer);
    return replay?.verdict.is === 'CANNOT' ? `CANNOT(${replay.verdict.missing})` : answer.code;
  }
  const { verdict } = await replayPack(answer);
  return verdict.is === 'CANNOT' ? `CANNOT(${verdict.missing})` : verdict.is === 'DRIFT' ? `DRIFT ${verdict.member}` : verdict.is;
}

/** One artifact with a critical finding: denied, allowed by VEX, and by a waiver after its trust was taken away. */
async function history(): Promise<{ gates: Gates; denied: number; vexed: number; waived: number }> {
  const gates = await Gates.begin();
  await addAttestationKey(gates.log, author.key, by);
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, [log4j.purl]), [log4j]);
  const decide = async (outcome: string) => {
    const { appended, data } = await gates.gate();
    expect(data.outcome).toBe(outcome);
    return appended.index;
  };
  const denied = await decide('deny');
  const signer = await gates.trust('vendor');
  await gates.vex(app, [{ vulnerability: log4j.id }], 'vendor');
  const vexed = await decide('allow');
  await gates.distrust(signer);
  const request = await gates.request('1', log4j.id, gates.world.clock.wall + 30 * day);
  await gates.act('waiver.approved', '1', log4j.id, request);
  const waived = await decide('allow');
  // What comes after changes nothing about what was decided.
  await gates.act('waiver.revoked', '1', log4j.id, request);
  await gates.policy('release', { 'gate.rego': 'package gate\n\nimport rego.v1\n\ndefault allow := false\n' });
  gates.world.clock.pass(400 * day);
  await decide('deny');
  return { gates, denied, vexed, waived };
}

const { gates, denied, vexed, waived } = await history();
const packs = new Map(await Promise.all([denied, vexed, waived].map(async (index) => [index, await packOf(gates, index)] as const)));
const pack = packs.get(waived) as Uint8Array;

describe('replay from a pack', () => {
  test('SAME: a denial, what VEX allowed, what a waiver allowed, after all of it was over', async () => {
    for (const one of packs.values()) expect(await replayed(one)).toBe('SAME');
  });

  test('SAME where a rescan keeps a scan fresh: its list goes with the facts', async () => {
    const aged = await Gates.begin();
    await addAttestationKey(aged.log, author.key, by);
    await aged.policy('release', noCriticals);
    await aged.feed('osv', 'snapshot 1');
    const scan = await aged.scan(app, await aged.sbom(app, ['pkg:npm/quiet@1']), []);
    aged.world.clock.pass(31 * day);
    await aged.feed('osv', 'snapshot 2');
    await aged.rescan([scan], 'snapshot 2');
    const { data, appended } = await aged.gate();
    expect(data.outcome).toBe('allow');
    expect(await replayed(await packOf(aged, appended.index))).toBe('SAME');
    aged.forget('holding');
    expect(await replayed(await packOf(aged, appended.index))).toBe('CANNOT(payload)');
  });

  test('it holds no event after the decision but the ledger\'s own, and no finding of other artifacts', () => {
    const answer = verifyPack(memorySource(pack), trust);
    if (!answer.ok) throw new Error(answer.message);
    const later = [...answer.entries.values()].filter(({ index }) => index > waived);
    expect(later.every(({ event }) => event?.streams.every(({ name }) => name === 'ledger' || name.startsWith('key:')))).toBe(true);
    expect(answer.streams.has(`vuln:${log4j.id}`)).toBe(true);
  });

  test('a payload that is left out is CANNOT(payload), and the documents as received are not needed', async () => {
    const verified = verifyPack(memorySource(pack), trust);
    if (!verified.ok) throw new Error(verified.message);
    const event = decodeEvent(await gates.log.entry(waived));
    if (event.type !== 'decision.recorded') throw new TypeError(event.type);
    const { findings, published } = event.data as Required<typeof event.data>;
    const bundle = decodeEvent(await gates.log.entry(published.entry)).payloads?.[0]?.digest?.[1] as Uint8Array;
    for (const digest of [findings.digest[1], bundle]) {
      const members = membersOf(pack);
      const hex = formatHex(digest);
      members.delete(`payloads/${hex}`);
      const naming = [...verified.entries.values()].flatMap(({ index, event }) =>
        (event?.payloads ?? []).filter((one) => one.digest !== undefined && formatHex(one.digest[1]) === hex).map(({ role }) => ({ entry: index, role })));
      const without = await resigned(members, (manifest) => ({
        ...manifest,
        withheld: [...manifest.withheld, ...naming.map((one) => ({ ...one, payload: `sha256:${hex}`, why: 'left-out' as const }))]
          .sort((a, b) => a.entry - b.entry || (a.role < b.role ? -1 : a.role > b.role ? 1 : a.payload < b.payload ? -1 : 1)),
      }));
      expect(await replayed(without)).toBe('CANNOT(payload)');
    }
    expect(await replayed(await packOf(gates, waived, { withoutDocuments: true }))).toBe('SAME');
  });

  test('an event that is left out is CANNOT(incomplete); a changed one is no evidence', async () => {
    const members = membersOf(pack);
    const revoked = [...members.keys()].find((name) => name === `receipts/${waived - 1}.json`) as string;
    members.delete(revoked);
    expect(await replayed(await resigned(members))).toBe('CANNOT(incomplete)');
    expect(await replayed(await zipped(members))).toBe('PACK_MEMBER_MISSING');
  });

  test('a pack about something else is refused', async () => {
    const { log, payloads } = gates;
    const ports = { log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys };
    const about = await bytesOf(await exportPack(ports, { kind: 'artifact', artifact: `sha256:${formatHex(app[1])}` }, by));
    await expect(replayed(about)).rejects.toMatchObject({ code: 'DECISION_UNKNOWN' });
  });
});

describe('replay.mjs, one file', () => {
  beforeAll(async () => {
    writeFileSync(join(folder, 'replay.mjs'), await program(PROGRAMS['replay.mjs']));
    for (const [index, bytes] of packs) writeFileSync(join(folder, `${index}.zip`), bytes);
    writeFileSync(join(folder, 'log.vkey'), `${vkeys[0]}\n`);
  }, 60_000);

  const run = (...args: string[]) => spawnSync(process.execPath, ['replay.mjs', ...args], { cwd: folder, encoding: 'utf8', env: {} });

  test.each([['denied', denied, 'deny'], ['allowed by VEX', vexed, 'allow'], ['allowed by a waiver', waived, 'allow']])('%s: SAME', (_, index, outcome) => {
    const { status, stdout, stderr } = run(`${index}.zip`, '--key', 'log.vkey', '--json');
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'SAME', decision: index, outcome, level: 'HEAD', trusted: 'reader', origin: 'ledger.example' });
    expect(run(`${index}.zip`, '--key', 'log.vkey').stdout.split('\n').slice(0, 2)).toEqual([expect.stringContaining(`decision ${index}: ${outcome}`), 'SAME']);
  });

  test('"stella replay PACK.zip" says the same, and takes no what-if', () => {
    const cli = (...args: string[]) => spawnSync(process.execPath, [fileURLToPath(new URL('../../cli/stella.js', import.meta.url)), 'replay', ...args], {
      cwd: folder, encoding: 'utf8', env: {},
    });
    const [mine, theirs] = [cli(`${waived}.zip`, '--key', 'log.vkey', '--json'), run(`${waived}.zip`, '--key', 'log.vkey', '--json')];
    const { program: _own, ...said } = JSON.parse(theirs.stdout) as Record<string, unknown>;
    expect(JSON.parse(mine.stdout)).toEqual({ ...said, exit: 0 });
    expect(cli(`${waived}.zip`, '--now').status).toBe(2);
  });

  test('of an artifact: both programs answer for each decision, or for the one that is named', async () => {
    const { log, payloads } = gates;
    const ports = { log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys };
    writeFileSync(join(folder, 'artifact.zip'), await bytesOf(await exportPack(ports, { kind: 'artifact', artifact: `sha256:${formatHex(app[1])}` }, by)));
    const cli = (...args: string[]) => spawnSync(process.execPath, [fileURLToPath(new URL('../../cli/stella.js', import.meta.url)), 'replay', ...args], {
      cwd: folder, encoding: 'utf8', env: {},
    });
    for (const more of [[], ['--decision', `${waived}`]]) {
      const asked = ['artifact.zip', '--key', 'log.vkey', '--json', ...more];
      const [mine, theirs] = [cli(...asked), run(...asked)];
      expect([mine.status, theirs.status]).toEqual([0, 0]);
      const { program: _own, ...said } = JSON.parse(theirs.stdout) as Record<string, unknown>;
      expect(JSON.parse(mine.stdout)).toEqual({ ...said, exit: 0 });
      expect(said).toMatchObject(more.length > 0 ? { decision: waived, verdict: 'SAME' } : { verdict: 'SAME', counts: { SAME: 4, DRIFT: 0, CANNOT: 0 } });
    }
    expect(run('artifact.zip', '--key', 'log.vkey', '--decision', '0').status).toBe(5);
    expect(run('artifact.zip', '--key', 'log.vkey', '--decision', 'one').status).toBe(2);
    expect(cli(`${waived}`, '--decision', '1').status).toBe(2);
  });

  test('without a key both programs show the verdict, and end as a verification does: whose log it is was not proven', () => {
    const cli = (...args: string[]) => spawnSync(process.execPath, [fileURLToPath(new URL('../../cli/stella.js', import.meta.url)), ...args], {
      cwd: folder, encoding: 'utf8', env: {},
    });
    const [mine, theirs] = [cli('replay', `${waived}.zip`, '--json'), run(`${waived}.zip`, '--json')];
    expect([mine.status, theirs.status, cli('verify', `${waived}.zip`).status]).toEqual([5, 5, 5]);
    const { program: _own, ...said } = JSON.parse(theirs.stdout) as Record<string, unknown>;
    expect(said).toMatchObject({ ok: false, verdict: 'SAME', code: 'TRUST_EMPTY', trusted: 'pack', outcome: 'allow' });
    expect(JSON.parse(mine.stdout)).toEqual({ ...said, exit: 5 });
    for (const { stdout } of [cli('replay', `${waived}.zip`), run(`${waived}.zip`)]) {
      expect(stdout.split('\n').slice(1, 4)).toEqual([
        'SAME', '  waiver 1: active, covers 1; requested asserted, approved asserted',
        expect.stringMatching(/^UNKNOWN {2}TRUST_EMPTY: whose log it is was not proven/),
      ]);
    }
    expect(run(`${waived}.zip`, '--key', 'log.vkey').stdout).not.toContain('TRUST_EMPTY');
  });

  test('a changed byte, another file, no file', () => {
    const bytes = (packs.get(waived) as Uint8Array).slice();
    bytes[200] = (bytes[200] as number) ^ 1;
    writeFileSync(join(folder, 'changed.zip'), bytes);
    expect(run('changed.zip', '--key', 'log.vkey')).toMatchObject({ status: 1, stdout: expect.stringMatching(/^NO {2}[A-Z_]+:/) });
    writeFileSync(join(folder, 'text.zip'), encodeUtf8('text'));
    expect(run('text.zip')).toMatchObject({ status: 1, stdout: expect.stringContaining('NO  EVIDENCE_MALFORMED') });
    expect(run('none.zip').status).toBe(2);
  });

  test('it holds no way to the network', async () => {
    const text = await program(PROGRAMS['replay.mjs']);
    const modules = new Set([...text.matchAll(/(?:from|import|require\()\s*["']([a-z:_/]+)["']/g)].map((match) => match[1]));
    expect([...modules].filter((name) => !['node:crypto', 'node:fs', 'node:util', 'node:zlib'].includes(name as string))).toEqual([]);
    expect(text.match(/XMLHttpRequest|WebSocket|EventSource/g)).toBeNull();
  });
});
