// Builds the policy input from documents, facts and findings: canonical, without sealed plaintext and without free text.
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { covers, waiverState, type ActProof, type WaiverState } from '../../projections/active-waivers.ts';
import { coverage } from '../../projections/coverage.ts';
import type { AttestationPointer } from '../../projections/evidence.ts';
import { trustedFor } from '../../projections/trust.ts';
import type { Waiver, WaiverAct } from '../../projections/waiver.ts';
import type { AttestationFacts, ComponentFacts } from '../../evidence/facts.ts';
import type { WarningCode } from './codes.ts';
import type { Semantics, VexConflict, WaiverConsidered } from './decision.ts';
import { fromPlain, type Value } from '../index.ts';
import { namesIn, purlOf, type FindingMember } from './findings.ts';
import type { Gathered } from './gather.ts';
import { componentShape, findingShape, inputComplaint, type InputMember, type PolicyInput } from './input-shape.ts';
import { baseList, changedList, layouts, sizeOfList, type MemberList } from './members.ts';
import { plainValue } from './plain-member.ts';
import type { ContentShelf } from './shelf.ts';
import { digestText, timeText, type State } from './source.ts';
import { vexMembers } from './vex-members.ts';

export interface Built {
  readonly input: PolicyInput;
  /** Its long lists, as they are written and asked with. */
  readonly findings: MemberList<FindingMember>;
  readonly components: MemberList<ComponentMember> | null;
  readonly waivers: readonly WaiverConsidered[];
  readonly conflicts: readonly VexConflict[];
  readonly warnings: readonly WarningCode[];
}

/**
 * Builds the policy input.
 *
 * Every object below is made with its keys in ascending order, so that `JSON.stringify` writes the canonical form (RFC 8785),
 * several times faster than a writer that sorts; a test compares the two.
 *
 * @param artifact - SHA-256, 32 bytes @param t - effective time, milliseconds since 1970
 * @param contents - what was made of the same payloads before @param waiverMax - how long the policy takes waivers for, milliseconds
 * @see spec/policy-input.md
 */
export function buildInput(
  artifact: Uint8Array, gathered: Gathered, covered: PolicyInput['coverage'], state: Pick<State, 'size' | 'root' | 'origin'>, t: number, semantics: Semantics,
  contents: ContentShelf, waiverMax: number,
): Built {
  const found = gathered.findings?.members ?? [];
  const vex = vexMembers(found, gathered, artifact, t, semantics.vex);
  const waived = waiversOf(found, gathered, artifact, t, semantics, waiverMax);
  const warnings = new Set<WarningCode>([...vex.warnings, ...waived.warnings]);
  if ((gathered.scan?.unmatched ?? 0) > 0) warnings.add('COMPONENTS_UNMATCHED');
  const superseded = gathered.scan !== null && gathered.feed?.newest !== undefined && snapshotTime(gathered) === null;
  if (superseded) warnings.add('SNAPSHOT_SUPERSEDED');
  if (gathered.sbomsAside.length > 0) warnings.add('SBOM_UNTRUSTED');
  if (gathered.sbomsOlder.length > 0) warnings.add('SBOM_OLDER');
  // An image's own inventory is as good as a list, and a directory's is what somebody said it was: it is shown, and does not deny.
  if (semantics.gate >= 3 && gathered.sbom !== null && gathered.scan !== null && gathered.scan.sbom === undefined) warnings.add('SBOM_UNSCANNED');
  const findings = findingsOf(found, gathered, vex.statuses, waived.covered, contents);
  const components = componentsOf(gathered, contents);
  const sbom = sbomOf(gathered, components?.members ?? []);
  const scan = scanOf(gathered, semantics.input);
  const input: PolicyInput = {
    artifact: { contracts: gathered.contracts.map(({ name }) => name), digest: digestText(artifact) },
    attestations: gathered.attestations.flatMap((pointer) => attestationsOf(pointer, gathered, artifact, state)),
    coverage: covered,
    effective_time: timeText(t),
    findings: findings.members,
    ...(sbom === null ? {} : { sbom }),
    ...(scan === null ? {} : { scan }),
    vex: vex.vex,
    vex_rejected: vex.vex_rejected,
    waivers: waived.members,
  };
  return { input, findings, components, waivers: waived.considered, conflicts: vex.conflicts, warnings: [...warnings] };
}

/** Findings as VEX and waivers leave them: as their payload has them, but for those that either speaks of. */
function findingsOf(
  found: readonly FindingMember[], { scan, findings }: Gathered, statuses: readonly VexStatusOrNone[], covered: ReadonlySet<number>, contents: ContentShelf,
): MemberList<FindingMember> {
  const value = (member: FindingMember) => plainValue(member, layouts);
  const written = findings?.written ?? null;
  const make = () => baseList(found, findingShape, written === null ? undefined : { sound: true, written, value });
  const base = scan === null || findings === null ? make() : contents.keep(`finding members ${formatHex(scan.findings)}`, make, sizeOfList);
  const changes = new Map<number, FindingMember>();
  for (let i = 0; i < found.length; i++) {
    const status = statuses[i] ?? null;
    if (status === null && !covered.has(i)) continue;
    const finding = found[i] as FindingMember;
    changes.set(i, { ...finding, exploitability: status ?? finding.exploitability, waived: covered.has(i) });
  }
  return changedList(base, changes);
}

function componentsOf({ sbom, facts }: Gathered, contents: ContentShelf): MemberList<ComponentMember> | null {
  if (sbom === null) return null;
  const name = formatHex(sbom.facts);
  const read = facts.get(name);
  const make = () => baseList((read?.components ?? []).map(componentOf), componentShape);
  return read === undefined ? make() : contents.keep(`component members ${name}`, make, sizeOfList);
}

/** @returns what is wrong with an input, or null: of its long lists, what follows from their payloads was checked when it was made */
export function builtComplaint({ input, findings, components }: Built): string | null {
  const rest = { ...input, findings: [], ...(input.sbom === undefined ? {} : { sbom: { ...input.sbom, components: [] } }) };
  const sound = findings.sound && components?.sound !== false && inputComplaint(rest) === null;
  return sound ? null : inputComplaint(input);
}

/** An input as policies see it. */
export function inputValue({ input, findings, components }: Built): Value {
  const { sbom } = input;
  return fromPlain({ ...input, findings: findings.values, ...(sbom === undefined ? {} : { sbom: { ...sbom, components: components?.values } }) }, layouts);
}

interface Encoded {
  readonly pieces: readonly Uint8Array[];
  readonly members: readonly { readonly name: InputMember; readonly pieces: readonly Uint8Array[] }[];
}

/** The canonical bytes of an input, whole and member by member, in pieces: those of long lists are the same that were made for their payload. */
export function encodeInput(built: Built): Encoded {
  const members = (Object.keys(built.input) as InputMember[]).sort().map((name) => ({ name, pieces: memberBytes(name, built) }));
  const pieces = members.flatMap(({ name, pieces: own }, i) => [encodeUtf8(`${i === 0 ? '{' : ','}"${name}":`), ...own]);
  return { pieces: [...pieces, encodeUtf8('}')], members };
}

/** A member's canonical bytes, in pieces. */
function memberBytes(name: InputMember, { input, findings, components }: Built): readonly Uint8Array[] {
  if (name === 'findings') return findings.pieces;
  if (name !== 'sbom' || components === null) return [encodeUtf8(JSON.stringify(input[name]))];
  // Components are the first member of their bill, and have their bytes already.
  const { components: _, ...rest } = input.sbom as NonNullable<PolicyInput['sbom']>;
  return [encodeUtf8('{"components":'), ...components.pieces, encodeUtf8(`,${JSON.stringify(rest).slice(1)}`)];
}

type VexStatusOrNone = PolicyInput['vex'][number]['status'] | null;

interface WaivedFindings {
  /** Places of findings that a waiver in force covers. */
  readonly covered: ReadonlySet<number>;
  readonly members: PolicyInput['waivers'];
  readonly considered: readonly WaiverConsidered[];
  readonly warnings: readonly WarningCode[];
}

/** Evaluate first, waive after: a waiver marks what it covers, and changes nothing else about it. */
function waiversOf(
  found: readonly FindingMember[], gathered: Gathered, artifact: Uint8Array, t: number, { input, waiver: semantics }: Semantics, waiverMax: number,
): WaivedFindings {
  const { keys, signed } = gathered;
  const proof: ActProof = { keyOf: (id) => keys.get(formatHex(id)) ?? null, holds: ({ entry }) => signed?.has(entry) === true };
  const states = gathered.waivers.map((waiver) => waiverState(waiver, t, proof, semantics, waiverMax));
  const byName = new Map<string, number[]>();
  if (states.length > 0) {
    found.forEach((finding, i) => {
      for (const name of namesIn(finding)) {
        const places = byName.get(name);
        if (places === undefined) byName.set(name, [i]);
        else places.push(i);
      }
    });
  }
  const covered = new Set<number>();
  const warnings = new Set<WarningCode>();
  const considered: WaiverConsidered[] = [];
  const members: PolicyInput['waivers'][number][] = [];
  for (const state of states) {
    const { waiver, active } = state;
    const named = [...new Set(waiver.vulnerabilities.flatMap((id) => byName.get(id) ?? []))].sort((a, b) => a - b);
    const fits = named.filter((i) => {
      const finding = found[i] as FindingMember;
      return covers(waiver, { ids: namesIn(finding), artifact, purl: purlOf(finding) });
    });
    const shown = new Set<string>();
    for (const i of fits) {
      const { id, purl } = found[i] as FindingMember;
      // Said since semantics 2.
      if (active && covered.has(i) && semantics >= 2) warnings.add('WAIVER_OVERLAPPING');
      if (active) covered.add(i);
      const once = `${id} ${purl}`;
      if (!shown.has(once)) members.push(waiverMember(state, id, purl, input));
      shown.add(once);
    }
    if (active && waiver.breakGlass && fits.length > 0) warnings.add('WAIVER_BREAK_GLASS');
    if (fits.length > 0 && !active && state.code === 'WAIVER_EXPIRED') warnings.add('WAIVER_EXPIRED');
    if (fits.length > 0 && !active && state.code === 'WAIVER_TOO_LONG') warnings.add('WAIVER_TOO_LONG');
    const why = fits.length === 0 ? 'WAIVER_OUT_OF_SCOPE' : active ? 'WAIVER_ACTIVE' : state.code;
    considered.push({ id: waiver.id, entry: waiver.entry, state: stateOf(state), covers: fits.length, why, acts: actsTold(waiver, signed) });
  }
  return { covered, members, considered, warnings: [...warnings] };
}

/** Each act on a waiver in the order of the log: signed by its person or asserted by the ledger, and whether that signature holds. */
function actsTold(waiver: Waiver, signed: Gathered['signed']): NonNullable<WaiverConsidered['acts']> {
  const told = (act: 'approved' | 'rejected' | 'requested' | 'revoked') => ({ entry, assurance }: WaiverAct) =>
    ({ act, entry, assurance, ...(signed === null ? {} : { holds: signed.has(entry) }) });
  const { approvals, rejections, revocations } = waiver;
  const all = [told('requested')(waiver), ...approvals.map(told('approved')), ...rejections.map(told('rejected')), ...revocations.map(told('revoked'))];
  return all.sort((a, b) => a.entry - b.entry);
}

function stateOf(state: WaiverState): PolicyInput['waivers'][number]['state'] {
  return (state.active ? 'active' : state.code.slice('WAIVER_'.length).toLowerCase()) as PolicyInput['waivers'][number]['state'];
}

function waiverMember(state: WaiverState, id: string, purl: string, semantics: number): PolicyInput['waivers'][number] {
  const waiver: Waiver = state.waiver;
  return {
    active: state.active,
    acts: { ...(state.active ? { approved: state.approval.assurance } : {}), requested: waiver.assurance },
    break_glass: waiver.breakGlass,
    expires: timeText(waiver.expires),
    id: waiver.id,
    owner: `person:${formatHex(waiver.owner)}`,
    purl,
    ...(semantics < 2 ? {} : { requested_at: timeText(waiver.at) }),
    responses: [...waiver.responses].sort(),
    state: stateOf(state),
    vuln_id: id,
  };
}

/** Which of the evidence that the contracts ask for is there. */
export function coverageOf({ artifact, contracts, trust, facts }: Gathered, t: number, semantics: number): PolicyInput['coverage'] {
  const predicateTypesOf = ({ facts: digest }: AttestationPointer) =>
    (facts.get(formatHex(digest))?.attestations ?? []).flatMap(({ predicateType }) => (predicateType === undefined ? [] : [predicateType]));
  const requirements = contracts.flatMap(({ name, contract }) => {
    const met = contract === null ? [] : coverage(contract, { artifact, trust, predicateTypesOf }, t, semantics).requirements;
    return met.map((one) => ({ id: `${name}#${one.id}`, met: one.met }));
  });
  return {
    contracts: contracts.map(({ name }) => name),
    covered: requirements.filter(({ met }) => met).map(({ id }) => id),
    missing: requirements.filter(({ met }) => !met).map(({ id }) => id),
  };
}

function attestationsOf(
  pointer: AttestationPointer, { trust, facts }: Gathered, artifact: Uint8Array, { size, root, origin }: Pick<State, 'size' | 'root' | 'origin'>,
): PolicyInput['attestations'][number][] {
  const { signatures, entry, at, envelope, document } = pointer;
  const under = signatures.map((signature) => trustedFor(signature, at, trust));
  // One wrong signature in a document makes it unverified: its statements are not told apart by who signed which.
  const verified = under.length > 0 && under.every((entries) => entries.length > 0);
  const signers = (verified ? under.flat() : [])
    .map(({ key, identity }) => (key === undefined ? `identity:${formatHex(identity as Uint8Array)}` : `key:${formatHex(key)}`));
  const proven = signatures.map((signature) => signature.proven);
  const hex = formatHex(artifact);
  // A document of many statements may speak of other artifacts too; what names no subject at all is bound by who recorded it.
  const stated = (facts.get(formatHex(pointer.facts))?.attestations ?? []).filter(({ subjects }) =>
    subjects === undefined || subjects.some(({ digests }) => digests.some(([algorithm, value]) => algorithm === 'sha256' && value === hex)));
  return stated.map((statement, i) => ({
    ...predicateOf(statement),
    ...(document === undefined ? {} : { digest: digestText(document) }),
    envelope,
    id: stated.length === 1 ? `entry:${entry}` : `entry:${entry}#${i}`,
    ...levelsOf(statement),
    predicate: kindOf(statement),
    ...(statement.predicateType === undefined ? {} : { predicate_type: statement.predicateType }),
    ...(proven.length > 0 && proven.every((time) => time !== undefined) ? { proven_at: timeText(Math.max(...(proven as number[]))) } : {}),
    recorded_at: timeText(at),
    // Our own log's proof, which any receipt gives again. An attestation that is not verified has none to show: policies as people
    // write them look for the proof alone.
    ...(verified ? { rekor: { inclusion_proof: { log_index: entry, root_hash: formatHex(root), tree_size: size }, origin } } : {}),
    ...resultOf(statement),
    signers: [...new Set(signers)].sort(),
    verified,
    ...verifierOf(statement),
  }));
}

type Predicate = { readonly [K in 'kind' | 'builder' | 'buildType' | 'result' | 'verifier']?: string } & { readonly levels?: readonly string[] };
const predicate = ({ predicate: one }: AttestationFacts): Predicate => one ?? {};

function predicateOf(statement: AttestationFacts) {
  const { builder, buildType } = predicate(statement);
  return { ...(buildType === undefined ? {} : { build_type: buildType }), ...(builder === undefined ? {} : { builder }) };
}

function levelsOf(statement: AttestationFacts) {
  const { kind, levels } = predicate(statement);
  return kind === 'verification' ? { levels: levels ?? [] } : {};
}

function resultOf(statement: AttestationFacts) {
  const { result } = predicate(statement);
  return result === 'PASSED' || result === 'FAILED' ? { result } as const : {};
}

function verifierOf(statement: AttestationFacts) {
  const { verifier } = predicate(statement);
  return verifier === undefined ? {} : { verifier };
}

function kindOf(statement: AttestationFacts): PolicyInput['attestations'][number]['predicate'] {
  switch (predicate(statement).kind) {
    case 'provenance':
      return 'slsa-provenance';
    case 'verification':
      return 'slsa-verification';
    case 'sbom-reference':
      return 'sbom-reference';
    case 'document':
      return 'document';
    default:
      return 'other';
  }
}

function sbomOf({ sbom }: Gathered, components: readonly ComponentMember[]): NonNullable<PolicyInput['sbom']> | null {
  if (sbom === null) return null;
  const { claimed, document, entry, format, at } = sbom;
  return {
    components,
    ...(claimed === undefined ? {} : { created: timeText(claimed) }),
    ...(document === undefined ? {} : { digest: digestText(document) }),
    entry,
    format,
    recorded_at: timeText(at),
  };
}

type ComponentMember = NonNullable<PolicyInput['sbom']>['components'][number];

function componentOf({ group, licences, name, purl, type, version }: ComponentFacts): ComponentMember {
  const member: { -readonly [K in keyof ComponentMember]?: ComponentMember[K] } = {};
  if (group !== undefined) member.group = group;
  if (licences !== undefined) member.licences = licences;
  member.name = name;
  if (purl !== undefined) member.purl = purl;
  member.type = type;
  if (version !== undefined) member.version = version;
  return member as ComponentMember;
}

function scanOf(gathered: Gathered, semantics: number): NonNullable<PolicyInput['scan']> | null {
  const { scan } = gathered;
  if (scan === null) return null;
  const recorded = snapshotTime(gathered);
  return {
    components: scan.components,
    entry: scan.entry,
    feed: scan.feed,
    recorded_at: timeText(scan.at),
    ...(semantics < 3 || scan.sbom === undefined ? {} : { sbom: scan.sbom.entry }),
    snapshot: digestText(scan.snapshot),
    ...(recorded === null ? {} : { snapshot_recorded_at: timeText(recorded) }),
    unmatched: scan.unmatched,
  };
}

/** When the snapshot that was scanned with came on record; null where a newer one has taken its place in the feed. */
function snapshotTime({ scan, feed }: Gathered): number | null {
  const newest = feed?.newest;
  return scan === null || newest === undefined || formatHex(newest.snapshot) !== formatHex(scan.snapshot) ? null : newest.at;
}
