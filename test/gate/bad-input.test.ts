// What people bring that is no good: each thing with its own code, where it is decided and where it is packed.
import { describe, expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { exportPack } from '../../actions/export-pack.ts';
import { inOrder } from '../../actions/gate-report.ts';
import { cannotVerify, replayPack } from '../../actions/replay-pack.ts';
import { concatBytes, formatHex } from '../../ledger/bytes.ts';
import { formatVkey } from '../../ledger/note/index.ts';
import { nativeSigner } from '../../ledger/log/signing.ts';
import { CURRENT } from '../../policy/gate/decide.ts';
import { memorySource, verifyPack } from '../../verify/pack/index.ts';
import { directoryHeader, endRecords, localHeader } from '../../verify/pack/zip.ts';
import { readZip } from '../../verify/pack/zip-reader.ts';
import { trustKeys, type Trust } from '../../verify/index.ts';
import { memorySecrets } from '../actions/kit.ts';
import { by, digestOf, seedOf } from '../log/kit.ts';
import { author, bytesOf, membersOf, packSigner, resigned, trust, vkeys } from '../pack/kit.ts';
import { app, day, Gates, noCriticals } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };

async function scanned(): Promise<Gates> {
  const gates = await Gates.begin();
  await addAttestationKey(gates.log, author.key, by);
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, [log4j.purl]), [log4j]);
  return gates;
}

/** Outcome, codes, warnings, and why each waiver counts or not. */
async function told(gates: Gates, asked: Parameters<Gates['gate']>[0] = {}): Promise<string[]> {
  const { data, decided } = await gates.gate(asked);
  return [data.outcome, ...inOrder(data.codes), ...(data.warnings ?? []), ...decided.shown.results.waivers.map(({ why }) => why)];
}

async function approvedFor(gates: Gates, waiver: string, expires: number, ...by: string[]): Promise<void> {
  const request = await gates.request(waiver, log4j.id, expires);
  for (const name of by) await gates.act('waiver.approved', waiver, log4j.id, request, name);
}

describe('a gate', () => {
  const required = { format: 'stella-contract/1', require: [{ id: 'it', anyOf: [{ kind: 'attestation' }] }] };

  test.each<[string, string[], (gates: Gates) => Promise<string[]>]>([
    ['on an unknown artifact', ['deny', 'ARTIFACT_UNKNOWN', 'SCAN_MISSING'], (gates) => told(gates, { artifact: digestOf('unknown')[1] })],
    ['on a stale snapshot', ['deny', 'SNAPSHOT_STALE', 'POLICY_DENIED'], (gates) => {
      gates.world.clock.pass(30 * day + 1);
      return told(gates);
    }],
    ['without evidence that a contract asks for', ['deny', 'EVIDENCE_MISSING', 'POLICY_DENIED'], async (gates) => {
      await gates.contract('release', required);
      return told(gates, { contracts: ['release'] });
    }],
    ['by a policy that nobody published', ['deny', 'POLICY_UNPUBLISHED'], (gates) => told(gates, { policy: 'unpublished' })],
    ['with a waiver approved twice by who asked', ['deny', 'POLICY_DENIED', 'WAIVER_SELF_APPROVED'], async (gates) => {
      await approvedFor(gates, 'w-1', gates.world.clock.wall + day, 'ann', 'ann');
      return told(gates);
    }],
    ['with a waiver approved twice by another', ['allow', 'WAIVER_ACTIVE'], async (gates) => {
      await approvedFor(gates, 'w-1', gates.world.clock.wall + day, 'bob', 'bob');
      return told(gates);
    }],
    ['with a waiver that nobody approved', ['deny', 'POLICY_DENIED', 'WAIVER_NOT_APPROVED'], async (gates) => {
      await approvedFor(gates, 'w-1', gates.world.clock.wall + day);
      return told(gates);
    }],
    ['with waivers that overlap', ['allow', 'WAIVER_OVERLAPPING', 'WAIVER_ACTIVE', 'WAIVER_ACTIVE'], async (gates) => {
      for (const id of ['w-1', 'w-2']) await approvedFor(gates, id, gates.world.clock.wall + day, 'bob');
      return told(gates);
    }],
    ['with VEX that matches nothing', ['deny', 'POLICY_DENIED', 'VEX_UNMATCHED'], async (gates) => {
      await gates.trust('vendor');
      await gates.vex(app, [{ vulnerability: log4j.id, part: 'pkg:npm/other' }], 'vendor');
      return told(gates);
    }],
    ['with VEX that nobody trusted signed', ['deny', 'POLICY_DENIED', 'VEX_UNTRUSTED'], async (gates) => {
      await gates.vex(app, [{ vulnerability: log4j.id }], 'vendor');
      return told(gates);
    }],
    ['with issuers who contradict each other', ['deny', 'POLICY_DENIED', 'VEX_CONFLICT'], async (gates) => {
      for (const name of ['vendor', 'auditor']) await gates.trust(name);
      await gates.vex(app, [{ vulnerability: log4j.id }], 'vendor');
      await gates.vex(app, [{ vulnerability: log4j.id, status: 'affected' }], 'auditor');
      return told(gates);
    }],
  ])('%s', async (_, expected, act) => expect(await act(await scanned())).toEqual(expected));

  test.each<[string, number, string[]]>([
    ['before', -1, ['allow', 'WAIVER_ACTIVE']],
    ['at', 0, ['deny', 'POLICY_DENIED', 'WAIVER_EXPIRED', 'WAIVER_EXPIRED']],
    ['after', 1, ['deny', 'POLICY_DENIED', 'WAIVER_EXPIRED', 'WAIVER_EXPIRED']],
  ])('a millisecond %s the end of a waiver, now and as of then', async (_, offset, expected) => {
    const gates = await scanned();
    const expires = gates.world.clock.wall + 10 * day;
    await approvedFor(gates, 'w-1', expires, 'bob');
    expect(await told(gates, { effective: expires + offset })).toEqual(expected);
    gates.world.clock.pass(10 * day + offset);
    expect(await told(gates)).toEqual(expected);
  });

  test('before overlapping waivers were spoken of decided without a word, and that stays SAME', async () => {
    const gates = await scanned();
    for (const id of ['w-1', 'w-2']) await approvedFor(gates, id, gates.world.clock.wall + day, 'bob');
    const decision = await gates.decideUnder({ ...CURRENT, waiver: 1 });
    expect((await gates.event(decision)).data).not.toHaveProperty('warnings');
    expect(await packVerdict(await packOf(gates, decision))).toBe('SAME');
  });
});

async function packOf({ log, payloads }: Gates, decision: number): Promise<Uint8Array> {
  return bytesOf(await exportPack({ log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys }, { kind: 'decision', decision }, by));
}

/** The code of a pack that does not hold, with what a replay says of it; else the replay's verdict. */
async function packVerdict(pack: Uint8Array, reader: Trust = trust): Promise<string> {
  const answer = verifyPack(memorySource(pack), reader);
  if (!answer.ok) {
    const cannot = cannotVerify(answer)?.verdict;
    return cannot?.is === 'CANNOT' ? `${answer.code} CANNOT(${cannot.missing})` : answer.code;
  }
  const { verdict } = await replayPack(answer);
  return verdict.is === 'CANNOT' ? `CANNOT(${verdict.missing})` : verdict.is;
}

describe('a pack', async () => {
  const gates = await scanned();
  await gates.trust('vendor');
  await gates.vex(app, [{ vulnerability: log4j.id }], 'vendor');
  const { appended } = await gates.gate();
  const pack = await packOf(gates, appended.index);

  test('as it was exported', async () => expect(await packVerdict(pack)).toBe('SAME'));

  test('with one event removed, whichever of the streams that the decision read', async () => {
    const answer = verifyPack(memorySource(pack), trust);
    if (!answer.ok) throw new Error(answer.message);
    const read = [...answer.streams.values()].filter(({ name }) => name !== 'ledger').flatMap(({ events }) => events.map(({ index }) => index));
    for (const index of new Set(read)) {
      const members = membersOf(pack);
      members.delete(`receipts/${index}.json`);
      expect([index, await packVerdict(await resigned(members))]).toEqual([index, 'STREAM_INCOMPLETE CANNOT(incomplete)']);
    }
    expect(new Set(read).size).toBeGreaterThan(5);
  });

  test('with two members in another order', async () => {
    const zip = readZip(memorySource(pack));
    if (!zip.ok) throw new Error(zip.message);
    const members = [...zip.zip.members];
    const [first, second] = members.splice(2, 2) as [typeof members[0], typeof members[0]];
    members.splice(2, 0, second, first);
    const pieces: Uint8Array[] = [];
    const lines: Uint8Array[] = [];
    let offset = 0;
    for (const member of members) {
      const placed = { ...member, offset };
      const content = pack.subarray(member.offset + localHeader(member).length, member.offset + localHeader(member).length + member.size);
      pieces.push(localHeader(placed), content);
      lines.push(directoryHeader(placed));
      offset += localHeader(placed).length + content.length;
    }
    const directory = concatBytes(...lines);
    expect(await packVerdict(concatBytes(...pieces, directory, endRecords(members.length, offset, directory.length)))).toBe('PACK_REORDERED');
  });

  test('from another log, and with entries of another log in it', async () => {
    const foreign = trustKeys('other.example', [formatVkey(nativeSigner('other.example', seedOf(1)).key)]);
    expect(await packVerdict(pack, foreign)).toBe('ORIGIN_FOREIGN');
    const elsewhere = await scanned();
    await elsewhere.vex(app, [{ vulnerability: log4j.id, status: 'affected' }], 'vendor');
    const decided = await elsewhere.gate();
    const theirs = membersOf(await packOf(elsewhere, decided.appended.index));
    const name = [...theirs.keys()].filter((one) => one.startsWith('receipts/')).find((one) => {
      const mine = membersOf(pack).get(one);
      return mine !== undefined && formatHex(mine) !== formatHex(theirs.get(one) as Uint8Array);
    }) as string;
    expect(await packVerdict(await resigned(new Map([...membersOf(pack), [name, theirs.get(name) as Uint8Array]])))).toMatch(/^PROOF_/);
  });

  test('of another engine: each number of the rules that this release does not know', async () => {
    for (const part of Object.keys(CURRENT)) {
      const other = await scanned();
      const { appended: made, data } = await other.gate();
      const stored = (await other.event(made.index)).payloads ?? [];
      const decision = await other.append({
        type: 'decision.recorded', by, payloads: stored,
        data: { ...data, semantics: { ...data.semantics, [part]: 99 } },
      });
      expect([part, await packVerdict(await packOf(other, decision))]).toEqual([part, 'CANNOT(semantics)']);
    }
  });
});
