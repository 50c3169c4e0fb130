// Replaying a pack file: verified first, then decided again. Shared by "stella replay PACK.zip" and the program in the pack.
import { PackStates } from '../../actions/pack-state.ts';
import { cannotVerify, replayPack, type PackReplay, type ReplayOfPack } from '../../actions/replay-pack.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { PolicyShelf } from '../../policy/gate/decide.ts';
import { REPLAY_VERDICTS } from '../../policy/gate/replay.ts';
import { describeScope, faultLines } from '../../verify/pack/report.ts';
import { verifyPack, type PackOptions, type VerifiedPack } from '../../verify/pack/verify.ts';
import type { Trust } from '../../verify/trust.ts';
import { reportReplay, type ReplayReport } from '../replay-lines.ts';
import { digestOf, hashing, openSource, sha256Of } from './arguments.ts';

/** `no` where the pack itself is refused, which no replay can mend; `cannot` where nobody said whose log it may be, whatever the replay says. */
export type ReplayedFile = ReplayReport & { readonly ends: 'yes' | 'no' | 'cannot' };

export interface ReplayFileOptions {
  /** One decision, by its entry; all that the pack holds when left out. */
  readonly decision?: number | undefined;
  /** Only of a full pack: says what all documents come to. */
  readonly full?: boolean;
  /** Whether the file's digest is among the members; false where nobody is shown them. */
  readonly digest?: boolean;
  /** How each decision is replayed. */
  readonly replay?: ReplayOfPack;
}

/** @param trust - null where nobody said whose log it may be */
export async function replayFile(file: string, trust: Trust | null, options: PackOptions, asked: ReplayFileOptions = {}): Promise<ReplayedFile> {
  const source = openSource(file);
  try {
    const answer = verifyPack(source, trust, options);
    const about = { what: 'pack', ...(asked.digest === false ? {} : { file: digestOf(source) }) };
    if (!answer.ok) {
      const { code, message } = answer;
      if ('rest' in answer) {
        // Single entries do not hold: the others are answered, and the pack is refused all the same.
        const { lines, members } = await replayed(answer.rest, asked);
        const { faults, rest: { trusted, checkpoint: { origin } } } = answer;
        return { ends: 'no', lines: [...faultLines(faults), ...lines], members: { ...about, ...members, verdict: code, message, faults, trusted, origin } };
      }
      const cannot = cannotVerify(answer);
      if (cannot === null) return { ends: 'no', lines: [`NO  ${code}: ${message}`], members: { ...about, verdict: code, message } };
      const { lines, members } = reportReplay(-1, cannot);
      const { decision: _unknown, ...rest } = members;
      return { ends: 'cannot', lines, members: { ...about, ...rest } };
    }
    const { verdict, lines, members } = await replayed(answer, asked);
    const proven = answer.proven.map((sentence) => `     proven: ${sentence}`);
    const notProven = answer.notProven.map((sentence) => `     not proven: ${sentence}`);
    // Under the pack's own keys anybody can make a pack that replays: its verdict is about a log that nobody vouches for.
    const isOurs = answer.trusted === 'reader';
    const ends = isOurs ? ({ SAME: 'yes', DRIFT: 'no', CANNOT: 'cannot' } as const)[verdict] : 'cannot';
    const unknown = isOurs ? [] : ['UNKNOWN  TRUST_EMPTY: whose log it is was not proven; give its key with --key'];
    const code = isOurs ? {} : { code: 'TRUST_EMPTY' };
    const level = { level: answer.level, trusted: answer.trusted, origin: answer.checkpoint.origin, proven: answer.proven, notProven: answer.notProven };
    return { ends, lines: [...lines, ...unknown, ...proven, ...notProven], members: { ...about, ...members, ...code, ...level } };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { ends: 'cannot', lines: [`CANNOT: ${error.message}`], members: { what: 'pack', verdict: 'CANNOT', code: error.code, message: error.message } };
  } finally {
    source.close();
  }
}

type Verdict = (typeof REPLAY_VERDICTS)[number];

/** One decision, or every decision of the pack with a count of what they came to. @throws {LedgerError} DECISION_UNKNOWN where it holds none */
async function replayed(
  pack: VerifiedPack, { decision, full = false, replay = replayPack }: ReplayFileOptions,
): Promise<ReplayReport & { readonly verdict: Verdict }> {
  const states = new PackStates(pack, sha256Of);
  if (full && !states.isFull) {
    throw new LedgerError('ENTRY_MISSING', 'Cannot read every entry: the pack does not hold the log from its first entry on', {
      hint: 'export one with "stella export pack --full"',
    });
  }
  const options = { hashing, policies: new PolicyShelf(), states, full };
  if (decision !== undefined || pack.manifest.scope.kind === 'decision' || states.decisions.length === 0) {
    const one = await replay(pack, options, decision);
    return { verdict: one.verdict.is, ...reportOne(one) };
  }
  const made: PackReplay[] = [];
  for (const index of states.decisions) made.push(await replay(pack, options, index));
  const counts = REPLAY_VERDICTS.map((is) => [is, made.filter(({ verdict }) => verdict.is === is).length] as const);
  // What drifts is worse than what cannot be told.
  const verdict = (['DRIFT', 'CANNOT', 'SAME'] as const).find((is) => made.some((one) => one.verdict.is === is)) as Verdict;
  const reports = made.map(reportOne);
  const counted = counts.filter(([, count]) => count > 0).map(([is, count]) => `${count} ${is}`).join(', ');
  const first = `${describeScope(pack.manifest.scope)}: ${made.length} decision${made.length === 1 ? '' : 's'}, ${counted}`;
  return {
    verdict, lines: [first, ...reports.flatMap(({ lines }) => lines)],
    members: { verdict, scope: pack.manifest.scope, counts: Object.fromEntries(counts), decisions: reports.map(({ members }) => members) },
  };
}

function reportOne({ decision, event: { data }, ...made }: PackReplay): ReplayReport {
  const { lines, members } = reportReplay(decision, made);
  const asOf = new Date(data.effective).toISOString();
  const first = `decision ${decision}: ${data.outcome} on the first ${data.tree.size} entries, policy ${data.policy}, as of ${asOf}`;
  return { lines: [first, ...lines], members: { ...members, outcome: data.outcome } };
}
