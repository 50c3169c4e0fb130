// DSSE envelopes with managed keys, and the vectors of the pre-authentication encoding.
import { encodeUtf8, formatBase64, formatHex, parseBase64 } from '../../../ledger/bytes.ts';
import { preAuthEncoding, publicKeyOfJwk, readTrust, type SignatureVerdict, verifyEnvelope } from '../../../verify/sigstore/index.ts';
import { answer, type Case } from './case.ts';

interface Vector {
  payloadType: string;
  payload_b64: string;
  pae_utf8?: string;
  pae_b64?: string;
}

export async function* dsse(one: Case) {
  if (one.expect === 'equal') yield* vectors(one);
  else if (/^(verify_ok|verify_fail|reject)/.test(one.expect)) {
    const verdict = verifyEnvelope(one.bytes(one.files.findIndex((file) => !file.includes('.jwk'))), trustOf(one), { threshold: thresholdOf(one) });
    const got = verdict.is === 'verified' || verdict.is === 'signature_only' ? verdict.is : reasonOf(verdict);
    yield answer((verdict.is === 'verified') === one.expect.startsWith('verify_ok'), one.expect, got);
  } else yield answer(false, one.expect, 'an unknown label');
}

function* vectors(one: Case) {
  for (const [i, vector] of (JSON.parse(new TextDecoder().decode(one.bytes())) as Vector[]).entries()) {
    const got = formatHex(preAuthEncoding(vector.payloadType, parseBase64(vector.payload_b64)));
    const expected = formatHex(vector.pae_b64 === undefined ? encodeUtf8(vector.pae_utf8 ?? '') : parseBase64(vector.pae_b64));
    yield { ...answer(got === expected, expected, got), id: `${one.id}#${i}` };
  }
}

function trustOf(one: Case) {
  const file = one.files.findIndex((path) => path.includes('.jwk'));
  const read = JSON.parse(new TextDecoder().decode(one.bytes(file))) as { keys?: Record<string, unknown>[] } & Record<string, unknown>;
  return readTrust((read.keys ?? [read]).map((jwk) => ({ kind: 'key', publicKey: formatBase64(publicKeyOfJwk(jwk).spki) })));
}

function thresholdOf(one: Case): number {
  return Number(/_threshold_(\d+)$/.exec(one.expect)?.[1] ?? 1);
}

export function reasonOf(verdict: SignatureVerdict): string {
  if (verdict.is === 'failed') return verdict.code;
  return verdict.is === 'unverifiable' ? `unverifiable ${verdict.missing}` : verdict.is;
}
