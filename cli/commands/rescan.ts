// stella rescan: every artifact of a feed against its newest snapshot; only what changed is appended.
import { rescan } from '../../actions/rescan.ts';
import type { LogView } from '../../ledger/log/view.ts';
import type { Command } from '../command.ts';
import { clip } from '../../ledger/errors.ts';
import { feedOf, feedOption, snapshotOption, wantedOf } from '../feeds.ts';
import { findPlace, localActor, openDocuments, openForWriting, openPlacePayloads, type Place } from '../place.ts';
import { productVersion } from '../version.ts';

export const command: Command = {
  usage: '[--feed NAME] [--snapshot DIGEST|DATE]',
  takesWords: false,
  help: `Looks at every artifact that was scanned on a feed again. Only lists that name a package whose records changed, or have a finding
whose ids did, are scanned; only scans that find something else are appended, and one event says which of the others hold for the new
snapshot too. A bill of materials that came after the last scan is scanned. The exit code is 5 where an artifact could not be scanned.`,
  options: { feed: feedOption, snapshot: snapshotOption },
  examples: [['stella feed import osv:npm.zip && stella rescan', 'every night']],

  async run(call) {
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const ports = { log, payloads: openPlacePayloads(place), engineVersion: productVersion() };
      const onProgress = (done: number, all: number) => call.out.progress(`${done} of ${all} artifacts`);
      const { snapshot, answers, index, shards } = await rescan(ports, { feed: feedOf(call), snapshot: wantedOf(call), onProgress }, localActor(call, place));
      for (const answer of answers) {
        if (answer.is === 'holding') continue;
        call.out.say(`${answer.is}  entry ${answer.index}  sha256:${answer.subject}`);
        for (const key of answer.appeared ?? []) call.out.say(`    new   ${clip(key)}`);
        for (const key of answer.disappeared ?? []) call.out.say(`    gone  ${clip(key)}`);
      }
      const count = (is: string) => answers.filter((answer) => answer.is === is).length;
      const scanned = answers.filter((answer) => answer.scanned).length;
      const numbers = `${count('changed')} changed, ${count('holding')} hold, ${count('failed')} failed`;
      call.out.say(`artifacts: ${numbers}; ${scanned} had to be scanned, shards opened: ${shards}`);
      call.out.say(`by snapshot ${snapshot.name}${index === null ? '; nothing was left to say' : `, entry ${index}`}`);
      const unscanned = await unscannedOn(feedOf(call), place, log);
      if (unscanned.length > 0) {
        const which = unscanned.length === 1 ? 'one artifact has' : `${unscanned.length} artifacts have`;
        call.out.warn(`${which} a bill of materials and no scan on this feed, such as ${unscanned[0]}: "stella scan --subject …" begins it`);
      }
      call.out.answer({
        snapshot: snapshot.name, index, shards, unscanned, size: log.published.size,
        artifacts: answers.map((answer) => ({ ...answer, subject: `sha256:${answer.subject}` })),
      });
      return count('failed') === 0 ? 'yes' : 'cannot';
    } finally {
      await log.close();
    }
  },
};

/** What a rescan passes over: it looks again, and at these nobody has looked. */
async function unscannedOn(feed: string, place: Place, log: LogView): Promise<string[]> {
  const { documents, close } = await openDocuments(place, log);
  try {
    const artifacts = [...(await documents.all('artifact'))].filter(([, { sboms, scans }]) => (
      sboms.some(({ superseded }) => superseded === undefined) && !scans.some((scan) => scan.feed === feed)
    ));
    return artifacts.map(([stream]) => stream.slice('artifact:'.length)).sort();
  } finally {
    await close();
  }
}
