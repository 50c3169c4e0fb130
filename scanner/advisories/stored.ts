// A record as a snapshot stores it: read by scans and explanations, which need none of what an import needs.
import { hash } from 'node:crypto';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import type { Score } from './cvss.ts';
import { checkOsv, type OsvRecord } from './osv.ts';

/** The canonical record as a snapshot stores it. */
export interface StoredRecord {
  readonly source: string;
  readonly osv: OsvRecord;
  readonly raw: { readonly sha256: string; readonly size: number };
  readonly scores?: readonly Score[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly notes?: readonly string[];
}

/** Reads stored bytes whose hash a snapshot vouched for; they are our own, so the plain parser is strict enough. */
export function decodeStored(bytes: Uint8Array): StoredRecord {
  const stored = JSON.parse(decodeUtf8(bytes)) as StoredRecord;
  return { ...stored, osv: checkOsv(stored.osv) };
}

export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
