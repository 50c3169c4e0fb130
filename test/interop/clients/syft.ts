// syft: what it says of a real directory and of an image in four formats comes in as the same packages and edges.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEvidence } from '../../../actions/read-evidence.ts';
import { parseFacts, type Facts } from '../../../evidence/index.ts';
import { formatJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { tar } from '../../scanner/image/make.ts';
import type { Client, Step } from '../client.ts';
import { buildGo, runProgram, stella } from '../programs.ts';

const version = '1.52.0';
const root = fileURLToPath(new URL('../../../', import.meta.url));
const common = ['--ledger', 'ledger', '--passphrase-file', 'pass'];
/** syft's name of each format, and the file it goes to; the first one is what the others are held against. */
const FORMATS = [
  ['cyclonedx-json@1.6', 'cdx.json'], ['cyclonedx-xml@1.6', 'cdx.xml'], ['spdx-json@2.3', 'spdx.json'], ['spdx-tag-value@2.3', 'spdx'],
] as const;

export const syft: Client = {
  name: 'syft',
  version,
  fast: false,
  isBuilt: (peers) => existsSync(join(peers, 'bin/syft')),
  build: async (peers) => buildGo(peers, `github.com/anchore/syft@v${version}`, 'syft', { syft: './cmd/syft' }),
  async *run(peers, scratch) {
    writeFileSync(join(scratch, 'pass'), 'interop\n');
    stella(['init', ...common], scratch);
    const image = makeLayout(join(scratch, 'layout'), join(peers, 'bin'));
    yield* scanned(peers, scratch, 'directory', `dir:${root}`, ['--subject', `sha256:${'d1'.repeat(32)}`], 100);
    yield* scanned(peers, scratch, 'image', 'oci-dir:layout', [], 100, image);
  },
};

async function* scanned(
  peers: string, scratch: string, name: string, source: string, args: readonly string[], leastPackages: number, digest?: string,
): AsyncIterable<Step> {
  const outputs = FORMATS.flatMap(([format, suffix]) => ['-o', `${format}=${name}.${suffix}`]);
  const env = { SYFT_CHECK_FOR_APP_UPDATE: 'false' };
  // Unpacked corpora are not the project; and of Go's and Maven's lock files syft itself says less in one format: hashes in SPDX, groups in CycloneDX.
  const ran = runProgram(join(peers, 'bin/syft'), ['scan', source, '-q', '--exclude', './.cache/**', ...outputs], { cwd: scratch, env });
  yield { step: `it looks at the ${name}`, ok: ran.status === 0, ...(ran.status === 0 ? {} : { seen: ran.stderr.slice(-300) }) };
  if (ran.status !== 0) return;
  const seen: { readonly format: string; readonly packages: Map<string, string>; readonly edges: Set<string> }[] = [];
  for (const [format, suffix] of FORMATS) {
    const file = `${name}.${suffix}`;
    const added = stella(['add', file, ...args, ...common], scratch) as { entries: [{ type: string; verdict: string }] };
    const [{ type, verdict }] = added.entries;
    yield { step: `its ${format} of the ${name} is recorded as it stands`, ok: type === 'sbom.ingested' && verdict === 'valid', seen: `${type}, ${verdict}` };
    const read = await readEvidence(new Uint8Array(readFileSync(join(scratch, file))));
    seen.push({ format, ...packagesIn(parseFacts(read.facts as Uint8Array)) });
    if (digest !== undefined) {
      const subjects = read.subjects.map((subject) => subject.join(':'));
      yield { step: `its ${format} names the image by its digest`, ok: subjects.includes(digest), seen: subjects.join(' ') };
    }
  }
  const [first, ...others] = seen as [(typeof seen)[number], ...typeof seen];
  yield { step: `there is something to compare in the ${name}`, ok: first.packages.size >= leastPackages && first.edges.size >= 10, seen: sizes(first) };
  for (const other of others) {
    const purls = [...new Set([...first.packages.keys(), ...other.packages.keys()])];
    const differing = purls.filter((key) => first.packages.get(key) !== other.packages.get(key));
    const edges = [...first.edges].filter((edge) => !other.edges.has(edge)).concat([...other.edges].filter((edge) => !first.edges.has(edge)));
    const [one] = differing;
    const why = one === undefined ? '' : `: ${first.packages.get(one) ?? 'absent'} / ${other.packages.get(one) ?? 'absent'}`;
    const both = `${first.format} and ${other.format} of the ${name}`;
    yield { step: `${both} have the same packages`, ok: differing.length === 0, seen: `${sizes(other)}${why.slice(0, 600)}` };
    yield { step: `${both} have the same edges`, ok: edges.length === 0, seen: `${sizes(other)} ${edges[0] ?? ''}` };
  }
}

const sizes = ({ packages, edges }: { packages: ReadonlyMap<string, string>; edges: ReadonlySet<string> }) => `${packages.size} packages, ${edges.size} edges`;

/**
 * Packages with everything said of them, and the edges between them, by package URL.
 *
 * Two things are syft's own and not compared: its SPDX states no purpose, so that no type is known there; and what it lists as files.
 */
function packagesIn({ components = [], depends = [], root: described }: Facts): { packages: Map<string, string>; edges: Set<string> } {
  const packages = new Map<string, string>();
  const nameOf = (at: number) => components[at]?.purl;
  for (const [at, { type: _, ...said }] of components.entries()) {
    // What is described is compared by its digest.
    if (said.purl === undefined || at === described) continue;
    const text = formatJcs(said as unknown as JcsValue);
    packages.set(said.purl, [...(packages.get(said.purl)?.split('\n') ?? []), text].sort().join('\n'));
  }
  const edges = depends.flatMap(([from, to]) => {
    const [a, b] = [nameOf(from), nameOf(to)];
    return a === undefined || b === undefined ? [] : [`${a} -> ${b}`];
  });
  return { packages, edges: new Set(edges) };
}

/** An OCI layout of three layers: this machine's Debian packages, this project's npm packages, a Go program. @returns its digest */
function makeLayout(folder: string, binaries: string): string {
  const put = (bytes: Uint8Array) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const file = join(folder, 'blobs/sha256', digest);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const read = (path: string) => new Uint8Array(readFileSync(path));
  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const manifests = Object.keys((JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: object }).packages)
    .filter((path) => path !== '' && existsSync(join(root, path, 'package.json')));
  const layers = [
    tar([
      { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' },
      { path: 'var/lib/dpkg/status', content: existsSync('/var/lib/dpkg/status') ? read('/var/lib/dpkg/status') : DPKG },
    ]),
    tar(manifests.map((path) => ({ path: `app/${path}/package.json`, content: read(join(root, path, 'package.json')) }))),
    tar([{ path: 'usr/local/bin/tool', content: read(join(binaries, 'syft')), mode: 0o755 }]),
  ];
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: layers.map((layer) => put(layer).digest) } };
  const type = 'application/vnd.oci.image';
  const manifest = put(json({
    schemaVersion: 2, mediaType: `${type}.manifest.v1+json`, config: { mediaType: `${type}.config.v1+json`, ...put(json(config)) },
    layers: layers.map((layer) => ({ mediaType: `${type}.layer.v1.tar`, ...put(layer) })),
  }));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const index = { schemaVersion: 2, mediaType: `${type}.index.v1+json`, manifests: [{ mediaType: `${type}.manifest.v1+json`, ...manifest }] };
  writeFileSync(join(folder, 'index.json'), json(index));
  return manifest.digest;
}

/** Where there is no Debian. */
const DPKG = 'Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\nDepends: libc6\n\n'
  + 'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: 2.36-9\n';
