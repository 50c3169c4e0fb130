// Provenance and summaries as builders publish them: Sigstore bundles, npm's list of bundles, Cloud Build's envelopes, bare DSSE.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Json } from '../../../ledger/json.ts';
import { readTrust, type TrustEntry, verifyBundle, verifyEnvelope } from '../../../verify/sigstore/index.ts';
import { documentsOf, member, namedArtifact, ownIdentity, parsed, text } from '../sigstore/inputs.ts';
import { answer, type Case } from './case.ts';
import { reasonOf } from './dsse.ts';

const MS_MAX = 1000;

/** One signed thing inside a file. */
type Signed = { kind: 'bundle' | 'envelope' | 'cloud-build'; json: Json } | { kind: 'unreadable' };

export async function* slsa(one: Case) {
  const started = performance.now();
  const got = answersOf(one);
  const took = performance.now() - started;
  const shown = got.join(', ');
  const every = (wanted: string) => got.length > 0 && got.every((is) => is === wanted);
  const failed = got.length > 0 && got.every((is) => /^[A-Z]/.test(is));
  const hasKey = one.files.some((file) => isKeyFile(file));
  if (/_or_/.test(one.expect)) yield answer(took <= MS_MAX, 'any verdict within a second', `${Math.round(took)} ms`);
  else if (/^verify_ok|^signature_ok_policy_fail$/.test(one.expect)) yield answer(every('verified'), 'verified', shown);
  else if (one.expect === 'verify_fail') yield answer(!every('verified'), 'not verified', shown);
  else if (one.expect === 'dsse_sig_ok_cert_inline' || one.expect === 'policy_fail') yield answer(every('signature_only'), 'signature_only', shown);
  else if (one.expect === 'dsse_sig_ok') yield answer(every(hasKey ? 'verified' : 'unverifiable key'), 'a signature that holds', shown);
  else if (one.expect === 'reject_signature_not_over_PAE') yield answer(failed, 'failed', shown);
  else if (one.expect === 'raw_dsse') yield answer(got.every((is) => is.startsWith('unverifiable')), 'unverifiable', shown);
  else yield answer(false, one.expect, 'an unknown label');
}

function answersOf(one: Case): readonly string[] {
  const file = one.files.find((path) => !isKeyFile(path)) as string;
  const bytes = new Uint8Array(readFileSync(join(one.folder, file)));
  const artifact = one.files.find((path) => path !== file && !isKeyFile(path));
  return documentsOf(file, bytes).flatMap((document) => signedIn(parsed(document))).map((signed) => {
    if (signed.kind === 'unreadable') return 'BUNDLE_NOT_JSON';
    if (signed.kind !== 'bundle') return reasonOf(verifyEnvelope(signed.json, readTrust(keysFor(one, signed.kind))));
    const found = artifact === undefined ? namedArtifact(signed.json) : { bytes: new Uint8Array(readFileSync(join(one.folder, artifact))) };
    return reasonOf(verifyBundle(signed.json, found, readTrust([{ kind: 'root', trustedRoot: rootOf(one) }, ...npmKeys(one), ...ownIdentity(signed.json)])));
  });
}

function signedIn(json: Json | null): readonly Signed[] {
  const npm = member(json, 'attestations');
  const cloudBuild = member(member(json, 'provenance_summary'), 'provenance');
  if (json === null) return [{ kind: 'unreadable' }];
  if (Array.isArray(npm)) return npm.map((attestation) => ({ kind: 'bundle', json: member(attestation, 'bundle') ?? null }));
  if (Array.isArray(cloudBuild)) return cloudBuild.map((build) => ({ kind: 'cloud-build', json: member(build, 'envelope') ?? null }));
  return [{ kind: member(json, 'payload') === undefined ? 'bundle' : 'envelope', json }];
}

/** Keys for an envelope on its own: Cloud Build's for what Cloud Build says it signed, else those beside the document. */
function keysFor(one: Case, kind: 'envelope' | 'cloud-build'): TrustEntry[] {
  const files = kind === 'cloud-build' ? globSync('shared/gcb-keys/*', { cwd: one.folder }) : one.files.filter(isKeyFile);
  return files.map((file) => ({ kind: 'key', publicKey: readFileSync(join(one.folder, file), 'utf8') }));
}

function isKeyFile(file: string): boolean {
  return /\.(pub|pem|key)$/.test(basename(file));
}

function rootOf(one: Case): string {
  return readFileSync(join(one.folder, '..', text(one.line['trusted_root']) ?? 'sigstore/shared/prod_trusted_root.json'), 'utf8');
}

/** The registry's keys for attestations, each for the interval that it states. */
function npmKeys(one: Case): TrustEntry[] {
  const list = JSON.parse(readFileSync(join(one.folder, '../sigstore/shared/npm_registry_keys.json'), 'utf8')) as { keys: NpmKey[] };
  return list.keys.filter(({ keyUsage }) => keyUsage === 'npm:attestations').map(({ publicKey: { rawBytes, keyDetails, validFor } }) => ({
    kind: 'key', publicKey: rawBytes, keyDetails, validFrom: Date.parse(validFor.start),
    ...(validFor.end === undefined ? {} : { validTo: Date.parse(validFor.end) }),
  }));
}

interface NpmKey {
  keyUsage: string;
  publicKey: { rawBytes: string; keyDetails: string; validFor: { start: string; end?: string } };
}
