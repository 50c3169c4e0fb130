// The numbered steps of an append and of a start: crash tests stop the process at each of them.

/** In order. What a crash after each leaves is written beside the step in the code that takes it. */
export const STEPS = [
  // Start.
  'start 1: anchor read',
  'start 2: epoch anchored',
  'start 3: store fenced',
  // Append.
  'append 0: batch ready',
  'append 1: committed',
  'append 2: recomputed',
  'append 2: signed',
  'append 3: anchored',
  'append 4: published',
] as const;

export type Step = (typeof STEPS)[number];

/** Called at each step; does nothing in production. */
export type At = (step: Step) => void | Promise<void>;
