// The pins of a decision: every stream that it read, with its version then (spec/decision.md, "Pins").
import { equalBytes } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import type { Event } from '../../ledger/events/index.ts';
import { isJsonObject, parseJson, type Json } from '../../ledger/json.ts';
import type { Audit } from '../../ledger/streams/audit.ts';
import { readEvidence } from '../evidence.ts';

/** A stream that a decision read; version 0 and no index where it had no event. */
export interface PinnedStream {
  readonly name: string;
  readonly version: number;
  readonly index: number | null;
}

export interface PinsRead {
  readonly streams: readonly PinnedStream[];
  /** SHA-256 of the facts that were read, hexadecimal. */
  readonly facts: readonly string[];
}

/** @throws {LedgerError} INPUT_VERSION_UNKNOWN for a later form; INPUT_MALFORMED, and as `parseJson` */
export function readPins(bytes: Uint8Array): PinsRead {
  const json = parseJson(bytes);
  const { format, streams, facts } = isJsonObject(json) ? json : {};
  if (format !== 'stella-pins/1') {
    const newer = typeof format === 'string' && format.startsWith('stella-pins/');
    throw new LedgerError(newer ? 'INPUT_VERSION_UNKNOWN' : 'INPUT_MALFORMED', 'Cannot read pins: another format');
  }
  if (!Array.isArray(streams) || !Array.isArray(facts)) throw malformed();
  return { streams: streams.map(pinOf), facts: facts.map((hex) => (typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex) ? hex : fail())) };
}

/** What the pins of a decision came to: null where they are not there. */
export type PinsOf = (event: Event & { readonly type: 'decision.recorded' }) => ReturnType<typeof readEvidence<PinsRead>> | null;

/** Reads the pins of decisions; the last ones are not read again, for several steps ask for them. @param payload - null where it is not there */
export function pinsReader(payload: (digest: Uint8Array) => Uint8Array | null): PinsOf {
  let last: { readonly digest: Uint8Array; readonly pins: ReturnType<PinsOf> } | null = null;
  return ({ payloads }) => {
    const digest = payloads?.find(({ role }) => role === 'pins')?.digest?.[1];
    if (digest === undefined) return null;
    if (last !== null && equalBytes(last.digest, digest)) return last.pins;
    const bytes = payload(digest);
    const pins = bytes === null ? null : readEvidence('the pins', () => readPins(bytes));
    last = { digest, pins };
    return pins;
  };
}

/**
 * Why pins are not the heads that a full reader finds at the size that the decision read, in words; null where they are.
 *
 * @param audit - up to the decision's own entry; of a size further back than it looks it says nothing, and says so of the index
 */
export function pinsDiffer(
  { data }: Event & { readonly type: 'decision.recorded' }, { streams }: PinsRead, audit: Pick<Audit, 'headsAt'>,
): string | null {
  if (streams.length !== data.pins) return `it read ${data.pins} streams, and its pins name ${streams.length}`;
  const heads = audit.headsAt(data.tree.size, streams.map(({ name }) => name));
  if (heads === null) return null;
  for (const [i, { name, version, index }] of streams.entries()) {
    const head = heads[i] ?? null;
    if (version === (head?.version ?? 0) && index === (head?.index ?? null)) continue;
    return `it pins version ${version} of "${clip(name)}", which had ${head?.version ?? 0}`;
  }
  return null;
}

function pinOf(pin: Json): PinnedStream {
  const [name, version, index] = Array.isArray(pin) ? pin : [];
  if (typeof name !== 'string' || typeof version !== 'number' || !Number.isSafeInteger(version) || version < 0) throw malformed();
  if (version === 0) return { name, version, index: null };
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) throw malformed();
  return { name, version, index };
}

function fail(): never {
  throw malformed();
}

function malformed(): LedgerError {
  return new LedgerError('INPUT_MALFORMED', 'Cannot read pins: a member is missing or of another type');
}
