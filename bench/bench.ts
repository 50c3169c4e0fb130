// What a bench is: named figures, in pairs with a peer where one is there.

export interface Result {
  /** Such as `append/100` or `proof/10m`. */
  name: string;
  value: number;
  unit: string;
  peer?: { name: string; version: string; value: number };
  /** Ours divided by the peer's. */
  ratio?: number;
}

export interface Bench {
  /** @param quick - end within a few seconds and say in `left` what was left out */
  run(options: { quick: boolean; left: (what: string) => void }): AsyncIterable<Result>;
}
