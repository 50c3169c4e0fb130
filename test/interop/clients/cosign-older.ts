// What cosign writes in the formats before the Sigstore bundle, verified by us: files without a log, and with Rekor v1's promise.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readTrust, type SignatureVerdict, verifyBareSignature, verifyCosignBundle } from '../../../verify/sigstore/index.ts';
import type { Step } from '../client.ts';
import { rekorPublicKey, rekorTrustedRoot, serveRekorV1 } from './rekor-v1.ts';

/** Runs cosign with more environment; rejects when it fails. */
type Cosign = (env: Readonly<Record<string, string>>, ...argv: string[]) => Promise<unknown>;

const older = ['--new-bundle-format=false', '--use-signing-config=false', '--yes'];

/** In `scratch` lie `cosign.key`, `cosign.pub`, `artifact`, `other` and `predicate.json`. */
export async function* olderSteps(cosign: Cosign, scratch: string): AsyncIterable<Step> {
  const at = (name: string) => join(scratch, name);
  const bytes = (name: string) => new Uint8Array(readFileSync(at(name)));
  const [artifact, other] = [{ bytes: bytes('artifact') }, { bytes: bytes('other') }];
  const byDigest = { digests: { sha256: new Uint8Array(createHash('sha256').update(artifact.bytes).digest()) } };
  const key = { kind: 'key', publicKey: readFileSync(at('cosign.pub'), 'utf8') } as const;
  const alone = readTrust([key]);
  const attest = ['attest-blob', '--key=cosign.key', '--predicate=predicate.json', '--type=https://example.test/predicate/1', ...older];

  await cosign({}, 'sign-blob', '--key=cosign.key', ...older, '--tlog-upload=false', '--output-signature=a.sig', '--bundle=old.json', 'artifact');
  const signature = readFileSync(at('a.sig'), 'utf8');
  yield expected('its signature file holds', verifyBareSignature(signature, artifact, alone), 'signature_only');
  yield expected('its signature file holds, by digest', verifyBareSignature(signature, byDigest, alone), 'signature_only');
  yield expected('its signature file does not hold for another artifact', verifyBareSignature(signature, other, alone), 'SIGNATURE_INVALID');
  yield expected('its older bundle without a log holds', verifyCosignBundle(bytes('old.json'), byDigest, alone), 'signature_only');
  await cosign({}, ...attest, '--tlog-upload=false', '--bundle=old-attested.json', 'artifact');
  yield expected('its older attestation without a log holds', verifyCosignBundle(bytes('old-attested.json'), artifact, alone), 'signature_only');

  const rekor = await serveRekorV1();
  try {
    writeFileSync(at('rekor.pub'), rekorPublicKey);
    const env = { SIGSTORE_REKOR_PUBLIC_KEY: at('rekor.pub') };
    const url = `--rekor-url=http://127.0.0.1:${(rekor.address() as AddressInfo).port}`;
    const trust = readTrust([key, { kind: 'root', trustedRoot: rekorTrustedRoot }]);
    await cosign(env, 'sign-blob', '--key=cosign.key', ...older, url, '--bundle=logged.json', 'artifact');
    yield expected('its older bundle with Rekor\'s promise is verified', verifyCosignBundle(bytes('logged.json'), byDigest, trust), 'verified');
    yield expected('and not for another artifact', verifyCosignBundle(bytes('logged.json'), other, trust), 'SIGNATURE_INVALID');
    await cosign(env, ...attest, url, '--bundle=logged-attested.json', 'artifact');
    yield expected('its older attestation with Rekor\'s promise is verified', verifyCosignBundle(bytes('logged-attested.json'), artifact, trust), 'verified');
    yield expected('and not for another artifact', verifyCosignBundle(bytes('logged-attested.json'), other, trust), 'SUBJECT_MISMATCH');
  } finally {
    rekor.close();
  }
}

/** @param wanted - a verdict, or the code of a failure */
export function expected(step: string, verdict: SignatureVerdict, wanted: string): Step {
  const got = verdict.is === 'failed' ? verdict.code : verdict.is;
  return { step, ok: got === wanted, ...(got === wanted ? {} : { seen: `${got}${'message' in verdict ? `: ${verdict.message}` : ''}` }) };
}
