// What VEX comes to for one vulnerability of one component: the one function that decides it (semantics `vex` 1; 2 differs in vex-scope.ts).
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import type { VexPointer } from './evidence.ts';
import { digestIn, isAbout, readPurl } from './purls.ts';
import { expectSemantics, SEMANTICS } from './semantics.ts';
import { trustedSigners, type TrustDocument } from './trust.ts';

const STATUSES = ['affected', 'under_investigation', 'fixed', 'not_affected'] as const;
/** OpenVEX's words. Where trusted issuers contradict each other, the first of these counts. */
export type VexStatus = (typeof STATUSES)[number];

/** A product or part as facts hold it (spec/evidence.md, section 5). */
export interface VexProduct {
  readonly hashes?: readonly (readonly [algorithm: string, hex: string])[];
  readonly purls?: readonly string[];
  readonly versions?: readonly string[];
}

/** A statement as facts hold it. */
export interface VexStatement {
  readonly vulnerability: string;
  readonly aliases?: readonly string[];
  readonly status?: string;
  readonly justification?: string;
  readonly hasImpact?: true;
  readonly product?: VexProduct;
  readonly part?: VexProduct;
  /** Milliseconds since 1970. */
  readonly stated?: number;
}

/** One statement on record, with whose words it is. */
export interface VexClaim {
  readonly pointer: VexPointer;
  /** Its place in the facts. */
  readonly place: number;
  readonly statement: VexStatement;
  /** `key:`, `identity:` or `person:` and hexadecimal digits, sorted; empty where nobody signed or made it here. */
  readonly issuer: readonly string[];
  readonly trusted: boolean;
  /** When it was made, as it says, and never later than recorded. */
  readonly at: number;
}

/** What is asked about: a vulnerability of a component in an artifact. */
export interface VexTarget {
  /** The finding's id and all its aliases. */
  readonly ids: readonly string[];
  readonly artifact: VexArtifact;
  /** The component's purl, or null. */
  readonly purl: string | null;
}

export interface VexArtifact {
  /** SHA-256. */
  readonly digest: Uint8Array;
  /** Other digests of the same bytes, as facts write them, such as `sha512`. */
  readonly others?: readonly (readonly [algorithm: string, hex: string])[];
  /** SHA-256 of the index of platforms that it belongs to, and of its own platforms. */
  readonly related?: readonly Uint8Array[];
  /** What bills of materials on record call it. */
  readonly purls?: readonly string[];
}

/** Why a statement says nothing here. */
export type VexMismatch = 'vulnerability' | 'no_status' | 'product' | 'part' | 'superseded' | 'later';

export interface EffectiveVex {
  /** Null where no trusted statement matches. */
  readonly status: VexStatus | null;
  /** The statement whose status counts. */
  readonly deciding: VexClaim | null;
  /** Of each trusted issuer, the statement that counts: more than one status is a conflict (`VEX_CONFLICT`). */
  readonly counting: readonly VexClaim[];
  readonly conflict: boolean;
  /** Those that match and count for nothing: nobody trusted made them. */
  readonly untrusted: readonly VexClaim[];
  /** Older ones of the same issuers. */
  readonly overtaken: readonly VexClaim[];
}

/**
 * The statements of one VEX document on record.
 *
 * Signed VEX is trusted when every envelope it came in is; what was authored here when its key, or its author's pseudonym, is.
 *
 * @param statements - from its facts, in their order
 * @param trust - the `trust` stream's document at the size that is asked about
 */
export function vexClaims(pointer: VexPointer, statements: readonly VexStatement[], trust: TrustDocument | null): VexClaim[] {
  const { issuer, trusted } = issuerOf(pointer, trust);
  return statements.map((statement, place) => {
    const stated = statement.stated ?? pointer.claimed ?? pointer.at;
    return { pointer, place, statement, issuer, trusted, at: Math.min(stated, pointer.at) };
  });
}

function issuerOf(pointer: VexPointer, trust: TrustDocument | null): { issuer: readonly string[]; trusted: boolean } {
  const { signatures = [], authored, by } = pointer;
  const signers = trustedSigners(pointer, trust);
  const trusted = signers.length > 0;
  if (authored !== undefined) return { issuer: [by.person === undefined ? `key:${formatHex(authored.key)}` : `person:${formatHex(by.person)}`], trusted };
  if (trusted) return { issuer: signers, trusted };
  // Untrusted signers are named by what their signatures hold under.
  const keys = signatures.flatMap((signature) => (signature.keys ?? []).map(([, id]) => `key:${formatHex(id)}`));
  const identities = signatures.flatMap((signature) => (signature.identities ?? []).map((id) => `identity:${formatHex(id)}`));
  return { issuer: [...new Set([...keys, ...identities])].sort(), trusted };
}

/**
 * Why a statement says nothing about the target, or null where it matches.
 *
 * A product is the artifact (by digest, or by the purl that a bill of materials gives it), or the component itself (by purl). A
 * statement without product is about the artifacts its document is about. A part narrows it to a component of the artifact.
 *
 * @param t - effective time, milliseconds since 1970
 */
export function vexMismatch({ pointer, statement, at }: VexClaim, { ids, artifact, purl }: VexTarget, t: number): VexMismatch | null {
  const { vulnerability, aliases = [], status, product, part } = statement;
  if (!ids.includes(vulnerability) && !aliases.some((id) => ids.includes(id))) return 'vulnerability';
  if (!isStatus(status)) return 'no_status';
  if (pointer.superseded !== undefined) return 'superseded';
  if (at > t) return 'later';
  const isSubject = pointer.subjects?.some((subject) => equalBytes(subject, artifact.digest)) === true;
  const isArtifact = product === undefined ? isSubject : namesArtifact(product, artifact, status);
  if (part !== undefined) {
    if (!isArtifact) return 'product';
    return namesComponent(part, purl, status) ? null : 'part';
  }
  return isArtifact || (product !== undefined && namesComponent(product, purl, status)) ? null : 'product';
}

/**
 * What counts for a target at `t`.
 *
 * 1. Statements that match, of issuers that are trusted. Of each issuer the newest by statement time, then by index; where one
 *    document says two things at once, the worse.
 * 2. Of what the issuers say, the worst counts: `affected`, `under_investigation`, `fixed`, `not_affected`.
 *
 * @param claims - of all documents in question; an entry's may be given twice
 */
export function effectiveVex(claims: Iterable<VexClaim>, target: VexTarget, t: number, semantics: number = SEMANTICS.vex): EffectiveVex {
  expectSemantics('vex', semantics);
  const newest = new Map<string, VexClaim>();
  const untrusted: VexClaim[] = [];
  const overtaken: VexClaim[] = [];
  const seen = new Set<string>();
  for (const claim of claims) {
    const once = `${claim.pointer.entry}/${claim.place}`;
    if (vexMismatch(claim, target, t) !== null || seen.has(once)) continue;
    seen.add(once);
    if (!claim.trusted) {
      untrusted.push(claim);
      continue;
    }
    const issuer = claim.issuer.join(' ');
    const before = newest.get(issuer);
    if (before === undefined) newest.set(issuer, claim);
    else {
      const counts = overtakes(claim, before);
      overtaken.push(counts ? before : claim);
      if (counts) newest.set(issuer, claim);
    }
  }
  const counting = [...newest.values()].sort(inOrder);
  const deciding = counting.reduce<VexClaim | null>((worst, one) => (worst === null || rank(one) < rank(worst) ? one : worst), null);
  const conflict = new Set(counting.map(({ statement }) => statement.status)).size > 1;
  return {
    status: deciding === null ? null : (deciding.statement.status as VexStatus), deciding, counting, conflict,
    untrusted: untrusted.sort(inOrder), overtaken: overtaken.sort(inOrder),
  };
}

/**
 * Statements about these vulnerabilities that match none of the targets, each with the mismatch that comes last in the order of
 * looking: they are kept and shown, for a statement that silently matches nothing is the usual accident.
 */
export function unmatchedVex(claims: Iterable<VexClaim>, targets: readonly VexTarget[], t: number): { claim: VexClaim; why: VexMismatch }[] {
  const unmatched: { claim: VexClaim; why: VexMismatch }[] = [];
  for (const claim of claims) {
    let why: VexMismatch | null = 'vulnerability';
    for (const target of targets) {
      const found = vexMismatch(claim, target, t);
      if (found === null) {
        why = null;
        break;
      }
      if (MISMATCHES.indexOf(found) > MISMATCHES.indexOf(why as VexMismatch)) why = found;
    }
    if (why !== null) unmatched.push({ claim, why });
  }
  return unmatched;
}

const MISMATCHES: readonly VexMismatch[] = ['vulnerability', 'no_status', 'superseded', 'later', 'product', 'part'];

/** CycloneDX says of each version or range what it is; those that are what the statement says are the ones it is about. */
const SAYS: Readonly<Record<VexStatus, readonly string[]>> = {
  affected: ['affected'], not_affected: ['unaffected'], fixed: ['unaffected'], under_investigation: ['affected', 'unknown'],
};

/** @returns null where the product is narrowed to nothing that the statement is about */
function narrowed({ versions = [] }: VexProduct, status: VexStatus): readonly string[] | null {
  const about = versions.flatMap((one) => {
    const [, word, which] = /^(affected|unaffected|unknown) (.*)$/s.exec(one) ?? [];
    return word === undefined || which === undefined ? [one] : SAYS[status].includes(word) ? [which] : [];
  });
  return versions.length > 0 && about.length === 0 ? null : about;
}

function namesArtifact(product: VexProduct, { digest, others = [], purls: own = [] }: VexArtifact, status: VexStatus): boolean {
  const { hashes = [], purls = [] } = product;
  const versions = narrowed(product, status);
  const hex = formatHex(digest);
  for (const [algorithm, value] of hashes) {
    if (algorithm === 'sha256' ? value === hex : others.some(([other, known]) => other === algorithm && known === value)) return true;
  }
  return versions !== null && purls.some((text) => {
    const said = readPurl(text);
    if (said === null) return false;
    // An image's digest is its identity: with it the name does not matter, and against it neither.
    const named = digestIn(said);
    if (named !== null) return named === hex;
    return own.some((purl) => {
      const is = readPurl(purl);
      return is !== null && isAbout(said, is, versions);
    });
  });
}

function namesComponent(product: VexProduct, purl: string | null, status: VexStatus): boolean {
  const is = purl === null ? null : readPurl(purl);
  const versions = narrowed(product, status);
  return is !== null && versions !== null && (product.purls ?? []).some((text) => {
    const said = readPurl(text);
    return said !== null && isAbout(said, is, versions);
  });
}

function overtakes(claim: VexClaim, before: VexClaim): boolean {
  if (claim.at !== before.at) return claim.at > before.at;
  if (claim.pointer.entry !== before.pointer.entry) return claim.pointer.entry > before.pointer.entry;
  return rank(claim) < rank(before);
}

function inOrder(a: VexClaim, b: VexClaim): number {
  return a.pointer.entry - b.pointer.entry || a.place - b.place;
}

function rank({ statement }: VexClaim): number {
  return STATUSES.indexOf(statement.status as VexStatus);
}

function isStatus(status: string | undefined): status is VexStatus {
  return (STATUSES as readonly (string | undefined)[]).includes(status);
}
