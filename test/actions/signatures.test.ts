// Signatures on record as trust has them: keyless under a private root, cosign's older outputs under a key, and others for their reason.
import { describe, expect, test } from 'vitest';
import { addTrust } from '../../actions/trust.ts';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { personOf } from '../../ledger/events/index.ts';
import type { TrustEntry } from '../../verify/sigstore/index.ts';
import { by, sha256 } from '../log/kit.ts';
import { artifact, issuer, now, subject, world } from '../sigstore/world.ts';
import vectors from '../vectors/cosign-older.json' with { type: 'json' };
import { Bench, otherDigest } from './kit.ts';

const trusted = world();
const bundle = new TextDecoder().decode(trusted.bundle);
const root: TrustEntry = { kind: 'root', trustedRoot: trusted.trustedRoot };
const identity: TrustEntry = { kind: 'identity', issuer, subject };

async function benchTrusting(...entries: readonly TrustEntry[]): Promise<Bench> {
  const bench = await Bench.begin();
  for (const entry of entries) await addTrust(bench.stores, entry, by);
  return bench;
}

/** Adds a document, and gives what it was worth and what went on record of its signature. */
async function recorded(bench: Bench, text: string, more = {}) {
  const { events, signatures } = await bench.addOne(text, more);
  expect(events).toMatchObject([{ type: 'attestation.recorded', outcome: { ok: true } }]);
  const event = await bench.event(bench.log.published.size - 1);
  return { verdict: signatures[0]?.verdict, record: event.type === 'attestation.recorded' ? event.data.signatures[0] : undefined, event };
}

describe('keyless, under a private root', () => {
  test('issuer and exact subject trusted: verified, at the time the log promised, under that root', async () => {
    const bench = await benchTrusting(root, identity);
    const { verdict, record, event } = await recorded(bench, bundle);
    expect(verdict).toMatchObject({ is: 'verified', signers: [{ kind: 'identity', issuer, subject }], times: [{ at: now, source: 'log' }] });
    // Who signed stands there as a pseudonym, and nowhere by name.
    expect(record).toEqual({
      outcome: 'holds', identities: [personOf(sha256, bench.pepper, issuer, subject)], root: ['sha256', sha256(encodeUtf8(trusted.trustedRoot))], proven: now,
    });
    expect(event.data).toMatchObject({ envelope: 'sigstore-bundle', subjects: [['sha256', sha256(artifact)]] });
    for (let i = 0; i < bench.log.published.size; i++) expect(new TextDecoder().decode(await bench.log.entry(i))).not.toContain('ci.example.test');
    await bench.check();
  });

  test.each<[string, readonly TrustEntry[], object, object]>([
    ['another subject', [root, { kind: 'identity', issuer, subject: subject.slice(0, -1) }], { is: 'failed', code: 'IDENTITY_SUBJECT_MISMATCH' },
      { outcome: 'fails', code: 'IDENTITY_SUBJECT_MISMATCH' }],
    ['another issuer', [root, { kind: 'identity', issuer: `${issuer}/`, subject }], { is: 'failed', code: 'IDENTITY_ISSUER_MISMATCH' },
      { outcome: 'fails', code: 'IDENTITY_ISSUER_MISMATCH' }],
    ['not at that time', [root, { ...identity, validTo: now - 1 }], { is: 'failed', code: 'IDENTITY_NOT_VALID_THEN' },
      { outcome: 'fails', code: 'IDENTITY_NOT_VALID_THEN' }],
    ['no root', [identity], { is: 'unverifiable', missing: 'trusted-root' }, { outcome: 'open', code: 'TRUSTED_ROOT_MISSING' }],
    ['nobody', [root], { is: 'unverifiable', missing: 'policy' }, { outcome: 'open', code: 'POLICY_MISSING' }],
  ])('%s: recorded, and satisfies nothing', async (_, entries, verdict, record) => {
    const found = await recorded(await benchTrusting(...entries), bundle);
    expect(found.verdict).toMatchObject(verdict);
    expect(found.record).toEqual(record);
  });

  test('trust that comes later is put on record beside it when it is added again', async () => {
    const bench = await benchTrusting(root);
    await recorded(bench, bundle);
    await addTrust(bench.stores, identity, by);
    const { events, signatures } = await bench.addOne(bundle);
    expect(signatures).toMatchObject([{ verdict: { is: 'verified' } }]);
    expect(events).toMatchObject([{ outcome: { repeated: true }, checked: bench.log.published.size - 1 }]);
    expect((await bench.event(bench.log.published.size - 1)).data).toMatchObject({ signatures: [{ outcome: 'holds', proven: now }] });
  });
});

describe('what cosign wrote before the bundle, under its key', () => {
  const key: TrustEntry = { kind: 'key', publicKey: vectors.publicKey };
  const hi = [['sha256', sha256(encodeUtf8('hi\n'))] as const];
  const holds = { outcome: 'holds', code: 'SIGNATURE_ONLY' };

  test.each([
    ['a signature file', `${vectors.signature}\n`, 'signature', { subjects: hi }],
    ['a bundle of a signature', JSON.stringify(vectors.bundle), 'cosign-bundle', { subjects: hi }],
    ['a bundle of an attestation', JSON.stringify(vectors.attestation), 'cosign-bundle', {}],
  ])('%s holds', async (_, text, envelope, more) => {
    const { record, event } = await recorded(await benchTrusting(key), text, more);
    expect(record).toMatchObject(holds);
    expect(formatHex(record?.keys?.[0]?.[1] as Uint8Array)).toMatch(/^[0-9a-f]{64}$/);
    expect(event.data).toMatchObject({ envelope, subjects: hi });
  });

  test('and is about what was signed alone', async () => {
    const bench = await benchTrusting(key);
    expect((await recorded(bench, vectors.signature, { subjects: [otherDigest] })).record).toEqual({ outcome: 'fails', code: 'SIGNATURE_INVALID' });
    await expect(bench.addOne(JSON.stringify(vectors.attestation), { subjects: [otherDigest] })).rejects.toMatchObject({ code: 'SUBJECT_MISMATCH' });
    // A signature that names nothing is refused with a hint, not kept as a text file.
    await expect(bench.addOne(vectors.signature)).rejects.toMatchObject({ code: 'SUBJECT_UNKNOWN', hint: expect.stringContaining('--subject') });
  });

  test.each([['a token', 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODkrLw=='], ['a word', 'hello']])(
    '%s in base64 is no signature', async (_, text) => {
      expect((await (await benchTrusting(key)).addOne(text)).events).toMatchObject([{ type: 'document.stored' }]);
    },
  );
});
