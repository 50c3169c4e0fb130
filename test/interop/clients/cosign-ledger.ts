// What `stella attest` writes, verified by cosign under a trusted root of the ledger's own keys.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pemOfSpki } from '../../../verify/sigstore/rekor.ts';
import { OwnLog } from '../../sigstore/own-log.ts';
import type { Step } from '../client.ts';
import { stella } from '../programs.ts';

const origin = 'ledger.example.test';
const type = 'https://example.test/predicate/1';
const common = ['--ledger', 'rekor-ledger', '--passphrase-file', 'pass'];

/** Runs cosign; null when it succeeds, else what it said. */
type Cosign = (...argv: string[]) => Promise<string | null>;

export async function* ledgerSteps(cosign: Cosign, scratch: string): AsyncIterable<Step> {
  const at = (name: string) => join(scratch, name);
  const write = (name: string, text: string) => writeFileSync(at(name), text);
  write('pass', 'interop\n');
  write('image', 'what a ledger attests\n');
  write('another', 'and what it does not\n');
  write('claim.json', '{"a":1}');
  const subject = `sha256:${createHash('sha256').update('what a ledger attests\n').digest('hex')}`;
  const bom = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [{ type: 'library', name: 'zlib', version: '1.3.1' }] };
  write('app.cdx.json', JSON.stringify(bom));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  write('release.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);

  stella(['init', '--origin', origin, '--rekor', ...common], scratch);
  stella(['add', 'claim.json', '--as-document', ...common], scratch);
  const { trustedRoot } = stella(['log', 'trusted-root', '--out', 'own-root.json', ...common], scratch) as { trustedRoot: TrustedRoot };
  write('foreign-root.json', new OwnLog(origin, new Uint8Array(32).fill(5)).trustedRoot);
  // The same trust as cosign itself writes it down, from the P-256 key.
  const spki = trustedRoot.tlogs.find(({ publicKey }) => publicKey.keyDetails.includes('ECDSA'))?.publicKey.rawBytes ?? '';
  write('log.pem', pemOfSpki(Uint8Array.from(atob(spki), (letter) => letter.charCodeAt(0))));
  const rekorOption = `--rekor=url=https://${origin},public-key=log.pem,start-time=2026-01-01T00:00:00Z`;
  const made = await cosign('trusted-root', 'create', rekorOption, '--out=made-root.json');
  yield { step: 'cosign makes a trusted root of the ledger\'s P-256 key', ok: made === null, ...(made === null ? {} : { seen: made }) };

  const signers: readonly (readonly [name: string, args: readonly string[]])[] = [['the ledger\'s Ed25519 key', []], ['a P-256 key', ['--key', 'release.pem']]];
  for (const [name, key] of signers) {
    for (const rekor of ['1', '2']) {
      const attest = ['attest', '--predicate', 'claim.json', '--type', type, '--subject', subject, ...key, '--public-key', 'own.pub', ...common];
      const bundle = [...attest, '--bundle', '--rekor', rekor, '--out', 'own.json'];
      const first = stella(bundle, scratch) as { index: number; repeated: boolean };
      const what = `our bundle by ${name} in the manner of Rekor v${rekor}`;
      const verify = async (root: string, file: string, bundleFile = 'own.json') =>
        cosign('verify-blob-attestation', '--key=own.pub', `--trusted-root=${root}`, `--bundle=${bundleFile}`, `--type=${type}`, file);
      yield passes(`${what} passes verify-blob-attestation under our trusted root`, await verify('own-root.json', 'image'));
      if (rekor === '1') yield passes(`${what} passes under the root that cosign made`, await verify('made-root.json', 'image'));
      yield refuses(`${what} does not pass for another artifact`, await verify('own-root.json', 'another'), /subject|digest|match/i);
      yield refuses(`${what} does not pass under another log's root`, await verify('foreign-root.json', 'image'), /log|tlog|entr|key/i);
      if (key.length === 0) {
        // Ed25519 signs the same bytes again: the same leaf, a proof of a larger tree.
        stella(['add', 'another', '--key', `${name}${rekor}`, '--subject', subject, ...common], scratch);
        const again = stella([...bundle.slice(0, -1), 'again.json'], scratch) as { index: number; repeated: boolean };
        yield { step: `${what} sent again is the entry that was there`, ok: again.repeated && !first.repeated && again.index === first.index };
        yield passes('and its newer proof passes too', await verify('own-root.json', 'image', 'again.json'));
      }
      if (rekor === '1') {
        stella([...attest, '--out', 'bare.json'], scratch);
        const options = ['--key=own.pub', '--signature=bare.json', '--insecure-ignore-tlog', `--type=${type}`];
        const bare = (file: string) => cosign('verify-blob-attestation', ...options, file);
        yield passes(`our bare envelope by ${name} passes verify-blob-attestation`, await bare('image'));
        yield refuses(`and not for another artifact (${name})`, await bare('another'), /subject|digest|match/i);
      }
    }
  }
  const sbom = ['attest', '--sbom', 'app.cdx.json', '--embed', '--subject', subject, '--public-key', 'own.pub', '--bundle', '--out', 'sbom.json', ...common];
  stella(sbom, scratch);
  const cyclonedx = await cosign('verify-blob-attestation', '--key=own.pub', '--trusted-root=own-root.json', '--bundle=sbom.json', '--type=cyclonedx', 'image');
  yield passes('our statement with a CycloneDX document inside passes as cosign\'s type cyclonedx', cyclonedx);
  // Throws unless it exits with 0.
  stella(['fsck', ...common], scratch);
  yield { step: 'fsck finds nothing in a ledger with Rekor entries', ok: true };
}

interface TrustedRoot {
  readonly tlogs: readonly { readonly publicKey: { readonly rawBytes: string; readonly keyDetails: string } }[];
}

function passes(step: string, said: string | null): Step {
  return said === null ? { step, ok: true } : { step, ok: false, seen: said };
}

/** @param why - what the refusal must be about: a command that fails for its arguments refuses nothing */
function refuses(step: string, said: string | null, why: RegExp): Step {
  return said !== null && why.test(said) ? { step, ok: true } : { step, ok: false, seen: said ?? 'it passed' };
}
