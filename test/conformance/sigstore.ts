// The `sigstore` suite: bundles, trusted roots and certificates of other projects, and forgeries of our own private root.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, parseJson } from '../../ledger/json.ts';
import { type SignatureVerdict, trustedRootOf, verifyBundle } from '../../verify/sigstore/index.ts';
import { profileBreach } from '../../verify/sigstore/chain.ts';
import { DerError } from '../../verify/sigstore/der.ts';
import { certificateAuthorityOf } from '../../verify/sigstore/trusted-root.ts';
import { parseCertificate } from '../../verify/sigstore/x509.ts';
import { artifactsOf, documentsOf, filesOf, parsed, trustFor } from './sigstore/inputs.ts';
import { answer, type Answer, type Case, casesBelow } from './formats/case.ts';
import type { Outcome, Suite } from './suite.ts';

/** `verified`, or why not: a code, `unverifiable …`, `signature_only`, or `refused …` where trust itself cannot be read. */
export interface Asked {
  readonly name: string;
  readonly got: string;
}

/** Labels that ask for something other than a verdict; each with its reason. */
const SKIPPED: Readonly<Record<string, string>> = {
  pep740_object: 'an attestation object of PyPI, not a bundle',
  chain_building_material: 'a certificate for building others, without an expected answer',
};

export const sigstore: Suite = {
  argument: 'sigstore',
  needs: ['formats/sigstore'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    for (const one of casesBelow(join(corpora, 'formats', 'sigstore'))) {
      const suite = `sigstore/${one.id.split('/')[1]}`;
      const skipped = SKIPPED[one.expect.split(' ')[0] as string];
      if (skipped !== undefined) yield { suite, id: one.id, is: 'skipped', reason: skipped };
      else for (const { name, ...outcome } of outcomesOf(one)) yield { suite, id: `${one.id}${name}`, ...outcome };
    }
  },
};

function* outcomesOf(one: Case): Iterable<Answer & { name: string }> {
  const label = one.expect;
  const isTwice = label === 'verify_ok_or_reject';
  for (const { name, got } of ask(one, isTwice ? 2 : 1)) {
    const isVerified = got === 'verified';
    if (one.line['level'] === 'MAY') yield { name, is: 'agreed' };
    else if (isTwice) yield { name, ...answer(!isVerified, 'refused with a threshold of 2', got) };
    else if (/^(verify_)?needs_/.test(label)) yield { name, ...answer(!isVerified, 'not verified without what it needs', got) };
    else if (/^(verify_ok|valid$)/.test(label)) yield { name, ...answer(isVerified || isImpossibleByDigest(name, got), 'verified', got) };
    else if (/^(verify_fail|invalid$)/.test(label)) yield { name, ...answer(!isVerified, 'not verified', got) };
    else yield { name, ...answer(false, label, 'an unknown label') };
  }
}

/** A signature scheme that needs the message (Ed25519) cannot be checked by digest: that is said, and never accepted. */
function isImpossibleByDigest(name: string, got: string): boolean {
  return name === ' by digest' && got === 'unverifiable artifact';
}

/** Every answer of a case: by path and by digest for a bundle, one for a trusted root or certificate. */
export function ask(one: Case, entriesMin = 1): readonly Asked[] {
  const kind = one.id.split('/')[1];
  if (kind === 'trusted-root-parse') return [{ name: '', got: said(() => readRoot(one.bytes())) }];
  if (kind === 'x509') return [{ name: '', got: said(() => readProfile(readFileSync(join(one.folder, one.files[0] as string), 'utf8'))) }];
  const files = filesOf(one);
  const bytes = new Uint8Array(readFileSync(join(one.folder, files.bundle)));
  const documents = documentsOf(files.bundle, bytes);
  const first = parsed(documents[0] as Uint8Array);
  return artifactsOf(one, files, first).map(({ name, artifact }) => {
    const answers = documents.map((document) => said(() => {
      const trust = trustFor(one, parsed(document), files.key);
      return verifyBundle(document, artifact, trust, { entriesMin });
    }));
    // A file of several bundles verifies when each of them does.
    return { name, got: answers.find((got) => got !== 'verified') ?? 'verified' };
  });
}

function readRoot(bytes: Uint8Array): SignatureVerdict | null {
  const json = parseJson(bytes);
  // One certificate authority on its own is a message of its own, read by the same rules.
  if (isJsonObject(json) && 'certChain' in json && !('mediaType' in json)) certificateAuthorityOf(json);
  else trustedRootOf(json);
  return null;
}

function readProfile(pem: string): SignatureVerdict | null {
  const der = Uint8Array.from(atob(pem.replace(/-----[A-Z ]+-----/g, '').replace(/\s+/g, '')), (character) => character.charCodeAt(0));
  return profileBreach(parseCertificate(der));
}

/** One word for an answer; null is the answer of a parser that accepts. */
function said(act: () => SignatureVerdict | null): string {
  try {
    const verdict = act();
    if (verdict === null) return 'verified';
    if (verdict.is === 'failed') return verdict.code;
    return verdict.is === 'unverifiable' ? `unverifiable ${verdict.missing}` : verdict.is;
  } catch (error) {
    if (error instanceof LedgerError) return `refused ${error.code}`;
    return error instanceof DerError ? 'CERT_MALFORMED' : `threw ${String(error)}`;
  }
}
