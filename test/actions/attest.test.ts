// Attestations that we write: read again they say the same, and their proof is our own log's.
import { expect, test } from 'vitest';
import { bundleOf, embeddedType, SBOM_REFERENCE, sbomReference, signStatement } from '../../actions/attest.ts';
import { readEvidence } from '../../actions/read-evidence.ts';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { ed25519Spki } from '../../ledger/log/signing.ts';
import { formatTrustedRoot, readTrust, verifyBundle } from '../../verify/sigstore/index.ts';
import { origin, sha256 } from '../log/kit.ts';
import { Bench, cyclonedx, image, imageDigest, newKey, otherDigest } from './kit.ts';

test('a bill of materials by its digest, read as it was written', async () => {
  const bytes = encodeUtf8(cyclonedx());
  const statement = { subjects: [imageDigest], ...sbomReference(await readEvidence(bytes), bytes) };
  expect(statement.predicateType).toBe('https://stella-ops.org/attestations/sbom/1');
  const location = `sha256:${formatHex(sha256(bytes))}`;
  expect(statement.predicate).toEqual({ sbomFormat: 'CycloneDX', sbomVersion: '1.6', mediaType: 'application/vnd.cyclonedx+json', location });
  const read = await readEvidence(encodeUtf8(JSON.stringify(await signStatement(statement, newKey().author))));
  expect(read).toMatchObject({ verdict: 'valid', format: 'attestation', subjects: [['sha256', image]] });
  const predicate = { kind: 'sbom-reference', format: 'CycloneDX', digest: ['sha256', formatHex(sha256(bytes))] };
  expect(read.envelopes).toMatchObject([{ predicateType: SBOM_REFERENCE, predicate }]);
});

test('a bill of materials inside the statement brings its components', async () => {
  const bytes = encodeUtf8(cyclonedx());
  const predicate = JSON.parse(cyclonedx()) as JcsValue;
  const predicateType = embeddedType(await readEvidence(bytes));
  const bench = await Bench.begin();
  await bench.addOne(JSON.stringify(await signStatement({ subjects: [imageDigest], predicateType, predicate }, newKey().author)));
  expect(await bench.types()).toEqual(['attestation.recorded']);
  const facts = (await bench.event(1)).payloads?.find(({ role }) => role === 'facts')?.digest?.[1] as Uint8Array;
  expect(new TextDecoder().decode(bench.payloads.held.get(formatHex(facts)))).toContain('"name":"zlib"');
});

test('what is no bill of materials is not attested as one', async () => {
  for (const text of ['hello', cyclonedx({ components: [{}] })]) {
    const bytes = encodeUtf8(text);
    const read = await readEvidence(bytes);
    expect(() => sbomReference(read, bytes)).toThrow(expect.objectContaining({ code: 'EVIDENCE_INVALID' }));
  }
});

test('a bundle proves its entry to whoever trusts the key and this log, and to nobody else', async () => {
  const bench = await Bench.begin(['raw']);
  const { author, pem } = newKey();
  const envelope = await signStatement({ subjects: [imageDigest], predicateType: 'https://example.org/v1', predicate: {} }, author);
  const { bundle, index } = await bundleOf(bench.log, envelope, author);
  expect(index).toBe(1);
  const publicKey = bench.log.control.key.public.subarray(ed25519Spki.length);
  const root = { kind: 'root', trustedRoot: formatTrustedRoot({ origin, publicKey, from: 0 }) } as const;
  const key = { kind: 'key', publicKey: pem } as const;
  const artifact = { digests: { sha256: imageDigest[1] } };
  const bytes = encodeUtf8(bundle);
  expect(verifyBundle(bytes, artifact, readTrust([key, root]))).toMatchObject({ is: 'verified', entries: [{ index: 1, proven: true }] });
  expect(verifyBundle(bytes, artifact, readTrust([key]))).toMatchObject({ is: 'signature_only' });
  expect(verifyBundle(bytes, artifact, readTrust([root]))).toMatchObject({ is: 'unverifiable', missing: 'key' });
  expect(verifyBundle(bytes, { digests: { sha256: otherDigest[1] } }, readTrust([key, root]))).toMatchObject({ is: 'failed', code: 'SUBJECT_MISMATCH' });
});

test('a ledger of events takes no Rekor entry', async () => {
  const bench = await Bench.begin();
  const { author } = newKey();
  const envelope = await signStatement({ subjects: [imageDigest], predicateType: 'https://example.org/v1', predicate: {} }, author);
  await expect(bundleOf(bench.log, envelope, author)).rejects.toMatchObject({ code: 'ENTRY_KIND_UNKNOWN' });
});
