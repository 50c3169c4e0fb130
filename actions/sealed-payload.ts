// Sealed payloads in a store: sealed under a secret of their own before anything of them is written, and opened again.
import { open, paddedSize, seal, sealSecretBytes, type PayloadReference } from '../ledger/events/index.ts';
import { concatBytes } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Appended, Command } from '../ledger/log/command.ts';
import type { Log } from '../ledger/log/log.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';

export interface SealPorts {
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
  /** Fresh random bytes. */
  readonly random: (count: number) => Uint8Array;
}

/** The largest payload that is sealed: AES-GCM encrypts it in one piece. */
export const sealedBytesMax = 2 ** 30;

/** Seals bytes and stores them. @returns the reference for the entry */
export async function storeSealed({ payloads, secrets, random }: SealPorts, role: string, media: string, bytes: Uint8Array): Promise<PayloadReference> {
  if (bytes.length > sealedBytesMax) throw new LedgerError('PAYLOAD_TOO_LARGE', `Cannot seal ${bytes.length} bytes: expected at most ${sealedBytesMax}`);
  const secret = random(sealSecretBytes);
  const { ciphertext, commitment } = await seal(secret, bytes);
  // 1. The secret. A crash after this leaves a secret of nothing. The other way round it could leave bytes nobody can open.
  await secrets.put(commitment, secret);
  // 2. The ciphertext, and 3. where it lies. A crash before the entry leaves both, and nothing names them.
  const { digest } = await payloads.put([ciphertext], sealedBytesMax + 16);
  await payloads.nameSealed(commitment, digest);
  return { role, size: paddedSize(bytes.length), media, commitment: ['sha256', commitment] };
}

/**
 * Destroys a sealed payload: one that no entry came to name, or one that is erased.
 *
 * The secret first: what is left after a crash is ciphertext that nobody can open.
 *
 * @returns true when its secret was there
 */
export async function dropSealed({ payloads, secrets }: Omit<SealPorts, 'random'>, commitment: Uint8Array): Promise<boolean> {
  const wasThere = await secrets.destroy(commitment);
  const digest = await payloads.findSealed(commitment);
  if (digest !== null) await payloads.remove(digest);
  await payloads.unnameSealed(commitment);
  return wasThere;
}

/**
 * Appends a command that names payloads which were sealed for it, and destroys them where it is refused.
 *
 * Where the append fails they stay: the entry may be in the store, and comes under a checkpoint at the next start. A secret destroyed
 * here would be gone then, and no entry would say that it was erased.
 *
 * @throws {LedgerError} the command's refusal, or as `Log.append`
 */
export async function appendSealed(
  { log, ...ports }: Omit<SealPorts, 'random'> & { readonly log: Pick<Log, 'append'> }, command: Command, sealed: readonly PayloadReference[],
): Promise<Appended> {
  const [outcome] = await log.append([command]);
  if (outcome?.ok === true) return outcome;
  for (const { commitment } of sealed) if (commitment !== undefined) await dropSealed(ports, commitment[1]);
  throw outcome?.error ?? new TypeError('no outcome');
}

/**
 * Opens a sealed payload.
 *
 * @returns null when its secret was destroyed, or its ciphertext is not here
 * @throws {LedgerError} PAYLOAD_UNREADABLE, PAYLOAD_COMMITMENT_MISMATCH, PAYLOAD_CORRUPT
 */
export async function openSealed({ payloads, secrets }: Omit<SealPorts, 'random'>, commitment: Uint8Array): Promise<Uint8Array | null> {
  const secret = await secrets.get(commitment);
  const digest = secret === null ? null : await payloads.findSealed(commitment);
  if (secret === null || digest === null || !(await payloads.has(digest))) return null;
  return open(secret, await readPayload(payloads, digest), commitment);
}

/** A payload whole. @throws {LedgerError} PAYLOAD_MISSING, PAYLOAD_CORRUPT */
export async function readPayload(payloads: Pick<PayloadStore, 'get'>, digest: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of payloads.get(digest)) pieces.push(piece);
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : concatBytes(...pieces);
}
