// What a decision puts on record: the event's data, and the payloads that hold what has no bound.
import { compareBytes, concatBytes, equalBytes, formatHex } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import type { DataOf } from '../../ledger/events/index.ts';
import { isJsonObject, parseJson } from '../../ledger/json.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { Utf8Pieces } from '../../ledger/utf8-pieces.ts';
import type { Message } from './judge.ts';
import type { Pin } from './source.ts';

export type DecisionData = DataOf<'decision.recorded'>;
/** Under which rules a decision was made: a number for each part of it. */
export type Semantics = DecisionData['semantics'];

export const PINS_MEDIA = 'application/vnd.stella-ledger.pins+json';
export const INPUT_MEDIA = 'application/vnd.stella-ledger.policy-input+json';
export const RESULTS_MEDIA = 'application/vnd.stella-ledger.results+json';

const pinsFormat = 'stella-pins/1';

/** The payload `pins`: every stream that was read, every payload of facts, and a rescan's list where it was read. */
export interface Pins {
  /** In the order of their names, none twice. */
  readonly streams: readonly Pin[];
  /** SHA-256, in the order of their bytes. */
  readonly facts: readonly Uint8Array[];
}

/** Printable ASCII that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** So many names are joined at once. */
const together = 256;

/**
 * Writes pins as canonical JSON (RFC 8785). Keys stand in their order, and numbers are integers: `JSON.stringify` writes that form.
 *
 * @see spec/decision.md, "Pins"
 */
export function encodePins({ streams, facts }: { readonly streams: Iterable<Pin> } & Pick<Pins, 'facts'>): readonly Uint8Array[] {
  const out = new Utf8Pieces();
  out.write(`{"facts":${JSON.stringify(facts.map(formatHex))},"format":"${pinsFormat}","streams":[`);
  // Nearly all are names without an event, and need no escape: a list of texts is joined in a quarter of the time in which it is written.
  const absent: string[] = [];
  let before = '';
  const write = (text: string) => {
    out.write(before + text);
    before = ',';
  };
  const writeAbsent = () => {
    if (absent.length > 0) write(`["${absent.join('",0],["')}",0]`);
    absent.length = 0;
  };
  for (const { name, version, index } of streams) {
    if (version === 0 && PLAIN.test(name)) {
      if (absent.push(name) === together) writeAbsent();
      continue;
    }
    writeAbsent();
    write(JSON.stringify(index === undefined ? [name, version] : [name, version, index]));
  }
  writeAbsent();
  out.write(']}');
  return out.done();
}

/** @throws {LedgerError} INPUT_VERSION_UNKNOWN for a later form; INPUT_NOT_CANONICAL for another spelling; INPUT_MALFORMED */
export function parsePins(bytes: Uint8Array): Pins {
  const json = parseJson(bytes);
  const { format, facts, streams } = isJsonObject(json) ? json : {};
  if (format !== pinsFormat) {
    const newer = typeof format === 'string' && format.startsWith('stella-pins/');
    const code = newer ? 'INPUT_VERSION_UNKNOWN' : 'INPUT_MALFORMED';
    throw new LedgerError(code, `Cannot read pins in the form "${clip(String(format))}", expected ${pinsFormat}`);
  }
  const malformed = () => new LedgerError('INPUT_MALFORMED', 'Cannot read pins: a member is missing or of another type');
  if (!Array.isArray(streams) || !Array.isArray(facts)) throw malformed();
  const read: Pins = {
    streams: streams.map((pin): Pin => {
      const [name, version, index] = Array.isArray(pin) ? pin : [];
      if (typeof name !== 'string' || typeof version !== 'number' || (version > 0) !== (typeof index === 'number')) throw malformed();
      return version === 0 ? { name, version } : { name, version, index: index as number };
    }),
    facts: facts.map((hex) => {
      if (typeof hex !== 'string' || !/^[0-9a-f]{64}$/.test(hex)) throw malformed();
      return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
    }),
  };
  const sorted = read.streams.every(({ name }, i) => i === 0 || (read.streams[i - 1] as Pin).name < name);
  // One spelling, so that equal pins have equal digests.
  if (!sorted || !equalBytes(concatBytes(...encodePins(read)), bytes)) {
    throw new LedgerError('INPUT_NOT_CANONICAL', 'Cannot read pins: another spelling than the canonical one');
  }
  return read;
}

/** SHA-256 over digests, sorted, one after another. */
export function factsDigest(facts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(...facts.toSorted(compareBytes)));
}

/** A waiver that names something found: what became of it, and how many findings it covers. */
export interface WaiverConsidered {
  readonly id: string;
  readonly entry: number;
  readonly state: string;
  readonly covers: number;
  readonly why: string;
  /** The request and every act on it, in the order of the log; absent in results of older releases. */
  readonly acts?: readonly {
    readonly act: 'approved' | 'rejected' | 'requested' | 'revoked';
    readonly entry: number;
    readonly assurance: 'asserted' | 'signed';
    /** Whether the signature of its statement holds; absent where that was not asked. */
    readonly holds?: boolean;
  }[];
}

/** What became of a waiver, and how everybody acted who acted on it: `waiver w-1: active, covers 2; requested signed, approved asserted`. */
export function waiverLine({ id, state, covers, why, acts = [] }: WaiverConsidered): string {
  const told = acts.map(({ act, assurance, holds }) => `${act} ${assurance}${holds === false ? ' (its signature does not hold)' : ''}`);
  return `waiver ${id}: ${state}, covers ${covers}${why === 'WAIVER_ACTIVE' ? '' : ` (${why})`}${told.length === 0 ? '' : `; ${told.join(', ')}`}`;
}

/** Trusted issuers who contradict each other about one component. */
export interface VexConflict {
  readonly vuln_id: string;
  readonly purl: string;
  readonly status: string;
  readonly entries: readonly number[];
}

/** The payload `results`: what each rule answered, and what counted. */
export interface Results {
  /** Every answer, as `judge` writes it; null where the policy was not asked. */
  readonly answers: string | null;
  readonly denials: readonly Message[];
  readonly warnings: readonly Message[];
  readonly fired: readonly { readonly path: string; readonly file: string; readonly row: number }[];
  readonly printed: readonly { readonly text: string; readonly file: string; readonly row: number }[];
  readonly steps: number;
  readonly error: string | null;
  readonly waivers: readonly WaiverConsidered[];
  readonly conflicts: readonly VexConflict[];
  readonly missing: readonly string[];
  /** Codes that would have denied, had they not been weakened. */
  readonly weakened: readonly string[];
  readonly notes: readonly string[];
}

/** Writes results as JSON with sorted keys. The answers stand in it as their own text: numbers keep their digits. */
export function encodeResults({ answers, ...rest }: Results): readonly Uint8Array[] {
  const out = new Utf8Pieces();
  out.write(`{"answers":${answers ?? 'null'}`);
  for (const [name, value] of Object.entries({ ...rest, format: 'stella-results/1' }).sort(([a], [b]) => (a < b ? -1 : 1))) {
    out.write(`,"${name}":`);
    if (Array.isArray(value)) {
      out.write('[');
      out.writeItems(value);
      out.write(']');
    } else out.write(JSON.stringify(value));
  }
  out.write('}');
  return out.done();
}

/** Reads results for showing them; what has another form is shown as it is by whoever reads it. @throws {LedgerError} INPUT_MALFORMED */
export function parseResults(bytes: Uint8Array): Omit<Results, 'answers'> & { readonly answers: unknown } {
  const json = parseJson(bytes);
  if (!isJsonObject(json) || json['format'] !== 'stella-results/1') throw new LedgerError('INPUT_MALFORMED', 'Cannot read results: expected stella-results/1');
  return json as unknown as Omit<Results, 'answers'> & { answers: unknown };
}
