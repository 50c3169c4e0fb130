// stella affected: which artifacts a vulnerability concerns.
import { affectedBy } from '../../actions/explain-finding.ts';
import { mayNameBy } from '../../actions/where-used.ts';
import { clip } from '../../ledger/errors.ts';
import { inventory } from '../../projections/catch-up/inventory.ts';
import { openCaughtUp } from '../caught-up.ts';
import { UsageError, type Command } from '../command.ts';
import { reasonText } from '../explanation.ts';
import { feedOf, feedOption, snapshotOption, wantedOf } from '../feeds.ts';
import { findPlace, openDocuments, openForReading, openPlacePayloads } from '../place.ts';

export const command: Command = {
  usage: '[OPTIONS] VULNERABILITY',
  help: `Looks through every artifact's newest bill of materials that counts, and what was scanned of those that have none, by the newest snapshot
of a feed, whatever each was scanned with, or never: the answer to a new advisory waits for no scan. Artifacts whose answer is
undecided are listed too; --all lists those that are not affected as well. Exit codes: 0 when none is affected or undecided, 1 when
some are, 5 when no record of the snapshot names the vulnerability.`,
  options: {
    feed: feedOption,
    snapshot: snapshotOption,
    all: { type: 'boolean', help: 'also artifacts that have the package in a version that is not affected' },
  },
  examples: [
    ['stella affected CVE-2021-44228', 'what has to be looked at now'],
    ['stella affected CVE-2021-44228 --all --json', 'and where it is fixed, for a program'],
  ],

  async run(call) {
    const [id, ...others] = call.positionals;
    if (id === undefined || others.length > 0) throw new UsageError('name one vulnerability, such as CVE-2021-44228');
    const place = findPlace(call);
    const log = await openForReading(place);
    const { documents, close } = await openDocuments(place, log);
    const opened = await openCaughtUp(call, place, log, [inventory]);
    const ports = { log, documents, payloads: openPlacePayloads(place), ...(opened === null ? {} : { mayName: mayNameBy(opened.db) }) };
    const onProgress = (done: number, all: number) => call.out.progress(`${done} of ${all} artifacts`);
    const found = await affectedBy(ports, { id, feed: feedOf(call), snapshot: wantedOf(call), onProgress }).finally(close).finally(() => opened?.close());
    const shown = found.artifacts.filter(({ is }) => call.flag('all') || is !== 'not_affected');
    for (const { subject, is, answers, scan, isCurrent, isNewestList } of shown) {
      const by = `${isCurrent ? '' : ', by another snapshot'}${isNewestList ? '' : ', of an older list'}`;
      const seen = scan === null ? 'never scanned on this feed' : `scan in entry ${scan}${by}`;
      call.out.say(`${is}  sha256:${subject}  ${seen}`);
      for (const { component, outcome, reasons, lookup } of answers) {
        const [reason] = reasons;
        if (outcome === is && reason !== undefined) call.out.say(`    ${clip(component.purl ?? component.name)}: ${reasonText(reason, lookup.version)}`);
      }
    }
    const open = found.artifacts.filter(({ is }) => is !== 'not_affected').length;
    if (found.records === 0) call.out.say('No record of the snapshot names it: nothing is known of it here.');
    else {
      const safe = found.artifacts.length - open;
      call.out.say(`${open} of ${found.looked} artifacts${safe === 0 ? '' : `, ${safe} more have it in a version that is not affected`}`);
    }
    for (const subject of found.unreadable) call.out.say(`unreadable: sha256:${subject}: its component list is not here`);
    call.out.say(`by snapshot ${found.snapshot.name}, imported ${new Date(found.snapshot.at).toISOString()}`);
    call.out.answer({
      vulnerability: id, ids: found.ids, snapshot: found.snapshot.name, records: found.records, looked: found.looked,
      artifacts: shown.map((one) => ({ ...one, subject: `sha256:${one.subject}` })), unreadable: found.unreadable.map((subject) => `sha256:${subject}`),
    });
    if (found.records === 0 || found.unreadable.length > 0 && open === 0) return 'cannot';
    return open === 0 ? 'yes' : 'no';
  },
};
