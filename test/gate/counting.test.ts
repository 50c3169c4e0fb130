// What the gate reads when several things could count: no newcomer hides what is on record, and older decisions keep their rules.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gate } from '../../actions/gate.ts';
import { importFeed } from '../../actions/import-feed.ts';
import { publishPolicy } from '../../actions/publish-policy.ts';
import { replayFromStreams, whatIfFromStreams } from '../../actions/replay.ts';
import { scanArtifact } from '../../actions/scan-artifact.ts';
import { addTrust } from '../../actions/trust.ts';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { CURRENT } from '../../policy/gate/decide.ts';
import { parseJson, type RegoObject } from '../../policy/index.ts';
import { signJson, type AuthorKey } from '../../verify/sigstore/index.ts';
import { Bench, cyclonedx, image, imageDigest, newKey } from '../actions/kit.ts';
import { by, sha256 } from '../log/kit.ts';
import { observationOf, workFile } from '../scanner/snapshot/memory.ts';
import { app, Gates, noCriticals } from './kit.ts';

const hole = observationOf('osv', {
  id: 'CVE-2026-1', affected: [{ package: { ecosystem: 'npm', name: 'bad' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H' }],
} as JcsValue);

/** @param timestamp - when it says that it was made */
function bom(name: string, timestamp?: string): JcsValue {
  const component = { type: 'library', name, version: '1.0.0', purl: `pkg:npm/${name}@1.0.0`, 'bom-ref': name };
  const whole = JSON.parse(cyclonedx({ components: [component] })) as { metadata: object };
  return { ...whole, metadata: { ...whole.metadata, ...(timestamp === undefined ? {} : { timestamp }) } } as JcsValue;
}

/** A bill of materials inside a signed statement about the image. */
async function signed(author: AuthorKey, document: JcsValue, ...others: AuthorKey[]): Promise<string> {
  const subject = [{ digest: { sha256: image } }];
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: 'https://cyclonedx.org/bom', predicate: document };
  return JSON.stringify(await signJson(statement, [author, ...others]));
}

function publishShipped({ stores }: Bench, name: string, config: object = {}): Promise<unknown> {
  const text = readFileSync(new URL('../../policy/library/sbom.rego', import.meta.url), 'utf8');
  const data = parseJson(JSON.stringify({ stella: { config } })) as RegoObject;
  const bundle = { modules: [{ file: 'sbom.rego', text }], data, revision: '', regoVersion: 1 as const };
  return publishPolicy(stores, { name, bundle, entrypoints: ['data.stella.sbom.allow'] }, by);
}

/** A ledger that trusts one signer, whose bill of materials of the image lists what has a critical hole; scanned. */
class Signed {
  readonly bench: Bench;
  readonly vendor = newKey();

  private constructor(bench: Bench) {
    this.bench = bench;
  }

  static async begin(timestamp?: string): Promise<Signed> {
    const one = new Signed(await Bench.begin());
    const { stores, world } = one.bench;
    const sources = () => [{ name: 'osv', sha256: 'ab'.repeat(32), fetchedMs: world.clock.now() }];
    await importFeed({ ...stores, workFile }, { feed: 'f', sources, observations: [{ is: 'observation', observation: hole }] }, by);
    const modules = [{ file: 'gate.rego', text: noCriticals['gate.rego'] }];
    const bundle = { modules, data: parseJson('{}') as RegoObject, revision: '', regoVersion: 1 as const };
    await publishPolicy(stores, { name: 'release', bundle, entrypoints: ['data.gate.allow'] }, by);
    await one.trust();
    await one.bench.addOne(await signed(one.vendor.author, bom('bad', timestamp)));
    await one.scan();
    return one;
  }

  trust = async (): Promise<number> => (await addTrust(this.bench.stores, { kind: 'key', publicKey: this.vendor.pem }, by)).index;

  scan = async (entry?: number): Promise<void> => {
    const list = entry === undefined ? {} : { list: { is: 'entry' as const, entry } };
    await scanArtifact({ ...this.bench.stores, engineVersion: '1.0.0' }, { subject: imageDigest, feed: 'f', snapshot: { is: 'newest' }, ...list }, by);
  };

  /** As under gate semantics 3, on record and replayed. */
  decideBefore = async (): Promise<[string, readonly string[]]> => {
    const gates = Gates.over(this.bench);
    const decision = await gates.decideUnder({ ...CURRENT, gate: 3 }, { artifact: imageDigest[1] });
    expect((await replayFromStreams(this.bench.stores, decision)).verdict).toEqual({ is: 'SAME' });
    const { outcome, codes = [] } = (await gates.event(decision)).data as { outcome: string; codes?: readonly string[] };
    return [outcome, codes];
  };

  /** The shipped rule about bills of materials, as `fresh`. */
  fresh = (config: object): Promise<unknown> => publishShipped(this.bench, 'fresh', config);

  gate = async (policy = 'release') => {
    const ports = { ...this.bench.stores, now: this.bench.world.clock.now };
    const { data, appended, decided } = await gate(ports, { artifact: imageDigest[1], policy }, by);
    expect((await replayFromStreams(this.bench.stores, appended.index)).verdict).toEqual({ is: 'SAME' });
    // The image itself has no purl.
    const told = [data.outcome, ...(data.codes ?? []), ...(data.warnings ?? [])].filter((code) => code !== 'COMPONENTS_UNMATCHED');
    const denials = decided.shown.results.denials.map(({ text }) => text);
    return { answer: told.join(' '), sbom: decided.shown.input?.sbom?.entry, ...(policy === 'release' ? {} : { denials }) };
  };
}

describe('a bill of materials that somebody trusted has signed', () => {
  test('gives way to none that nobody signed: neither in a scan nor in the gate', async () => {
    const one = await Signed.begin();
    const before = await one.gate();
    expect(before.answer).toBe('deny POLICY_DENIED');
    const added = await one.bench.addOne(JSON.stringify(bom('quiet')));
    await one.scan();
    expect(await one.gate()).toEqual({ answer: 'deny POLICY_DENIED SBOM_UNTRUSTED', sbom: before.sbom });
    // Whoever names the other one has it scanned, and no more.
    const [stored] = added.events;
    if (stored?.outcome.ok !== true) throw new TypeError('the other one was refused');
    await one.scan(stored.outcome.index);
    expect(await one.gate()).toEqual({ answer: 'deny SCAN_OUTDATED SBOM_UNTRUSTED', sbom: before.sbom });
  });

  test('nor to one whose signature is of somebody else, or none at all', async () => {
    const one = await Signed.begin();
    await one.bench.addOne(await signed(newKey().author, bom('quiet')));
    const forged = JSON.parse(await signed(one.vendor.author, bom('quiet'))) as { signatures: { sig: string }[] };
    const [first] = forged.signatures;
    if (first !== undefined) first.sig = `${first.sig.slice(0, -8)}AAAAAAA=`;
    await one.bench.addOne(JSON.stringify(forged));
    await one.scan();
    expect((await one.gate()).answer).toBe('deny POLICY_DENIED SBOM_UNTRUSTED');
  });

  test('gives way to a newer one that is signed too, and an older one does not come back in another file', async () => {
    const one = await Signed.begin();
    const { author } = one.vendor;
    await one.bench.addOne(await signed(author, bom('quiet')));
    expect((await one.gate()).answer).toBe('deny POLICY_DENIED SCAN_OUTDATED');
    await one.scan();
    const { answer, sbom } = await one.gate();
    expect(answer).toBe('allow');
    await one.bench.addOne(JSON.stringify(JSON.parse(await signed(author, bom('bad'))), null, 2));
    expect(await one.gate()).toEqual({ answer, sbom });
  });

  test('does not come back with one signature more, nor with the same one twice; under gate semantics 3 it did', async () => {
    const one = await Signed.begin();
    const { author } = one.vendor;
    await one.bench.addOne(await signed(author, bom('quiet')));
    await one.scan();
    const before = await one.gate();
    expect(before.answer).toBe('allow');
    const twice = JSON.parse(await signed(author, bom('bad'))) as { signatures: object[] };
    twice.signatures.push(...twice.signatures);
    for (const text of [await signed(author, bom('bad'), newKey().author), JSON.stringify(twice)]) {
      const { events } = await one.bench.addOne(text);
      expect(events.map(({ outcome }) => outcome.ok && !outcome.repeated)).toEqual([true, true]);
      expect(await one.gate()).toEqual(before);
      await one.scan();
      expect(await one.gate()).toEqual(before);
    }
    expect(await one.decideBefore()).toEqual(['deny', ['SCAN_OUTDATED']]);
  });

  test('is the newest when it was made last, as it says under its signature, whatever came last', async () => {
    const one = await Signed.begin('2026-01-02T00:00:00Z');
    const { author } = one.vendor;
    // An older one that was never here before.
    await one.bench.addOne(await signed(author, bom('quiet', '2026-01-01T00:00:00Z')));
    await one.scan();
    expect((await one.gate()).answer).toBe('deny POLICY_DENIED SBOM_OLDER');
    expect(await one.decideBefore()).toEqual(['deny', ['POLICY_DENIED', 'SCAN_OUTDATED']]);
    await one.bench.addOne(await signed(author, bom('quiet', '2026-01-03T01:00:00+01:00')));
    await one.scan();
    expect((await one.gate()).answer).toBe('allow');
    // What lists the same again, and was made later, is another one.
    await one.bench.addOne(await signed(author, bom('bad', '2026-01-04T00:00:00Z')));
    await one.scan();
    expect((await one.gate()).answer).toBe('deny POLICY_DENIED');
    // A time that is to come is no later than when it came on record, and where none is stated it is that one.
    await one.bench.addOne(await signed(author, bom('quiet', '2999-01-01T00:00:00Z')));
    one.bench.world.clock.pass(1000);
    await one.bench.addOne(await signed(author, bom('bad')));
    await one.scan();
    expect((await one.gate()).answer).toBe('deny POLICY_DENIED');
  });

  test('is missed where the scan looked at something else: a directory that somebody says is the artifact', async () => {
    const one = await Signed.begin('2026-11-20T00:00:00Z');
    const list = { is: 'inventory' as const, inventory: { components: [], unreadable: [] } };
    await scanArtifact({ ...one.bench.stores, engineVersion: '1.0.0' }, { subject: imageDigest, feed: 'f', snapshot: { is: 'newest' }, list }, by);
    expect((await one.gate()).answer).toBe('allow SBOM_UNSCANNED');
    // A policy that asks for more can: the shipped rule does where it is told to.
    await one.fresh({ scan_of_sbom: true });
    expect(await one.gate('fresh')).toMatchObject({ answer: 'deny POLICY_DENIED SBOM_UNSCANNED', denials: ['the scan is not of the SBOM'] });
    await one.scan();
    expect((await one.gate()).answer).toBe('deny POLICY_DENIED');
    expect(await one.gate('fresh')).toMatchObject({ answer: 'allow', denials: [] });
  });

  test('counts as any other when its signer is trusted no more', async () => {
    const gates = await gatesOf();
    const trusted = await gates.trust('vendor');
    await embedded(gates, 'pkg:npm/bad@1', 'vendor');
    const plain = await gates.sbom(app, ['pkg:npm/quiet@1']);
    await gates.scan(app, plain, []);
    expect(await gates.answer()).toBe('deny SCAN_OUTDATED');
    await gates.distrust(trusted);
    expect(await gates.answer()).toBe('allow');
  });

  test('is one that a signed statement names by its digest', async () => {
    const gates = await gatesOf();
    await gates.trust('vendor');
    const document = formatHex(sha256(encodeUtf8(`sbom ${gates.log.published.size}`)));
    const named = await gates.sbom(app, ['pkg:npm/bad@1']);
    const other = await gates.sbom(app, ['pkg:npm/quiet@1']);
    await gates.scan(app, other, []);
    expect(await gates.answer()).toBe('allow');
    await gates.attestation(app, 'stranger', { kind: 'sbom-reference', digest: ['sha256', document] });
    expect(await gates.answer()).toBe('allow');
    await gates.attestation(app, 'vendor', { kind: 'sbom-reference', digest: ['sha256', document] });
    expect(await gates.answer()).toBe('deny SCAN_OUTDATED');
    await gates.scan(app, named, []);
    const { data } = await gates.gate();
    expect([data.outcome, data.warnings]).toEqual(['allow', ['SBOM_UNTRUSTED']]);
  });

  test('gave way to the newest under gate semantics 2: what was decided then stays SAME', async () => {
    const gates = await gatesOf();
    await gates.trust('vendor');
    await embedded(gates, 'pkg:npm/bad@1', 'vendor');
    await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
    const decision = await gates.decideUnder({ ...CURRENT, gate: 2 });
    expect((await gates.event(decision)).data).toMatchObject({ outcome: 'allow' });
    expect((await replayFromStreams(gates, decision)).verdict).toEqual({ is: 'SAME' });
    expect(await gates.answer()).toBe('deny SCAN_OUTDATED');
  });
});

test('a bill of materials says when it was made: the shipped rule about its age has something to ask', async () => {
  const day = 86_400_000;
  const answer = async (timestamp: (now: number) => string | undefined) => {
    const bench = await Bench.begin();
    const now = bench.world.clock.now();
    await importFeed({ ...bench.stores, workFile }, {
      feed: 'f', sources: () => [{ name: 'osv', sha256: 'ab'.repeat(32), fetchedMs: now }], observations: [{ is: 'observation', observation: hole }],
    }, by);
    await publishShipped(bench, 'release');
    await bench.addOne(JSON.stringify(bom('quiet', timestamp(now))));
    await scanArtifact({ ...bench.stores, engineVersion: '1.0.0' }, { subject: imageDigest, feed: 'f', snapshot: { is: 'newest' } }, by);
    const { data, decided } = await gate({ ...bench.stores, now: bench.world.clock.now }, { artifact: imageDigest[1], policy: 'release' }, by);
    return [data.outcome, ...decided.shown.results.denials.map(({ text }) => text)];
  };
  expect(await answer((now) => new Date(now - 3 * day).toISOString())).toEqual(['allow']);
  expect(await answer((now) => new Date(now - 40 * day).toISOString())).toEqual(['deny', 'the SBOM is 40 days old']);
  expect(await answer(() => undefined)).toEqual(['deny', 'the SBOM\'s age is not known']);
});

async function gatesOf(): Promise<Gates> {
  const gates = await Gates.begin();
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  return gates;
}

/** An attestation and the bill of materials inside it: two events, one file, the same facts. */
async function embedded(gates: Gates, purl: string, signer: string): Promise<number> {
  const subject = { digests: [['sha256', formatHex(app[1])]] };
  const predicate = { format: 'cyclonedx', kind: 'document' };
  const statement = { envelope: 'dsse', predicate, predicateType: 'https://cyclonedx.org/bom', signatures: 1, subjects: [subject] };
  const facts = { attestations: [statement], components: [{ name: 'bad', purl, type: 'library' }], semantics: 1 };
  await gates.attestation(app, signer, { kind: 'document' }, undefined, facts as unknown as JcsValue);
  return gates.sbom(app, [purl], undefined, facts as unknown as JcsValue);
}

describe('scans with several feeds', () => {
  const bad = { id: 'CVE-2026-1', purl: 'pkg:npm/bad@1' };

  test('deny until one is named, whichever scan is the newest', async () => {
    const gates = await gatesOf();
    const sbom = await gates.sbom(app, [bad.purl]);
    await gates.scan(app, sbom, [bad]);
    expect(await gates.answer()).toBe('deny POLICY_DENIED');
    await gates.feed('small', 'snapshot of little');
    await gates.scan(app, sbom, [], 'snapshot of little', 'small');
    const { data, appended } = await gates.gate();
    expect([data.outcome, data.codes, data.feed, data.findings]).toEqual(['deny', ['FEED_UNNAMED'], undefined, undefined]);
    expect((await replayFromStreams(gates, appended.index)).verdict).toEqual({ is: 'SAME' });
    expect(await gates.answer({ weakened: ['SCAN_MISSING'] })).toBe('deny FEED_UNNAMED');
    expect([await gates.answer({ feed: 'osv' }), await gates.answer({ feed: 'small' })]).toEqual(['deny POLICY_DENIED', 'allow']);
    const before = await gates.decideUnder({ ...CURRENT, gate: 2 });
    expect((await gates.event(before)).data).toMatchObject({ outcome: 'allow', feed: 'small' });
    expect((await replayFromStreams(gates, before)).verdict).toEqual({ is: 'SAME' });
  });
});

test.each(['"7"', '-1', 'null', '[1]', 'true'])('snapshot_days %s is no number of days', async (days) => {
  const gates = await gatesOf();
  await gates.policy('release', noCriticals, `{"stella": {"config": {"snapshot_days": ${days}}}}`);
  await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
  expect(await gates.answer()).toBe('deny SNAPSHOT_STALE');
  const before = await gates.decideUnder({ ...CURRENT, gate: 2 });
  expect((await gates.event(before)).data).toMatchObject({ outcome: 'allow' });
  expect((await replayFromStreams(gates, before)).verdict).toEqual({ is: 'SAME' });
});

describe('rules that deny', () => {
  const ALLOWS = 'package gate\n\nimport rego.v1\n\ndefault allow := true\n\n';
  const ask = async (rules: string, entrypoints = ['data.gate.allow'], policy = ALLOWS) => {
    const gates = await gatesOf();
    await gates.policy('release', { 'gate.rego': `${policy}${rules}\n` }, '{}', entrypoints);
    await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
    const before = await gates.decideUnder({ ...CURRENT, gate: 2 });
    expect((await replayFromStreams(gates, before)).verdict).toEqual({ is: 'SAME' });
    const { data, decided } = await gates.gate();
    const { outcome } = (await gates.event(before)).data as { outcome: string };
    return [outcome, data.outcome, decided.shown.results.denials.map(({ rule, text }) => `${rule}: ${text}`)];
  };

  test.each<[string, string, readonly string[]]>([
    ['a partial object, which is what lacks "contains"', 'violation[msg] if msg := "x"', ['violation: x']],
    ['a partial object with values', 'deny[key] := "why" if key := "x"', ['deny: x']],
    ['a rule below the name', 'deny.high contains "x"', ['deny.high: x']],
    ['a rule far below the name', 'violation.a.b contains "x" if true', ['violation.a.b: x']],
    ['sets by a variable', 'deny[level] contains "x" if level := "HIGH"', ['deny: HIGH']],
    ['a name that ends with the line', 'deny_ contains "x"', ['deny_: x']],
  ])('are heard: %s', async (_, rules, denials) => expect(await ask(rules)).toEqual(['allow', 'deny', denials]));

  test('that say nothing deny nothing', async () => {
    expect(await ask('deny.high contains "x" if false\n\ndeny.low contains "y" if false')).toEqual(['allow', 'allow', []]);
    expect(await ask('violation[msg] if {\n\tfalse\n\tmsg := "x"\n}')).toEqual(['allow', 'allow', []]);
  });

  test('are heard beside an entrypoint of another name', async () => {
    expect(await ask('release := true\n\ndeny contains "x"', ['data.gate.release'])).toEqual(['allow', 'deny', ['deny: x']]);
    expect(await ask('release := true\n\ndeny contains "x" if false', ['data.gate.release'])).toEqual(['allow', 'allow', []]);
  });

  test.each<[string, string, string]>([
    ['in another spelling', 'data.gate["allow"]', ALLOWS],
    ['in another spelling of the package', 'data["gate"].allow', ALLOWS],
    ['that is a rule below a name', 'data.gate.release.prod', `${ALLOWS}release.prod := true\n\n`],
    ['that is a part of a rule', 'data.gate.release.prod', `${ALLOWS}release := {"prod": true}\n\n`],
    ['that is a part of allow', 'data.gate.allow.prod', 'package gate\n\nimport rego.v1\n\nallow := {"prod": true}\n\n'],
  ])('are heard beside an entrypoint %s', async (_, entrypoint, policy) => {
    expect(await ask('', [entrypoint], policy)).toEqual(['allow', 'allow', []]);
    expect(await ask('deny contains "x"', [entrypoint], policy)).toEqual(['allow', 'deny', ['deny: x']]);
  });

  test.each(['deny[1] contains "x"', 'deny[true] contains "x"', 'deny["a\\"b"] contains "x"'])('are asked by any key: %s', async (rule) => {
    const [, outcome, denials] = await ask(rule);
    expect([outcome, (denials as string[]).map((one) => one.slice(-3))]).toEqual(['deny', [': x']]);
    expect((await ask(`${rule} if false`)).slice(1)).toEqual(['allow', []]);
  });

  test('of other packages are not of this one', async () => {
    expect(await ask('', ['data.gate'])).toEqual(['allow', 'allow', []]);
  });
});

test('asking less than a policy publishes is a weakened check, on record', async () => {
  const gates = await gatesOf();
  await gates.policy('release', {
    'a.rego': 'package a\n\nimport rego.v1\n\ndefault allow := true\n', 'b.rego': 'package b\n\nimport rego.v1\n\ndefault allow := false\n',
  }, '{}', ['data.a.allow', 'data.b.allow']);
  await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
  expect(await gates.answer()).toBe('deny POLICY_DENIED');
  const { data, appended } = await gates.gate({ entrypoints: ['data.a.allow'] });
  expect([data.outcome, data.weakened]).toEqual(['allow', ['ENTRYPOINTS_NARROWED']]);
  expect((await replayFromStreams(gates, appended.index)).verdict).toEqual({ is: 'SAME' });
  expect((await gates.gate({ entrypoints: ['data.b.allow', 'data.a.allow'] })).data.weakened).toBeUndefined();
  const before = await gates.decideUnder({ ...CURRENT, gate: 2 }, { entrypoints: ['data.a.allow'] });
  expect((await gates.event(before)).data).toMatchObject({ outcome: 'allow' });
  expect((await replayFromStreams(gates, before)).verdict).toEqual({ is: 'SAME' });
  const wide = await whatIfFromStreams(gates, appended.index, { entrypoints: ['data.a.allow', 'data.b.allow'] });
  expect(wide.decided.data.weakened).toBeUndefined();
});

test('a list of no entrypoints is none: all that is published is asked', async () => {
  const gates = await gatesOf();
  await gates.policy('release', { 'gate.rego': 'package gate\n\nimport rego.v1\n\nallow := true\n' }, '{}', ['data.gate']);
  await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
  const { data, appended } = await gates.gate({ entrypoints: [] });
  expect([data.outcome, data.entrypoints, data.weakened]).toEqual(['allow', ['data.gate'], undefined]);
  expect((await replayFromStreams(gates, appended.index)).verdict).toEqual({ is: 'SAME' });
});

test('an allow of parts is no allow', async () => {
  const gates = await gatesOf();
  await gates.policy('release', { 'gate.rego': 'package gate\n\nimport rego.v1\n\nallow.parts := true\n' }, '{}', ['data.gate']);
  await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
  expect(await gates.answer()).toBe('deny RESULT_MALFORMED');
});
