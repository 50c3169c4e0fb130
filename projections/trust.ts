// trust: whose signatures count, and whose did; and what that makes of a signature that is right.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import type { DataOf } from '../ledger/events/index.ts';
import type { SignatureFacts } from './evidence.ts';
import { defineProjection, pointerTo, type Document, type Pointer } from './projection.ts';

/** One `trust.added`, and what became of it. Exactly one of key, identity and root; digests are SHA-256. */
export type TrustedEntry = Pointer & {
  /** The SHA-256 of a SubjectPublicKeyInfo. */
  key?: Uint8Array;
  /** The pseudonym of issuer and subject. */
  identity?: Uint8Array;
  root?: Uint8Array;
  from?: number;
  to?: number;
  removed?: { entry: number; at: number; reason: DataOf<'trust.removed'>['reason'] };
};

export type TrustDocument = Document & {
  /** In the order of the log, removed ones too. */
  entries: TrustedEntry[];
};

export const trust = defineProjection<TrustDocument>({
  name: 'trust',
  version: 1,
  streams: 'trust',
  begin: () => ({ entries: [] }),
  on: {
    'trust.added'({ entries }, event) {
      const { key, root, ...rest } = event.data;
      entries.push({ ...pointerTo(event), ...rest, ...(key === undefined ? {} : { key: key.id }), ...(root === undefined ? {} : { root: root[1] }) });
    },
    'trust.removed'({ entries }, { index, at, data }) {
      const removed = entries.find(({ entry }) => entry === data.entry);
      if (removed !== undefined && removed.removed === undefined) removed.removed = { entry: index, at, reason: data.reason };
    },
  },
  ignores: [],
});

/**
 * The trusted entries under which a signature counts; empty when it counts for nothing.
 *
 * It must be right (`holds`), under a key or identity that was trusted at the time somebody proved, else at the recorded time;
 * and where it was checked against a trusted root, that root must be trusted too.
 *
 * @param document - the `trust` stream's at the size that is asked about, never today's; null where nobody was ever trusted
 * @param recordedAt - when the signature came on record, milliseconds since 1970
 */
export function trustedFor(signature: SignatureFacts, recordedAt: number, document: TrustDocument | null): readonly TrustedEntry[] {
  if (signature.outcome !== 'holds' || document === null) return [];
  const { keys = [], identities = [], root, proven = recordedAt } = signature;
  const counting = document.entries.filter(({ removed }) => removed === undefined);
  if (root !== undefined && !counting.some((entry) => entry.root !== undefined && equalBytes(entry.root, root[1]))) return [];
  return counting.filter(({ key, identity, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }) => {
    const byKey = key !== undefined && keys.some(([, id]) => equalBytes(id, key));
    const byIdentity = identity !== undefined && identities.some((id) => equalBytes(id, identity));
    return (byKey || byIdentity) && from <= proven && proven <= to;
  });
}

/** What says whose words evidence is: the signatures of the envelopes it came in, or who made it here. */
export type Signed = Pick<Pointer, 'at' | 'by'> & {
  signatures?: readonly SignatureFacts[];
  authored?: { key: Uint8Array };
};

/**
 * Under whose trust a piece of evidence stands: `key:` and `identity:` with hexadecimal digits, sorted; empty where it does not.
 *
 * Every envelope must be trusted, or what one of them says would ride with another's signature. What was made here is trusted by
 * the key that signed it (the ledger's, where it is asserted) or by its author's pseudonym.
 */
export function trustedSigners({ at, by, signatures, authored }: Signed, document: TrustDocument | null): readonly string[] {
  const identities = by.person === undefined ? {} : { identities: [by.person] };
  const made: SignatureFacts[] = authored === undefined ? [] : [{ outcome: 'holds', keys: [['sha256', authored.key]], ...identities }];
  const under = [...(signatures ?? []), ...made].map((signature) => trustedFor(signature, at, document));
  if (under.some((entries) => entries.length === 0)) return [];
  const names = under.flat().map(({ key, identity }) => (key === undefined ? `identity:${formatHex(identity as Uint8Array)}` : `key:${formatHex(key)}`));
  return [...new Set(names)].sort();
}
