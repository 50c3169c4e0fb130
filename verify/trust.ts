// What a reader trusts: the log's keys under its pinned origin, retired ones with their bounds, and the witnesses' quorum.
import { type NoteKey, parseVkey } from '../ledger/note/keys.ts';
import { verifyEd25519 } from '../ledger/note/ed25519.ts';
import type { Verifiers } from '../ledger/note/note.ts';
import { parsePolicy, type TrustPolicy } from '../ledger/note/policy.ts';

/** A key of a log. */
export interface LogKey {
  /** The origin it may speak for. */
  readonly origin: string;
  readonly key: NoteKey;
  /** Null while the key is in use; else the last size it may have signed, or null where the reader does not know it. */
  readonly retired: { readonly lastSize: number | null } | null;
}

export interface Trust {
  /** Empty trusts nobody, and every verdict is `TRUST_EMPTY`. */
  readonly logs: readonly LogKey[];
  readonly witnesses: TrustPolicy['witnesses'];
  readonly quorum: TrustPolicy['quorum'];
  /** Whether a quorum that is not met is a refusal, or only shown. */
  readonly witnessing: 'required' | 'best-effort';
  readonly verifiers: Verifiers;
}

export interface TrustOptions {
  /** Only this log, where the policy names several. */
  readonly origin?: string;
  /** Keys that once signed for a log. */
  readonly retired?: readonly { readonly origin: string; readonly key: NoteKey; readonly lastSize: number | null }[];
  /** `required` when left out. */
  readonly witnessing?: Trust['witnessing'];
}

/**
 * Trusts what a C2SP trust policy lists: each log speaks for the origin that its key is named by.
 *
 * @throws {LedgerError} as `parsePolicy`
 */
export function trustPolicy(policy: TrustPolicy | Uint8Array | string, options: TrustOptions = {}): Trust {
  const { logs, witnesses, quorum } = typeof policy === 'string' || policy instanceof Uint8Array ? parsePolicy(policy) : policy;
  return trust(logs.map(({ key }) => ({ origin: key.name, key, retired: null })), witnesses, quorum, options);
}

/**
 * Trusts keys of one log, without witnesses.
 *
 * @param vkeys - verifier keys; their names may differ from the origin, as Rekor's do
 * @throws {LedgerError} as `parseVkey`
 */
export function trustKeys(origin: string, vkeys: readonly string[], options: TrustOptions = {}): Trust {
  return trust(vkeys.map((vkey) => ({ origin, key: parseVkey(vkey), retired: null })), [], null, options);
}

function trust(current: readonly LogKey[], witnesses: Trust['witnesses'], quorum: Trust['quorum'], options: TrustOptions): Trust {
  const retired = (options.retired ?? []).map(({ origin, key, lastSize }) => ({ origin, key, retired: { lastSize } }));
  const logs = [...current, ...retired].filter(({ origin }) => options.origin === undefined || origin === options.origin);
  return { logs, witnesses, quorum, witnessing: options.witnessing ?? 'required', verifiers: { ed25519: verifyEd25519 } };
}
