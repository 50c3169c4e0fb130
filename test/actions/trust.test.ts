// Whom a ledger trusts: keys and identities on record, and what that does to the signatures of evidence.
import { describe, expect, test } from 'vitest';
import { addTrust, removeTrust } from '../../actions/trust.ts';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { personOf } from '../../ledger/events/index.ts';
import { by, sha256 } from '../log/kit.ts';
import { attestation, Bench, newKey } from './kit.ts';

const signaturesAt = async (bench: Bench, index: number) => ((await bench.event(index)).data as { signatures: unknown }).signatures;

describe('what is recorded of a signature', () => {
  test('nobody trusted, another trusted, the signer trusted', async () => {
    const { author, pem } = newKey();
    const bench = await Bench.begin();
    await bench.addOne(await attestation(author, { run: 1 }));
    expect(await signaturesAt(bench, 1)).toEqual([{ outcome: 'open', code: 'KEY_MISSING' }]);
    await addTrust(bench.stores, { kind: 'key', publicKey: newKey().pem }, by);
    await bench.addOne(await attestation(author, { run: 2 }));
    expect(await signaturesAt(bench, 3)).toEqual([{ outcome: 'fails', code: 'SIGNATURE_INVALID' }]);
    await addTrust(bench.stores, { kind: 'key', publicKey: pem }, by);
    await bench.addOne(await attestation(author, { run: 3 }));
    expect(await signaturesAt(bench, 5)).toEqual([{ outcome: 'holds', keys: [['sha256', parseHex(author.key.id)]] }]);
    await bench.check();
  });

  test('trust that comes later: sent again, what its signatures are worth now stands beside it, once', async () => {
    const { author, pem } = newKey();
    const bench = await Bench.begin();
    const text = await attestation(author);
    await bench.addOne(text);
    expect((await bench.addOne(text)).events).toMatchObject([{ outcome: { index: 1, repeated: true }, checked: null }]);
    const { index } = await addTrust(bench.stores, { kind: 'key', publicKey: pem }, by);
    expect((await bench.addOne(text)).events).toMatchObject([{ outcome: { index: 1, repeated: true }, checked: 3 }]);
    expect((await bench.event(3)).data).toMatchObject({ entry: 1, signatures: [{ outcome: 'holds' }] });
    expect((await bench.addOne(text)).events).toMatchObject([{ checked: null }]);
    await removeTrust(bench.stores, index, 'compromised', by);
    expect((await bench.addOne(text)).events).toMatchObject([{ checked: 5 }]);
    expect((await bench.event(5)).data).toMatchObject({ entry: 1, signatures: [{ outcome: 'open', code: 'KEY_MISSING' }] });
    await bench.check();
  });

  test('a key trusted until yesterday does not count today', async () => {
    const { author, pem } = newKey();
    const bench = await Bench.begin();
    await addTrust(bench.stores, { kind: 'key', publicKey: pem, validTo: bench.world.clock.now() - 1 }, by);
    await bench.addOne(await attestation(author));
    expect(await signaturesAt(bench, 2)).toEqual([{ outcome: 'fails', code: 'KEY_NOT_VALID_THEN' }]);
  });

  test('a changed payload fails', async () => {
    const { author, pem } = newKey();
    const bench = await Bench.begin();
    await addTrust(bench.stores, { kind: 'key', publicKey: pem }, by);
    const envelope = JSON.parse(await attestation(author)) as { payload: string };
    const payload = btoa(atob(envelope.payload).replace('/v1"}', '/v2"}').replace('checked/v1', 'checked/v2'));
    await bench.addOne(JSON.stringify({ ...envelope, payload }));
    expect(await signaturesAt(bench, 2)).toEqual([{ outcome: 'fails', code: 'SIGNATURE_INVALID' }]);
  });
});

describe('on record', () => {
  test('an identity is a pseudonym; its name is sealed and found again', async () => {
    const bench = await Bench.begin();
    const [issuer, subject] = ['https://issuer.example', 'ann@example.org'];
    await addTrust(bench.stores, { kind: 'identity', issuer, subject }, by);
    const event = await bench.event(1);
    expect(event.data).toEqual({ identity: personOf(sha256, bench.pepper, issuer, subject) });
    expect(event.payloads).toMatchObject([{ role: 'identity', size: 1024, commitment: ['sha256', expect.anything()] }]);
    expect(new TextDecoder('latin1').decode(await bench.log.entry(1))).not.toContain('ann');
    const { trust, records } = await bench.readTrust();
    expect(trust.identities).toMatchObject([{ issuer, subject }]);
    await bench.secrets.destroy(event.payloads?.[0]?.commitment?.[1] as Uint8Array);
    expect((await bench.readTrust()).trust.identities).toEqual([]);
    expect(records).toHaveLength(1);
  });

  test('a trusted root is a payload, named by its digest', async () => {
    const bench = await Bench.begin();
    const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
    const trustedRoot = JSON.stringify({ mediaType, tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] });
    await addTrust(bench.stores, { kind: 'root', trustedRoot }, by);
    const { trust, byRoot } = await bench.readTrust();
    expect([trust.roots.length, byRoot.length]).toEqual([1, 1]);
    bench.payloads.held.delete(formatHex((byRoot[0] as { digest: Uint8Array }).digest));
    await expect(bench.readTrust()).rejects.toMatchObject({ code: 'PAYLOAD_MISSING' });
  });

  test('the same twice is two events; removed, each by its entry', async () => {
    const bench = await Bench.begin();
    const { pem } = newKey();
    await addTrust(bench.stores, { kind: 'key', publicKey: pem }, by);
    await addTrust(bench.stores, { kind: 'key', publicKey: pem }, by);
    expect(await bench.types()).toEqual(['trust.added', 'trust.added']);
    await removeTrust(bench.stores, 1, 'superseded', by);
    expect((await bench.readTrust()).trust.keys).toHaveLength(1);
    await expect(removeTrust(bench.stores, 1, 'unused', by)).rejects.toMatchObject({ code: 'TRUST_UNKNOWN' });
    await expect(removeTrust(bench.stores, 0, 'unused', by)).rejects.toMatchObject({ code: 'TRUST_UNKNOWN' });
    await bench.check();
  });

  test.each([
    ['no key', { kind: 'key', publicKey: 'hello' }],
    ['an empty subject', { kind: 'identity', issuer: 'https://issuer.example', subject: '' }],
    ['no root', { kind: 'root', trustedRoot: '{}' }],
    ['an interval that ends before it begins', { kind: 'key', publicKey: newKey().pem, validFrom: 2, validTo: 1 }],
  ] as const)('%s is refused, and nothing is stored', async (_, entry) => {
    const bench = await Bench.begin();
    await expect(addTrust(bench.stores, entry, by)).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    expect([bench.log.published.size, bench.payloads.held.size, bench.secrets.held.size]).toEqual([1, 0, 0]);
  });
});
