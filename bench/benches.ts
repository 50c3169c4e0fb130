// The one place where a bench is added: one line, loaded only when it runs.
import type { Bench } from './bench.ts';

export const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  merkle: async () => (await import('./merkle.ts')).merkle,
};
