// stella waiver revoke: it counts no more.
import { actCommand } from '../waiver-acts.ts';

const REASONS = ['fixed', 'mistaken', 'no-longer-needed', 'risk-changed'] as const;

export const command = actCommand({
  done: 'revoked',
  help: 'Ends a waiver from here on. Decisions made before keep it; a gate that is evaluating at this moment notices and evaluates again.',
  example: ['stella waiver revoke w-1f0c22d7a9b3 --reason fixed', 'asserted by this ledger for the user of this machine'],
  reasons: REASONS,
  verdict: (reason) => ({ type: 'waiver.revoked', reason: reason as (typeof REASONS)[number] }),
});
