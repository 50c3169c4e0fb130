// Our verifier beside npm's: each bundle of the corpora through both, and every difference classified by its cause.
import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { ask } from './sigstore.ts';
import { documentsOf, filesOf, parsed, rootOf } from './sigstore/inputs.ts';
import { answer, type Case, casesBelow } from './formats/case.ts';
import type { Outcome, Suite } from './suite.ts';

/** Why the oracle accepts what we refuse, by our code: rules that it does not check. */
const LENIENT: Readonly<Record<string, string>> = {
  BUNDLE_DUPLICATE_KEY: 'reads the last of two equal members',
  BUNDLE_VERSION_UNKNOWN: 'reads bundles of unknown versions',
  BUNDLE_BASE64_INVALID: 'drops characters that are not base64',
  BUNDLE_CONTENT_NOT_ONE: 'takes one of two contents',
  BODY_KEY_MISMATCH: 'does not compare the certificate in the log entry',
  PROOF_FIELDS_MISMATCH: 'does not compare the fields beside the proof with the checkpoint',
  PAYLOAD_TYPE_WRONG: 'does not ask what the envelope holds',
  STATEMENT_MALFORMED: 'does not read the statement',
  SUBJECT_MISMATCH: 'does not compare subjects with the artifact',
  CERT_LEAF_IS_CA: 'does not check the profile of the certificate',
  CERT_KEY_USAGE_WRONG: 'does not check the profile of the certificate',
  CERT_EKU_WRONG: 'does not check the profile of the certificate',
  CERT_EXTENSION_UNKNOWN: 'does not check the profile of the certificate',
  CERT_CA_PROFILE: 'does not check the profile of the certificate',
  CERT_SAN_MISSING: 'asks for no identity without a policy',
  IDENTITY_SUBJECT_MISMATCH: 'asks for no identity without a policy',
  IDENTITY_ISSUER_MISMATCH: 'asks for no identity without a policy',
  'refused INPUT_MALFORMED': 'reads a trusted root without the start of a validity',
};

/** Why the oracle refuses what we verify, by its message. */
const STRICT: readonly (readonly [RegExp, string])[] = [
  [/Cannot read properties of undefined/, 'throws on a proof without checkpoint'],
  [/invalid checkpoint signature/, "wants the checkpoint's name inside the log's URL"],
  [/Failed to verify certificate chain/, 'wants the anchor to be self-signed'],
  [/timestamp could not be verified/, 'gives up at the first timestamp that does not hold'],
  [/digest mismatch|unsupported/, 'does not know this kind of log entry'],
  [/duplicate/, 'refuses what counts once'],
  [/signature verification failed|signature mismatch/, 'does not know this signature scheme'],
];

const classes = new Map<string, number>();

export const sigstoreOracle: Suite = {
  argument: 'sigstore-oracle',
  needs: ['formats/sigstore'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    for (const one of casesBelow(join(corpora, 'formats', 'sigstore'))) {
      const kind = one.id.split('/')[1] as string;
      if (kind === 'x509' || kind === 'trusted-root-parse' || /^(pep740|chain_)/.test(one.expect)) continue;
      const ours = ask(one).find(({ name }) => name !== ' by digest')?.got as string;
      const theirs = askOracle(one);
      yield { suite: `sigstore-oracle/${kind}`, id: one.id, ...compare(ours, theirs) };
    }
  },
  figures: () => [...classes].toSorted((a, b) => b[1] - a[1]).map(([cause, count]) => `@sigstore/verify differs ${count} times: ${cause}`),
};

function compare(ours: string, theirs: string) {
  if ((ours === 'verified') === (theirs === 'verified')) return answer(true, theirs, ours);
  const cause = theirs === 'verified' ? LENIENT[ours] : STRICT.find(([pattern]) => pattern.test(theirs))?.[1];
  if (cause !== undefined) classes.set(cause, (classes.get(cause) ?? 0) + 1);
  return answer(cause !== undefined, theirs, `${ours}, a difference of no known cause`);
}

/** `verified`, or the oracle's message. It gets no identity: its policies are patterns. */
function askOracle(one: Case): string {
  const files = filesOf(one);
  try {
    const key = files.key === null ? null : createPublicKey(readFileSync(join(one.folder, files.key)));
    const root = TrustedRoot.fromJSON(JSON.parse(rootOf(one) ?? '{}'));
    const material = key === null ? toTrustMaterial(root) : toTrustMaterial(root, () => ({ publicKey: key, validFor: () => true }));
    const artifact = files.artifact !== null && existsSync(join(one.folder, files.artifact)) ? readFileSync(join(one.folder, files.artifact)) : undefined;
    for (const document of documentsOf(files.bundle, new Uint8Array(readFileSync(join(one.folder, files.bundle))))) {
      const entity = toSignedEntity(bundleFromJSON(parsed(document)), artifact);
      new Verifier(material, { tlogThreshold: 1, ctlogThreshold: key === null ? 1 : 0, tsaThreshold: 0 }).verify(entity);
    }
    return 'verified';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
