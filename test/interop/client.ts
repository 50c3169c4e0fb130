// What an interop client is: a real program, built once into the user's cache, driven against this project.

export interface Step {
  step: string;
  ok: boolean;
  /** What was seen, for a person; always there when the step failed. */
  seen?: string;
}

export interface Client {
  readonly name: string;
  /** The exact version that was built or installed. */
  readonly version: string;
  /** Whether `--build-fast` may build it: under about a minute on two cores. */
  readonly fast: boolean;
  /** Whether what it needs lies in `peers`, the cache directory. */
  isBuilt(peers: string): boolean;
  build(peers: string): Promise<void>;
  run(peers: string, scratch: string): AsyncIterable<Step>;
}
