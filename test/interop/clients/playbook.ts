// The vision's playbook with the programs it names: syft and cosign against a registry on loopback, and opa on what the gate wrote.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { tar } from '../../scanner/image/make.ts';
import type { Client, Step } from '../client.ts';
import { stella } from '../programs.ts';
import { Registry } from '../registry.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const programs = ['syft', 'cosign', 'opa'];
const common = ['--ledger', 'ledger', '--passphrase-file', 'pass'];

export const playbook: Client = {
  name: 'playbook',
  version: 'syft 1.52.0, cosign 3.1.3, opa 1.22.0',
  fast: false,
  isBuilt: (peers) => programs.every((program) => existsSync(join(peers, 'bin', program))),
  // Each is built by the client of its own name.
  build: async () => {},
  run,
};

/** Two of the vision's rules, section 7, as OPA 1.x reads them; the first with the component and the trust that it left out. */
const POLICY = `package stella.policy

default allow := false

allow if {
	count(violation) == 0
	not exploitable_some
}

exploitable_some if {
	some v in input.findings
	v.severity == "CRITICAL"
	v.exploitability == "affected"
	not waived(v)
}

waived(v) if {
	some w in input.vex
	w.vuln_id == v.id
	w.trusted == true
	w.status == "not_affected"
	w.justification != ""
	v.purl in w.products
}

violation contains msg if {
	some a in input.attestations
	not a.verified
	msg := sprintf("attestation %v is not verified", [a.id])
}
`;

const VEX_POLICY = `format: stella-vex-policy/1
reviewed: { by: ann, on: 2026-11-20 }
rules:
  - when: { vulnerabilities: [CVE-2021-44906] }
    status: not_affected
    justification: vulnerable_code_not_in_execute_path
`;

async function* run(peers: string, scratch: string): AsyncIterable<Step> {
  const registry = await Registry.start();
  const at = (name: string) => join(scratch, name);
  const env = {
    PATH: process.env['PATH'] ?? '', HOME: scratch, COSIGN_PASSWORD: '', SYFT_REGISTRY_INSECURE_USE_HTTP: 'true', SYFT_CHECK_FOR_APP_UPDATE: 'false',
  };
  // Not waited for in this thread: the registry answers in it.
  const cli = async (program: string, ...args: string[]) =>
    (await promisify(execFile)(join(peers, 'bin', program), args, { cwd: scratch, env, timeout: 120_000, maxBuffer: 1 << 28 })).stdout;
  try {
    const digest = pushImage(registry);
    const image = `${registry.host}/myimg@${digest}`;
    writeFileSync(at('pass'), 'interop\n');
    stella(['init', ...common], scratch);
    stella(['person', 'add', 'ann', ...common], scratch);
    stella(['trust', 'add', '--person', 'ann', ...common], scratch);

    // 1. syft, from the registry.
    writeFileSync(at('sbom.cdx.json'), await cli('syft', `registry:${image}`, '-q', '-o', 'cyclonedx-json'));
    const named = readFileSync(at('sbom.cdx.json'), 'utf8').includes('pkg:npm/minimist@1.2.5');
    yield { step: '1. syft writes the bill of materials of the image in the registry', ok: named };

    // 2. cosign attests it, and pushes the attestation. No log: its signing configuration names none.
    await cli('cosign', 'signing-config', 'create', '--out=config.json');
    await cli('cosign', 'generate-key-pair');
    await cli('cosign', 'trusted-root', 'create', '--out=root.json').catch(() => writeFileSync(at('root.json'), EMPTY_ROOT));
    const keyed = ['--key=cosign.key', '--signing-config=config.json', '--trusted-root=root.json', '--allow-http-registry', '--yes'];
    await cli('cosign', 'attest', ...keyed, '--predicate=sbom.cdx.json', '--type=cyclonedx', image);
    const offline = ['--key=cosign.pub', '--type=cyclonedx', '--insecure-ignore-tlog', '--allow-http-registry'];
    const verified = await cli('cosign', 'verify-attestation', ...offline, image);
    writeFileSync(at('attestation.json'), verified.split('\n')[0] as string);
    yield { step: '2. cosign attests it in the registry, and gives the attestation back', ok: verified.includes('payload') };

    // 3. In the place of Rekor: our own log, and a receipt.
    stella(['trust', 'add', '--key', 'cosign.pub', ...common], scratch);
    const added = stella(['add', 'attestation.json', ...common], scratch) as { entries: { type: string; index: number; signatures?: { is: string }[] }[] };
    const types = added.entries.map(({ type }) => type).join(' ');
    const signature = added.entries[0]?.signatures?.[0]?.is;
    const both = types === 'attestation.recorded sbom.ingested' && signature === 'verified';
    yield { step: '3. it is on record, verified, with its bill of materials', ok: both, seen: `${types}: ${signature}` };
    stella(['log', 'prove', String(added.entries[0]?.index), '--out', 'receipt.json', ...common], scratch);

    // 4. Scan on a pinned snapshot.
    const demo = join(root, 'tools/demo/advisories');
    stella(['feed', 'import', `osv:${demo}/osv.jsonl`, `kev:${demo}/kev.json`, ...common], scratch);
    const scanned = stella(['scan', '--subject', digest, '--sarif', 'findings.sarif', ...common], scratch) as { scans: [{ outcomes: { affected: number } }] };
    const [{ outcomes }] = scanned.scans;
    yield { step: '4. the scan finds what the snapshot knows of it', ok: outcomes.affected >= 2, seen: JSON.stringify(outcomes) };

    // 6. Gate, before anybody judged: deny. OPA reads the very same input.
    mkdirSync(at('policy'));
    writeFileSync(at('policy/policy.rego'), POLICY);
    stella(['policy', 'publish', '--name', 'vision', '--entrypoint', 'data.stella.policy.allow', 'policy', ...common], scratch);
    yield* gated('6. before VEX', 'deny', digest, scratch, cli);

    // 5. VEX from the findings, under a reviewed policy; then the gate again.
    writeFileSync(at('vex-policy.yaml'), VEX_POLICY);
    stella(['vex', 'draft', '--from', 'findings.sarif', '--policy', 'vex-policy.yaml', '--subject', digest, '--out', 'vex.json'], scratch);
    stella(['vex', 'set', '--from', 'vex.json', '--as', 'ann', ...common], scratch);
    yield { step: '5. VEX is drafted under the policy, and stated', ok: readFileSync(at('vex.json'), 'utf8').includes('not_affected') };
    yield* gated('6. after VEX', 'allow', digest, scratch, cli);
  } finally {
    await registry.stop();
  }
}

async function* gated(
  when: string, outcome: 'allow' | 'deny', digest: string, scratch: string, cli: (program: string, ...args: string[]) => Promise<string>,
): AsyncIterable<Step> {
  const folder = `in-${outcome}`;
  mkdirSync(join(scratch, folder));
  const args = ['gate', digest, '--policy', 'vision', '--write-input', `${folder}/input.json`, ...common];
  const decision = stella(args, scratch, outcome === 'allow' ? 0 : 1) as { outcome: string };
  yield { step: `${when}, the gate says ${outcome}`, ok: decision.outcome === outcome, seen: decision.outcome };
  const asked = (expression: string) => cli('opa', 'eval', '-i', `${folder}/input.json`, '-d', `${folder}/data.json`, '-d', 'policy', '-f', 'json', expression);
  const said = JSON.parse(await asked('data.stella.policy.allow')) as { result: { expressions: { value: JcsValue }[] }[] };
  const answer = formatJcs(said.result[0]?.expressions[0]?.value ?? null);
  yield { step: `${when}, opa eval says the same on the input that was written`, ok: answer === String(outcome === 'allow'), seen: answer };
}

/** An image with two npm packages of which the demo's advisories know something. @returns its digest */
function pushImage(registry: Registry): string {
  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const layer = tar(['minimist@1.2.5', 'lodash@4.17.20'].map((name) => {
    const [pkg, version] = name.split('@') as [string, string];
    return { path: `app/node_modules/${pkg}/package.json`, content: JSON.stringify({ name: pkg, version }) };
  }));
  const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const config = json({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [sha256(layer)] } });
  const type = 'application/vnd.oci.image';
  const manifest = json({
    schemaVersion: 2, mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, digest: registry.putBlob(config), size: config.length },
    layers: [{ mediaType: `${type}.layer.v1.tar`, digest: registry.putBlob(layer), size: layer.length }],
  });
  return registry.putManifest('myimg', `${type}.manifest.v1+json`, manifest);
}

/** Trusts no log and no authority: the key is given. */
const EMPTY_ROOT = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}';
