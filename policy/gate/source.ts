// What a gate and a replay read: documents and heads of one size, and payloads by digest. The live ledger, a fold and a pack are such.
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import type { Event } from '../../ledger/events/index.ts';
import type { Documents, ProjectionName } from '../../projections/gate-critical.ts';

/** A stream's newest version at the state's size, and the index of its event. */
export interface Head {
  readonly version: number;
  readonly index: number;
}

/** An event that came to a stream. */
export interface Came {
  readonly index: number;
  readonly type: string;
}

export interface StateSource {
  /** Heads by stream; a stream without events is left out. */
  heads(streams: readonly string[]): Promise<ReadonlyMap<string, Head>>;
  /** Documents by stream; left out where no event made one. @throws {LedgerError} PROJECTION_STOPPED at an event of a later time */
  documents<N extends ProjectionName>(name: N, streams: readonly string[]): Promise<ReadonlyMap<string, Documents[N]>>;
  /** The events of a stream after a version, oldest first: what explains a difference. */
  since(stream: string, version: number): Promise<readonly Came[]>;
  /** An event that a document points to. @throws {LedgerError} ENTRY_MISSING */
  event(index: number): Promise<Event>;
  /** Bytes with this SHA-256. @throws {LedgerError} PAYLOAD_MISSING, PAYLOAD_CORRUPT */
  payload(digest: Uint8Array): Promise<Uint8Array>;
  /** The same for as long as `look` takes: the memory they lie in may be used again. @throws {LedgerError} the same; what `look` throws */
  look<T>(digest: Uint8Array, look: (bytes: Uint8Array) => T): Promise<T>;
}

/** A size of the log, with what proves it, and what can be read of it. */
export interface State {
  /** At least 1. */
  readonly size: number;
  /** Of the tree of that size, 32 bytes. */
  readonly root: Uint8Array;
  /** The log's name. */
  readonly origin: string;
  readonly source: StateSource;
}

/** A stream that was read: version 0 where it had no event. */
export interface Pin {
  readonly name: string;
  readonly version: number;
  /** Index of its newest event; absent at version 0. */
  readonly index?: number;
}

/** In the order of their names, none twice. */
export interface PinList extends Iterable<Pin> {
  readonly length: number;
}

export const artifactStream = (digest: Uint8Array): string => `artifact:sha256:${formatHex(digest)}`;

/** `sha256:` and 64 digits, as the policy input writes digests. */
export const digestText = (digest: Uint8Array): string => `sha256:${formatHex(digest)}`;

export const parseDigestText = (text: string): Uint8Array => parseHex(text.slice('sha256:'.length), 32);

/** RFC 3339 in UTC with milliseconds, as the policy input writes times. */
export const timeText = (at: number): string => new Date(at).toISOString();
