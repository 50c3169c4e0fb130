// A ledger with an artifact's history, packs of it, and ways to change them: as a stranger does, and as whoever holds the ledger's key can.
import { expect } from 'vitest';
import { gate } from '../../actions/gate.ts';
import { importFeed } from '../../actions/import-feed.ts';
import { scanArtifact } from '../../actions/scan-artifact.ts';
import { exportPack, repack, type ExportedPack, type ExportOptions } from '../../actions/export-pack.ts';
import type { PackRequest } from '../../actions/pack-streams.ts';
import { nodeEngines } from '../../cli/programs/arguments.ts';
import { concatBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { prepareDraft, type DataOf, type NewEvent } from '../../ledger/events/index.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { formatVkey } from '../../ledger/note/index.ts';
import { authorKeyOfSeed } from '../../verify/sigstore/index.ts';
import {
  encodeManifest, manifestName, memorySource, parseManifest, signatureName, signManifest, verifyPack, writeZip,
  type Manifest, type PackOptions, type PackSigner,
} from '../../verify/pack/index.ts';
import { readMember, readZip } from '../../verify/pack/zip-reader.ts';
import { trustKeys, type Trust } from '../../verify/index.ts';
import { Bench, cyclonedx, image, imageDigest, other } from '../actions/kit.ts';
import { observationOf, workFile } from '../scanner/snapshot/memory.ts';
import { by, digestOf, origin, sha256, signerOf } from '../log/kit.ts';
import { addAttestationKey } from '../../actions/add-key.ts';

export const author = authorKeyOfSeed(new Uint8Array(32).fill(77));
export const packSigner: PackSigner = { id: author.key.id, sign: (message) => author.sign(message) };
export const vkeys = [formatVkey(signerOf(1).key)];
export const trust: Trust = trustKeys(origin, vkeys);

export const draftOf = (event: NewEvent) => prepareDraft(event, sha256);

/** A ledger on which two artifacts have bills of materials, one a sealed report, and a stranger's document stands between. */
export async function busyBench(): Promise<Bench> {
  const bench = await Bench.begin();
  await addAttestationKey(bench.log, author.key, by);
  bench.world.clock.pass(60_000);
  await bench.addOne(cyclonedx());
  await bench.addOne('a note about the other\n', { subjects: [['sha256', parseHex(other)]], media: 'text/plain' });
  bench.world.clock.pass(60_000);
  await bench.addOne('what the reviewer wrote\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain', seal: true });
  await bench.addOne('plain words about it\n', { subjects: [['sha256', parseHex(image)]], media: 'text/plain' });
  return bench;
}

export async function bytesOf(pack: ExportedPack): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of pack.bytes()) pieces.push(piece);
  return concatBytes(...pieces);
}

export function exporting(bench: Bench, request: PackRequest, options: ExportOptions = {}): Promise<ExportedPack> {
  return exportPack({ ...bench.stores, signer: packSigner, vkeys }, request, by, options);
}

export const artifactRequest = { kind: 'artifact', artifact: `sha256:${image}` } as const;

export async function packed(bench: Bench, request: PackRequest = artifactRequest, options: ExportOptions = {}): Promise<Uint8Array> {
  return bytesOf(await exporting(bench, request, options));
}

export async function repacked(bench: Bench, index: number): Promise<Uint8Array> {
  return bytesOf(await repack(bench.stores, index));
}

export type Members = Map<string, Uint8Array>;

/** A pack's members by name, its manifest and signature among them: copies, for tests change them and read the pack again. */
export function membersOf(pack: Uint8Array): Members {
  const answer = readZip(memorySource(pack));
  if (!answer.ok) throw new Error(answer.message);
  return new Map(answer.zip.members.map((member) => [member.name, (readMember(answer.zip, member) as Uint8Array).slice()]));
}

/** The members as a zip, whatever the manifest says. */
export async function zipped(members: Members): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeZip([...members].map(([name, bytes]) => ({ name, open: () => [bytes] })))) pieces.push(piece);
  return concatBytes(...pieces);
}

/** A pack changed by somebody who can sign manifests: members follow from what is there, roles stay. */
export async function resigned(members: Members, edit: (manifest: Manifest) => Manifest = (manifest) => manifest, signer = packSigner): Promise<Uint8Array> {
  const old = parseManifest(members.get(manifestName) as Uint8Array);
  const roles = new Map(old.members.map(({ name, role }) => [name, role]));
  const named = [...members].filter(([name]) => name !== manifestName && name !== signatureName).sort(([a], [b]) => (a < b ? -1 : 1));
  const list = named.map(([name, bytes]) => ({ name, role: roles.get(name) ?? ('receipt' as const), sha256: formatHex(sha256(bytes)), size: bytes.length }));
  const manifest = encodeManifest(edit({ ...old, members: list }));
  return zipped(new Map([...named, [manifestName, manifest], [signatureName, await signManifest(manifest, signer)]]));
}

/** The code of the verdict, or the level: the same, in the same words, by pure JavaScript and by Node's own engines. */
export function verdictOf(pack: Uint8Array, options: PackOptions = {}, by: Trust | null = trust): string {
  const [answer, again] = [{}, nodeEngines].map((engines) => verifyPack(memorySource(pack), by, { ...engines, ...options })) as [Verdict, Verdict];
  expect(saidBy(again)).toEqual(saidBy(answer));
  return answer.ok ? answer.level : answer.code;
}

type Verdict = ReturnType<typeof verifyPack>;

/** Without what is open in it. */
function saidBy(answer: ReturnType<typeof verifyPack>): unknown {
  if (answer.ok) return answer.proven;
  return 'rest' in answer ? { ...answer, rest: answer.rest.proven } : answer;
}

/** A decision put on record by hand: it read these streams, as they are now. @param edit - what an operator would have it say */
export async function decide(bench: Bench, names: readonly string[], edit: (data: Decision, pins: Pin[]) => Decision = (data) => data): Promise<number> {
  const { size, root } = bench.log.published;
  const pins: Pin[] = [];
  for (const name of [...names].sort()) {
    const head = await bench.log.head(name);
    pins.push(head === null ? [name, 0] : [name, head.version, head.index]);
  }
  const index = await bench.log.readStreamIndex();
  const semantics = { rego: 1, input: 1, vex: 1, waiver: 1, trust: 1, facts: 1, coverage: 1, gate: 1 };
  const data = edit({
    artifact: ['sha256', parseHex(image)], policy: 'release', tree: { size, root: ['sha256', root] }, index: ['sha256', index.root],
    effective: bench.world.clock.now(), outcome: 'deny', codes: ['POLICY_DENIED'], capabilities: digestOf('capabilities'), semantics,
    limits: { steps: 1000, outputBytes: 1000, depth: 10 }, facts: { count: 0, digest: digestOf('') }, pins: pins.length, attempts: 1,
  }, pins);
  const bytes = encodeJcs({ facts: [], format: 'stella-pins/1', streams: pins as (string | number)[][] });
  const { digest } = await bench.payloads.put([bytes], bytes.length);
  const payloads = [{ role: 'pins', size: bytes.length, media: 'application/json', digest: ['sha256', digest] as const }];
  return (await bench.log.appendOne({ drafts: [draftOf({ type: 'decision.recorded', by, data, payloads })] })).index;
}

type Pin = [name: string, version: number, index?: number];
type Decision = DataOf<'decision.recorded'>;

/** Advisories as a feed's newest snapshot: the same for each feed. */
export async function importInto({ stores: { log, payloads, pepper } }: Bench, feed: string): Promise<void> {
  const observation = observationOf('osv', {
    id: 'GHSA-1', affected: [{ package: { ecosystem: 'npm', name: 'a' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.1' }] }] }],
  } as JcsValue);
  await importFeed({ log, payloads, pepper, workFile }, {
    feed, sources: () => [{ name: 'osv', sha256: 'ab'.repeat(32), fetchedMs: 1_795_000_000_000 }], observations: [{ is: 'observation', observation }],
  }, by);
}

/** A ledger with a real feed, a real bill of materials and a real scan. */
export async function scanned({ seal = false } = {}): Promise<Bench> {
  const bench = await Bench.begin();
  const { log, payloads } = bench.stores;
  await addAttestationKey(log, author.key, by);
  await importInto(bench, 'f');
  await bench.addOne(cyclonedx({ components: [{ type: 'library', name: 'a', version: '1.0.0', purl: 'pkg:npm/a@1.0.0', 'bom-ref': 'a' }] }), { seal });
  await scanArtifact({ log, payloads, engineVersion: '1.2.3' }, { subject: imageDigest, feed: 'f', snapshot: { is: 'newest' } }, by);
  return bench;
}

/** A decision of the gate about the image: a denial, for there is no policy. */
export async function gated({ stores: { log, payloads, pepper }, world }: Bench): Promise<number> {
  return (await gate({ log, payloads, pepper, now: world.clock.now }, { artifact: imageDigest[1], policy: 'none' }, by)).appended.index;
}
