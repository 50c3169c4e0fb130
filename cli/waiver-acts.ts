// Approving, rejecting and revoking a waiver: three commands of one shape.
import { decideWaiver, type Verdict } from '../actions/waiver.ts';
import { UsageError, type Call, type Command } from './command.ts';
import { textOf } from './commands/waiver-request.ts';
import { payloadsOf } from './evidence.ts';
import { ACTING, actingOf } from './persons.ts';
import { findPlace, openForWriting } from './place.ts';

export interface ActCommand {
  /** `approved`. */
  readonly done: string;
  readonly help: string;
  readonly example: readonly [string, string];
  /** Words for `--reason`; none where there is no such option. */
  readonly reasons: readonly string[];
  verdict(reason: string): Verdict;
}

export function actCommand({ done, help, example, reasons, verdict }: ActCommand): Command {
  const because = reasons.length === 0 ? {} : { reason: { type: 'string', takes: 'REASON', help: `why: ${reasons.join(', ')}` } as const };
  return {
    usage: `ID${reasons.length === 0 ? '' : ' --reason REASON'} [OPTIONS]`,
    help,
    options: { ...because, justification: { type: 'string', takes: 'TEXT', help: 'more, in words; kept sealed; @FILE reads a file' }, ...ACTING },
    examples: [example],

    async run(call: Call) {
      const [waiver, ...others] = call.positionals;
      if (waiver === undefined || others.length > 0) throw new UsageError('name one waiver of "stella waiver list"');
      const reason = call.value('reason') ?? '';
      if (reasons.length > 0 && !reasons.includes(reason)) throw new UsageError(`say why with --reason: ${reasons.join(', ')}`);
      const why = call.value('justification');
      const place = findPlace(call);
      const log = await openForWriting(call, place);
      try {
        const acting = await actingOf(call, place, log);
        const ports = { log, ...payloadsOf(call, place), now: () => call.now() };
        const { index } = await decideWaiver(ports, waiver, verdict(reason), acting, why === undefined ? null : textOf(why));
        call.out.say(`entry ${index}: waiver ${waiver} ${done} (${acting.assurance})`);
        call.out.answer({ index, waiver, act: done, assurance: acting.assurance, ...(reason === '' ? {} : { reason }), size: log.published.size });
      } finally {
        await log.close();
      }
      return 'yes';
    },
  };
}
