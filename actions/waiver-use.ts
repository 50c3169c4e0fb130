// What waivers were good for: the decisions they counted in, and the findings they matched while they were in force.
import { covers, waiverState, type ActProof } from '../projections/active-waivers.ts';
import { decisions } from '../projections/catch-up/decisions.ts';
import { episodesOf, findings, type FindingDocument, type Moment } from '../projections/catch-up/findings.ts';
import { countUnreadDecisions, findApplied, findFindings, readAt } from '../projections/catch-up/queries.ts';
import type { CatchUpDb } from '../projections/catch-up/tables.ts';
import type { Waiver } from '../projections/waiver.ts';
import { namesOf } from '../policy/gate/findings.ts';

/** One waiver's use. */
export interface WaiverUse {
  /** How many decisions it counted in, and the newest of them. */
  readonly decisions: number;
  readonly newest: number | null;
  /** How many findings it covered at any time while it was in force. */
  readonly matched: number;
}

export interface WaiverUses {
  /** By the entry that asked for it. */
  readonly uses: ReadonlyMap<number, WaiverUse>;
  /** How many entries of the log that is told from. */
  readonly size: number;
  /** Decisions whose results are not here: a waiver may have counted in one of them. */
  readonly unread: number;
}

/** @returns null where the projections do not answer */
export async function waiverUses(db: CatchUpDb, waivers: readonly Waiver[], proof: ActProof): Promise<WaiverUses | null> {
  const applied = await readAt(db, decisions, async (snapshot, size) => (
    { size, by: await findApplied(snapshot, waivers.map(({ entry }) => entry)), unread: await countUnreadDecisions(snapshot) }
  ));
  const found = await readAt(db, findings, async (snapshot, size) => (
    { size, all: await findFindings(snapshot, { names: [...new Set(waivers.flatMap(({ vulnerabilities }) => vulnerabilities))] }) }
  ));
  if (applied === null || found === null) return null;
  const byName = new Map<string, FindingDocument[]>();
  for (const finding of found.all) {
    const names = new Set([finding, ...episodesOf(finding).map(({ said }) => said)].flatMap((said) => namesOf({ ...said, id: finding.id })));
    for (const name of names) byName.set(name, [...(byName.get(name) ?? []), finding]);
  }
  const uses = new Map(waivers.map((waiver) => {
    const use = applied.by.get(waiver.entry);
    const named = new Set(waiver.vulnerabilities.flatMap((id) => byName.get(id) ?? []));
    const matched = [...named].filter((finding) => matchedInForce(waiver, finding, proof)).length;
    return [waiver.entry, { decisions: use?.decisions ?? 0, newest: use?.newest ?? null, matched }];
  }));
  return { uses, size: Math.min(applied.size, found.size), unread: applied.unread };
}

/** When a waiver came into force and when an act ended it; its expiry ends it too. Null where it never was in force. */
function inForce(waiver: Waiver, proof: ActProof): { from: Moment; to: Moment | null } | null {
  const state = waiverState({ ...waiver, revocations: [], rejections: [] }, waiver.expires - 1, proof);
  if (!state.active || state.approval.at >= waiver.expires) return null;
  const ends = [...waiver.rejections, ...waiver.revocations];
  const to = ends.reduce<Moment | null>((first, act) => (first === null || act.entry < first.entry ? act : first), null);
  const { entry, at } = state.approval;
  return to !== null && to.entry < entry ? null : { from: { entry, at }, to };
}

function matchedInForce(waiver: Waiver, finding: FindingDocument, proof: ActProof): boolean {
  const force = inForce(waiver, proof);
  if (force === null) return false;
  return episodesOf(finding).some(({ from, to, said }) => {
    const isMeanwhile = (to === null || force.from.entry < to.entry) && (force.to === null || from.entry < force.to.entry) && from.at < waiver.expires;
    const ids = namesOf({ ...said, id: finding.id });
    return isMeanwhile && said.components.some(({ purl }) => covers(waiver, { ids, artifact: finding.artifact, purl: purl ?? null }));
  });
}
