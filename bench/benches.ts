// The one place where a bench is added: one line, loaded only when it runs.
import type { Bench } from './bench.ts';

export const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  append: async () => (await import('./append.ts')).append,
  'append-parts': async () => (await import('./append-parts.ts')).appendParts,
  gate: async () => (await import('./gate.ts')).bench,
  ingest: async () => (await import('./ingest.ts')).ingest,
  merkle: async () => (await import('./merkle.ts')).merkle,
  packs: async () => (await import('./packs.ts')).bench,
  policy: async () => (await import('./policy.ts')).policy,
  projections: async () => (await import('./projections.ts')).projections,
  proof: async () => (await import('./proof.ts')).proof,
  replay: async () => (await import('./replay.ts')).bench,
  scan: async () => (await import('./scan.ts')).bench,
};
