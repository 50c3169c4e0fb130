// stella projections: how far each projection has taken the log in, and bringing them up.
import { LedgerError } from '../../ledger/errors.ts';
import { parseHex } from '../../ledger/bytes.ts';
import { openSideTables } from '../../ledger/store/side-tables.ts';
import { forgetProjection } from '../../projections/catch-up/catch-up.ts';
import { cameSince } from '../../projections/catch-up/check.ts';
import { catchingUpList } from '../../projections/catch-up/projections.ts';
import { readAt } from '../../projections/catch-up/queries.ts';
import type { CatchUpTables } from '../../projections/catch-up/tables.ts';
import { openAsTheyAre, openCaughtUp, standingMembers, standingText, type CaughtUp } from '../caught-up.ts';
import type { Call, Command } from '../command.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';

export const command: Command = {
  usage: '[--catch-up] [--rebuild NAME]',
  takesWords: false,
  help: `Shows each projection with its cursor: how many of the log's entries it has taken in. Commands that read one bring it up first; a
large ledger's first time is better done with --catch-up. One that meets an entry it cannot read stops there, and the others go on.
--rebuild builds one anew from entry 0, such as after "stella fsck" named a row of it. Exit code 4 when one has stopped.`,
  options: {
    'catch-up': { type: 'boolean', help: 'take in everything that is missing' },
    rebuild: { type: 'string', takes: 'NAME', help: 'throw its tables away and build them anew' },
  },
  examples: [
    ['stella projections', 'where they stand'],
    ['stella projections --catch-up', 'after a large import'],
  ],

  async run(call) {
    const place = findPlace(call);
    const log = await openForReading(place);
    const rebuild = call.value('rebuild');
    if (rebuild !== undefined) {
      if (!catchingUpList.some(({ name }) => name === rebuild)) {
        throw new LedgerError('NAME_UNKNOWN', `Cannot rebuild "${rebuild}": there is no such projection`, {
          hint: `there are ${catchingUpList.map(({ name }) => name).join(', ')}; those that gates read are made again by "stella recover --tables"`,
        });
      }
      const db = openSideTables<CatchUpTables>(place.directory);
      if (db !== null) await forgetProjection(db, rebuild).finally(() => db.destroy());
    }
    const moves = rebuild !== undefined || call.flag('catch-up');
    const opened = moves ? await openCaughtUp(call, place, log, catchingUpList, {}) : await openAsTheyAre(place, log);
    const standings = opened?.standings ?? catchingUpList.map(({ name, version }) => (
      { name, version, size: 0, of: log.published.size, serving: false, stopped: null }
    ));
    const missing = await missingOf(call, opened, openPlacePayloads(place));
    for (const standing of standings) {
      const { stopped, name, version } = standing;
      const gaps = missing.get(name) ?? { missing: 0, here: 0 };
      const now = gaps.here === 0 ? '' : ` (${gaps.here} are now: --rebuild ${name} reads them)`;
      const seen = gaps.missing === 0 ? '' : `, ${gaps.missing === 1 ? 'one payload was' : `${gaps.missing} payloads were`} not here${now}`;
      call.out.say(`${standingText(standing)} (version ${version})${seen}`);
      if (stopped !== null) call.out.say(`  ${stopped.message}`);
    }
    call.out.answer({
      size: log.published.size,
      projections: standings.map((standing) => ({ ...standingMembers(standing), missing: missing.get(standing.name) ?? { missing: 0, here: 0 } })),
    });
    await opened?.close();
    return standings.some(({ stopped }) => stopped !== null) ? 'state' : 'yes';
  },
};

async function missingOf(
  call: Call, opened: CaughtUp | null, payloads: ReturnType<typeof openPlacePayloads>,
): Promise<Map<string, { missing: number; here: number }>> {
  const all = new Map<string, { missing: number; here: number }>();
  if (opened === null) return all;
  for (const projection of catchingUpList) {
    call.out.progress(projection.name);
    const found = await readAt(opened.db, projection, (db) => cameSince(db, projection, (digest) => payloads.has(parseHex(digest))));
    if (found !== null) all.set(projection.name, found);
  }
  return all;
}
