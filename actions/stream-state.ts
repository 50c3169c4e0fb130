// A past or present state read from the streams' own events: what a pack does from its files, from a log.
import { decodeEvent, type Event } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { Came, Head, StateSource } from '../policy/gate/source.ts';
import { PROJECTIONS, type Documents, type ProjectionName } from '../projections/gate-critical.ts';
import { foldStream, type StreamEvent } from '../projections/memory.ts';
import type { Projection } from '../projections/projection.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { mainOf } from '../projections/walk.ts';
import { readPayload } from './sealed-payload.ts';

export type EventLog = Pick<LogView, 'entry' | 'heads' | 'stream'>;

/** The state of a log's first `size` entries, folded stream by stream from what is asked for. */
export class StreamState implements StateSource {
  readonly #log: EventLog;
  readonly #payloads: PayloadStore;
  readonly #size: number;

  /** @param size - at most the log's published size */
  constructor(log: EventLog, payloads: PayloadStore, size: number) {
    this.#log = log;
    this.#payloads = payloads;
    this.#size = size;
  }

  async heads(streams: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    const heads = new Map<string, Head>();
    const all = await this.#log.heads(streams);
    for (let i = 0; i < streams.length; i++) {
      const now = all[i] ?? null;
      if (now === null) continue;
      const stream = streams[i] as string;
      // Nothing has moved it since: nearly always.
      const head = now.index < this.#size ? now : await this.#headBefore(stream);
      if (head !== null) heads.set(stream, head);
    }
    return heads;
  }

  async documents<N extends ProjectionName>(name: N, streams: readonly string[]): Promise<ReadonlyMap<string, Documents[N]>> {
    const documents = new Map<string, Documents[N]>();
    for (const stream of streams) {
      const document = foldStream(PROJECTIONS[name] as unknown as Projection<Documents[N]>, stream, await this.#events(stream));
      if (document !== null) documents.set(stream, document);
    }
    return documents;
  }

  async since(stream: string, version: number): Promise<readonly Came[]> {
    const came: Came[] = [];
    for await (const { index, event } of this.#log.stream(stream)) {
      if ((event.streams.find(({ name }) => name === stream)?.version as number) <= version) break;
      if (index < this.#size) came.push({ index, type: event.type });
    }
    return came.reverse();
  }

  async event(index: number): Promise<Event> {
    return decodeEvent(await this.#log.entry(index));
  }

  payload(digest: Uint8Array): Promise<Uint8Array> {
    return readPayload(this.#payloads, digest);
  }

  look<T>(digest: Uint8Array, look: (bytes: Uint8Array) => T): Promise<T> {
    return this.#payloads.look(digest, look);
  }

  async #headBefore(stream: string): Promise<Head | null> {
    for await (const { index, event } of this.#log.stream(stream)) {
      if (index < this.#size) return { version: event.streams.find(({ name }) => name === stream)?.version as number, index };
    }
    return null;
  }

  async #events(stream: string): Promise<StreamEvent[]> {
    const events: StreamEvent[] = [];
    for await (const { index, event } of this.#log.stream(stream)) {
      if (index >= this.#size) continue;
      if (mainOf(event.type) === null) events.push({ index, event });
      else {
        const main = index - (event.data as { readonly back: number }).back;
        events.push({ index, event, main: { index: main, event: decodeEvent(await this.#log.entry(main)) } });
      }
    }
    return events.reverse();
  }
}

/** The same, with documents from the live tables: a stream of ten thousand decisions is not folded for the next one. */
export class LiveState implements StateSource {
  readonly #streams: StreamState;
  readonly #reader: Pick<DocumentReader, 'documents'>;

  /** @param reader - of the same size */
  constructor(streams: StreamState, reader: Pick<DocumentReader, 'documents'>) {
    this.#streams = streams;
    this.#reader = reader;
  }

  heads(streams: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    return this.#streams.heads(streams);
  }

  documents<N extends ProjectionName>(name: N, streams: readonly string[]): Promise<ReadonlyMap<string, Documents[N]>> {
    return streams.length === 0 ? Promise.resolve(new Map()) : this.#reader.documents(name, streams);
  }

  since(stream: string, version: number): Promise<readonly Came[]> {
    return this.#streams.since(stream, version);
  }

  event(index: number): Promise<Event> {
    return this.#streams.event(index);
  }

  payload(digest: Uint8Array): Promise<Uint8Array> {
    return this.#streams.payload(digest);
  }

  look<T>(digest: Uint8Array, look: (bytes: Uint8Array) => T): Promise<T> {
    return this.#streams.look(digest, look);
  }
}
