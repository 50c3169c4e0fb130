// A view of a ledger that follows its writer: read again when the anchor names another head.
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { AnchorStore } from '../ledger/store/anchor.ts';
import { openForReading, openPlaceAnchor, openPlaceStore, type Place } from './place.ts';
import type { Store } from '../ledger/store/port.ts';

export class LiveView {
  readonly #place: Place;
  readonly #log: Log | null;
  readonly #anchor: AnchorStore;
  readonly #store: Store;
  #view: { readonly root: string; readonly size: number; readonly opened: Promise<LogView> } | null = null;

  /** @param log - the writer, when this process is it: then there is nothing to follow */
  constructor(place: Place, log: Log | null) {
    this.#place = place;
    this.#log = log;
    this.#anchor = openPlaceAnchor(place, true);
    this.#store = openPlaceStore(place, true);
  }

  /** The log at its published head. Answers of one view are of one size. */
  async current(): Promise<LogView> {
    if (this.#log !== null) return this.#log;
    const anchor = await this.#anchor.read();
    const [root, size] = [anchor?.root ?? '', anchor?.size ?? 0];
    if (this.#view === null || this.#view.root !== root || this.#view.size !== size) this.#view = { root, size, opened: openForReading(this.#place) };
    return this.#view.opened;
  }

  /** The newest checkpoint, with the cosignatures that were collected for its size. */
  async checkpoint(): Promise<string> {
    const { size, note } = (await this.current()).published;
    const kept = await this.#store.checkpoint();
    return kept?.size === size ? kept.note : note;
  }

  async close(): Promise<void> {
    await this.#anchor.close();
    await this.#store.close();
  }
}
