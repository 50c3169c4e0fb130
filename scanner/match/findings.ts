// The findings document: what a scan of one component list on one snapshot found, in one canonical form without clock or chance.
import { hash } from 'node:crypto';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import type { OutcomeName, Reason } from '../advisories/evaluate.ts';
import type { Severity } from '../advisories/severity.ts';
import type { EntryTrace } from './components.ts';

/** Raised when the same inputs may give another document; each number stays selectable. */
export const matchSemantics = 1;

/** A reason the scan adds to a record's own. */
export type ScanReason = Reason | { readonly rule: 'release_unknown' } | { readonly rule: 'closed_by_owner'; readonly record: string; readonly id: string };

/** What one source's record says about one component. */
export interface RecordMatch {
  readonly ecosystem: string;
  /** Which of the record's affected entries answered, from 0. */
  readonly entry: number;
  /** Versions the answering entry calls fixed, as it spells them. */
  readonly fixed: readonly string[];
  readonly id: string;
  /** With `ecosystem` and `version`: the package under which the record was found. */
  readonly name: string;
  readonly outcome: OutcomeName;
  readonly reasons: readonly ScanReason[];
  /** `sha256:` and the record's leaf hash in the snapshot. */
  readonly record: string;
  readonly score?: string | undefined;
  readonly severity: Severity;
  readonly source: string;
  readonly version: string | null;
}

/** Members that are `undefined` stand in no text: an object made by one literal is half as dear as one put together. */
export interface FoundComponent {
  /** Names from the root of the document to the component, the shortest way. */
  readonly dependencyPath?: readonly string[] | undefined;
  readonly entryTrace: EntryTrace;
  readonly layers: readonly string[];
  readonly name: string;
  readonly ownedBy?: string | undefined;
  readonly paths: readonly string[];
  readonly purl: string | null;
  /** Every place in the document where it stands. */
  readonly refs: readonly string[];
  readonly version: string | null;
}

/** One vulnerability of one component, by however many records: they are linked, never merged. */
export interface Finding {
  readonly aliases: readonly string[];
  readonly component: FoundComponent;
  /** About what the sources disagree: `fixed`, `outcome`, `severity`. */
  readonly conflicts: readonly string[];
  readonly epss?: string | undefined;
  /** Stable over versions and rescans: the vulnerability, the package without version, and its first path. */
  readonly fingerprint: string;
  /** The vulnerability: CVE before GHSA before others. */
  readonly id: string;
  readonly kev: boolean;
  readonly outcome: Exclude<OutcomeName, 'not_affected'>;
  readonly records: readonly RecordMatch[];
  readonly score?: string | undefined;
  /** The source that the score is from, where no record about the package has one. */
  readonly scoredBy?: string | undefined;
  /** The highest of the records', else of the sources' that speak of the vulnerability itself, else UNKNOWN. */
  readonly severity: Severity;
  /** Vulnerabilities that a distribution's record was written for; no aliases of it. */
  readonly upstream: readonly string[];
}

/** A component no record could be looked up for, and why. */
export interface Unmatched {
  readonly component: FoundComponent;
  readonly reason: string;
}

export interface FindingsDocument {
  /** SHA-256 of the component list as it was matched, whatever its order was. */
  readonly components: string;
  readonly config: string;
  /** Components, how many were looked up or not, records met, and the answers of these. */
  readonly counts: Readonly<Record<'components' | 'lookups' | 'records' | 'unmatched' | OutcomeName, number>>;
  readonly engine: { readonly match: number; readonly version: string };
  readonly findings: readonly Finding[];
  readonly format: 'stella-findings/1';
  readonly snapshot: string;
  readonly unmatched: readonly Unmatched[];
}

/**
 * Makes the document: its one place, because the order of the members is the order of the bytes that are digested.
 *
 * @param groups - every component that was matched @param options - the engine's version and configuration, as of a scan
 */
export function findingsDocument(
  groups: readonly { readonly found: FoundComponent }[],
  { engineVersion, config = {} }: { readonly engineVersion: string; readonly config?: JcsValue },
  { counts, findings, snapshot, unmatched }: Pick<FindingsDocument, 'counts' | 'findings' | 'snapshot' | 'unmatched'>,
): FindingsDocument {
  return {
    components: digestOfText(canonicalText(groups.map(({ found }) => found))),
    config: configDigest(config),
    counts,
    engine: { match: matchSemantics, version: engineVersion },
    findings,
    format: 'stella-findings/1',
    snapshot,
    unmatched,
  };
}

/**
 * The document's bytes, RFC 8785: what `scan.completed` digests.
 *
 * @throws {LedgerError} INPUT_NOT_UTF8 for a lone surrogate
 */
export function encodeFindings(document: FindingsDocument): Uint8Array {
  return encodeUtf8(canonicalText(document));
}

/**
 * RFC 8785 text of a document or part of one.
 *
 * Every object of the document is made with its keys in ascending order, so that `JSON.stringify` writes the canonical form,
 * five times faster than a writer that sorts; a test compares the two.
 */
function canonicalText(value: FindingsDocument | readonly FoundComponent[]): string {
  const text = JSON.stringify(value);
  // It escapes lone surrogates, which the strict writer refuses; text that merely looks like such an escape gets its answer there too.
  return text.includes('\\ud') ? formatJcs(value as unknown as JcsValue) : text;
}

/** How a configuration is named in the document and in `scan.completed`. */
export function configDigest(config: JcsValue): string {
  return digestOfText(formatJcs(config));
}

function digestOfText(text: string): string {
  return `sha256:${hash('sha256', encodeUtf8(text), 'hex')}`;
}
