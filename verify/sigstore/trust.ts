// Whom a reader trusts, as plain data: keys, identities and trusted roots, each with the interval in which it counts.
import { clip, LedgerError } from '../../ledger/errors.ts';
import { type PublicKey, parsePublicKey, publicKeyOf, schemeOfKeyDetails } from './keys.ts';
import { parseTrustedRoot, type TrustedRoot, type Validity } from './trusted-root.ts';
import { encodeUtf8 } from '../../ledger/bytes.ts';

/** The interval of an entry in milliseconds since 1970, both ends included; unset is without end on that side. */
interface Interval {
  readonly validFrom?: number;
  readonly validTo?: number;
}

/** One thing a reader trusts. There are no patterns and no defaults: what is not named is not trusted. */
export type TrustEntry =
  | (Interval & {
      readonly kind: 'key';
      /** PEM, or the base64 of a SubjectPublicKeyInfo. */
      readonly publicKey: string;
      /** Sigstore's name of key and scheme ("PKIX_RSA_PSS_2048_SHA256"); unset allows each scheme the key can sign with. */
      readonly keyDetails?: string;
    })
  | (Interval & {
      readonly kind: 'identity';
      /** The subject in the certificate, whole and exact: a URI, an e-mail address or a user name. */
      readonly subject: string;
      /** The OIDC issuer in the certificate, whole and exact. */
      readonly issuer: string;
    })
  /** A Sigstore trusted root as JSON text. Its own intervals are inside. */
  | { readonly kind: 'root'; readonly trustedRoot: string };

export interface TrustedKey {
  readonly key: PublicKey;
  readonly validity: OpenValidity;
}

export interface TrustedIdentity {
  readonly subject: string;
  readonly issuer: string;
  readonly validity: OpenValidity;
}

/** An interval that may be open at both ends. */
export interface OpenValidity {
  readonly from: number | null;
  readonly to: number | null;
}

/** Trust, read and ready: made once from entries and used for many documents. */
export interface Trust {
  readonly keys: readonly TrustedKey[];
  readonly identities: readonly TrustedIdentity[];
  readonly roots: readonly TrustedRoot[];
}

/**
 * Reads trust entries.
 *
 * @throws {LedgerError} INPUT_MALFORMED when a key, identity, root or interval is not what it must be: an operator's mistake
 *   is refused whole, because trust without one of its parts is another trust
 */
export function readTrust(entries: readonly TrustEntry[]): Trust {
  const keys: TrustedKey[] = [];
  const identities: TrustedIdentity[] = [];
  const roots: TrustedRoot[] = [];
  for (const entry of entries) {
    switch (entry.kind) {
      case 'key':
        keys.push({ key: keyOfEntry(entry.publicKey, entry.keyDetails), validity: intervalOf(entry) });
        break;
      case 'identity':
        if (entry.subject === '' || entry.issuer === '') throw new LedgerError('INPUT_MALFORMED', 'Cannot trust identity: subject or issuer is empty');
        identities.push({ subject: entry.subject, issuer: entry.issuer, validity: intervalOf(entry) });
        break;
      case 'root':
        roots.push(parseTrustedRoot(encodeUtf8(entry.trustedRoot)));
        break;
    }
  }
  return { keys, identities, roots };
}

export function isWithin({ from, to }: OpenValidity | Validity, at: number): boolean {
  return (from === null || from <= at) && (to === null || at <= to);
}

export function isBounded({ from, to }: OpenValidity): boolean {
  return from !== null || to !== null;
}

function keyOfEntry(text: string, keyDetails: string | undefined): PublicKey {
  const key = parsePublicKey(text);
  if (keyDetails === undefined) return key;
  const scheme = schemeOfKeyDetails(keyDetails);
  if (scheme === null) throw new LedgerError('INPUT_MALFORMED', `Cannot trust key: unknown key details "${clip(keyDetails)}"`);
  return publicKeyOf(key.spki, [scheme]);
}

function intervalOf({ validFrom, validTo }: Interval): OpenValidity {
  for (const bound of [validFrom, validTo]) {
    if (bound !== undefined && !Number.isSafeInteger(bound)) throw new LedgerError('INPUT_MALFORMED', `Cannot trust until ${bound}: expected milliseconds`);
  }
  if (validFrom !== undefined && validTo !== undefined && validTo < validFrom) {
    throw new LedgerError('INPUT_MALFORMED', 'Cannot trust: the interval ends before it begins');
  }
  return { from: validFrom ?? null, to: validTo ?? null };
}

