// What the `ledger` stream says about the log itself: its name, its keys, its stream index, its end.
import { concatBytes, equalBytes, formatHex } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';
import { decodeEvent, keyIdOf, type Event, type KeyRecord } from '../events/index.ts';
import { ECDSA, type Signer } from '../note/index.ts';
import { sha256 } from './engine.ts';
import { ed25519Spki } from '../spki.ts';
import type { Genesis } from './genesis.ts';
import type { LogState } from './state.ts';

export interface Control {
  readonly genesis: Genesis;
  /** The key that signs checkpoints now. */
  key: KeyRecord;
  /** Keys that sign no more, with the last size each may have signed. */
  readonly retired: { readonly id: Uint8Array; readonly lastSize: number }[];
  /** The size that the newest `ledger.indexed` is about, 0 before the first. */
  indexedSize: number;
  ended: boolean;
  /** The outside time that the newest accepted clock contradicted: it counts no more. Null before the first. */
  outsideAccepted: number | null;
}

/**
 * Folds the `ledger` stream.
 *
 * @param read - an entry by its index
 * @throws {LedgerError} EVENT_UNKNOWN for an event of a later time; STORE_CORRUPT where one goes on from itself or a later one
 */
export async function loadControl(genesis: Genesis, state: LogState, read: (index: number) => Promise<Uint8Array>): Promise<Control> {
  const control = controlOf(genesis);
  // From the newest back to the genesis along `prev`, then forward: a ledger has few of these.
  const events: Event[] = [];
  for (let index = state.heads.head('ledger')?.index ?? 0; index > 0; ) {
    const event = decodeEvent(await read(index));
    events.push(event);
    index = previousIn(event, 'ledger', index);
  }
  for (const event of events.reverse()) applyControl(control, event);
  return control;
}

/**
 * Where the event before one stands in a stream; -1 before its first.
 *
 * @param index - the event's own @throws {LedgerError} STORE_CORRUPT: the way back along a store that lies must only go back
 */
export function previousIn({ streams }: Event, stream: string, index: number): number {
  const prev = streams.find(({ name }) => name === stream)?.prev ?? -1;
  if (prev < index) return prev;
  const why = `entry ${index} goes on from entry ${prev}`;
  throw new LedgerError('STORE_CORRUPT', `Cannot follow the stream "${clip(stream)}": ${why}`, { hint: 'run "stella fsck"' });
}

export function controlOf(genesis: Genesis): Control {
  const key = genesis.keys.find(({ use }) => use === 'checkpoint') as KeyRecord;
  return { genesis, key, retired: [], indexedSize: 0, ended: false, outsideAccepted: null };
}

export function applyControl(control: Control, event: Event): void {
  if (event.type === 'key.rotated' && equalBytes(event.data.from, control.key.id)) {
    control.retired.push({ id: event.data.from, lastSize: event.data.lastSize });
    control.key = event.data.to;
  } else if (event.type === 'ledger.indexed') {
    control.indexedSize = event.data.size;
  } else if (event.type === 'ledger.clock_set' && event.data.reason === 'outside') {
    control.outsideAccepted = event.data.from;
  } else if (event.type === 'ledger.ended') {
    control.ended = true;
  }
}

/**
 * Asks whether a key can take the place of the one that signs checkpoints.
 *
 * A rotation cannot be taken back, and the old key signs no more after it: with a key of another kind or name no start would find a
 * signer, and with one that does something else here one thief would have both.
 *
 * @param isOnRecord - whether the log names the key, for whatever use
 * @throws {LedgerError} KEY_TAKEN; LOG_KEY_WRONG
 */
export function expectSuccessor({ genesis, key }: Control, to: Signer, isOnRecord: boolean): void {
  const { id, algorithm } = keyRecordOf(to);
  const refuse = (code: 'KEY_TAKEN' | 'LOG_KEY_WRONG', why: string) =>
    new LedgerError(code, `Cannot rotate to the key ${formatHex(id).slice(0, 16)}…: ${why}`, { hint: 'make another with "stella key new"' });
  if (equalBytes(id, key.id)) throw refuse('KEY_TAKEN', 'it signs checkpoints already');
  if (isOnRecord) throw refuse('KEY_TAKEN', 'it is on record already, for another use or as one that signs no more');
  if (algorithm !== 'ed25519') throw refuse('LOG_KEY_WRONG', 'it is of P-256, expected Ed25519');
  if (to.key.name !== genesis.origin) throw refuse('LOG_KEY_WRONG', `it is named "${clip(to.key.name)}", expected "${genesis.origin}"`);
}

/** @throws {LedgerError} LOG_KEY_WRONG when the signer is not the log's origin and current key */
export function expectSigner({ genesis, key }: Control, signer: Signer): void {
  const ours = key.algorithm === 'ed25519' && equalBytes(key.public.subarray(ed25519Spki.length), signer.key.publicKey);
  if (ours && signer.key.name === genesis.origin) return;
  throw new LedgerError('LOG_KEY_WRONG', `Cannot sign for "${genesis.origin}" with this key: expected the key ${formatHex(key.id).slice(0, 16)}…`, {
    hint: 'give the key file of this ledger\'s current key: "stella key list" names it',
  });
}

/** The record of a signer's key, as the genesis and rotations carry it. */
export function keyRecordOf({ key }: Pick<Signer, 'key'>): KeyRecord {
  if (key.type === ECDSA) return { id: keyIdOf(sha256, key.publicKey), use: 'rekor', algorithm: 'ecdsa-p256', public: key.publicKey };
  const spki = concatBytes(ed25519Spki, key.publicKey);
  return { id: keyIdOf(sha256, spki), use: 'checkpoint', algorithm: 'ed25519', public: spki };
}
