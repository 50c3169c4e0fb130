// stella waiver reject: the risk is not accepted.
import { actCommand } from '../waiver-acts.ts';

const REASONS = ['insufficient', 'mistaken', 'out-of-scope', 'risk-too-high'] as const;

export const command = actCommand({
  done: 'rejected',
  help: 'Rejects a waiver that was asked for: it never counts. Another request needs another id.',
  example: ['stella waiver reject w-1f0c22d7a9b3 --reason risk-too-high --as bob', 'signed by Bob'],
  reasons: REASONS,
  verdict: (reason) => ({ type: 'waiver.rejected', reason: reason as (typeof REASONS)[number] }),
});
