// Facts: our canonical extraction of a document, the same bytes for the same meaning whatever the format, without personal data.
import { encodeUtf8 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { parseJson } from '../ledger/json.ts';
import type { Attestation, NamedDigest, Predicate } from './attestation/model.ts';
import type { View } from './document.ts';
import type { Report, ReportResult } from './report/model.ts';
import type { Component, Sbom } from './sbom/model.ts';
import type { VexProduct, VexStatement } from './vex/model.ts';
import { keepsWords } from './vex/words.ts';

/** The version of this extraction. A change that alters any document's facts is a new number, and the old code stays. */
export const factsSemantics = 1;

/** A component as facts hold it. Lists are sorted and never empty: what is not said is absent. */
export interface ComponentFacts {
  readonly cpes?: readonly string[];
  readonly group?: string;
  readonly hashes?: readonly NamedDigest[];
  readonly layers?: readonly string[];
  readonly licences?: readonly string[];
  readonly name: string;
  readonly paths?: readonly string[];
  readonly purl?: string;
  readonly source?: { readonly name: string; readonly version?: string };
  readonly type: string;
  readonly version?: string;
}

export interface ProductFacts {
  readonly cpes?: readonly string[];
  readonly hashes?: readonly NamedDigest[];
  /** Only where nothing else names the product. */
  readonly id?: string;
  readonly purls?: readonly string[];
  readonly versions?: readonly string[];
}

export interface StatementFacts {
  readonly aliases?: readonly string[];
  readonly hasAction?: true;
  readonly hasImpact?: true;
  readonly justification?: string;
  /** The one part of the product that the statement is about; several parts are several statements. */
  readonly part?: ProductFacts;
  readonly product?: ProductFacts;
  /** Milliseconds since 1970. */
  readonly stated?: number;
  readonly status?: string;
  readonly vulnerability: string;
  /** The document's own words, where ours say less. */
  readonly words?: readonly string[];
}

export interface ResultFacts {
  readonly fingerprint?: string;
  readonly kind: string;
  readonly level: string;
  readonly line?: number;
  readonly packageName?: string;
  readonly packageVersion?: string;
  readonly path?: string;
  readonly purl?: string;
  readonly rule: string;
  readonly severity?: string;
  readonly suppressed?: true;
}

export interface AttestationFacts {
  readonly envelope: string;
  readonly payloadType?: string;
  readonly predicate?: object;
  readonly predicateType?: string;
  readonly signatures: number;
  readonly statementType?: string;
  readonly subjects?: readonly { readonly digests: readonly NamedDigest[]; readonly name?: string }[];
}

export interface Facts {
  readonly attestations?: readonly AttestationFacts[];
  readonly components?: readonly ComponentFacts[];
  /** Pairs of places in `components`: the first contains the second. */
  readonly contains?: readonly (readonly [number, number])[];
  /** Pairs of places in `components`: the first depends on the second. */
  readonly depends?: readonly (readonly [number, number])[];
  readonly results?: readonly ResultFacts[];
  /** The place in `components` of what the document describes. */
  readonly root?: number;
  readonly semantics: number;
  readonly statements?: readonly StatementFacts[];
  /** Digests that the document says it is about. */
  readonly subjects?: readonly NamedDigest[];
  readonly tool?: { readonly name: string; readonly version?: string };
}

/**
 * The documents that attestations say are an artifact's bills of materials, by SHA-256 (hexadecimal).
 *
 * @param artifact - SHA-256 of the artifact, hexadecimal: a statement about others says nothing of it
 */
function sbomReferences({ attestations = [] }: Pick<Facts, 'attestations'>, artifact: string): string[] {
  return attestations.flatMap(({ predicate, subjects = [] }) => {
    const { kind, digest } = (predicate ?? {}) as { readonly kind?: string; readonly digest?: NamedDigest };
    const isAbout = subjects.some(({ digests }) => digests.some(([algorithm, value]) => algorithm === 'sha256' && value === artifact));
    return kind === 'sbom-reference' && isAbout && digest?.[0] === 'sha256' ? [digest[1]] : [];
  });
}

/** What a bill of materials lists, as one text: the same for the same content, in whatever envelope it came and whatever it is about. */
function listedText({ components, contains, depends, root }: Pick<Facts, 'components' | 'contains' | 'depends' | 'root'>): string {
  return JSON.stringify([components, contains, depends, root]);
}

type WithFacts = { readonly facts: Uint8Array };

/**
 * What facts tell of the bills of materials that may count for an artifact (projections/counting-sbom.ts asks).
 *
 * @param artifact - SHA-256, hexadecimal @param factsOf - by their digest; none where they cannot be read
 */
export function toldOfSboms(artifact: string, factsOf: (digest: Uint8Array) => Facts | null | undefined): {
  readonly referencesOf: (attestation: WithFacts) => string[]; readonly listedIn: (sbom: WithFacts) => string | null;
} {
  return {
    referencesOf: ({ facts }) => sbomReferences(factsOf(facts) ?? {}, artifact),
    listedIn: ({ facts }) => {
      const listed = factsOf(facts) ?? null;
      return listed === null ? null : listedText(listed);
    },
  };
}

/**
 * Extracts the facts of a view as canonical JSON (RFC 8785).
 *
 * Every object below is built with its keys in order, so that `JSON.stringify` writes the canonical form: 5,000 components
 * take 20 ms this way, and four times that through a general writer.
 *
 * @see spec/evidence.md, "Facts"
 */
export function encodeFacts(view: View): Uint8Array {
  return extractFacts(view).bytes;
}

/** How many items the sets of facts hold. */
export interface FactCounts {
  readonly attestations: number;
  readonly components: number;
  readonly results: number;
  readonly statements: number;
}

/** Extracts facts as `encodeFacts` does, and counts them, so that nobody has to read them again to know how many. */
export function extractFacts(view: View): { bytes: Uint8Array; counts: FactCounts } {
  const { sbom, vex, report, attestations = [] } = view;
  const graph = sbom === undefined ? null : graphOf(sbom);
  const signed = sortedTexts(attestations.map((one) => JSON.stringify(attestationFacts(one))));
  const results = sortedTexts((report?.results ?? []).map((one) => JSON.stringify(resultFacts(one))));
  const statements = sortedTexts((vex?.statements ?? []).flatMap(statementFacts).map((one) => JSON.stringify(one)));
  const components = graph?.components ?? [];
  const members: (readonly string[] | null)[] = [
    member('attestations', signed),
    member('components', components),
    member('contains', graph?.contains ?? []),
    member('depends', graph?.depends ?? []),
    member('results', results),
    graph === null || graph.root === null ? null : [`"root":${graph.root}`],
    [`"semantics":${factsSemantics}`],
    member('statements', statements),
    member('subjects', sortedTexts(subjectsIn(view).map((digest) => JSON.stringify(digest)))),
    report === undefined ? null : [`"tool":${JSON.stringify(toolFacts(report))}`],
  ];
  const counts = { attestations: signed.length, components: components.length, results: results.length, statements: statements.length };
  return { bytes: encodeTexts(members), counts };
}

/**
 * Reads facts that this code wrote.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the bytes are facts of other semantics, or none
 */
export function parseFacts(bytes: Uint8Array): Facts {
  const facts = parseJson(bytes) as unknown as Facts;
  if (facts?.semantics !== factsSemantics) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read facts: semantics ${String(facts?.semantics)}, expected ${factsSemantics}`);
  }
  return facts;
}

/** Every digest that the document says it is about, once. */
export function subjectsIn(view: View): readonly NamedDigest[] {
  const all = [
    ...(view.attestations ?? []).flatMap((one) => one.subjects.flatMap((subject) => subject.digests)),
    // A document inside a statement is about the statement's subjects, and they alone are signed.
    ...(view.attestations === undefined ? [...(view.sbom?.subjects ?? []), ...(view.report?.subjects ?? [])] : []),
  ];
  return [...new Map(all.map((digest) => [digest.join(' '), digest])).values()];
}

/** A member in pieces, to be written one behind the other: joined, the facts of a large document would be in memory three times. */
function member(name: string, items: readonly string[]): readonly string[] | null {
  if (items.length === 0) return null;
  const pieces = [`"${name}":[`];
  items.forEach((item, i) => pieces.push(i === 0 ? item : ',', ...(i === 0 ? [] : [item])));
  pieces.push(']');
  return pieces;
}

const encoder = new TextEncoder();

/** The object of these members. @throws {LedgerError} INPUT_NOT_UTF8 for a lone surrogate */
function encodeTexts(members: readonly (readonly string[] | null)[]): Uint8Array {
  const present = members.filter((one) => one !== null);
  const characters = present.reduce((sum, pieces) => pieces.reduce((all, piece) => all + piece.length, sum), 0);
  let bytes = new Uint8Array(characters + present.length + 2);
  let at = 0;
  const write = (text: string) => {
    if (!text.isWellFormed()) encodeUtf8(text);
    // Most texts are ASCII; one that is not may take three bytes for a character.
    let { read, written } = encoder.encodeInto(text, bytes.subarray(at));
    if (read < text.length) {
      const larger = new Uint8Array(Math.ceil(bytes.length * 1.25) + 3 * text.length);
      larger.set(bytes.subarray(0, at));
      bytes = larger;
      ({ read, written } = encoder.encodeInto(text, bytes.subarray(at)));
    }
    at += written;
  };
  write('{');
  present.forEach((pieces, i) => {
    if (i > 0) write(',');
    for (const piece of pieces) write(piece);
  });
  write('}');
  // Exact, for what crosses to another thread crosses with all of its buffer.
  return at === bytes.length ? bytes : bytes.slice(0, at);
}

/** A set: in the order of UTF-16 code units, none twice. */
function sortedTexts(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

/** Components in canonical order, and edges as places in it: names inside a document differ from format to format. */
function graphOf(sbom: Sbom): { components: string[]; contains: string[]; depends: string[]; root: number | null } {
  const texts = sbom.components.map((component) => JSON.stringify(componentFacts(component)));
  const order = texts.map((_, i) => i).sort((a, b) => compare(texts[a] as string, texts[b] as string));
  const components: string[] = [];
  const places = new Int32Array(texts.length);
  for (const i of order) {
    const text = texts[i] as string;
    if (components.at(-1) !== text) components.push(text);
    places[i] = components.length - 1;
  }
  const placeOf = new Map<string, number>();
  sbom.components.forEach(({ ref }, i) => {
    if (!placeOf.has(ref)) placeOf.set(ref, places[i] as number);
  });
  const edges = (kind: 'contains' | 'depends') => {
    const pairs = new Map<number, [number, number]>();
    for (const edge of sbom.edges) {
      const [from, to] = [placeOf.get(edge.from), placeOf.get(edge.to)];
      if (edge.kind === kind && from !== undefined && to !== undefined && from !== to) pairs.set(from * components.length + to, [from, to]);
    }
    return [...pairs.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([from, to]) => `[${from},${to}]`);
  };
  const root = sbom.root === null ? null : (placeOf.get(sbom.root) ?? null);
  return { components, contains: edges('contains'), depends: edges('depends'), root };
}

// From here on the order of keys is the canonical one; `undefined` members are left out by JSON.stringify.

function componentFacts(one: Component): object {
  return {
    cpes: sortedSet(one.cpes),
    group: one.group,
    hashes: sortedDigests(one.hashes),
    layers: sortedSet(one.layers),
    licences: sortedSet(one.licences),
    name: one.name,
    paths: sortedSet(one.paths),
    purl: one.purl,
    source: one.source === undefined ? undefined : { name: one.source.name, version: one.source.version },
    type: one.type,
    version: one.version,
  };
}

/** What facts hold of a statement: one for each of its parts, in their order. */
export function statementFacts(one: VexStatement): object[] {
  const words = keepsWords(one) ? [one.words.status, ...(one.words.justification === null ? [] : [one.words.justification])] : undefined;
  // SPDX has one part for each relationship, OpenVEX a list: each part is a statement of its own in both.
  const parts = one.parts.length === 0 ? [undefined] : one.parts;
  // Formats disagree about which name is the main one: a CVE is, where there is one.
  const isCve = (name: string) => name.startsWith('CVE-');
  const main = isCve(one.vulnerability) ? one.vulnerability : (sortedTexts(one.aliases).find(isCve) ?? one.vulnerability);
  return parts.map((part) => ({
    aliases: sortedSet([one.vulnerability, ...one.aliases].filter((name) => name !== main)),
    hasAction: one.action === null ? undefined : true,
    hasImpact: one.impact === null ? undefined : true,
    justification: one.justification ?? undefined,
    part: part === undefined ? undefined : productFacts(part),
    product: one.product === null ? undefined : productFacts(one.product),
    stated: timeOf(one.stated),
    status: one.status ?? undefined,
    vulnerability: main,
    words,
  }));
}

function productFacts(one: VexProduct): object {
  const named = one.purls.length + one.cpes.length + one.hashes.length > 0;
  return {
    cpes: sortedSet(one.cpes),
    hashes: sortedDigests(one.hashes),
    id: named ? undefined : one.id,
    purls: sortedSet(one.purls),
    versions: sortedSet(one.versions),
  };
}

function resultFacts(one: ReportResult): object {
  return {
    fingerprint: one.fingerprint ?? undefined,
    kind: one.kind,
    level: one.level,
    line: one.line ?? undefined,
    packageName: one.packageName ?? undefined,
    packageVersion: one.packageVersion ?? undefined,
    path: one.path ?? undefined,
    purl: one.purl ?? undefined,
    rule: one.rule,
    severity: one.severity ?? undefined,
    suppressed: one.suppressed ? true : undefined,
  };
}

function toolFacts(report: Report): object {
  return { name: report.tool, version: report.toolVersion ?? undefined };
}

function attestationFacts(one: Attestation): object {
  const subjects = one.subjects.map((subject) => JSON.stringify({ digests: sortedDigests(subject.digests) ?? [], name: subject.name ?? undefined }));
  return {
    envelope: one.envelope,
    payloadType: one.payloadType ?? undefined,
    predicate: one.predicate === null ? undefined : predicateFacts(one.predicate),
    predicateType: one.predicateType ?? undefined,
    signatures: one.signatures.length,
    statementType: one.statementType ?? undefined,
    subjects: subjects.length === 0 ? undefined : sortedTexts(subjects).map((text) => JSON.parse(text) as object),
  };
}

function predicateFacts(one: Predicate): object {
  const resource = ({ uri, digests }: { uri: string | null; digests: readonly NamedDigest[] }) => ({ digests: sortedDigests(digests), uri: uri ?? undefined });
  const resources = (list: readonly { uri: string | null; digests: readonly NamedDigest[] }[]) => {
    const texts = sortedTexts(list.map((item) => JSON.stringify(resource(item))));
    return texts.length === 0 ? undefined : texts.map((text) => JSON.parse(text) as object);
  };
  switch (one.kind) {
    case 'provenance':
      return {
        buildType: one.buildType ?? undefined,
        builder: one.builder ?? undefined,
        dependencies: resources(one.dependencies),
        finished: timeOf(one.finished),
        kind: one.kind,
        started: timeOf(one.started),
        version: one.version,
      };
    case 'verification':
      return {
        inputs: resources(one.inputs),
        kind: one.kind,
        levels: sortedSet(one.levels),
        policy: resource(one.policy),
        resource: one.resource ?? undefined,
        result: one.result ?? undefined,
        verified: timeOf(one.verified),
        verifier: one.verifier ?? undefined,
      };
    case 'sbom-reference':
      return { digest: one.digest, format: one.format, kind: one.kind, mediaType: one.mediaType ?? undefined, version: one.version ?? undefined };
    case 'document':
      return { format: one.format, kind: one.kind };
    default:
      return one satisfies never;
  }
}

function sortedSet(texts: readonly string[]): readonly string[] | undefined {
  if (texts.length === 0) return undefined;
  // Most lists come in order: telling so is cheaper than sorting them.
  if (texts.every((text, i) => i === 0 || (texts[i - 1] as string) < text)) return texts;
  if (texts.length > 32) return sortedTexts(texts);
  // A handful is put in order sooner than a set is made of it, and most components have a handful of paths.
  const sorted: string[] = [];
  for (const text of texts) {
    let at = sorted.length;
    while (at > 0 && (sorted[at - 1] as string) > text) at -= 1;
    if (sorted[at - 1] !== text) sorted.splice(at, 0, text);
  }
  return sorted;
}

function sortedDigests(digests: readonly NamedDigest[]): readonly NamedDigest[] | undefined {
  if (digests.length === 0) return undefined;
  const order = (a: NamedDigest, b: NamedDigest) => compare(a[0], b[0]) || compare(a[1], b[1]);
  const sorted = [...digests].sort(order);
  return sorted.filter((one, i) => i === 0 || order(sorted[i - 1] as NamedDigest, one) !== 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Milliseconds since 1970; nothing for a text that is no time. */
function timeOf(text: string | null): number | undefined {
  const time = text === null ? Number.NaN : Date.parse(text);
  return Number.isSafeInteger(time) ? time : undefined;
}
