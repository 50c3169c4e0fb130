// Memory that is used again. A page that was never touched before comes from the kernel, which takes ten times as long as filling it.

export class LentMemory {
  readonly #bytes: number;
  readonly #keptMax: number;
  readonly #kept: Uint8Array[] = [];

  /** @param bytes - of each piece @param keptMax - so many stay when nobody has them */
  constructor(bytes: number, keptMax: number) {
    this.#bytes = bytes;
    this.#keptMax = keptMax;
  }

  /** Lends memory with whatever is in it. Who still looks at it when `use` is done sees what the next one writes. @param bytes - more is made for this once */
  async lend<T>(bytes: number, use: (memory: Uint8Array) => Promise<T>): Promise<T> {
    const memory = bytes > this.#bytes ? new Uint8Array(bytes) : (this.#kept.pop() ?? new Uint8Array(this.#bytes));
    try {
      return await use(memory.subarray(0, bytes));
    } finally {
      if (memory.length === this.#bytes && this.#kept.length < this.#keptMax) this.#kept.push(memory);
    }
  }
}
