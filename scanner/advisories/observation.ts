// An observation: what one source said about one vulnerability, its own bytes beside our canonical reading of them.
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { parseJson, type Json } from '../../ledger/json.ts';
import { scoresOf } from './cvss.ts';
import { checkOsv } from './osv.ts';
import { sha256Hex, type StoredRecord } from './stored.ts';

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

/**
 * The stored bytes of an observation: RFC 8785 JSON, equal for equal input on every machine.
 *
 * No time stands in it: when a source was read is the snapshot's statement, or every refetch would change every record.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the record has no OSV shape
 */
export function encodeObservation(observation: Observation): { bytes: Uint8Array; stored: StoredRecord } {
  const osv = checkOsv(observation.osv);
  const scores = scoresOf(osv);
  const value = {
    ...(observation.facts !== undefined && { facts: observation.facts }),
    ...((observation.notes?.length ?? 0) > 0 && { notes: observation.notes as readonly string[] }),
    osv: observation.osv,
    raw: { sha256: sha256Hex(observation.raw), size: observation.raw.length },
    ...(scores.length > 0 && { scores: scores as unknown as JcsValue }),
    source: observation.source,
  };
  return { bytes: encodeJcs(value), stored: { ...value, osv } as unknown as StoredRecord };
}

/** A stranger's JSON as JCS can write it: integers past 2^53 become doubles, for the raw bytes keep their digits. */
export function readJson(bytes: Uint8Array): Json {
  return parseJson(bytes, { onInexact: () => undefined });
}
