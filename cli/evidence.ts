// What commands say about evidence: verdict, deviations, signatures, in lines for people and members for JSON.
import { createReadStream } from 'node:fs';
import type { CheckedEnvelope } from '../actions/check-signatures.ts';
import type { EvidenceRead } from '../actions/read-evidence.ts';
import { clip } from '../ledger/errors.ts';
import type { Call } from './command.ts';
import { openPlacePayloads, openPlaceSecrets, type Place } from './place.ts';

/** Deviations that are shown to a person; JSON has all of them. */
const shownMax = 8;

/** `cyclonedx 1.6`. */
export function formatName({ format, version }: Pick<EvidenceRead, 'format' | 'version'>): string {
  return format === null ? 'no known format' : version === null ? format : `${format} ${version}`;
}

export function sayDeviations(call: Call, { deviations }: Pick<EvidenceRead, 'deviations'>): void {
  for (const { code, pointer, message } of deviations.slice(0, shownMax)) {
    // A pointer and a message can hold a stranger's text.
    call.out.say(`       ${code}${pointer === '' ? '' : ` at ${clip(pointer)}`}: ${clip(message)}`);
  }
  if (deviations.length > shownMax) call.out.say(`       … ${deviations.length - shownMax} more (--json has all of them)`);
}

export function saySignatures(call: Call, signatures: readonly CheckedEnvelope[]): void {
  for (const { verdict } of signatures) {
    if (verdict.is === 'verified') call.out.say(`       signature verified: ${verdict.signers.map(signerName).join(', ')}`);
    else if (verdict.is === 'signature_only') call.out.say(`       signature only: ${verdict.message}`);
    else if (verdict.is === 'failed') call.out.say(`       signature FAILED, ${verdict.code}: ${verdict.message}`);
    else call.out.say(`       signature unverifiable (${verdict.missing}): ${verdict.message}`);
  }
}

type Signer = Extract<CheckedEnvelope['verdict'], { is: 'verified' }>['signers'][number];

function signerName(signer: Signer): string {
  // Whole: these are the operator's own words, for an identity is trusted only where it is exactly what trust names.
  return signer.kind === 'key' ? `key ${signer.keyId}` : `${signer.subject} (${signer.issuer})`;
}

/** The members that `add` and `inspect` answer with for each document. */
export function evidenceJson(read: EvidenceRead | null, signatures: readonly CheckedEnvelope[]): Record<string, unknown> {
  if (read === null) return { format: null };
  const { format, version, verdict, deviations, refusal } = read;
  return {
    format, version, verdict, deviations,
    ...(refusal === null || refusal.code === 'FORMAT_UNKNOWN' ? {} : { refusal }),
    ...(signatures.length === 0 ? {} : { signatures: signatures.map(({ verdict: answer }) => signatureJson(answer)) }),
  };
}

function signatureJson(verdict: CheckedEnvelope['verdict']): Record<string, unknown> {
  switch (verdict.is) {
    case 'verified':
      return { is: verdict.is, signers: verdict.signers, times: verdict.times, entries: verdict.entries };
    case 'signature_only':
      return { is: verdict.is, signers: verdict.signers, message: verdict.message };
    case 'failed':
      return { is: verdict.is, code: verdict.code, message: verdict.message };
    case 'unverifiable':
      return { is: verdict.is, missing: verdict.missing, message: verdict.message };
    default:
      return verdict satisfies never;
  }
}

/** Where a ledger's payloads and their secrets lie. */
export function payloadsOf(call: Call, place: Place) {
  return { payloads: openPlacePayloads(place), secrets: openPlaceSecrets(place), random: (count: number) => call.random(count) };
}

export async function* bytesOf(file: string): AsyncIterable<Uint8Array> {
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) yield piece as Uint8Array;
}
