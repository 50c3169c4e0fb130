// DSSE envelopes with managed keys: a threshold of distinct keys, over the pre-authentication encoding (DSSE protocol.md).
import type { Json } from '../../ledger/json.ts';
import { parseAnyBase64 } from './base64.ts';
import { bundleItemsMax, parseStrictly } from './bundle.ts';
import { keyOf } from './chain.ts';
import { DerError } from './der.ts';
import { type Envelope, type EnvelopeSignature, envelopeOf, preAuthEncoding } from './dsse.ts';
import { Fields, type Refusals } from './fields.ts';
import { holds, type PublicKey } from './keys.ts';
import type { Trust } from './trust.ts';
import { fail, lack, type SignatureVerdict, type Signer, Stop } from './verdict.ts';
import { checkKeyTime, verdictOf } from './verify.ts';
import { alternativeNamesOf, issuerOf, parseCertificate } from './x509.ts';

export interface EnvelopeOptions {
  /** Distinct trusted keys that must have signed; 1 when left out. */
  readonly threshold?: number;
  /** When the envelope is taken to have been signed, for keys that are trusted for an interval: milliseconds since 1970. */
  readonly at?: number;
}

/**
 * Verifies an envelope on its own. What its payload says is the caller's matter: use the verdict's `payload`.
 *
 * `keyid` is never asked: it is unauthenticated, so that each signature is tried with each key.
 *
 * @param input - the envelope's JSON as received, or one that `parseJson` read
 */
export function verifyEnvelope(input: Uint8Array | Json, trust: Trust, options: EnvelopeOptions = {}): SignatureVerdict {
  return verdictOf(() => {
    const envelope = parseEnvelope(input);
    const { payload, payloadType } = envelope;
    const threshold = options.threshold ?? 1;
    if (!Number.isSafeInteger(threshold) || threshold < 1) throw new RangeError(`not a threshold: ${threshold}`);
    const message = preAuthEncoding(payloadType, payload);
    const found = signersOf(envelope, message, trust);
    const signers = (keys: readonly PublicKey[]): readonly Signer[] => keys.map(({ id }) => ({ kind: 'key', keyId: id }));
    // A key counts once, however many signatures it made (protocol.md, "Protocol": thresholds are over distinct keys).
    if (found.length < threshold) return shortOf(threshold, found, envelope, message, trust);
    for (const key of found) checkKeyTime(trust.keys, key, [], options.at);
    return { is: 'verified', signers: signers(found), times: [], entries: [], payload, payloadType };
  });
}

/** Reads an envelope's shape. @throws {Stop} a BUNDLE_ or DSSE_ code */
export function parseEnvelope(input: Uint8Array | Json): Envelope {
  const envelope = envelopeOf(new Fields(input instanceof Uint8Array ? parseStrictly(input) : input, 'envelope', refusals));
  const count = envelope.signatures.length;
  if (count === 0 || count > bundleItemsMax) fail('DSSE_SIGNATURE_COUNT', `the envelope holds ${count} signatures, expected 1 to ${bundleItemsMax}`);
  return envelope;
}

const refusals: Refusals = {
  malformed: (message) => fail('DSSE_MALFORMED', message),
  base64: (message) => fail('BUNDLE_BASE64_INVALID', message),
};

function signersOf({ signatures }: Envelope, message: Uint8Array, trust: Trust): readonly PublicKey[] {
  const distinct = new Map<string, PublicKey>();
  for (const { key } of trust.keys) {
    if (signatures.some(({ signature }) => holds(key, message, signature, 'der-or-p1363'))) distinct.set(key.id, key);
  }
  return [...distinct.values()];
}

/** Why too few trusted keys signed: the most useful of several true answers. */
function shortOf(threshold: number, found: readonly PublicKey[], envelope: Envelope, message: Uint8Array, trust: Trust): SignatureVerdict {
  if (found.length > 0) fail('THRESHOLD_NOT_MET', `${found.length} trusted keys signed, expected ${threshold}`);
  const signsPayload = ({ signature }: EnvelopeSignature) => trust.keys.some(({ key }) => holds(key, envelope.payload, signature, 'der-or-p1363'));
  // Google Cloud Build signs so: the payload type is then not signed, and one type could pass for another.
  if (envelope.signatures.some(signsPayload)) fail('SIGNATURE_NOT_OVER_PAE', 'a trusted key signed the payload alone, not the envelope');
  const inline = envelope.signatures.flatMap((signature) => inlineSigner(signature, message));
  if (inline.length > 0) {
    const reason = 'the signature holds under the certificate beside it, which nothing here vouches for';
    return { is: 'signature_only', signers: inline, message: reason, payload: envelope.payload, payloadType: envelope.payloadType };
  }
  if (trust.keys.length === 0) lack('key', 'the envelope names no certificate, and no key is trusted');
  return fail('SIGNATURE_INVALID', 'no signature holds under a trusted key');
}

/** Who the certificate beside a signature names, where the signature holds under it. */
function inlineSigner({ signature, certificate }: EnvelopeSignature, message: Uint8Array): readonly Signer[] {
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(certificate ?? '');
  const der = pem === null ? null : parseAnyBase64((pem[1] as string).replace(/\s+/g, ''));
  if (der === null) return [];
  try {
    const leaf = parseCertificate(der);
    if (!holds(keyOf(leaf), message, signature)) return [];
    return [{ kind: 'identity', subject: alternativeNamesOf(leaf)[0]?.value ?? '', issuer: issuerOf(leaf) ?? '' }];
  } catch (error) {
    if (error instanceof DerError || error instanceof Stop) return [];
    throw error;
  }
}
