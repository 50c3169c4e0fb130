// What a verdict about a pack proves, and what it does not: for people, one sentence each.
import type { PackFault } from './codes.ts';
import type { VerifiedPack } from './verify.ts';

type Held = Omit<VerifiedPack, 'proven' | 'notProven'>;
type Told = Pick<VerifiedPack, 'proven' | 'notProven'>;

/** @param faults - what does not hold of single entries @param unshown - the export, where its receipt's checkpoint does not count today, and why */
export function told(held: Held, scope: Told, faults: readonly PackFault[], unshown: { readonly index: number; readonly code: string } | null): Told {
  const { entries, checkpoint, streams, indexedSize, payloads, exported, level, trusted, audit } = held;
  const absent = [...streams.values()].filter(({ version }) => version === 0).length;
  const none = absent === 0 ? '' : `, and that ${absent} of them had no event`;
  const proven = [
    `${counted(entries.size, 'entry', 'entries')} in the log ${checkpoint.origin}, in its tree of ${checkpoint.size}`,
    ...scope.proven,
    `${counted(streams.size, 'stream')} there whole: the index says so at size ${indexedSize}${none}`,
    `${counted(payloads.held, 'payload')} there, as the entries name them`,
  ];
  if (level === 'AUDITED') {
    proven.push(audit === null ? 'the index was recomputed from all entries' : 'every entry is there: streams, index and trees were recomputed from them');
  }
  if (exported !== null) proven.push(`the log recorded this very pack as handed out, in entry ${exported.index}`);
  const notProven = [...scope.notProven, `that nothing was appended after size ${checkpoint.size}`, 'that evidence which was never appended does not exist'];
  if (level === 'HEAD' && audit === null) notProven.unshift('that the log built its index from all entries: nobody named here recomputed it');
  if (audit !== null && audit.passed.length > 0) {
    const which = audit.passed.length === 1 ? `the decision in entry ${audit.passed[0]}` : `decisions, the first in entry ${audit.passed[0]},`;
    notProven.push(`that what came to streams which ${which} read, since then and before it, moved nothing of that: reading a copy tells (DECISION_STATE_OLD)`);
  }
  for (const { code, index } of faults) notProven.unshift(`what entry ${index} says of the log: ${code}`);
  const why = new Map<string, number>();
  for (const one of payloads.withheld) why.set(one.why, (why.get(one.why) ?? 0) + 1);
  for (const [reason, count] of why) notProven.push(`what the payloads say that are not here: ${count} ${reason}`);
  if (exported === null) {
    const what = unshown === null ? 'bring the receipt that came beside it'
      : `the receipt's own checkpoint gives ${unshown.code}; ask for "stella log prove ${unshown.index}"`;
    notProven.push(`that the log recorded this pack: ${what}`);
    // That it was not retired before is shown: the ledger's own stream is there whole, up to the index's size.
    if (!isReadTo(entries, indexedSize, checkpoint.size)) {
      notProven.push(`that the key which signed the manifest was not retired after size ${indexedSize}: the same receipt tells`);
    }
  }
  if (trusted === 'pack') notProven.unshift('whose log this is: the keys are the pack\'s own; compare them with ones you got elsewhere');
  return { proven, notProven };
}

/** Whether every entry from one size to another is there: what a key's end would be among is read. */
function isReadTo(entries: Held['entries'], from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (!entries.has(index)) return false;
  return true;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `1 ${one} is` : `${count} ${many} are`;
}
