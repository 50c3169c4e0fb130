// Attestations that we write: read again they say the same, and their proof is our own log's.
import { describe, expect, test } from 'vitest';
import { bundleOf, embeddedType, SBOM_REFERENCE, sbomReference, signStatement } from '../../actions/attest.ts';
import { readEvidence } from '../../actions/read-evidence.ts';
import { rekorCheckpoint, trustedRootOf } from '../../actions/rekor.ts';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { parseNote } from '../../ledger/note/index.ts';
import { readTrust, verifyBundle } from '../../verify/sigstore/index.ts';
import { by, origin, rekorSigner, sha256 } from '../log/kit.ts';
import { OwnLog } from '../sigstore/own-log.ts';
import { Bench, cyclonedx, image, imageDigest, newKey, otherDigest } from './kit.ts';

test('a bill of materials by its digest, read as it was written', async () => {
  const bytes = encodeUtf8(cyclonedx());
  const statement = { subjects: [imageDigest], ...sbomReference(await readEvidence(bytes), bytes) };
  expect(statement.predicateType).toBe('https://stella-ops.org/attestations/sbom/1');
  const location = `sha256:${formatHex(sha256(bytes))}`;
  expect(statement.predicate).toEqual({ sbomFormat: 'CycloneDX', sbomVersion: '1.6', mediaType: 'application/vnd.cyclonedx+json', location });
  const { envelope } = await signStatement(statement, newKey().author);
  const read = await readEvidence(encodeUtf8(JSON.stringify(envelope)));
  expect(read).toMatchObject({ verdict: 'valid', format: 'attestation', subjects: [['sha256', image]] });
  const predicate = { kind: 'sbom-reference', format: 'CycloneDX', digest: ['sha256', formatHex(sha256(bytes))] };
  expect(read.envelopes).toMatchObject([{ predicateType: SBOM_REFERENCE, predicate }]);
});

test('a bill of materials inside the statement is one on record, beside the attestation, with its components', async () => {
  const bytes = encodeUtf8(cyclonedx());
  const predicate = JSON.parse(cyclonedx()) as JcsValue;
  const predicateType = embeddedType(await readEvidence(bytes));
  const bench = await Bench.begin();
  await bench.addOne(JSON.stringify((await signStatement({ subjects: [imageDigest], predicateType, predicate }, newKey().author)).envelope));
  expect(await bench.types()).toEqual(['attestation.recorded', 'sbom.ingested']);
  expect((await bench.event(2)).data).toMatchObject({ subjects: [imageDigest], format: 'cyclonedx', components: 2 });
  expect((await bench.event(2)).payloads).toEqual((await bench.event(1)).payloads);
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

describe.each([1, 2] as const)('a bundle in the manner of Rekor v%i', (version) => {
  const parts = { subjects: [imageDigest], predicateType: 'https://example.org/v1', predicate: {} };
  const artifact = { digests: { sha256: imageDigest[1] } };

  test('proves its entry to whoever trusts the key and this log, and to nobody else', async () => {
    const bench = await Bench.begin(['event', 'rekor']);
    await bench.addOne('{}', { subjects: [imageDigest] });
    const { author, pem } = newKey();
    const signed = await signStatement(parts, author);
    const { bundle, index, repeated } = await bundleOf(bench.rekor, signed, author, by, version);
    expect([index, repeated]).toEqual([2, false]);
    expect(await bench.event(3)).toMatchObject({ type: 'rekor.recorded', data: { back: 1, keys: [parseHex(author.key.id)], subjects: [imageDigest] } });
    const root = { kind: 'root', trustedRoot: await trustedRootOf(bench.log) } as const;
    const key = { kind: 'key', publicKey: pem } as const;
    const bytes = encodeUtf8(bundle);
    const times = version === 1 ? [{ at: Math.floor(bench.world.clock.now() / 1000) * 1000, source: 'log' }] : [];
    expect(verifyBundle(bytes, artifact, readTrust([key, root]))).toMatchObject({ is: 'verified', times, entries: [{ index, proven: true }] });
    expect(verifyBundle(bytes, artifact, readTrust([key]))).toMatchObject({ is: 'signature_only' });
    expect(verifyBundle(bytes, artifact, readTrust([root]))).toMatchObject({ is: 'unverifiable', missing: 'key' });
    expect(verifyBundle(bytes, { digests: { sha256: otherDigest[1] } }, readTrust([key, root]))).toMatchObject({ is: 'failed', code: 'SUBJECT_MISMATCH' });
    const foreign = { kind: 'root', trustedRoot: new OwnLog(origin).trustedRoot } as const;
    expect(verifyBundle(bytes, artifact, readTrust([key, foreign]))).toMatchObject({ is: 'failed', code: 'TLOG_LOG_UNKNOWN' });
    await bench.check();
  });

  test('comes again as the entry it was, with its time, and a proof of today', async () => {
    const bench = await Bench.begin(['event', 'rekor']);
    const { author, pem } = newKey();
    const signed = await signStatement(parts, author);
    const first = await bundleOf(bench.rekor, signed, author, by, version);
    bench.world.clock.pass(90_000);
    const again = await bundleOf(bench.rekor, signed, author, by, version);
    expect(again).toEqual({ ...first, repeated: true });
    await bench.addOne('{}', { subjects: [imageDigest] });
    const later = await bundleOf(bench.rekor, signed, author, by, version);
    expect(later.index).toBe(first.index);
    const entryIn = (text: string) => (JSON.parse(text) as { verificationMaterial: { tlogEntries: [{ inclusionProof: { treeSize: string } }] } })
      .verificationMaterial.tlogEntries[0];
    const [{ inclusionProof: then, ...entry }, { inclusionProof: now, ...same }] = [entryIn(first.bundle), entryIn(later.bundle)];
    expect(same).toEqual(entry);
    expect([then.treeSize, now.treeSize]).toEqual(['3', '4']);
    const trust = readTrust([{ kind: 'key', publicKey: pem }, { kind: 'root', trustedRoot: await trustedRootOf(bench.log) }]);
    expect(verifyBundle(encodeUtf8(later.bundle), artifact, trust)).toMatchObject({ is: 'verified' });
    // Recognised by its leaf after a restart too.
    await bench.log.close();
    const reopened = await bench.world.open();
    expect(await bundleOf({ ...bench.rekor, log: reopened }, signed, author, by, version)).toMatchObject({ index: first.index, repeated: true });
  });
});

test('each generation has its own body and key: both lie in one log', async () => {
  const bench = await Bench.begin(['event', 'rekor']);
  const { author } = newKey();
  const signed = await signStatement({ subjects: [imageDigest], predicateType: 'https://example.org/v1', predicate: {} }, author);
  expect((await bundleOf(bench.rekor, signed, author, by, 1)).index).toBe(1);
  expect((await bundleOf(bench.rekor, signed, author, by, 2)).index).toBe(3);
  const root = JSON.parse(await trustedRootOf(bench.log)) as { tlogs: { baseUrl: string; publicKey: { keyDetails: string } }[] };
  expect(root.tlogs.map(({ baseUrl, publicKey }) => [baseUrl, publicKey.keyDetails])).toEqual([
    [`https://${origin}`, 'PKIX_ED25519'], [`https://${origin}`, 'PKIX_ECDSA_P256_SHA_256'],
  ]);
  // Both are found by who signed and by what they are about.
  for (const stream of [`key:${author.key.id}`, `artifact:sha256:${image}`]) expect((await bench.log.head(stream))?.version).toBe(2);
});

test('the checkpoint for Rekor v1 is of the anchored head, by its own key alone', async () => {
  const bench = await Bench.begin(['event', 'rekor']);
  const { text, signatures } = parseNote(await rekorCheckpoint(bench.log, rekorSigner));
  expect(text.split('\n').slice(0, 2)).toEqual([`${origin} - ${0x0505050505050505n}`, '1']);
  expect(signatures.map(({ name, id }) => [name, id])).toEqual([[origin, rekorSigner.key.id]]);
});

test('a ledger of events takes no Rekor entry', async () => {
  const bench = await Bench.begin();
  const { author } = newKey();
  const signed = await signStatement({ subjects: [imageDigest], predicateType: 'https://example.org/v1', predicate: {} }, author);
  await expect(bundleOf(bench.rekor, signed, author, by)).rejects.toMatchObject({ code: 'ENTRY_KIND_UNKNOWN' });
});
