// Waivers and persons: two people, one key each; nothing renewed; what was signed is what stands on record.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { addPerson, actingWith, type Acting } from '../../actions/person.ts';
import { waiverStatement, type ActEvent } from '../../policy/gate/act-statement.ts';
import { checkAct, decideWaiver, readWaiver, requestWaiver, type WaiverRequest } from '../../actions/waiver.ts';
import { publishContract, assignContract, findContract, openContract, unassignContract } from '../../actions/contract.ts';
import { publishPolicy } from '../../actions/publish-policy.ts';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { personOf, prepareDraft } from '../../ledger/events/index.ts';
import { parseJson, type RegoObject } from '../../policy/index.ts';
import { authorKeyOf, type AuthorKey } from '../../verify/sigstore/index.ts';
import { by, sha256 } from '../log/kit.ts';
import { Bench, imageDigest, newKey, otherDigest } from './kit.ts';

const day = 86_400_000;
const pseudonym = (bench: Bench, name: string) => personOf(sha256, bench.pepper, 'local', name);

async function personIn(bench: Bench, name: string, author: AuthorKey = newKey().author): Promise<Acting> {
  await addPerson(bench.log, pseudonym(bench, name), author.key, by);
  return actingWith(bench.log, author);
}

function requestIn(bench: Bench, more: Partial<WaiverRequest> = {}): WaiverRequest {
  return {
    waiver: 'w-1', vulnerabilities: ['GHSA-0000-0000-0001', 'CVE-2026-0001'], subjects: [imageDigest],
    components: [{ purl: 'pkg:npm/left-pad', versions: 'vers:npm/<1.3.1' }], owner: pseudonym(bench, 'ann'), breakGlass: false,
    expires: bench.world.clock.now() + 30 * day, responses: ['will_not_fix'], justification: 'an upgrade is planned', ...more,
  };
}

const portsOf = (bench: Bench) => ({ ...bench.stores, documents: bench.documents, now: bench.world.clock.now });
const codeOf = (act: Promise<unknown>) => act.then(() => 'accepted', (error: unknown) => (error instanceof LedgerError ? error.code : String(error)));

async function people() {
  const bench = await Bench.begin();
  const [ann, bob] = [await personIn(bench, 'ann'), await personIn(bench, 'bob')];
  return { bench, ports: portsOf(bench), ann, bob };
}

describe('persons', () => {
  test('one key behind two names is refused, and so is a key that does something else', async () => {
    const { bench, ann } = await people();
    expect(await codeOf(addPerson(bench.log, pseudonym(bench, 'carl'), ann.author.key, by))).toBe('PERSON_KEY_TAKEN');
    const size = bench.log.published.size;
    expect(size).toBe(3);
    const [genesisKey] = bench.log.control.genesis.keys;
    const spki = (genesisKey as { public: Uint8Array }).public;
    expect(await codeOf(addPerson(bench.log, pseudonym(bench, 'carl'), { ...ann.author.key, spki, id: formatHex(sha256(spki)) }, by))).toBe('PERSON_KEY_TAKEN');
  });

  test('a person may have several keys', async () => {
    const { bench, ann } = await people();
    const second = await personIn(bench, 'ann');
    expect(second.by.person).toEqual(ann.by.person);
  });

  test('a key that is nobody\'s acts for nobody, nor does one that is not of a kind events can hold', async () => {
    const { bench } = await people();
    expect(await codeOf(actingWith(bench.log, newKey().author))).toBe('PERSON_UNKNOWN');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(await codeOf(addPerson(bench.log, pseudonym(bench, 'carl'), authorKeyOf(rsa).key, by).then())).toBe('INPUT_MALFORMED');
  });
});

describe('a waiver', () => {
  test('is asked for by one and approved by another; every stream it names moves each time', async () => {
    const { bench, ports, ann, bob } = await people();
    const { index } = await requestWaiver(ports, requestIn(bench), ann);
    await decideWaiver(ports, 'w-1', { type: 'waiver.approved' }, bob);
    await decideWaiver(ports, 'w-1', { type: 'waiver.revoked', reason: 'fixed' }, ann, 'the upgrade is out');
    const { acts } = await readWaiver(bench.log, 'w-1');
    expect(acts.map(({ event }) => [event.type, event.data.assurance, formatHex(event.by.person as Uint8Array)])).toEqual([
      ['waiver.requested', 'signed', formatHex(pseudonym(bench, 'ann'))],
      ['waiver.approved', 'signed', formatHex(pseudonym(bench, 'bob'))],
      ['waiver.revoked', 'signed', formatHex(pseudonym(bench, 'ann'))],
    ]);
    expect(acts.slice(1).map(({ event }) => (event.data as { request: number }).request)).toEqual([index, index]);
    for (const stream of ['waiver:w-1', 'vuln:CVE-2026-0001', 'vuln:GHSA-0000-0000-0001', `artifact:sha256:${formatHex(imageDigest[1])}`]) {
      expect((await bench.log.head(stream))?.version, stream).toBe(3);
    }
    await bench.check();
  });

  test('cannot be approved by who asked for it, under another key either', async () => {
    const { bench, ports, ann } = await people();
    await requestWaiver(ports, requestIn(bench), ann);
    const again = await personIn(bench, 'ann');
    for (const one of [ann, again]) expect(await codeOf(decideWaiver(ports, 'w-1', { type: 'waiver.approved' }, one))).toBe('WAIVER_SAME_PERSON');
    // The user of this machine, whose act the ledger asserts, is the person of that name.
    const asserted: Acting = { by: { kind: 'person', auth: 'local', person: pseudonym(bench, 'ann') }, assurance: 'asserted', author: newKey().author };
    expect(await codeOf(decideWaiver(ports, 'w-1', { type: 'waiver.approved' }, asserted))).toBe('WAIVER_SAME_PERSON');
  });

  test('is decided once, and never renewed', async () => {
    const { bench, ports, ann, bob } = await people();
    const approve = () => codeOf(decideWaiver(ports, 'w-1', { type: 'waiver.approved' }, bob));
    const revoke = () => codeOf(decideWaiver(ports, 'w-1', { type: 'waiver.revoked', reason: 'mistaken' }, bob));
    expect(await approve()).toBe('WAIVER_UNKNOWN');
    await requestWaiver(ports, requestIn(bench), ann);
    expect([await approve(), await approve(), await revoke(), await revoke(), await approve()]).toEqual([
      'accepted', 'WAIVER_DECIDED', 'accepted', 'WAIVER_DECIDED', 'WAIVER_DECIDED',
    ]);
    expect(await codeOf(requestWaiver(ports, requestIn(bench), ann))).toBe('WAIVER_DECIDED');
    await requestWaiver(ports, requestIn(bench, { waiver: 'w-2' }), ann);
    await decideWaiver(ports, 'w-2', { type: 'waiver.rejected', reason: 'risk-too-high' }, bob);
    for (const verdict of [{ type: 'waiver.approved' }, { type: 'waiver.revoked', reason: 'fixed' }] as const) {
      expect(await codeOf(decideWaiver(ports, 'w-2', verdict, bob))).toBe('WAIVER_DECIDED');
    }
  });

  test('two who approve and reject at the same moment: one of them is told', async () => {
    const { bench, ports, ann, bob } = await people();
    await requestWaiver(ports, requestIn(bench), ann);
    const carl = await personIn(bench, 'carl');
    const both = await Promise.all([
      codeOf(decideWaiver(ports, 'w-1', { type: 'waiver.approved' }, bob)),
      codeOf(decideWaiver(ports, 'w-1', { type: 'waiver.rejected', reason: 'mistaken' }, carl)),
    ]);
    expect(both.sort()).toEqual(['VERSION_CONFLICT', 'accepted']);
  });

  test('that would be over, or says not why, or covers nothing, is refused, and leaves no secret behind', async () => {
    const { bench, ports, ann, bob } = await people();
    const now = bench.world.clock.now();
    expect(await codeOf(requestWaiver(ports, requestIn(bench, { expires: now }), ann))).toBe('WAIVER_INVALID');
    expect(await codeOf(requestWaiver(ports, requestIn(bench, { justification: ' \n' }), ann))).toBe('WAIVER_INVALID');
    // What could be approved and would cover nothing.
    for (const id of ['cve-2026-0001', 'Cve-2026-0001', 'ghsa-0000-0000-0001']) {
      expect(await codeOf(requestWaiver(ports, requestIn(bench, { vulnerabilities: [id] }), ann)), id).toBe('WAIVER_INVALID');
    }
    for (const versions of ['vers:maven/<1.3.1', 'vers:npm/<newest', 'vers:npm/>=1.0.0|<x']) {
      const components = [{ purl: 'pkg:npm/left-pad', versions }];
      expect(await codeOf(requestWaiver(ports, requestIn(bench, { components }), ann)), versions).toBe('WAIVER_INVALID');
    }
    expect(await codeOf(requestWaiver(ports, requestIn(bench, { components: [{ purl: 'pkg:generic/x', versions: 'vers:generic/<2' }] }), ann)))
      .toBe('WAIVER_INVALID');
    expect(await codeOf(requestWaiver(ports, requestIn(bench, { subjects: [], components: [] }), ann))).toBe('EVENT_INVALID');
    expect(await codeOf(requestWaiver(ports, requestIn(bench, { components: [{ purl: 'left-pad' }] }), ann))).toBe('EVENT_INVALID');
    expect(bench.secrets.held.size).toBe(0);
    await requestWaiver(ports, requestIn(bench, { expires: now + 1 }), ann);
    bench.world.clock.pass(1);
    expect(await codeOf(decideWaiver(ports, 'w-1', { type: 'waiver.approved' }, bob))).toBe('WAIVER_DECIDED');
  });

  test('is owned by a person of this ledger, or by who asks', async () => {
    const { bench, ports, ann } = await people();
    const owned = (name: string, waiver: string) => requestWaiver(ports, requestIn(bench, { owner: pseudonym(bench, name), ownerName: name, waiver }), ann);
    await expect(owned('security-team', 'w-1')).rejects.toMatchObject({
      code: 'PERSON_UNKNOWN', message: 'Cannot request waiver: "security-team" is no person on this ledger',
      hint: '"stella person list" names them; "stella person add security-team" adds one',
    });
    expect([bench.secrets.held.size, await bench.log.head('waiver:w-1')]).toEqual([0, null]);
    expect(await codeOf(owned('bob', 'w-1'))).toBe('accepted');
    // Whoever has no key that serves any more answers for nothing new.
    const carl = await personIn(bench, 'carl');
    expect(await codeOf(owned('carl', 'w-2'))).toBe('accepted');
    const retired = { key: parseHex(carl.author.key.id), lastSize: bench.log.published.size, reason: 'superseded' } as const;
    await bench.log.appendOne({ drafts: [prepareDraft({ type: 'key.retired', by, data: retired }, sha256)] });
    expect(await codeOf(owned('carl', 'w-3'))).toBe('PERSON_UNKNOWN');
    // The user of this machine needs no key to be somebody.
    const dora: Acting = { by: { kind: 'person', auth: 'local', person: pseudonym(bench, 'dora') }, assurance: 'asserted', author: newKey().author };
    expect(await codeOf(requestWaiver(ports, requestIn(bench, { owner: pseudonym(bench, 'dora'), waiver: 'w-4' }), dora))).toBe('accepted');
  });

  test('for longer than any policy takes is refused; for longer than some take, these are named', async () => {
    const { bench, ports, ann } = await people();
    let id = 0;
    const lasting = (days: number) => requestWaiver(ports, requestIn(bench, { waiver: `w-${(id += 1)}`, expires: bench.world.clock.now() + days * day }), ann);
    const publish = (name: string, data: string) => publishPolicy(bench.stores, {
      name, entrypoints: ['data.gate.allow'],
      bundle: { modules: [{ file: 'a.rego', text: 'package gate\n\nallow := true\n' }], data: parseJson(data) as RegoObject, revision: '', regoVersion: 1 },
    }, by);
    expect((await lasting(400_000)).tooLongFor).toEqual([]);
    await publish('release', '{"stella": {"config": {"waiver_days": 90}}}');
    await publish('strict', '{"stella": {"config": {"waiver_days": 30}}}');
    await publish('none', '{"stella": {"config": {"waiver_days": "60"}}}');
    expect([(await lasting(30)).tooLongFor, (await lasting(90)).tooLongFor]).toEqual([['none'], ['none', 'strict']]);
    await expect(lasting(90.01)).rejects.toMatchObject({
      code: 'WAIVER_INVALID', message: 'Cannot request waiver: it would last longer than any policy on record takes one',
      hint: `"release" takes 90 days: end it by ${new Date(bench.world.clock.now() + 90 * day).toISOString()}`,
    });
    // The newest of a name counts, and one that says nothing takes every waiver.
    await publish('none', '{}');
    expect((await lasting(400_000)).tooLongFor).toEqual(['release', 'strict']);
  });

  test('what is signed says the same as the event; a changed member, another ledger or another key do not hold', async () => {
    const { bench, ports, ann, bob } = await people();
    await requestWaiver(ports, requestIn(bench), ann);
    await decideWaiver(ports, 'w-1', { type: 'waiver.rejected', reason: 'insufficient' }, bob, 'say more');
    const { origin } = bench.log.control.genesis;
    const spkis = [ann, bob].map(({ author }) => author.key.spki);
    const { acts } = await readWaiver(bench.log, 'w-1');
    for (const [i, { event }] of acts.entries()) {
      const act = event as ActEvent;
      const spki = spkis[i] as Uint8Array;
      expect(await checkAct(ports, origin, act, spki)).toBe(true);
      expect(await checkAct(ports, 'other.example', act, spki)).toBe(false);
      expect(await checkAct(ports, origin, act, spkis[1 - i] as Uint8Array)).toBe(false);
      const changed: Record<string, unknown> = {
        vulnerabilities: ['CVE-2026-0002'], waiver: 'w-2', subjects: [otherDigest], expires: 1, owner: new Uint8Array(16), components: undefined,
        breakGlass: true, responses: ['update'], reason: 'mistaken', request: 0,
      };
      for (const [member, value] of Object.entries(changed)) {
        if (!(member in act.data)) continue;
        expect(await checkAct(ports, origin, { ...act, data: { ...act.data, [member]: value } } as ActEvent, spki), member).toBe(false);
      }
      expect(await checkAct(ports, origin, { ...act, by: { ...act.by, person: new Uint8Array(16) } } as ActEvent, spki)).toBe(false);
      const payloads = act.payloads?.map((one) => (one.commitment === undefined ? one : { ...one, commitment: ['sha256', new Uint8Array(32)] as const }));
      expect(await checkAct(ports, origin, { ...act, payloads } as ActEvent, spki)).toBe(false);
    }
  });

  test('the justification stays where nobody knows whether the request went on record, and goes where it was refused', async () => {
    const { bench, ports, ann } = await people();
    const append = bench.log.append.bind(bench.log);
    const unknown = new LedgerError('ANCHOR_UNREACHABLE', 'Cannot anchor the checkpoint');
    vi.spyOn(bench.log, 'append').mockImplementationOnce((commands) => append(commands).then(() => Promise.reject(unknown)));
    expect(await codeOf(requestWaiver(ports, requestIn(bench), ann))).toBe('ANCHOR_UNREACHABLE');
    expect((await readWaiver(bench.log, 'w-1')).acts).toHaveLength(1);
    expect(bench.secrets.held.size).toBe(1);
    vi.spyOn(bench.log, 'append').mockImplementationOnce(async () => [{ ok: false, error: new LedgerError('VERSION_CONFLICT', 'Cannot append') }]);
    expect(await codeOf(requestWaiver(ports, requestIn(bench, { waiver: 'w-2' }), ann))).toBe('VERSION_CONFLICT');
    expect(bench.secrets.held.size).toBe(1);
  });

  test('the justification stands nowhere in the log, nor in what is not sealed', async () => {
    const { bench, ports, ann } = await people();
    await requestWaiver(ports, requestIn(bench, { justification: 'the customer insists' }), ann);
    const entry = await bench.log.entry(3);
    for (const bytes of [entry, ...bench.payloads.held.values()]) expect(new TextDecoder('latin1').decode(bytes)).not.toContain('customer');
  });

  test('the statement of a waiver for components alone is about the waiver itself', async () => {
    const { bench, ports, ann } = await people();
    await requestWaiver(ports, requestIn(bench, { subjects: [] }), ann);
    const { acts: [{ event }] } = await readWaiver(bench.log, 'w-1');
    expect(waiverStatement('ledger.example', event)).toMatchObject({
      subject: [{ digest: { sha256: formatHex(sha256(encodeUtf8('ledger.example/w-1'))) } }],
      predicateType: 'https://stella-ops.org/attestations/waiver/1',
      predicate: { act: 'requested', ledger: 'ledger.example', components: [{ purl: 'pkg:npm/left-pad', versions: 'vers:npm/<1.3.1' }] },
    });
  });
});

describe('contracts', () => {
  const contract = (age: string) => encodeUtf8(`{"format":"stella-contract/1","require":[{"id":"scan","anyOf":[{"kind":"scan","maxAge":"${age}"}]}]}`);

  test('the newest of a name counts; publishing one, another and the first again is three events', async () => {
    const bench = await Bench.begin();
    expect(await codeOf(findContract(bench.log, 'release'))).toBe('CONTRACT_UNKNOWN');
    for (const age of ['7d', '1d', '7d']) await publishContract(bench.stores, 'release', contract(age), by);
    const { index, event } = await findContract(bench.log, 'release');
    expect(index).toBe(3);
    expect((await openContract(bench.payloads, event)).requirements).toEqual([{ id: 'scan', anyOf: [{ kind: 'scan', maxAge: 7 * day }] }]);
  });

  test('one that names feeds is published under the number that has them, any other under the first', async () => {
    const bench = await Bench.begin();
    const alternative = { kind: 'scan', feeds: ['osv'] };
    const document = { format: 'stella-contract/1', require: [{ id: 'scan', anyOf: [alternative] }] };
    await publishContract(bench.stores, 'plain', contract('7d'), by);
    await publishContract(bench.stores, 'feeds', encodeUtf8(JSON.stringify(document)), by);
    const [plain, named] = [await findContract(bench.log, 'plain'), await findContract(bench.log, 'feeds')];
    expect([plain.event.data.semantics, named.event.data.semantics]).toEqual([1, 2]);
    expect((await openContract(bench.payloads, named.event)).requirements).toEqual([{ id: 'scan', anyOf: [alternative] }]);
  });

  test('nothing that cannot be read is stored', async () => {
    const bench = await Bench.begin();
    expect(await codeOf(publishContract(bench.stores, 'release', contract('soon'), by))).toBe('CONTRACT_INVALID');
    expect(await codeOf(publishContract(bench.stores, 'Release', contract('7d'), by))).toBe('EVENT_INVALID');
    expect([bench.payloads.held.size, bench.log.published.size]).toEqual([0, 1]);
  });

  test('binds artifacts, and binds them no more', async () => {
    const bench = await Bench.begin();
    expect(await codeOf(assignContract(bench.stores, 'release', [imageDigest], by))).toBe('CONTRACT_UNKNOWN');
    await publishContract(bench.stores, 'release', contract('7d'), by);
    await assignContract(bench.stores, 'release', [otherDigest, imageDigest], by);
    await unassignContract(bench.stores, 'release', [imageDigest], 'retired', by);
    expect(await bench.types()).toEqual(['contract.published', 'contract.assigned', 'contract.unassigned']);
    expect((await bench.log.head(`artifact:sha256:${formatHex(imageDigest[1])}`))?.version).toBe(2);
    // What it does not bind, or binds no more, cannot be let go; nor one beside what it binds.
    expect(await codeOf(unassignContract(bench.stores, 'release', [imageDigest], 'retired', by))).toBe('CONTRACT_UNKNOWN');
    expect(await codeOf(unassignContract(bench.stores, 'release', [otherDigest, imageDigest], 'retired', by))).toBe('CONTRACT_UNKNOWN');
    expect(bench.log.published.size).toBe(4);
    await assignContract(bench.stores, 'release', [imageDigest], by);
    await unassignContract(bench.stores, 'release', [otherDigest, imageDigest], 'mistaken', by);
    expect(bench.log.published.size).toBe(6);
  });
});
