// "stella verify PACK --audit COPY": reads a whole copy of the log that a pack is of. Apart from packs, for it opens a store.
import { auditLog, type FullFinding } from '../actions/audit-log.ts';
import type { VerifiedPack } from '../verify/pack/index.ts';
import type { Call } from './command.ts';
import { copyAt } from './copies.ts';

/** @param from - the copy @returns what is wrong with any entry up to the checkpoint's size */
export async function auditCopy(call: Call, from: string, { checkpoint: { size, root } }: VerifiedPack): Promise<FullFinding[]> {
  const { source, payloads, close } = copyAt(from, size);
  const found: FullFinding[] = [];
  for await (const finding of auditLog(source.entries(0, size), { size, root }, payloads)) found.push(finding);
  await close();
  if (found.length === 0) call.out.say(`read all ${size} entries of ${from}: each is as it should be`);
  return found;
}
