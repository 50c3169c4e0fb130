// The VEX on record, read for findings: whose statements there are, what they say, and what the artifacts they are about are called.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { Facts } from '../evidence/facts.ts';
import { parseFacts, toldOfSboms } from '../evidence/facts.ts';
import type { ArtifactDocument } from '../projections/artifact.ts';
import { alikeSboms, countingSbom } from '../projections/counting-sbom.ts';
import type { VexArtifact, VexStatement } from '../projections/effective-vex.ts';
import type { SbomPointer, VexPointer } from '../projections/evidence.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { payloadOrNull } from './catch-up.ts';

export interface VexPorts {
  readonly documents: DocumentReader;
  readonly payloads: PayloadStore;
}

export class VexOnRecord {
  readonly #ports: VexPorts;
  readonly #facts = new Map<string, Facts | null>();
  readonly #artifacts = new Map<string, Promise<VexArtifact>>();
  /** Entries whose facts are not here: what they state is not known. */
  readonly unreadable = new Set<number>();

  constructor(ports: VexPorts) {
    this.#ports = ports;
  }

  /** Every VEX document, in the order of the log. */
  async all(): Promise<VexPointer[]> {
    const { documents } = this.#ports;
    const both = [...(await documents.all('vulnerability')).values(), ...(await documents.all('artifact')).values()];
    return onceEach(both.flatMap(({ vex }) => vex));
  }

  /** The VEX documents that name a vulnerability, or are about an artifact, in the order of the log. */
  async naming(names: readonly string[], artifacts: readonly Uint8Array[]): Promise<VexPointer[]> {
    const { documents } = this.#ports;
    const named = await documents.documents('vulnerability', names.map((name) => `vuln:${name}`));
    const about = await documents.documents('artifact', artifacts.map((digest) => `artifact:sha256:${formatHex(digest)}`));
    return onceEach([...named.values(), ...about.values()].flatMap(({ vex }) => vex));
  }

  async statements({ entry, facts }: VexPointer): Promise<readonly VexStatement[]> {
    const read = await this.#open(facts);
    if (read === null) this.unreadable.add(entry);
    return read?.statements ?? [];
  }

  /** What an artifact is called beside its digest: its other digests, and the purl that the bill of materials gives it that counts. */
  artifact(digest: Uint8Array): Promise<VexArtifact> {
    const name = formatHex(digest);
    let found = this.#artifacts.get(name);
    if (found === undefined) this.#artifacts.set(name, (found = this.#describe(digest)));
    return found;
  }

  async #describe(digest: Uint8Array): Promise<VexArtifact> {
    const document: ArtifactDocument | null = await this.#ports.documents.get('artifact', `artifact:sha256:${formatHex(digest)}`);
    const others = (document?.relations ?? []).filter(({ artifact }) => equalBytes(artifact[1], digest))
      .flatMap(({ digests = [] }) => digests.map(([algorithm, value]) => [algorithm, formatHex(value)] as const));
    const sbom = document === null ? null : await this.#countingSbom(document, formatHex(digest));
    const facts = sbom === null ? null : await this.#open(sbom.facts);
    const purl = facts?.root === undefined ? undefined : facts.components?.[facts.root]?.purl;
    return { digest, others, purls: purl === undefined ? [] : [purl] };
  }

  async #countingSbom(document: ArtifactDocument, hex: string): Promise<SbomPointer | null> {
    const attestations = document.sboms.length === 1 ? [] : document.attestations;
    const trust = attestations.length === 0 ? null : await this.#ports.documents.get('trust', 'trust');
    for (const { facts } of attestations) await this.#open(facts);
    const { referencesOf, listedIn } = toldOfSboms(hex, (digest) => this.#facts.get(formatHex(digest)));
    for (const { facts } of alikeSboms(document, trust, referencesOf)) await this.#open(facts);
    return countingSbom(document, trust, referencesOf, listedIn).sbom;
  }

  async #open(digest: Uint8Array): Promise<Facts | null> {
    const name = formatHex(digest);
    let facts = this.#facts.get(name);
    if (facts === undefined) {
      const bytes = await payloadOrNull(this.#ports.payloads, digest);
      this.#facts.set(name, (facts = bytes === null ? null : parseFacts(bytes)));
    }
    return facts;
  }
}

/** One of each entry: several streams name it, and who superseded it may have named fewer of them. */
function onceEach(pointers: readonly VexPointer[]): VexPointer[] {
  const byEntry = new Map<number, VexPointer>();
  for (const pointer of pointers) if (byEntry.get(pointer.entry)?.superseded === undefined) byEntry.set(pointer.entry, pointer);
  return [...byEntry.values()].sort((a, b) => a.entry - b.entry);
}
