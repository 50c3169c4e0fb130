// Rekor entries in this log: a body and the event that says what it is, appended together; and the proofs that Rekor's clients take.
import { equalBytes } from '../ledger/bytes.ts';
import { asSet, decodeEvent, kindOf, prepareDraft, type Actor, type Digest } from '../ledger/events/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { ed25519Spki } from '../ledger/spki.ts';
import type { LogView } from '../ledger/log/view.ts';
import { leafHash } from '../ledger/merkle/index.ts';
import { parseCheckpoint, signCheckpoint, type Signer } from '../ledger/note/index.ts';
import { formatTrustedRoot, logIdOf, signPromise, type EntryProof, type LogKey } from '../verify/sigstore/index.ts';

/** What goes on record. */
export interface RekorEntry {
  /** A Rekor entry body in RFC 8785 form. */
  readonly body: Uint8Array;
  /** The SHA-256 of each signer's SubjectPublicKeyInfo. */
  readonly keys: readonly Uint8Array[];
  /** The artifacts it is about, as far as they are known. */
  readonly subjects: readonly Digest<'sha256'>[];
}

export interface RekorRecorded {
  /** Index of the body. */
  readonly index: number;
  /** True when the same body was there: this is its place and its time. */
  readonly repeated: boolean;
  /** Seconds since 1970. */
  readonly integratedTime: number;
}

/**
 * Records a Rekor entry; the same body again is the entry that is there.
 *
 * @param now - milliseconds since 1970
 * @throws {LedgerError} ENTRY_KIND_UNKNOWN on a ledger that takes no such entries; EVENT_INVALID for more than 16 keys or 48 subjects
 */
export async function recordRekor(log: Log, { body, keys, subjects }: RekorEntry, by: Actor, now: number): Promise<RekorRecorded> {
  if (!log.control.genesis.kinds.includes('rekor')) {
    throw new LedgerError('ENTRY_KIND_UNKNOWN', 'Cannot record a Rekor entry: this ledger takes none', {
      hint: 'a ledger that does is begun with "stella init --rekor"; it can stand beside this one',
    });
  }
  const integrated = Math.floor(now / 1000);
  const data = { back: 1, leaf: leafHash(body), integrated, keys: asSet(keys), ...(subjects.length === 0 ? {} : { subjects: asSet(subjects) }) };
  const event = prepareDraft({ type: 'rekor.recorded', by, data }, sha256);
  const { index, repeated } = await log.appendOne({ drafts: [body, event] });
  return { index, repeated, integratedTime: repeated ? await integratedTimeOf(log, index) : integrated };
}

/** The time that was promised for the body at `index`: its event follows within the batch. @throws {LedgerError} ENTRY_MISSING */
export async function integratedTimeOf(log: LogView, index: number): Promise<number> {
  const leaf = leafHash(await log.entry(index));
  for (let at = index + 1; at < log.published.size; at++) {
    const entry = await log.entry(at);
    if (kindOf(entry) !== 'event') continue;
    const event = decodeEvent(entry);
    if (event.type !== 'rekor.recorded') break;
    if (at - event.data.back === index && equalBytes(event.data.leaf, leaf)) return event.data.integrated;
  }
  throw new LedgerError('ENTRY_MISSING', `Cannot find the event of the Rekor body ${index}`, { hint: 'run "stella fsck"' });
}

/**
 * Proves an entry to clients of Rekor v2: under the log's own checkpoint, without a time.
 */
export async function proveRekorV2(log: LogView, index: number): Promise<EntryProof> {
  const { size, root, note } = log.published;
  const { key } = await log.readControl();
  const { origin } = parseCheckpoint(note);
  const logId = logIdOf(origin, key.public.subarray(ed25519Spki.length));
  return { logId, index, size, root, hashes: await log.proveInclusion(index, size), checkpoint: note, body: await log.entry(index) };
}

/**
 * Proves an entry to clients of Rekor v1: a checkpoint of its form, and the promise with its time.
 *
 * @param signer - the ledger's P-256 key: it signs the size and root that are anchored, and no others
 */
export async function proveRekorV1(log: LogView, index: number, signer: Signer): Promise<EntryProof> {
  const { size, root } = log.published;
  const body = await log.entry(index);
  const logId = logIdOf(signer.key.name, signer.key.publicKey);
  const promise = await signPromise({ logId, index, body }, await integratedTimeOf(log, index), (message) => signer.sign(message));
  return { logId, index, size, root, hashes: await log.proveInclusion(index, size), checkpoint: await rekorCheckpoint(log, signer), body, promise };
}

/**
 * The newest checkpoint in the form of Rekor v1: `origin - tree id`, one signature line.
 *
 * Its clients refuse a note with a second line, so that witnesses' cosignatures have no place here.
 */
export async function rekorCheckpoint(log: LogView, signer: Signer): Promise<string> {
  const { genesis } = await log.readControl();
  const { size, root } = log.published;
  return signCheckpoint({ origin: `${genesis.origin} - ${treeIdOf(genesis.treeId)}`, size, root, extensions: [] }, [signer]);
}

/** Rekor's name for a tree: the 8 bytes of the genesis as a decimal number. */
export function treeIdOf(treeId: Uint8Array): string {
  return new DataView(treeId.buffer, treeId.byteOffset, treeId.byteLength).getBigUint64(0).toString();
}

/** The trusted root that others verify this log's entries under: every key that signed, with the times between which it did. */
export async function trustedRootOf(log: LogView): Promise<string> {
  const keys: LogKey[] = [];
  const { genesis } = await log.readControl();
  let end: { readonly to: number } | null = null;
  // From the newest back: a key counts from its own event to that of the next one.
  for await (const { event } of log.stream('ledger')) {
    if (event.type !== 'key.rotated' && event.type !== 'ledger.created') continue;
    // Whole seconds downwards: the time promised for an entry of that second may lie below its milliseconds.
    const from = Math.floor(event.at / 1000) * 1000;
    for (const key of event.type === 'key.rotated' ? [event.data.to] : event.data.keys) {
      if (key.use === 'rekor') keys.push({ publicKey: key.public, from });
      else keys.push({ publicKey: key.public.subarray(ed25519Spki.length), from, ...end });
    }
    end = { to: event.at };
  }
  return formatTrustedRoot(genesis.origin, keys);
}
