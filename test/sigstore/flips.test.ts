// Every decoded byte of a bundle changed: its signature, proof, checkpoint, certificate, entry and payload. None is accepted.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { encodeUtf8, formatBase64, formatHex } from '../../ledger/bytes.ts';
import type { Json } from '../../ledger/json.ts';
import { authorKeyOfSeed, formatBundle, hashedRekordBody, readTrust, recordableOf, signJson, verifyBundle } from '../../verify/sigstore/index.ts';
import { digestOf } from '../../verify/sigstore/keys.ts';
import { flipAll } from './flip.ts';
import { OwnLog } from './own-log.ts';

const folder = fileURLToPath(new URL('../../.cache/corpora/formats/sigstore/open/private-root/ok-dsse-v03/', import.meta.url));

test('a bundle of ours', async () => {
  const artifact = encodeUtf8('artifact');
  const author = authorKeyOfSeed(new Uint8Array(32).fill(5));
  const log = new OwnLog();
  const subject = [{ digest: { sha256: formatHex(digestOf('sha256', artifact)) } }];
  const envelope = await signJson({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType: 'x', predicate: {} }, [author]);
  for (let i = 0; i < 5; i++) await log.append(encodeUtf8(`entry ${i}`));
  const entry = await log.append(hashedRekordBody(recordableOf(envelope, author.key)));
  const bundle = JSON.parse(formatBundle({ content: { envelope }, key: author.key, entries: [entry] })) as Json;
  const trust = readTrust([{ kind: 'key', publicKey: formatBase64(author.key.spki) }, { kind: 'root', trustedRoot: log.trustedRoot }]);
  expect(verifyBundle(bundle, { bytes: artifact }, trust).is).toBe('verified');
  const { flipped, accepted } = flipAll(bundle, { bytes: artifact }, trust);
  expect(accepted).toEqual([]);
  expect(flipped).toBeGreaterThan(900);
});

test.skipIf(!existsSync(folder))('a bundle with a certificate (needs the corpora)', () => {
  const read = (name: string) => readFileSync(`${folder}${name}`, 'utf8');
  const bundle = JSON.parse(read('bundle.sigstore.json')) as Json;
  const identity = { kind: 'identity', subject: read('identity').trim(), issuer: read('issuer').trim() } as const;
  const trust = readTrust([{ kind: 'root', trustedRoot: read('trusted_root.json') }, identity]);
  const artifact = { bytes: new Uint8Array(readFileSync(`${folder}artifact`)) };
  expect(verifyBundle(bundle, artifact, trust).is).toBe('verified');
  const { flipped, accepted } = flipAll(bundle, artifact, trust);
  expect(accepted).toEqual([]);
  expect(flipped).toBeGreaterThan(3000);
});
