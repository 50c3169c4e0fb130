// stella vex list: the statements on record, what they match, and those that match nothing.
import { productText, vexMatches, type VexMatch } from '../../actions/vex-matches.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { findings } from '../../projections/catch-up/findings.ts';
import { timeline } from '../../projections/catch-up/timeline.ts';
import { openCaughtUp, sayStanding } from '../caught-up.ts';
import type { Command } from '../command.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openDocuments, openForReading, openPlacePayloads } from '../place.ts';

export const command: Command = {
  usage: '[--unmatched] [--entry N]',
  takesWords: false,
  help: `Lists the statements on record, whoever made them, with how many findings of any scan each matches. --unmatched are those that match
none, with what came nearest: nothing was found under that vulnerability, not in that product, or not in that part of it; it was
superseded; it is stated for later; or it has no status. Exit code 5 when not all scans have been taken in.`,
  options: {
    unmatched: { type: 'boolean', help: 'only those that match no finding' },
    entry: { type: 'string', takes: 'N', help: 'only those that this entry put on record' },
  },
  examples: [
    ['stella vex list --unmatched', 'which statements close nothing, and why'],
    ['stella vex list --entry 12', 'what an import came to'],
  ],

  async run(call) {
    const entry = call.value('entry');
    const only = entry === undefined ? undefined : [parseCount(entry, 'an index')];
    const place = findPlace(call);
    const log = await openForReading(place);
    const { documents, close } = await openDocuments(place, log);
    const opened = await openCaughtUp(call, place, log, only === undefined ? [findings, timeline] : [findings]);
    try {
      const ports = { log, documents, payloads: openPlacePayloads(place) };
      const found = opened === null ? null : await vexMatches({ ...ports, db: opened.db }, call.now(), only);
      for (const standing of opened?.standings ?? []) sayStanding(call, standing);
      if (found === null) {
        throw new LedgerError('STORE_FAILED', 'Cannot tell what statements match: the projection of findings is not there', {
          hint: '"stella projections --catch-up" builds it, in the ledger\'s directory',
        });
      }
      const shown = found.statements.filter(({ matched }) => !call.flag('unmatched') || matched === 0);
      for (const one of shown) call.out.say(lineOf(one));
      if (shown.length === 0) call.out.say(found.statements.length === 0 ? 'no statements' : 'none of these');
      for (const index of found.unreadable) call.out.warn(`what entry ${index} states is not here: it is left out`);
      call.out.answer({ size: found.size, statements: shown.map(memberOf), all: found.statements.length, unreadable: found.unreadable });
      return found.size < log.published.size ? 'cannot' : 'yes';
    } finally {
      await opened?.close();
      await close();
    }
  },
};

function lineOf(one: VexMatch): string {
  const { claim: { pointer, statement, trusted }, matched, why, isOvertaken } = one;
  const what = matched === 1 ? 'matches one finding' : matched > 0 ? `matches ${matched} findings` : `MATCHES NOTHING (${why ?? ''})`;
  const whose = trusted ? (isOvertaken ? '  counts for nothing: its author states something newer' : '') : '  not trusted';
  const said = `${statement.vulnerability}  ${statement.status ?? 'no status'}`;
  return `${String(pointer.entry).padStart(8)}  ${said}  ${what}${whose}  ${clip(productText(one.claim))}`;
}

function memberOf({ claim: { pointer, place, statement, issuer, trusted, at }, matched, why, isOvertaken }: VexMatch): Record<string, unknown> {
  const { vulnerability, aliases = [], status = null, product, part } = statement;
  return {
    entry: pointer.entry, place, vulnerability, aliases, status, issuer, trusted, stated: new Date(at).toISOString(),
    ...(product === undefined ? {} : { product }), ...(part === undefined ? {} : { part }), matched,
    ...(why === null ? {} : { why }), ...(isOvertaken ? { overtaken: true } : {}),
  };
}
