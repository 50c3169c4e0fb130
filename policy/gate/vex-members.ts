// What VEX says about what was found: the status of each finding, the statements that count, and those that do not with why.
import { effectiveVex, unmatchedVex, vexClaims, type EffectiveVex, type VexArtifact, type VexClaim, type VexTarget } from '../../projections/effective-vex.ts';
import { isMeantHere, namesHere } from '../../projections/vex-scope.ts';
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import type { WarningCode } from './codes.ts';
import type { VexConflict } from './decision.ts';
import { namesIn, purlOf, type FindingMember } from './findings.ts';
import type { Gathered } from './gather.ts';
import type { PolicyInput } from './input-shape.ts';
import { artifactStream, timeText } from './source.ts';

type Counted = PolicyInput['vex'][number];
type Rejected = PolicyInput['vex_rejected'][number];

export interface VexMembers {
  /** For each finding, in their order: what trusted issuers say; null where none says anything. */
  readonly statuses: readonly EffectiveVex['status'][];
  readonly vex: readonly Counted[];
  readonly vex_rejected: readonly Rejected[];
  readonly conflicts: readonly VexConflict[];
  readonly warnings: readonly WarningCode[];
}

/**
 * Looks up what VEX comes to for each finding.
 *
 * Only statements that count stand in `vex`: a policy that looks at nothing but id and status, as people write them, must not be
 * closed by what nobody trusts, by what its issuer has taken back, or by the milder of two that contradict each other.
 *
 * @param artifact - SHA-256 @param t - effective time
 */
export function vexMembers(findings: readonly FindingMember[], gathered: Gathered, artifact: Uint8Array, t: number, semantics: number): VexMembers {
  const documents = gathered.vex.map((pointer) => vexClaims(pointer, gathered.facts.get(formatHex(pointer.facts))?.statements ?? [], gathered.trust));
  const claims = documents.flat();
  const byName = new Map<string, VexClaim[]>();
  for (const claim of claims) {
    for (const name of new Set([claim.statement.vulnerability, ...(claim.statement.aliases ?? [])])) push(byName, name, claim);
  }
  const about = artifactOf(artifact, gathered);
  const statuses: EffectiveVex['status'][] = [];
  const conflicts: VexConflict[] = [];
  const warnings = new Set<WarningCode>();
  const counted = new Grouped();
  const rejected = new Grouped();
  const matched = new Set<VexClaim>();
  const targets = new Map<string, VexTarget[]>();
  for (const finding of findings) {
    // Of most findings nobody says anything, and no list has to be made to see it.
    if (!isSaid(finding, byName)) {
      statuses.push(null);
      continue;
    }
    const ids = namesIn(finding);
    const relevant = [...new Set(ids.flatMap((id) => byName.get(id) ?? []))];
    const purl = purlOf(finding);
    const target: VexTarget = { ids, artifact: about, purl };
    for (const id of ids) push(targets, id, target);
    const effective = effectiveVex(relevant, target, t, semantics);
    statuses.push(effective.status);
    for (const claim of effective.counting) {
      const counts = claim.statement.status === effective.status;
      (counts ? counted : rejected).add(claim, finding.id, purl, counts ? '' : 'contradicted');
    }
    for (const claim of effective.overtaken) rejected.add(claim, finding.id, purl, 'superseded');
    for (const claim of effective.untrusted) rejected.add(claim, finding.id, purl, 'untrusted');
    for (const claim of [...effective.counting, ...effective.overtaken, ...effective.untrusted]) matched.add(claim);
    if (effective.untrusted.length > 0) warnings.add('VEX_UNTRUSTED');
    if (effective.conflict) {
      warnings.add('VEX_CONFLICT');
      const entries = effective.counting.map(({ pointer }) => pointer.entry);
      conflicts.push({ vuln_id: finding.id, purl: purl ?? '', status: effective.status as string, entries });
    }
  }
  for (const document of documents) {
    const isNamed = once(() => document.some((claim) => namesHere(claim, about)));
    for (const claim of document) {
      if (matched.has(claim)) continue;
      const names = [claim.statement.vulnerability, ...(claim.statement.aliases ?? [])];
      const meant = names.flatMap((name) => targets.get(name) ?? []);
      // What it is about was not found: it says nothing here, and is shown with the artifact.
      if (meant.length === 0) continue;
      // Nor does what is about other artifacts: under semantics 1 it was warned of.
      if (semantics >= 2 && !isMeantHere(claim, meant, isNamed)) continue;
      const [unmatched] = unmatchedVex([claim], meant, t);
      if (unmatched?.why === 'no_status') continue;
      if (unmatched?.why !== 'superseded') warnings.add('VEX_UNMATCHED');
      rejected.add(claim, (meant[0] as VexTarget).ids[0] as string, null, unmatched?.why === 'superseded' ? 'superseded' : 'unmatched');
    }
  }
  return {
    statuses, conflicts, warnings: [...warnings],
    vex: counted.items().map(({ claim, id, products }) => statementOf(claim, id, products)),
    vex_rejected: rejected.items().map(({ claim, id, products, reason }) => {
      const { entry, has_justification, issuer, justification, products: about_, stated_at, status, trusted, vuln_id } = statementOf(claim, id, products);
      const why = reason as Rejected['reason'];
      return {
        entry, has_justification, issuer, ...(justification === undefined ? {} : { justification }), products: about_, reason: why, stated_at, status,
        trusted, vuln_id,
      };
    }),
  };
}

/** Of documents of thousands of statements: asked when it is needed, and then not again. */
function once(ask: () => boolean): () => boolean {
  let answer: boolean | null = null;
  return () => (answer ??= ask());
}

/** Whether a statement gives one of a finding's names. */
function isSaid({ id, aliases }: FindingMember, byName: ReadonlyMap<string, unknown>): boolean {
  if (byName.has(id)) return true;
  for (let i = 0; i < aliases.length; i++) if (byName.has(aliases[i] as string)) return true;
  return false;
}

/** What an artifact is called beside its digest: its other digests, and the purl that its bill of materials gives it. */
function artifactOf(digest: Uint8Array, { artifact, sbom, facts }: Gathered): VexArtifact {
  const others = (artifact?.relations ?? [])
    .filter((relation) => artifactStream(relation.artifact[1]) === artifactStream(digest))
    .flatMap(({ digests = [] }) => digests.map(([algorithm, value]) => [algorithm, formatHex(value)] as const));
  const related = (artifact?.relations ?? [])
    .flatMap(({ artifact: [, index], platforms = [] }) => (platforms.length === 0 ? [] : [index, ...platforms.map(({ digest: [, one] }) => one)]))
    .filter((one) => !equalBytes(one, digest));
  const described = sbom === null ? undefined : facts.get(formatHex(sbom.facts));
  const root = described?.root === undefined ? undefined : described.components?.[described.root];
  return { digest, others, related, purls: root?.purl === undefined ? [] : [root.purl] };
}

// Keys in ascending order: the input is written with JSON.stringify.
function statementOf({ statement, issuer, trusted, at, pointer }: VexClaim, id: string, products: readonly string[]): Counted {
  const { justification, hasImpact } = statement;
  return {
    entry: pointer.entry,
    has_justification: justification !== undefined || hasImpact === true,
    issuer,
    ...(justification === undefined ? {} : { justification: justification as NonNullable<Counted['justification']> }),
    products,
    stated_at: timeText(at),
    status: statement.status as Counted['status'],
    trusted,
    vuln_id: id,
  };
}

interface Item {
  readonly claim: VexClaim;
  readonly id: string;
  readonly products: readonly string[];
  readonly reason: string;
}

/** Statements with the components they are about, each once for a vulnerability and a reason. */
class Grouped {
  readonly #items = new Map<string, { claim: VexClaim; id: string; products: Set<string>; reason: string }>();

  add(claim: VexClaim, id: string, purl: string | null, reason: string): void {
    const key = `${claim.pointer.entry}/${claim.place}/${reason}/${id}`;
    let item = this.#items.get(key);
    if (item === undefined) this.#items.set(key, (item = { claim, id, products: new Set(), reason }));
    if (purl !== null) item.products.add(purl);
  }

  /** In the order of the log, then of their vulnerabilities. */
  items(): Item[] {
    const order = (a: Item, b: Item) =>
      a.claim.pointer.entry - b.claim.pointer.entry || a.claim.place - b.claim.place || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.reason < b.reason ? -1 : 1);
    return [...this.#items.values()].map((item) => ({ ...item, products: [...item.products].sort() })).sort(order);
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
