// Steps 2 and 3 of an append: sign the head in memory, then compare-and-swap it into the anchor.
import { formatHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { signCheckpoint, type Signer } from '../note/index.ts';
import { sameAnchor, type Anchor, type AnchorStore } from '../store/anchor.ts';
import type { At } from './steps.ts';

/** A head under a signed checkpoint that the anchor holds. */
export interface Published {
  readonly size: number;
  readonly root: Uint8Array;
  /** The checkpoint's note, signed by the log; before the first checkpoint empty. */
  readonly note: string;
}

export class Publisher {
  readonly #anchorStore: AnchorStore;
  readonly #at: At;
  #anchor: Anchor;
  #signers: readonly Signer[];

  /** @param anchor - as this process has swapped it in: epoch and instance are its own */
  constructor(anchorStore: AnchorStore, anchor: Anchor, signers: readonly Signer[], at: At) {
    this.#anchorStore = anchorStore;
    this.#anchor = anchor;
    this.#signers = signers;
    this.#at = at;
  }

  get anchor(): Anchor {
    return this.#anchor;
  }

  /** The keys that sign from the next checkpoint on. */
  signWith(signers: readonly Signer[]): void {
    this.#signers = signers;
  }

  /**
   * Signs a head and anchors it.
   *
   * @throws {LedgerError} ANCHOR_TAKEN when another writer was here: this process must not sign again; ANCHOR_UNREACHABLE
   *   when it is not known what the anchor holds: nothing may be acknowledged until it is read
   */
  async publish(size: number, root: Uint8Array): Promise<Published> {
    if (size < this.#anchor.size || (size === this.#anchor.size && formatHex(root) !== this.#anchor.root)) {
      throw new RangeError(`a checkpoint of ${size} after one of ${this.#anchor.size}`);
    }
    const { origin } = this.#anchor;
    const note = await signCheckpoint({ origin, size, root, extensions: [] }, this.#signers);
    // The signature exists in memory alone: a crash here leaves nothing signed.
    await this.#at('append 2: signed');
    const next: Anchor = { ...this.#anchor, size, root: formatHex(root), note };
    await this.#swap(next);
    this.#anchor = next;
    return { size, root, note };
  }

  /** An unknown outcome is read back: ours, go; the one before, once more; another's, halt; unreachable, read-only. */
  async #swap(next: Anchor): Promise<void> {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        if (await this.#anchorStore.swap(this.#anchor, next)) return;
      } catch (error) {
        if (!(error instanceof LedgerError) || error.code !== 'ANCHOR_UNREACHABLE') throw error;
      }
      const found = await this.#anchorStore.read();
      if (sameAnchor(found, next)) return;
      if (!sameAnchor(found, this.#anchor)) throw taken(this.#anchor, found);
    }
    throw new LedgerError('ANCHOR_UNREACHABLE', 'Cannot anchor the checkpoint: the anchor can be read, but not written', {
      hint: 'look at the anchor\'s volume; nothing acknowledged is lost',
    });
  }
}

export function taken(ours: Anchor | null, found: Anchor | null): LedgerError {
  const who = found === null ? 'nothing' : `epoch ${found.epoch} at size ${found.size}`;
  const was = ours === null ? 'nothing' : `epoch ${ours.epoch} at size ${ours.size}`;
  return new LedgerError('ANCHOR_TAKEN', `Cannot anchor: the anchor holds ${who}, expected ${was}`, {
    hint: 'another process or a clone of this machine writes this ledger: stop all but one, then restart that one',
  });
}
