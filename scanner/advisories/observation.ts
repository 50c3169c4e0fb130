// An observation: what one source said about one vulnerability, its own bytes beside our canonical reading of them.
import { hash } from 'node:crypto';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { parseJson, type Json } from '../../ledger/json.ts';
import { checkOsv, type OsvRecord } from './osv.ts';
import { scoresOf, type Score } from './cvss.ts';

/** A source's record as an importer hands it over. Sources are linked by their aliases and never merged. */
export interface Observation {
  /** Who said it, such as `ghsa` or `pypa`: `[a-z0-9.-]`. */
  readonly source: string;
  /** The bytes as they came: a file, a line, or a member of the source's document. */
  readonly raw: Uint8Array;
  /** The record in OSV's terms; the source's own where it writes OSV. */
  readonly osv: JcsValue;
  /** What the source says beside OSV: KEV dates, EPSS scores, in its own words. */
  readonly facts?: JcsValue;
  /** Where the conversion lost or decided something, one sentence each. */
  readonly notes?: readonly string[];
}

/** The canonical record as a snapshot stores it. */
export interface StoredRecord {
  readonly source: string;
  readonly osv: OsvRecord;
  readonly raw: { readonly sha256: string; readonly size: number };
  readonly scores?: readonly Score[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly notes?: readonly string[];
}

/**
 * The stored bytes of an observation: RFC 8785 JSON, equal for equal input on every machine.
 *
 * No time stands in it: when a source was read is the snapshot's statement, or every refetch would change every record.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the record has no OSV shape
 */
export function encodeObservation(observation: Observation): { bytes: Uint8Array; osv: OsvRecord } {
  const osv = checkOsv(observation.osv);
  const scores = scoresOf(osv);
  const bytes = encodeJcs({
    facts: observation.facts,
    notes: observation.notes === undefined || observation.notes.length === 0 ? undefined : observation.notes,
    osv: observation.osv,
    raw: { sha256: sha256Hex(observation.raw), size: observation.raw.length },
    scores: scores.length === 0 ? undefined : (scores as unknown as JcsValue),
    source: observation.source,
  });
  return { bytes, osv };
}

/** Reads stored bytes whose hash a snapshot vouched for; they are our own, so the plain parser is strict enough. */
export function decodeObservation(bytes: Uint8Array): StoredRecord {
  const stored = JSON.parse(decodeUtf8(bytes)) as StoredRecord;
  return { ...stored, osv: checkOsv(stored.osv) };
}

/** A stranger's JSON as JCS can write it: integers past 2^53 become doubles, for the raw bytes keep their digits. */
export function readJson(bytes: Uint8Array): Json {
  return parseJson(bytes, { onInexact: () => undefined });
}

export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
