// What analyzers found in a layer's files, kept between scans: named by the layer's digest and the analyzers' version, and authenticated.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import type { File } from './files.ts';
import type { Found } from './languages.ts';

/** Raised when analyzers may find something else in the same bytes. */
export const analyzerSemantics = 1;

/** Where entries are kept; what is bounded, and how, is the keeper's matter. */
export interface CacheStore {
  get(name: string): Uint8Array | null;
  put(name: string, bytes: Uint8Array): void;
}

export interface LayerCacheOptions {
  readonly store: CacheStore;
  /** 32 secret bytes: whoever can write into the store and does not know them cannot make an entry that counts. */
  readonly secret: Uint8Array;
}

/** Entries larger than this are not kept. */
const entryBytesMax = 64 * 1024 * 1024;
const macBytes = 32;

interface Layer {
  readonly found: Map<string, Found>;
  changed: boolean;
}

/**
 * What was found in a file, by its layer and path: both together decide its bytes, so that an entry can save work and never change a
 * result. An entry whose authentication does not hold is refused, and its files are looked at again.
 */
export class LayerCache {
  readonly #store: CacheStore;
  readonly #secret: Uint8Array;
  readonly #layers = new Map<string, Layer>();
  /** Layers whose entry was there and did not hold. */
  readonly refused: string[] = [];

  constructor({ store, secret }: LayerCacheOptions) {
    this.#store = store;
    this.#secret = secret;
  }

  /** What `look` finds, or found before. */
  of(file: File, look: (file: File) => Found): Found {
    // A hard link to a file below has its bytes from another layer.
    if (file.layer === null || file.isLinked === true) return look(file);
    const layer = this.#layer(file.layer);
    const known = layer.found.get(file.path);
    if (known !== undefined) return known;
    const found = look(file);
    layer.found.set(file.path, found);
    layer.changed = true;
    return found;
  }

  /** Writes what is new. */
  keep(): void {
    for (const [digest, layer] of this.#layers) {
      if (!layer.changed) continue;
      const rows = [...layer.found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, { components, unreadable }]) =>
        (components.length + unreadable.length === 0 ? [path] : [path, components, unreadable]));
      const name = nameOf(digest);
      const body = encodeUtf8(JSON.stringify(rows));
      if (body.length <= entryBytesMax) this.#store.put(name, concatBytes(this.#mac(name, body), body));
      layer.changed = false;
    }
  }

  #layer(digest: string): Layer {
    const known = this.#layers.get(digest);
    if (known !== undefined) return known;
    const layer: Layer = { found: new Map(), changed: false };
    this.#layers.set(digest, layer);
    const name = nameOf(digest);
    const entry = this.#store.get(name);
    if (entry === null) return layer;
    const body = entry.subarray(macBytes);
    if (entry.length < macBytes || !timingSafeEqual(entry.subarray(0, macBytes), this.#mac(name, body))) {
      this.refused.push(digest);
      return layer;
    }
    // Its bytes are our own, so that the plain parser is strict enough.
    for (const [path, components = [], unreadable = []] of JSON.parse(decodeUtf8(body)) as [string, Found['components']?, Found['unreadable']?][]) {
      layer.found.set(path, { components, unreadable });
    }
    return layer;
  }

  /** Over the name too: an entry of another layer or version is none. */
  #mac(name: string, body: Uint8Array): Uint8Array {
    return new Uint8Array(createHmac('sha256', this.#secret).update('stella-layer/1\n').update(name).update('\n').update(body).digest());
  }
}

/** Of a layer's entry: 64 hexadecimal digits. */
function nameOf(layer: string): string {
  return hash('sha256', `stella-layer/1\n${analyzerSemantics}\n${layer}`, 'hex');
}
