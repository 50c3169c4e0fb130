// Export: a pack of a decision, an artifact or a period, on record before it is handed out, and the same bytes whenever it is made again.
import { concatBytes, encodeUtf8, formatHex, parseHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, kindOf, prepareDraft, type Actor, type DataOf, type Event, type PayloadReference } from '../ledger/events/index.ts';
import { sha256, startSha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import {
  checkpointName, crc32, encodeManifest, encodePackStreams, keysName, manifestName, parseManifest, receiptName, signatureName, signManifest, streamsName,
  writeZip, type Manifest, type Member, type MemberRole, type PackSigner, type Scope, type ZipContent,
} from '../verify/pack/index.ts';
import { formatReceipt } from '../verify/index.ts';
import { Erasures } from './erasures.ts';
import { choosePayloads, openedPayloadOf, type PayloadChoice, type PayloadPorts } from './pack-payloads.ts';
import { readmeOf } from './pack-readme.ts';
import { readDecisions, statedAmong, type PackedDecision, type PackedDecisions } from './pack-decisions.ts';
import { partsOf } from './pack-shards.ts';
import { artifactOf, decisionOf, gatherStreams, spanBetween, type PackRequest } from './pack-streams.ts';
import { readPayload } from './sealed-payload.ts';

export interface ExportPorts extends PayloadPorts {
  readonly log: Log;
  /** The ledger's key for attestations, on record. */
  readonly signer: PackSigner;
  /** The verifier keys that ever signed checkpoints of this log, the newest first. */
  readonly vkeys: readonly string[];
  /** The newest checkpoint with cosignatures: taken where it covers what the pack needs. */
  readonly cosigned?: { readonly size: number; readonly note: string } | null;
}

export interface ExportOptions extends PayloadChoice {
  /** Programs that go along, by name: `verify.mjs`. */
  readonly programs?: ReadonlyMap<string, Uint8Array>;
}

/** A pack that was handed out. */
export interface ExportedPack {
  /** Index of the export's event. */
  readonly index: number;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest, hexadecimal. */
  readonly digest: string;
  /** The file's bytes, in pieces; the same each time they are asked for. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

interface Content extends ZipContent {
  readonly role: MemberRole;
}

/** What the ledger could not make again stays with the event: small, and the same for many packs. */
const materialRoles: readonly MemberRole[] = ['checkpoint', 'keys', 'program', 'readme', 'shard', 'streams'];
const materialBytesMax = 512 * 1024 * 1024;

/**
 * Puts a pack on record and gives its bytes.
 *
 * @throws {LedgerError} ENTRY_MISSING, SUBJECT_UNKNOWN where there is nothing to pack; and as `Log.append`
 */
export async function exportPack(ports: ExportPorts, request: PackRequest, by: Actor, options: ExportOptions = {}): Promise<ExportedPack> {
  const { log, payloads, signer } = ports;
  await checkPackable(log, request);
  const so = request.kind === 'period' ? await spanBetween(log, request, log.published.size) : null;
  // Before anything is appended, and before its decisions are looked for from there on.
  if (so !== null && so.start < 0) throw nothingRecorded();
  const decisions = await readDecisions(ports, request, so);
  // 1. The stream index is stated, so that what the pack holds can be shown to be all; a decision has stated its own.
  const own = request.kind === 'decision' ? request.decision : request.kind === 'period' ? await statedAmong(log, decisions) : null;
  const stated = own ?? (await statedNow(log));
  const { size, root, note } = await headFor(ports, Math.max(stated, (so?.end ?? 0) - 1));
  const { origin } = log.control.genesis;
  const scope = await scopeOf(log, request, decisions, size, so);
  const gathered = await gatherStreams(log, scope, stated, size, decisions);
  const { chosen, withheld, erasures } = await choosePayloads(ports, scope, decisions, gathered.entries, size, options);
  const parts = await partsOf(ports, decisions, scope.kind);
  const entries = new Map(gathered.entries);
  for (const index of erasures) entries.set(index, decodeEvent(await log.entry(index)));
  // 2. The members, the manifest that names them, and its signature.
  const contents: Content[] = [
    ...chosen,
    content(checkpointName, 'checkpoint', encodeUtf8(note)),
    content(keysName, 'keys', encodeUtf8(`${ports.vkeys.join('\n')}\n`)),
    content(streamsName, 'streams', encodePackStreams(gathered.streams)),
    content('README.md', 'readme', encodeUtf8(readmeOf({ origin, scope, size, entries, streams: gathered.streams, withheld }))),
    ...parts.map(({ name, bytes }) => content(name, 'shard', bytes)),
    ...[...(options.programs ?? [])].map(([name, bytes]) => content(name, 'program', bytes)),
    ...(await Promise.all([...entries.keys()].map(async (index) => content(receiptName(index), 'receipt', await receiptOf(log, index, size, note))))),
  ];
  const summed = await sumUp(contents);
  const members = summed.map(({ member }) => member);
  members.sort((a, b) => (a.name < b.name ? -1 : 1));
  const manifest: Manifest = { origin, scope, size, root: formatHex(root), members, withheld };
  const manifestBytes = encodeManifest(manifest);
  const signature = await signManifest(manifestBytes, signer);
  // 3. What could not be made again becomes durable. A crash after this leaves payloads that no entry names.
  const references = await Promise.all([
    store(payloads, 'manifest', 'application/json', manifestBytes),
    store(payloads, 'signature', 'application/vnd.dsse+json', signature),
    ...contents.filter(({ role }) => materialRoles.includes(role))
      .map(async (one) => store(payloads, 'material', 'application/octet-stream', await whole(one))),
  ]);
  // 4. The event. A crash after this loses the file, which is made again from the event; a crash before it has handed nothing out.
  const opened = members.filter(({ role }) => role === 'opened').length;
  const index = await log.readStreamIndexAt(size);
  const pack = {
    manifest: ['sha256', sha256(manifestBytes)], members: members.length, withheld: withheld.length, opened,
    tree: { size, root: ['sha256', root] }, index: ['sha256', index.root],
  } as const;
  const appended = await log.appendOne({ drafts: [prepareDraft({ ...eventOf(scope, pack), by, payloads: unique(references) }, sha256)] });
  const all: ZipContent[] = [...summed, content(manifestName, 'readme', manifestBytes), content(signatureName, 'readme', signature)];
  return { index: appended.index, manifest, digest: formatHex(sha256(manifestBytes)), bytes: () => writeZip(all) };
}

/** Sees at once that what is asked for is there: of a period only reading it shows that. @throws {LedgerError} as `exportPack` */
export async function checkPackable(log: LogView, request: PackRequest): Promise<void> {
  if (request.kind === 'decision') await decisionOf(log, request.decision);
  if (request.kind === 'artifact' && (await log.head(`artifact:${request.artifact}`)) === null) {
    throw new LedgerError('SUBJECT_UNKNOWN', `Cannot pack ${request.artifact}: no event concerns it`, { hint: 'name it as "stella stream artifact:…" does' });
  }
}

/**
 * Makes the pack of an export's event again: the same bytes.
 *
 * @throws {LedgerError} ENTRY_MISSING when the entry is no export; PAYLOAD_MISSING when something of it was erased since
 */
export async function repack(ports: PayloadPorts, index: number): Promise<ExportedPack> {
  const { log, payloads } = ports;
  const entry = await log.entry(index);
  const event = kindOf(entry) === 'event' ? decodeEvent(entry) : null;
  if (event?.type !== 'export.packed' && event?.type !== 'export.period_packed') {
    throw new LedgerError('ENTRY_MISSING', `Cannot pack entry ${index} again: it is no export`, {
      hint: '"stella stream ledger" and the artifact\'s stream have them',
    });
  }
  const payloadOf = (role: string) => readPayload(payloads, digestOf(event, role));
  const [manifestBytes, signature] = await Promise.all([payloadOf('manifest'), payloadOf('signature')]);
  const manifest = parseManifest(manifestBytes);
  const note = manifest.members.find(({ role }) => role === 'checkpoint') as Member;
  const checkpoint = new TextDecoder().decode(await readPayload(payloads, parseHex(note.sha256)));
  const said = new Erasures(log);
  const contents = await Promise.all(manifest.members.map(async (member): Promise<ZipContent> => {
    if (member.role === 'receipt') {
      const entry = Number(/(\d+)\.json$/.exec(member.name)?.[1]);
      await expectOpen(said, log, entry, manifest);
      return checked(member, await receiptOf(log, entry, manifest.size, checkpoint));
    }
    if (member.role === 'opened') return checked(member, await openedAgain(ports, member));
    return { name: member.name, open: () => payloads.get(parseHex(member.sha256)) };
  }));
  const all = [...contents, content(manifestName, 'readme', manifestBytes), content(signatureName, 'readme', signature)];
  return { index, manifest, digest: formatHex(sha256(manifestBytes)), bytes: () => writeZip(all) };
}

/** The entry that states the stream index: the newest one, when it is already such. */
async function statedNow(log: Log): Promise<number> {
  const last = log.published.size - 1;
  const entry = await log.entry(last);
  const isStated = kindOf(entry) === 'event' && decodeEvent(entry).type === 'ledger.indexed';
  return isStated ? last : (await log.stateIndex()).index;
}

/** The head whose checkpoint the pack is under: the newest, or a cosigned one that covers the stated index and the key that signs. */
async function headFor({ log, cosigned = null, signer }: ExportPorts, stated: number): Promise<{ size: number; root: Uint8Array; note: string }> {
  const { published } = log;
  const keyAt = (await log.head(`key:${signer.id}`))?.index ?? published.size;
  if (cosigned === null || cosigned.size <= Math.max(stated, keyAt) || cosigned.size > published.size) return published;
  return { size: cosigned.size, root: await log.rootAt(cosigned.size), note: cosigned.note };
}

async function scopeOf(log: LogView, request: PackRequest, { made }: PackedDecisions, size: number, so: LogSpan | null): Promise<Scope> {
  if (request.kind === 'artifact') return request;
  if (request.kind === 'decision') return { ...request, artifact: artifactOf((made[0] as PackedDecision).event.data.artifact) };
  const { start, end } = await spanBetween(log, request, size, so ?? undefined);
  if (start >= 0) return { ...request, start, end };
  throw nothingRecorded();
}

function nothingRecorded(): LedgerError {
  return new LedgerError('ENTRY_MISSING', 'Cannot pack the period: nothing was recorded in it', { hint: '"stella log" shows when entries were recorded' });
}

type LogSpan = Awaited<ReturnType<typeof spanBetween>>;

/** The digest of a payload that its event must have. */
function digestOf(event: Event, role: string): Uint8Array {
  const found = event.payloads?.find((one) => one.role === role)?.digest;
  if (found === undefined) throw new TypeError(`${event.type} without a payload ${role}`);
  return found[1];
}

type PackData = Omit<DataOf<'export.packed'>, 'artifact' | 'decision'>;

function eventOf(scope: Scope, pack: PackData) {
  if (scope.kind === 'period') {
    const { from, to, start, end } = scope;
    return { type: 'export.period_packed', data: { from, to, start, end, ...pack } } as const;
  }
  const artifact = ['sha256', parseHex(scope.artifact.slice('sha256:'.length))] as const;
  const data = scope.kind === 'decision' ? { artifact, decision: scope.decision, ...pack } : { artifact, ...pack };
  return { type: 'export.packed', data } as const;
}

async function receiptOf(log: LogView, index: number, size: number, checkpoint: string): Promise<Uint8Array> {
  const proof = await log.proveInclusion(index, size);
  return encodeUtf8(formatReceipt({ entry: await log.entry(index), index, size, proof, checkpoint }));
}

/** What a pack opened can have been erased since; its secret may have come back with a whole folder all the same. */
async function expectOpen(said: Erasures, log: LogView, entry: number, { members }: Manifest): Promise<void> {
  const bytes = await log.entry(entry);
  const event = kindOf(bytes) === 'event' ? decodeEvent(bytes) : null;
  for (const { commitment } of event?.payloads ?? []) {
    if (commitment === undefined) continue;
    const name = `opened/${formatHex(commitment[1])}`;
    if (members.some((member) => member.name === name) && (await said.find(event as Event, entry, commitment[1])) !== null) throw erasedSince(name);
  }
}

async function openedAgain(ports: PayloadPorts, { name }: Member): Promise<Uint8Array> {
  const opened = await openedPayloadOf(ports, parseHex(name.slice('opened/'.length)));
  if (opened === null) throw erasedSince(name);
  return opened;
}

function erasedSince(name: string): LedgerError {
  return new LedgerError('PAYLOAD_MISSING', `Cannot make the pack again: "${name}" was erased`, {
    hint: 'packs that were handed out still have it; export anew for one without it',
  });
}

function content(name: string, role: MemberRole, bytes: Uint8Array): Content {
  return { name, role, open: () => [bytes] };
}

/** A member that was made again: the bytes that the manifest names, or none. */
function checked({ name, sha256: digest }: Member, bytes: Uint8Array): ZipContent {
  if (formatHex(sha256(bytes)) === digest) return { name, open: () => [bytes] };
  throw new LedgerError('STORE_CORRUPT', `Cannot make the pack again: "${name}" differs`, { hint: 'run "stella fsck"' });
}

/** Of small members so many bytes are kept between the manifest and the zip: a pack has hundreds, and opening a file again costs more than its bytes. */
const keptBytesMax = 64 * 1024 * 1024;
const smallBytesMax = 64 * 1024;

type Summed = ZipContent & { readonly member: Member };

/** So many are read at once: each holds a file open, and a piece of it, which is up to 16 MiB. */
const readTogether = 16;

/** Contents with what their bytes come to, for the manifest and for the zip: read once for both. */
async function sumUp(contents: readonly Content[]): Promise<Summed[]> {
  let room = keptBytesMax;
  const sum = async ({ name, role, open }: Content): Promise<Summed> => {
    const hash = startSha256();
    let [crc, size] = [0, 0];
    const pieces: Uint8Array[] = [];
    for await (const piece of open()) {
      hash.update(piece);
      crc = crc32(piece, crc);
      size += piece.length;
      if (size <= smallBytesMax) pieces.push(piece);
    }
    const isKept = size <= Math.min(smallBytesMax, room);
    if (isKept) room -= size;
    return { name, open: isKept ? () => pieces : open, sum: { crc, size }, member: { name, role, sha256: formatHex(hash.digest()), size } };
  };
  const summed: Summed[] = [];
  for (let at = 0; at < contents.length; at += readTogether) summed.push(...(await Promise.all(contents.slice(at, at + readTogether).map(sum))));
  return summed;
}

async function whole({ open }: Content): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of open()) pieces.push(piece);
  return concatBytes(...pieces);
}

async function store(payloads: PayloadStore, role: string, media: string, bytes: Uint8Array): Promise<PayloadReference> {
  const { digest, size } = await payloads.put([bytes], materialBytesMax);
  return { role, size, media, digest: ['sha256', digest] };
}

/** Two members of the same bytes are one payload. */
function unique(references: readonly PayloadReference[]): PayloadReference[] {
  return [...new Map(references.map((one) => [`${one.role} ${formatHex((one.digest as readonly [string, Uint8Array])[1])}`, one])).values()];
}
