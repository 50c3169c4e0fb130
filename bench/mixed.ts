// What most ledgers hold most of: events of some 320 bytes in two streams each, over 100,000 artifacts.
import { asSet, type Digest, type NewEvent } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';

const artifactCount = 100_000;
export const by = { kind: 'service', auth: 'token', person: new Uint8Array(16).fill(9) } as const;

export function artifactOf(number: number): Digest<'sha256'> {
  const place = (Math.imul(number, 2_654_435_761) >>> 0) % artifactCount;
  return ['sha256', sha256(Uint8Array.of(place >>> 16, place >>> 8, place))];
}

export function payload(role: string, number: number): { role: string; size: number; media: string; digest: Digest<'sha256'> } {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setUint32(0, number);
  return { role, size: 12_345, media: 'application/json', digest: ['sha256', digest] };
}

/** Artifacts that get a contract; 1 % are bills of materials, whose facts are of 500 components. */
export function mixed(number: number): NewEvent {
  if (number % 100 !== 0) return { type: 'contract.assigned', by, data: { name: 'base', subjects: [artifactOf(number)] } };
  const subjects = asSet([artifactOf(number), artifactOf(number + 7)]);
  const data = { subjects, format: 'cyclonedx' as const, semantics: 1, components: 500, deviations: 0 };
  return { type: 'sbom.ingested', by, data, payloads: [payload('document', number), payload('facts', number)] };
}
