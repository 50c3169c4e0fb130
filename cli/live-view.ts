// A view of a ledger that follows its writer: read again when the anchor names another head.
import type { Log } from '../ledger/log/log.ts';
import { openView, type LogView } from '../ledger/log/view.ts';
import type { AnchorStore } from '../ledger/store/anchor.ts';
import type { Store } from '../ledger/store/port.ts';

export class LiveView {
  readonly #log: Log | null;
  readonly #anchor: AnchorStore;
  readonly #store: Store;
  #view: { readonly root: string; readonly size: number; readonly opened: Promise<LogView> } | null = null;

  /** @param ports - for reading; its own from now on @param log - the writer, when this process is it: then there is nothing to follow */
  constructor({ store, anchor }: { readonly store: Store; readonly anchor: AnchorStore }, log: Log | null) {
    this.#log = log;
    this.#anchor = anchor;
    this.#store = store;
  }

  /** The log at its published head. Answers of one view are of one size. */
  async current(): Promise<LogView> {
    if (this.#log !== null) return this.#log;
    const anchor = await this.#anchor.read();
    const [root, size] = [anchor?.root ?? '', anchor?.size ?? 0];
    if (this.#view === null || this.#view.root !== root || this.#view.size !== size) {
      const view = { root, size, opened: openView({ store: this.#store, anchor: this.#anchor }) };
      this.#view = view;
      // One that failed is none: the next asks again.
      view.opened.catch(() => void (this.#view = this.#view === view ? null : this.#view));
    }
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
