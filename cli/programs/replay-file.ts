// Replaying a pack file: verified first, then decided again. Shared by "stella replay PACK.zip" and the program in the pack.
import { cannotVerify, replayPack } from '../../actions/replay-pack.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { verifyPack, type PackOptions } from '../../verify/pack/verify.ts';
import type { Trust } from '../../verify/trust.ts';
import { reportReplay, type ReplayReport } from '../replay-lines.ts';
import { digestOfFile, openSource, sha256Of } from './arguments.ts';

/** `no` where the pack itself is refused, which no replay can mend; `cannot` where nobody said whose log it may be, whatever the replay says. */
export type ReplayedFile = ReplayReport & { readonly ends: 'yes' | 'no' | 'cannot' };

/** @param replay - how a pack that verifies is replayed */
export async function replayFile(file: string, trust: Trust | null, options: PackOptions, replay = replayPack): Promise<ReplayedFile> {
  const source = openSource(file);
  try {
    const answer = verifyPack(source, trust, options);
    const about = { what: 'pack', file: digestOfFile(file) };
    if (!answer.ok) {
      const { code, message } = answer;
      const cannot = cannotVerify(answer);
      if (cannot === null) return { ends: 'no', lines: [`NO  ${code}: ${message}`], members: { ...about, verdict: code, message } };
      const { lines, members } = reportReplay(-1, cannot);
      const { decision: _unknown, ...rest } = members;
      return { ends: 'cannot', lines, members: { ...about, ...rest } };
    }
    const { decision, event, ...made } = await replay(answer, { sha256: sha256Of });
    const { lines, members } = reportReplay(decision, made);
    const { data } = event;
    const asOf = new Date(data.effective).toISOString();
    const first = `decision ${decision}: ${data.outcome} on the first ${data.tree.size} entries, policy ${data.policy}, as of ${asOf}`;
    const proven = answer.proven.map((sentence) => `     proven: ${sentence}`);
    const notProven = answer.notProven.map((sentence) => `     not proven: ${sentence}`);
    // Under the pack's own keys anybody can make a pack that replays: its verdict is about a log that nobody vouches for.
    const isOurs = answer.trusted === 'reader';
    const ends = isOurs ? ({ SAME: 'yes', DRIFT: 'no', CANNOT: 'cannot' } as const)[made.verdict.is] : 'cannot';
    const unknown = isOurs ? [] : ['UNKNOWN  TRUST_EMPTY: whose log it is was not proven; give its key with --key'];
    const code = isOurs ? {} : { code: 'TRUST_EMPTY' };
    const level = { level: answer.level, trusted: answer.trusted, origin: answer.checkpoint.origin, proven: answer.proven, notProven: answer.notProven };
    return { ends, lines: [first, ...lines, ...unknown, ...proven, ...notProven], members: { ...about, ...members, ...code, outcome: data.outcome, ...level } };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { ends: 'cannot', lines: [`CANNOT: ${error.message}`], members: { what: 'pack', verdict: 'CANNOT', code: error.code, message: error.message } };
  } finally {
    source.close();
  }
}
