// Update kits: what is made is what is imported, all at once; a changed byte, a wrong signer or builder changes nothing.
import { describe, expect, test } from 'vitest';
import { findSnapshot } from '../../actions/feeds.ts';
import { importFeed } from '../../actions/import-feed.ts';
import { importKit, type KitToImport } from '../../actions/import-kit.ts';
import { createKit, type KitToMake } from '../../actions/kit.ts';
import { findPolicy, publishPolicy } from '../../actions/publish-policy.ts';
import { addTrust } from '../../actions/trust.ts';
import { concatBytes, decodeUtf8, encodeUtf8, equalBytes, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { parseJson, type JsonObject } from '../../ledger/json.ts';
import { parseJson as parseValue, type RegoObject } from '../../policy/index.ts';
import { encodeKitManifest, kitStatement, parseKitManifest, type Imported } from '../../scanner/index.ts';
import { memorySource, readMember, readZip } from '../../verify/pack/zip-reader.ts';
import { writeZip } from '../../verify/pack/zip-writer.ts';
import { signJson, type AuthorKey } from '../../verify/sigstore/index.ts';
import { by, sha256 } from '../log/kit.ts';
import { observationOf, workFile } from '../scanner/snapshot/memory.ts';
import { OwnLog } from '../sigstore/own-log.ts';
import { Bench, newKey } from './kit.ts';

const builder = 'https://security.example/kits';
const now = 1_795_000_000_000;
const advisory = (id: string, fixed: string): Imported => ({
  is: 'observation',
  observation: observationOf('osv', {
    id, affected: [{ package: { ecosystem: 'npm', name: 'a' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }] }],
  } as JcsValue),
});

const feed = (bench: Bench, observations: readonly Imported[]) =>
  importFeed({ ...bench.stores, workFile }, { feed: 'advisories', sources: () => [{ name: 'osv', sha256: 'ab'.repeat(32) }], observations }, by);

const policy = (bench: Bench, limit: number) => publishPolicy(bench.stores, {
  name: 'gate', entrypoints: [], bundle: {
    modules: [{ file: 'gate.rego', text: `package gate\n\n# METADATA\n# entrypoint: true\ndefault allow := false\n\nallow if input.n < ${limit}\n` }],
    data: parseValue('{}') as RegoObject, revision: 'r', regoVersion: 1,
  },
}, by);

/** Where kits are made. */
async function maker(more: Partial<KitToMake> = {}): Promise<{ bench: Bench; kit: (key: AuthorKey, also?: Partial<KitToMake>) => Promise<Uint8Array> }> {
  const bench = await Bench.begin();
  await feed(bench, [advisory('CVE-2026-1', '1.0.1'), advisory('CVE-2026-2', '3.0.0')]);
  await policy(bench, 5);
  const root = encodeUtf8(new OwnLog().trustedRoot);
  return {
    bench,
    async kit(key, also = {}) {
      const asked = { feed: 'advisories', snapshot: { is: 'newest' }, policies: ['gate'], roots: [root], builder, now, ...more, ...also } as const;
      const { pieces } = await createKit(bench.stores, asked, key);
      const all: Uint8Array[] = [];
      for await (const piece of pieces) all.push(piece);
      return concatBytes(...all);
    },
  };
}

/** Where kits are imported: with an older snapshot and another policy, trusting one key. */
async function taker(pem: string): Promise<Bench> {
  const bench = await Bench.begin();
  await feed(bench, [advisory('CVE-2026-1', '1.0.0')]);
  await policy(bench, 1);
  await addTrust({ ...bench.stores }, { kind: 'key', publicKey: pem }, by);
  return bench;
}

const take = (bench: Bench, kit: Uint8Array, more: Partial<KitToImport> = {}) =>
  importKit({ ...bench.stores, workFile }, { source: memorySource(kit), builder, now, ...more }, by);

const active = async (bench: Bench) => (await findSnapshot(bench.log, 'advisories', { is: 'newest' })).name;

describe('a kit', () => {
  test('is the same bytes again, and imports as one step; the same kit again is known', async () => {
    const { author, pem } = newKey();
    const from = await maker();
    const kit = await from.kit(author);
    const bench = await taker(pem);
    const before = bench.log.published.size;
    const imported = await take(bench, kit);
    expect(imported).toMatchObject({ repeated: false, policies: ['gate'], roots: 1, feed: 'advisories' });
    expect(await bench.types(before)).toEqual(['policy.published', 'trust.added', 'feed.imported']);
    expect(await active(bench)).toBe(await active(from.bench));
    const event = await bench.event(imported.index);
    expect(event.type === 'feed.imported' && event.data.kit?.[1]).toEqual(imported.kit.digest);
    // The signed manifest is there to be verified again.
    const kept = event.payloads?.find(({ role }) => role === 'kit')?.digest?.[1] as Uint8Array;
    expect(bench.payloads.held.get(formatHex(kept))).toEqual(imported.kit.attestation);
    const size = bench.log.published.size;
    expect(await take(bench, kit)).toMatchObject({ repeated: true, index: imported.index });
    expect(bench.log.published.size).toBe(size);
    // Another kit with the same policy and root brings its snapshot alone.
    await feed(from.bench, [advisory('CVE-2026-9', '1.0.1')]);
    expect(await take(bench, await from.kit(author))).toMatchObject({ repeated: false, policies: [], roots: 0 });
    expect(await bench.types(size)).toEqual(['feed.imported']);
    // And the first again is the feed's newest again.
    expect(await take(bench, kit)).toMatchObject({ repeated: false, policies: [], roots: 0 });
    await bench.check();
  });

  test('into another feed, without policies and roots', async () => {
    const { author, pem } = newKey();
    const bench = await taker(pem);
    const before = bench.log.published.size;
    const { index } = await take(bench, await (await maker()).kit(author), { feed: 'other', snapshotOnly: true });
    expect(await bench.types(before)).toEqual(['feed.imported']);
    expect(await bench.event(index)).toMatchObject({ data: { feed: 'other' } });
  });

  test('of which only the signature differs is made of the same bytes', async () => {
    const key = newKey().author;
    const { kit } = await maker();
    const members = (bytes: Uint8Array) => {
      const read = readZip(memorySource(bytes));
      return read.ok ? read.zip.members.map((member) => [member.name, member.name === 'attestation.json' ? ''
        : formatHex(readMember(read.zip, member) as Uint8Array)]) : [];
    };
    expect(members(await kit(key))).toEqual(members(await kit(newKey().author)));
  });
});

/** What a refused import must leave: nothing at all. */
async function refused(bench: Bench, kit: Uint8Array, more: Partial<KitToImport> = {}): Promise<LedgerError> {
  const [size, snapshot, payloads] = [bench.log.published.size, await active(bench), bench.payloads.held.size];
  const error = await take(bench, kit, more).then(() => null, (cause: unknown) => cause);
  expect(error).toBeInstanceOf(LedgerError);
  expect([bench.log.published.size, await active(bench), bench.payloads.held.size]).toEqual([size, snapshot, payloads]);
  return error as LedgerError;
}

describe('a bad kit changes nothing', () => {
  test('any flipped byte', async () => {
    const { author, pem } = newKey();
    const kit = await (await maker({ policies: [], roots: [] })).kit(author);
    const bench = await taker(pem);
    const codes = new Map<string, number>();
    for (let at = 0; at < kit.length; at++) {
      const changed = kit.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      const { code, hint } = await refused(bench, changed);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(hint).not.toBeNull();
    }
    // The zip has check sums of its own; what follows is what those who make new ones meet.
    expect([...codes.keys()]).toEqual(['KIT_DAMAGED']);
    for (const length of [0, 1, 100, kit.length - 1]) expect((await refused(bench, kit.slice(0, length))).code).toBe('KIT_DAMAGED');
    expect((await refused(bench, concatBytes(kit, Uint8Array.of(0)))).code).toBe('KIT_DAMAGED');
    expect(await take(bench, kit)).toMatchObject({ repeated: false });
  }, 120_000);

  test('a member changed by somebody who packs it again', async () => {
    const { author, pem } = newKey();
    const kit = await (await maker()).kit(author);
    const bench = await taker(pem);
    const read = readZip(memorySource(kit));
    const members = read.ok ? read.zip.members.map((member) => [member.name, readMember(read.zip, member) as Uint8Array] as const) : [];
    for (const [changing, content] of members) {
      for (let i = 0; i < 12; i++) {
        const changed = content.slice();
        // The envelope's signature and payload; its key id is nobody's word, and is not asked.
        const at = changing === 'attestation.json' ? decodeUtf8(content).indexOf('"payload":"') + 20 + i : Math.floor((i * content.length) / 12);
        changed[at] = (changed[at] as number) ^ 1;
        const all: Uint8Array[] = [];
        for await (const piece of writeZip(members.map(([name, bytes]) => ({ name, open: () => [name === changing ? changed : bytes] })))) all.push(piece);
        const { code } = await refused(bench, concatBytes(...all));
        expect(changing === 'attestation.json' ? ['KIT_UNTRUSTED'] : ['KIT_DAMAGED', 'INPUT_VERSION_UNKNOWN'], `${changing} ${at}`).toContain(code);
      }
    }
  });

  test('another signer, another builder, a signer whose trust has ended', async () => {
    const { author, pem } = newKey();
    const { kit } = await maker();
    const bench = await taker(pem);
    expect((await refused(bench, await kit(newKey().author))).code).toBe('KIT_UNTRUSTED');
    const error = await refused(bench, await kit(author, { builder: 'https://other.example/kits' }));
    expect(error).toMatchObject({ code: 'KIT_BUILDER_WRONG',
      message: expect.stringContaining('"https://other.example/kits", expected "https://security.example/kits"') });
    expect(await refused(bench, await kit(author), { builder: 'https://other.example/kits' })).toMatchObject({ code: 'KIT_BUILDER_WRONG' });
    const late = await Bench.begin();
    await feed(late, [advisory('CVE-2026-1', '1.0.0')]);
    await addTrust({ ...late.stores }, { kind: 'key', publicKey: pem, validTo: now - 1 }, by);
    expect((await refused(late, await kit(author))).code).toBe('KIT_UNTRUSTED');
  });

  /** Unpacks a kit, changes it, and signs it again: what only a trusted builder could do. */
  async function forged(kit: Uint8Array, author: AuthorKey, change: (members: Map<string, Uint8Array>, manifest: JsonObject) => void,
    statement?: (value: JsonObject) => void) {
    const read = readZip(memorySource(kit));
    if (!read.ok) throw new Error(read.message);
    const members = new Map(read.zip.members.map((member) => [member.name, readMember(read.zip, member) as Uint8Array]));
    const manifest = parseJson(members.get('manifest.json') as Uint8Array) as JsonObject;
    change(members, manifest);
    const bytes = members.get('manifest.json') as Uint8Array;
    const written = encodeUtf8(JSON.stringify(manifest));
    const encoded = equalBytes(written, bytes) ? bytes : written;
    members.set('manifest.json', encoded);
    let good;
    try {
      good = parseKitManifest(encoded);
    } catch {
      good = parseKitManifest(bytes);
    }
    const said = structuredClone(kitStatement(good, sha256(encoded), [], { builder, madeMs: now })) as JsonObject;
    statement?.(said);
    members.set('attestation.json', encodeUtf8(JSON.stringify(await signJson(said as JcsValue, [author]))));
    const all: Uint8Array[] = [];
    for await (const piece of writeZip([...members].map(([name, content]) => ({ name, open: () => [content] })))) all.push(piece);
    return concatBytes(...all);
  }

  const named = (manifest: JsonObject, key: string) => (manifest[key] as JsonObject[])[0] as JsonObject;
  test.each<[string, string, Parameters<typeof forged>[2], Parameters<typeof forged>[3]?]>([
    ['a member that the manifest does not name', 'KIT_DAMAGED', (members) => members.set('extra', encodeUtf8('x'))],
    ['a member that is missing', 'KIT_DAMAGED', (members) => members.delete('policies/gate.json')],
    ['a snapshot under another root', 'KIT_DAMAGED', (_, manifest) => ((manifest.snapshot as JsonObject).root = `sha256:${'00'.repeat(32)}`)],
    ['a policy that does not compile', 'POLICY_INVALID', (members, manifest) => {
      const text = decodeUtf8(members.get('policies/gate.json') as Uint8Array).replace('input.n', 'unknown_n');
      members.set('policies/gate.json', encodeUtf8(text));
      Object.assign(named(manifest, 'policies'), { sha256: formatHex(sha256(encodeUtf8(text))), size: text.length });
    }],
    ['an entrypoint that is not there', 'KIT_DAMAGED', (_, manifest) => (named(manifest, 'policies').entrypoints = ['data.gate.deny'])],
    ['a root that is none', 'KIT_DAMAGED', (members, manifest) => {
      const name = named(manifest, 'roots').name as string;
      members.set(name, encodeUtf8('{}'));
      Object.assign(named(manifest, 'roots'), { sha256: formatHex(sha256(encodeUtf8('{}'))), size: 2 });
    }],
    ['a manifest of another format', 'INPUT_VERSION_UNKNOWN', (_, manifest) => (manifest.format = 'stella-kit/2')],
    ['a manifest with more', 'KIT_DAMAGED', (_, manifest) => (manifest.more = 1)],
    ['an attestation about another manifest', 'KIT_DAMAGED', () => {},
      (said) => (((said.subject as JsonObject[])[0] as JsonObject).digest = { sha256: '00'.repeat(32) })],
    ['an attestation about more', 'KIT_DAMAGED', () => {}, (said) => (said.subject as JsonObject[]).push({ name: 'y', digest: { sha256: '00'.repeat(32) } })],
    ['another predicate', 'KIT_DAMAGED', () => {}, (said) => (said.predicateType = 'https://example.org/x')],
    ['another kind of build', 'KIT_DAMAGED', () => {},
      (said) => (((said.predicate as JsonObject).buildDefinition as JsonObject).buildType = 'https://example.org/x')],
  ])('%s', async (_, code, change, statement) => {
    const { author, pem } = newKey();
    const kit = await (await maker()).kit(author);
    expect((await refused(await taker(pem), await forged(kit, author, change, statement))).code).toBe(code);
    // The forger's tools make good kits too: it is the change that is refused.
    expect(await take(await taker(pem), await forged(kit, author, () => {}))).toMatchObject({ repeated: false });
  });

  test('two imports at once are one import and one refusal', async () => {
    const { author, pem } = newKey();
    const from = await maker();
    const kits = [await from.kit(author)];
    await feed(from.bench, [advisory('CVE-2026-9', '1.0.1')]);
    kits.push(await from.kit(author));
    const bench = await taker(pem);
    const results = await Promise.allSettled(kits.map((kit) => take(bench, kit)));
    expect(results.map((one) => (one.status === 'fulfilled' ? 'imported' : (one.reason as LedgerError).code)).sort()).toEqual(['VERSION_CONFLICT', 'imported']);
  });

  test('what is asked for and is not there', async () => {
    const { author } = newKey();
    const { bench, kit } = await maker();
    await expect(kit(author, { policies: ['none'] })).rejects.toMatchObject({ code: 'POLICY_UNKNOWN' });
    await expect(kit(author, { feed: 'none' })).rejects.toMatchObject({ code: 'SNAPSHOT_UNKNOWN' });
    await expect(kit(author, { roots: [encodeUtf8('{}')] })).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    expect((await findPolicy(bench.log, 'gate')).version).toBe(1);
    const manifest = { feed: 'f', snapshot: { name: 's', sha256: '00'.repeat(32), size: 1, root: 'r' }, policies: [], roots: [] };
    expect(parseKitManifest(encodeKitManifest(manifest))).toEqual(manifest);
  });
});
