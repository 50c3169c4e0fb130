// Reads everything a decision depends on from one state, and notes what was read: each stream with its version, each payload of facts.
import { compareBytes, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { parseFacts, toldOfSboms, type Facts } from '../../evidence/facts.ts';
import type { ArtifactDocument, ScanPointer } from '../../projections/artifact.ts';
import { contractSemantics, readContract, type Contract } from '../../projections/contract-document.ts';
import type { ContractDocument } from '../../projections/contract.ts';
import { alikeSboms, countingSbom, countingSbomBefore, type CountingSbom } from '../../projections/counting-sbom.ts';
import type { AttestationPointer, SbomPointer, VexPointer } from '../../projections/evidence.ts';
import type { FeedDocument } from '../../projections/feed.ts';
import type { KeyDocument } from '../../projections/key.ts';
import type { PublishedPolicy } from '../../projections/policy.ts';
import type { TrustDocument } from '../../projections/trust.ts';
import type { VulnerabilityDocument } from '../../projections/vulnerability.ts';
import { actsOf } from '../../projections/active-waivers.ts';
import type { Waiver } from '../../projections/waiver.ts';
import { matchSemantics } from '../../scanner/match/findings.ts';
import { holdingActs } from './act-statement.ts';
import { DENIALS, type DenialCode } from './codes.ts';
import type { Semantics } from './decision.ts';
import { readFindings, type FindingMember, type Findings } from './findings.ts';
import type { ContentShelf } from './shelf.ts';
import { artifactStream, type Head, type Pin, type PinList, type State, type StateSource } from './source.ts';

/** What is asked. */
export interface GateRequest {
  /** SHA-256, 32 bytes. */
  readonly artifact: Uint8Array;
  readonly policy: string;
  /** Contracts to meet beside those that the artifact was assigned. */
  readonly contracts: readonly string[];
  /** The feed whose scan counts; the newest scan's when left out. */
  readonly feed?: string;
}

/** What was read. Vulnerabilities are by id, keys by the hexadecimal of theirs, facts by that of their digest. */
export interface Gathered {
  /** Everything that stands in the way, as far as reading shows it. */
  readonly codes: readonly DenialCode[];
  /** For people: one line each, about the codes above. */
  readonly notes: readonly string[];
  /** In the order of their names. */
  readonly pins: PinList;
  readonly artifact: ArtifactDocument | null;
  readonly published: PublishedPolicy | null;
  readonly contracts: readonly ContractRead[];
  readonly feed: FeedDocument | null;
  readonly trust: TrustDocument | null;
  readonly vulnerabilities: ReadonlyMap<string, VulnerabilityDocument>;
  readonly keys: ReadonlyMap<string, KeyDocument>;
  /** The newest scan that counts, and what it found. */
  readonly scan: ScanPointer | null;
  readonly findings: Findings | null;
  /** The bill of materials that counts. */
  readonly sbom: SbomPointer | null;
  /** Newer ones that nobody trusted has signed, where one that counts is signed. */
  readonly sbomsAside: readonly SbomPointer[];
  /** Signed ones that came later and say that they are older. */
  readonly sbomsOlder: readonly SbomPointer[];
  readonly attestations: readonly AttestationPointer[];
  /** Every VEX document about the artifact or about a vulnerability found, in the order of the log. */
  readonly vex: readonly VexPointer[];
  /** Every waiver that names a vulnerability found, in the order of the log. */
  readonly waivers: readonly Waiver[];
  /** Entries of acts on these waivers whose signature holds; null under semantics that do not ask. */
  readonly signed: ReadonlySet<number> | null;
  readonly facts: ReadonlyMap<string, Facts>;
}

export interface ContractRead {
  readonly name: string;
  readonly document: ContractDocument | null;
  /** Null where it was never published or its payload is not here. */
  readonly contract: Contract | null;
}

/**
 * Reads a state for a request.
 *
 * @param semantics - of waivers: from 2 on the signatures of acts on them are checked; of the gate: from 3 on a signed bill of
 *   materials gives way to signed ones alone, and of several feeds one has to be named; from 4 on no older one becomes the newest
 * @throws {LedgerError} PROJECTION_STOPPED at an event of a later time
 */
export async function gather(
  { artifact, policy, contracts, feed }: GateRequest, { source, origin }: State, { gate, waiver }: Pick<Semantics, 'gate' | 'waiver'>, contents: ContentShelf,
): Promise<Gathered> {
  const reading = new Reading(source, contents);
  const stream = artifactStream(artifact);
  const found = await reading.document('artifact', stream);
  const published = (await reading.document('policy', `policy:${policy}`))?.newest ?? null;
  const trust = await reading.document('trust', 'trust');
  if (found === null || !hasEvidence(found)) reading.deny('ARTIFACT_UNKNOWN', `nothing is on record about ${stream.slice('artifact:'.length)}`);
  if (published === null) reading.deny('POLICY_UNPUBLISHED', `no policy was published as "${policy}"`);
  const names = [...new Set([...contracts, ...(found?.contracts ?? []).map(({ name }) => name)])].sort();
  const read = await Promise.all(names.map((name) => contractOf(name, reading)));

  // The newest scan would hide what one with another feed found.
  const feeds = (found?.scans ?? []).map((one) => one.feed);
  const isUnnamed = gate >= 3 && feed === undefined && feeds.length > 1;
  if (isUnnamed) reading.deny('FEED_UNNAMED', `it was scanned with the feeds ${feeds.join(', ')}, and none was named`);
  const scan = isUnnamed ? null : newestScan(found, feed);
  const feedName = feed ?? scan?.feed;
  const feedDocument = feedName === undefined ? null : await reading.document('feed', `feed:${feedName}`);
  const withFeed = feed === undefined ? '' : ` with the feed "${feed}"`;
  if (scan === null && !isUnnamed) reading.deny('SCAN_MISSING', `no scan of it${withFeed} was completed`);
  const findings = scan === null ? null : await findingsOf(scan, reading);

  const named = findings === null ? [] : contents.keep(`names ${formatHex((scan as ScanPointer).findings)}`, () => everyName(findings.members), sizeOfNames);
  const vulnerabilities = await reading.vulnerabilities(named);
  const waivers = await reading.waivers([...vulnerabilities.values()].flatMap((document) => document.waivers));
  const keys = await reading.byKey(waivers.flatMap(actsOf).map(({ key }) => formatHex(key)));
  const signed = waiver < 2 ? null : await reading.signed(waivers, keys, origin);

  const attestations = (found?.attestations ?? []).filter(({ superseded }) => superseded === undefined);
  const vex = vexOf([...(found?.vex ?? []), ...[...vulnerabilities.values()].flatMap((document) => document.vex)]);
  const said = await reading.facts([...attestations, ...vex]);
  const { sbom, aside, older } = await countingIn(found, trust, said, { artifact, gate, reading });
  const facts = sbom === null || said.has(formatHex(sbom.facts)) ? said : new Map([...said, ...(await reading.facts([sbom]))]);
  return {
    codes: reading.codes, notes: reading.notes.toSorted(), pins: reading.pins(), artifact: found, published, contracts: read,
    feed: feedDocument, trust, vulnerabilities, keys, scan, findings, sbom, sbomsAside: aside, sbomsOlder: older, attestations, vex, waivers, signed, facts,
  };
}

/** Under semantics 1 and 2: whoever signed it. */
function newestSbom(artifact: ArtifactDocument | null): SbomPointer | null {
  return (artifact?.sboms ?? []).filter(({ superseded }) => superseded === undefined).at(-1) ?? null;
}

async function countingIn(
  found: ArtifactDocument | null, trust: TrustDocument | null, said: ReadonlyMap<string, Facts>, { artifact, gate, reading }: {
    readonly artifact: Uint8Array; readonly gate: number; readonly reading: Reading;
  },
): Promise<CountingSbom> {
  if (found === null || gate < 3) return { sbom: newestSbom(found), aside: [], older: [] };
  let read = said;
  const { referencesOf, listedIn } = toldOfSboms(formatHex(artifact), (digest) => read.get(formatHex(digest)));
  if (gate === 3) return countingSbomBefore(found, trust, referencesOf);
  const unread = alikeSboms(found, trust, referencesOf).filter(({ facts }) => !said.has(formatHex(facts)));
  if (unread.length > 0) read = new Map([...said, ...(await reading.facts(unread))]);
  return countingSbom(found, trust, referencesOf, listedIn);
}

/** Whether anything was said about it: a decision about it, or its place in a relation, says nothing. */
function hasEvidence({ sboms, attestations, reports, vex, scans, documents }: ArtifactDocument): boolean {
  return sboms.length + attestations.length + reports.length + vex.length + scans.length + documents.count > 0;
}

async function contractOf(name: string, reading: Reading): Promise<ContractRead> {
  const document = await reading.document('contract', `contract:${name}`);
  if (document?.newest === undefined) {
    reading.deny('CONTRACT_UNREADABLE', `no contract was published as "${name}"`);
    return { name, document, contract: null };
  }
  const { payload, semantics } = document.newest;
  const bytes = await reading.payload(payload);
  if (semantics > contractSemantics) {
    reading.deny('PAYLOAD_NEWER', `the contract "${name}" is under semantics ${semantics}, expected at most ${contractSemantics}`);
    return { name, document, contract: null };
  }
  try {
    if (bytes !== null) return { name, document, contract: readContract(bytes, semantics).contract };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    reading.deny('CONTRACT_UNREADABLE', `the contract "${name}": ${error.message}`);
  }
  return { name, document, contract: null };
}

function newestScan(artifact: ArtifactDocument | null, feed: string | undefined): ScanPointer | null {
  const scans = (artifact?.scans ?? []).filter((scan) => feed === undefined || scan.feed === feed);
  return scans.reduce<ScanPointer | null>((newest, scan) => (newest === null || scan.entry > newest.entry ? scan : newest), null);
}

async function findingsOf(scan: ScanPointer, reading: Reading): Promise<Findings | null> {
  if (scan.semantics !== matchSemantics) reading.deny('PAYLOAD_NEWER', `findings under semantics ${scan.semantics}, expected ${matchSemantics}`);
  const read = await reading.look(scan.findings, (bytes) => reading.contents.take(`findings ${formatHex(scan.findings)}`, bytes, readFindings));
  if (read === null) return null;
  const { format, findings } = read;
  if (findings === null) reading.deny('PAYLOAD_NEWER', `findings in the form ${format}, expected stella-findings/1`);
  return findings;
}

const vulnerability = 'vuln:';
const sizeOfNames = (names: readonly string[]) => names.reduce((sum, name) => sum + name.length, 0);

/** Every name that VEX and waivers may give what was found, in their order, none twice. */
function everyName(findings: readonly FindingMember[]): string[] {
  const names: string[] = [];
  // Ids come nearly sorted, and so do aliases of one source: in turns they would not, and sorting takes what stands in order as it is.
  for (const { id } of findings) names.push(id);
  for (const { aliases } of findings) for (const name of aliases) names.push(name);
  return names.sort().filter((name, i) => name !== names[i - 1]);
}

/** One of each entry, in the order of the log: several streams name it, and who superseded it may have named fewer of them. */
function vexOf(pointers: readonly VexPointer[]): VexPointer[] {
  const byEntry = new Map<number, VexPointer>();
  for (const pointer of pointers) if (byEntry.get(pointer.entry)?.superseded === undefined) byEntry.set(pointer.entry, pointer);
  return [...byEntry.values()].sort((a, b) => a.entry - b.entry);
}

const pinOf = (name: string, head: Head | undefined): Pin => (head === undefined ? { name, version: 0 } : { name, version: head.version, index: head.index });

/** So many files are read at once. */
const together = 32;

/** Reads, and notes what it read. */
class Reading {
  readonly #source: StateSource;
  readonly #pins = new Map<string, Pin>();
  /** Those that were asked for, and the heads of those that have an event, by id. */
  #vulnerabilities: { readonly ids: readonly string[]; readonly heads: ReadonlyMap<string, Head> } = { ids: [], heads: new Map() };
  readonly #codes = new Set<DenialCode>();
  readonly notes: string[] = [];
  readonly contents: ContentShelf;

  constructor(source: StateSource, contents: ContentShelf) {
    this.#source = source;
    this.contents = contents;
  }

  get codes(): readonly DenialCode[] {
    return DENIALS.filter((code) => this.#codes.has(code));
  }

  deny(code: DenialCode, note: string): void {
    this.#codes.add(code);
    this.notes.push(note);
  }

  /** The streams of vulnerabilities are many, nearly all of them without an event: each is made when it is looked at. */
  pins(): PinList {
    const others = [...this.#pins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { ids, heads } = this.#vulnerabilities;
    // Ids are in their order, and no other stream's name begins as those of vulnerabilities do.
    const [before, after] = [others.filter(({ name }) => name < vulnerability), others.filter(({ name }) => name > vulnerability)];
    return {
      length: others.length + ids.length,
      * [Symbol.iterator]() {
        yield* before;
        for (const id of ids) yield pinOf(`${vulnerability}${id}`, heads.get(id));
        yield* after;
      },
    };
  }

  /** Notes streams as read, absent ones too. @returns those with events */
  async #pin(streams: readonly string[]): Promise<string[]> {
    const heads = await this.#source.heads(streams);
    for (const name of streams) this.#pins.set(name, pinOf(name, heads.get(name)));
    return streams.filter((name) => heads.has(name));
  }

  async document<N extends Parameters<StateSource['documents']>[0]>(name: N, stream: string) {
    const streams = await this.#pin([stream]);
    return streams.length === 0 ? null : ((await this.#source.documents(name, streams)).get(stream) ?? null);
  }

  /** By id. @param ids - in their order, none twice; asked for once */
  async vulnerabilities(ids: readonly string[]): Promise<Map<string, VulnerabilityDocument>> {
    const heads = await this.#source.heads(ids.map((id) => `${vulnerability}${id}`));
    const idOf = (stream: string) => stream.slice(vulnerability.length);
    this.#vulnerabilities = { ids, heads: new Map([...heads].map(([stream, head]) => [idOf(stream), head])) };
    const documents = await this.#source.documents('vulnerability', [...heads.keys()].sort());
    return new Map([...documents].map(([stream, document]) => [idOf(stream), document]));
  }

  /** Waivers as their own streams have them: an act on one stands there, whatever else it names. */
  async waivers(named: readonly Waiver[]): Promise<Waiver[]> {
    const entries = new Set(named.map(({ entry }) => entry));
    const streams = [...new Set(named.map(({ id }) => `waiver:${id}`))].sort();
    const documents = await this.#source.documents('waiver', await this.#pin(streams));
    return [...documents.values()].flatMap(({ waivers }) => waivers).filter(({ entry }) => entries.has(entry)).sort((a, b) => a.entry - b.entry);
  }

  async byKey(ids: readonly string[]): Promise<Map<string, KeyDocument>> {
    const streams = [...new Set(ids)].sort().map((id) => `key:${id}`);
    const documents = await this.#source.documents('key', await this.#pin(streams));
    return new Map([...documents].map(([stream, document]) => [stream.slice('key:'.length), document]));
  }

  /** The entries of acts whose signatures hold. */
  signed(waivers: readonly Waiver[], keys: ReadonlyMap<string, KeyDocument>, origin: string): Promise<Set<number>> {
    return holdingActs(waivers.flatMap(actsOf), origin, {
      spki: (key) => keys.get(formatHex(key))?.record?.public, statement: (digest) => this.payload(digest), event: (entry) => this.#source.event(entry),
    });
  }

  /** @returns null, and a code, where the bytes are not here or are not those */
  async payload(digest: Uint8Array): Promise<Uint8Array | null> {
    return this.#orDeny(() => this.#source.payload(digest));
  }

  /** The same of what is needed only for as long as `look` takes. */
  async look<T>(digest: Uint8Array, look: (bytes: Uint8Array) => T): Promise<T | null> {
    return this.#orDeny(() => this.#source.look(digest, look));
  }

  async #orDeny<T>(read: () => Promise<T>): Promise<T | null> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof LedgerError) || !error.code.startsWith('PAYLOAD_')) throw error;
      this.deny('PAYLOAD_UNAVAILABLE', error.message);
      return null;
    }
  }

  async facts(pointers: readonly { readonly facts: Uint8Array }[]): Promise<Map<string, Facts>> {
    const digests = new Map(pointers.map(({ facts }) => [formatHex(facts), facts]));
    const all = [...digests].sort(([, a], [, b]) => compareBytes(a, b));
    const read = new Map<string, Facts>();
    for (let from = 0; from < all.length; from += together) {
      await Promise.all(all.slice(from, from + together).map(async ([name, digest]) => {
        const bytes = await this.payload(digest);
        if (bytes === null) return;
        try {
          read.set(name, this.contents.take(`facts ${name}`, bytes, parseFacts));
        } catch (error) {
          if (!(error instanceof LedgerError)) throw error;
          this.deny('PAYLOAD_NEWER', error.message);
        }
      }));
    }
    // In the order of the digests, whichever file came first.
    return new Map(all.flatMap(([name]) => (read.has(name) ? [[name, read.get(name) as Facts] as const] : [])));
  }
}
