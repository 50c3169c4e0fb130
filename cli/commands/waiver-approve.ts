// stella waiver approve: another person accepts the risk.
import { actCommand } from '../waiver-acts.ts';

export const command = actCommand({
  done: 'approved',
  help: `Approves a waiver that another person asked for: from here on it counts, until it ends or is revoked. Whoever asked cannot
approve, under whatever name.`,
  example: ['stella waiver approve w-1f0c22d7a9b3 --as bob', 'signed by Bob'],
  reasons: [],
  verdict: () => ({ type: 'waiver.approved' }),
});
