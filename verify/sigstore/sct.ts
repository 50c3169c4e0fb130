// Signed certificate timestamps inside a certificate: that a CT log promised to publish it (RFC 6962 §3.2, §3.3).
import { concatBytes, encodeUint64 } from '../../ledger/bytes.ts';
import { childrenOf, DerError, encodeDer, explicit, readTagged, TAG } from './der.ts';
import { digestOf, holds } from './keys.ts';
import { covers, findLog, type TransparencyLog } from './trusted-root.ts';
import { fail, type SigstoreCode } from './verdict.ts';
import { type Certificate, OID } from './x509.ts';

interface Sct {
  readonly logId: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly extensions: Uint8Array;
  /** As in the TLS structure: 4 is SHA-256; 3 ECDSA, 1 RSA. */
  readonly hash: number;
  readonly algorithm: number;
  readonly signature: Uint8Array;
}

/** Checks that at least one embedded SCT is by a CT log of the trusted root, valid at the SCT's own time. */
export function checkScts(leaf: Certificate, issuer: Certificate, ctLogs: readonly TransparencyLog[]): void {
  const scts = sctsOf(leaf);
  if (scts.length === 0) fail('SCT_MISSING', 'the certificate carries no signed certificate timestamp');
  const failures = scts.map((sct) => failureOf(sct, leaf, issuer, ctLogs));
  if (failures.includes(null)) return;
  // Where none holds, the answer is that of the SCT that got furthest.
  const furthest = (['SCT_SIGNATURE_INVALID', 'SCT_KEY_NOT_VALID_THEN', 'SCT_LOG_UNKNOWN'] as const).find((code) => failures.includes(code));
  fail(furthest ?? 'SCT_SIGNATURE_INVALID', 'no signed certificate timestamp is by a trusted CT log');
}

function failureOf(sct: Sct, leaf: Certificate, issuer: Certificate, ctLogs: readonly TransparencyLog[]): SigstoreCode | null {
  const logs = findLog(ctLogs, sct.logId);
  if (logs.length === 0) return 'SCT_LOG_UNKNOWN';
  const current = logs.filter((log) => covers(log.validity, sct.time));
  if (current.length === 0) return 'SCT_KEY_NOT_VALID_THEN';
  const message = signedBytes(sct, leaf, issuer);
  const fits = (log: TransparencyLog) => sct.hash === 4 && sct.algorithm === (log.key.kind.startsWith('RSA') ? 1 : 3);
  return current.some((log) => fits(log) && holds(log.key, message, sct.signature)) ? null : 'SCT_SIGNATURE_INVALID';
}

/** RFC 6962 §3.2, with entry_type precert_entry. */
function signedBytes(sct: Sct, leaf: Certificate, issuer: Certificate): Uint8Array {
  const tbs = precertificateTbs(leaf);
  return concatBytes(
    Uint8Array.of(0, 0), // v1, certificate_timestamp
    encodeUint64(sct.time),
    Uint8Array.of(0, 1), // precert_entry
    digestOf('sha256', issuer.spki),
    Uint8Array.of(tbs.length >> 16, (tbs.length >> 8) & 0xff, tbs.length & 0xff), tbs,
    Uint8Array.of(sct.extensions.length >> 8, sct.extensions.length & 0xff), sct.extensions,
  );
}

/** The signed part as it was before the SCT list was put in: every other byte stays as received. */
function precertificateTbs(leaf: Certificate): Uint8Array {
  const parts = childrenOf(readTagged(leaf.tbs, TAG.sequence));
  const kept = parts.map((part) => {
    if (part.tag !== explicit(3)) return part.raw;
    const extensions = [...leaf.extensions].filter(([oid]) => oid !== OID.sctList).map(([, { raw }]) => raw);
    return extensions.length === 0 ? new Uint8Array() : encodeDer(explicit(3), encodeDer(TAG.sequence, ...extensions));
  });
  return encodeDer(TAG.sequence, ...kept);
}

function sctsOf(leaf: Certificate): readonly Sct[] {
  const extension = leaf.extensions.get(OID.sctList);
  if (extension === undefined) return [];
  try {
    const list = new TlsReader(readTagged(extension.value, TAG.octetString).content);
    const items = new TlsReader(list.vector());
    list.end();
    const scts: Sct[] = [];
    while (!items.isAtEnd()) {
      const sct = readSct(items.vector());
      if (sct !== null) scts.push(sct);
    }
    return scts;
  } catch (error) {
    if (error instanceof DerError) fail('SCT_MALFORMED', `the list of signed certificate timestamps is malformed: ${error.message}`);
    throw error;
  }
}

/** Null for a later version, which RFC 6962 §3.3 asks readers to skip. */
function readSct(bytes: Uint8Array): Sct | null {
  const reader = new TlsReader(bytes);
  if (reader.number(1) !== 0) return null;
  const [logId, time, extensions] = [reader.take(32), reader.number(8), reader.vector()];
  const sct = { logId, time, extensions, hash: reader.number(1), algorithm: reader.number(1), signature: reader.vector() };
  reader.end();
  return sct;
}

/** The presentation language of TLS (RFC 8446 §3), as far as SCTs need it. */
class TlsReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  end(): void {
    if (!this.isAtEnd()) throw new DerError('bytes after the end');
  }

  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new DerError('it ends early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  number(length: number): number {
    const value = this.take(length).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new DerError('a number above 2^53');
    return value;
  }

  /** Bytes behind their 16-bit length. */
  vector(): Uint8Array {
    return this.take(this.number(2));
  }
}

