// The `sigstore-flips` suite: one bundle of each shape in the corpora, every decoded byte changed, none accepted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../ledger/json.ts';
import { flipAll } from '../sigstore/flip.ts';
import { answer, type Case, casesBelow } from './formats/case.ts';
import { ask } from './sigstore.ts';
import { artifactsOf, documentsOf, filesOf, member, parsed, trustFor } from './sigstore/inputs.ts';
import type { Outcome, Suite } from './suite.ts';

let total = 0;
const stamps = { flipped: 0, accepted: 0 };

export const sigstoreFlips: Suite = {
  argument: 'sigstore-flips',
  needs: ['formats/sigstore'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    const seen = new Set<string>();
    for (const one of casesBelow(join(corpora, 'formats', 'sigstore'))) {
      if (!one.expect.startsWith('verify_ok') || one.line['level'] === 'MAY' || ask(one)[0]?.got !== 'verified') continue;
      const files = filesOf(one);
      const [document] = documentsOf(files.bundle, new Uint8Array(readFileSync(join(one.folder, files.bundle))));
      const bundle = parsed(document as Uint8Array);
      const shape = shapeOf(bundle);
      if (seen.has(shape)) continue;
      seen.add(shape);
      yield { suite: 'sigstore-flips', id: `${one.id} (${shape})`, ...flip(one, bundle, files) };
    }
  },
  figures: () => [
    `${total} bytes changed in signatures, proofs, checkpoints, certificates, entries and payloads`,
    `${stamps.flipped} bytes changed in timestamps, ${stamps.accepted} accepted: certificates, names and versions beside what the authority signed`,
  ],
};

function flip(one: Case, bundle: Json | null, files: ReturnType<typeof filesOf>) {
  const [asked] = artifactsOf(one, files, bundle);
  const { flipped, accepted } = flipAll(bundle, asked?.artifact ?? null, trustFor(one, bundle, files.key));
  // An RFC 3161 response carries much that the authority does not sign; what it signs is covered by the other codes.
  const isStamp = (path: string) => path.includes('signedTimestamp');
  stamps.accepted += accepted.filter(isStamp).length;
  stamps.flipped += stampBytes(bundle);
  total += flipped - stampBytes(bundle);
  const wrong = accepted.filter((path) => !isStamp(path) && !isUnread(path, bundle));
  return answer(wrong.length === 0, 'none accepted', `${wrong.length} accepted: ${wrong.slice(0, 3).join(', ')}`);
}

/** Version 0.1 says nothing about a proof without a checkpoint, and nobody reads certificates that the path does not need. */
function isUnread(path: string, bundle: Json | null): boolean {
  if (/x509CertificateChain\.certificates\.[1-9]/.test(path)) return true;
  const entries = member(member(bundle, 'verificationMaterial'), 'tlogEntries');
  const proof = member(Array.isArray(entries) ? entries[0] : null, 'inclusionProof');
  return path.includes('inclusionProof') && member(proof, 'checkpoint') === undefined;
}

function shapeOf(bundle: Json | null): string {
  const material = member(bundle, 'verificationMaterial');
  const entries = member(material, 'tlogEntries');
  const entry = Array.isArray(entries) ? entries[0] : null;
  const kind = member(entry, 'kindVersion');
  const has = (name: string) => (member(entry, name) === undefined ? '' : ` ${name}`);
  const stamped = stampBytes(bundle) > 0 ? ' timestamp' : '';
  const signer = member(material, 'publicKey') === undefined ? 'certificate' : 'key';
  const version = /(0\.\d)/.exec(String(member(bundle, 'mediaType')))?.[1] ?? '';
  return `v${version} ${signer} ${String(member(kind, 'kind'))} ${String(member(kind, 'version'))}${has('inclusionPromise')}${has('inclusionProof')}${stamped}`;
}

function stampBytes(bundle: Json | null): number {
  const data = member(member(member(bundle, 'verificationMaterial'), 'timestampVerificationData'), 'rfc3161Timestamps');
  const texts = Array.isArray(data) ? data.map((stamp) => String(member(stamp, 'signedTimestamp')).replace(/\s/g, '')) : [];
  return texts.reduce((sum, base64) => sum + Math.floor((base64.replace(/=+$/, '').length * 3) / 4), 0);
}
