// Verifying a pack, in the order of spec/pack.md, "Verifying".
import { decodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { clip } from '../../ledger/errors.ts';
import { decodeEvent, type Event, type Sha256 } from '../../ledger/events/index.ts';
import { verifyConsistency } from '../../ledger/merkle/consistency.ts';
import { hasherOf, sha256 as pureSha256 } from '../../ledger/merkle/hash.ts';
import { parseCheckpoint, type SignedCheckpoint } from '../../ledger/note/checkpoint.ts';
import type { VerifySignature } from '../../ledger/note/ed25519.ts';
import type { NoteKey } from '../../ledger/note/keys.ts';
import type { StreamEvent } from '../../ledger/streams/history.ts';
import { rememberKeys, type StreamKeys } from '../../ledger/streams/index-hash.ts';
import { StreamProofs } from '../../ledger/streams/proofs.ts';
import { type No, no } from '../../ledger/verdict.ts';
import { openCheckpoint, type Witnessed } from '../checkpoint.ts';
import { readEvidence } from '../evidence.ts';
import { missingEvidence, type Update } from '../growth.ts';
import { verifyReceipt } from '../inclusion.ts';
import { isAudited, type Level, lastVersionUnder, statedBy, verifyWhole } from '../streams.ts';
import { type LogKey, type Trust, trustKeys } from '../trust.ts';
import { auditEntries, type PackAudit } from './audit.ts';
import { PACK_CODES, type PackAnswer, type PackCode, type PackFault } from './codes.ts';
import type { Manifest } from './manifest.ts';
import { openPack, type Engines, type OpenPack } from './open.ts';
import { accountPayloads, payloadName, type PackPayloads } from './payloads.ts';
import { pinsReader, type PinsOf } from './pins.ts';
import { verifyReceipts, type PackEntry } from './receipts.ts';
import { verifyScope } from './scope.ts';
import { signatureHolds } from './signature.ts';
import { parsePackStreams } from './streams.ts';
import { told } from './told.ts';
import { parseUpdate, vkeysIn, withRotations } from './update.ts';
import type { Source } from './zip-reader.ts';

export const checkpointName = 'checkpoint';
export const keysName = 'keys.txt';
export const streamsName = 'streams.json';

/** What may come beside a pack. */
export interface PackOptions extends Engines {
  /** For a pack whose checkpoint a retired key signed: a newer checkpoint with a consistency proof from the pack's, or with rotations beside it. */
  readonly update?: Update;
  /** The receipt of the export's event, as it is delivered beside the pack. */
  readonly receipt?: Uint8Array | string;
  /** Cosignature keys of mirrors and witnesses that read every entry and recompute the stream index before they sign. */
  readonly auditors?: readonly NoteKey[];
  /** True when the caller has read every entry up to the checkpoint's size and found nothing wrong with any. */
  readonly audited?: boolean;
}

/** A stream that is there whole. */
export interface WholeStream {
  readonly name: string;
  /** 0 for a stream without an event. */
  readonly version: number;
  readonly events: readonly { readonly index: number; readonly event: Event }[];
}

/** What is proven about a pack. */
export interface VerifiedPack {
  readonly pack: OpenPack;
  readonly manifest: Manifest;
  readonly checkpoint: SignedCheckpoint;
  /** Whether the log's keys are the reader's own, or, for want of any, those that the pack brings along. */
  readonly trusted: 'pack' | 'reader';
  readonly witnessed: Witnessed;
  /** How strongly it is shown that no event of the streams is missing. */
  readonly level: Level;
  /** The size at which the stream index speaks. */
  readonly indexedSize: number;
  readonly streams: ReadonlyMap<string, WholeStream>;
  /** Decisions of whose tree it is shown that the log's goes on from it. */
  readonly trees: ReadonlySet<number>;
  readonly entries: ReadonlyMap<number, PackEntry>;
  readonly payloads: PackPayloads;
  /** What reading every entry came to; null where the pack does not hold every one. */
  readonly audit: PackAudit | null;
  /** The export's event; null when no receipt came with the pack, or none whose checkpoint counts today. */
  readonly exported: { readonly index: number; readonly at: number } | null;
  /** For people: one sentence each. */
  readonly proven: readonly string[];
  readonly notProven: readonly string[];
}

/** A pack in which single entries do not hold: it is refused, by the first of them, and what holds of the others is known. */
export interface FaultyPack extends No<PackCode> {
  /** By precedence of their codes, then ascending. */
  readonly faults: readonly PackFault[];
  readonly rest: VerifiedPack;
}

/**
 * Verifies a pack. Never throws on evidence.
 *
 * @param trust - what the reader trusts; null where he has nothing: then everything is checked under the keys in the pack, and what
 *   comes out says that whose log it is was not proven
 * @see spec/pack.md, "Verifying"
 */
export function verifyPack(source: Source, trust: Trust | null, options: PackOptions = {}): PackAnswer<VerifiedPack> | FaultyPack {
  const faults: PackFault[] = [];
  const answer = verifySteps(source, trust, options, faults);
  const rank = ({ code }: PackFault) => PACK_CODES.indexOf(code);
  const [first] = faults.sort((a, b) => rank(a) - rank(b) || a.index - b.index);
  if (first === undefined) return answer;
  // Where something else is wrong as well, nothing is said of the rest.
  const refused = no(first.code, first.message);
  return answer.ok ? { ...refused, faults, rest: answer } : refused;
}

/** @param faults - takes what does not hold of single entries */
function verifySteps(source: Source, trust: Trust | null, options: PackOptions, faults: PackFault[]): PackAnswer<VerifiedPack> {
  if (trust !== null && trust.logs.length === 0) return no('TRUST_EMPTY', 'no key of any log is trusted');
  // 1. to 4. Form, manifest, members.
  const opened = openPack(source, options);
  if (!opened.ok) return opened;
  const { pack } = opened;
  const { manifest } = pack;
  // 5. The checkpoint is signed by a key of the log.
  const read = readEvidence('the checkpoint', () => {
    const text = decodeUtf8(memberOf(pack, checkpointName));
    const later = options.update === undefined ? null : parseUpdate(options.update);
    return { text, own: ownTrust(pack), checkpoint: parseCheckpoint(text), later };
  });
  if (!read.ok) return read;
  const { text, own, later } = read.value;
  const known = trust === null || later === null
    ? { ok: true as const, trust: trust ?? own }
    : withRotations(trust, later, vkeysIn(memberOf(pack, keysName)), read.value.checkpoint.size);
  if (!known.ok) return known;
  const { verifiers } = known.trust;
  const by: Trust = { ...known.trust, verifiers: { ...verifiers, ed25519: options.ed25519 ?? verifiers.ed25519 } };
  const signed = openCheckpoint(read.value.checkpoint, by);
  if (!signed.ok) return signed;
  const { checkpoint } = signed;
  // 6. Every entry is in its tree.
  const { sha256 = pureSha256, sha256OfText } = options;
  const receipts = verifyReceipts(pack, checkpoint, text, hasherOf(sha256));
  if (!receipts.ok) return receipts;
  const { entries } = receipts;
  // Where every entry is there, all of them are read: a full reader's verdict needs nobody else.
  const pins = pinsReader((digest) => pack.read(payloadName(`sha256:${formatHex(digest)}`)));
  const keyOf = rememberKeys(sha256, sha256OfText);
  const audit = entries.size === checkpoint.size ? auditEntries(entries, checkpoint.size, pins, sha256, keyOf) : null;
  if (audit !== null) faults.push(...faultsOf(audit));
  else if (receipts.invalid !== null) return receipts.invalid;
  // 7. The log itself put the key on record that signed the manifest.
  const signer = verifySigner(pack, entries, by.verifiers.ed25519);
  if (!signer.ok) return signer;
  // 8. The streams are there whole.
  const streams = verifyStreams(pack, entries, checkpoint, { sha256, keyOf, names: pinnedNames(manifest, entries, pins) }, faults);
  if (!streams.ok) return streams;
  // 9. What was signed together says the same.
  const contradiction = receipts.contradiction ?? contradictionIn(manifest, checkpoint);
  if (contradiction !== null) return no('PACK_CONTRADICTORY', contradiction);
  // 10. The scope's promise, and 11. the payloads.
  const scope = verifyScope({ manifest, entries, whole: streams.whole, indexedSize: streams.size, pins });
  if (!scope.ok) return scope;
  const payloads = accountPayloads(pack, entries.values());
  if (!payloads.ok) return payloads;
  // 12. The log says that it handed out this very pack.
  const exported = options.receipt === undefined ? null : verifyExport(options.receipt, pack, by);
  if (exported !== null && !exported.ok) return exported;
  // 13. Nothing stands beside what the manifest names.
  const [first, ...more] = pack.unnamed;
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    return no('PACK_UNNAMED', `the manifest does not name "${first}"${others}: it counts for nothing, and all that is named holds`);
  }
  // 14. Nothing is missing that further evidence could bring.
  const missing = missingEvidence(signed, by, later?.growth);
  if (missing !== null) return missing;
  const audited = audit === null ? options.audited === true || isAudited(checkpoint, options.auditors ?? [], by) : faults.length === 0;
  const held = {
    pack, manifest, checkpoint, trusted: trust === null ? 'pack' : 'reader', witnessed: signed.witnessed, level: audited ? 'AUDITED' : 'HEAD',
    indexedSize: streams.size, streams: streams.whole, trees: streams.trees, entries, payloads, audit,
    exported: exported === null || exported.lacks !== null ? null : { index: exported.index, at: exported.at },
  } as const;
  const unshown = exported === null || exported.lacks === null ? null : { index: exported.index, code: exported.lacks };
  return { ok: true, ...held, ...told(held, scope, faults, unshown) };
}

function memberOf(pack: OpenPack, name: string): Uint8Array {
  return pack.read(name) ?? new Uint8Array(0);
}

/** Trust in the keys that a pack brings along: it shows that the pack holds together, and not whose it is. */
export function ownTrust(pack: OpenPack): Trust {
  return trustKeys(pack.manifest.origin, vkeysIn(memberOf(pack, keysName)));
}

/** The key that signed the manifest, as the log has it on record for attestations, not retired before. */
function verifySigner({ signature, manifest }: OpenPack, entries: ReadonlyMap<number, PackEntry>, ed25519: VerifySignature): PackAnswer<object> {
  const id = signature.keyId;
  let found: Uint8Array | null = null;
  for (const { event } of entries.values()) {
    const keys = event?.type === 'ledger.created' ? event.data.keys : event?.type === 'key.added' ? [event.data.key] : [];
    const key = keys.find((one) => one.use === 'attestation' && one.algorithm === 'ed25519' && formatHex(one.id) === id);
    if (key !== undefined && formatHex(pureSha256(key.public)) === id) found = key.public;
    if (event?.type === 'key.retired' && formatHex(event.data.key) === id && event.data.lastSize < manifest.size) {
      return no('PACK_SIGNER_UNKNOWN', `the key ${clip(id)} that signed the manifest had been retired`);
    }
  }
  if (found === null) return no('PACK_SIGNER_UNKNOWN', `no entry puts the key ${clip(id)} on record that signed the manifest`);
  return signatureHolds(signature, found, ed25519) ? { ok: true } : no('PACK_SIGNATURE_INVALID', 'the signature of the manifest does not hold');
}

/** Names of streams that the decision read which the pack is about: nearly all that it holds. */
function pinnedNames({ scope }: Manifest, entries: ReadonlyMap<number, PackEntry>, pins: PinsOf): readonly string[] {
  const event = scope.kind === 'decision' ? entries.get(scope.decision)?.event : undefined;
  const read = event?.type === 'decision.recorded' ? pins(event) : null;
  return read?.ok === true ? read.value.streams.map(({ name }) => name) : [];
}

function verifyStreams(
  pack: OpenPack, entries: ReadonlyMap<number, PackEntry>, { size, root }: SignedCheckpoint,
  { sha256, keyOf, names }: { readonly sha256: Sha256; readonly keyOf: StreamKeys; readonly names: readonly string[] }, faults: PackFault[],
): PackAnswer<Streams> {
  const read = readEvidence('the streams', () => parsePackStreams(memberOf(pack, streamsName), names));
  if (!read.ok) return read;
  const stating = entries.get(read.value.stated)?.event ?? null;
  if (stating === null) return no('STREAM_ROOT_MISSING', `entry ${read.value.stated}, which should state the stream index, is not there`);
  const index = statedBy(stating, read.value.stated);
  if (!index.ok) return index;
  // A decision read a tree: that of the log which the checkpoint is of, and no other.
  const trees = new Set<number>();
  const own = { decision: read.value.stated, growth: read.value.growth };
  for (const { decision, growth } of [own, ...read.value.trees]) {
    if (trees.has(decision)) continue;
    const event = entries.get(decision)?.event ?? null;
    if (event?.type !== 'decision.recorded') {
      if (decision === own.decision) continue;
      return no('PROOF_START_WRONG', `a tree is said to be that of the decision in entry ${decision}, which is none, or not there`);
    }
    const { tree } = event.data;
    const grown = verifyConsistency(tree.size, size, tree.root[1], root, growth);
    if (grown.ok) {
      trees.add(decision);
      continue;
    }
    const message = `the tree of the decision in entry ${decision}: ${grown.message}`;
    // Under an index that stands on a tree which never was nothing is shown; another decision's lie is its own.
    if (decision === own.decision) return no(grown.code, message);
    faults.push({ index: decision, code: grown.code, message });
  }
  const tagged = new Map<string, (StreamEvent & { readonly event: Event })[]>();
  for (const { index: at, event } of entries.values()) {
    for (const { name, version, prev } of event?.streams ?? []) {
      const tags = tagged.get(name) ?? [];
      tags.push({ index: at, version, prev, event: event as Event });
      tagged.set(name, tags);
    }
  }
  const whole = new Map<string, WholeStream>();
  const proofs = new StreamProofs(index.root, sha256, keyOf);
  for (const { name, version, head } of read.value.streams) {
    const last = lastVersionUnder(index, proofs, name, head);
    if (!last.ok) return last;
    // Events beyond what is claimed to be whole prove themselves, and nothing more.
    const tags = tagged.get(name)?.filter((tag) => tag.version <= version) ?? none;
    const holds = verifyWhole(name, tags, last, version);
    if (!holds.ok) return holds;
    whole.set(name, { name, version, events: tags.length === 0 ? none : tags.map((tag) => ({ index: tag.index, event: tag.event })) });
  }
  return { ok: true, whole, trees, size: index.size };
}

/** Of most streams that a decision read there is nothing: they share one list. */
const none: readonly never[] = [];

interface Streams {
  readonly whole: Map<string, WholeStream>;
  readonly trees: ReadonlySet<number>;
  readonly size: number;
}

function contradictionIn(manifest: Manifest, { origin, size, root }: SignedCheckpoint): string | null {
  if (manifest.origin !== origin) return `the manifest is of "${clip(manifest.origin)}", the checkpoint of "${origin}"`;
  if (manifest.size !== size || manifest.root !== formatHex(root)) return 'the manifest names another tree than the checkpoint';
  return null;
}

function verifyExport(receipt: Uint8Array | string, pack: OpenPack, trust: Trust): PackAnswer<ExportShown> {
  const included = verifyReceipt(receipt, withoutMissing(trust));
  if (!included.ok) return no(included.code, `the export's receipt: ${included.message}`);
  const read = readEvidence('the export\'s receipt', () => decodeEvent(included.entry));
  if (!read.ok) return read;
  const event = read.value;
  const isExport = event.type === 'export.packed' || event.type === 'export.period_packed';
  const { origin, root, size } = pack.manifest;
  // Who trusts several logs takes none of them as a witness of what another handed out.
  const other = included.checkpoint.origin;
  if (other !== origin) return no('PACK_EXPORT_FOREIGN', `the receipt is of "${clip(other)}", the pack of "${clip(origin)}"`);
  const fits = isExport && formatHex(event.data.manifest[1]) === pack.digest && event.data.tree.size === size && formatHex(event.data.tree.root[1]) === root;
  if (!fits) return no('PACK_EXPORT_FOREIGN', `entry ${included.index} is not the export of this pack`);
  // It was written with the newest checkpoint of that day, which no witness had seen yet, and no update of the pack's begins at.
  const whole = verifyReceipt(receipt, trust);
  return { ok: true, index: included.index, at: event.at, lacks: whole.ok ? null : whole.code };
}

/** The export's event, and the code of what its receipt's checkpoint lacks that further evidence could bring. */
interface ExportShown {
  readonly index: number;
  readonly at: number;
  readonly lacks: PackCode | null;
}

/** The same trust without what further evidence could bring: a quorum, and the last size of a retired key. */
function withoutMissing(trust: Trust): Trust {
  const known = (log: LogKey): LogKey => (log.retired?.lastSize === null ? { ...log, retired: { lastSize: Number.MAX_SAFE_INTEGER } } : log);
  return { ...trust, witnessing: 'best-effort', logs: trust.logs.map(known) };
}

/** What a full reader finds, as faults of single entries. */
function faultsOf({ findings, readings }: PackAudit): PackFault[] {
  return [...findings, ...readings].map(({ index, code, message }) => ({ index, code, message: `entry ${index}: ${message}` }));
}
